/** How an answer goes out: at the pace of its reader, whole or not at all, however large its pieces are. */
import assert from 'node:assert/strict';
import { Writable } from 'node:stream';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import type { WebResponse } from '../web-handler.ts';
import type { Exchange } from './exchange.ts';
import { sendAnswer } from './send.ts';

const limits = { bodyPaceMs: 100, bodyPaceBytesMin: 1000 };

interface Sent {
  readonly exchange: Exchange;
  readonly head: () => readonly [number, Readonly<Record<string, string>>, boolean] | undefined;
  readonly bytes: () => Buffer;
  readonly isReset: () => boolean;
  readonly leave: () => void;
}

/** A peer that takes 1000 bytes in so many milliseconds; nothing at all when undefined. */
function peer({ method = 'GET', kilobyteMs }: { method?: string; kilobyteMs?: number }): Sent {
  const gone = new AbortController();
  const pieces: Buffer[] = [];
  let head: ReturnType<Sent['head']>;
  let isReset = false;
  const out = new Writable({
    highWaterMark: 100,
    write(chunk: Buffer, _encoding, done) {
      if (kilobyteMs === undefined) return;
      setTimeout(
        () => {
          pieces.push(chunk);
          done();
        },
        (kilobyteMs * chunk.length) / 1000,
      );
    },
  });
  const exchange: Exchange = {
    connection: { address: '127.0.0.1', localPort: 1, takeRequest: () => true },
    method,
    target: '/',
    authority: 'localhost',
    headers: {},
    gone: gone.signal,
    source: undefined,
    wantBody: () => undefined,
    isWhole: () => true,
    begin: (status, headers, hasBody) => {
      head = [status, Object.fromEntries(headers), hasBody];
      return hasBody ? out : undefined;
    },
    reset: () => (isReset = true),
  };
  return {
    exchange,
    head: () => head,
    bytes: () => Buffer.concat(pieces),
    isReset: () => isReset,
    leave: () => gone.abort(),
  };
}

const body = Buffer.from(Array.from({ length: 10_000 }, (_, at) => at % 251));
const whole: WebResponse = { status: 200, headers: [], body };
const inOnePiece: WebResponse = {
  ...whole,
  body: (async function* () {
    yield body;
  })(),
};

for (const [what, response] of [
  ['an answer from memory', whole],
  ['a stream of one large piece', inOnePiece],
] as const) {
  test(`${what} may take longer than the time of one window, as long as it moves`, async () => {
    // 10 times 1000 bytes, 40 ms each: 400 ms where a window has 100 ms.
    const sent = peer({ kilobyteMs: 40 });
    await sendAnswer(sent.exchange, response, limits);
    assert.ok(sent.bytes().equals(body));
    assert.equal(sent.isReset(), false);
  });
}

for (const [what, piecesOf] of [
  ['an answer from memory', () => whole],
  [
    'a stream',
    () => ({
      ...whole,
      body: (async function* () {
        for (;;) yield body;
      })(),
    }),
  ],
] as const) {
  test(`${what} is cut off for a peer that takes nothing of it`, async () => {
    const sent = peer({});
    await assert.rejects(sendAnswer(sent.exchange, piecesOf(), limits), { status: 408 });
    assert.ok(sent.isReset());
  });

  test(`${what} is cut off for a peer that takes it too slowly`, async () => {
    const slow = { bodyPaceMs: 100, bodyPaceBytesMin: 2000 };
    const sent = peer({ kilobyteMs: 90 });
    await assert.rejects(sendAnswer(sent.exchange, piecesOf(), slow), { status: 408 });
    assert.ok(sent.isReset());
  });

  test(`${what} ends for a peer that goes away, at once`, async () => {
    const sent = peer({});
    const sending = sendAnswer(sent.exchange, piecesOf(), { bodyPaceMs: 60_000, bodyPaceBytesMin: 1 });
    await sleep(10);
    sent.leave();
    await assert.rejects(sending, { code: 'PEER_FAILED' });
    assert.ok(sent.isReset());
  });
}

test('an answer from memory says its length, an empty one has no body, and HEAD is told the length alone', async () => {
  const full = peer({ kilobyteMs: 0 });
  await sendAnswer(full.exchange, whole, { bodyPaceMs: 1000, bodyPaceBytesMin: 1000 });
  assert.deepEqual(full.head(), [200, { 'content-length': '10000' }, true]);
  const empty = peer({});
  await sendAnswer(empty.exchange, { ...whole, body: new Uint8Array(0) }, limits);
  assert.deepEqual(empty.head(), [200, { 'content-length': '0' }, false]);
  const head = peer({ method: 'HEAD' });
  await sendAnswer(head.exchange, whole, limits);
  assert.deepEqual(head.head(), [200, { 'content-length': '10000' }, false]);
  for (const status of [204, 304]) {
    const none = peer({});
    await sendAnswer(none.exchange, { ...whole, status }, limits);
    assert.deepEqual(none.head(), [status, {}, false]);
  }
});

test('a body that fails before its first piece is an error without a head, a later one cuts the answer off', async () => {
  const early = peer({});
  const failing = async function* (first: boolean): AsyncGenerator<Uint8Array> {
    if (!first) yield body;
    throw new Error('the disk went away');
  };
  await assert.rejects(sendAnswer(early.exchange, { ...whole, body: failing(true) }, limits), /disk/);
  assert.deepEqual([early.head(), early.isReset()], [undefined, false]);
  const late = peer({ kilobyteMs: 0 });
  await assert.rejects(sendAnswer(late.exchange, { ...whole, body: failing(false) }, limits), /disk/);
  assert.equal(late.isReset(), true);
});

test('a body that nobody reads is let go of', async () => {
  for (const [method, status] of [
    ['HEAD', 200],
    ['GET', 304],
  ] as const) {
    let isClosed = false;
    const stream: AsyncIterable<Uint8Array> = {
      [Symbol.asyncIterator]: () => ({
        next: () => assert.fail('was read'),
        return: async () => {
          isClosed = true;
          return { done: true, value: undefined };
        },
      }),
    };
    await sendAnswer(peer({ method }).exchange, { ...whole, status, body: stream }, limits);
    assert.ok(isClosed, method);
  }
});
