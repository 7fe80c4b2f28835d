import assert from 'node:assert/strict';
import { once } from 'node:events';
import { readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { test } from 'node:test';
import tls from 'node:tls';
import { openssl } from '../../../test/support/certificates.ts';
import { needs } from '../../../test/support/peers.ts';
import { portOf } from '../../../test/support/programs.ts';
import type { ServerCertificate } from '../../keys/authority.ts';
import { ForeignAuthority } from '../../keys/foreign-authority.test-support.ts';
import { limits } from '../../limits.ts';
import type { Log } from '../../log.ts';
import { openHouse, records, type TestHouse } from '../compose.test-support.ts';
import { type CertificateSource, OwnAuthoritySource } from './certificate-source.ts';
import { FileSource } from './file-source.ts';
import { WebCertificate, type WebCertificateOptions } from './web-certificate.ts';

const dayMs = 86_400_000;

/** A house, an authority of the hospital, files of it, and a TLS server in the place of the door. */
class Fixture implements AsyncDisposable {
  readonly house: TestHouse;
  readonly foreign: ForeignAuthority;
  readonly server: tls.Server;
  readonly certificate: WebCertificate;
  readonly files: { readonly certificate: string; readonly key: string };
  readonly lines: string[];
  readonly time: { offsetMs: number };

  private constructor(parts: Omit<Fixture, 'server' | 'shown' | 'write' | 'codes' | typeof Symbol.asyncDispose>) {
    this.house = parts.house;
    this.foreign = parts.foreign;
    this.certificate = parts.certificate;
    this.files = parts.files;
    this.lines = parts.lines;
    this.time = parts.time;
    this.server = tls.createServer(parts.certificate.tls, (socket) => socket.on('error', () => undefined));
    parts.certificate.attach(this.server_());
  }

  private server_() {
    return { setTls: (options: tls.SecureContextOptions) => this.server.setSecureContext(options) };
  }

  static async open({
    first,
    options = {},
  }: {
    readonly first?: ServerCertificate;
    readonly options?: Partial<WebCertificateOptions>;
  } = {}) {
    const house = await openHouse();
    const foreign = await ForeignAuthority.open();
    const files = { certificate: foreign.path('chain.pem'), key: foreign.path('key.pem') };
    const lines: string[] = [];
    const note = (event: string, fields: object = {}): void => void lines.push(`${event} ${JSON.stringify(fields)}`);
    const log: Log = { debug: () => undefined, info: note, warn: note, error: note };
    const time = { offsetMs: 0 };
    const given = first ?? (await foreign.issue('pacs.example'));
    write(files, given);
    const { authority, guard, config } = house.installation;
    const certificate = await WebCertificate.open({
      from: 'files',
      chosen: new FileSource([files]),
      own: new OwnAuthoritySource(authority, config.names),
      tls: { clientCa: [authority.rootPem, authority.issuingPem], limits },
      guard,
      log,
      reviewMs: 1e9,
      warnDays: 30,
      now: () => new Date(Date.now() + time.offsetMs),
      ...options,
    });
    const fixture = new Fixture({ house, foreign, certificate, files, lines, time });
    fixture.server.listen(0, '127.0.0.1');
    await once(fixture.server, 'listening');
    return fixture;
  }

  async shown(servername?: string): Promise<string> {
    const port = portOf(this.server);
    const socket = tls.connect({
      host: '127.0.0.1',
      port,
      rejectUnauthorized: false,
      ...(servername && { servername }),
    });
    await once(socket, 'secureConnect');
    const names = socket.getPeerX509Certificate()?.subjectAltName ?? '';
    socket.destroy();
    return names;
  }

  write(certificate: Partial<ServerCertificate>): void {
    write(this.files, certificate);
  }

  /** Of the records about certificates: outcome and what they say. */
  async codes(): Promise<readonly string[]> {
    const all = await records(this.house);
    return all
      .filter(({ principal }) => principal === 'system certificates')
      .map(
        ({ event, outcome, xml }) =>
          `${event} ${outcome} ${Buffer.from(/ParticipantObjectDetail[^>]*value="([^"]*)"/.exec(xml)?.[1] ?? '', 'base64').toString()} ${xml}`,
      );
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.server.close();
    await this.certificate[Symbol.asyncDispose]();
    this.foreign[Symbol.dispose]();
    await this.house[Symbol.asyncDispose]();
  }
}

/** As a careful program does: a new file in the place of the old one. */
function write(files: Fixture['files'], { certificatePem, keyPem }: Partial<ServerCertificate>): void {
  for (const [path, text] of [
    [files.certificate, certificatePem],
    [files.key, keyPem],
  ] as const) {
    if (text === undefined) continue;
    writeFileSync(`${path}.new`, text, { mode: 0o600 });
    renameSync(`${path}.new`, path);
  }
}

test('a certificate from files is shown, and ours to who asks for a name that it does not cover', async () => {
  await using fixture = await Fixture.open();
  assert.equal(await fixture.shown('pacs.example'), 'DNS:pacs.example');
  assert.equal(await fixture.shown(), 'DNS:pacs.example');
  assert.match(await fixture.shown('localhost'), /^DNS:localhost/);
  assert.deepEqual(
    fixture.certificate.views.map(({ door, from, names }) => [door, from, ...names]),
    [
      ['console', 'files', 'pacs.example'],
      ['console', 'own-authority', 'localhost', '127.0.0.1', '0:0:0:0:0:0:0:1'],
    ],
  );
  assert.deepEqual(fixture.certificate.warnings, []);
  const [record = ''] = await fixture.codes();
  assert.match(record, /^110113 0 /);
  assert.match(record, /console door shows pacs\.example: SHA-256 [0-9a-f]{64} until/);
});

test('changed files are taken without a restart, recorded before they count', async () => {
  await using fixture = await Fixture.open();
  fixture.write(await fixture.foreign.issue('pacs.example', 'new.example'));
  await fixture.certificate.review();
  assert.equal(await fixture.shown(), 'DNS:pacs.example, DNS:new.example');
  assert.equal((await fixture.codes()).length, 2);
  assert.match(fixture.lines.join('\n'), /web\.certificate-changed/);
  await fixture.certificate.review();
  assert.equal((await fixture.codes()).length, 2, 'nothing new, nothing recorded');
});

test('one half after the other: between them the old pair stays and nobody is alarmed', async () => {
  await using fixture = await Fixture.open();
  const next = await fixture.foreign.issue('new.example');
  fixture.write({ certificatePem: next.certificatePem });
  await fixture.certificate.review();
  assert.equal(await fixture.shown(), 'DNS:pacs.example');
  assert.deepEqual(fixture.certificate.warnings, []);
  fixture.write({ keyPem: next.keyPem });
  await fixture.certificate.review();
  assert.equal(await fixture.shown(), 'DNS:new.example');
  assert.deepEqual(
    fixture.lines.filter((line) => line.includes('refused')),
    [],
  );
});

test('a pair that stays broken is never taken: a warning in status and log, one entry in the ledger, and the old one stays', async () => {
  await using fixture = await Fixture.open();
  const [one, two] = [await fixture.foreign.issue('one.example'), await fixture.foreign.issue('two.example')];
  fixture.write({ certificatePem: one.certificatePem, keyPem: two.keyPem });
  for (const _ of [1, 2, 3, 4]) await fixture.certificate.review();
  assert.equal(await fixture.shown(), 'DNS:pacs.example');
  const [warning = ''] = fixture.certificate.warnings;
  assert.match(
    warning,
    /^The certificate files of the console door cannot be used: .*chain\.pem: its key does not belong to its certificate; until then it shows the one before, which ends at 20/,
  );
  const refused = fixture.lines.filter((line) => line.includes('web.certificate-refused'));
  assert.equal(refused.length, 1);
  const failures = (await fixture.codes()).filter((record) => record.startsWith('110113 8'));
  assert.equal(failures.length, 1);
  assert.match(failures[0] ?? '', /its key does not belong to its certificate/);
  assert.doesNotMatch([...fixture.lines, ...(await fixture.codes()), warning].join('\n'), /PRIVATE KEY/);
  fixture.write(two);
  await fixture.certificate.review();
  assert.equal(await fixture.shown(), 'DNS:two.example');
  assert.deepEqual(fixture.certificate.warnings, []);
});

test(
  'a chain that OpenSSL does not take is a refusal like others, once, and no failure',
  needs('openssl'),
  async () => {
    await using fixture = await Fixture.open();
    const at = (name: string): string => fixture.foreign.path(name);
    const curve = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256'];
    openssl(
      'req',
      '-x509',
      '-newkey',
      'rsa:1024',
      '-nodes',
      '-keyout',
      at('r.key'),
      '-out',
      at('r.pem'),
      '-subj',
      '/CN=weak root',
    );
    openssl(
      'req',
      ...curve,
      '-nodes',
      '-keyout',
      at('l.key'),
      '-out',
      at('l.csr'),
      '-subj',
      '/CN=l',
      '-addext',
      'subjectAltName=DNS:l.example',
    );
    openssl(
      'x509',
      '-req',
      '-in',
      at('l.csr'),
      '-CA',
      at('r.pem'),
      '-CAkey',
      at('r.key'),
      '-copy_extensions',
      'copy',
      '-out',
      at('l.pem'),
    );
    const chain = ['l.pem', 'r.pem'].map((name) => readFileSync(at(name), 'utf8')).join('');
    fixture.write({ certificatePem: chain, keyPem: readFileSync(at('l.key'), 'utf8') });
    for (const _ of [1, 2, 3]) await fixture.certificate.review();
    assert.equal(await fixture.shown(), 'DNS:pacs.example');
    assert.match(fixture.certificate.warnings[0] ?? '', /chain\.pem: OpenSSL does not take it: ERR_SSL_\w+/);
    assert.equal((await fixture.codes()).filter((record) => record.startsWith('110113 8')).length, 1);
  },
);

test('files that vanish leave what they held', async () => {
  await using fixture = await Fixture.open();
  rmSync(fixture.files.key);
  for (const _ of [1, 2]) await fixture.certificate.review();
  assert.equal(await fixture.shown(), 'DNS:pacs.example');
  assert.match(fixture.certificate.warnings[0] ?? '', /key\.pem: there is no such file/);
});

test('broken files at the start are a warning, and the own authority serves until they are right', async () => {
  using foreign = await ForeignAuthority.open();
  const good = await foreign.issue('pacs.example');
  await using fixture = await Fixture.open({ first: { ...good, keyPem: 'nothing' } });
  assert.match(await fixture.shown('pacs.example'), /^DNS:localhost/);
  assert.match(
    fixture.certificate.warnings[0] ?? '',
    /no private key in PEM form; until then it shows the one of our own authority/,
  );
  fixture.write(good);
  await fixture.certificate.review();
  assert.equal(await fixture.shown('pacs.example'), 'DNS:pacs.example');
});

test('an end that comes near is warned of; what has ended is not shown any more', async () => {
  await using fixture = await Fixture.open();
  fixture.time.offsetMs = 367 * dayMs;
  await fixture.certificate.review();
  assert.deepEqual(fixture.certificate.warnings, []);
  fixture.time.offsetMs = 369 * dayMs;
  assert.match(
    fixture.certificate.warnings[0] ?? '',
    /^The certificate of the console door for pacs\.example ends at .*: put a new one into its files/,
  );
  fixture.time.offsetMs = 399 * dayMs;
  await fixture.certificate.review();
  assert.match(await fixture.shown('pacs.example'), /^DNS:localhost/);
  assert.match(fixture.certificate.warnings[0] ?? '', /is shown no more, since it ended at/);
});

test('what cannot be recorded does not happen: it is taken when the ledger is back', async () => {
  const failing = { isOn: false };
  using foreign = await ForeignAuthority.open();
  const made = [await foreign.issue('a.example'), await foreign.issue('b.example')];
  const chosen: CertificateSource & { identities: readonly ServerCertificate[] } = {
    identities: made.slice(0, 1),
    problems: [],
    review: async () => undefined,
  };
  await using house = await openHouse();
  const { guard } = house.installation;
  const gate = {
    session: (principal: Parameters<typeof guard.session>[0]) => {
      if (failing.isOn) throw new Error('ledger away');
      return guard.session(principal);
    },
  };
  await using fixture = await Fixture.open({ options: { chosen, guard: gate } });
  chosen.identities = made.slice(1);
  failing.isOn = true;
  await fixture.certificate.review();
  assert.equal(await fixture.shown(), 'DNS:a.example');
  failing.isOn = false;
  await fixture.certificate.review();
  assert.equal(await fixture.shown(), 'DNS:b.example');
});
