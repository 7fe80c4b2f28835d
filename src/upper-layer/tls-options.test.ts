import assert from 'node:assert/strict';
import { X509Certificate } from 'node:crypto';
import { once } from 'node:events';
import { suite, test, after } from 'node:test';
import {
  connect,
  type ConnectionOptions,
  createServer,
  type PeerCertificate,
  type Server,
  type TlsOptions,
  type TLSSocket,
} from 'node:tls';
import { limits } from '../limits.ts';
import {
  checkServerName,
  clientTlsOptions,
  rotateTicketKeys,
  serverCheckFailure,
  serverTlsOptions,
} from './tls-options.ts';
import { testAuthority } from './tls-options.test-support.ts';

const authority = await testAuthority();
const identity = await authority.issue(['localhost', '127.0.0.1']);
const device = await authority.issue(['device.example']);

function portOf(server: Server): number {
  const address = server.address();
  assert.ok(address !== null && typeof address === 'object');
  return address.port;
}

interface Handshake {
  readonly protocol: string | null;
  readonly cipher: string;
  readonly authorized: boolean;
}

/** The server's view of one handshake; rejects with the client's error. */
async function handshake(client: ConnectionOptions, server: Partial<TlsOptions> = {}): Promise<Handshake> {
  const listening = createServer({
    ...serverTlsOptions({ identities: [identity], clientCa: [authority.pem], limits }),
    ...server,
  });
  listening.on('tlsClientError', () => undefined);
  await once(listening.listen(0, '127.0.0.1'), 'listening');
  const port = portOf(listening);
  const seen = new Promise<TLSSocket>((resolve) => {
    listening.once('secureConnection', (socket) => {
      socket.on('error', () => undefined);
      resolve(socket);
    });
  });
  const socket = connect({ port, host: '127.0.0.1', ...client });
  socket.on('error', () => undefined);
  try {
    await once(socket, 'secureConnect');
    const accepted = await seen;
    return {
      protocol: socket.getProtocol(),
      cipher: socket.getCipher().standardName,
      authorized: accepted.authorized,
    };
  } finally {
    socket.destroy();
    listening.close();
  }
}

const named = clientTlsOptions({ identity: device, server: { by: 'name', name: 'localhost', ca: [authority.pem] } });

suite('RFC 9325', () => {
  test('our client and our server agree on TLS 1.3 with both certificates checked', async () => {
    const seen = await handshake(named);
    assert.equal(seen.protocol, 'TLSv1.3');
    assert.equal(seen.cipher, 'TLS_AES_256_GCM_SHA384');
    assert.equal(seen.authorized, true);
  });

  test('TLS 1.2 is taken with forward secrecy and AEAD', async () => {
    const seen = await handshake({ ...named, maxVersion: 'TLSv1.2' });
    assert.equal(seen.protocol, 'TLSv1.2');
    assert.equal(seen.cipher, 'TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384');
  });

  for (const [what, options] of [
    ['TLS 1.1', { minVersion: 'TLSv1.1', maxVersion: 'TLSv1.1', ciphers: 'ALL:@SECLEVEL=0' }],
    ['CBC', { maxVersion: 'TLSv1.2', ciphers: 'ECDHE-ECDSA-AES128-SHA256:ECDHE-ECDSA-AES128-SHA' }],
    ['static RSA', { maxVersion: 'TLSv1.2', ciphers: 'AES128-GCM-SHA256:AES128-SHA' }],
    ['finite-field DHE', { maxVersion: 'TLSv1.2', ciphers: 'DHE-RSA-AES128-GCM-SHA256' }],
    ['a curve of 224 bits', { ecdhCurve: 'secp224r1', maxVersion: 'TLSv1.2' }],
  ] as const) {
    test(`a client that knows only ${what} is refused`, async () => {
      await assert.rejects(handshake({ ...named, ...options }));
    });
  }

  test('a peer without the hybrid group falls back to a curve, and one that has nothing else is served too', async () => {
    for (const ecdhCurve of ['P-256', 'X25519', 'X25519MLKEM768']) {
      assert.equal((await handshake({ ...named, ecdhCurve })).protocol, 'TLSv1.3');
    }
  });

  test('a client cannot renegotiate', async () => {
    const listening = createServer(serverTlsOptions({ identities: [identity], clientCa: [authority.pem], limits }));
    listening.on('secureConnection', (socket) => socket.on('error', () => undefined));
    listening.on('tlsClientError', () => undefined);
    await once(listening.listen(0, '127.0.0.1'), 'listening');
    const port = portOf(listening);
    const socket = connect({ port, host: '127.0.0.1', ...named, maxVersion: 'TLSv1.2', secureOptions: 0 });
    await once(socket, 'secureConnect');
    const error = await new Promise<Error | null>((resolve) => {
      socket.on('error', resolve);
      socket.on('close', () => resolve(new Error('closed')));
      socket.renegotiate({}, (result) => resolve(result));
    });
    assert.ok(error instanceof Error);
    socket.destroy();
    listening.close();
  });

  test('a client without a certificate gets through the handshake, marked as not authorized', async () => {
    const anonymous = clientTlsOptions({ server: { by: 'name', name: 'localhost', ca: [authority.pem] } });
    assert.equal((await handshake(anonymous)).authorized, false);
  });

  test('a client certificate of a foreign authority gets through the handshake, marked as not authorized', async () => {
    const foreign = await (await testAuthority()).issue(['device.example']);
    assert.equal((await handshake({ ...named, key: String(foreign.key), cert: foreign.cert })).authorized, false);
  });
});

