/**
 * Role × workstation × operation: what a person may do at a workstation is what role and purpose both hold, at the web door and by commands
 * alike; a session belongs to the place where it was begun; a workstation that ends takes what runs at it along.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { PersonSession } from './identify/person.ts';
import type { Operation } from './operation.ts';
import { hangsOn, type PersonPrincipal } from './principal.ts';
import type { RefusalReason } from './refusal.ts';
import { type Role, roleBounds, roles } from './roles.ts';
import {
  aet,
  type Cell,
  cellOf,
  certificateFacts,
  ctImage,
  dayMs,
  doctor,
  enrol,
  findOf,
  fingerprintOf,
  greyscalePresentation,
  makeHouse,
  personTerms,
  retrieveOf,
  startMs,
  storeOf,
  studyA,
  TestAccessTokens,
  TestPersons,
  webFacts,
} from './test-support.ts';
import { isWorkstationPurpose, type WorkstationPurpose, workstationPurposes } from './workstations.ts';

const operations = {
  find: findOf(),
  'retrieve web': retrieveOf({ via: 'web' }),
  'retrieve export': retrieveOf({ via: 'export' }),
  'retrieve move': retrieveOf({ via: 'move', destination: aet('WS1') }),
  'store image': storeOf(ctImage),
  'store evidence': storeOf(greyscalePresentation),
  remove: { kind: 'remove', studyInstanceUid: studyA, step: 'request', reason: 'r' },
  'remove finish': { kind: 'remove', studyInstanceUid: studyA, step: 'finish', reason: 'r' },
  resolve: { kind: 'resolve', conflictId: 1, keep: 'stored', reason: 'r' },
  verify: { kind: 'verify' },
  'device list': { kind: 'administer', command: 'device list', summary: 's' },
  'device add': { kind: 'administer', command: 'device add', summary: 's' },
  'account invite': { kind: 'administer', command: 'account invite', summary: 's' },
  'ledger show': { kind: 'administer', command: 'ledger show', summary: 's' },
  'conflict list': { kind: 'administer', command: 'conflict list', summary: 's' },
  'study release': { kind: 'administer', command: 'study release', summary: 's' },
  'emergency open': { kind: 'administer', command: 'emergency open', summary: 's' },
  'emergency review': { kind: 'administer', command: 'emergency review', summary: 's' },
  'study list': { kind: 'administer', command: 'study list', summary: 's' },
} as const satisfies Record<string, Operation>;
type Case = keyof typeof operations;

/** What the purpose leaves of what anybody could be given; all else is refused there, whatever the role. */
const leaves = {
  'workstation-reading': ['find', 'retrieve web', 'store evidence', 'emergency open'],
  'workstation-exchange': [
    'find',
    'retrieve web',
    'retrieve export',
    'store image',
    'store evidence',
    'remove',
    'resolve',
    'device list',
    'conflict list',
    'study release',
    'emergency open',
  ],
  'workstation-administration': ['device list', 'device add', 'account invite', 'ledger show', 'emergency review'],
} as const satisfies Record<WorkstationPurpose, readonly Case[]>;

function house(options: Parameters<typeof makeHouse>[0] = {}) {
  const persons = new TestPersons();
  return { persons, ...makeHouse({ persons, ...options }) };
}
type Given = ReturnType<typeof house>;

const atRoom = { certificate: certificateFacts({ fingerprint256: fingerprintOf('ROOM1') }) };

function enrolRoom({ store }: Given, purpose: WorkstationPurpose = 'workstation-reading', name = 'ROOM1'): number {
  return enrol(store, { name, device: aet(name), purpose, doors: ['web'] });
}

/** With everything that the role can hold, and a second factor just shown. */
function signIn({ persons, store }: Given, role: Role, workstation?: string): string {
  const { operations: all } = roleBounds[role];
  if (all.length > 0) store.personOpenings.add(personTerms({ role, operations: [...all] }), startMs);
  return persons.set({
    account: doctor,
    role,
    freshUntilMs: startMs + dayMs,
    ...(workstation === undefined ? {} : { workstation }),
  });
}

