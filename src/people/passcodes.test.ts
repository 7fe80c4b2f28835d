import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { LeadglassError } from '../error.ts';
import { makePasscodeToken, readPasscodeToken, tokenKey } from './passcode-token.ts';
import {
  client,
  codeNow,
  enrolByCode,
  enrolByPasskey,
  fromBase32,
  goodPassword,
  type House,
  house,
  operator,
  refused,
  signInByCode,
  signInByPasskey,
  testLimits,
} from './people.test-support.ts';

const email = 'ada@hospital.example';
const hourMs = 3_600_000;

async function signedIn(place: House, as = email): Promise<string> {
  return (await signInByPasskey(place, await enrolByPasskey(place, as))).session;
}

const shown = (passcode: string, more: object = {}) => ({ userName: email, passcode, device: 'READ1', ...more });
const isGood = (outcome: object): boolean => 'passcode' in outcome;

test('a passcode is made after two factors, for one device and one hour, and recorded without itself', async () => {
  using place = house();
  const { passcodes } = place.people;
  const made = await passcodes.issue(await signedIn(place), 'READ1');
  assert.equal(made.userName, email);
  assert.equal(made.endsAtMs, place.clockMs + hourMs);
  assert.ok(isGood(passcodes.check(shown(made.passcode))));
  assert.ok(isGood(passcodes.check(shown(made.passcode))), 'a program shows it with each association');
  assert.ok(isGood(passcodes.checkToken(made.token, 'READ1')));
  const event = place.events.find(({ kind }) => kind === 'passcode-issued');
  assert.equal(event?.account?.email, email);
  assert.match(event?.detail ?? '', /for READ1, 60 minutes/);
  const told = JSON.stringify(place.events);
  assert.ok(!told.includes(made.passcode) && !told.includes(made.token));
});

test('at another device, under another name, or after its hour, it is nothing', async () => {
  using place = house();
  const { passcodes } = place.people;
  const made = await passcodes.issue(await signedIn(place), 'READ1');
  await enrolByPasskey(place, 'eve@hospital.example');
  assert.ok(!isGood(passcodes.check(shown(made.passcode, { device: 'READ2' }))));
  assert.ok(!isGood(passcodes.checkToken(made.token, 'READ2')));
  assert.deepEqual(passcodes.check(shown(made.passcode, { userName: 'nobody@hospital.example' })), {});
  const foreign = passcodes.check(shown(made.passcode, { userName: 'eve@hospital.example' }));
  assert.equal('named' in foreign && foreign.named?.email, 'eve@hospital.example');
  place.clockMs += hourMs - 1;
  assert.ok(isGood(passcodes.check(shown(made.passcode))));
  assert.ok(isGood(passcodes.look(made.id) ?? {}));
  place.clockMs += 1;
  assert.ok(!isGood(passcodes.check(shown(made.passcode))), 'a replay after the hour');
  assert.ok(!isGood(passcodes.checkToken(made.token, 'READ1')));
  assert.equal(passcodes.look(made.id), undefined);
  place.clockMs -= 2 * hourMs;
  assert.ok(!isGood(passcodes.check(shown(made.passcode))), 'nor before it was made');
});

test('a password, a session, a one-time code: no other secret of the person is taken for a passcode', async () => {
  using place = house();
  const person = await enrolByCode(place, email);
  const { session, browser } = await signInByCode(place, person);
  for (const secret of [goodPassword, session, browser, '', person.recoveryCodes[0] ?? '', 'x'.repeat(65_535)]) {
    const outcome = place.people.passcodes.check(shown(secret));
    assert.equal('named' in outcome && outcome.named?.email, email, 'refused, and the record says whose name it was');
  }
});

test('without a fresh second factor there is no passcode', async () => {
  using place = house();
  const session = await signedIn(place);
  place.clockMs += testLimits.stepUpMs;
  await assert.rejects(place.people.passcodes.issue(session, 'READ1'), refused('step-up-needed'));
  await assert.rejects(place.people.passcodes.issue('lgs_none', 'READ1'), refused('session-unknown'));
});

