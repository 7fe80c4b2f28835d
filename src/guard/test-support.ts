/** What the guard's tests share: a policy in memory, a ledger that can fail, a clock that is set by hand. */
import assert from 'node:assert/strict';
import { parseAeTitle } from '../dicom/ae-title.ts';
import { DataSet } from '../dicom/data-set.ts';
import { type Uid, knownUid } from '../dicom/uid.ts';
import { toXml } from '../ledger/audit-message.ts';
import type { LedgerRecordInput } from '../ledger/record.ts';
import { limits } from '../limits.ts';
import { DeviceTokens, type IssuedToken, type TokenRequest } from './device-tokens.ts';
import { Guard, type GuardOptions } from './guard.ts';
import type { AccessTokenHolder, AccessTokens } from './identify/access-token.ts';
import type { CertificateFacts, PeerFacts } from './identify/peer-facts.ts';
import type { PersonSession, PersonSessions } from './identify/person.ts';
import type { OpeningTerms } from './opening.ts';
import { PolicyStore } from './policy-store.ts';
import type { Administer, Find, Operation, Retrieve, Store } from './operation.ts';
import type { PersonOpeningTerms } from './person-opening.ts';
import type { DevicePrincipal, Principal, Purpose } from './principal.ts';
import { purposeBounds } from './purposes.ts';
import { RefusedError, type RefusalReason } from './refusal.ts';
import type { PersonOperation } from './roles.ts';
import type { TransferHead } from './transfers.ts';
import { isWorkstationPurpose } from './workstations.ts';

export const startMs = Date.UTC(2026, 10, 24, 12);
export const dayMs = 86_400_000;
export const ctImage = knownUid('1.2.840.10008.5.1.4.1.1.2');
export const greyscalePresentation = knownUid('1.2.840.10008.5.1.4.1.1.11.1');
export const privateClass = knownUid('1.3.12.2.1107.5.9.1');
export const explicitVr = knownUid('1.2.840.10008.1.2.1');
export const studyA = knownUid('1.2.3.1');
export const studyB = knownUid('1.2.3.2');
export const aet = (text: string) => parseAeTitle(text, 'AE title');

export class TestClock {
  nowMs = startMs;
  readonly now = (): number => this.nowMs;
}

/** Remembers records; `fails` makes it refuse them. Every message is written out, so that a wrong one fails the test. */
export class TestLedger {
  readonly records: (LedgerRecordInput & { readonly xml: string })[] = [];
  fails = false;
  /** Called before each record is kept. */
  before: (input: LedgerRecordInput) => void | Promise<void> = () => undefined;

  async record(input: LedgerRecordInput): Promise<void> {
    await this.before(input);
    if (this.fails) throw new Error('disk full');
    this.records.push({ ...input, xml: toXml(input.event) });
  }

  /** `110113/110126` and so on, with the outcome. */
  get codes(): readonly string[] {
    return this.records.map(({ event: { event } }) => {
      const type = event.types?.[0]?.code;
      return `${event.id.code}${type === undefined ? '' : `/${type}`} ${event.outcome}`;
    });
  }

  get last(): LedgerRecordInput & { readonly xml: string } {
    const last = this.records.at(-1);
    if (last === undefined) throw new Error('the ledger is empty');
    return last;
  }
}

export function openingTerms(overrides: Partial<OpeningTerms> = {}): OpeningTerms {
  const purpose: Purpose = overrides.purpose ?? 'acquisition';
  return {
    name: 'CT1',
    device: aet('CT1'),
    purpose,
    doors: isWorkstationPurpose(purpose) ? ['web'] : ['dimse-tls'],
    operations: [...purposeBounds[purpose].usual],
    scope: {},
    addresses: [],
    privateSopClasses: false,
    moveDestinations: [],
    reason: 'CT, room 1',
    owner: 'root',
    validFromMs: startMs,
    validUntilMs: startMs + 30 * dayMs,
    ...overrides,
  };
}

export const fingerprintOf = (name: string): string => Buffer.from(name).toString('hex').padEnd(64, '0');

/** A device with its own certificate (fingerprint of its name) and an opening. */
export function enrol(store: PolicyStore, overrides: Partial<OpeningTerms> = {}): number {
  const terms = openingTerms(overrides);
  if (store.device(terms.device) === undefined) {
    store.addDevice({ name: terms.device, purpose: terms.purpose, reason: 'r', owner: 'root', createdAtMs: startMs });
    store.addCertificate({
      fingerprint256: fingerprintOf(terms.device),
      device: terms.device,
      origin: 'own',
      subject: `CN=${terms.device}`,
      serialNumber: '01',
      notBeforeMs: startMs - dayMs,
      notAfterMs: startMs + 365 * dayMs,
      addedAtMs: startMs,
    });
  }
  return store.addOpening(terms, startMs);
}

