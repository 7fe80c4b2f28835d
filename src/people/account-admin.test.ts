import assert from 'node:assert/strict';
import { test } from 'node:test';
import { LeadglassError, type ErrorCode } from '../error.ts';
import type { Actor } from './account.ts';
import {
  challengeOf,
  client,
  enrolByPasskey,
  goodPassword,
  house,
  type House,
  invite,
  operator,
  origin,
  refused,
  rpId,
  signInByPasskey,
  testLimits,
} from './people.test-support.ts';
import { SoftAuthenticator } from './authenticator.test-support.ts';

const email = 'ada@hospital.example';

function code(expected: ErrorCode): (error: unknown) => boolean {
  return (error) => error instanceof LeadglassError && error.code === expected;
}

function actorOf(place: House, address: string): Actor {
  return { kind: 'account', accountId: place.people.admin.show(address).account.id, email: address };
}

async function useLink(place: House, secret: string): Promise<SoftAuthenticator> {
  const authenticator = new SoftAuthenticator();
  const { ceremony, passkey } = await place.people.enrolment.open(secret, client);
  const answer = authenticator.register({ challenge: challengeOf(passkey), origin, rpId });
  await place.people.enrolment.passkey(ceremony, { answer, name: 'new' }, client);
  return authenticator;
}

test('an invitation is good once, until its end, and the last one counts', async () => {
  using place = house();
  const first = await invite(place, email);
  const second = await invite(place, email);
  await assert.rejects(place.people.enrolment.open(first, client), refused('invitation-unknown'));
  place.clockMs += testLimits.invitationMs - 1;
  await place.people.enrolment.open(second, client);
  place.clockMs += 1;
  await assert.rejects(place.people.enrolment.open(second, client), refused('invitation-ended'));
  const third = await invite(place, email);
  await useLink(place, third);
  await assert.rejects(place.people.enrolment.open(third, client), refused('invitation-unknown'));
});

test('a link that is used while its enrolment is open in another window enrols once', async () => {
  using place = house();
  const secret = await invite(place, email);
  const other = await place.people.enrolment.open(secret, client);
  await useLink(place, secret);
  const answer = new SoftAuthenticator().register({ challenge: challengeOf(other.passkey), origin, rpId });
  await assert.rejects(
    place.people.enrolment.passkey(other.ceremony, { answer, name: '' }, client),
    refused('invitation-unknown'),
  );
  assert.equal(place.people.admin.show(email).passkeys.length, 1);
});

test('texts that are no link are refused, whatever they are', async () => {
  using place = house();
  const secret = await invite(place, email);
  const wrong = [
    '',
    'lgi_',
    secret.slice(0, -1),
    `${secret}A`,
    secret.toLowerCase(),
    `lgs_${secret.slice(4)}`,
    '\0',
    '\ud800',
  ];
  for (const text of [...wrong, 'x'.repeat(1024 * 1024)]) {
    await assert.rejects(place.people.enrolment.open(text, client), refused('invitation-unknown'));
  }
});

test('disabling takes the link too, and who comes back begins without what was there', async () => {
  using place = house();
  const old = await enrolByPasskey(place, email);
  await assert.rejects(place.people.admin.disable(email, operator, '  '), code('BAD_REQUEST'));
  await place.people.admin.disable(email, operator, 'left');
  await assert.rejects(place.people.admin.disable(email, operator, 'left'), code('CONFLICT'));
  const secret = await invite(place, email);
  await place.people.admin.disable(email, operator, 'a mistake');
  await assert.rejects(place.people.enrolment.open(secret, client), refused('invitation-unknown'));
  await useLink(place, await invite(place, email));
  await assert.rejects(signInByPasskey(place, old), refused('passkey-unknown'));
  const { account, history } = place.people.admin.show(email);
  assert.equal(account.state, 'active');
  assert.equal(account.disabled, undefined);
  assert.ok(history.some(({ what, reason }) => what === 'disabled' && reason === 'left'));
});

test('to disable somebody and to invite them again is no way around the second person', async () => {
  using place = house();
  await enrolByPasskey(place, email);
  await enrolByPasskey(place, 'admin@hospital.example', 'administrator');
  await enrolByPasskey(place, 'officer@hospital.example', 'security-officer');
  const admin = actorOf(place, 'admin@hospital.example');
  await place.people.admin.disable(email, admin, 'a pretext');
  const request = { email, displayName: 'Ada', role: 'physician' } as const;
  for (let index = 0; index < 2; index += 1) {
    const { secret, needsConfirmation } = await place.people.admin.invite(request, admin);
    assert.ok(needsConfirmation);
    await assert.rejects(place.people.enrolment.open(secret, client), refused('invitation-unconfirmed'));
  }
  const { secret } = await place.people.admin.invite(request, admin);
  await assert.rejects(place.people.links.confirm(email, admin), refused('same-person'));
  await place.people.links.confirm(email, actorOf(place, 'officer@hospital.example'));
  await useLink(place, secret);
});

test('one address is one account', async () => {
  using place = house();
  await enrolByPasskey(place, email);
  await assert.rejects(invite(place, 'ADA@HOSPITAL.EXAMPLE'), code('CONFLICT'));
  assert.equal(place.people.admin.list().length, 1);
});

