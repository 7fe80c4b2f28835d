/** A person at a DIMSE device (PS3.7 D.3.3.7): rights are those of both, and end with either; refused secrets are counted and named. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { limits } from '../limits.ts';
import type { AccountChecker, AccountClaim, UserProof } from './identify/user-identity.ts';
import type { Operation } from './operation.ts';
import { type Role, roleBounds, roles } from './roles.ts';
import {
  aet,
  type Cell,
  cellOf,
  certificateFacts,
  commitOf,
  ctImage,
  dayMs,
  doctor,
  enrol,
  findOf,
  fingerprintOf,
  greyscalePresentation,
  headOf,
  makeHouse,
  peerFacts,
  personTerms,
  plainFacts,
  retrieveOf,
  startMs,
  storeOf,
  studyA,
  TestPersons,
} from './test-support.ts';

const secret = 'the-passcode-of-the-doctor';

/** One passcode of one person, good at CT1 alone. */
class TestUsers implements AccountChecker {
  proof: UserProof | undefined;
  readonly asked: AccountClaim[] = [];

  constructor(role: Role) {
    this.proof = { id: 5, account: doctor, role, endsAtMs: startMs + 3_600_000 };
  }

  async check(claim: AccountClaim) {
    this.asked.push(claim);
    const shown = Buffer.from(claim.kind === 'token' ? claim.primaryField : claim.secondaryField).toString();
    const account = Buffer.from(claim.primaryField).toString() === doctor ? { account: doctor } : {};
    if (this.proof !== undefined && shown === secret && claim.device === 'CT1') {
      return { accepted: true, user: this.proof } as const;
    }
    return { accepted: false, ...account } as const;
  }

  byId(id: number): UserProof | undefined {
    return this.proof?.id === id ? this.proof : undefined;
  }
}

function house(role: Role = 'physician', options: Parameters<typeof makeHouse>[0] = {}) {
  const persons = new TestPersons();
  const users = new TestUsers(role);
  return { persons, users, ...makeHouse({ persons, accounts: users, ...options }) };
}
type Given = ReturnType<typeof house>;

const identity = (type: 2 | 5, passcode = secret, name: string = doctor) => ({
  type,
  positiveResponseRequested: true,
  primaryField: Buffer.from(type === 5 ? passcode : name),
  secondaryField: Buffer.from(type === 5 ? '' : passcode),
});

const moveDestinations = [{ aeTitle: aet('WS1'), host: 'ws1', port: 104, trust: 'own-authority' }];
async function sessionOf(given: Given, facts = peerFacts({ userIdentity: identity(2) })) {
  return given.guard.session(await given.guard.identify(facts));
}

const operations = {
  verify: { kind: 'verify' },
  find: findOf(),
  get: retrieveOf({ via: 'get' }),
  move: retrieveOf({ via: 'move', destination: aet('WS1') }),
  'store image': storeOf(ctImage),
  'store evidence': storeOf(greyscalePresentation),
  commit: commitOf(),
  remove: { kind: 'remove', studyInstanceUid: studyA, step: 'request', reason: 'r' },
  administer: { kind: 'administer', command: 'device list', summary: 's' },
} as const satisfies Record<string, Operation>;
type Case = keyof typeof operations;

const noImages = {
  verify: 'admitted',
  find: 'role',
  get: 'role',
  move: 'role',
  'store image': 'role',
  'store evidence': 'role',
  commit: 'role',
  remove: 'role',
  administer: 'purpose',
} as const;
/** At an archive device that holds everything, each with all that the role can hold: what is left is the person's. */
const mayDo = {
  physician: {
    ...noImages,
    find: 'admitted',
    get: 'admitted',
    move: 'admitted',
    'store image': 'sop-class',
    'store evidence': 'admitted',
    // Of images: who may not store them may not ask for them either.
    commit: 'sop-class',
  },
  technologist: {
    ...noImages,
    find: 'admitted',
    get: 'admitted',
    move: 'admitted',
    'store image': 'admitted',
    'store evidence': 'admitted',
    commit: 'admitted',
    // A program shows a passcode again and again: that is no fresh second factor.
    remove: 'step-up',
  },
  researcher: noImages,
  'exchange-clerk': {
    ...noImages,
    find: 'admitted',
    get: 'admitted',
    move: 'admitted',
    'store image': 'admitted',
    'store evidence': 'admitted',
    commit: 'admitted',
  },
  administrator: noImages,
  'security-officer': noImages,
} as const satisfies Record<Role, Record<Case, Cell>>;