suite('the server that we call', () => {
  test('another name in its certificate fails before anything is sent', async () => {
    const options = clientTlsOptions({ server: { by: 'name', name: 'other.example', ca: [authority.pem] } });
    await assert.rejects(handshake(options), { code: 'NOT_AUTHENTICATED' });
  });

  test('an IP address is looked for among the IP addresses', async () => {
    const server = { by: 'name', name: '127.0.0.1', ca: [authority.pem] } as const;
    assert.equal((await handshake(clientTlsOptions({ server }))).protocol, 'TLSv1.3');
    await assert.rejects(handshake(clientTlsOptions({ server: { ...server, name: '127.0.0.2' } })), {
      code: 'NOT_AUTHENTICATED',
    });
  });

  test('a foreign authority fails', async () => {
    const foreign = await testAuthority();
    const options = clientTlsOptions({ server: { by: 'name', name: 'localhost', ca: [foreign.pem] } });
    await assert.rejects(handshake(options));
  });

  test('a certificate with a common name and no SAN is not enough', () => {
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the check reads these two only
    const certificate = { subject: { CN: 'localhost' } } as unknown as PeerCertificate;
    assert.match(String(checkServerName('localhost', certificate)), /no DNS name in its subjectAltName/);
    assert.match(String(checkServerName('127.0.0.1', certificate)), /no IP address in its subjectAltName/);
  });

  const fingerprint256 = new X509Certificate(identity.cert).fingerprint256;
  const socketWith = (cert: string | undefined) => ({
    authorized: false,
    authorizationError: new Error('not looked at'),
    getPeerX509Certificate: () => (cert === undefined ? undefined : new X509Certificate(cert)),
  });

  test('a pinned certificate is told from every other one, in both spellings of its fingerprint', async () => {
    for (const text of [fingerprint256, fingerprint256.replaceAll(':', '').toLowerCase()]) {
      const check = { by: 'fingerprint', fingerprint256: text } as const;
      assert.equal(serverCheckFailure(socketWith(identity.cert), check, new Date()), undefined);
      assert.equal(serverCheckFailure(socketWith(device.cert), check, new Date())?.code, 'NOT_AUTHENTICATED');
      assert.equal(serverCheckFailure(socketWith(undefined), check, new Date())?.code, 'NOT_AUTHENTICATED');
    }
  });

  test('a pinned certificate is good within its dates only', () => {
    const check = { by: 'fingerprint', fingerprint256 } as const;
    const { validToDate, validFromDate } = new X509Certificate(identity.cert);
    const at = (date: Date, ms: number) =>
      serverCheckFailure(socketWith(identity.cert), check, new Date(date.getTime() + ms))?.message;
    assert.equal(at(validToDate, 0), undefined);
    assert.match(at(validToDate, 1) ?? '', /out of date/);
    assert.equal(at(validFromDate, 0), undefined);
    assert.match(at(validFromDate, -1) ?? '', /out of date/);
  });

  test('a server checked by name counts only when OpenSSL has verified it', () => {
    const check = { by: 'name', name: 'localhost', ca: [] } as const;
    assert.equal(serverCheckFailure(socketWith(identity.cert), check, new Date())?.code, 'NOT_AUTHENTICATED');
    assert.equal(serverCheckFailure({ ...socketWith(undefined), authorized: true }, check, new Date()), undefined);
  });
});

suite('ticket keys', () => {
  const keys: string[] = [];
  const rotating = rotateTicketKeys({ setTicketKeys: (key) => void keys.push(key.toString('hex')) }, { intervalMs: 5 });
  after(() => rotating[Symbol.dispose]());

  test('they are random, of 48 bytes, and change with time', async () => {
    while (keys.length < 3) await new Promise((resolve) => setTimeout(resolve, 5));
    rotating[Symbol.dispose]();
    const count = keys.length;
    await new Promise((resolve) => setTimeout(resolve, 20));
    assert.equal(keys.length, count);
    assert.equal(new Set(keys).size, count);
    assert.ok(keys.every((key) => key.length === 96));
  });
});