async function cellsOf(given: Given, secret: string, shown: object): Promise<ReadonlyMap<string, Cell>> {
  const session = given.guard.session(await given.guard.identify(webFacts({ session: secret, ...shown })));
  const cells = new Map<string, Cell>();
  for (const [name, operation] of Object.entries<Operation>(operations)) {
    const admitted = session.admit(operation).then((admission) => admission[Symbol.asyncDispose]());
    cells.set(name, await cellOf(admitted));
  }
  return cells;
}

for (const purpose of workstationPurposes) {
  for (const role of roles) {
    test(`a ${role} at a ${purpose} does what both may, and nothing else`, async () => {
      await using anywhere = house();
      const alone = await cellsOf(anywhere, signIn(anywhere, role), {});
      await using given = house();
      enrolRoom(given, purpose);
      const there = await cellsOf(given, signIn(given, role, 'ROOM1'), atRoom);
      for (const [name, cell] of there) {
        const isLeft = leaves[purpose].some((left) => left === name);
        assert.equal(cell, isLeft ? alone.get(name) : 'workstation-purpose', name);
      }
    });
  }
}

test('a reading station cannot export or administer, an administration station cannot see images: in the tables themselves', () => {
  for (const role of roles) {
    const seesImages = roleBounds[role].operations.length > 0;
    assert.ok(!seesImages || !leaves['workstation-administration'].some((left) => /find|retrieve|store/.test(left)));
  }
  assert.ok(!leaves['workstation-reading'].some((left) => /export|release|device|account|ledger|remove/.test(left)));
  assert.deepEqual(['reading', 'workstation', 'workstation-', ''].filter(isWorkstationPurpose), []);
});

test('the ledger names person and workstation, at the beginning and with each use', async () => {
  await using given = house();
  enrolRoom(given);
  const secret = signIn(given, 'physician', 'ROOM1');
  const principal = await given.guard.identify(webFacts({ session: secret, ...atRoom }));
  const { last } = given.ledger;
  assert.equal(last.principal, `person ${doctor}`);
  assert.equal(last.device, 'ROOM1');
  assert.match(last.xml, /at workstation ROOM1 \(workstation-reading\)/);
  assert.match(last.xml, /<ActiveParticipant UserID="ROOM1@10\.1\.2\.3"/);
  assert.match(last.xml, new RegExp(`<ActiveParticipant UserID="${doctor}"`));
  const session = given.guard.session(principal);
  await session.admit(findOf()).then((admission) => admission[Symbol.asyncDispose]());
  assert.match(given.ledger.last.xml, /UserID="ROOM1@10\.1\.2\.3"/);
});

test('a stolen cookie is good nowhere but at the workstation where its session was begun', async () => {
  await using given = house();
  enrolRoom(given);
  enrolRoom(given, 'workstation-reading', 'ROOM2');
  const secret = signIn(given, 'physician', 'ROOM1');
  const elsewhere = {
    'a browser without a certificate': {},
    'another workstation': { certificate: certificateFacts({ fingerprint256: fingerprintOf('ROOM2') }) },
    'a foreign certificate': { certificate: certificateFacts({ fingerprint256: fingerprintOf('OTHER') }) },
  };
  for (const [name, shown] of Object.entries(elsewhere)) {
    const facts = webFacts({ session: secret, ...shown });
    assert.equal(await cellOf(given.guard.identify(facts)), 'workstation-differs', name);
    assert.equal(given.ledger.last.reason, 'workstation-differs');
    assert.equal(given.ledger.last.principal, `unknown ${doctor}`, 'whose session it was is part of the record');
    assert.match(
      given.ledger.last.xml,
      new RegExp(`<ActiveParticipant UserID="${doctor}"[^>]*UserIsRequestor="false"`),
    );
    assert.equal(await cellOf(given.guard.workstation(facts)), 'workstation-differs', name);
    assert.ok(!given.ledger.last.xml.includes(secret));
  }
  assert.equal(await cellOf(given.guard.identify(webFacts({ session: secret, ...atRoom }))), 'admitted');
});

