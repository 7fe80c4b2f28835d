import assert from 'node:assert/strict';
import { createHash, generateKeyPairSync } from 'node:crypto';
import { type TestContext, test } from 'node:test';
import { createLocalJWKSet, exportJWK, jwtVerify } from 'jose';
import { LeadglassError } from '../error.ts';
import type { AuthorizationChecks } from '../people/identity-provider.ts';
import type { OidcProvider } from './provider.ts';
import {
  clientId,
  redirectUri,
  ScriptedProvider,
  secrets,
  signedWithSecret,
  unsigned,
} from './scripted-provider.test-support.ts';

const code = 'code-of-the-test';

function answerTo(
  provider: ScriptedProvider,
  { state }: AuthorizationChecks,
  more: Record<string, string> = {},
): string {
  return new URLSearchParams({ code, state, iss: provider.issuer, ...more }).toString();
}

/** An error with this code, in which nothing secret stands. */
function fails(code: string): (error: unknown) => boolean {
  return (error) => {
    assert.ok(error instanceof LeadglassError, String(error));
    const text = JSON.stringify([error.message, error.detail]);
    for (const word of secrets) assert.ok(!text.includes(word), text);
    assert.equal(error.code, code, error.message);
    return true;
  };
}

async function roundTrip(
  provider: ScriptedProvider,
  client: OidcProvider,
  claims: Record<string, unknown> = {},
): Promise<ReturnType<OidcProvider['redeem']>> {
  const { checks } = await client.authorize(redirectUri, false);
  provider.token = await provider.signed({ ...provider.idClaims(checks.nonce), ...claims });
  return await client.redeem(answerTo(provider, checks), checks);
}

test('the browser is sent with PKCE, state, nonce and the age that is still good, and nothing secret', async () => {
  await using provider = await ScriptedProvider.open();
  const { url, checks } = await provider.client({ acrValues: ['phr', 'mfa'] }).authorize(redirectUri, false);
  const { origin, pathname, searchParams } = new URL(url);
  assert.equal(origin + pathname, `${provider.issuer}/authorize`);
  const challenge = createHash('sha256').update(checks.verifier).digest('base64url');
  assert.deepEqual(Object.fromEntries(searchParams), {
    client_id: clientId,
    response_type: 'code',
    redirect_uri: redirectUri,
    scope: 'openid profile',
    state: checks.state,
    nonce: checks.nonce,
    code_challenge: challenge,
    code_challenge_method: 'S256',
    max_age: '3600',
    acr_values: 'phr mfa',
  });
  assert.ok(!url.includes(checks.verifier));
});

test('to show the factors again the provider is told to ask again', async () => {
  await using provider = await ScriptedProvider.open();
  const { url } = await provider.client().authorize(redirectUri, true);
  const { searchParams } = new URL(url);
  assert.deepEqual([searchParams.get('prompt'), searchParams.get('max_age')], ['login', '0']);
});

test('where the provider takes pushed requests, the browser carries only a reference', async () => {
  await using provider = await ScriptedProvider.open();
  provider.metadata = { pushed_authorization_request_endpoint: `${provider.issuer}/par` };
  const { url, checks } = await provider.client().authorize(redirectUri, false);
  assert.deepEqual(Object.fromEntries(new URL(url).searchParams), {
    client_id: clientId,
    request_uri: 'urn:ietf:params:oauth:request_uri:one',
  });
  const pushed = provider.asked.find(({ path }) => path === '/realm/par');
  assert.equal(pushed?.body.get('state'), checks.state);
  assert.match(pushed?.headers.authorization ?? '', /^Basic /);
});