test('what cannot be recorded is not made', async () => {
  using place = house();
  const session = await signedIn(place);
  place.ledgerFails = true;
  await assert.rejects(place.people.passcodes.issue(session, 'READ1'));
  assert.deepEqual(place.people.passcodes.own(session), []);
});

test('disabling, another role, ended sessions and set anew factors end it at once, and tell who listens', async () => {
  const ends: Readonly<Record<string, (place: House) => Promise<unknown>>> = {
    disable: ({ people }) => people.admin.disable(email, operator, 'left'),
    role: ({ people }) => people.admin.setRole(email, 'technologist', operator),
    sessions: ({ people }) => people.admin.endSessions(email, operator),
  };
  for (const [name, end] of Object.entries(ends)) {
    using place = house();
    const { passcodes, sessions } = place.people;
    const session = await signedIn(place);
    const made = await passcodes.issue(session, 'READ1');
    // The session in which it was made may have ended long before: the listener must hear of the passcode all the same.
    sessions.end(sessions.use(session).session.id, 'own');
    const told: string[] = [];
    passcodes.onChange((account) => told.push(account));
    await end(place);
    assert.deepEqual(told, [email], name);
    assert.equal(passcodes.look(made.id), undefined, name);
    assert.ok(!isGood(passcodes.check(shown(made.passcode))), name);
    assert.ok(!isGood(passcodes.checkToken(made.token, 'READ1')), name);
  }
});

test('a session that was stolen takes the passcodes of its account with it, one that its owner ends does not', async () => {
  using place = house();
  const { passcodes, places, signIn } = place.people;
  const authenticator = await enrolByPasskey(place, email);
  const first = (await signInByPasskey(place, authenticator)).session;
  const made = await passcodes.issue(first, 'READ1');
  signIn.signOut(first);
  assert.ok(isGood(passcodes.check(shown(made.passcode))), 'typed into a program, and the browser closed');
  const second = (await signInByPasskey(place, authenticator)).session;
  const told: string[] = [];
  passcodes.onChange((account) => told.push(account));
  const thief = { ...client, userAgent: 'curl' };
  await assert.rejects(places.check(second, thief, { toProve: false }), refused('session-moved'));
  assert.deepEqual(told, [email], 'the thief may have made it');
  assert.ok(!isGood(passcodes.check(shown(made.passcode))));
  assert.equal(passcodes.look(made.id), undefined);
});

test('another password, or other one-time codes, end the passcodes of before', async () => {
  using place = house();
  const { passcodes, ownFactors } = place.people;
  const person = await enrolByCode(place, email);
  const { session } = await signInByCode(place, person);
  const before = await passcodes.issue(session, 'READ1');
  const next = { present: goodPassword, password: 'lantern harbour pencil goose' };
  assert.equal(await ownFactors.changePassword(session, next, client), undefined);
  assert.ok(!isGood(passcodes.check(shown(before.passcode))));
  const after = await passcodes.issue(session, 'READ1');
  const begun = await ownFactors.beginCode(session, client);
  if ('refused' in begun) assert.fail(begun.refused.code);
  const { ceremony, setup } = begun;
  await ownFactors.addCode(session, { ceremony, code: codeNow(place, fromBase32(setup.secret)) });
  assert.ok(!isGood(passcodes.check(shown(after.passcode))));
});

