import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseAeTitle } from '../../dicom/ae-title.ts';
import { ownerOfPerson } from '../principal.ts';
import { limits } from '../../limits.ts';
import { RefusedError } from '../refusal.ts';
import {
  certificateFacts,
  dayMs,
  doctor,
  enrol,
  findOf,
  makeHouse,
  personTerms,
  startMs,
  TestPersons,
  webFacts,
} from '../test-support.ts';

function house(options: Parameters<typeof makeHouse>[0] = {}) {
  const persons = new TestPersons();
  return { persons, ...makeHouse({ persons, ...options }) };
}

async function reasonOf(attempt: Promise<unknown>): Promise<string> {
  const error: unknown = await attempt.then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  assert.ok(error instanceof RefusedError, String(error));
  return error.reason;
}

test('a person comes with the secret of a session and is named in the ledger; the secret is not', async () => {
  await using given = house();
  given.store.personOpenings.add(personTerms(), startMs);
  const session = given.persons.set({ account: doctor, id: 7 });
  const principal = await given.guard.identify(webFacts({ session }));
  assert.deepEqual(principal, {
    kind: 'person',
    account: doctor,
    role: 'physician',
    sessionId: 7,
    openingId: 1,
    address: '10.1.2.3',
    freshUntilMs: startMs,
  });
  assert.equal(given.ledger.codes.at(-1), '110114/110122 0');
  assert.equal(given.ledger.last.principal, `person ${doctor}`);
  assert.equal(given.ledger.last.address, '10.1.2.3');
  assert.match(given.ledger.last.xml, /physician, in session 7/);
  const running = given.guard.session(principal);
  await using admission = await running.admit(findOf());
  assert.ok(admission.pass.stillValid());
  for (const { xml } of given.ledger.records) assert.ok(!xml.includes(session));
});

test('a guessed, ended or too old session is nobody', async () => {
  await using given = house();
  given.store.personOpenings.add(personTerms(), startMs);
  const session = given.persons.set({ account: doctor });
  assert.equal(await reasonOf(given.guard.identify(webFacts({ session: 'secret-of-2' }))), 'session-unknown');
  given.persons.end();
  assert.equal(await reasonOf(given.guard.identify(webFacts({ session }))), 'session-unknown');
  given.persons.set({ account: doctor, endsAtMs: startMs });
  assert.equal(await reasonOf(given.guard.identify(webFacts({ session }))), 'session-unknown');
});

test('an installation without accounts knows no session', async () => {
  await using given = makeHouse();
  assert.equal(await reasonOf(given.guard.identify(webFacts({ session: 'secret-of-1' }))), 'session-unknown');
});

test('a session beside a token is refused: two who ask are none', async () => {
  await using given = house();
  const session = given.persons.set({ account: doctor });
  assert.equal(await reasonOf(given.guard.identify(webFacts({ session, token: 'x' }))), 'credentials-differ');
});

test('the certificate that a browser sends by itself adds nothing to a session', async () => {
  await using given = house();
  enrol(given.store, { purpose: 'archive', doors: ['web'] });
  const session = given.persons.set({ account: doctor });
  const principal = await given.guard.identify(webFacts({ session, certificate: certificateFacts() }));
  assert.equal(principal.kind, 'person');
  assert.equal(await reasonOf(given.guard.session(principal).admit(findOf())), 'no-opening');
});

test('when the session ends, what runs in it ends', async () => {
  await using given = house();
  given.store.personOpenings.add(personTerms(), startMs);
  const session = given.persons.set({ account: doctor });
  const running = given.guard.session(await given.guard.identify(webFacts({ session })));
  await using admission = await running.admit(findOf());
  given.persons.end();
  assert.ok(running.revoked.aborted);
  assert.equal(admission.pass.stillValid(), false);
  assert.equal(await reasonOf(running.admit(findOf())), 'session-over');
});

test('a session that grows too old ends at its time, without anybody saying so', async () => {
  await using given = house();
  const session = given.persons.set({ account: doctor, endsAtMs: startMs + 1000 });
  const running = given.guard.session(await given.guard.identify(webFacts({ session })));
  given.clock.nowMs += 999;
  given.guard.reviewSessions();
  assert.equal(running.revoked.aborted, false);
  given.clock.nowMs += 1;
  given.guard.reviewSessions();
  assert.ok(running.revoked.aborted);
});

