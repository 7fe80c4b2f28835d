/**
 * Enrolling, renewing and revoking devices. Every change takes a pass of an administration that the guard has recorded; it takes
 * effect at once, since the store tells the guard. Making certificates is left to whoever keeps the authority.
 */
import type { AeTitle } from '../dicom/ae-title.ts';
import { LeadglassError } from '../error.ts';
import { parseFrom, parseUntil } from './dates.ts';
import {
  type CertificateRequest,
  type DeviceAdd,
  type DeviceRenew,
  checkRequest,
  deviceAddSchema,
  deviceRenewSchema,
} from './device-requests.ts';
import { type CertificateRules, normalizeFingerprint, reasonAgainstCertificate } from './identify/certificate.ts';
import { type Opening, type OpeningTerms, openingState } from './opening.ts';
import type { Administer } from './operation.ts';
import type { Pass } from './pass.ts';
import type { Device, DeviceCertificate } from './policy-rows.ts';
import type { PolicyStore } from './policy-store.ts';
import { type OpeningRules, objectionsTo, purposeBounds } from './purposes.ts';
import { refusalReasons } from './refusal.ts';
import { waitForSecond, type WaitingRules } from './second-person.ts';
import type { ChangeOf, NewCertificate, WaitingChange } from './waiting-change.ts';

export interface IssuedCertificate {
  readonly fingerprint256: string;
  readonly subject: string;
  readonly serialNumber: string;
  readonly notBeforeMs: number;
  readonly notAfterMs: number;
  readonly certificatePem: string;
  readonly authorityPem: string;
  /** Only when the key was made here; handed out once, kept nowhere. */
  readonly keyPem?: string;
}

/** Our certificate authority, as far as devices need it. */
export interface CertificateIssuer {
  issue(request: {
    readonly aeTitle: AeTitle;
    readonly notAfterMs: number;
    readonly csrPem?: string;
    readonly publicKeyPem?: string;
    /** Good for a server of these names, too: the device is a move destination. */
    readonly serverNames?: readonly string[];
  }): Promise<IssuedCertificate>;
  /** Publishes a new revocation list; revocation itself has taken effect before. */
  revoked(certificates: readonly DeviceCertificate[]): Promise<void>;
}

export interface DeviceRules extends OpeningRules, CertificateRules, WaitingRules {
  readonly deviceCertificateDaysMax: number;
}

export interface DeviceServiceOptions {
  readonly store: PolicyStore;
  readonly issuer: CertificateIssuer;
  readonly rules: DeviceRules;
  readonly now: () => number;
  readonly timeZone: string;
  /** First TCP port for doors of devices without TLS. */
  readonly plainPortFirst: number;
}

export interface Enrolment {
  readonly device: Device;
  readonly opening: Opening;
  /** Absent for pinned certificates and on plain doors. */
  readonly issued?: IssuedCertificate;
  /** Nothing of it is open yet: a second person has to confirm. Device and opening are then as they will be. */
  readonly waiting?: WaitingChange;
}

export interface DeviceView {
  readonly device: Device;
  readonly certificates: readonly DeviceCertificate[];
  readonly openings: readonly Opening[];
}

const dayMs = 86_400_000;

export class DeviceService {
  readonly #options: DeviceServiceOptions;

  constructor(options: DeviceServiceOptions) {
    this.#options = options;
  }

