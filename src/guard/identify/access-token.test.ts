/** Person × operation × token: a program has what the person has, narrowed by what it was let do, and only as long as both stand. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ownerOfPerson } from '../principal.ts';
import type { Operation } from '../operation.ts';
import { type PersonOperation, roleBounds, roles } from '../roles.ts';
import {
  cellOf,
  commitOf,
  dayMs,
  doctor,
  findOf,
  greyscalePresentation,
  makeHouse,
  personTerms,
  retrieveOf,
  startMs,
  storeOf,
  studyA,
  TestAccessTokens,
  webFacts,
} from '../test-support.ts';

function house() {
  const accessTokens = new TestAccessTokens();
  return { accessTokens, ...makeHouse({ accessTokens }) };
}

const operations = {
  find: findOf(),
  get: retrieveOf({ via: 'web' }),
  store: storeOf(greyscalePresentation),
  export: retrieveOf({ via: 'export' }),
  'retrieve get': retrieveOf({ via: 'get' }),
  remove: { kind: 'remove', studyInstanceUid: studyA, step: 'request', reason: 'r' },
  resolve: { kind: 'resolve', conflictId: 1, keep: 'stored', reason: 'r' },
  verify: { kind: 'verify' },
  commit: commitOf(),
  'account invite': { kind: 'administer', command: 'account invite', summary: 's' },
  'account list': { kind: 'administer', command: 'account list', summary: 's' },
  'client add': { kind: 'administer', command: 'client add', summary: 's' },
} as const satisfies Record<string, Operation>;

const grants: readonly (readonly PersonOperation[])[] = [
  [],
  ['find'],
  ['get'],
  ['store'],
  ['find', 'get'],
  ['find', 'get', 'store'],
  // What no scope of ours gives: it would still not do.
  ['find', 'get', 'store', 'export', 'remove'],
];

for (const role of roles) {
  test(`a program of a ${role} does what it was let do and the ${role} may, and nothing else`, async () => {
    for (const granted of grants) {
      await using given = house();
      const held: readonly PersonOperation[] = roleBounds[role].operations;
      const scope = role === 'researcher' ? { deIdentified: { project: 'lung', options: [] } } : {};
      if (held.length > 0) given.store.personOpenings.add(personTerms({ role, operations: [...held], scope }), startMs);
      // A second factor of the person's was just shown: the program has nothing of it.
      const token = given.accessTokens.set({ session: { role, freshUntilMs: startMs + dayMs }, operations: granted });
      const session = given.guard.session(await given.guard.identify(webFacts({ token })));
      for (const [name, operation] of Object.entries<Operation>(operations)) {
        const isLet = ['find', 'get', 'store'].includes(name) && granted.some((one) => one === name);
        const isHeld = held.some((one) => one === name);
        const cell = await cellOf(session.admit(operation).then((one) => one[Symbol.asyncDispose]()));
        assert.equal(cell, isLet ? (isHeld ? 'admitted' : 'role') : 'token-scope', `${granted.join()} ${name}`);
      }
    }
  });
}

test('a token never reaches what its person has no opening for', async () => {
  await using given = house();
  given.store.personOpenings.add(personTerms({ operations: ['find'], scope: { modalities: ['CT'] } }), startMs);
  const token = given.accessTokens.set({ operations: ['find', 'get', 'store'] });
  const session = given.guard.session(await given.guard.identify(webFacts({ token })));
  assert.equal(await cellOf(session.admit(retrieveOf({ via: 'web' }))), 'operation');
  await using admission = await session.admit(findOf());
  assert.deepEqual(admission.pass.scope, { modalities: ['CT'] });
});

test('the ledger names the person and the program; the token itself is in no record', async () => {
  await using given = house();
  given.store.personOpenings.add(personTerms(), startMs);
  const token = given.accessTokens.set({ id: 5 });
  const principal = await given.guard.identify(webFacts({ token }));
  assert.deepEqual(principal, {
    kind: 'person',
    account: doctor,
    role: 'physician',
    sessionId: 7,
    openingId: 1,
    address: '10.1.2.3',
    freshUntilMs: 0,
    access: { tokenId: 5, program: 'viewer', operations: ['find', 'get'] },
  });
  assert.equal(given.ledger.last.principal, `person ${doctor}`);
  assert.match(given.ledger.last.xml, /physician, in session 7, by program viewer with token 5/);
  for (const { xml } of given.ledger.records) assert.ok(!xml.includes(token));
});

test('what runs by a token ends at once with the token, and with the opening', async () => {
  await using given = house();
  const id = given.store.personOpenings.add(personTerms(), startMs);
  const token = given.accessTokens.set({});
  const session = given.guard.session(await given.guard.identify(webFacts({ token })));
  await using running = await session.admit(retrieveOf({ via: 'web' }));
  assert.ok(running.pass.stillValid());
  const opening = given.store.personOpenings.byId(id);
  assert.ok(opening !== undefined);
  given.store.personOpenings.close(opening, { atMs: startMs, by: 'root', reason: 'r' });
  assert.ok(!running.pass.stillValid(), 'the opening was closed');
  assert.ok(!session.revoked.aborted);
  given.accessTokens.end();
  assert.ok(session.revoked.aborted, 'the token has ended');
  assert.equal(await cellOf(session.admit(findOf())), 'token-ended');
});

test('a token that is late, unknown or of nobody is refused', async () => {
  await using given = house();
  given.store.personOpenings.add(personTerms(), startMs);
  const token = given.accessTokens.set({});
  const session = given.guard.session(await given.guard.identify(webFacts({ token })));
  given.clock.nowMs += 600_001;
  assert.equal(await cellOf(session.admit(findOf())), 'token-expired');
  for (const text of [token, 'token-of-2', '', 'a.b.c', `${token} ${token}`]) {
    assert.equal(await cellOf(given.guard.identify(webFacts({ token: text }))), 'token-unknown', text);
  }
  const ended = given.accessTokens.set({ id: 3, session: { endsAtMs: startMs }, notAfterMs: startMs + 10 * dayMs });
  assert.equal(await cellOf(given.guard.identify(webFacts({ token: ended }))), 'token-unknown');
});

test('a token beside a session is somebody who mixes up two, whatever the token is', async () => {
  await using given = house();
  const token = given.accessTokens.set({});
  assert.equal(await cellOf(given.guard.identify(webFacts({ token, session: 'secret' }))), 'credentials-differ');
});

test('an installation that lets no program in knows no token', async () => {
  await using given = makeHouse();
  assert.equal(await cellOf(given.guard.identify(webFacts({ token: 'token-of-1' }))), 'token-unknown');
});

test('a program counts as its person: both have the limit of one', async () => {
  await using given = house();
  given.store.personOpenings.add(personTerms(), startMs);
  const token = given.accessTokens.set({});
  given.guard.session(await given.guard.identify(webFacts({ token })));
  assert.equal(given.guard.runningSessions(), 1);
  assert.equal(ownerOfPerson(doctor), `person\\${doctor}`);
});

test('what is opened in an emergency is for its session at the console, not for a program of the same person', async () => {
  await using given = house();
  given.store.personOpenings.add(personTerms({ operations: ['find'], scope: { modalities: ['CT'] } }), startMs);
  const emergency = { emergency: { sessionId: 7 }, operations: ['find', 'get'] as const };
  const scope = { patients: [{ patientId: 'P1', issuer: '' }] };
  given.store.personOpenings.add(personTerms({ ...emergency, operations: ['find', 'get'], scope }), startMs);
  const token = given.accessTokens.set({ operations: ['find', 'get'], session: { id: 7 } });
  const session = given.guard.session(await given.guard.identify(webFacts({ token })));
  assert.equal(await cellOf(session.admit(retrieveOf({ via: 'web' }))), 'operation');
  await using admission = await session.admit(findOf());
  assert.deepEqual(admission.pass.scope, { modalities: ['CT'] });
});
