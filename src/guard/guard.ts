/**
 * The guard: identifies who is at the door, admits what they ask, limits how much, and records all of it. The only maker of
 * passes. What is allowed is decided in policy.ts, what is known of devices is in policy-store.ts.
 */
import { randomUUID } from 'node:crypto';
import type { AeTitle } from '../dicom/ae-title.ts';
import { isEvidenceSopClass, isStorageSopClass } from '../dicom/sop-class.ts';
import { LeadglassError } from '../error.ts';
import { type AdmissionLimits, FailedIdentifications, RunningCount } from './admission-limits.ts';
import { AuditEvents, type AuditSelf } from './audit-events.ts';
import { addressKey } from './identify/address.ts';
import { chooseOpening } from './identify/ae-title.ts';
import { type CertificateRules, normalizeFingerprint, reasonAgainstCertificate } from './identify/certificate.ts';
import { type Identification, identifyDevice } from './identify/device.ts';
import { identifyAtWeb } from './identify/web.ts';
import type { PeerFacts } from './identify/peer-facts.ts';
import { type AccountChecker, noAccounts } from './identify/user-identity.ts';
import { type GuardLedger, LedgerGate } from './ledger-gate.ts';
import { openingState } from './opening.ts';
import type { Grant, SopClassFacts } from './policy.ts';
import type { PolicyStore, Usage } from './policy-store.ts';
import type { DevicePrincipal, Principal } from './principal.ts';
import type { OpeningRules } from './purposes.ts';
import { RefusedError, type RefusalReason } from './refusal.ts';
import { type GuardSession, Session, type SessionContext } from './session.ts';
import { SteadyClock } from './steady-clock.ts';
import type { TransferLimits } from './transfers.ts';

export interface GuardLimits
  extends AdmissionLimits,
    TransferLimits,
    OpeningRules,
    Omit<CertificateRules, 'extendedKeyUsageRequired'> {
  readonly userNameCharactersMax: number;
  readonly refusalsRecordedMax: number;
  /** How long an identified peer may take until its session begins. */
  readonly identifiedUnusedMsMax: number;
  readonly clockBackwardsMsMax: number;
  readonly sessionReviewMs: number;
  readonly usageWriteMs: number;
  readonly unwrittenRecordsMax: number;
}

export interface GuardOptions extends Pick<SessionContext, 'encodeIdentifier'> {
  readonly store: PolicyStore;
  readonly ledger: GuardLedger;
  readonly limits: GuardLimits;
  readonly self: AuditSelf;
  /** The AE titles under which we answer. */
  readonly calledAeTitles: readonly AeTitle[];
  /** A named leniency lives in the configuration: most modalities' certificates have no extended key usage. */
  readonly extendedKeyUsageRequired?: boolean;
  readonly accounts?: AccountChecker;
  readonly studies?: SessionContext['studies'];
  /** Those of src/dicom unless a test brings its own. */
  readonly sopClasses?: SopClassFacts;
  /** Milliseconds since the epoch. */
  readonly now?: () => number;
}

/** What identification found out, kept until the session begins. */
interface Reservation {
  readonly id: string;
  readonly facts: PeerFacts;
  /** Last moment at which the certificate or token is good. */
  readonly proofNotAfterMs?: number;
  readonly timer: NodeJS.Timeout;
}
interface Running {
  readonly session: Session;
  readonly facts: PeerFacts;
  readonly proofNotAfterMs?: number;
}

export class Guard implements AsyncDisposable {
  readonly #options: GuardOptions;
  readonly #context: SessionContext;
  readonly #gate: LedgerGate;
  readonly #events: AuditEvents;
  readonly #clock: SteadyClock;
  readonly #failures: FailedIdentifications;
  readonly #perDevice: RunningCount;
  readonly #perAddress: RunningCount;
  readonly #reservations = new Map<Principal, Reservation>();
  readonly #running = new Set<Running>();
  readonly #uses = new Map<number, Usage>();
  readonly #timers: readonly NodeJS.Timeout[];
  readonly #subscription: Disposable;