for (const role of roles) {
  test(`a ${role} at a device that may do everything does what the role holds`, async () => {
    await using given = house(role);
    enrol(given.store, {
      purpose: 'archive',
      operations: ['verify', 'store', 'commit', 'find', 'get', 'move', 'remove'],
      moveDestinations,
    });
    const { operations: all } = roleBounds[role];
    if (all.length > 0) given.store.personOpenings.add(personTerms({ role, operations: [...all] }), startMs);
    const session = await sessionOf(given);
    for (const [name, cell] of Object.entries<Cell>(mayDo[role])) {
      const operation = new Map<string, Operation>(Object.entries(operations)).get(name);
      assert.ok(operation);
      const admitted = session.admit(operation).then((admission) => admission[Symbol.asyncDispose]());
      assert.equal(await cellOf(admitted), cell, name);
    }
    const offered = (['store', 'find', 'get', 'move', 'commit', 'remove'] as const).filter((word) =>
      session.offers(word),
    );
    const seesImages = mayDo[role].find === 'admitted';
    assert.deepEqual(offered, seesImages ? ['store', 'find', 'get', 'move', 'commit'] : []);
    assert.equal(session.offers('store', ctImage), mayDo[role]['store image'] === 'admitted');
    assert.ok(session.offers('verify'));
  });
}

test('a person opens nothing that the device does not hold', async () => {
  await using given = house('technologist');
  enrol(given.store, { purpose: 'acquisition' });
  const all = [...roleBounds.technologist.operations];
  given.store.personOpenings.add(personTerms({ role: 'technologist', operations: all }), startMs);
  const session = await sessionOf(given);
  assert.equal(await cellOf(session.admit(findOf())), 'purpose');
  assert.equal(session.offers('find'), false);
});

test('the scope is what is inside both', async () => {
  await using given = house();
  enrol(given.store, {
    purpose: 'reading',
    scope: { modalities: ['CT', 'MR'], studyDateFrom: '20260101', departments: ['Radiology'] },
  });
  const scope = { modalities: ['MR', 'US'], studyDateFrom: '20260601', departments: [' radiology ', 'ward'] };
  given.store.personOpenings.add(personTerms({ scope }), startMs);
  await using admission = await (await sessionOf(given)).admit(findOf());
  assert.deepEqual(admission.pass.scope, {
    modalities: ['MR'],
    departments: ['radiology'],
    studyDateFrom: '20260601',
  });
});

test('without an opening of the person a proven name reaches no image', async () => {
  await using given = house();
  enrol(given.store, { purpose: 'reading' });
  const session = await sessionOf(given);
  assert.equal(await cellOf(session.admit(findOf())), 'no-opening');
  assert.equal(session.offers('find'), false);
});

for (const type of [2, 5] as const) {
  test(`the person of type ${type} is an active participant of every record, and the secret of none`, async () => {
    await using given = house();
    enrol(given.store, { purpose: 'reading' });
    given.store.personOpenings.add(personTerms(), startMs);
    const session = await sessionOf(given, peerFacts({ userIdentity: identity(type) }));
    await session.admit(findOf()).then((admission) => admission[Symbol.asyncDispose]());
    {
      await using admission = await session.admit(retrieveOf());
      await admission.involving(headOf());
      admission.transferred(headOf());
      admission.succeeded();
    }
    await cellOf(session.admit(storeOf(ctImage)));
    await session.end('released');
    assert.ok(given.ledger.records.length >= 6);
    for (const { xml, principal, device } of given.ledger.records) {
      assert.match(xml, new RegExp(`<ActiveParticipant UserID="${doctor}"`));
      assert.match(xml, /<ActiveParticipant UserID="CT1@10\.1\.2\.3"/);
      assert.deepEqual([principal, device], [`person ${doctor}`, 'CT1']);
      assert.ok(!xml.includes(secret));
    }
    assert.match(given.ledger.records[0]?.xml ?? '', /with physician by passcode 5/);
  });
}

test('a wrong secret under a known name is recorded with that name; under an unknown one with none', async () => {
  await using given = house();
  enrol(given.store, { purpose: 'reading' });
  const wrong = peerFacts({ userIdentity: identity(2, 'guessed') });
  assert.equal(await cellOf(given.guard.identify(wrong)), 'user-identity');
  assert.equal(given.ledger.last.principal, `unknown ${doctor}`);
  assert.match(given.ledger.last.xml, new RegExp(`<ActiveParticipant UserID="${doctor}"`));
  const typed = peerFacts({ userIdentity: identity(2, 'guessed', 'hunter2 in the wrong field') });
  assert.equal(await cellOf(given.guard.identify(typed)), 'user-identity');
  assert.equal(given.ledger.last.principal, 'unknown');
  for (const { xml } of given.ledger.records) assert.ok(!/guessed|hunter2/.test(xml));
});