test('an opening that is closed takes the images away and leaves the person signed in', async () => {
  await using given = house();
  const { personOpenings } = given.store;
  personOpenings.add(personTerms(), startMs);
  const session = given.persons.set({ account: doctor });
  const running = given.guard.session(await given.guard.identify(webFacts({ session })));
  await using admission = await running.admit(findOf());
  const [opening] = personOpenings.of(doctor);
  assert.ok(opening);
  assert.ok(personOpenings.close(opening, { atMs: startMs, by: 'root', reason: 'left the ward' }));
  assert.equal(admission.pass.stillValid(), false);
  assert.equal(running.revoked.aborted, false);
  assert.equal(await reasonOf(running.admit(findOf())), 'opening-closed');
  assert.equal(personOpenings.close(opening, { atMs: startMs, by: 'root', reason: 'again' }), false);
});

test('an opening that ends takes the images away at its moment', async () => {
  await using given = house();
  given.store.personOpenings.add(personTerms({ validUntilMs: startMs + 1000 }), startMs);
  const session = given.persons.set({ account: doctor });
  const running = given.guard.session(await given.guard.identify(webFacts({ session })));
  await using admission = await running.admit(findOf());
  given.clock.nowMs += 1000;
  assert.equal(admission.pass.stillValid(), false);
  assert.equal(await reasonOf(running.admit(findOf())), 'opening-ended');
  given.guard.reviewSessions();
  assert.equal(running.revoked.aborted, false, 'the person stays signed in');
});

test('a fresh second factor counts at once in a running session, and no longer than it should', async () => {
  await using given = house();
  const role = 'administrator';
  const session = given.persons.set({ account: doctor, role });
  const running = given.guard.session(await given.guard.identify(webFacts({ session })));
  const change = { kind: 'administer', command: 'device add', summary: 's' } as const;
  assert.equal(await reasonOf(running.admit(change)), 'step-up');
  given.persons.set({ account: doctor, role, freshUntilMs: startMs + 300_000 });
  await (await running.admit(change))[Symbol.asyncDispose]();
  given.clock.nowMs += 300_000;
  assert.equal(await reasonOf(running.admit(change)), 'step-up');
});

test('who gets another role loses what the old one was given', async () => {
  await using given = house();
  given.store.personOpenings.add(personTerms(), startMs);
  const session = given.persons.set({ account: doctor });
  const running = given.guard.session(await given.guard.identify(webFacts({ session })));
  given.persons.set({ account: doctor, role: 'technologist' });
  assert.equal(await reasonOf(running.admit(findOf())), 'role');
});

test('an opening counts from its addresses only, and a better one beside it is taken', async () => {
  await using given = house();
  const { personOpenings } = given.store;
  personOpenings.add(personTerms({ scope: { modalities: ['CT'] } }), startMs);
  personOpenings.add(personTerms({ addresses: ['10.9.0.0/16'] }), startMs);
  const session = given.persons.set({ account: doctor });
  const running = given.guard.session(await given.guard.identify(webFacts({ session })));
  await using admission = await running.admit(findOf());
  assert.deepEqual(admission.pass.scope, { modalities: ['CT'] });
});

test('an opening of another account gives nothing, whatever its number', async () => {
  await using given = house();
  given.store.personOpenings.add(personTerms({ account: 'other@hospital.example' }), startMs);
  const session = given.persons.set({ account: doctor });
  const running = given.guard.session(await given.guard.identify(webFacts({ session })));
  assert.equal(await reasonOf(running.admit(findOf())), 'no-opening');
});

test('sessions of one person at once are limited, and do not count against a device', async () => {
  await using given = house({ limits: { ...limits, associationsPerDeviceMax: 2 } });
  const session = given.persons.set({ account: doctor });
  const come = () => given.guard.identify(webFacts({ session }));
  await come();
  await come();
  assert.equal(await reasonOf(come()), 'too-many-associations');
});

test('people behind one address do not use up the places of its devices, nor the other way round', async () => {
  await using given = house({ limits: { ...limits, associationsPerAddressMax: 1, peoplePerAddressMax: 3 } });
  const come = (account: string) =>
    given.guard.identify(webFacts({ session: given.persons.set({ account: `${account}@hospital.example` }) }));
  await come('ada');
  await come('ben');
  await come('cleo');
  assert.equal(await reasonOf(come('dan')), 'too-many-associations');
});

test('a database that somebody edited opens nothing', async () => {
  await using given = house();
  const { personOpenings } = given.store;
  personOpenings.add(personTerms({ validUntilMs: startMs + dayMs }), startMs);
  const session = given.persons.set({ account: doctor, role: 'administrator' });
  const running = given.guard.session(await given.guard.identify(webFacts({ session })));
  // A physician's opening in the hands of an administrator.
  assert.equal(await reasonOf(running.admit(findOf())), 'role');
  assert.throws(() => personOpenings.add({ ...personTerms(), operations: [] }, startMs));
});

test('mistaken identity: no device can be named so that it takes turns as a person', () => {
  for (const account of ['a@b.ch', '@', doctor]) assert.throws(() => parseAeTitle(ownerOfPerson(account), 'AE title'));
});