export function certificateFacts(overrides: Partial<CertificateFacts> = {}): CertificateFacts {
  return {
    fingerprint256: fingerprintOf('CT1'),
    subject: 'CN=CT1',
    serialNumber: '01',
    notBeforeMs: startMs - dayMs,
    notAfterMs: startMs + 365 * dayMs,
    authorized: true,
    extendedKeyUsage: ['1.3.6.1.5.5.7.3.2'],
    keyType: 'ec',
    keyBits: 256,
    signatureAlgorithm: 'ecdsa-with-SHA256',
    ...overrides,
  };
}

export function peerFacts(overrides: Partial<PeerFacts> = {}): PeerFacts {
  return {
    door: 'dimse-tls',
    localPort: 2762,
    address: '10.1.2.3',
    certificate: certificateFacts({ fingerprint256: fingerprintOf(overrides.callingAeTitle ?? 'CT1') }),
    calledAeTitle: 'LEADGLASS',
    callingAeTitle: 'CT1',
    ...overrides,
  };
}

export const plainFacts = (overrides: Partial<PeerFacts> = {}): PeerFacts => {
  const { certificate: _, ...facts } = peerFacts({ door: 'dimse-plain', localPort: 11_112, ...overrides });
  return facts;
};

/** At the web door nobody says an AE title. */
export function webFacts(overrides: Partial<PeerFacts> = {}): PeerFacts {
  const { certificate: _, ...facts } = peerFacts({ door: 'web', localPort: 8443 });
  return { ...facts, calledAeTitle: '', callingAeTitle: '', ...overrides };
}

export const sopClasses = {
  isStorage: (uid: Uid): boolean => uid.startsWith('1.2.840.10008.5.1.4.1.1.'),
  isEvidence: (uid: Uid): boolean => uid === greyscalePresentation,
};

export interface House extends AsyncDisposable {
  readonly clock: TestClock;
  readonly ledger: TestLedger;
  readonly store: PolicyStore;
  readonly guard: Guard;
}

export function makeHouse(options: Partial<GuardOptions> = {}): House {
  const clock = new TestClock();
  const ledger = new TestLedger();
  const store = PolicyStore.open(':memory:');
  const guard = new Guard({
    store,
    ledger,
    limits,
    self: { sourceId: 'leadglass', aeTitles: ['LEADGLASS'], processId: '4711', address: '10.1.2.1' },
    calledAeTitles: [aet('LEADGLASS')],
    sopClasses,
    encodeIdentifier: () => new Uint8Array([1, 2, 3]),
    now: clock.now,
    ...options,
  });
  return {
    clock,
    ledger,
    store,
    guard,
    async [Symbol.asyncDispose]() {
      await guard.close();
      store.close();
    },
  };
}

const administer: Administer = { kind: 'administer', command: 'device token', summary: 's' };

/** A token for CT1, unless another device is asked for. */
export async function issueToken(
  { guard, store, clock }: House,
  request: Partial<TokenRequest> = {},
): Promise<IssuedToken> {
  const session = guard.session({ kind: 'operator', user: 'root' });
  await using admission = await session.admit(administer);
  const tokens = new DeviceTokens({ store, rules: limits, now: clock.now });
  const issued = tokens.issue(admission.pass, { aeTitle: aet('CT1'), ...request });
  admission.succeeded();
  return issued;
}

export const storeOf = (sopClassUid: Uid = ctImage): Store => ({
  kind: 'store',
  sopClassUid,
  sopInstanceUid: knownUid('1.2.3.9'),
  transferSyntaxUid: explicitVr,
});
export const findOf = (): Find => ({
  kind: 'find',
  query: {
    model: 'study-root',
    level: 'STUDY',
    keys: [],
    returnKeys: [],
    returnItems: new Map(),
    relational: false,
    dateTimeCombined: false,
    fuzzy: false,
    identifier: new DataSet(),
  },
});
export const retrieveOf = (overrides: Partial<Retrieve> = {}): Retrieve => ({
  kind: 'retrieve',
  via: 'get',
  level: 'STUDY',
  keys: { studyInstanceUids: [studyA] },
  ...overrides,
});
export const commitOf = (): Operation & { kind: 'commit' } => ({
  kind: 'commit',
  transactionUid: knownUid('1.2.3.77'),
  references: [{ sopClassUid: ctImage, sopInstanceUid: knownUid('1.2.3.9') }],
});

