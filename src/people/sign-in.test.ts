import assert from 'node:assert/strict';
import { DatabaseSync } from 'node:sqlite';
import { test } from 'node:test';
import { SoftAuthenticator } from './authenticator.test-support.ts';
import {
  challengeOf,
  client,
  codeNow,
  enrolByCode,
  enrolByPasskey,
  goodPassword,
  house,
  origin,
  refused,
  rpId,
  signInByCode,
  signInByPasskey,
} from './people.test-support.ts';
import { PeopleRefusedError } from './refusal.ts';

const email = 'ada@hospital.example';

test('a passkey alone signs in, and the session is whose it is', async () => {
  using place = house();
  const authenticator = await enrolByPasskey(place, email);
  const signedIn = await signInByPasskey(place, authenticator);
  assert.equal(signedIn.method, 'passkey');
  assert.equal(place.people.sessions.use(signedIn.session).account.email, email);
  assert.deepEqual(
    place.events.map(({ kind }) => kind),
    ['invited', 'enrolled', 'signed-in'],
  );
});

test('a password is no sign-in; with a code it is', async () => {
  using place = house();
  const person = await enrolByCode(place, email);
  const { ceremony, factors } = await place.people.signIn.password({ email, password: goodPassword }, client);
  assert.deepEqual(factors, { code: true, recoveryCode: true });
  assert.throws(() => place.people.sessions.use(ceremony), refused('session-unknown'));
  const { session, method } = await place.people.signIn.code(ceremony, codeNow(place, person.secret), client);
  assert.equal(method, 'password+code');
  assert.equal(place.people.sessions.use(session).account.email, email);
});

test('the e-mail address is taken in any case and width', async () => {
  using place = house();
  await enrolByCode(place, email);
  await place.people.signIn.password({ email: ' ＡＤＡ@Hospital.Example ', password: goodPassword }, client);
});

test('a code is taken once, in another sign-in and after a restart too', async () => {
  const first = house();
  const person = await enrolByCode(first, email);
  const code = codeNow(first, person.secret);
  const begun = await first.people.signIn.password({ email, password: goodPassword }, client);
  await first.people.signIn.code(begun.ceremony, code, client);
  await assert.rejects(first.people.signIn.code(begun.ceremony, code, client), refused('ceremony-unknown'));
  const again = await first.people.signIn.password({ email, password: goodPassword }, client);
  await assert.rejects(first.people.signIn.code(again.ceremony, code, client), refused('code-replayed'));
  using second = first.reopen();
  const later = await second.people.signIn.password({ email, password: goodPassword }, client);
  await assert.rejects(second.people.signIn.code(later.ceremony, code, client), refused('code-replayed'));
});

test('of two requests with the same code at the same moment one signs in', async () => {
  using place = house();
  const person = await enrolByCode(place, email);
  const code = codeNow(place, person.secret);
  const begin = () => place.people.signIn.password({ email, password: goodPassword }, client);
  const [a, b] = await Promise.all([begin(), begin()]);
  const results = await Promise.allSettled([
    place.people.signIn.code(a.ceremony, code, client),
    place.people.signIn.code(b.ceremony, code, client),
  ]);
  assert.deepEqual(results.map(({ status }) => status).toSorted(), ['fulfilled', 'rejected']);
});

test('a recovery code works once, and how many are left is told', async () => {
  using place = house();
  const { recoveryCodes } = await enrolByCode(place, email);
  assert.equal(recoveryCodes.length, 10);
  assert.equal(new Set(recoveryCodes).size, 10);
  const begun = await place.people.signIn.password({ email, password: goodPassword }, client);
  const typed = recoveryCodes[3]?.toUpperCase().replaceAll('-', ' ') ?? '';
  const { recoveryCodesLeft } = await place.people.signIn.recoveryCode(begun.ceremony, typed, client);
  assert.equal(recoveryCodesLeft, 9);
  const again = await place.people.signIn.password({ email, password: goodPassword }, client);
  await assert.rejects(place.people.signIn.recoveryCode(again.ceremony, typed, client), refused('recovery-code-wrong'));
});

test('a ceremony ends after five wrong codes and after five minutes', async () => {
  using place = house();
  const person = await enrolByCode(place, email);
  const wrong = codeNow(place, person.secret) === '000000' ? '111111' : '000000';
  const { ceremony } = await place.people.signIn.password({ email, password: goodPassword }, client);
  for (let index = 0; index < 5; index += 1) {
    await assert.rejects(place.people.signIn.code(ceremony, wrong, client), refused('code-wrong'));
    place.clockMs += 40_000;
  }
  await assert.rejects(place.people.signIn.code(ceremony, wrong, client), refused('ceremony-unknown'));
  const other = await place.people.signIn.password({ email, password: goodPassword }, client);
  place.clockMs += 5 * 60_000;
  await assert.rejects(
    place.people.signIn.code(other.ceremony, codeNow(place, person.secret), client),
    refused('ceremony-unknown'),
  );
});