  /**
   * Enrols a device: its record, its certificate (not on a plain door) and its opening. A revoked device may be enrolled anew; a
   * known one may get a further opening under another name, with the same purpose.
   * @throws LeadglassError BAD_REQUEST for what the rules forbid, CONFLICT when the name is taken or the purpose another
   */
  async add(pass: Pass<Administer>, request: DeviceAdd): Promise<Enrolment> {
    const checked = checkRequest(deviceAddSchema, request, 'add the device');
    const { store, now, timeZone, rules } = this.#options;
    const nowMs = now();
    const by = operatorOf(pass);
    const isPlain = checked.plain !== undefined;
    const terms: OpeningTerms = {
      name: checked.name ?? (isPlain ? `${checked.aeTitle}-plain` : checked.aeTitle),
      device: checked.aeTitle,
      purpose: checked.purpose,
      doors: checked.doors ?? [isPlain ? 'dimse-plain' : 'dimse-tls'],
      operations: checked.operations ?? [...purposeBounds[checked.purpose].usual],
      scope: checked.scope,
      addresses: checked.addresses,
      privateSopClasses: checked.privateSopClasses,
      moveDestinations: checked.moveDestinations,
      reason: checked.reason,
      owner: by,
      validFromMs: checked.from === undefined ? nowMs : parseFrom(checked.from, timeZone),
      validUntilMs: parseUntil(checked.until, timeZone),
      ...(checked.plain === undefined
        ? {}
        : { plain: { risk: checked.plain.risk, port: checked.plain.port ?? this.#freePlainPort(nowMs) } }),
    };
    this.#refuseObjections(objectionsTo(terms, rules), nowMs, terms);
    this.#refuseConflict(terms, nowMs);
    const isFirst = activeCertificates(store, checked.aeTitle).length === 0;
    const certificate =
      isPlain || !(isFirst || checked.certificate.kind !== 'made-here') ? undefined : checked.certificate;
    refuseNamesOf(pass, checked.serverNames);
    const { made, issued } = await this.#certificate(certificate, checked, terms.validUntilMs);
    const change = { kind: 'device-add', terms, ...(made === undefined ? {} : { certificate: made }) } as const;
    const summary = `add ${terms.device}, ${rightWords(terms)}`;
    const waiting = waitForSecond(pass, { store, rules, nowMs }, { change, summary, endsMs: terms.validUntilMs });
    if (waiting !== undefined) return { ...planned(terms, nowMs, store), ...issuedPart(issued), waiting };
    return this.#enrolment(checked.aeTitle, this.doAdd(change, by), issued);
  }

  /**
   * What `add` prepared, perhaps days ago. @returns the number of the opening
   * @throws LeadglassError BAD_REQUEST, CONFLICT for what does not fit any more
   */
  doAdd({ terms, certificate }: ChangeOf<'device-add'>, by: string): number {
    const { store, now, rules } = this.#options;
    const nowMs = now();
    this.#refuseObjections(objectionsTo(terms, rules), nowMs, terms);
    return store.transaction(() => {
      // The certificate took its time; somebody else may have taken the name.
      this.#refuseConflict(terms, nowMs);
      const { device: name, purpose, reason } = terms;
      const record = { name, purpose, reason, owner: by, createdAtMs: nowMs };
      const known = store.device(name);
      if (known === undefined) store.addDevice(record);
      else if (known.revoked !== undefined) store.reviveDevice(record);
      // Enrolled anew after its openings had ended: what was handed out before does not come back with the new opening.
      const isAnew = store.openingsOf(name).every((opening) => openingState(opening, nowMs) !== 'open');
      for (const { fingerprint256 } of isAnew && certificate !== undefined ? activeCertificates(store, name) : []) {
        if (fingerprint256 === certificate?.entry.fingerprint256) continue;
        store.revokeCertificate(name, fingerprint256, { atMs: nowMs, reason: 'superseded by a new enrolment' });
      }
      if (certificate !== undefined) addCertificate(store, certificate);
      this.#closeEnded(terms.name, nowMs);
      return store.addOpening(terms, nowMs);
    });
  }

  /**
   * A new certificate and a later end for the device's TLS opening; for a plain one only the end, counted anew from today. The
   * certificate before stays good until its own end, so that the device can change over.
   * @throws LeadglassError NOT_FOUND, BAD_REQUEST, CONFLICT
   */
  async renew(pass: Pass<Administer>, request: DeviceRenew): Promise<Enrolment> {
    const checked = checkRequest(deviceRenewSchema, request, 'renew the device');
    const { store, now, timeZone, rules } = this.#options;
    const nowMs = now();
    const current = this.#currentOpening(checked.aeTitle);
    const { id: _id, createdAtMs: _created, closed: _closed, ...before } = current;
    const isPlain = before.doors.includes('dimse-plain');
    if (isPlain && checked.certificate.kind !== 'keep') {
      throw new LeadglassError(
        'CONFLICT',
        `Cannot renew ${checked.aeTitle} with a certificate: it comes without TLS. --keep-certificate prolongs that; for TLS close the opening and add the device anew`,
      );
    }
    const terms: OpeningTerms = {
      ...before,
      owner: operatorOf(pass),
      validFromMs: isPlain ? nowMs : before.validFromMs,
      validUntilMs: parseUntil(checked.until, timeZone),
    };
    this.#refuseObjections(objectionsTo(terms, rules), nowMs, terms);
    const certificate = checked.certificate.kind === 'keep' ? undefined : checked.certificate;
    refuseNamesOf(pass, checked.serverNames);
    const { made, issued } = await this.#certificate(certificate, checked, terms.validUntilMs);
    const part = made === undefined ? {} : { certificate: made };
    const change = { kind: 'device-renew', replaces: current.id, terms, ...part } as const;
    const summary = `renew ${terms.device}${made === undefined ? '' : ' with a new certificate'}, ${rightWords(terms)}`;
    const waiting = waitForSecond(pass, { store, rules, nowMs }, { change, summary, endsMs: terms.validUntilMs });
    if (waiting !== undefined) return { ...planned(terms, nowMs, store), ...issuedPart(issued), waiting };
    return this.#enrolment(checked.aeTitle, this.doRenew(change, operatorOf(pass)), issued);
  }

  /** What `renew` prepared. @returns the number of the opening @throws LeadglassError BAD_REQUEST, CONFLICT */
  doRenew({ terms, replaces, certificate }: ChangeOf<'device-renew'>, by: string): number {
    const { store, now, rules } = this.#options;
    const nowMs = now();
    this.#refuseObjections(objectionsTo(terms, rules), nowMs, terms);
    return store.transaction(() => {
      const current = store.opening(replaces);
      if (certificate !== undefined) addCertificate(store, certificate);
      if (current === undefined || !store.closeOpening(current, { atMs: nowMs, by, reason: 'renewed' })) {
        throw new LeadglassError('CONFLICT', `Cannot renew ${terms.device}: its opening was closed meanwhile`);
      }
      const id = store.addOpening(terms, nowMs);
      store.continueUses(id, current.id);
      return id;
    });
  }

  /**
   * Takes everything from the device, at once: its certificates are revoked (for every AE title that
   * shares them), its openings closed, what was released to it is
   * withdrawn, its associations end.
   * @throws LeadglassError NOT_FOUND; CONFLICT when it was revoked before
   */
  async revoke(pass: Pass<Administer>, aeTitle: AeTitle, reason: string): Promise<void> {
    const { store, now, issuer } = this.#options;
    const by = operatorOf(pass);
    const atMs = now();
    if (reason.trim() === '') throw new LeadglassError('BAD_REQUEST', 'Cannot revoke the device: a reason is needed');
    // Whoever has the key could come under any AE title that it stands for.
    const certificates = activeCertificates(store, aeTitle).flatMap(({ fingerprint256 }) =>
      store.certificatesByFingerprint(fingerprint256).filter(({ revoked }) => revoked === undefined),
    );
    store.transaction(() => {
      if (store.device(aeTitle) === undefined) throw notFound(aeTitle);
      if (!store.revokeDevice(aeTitle, { atMs, by, reason })) {
        throw new LeadglassError('CONFLICT', `Cannot revoke ${aeTitle}: it was revoked before`);
      }
      for (const { device, fingerprint256 } of certificates) {
        store.revokeCertificate(device, fingerprint256, { atMs, reason });
      }
      for (const opening of store.openingsOf(aeTitle)) store.closeOpening(opening, { atMs, by, reason });
      for (const release of store.releasesTo(aeTitle)) store.withdrawRelease(release, atMs);
      // What was asked for before must not bring it back.
      for (const { id, change } of store.waiting.open(atMs)) {
        const device = 'terms' in change ? change.terms.device : 'device' in change ? change.device : undefined;
        if (device === aeTitle) store.waiting.decide(id, { atMs, by, how: 'refused' });
      }
    });
    await issuer.revoked(certificates);
  }

  list(_pass: Pass<Administer>): readonly DeviceView[] {
    return this.#options.store.devices().map((device) => this.#view(device));
  }

  /** @throws LeadglassError NOT_FOUND */
  show(_pass: Pass<Administer>, aeTitle: AeTitle): DeviceView {
    const device = this.#options.store.device(aeTitle);
    if (device === undefined) throw notFound(aeTitle);
    return this.#view(device);
  }

  #view(device: Device): DeviceView {
    const { store } = this.#options;
    return { device, certificates: store.certificatesOf(device.name), openings: store.openingsOf(device.name) };
  }

  #enrolment(aeTitle: AeTitle, openingId: number, issued: IssuedCertificate | undefined): Enrolment {
    const device = this.#options.store.device(aeTitle);
    const opening = this.#options.store.opening(openingId);
    if (device === undefined || opening === undefined) throw notFound(aeTitle);
    return { device, opening, ...(issued === undefined ? {} : { issued }) };
  }

  /** The newest opening that is not closed. */
  #currentOpening(aeTitle: AeTitle): Opening {
    const device = this.#options.store.device(aeTitle);
    if (device === undefined) throw notFound(aeTitle);
    const current = this.#options.store.openingsOf(aeTitle).findLast((opening) => opening.closed === undefined);
    if (current !== undefined) return current;
    throw new LeadglassError('NOT_FOUND', `Cannot renew ${aeTitle}: it has no opening; add it anew with device add`);
  }

