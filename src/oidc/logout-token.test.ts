import assert from 'node:assert/strict';
import { test } from 'node:test';
import { LeadglassError } from '../error.ts';
import { impatient, ScriptedProvider, signedWithSecret, unsigned } from './scripted-provider.test-support.ts';

const nowSeconds = (): number => Math.floor(Date.now() / 1000);

test('a good logout token names person and session, and until when it must be remembered', async () => {
  await using provider = await ScriptedProvider.open();
  const client = provider.client();
  const { notAfterMs, ...word } = await client.readLogout(
    await provider.signed(provider.logoutClaims(), { typ: 'logout+jwt' }),
  );
  assert.deepEqual(word, { id: 'logout-1', subject: 'u-1', sid: 's-1' });
  assert.ok(notAfterMs > Date.now() + 300_000);
  const bySession = await client.readLogout(await provider.signed({ ...provider.logoutClaims(), sub: undefined }));
  assert.deepEqual([bySession.subject, bySession.sid], [undefined, 's-1']);
});

const wrong: Record<string, Record<string, unknown>> = {
  'for another client': { aud: 'somebody-else' },
  'of another issuer': { iss: 'https://other.example' },
  'without an issuer': { iss: undefined },
  'that is too old': { iat: nowSeconds() - 400, exp: nowSeconds() + 60 },
  'of the future': { iat: nowSeconds() + 400, exp: nowSeconds() + 600 },
  'that has ended': { iat: nowSeconds() - 200, exp: nowSeconds() - 100 },
  'without a time': { iat: undefined },
  'without an end': { exp: undefined },
  'without a number': { jti: undefined },
  'with a list for a number': { jti: ['a'] },
  'with an empty number': { jti: '' },
  'with a nonce': { nonce: 'n' },
  'without an event': { events: undefined },
  'with another event': { events: { 'http://schemas.openid.net/event/other': {} } },
  'with an event that is no object': { events: { 'http://schemas.openid.net/event/backchannel-logout': true } },
  'with a list of events': { events: ['http://schemas.openid.net/event/backchannel-logout'] },
  'that names nobody': { sub: undefined, sid: undefined },
  'that names nobody by a number': { sub: 7, sid: undefined },
};
for (const [what, change] of Object.entries(wrong)) {
  test(`a logout token ${what} is refused`, async () => {
    await using provider = await ScriptedProvider.open();
    await refused(provider, await provider.signed({ ...provider.logoutClaims(), ...change }));
  });
}

test('an ID token is no logout token', async () => {
  await using provider = await ScriptedProvider.open();
  await refused(provider, await provider.signed({ ...provider.idClaims('n'), jti: 'j' }));
});

test('a logout token that says it is of another type is refused', async () => {
  await using provider = await ScriptedProvider.open();
  await refused(provider, await provider.signed(provider.logoutClaims(), { typ: 'at+jwt' }));
});

test('a logout token without a signature, with one of our secret, of a foreign key, or no token at all is refused', async () => {
  await using provider = await ScriptedProvider.open();
  await using other = await ScriptedProvider.open();
  const claims = provider.logoutClaims();
  for (const token of [
    unsigned(claims),
    await signedWithSecret(claims),
    await other.signed(claims),
    '',
    'a.b',
    'a.b.c',
  ]) {
    await refused(provider, token);
  }
});

test('invented key names do not become as many requests for keys', async () => {
  await using provider = await ScriptedProvider.open();
  const client = provider.client();
  await client.readLogout(await provider.signed(provider.logoutClaims()));
  for (const kid of ['a', 'b', 'c']) {
    const token = await provider.signed(provider.logoutClaims(), { kid });
    await assert.rejects(client.readLogout(token));
  }
  assert.equal(provider.count('/realm/keys'), 1);
});

test('keys that cannot be had are no fault of the token', async () => {
  await using provider = await ScriptedProvider.open();
  provider.answers.set('/realm/keys', () => undefined);
  const token = await provider.signed(provider.logoutClaims());
  await assert.rejects(
    provider.client(impatient).readLogout(token),
    (error) => error instanceof LeadglassError && error.code === 'TIMED_OUT',
  );
});

async function refused(provider: ScriptedProvider, token: string): Promise<void> {
  await assert.rejects(
    provider.client().readLogout(token),
    (error) => error instanceof LeadglassError && error.code === 'NOT_AUTHENTICATED' && !error.message.includes('eyJ'),
  );
}
