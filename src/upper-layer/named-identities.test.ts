import assert from 'node:assert/strict';
import { once } from 'node:events';
import { test } from 'node:test';
import tls from 'node:tls';
import { portOf } from '../../test/support/programs.ts';
import { ForeignAuthority } from '../keys/foreign-authority.test-support.ts';
import { serverNames } from '../keys/server-identity.ts';
import { limits } from '../limits.ts';
import { type NamedIdentity, NamedIdentities } from './named-identities.ts';
import { cipherSuites } from './tls-options.ts';

class Fixture implements AsyncDisposable {
  readonly authority: ForeignAuthority;
  readonly identities: NamedIdentities;
  readonly server: tls.Server;
  private constructor(authority: ForeignAuthority, identities: NamedIdentities) {
    this.authority = authority;
    this.identities = identities;
    this.server = tls.createServer({ ...identities.options, ALPNProtocols: ['h2', 'http/1.1'] });
    this.server.on('secureConnection', (socket) => {
      socket.on('error', () => undefined);
      socket.on('data', (data) => socket.write(data));
      socket.write('.');
    });
    this.server.on('tlsClientError', (_error, socket) => socket.destroy());
  }
  static async open(...names: readonly (readonly string[])[]): Promise<Fixture> {
    const authority = await ForeignAuthority.open();
    const clientCa = [authority.rootPem, authority.authority.issuingPem];
    const made = await Promise.all(names.map((of) => identity(authority, ...of)));
    const fixture = new Fixture(authority, new NamedIdentities(made, { clientCa, limits }));
    fixture.server.listen(0, '127.0.0.1');
    await once(fixture.server, 'listening');
    return fixture;
  }
  async connect(options: tls.ConnectionOptions = {}): Promise<tls.TLSSocket> {
    const port = portOf(this.server);
    const socket = tls.connect({
      host: '127.0.0.1',
      port,
      rejectUnauthorized: false,
      ca: this.authority.rootPem,
      ...options,
    });
    socket.on('error', () => undefined);
    await once(socket, 'secureConnect');
    return socket;
  }
  /** What a connection was given to resume it by. */
  async session(options: tls.ConnectionOptions): Promise<Buffer> {
    const port = portOf(this.server);
    const socket = tls.connect({ host: '127.0.0.1', port, rejectUnauthorized: false, ...options });
    const [session]: Buffer[] = await once(socket, 'session');
    assert.ok(session);
    socket.destroy();
    return session;
  }
  /** The names of the certificate that is shown to who asks for this name. */
  async shown(servername?: string, maxVersion: tls.SecureVersion = 'TLSv1.3'): Promise<string> {
    const socket = await this.connect({ maxVersion, ...(servername === undefined ? {} : { servername }) });
    const names = socket.getPeerX509Certificate()?.subjectAltName ?? '';
    socket.destroy();
    return names;
  }
  async [Symbol.asyncDispose](): Promise<void> {
    this.server.close();
    this.authority[Symbol.dispose]();
  }
}

async function identity(authority: ForeignAuthority, ...names: readonly string[]): Promise<NamedIdentity> {
  const { certificatePem, keyPem, facts } = await authority.issue(...names);
  return { cert: certificatePem, key: keyPem, names: serverNames(facts) };
}

test('the first certificate that covers the asked name is shown, to others the first', async () => {
  await using fixture = await Fixture.open(['a.example'], ['b.example', 'c.example'], ['c.example', 'd.example']);
  for (const version of ['TLSv1.2', 'TLSv1.3'] as const) {
    assert.equal(await fixture.shown('a.example', version), 'DNS:a.example');
    assert.equal(await fixture.shown('B.Example', version), 'DNS:b.example, DNS:c.example');
    assert.equal(await fixture.shown('c.example', version), 'DNS:b.example, DNS:c.example');
    assert.equal(await fixture.shown('d.example', version), 'DNS:c.example, DNS:d.example');
    assert.equal(await fixture.shown('nobody.example', version), 'DNS:a.example');
    assert.equal(await fixture.shown(undefined, version), 'DNS:a.example');
  }
});

