/** Every reason for which the guard says no: how it comes about, what the peer is told, what the ledger says. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { limits } from '../limits.ts';
import type { AssociateReject } from '../upper-layer/association-types.ts';
import type { PeerFacts } from './identify/peer-facts.ts';
import { makeToken, tokenHash } from './identify/token.ts';
import type { Operation } from './operation.ts';
import type { PolicyStore } from './policy-store.ts';
import { RefusedError, type RefusalReason, refusalReasons, rejectionFor } from './refusal.ts';
import {
  type House,
  aet,
  certificateFacts,
  commitOf,
  dayMs,
  enrol,
  findOf,
  fingerprintOf,
  headOf,
  makeHouse,
  peerFacts,
  plainFacts,
  retrieveOf,
  startMs,
  storeOf,
  studyB,
  webFacts,
} from './test-support.ts';

const stranger: AssociateReject = { result: 1, source: 1, reason: 3 };
const identity = (type: number) => ({
  type,
  positiveResponseRequested: true,
  primaryField: new TextEncoder().encode('jdoe'),
  secondaryField: new TextEncoder().encode('secret-passcode'),
});
const closed = { atMs: startMs, by: 'root', reason: 'r' };
const plainTerms = {
  name: 'CT1-plain',
  doors: ['dimse-plain' as const],
  addresses: ['10.1.2.3/32'],
  plain: { risk: 'sniffing', port: 11_112 },
};

/** What only people can be refused for: identify/person.test.ts, person-matrix.test.ts, workstations.test.ts, device-user.test.ts. */
type OfPersons =
  | 'role'
  | 'step-up'
  | 'session-over'
  | 'token-scope'
  | 'workstation-differs'
  | 'workstation-purpose'
  | 'workstation-missing'
  | 'user-identity-over';

/** What a refused association looks like. */
interface AtTheDoor {
  readonly prepare?: (house: House) => void | Promise<void>;
  readonly facts?: Partial<PeerFacts>;
  readonly plain?: true;
  /** At the web door, showing this. */
  readonly web?: Pick<PeerFacts, 'token' | 'certificate' | 'session'>;
  readonly rejection?: AssociateReject;
}
/** What a refused operation looks like. */
interface AtWork {
  readonly during: (house: House) => void;
  readonly operation: Operation;
}

const closeAll = ({ store }: House): void => {
  for (const opening of store.openings()) store.closeOpening(opening, closed);
};

const knownToken = makeToken();
function addToken(store: PolicyStore, openingId: number, device: string): void {
  const hash = tokenHash(knownToken);
  assert.ok(hash);
  store.addToken(hash, { device: aet(device), openingId, createdAtMs: startMs, notAfterMs: startMs + 60_000 });
}

const factsOf = ({ facts, plain, web }: AtTheDoor): PeerFacts => {
  if (web !== undefined) return webFacts(web);
  return plain === true ? plainFacts(facts) : peerFacts(facts);
};

