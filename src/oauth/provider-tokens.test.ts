/** Tokens of another provider: what is taken, and every way in which one is not (RFC 9068 4 and 5, RFC 8725). */
import assert from 'node:assert/strict';
import { createHmac, generateKeyPairSync, type KeyObject } from 'node:crypto';
import { test } from 'node:test';
import { createLocalJWKSet, exportJWK, type JWTPayload, SignJWT } from 'jose';
import { limits } from '../limits.ts';
import { ProviderTokens, type ProviderTokenRules } from './provider-tokens.ts';

const issuer = 'https://login.hospital.example/realms/hospital';
const audience = 'https://leadglass.hospital.example/dicom-web';
const doctor = 'ada@hospital.example';
const keys = generateKeyPairSync('ec', { namedCurve: 'P-256' });
const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 });
const seconds = (): number => Math.floor(Date.now() / 1000);

function house(rules: Partial<ProviderTokenRules> = {}) {
  const accounts = new Map<string, { readonly role: 'physician'; readonly untilMs?: number }>([
    [doctor, { role: 'physician' }],
  ]);
  const logged: string[] = [];
  const note = (event: string, fields: object = {}): void => void logged.push(`${event} ${JSON.stringify(fields)}`);
  const given = { later: 0, asked: 0 };
  const tokens = new ProviderTokens({
    rules: {
      issuer,
      audience,
      algorithms: ['ES256'],
      accountClaim: 'sub',
      acr: ['urn:hospital:two-factors'],
      amr: ['mfa'],
      ...rules,
    },
    keys: async () => {
      given.asked += 1;
      const set = [
        { ...(await exportJWK(keys.publicKey)), kid: 'one', alg: 'ES256' },
        { ...(await exportJWK(rsa.publicKey)), kid: 'two', alg: 'RS256' },
      ];
      return createLocalJWKSet({ keys: set });
    },
    account: (email) => accounts.get(email),
    limits: limits.oauth,
    now: () => Date.now() + given.later,
    log: { debug: note, info: note, warn: note, error: note },
  });
  return { tokens, accounts, logged, given };
}

const good = (): JWTPayload => ({
  iss: issuer,
  aud: audience,
  sub: doctor,
  client_id: 'ward-viewer',
  jti: 'a-1',
  iat: seconds(),
  exp: seconds() + 600,
  acr: 'urn:hospital:two-factors',
  scope: 'openid user/ImagingStudy.rs',
});

function signed(
  claims: JWTPayload = good(),
  {
    key = keys.privateKey,
    header = {},
  }: { readonly key?: KeyObject; readonly header?: Readonly<Record<string, unknown>> } = {},
): Promise<string> {
  return new SignJWT(claims).setProtectedHeader({ alg: 'ES256', typ: 'at+jwt', kid: 'one', ...header }).sign(key);
}

test('a good token is its person, with the operations of its scope, and keeps its number', async () => {
  const { tokens } = house();
  const text = await signed();
  const holder = await tokens.byText(text);
  assert.equal(holder?.session.account, doctor);
  assert.deepEqual([holder.session.id, holder.session.freshUntilMs, holder.session.role], [0, 0, 'physician']);
  assert.deepEqual(holder.access.operations, ['get', 'find']);
  assert.equal(holder.access.program, 'provider ward-viewer');
  assert.ok(holder.access.tokenId < 0, 'apart from our own');
  assert.equal((await tokens.byText(text))?.access.tokenId, holder.access.tokenId);
  assert.deepEqual(tokens.byId(holder.access.tokenId), holder);
  const other = await tokens.byText(await signed({ ...good(), jti: 'a-2' }));
  assert.notEqual(other?.access.tokenId, holder.access.tokenId);
  const several = await signed({ ...good(), aud: ['https://other.example', audience], amr: ['mfa'], acr: '1' });
  assert.ok((await tokens.byText(several)) !== undefined);
});

test('a person whose account is disabled, over or unknown has no token, also not one that was taken before', async () => {
  const { tokens, accounts } = house();
  const holder = await tokens.byText(await signed());
  accounts.set(doctor, { role: 'physician', untilMs: seconds() * 1000 + 5000 });
  assert.ok((tokens.byId(holder?.access.tokenId ?? 0)?.session.endsAtMs ?? Infinity) <= Date.now() + 5000);
  accounts.delete(doctor);
  assert.equal(tokens.byId(holder?.access.tokenId ?? 0), undefined);
  assert.equal(await tokens.byText(await signed()), undefined);
});

test('a token that is over is over, also by its number', async () => {
  const { tokens, given } = house();
  const text = await signed();
  const holder = await tokens.byText(text);
  given.later = 601_000;
  assert.equal(await tokens.byText(text), undefined);
  assert.equal(tokens.byId(holder?.access.tokenId ?? 0), undefined);
});