export function headOf(overrides: Partial<TransferHead> = {}): TransferHead {
  return {
    studyInstanceUid: studyA,
    sopClassUid: ctImage,
    sopInstanceUid: knownUid('1.2.3.9'),
    patientId: 'PID-1',
    patientName: 'DOE^JANE',
    issuerOfPatientId: 'HOSP',
    accessionNumber: 'A100',
    ...overrides,
  };
}

/** What became of an attempt, as the matrices write it. */
export type Cell = 'admitted' | RefusalReason;
export async function cellOf(attempt: Promise<unknown>): Promise<Cell> {
  try {
    await attempt;
    return 'admitted';
  } catch (error) {
    assert.ok(error instanceof RefusedError, String(error));
    return error.reason;
  }
}

/** A principal that must be a device. */
export function asDevice(principal: Principal): DevicePrincipal {
  assert.equal(principal.kind, 'device');
  if (principal.kind !== 'device') throw new Error('unreachable');
  return principal;
}

/** Sessions of people as a test sets them; the secret of a session holds its number. */
export class TestPersons implements PersonSessions {
  readonly #sessions = new Map<number, PersonSession>();
  readonly #listeners = new Set<(account: string) => void>();

  /** Begins a session, or changes the one of that number. @returns its secret */
  set(session: Partial<PersonSession> & Pick<PersonSession, 'account'>): string {
    const { id = 1, ...rest } = session;
    const whole = { id, role: 'physician', endsAtMs: startMs + dayMs, freshUntilMs: startMs, ...rest } as const;
    this.#sessions.set(id, whole);
    this.#tell(session.account);
    return `secret-of-${id}`;
  }

  end(id = 1): void {
    const account = this.#sessions.get(id)?.account ?? '';
    this.#sessions.delete(id);
    this.#tell(account);
  }

  bySecret(secret: string): PersonSession | undefined {
    return this.#sessions.get(Number(/^secret-of-(\d+)$/.exec(secret)?.[1]));
  }

  lookUp(secret: string): PersonSession | undefined {
    return this.bySecret(secret);
  }

  byId(id: number): PersonSession | undefined {
    return this.#sessions.get(id);
  }

  onChange(listener: (account: string) => void): Disposable {
    this.#listeners.add(listener);
    return { [Symbol.dispose]: () => void this.#listeners.delete(listener) };
  }

  #tell(account: string): void {
    for (const listener of this.#listeners) listener(account);
  }
}

/** Access tokens that a test gives out; `token-of-1` is the text of the first. */
export class TestAccessTokens implements AccessTokens {
  readonly #holders = new Map<number, AccessTokenHolder>();
  readonly #listeners = new Set<(account: string) => void>();

  /** @returns its text */
  set(facts: {
    readonly id?: number;
    readonly session?: Partial<PersonSession>;
    readonly operations?: readonly PersonOperation[];
    readonly notAfterMs?: number;
  }): string {
    const { id = 1, operations = ['find', 'get'], notAfterMs = startMs + 600_000 } = facts;
    const session = {
      id: 7,
      account: doctor,
      role: 'physician',
      endsAtMs: startMs + dayMs,
      freshUntilMs: startMs + dayMs,
      ...facts.session,
    } as const;
    this.#holders.set(id, { session, access: { tokenId: id, program: 'viewer', operations }, notAfterMs });
    this.#tell(session.account);
    return `token-of-${id}`;
  }

  end(id = 1): void {
    this.#holders.delete(id);
    this.#tell(doctor);
  }

  async byText(text: string): Promise<AccessTokenHolder | undefined> {
    return this.#holders.get(Number(/^token-of-(\d+)$/.exec(text)?.[1]));
  }

  byId(id: number): AccessTokenHolder | undefined {
    return this.#holders.get(id);
  }

  onChange(listener: (account: string) => void): Disposable {
    this.#listeners.add(listener);
    return { [Symbol.dispose]: () => void this.#listeners.delete(listener) };
  }

  #tell(account: string): void {
    for (const listener of this.#listeners) listener(account);
  }
}

export const doctor = 'doctor@hospital.example';

export function personTerms(overrides: Partial<PersonOpeningTerms> = {}): PersonOpeningTerms {
  return {
    account: doctor,
    role: 'physician',
    operations: ['find', 'get', 'store'],
    scope: {},
    addresses: [],
    reason: 'cardiology',
    owner: 'root',
    validFromMs: startMs - dayMs,
    validUntilMs: startMs + 30 * dayMs,
    ...overrides,
  };
}
