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
import { type AccessTokens, noAccessTokens } from './identify/access-token.ts';
import { addressKey } from './identify/address.ts';
import { type CertificateRules, normalizeFingerprint, reasonAgainstCertificate } from './identify/certificate.ts';
import { type Identification, identifyDevice } from './identify/device.ts';
import { identifyAtWeb } from './identify/web.ts';
import type { PeerFacts } from './identify/peer-facts.ts';
import { noPersons, type PersonSessions, placeOf } from './identify/person.ts';
import { type AccountChecker, noAccounts } from './identify/user-identity.ts';
import { type GuardLedger, LedgerGate } from './ledger-gate.ts';
import type { Administer } from './operation.ts';
import { openingState } from './opening.ts';
import type { Pass } from './pass.ts';
import type { Grant, SopClassFacts } from './policy.ts';
import type { Usage } from './policy-rows.ts';
import type { PolicyStore } from './policy-store.ts';
import { hangsOn, isPeer, ownerOf, ownerOfPerson, type PeerPrincipal, type Principal } from './principal.ts';
import type { Role } from './roles.ts';
import type { OpeningRules } from './purposes.ts';
import { RefusedError, type RefusalReason } from './refusal.ts';
import { expiredReason, standingOf } from './standing.ts';
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
  /** Sessions of people who have shown two factors; without it nobody has one. */
  readonly persons?: PersonSessions;
  /** Tokens of programs that act for people; without it no program has one. */
  readonly accessTokens?: AccessTokens;
  /** Roles that work at enrolled workstations only; a matter of the configuration. */
  readonly workstationRoles?: readonly Role[];
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
  readonly proofEnd?: RefusalReason;
  readonly timer: NodeJS.Timeout;
}
interface Running {
  readonly session: Session;
  readonly facts: PeerFacts;
}

export class Guard implements AsyncDisposable {
  readonly #options: GuardOptions;
  readonly #context: SessionContext;
  readonly #gate: LedgerGate;
  readonly #events: AuditEvents;
  readonly #clock: SteadyClock;
  readonly #failures: FailedIdentifications;
  /** Wrong passcodes and tokens of people, by the device at which they were shown. */
  readonly #userFailures: FailedIdentifications;
  /** Running associations of each device, running sessions of each person. */
  readonly #perOwner: RunningCount;
  readonly #perAddress: RunningCount;
  readonly #peoplePerAddress: RunningCount;
  readonly #reservations = new Map<Principal, Reservation>();
  readonly #running = new Set<Running>();
  readonly #uses = new Map<number, Usage>();
  readonly #timers: readonly NodeJS.Timeout[];
  readonly #subscriptions: readonly Disposable[];