test('a passcode at another device, or without TLS, is refused; without TLS it is not even looked at', async () => {
  await using given = house();
  enrol(given.store, { purpose: 'reading' });
  enrol(given.store, { name: 'MR1', device: aet('MR1'), purpose: 'reading' });
  const elsewhere = peerFacts({ callingAeTitle: 'MR1', userIdentity: identity(2) });
  assert.equal(await cellOf(given.guard.identify(elsewhere)), 'user-identity');
  const plain = { doors: ['dimse-plain' as const], addresses: ['10.1.2.3/32'], plain: { risk: 'r', port: 11_112 } };
  enrol(given.store, { name: 'CT1-plain', purpose: 'reading', ...plain });
  const before = given.users.asked.length;
  assert.equal(await cellOf(given.guard.identify(plainFacts({ userIdentity: identity(2) }))), 'user-identity-plain');
  assert.equal(given.users.asked.length, before);
});

test('who does not show a good certificate is refused before a secret is looked at', async () => {
  await using given = house();
  enrol(given.store, { purpose: 'reading' });
  const foreign = peerFacts({
    certificate: certificateFacts({ fingerprint256: fingerprintOf('X') }),
    userIdentity: identity(2),
  });
  assert.equal(await cellOf(given.guard.identify(foreign)), 'certificate-unknown');
  assert.equal(given.users.asked.length, 0);
});

test('a device that guesses is not listened to any more, from whatever address, while its own association still is', async () => {
  await using given = house('physician', { limits: { ...limits, failedIdentificationsPerAddressMax: 4 } });
  enrol(given.store, { purpose: 'reading' });
  given.store.personOpenings.add(personTerms(), startMs);
  for (let count = 0; count < 4; count += 1) {
    const facts = peerFacts({ address: `10.1.2.${count}`, userIdentity: identity(2, `guess ${count}`) });
    assert.equal(await cellOf(given.guard.identify(facts)), 'user-identity');
  }
  const asked = given.users.asked.length;
  const right = peerFacts({ address: '10.1.2.99', userIdentity: identity(2) });
  assert.equal(await cellOf(given.guard.identify(right)), 'too-many-failures');
  assert.equal(given.users.asked.length, asked);
  assert.equal(await cellOf(given.guard.identify(peerFacts({ address: '10.1.2.99' }))), 'admitted');
  given.clock.nowMs += limits.failedIdentificationWindowMs;
  assert.equal(await cellOf(given.guard.identify(right)), 'admitted');
});

test('disabling the account, or ending the passcode, ends the running association at once', async () => {
  await using given = house();
  enrol(given.store, { purpose: 'reading' });
  given.store.personOpenings.add(personTerms(), startMs);
  const session = await sessionOf(given);
  const device = given.guard.session(await given.guard.identify(peerFacts()));
  await using admission = await session.admit(retrieveOf());
  given.users.proof = undefined;
  given.persons.end();
  assert.equal(session.revoked.aborted, false, 'nobody has said whose account changed');
  given.persons.set({ account: doctor });
  assert.ok(session.revoked.aborted);
  assert.equal(admission.pass.stillValid(), false);
  assert.equal(await cellOf(session.admit(findOf())), 'user-identity-over');
  assert.equal(device.revoked.aborted, false, 'the device goes on without the person');
});

test('the association ends with the hour of the passcode, in the middle of a stream', async () => {
  await using given = house();
  enrol(given.store, { purpose: 'reading' });
  given.store.personOpenings.add(personTerms(), startMs);
  const session = await sessionOf(given);
  await using admission = await session.admit(retrieveOf());
  given.clock.nowMs += 3_600_000 - 1;
  assert.ok(admission.pass.stillValid());
  given.clock.nowMs += 1;
  assert.equal(admission.pass.stillValid(), false);
  assert.ok(session.isOver());
  assert.equal(await cellOf(session.admit(findOf())), 'user-identity-over');
});

test('another role ends it; a closed opening of the person takes the images and leaves the association', async () => {
  await using given = house();
  enrol(given.store, { purpose: 'reading' });
  const id = given.store.personOpenings.add(personTerms(), startMs);
  const session = await sessionOf(given);
  const opening = given.store.personOpenings.byId(id);
  assert.ok(opening);
  given.store.personOpenings.close(opening, { atMs: startMs, by: 'root', reason: 'r' });
  assert.equal(session.revoked.aborted, false);
  assert.equal(await cellOf(session.admit(findOf())), 'opening-closed');
  assert.equal(await cellOf(session.admit({ kind: 'verify' })), 'admitted');
  given.users.proof = { id: 5, account: doctor, role: 'technologist', endsAtMs: startMs + dayMs };
  given.persons.set({ account: doctor });
  assert.equal(await cellOf(session.admit(findOf())), 'role');
});