const without = (name: string): JWTPayload => {
  const { [name]: _left, ...rest } = good();
  return rest;
};
const wrong: Readonly<Record<string, () => Promise<string>>> = {
  'another audience': () => signed({ ...good(), aud: 'https://other.example' }),
  'an audience that only begins like ours': () => signed({ ...good(), aud: `${audience}/x` }),
  'another issuer': () => signed({ ...good(), iss: 'https://login.evil.example' }),
  'an issuer with another path': () => signed({ ...good(), iss: `${issuer}/` }),
  'a past end': () => signed({ ...good(), iat: seconds() - 900, exp: seconds() - 1 }),
  'a beginning ahead': () => signed({ ...good(), nbf: seconds() + 300 }),
  'an issue ahead': () => signed({ ...good(), iat: seconds() + 300 }),
  'a life of a day': () => signed({ ...good(), exp: seconds() + 86_400 }),
  'an age of a day': () => signed({ ...good(), iat: seconds() - 86_400 }),
  'one factor': () => signed({ ...good(), acr: '1', amr: ['pwd'] }),
  'no factor': () => signed(without('acr')),
  'factors as a text': () => signed({ ...without('acr'), amr: 'mfa' }),
  'no scope': () => signed(without('scope')),
  'a scope of others': () => signed({ ...good(), scope: 'openid profile user/Patient.rs' }),
  'a scope as a list': () => signed({ ...good(), scope: ['user/ImagingStudy.rs'] }),
  'a person who has no account': () => signed({ ...good(), sub: 'nobody@hospital.example' }),
  'a person that is no text': () => signed(Object.assign(good(), { sub: 7 })),
  'no program': () => signed(without('client_id')),
  'a program with a name that is none': () => signed({ ...good(), client_id: 'viewer\n<b>' }),
  ...Object.fromEntries(
    ['exp', 'iat', 'sub', 'jti', 'aud', 'iss'].map((name) => [`no ${name}`, () => signed(without(name))] as const),
  ),
  'the type of an identity token': () => signed(good(), { header: { typ: 'JWT' } }),
  'the type of a logout token': () => signed(good(), { header: { typ: 'logout+jwt' } }),
  'no type': () => signed(good(), { header: { typ: undefined } }),
  'a key that is not among theirs': () => signed(good(), { header: { kid: 'three' } }),
  'the key of a stranger': () => signed(good(), { key: generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey }),
  'a signature that is not allowed here': () =>
    signed(good(), { key: rsa.privateKey, header: { alg: 'RS256', kid: 'two' } }),
  'a key in the token itself': async () => {
    const own = generateKeyPairSync('ec', { namedCurve: 'P-256' });
    return signed(good(), { key: own.privateKey, header: { kid: undefined, jwk: await exportJWK(own.publicKey) } });
  },
  'no signature (alg none)': async () => forged({ alg: 'none', typ: 'at+jwt' }, ''),
  'no signature under a good header': async () => (await signed()).replace(/\.[^.]*$/, '.'),
  'a signature by the public key as a secret (alg HS256)': async () => {
    const pem = keys.publicKey.export({ type: 'spki', format: 'pem' });
    return forged({ alg: 'HS256', typ: 'at+jwt', kid: 'one' }, pem);
  },
  'claims that were changed': async () => {
    const [header, , signature] = (await signed()).split('.');
    const claims = Buffer.from(JSON.stringify({ ...good(), sub: 'eve@hospital.example' })).toString('base64url');
    return `${header}.${claims}.${signature}`;
  },
  'two tokens': async () => `${await signed()}.${await signed()}`,
  'too much': async () => signed({ ...good(), groups: 'x'.repeat(9000) }),
};

function forged(header: object, secret: string): string {
  const [first, second] = [header, good()].map((part) => Buffer.from(JSON.stringify(part)).toString('base64url'));
  const signature = createHmac('sha256', secret).update(`${first}.${second}`).digest('base64url');
  return `${first}.${second}.${secret === '' ? '' : signature}`;
}

for (const [name, make] of Object.entries(wrong)) {
  test(`attack: a token with ${name} is nobody's`, async () => {
    const { tokens, logged } = house();
    const text = await make();
    assert.equal(await tokens.byText(text), undefined);
    for (const line of logged) assert.ok(!line.includes(doctor) && !line.includes(text), line);
  });
}

test('attack: what is no token of this form asks nobody for keys', async () => {
  const { tokens, given } = house();
  for (const text of ['', 'x', 'lgd_x', 'a.b', 'a.b.c.d', `${'x'.repeat(10_000)}.y.z`, 'a..b', '.'.repeat(20)]) {
    assert.equal(await tokens.byText(text), undefined);
  }
  assert.equal(given.asked, 0);
});

test('an account may stand in another claim, whatever its case', async () => {
  const { tokens } = house({ accountClaim: 'email' });
  const claims = { ...good(), sub: 'f:7d1', email: 'Ada@Hospital.example' };
  assert.equal((await tokens.byText(await signed(claims)))?.session.account, doctor);
  assert.equal(await tokens.byText(await signed({ ...claims, email: undefined })), undefined);
});
