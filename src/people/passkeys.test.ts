import assert from 'node:assert/strict';
import { test } from 'node:test';
import { SoftAuthenticator } from './authenticator.test-support.ts';
import {
  challengeOf,
  client,
  enrolByPasskey,
  house,
  invite,
  origin,
  refused,
  rpId,
  signInByPasskey,
} from './people.test-support.ts';

const email = 'ada@hospital.example';

test('registration asks for a discoverable key with user verification and no attestation', async () => {
  using place = house();
  const { passkey } = await place.people.enrolment.open(await invite(place, email), client);
  assert.deepEqual(passkey['rp'], { name: 'Leadglass', id: rpId });
  assert.equal(passkey['attestation'], 'none');
  assert.deepEqual(passkey['authenticatorSelection'], {
    residentKey: 'required',
    userVerification: 'required',
    requireResidentKey: true,
  });
  assert.deepEqual(passkey['pubKeyCredParams'], [
    { alg: -8, type: 'public-key' },
    { alg: -7, type: 'public-key' },
    { alg: -257, type: 'public-key' },
  ]);
  const user = passkey['user'];
  assert.ok(typeof user === 'object' && user !== null && 'id' in user);
  assert.doesNotMatch(String(user.id), /ada/);
});

test('signing in asks for any passkey of this server with user verification', async () => {
  using place = house();
  const { passkey } = await place.people.signIn.begin(client);
  assert.equal(passkey['userVerification'], 'required');
  assert.equal(passkey['rpId'], rpId);
  assert.equal(passkey['allowCredentials'], undefined);
});

const attacks: readonly [string, (authenticator: SoftAuthenticator, challenge: string) => unknown][] = [
  [
    'another origin',
    (key, challenge) => key.authenticate({ challenge, origin: 'https://pacs.hospital.example.evil', rpId }),
  ],
  ['another port', (key, challenge) => key.authenticate({ challenge, origin: 'https://pacs.hospital.example', rpId })],
  ['another relying party', (key, challenge) => key.authenticate({ challenge, origin, rpId: 'hospital.example' })],
  ['another challenge', (key) => key.authenticate({ challenge: 'A'.repeat(43), origin, rpId })],
  [
    'no user verification',
    (key, challenge) => {
      key.flags = 0x01;
      return key.authenticate({ challenge, origin, rpId });
    },
  ],
  [
    'a page inside a foreign frame',
    (key, challenge) => {
      key.crossOrigin = true;
      return key.authenticate({ challenge, origin, rpId });
    },
  ],
  [
    'a registration in place of an authentication',
    (key, challenge) => ({
      ...key.authenticate({ challenge, origin, rpId }),
      response: key.register({ challenge, origin, rpId })['response'],
    }),
  ],
  [
    'a signature of another key',
    (key, challenge) => ({
      ...new SoftAuthenticator().authenticate({ challenge, origin, rpId }),
      id: key.id,
      rawId: key.id,
    }),
  ],
  ['nothing', () => undefined],
  ['a text', () => 'x'.repeat(1000)],
  ['an empty object', () => ({})],
  [
    'an id of a megabyte',
    (key, challenge) => ({ ...key.authenticate({ challenge, origin, rpId }), id: 'A'.repeat(1_000_000) }),
  ],
];
for (const [name, forge] of attacks) {
  test(`a passkey's answer with ${name} signs nobody in, and its challenge is used up`, async () => {
    using place = house();
    const authenticator = await enrolByPasskey(place, email);
    const { ceremony, passkey } = await place.people.signIn.begin(client);
    const challenge = challengeOf(passkey);
    await assert.rejects(
      place.people.signIn.passkey(ceremony, forge(authenticator, challenge), client),
      refused('passkey-invalid'),
    );
    authenticator.flags = 0x05;
    authenticator.crossOrigin = false;
    const right = authenticator.authenticate({ challenge, origin, rpId });
    await assert.rejects(place.people.signIn.passkey(ceremony, right, client), refused('ceremony-unknown'));
    assert.equal(place.people.admin.show(email).sessions.length, 0);
  });
}

test('an answer is good for the ceremony whose challenge it signs, and for no other', async () => {
  using place = house();
  const authenticator = await enrolByPasskey(place, email);
  const [a, b] = [await place.people.signIn.begin(client), await place.people.signIn.begin(client)];
  const answer = authenticator.authenticate({ challenge: challengeOf(a.passkey), origin, rpId });
  await assert.rejects(place.people.signIn.passkey(b.ceremony, answer, client), refused('passkey-invalid'));
});

test('a challenge of a step-up or an enrolment is none of a sign-in', async () => {
  using place = house();
  const authenticator = await enrolByPasskey(place, email);
  const { session } = await signInByPasskey(place, authenticator);
  const { ceremony, factors } = await place.people.stepUp.begin(session, client);
  const answer = authenticator.authenticate({ challenge: challengeOf(factors.passkey), origin, rpId });
  await assert.rejects(place.people.signIn.passkey(ceremony, answer, client), refused('ceremony-unknown'));
  const opened = await place.people.enrolment.open(await invite(place, 'bo@hospital.example'), client);
  await assert.rejects(place.people.signIn.passkey(opened.ceremony, answer, client), refused('ceremony-unknown'));
});

test('a user handle of somebody else is refused, the own one taken', async () => {
  using place = house();
  const authenticator = await enrolByPasskey(place, email);
  authenticator.userHandle = Buffer.alloc(32).toString('base64url');
  await assert.rejects(signInByPasskey(place, authenticator), refused('passkey-foreign'));
  authenticator.userHandle = place.people.admin.show(email).account.handle.toString('base64url');
  await signInByPasskey(place, authenticator);
});

test('a passkey that counts backwards may be a copy: it is suspended and told', async () => {
  using place = house();
  const authenticator = await enrolByPasskey(place, email, 'physician', new SoftAuthenticator({ counter: 5 }));
  await signInByPasskey(place, authenticator);
  await signInByPasskey(place, authenticator);
  authenticator.counter = 6;
  await assert.rejects(signInByPasskey(place, authenticator), refused('passkey-counter'));
  const finding = place.events.find(({ kind }) => kind === 'passkey-suspended');
  assert.equal(finding?.account?.email, email);
  authenticator.counter = 100;
  await assert.rejects(signInByPasskey(place, authenticator), refused('passkey-suspended'));
});

test('a counter that stays at zero is a passkey without one', async () => {
  using place = house();
  const authenticator = await enrolByPasskey(place, email);
  await signInByPasskey(place, authenticator);
  await signInByPasskey(place, authenticator);
});

test('a passkey that belongs to one account is not taken for another', async () => {
  using place = house();
  const authenticator = await enrolByPasskey(place, email);
  const { ceremony, passkey } = await place.people.enrolment.open(await invite(place, 'bo@hospital.example'), client);
  const answer = authenticator.register({ challenge: challengeOf(passkey), origin, rpId });
  await assert.rejects(
    place.people.enrolment.passkey(ceremony, { answer, name: 'x' }, client),
    refused('new-factor-wrong'),
  );
});