const scenarios = {
  'certificate-missing': { facts: { door: 'dimse-tls' }, plain: true },
  'certificate-unknown': { facts: { certificate: certificateFacts({ fingerprint256: fingerprintOf('X') }) } },
  'certificate-foreign': {
    facts: {
      certificate: certificateFacts({
        fingerprint256: fingerprintOf('X'),
        authorized: false,
        authorizationError: 'DEPTH_ZERO_SELF_SIGNED_CERT',
      }),
    },
  },
  'certificate-expired': { facts: { certificate: certificateFacts({ notAfterMs: startMs - 1 }) } },
  'certificate-not-yet-valid': { facts: { certificate: certificateFacts({ notBeforeMs: startMs + 1 }) } },
  'certificate-revoked': {
    prepare: ({ store }) => {
      store.revokeCertificate(aet('CT1'), fingerprintOf('CT1'), { atMs: startMs, reason: 'stolen' });
    },
  },
  'certificate-purpose': { facts: { certificate: certificateFacts({ extendedKeyUsage: ['1.3.6.1.5.5.7.3.1'] }) } },
  'certificate-weak': { facts: { certificate: certificateFacts({ keyType: 'rsa', keyBits: 1024 }) } },
  'calling-ae-title': { facts: { callingAeTitle: 'CT2', certificate: certificateFacts() } },
  'called-ae-title': { facts: { calledAeTitle: 'ANY-SCP' }, rejection: { result: 1, source: 1, reason: 7 } },
  'credential-missing': { web: {} },
  'token-unknown': { web: { token: makeToken() } },
  'credentials-differ': {
    prepare: ({ store }) => {
      enrol(store, { name: 'CT1-web', doors: ['web'] });
      const openingId = enrol(store, { name: 'CT2', device: aet('CT2'), doors: ['web'] });
      addToken(store, openingId, 'CT2');
    },
    web: { token: knownToken, certificate: certificateFacts() },
  },
  'device-ambiguous': {
    prepare: ({ store }) => {
      enrol(store, { name: 'CT1-web', doors: ['web'] });
      enrol(store, { name: 'CT2', device: aet('CT2'), doors: ['web'] });
      const { fingerprint256, subject, serialNumber, notBeforeMs, notAfterMs } = certificateFacts();
      const shared = { fingerprint256, subject, serialNumber, notBeforeMs, notAfterMs, addedAtMs: startMs };
      store.addCertificate({ ...shared, device: aet('CT2'), origin: 'own' });
    },
    web: { certificate: certificateFacts() },
  },
  // Of sessions that run: web.test.ts.
  'token-ended': { during: () => undefined, operation: { kind: 'verify' } },
  'token-expired': { during: () => undefined, operation: { kind: 'verify' } },
  address: {
    prepare: ({ store }) => void enrol(store, { name: 'near', addresses: ['10.1.2.0/31'] }),
    facts: { address: '10.1.2.3' },
  },
  door: {
    prepare: ({ store }) => void enrol(store, plainTerms),
    plain: true,
    facts: { localPort: 11_113 },
  },
  'device-unknown': { plain: true, facts: { callingAeTitle: 'NOBODY' } },
  'device-revoked': { prepare: ({ store }) => void store.revokeDevice(aet('CT1'), closed) },
  'user-identity': { facts: { userIdentity: identity(2) }, rejection: { result: 1, source: 2, reason: 1 } },
  'user-identity-kind': { facts: { userIdentity: identity(3) }, rejection: { result: 1, source: 2, reason: 1 } },
  'user-identity-plain': {
    prepare: ({ store }) => void enrol(store, plainTerms),
    plain: true,
    facts: { userIdentity: identity(2) },
    rejection: { result: 1, source: 2, reason: 1 },
  },
  'too-many-failures': {
    prepare: async ({ guard }) => {
      // Beyond the limit only each doubling is recorded; the next one is.
      for (let count = 1; count < 2 * limits.failedIdentificationsPerAddressMax; count += 1) {
        await assert.rejects(guard.identify(peerFacts({ callingAeTitle: 'NOBODY' })));
      }
    },
    facts: { userIdentity: identity(2) },
  },
  'too-many-associations': {
    prepare: async ({ guard }) => {
      for (let count = 0; count < limits.associationsPerDeviceMax; count += 1) {
        guard.session(await guard.identify(peerFacts()));
      }
    },
    rejection: { result: 2, source: 3, reason: 2 },
  },
  'too-many-operations': {
    during: () => undefined,
    operation: { kind: 'verify' },
  },
  'no-opening': {
    prepare: ({ store }) => {
      store.addDevice({ name: aet('NEW'), purpose: 'reading', reason: 'r', owner: 'root', createdAtMs: startMs });
      store.addCertificate({
        ...certificateFacts(),
        fingerprint256: fingerprintOf('NEW'),
        device: aet('NEW'),
        origin: 'own',
        addedAtMs: startMs,
      });
    },
    facts: { callingAeTitle: 'NEW', certificate: certificateFacts({ fingerprint256: fingerprintOf('NEW') }) },
  },
  'opening-not-yet': {
    prepare: (house) => {
      closeAll(house);
      enrol(house.store, { validFromMs: startMs + 1 });
    },
  },
  'opening-ended': {
    prepare: ({ clock }) => {
      clock.nowMs = startMs + 30 * dayMs;
    },
  },
  'opening-closed': { prepare: closeAll },
  purpose: { during: () => undefined, operation: findOf() },
  operation: {
    during: ({ store }) => {
      store.transaction(() => {
        for (const opening of store.openings()) store.closeOpening(opening, closed);
        enrol(store, { operations: ['verify'] });
      });
    },
    operation: commitOf(),
  },
  'sop-class': { during: () => undefined, operation: { ...storeOf(), sopClassUid: storeOf().sopInstanceUid } },
  destination: {
    during: () => undefined,
    operation: retrieveOf({ via: 'move', destination: aet('EVIL') }),
  },
  'outside-scope': { during: () => undefined, operation: retrieveOf({ keys: { studyInstanceUids: [studyB] } }) },
  'session-ended': { during: () => undefined, operation: { kind: 'verify' } },
  clock: {
    prepare: ({ clock }) => {
      clock.nowMs -= limits.clockBackwardsMsMax + 1;
    },
    rejection: { result: 2, source: 3, reason: 1 },
  },
  'session-unknown': { web: { session: 'guessed' } },
} satisfies Record<Exclude<RefusalReason, OfPersons>, AtTheDoor | AtWork>;