  #refuseObjections(objections: readonly string[], nowMs: number, { validUntilMs }: OpeningTerms): void {
    const all = validUntilMs <= nowMs ? [...objections, 'the end date has passed'] : objections;
    if (all.length > 0) throw new LeadglassError('BAD_REQUEST', `Cannot make the opening: ${all.join('; ')}`);
  }

  #refuseConflict({ device: aeTitle, purpose, name }: OpeningTerms, nowMs: number): void {
    const { store } = this.#options;
    const known = store.device(aeTitle);
    if (known !== undefined && known.revoked === undefined && known.purpose !== purpose) {
      throw new LeadglassError(
        'CONFLICT',
        `Cannot add ${aeTitle}: its purpose is ${known.purpose}, asked for ${purpose}; a device has one purpose`,
      );
    }
    const holder = store.openingByName(name);
    if (holder === undefined || holder.closed !== undefined || openingState(holder, nowMs) === 'ended') return;
    throw new LeadglassError(
      'CONFLICT',
      `Cannot make the opening ${name}: one of this name is there; close or renew it`,
    );
  }

  #closeEnded(name: string, nowMs: number): void {
    const holder = this.#options.store.openingByName(name);
    if (holder === undefined || openingState(holder, nowMs) !== 'ended') return;
    this.#options.store.closeOpening(holder, {
      atMs: nowMs,
      by: 'leadglass',
      reason: 'had ended when a new one was made',
    });
  }

  #freePlainPort(nowMs: number): number {
    const used = new Set(
      this.#options.store
        .openings()
        .filter((opening) => openingState(opening, nowMs) === 'open' || openingState(opening, nowMs) === 'not-yet')
        .map((opening) => opening.plain?.port),
    );
    let port = this.#options.plainPortFirst;
    while (used.has(port)) port += 1;
    return port;
  }

  async #certificate(
    request: CertificateRequest | undefined,
    { aeTitle, serverNames }: { readonly aeTitle: AeTitle; readonly serverNames?: readonly string[] },
    validUntilMs: number,
  ): Promise<{ readonly made?: NewCertificate; readonly issued?: IssuedCertificate }> {
    const { issuer, now, rules } = this.#options;
    if (request === undefined) return {};
    const addedAtMs = now();
    if (request.kind === 'pinned') {
      const { facts } = request;
      const fingerprint256 = normalizeFingerprint(facts.fingerprint256);
      const { subject, serialNumber, notBeforeMs, notAfterMs } = facts;
      const entry = {
        fingerprint256,
        device: aeTitle,
        origin: 'pinned',
        subject,
        serialNumber,
        notBeforeMs,
        notAfterMs,
        addedAtMs,
      } as const;
      const reason = reasonAgainstCertificate({ ...facts, authorized: true }, [entry], { nowMs: addedAtMs, rules });
      if (reason !== undefined) {
        throw new LeadglassError('BAD_REQUEST', `Cannot pin the certificate: ${refusalReasons[reason]}`);
      }
      return { made: { entry, sharedWith: sharedWithOf(request) } };
    }
    const notAfterMs = Math.min(validUntilMs, addedAtMs + rules.deviceCertificateDaysMax * dayMs);
    const issued = await issuer.issue({
      aeTitle,
      notAfterMs,
      ...(request.kind === 'csr' ? { csrPem: request.csrPem } : {}),
      ...(request.kind === 'public-key' ? { publicKeyPem: request.publicKeyPem } : {}),
      ...(serverNames === undefined ? {} : { serverNames }),
    });
    return {
      issued,
      made: {
        entry: {
          fingerprint256: normalizeFingerprint(issued.fingerprint256),
          device: aeTitle,
          origin: 'own',
          subject: issued.subject,
          serialNumber: issued.serialNumber,
          notBeforeMs: issued.notBeforeMs,
          notAfterMs: issued.notAfterMs,
          addedAtMs,
        },
        sharedWith: [],
      },
    };
  }
}