  constructor(options: GuardOptions) {
    const { limits, store, now = Date.now } = options;
    this.#options = options;
    this.#events = new AuditEvents(options.self);
    this.#gate = new LedgerGate(options.ledger, { events: this.#events, now, backlogMax: limits.unwrittenRecordsMax });
    this.#clock = new SteadyClock(now, { latestMs: store.latestTimeMs(), backwardsMsMax: limits.clockBackwardsMsMax });
    this.#failures = new FailedIdentifications(limits);
    this.#perDevice = new RunningCount(limits.associationsPerDeviceMax);
    this.#perAddress = new RunningCount(limits.associationsPerAddressMax);
    this.#context = {
      gate: this.#gate,
      events: this.#events,
      clock: this.#clock,
      sopClasses: options.sopClasses ?? { isStorage: isStorageSopClass, isEvidence: isEvidenceSopClass },
      encodeIdentifier: options.encodeIdentifier,
      studies: options.studies ?? { headOf: async () => undefined },
      limits,
      countUse: (openingId) => this.#countUse(openingId),
    };
    this.#subscription = store.onChange((device) => this.#reviewDevice(device));
    this.#timers = [
      setInterval(() => this.reviewSessions(), limits.sessionReviewMs).unref(),
      setInterval(() => this.writeUses(), limits.usageWriteMs).unref(),
    ];
  }

  /**
   * Who is this? The acceptance is recorded before it is told. `session` must follow.
   * @throws RefusedError NOT_AUTHENTICATED or LIMIT_EXCEEDED, recorded; its `rejection` is what the peer may be told
   * @throws LeadglassError LEDGER_UNAVAILABLE
   */
  async identify(facts: PeerFacts): Promise<DevicePrincipal> {
    const address = addressKey(facts.address);
    if (!this.#clock.isSteady) return this.#refuse(facts, { reason: 'clock', isProven: false });
    const nowMs = this.#clock.nowMs();
    const found = await this.#prove(facts, nowMs, this.#failures.isBlocked(address, nowMs));
    if ('reason' in found) {
      this.#failures.add(address, nowMs);
      return this.#refuse(facts, { reason: found.reason, isProven: facts.door === 'dimse-tls' });
    }
    const { principal, proofNotAfterMs } = found;
    if (!this.#perDevice.hasRoom(principal.device) || !this.#perAddress.hasRoom(address)) {
      return this.#refuse(facts, { reason: 'too-many-associations', isProven: true });
    }
    // Counted before the first wait, so that many at once cannot slip past the limit together.
    this.#perDevice.add(principal.device);
    this.#perAddress.add(address);
    const id = randomUUID();
    try {
      const at = new Date(this.#clock.wallMs);
      await this.#gate.record(this.#events.sessionBegun({ principal, door: facts.door, transferId: id }, at));
    } catch (error) {
      this.#leave(principal);
      throw error;
    }
    this.#failures.forget(address);
    const timer = setTimeout(
      () => this.#forgetReservation(principal),
      this.#options.limits.identifiedUnusedMsMax,
    ).unref();
    // What the token was is nobody's business once it was looked at.
    const { token: _token, ...known } = facts;
    this.#reservations.set(principal, {
      id,
      facts: known,
      timer,
      ...(proofNotAfterMs === undefined ? {} : { proofNotAfterMs }),
    });
    return principal;
  }

  /**
   * A first look, before a byte of DICOM is read: is this a certificate that some device may show? Undefined when it is; the
   * rest is for `identify`, which looks at everything again.
   * @returns a promise that rejects with RefusedError once the refusal is recorded
   */
  checkCertificate(
    facts: Pick<PeerFacts, 'door' | 'address' | 'localPort' | 'certificate'>,
  ): Promise<never> | undefined {
    const { store, limits, extendedKeyUsageRequired = false } = this.#options;
    const peer: PeerFacts = { ...facts, calledAeTitle: '', callingAeTitle: '' };
    if (!this.#clock.isSteady) return this.#refuse(peer, { reason: 'clock', isProven: false });
    const nowMs = this.#clock.nowMs();
    const { certificate } = facts;
    const enrolled =
      certificate === undefined
        ? []
        : store.certificatesByFingerprint(normalizeFingerprint(certificate.fingerprint256));
    const rules = { ...limits, extendedKeyUsageRequired };
    const reason = reasonAgainstCertificate(certificate, enrolled, { nowMs, rules });
    if (reason === undefined) return undefined;
    this.#failures.add(addressKey(facts.address), nowMs);
    return this.#refuse(peer, { reason, isProven: false });
  }

  /**
   * The session of a principal: for a device exactly one per `identify`; for an operator or a job as many as wanted.
   * @throws LeadglassError NOT_AUTHENTICATED when the device was not identified, or took too long since
   */
  session(principal: Principal): GuardSession {
    if (principal.kind !== 'device') {
      return new Session(this.#context, { id: randomUUID(), principal, door: 'control', ended: () => undefined });
    }
    const reservation = this.#reservations.get(principal);
    if (reservation === undefined) {
      throw new LeadglassError('NOT_AUTHENTICATED', 'Not admitted: this peer was not identified just now');
    }
    clearTimeout(reservation.timer);
    this.#reservations.delete(principal);
    const { id, facts, proofNotAfterMs } = reservation;
    const session = new Session(this.#context, {
      id,
      principal,
      door: facts.door,
      ended: () => {
        this.#running.delete(running);
        this.#leave(principal);
      },
    });
    const running: Running = {
      session,
      facts,
      ...(proofNotAfterMs === undefined ? {} : { proofNotAfterMs }),
    };
    this.#running.add(running);
    // Gives it its grant, or ends it: the policy may have changed between the two calls.
    this.#review(running);
    return session;
  }

  /** Ends the sessions whose opening or certificate has ended by now; called by a timer, and by tests. */
  reviewSessions(): void {
    const nowMs = this.#clock.wallMs;
    for (const running of this.#running) {
      const { session, proofNotAfterMs = nowMs } = running;
      // Changes of the policy were looked at when they came; only time passes unseen.
      const isOpen = session.grant !== undefined && openingState(session.grant.opening, nowMs) === 'open';
      if (!isOpen || nowMs > proofNotAfterMs) this.#review(running);
    }
  }

  /** Writes the counted uses into the policy; called by a timer and at the end. */
  writeUses(): void {
    this.#options.store.addUses(this.#uses);
    this.#uses.clear();
  }

  /** Running associations of a device, or of all. */
  runningSessions(device?: AeTitle): number {
    return device === undefined ? this.#running.size : this.#perDevice.count(device);
  }

  /** False while the ledger cannot be written: nothing is admitted. */
  get isRecording(): boolean {
    return this.#gate.isAvailable;
  }

  /** False when the clock went backwards: devices are not admitted until `acceptClock`. */
  get isClockSteady(): boolean {
    return this.#clock.isSteady;
  }

  /** An administrator says that the clock is right although it went backwards; recorded. */
  async acceptClock(principal: Principal, reason: string): Promise<void> {
    const session = this.session(principal);
    await using admission = await session.admit({ kind: 'administer', command: 'clock accept', summary: reason });
    this.#clock.accept();
    admission.succeeded();
  }

  /** Stops timers and writes the counted uses; sessions are ended by their doors before. */
  async close(): Promise<void> {
    for (const timer of this.#timers) clearInterval(timer);
    for (const principal of this.#reservations.keys()) this.#forgetReservation(principal);
    this.#subscription[Symbol.dispose]();
    this.writeUses();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  #prove(facts: PeerFacts, nowMs: number, secretsBlocked: boolean): Promise<Identification> {
    const { store, calledAeTitles, limits, accounts = noAccounts, extendedKeyUsageRequired = false } = this.#options;
    const rules = { certificateRules: { ...limits, extendedKeyUsageRequired }, openingRules: limits };
    if (facts.door === 'web') return identifyAtWeb(facts, nowMs, { store, ...rules });
    return identifyDevice(facts, nowMs, {
      store,
      calledAeTitles,
      accounts,
      ...rules,
      userNameCharactersMax: limits.userNameCharactersMax,
      secretsBlocked,
    });
  }

  async #refuse(
    facts: PeerFacts,
    { reason, isProven }: { readonly reason: RefusalReason; readonly isProven: boolean },
  ): Promise<never> {
    const failures = this.#failures.countOf(addressKey(facts.address), this.#clock.wallMs);
    const { failedIdentificationsPerAddressMax } = this.#options.limits;
    // Up to the limit each has its record; beyond it only each doubling, so that a stranger cannot fill the disk.
    if (failures <= failedIdentificationsPerAddressMax || Number.isInteger(Math.log2(failures))) {
      const at = new Date(this.#clock.wallMs);
      await this.#gate.record(this.#events.associationRefused(facts, reason, { at, failures }));
    }
    const code = reason === 'too-many-associations' ? 'LIMIT_EXCEEDED' : 'NOT_AUTHENTICATED';
    throw new RefusedError(code, reason, { isProven });
  }

  #leave(principal: DevicePrincipal): void {
    this.#perDevice.remove(principal.device);
    this.#perAddress.remove(principal.address);
  }

  #forgetReservation(principal: Principal): void {
    const reservation = this.#reservations.get(principal);
    if (reservation === undefined || principal.kind !== 'device') return;
    clearTimeout(reservation.timer);
    this.#reservations.delete(principal);
    this.#leave(principal);
  }

  #grantOf({ device, openingId, certificateFingerprint, tokenId }: DevicePrincipal): Grant | undefined {
    const { store } = this.#options;
    const opening = store.opening(openingId);
    if (opening === undefined) return undefined;
    const certificate =
      certificateFingerprint === undefined
        ? undefined
        : store.certificatesByFingerprint(certificateFingerprint).find((one) => one.device === device);
    const isCertificateGone =
      certificateFingerprint !== undefined && (certificate === undefined || certificate.revoked !== undefined);
    const isTokenGone = tokenId !== undefined && store.token(tokenId) === undefined;
    const isDeviceGone = store.device(device)?.revoked !== undefined;
    return {
      opening,
      revoked: isDeviceGone
        ? 'device-revoked'
        : isTokenGone
          ? 'token-ended'
          : isCertificateGone && 'certificate-revoked',
      released: opening.purpose === 'exchange' ? store.releasesTo(device) : [],
    };
  }

  #reviewDevice(device: AeTitle): void {
    for (const running of this.#running) {
      const { principal } = running.session;
      if (principal.kind === 'device' && principal.device === device) this.#review(running);
    }
  }

  /** Looks at one session's right again: it goes on with what it has, goes on with a replaced opening, or ends. */
  #review({ session, facts, proofNotAfterMs }: Running): void {
    const { principal } = session;
    if (principal.kind !== 'device' || session.revoked.aborted) return;
    if (!this.#clock.isSteady) return; // each admit refuses; the session may go on when the clock is right again
    const nowMs = this.#clock.nowMs();
    if (proofNotAfterMs !== undefined && nowMs > proofNotAfterMs) {
      return session.revoke(principal.tokenId === undefined ? 'certificate-expired' : 'token-expired');
    }
    try {
      const grant = this.#grantOf(principal);
      if (grant !== undefined && grant.revoked !== false) return session.revoke(grant.revoked);
      const device = this.#options.store.device(principal.device);
      if (grant === undefined || device === undefined) return session.revoke('no-opening');
      const openings = this.#options.store.openingsOf(principal.device);
      // A token is bound to the very opening that it was made for; what replaces that one needs a new token.
      const own = openings.filter(({ id }) => principal.tokenId === undefined || id === principal.openingId);
      const choice = chooseOpening(device, own, {
        facts,
        nowMs,
        rules: this.#options.limits,
      });
      if ('reason' in choice) return session.revoke(choice.reason);
      const { opening } = choice;
      // What was negotiated was negotiated for the old purpose.
      if (opening.purpose !== principal.purpose) return session.revoke('purpose');
      session.regrant({ ...principal, openingId: opening.id }, { ...grant, opening });
    } catch {
      // A policy that cannot be read opens nothing; the next identification says what is wrong with it.
      session.revoke('no-opening');
    }
    return undefined;
  }

  #countUse(openingId: number): void {
    const known = this.#uses.get(openingId);
    this.#uses.set(openingId, { lastUsedAtMs: this.#clock.wallMs, useCount: (known?.useCount ?? 0) + 1 });
  }
}