const isAtWork = (scenario: AtTheDoor | AtWork): scenario is AtWork => 'operation' in scenario;
const atTheDoor = Object.entries<AtTheDoor | AtWork>(scenarios).flatMap(([reason, scenario]) =>
  isAtWork(scenario) ? [] : [[reason, scenario] as const],
);
const inWords = new Map<string, string>(Object.entries(refusalReasons));

for (const [reason, scenario] of atTheDoor) {
  const { prepare, rejection = stranger } = scenario;
  test(`an association is refused because ${inWords.get(reason)}; the peer learns as little as anybody`, async () => {
    await using house = makeHouse();
    const { guard, ledger, store } = house;
    if (reason !== 'address') enrol(store);
    await prepare?.(house);
    const error = await guard.identify(factsOf(scenario)).then(() => assert.fail('was accepted'), refusedError);
    assert.equal(error.reason, reason);
    assert.equal(error.code, reason === 'too-many-associations' ? 'LIMIT_EXCEEDED' : 'NOT_AUTHENTICATED');
    assert.deepEqual(error.rejection, rejection);
    assert.equal(ledger.codes.at(-1)?.slice(0, 13), '110113/110126');
    assert.equal(ledger.last.reason, reason);
    assert.equal(ledger.last.address, '10.1.2.3');
    assert.ok(!ledger.last.xml.includes('secret-passcode'));
    assert.ok(scenario.web?.token === undefined || !ledger.last.xml.includes(scenario.web.token));
    assert.ok(
      !/certificate|address|opening|scope/.test(error.message) || error.message.includes('ask the administrator'),
    );
  });
}

test('whatever is wrong with a stranger, the answer is the same', async () => {
  const answers = new Set<string>();
  for (const [reason, scenario] of atTheDoor) {
    const { prepare, rejection } = scenario;
    if (rejection !== undefined) continue;
    await using house = makeHouse();
    if (reason !== 'address') enrol(house.store);
    await prepare?.(house);
    const error = await house.guard.identify(factsOf(scenario)).then(() => assert.fail('was accepted'), refusedError);
    answers.add(JSON.stringify([error.code, error.message, error.rejection]));
  }
  assert.equal(answers.size, 1);
});

test('a stranger on a plain door is not told that the called AE title was wrong', async () => {
  await using house = makeHouse();
  enrol(house.store, plainTerms);
  const facts = plainFacts({ calledAeTitle: 'ANY-SCP' });
  const error = await house.guard.identify(facts).then(() => assert.fail('was accepted'), refusedError);
  assert.equal(error.reason, 'called-ae-title');
  assert.deepEqual(error.rejection, stranger);
  assert.deepEqual(rejectionFor('called-ae-title', true), { result: 1, source: 1, reason: 7 });
});

for (const reason of ['purpose', 'operation', 'sop-class'] as const) {
  test(`an operation is refused because ${refusalReasons[reason]}, and it is recorded`, async () => {
    await using house = makeHouse();
    const { guard, ledger, store } = house;
    enrol(store);
    const session = guard.session(await guard.identify(peerFacts()));
    const { during, operation } = scenarios[reason];
    during(house);
    const error = await session.admit(operation).then(() => assert.fail('was admitted'), refusedError);
    assert.equal(error.reason, reason);
    assert.equal(error.code, 'NOT_AUTHORIZED');
    assert.equal(ledger.codes.at(-1), '110113/110132 8');
    assert.equal(ledger.last.reason, reason);
    assert.equal(ledger.last.device, 'CT1');
    assert.equal(ledger.last.transferId, session.id);
  });
}

test('a move to a destination that the opening does not name is refused and recorded with it', async () => {
  await using house = makeHouse();
  enrol(house.store, { purpose: 'reading' });
  const session = house.guard.session(await house.guard.identify(peerFacts()));
  const error = await session
    .admit(scenarios.destination.operation)
    .then(() => assert.fail('was admitted'), refusedError);
  assert.equal(error.reason, 'destination');
  assert.match(detailOf(house.ledger.last.xml), /retrieve by move to EVIL/);
});