function activeCertificates(store: PolicyStore, aeTitle: AeTitle): readonly DeviceCertificate[] {
  return store.certificatesOf(aeTitle).filter(({ revoked }) => revoked === undefined);
}

function sharedWithOf(request: CertificateRequest | undefined): readonly AeTitle[] {
  return request?.kind === 'pinned' ? (request.sharedWith ?? []) : [];
}

/**
 * Remembers a certificate for a device that does not hold it yet.
 * @param sharedWith the other devices that hold it, all of them: one physical device may have several AE titles, but nobody else's
 *   certificate is taken by mistake
 * @throws LeadglassError CONFLICT when others hold it too, those named do not, or it was revoked for anybody
 */
function addCertificate(store: PolicyStore, { entry, sharedWith }: NewCertificate): void {
  const known = store.certificatesByFingerprint(entry.fingerprint256);
  const refused = (words: string): LeadglassError =>
    new LeadglassError('CONFLICT', `Cannot take the certificate for ${entry.device}: ${words}`);
  const revoked = known.find((certificate) => certificate.revoked !== undefined);
  if (revoked !== undefined) throw refused(`it was revoked for ${revoked.device}; make a new key and certificate`);
  const holders = known.map(({ device }) => device).filter((device) => device !== entry.device);
  const unnamed = holders.filter((device) => !sharedWith.includes(device));
  if (unnamed.length > 0) {
    throw refused(
      `it stands for ${unnamed.join(', ')} already; only if that is the same physical device, say that they share it`,
    );
  }
  const strange = sharedWith.filter((device) => !holders.includes(device));
  if (strange.length > 0) throw refused(`${strange.join(', ')} does not hold it`);
  if (!known.some(({ device }) => device === entry.device)) store.addCertificate(entry);
}