test('a good answer names the person, with the verifier sent to prove that we began', async () => {
  await using provider = await ScriptedProvider.open();
  const client = provider.client();
  const { checks } = await client.authorize(redirectUri, false);
  provider.token = await provider.signed({
    ...provider.idClaims(checks.nonce),
    sid: 's-1',
    acr: 'phr',
    department: 'CT',
  });
  const identity = await client.redeem(answerTo(provider, checks), checks);
  const { authenticatedAtMs = 0, ...said } = identity;
  assert.ok(Math.abs(Date.now() - authenticatedAtMs) < 60_000);
  assert.deepEqual(said, {
    issuer: provider.issuer,
    subject: 'u-1',
    sid: 's-1',
    acr: 'phr',
    amr: ['pwd', 'mfa'],
    groups: ['rad-doctors'],
    name: 'Ada Berg',
    email: 'ada@hospital.example',
    isEmailDoubted: false,
    department: 'CT',
  });
  const { body } = provider.asked.find(({ path }) => path === '/realm/token') ?? assert.fail();
  assert.deepEqual(
    [body.get('code'), body.get('code_verifier'), body.get('redirect_uri')],
    [code, checks.verifier, redirectUri],
  );
});

const nowSeconds = (): number => Math.floor(Date.now() / 1000);
const wrongTokens: Record<string, (provider: ScriptedProvider) => Record<string, unknown>> = {
  'for another client': () => ({ aud: 'somebody-else' }),
  'for us and others, without saying who asked': () => ({ aud: [clientId, 'somebody-else'] }),
  'of another issuer': () => ({ iss: 'https://other.example/realm' }),
  'of the issuer with a slash more': (provider) => ({ iss: `${provider.issuer}/` }),
  'that has ended': () => ({ iat: nowSeconds() - 900, exp: nowSeconds() - 600 }),
  'without an end': () => ({ exp: undefined }),
  'with another nonce': () => ({ nonce: 'another' }),
  'without a nonce': () => ({ nonce: undefined }),
  'without a subject': () => ({ sub: undefined }),
  'with an empty subject': () => ({ sub: '' }),
  'that does not say when the person was there': () => ({ auth_time: undefined }),
  'of somebody who was there too long ago': () => ({ auth_time: nowSeconds() - 7200 }),
};
for (const [what, change] of Object.entries(wrongTokens)) {
  test(`an ID token ${what} is refused`, async () => {
    await using provider = await ScriptedProvider.open();
    await assert.rejects(roundTrip(provider, provider.client(), change(provider)), fails('NOT_AUTHENTICATED'));
  });
}

const wrongSignatures: Record<
  string,
  (provider: ScriptedProvider, claims: Record<string, unknown>) => Promise<string> | string
> = {
  'without a signature (alg none)': (_provider, claims) => unsigned(claims),
  'signed with our own secret (HS256)': (_provider, claims) => signedWithSecret(claims),
  'signed with a key that the provider does not have': async (_provider, claims) => {
    await using other = await ScriptedProvider.open();
    return await other.signed(claims);
  },
  'changed after it was signed': async (provider, claims) => {
    const [head = '', , signature = ''] = (await provider.signed(claims)).split('.');
    const body = Buffer.from(JSON.stringify({ ...claims, sub: 'u-2' })).toString('base64url');
    return [head, body, signature].join('.');
  },
  'of another shape': () => 'no token at all',
};
for (const [what, make] of Object.entries(wrongSignatures)) {
  test(`an ID token ${what} is refused, although the provider itself handed it over`, async () => {
    await using provider = await ScriptedProvider.open();
    const client = provider.client();
    const { checks } = await client.authorize(redirectUri, false);
    provider.token = await make(provider, provider.idClaims(checks.nonce));
    await assert.rejects(client.redeem(answerTo(provider, checks), checks), fails('NOT_AUTHENTICATED'));
  });
}

const wrongAnswers: Record<string, (provider: ScriptedProvider, checks: AuthorizationChecks) => string> = {
  'with another state': (provider, checks) => answerTo(provider, { ...checks, state: 'another' }),
  'without a state': (provider) => new URLSearchParams({ code, iss: provider.issuer }).toString(),
  'of a mixed-up issuer': (provider, checks) => answerTo(provider, checks, { iss: 'https://other.example' }),
  'without its issuer, which the provider promises': (_provider, { state }) =>
    new URLSearchParams({ code, state }).toString(),
  'with two codes': (provider, checks) => `${answerTo(provider, checks)}&code=second`,
  'without a code': (provider, { state }) => new URLSearchParams({ state, iss: provider.issuer }).toString(),
  'with a token beside the code': (provider, checks) => answerTo(provider, checks, { id_token: 'x' }),
};
for (const [what, make] of Object.entries(wrongAnswers)) {
  test(`an answer ${what} never reaches the token endpoint`, async () => {
    await using provider = await ScriptedProvider.open();
    const client = provider.client();
    const { checks } = await client.authorize(redirectUri, false);
    await assert.rejects(client.redeem(make(provider, checks), checks), fails('NOT_AUTHENTICATED'));
    assert.equal(provider.count('/realm/token'), 0);
  });
}