test('who does not exist, is disabled, has no password or a wrong one is told the same', async () => {
  using place = house();
  await enrolByCode(place, email);
  await enrolByPasskey(place, 'passkey@hospital.example');
  await enrolByCode(place, 'gone@hospital.example');
  await place.people.admin.disable('gone@hospital.example', { kind: 'operator', user: 'root' }, 'left');
  const tries = [
    { email, password: 'not the right one' },
    { email: 'nobody@hospital.example', password: goodPassword },
    { email: 'passkey@hospital.example', password: goodPassword },
    { email: 'gone@hospital.example', password: goodPassword },
    { email: 'no address at all', password: goodPassword },
    { email, password: '' },
    { email, password: '\0' },
    { email, password: '\ud800' },
    { email: '\udfff@\0', password: goodPassword },
    { email, password: 'x'.repeat(1024 * 1024) },
    { email: 'x'.repeat(1024 * 1024), password: goodPassword },
  ];
  const answers = new Set<string>();
  for (const given of tries) {
    place.clockMs += 3_600_000;
    const error: unknown = await place.people.signIn.password(given, client).catch((thrown: unknown) => thrown);
    assert.ok(error instanceof PeopleRefusedError, JSON.stringify(given).slice(0, 80));
    answers.add(JSON.stringify([error.code, error.answer, error.message, error.hint, error.retryAfterMs]));
  }
  assert.equal(answers.size, 1);
});

test('neither passwords, codes, secrets nor what nobody is called stand in what is recorded', async () => {
  using place = house();
  const person = await enrolByCode(place, email);
  const { session, browser } = await signInByCode(place, person);
  await assert.rejects(place.people.signIn.password({ email: 'Secret-typed-here!', password: 'Secret-two' }, client));
  await assert.rejects(place.people.signIn.password({ email, password: 'Secret-three' }, client));
  const begun = await place.people.signIn.password({ email, password: goodPassword }, client);
  await assert.rejects(place.people.signIn.code(begun.ceremony, '123 45x', client));
  await place.people.links.reset(email, { kind: 'operator', user: 'root' }, 'lost');
  const written = JSON.stringify(place.events);
  const secrets = [session, browser, begun.ceremony, goodPassword, person.secret.toString('base64url')];
  for (const secret of [...secrets, ...person.recoveryCodes, '123 45x']) assert.ok(!written.includes(secret), secret);
  assert.doesNotMatch(written, /secret-/i);
  assert.doesNotMatch(written, /lg[isbc]_/);
});

test('a sign-in that cannot be recorded is none', async () => {
  using place = house();
  const authenticator = await enrolByPasskey(place, email);
  place.ledgerFails = true;
  await assert.rejects(signInByPasskey(place, authenticator), /disk is full/);
  assert.deepEqual(place.people.admin.show(email).sessions, []);
});

test('the secret of a ceremony or a browser is never a session, and each sign-in makes another session (session fixation)', async () => {
  using place = house();
  const authenticator = await enrolByPasskey(place, email);
  const { ceremony } = await place.people.signIn.begin(client);
  assert.throws(() => place.people.sessions.use(ceremony), refused('session-unknown'));
  const first = await signInByPasskey(place, authenticator, { ...client, browser: ceremony });
  const second = await signInByPasskey(place, authenticator, { ...client, browser: first.browser });
  assert.notEqual(first.session, second.session);
  assert.notEqual(first.browser, ceremony);
  assert.equal(second.browser, first.browser);
  assert.throws(() => place.people.sessions.use(first.browser), refused('session-unknown'));
});

test('a password and then a passkey signs in; the challenge is answered once', async () => {
  using place = house();
  const person = await enrolByCode(place, email);
  const { session } = await signInByCode(place, person);
  const authenticator = new SoftAuthenticator();
  const added = await place.people.ownFactors.beginPasskey(session, client);
  const registered = authenticator.register({ challenge: challengeOf(added.passkey), origin, rpId });
  await place.people.ownFactors.addPasskey(session, { ceremony: added.ceremony, answer: registered, name: 'Phone' });
  const begun = await place.people.signIn.password({ email, password: goodPassword }, client);
  const challenge = challengeOf(begun.factors.passkey);
  const stranger = new SoftAuthenticator();
  const wrong = stranger.authenticate({ challenge, origin, rpId });
  await assert.rejects(place.people.signIn.secondPasskey(begun.ceremony, wrong, client), refused('passkey-unknown'));
  const right = authenticator.authenticate({ challenge, origin, rpId });
  await assert.rejects(place.people.signIn.secondPasskey(begun.ceremony, right, client), refused('ceremony-unknown'));
  const again = await place.people.signIn.password({ email, password: goodPassword }, client);
  const answer = authenticator.authenticate({ challenge: challengeOf(again.factors.passkey), origin, rpId });
  const signedIn = await place.people.signIn.secondPasskey(again.ceremony, answer, client);
  assert.equal(signedIn.method, 'password+passkey');
});

test('a failed try writes as often to the disk for nobody as for somebody', async (t) => {
  using place = house();
  await enrolByCode(place, email);
  const { mock } = t.mock.method(DatabaseSync.prototype, 'exec');
  const commits: number[] = [];
  for (const name of [email, 'nobody@hospital.example']) {
    mock.resetCalls();
    await assert.rejects(place.people.signIn.password({ email: name, password: 'wrong wrong wrong' }, client));
    commits.push(mock.calls.filter(({ arguments: [sql] }) => sql === 'COMMIT').length);
  }
  assert.deepEqual(commits, [2, 2]);
});