test('a study that was not released looks as if it did not exist, and the ledger says that it was asked for', async () => {
  await using house = makeHouse();
  enrol(house.store, { purpose: 'exchange' });
  const session = house.guard.session(await house.guard.identify(peerFacts()));
  await using admission = await session.admit(retrieveOf({ keys: { studyInstanceUids: [studyB] } }));
  assert.deepEqual(admission.pass.scope.studyInstanceUids, []);
  assert.equal(house.ledger.last.reason, 'outside-scope');
  assert.deepEqual(house.ledger.last.studyInstanceUids, [studyB]);
});

test('a data set that the backend finds outside the scope is recorded as a restricted use', async () => {
  await using house = makeHouse();
  enrol(house.store, { scope: { modalities: ['CT'] } });
  const session = house.guard.session(await house.guard.identify(peerFacts()));
  {
    await using admission = await session.admit(storeOf());
    assert.deepEqual(admission.pass.scope, { modalities: ['CT'] });
    await admission.involving(headOf());
    const { LeadglassError } = await import('../error.ts');
    admission.failed(new LeadglassError('NOT_AUTHORIZED', 'outside'));
  }
  assert.equal(house.ledger.codes.at(-1), '110113/110132 8');
  assert.equal(house.ledger.last.reason, 'outside-scope');
});

test('operations above the rate of a session are refused, recorded at each doubling, and admitted a second later', async () => {
  const few = { ...limits, operationsPerSecondMax: 3 };
  await using house = makeHouse({ limits: few });
  enrol(house.store);
  const session = house.guard.session(await house.guard.identify(peerFacts()));
  const outcomes: boolean[] = [];
  for (let count = 0; count < 9; count += 1) {
    outcomes.push(
      await session.admit({ kind: 'verify' }).then(
        () => true,
        (error: unknown) => {
          assert.equal(refusedError(error).reason, 'too-many-operations');
          assert.equal(refusedError(error).code, 'LIMIT_EXCEEDED');
          return false;
        },
      ),
    );
  }
  assert.deepEqual(outcomes, [true, true, true, false, false, false, false, false, false]);
  assert.equal(house.ledger.records.filter(({ reason }) => reason === 'too-many-operations').length, 3);
  house.clock.nowMs += 1000;
  await session.admit({ kind: 'verify' });
});

test('refused operations flooding in are recorded up to a number and then at each doubling', async () => {
  await using house = makeHouse({ limits: { ...limits, refusalsRecordedMax: 3 } });
  enrol(house.store);
  const session = house.guard.session(await house.guard.identify(peerFacts()));
  const before = house.ledger.records.length;
  for (let count = 1; count <= 20; count += 1) {
    await assert.rejects(session.admit({ kind: 'remove', studyInstanceUid: studyB, step: 'finish', reason: 'r' }));
  }
  // 1, 2, 3, then 4, 8 and 16.
  assert.equal(house.ledger.records.length - before, 6);
  await session.end('released');
  assert.match(house.ledger.last.xml, /20 operations refused/);
});

test('an operation after the end of its session is refused', async () => {
  await using house = makeHouse();
  enrol(house.store);
  const session = house.guard.session(await house.guard.identify(peerFacts()));
  await session.end('released');
  await assert.rejects(session.admit({ kind: 'verify' }), (error) => refusedError(error).reason === 'session-ended');
});

test('refusals flooding in from one address are recorded up to the limit and then at each doubling', async () => {
  const few = { ...limits, failedIdentificationsPerAddressMax: 5 };
  await using house = makeHouse({ limits: few });
  for (let count = 0; count < 40; count += 1) await assert.rejects(house.guard.identify(peerFacts()));
  // 1 2 3 4 5, 8, 16, 32
  assert.equal(house.ledger.records.length, 8);
  assert.match(detailOf(house.ledger.last.xml), /32 failed identifications/);
});

test('what a stranger sends in place of names is made printable before it is recorded', async () => {
  await using house = makeHouse();
  const callingAeTitle = 'A\u0000\r\n<script>\u202E';
  const certificate = certificateFacts({ subject: `CN=${'x'.repeat(10_000)}\n`, serialNumber: '\u001b[2J' });
  await assert.rejects(house.guard.identify(peerFacts({ callingAeTitle, certificate })));
  assert.equal(house.ledger.last.device, 'A???<script>?');
  assert.ok(house.ledger.last.xml.length < 4000);
  assert.ok(!house.ledger.last.xml.includes('\u001b'));
});

function refusedError(error: unknown): RefusedError {
  assert.ok(error instanceof RefusedError, String(error));
  return error;
}

/** The alert's description, out of the base64 of the message. */
function detailOf(xml: string): string {
  const value = /type="Alert Description" value="([^"]*)"/.exec(xml)?.[1] ?? '';
  return Buffer.from(value, 'base64').toString('utf8');
}
