import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { X509Certificate } from 'node:crypto';
import { once } from 'node:events';
import { readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import * as tls from 'node:tls';
import { needs } from '../../test/support/peers.ts';
import { Authority } from './authority.ts';
import type { DeviceCertificate, ServerCertificate } from './authority.ts';
import { extendedKeyUsages } from './certificates.ts';
import { code, MemorySecrets, TemporaryFolder } from './keys.test-support.ts';

const dayMs = 86_400_000;
const inDays = (days: number): Date => new Date(Date.now() + days * dayMs);

/** An authority in a folder; `open` again stands for another start. */
class Installation implements Disposable {
  readonly #folder = new TemporaryFolder();
  readonly secrets = new MemorySecrets();
  readonly directory = join(this.#folder.path, 'certificates');
  open(now?: () => Date): Promise<Authority> {
    return Authority.open({ secrets: this.secrets, directory: this.directory, ...(now && { now }) });
  }
  path(name: string): string {
    return join(this.#folder.path, name);
  }
  [Symbol.dispose](): void {
    this.#folder[Symbol.dispose]();
  }
}

test('the root may sign one more authority, the issuing one none; both are the same after another start', async () => {
  using installation = new Installation();
  const authority = await installation.open();
  const root = new X509Certificate(authority.rootPem);
  const issuing = new X509Certificate(authority.issuingPem);
  assert.ok(root.ca && issuing.ca);
  assert.ok(root.checkIssued(root) && issuing.checkIssued(root) && issuing.verify(root.publicKey));
  assert.match(root.subject, /^CN=Leadglass root [0-9a-f]{8}$/);
  const again = await installation.open();
  assert.equal(again.rootPem, authority.rootPem);
  assert.equal(again.issuingPem, authority.issuingPem);
  using other = new Installation();
  assert.notEqual((await other.open()).rootPem, authority.rootPem);
});

test('a first start that was cut short between key and certificate is finished by the next one', async () => {
  using installation = new Installation();
  await installation.open();
  rmSync(join(installation.directory, 'authority-issuing.pem'));
  const authority = await installation.open();
  const issuing = new X509Certificate(authority.issuingPem);
  assert.ok(issuing.verify(new X509Certificate(authority.rootPem).publicKey));
});

test('a certificate without its key is refused', async () => {
  using installation = new Installation();
  await installation.open();
  installation.secrets.secrets.delete('authority-root.key');
  await assert.rejects(installation.open(), code('CORRUPT', /authority-root\.key is not/));
});

test('each door has its own key, for its names, for at most 398 days, and keeps it', async () => {
  using installation = new Installation();
  const authority = await installation.open();
  const names = ['pacs.hosp.example', 'localhost', '127.0.0.1', '::1'];
  const dimse = await authority.serverCertificate('dimse', names);
  const web = await authority.serverCertificate('web', names);
  assert.notEqual(dimse.keyPem, web.keyPem);
  assert.deepEqual(dimse.facts.extendedKeyUsage, [extendedKeyUsages.serverAuth]);
  assert.equal(dimse.facts.commonName, 'pacs.hosp.example');
  const certificate = new X509Certificate(dimse.certificatePem);
  assert.equal(certificate.checkHost('PACS.hosp.example'), 'pacs.hosp.example');
  assert.equal(certificate.checkHost('hosp.example'), undefined);
  assert.equal(certificate.checkIP('::1'), '::1');
  assert.ok(dimse.facts.notAfter.getTime() - dimse.facts.notBefore.getTime() <= 398 * dayMs);
  const again = await installation.open();
  assert.deepEqual(await again.serverCertificate('dimse', names.toReversed()), dimse);
});

test('a door gets a new certificate and key when names change, 30 days before the end, and when its key is gone', async () => {
  using installation = new Installation();
  const now = { at: new Date() };
  const authority = await installation.open(() => now.at);
  const first = await authority.serverCertificate('dimse', ['a.example']);
  const otherName = await authority.serverCertificate('dimse', ['a.example', 'b.example']);
  assert.notEqual(otherName.keyPem, first.keyPem);
  now.at = new Date(otherName.facts.notAfter.getTime() - 30 * dayMs - 1);
  assert.deepEqual(await authority.serverCertificate('dimse', ['a.example', 'b.example']), otherName);
  now.at = new Date(otherName.facts.notAfter.getTime() - 30 * dayMs);
  const renewed = await authority.serverCertificate('dimse', ['a.example', 'b.example']);
  assert.notEqual(renewed.keyPem, otherName.keyPem);
  assert.ok(renewed.facts.notAfter > otherName.facts.notAfter);
  for (const name of installation.secrets.secrets.keys()) {
    if (name.startsWith('door-')) installation.secrets.secrets.delete(name);
  }
  const remade = await authority.serverCertificate('dimse', ['a.example', 'b.example']);
  assert.notEqual(remade.facts.fingerprint256, renewed.facts.fingerprint256);
  assert.deepEqual(readdirSync(installation.directory).toSorted(), [
    'authority-issuing.pem',
    'authority-root.pem',
    'door-dimse.pem',
  ]);
});

test('a door name that is neither host name nor address is refused', async () => {
  using installation = new Installation();
  const authority = await installation.open();
  for (const name of ['', 'a b', 'a..b', '-a', 'a,DNS:b', '*.example', `${'a'.repeat(64)}.example`, 'a\0']) {
    await assert.rejects(authority.serverCertificate('dimse', [name]), code('BAD_REQUEST'), name);
  }
});

test('a device certificate names the AE title, whatever characters it has, and ends with its opening', async () => {
  using installation = new Installation();
  const authority = await installation.open();
  const notAfter = new Date(Math.floor(inDays(30).getTime() / 1000) * 1000);
  for (const aeTitle of ['CT1', '#CT, A=B+"/<;', "O'Neill AE"]) {
    const device = await authority.issueDeviceCertificate({ aeTitle, notAfter });
    assert.equal(device.facts.commonName, aeTitle);
    assert.deepEqual(device.facts.notAfter, notAfter);
    assert.deepEqual(device.facts.extendedKeyUsage, [extendedKeyUsages.clientAuth]);
    assert.equal(device.facts.isAuthority, false);
    assert.deepEqual(device.facts.key, { type: 'ec', sizeBits: 256 });
    assert.equal(device.facts.subjectAltName?.startsWith('URI:urn:leadglass:device:'), true);
    assert.match(device.facts.serialNumber, /^[4-7][0-9a-f]{31}$/);
    assert.match(device.keyPem ?? '', /^-----BEGIN PRIVATE KEY-----/);
  }
});

test('a device certificate ends after two years at most, and is not issued for the past', async () => {
  using installation = new Installation();
  const authority = await installation.open();
  const long = await authority.issueDeviceCertificate({ aeTitle: 'CT1', notAfter: inDays(5000) });
  const lengthMs = long.facts.notAfter.getTime() - long.facts.notBefore.getTime();
  assert.ok(lengthMs <= 730 * dayMs && lengthMs > 729 * dayMs);
  for (const notAfter of [inDays(0), inDays(-1), new Date(Number.NaN)]) {
    await assert.rejects(authority.issueDeviceCertificate({ aeTitle: 'CT1', notAfter }), code('BAD_REQUEST'));
  }
});

test('of a signing request only the key is taken', needs('openssl'), async () => {
  using installation = new Installation();
  const authority = await installation.open();
  const extensions = [
    'basicConstraints=critical,CA:TRUE',
    'subjectAltName=DNS:evil.example',
    'extendedKeyUsage=serverAuth',
  ];
  const request = makeRequest(installation, ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-384'], extensions);
  const device = await authority.issueDeviceCertificate({ aeTitle: 'MR1', notAfter: inDays(10), csr: request });
  assert.equal(device.keyPem, undefined);
  assert.deepEqual(device.facts.key, { type: 'ec', sizeBits: 384 });
  assert.equal(device.facts.commonName, 'MR1');
  assert.equal(device.facts.isAuthority, false);
  assert.equal(device.facts.subjectAltName, 'URI:urn:leadglass:device:MR1');
  assert.deepEqual(device.facts.extendedKeyUsage, [extendedKeyUsages.clientAuth]);
});

test(
  'signing requests that are weak, not signed by their key, cut or not one are refused',
  needs('openssl'),
  async () => {
    using installation = new Installation();
    const authority = await installation.open();
    const issue = (csr: string): Promise<DeviceCertificate> =>
      authority.issueDeviceCertificate({ aeTitle: 'MR1', notAfter: inDays(10), csr });
    await issue(makeRequest(installation, ['-newkey', 'rsa:2048'])).then(({ facts }) =>
      assert.deepEqual(facts.key, { type: 'rsa', sizeBits: 2048 }),
    );
    await assert.rejects(
      issue(makeRequest(installation, ['-newkey', 'rsa:1024'])),
      code('NOT_AUTHENTICATED', /1024 bits/),
    );
    await assert.rejects(
      issue(makeRequest(installation, ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:secp224r1'])),
      code('NOT_AUTHENTICATED', /below 256/),
    );
    await assert.rejects(
      issue(makeRequest(installation, ['-newkey', 'rsa:2048', '-sha1'])),
      code('NOT_AUTHENTICATED', /SHA-2/),
    );
    const good = makeRequest(installation, ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256']);
    const der = Buffer.from(good.replaceAll(/-----.*-----|\s/g, ''), 'base64');
    const pemOf = (bytes: Buffer): string =>
      `-----BEGIN CERTIFICATE REQUEST-----\n${bytes.toString('base64')}\n-----END CERTIFICATE REQUEST-----\n`;
    // The last bytes are the signature's.
    const forged = Buffer.from(der);
    forged.writeUInt8(forged.readUInt8(der.length - 1) ^ 1, der.length - 1);
    await assert.rejects(issue(pemOf(forged)), code('NOT_AUTHENTICATED', /not signed with its own key/));
    for (let length = 0; length < der.length; length += 7) {
      await assert.rejects(issue(pemOf(der.subarray(0, length))), code('MALFORMED'));
    }
    await assert.rejects(issue(authority.rootPem), code('MALFORMED'));
    await assert.rejects(issue('x'.repeat(16 * 1024 + 1)), code('LIMIT_EXCEEDED'));
    await assert.rejects(issue('x'.repeat(16 * 1024)), code('MALFORMED'));
  },
);

test('a door that calls others, too, gets a certificate for both sides, also where one for servers alone was kept', async () => {
  using installation = new Installation();
  const authority = await installation.open();
  const before = await authority.serverCertificate('dimse', ['localhost']);
  const both = await authority.serverCertificate('dimse', ['localhost'], { isClient: true });
  assert.notEqual(both.facts.fingerprint256, before.facts.fingerprint256);
  assert.deepEqual(both.facts.extendedKeyUsage.toSorted(), ['1.3.6.1.5.5.7.3.1', '1.3.6.1.5.5.7.3.2']);
  assert.deepEqual(await authority.serverCertificate('dimse', ['localhost'], { isClient: true }), both);
});

test('openssl accepts the chain for its purpose only, and finds what was revoked', needs('openssl'), async () => {
  using installation = new Installation();
  const authority = await installation.open();
  const server = await authority.serverCertificate('dimse', ['localhost', '127.0.0.1']);
  const device = await authority.issueDeviceCertificate({ aeTitle: 'CT1', notAfter: inDays(10) });
  const both = await authority.issueDeviceCertificate({ aeTitle: 'WS1', notAfter: inDays(10), serverNames: ['ws1'] });
  const lists = await authority.revocationLists(
    [{ serialNumber: device.facts.serialNumber, revokedAt: new Date(), reason: 'keyCompromise' }],
    { nextUpdate: inDays(7) },
  );
  const file = (name: string, text: string): string => {
    writeFileSync(installation.path(name), text);
    return installation.path(name);
  };
  const common = [
    '-x509_strict',
    '-CAfile',
    file('root', authority.rootPem),
    '-untrusted',
    file('issuing', authority.issuingPem),
  ];
  const verify = (certificate: string, ...more: string[]): string => {
    try {
      return execFileSync('openssl', ['verify', ...common, ...more, file('leaf', certificate)], {
        stdio: 'pipe',
      }).toString();
    } catch (error) {
      return error instanceof Error && 'stderr' in error ? String(error.stderr) : String(error);
    }
  };
  const crl = ['-crl_check_all', '-CRLfile', file('crl', lists.issuing + lists.root)];
  assert.match(verify(server.certificatePem, '-purpose', 'sslserver'), /OK/);
  assert.match(verify(server.certificatePem, '-purpose', 'sslclient'), /unsuitable certificate purpose/);
  assert.match(verify(device.certificatePem, '-purpose', 'sslclient'), /OK/);
  assert.match(verify(device.certificatePem, '-purpose', 'sslserver'), /unsuitable certificate purpose/);
  assert.match(verify(both.certificatePem, '-purpose', 'sslserver'), /OK/);
  assert.match(verify(both.certificatePem, '-purpose', 'sslclient', ...crl), /OK/);
  assert.match(verify(device.certificatePem, ...crl), /certificate revoked/);
});

test('TLS with our certificates: a device is let in, a revoked one and one of another authority are named', async () => {
  using installation = new Installation();
  using foreign = new Installation();
  const authority = await installation.open();
  const server = await authority.serverCertificate('dimse', ['localhost']);
  const device = await authority.issueDeviceCertificate({ aeTitle: 'CT1', notAfter: inDays(10) });
  const revoked = await authority.issueDeviceCertificate({ aeTitle: 'CT2', notAfter: inDays(10) });
  const stranger = await (await foreign.open()).issueDeviceCertificate({ aeTitle: 'CT1', notAfter: inDays(10) });
  const lists = await authority.revocationLists(
    [{ serialNumber: revoked.facts.serialNumber, revokedAt: new Date(), reason: 'cessationOfOperation' }],
    { nextUpdate: inDays(7) },
  );
  const crl = [lists.issuing, lists.root];
  assert.equal(await handshake(authority, server, device, crl), 'authorized');
  assert.equal(await handshake(authority, server, revoked, crl), 'CERT_REVOKED');
  assert.match(await handshake(authority, server, stranger, crl), /UNABLE_TO_GET_(?:ISSUER_CERT|CRL)|SELF_SIGNED/);
  const empty = await authority.revocationLists([], { nextUpdate: inDays(7) });
  assert.equal(await handshake(authority, server, revoked, [empty.issuing, empty.root]), 'authorized');
});

async function handshake(
  authority: Authority,
  server: ServerCertificate,
  device: DeviceCertificate,
  crl: string[],
): Promise<string> {
  const listener = tls.createServer({
    key: server.keyPem,
    cert: server.certificatePem,
    ca: authority.rootPem,
    crl,
    requestCert: true,
    rejectUnauthorized: false,
  });
  listener.listen(0, '127.0.0.1');
  await once(listener, 'listening');
  const address = listener.address();
  assert.ok(address !== null && typeof address === 'object');
  const { port } = address;
  const { promise: accepted, resolve } = Promise.withResolvers<tls.TLSSocket>();
  listener.once('secureConnection', resolve);
  const client = tls.connect({
    host: '127.0.0.1',
    port,
    servername: 'localhost',
    ca: authority.rootPem,
    cert: device.chainPem,
    key: device.keyPem,
  });
  const socket = await accepted;
  const answer = socket.authorized ? 'authorized' : String(socket.authorizationError);
  client.destroy();
  socket.destroy();
  listener.close();
  await once(listener, 'close');
  return answer;
}

function makeRequest(installation: Installation, key: readonly string[], extensions: readonly string[] = []): string {
  const path = installation.path('request.pem');
  const added = extensions.flatMap((extension) => ['-addext', extension]);
  const args = [
    'req',
    '-new',
    ...key,
    '-nodes',
    '-keyout',
    installation.path('key.pem'),
    '-subj',
    '/CN=evil',
    ...added,
  ];
  execFileSync('openssl', [...args, '-out', path], { stdio: 'pipe' });
  return readFileSync(path, 'utf8');
}