test('a session that was begun anywhere does not come to a workstation', async () => {
  await using given = house();
  enrolRoom(given);
  const secret = signIn(given, 'physician');
  assert.equal(await cellOf(given.guard.identify(webFacts({ session: secret, ...atRoom }))), 'workstation-differs');
});

test('where a browser stands is known before anybody signs in; a certificate of a modality says nothing', async () => {
  await using given = house();
  enrolRoom(given);
  enrol(given.store, { doors: ['web'] });
  assert.equal(await given.guard.workstation(webFacts(atRoom)), 'ROOM1');
  assert.equal(await given.guard.workstation(webFacts()), undefined);
  assert.equal(await given.guard.workstation(webFacts({ certificate: certificateFacts() })), undefined);
  assert.equal(given.ledger.records.length, 0);
});

test('a workstation whose certificate or opening is not good is no browser without bounds', async () => {
  const closed = { atMs: startMs, by: 'root', reason: 'r' };
  const cases: Partial<Record<RefusalReason, (given: Given) => object>> = {
    'certificate-revoked': ({ store }) => {
      store.revokeCertificate(aet('ROOM1'), fingerprintOf('ROOM1'), closed);
      return atRoom;
    },
    'device-revoked': ({ store }) => {
      store.revokeDevice(aet('ROOM1'), closed);
      return atRoom;
    },
    'opening-closed': ({ store }) => {
      for (const opening of store.openings()) store.closeOpening(opening, closed);
      return atRoom;
    },
    'opening-ended': ({ clock }) => {
      clock.nowMs += 31 * dayMs;
      return atRoom;
    },
    'certificate-expired': () => ({ certificate: { ...atRoom.certificate, notAfterMs: startMs - 1 } }),
    'certificate-foreign': () => ({
      certificate: { ...atRoom.certificate, authorized: false, authorizationError: 'DEPTH_ZERO_SELF_SIGNED_CERT' },
    }),
    'device-ambiguous': ({ store }) => {
      const { name } = store.devices()[0] ?? {};
      assert.equal(name, 'ROOM1');
      store.addDevice({ name: aet('CT9'), purpose: 'archive', reason: 'r', owner: 'root', createdAtMs: startMs });
      const [certificate] = store.certificatesOf(aet('ROOM1'));
      assert.ok(certificate);
      store.addCertificate({ ...certificate, device: aet('CT9') });
      return atRoom;
    },
  };
  for (const [reason, prepare] of Object.entries(cases)) {
    await using given = house();
    enrolRoom(given);
    const secret = given.persons.set({ account: doctor, workstation: 'ROOM1', endsAtMs: startMs + 99 * dayMs });
    const shown = prepare(given);
    assert.equal(await cellOf(given.guard.identify(webFacts({ session: secret, ...shown }))), reason);
    assert.equal(await cellOf(given.guard.workstation(webFacts(shown))), reason, 'nor before anybody has signed in');
    assert.equal(given.ledger.last.reason, reason);
  }
});

test('an opening of the workstation that names addresses holds people to them', async () => {
  await using given = house();
  enrol(given.store, {
    name: 'ROOM1',
    device: aet('ROOM1'),
    purpose: 'workstation-reading',
    doors: ['web'],
    addresses: ['10.1.2.0/24'],
  });
  assert.equal(await given.guard.workstation(webFacts(atRoom)), 'ROOM1');
  assert.equal(await cellOf(given.guard.workstation(webFacts({ ...atRoom, address: '192.0.2.7' }))), 'address');
});

