import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { portOf } from '../../../test/support/programs.ts';
import { type Script, type Scripted, ScriptedAcme } from '../../acme/scripted-server.test-support.ts';
import { ForeignAuthority } from '../../keys/foreign-authority.test-support.ts';
import { MemorySecrets, TemporaryFolder } from '../../keys/keys.test-support.ts';
import { limits } from '../../limits.ts';
import type { Log } from '../../log.ts';
import { AcmeSource, type AcmeSourceOptions } from './acme-source.ts';

const dayMs = 86_400_000;

/** A source that asks a scripted server, with short limits. */
class Fixture implements AsyncDisposable {
  readonly acme: ScriptedAcme;
  readonly secrets = new MemorySecrets();
  readonly folder = new TemporaryFolder();
  readonly lines: string[] = [];
  readonly answered: string[] = [];
  #source: AcmeSource | undefined;
  #changed: () => void = () => undefined;

  private constructor(acme: ScriptedAcme) {
    this.acme = acme;
    mkdirSync(this.path('certificates'));
    writeFileSync(this.path('ca.pem'), acme.authority.rootPem);
  }

  static async open(names?: readonly string[]): Promise<Fixture> {
    return new Fixture(await ScriptedAcme.open(names));
  }

  path(name: string): string {
    return `${this.folder.path}/${name}`;
  }