test('its owner sees and ends it; nobody else does', async () => {
  using place = house();
  const { passcodes } = place.people;
  const session = await signedIn(place);
  const other = await signedIn(place, 'eve@hospital.example');
  const made = await passcodes.issue(session, 'READ1');
  assert.deepEqual(
    passcodes.own(session).map(({ id, device }) => [id, device]),
    [[made.id, 'READ1']],
  );
  assert.deepEqual(passcodes.own(other), []);
  const isUnknown = (error: unknown): boolean => error instanceof LeadglassError && error.code === 'NOT_FOUND';
  await assert.rejects(passcodes.end(other, made.id), isUnknown);
  assert.ok(isGood(passcodes.check(shown(made.passcode))));
  await passcodes.end(session, made.id);
  assert.ok(!isGood(passcodes.check(shown(made.passcode))));
  assert.equal(place.events.at(-1)?.kind, 'passcode-ended');
});

test('an account has a few at once, and those that have ended make room', async () => {
  using place = house({ limits: { passcodesMax: 2 } });
  const person = await enrolByCode(place, email);
  let { session } = await signInByCode(place, person);
  await place.people.passcodes.issue(session, 'READ1');
  await place.people.passcodes.issue(session, 'READ2');
  await assert.rejects(place.people.passcodes.issue(session, 'READ3'), /end one that you do not use/);
  place.clockMs += hourMs;
  ({ session } = await signInByCode(place, person));
  await place.people.passcodes.issue(session, 'READ3');
});

test('a passcode goes on after a restart', async () => {
  const first = house();
  const made = await first.people.passcodes.issue(await signedIn(first), 'READ1');
  using second = first.reopen();
  assert.ok(isGood(second.people.passcodes.check(shown(made.passcode))));
  assert.ok(isGood(second.people.passcodes.checkToken(made.token, 'READ1')));
});

const key = tokenKey(Buffer.alloc(32, 7));
const facts = { id: 5, account: email, device: 'READ1', issuedAtMs: 1000, endsAtMs: 2000 };

test('a token says whose it is, for which device, and its number', () => {
  assert.deepEqual(readPasscodeToken(key, makePasscodeToken(key, facts)), { id: 5, account: email, device: 'READ1' });
});

test('a token of another key, another algorithm, another audience, or changed in a byte is none', () => {
  const [head = '', body = '', signature = ''] = makePasscodeToken(key, facts).split('.');
  const encoded = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString('base64url');
  const sign = (text: string, by = key): string =>
    `${text}.${createHmac('sha256', by).update(text).digest('base64url')}`;
  const claims: Record<string, unknown> = JSON.parse(Buffer.from(body, 'base64url').toString());
  const wrong = [
    sign(`${head}.${body}`, Buffer.alloc(32, 8)),
    `${encoded({ alg: 'none', typ: 'JWT' })}.${body}.`,
    `${encoded({ alg: 'none', typ: 'JWT' })}.${body}.${signature}`,
    sign(`${encoded({ typ: 'JWT', alg: 'HS256' })}.${body}`),
    sign(`${head}.${encoded({ ...claims, aud: 'web' })}`),
    sign(`${head}.${encoded({ ...claims, iss: 'https://other.example' })}`),
    sign(`${head}.${encoded({ ...claims, jti: '-1' })}`),
    sign(`${head}.${Buffer.from('not json').toString('base64url')}`),
    `${head}.${encoded({ ...claims, sub: 'eve@hospital.example' })}.${signature}`,
    `${head}.${body}`,
    `${head}.${body}.${signature}.${signature}`,
    `${head}.${body}.${signature.slice(0, -4)}`,
    ` ${head}.${body}.${signature}`,
    `${'a'.repeat(5000)}.${body}.${signature}`,
    '',
  ];
  for (const text of wrong) assert.equal(readPasscodeToken(key, text), undefined, text.slice(0, 80));
});

test('no text that somebody makes up is a token, and none makes it throw', () => {
  fc.assert(
    fc.property(
      fc.oneof(
        fc.string(),
        fc.array(fc.base64String(), { maxLength: 4 }).map((parts) => parts.join('.')),
      ),
      (text) => {
        assert.equal(readPasscodeToken(key, text), undefined);
      },
    ),
  );
});
