import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  client,
  enrolByCode,
  enrolByPasskey,
  goodPassword,
  house,
  type House,
  refused,
  signInByCode,
  signInByPasskey,
  testLimits,
} from './people.test-support.ts';
import { PeopleDatabase } from './people-database.ts';
import { PeopleRefusedError } from './refusal.ts';
import { RefusalQuiet } from './refusal-quiet.ts';
import { Throttle } from './throttle.ts';

const email = 'ada@hospital.example';

async function fail(
  place: House,
  given = { email, password: 'wrong wrong wrong' },
  at = client,
): Promise<PeopleRefusedError> {
  const error: unknown = await place.people.signIn.password(given, at).catch((thrown: unknown) => thrown);
  assert.ok(error instanceof PeopleRefusedError);
  return error;
}

test('a flood of tries during a wait is one record a minute, which counts them', async () => {
  using place = house();
  await enrolByCode(place, email);
  for (let index = 0; index < 20; index += 1) await fail(place);
  const waits = () => place.events.filter(({ reason }) => reason === 'too-many-failures');
  assert.equal(waits().length, 1);
  assert.equal(place.events.filter(({ reason }) => reason === 'password-wrong').length, 3);
  place.clockMs += 60_000;
  await fail(place);
  for (let index = 0; index < 5; index += 1) await fail(place);
  assert.deepEqual(
    waits().map(({ detail }) => detail),
    [undefined, 'and 16 more since the last record'],
  );
});

test('the memory for such floods is bounded', () => {
  const quiet = new RefusalQuiet({ repeatedRefusalMs: 1000, repeatedRefusalsMax: 10 }, () => 0);
  for (let index = 0; index < 100; index += 1) quiet.take(undefined, `10.0.0.${index}`);
  assert.equal(quiet.size, 10);
});

test('three slips are free; then each failure doubles the wait, up to a quarter of an hour', async () => {
  using place = house();
  await enrolByCode(place, email);
  for (let index = 0; index < 3; index += 1) assert.equal((await fail(place)).reason, 'password-wrong');
  const waits: number[] = [];
  for (let index = 0; index < 12; index += 1) {
    const error = await fail(place);
    assert.equal(error.reason, 'too-many-failures');
    waits.push(error.retryAfterMs ?? 0);
    place.clockMs += (error.retryAfterMs ?? 0) - 1;
    assert.equal((await fail(place)).reason, 'too-many-failures');
    place.clockMs += 1;
    assert.equal((await fail(place)).reason, 'password-wrong');
  }
  assert.deepEqual(waits.slice(0, 4), [1000, 2000, 4000, 8000]);
  assert.equal(waits.at(-1), testLimits.failureWaitMsMax);
});

test('a wait does not check: not even the right password passes it', async () => {
  using place = house();
  await enrolByCode(place, email);
  for (let index = 0; index < 3; index += 1) await fail(place);
  assert.equal((await fail(place, { email, password: goodPassword })).reason, 'too-many-failures');
});

test('a hundred tries at the same moment are counted before the first is answered', async () => {
  using place = house();
  await enrolByCode(place, email);
  const errors = await Promise.all(Array.from({ length: 100 }, () => fail(place)));
  assert.equal(errors.filter(({ reason }) => reason === 'password-wrong').length, 3);
});

test('strangers who know an address close their lane and not the owner out', async () => {
  using place = house();
  const person = await enrolByCode(place, email);
  const { browser } = await signInByCode(place, person);
  const attacker = { address: '203.0.113.9', userAgent: 'x' };
  for (let index = 0; index < testLimits.strangerFailuresMax; index += 1) {
    await fail(place, undefined, attacker);
    place.clockMs += 3_600_000;
  }
  assert.equal((await fail(place, undefined, attacker)).reason, 'lane-closed');
  assert.equal(place.events.filter(({ kind }) => kind === 'lane-closed').length, 1);
  const again = place.reopen();
  assert.equal((await fail(again, { email, password: goodPassword }, attacker)).reason, 'lane-closed');
  const owner = { ...client, browser };
  await signInByCode(again, person, owner);
  again.clockMs += 3_600_000;
  assert.equal((await fail(again, undefined, attacker)).reason, 'password-wrong', 'the owner has opened it again');
  again[Symbol.dispose]();
});

test('a closed lane takes passkeys', async () => {
  using place = house();
  const authenticator = await enrolByPasskey(place, email);
  for (let index = 0; index < testLimits.strangerFailuresMax; index += 1) {
    await fail(place);
    place.clockMs += 3_600_000;
  }
  assert.equal((await fail(place)).reason, 'lane-closed');
  await signInByPasskey(place, authenticator);
});

test('the lanes of an account have not more than a hundred failures together', () => {
  assert.ok(testLimits.strangerFailuresMax + testLimits.knownBrowserFailuresMax <= 100);
});

test('a browser secret of another account has no lane of its own', async () => {
  using place = house();
  const person = await enrolByCode(place, 'bo@hospital.example');
  await enrolByCode(place, email);
  const { browser } = await signInByCode(place, person);
  for (let index = 0; index < 3; index += 1) await fail(place);
  assert.equal((await fail(place, undefined, { ...client, browser })).reason, 'too-many-failures');
});

test('a name without an account waits like one with', async () => {
  using place = house();
  await enrolByCode(place, email);
  const reasons: string[][] = [];
  for (const name of [email, 'nobody@hospital.example']) {
    const answers: string[] = [];
    for (let index = 0; index < 5; index += 1) {
      const error = await fail(place, { email: name, password: 'wrong wrong wrong' });
      answers.push(`${error.answer} ${error.retryAfterMs}`);
    }
    reasons.push(answers);
  }
  assert.deepEqual(reasons[0], reasons[1]);
});

test('guessing many names from one address makes new browsers there wait seconds, known ones and passkeys not at all', async () => {
  using place = house();
  const person = await enrolByCode(place, email);
  const authenticator = await enrolByPasskey(place, 'bo@hospital.example');
  const { browser } = await signInByCode(place, person);
  for (let index = 0; index < 40; index += 1)
    await fail(place, { email: `n${index}@hospital.example`, password: 'wrong wrong' });
  const error = await fail(place, { email: 'new@hospital.example', password: 'wrong wrong' });
  assert.equal(error.reason, 'too-many-failures');
  assert.ok((error.retryAfterMs ?? 0) <= testLimits.addressWaitMsMax);
  await signInByCode(place, person, { ...client, browser });
  await signInByPasskey(place, authenticator);
});

test('names without an account take a bounded number of rows, and push out no account', () => {
  using database = PeopleDatabase.open(':memory:');
  let nowMs = 0;
  const limits = { ...testLimits, strangerRowsMax: 50, addressFailuresFree: 1_000_000, failureWaitFirstMs: 900_000 };
  const throttle = new Throttle(database, limits, () => (nowMs += 1));
  for (let index = 0; index < 3; index += 1) {
    throttle.attempt({ who: { accountId: 1 }, isKnownBrowser: false, address: '10.0.0.1' });
  }
  for (let index = 0; index < 500; index += 1) {
    throttle.attempt({ who: { nobody: `n${index}` }, isKnownBrowser: false, address: `10.0.${index % 250}.1` });
  }
  const rows = Number(database.prepare('SELECT count(*) AS count FROM failure').get()?.['count']);
  assert.ok(rows <= 51, String(rows));
  assert.throws(
    () => throttle.attempt({ who: { accountId: 1 }, isKnownBrowser: false, address: '10.9.9.9' }),
    refused('too-many-failures'),
  );
});