  /** As after a start. */
  start(settings: Partial<AcmeSourceOptions['settings']> = {}, options: Partial<AcmeSourceOptions> = {}): AcmeSource {
    const note = (event: string, fields: object = {}): void =>
      void this.lines.push(`${event} ${JSON.stringify(fields)}`);
    const log: Log = { debug: note, info: note, warn: note, error: note };
    this.#source = new AcmeSource({
      settings: {
        directoryUrl: `${this.acme.origin}/dir`,
        authorityFile: this.path('ca.pem'),
        names: [...this.acme.names],
        contact: [],
        termsOfServiceAgreed: true,
        externalAccount: { keyId: '', keyFile: '' },
        ...settings,
      },
      secrets: this.secrets,
      directory: this.path('certificates'),
      userAgent: 'leadglass/test',
      limits: { ...limits, acmeRequestMs: 2_000, acmePollMs: 5, acmePollMsMax: 10, acmeOrderMs: 500 },
      log,
      answer: () => (name) => {
        this.answered.push(`open ${name}`);
        return { [Symbol.dispose]: () => void this.answered.push(`closed ${name}`) };
      },
      onChange: () => this.#changed(),
      dice: () => 0.5,
      ...options,
    });
    return this.#source;
  }

  /** One attempt, to its end. */
  async attempt(source: AcmeSource, now = new Date()): Promise<string> {
    const changed = new Promise<void>((resolve) => (this.#changed = resolve));
    await source.review(now);
    await changed;
    return source.problems[0]?.text ?? '';
  }

  get kept(): readonly string[] {
    return [
      ...readdirSync(this.path('certificates')),
      ...[...this.secrets.secrets.keys()].filter((name) => name.startsWith('acme-web')),
    ];
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#source?.stop();
    await this.acme[Symbol.asyncDispose]();
    this.folder[Symbol.dispose]();
  }
}

test('a certificate arrives, is kept, found again by the next start, and renewed with another key at a third of its life', async () => {
  await using fixture = await Fixture.open(['a.example', 'b.example']);
  const source = fixture.start();
  assert.equal(await fixture.attempt(source), '');
  const [first] = source.identities;
  assert.ok(first);
  await source.review(new Date());
  const again = fixture.start();
  await again.review(new Date());
  assert.equal(again.identities[0]?.keyPem, first.keyPem);
  const before = fixture.acme.asked.length;
  // 90 days: a third is 30, and half of a thirtieth earlier is a day and a half.
  await again.review(new Date(first.facts.notAfter.getTime() - 31.6 * dayMs));
  assert.equal(fixture.acme.asked.length, before);
  assert.equal(await fixture.attempt(again, new Date(first.facts.notAfter.getTime() - 31.4 * dayMs)), '');
  assert.notEqual(again.identities[0]?.keyPem, first.keyPem);
  assert.equal(fixture.kept.length, 2, 'one certificate, one key');
  assert.equal(new Set(fixture.acme.accounts.map((jwk) => JSON.stringify(jwk))).size, 1, 'one account');
});

test('other names or another ACME server mean another certificate, and another server another account', async () => {
  await using fixture = await Fixture.open();
  await fixture.attempt(fixture.start());
  const other = fixture.start({ names: ['other.example'] });
  await other.review(new Date());
  assert.deepEqual(other.identities, []);
  fixture.acme.script('/dir2', () => ({
    body: {
      newNonce: `${fixture.acme.origin}/nonce`,
      newAccount: `${fixture.acme.origin}/account`,
      newOrder: `${fixture.acme.origin}/order`,
    },
  }));
  assert.equal(await fixture.attempt(fixture.start({ directoryUrl: `${fixture.acme.origin}/dir2` })), '');
  assert.equal(new Set(fixture.acme.accounts.map((jwk) => JSON.stringify(jwk))).size, 2);
});

test('a renewal that fails leaves the certificate; it is tried again later and later, and not before the server wants', async () => {
  await using fixture = await Fixture.open();
  const source = fixture.start();
  await fixture.attempt(source);
  const [first] = source.identities;
  assert.ok(first);
  let now = first.facts.notAfter.getTime() - 30 * dayMs;
  fixture.acme.script('/order', { status: 503, body: {} });
  const pauses: number[] = [];
  for (let tries = 0; tries < 4; tries += 1) {
    assert.match(
      await fixture.attempt(source, new Date(now)),
      /could not be had by ACME: the order was refused \(503\)/,
    );
    const next = Date.parse(source.problems[0]?.nextAt ?? '');
    pauses.push((next - now) / 60_000);
    const asked = fixture.acme.asked.length;
    await source.review(new Date(next - 1));
    assert.equal(fixture.acme.asked.length, asked);
    now = next;
  }
  assert.deepEqual(pauses, [1, 2, 4, 8]);
  fixture.acme.script('/order', {
    status: 429,
    headers: { 'retry-after': '7200' },
    body: { type: 'urn:ietf:params:acme:error:rateLimited', detail: 'slow\ndown\u001b[31m' },
  });
  assert.match(await fixture.attempt(source, new Date(now)), /refused \(429\): rateLimited, slow\?down\?\[31m$/);
  assert.equal(Date.parse(source.problems[0]?.nextAt ?? '') - now, 7_200_000);
  assert.equal(source.identities[0]?.keyPem, first.keyPem);
  assert.equal(fixture.lines.filter((line) => line.startsWith('web.acme-failed')).length, 5);
});

test('a challenge is answered from before it is asked for until it is decided', async () => {
  await using fixture = await Fixture.open();
  const { acme } = fixture;
  const token = 'a'.repeat(43);
  let asked = 0;
  const authorization = (status: string): Scripted => ({
    body: {
      status,
      identifier: { type: 'dns', value: 'pacs.example' },
      challenges: [{ type: 'http-01' }, { type: 'tls-alpn-01', url: `${acme.origin}/challenge`, token }],
    },
  });
  acme.script('/authz/0', () =>
    authorization(asked > 0 && fixture.answered.length === 2 ? 'valid' : asked++ > 2 ? 'valid' : 'pending'),
  );
  acme.script('/challenge', () => {
    fixture.answered.push('asked for');
    return { body: {} };
  });
  assert.equal(await fixture.attempt(fixture.start()), '');
  assert.deepEqual(fixture.answered, ['open pacs.example', 'asked for', 'closed pacs.example']);
});

test('an ACME server whose clock is some minutes ahead is no failure; one that is further ahead is', async () => {
  await using fixture = await Fixture.open();
  // What is issued is valid since five minutes ago.
  assert.equal(await fixture.attempt(fixture.start(), new Date(Date.now() - 9 * 60_000)), '');
  fixture.secrets.secrets.clear();
  assert.match(
    await fixture.attempt(fixture.start(), new Date(Date.now() - 11 * 60_000)),
    /not taken: its certificate is valid only from/,
  );
});

test('a nonce that is refused is replaced, a few times', async () => {
  await using fixture = await Fixture.open();
  let refused = 0;
  const { acme } = fixture;
  acme.script('/order', () => {
    refused += 1;
    if (refused < 4) return { status: 400, body: { type: 'urn:ietf:params:acme:error:badNonce' } };
    return { status: 201, headers: { location: `${acme.origin}/order/1` }, body: acme.order };
  });
  assert.equal(await fixture.attempt(fixture.start()), '');
  assert.equal(refused, 4);
});

/** One answer that is not as it should be; nothing may come of it. */
const attacks: readonly (readonly [
  what: string,
  path: string,
  script: (acme: ScriptedAcme) => Scripted | Script,
  told: RegExp,
])[] = [
  ['garbage for a directory', '/dir', () => ({ body: '<html>' }), /directory is no JSON/],
  [
    'a directory of another form',
    '/dir',
    () => ({ body: { newNonce: 1 } }),
    /directory is not of the form of RFC 8555/,
  ],
  ['a directory that is a list', '/dir', () => ({ body: [] }), /directory is not of the form/],
  ['a huge body', '/dir', () => ({ body: 'x'.repeat(limits.acmeAnswerBytesMax + 1) }), /has more than 131072 bytes/],
  [
    'a body that is longer than it says',
    '/dir',
    () => ({ raw: (response) => void response.end('x'.repeat(1024 ** 2)) }),
    /has more than 131072 bytes/,
  ],
  [
    'an answer that never ends',
    '/dir',
    () => ({
      raw: (response) => {
        const timer = setInterval(() => response.write('x'), 20);
        response.on('close', () => clearInterval(timer));
      },
    }),
    /took longer than 2000 ms/,
  ],
  ['no answer', '/dir', () => ({ raw: () => undefined }), /took longer than 2000 ms/],
  [
    'a broken connection',
    '/order',
    () => ({ raw: (response) => void response.socket?.destroy() }),
    /cannot be reached: ECONNRESET/,
  ],
  ['huge headers', '/order', () => ({ headers: { x: 'y'.repeat(20_000) } }), /cannot be reached: HPE_HEADER_OVERFLOW/],
  [
    'a redirect',
    '/dir',
    () => ({ status: 302, headers: { location: 'https://localhost:1/' } }),
    /redirect \(302\), which is not followed/,
  ],
  [
    'another origin in the directory',
    '/dir',
    (acme) => ({
      body: {
        newNonce: 'https://elsewhere.example/',
        newAccount: `${acme.origin}/account`,
        newOrder: `${acme.origin}/order`,
      },
    }),
    /a place that is not on https:\/\/localhost/,
  ],
  [
    'HTTP without TLS in the directory',
    '/dir',
    (acme) => ({ body: { newNonce: acme.origin.replace('https', 'http'), newAccount: 'x', newOrder: 'x' } }),
    /a place that is not on/,
  ],
  ['no nonce', '/nonce', () => ({ headers: { 'replay-nonce': 'not a nonce' } }), /gives no nonce/],
  [
    'nonces that are all refused',
    '/account',
    () => ({ status: 400, body: { type: 'urn:ietf:params:acme:error:badNonce' } }),
    /the account was refused \(400\): badNonce/,
  ],
  [
    'a closed account',
    '/account',
    (acme) => ({ headers: { location: `${acme.origin}/account/1` }, body: { status: 'revoked' } }),
    /has closed our account/,
  ],
  ['an account elsewhere', '/account', () => ({ body: { status: 'valid' } }), /does not say where the account is/],
  [
    'an order for other names',
    '/order',
    (acme) => ({
      status: 201,
      headers: { location: `${acme.origin}/order/1` },
      body: { ...acme.order, identifiers: [{ type: 'dns', value: 'evil.example' }] },
    }),
    /order is for other names/,
  ],
  [
    'an order elsewhere',
    '/order',
    (acme) => ({ status: 201, headers: { location: 'https://elsewhere.example/order' }, body: acme.order }),
    /a place that is not on/,
  ],
  [
    'a proof for another name',
    '/authz/0',
    () => ({ body: { status: 'pending', identifier: { type: 'dns', value: 'evil.example' }, challenges: [] } }),
    /a proof for a name that was not asked for/,
  ],
  [
    'no challenge that we have',
    '/authz/0',
    () => ({
      body: {
        status: 'pending',
        identifier: { type: 'dns', value: 'pacs.example' },
        challenges: [{ type: 'http-01', url: 'x', token: 'y' }],
      },
    }),
    /does not offer tls-alpn-01/,
  ],
  [
    'a token that is none',
    '/authz/0',
    (acme) => ({
      body: {
        status: 'pending',
        identifier: { type: 'dns', value: 'pacs.example' },
        challenges: [{ type: 'tls-alpn-01', url: `${acme.origin}/challenge`, token: '../../../../etc/passwd.....' }],
      },
    }),
    /token is not of the form/,
  ],
  [
    'an order that is never ready',
    '/order/1',
    (acme) => () => ({ headers: { 'retry-after': '999999999' }, body: { ...acme.order, status: 'pending' } }),
    /did not finish the order in time/,
  ],
  [
    'an order that turns invalid',
    '/order/1',
    (acme) => () => ({
      body: { ...acme.order, status: 'invalid', error: { type: 'urn:ietf:params:acme:error:caa', detail: 'no' } },
    }),
    /the order was not fulfilled: caa, no/,
  ],
  [
    'garbage for a certificate',
    '/cert',
    () => ({ body: '-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----' }),
    /not taken: certificate 1 in it cannot be read/,
  ],
  ['no certificate', '/cert', () => ({ body: '' }), /not taken: there is no certificate/],
  [
    'a certificate for another key',
    '/cert',
    (acme) => async () => ({ body: (await acme.authority.issue('pacs.example')).certificatePem }),
    /not taken: its key does not belong to its certificate/,
  ],
  [
    'a certificate for another name',
    '/cert',
    (acme) => async () => ({ body: await acme.issued(['evil.example']) }),
    /not taken: it is for other names/,
  ],
  [
    'a certificate for one name more',
    '/cert',
    (acme) => async () => ({ body: await acme.issued(['pacs.example', 'evil.example']) }),
    /not taken: it is for other names/,
  ],
  [
    'a chain in another order',
    '/cert',
    (acme) => async () => ({ body: `${acme.authority.authority.issuingPem}${await acme.issued()}` }),
    /not taken: its key belongs to a later certificate/,
  ],
];

for (const [what, path, script, told] of attacks) {
  test(`attack: ${what}: nothing is taken`, async () => {
    await using fixture = await Fixture.open();
    fixture.acme.script(path, script(fixture.acme));
    const source = fixture.start();
    assert.match(await fixture.attempt(source), told);
    assert.deepEqual([source.identities, fixture.kept], [[], []]);
    assert.doesNotMatch(fixture.lines.join('\n'), /PRIVATE KEY/);
  });
}

test('attack: a redirect elsewhere is not even looked at', async () => {
  await using fixture = await Fixture.open();
  let reached = 0;
  const elsewhere = createServer((socket) => {
    reached += 1;
    socket.destroy();
  });
  elsewhere.listen(0, '127.0.0.1');
  await once(elsewhere, 'listening');
  const location = `https://localhost:${portOf(elsewhere)}/`;
  for (const path of ['/dir', '/nonce', '/account', '/order', '/cert']) {
    fixture.acme.script(path, { status: 307, headers: { location, 'replay-nonce': 'abc' } });
    assert.match(await fixture.attempt(fixture.start()), /redirect|gives no nonce/, path);
  }
  await sleep(50);
  elsewhere.close();
  assert.equal(reached, 0);
});

test('attack: a server with a certificate of somebody else, of another name, or with another one between two requests', async () => {
  await using fixture = await Fixture.open();
  using strangers = await ForeignAuthority.open();
  const { acme } = fixture;
  const set = ({ certificatePem: cert, keyPem: key }: { certificatePem: string; keyPem: string }): void =>
    acme.server.setSecureContext({ cert, key });
  set(await strangers.issue('localhost'));
  assert.match(await fixture.attempt(fixture.start()), /localhost:\d+ cannot be reached: (?:UNABLE|SELF|DEPTH)\w+/);
  set(await acme.authority.issue('other.example'));
  assert.match(await fixture.attempt(fixture.start()), /certificate is for another name|cannot be reached/);
  assert.equal(acme.asked.length, 0, 'not a request was sent');
  set(await acme.authority.issue('localhost'));
  const stranger = await strangers.issue('localhost');
  acme.script('/account', () => {
    set(stranger);
    return { headers: { location: `${acme.origin}/account/1` }, body: { status: 'valid' } };
  });
  assert.match(await fixture.attempt(fixture.start()), /cannot be reached/);
  assert.ok(!acme.asked.includes('/order'));
});

test('attack: our authority is not trusted for the ACME server, nor are the public ones beside a file', async () => {
  await using fixture = await Fixture.open();
  assert.match(
    await fixture.attempt(fixture.start({ authorityFile: '' })),
    /cannot be reached: (?:UNABLE|SELF|DEPTH)\w+/,
  );
});

test('an external account is bound by its key, which is read anew, checked, and stands nowhere', async () => {
  await using fixture = await Fixture.open();
  const { acme } = fixture;
  const mac = Buffer.alloc(32, 5).toString('base64url');
  const bindings: unknown[] = [];
  acme.script('/account', (payload) => {
    if (payload['onlyReturnExisting'] === true)
      return { status: 400, body: { type: 'urn:ietf:params:acme:error:accountDoesNotExist' } };
    bindings.push(payload['externalAccountBinding']);
    return { status: 201, headers: { location: `${acme.origin}/account/1` }, body: { status: 'valid' } };
  });
  const settings = { externalAccount: { keyId: 'kid', keyFile: fixture.path('mac') } };
  assert.match(await fixture.attempt(fixture.start(settings)), /mac: there is no such file/);
  writeFileSync(fixture.path('mac'), `${mac}\n`, { mode: 0o600 });
  assert.equal(await fixture.attempt(fixture.start(settings)), '');
  assert.equal(bindings.length, 1);
  assert.ok(!JSON.stringify([bindings, fixture.lines]).includes(mac));
  acme.script('/dir', () => ({
    body: {
      newNonce: `${acme.origin}/nonce`,
      newAccount: `${acme.origin}/account`,
      newOrder: `${acme.origin}/order`,
      meta: { externalAccountRequired: true },
    },
  }));
  const bare = fixture.start({ names: ['other.example'] });
  assert.match(await fixture.attempt(bare), /wants an external account/);
});

test('a stop gives up at once what is under way, and keeps nothing of it', async () => {
  await using fixture = await Fixture.open();
  const reached = new Promise<void>((resolve) => fixture.acme.script('/order', { raw: () => resolve() }));
  const source = fixture.start();
  await source.review(new Date());
  await reached;
  const began = performance.now();
  await source.stop();
  assert.ok(performance.now() - began < 1_000);
  assert.deepEqual([source.identities, source.problems, fixture.kept], [[], [], []]);
  await source.review(new Date());
});