test('a star stands for one label', async () => {
  await using fixture = await Fixture.open(['a.example'], ['b.example']);
  const star = { ...(await identity(fixture.authority, 'star.example')), names: ['*.x.example'] };
  fixture.server.setSecureContext(fixture.identities.replace([await identity(fixture.authority, 'a.example'), star]));
  assert.equal(await fixture.shown('one.x.example'), 'DNS:star.example');
  assert.equal(await fixture.shown('one.two.x.example'), 'DNS:a.example');
  assert.equal(await fixture.shown('x.example'), 'DNS:a.example');
});

test('an exchange counts for new connections; those that stand go on, and versions, suites, ALPN and client check stay', async () => {
  await using fixture = await Fixture.open(['a.example'], ['b.example']);
  const standing = await fixture.connect({ servername: 'a.example' });
  await once(standing, 'data');
  const next = await Promise.all([
    identity(fixture.authority, 'new.example'),
    identity(fixture.authority, 'b.example', 'c.example'),
  ]);
  fixture.server.setSecureContext(fixture.identities.replace(next));
  standing.write('still here');
  assert.equal(String((await once(standing, 'data'))[0]), 'still here');
  standing.destroy();
  const device = await fixture.authority.authority.issueDeviceCertificate({
    aeTitle: 'CT1',
    notAfter: new Date(Date.now() + 1e9),
  });
  using strangers = await ForeignAuthority.open();
  const stranger = await strangers.authority.issueDeviceCertificate({
    aeTitle: 'CT1',
    notAfter: new Date(Date.now() + 1e9),
  });
  for (const [servername, names] of [
    ['new.example', 'DNS:new.example'],
    ['c.example', 'DNS:b.example, DNS:c.example'],
  ] as const) {
    assert.equal(await fixture.shown(servername), names);
    for (const [shown, authorized] of [
      [device, true],
      [stranger, false],
    ] as const) {
      const arrived: Promise<tls.TLSSocket[]> = once(fixture.server, 'secureConnection');
      const client = await fixture.connect({
        servername,
        cert: shown.chainPem,
        key: shown.keyPem,
        ALPNProtocols: ['h2'],
      });
      const [socket] = await arrived;
      assert.equal(socket?.authorized, authorized, servername);
      assert.equal(client.alpnProtocol, 'h2');
      assert.equal(client.getProtocol(), 'TLSv1.3');
      client.destroy();
    }
    await assert.rejects(
      fixture.connect({ servername, minVersion: 'TLSv1', maxVersion: 'TLSv1.1', ciphers: 'ALL:@SECLEVEL=0' }),
    );
    await assert.rejects(fixture.connect({ servername, maxVersion: 'TLSv1.2', ciphers: 'ECDHE-ECDSA-AES128-SHA' }));
    const [suite = ''] = cipherSuites.split(':').filter((name) => name.startsWith('ECDHE-ECDSA'));
    const old = await fixture.connect({
      servername,
      maxVersion: 'TLSv1.2',
      ciphers: 'ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-ECDSA-AES256-GCM-SHA384',
    });
    assert.equal(old.getCipher().name, suite);
    old.destroy();
  }
});

test('sessions resume under each name; after an exchange a ticket of before opens nothing', async () => {
  await using fixture = await Fixture.open(['a.example'], ['b.example']);
  for (const servername of ['a.example', 'b.example']) {
    for (const maxVersion of ['TLSv1.2', 'TLSv1.3'] as const) {
      const session = await fixture.session({ servername, maxVersion });
      const second = await fixture.connect({ servername, maxVersion, session });
      assert.equal(second.isSessionReused(), true, `${servername} ${maxVersion}`);
      second.destroy();
      fixture.server.setSecureContext(
        fixture.identities.replace(
          await Promise.all([identity(fixture.authority, 'a.example'), identity(fixture.authority, 'b.example')]),
        ),
      );
      const third = await fixture.connect({ servername, maxVersion, session });
      assert.equal(third.isSessionReused(), false, `${servername} ${maxVersion}`);
      third.destroy();
    }
  }
});

test('an identity that OpenSSL does not take changes nothing', async () => {
  await using fixture = await Fixture.open(['a.example'], ['b.example']);
  const one = await identity(fixture.authority, 'x.example');
  const other = await identity(fixture.authority, 'y.example');
  assert.throws(() => fixture.identities.replace([one, { ...other, key: one.key }]));
  assert.throws(() => fixture.identities.replace([]));
  assert.equal(await fixture.shown('b.example'), 'DNS:b.example');
  assert.equal(await fixture.shown('x.example'), 'DNS:a.example');
});
