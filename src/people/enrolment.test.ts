import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  challengeOf,
  client,
  codeNow,
  enrolByCode,
  enrolByPasskey,
  fromBase32,
  goodPassword,
  house,
  invite,
  operator,
  origin,
  refused,
  rpId,
  signInByCode,
  signInByPasskey,
} from './people.test-support.ts';
import { LeadglassError } from '../error.ts';
import { SoftAuthenticator } from './authenticator.test-support.ts';

const email = 'ada@hospital.example';

test('a password that is refused says why, and another may follow in the same enrolment', async () => {
  using place = house();
  const { enrolment } = place.people;
  const { ceremony } = await enrolment.open(await invite(place, email), client);
  const short = await enrolment.password(ceremony, 'short');
  assert.ok('refused' in short && short.refused.code === 'PASSWORD_TOO_SHORT' && short.refused.hint.length > 20);
  const taken = await enrolment.password(ceremony, goodPassword);
  assert.ok('setup' in taken);
  assert.match(taken.setup.uri, /^otpauth:\/\/totp\/Leadglass:ada%40hospital\.example\?secret=[A-Z2-7]{32}&/);
  assert.match(taken.setup.qrSvg, /^<svg /);
  await assert.rejects(enrolment.code(ceremony, '12345', client), refused('new-factor-wrong'));
  const { account, recoveryCodes } = await enrolment.code(
    ceremony,
    codeNow(place, fromBase32(taken.setup.secret)),
    client,
  );
  assert.equal(account.state, 'active');
  assert.equal(recoveryCodes.length, 10);
});

test('the code that was shown at enrolment does not sign in', async () => {
  using place = house();
  const person = await enrolByCode(place, email);
  place.clockMs -= 60_000;
  const { ceremony } = await place.people.signIn.password({ email, password: goodPassword }, client);
  await assert.rejects(
    place.people.signIn.code(ceremony, codeNow(place, person.secret), client),
    refused('code-replayed'),
  );
});

test('codes before a password, or of a former picture, enrol nobody', async () => {
  using place = house();
  const { enrolment } = place.people;
  const { ceremony } = await enrolment.open(await invite(place, email), client);
  await assert.rejects(enrolment.code(ceremony, '000000', client), refused('new-factor-wrong'));
  const first = await enrolment.password(ceremony, goodPassword);
  const second = await enrolment.password(ceremony, goodPassword);
  assert.ok('setup' in first && 'setup' in second);
  const [old, now] = [first, second].map(({ setup }) => codeNow(place, fromBase32(setup.secret)));
  if (old !== now) await assert.rejects(enrolment.code(ceremony, old ?? '', client), refused('new-factor-wrong'));
  await enrolment.code(ceremony, now ?? '', client);
});

test('an account that is disabled during its enrolment is not enrolled', async () => {
  using place = house();
  const { enrolment, admin } = place.people;
  const opened = await enrolment.open(await invite(place, email), client);
  await admin.disable(email, operator, 'a mistake');
  const answer = new SoftAuthenticator().register({ challenge: challengeOf(opened.passkey), origin, rpId });
  await assert.rejects(enrolment.passkey(opened.ceremony, { answer, name: '' }, client), refused('ceremony-unknown'));
});

test('the secret of codes rests wrapped, and password and recovery codes as hashes', async () => {
  const { PeopleDatabase } = await import('./people-database.ts');
  using database = PeopleDatabase.open(':memory:');
  const { CredentialStore } = await import('./credential-store.ts');
  const { KeyRing } = await import('../keys/key-ring.ts');
  const { MemorySecrets } = await import('../keys/keys.test-support.ts');
  const { AccountStore } = await import('./account-store.ts');
  const accounts = new AccountStore(database);
  const add = (address: string) =>
    accounts.add({ email: address, displayName: 'x', role: 'physician', createdAtMs: 1, createdBy: 'x' });
  const [a, b] = [add('a@x.example'), add('b@x.example')];
  const store = new CredentialStore(database, KeyRing.open(new MemorySecrets()));
  const secret = Buffer.from('0123456789abcdefghij');
  store.setCode(a.id, secret, { atMs: 1, lastStep: 0 });
  assert.deepEqual(store.codeSecret(a.id), secret);
  const wrapped = database.prepare('SELECT wrapped FROM one_time_code').get()?.['wrapped'];
  assert.ok(wrapped instanceof Uint8Array && !Buffer.from(wrapped).includes(secret));
  database.prepare('INSERT INTO one_time_code SELECT ?, wrapped, added_at, last_step FROM one_time_code').run(b.id);
  assert.throws(() => store.codeSecret(b.id), /Cannot unwrap/, 'a row copied to another account opens nothing');
});