test('a link for lost factors is good only after a second person confirmed it', async () => {
  using place = house();
  const old = await enrolByPasskey(place, email);
  await enrolByPasskey(place, 'admin@hospital.example', 'administrator');
  await enrolByPasskey(place, 'officer@hospital.example', 'security-officer');
  await enrolByPasskey(place, 'doctor@hospital.example', 'physician');
  const admin = actorOf(place, 'admin@hospital.example');
  const { secret, needsConfirmation } = await place.people.links.reset(email, admin, 'telephone lost');
  assert.ok(needsConfirmation);
  await assert.rejects(place.people.enrolment.open(secret, client), refused('invitation-unconfirmed'));
  await assert.rejects(place.people.links.confirm(email, admin), refused('same-person'));
  await assert.rejects(place.people.links.confirm(email, actorOf(place, email)), refused('same-person'));
  const doctor = actorOf(place, 'doctor@hospital.example');
  await assert.rejects(place.people.links.confirm(email, doctor), refused('role-too-low'));
  await signInByPasskey(place, old);
  await place.people.links.confirm(email, actorOf(place, 'officer@hospital.example'));
  const renewed = await useLink(place, secret);
  await assert.rejects(signInByPasskey(place, old), refused('passkey-unknown'));
  assert.equal(place.people.admin.show(email).sessions.length, 0);
  await signInByPasskey(place, renewed);
  const kinds = place.events.map(({ kind }) => kind);
  assert.deepEqual(
    kinds.filter((kind) => kind.startsWith('reset-')),
    ['reset-issued', 'reset-refused', 'reset-refused', 'reset-refused', 'reset-confirmed', 'reset-used'],
  );
});

test('two operators are one person, an operator and an account are two', async () => {
  using place = house();
  await enrolByPasskey(place, email);
  await enrolByPasskey(place, 'admin@hospital.example', 'administrator');
  await place.people.links.reset(email, operator, 'lost');
  const other = { kind: 'operator', user: 'somebody else' } as const;
  await assert.rejects(place.people.links.confirm(email, other), refused('same-person'));
  await place.people.links.confirm(email, actorOf(place, 'admin@hospital.example'));
  await place.people.links.reset(email, actorOf(place, 'admin@hospital.example'), 'lost');
  await place.people.links.confirm(email, other);
});

test('where nobody could confirm, the operator of the machine helps the only administrator, and it stands in the record', async () => {
  using place = house();
  const admin = 'admin@hospital.example';
  await enrolByPasskey(place, admin, 'administrator');
  const { secret, needsConfirmation } = await place.people.links.reset(admin, operator, 'lost');
  assert.equal(needsConfirmation, false);
  await useLink(place, secret);
  assert.match(place.events.find(({ kind }) => kind === 'reset-issued')?.detail ?? '', /without confirmation/);
  const own = await place.people.links.reset(admin, actorOf(place, admin), 'lost');
  assert.ok(own.needsConfirmation, 'an account alone never is enough');
});

test('a disabled administrator, or one whose account has ended, confirms nothing', async () => {
  using place = house();
  await enrolByPasskey(place, email);
  await enrolByPasskey(place, 'admin@hospital.example', 'administrator');
  await enrolByPasskey(place, 'other@hospital.example', 'administrator');
  const other = actorOf(place, 'other@hospital.example');
  await place.people.links.reset(email, actorOf(place, 'admin@hospital.example'), 'lost');
  await place.people.admin.disable('other@hospital.example', operator, 'left');
  await assert.rejects(place.people.links.confirm(email, other), refused('role-too-low'));
});

test('what cannot be recorded does not happen', async () => {
  using place = house();
  await enrolByPasskey(place, email);
  const secret = await invite(place, 'bo@hospital.example');
  const opened = await place.people.enrolment.open(secret, client);
  place.ledgerFails = true;
  await assert.rejects(invite(place, 'new@hospital.example'), /disk is full/);
  await assert.rejects(place.people.admin.disable(email, operator, 'left'), /disk is full/);
  await assert.rejects(place.people.links.reset(email, operator, 'lost'), /disk is full/);
  await assert.rejects(place.people.admin.setRole(email, 'administrator', operator), /disk is full/);
  const answer = new SoftAuthenticator().register({ challenge: challengeOf(opened.passkey), origin, rpId });
  await assert.rejects(place.people.enrolment.passkey(opened.ceremony, { answer, name: '' }, client), /disk is full/);
  place.ledgerFails = false;
  assert.deepEqual(
    place.people.admin.list().map(({ email: address, state, role }) => [address, state, role]),
    [
      [email, 'active', 'physician'],
      ['bo@hospital.example', 'invited', 'physician'],
    ],
  );
});

test('another role ends sessions', async () => {
  using place = house();
  const authenticator = await enrolByPasskey(place, email);
  const { session } = await signInByPasskey(place, authenticator);
  await place.people.admin.setRole(email, 'technologist', operator);
  assert.throws(() => place.people.sessions.use(session), refused('session-unknown'));
});

test('an account that was only invited cannot sign in', async () => {
  using place = house();
  await invite(place, email);
  await assert.rejects(
    place.people.signIn.password({ email, password: goodPassword }, client),
    refused('password-missing'),
  );
});
