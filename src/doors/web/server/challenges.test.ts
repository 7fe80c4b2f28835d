import assert from 'node:assert/strict';
import { createHash, generateKeyPairSync, X509Certificate } from 'node:crypto';
import { once } from 'node:events';
import net from 'node:net';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import tls from 'node:tls';
import { portOf } from '../../../../test/support/programs.ts';
import { issueChallengeCertificate } from '../../../keys/issue.ts';
import { ask, openWebHouse, type WebHouse } from '../web-door.test-support.ts';

async function challenge(name: string) {
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const digest = createHash('sha256').update('token.thumbprint').digest();
  const certificatePem = await issueChallengeCertificate(privateKey, { name, digest, now: new Date() });
  return { certificatePem, keyPem: privateKey.export({ type: 'pkcs8', format: 'pem' }), digest };
}

async function connect({ door }: WebHouse, options: tls.ConnectionOptions): Promise<tls.TLSSocket> {
  const socket = tls.connect({ host: '127.0.0.1', port: door.port, rejectUnauthorized: false, ...options });
  socket.on('error', () => undefined);
  await once(socket, 'secureConnect');
  return socket;
}

test('an open challenge is shown to who asks for its name by acme-tls/1, and the connection ends there (RFC 8737)', async () => {
  await using house = await openWebHouse();
  const { certificatePem, keyPem, digest } = await challenge('pacs.example');
  using _open = house.door.answerChallenge('pacs.example', { certificatePem, keyPem });
  for (const maxVersion of ['TLSv1.2', 'TLSv1.3'] as const) {
    const socket = await connect(house, { servername: 'pacs.example', ALPNProtocols: ['acme-tls/1'], maxVersion });
    const shown = socket.getPeerX509Certificate();
    assert.equal(socket.alpnProtocol, 'acme-tls/1');
    assert.equal(shown?.fingerprint256, new X509Certificate(certificatePem).fingerprint256);
    assert.equal(shown?.subjectAltName, 'DNS:pacs.example');
    // The extension: 1.3.6.1.5.5.7.1.31, critical, an octet string within an octet string.
    const extension = Buffer.concat([Buffer.from('06082b0601050507011f0101ff04220420', 'hex'), digest]);
    assert.ok(shown?.raw.includes(extension));
    socket.write('GET / HTTP/1.1\r\nHost: pacs.example\r\n\r\n');
    let heard = '';
    socket.on('data', (data) => (heard += String(data)));
    await once(socket, 'close');
    assert.equal(heard, '');
  }
});

test('while a challenge is open everybody else goes the ordinary way, also to the same name, and in small pieces', async () => {
  await using house = await openWebHouse();
  using _open = house.door.answerChallenge('localhost', await challenge('localhost'));
  assert.equal((await ask(house, '/health')).status, 200);
  for (const ALPNProtocols of [['h2', 'acme-tls/1'], ['h2'], undefined]) {
    const socket = await connect(house, {
      servername: 'localhost',
      ca: house.ca,
      rejectUnauthorized: true,
      ...(ALPNProtocols && { ALPNProtocols }),
    });
    assert.equal(socket.alpnProtocol, ALPNProtocols === undefined ? false : 'h2');
    socket.destroy();
  }
  // The bytes of a client that come one by one.
  const raw = net.connect(house.door.port, '127.0.0.1');
  await once(raw, 'connect');
  raw.setNoDelay();
  const relay = net.createServer((socket) => {
    socket.on('data', (data: Buffer) => {
      void (async () => {
        for (const byte of data.length > 400
          ? [data.subarray(0, 3), data.subarray(3, 200), data.subarray(200)]
          : [data]) {
          raw.write(byte);
          await sleep(20);
        }
      })();
    });
    raw.pipe(socket);
    socket.on('error', () => undefined);
  });
  relay.listen(0, '127.0.0.1');
  await once(relay, 'listening');
  const port = portOf(relay);
  const client = tls.connect({ host: '127.0.0.1', port, servername: 'localhost', ca: house.ca });
  await once(client, 'secureConnect');
  client.write('GET /health HTTP/1.1\r\nHost: localhost\r\n\r\n');
  assert.match(String((await once(client, 'data'))[0]), /^HTTP\/1\.1 200/);
  client.destroy();
  raw.destroy();
  relay.close();
});

test('another name, and a challenge that is over, get no handshake', async () => {
  await using house = await openWebHouse();
  const open = house.door.answerChallenge('pacs.example', await challenge('pacs.example'));
  await assert.rejects(connect(house, { servername: 'other.example', ALPNProtocols: ['acme-tls/1'] }));
  await assert.rejects(connect(house, { ALPNProtocols: ['acme-tls/1'] }));
  open[Symbol.dispose]();
  await assert.rejects(connect(house, { servername: 'pacs.example', ALPNProtocols: ['acme-tls/1'] }));
  assert.equal((await ask(house, '/health')).status, 200);
});

test('attack: who says nothing while a challenge is open is hung up on', async () => {
  await using house = await openWebHouse({ web: { handshakeMs: 2_000 } });
  using _open = house.door.answerChallenge('pacs.example', await challenge('pacs.example'));
  const silent = ['', '\u0016\u0003\u0001'].map(async (bytes) => {
    const socket = net.connect(house.door.port, '127.0.0.1');
    socket.on('error', () => undefined);
    socket.resume();
    socket.write(bytes, 'latin1');
    await once(socket, 'close');
  });
  await Promise.all(silent);
  const garbage = net.connect(house.door.port, '127.0.0.1');
  garbage.on('error', () => undefined);
  garbage.resume();
  garbage.write('GET / HTTP/1.1\r\n\r\n');
  await once(garbage, 'close');
  assert.equal((await ask(house, '/health')).status, 200);
});