/** What the opening would allow, for whoever is to confirm it. */
function rightWords({ name, purpose, operations, doors, addresses, moveDestinations }: OpeningTerms): string {
  const from = addresses.length === 0 ? 'any address' : addresses.join(', ');
  const to =
    moveDestinations.length === 0 ? '' : `, may move to ${moveDestinations.map(({ host }) => host).join(', ')}`;
  return `opening ${name}: ${purpose}, ${operations.join(', ')} at ${doors.join(', ')} from ${from}${to}`;
}

/** Device and opening as they will be, for whoever asked. */
function planned(terms: OpeningTerms, nowMs: number, store: PolicyStore): Pick<Enrolment, 'device' | 'opening'> {
  const { device: name, purpose, reason, owner } = terms;
  const device = store.device(name) ?? { name, purpose, reason, owner, createdAtMs: nowMs };
  return { device, opening: { ...terms, id: 0, createdAtMs: nowMs } };
}

const issuedPart = (issued: IssuedCertificate | undefined): Pick<Enrolment, 'issued'> =>
  issued === undefined ? {} : { issued };

/**
 * A certificate that is good for a server proves that to whoever trusts our authority, known here or not: it cannot be handed out
 * before a second person has looked.
 */
function refuseNamesOf({ principal }: Pass<Administer>, serverNames: readonly string[] | undefined): void {
  if (serverNames === undefined || principal.kind !== 'person') return;
  throw new LeadglassError(
    'NOT_AUTHORIZED',
    'Cannot make a certificate with host names here: use "leadglass device add" or "device renew" at the server',
  );
}

function notFound(aeTitle: AeTitle): LeadglassError {
  return new LeadglassError('NOT_FOUND', `There is no device ${aeTitle}`);
}

/** Who administers; a device never does, the policy sees to it. */
export function operatorOf({ principal }: Pass<Administer>): string {
  switch (principal.kind) {
    case 'operator':
      return principal.user;
    case 'system':
      return principal.job;
    case 'person':
      return principal.account;
    case 'device':
      throw new LeadglassError('INTERNAL', 'A device cannot administer');
  }
}
