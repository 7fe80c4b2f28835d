import assert from 'node:assert/strict';
import { Readable } from 'node:stream';
import { type TestContext, test } from 'node:test';
import { LeadglassError } from '../error.ts';
import { ForeignAuthority } from '../keys/foreign-authority.test-support.ts';
import { limits } from '../limits.ts';
import { impatient, redirectUri, ScriptedProvider } from './scripted-provider.test-support.ts';

const path = '/realm/.well-known/openid-configuration';
const fails = (code: string) => (error: unknown) => error instanceof LeadglassError && error.code === code;

test('metadata is read once for all who come at the same time, and not again within the hour', async (t: TestContext) => {
  await using provider = await ScriptedProvider.open();
  const client = provider.client();
  t.mock.timers.enable({ apis: ['Date'], now: Date.now() });
  await Promise.all(Array.from({ length: 8 }, () => client.authorize(redirectUri, false)));
  t.mock.timers.setTime(Date.now() + limits.provider.providerMetadataMs - 1);
  await client.authorize(redirectUri, false);
  assert.equal(provider.count(path), 1);
  t.mock.timers.setTime(Date.now() + 1);
  await client.authorize(redirectUri, false);
  assert.equal(provider.count(path), 2);
});

test('a provider whose metadata cannot be had is used as it was known, for a day', async (t: TestContext) => {
  await using provider = await ScriptedProvider.open();
  const client = provider.client();
  t.mock.timers.enable({ apis: ['Date'], now: Date.now() });
  await client.prepare();
  provider.answers.set(path, (_request, response) => response.writeHead(503).end());
  t.mock.timers.setTime(Date.now() + limits.provider.providerMetadataMs);
  await client.authorize(redirectUri, false);
  t.mock.timers.setTime(Date.now() + limits.provider.providerMetadataStaleMs);
  await assert.rejects(client.authorize(redirectUri, false), fails('PEER_FAILED'));
});

test('after a failure nobody asks again for some seconds', async (t: TestContext) => {
  await using provider = await ScriptedProvider.open();
  const client = provider.client();
  t.mock.timers.enable({ apis: ['Date'], now: Date.now() });
  provider.answers.set(path, (_request, response) => response.writeHead(503).end());
  for (let tries = 0; tries < 5; tries += 1) await assert.rejects(client.prepare(), fails('PEER_FAILED'));
  assert.equal(provider.count(path), 1);
  provider.answers.delete(path);
  t.mock.timers.setTime(Date.now() + limits.provider.providerPauseMs);
  await client.prepare();
});

const hostile: Record<string, { readonly code: string; readonly set: (provider: ScriptedProvider) => void }> = {
  'an endless document': {
    code: 'LIMIT_EXCEEDED',
    set: ({ answers }) =>
      answers.set(path, (_request, response) => {
        response.setHeader('content-type', 'application/json');
        // More than twice the limit, as fast as it is taken.
        const pieces = Readable.from(Array.from({ length: 10 }, () => Buffer.alloc(65_536, ' ')));
        pieces.pipe(response);
      }),
  },
  'a document that never comes': { code: 'TIMED_OUT', set: ({ answers }) => answers.set(path, () => undefined) },
  'a document that drips': {
    code: 'TIMED_OUT',
    set: ({ answers }) =>
      answers.set(path, (_request, response) => {
        response.setHeader('content-type', 'application/json');
        const drip = setInterval(() => response.write(' '), 50);
        response.on('close', () => clearInterval(drip));
      }),
  },
  'a redirect': {
    code: 'PEER_FAILED',
    set: ({ answers, issuer }) =>
      answers.set(path, (_request, response) => response.writeHead(302, { location: `${issuer}/elsewhere` }).end()),
  },
  'no JSON': {
    code: 'PEER_FAILED',
    set: ({ answers }) => answers.set(path, (_request, response) => response.end('<html>')),
  },
  'another issuer': {
    code: 'PEER_FAILED',
    set: (provider) => (provider.metadata = { issuer: 'https://other.example' }),
  },
  'the issuer with a slash more': {
    code: 'PEER_FAILED',
    set: (provider) => (provider.metadata = { issuer: `${provider.issuer}/` }),
  },
  'PKCE in plain only': {
    code: 'PEER_FAILED',
    set: (provider) => (provider.metadata = { code_challenge_methods_supported: ['plain'] }),
  },
  'a token endpoint without TLS': {
    code: 'PEER_FAILED',
    set: (provider) => (provider.metadata = { token_endpoint: 'http://localhost/token' }),
  },
  'keys without TLS': {
    code: 'PEER_FAILED',
    set: (provider) => (provider.metadata = { jwks_uri: 'http://localhost/keys' }),
  },
  'no keys at all': { code: 'PEER_FAILED', set: (provider) => (provider.metadata = { jwks_uri: undefined }) },
};
for (const [what, { code, set }] of Object.entries(hostile)) {
  test(`a provider with ${what} is not used`, async () => {
    await using provider = await ScriptedProvider.open();
    set(provider);
    const client = provider.client(code === 'TIMED_OUT' ? impatient : {});
    await assert.rejects(client.authorize(redirectUri, false), fails(code));
    assert.equal(provider.count('/realm/elsewhere'), 0);
  });
}

test('a provider whose certificate is of another authority, or of another name, is told nothing', async () => {
  await using provider = await ScriptedProvider.open();
  using other = await ForeignAuthority.open();
  await assert.rejects(provider.client({ authorities: [other.rootPem] }).prepare(), fails('BACKEND_UNAVAILABLE'));
  const issuer = provider.issuer.replace('localhost', '127.0.0.1');
  await assert.rejects(provider.client({ issuer }).prepare(), fails('BACKEND_UNAVAILABLE'));
  assert.deepEqual(provider.asked, []);
});

test('more requests at once than the limit are told to come back', async () => {
  await using provider = await ScriptedProvider.open();
  provider.metadata = { pushed_authorization_request_endpoint: `${provider.issuer}/par` };
  const client = provider.client({
    limits: { ...limits.provider, providerRequestMs: 300, providerRequestsAtOnceMax: 2 },
  });
  await client.prepare();
  provider.answers.set('/realm/par', () => undefined);
  const answers = await Promise.allSettled(Array.from({ length: 3 }, () => client.authorize(redirectUri, false)));
  const codes = answers.map((one) =>
    one.status === 'rejected' && one.reason instanceof LeadglassError ? one.reason.code : '',
  );
  assert.deepEqual(codes.toSorted(), ['OUT_OF_RESOURCES', 'TIMED_OUT', 'TIMED_OUT']);
});
