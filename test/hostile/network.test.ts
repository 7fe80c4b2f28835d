/**
 * Attacks on the listener, while a legitimate device stores: silent and half handshakes, other protocols, idle and hoarded
 * associations, slow senders. Afterwards the process is the same one, its memory is bounded and its sockets are closed.
 */
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import net from 'node:net';
import { after, before, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import tls from 'node:tls';
import { associateRequest } from '../../bench/support/raw-dicom.ts';
import { RawAssociation } from '../../bench/support/raw-association.ts';
import { limits } from '../../src/limits.ts';
import { echoContext, RawSocket, Sender, slice, storeContext } from '../faults/raw-peer.ts';
import { TestServer } from '../faults/server.ts';

const memoryMbMax = 300;
let server: TestServer;
let socketsBefore: number;
let pid: number;
let stored = 0;

before(async () => {
  server = await TestServer.start();
  await server.addDevice('CT1');
  await server.addDevice('HOARD');
  // One association first, so that everything that is made once is there.
  await instancesPerSecond(5);
  socketsBefore = server.openSockets();
  pid = server.pid;
});

after(async () => {
  await using ending = server;
  assert.equal(ending.pid, pid);
  assert.ok(ending.isRunning, ending.log);
  await ending.socketsBackTo(socketsBefore);
  assert.ok(ending.peakMemoryMb() < memoryMbMax, `${ending.peakMemoryMb()} MB`);
  await ending.assertSound();
});

/** A legitimate peer on a new association: instances of 128 KiB per second. */
async function instancesPerSecond(count = 40): Promise<number> {
  const started = performance.now();
  const sender = await Sender.open(server.target('CT1'));
  for (let number = 0; number < count; number += 1) {
    stored += 1;
    assert.equal(await sender.store(slice('network', 1, stored, 256)), 0);
  }
  await sender.release();
  return (count * 1000) / (performance.now() - started);
}

/** A useful rate: a CT makes some 20 slices a second. */
async function assertUseful(what: string): Promise<void> {
  const rate = await instancesPerSecond();
  assert.ok(rate > 20, `${what}: only ${rate.toFixed(0)} instances/s`);
}

async function plainSockets(count: number): Promise<net.Socket[]> {
  return Promise.all(
    Array.from({ length: count }, async () => {
      const socket = net.connect({ host: '127.0.0.1', port: server.port });
      socket.on('error', () => undefined);
      socket.on('data', () => undefined);
      await new Promise<void>((done) => socket.once('connect', done).once('close', () => done()));
      return socket;
    }),
  );
}

function destroyAll(sockets: readonly net.Socket[]): void {
  for (const socket of sockets) socket.destroy();
}

const closedWithin = async (socket: net.Socket, withinMs: number): Promise<boolean> => {
  if (socket.closed) return true;
  const closed = new Promise<boolean>((done) => socket.once('close', () => done(true)));
  return Promise.race([closed, sleep(withinMs, false, { ref: false })]);
};

/** The first bytes of a real ClientHello, and its whole. */
async function clientHello(): Promise<Buffer> {
  const listener = net.createServer();
  await new Promise<void>((done) => listener.listen(0, '127.0.0.1', done));
  const address = listener.address();
  assert.ok(address !== null && typeof address !== 'string');
  const arrived = new Promise<Buffer>((done) => {
    listener.once('connection', (socket) => {
      socket.on('error', () => undefined);
      socket.once('data', (bytes: Buffer) => {
        done(bytes);
        socket.destroy();
      });
    });
  });
  const client = tls.connect({ host: '127.0.0.1', port: address.port });
  client.on('error', () => undefined);
  const hello = await arrived;
  client.destroy();
  await new Promise((done) => listener.close(done));
  return hello;
}

test('class 1: two hundred silent and half handshakes do not hold a legitimate sender up, and end by the timer', async () => {
  const hello = await clientHello();
  const sockets = await plainSockets(200);
  sockets.forEach((socket, index) => {
    if (index % 3 === 1) socket.write(hello.subarray(0, 50));
    if (index % 3 === 2) socket.write(hello); // and then never answers
  });
  await assertUseful('beside half handshakes');
  const ended = await Promise.all(sockets.map((socket) => closedWithin(socket, limits.dimseHandshakeMs + 3000)));
  assert.equal(ended.filter((isClosed) => !isClosed).length, 0, 'all are closed by the server');
});

for (const [what, bytes] of [
  ['HTTP', Buffer.from('GET /dicom-web/studies HTTP/1.1\r\nHost: localhost\r\n\r\n')],
  [
    'a plain A-ASSOCIATE-RQ',
    associateRequest({ calling: 'CT1', called: 'LEADGLASS', contexts: [echoContext], maximumLength: 16_384 }),
  ],
  ['noise', randomBytes(4096)],
  ['SSH', Buffer.from('SSH-2.0-OpenSSH_9.9\r\n')],
  ['a megabyte of zeros', Buffer.alloc(1024 ** 2)],
] as const) {
  test(`class 2: ${what} on the TLS port is cut off, and no DICOM is answered`, async () => {
    const socket = net.connect({ host: '127.0.0.1', port: server.port });
    const answer: Buffer[] = [];
    socket.on('error', () => undefined);
    socket.on('data', (chunk: Buffer) => answer.push(chunk));
    socket.write(bytes);
    assert.equal(await closedWithin(socket, limits.dimseHandshakeMs + 3000), true);
    const all = Buffer.concat(answer);
    // A TLS alert at most (record type 21).
    assert.ok(all.length === 0 || all[0] === 21, all.toString('hex').slice(0, 40));
  });
}

test('class 2: noise inside a legitimate TLS connection is answered by an abort or a close, not by data', async () => {
  for (const bytes of [
    Buffer.from('GET / HTTP/1.1\r\nHost: x\r\n\r\n'),
    Buffer.from([0x16, 3, 1, 2, 0, 1, 0, 1, 0xfc]),
    randomBytes(600),
    Buffer.alloc(600),
  ]) {
    const socket = await RawSocket.open(server.target('CT1'));
    socket.write(bytes);
    const types = await socket.typesUntilClosed(limits.artimMs + 5000);
    assert.ok(
      types.every((type) => type === 7),
      types.join(),
    );
    socket.close();
  }
});

test('class 2: DICOM and noise on the HTTPS port are cut off, and TLS without a certificate learns nothing of DICOM', async () => {
  const console = net.connect({ host: '127.0.0.1', port: server.consolePort });
  console.on('error', () => undefined);
  console.on('data', () => undefined);
  console.write(associateRequest({ calling: 'CT1', called: 'LEADGLASS', contexts: [echoContext], maximumLength: 0 }));
  assert.equal(await closedWithin(console, 15_000), true);
  const stranger = tls.connect({ host: '127.0.0.1', port: server.port, rejectUnauthorized: false });
  const answer: Buffer[] = [];
  stranger.on('error', () => undefined);
  stranger.on('data', (chunk: Buffer) => answer.push(chunk));
  stranger.on('secureConnect', () => {
    stranger.write(
      associateRequest({ calling: 'CT1', called: 'LEADGLASS', contexts: [echoContext], maximumLength: 0 }),
    );
  });
  assert.equal(await closedWithin(stranger, 15_000), true);
  assert.equal(Buffer.concat(answer).length, 0);
});

test('class 5: one device hoards up to its limit, is told so (2/3/2), and others are served meanwhile', async () => {
  const hoard: RawAssociation[] = [];
  for (let count = 0; count < limits.associationsPerDeviceMax; count += 1) {
    hoard.push(await RawAssociation.open(server.target('HOARD'), [echoContext]));
  }
  const target = server.target('HOARD');
  const { calling, called } = target;
  const onceMore = async (): Promise<readonly number[]> => {
    const socket = await RawSocket.open(target);
    socket.write(associateRequest({ calling, called, contexts: [echoContext], maximumLength: 16_384 }));
    const pdu = await socket.next();
    socket.close();
    return pdu === 'closed' ? [] : [pdu.type, ...pdu.body.subarray(1, 4)];
  };
  assert.deepEqual(await onceMore(), [3, 2, 3, 2]);
  await assertUseful('beside a hoarder');
  hoard.pop()?.destroy();
  await sleep(300);
  assert.equal((await onceMore())[0], 2, 'a place that was left is given again');
  for (const association of hoard) association.destroy();
});

test('class 5: a thousand idle connections leave room for a legitimate sender', async () => {
  const sockets: net.Socket[] = [];
  for (let batch = 0; batch < 10; batch += 1) sockets.push(...(await plainSockets(100)));
  assert.equal(sockets.length, 1000);
  await assertUseful('beside a thousand idle connections');
  destroyAll(sockets);
  await server.socketsBackTo(socketsBefore + 5);
});

test('class 1: a thousand half-open TLS handshakes leave room for a working device, and end by the timer', async () => {
  const hello = await clientHello();
  const sockets: net.Socket[] = [];
  const began = performance.now();
  for (let batch = 0; batch < 10; batch += 1) {
    const opened = await plainSockets(100);
    // The server has answered with its certificate and waits for the rest: the dearest moment at which a peer can fall silent.
    for (const socket of opened) socket.write(hello);
    sockets.push(...opened);
  }
  await assertUseful('beside a thousand half-open handshakes');
  const leftMs = Math.max(0, limits.dimseHandshakeMs - (performance.now() - began));
  const ended = await Promise.all(sockets.map((socket) => closedWithin(socket, leftMs + 5000)));
  assert.equal(ended.filter((isClosed) => !isClosed).length, 0, 'all are closed by the server');
  await server.socketsBackTo(socketsBefore + 5);
});

test('class 5: connections of one address that are known do not count as unknown ones', async () => {
  // Each of these says who it is and goes; what is counted must be given back, or the address is locked out.
  for (let batch = 0; batch < 12; batch += 1) {
    const senders = await Promise.all(Array.from({ length: 20 }, () => Sender.open(server.target('CT1'))));
    await Promise.all(senders.map((sender) => sender.release()));
  }
  const known: RawAssociation[] = [];
  while (known.length < limits.associationsPerDeviceMax)
    known.push(await RawAssociation.open(server.target('HOARD'), [echoContext]));
  const idle: net.Socket[] = [];
  while (idle.length < limits.dimseUnidentifiedPerAddressMax - 8) idle.push(...(await plainSockets(8)));
  await assertUseful('beside as many idle connections as one address may have');
  destroyAll(idle);
  for (const association of known) association.destroy();
});

test("slow senders: association requests of one byte per 50 ms take nobody else's time", async () => {
  const slow = await Promise.all(Array.from({ length: 20 }, () => RawSocket.open(server.target('CT1'))));
  const { calling, called } = server.target('CT1');
  const request = associateRequest({ calling, called, contexts: [storeContext], maximumLength: 16_384 });
  let at = 0;
  const timer = setInterval(() => {
    for (const socket of slow) socket.write(request.subarray(at, at + 1));
    at += 1;
  }, 50);
  await assertUseful('beside slow senders');
  await assertUseful('beside slow senders');
  clearInterval(timer);
  for (const socket of slow) socket.close();
});

test('many strangers from one address do not lock out the device that stands there, too', async () => {
  for (let batch = 0; batch < 4; batch += 1) {
    await Promise.all(
      Array.from({ length: 50 }, async () => {
        const stranger = tls.connect({ host: '127.0.0.1', port: server.port, rejectUnauthorized: false });
        stranger.on('error', () => undefined);
        stranger.on('data', () => undefined);
        await closedWithin(stranger, 10_000);
      }),
    );
  }
  await assertUseful('after 200 strangers');
  const refused = await server.ledgerRecords('--event', '110113');
  assert.ok(refused.length > 0 && refused.length < 200, `${refused.length} records: bounded, not none`);
});
