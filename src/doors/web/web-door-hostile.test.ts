/** The web door under hostile clients: smuggling, floods, drips and lies; and the next caller is served. */
/* oxlint-disable no-unmodified-loop-condition -- what the loops wait for is changed by handlers */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import type http2 from 'node:http2';
import { after, before, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { limits } from '../../limits.ts';
import type { WebHandler } from './web-handler.ts';
import {
  ask,
  ask2,
  connectHttp2,
  type Identity,
  openWebHouse,
  rawTls,
  readAll,
  search,
  type WebHouse,
} from './web-door.test-support.ts';

let web: WebHouse;
let identity: Identity;
let asked = 0;
let stored: number[] = [];
let storeFailures: string[] = [];
let streaming = 0;

const counting: WebHandler = async (request, session, services) => {
  asked += 1;
  return search(request, session, services);
};
/** Reads its body whole and says how much it was. */
const store: WebHandler = async ({ body }) => {
  let bytes = 0;
  try {
    for await (const chunk of body) bytes += chunk.length;
  } catch (error) {
    storeFailures.push(error instanceof Error && 'code' in error ? String(error.code) : String(error));
    throw error;
  }
  stored.push(bytes);
  return { status: 200, headers: [], body: Buffer.from(String(bytes)) };
};
/** Never ends by itself. */
const endless: WebHandler = async ({ signal }) => ({
  status: 200,
  headers: [['content-type', 'application/octet-stream']],
  body: (async function* () {
    streaming += 1;
    try {
      while (!signal.aborted) yield new Uint8Array(64 * 1024);
    } finally {
      streaming -= 1;
    }
  })(),
});
const failing: WebHandler = async () => ({
  status: 200,
  headers: [['content-type', 'application/octet-stream']],
  body: (async function* () {
    yield new Uint8Array(1024);
    throw new Error('the disk went away');
  })(),
});
const waiting: WebHandler = async ({ signal }) => {
  streaming += 1;
  if (!signal.aborted) await once(signal, 'abort');
  streaming -= 1;
  throw signal.reason;
};

before(async () => {
  web = await openWebHouse({
    handlers: { search: counting, store, instances: endless, metadata: failing, rendered: waiting },
    web: {
      headerMs: 300,
      idleMs: 2000,
      bodyPaceMs: 300,
      bodyPaceBytesMin: 10_000,
      streamResetsMax: 20,
      streamResetsPerSecondMax: 5,
      streamsMax: 16,
      unwantedBodyMs: 200,
    },
  });
  identity = await web.enrol('READ1');
});
after(() => web[Symbol.asyncDispose]());

async function isServed(): Promise<void> {
  assert.equal((await ask(web, '/dicom-web/studies', { identity })).status, 200);
}

const get = 'GET /dicom-web/studies HTTP/1.1\r\nHost: localhost\r\n';
const post = 'POST /dicom-web/studies HTTP/1.1\r\nHost: localhost\r\n';
const inner = 'GET /dicom-web/series HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n';

for (const [what, bytes] of [
  [
    'both ways of telling the length',
    `${post}Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n${inner}`,
  ],
  ['two equal lengths', `${post}Content-Length: 2\r\nContent-Length: 2\r\n\r\n{}${inner}`],
  ['two different lengths', `${post}Content-Length: 2\r\nContent-Length: 80\r\n\r\n{}${inner}`],
  ['a list of lengths', `${post}Content-Length: 2, 2\r\n\r\n{}${inner}`],
  ['a signed length', `${post}Content-Length: +2\r\n\r\n{}${inner}`],
  ['a hexadecimal length', `${post}Content-Length: 0x2\r\n\r\n{}${inner}`],
  ['chunked that is not last', `${post}Transfer-Encoding: chunked, identity\r\n\r\n2\r\n{}\r\n0\r\n\r\n${inner}`],
  ['a coding that nobody knows', `${post}Transfer-Encoding: xchunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n${inner}`],
  ['a space before the colon', `${post}Transfer-Encoding : chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n${inner}`],
  ['a folded header', `${get}X-A: b\r\n Transfer-Encoding: chunked\r\n\r\n${inner}`],
  ['bare line feeds', `${get.replaceAll('\r\n', '\n')}\n${inner}`],
  ['a bare carriage return', `${get}X-A: b\rContent-Length: 2\r\n\r\n${inner}`],
  [
    'the address of another server',
    `GET https://elsewhere/dicom-web/studies HTTP/1.1\r\nHost: localhost\r\n\r\n${inner}`,
  ],
  ['an address without a scheme', `GET //elsewhere/dicom-web/studies HTTP/1.1\r\nHost: localhost\r\n\r\n${inner}`],
  ['CONNECT', `CONNECT elsewhere:443 HTTP/1.1\r\nHost: localhost\r\n\r\n${inner}`],
  ['no host', `GET /dicom-web/studies HTTP/1.1\r\n\r\n${inner}`],
  ['two hosts', `${get}Host: localhost\r\n\r\n${inner}`],
  ['two proofs', `${get}Authorization: Bearer a\r\nAuthorization: Bearer b\r\n\r\n${inner}`],
  ['an upgrade', `${get}Connection: Upgrade\r\nUpgrade: h2c\r\n\r\n${inner}`],
  ['a huge header', `${get}X-A: ${'a'.repeat(128 * 1024)}\r\n\r\n`],
  ['very many headers', `${get}${'X-A: b\r\n'.repeat(20_000)}\r\n`],
  ['a huge address', `GET /dicom-web/studies?${'a'.repeat(128 * 1024)} HTTP/1.1\r\nHost: localhost\r\n\r\n`],
  ['HTTP/1.0', 'GET /dicom-web/studies HTTP/1.0\r\nHost: localhost\r\n\r\n'],
  ['HTTP/0.9', 'GET /dicom-web/studies\r\n\r\n'],
  ['HTTP/2 by prior knowledge', 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'],
] as const) {
  test(`${what}: refused, nothing is asked, the connection ends and the next caller is served`, async () => {
    const before = asked;
    const socket = await rawTls(web, { identity });
    socket.write(bytes);
    const text = await readAll(socket, 1500);
    assert.equal(asked, before, text.slice(0, 200));
    assert.ok(socket.closed, 'is still open');
    await isServed();
  });
}

test('a body that drips ends with its request, by HTTP/1.1', async () => {
  storeFailures = [];
  const socket = await rawTls(web, { identity });
  socket.write(`${post}Content-Length: 1000000\r\n\r\n`);
  const dripping = setInterval(() => socket.write('x'), 20);
  const text = await readAll(socket, 3000);
  clearInterval(dripping);
  assert.match(text, /^HTTP\/1\.1 408 /);
  assert.ok(socket.closed);
  assert.deepEqual(storeFailures, ['TIMED_OUT']);
});

test('a body that drips ends with its stream, by HTTP/2, and other streams go on', async () => {
  const session = await connectHttp2(web, { identity });
  const stream = session.request({ ':path': '/dicom-web/studies', ':method': 'POST' });
  stream.on('error', () => undefined);
  const dripping = setInterval(() => stream.destroyed || stream.write('x'), 20);
  const [head]: http2.IncomingHttpHeaders[] = await once(stream, 'response');
  clearInterval(dripping);
  assert.equal(head?.[':status'], 408);
  assert.equal((await ask2(session, '/dicom-web/studies')).status, 200);
  session.destroy();
});

/** A frame of RFC 9113 4.1. */
function frame(type: number, flags: number, stream: number, payload: Uint8Array): Buffer {
  const head = Buffer.alloc(9);
  head.writeUIntBE(payload.length, 0, 3);
  head.writeUInt8(type, 3);
  head.writeUInt8(flags, 4);
  head.writeUInt32BE(stream, 5);
  return Buffer.concat([head, payload]);
}
const preface = Buffer.concat([Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'), frame(4, 0, 0, new Uint8Array(0))]);

/** A HEADERS frame without END_STREAM; the fields as literals of RFC 7541 6.2.2. */
function postFrame(stream: number, path: string): Buffer {
  const literal = (index: number, value: string): Buffer => Buffer.from([index, value.length, ...Buffer.from(value)]);
  const block = Buffer.concat([Buffer.from([0x83, 0x87]), literal(1, 'localhost'), literal(4, path)]);
  return frame(1, 4, stream, block);
}

for (const version of [1, 2] as const) {
  test(`a body that is cut off is never taken for whole, by HTTP/${version}`, async () => {
    storeFailures = [];
    stored = [];
    if (version === 1) {
      const socket = await rawTls(web, { identity });
      socket.write(`${post}Content-Length: 100\r\n\r\nabc`);
      await sleep(100);
      socket.destroy();
    } else {
      const socket = await rawTls(web, { identity, alpn: 'h2' });
      const reset = frame(3, 0, 1, Buffer.from([0, 0, 0, 8]));
      const cut = frame(0, 0, 1, Buffer.from('abc'));
      socket.write(Buffer.concat([preface, postFrame(1, '/dicom-web/studies'), cut]));
      await sleep(100);
      socket.write(reset);
      await sleep(100);
      socket.write(Buffer.concat([postFrame(3, '/dicom-web/studies'), frame(0, 0, 3, Buffer.from('abc'))]));
      await sleep(100);
      socket.destroy();
    }
    await sleep(200);
    assert.deepEqual(stored, []);
    assert.deepEqual(new Set(storeFailures), new Set(['PEER_FAILED']));
    assert.equal(storeFailures.length, version);
  });
}

for (const [what, chunk] of [
  ['extensions of chunks', `1;${'a'.repeat(4000)}=b\r\nx\r\n`],
  ['chunks of one byte', '1\r\nx\r\n'],
  ['leading zeros of a chunk', `${'0'.repeat(4000)}1\r\nx\r\n`],
] as const) {
  test(`a flood of ${what} ends, costs no memory, and is never taken for whole`, async () => {
    stored = [];
    const socket = await rawTls(web, { identity });
    const before = process.memoryUsage().rss;
    socket.write(`${post}Transfer-Encoding: chunked\r\n\r\n`);
    const until = performance.now() + 1500;
    while (!socket.destroyed && performance.now() < until) {
      if (!socket.write(chunk.repeat(50)))
        await Promise.race([once(socket, 'drain').catch(() => undefined), sleep(100)]);
    }
    socket.destroy();
    await sleep(100);
    assert.deepEqual(stored, []);
    assert.ok(process.memoryUsage().rss - before < 256 * 1024 ** 2);
    await isServed();
  });
}

for (const [what, chunk] of [
  ['a chunk whose length is negative', '-1\r\nx\r\n0\r\n\r\n'],
  ['a chunk longer than any number', `${'f'.repeat(17)}\r\nx\r\n0\r\n\r\n`],
  ['a chunk that is longer than it says', '1\r\nxyz\r\n0\r\n\r\n'],
  ['a chunk that ends in a line feed alone', '1\nx\n0\n\n'],
  ['trailers without end', `1\r\nx\r\n0\r\n${`A: ${'b'.repeat(1000)}\r\n`.repeat(200)}\r\n`],
  ['a trailer that says the length anew', '1\r\nx\r\n0\r\nContent-Length: 5\r\n\r\n'],
] as const) {
  test(`${what}: what comes behind it is no request`, async () => {
    const before = asked;
    const socket = await rawTls(web, { identity });
    socket.write(`${post}Transfer-Encoding: chunked\r\n\r\n${chunk}`);
    const text = await readAll(socket, 700);
    socket.destroy();
    assert.equal(asked, before);
    // One answer at most, to the one request that there was.
    assert.ok((text.match(/^HTTP\/1\.1 [2-5]/gm) ?? []).length <= 1, text.slice(0, 300));
    await isServed();
  });
}

test('a length that lies ends the stream by HTTP/2', async () => {
  stored = [];
  const session = await connectHttp2(web, { identity });
  const headers = { 'content-length': '3' };
  const got = await ask2(session, '/dicom-web/studies', { method: 'POST', headers, body: 'abcdef' }).catch(
    () => undefined,
  );
  assert.notEqual(got?.status, 200);
  assert.deepEqual(stored, []);
  session.destroy();
  await isServed();
});

test('100-continue is given only to whom the guard knows', async () => {
  const stranger = await rawTls(web);
  stranger.write(`${post}Content-Length: 3\r\nExpect: 100-continue\r\n\r\n`);
  assert.match(await readAll(stranger, 500), /^HTTP\/1\.1 401 /);
  const known = await rawTls(web, { identity });
  known.write(`${post}Content-Length: 3\r\nExpect: 100-continue\r\nConnection: close\r\n\r\n`);
  setTimeout(() => known.write('abc'), 100);
  assert.match(await readAll(known, 1000), /^HTTP\/1\.1 100 Continue\r\n\r\nHTTP\/1\.1 200 /);
});

test('a stranger who sends a large body sees the refusal, and the rest is not read', async () => {
  const { status } = await ask(web, '/dicom-web/studies', { method: 'POST', body: new Uint8Array(300_000) });
  assert.equal(status, 401);
});

test('a stranger whose window is closed does not make the door keep the bodies that it refused', async () => {
  const session = await connectHttp2(web, { settings: { initialWindowSize: 0 } });
  const closed: Promise<unknown>[] = [];
  for (let number = 0; number < 8; number += 1) {
    const stream = session.request({ ':path': '/dicom-web/studies', ':method': 'POST' });
    stream.on('error', () => undefined);
    closed.push(once(stream, 'close'));
    for (let piece = 0; piece < 10; piece += 1) stream.write(new Uint8Array(64 * 1024));
  }
  assert.notEqual(await Promise.race([Promise.all(closed), sleep(10_000, 'open', { ref: false })]), 'open');
  session.destroy();
  await isServed();
});

for (const version of [1, 2] as const) {
  test(`a peer that does not read its answer loses it, by HTTP/${version}`, async () => {
    const path = '/dicom-web/studies/1.2.3';
    const session = version === 2 ? await connectHttp2(web, { identity }) : undefined;
    const socket = session === undefined ? await rawTls(web, { identity }) : undefined;
    socket?.pause();
    socket?.write(`GET ${path} HTTP/1.1\r\nHost: localhost\r\n\r\n`);
    const stream = session?.request({ ':path': path });
    stream?.on('error', () => undefined);
    for (let turn = 0; turn < 100 && streaming === 0; turn += 1) await sleep(10);
    assert.equal(streaming, 1);
    for (let turn = 0; turn < 100 && streaming > 0; turn += 1) await sleep(20);
    assert.equal(streaming, 0);
    socket?.destroy();
    session?.destroy();
  });

  test(`an answer that fails on the way is never taken for whole, by HTTP/${version}`, async () => {
    const path = '/dicom-web/studies/1.2.3/metadata';
    if (version === 1) await assert.rejects(ask(web, path, { identity }));
    else {
      const session = await connectHttp2(web, { identity });
      await assert.rejects(ask2(session, path));
      session.destroy();
    }
    await isServed();
  });
}

test('who goes away ends what was made for it', async () => {
  const session = await connectHttp2(web, { identity });
  const stream = session.request({ ':path': '/dicom-web/studies/1.2.3/rendered' });
  stream.on('error', () => undefined);
  for (let turn = 0; turn < 100 && streaming === 0; turn += 1) await sleep(10);
  assert.equal(streaming, 1);
  session.destroy();
  for (let turn = 0; turn < 100 && streaming > 0; turn += 1) await sleep(10);
  assert.equal(streaming, 0);
});

test('rapid reset (CVE-2023-44487): the connection ends, what it began ends, and the next caller is served', async () => {
  const session = await connectHttp2(web, { identity });
  const gone = new Promise<void>((resolve) => session.once('close', () => resolve()));
  for (let count = 0; count < 200 && !session.destroyed; count += 1) {
    const stream = session.request({ ':path': '/dicom-web/studies/1.2.3/rendered' });
    stream.on('error', () => undefined);
    stream.close(8);
    if (count % 20 === 19) await sleep(5);
  }
  await Promise.race([gone, sleep(2000).then(() => assert.fail('is still open'))]);
  for (let turn = 0; turn < 100 && streaming > 0; turn += 1) await sleep(10);
  assert.equal(streaming, 0);
  await isServed();
});

for (const [what, frames] of [
  // HEADERS without END_HEADERS, then CONTINUATION for ever.
  [
    'a continuation flood (CVE-2024-27983)',
    [frame(1, 0, 1, Buffer.from([0x82])), ...Array.from({ length: 5000 }, () => frame(9, 0, 1, Buffer.from([0x00])))],
  ],
  ['a flood of settings', Array.from({ length: 20_000 }, () => frame(4, 0, 0, new Uint8Array(0)))],
  ['a flood of pings', Array.from({ length: 20_000 }, () => frame(6, 0, 0, new Uint8Array(8)))],
  ['a frame longer than allowed', [frame(0, 0, 1, new Uint8Array(100_000))]],
  ['data for a stream that is not there', [frame(0, 0, 1, new Uint8Array(10))]],
  ['a header bomb', [frame(1, 4, 1, Buffer.concat([Buffer.from([0x82, 0x87]), Buffer.alloc(16_000, 0xbe)]))]],
  ['noise', [Buffer.from(Array.from({ length: 4096 }, (_, index) => (index * 37) % 251))]],
] as const) {
  test(`${what}: the connection ends or costs nothing, and the next caller is served`, async () => {
    const before = asked;
    const socket = await rawTls(web, { identity, alpn: 'h2' });
    socket.write(preface);
    for (const bytes of frames) if (!socket.destroyed) socket.write(bytes);
    const heapBefore = process.memoryUsage().rss;
    await readAll(socket, 1000);
    assert.equal(asked, before);
    assert.ok(process.memoryUsage().rss - heapBefore < 256 * 1024 ** 2);
    socket.destroy();
    await isServed();
  });
}

test('more streams than allowed are refused, and the connection serves on', async () => {
  const session = await connectHttp2(web, { identity });
  const many = Array.from({ length: 64 }, () => ask2(session, '/dicom-web/studies').catch(() => undefined));
  const statuses = (await Promise.all(many)).map((got) => got?.status);
  assert.ok(statuses.every((status) => status === 200 || status === undefined || status === 0));
  session.destroy();
  await isServed();
});

test('pipelined requests beyond the number of streams end the connection', async () => {
  const socket = await rawTls(web, { identity });
  const one = 'GET /dicom-web/studies/1.2.3/rendered HTTP/1.1\r\nHost: localhost\r\n\r\n';
  socket.write(one.repeat(100));
  await readAll(socket, 1000);
  assert.ok(socket.closed);
  for (let turn = 0; turn < 100 && streaming > 0; turn += 1) await sleep(10);
  assert.equal(streaming, 0);
});

test('requests beyond the rate of a connection are answered with 429 and when to come again', async () => {
  await using few = await openWebHouse({ web: { requestsPerMinuteMax: 180 } });
  const reader = await few.enrol('READ1');
  const session = await connectHttp2(few, { identity: reader });
  const got = await Promise.all(Array.from({ length: 6 }, () => ask2(session, '/dicom-web/studies')));
  const statuses = got.map(({ status }) => status);
  assert.deepEqual(
    [statuses.filter((one) => one === 200).length, statuses.filter((one) => one === 429).length],
    [3, 3],
  );
  const late = got.find(({ status }) => status === 429);
  assert.equal(late?.headers['retry-after'], String(limits.web.retryAfterSeconds));
  session.destroy();
});

test('a connection that has asked enough is ended after its last answer', async () => {
  await using few = await openWebHouse({ web: { requestsPerConnectionMax: 3 } });
  const reader = await few.enrol('READ1');
  const session = await connectHttp2(few, { identity: reader });
  const closed = once(session, 'close');
  for (let count = 0; count < 3; count += 1) assert.equal((await ask2(session, '/dicom-web/studies')).status, 200);
  await closed;
});