test('the last way to sign in cannot be removed', async () => {
  using place = house();
  const { ownFactors } = place.people;
  const authenticator = await enrolByPasskey(place, email);
  const { session } = await signInByPasskey(place, authenticator);
  const [only] = place.people.admin.show(email).passkeys;
  await assert.rejects(ownFactors.removePasskey(session, only?.id ?? 0), refused('last-factor'));
  await assert.rejects(ownFactors.removePasskey(session, 12345), (error: unknown) => {
    return error instanceof LeadglassError && error.code === 'NOT_FOUND';
  });
  const begun = await ownFactors.beginPasskey(session, client);
  const answer = new SoftAuthenticator().register({ challenge: challengeOf(begun.passkey), origin, rpId });
  await ownFactors.addPasskey(session, { ceremony: begun.ceremony, answer, name: 'Second' });
  await ownFactors.removePasskey(session, only?.id ?? 0);
  assert.deepEqual(
    place.people.admin.show(email).passkeys.map(({ name }) => name),
    ['Second'],
  );
});

test('who has passkeys adds a password with codes, and removes them again', async () => {
  using place = house();
  const { ownFactors } = place.people;
  const authenticator = await enrolByPasskey(place, email);
  const { session } = await signInByPasskey(place, authenticator);
  const weak = await ownFactors.beginCode(session, client, 'password1');
  assert.ok('refused' in weak && weak.refused.code === 'PASSWORD_COMMON');
  const begun = await ownFactors.beginCode(session, client, goodPassword);
  assert.ok('setup' in begun);
  const secret = fromBase32(begun.setup.secret);
  const recoveryCodes = await ownFactors.addCode(session, { ceremony: begun.ceremony, code: codeNow(place, secret) });
  place.clockMs += 60_000;
  await signInByCode(place, { email, secret, recoveryCodes });
  await ownFactors.removePasswordAndCode(session);
  assert.deepEqual(place.people.admin.show(email).factors, ['passkey']);
});

test('a change of factors needs a second factor shown just now', async () => {
  using place = house();
  const { ownFactors } = place.people;
  const person = await enrolByCode(place, email);
  const { session } = await signInByCode(place, person);
  place.clockMs += 5 * 60_000;
  const needed = refused('step-up-needed');
  await assert.rejects(ownFactors.beginPasskey(session, client), needed);
  await assert.rejects(ownFactors.removePasskey(session, 1), needed);
  await assert.rejects(
    ownFactors.changePassword(session, { present: goodPassword, password: 'another' }, client),
    needed,
  );
  await assert.rejects(ownFactors.beginCode(session, client), needed);
  await assert.rejects(ownFactors.removePasswordAndCode(session), needed);
  await assert.rejects(ownFactors.newRecoveryCodes(session), needed);
});

test('a new password ends the other sessions, and new recovery codes the old ones', async () => {
  using place = house();
  const { ownFactors, sessions, signIn } = place.people;
  const person = await enrolByCode(place, email);
  const other = await signInByCode(place, person);
  const { session } = await signInByCode(place, person);
  const change = (password: string, present = goodPassword) =>
    ownFactors.changePassword(session, { present, password }, client);
  const wrong = refused('present-password-wrong');
  await assert.rejects(change('meadow lantern cobalt ferry', 'not this one'), wrong);
  assert.equal(place.events.at(-1)?.reason, 'present-password-wrong');
  const refusal = await change('ada@hospital.example');
  assert.equal(refusal?.code, 'PASSWORD_PERSONAL');
  assert.equal(await change('meadow lantern cobalt ferry'), undefined);
  assert.throws(() => sessions.use(other.session), refused('session-unknown'));
  await assert.rejects(signIn.password({ email, password: goodPassword }, client), refused('password-wrong'));
  const codes = await ownFactors.newRecoveryCodes(session);
  const begun = await signIn.password({ email, password: 'meadow lantern cobalt ferry' }, client);
  await assert.rejects(
    signIn.recoveryCode(begun.ceremony, person.recoveryCodes[0] ?? '', client),
    refused('recovery-code-wrong'),
  );
  await signIn.recoveryCode(begun.ceremony, codes[0] ?? '', client);
});

test('an account has at most ten passkeys', async () => {
  using place = house({ limits: { passkeysMax: 2 } });
  const { ownFactors } = place.people;
  const authenticator = await enrolByPasskey(place, email);
  const { session } = await signInByPasskey(place, authenticator);
  const [a, b] = [await ownFactors.beginPasskey(session, client), await ownFactors.beginPasskey(session, client)];
  for (const [begun, fits] of [
    [a, true],
    [b, false],
  ] as const) {
    const answer = new SoftAuthenticator().register({ challenge: challengeOf(begun.passkey), origin, rpId });
    const adding = ownFactors.addPasskey(session, { ceremony: begun.ceremony, answer, name: '\u202e' });
    if (fits) await adding;
    else await assert.rejects(adding, refused('too-many-passkeys'));
  }
  await assert.rejects(ownFactors.beginPasskey(session, client), refused('too-many-passkeys'));
});

test('guessing links is one record a minute', async () => {
  using place = house();
  for (let index = 0; index < 50; index += 1) {
    await assert.rejects(place.people.enrolment.open(`lgi_${'A'.repeat(43)}`, client), refused('invitation-unknown'));
  }
  assert.equal(place.events.length, 1);
});