test('revoking the workstation ends what runs at it at once, and nothing elsewhere', async () => {
  await using given = house();
  enrolRoom(given);
  const here = given.guard.session(
    await given.guard.identify(webFacts({ session: signIn(given, 'physician', 'ROOM1'), ...atRoom })),
  );
  const there = given.guard.session(
    await given.guard.identify(webFacts({ session: given.persons.set({ account: 'other@b.example', id: 2 }) })),
  );
  await using admission = await here.admit(findOf());
  assert.equal(given.guard.runningSessions(aet('ROOM1')), 1);
  given.store.revokeDevice(aet('ROOM1'), { atMs: startMs, by: 'root', reason: 'stolen' });
  assert.ok(here.revoked.aborted);
  assert.equal(admission.pass.stillValid(), false);
  assert.equal(await cellOf(here.admit(findOf())), 'device-revoked');
  assert.equal(there.revoked.aborted, false);
});

test('what the workstation may ends with its opening, also in the middle of a session', async () => {
  await using given = house();
  const id = enrolRoom(given);
  const secret = given.persons.set({ account: doctor, workstation: 'ROOM1', endsAtMs: startMs + 99 * dayMs });
  given.store.personOpenings.add(personTerms({ validUntilMs: startMs + 99 * dayMs }), startMs);
  const session = given.guard.session(await given.guard.identify(webFacts({ session: secret, ...atRoom })));
  given.clock.nowMs = startMs + 30 * dayMs - 1;
  await session.admit(findOf()).then((admission) => admission[Symbol.asyncDispose]());
  given.clock.nowMs += 1;
  assert.equal(await cellOf(session.admit(findOf())), 'opening-ended', 'asked at the use, no timer has come');
  given.guard.reviewSessions();
  assert.ok(session.revoked.aborted);
  assert.equal(given.store.opening(id)?.closed, undefined);
});

test('a renewed opening of the workstation lets the session go on', async () => {
  await using given = house();
  enrolRoom(given);
  const secret = signIn(given, 'physician', 'ROOM1');
  const session = given.guard.session(await given.guard.identify(webFacts({ session: secret, ...atRoom })));
  const [before] = given.store.openings();
  assert.ok(before);
  given.store.transaction(() => {
    given.store.closeOpening(before, { atMs: startMs, by: 'root', reason: 'renewed' });
    enrolRoom(given);
  });
  await session.admit(findOf()).then((admission) => admission[Symbol.asyncDispose]());
});

test('a role that works at workstations only may do nothing anywhere else, and says so', async () => {
  await using given = house({ workstationRoles: ['administrator'] });
  enrolRoom(given, 'workstation-administration');
  const anywhere = await cellsOf(given, signIn(given, 'administrator'), {});
  assert.deepEqual(new Set(anywhere.values()), new Set(['workstation-missing']));
  const there = await cellsOf(given, signIn(given, 'administrator', 'ROOM1'), atRoom);
  assert.equal(there.get('device add'), 'admitted');
  const physician = await cellsOf(given, signIn(given, 'physician'), {});
  assert.equal(physician.get('find'), 'admitted', 'other roles are not held to it');
});

test('a workstation by itself, or with a token of its own, does nothing', async () => {
  await using given = house();
  enrolRoom(given);
  const session = given.guard.session(await given.guard.identify(webFacts(atRoom)));
  for (const [name, operation] of Object.entries<Operation>(operations)) {
    assert.equal(await cellOf(session.admit(operation)), 'purpose', name);
  }
});

test('a person hangs on the workstation and on the own account, on no other device', () => {
  const workstation = { device: aet('ROOM1'), purpose: 'workstation-reading', openingId: 1 } as const;
  const base = { kind: 'person', account: doctor, role: 'physician', sessionId: 1, address: '10.1.2.3' } as const;
  const principal: PersonPrincipal = { ...base, freshUntilMs: 0, workstation };
  assert.deepEqual(
    ['ROOM1', `person\\${doctor}`, 'ROOM2', doctor].map((owner) => hangsOn(principal, owner)),
    [true, true, false, false],
  );
});