  constructor(options: GuardOptions) {
    const { limits, store, now = Date.now } = options;
    this.#options = options;
    this.#events = new AuditEvents(options.self);
    this.#gate = new LedgerGate(options.ledger, { events: this.#events, now, backlogMax: limits.unwrittenRecordsMax });
    this.#clock = new SteadyClock(now, { latestMs: store.latestTimeMs(), backwardsMsMax: limits.clockBackwardsMsMax });
    this.#failures = new FailedIdentifications(limits);
    this.#userFailures = new FailedIdentifications(limits);
    this.#perOwner = new RunningCount(limits.associationsPerDeviceMax);
    this.#perAddress = new RunningCount(limits.associationsPerAddressMax);
    this.#peoplePerAddress = new RunningCount(limits.peoplePerAddressMax);
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
    const persons = this.#persons;
    const accessTokens = this.#accessTokens;
    this.#subscriptions = [
      store.onChange((device) => this.#reviewPeer(device)),
      store.onPersonChange((account) => this.#reviewPeer(ownerOfPerson(account))),
      persons.onChange((account) => this.#reviewPeer(ownerOfPerson(account))),
      accessTokens.onChange((account) => this.#reviewPeer(ownerOfPerson(account))),
    ];
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
  async identify(facts: PeerFacts): Promise<PeerPrincipal> {
    const address = addressKey(facts.address);
    if (!this.#clock.isSteady) return this.#refuse(facts, { reason: 'clock', isProven: false });
    const nowMs = this.#clock.nowMs();
    const atDevice = facts.callingAeTitle.trim();
    const secretsBlocked = this.#failures.isBlocked(address, nowMs) || this.#userFailures.isBlocked(atDevice, nowMs);
    const found = await this.#prove(facts, nowMs, secretsBlocked);
    if ('reason' in found) {
      this.#failures.add(address, nowMs);
      // Only here has the device been proven before.
      if (found.reason === 'user-identity') this.#userFailures.add(atDevice, nowMs);
      const { reason, account } = found;
      return this.#refuse(facts, { reason, isProven: facts.door === 'dimse-tls', ...(account && { account }) });
    }
    const { principal, proofNotAfterMs, proofEnd } = found;
    const owner = ownerOf(principal);
    const perAddress = this.#perAddressOf(principal);
    if (!this.#perOwner.hasRoom(owner) || !perAddress.hasRoom(address)) {
      return this.#refuse(facts, { reason: 'too-many-associations', isProven: true });
    }
    // Counted before the first wait, so that many at once cannot slip past the limit together.
    this.#perOwner.add(owner);
    perAddress.add(address);
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
    // What the secrets were is nobody's business once they were looked at.
    const { token: _token, session: _session, userIdentity: _identity, ...known } = facts;
    this.#reservations.set(principal, {
      id,
      facts: known,
      timer,
      ...(proofNotAfterMs === undefined ? {} : { proofNotAfterMs }),
      ...(proofEnd === undefined ? {} : { proofEnd }),
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
   * At which enrolled workstation a browser stands: before anybody has signed in there, and with each request that only concerns
   * the account itself. Undefined: at none.
   * @param facts with the secret of a session when there is one, which must have been begun at the same place
   * @returns a name @throws RefusedError NOT_AUTHENTICATED, recorded: the workstation is not good, or the session is another's
   */
  async workstation(
    facts: Pick<PeerFacts, 'address' | 'localPort' | 'certificate' | 'session'>,
  ): Promise<AeTitle | undefined> {
    const { session, certificate } = facts;
    const found = session === undefined ? undefined : this.#persons.lookUp(session);
    if (certificate === undefined && found?.workstation === undefined) return undefined;
    const peer: PeerFacts = { ...facts, door: 'web', calledAeTitle: '', callingAeTitle: '' };
    if (!this.#clock.isSteady) return this.#refuse(peer, { reason: 'clock', isProven: false });
    const nowMs = this.#clock.nowMs();
    const place = placeOf(found, facts, { store: this.#options.store, nowMs, ...this.#rules });
    if (place === undefined || !('reason' in place)) return place?.place.device;
    this.#failures.add(addressKey(facts.address), nowMs);
    const { reason, account } = place;
    return this.#refuse(peer, { reason, isProven: false, ...(account && { account }) });
  }

  /**
   * The session of a principal: for a device exactly one per `identify`; for an operator or a job as many as wanted.
   * @throws LeadglassError NOT_AUTHENTICATED when the device was not identified, or took too long since
   */
  session(principal: Principal): GuardSession {
    if (!isPeer(principal)) {
      return new Session(this.#context, { id: randomUUID(), principal, door: 'control', ended: () => undefined });
    }
    const reservation = this.#reservations.get(principal);
    if (reservation === undefined) {
      throw new LeadglassError('NOT_AUTHENTICATED', 'Not admitted: this peer was not identified just now');
    }
    clearTimeout(reservation.timer);
    this.#reservations.delete(principal);
    const { id, facts, proofNotAfterMs, proofEnd = expiredReason(principal) } = reservation;
    const session = new Session(this.#context, {
      id,
      principal,
      door: facts.door,
      ended: () => {
        this.#running.delete(running);
        this.#leave(principal);
      },
      ...(proofNotAfterMs === undefined ? {} : { proofEnd: { notAfterMs: proofNotAfterMs, reason: proofEnd } }),
    });
    const running: Running = { session, facts };
    this.#running.add(running);
    // Gives it its grant, or ends it: the policy may have changed between the two calls.
    this.#review(running);
    return session;
  }

  /** Ends the sessions whose opening or certificate has ended by now; called by a timer, and by tests. */
  reviewSessions(): void {
    const nowMs = this.#clock.wallMs;
    for (const running of this.#running) {
      const { session } = running;
      // Changes of the policy were looked at when they came; only time passes unseen.
      if (!session.isOver() && !isStillOpen(session.grant, nowMs)) this.#review(running);
    }
  }

  /** Writes the counted uses into the policy; called by a timer and at the end. */
  writeUses(): void {
    this.#options.store.addUses(this.#uses);
    this.#uses.clear();
  }

  /** Running associations of a device and sessions of people who sit at it, or of all. */
  runningSessions(device?: AeTitle): number {
    if (device === undefined) return this.#running.size;
    const people = [...this.#running].filter(
      ({ session: { principal } }) => principal.kind === 'person' && principal.workstation?.device === device,
    );
    return this.#perOwner.count(device) + people.length;
  }

  /** False while the ledger cannot be written: nothing is admitted. */
  get isRecording(): boolean {
    return this.#gate.isAvailable;
  }

  /** False when the clock went backwards: devices are not admitted until `acceptClock`. */
  get isClockSteady(): boolean {
    return this.#clock.isSteady;
  }

  /** An administrator says that the clock is right although it went backwards; that is recorded by the pass. */
  acceptClock(_pass: Pass<Administer>): void {
    this.#clock.accept();
  }

  /** Stops timers and writes the counted uses; sessions are ended by their doors before. */
  async close(): Promise<void> {
    for (const timer of this.#timers) clearInterval(timer);
    for (const principal of this.#reservations.keys()) this.#forgetReservation(principal);
    for (const subscription of this.#subscriptions) subscription[Symbol.dispose]();
    this.writeUses();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  #prove(facts: PeerFacts, nowMs: number, secretsBlocked: boolean): Promise<Identification> {
    const { store, calledAeTitles, limits, accounts = noAccounts } = this.#options;
    if (facts.door === 'web') {
      return identifyAtWeb(facts, nowMs, {
        store,
        persons: this.#persons,
        accessTokens: this.#accessTokens,
        ...this.#rules,
      });
    }
    return identifyDevice(facts, nowMs, {
      store,
      calledAeTitles,
      accounts,
      ...this.#rules,
      userNameCharactersMax: limits.userNameCharactersMax,
      secretsBlocked,
    });
  }

  async #refuse(
    facts: PeerFacts,
    {
      reason,
      isProven,
      account,
    }: { readonly reason: RefusalReason; readonly isProven: boolean; readonly account?: string },
  ): Promise<never> {
    const failures = this.#failures.countOf(addressKey(facts.address), this.#clock.wallMs);
    const { failedIdentificationsPerAddressMax } = this.#options.limits;
    // Up to the limit each has its record; beyond it only each doubling, so that a stranger cannot fill the disk.
    if (failures <= failedIdentificationsPerAddressMax || Number.isInteger(Math.log2(failures))) {
      const at = new Date(this.#clock.wallMs);
      await this.#gate.record(
        this.#events.associationRefused(facts, reason, { at, failures, ...(account && { account }) }),
      );
    }
    const code = reason === 'too-many-associations' ? 'LIMIT_EXCEEDED' : 'NOT_AUTHENTICATED';
    throw new RefusedError(code, reason, { isProven });
  }

  get #accessTokens(): AccessTokens {
    return this.#options.accessTokens ?? noAccessTokens;
  }

  get #persons(): PersonSessions {
    return this.#options.persons ?? noPersons;
  }

  get #rules(): { readonly certificateRules: CertificateRules; readonly openingRules: OpeningRules } {
    const { limits, extendedKeyUsageRequired = false } = this.#options;
    return { certificateRules: { ...limits, extendedKeyUsageRequired }, openingRules: limits };
  }

  #leave(principal: PeerPrincipal): void {
    this.#perOwner.remove(ownerOf(principal));
    this.#perAddressOf(principal).remove(principal.address);
  }

  #perAddressOf(principal: PeerPrincipal): RunningCount {
    return principal.kind === 'person' ? this.#peoplePerAddress : this.#perAddress;
  }

  #forgetReservation(principal: Principal): void {
    const reservation = this.#reservations.get(principal);
    if (reservation === undefined || !isPeer(principal)) return;
    clearTimeout(reservation.timer);
    this.#reservations.delete(principal);
    this.#leave(principal);
  }

  #reviewPeer(owner: string): void {
    for (const running of this.#running) {
      const { principal } = running.session;
      if (isPeer(principal) && hangsOn(principal, owner)) this.#review(running);
    }
  }

  /** Looks at one session's right again: it goes on with what it has, goes on with a replaced opening, or ends. */
  #review({ session, facts }: Running): void {
    const { principal } = session;
    if (!isPeer(principal) || session.isOver()) return;
    if (!this.#clock.isSteady) return; // each admit refuses; the session may go on when the clock is right again
    const { store, limits, accounts = noAccounts, workstationRoles = [] } = this.#options;
    const standing = standingOf(principal, {
      store,
      accounts,
      persons: this.#persons,
      accessTokens: this.#accessTokens,
      facts,
      nowMs: this.#clock.nowMs(),
      rules: limits,
      certificateRules: this.#rules.certificateRules,
      workstationRoles,
    });
    if ('reason' in standing) session.revoke(standing.reason);
    else session.regrant(standing.principal, standing.grant);
  }

  #countUse(openingId: number): void {
    const known = this.#uses.get(openingId);
    this.#uses.set(openingId, { lastUsedAtMs: this.#clock.wallMs, useCount: (known?.useCount ?? 0) + 1 });
  }
}

/** Does what was granted stand by itself? A person without an opening has nothing that time could end. */
function isStillOpen(grant: Grant | undefined, nowMs: number): boolean {
  if (grant === undefined) return false;
  const others = grant.holder === 'device' ? [grant.user?.opening] : [grant.workstation];
  return [grant.opening, ...others].every(
    (opening) => opening === undefined || openingState(opening, nowMs) === 'open',
  );
}