test('what the provider refuses is told as that, and its words are not repeated', async () => {
  await using provider = await ScriptedProvider.open();
  const client = provider.client();
  const { checks } = await client.authorize(redirectUri, false);
  const denied = answerTo(provider, checks, { error: 'access_denied', error_description: 'eyJ-of-an-attacker' });
  await assert.rejects(client.redeem(denied, checks), fails('NOT_AUTHORIZED'));
  const strange = answerTo(provider, checks, { error: 'eyJ <script>' });
  await assert.rejects(client.redeem(strange, checks), fails('NOT_AUTHORIZED'));
});

const tokenAnswers: Record<string, { readonly status: number; readonly body: string; readonly code: string }> = {
  'a code that was used': { status: 400, body: '{"error":"invalid_grant"}', code: 'NOT_AUTHENTICATED' },
  'a client that it does not know': { status: 401, body: '{"error":"invalid_client"}', code: 'PEER_FAILED' },
  'a mistake of its own': { status: 500, body: 'oops', code: 'PEER_FAILED' },
  'a page': { status: 200, body: '<html>', code: 'PEER_FAILED' },
};
for (const [what, { status, body, code: expected }] of Object.entries(tokenAnswers)) {
  test(`a token endpoint that tells of ${what} is understood`, async () => {
    await using provider = await ScriptedProvider.open();
    provider.answers.set('/realm/token', (_request, response) => {
      response.writeHead(status, { 'content-type': body.startsWith('{') ? 'application/json' : 'text/html' }).end(body);
    });
    await assert.rejects(roundTrip(provider, provider.client()), fails(expected));
  });
}

test('groups that only the userinfo endpoint tells are asked there, and of nobody else', async () => {
  await using provider = await ScriptedProvider.open();
  provider.userinfo = { sub: 'u-1', groups: 'rad-doctors', email: 'ada@hospital.example', email_verified: false };
  const { groups, isEmailDoubted } = await roundTrip(provider, provider.client(), { groups: undefined });
  assert.deepEqual([groups, isEmailDoubted], [['rad-doctors'], true]);
  provider.userinfo = { sub: 'u-2', groups: ['admins'] };
  await assert.rejects(roundTrip(provider, provider.client(), { groups: undefined }), fails('NOT_AUTHENTICATED'));
});

test('a client that proves itself by a key sends a signature and no secret', async () => {
  await using provider = await ScriptedProvider.open();
  const { privateKey: key, publicKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
  await roundTrip(provider, provider.client({ proof: { by: 'private-key', key, keyId: 'k-1' } }));
  const { body, headers } = provider.asked.find(({ path }) => path === '/realm/token') ?? assert.fail();
  assert.equal(headers.authorization, undefined);
  const jwk = { ...(await exportJWK(publicKey)), kid: 'k-1' };
  const { payload, protectedHeader } = await jwtVerify(
    body.get('client_assertion') ?? '',
    createLocalJWKSet({ keys: [jwk] }),
  );
  assert.deepEqual([payload.iss, payload.sub, protectedHeader.alg], [clientId, clientId, 'RS256']);
});

test('another signing key of the provider is taken when its old one has been known for a minute', async (t: TestContext) => {
  await using provider = await ScriptedProvider.open();
  const client = provider.client();
  t.mock.timers.enable({ apis: ['Date'], now: Date.now() });
  await roundTrip(provider, client);
  await provider.rotate();
  t.mock.timers.setTime(Date.now() + 61_000);
  assert.equal((await roundTrip(provider, client)).subject, 'u-1');
  assert.equal(provider.count('/realm/keys'), 2);
});