test('where a passkey says which workstation it is, no certificate is asked for, and everything else holds', async () => {
  await using given = house();
  enrolRoom(given);
  enrolRoom(given, 'workstation-exchange', 'ROOM2');
  given.store.personOpenings.add(personTerms({ operations: ['find', 'get', 'export'] }), startMs);
  const whole = { account: doctor, workstation: 'ROOM1', isByPasskey: true, freshUntilMs: startMs + dayMs } as const;
  const secret = given.persons.set(whole);
  const session = given.guard.session(await given.guard.identify(webFacts({ session: secret })));
  await session.admit(findOf()).then((admission) => admission[Symbol.asyncDispose]());
  assert.equal(await cellOf(session.admit(retrieveOf({ via: 'export' }))), 'workstation-purpose');
  assert.equal(await given.guard.workstation(webFacts({ session: secret })), 'ROOM1');
  assert.equal(await cellOf(given.guard.identify(webFacts({ session: secret, ...atRoom }))), 'admitted');
  const other = { certificate: certificateFacts({ fingerprint256: fingerprintOf('ROOM2') }) };
  assert.equal(await cellOf(given.guard.identify(webFacts({ session: secret, ...other }))), 'workstation-differs');
  given.store.revokeDevice(aet('ROOM1'), { atMs: startMs, by: 'root', reason: 'r' });
  assert.ok(session.revoked.aborted);
  assert.equal(await cellOf(given.guard.identify(webFacts({ session: secret }))), 'device-revoked');
  const nowhere = given.persons.set({ ...whole, id: 2, workstation: 'NOROOM' });
  assert.equal(await cellOf(given.guard.identify(webFacts({ session: nowhere }))), 'device-unknown');
  enrol(given.store);
  const modality = given.persons.set({ ...whole, id: 3, workstation: 'CT1' });
  assert.equal(
    await cellOf(given.guard.identify(webFacts({ session: modality }))),
    'device-unknown',
    'a modality is none',
  );
});

test('what a program was let do at a workstation stays within its bounds, wherever the program runs', async () => {
  const accessTokens = new TestAccessTokens();
  await using given = house({ accessTokens, workstationRoles: ['physician'] });
  enrolRoom(given, 'workstation-administration');
  enrolRoom(given, 'workstation-reading', 'ROOM2');
  given.store.personOpenings.add(personTerms(), startMs);
  const use = async (id: number, session: Partial<PersonSession>, shown: object): Promise<Cell> => {
    const token = accessTokens.set({ id, session });
    const admitted = given.guard
      .identify(webFacts({ token, ...shown }))
      .then((principal) => given.guard.session(principal).admit(findOf()))
      .then((admission) => admission[Symbol.asyncDispose]());
    return await cellOf(admitted);
  };
  assert.equal(await use(1, { workstation: 'ROOM1' }, {}), 'workstation-purpose');
  assert.equal(await use(2, { workstation: 'ROOM2' }, {}), 'admitted');
  assert.equal(await use(3, { workstation: 'ROOM2' }, atRoom), 'workstation-differs', 'and not at another one');
  assert.equal(await use(4, {}, {}), 'workstation-missing', 'a role that is held to workstations comes no other way');
  assert.equal(await use(5, {}, atRoom), 'workstation-purpose', 'a certificate that is shown bounds a program, too');
  const token = accessTokens.set({ id: 6, session: { workstation: 'ROOM2' } });
  const session = given.guard.session(await given.guard.identify(webFacts({ token })));
  given.store.revokeDevice(aet('ROOM2'), { atMs: startMs, by: 'root', reason: 'r' });
  assert.ok(session.revoked.aborted);
});
