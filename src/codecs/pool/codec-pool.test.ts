import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { TransferSyntaxes as T } from '../../dicom/transfer-syntax.ts';
import { limits } from '../../limits.ts';
import { codecLimits, codecsHere, someFacts, somePixels } from '../codecs.test-support.ts';
import { encodeFrame } from '../encode-frame.ts';
import type { FrameFacts } from '../frame.ts';
import { encodeJpegXl } from '../jpeg-xl.test-support.ts';
import { readImageFacts } from '../../rendering/read-image-facts.ts';
import { someImage } from '../../rendering/rendering.test-support.ts';
import { CodecPool, type PoolLimits } from './codec-pool.ts';
import { drawFrame } from '../draw-frame.ts';
import type { DecodeOrder, DrawOrder } from './orders.ts';

const misbehaving = new URL('misbehaving-worker.test-support.ts', import.meta.url);

async function startPool(
  t: TestContext,
  options: { readonly workersMax?: number; readonly limits?: Partial<PoolLimits>; readonly workerModule?: URL } = {},
): Promise<CodecPool> {
  const pool = CodecPool.start({ ...options, limits: { ...limits.codecs, ...options.limits } });
  t.after(() => pool.close());
  return pool;
}

const facts = someFacts();

/** For the misbehaving worker: what it does stands where colours should. */
function order(deed = 'MONOCHROME2'): DecodeOrder {
  return {
    transferSyntaxUid: T.RLELossless,
    bytes: new Uint8Array(8),
    facts: { ...facts, photometricInterpretation: deed },
  };
}

function drawing(facts: Partial<FrameFacts> = {}, options: DrawOrder['options'] = {}): DrawOrder {
  const { dataSet, facts: frame } = someImage(facts);
  const image = readImageFacts(dataSet, { frame: 1, withOverlays: false });
  const bytes = async (): Promise<Uint8Array<ArrayBuffer>> => somePixels(frame);
  const rest = { options, type: 'image/jpeg', quality: 90, limits: limits.rendering } as const;
  return { transferSyntaxUid: undefined, bytes, image, ...rest };
}

async function codeOf(promise: Promise<unknown>): Promise<string> {
  try {
    await promise;
    return 'done';
  } catch (error) {
    return error instanceof Error && 'code' in error ? String(error.code) : String(error);
  }
}

/** A request that took too long has its answer before its worker has ended. */
async function nothingUnderWay(pool: CodecPool): Promise<void> {
  for (let waited = 0; pool.figures.underWay > 0 && waited < 10_000; waited += 20) await sleep(20);
  assert.equal(pool.figures.underWay, 0);
}

test('frames are decoded and encoded in workers, as in this thread', async (t) => {
  const pool = await startPool(t, { workersMax: 2 });
  const pixels = somePixels(facts);
  for (const transferSyntaxUid of [T.JPEGLSLossless, T.JPEG2000Lossless, T.HTJ2KLossless, T.RLELossless]) {
    const encoded = await pool.encode({ transferSyntaxUid, pixels: pixels.slice(), facts }, { owner: 'a' });
    const here = await encodeFrame(codecsHere(), { transferSyntaxUid, pixels, facts }, codecLimits);
    assert.deepEqual(encoded.bytes, here.bytes);
    const decoded = await pool.decode({ transferSyntaxUid, bytes: encoded.bytes, facts }, { owner: 'a' });
    assert.deepEqual(decoded.pixels, pixels);
  }
});

test('bytes are handed over without a copy, and a part of a larger buffer is left alone', async (t) => {
  const pool = await startPool(t);
  const transferSyntaxUid = T.EncapsulatedUncompressedExplicitVrLittleEndian;
  const whole = somePixels(facts);
  const copy = whole.slice();
  const { pixels } = await pool.decode({ transferSyntaxUid, bytes: whole, facts }, { owner: 'a' });
  assert.deepEqual(pixels, copy);
  assert.equal(whole.length, 0, 'the buffer has gone to the worker');
  const larger = new Uint8Array(copy.length + 2);
  const part = larger.subarray(2);
  part.set(copy);
  await pool.decode({ transferSyntaxUid, bytes: part, facts }, { owner: 'a' });
  assert.deepEqual(part, copy);
  // The same again: what has gone is refused, and the pool goes on.
  assert.equal(await codeOf(pool.decode({ transferSyntaxUid, bytes: whole, facts }, { owner: 'a' })), 'INTERNAL');
  await pool.decode({ transferSyntaxUid, bytes: copy, facts }, { owner: 'a' });
  assert.equal(pool.figures.underWay, 0);
});

test('a thousand requests at once are all answered, by few workers that hold few frames', async (t) => {
  const pool = await startPool(t, { workersMax: 2 });
  const pixels = somePixels(facts);
  const { bytes } = await encodeFrame(codecsHere(), { transferSyntaxUid: T.HTJ2KLossless, pixels, facts }, codecLimits);
  let held = 0;
  let heldMost = 0;
  const load = async (): Promise<Uint8Array<ArrayBuffer>> => {
    held += 1;
    heldMost = Math.max(heldMost, held);
    await sleep(0);
    return bytes.slice();
  };
  const answers = Array.from({ length: 1000 }, async (_, nth) => {
    const frame = await pool.decode(
      { transferSyntaxUid: T.HTJ2KLossless, bytes: load, facts },
      { owner: `reader ${nth % 200}` },
    );
    held -= 1;
    assert.deepEqual(frame.pixels, pixels);
  });
  await Promise.all(answers);
  assert.ok(heldMost <= 5, `${heldMost} frames were held at once`);
  assert.deepEqual(pool.figures, { waiting: 0, underWay: 0, workers: 2 });
});

test('a caller with one frame does not wait behind another with hundreds', async (t) => {
  const pool = await startPool(t, { workersMax: 1, workerModule: misbehaving });
  const finished: string[] = [];
  const ask = async (owner: string): Promise<void> => {
    await pool.decode(order(), { owner });
    finished.push(owner);
  };
  const many = Array.from({ length: 100 }, () => ask('many'));
  await Promise.all([...many, ask('one')]);
  assert.ok(finished.indexOf('one') <= 4, `it came as number ${finished.indexOf('one') + 1}`);
});

test('pictures are drawn in workers, as in this thread, from native and from encoded frames', async (t) => {
  const pool = await startPool(t);
  for (const type of ['image/jpeg', 'image/png'] as const) {
    const order: DrawOrder = { ...drawing({}, { viewport: { width: 10, height: 10 } }), type };
    const pixels = somePixels(order.image.frame);
    const here = await drawFrame(codecsHere(), { ...order, bytes: pixels }, codecLimits);
    assert.deepEqual(await pool.draw(order, { owner: 'a' }), here);
    const transferSyntaxUid = T.JPEGLSLossless;
    const encoded = await encodeFrame(
      codecsHere(),
      { transferSyntaxUid, pixels, facts: order.image.frame },
      codecLimits,
    );
    assert.deepEqual(await pool.draw({ ...order, transferSyntaxUid, bytes: encoded.bytes }, { owner: 'a' }), here);
    const xl = { transferSyntaxUid: T.JPEGXLLossless, bytes: await encodeJpegXl(pixels, order.image.frame) };
    assert.deepEqual(await pool.draw({ ...order, ...xl }, { owner: 'a' }), here);
  }
  assert.equal(pool.figures.underWay, 0);
});

test('a picture that is too large, or of a syntax that nobody decodes, never waits', async (t) => {
  const pool = await startPool(t);
  const viewport = { width: 60_000, height: 60_000 };
  assert.equal(await codeOf(pool.draw(drawing({}, { viewport }), { owner: 'a' })), 'LIMIT_EXCEEDED');
  assert.equal(await codeOf(pool.draw(drawing({ rows: 65_535, columns: 65_535 }), { owner: 'a' })), 'LIMIT_EXCEEDED');
  const video = { ...drawing(), transferSyntaxUid: T.MPEG2MPML };
  assert.equal(await codeOf(pool.draw(video, { owner: 'a' })), 'UNSUPPORTED');
  assert.equal(pool.figures.workers, 0);
});

test('while a large picture is drawn this thread is free', async (t) => {
  const pool = await startPool(t);
  await pool.draw(drawing(), { owner: 'a' });
  const bytes = somePixels(someImage({ rows: 3000, columns: 3000 }).facts);
  const order = { ...drawing({ rows: 3000, columns: 3000 }), bytes };
  // Of this thread alone, so that other work of the machine does not count. The drawing takes a hundred.
  const before = process.threadCpuUsage();
  await pool.draw(order, { owner: 'a' });
  const { user, system } = process.threadCpuUsage(before);
  assert.ok(user + system < 30_000, `it took ${user + system} microseconds`);
});

for (const deed of ['no picture', 'long picture', 'odd picture', 'MONOCHROME2']) {
  test(`hostile: a renderer that answers with something else (${deed}) is not believed`, async (t) => {
    const pool = await startPool(t, { workersMax: 1, workerModule: misbehaving });
    const order = drawing();
    const frame = { ...order.image.frame, photometricInterpretation: deed };
    assert.equal(await codeOf(pool.draw({ ...order, image: { ...order.image, frame } }, { owner: 'a' })), 'INTERNAL');
    await nothingUnderWay(pool);
  });
}

for (const [deed, code, what] of [
  ['loop', 'TIMED_OUT', 'loops for ever'],
  ['hog', 'LIMIT_EXCEEDED', 'takes more and more memory'],
  ['exit', 'INTERNAL', 'ends'],
  ['throw', 'INTERNAL', 'throws what nobody catches'],
  ['short', 'INTERNAL', 'answers with another length'],
  ['other colours', 'INTERNAL', 'answers with colours that nobody asked for'],
  ['other job', 'TIMED_OUT', 'answers another job'],
  ['nothing', 'TIMED_OUT', 'answers with nothing'],
  ['other code', 'INTERNAL', 'answers with an error that is not its own'],
] as const) {
  test(`hostile: a decoder that ${what} ends its own request, and the pool goes on`, async (t) => {
    const pool = await startPool(t, {
      workersMax: 2,
      workerModule: misbehaving,
      limits: { frameMsMax: deed === 'hog' ? 20_000 : 1_500, frameMsPerMegasample: 0, heapMiBMax: 32 },
    });
    const before = pool.decode(order(), { owner: 'b' });
    const bad = codeOf(pool.decode(order(deed), { owner: 'a' }));
    const others = Array.from({ length: 20 }, () => pool.decode(order(), { owner: 'b' }));
    assert.equal(await bad, code);
    await Promise.all([before, ...others]);
    await pool.decode(order(), { owner: 'a' });
    await nothingUnderWay(pool);
    assert.ok(pool.figures.workers <= 2);
  });
}

test('hostile: what a decoder says is one short line of plain text', async (t) => {
  const pool = await startPool(t, { workerModule: misbehaving });
  await assert.rejects(pool.decode(order('rude'), { owner: 'a' }), (error: Error) => {
    assert.match(error.message, /^a\?\?\[31mb+$/);
    assert.ok(error.message.length <= 300);
    return true;
  });
});

test('frames with facts that are too large, or in a syntax that nobody decodes, never wait', async (t) => {
  const pool = await startPool(t, { workerModule: misbehaving });
  const large = { ...facts, rows: 65_535, columns: 65_535 };
  assert.equal(await codeOf(pool.decode({ ...order(), facts: large }, { owner: 'a' })), 'LIMIT_EXCEEDED');
  assert.equal(await codeOf(pool.decode({ ...order(), facts: { ...facts, rows: 1e9 } }, { owner: 'a' })), 'MALFORMED');
  assert.equal(
    await codeOf(pool.decode({ ...order(), transferSyntaxUid: T.MPEG2MPML }, { owner: 'a' })),
    'UNSUPPORTED',
  );
  assert.equal(pool.figures.workers, 0);
});

test('large frames are under way one by one when together they were too much', async (t) => {
  const one = limits.codecs.memoryPerFrame + limits.codecs.memoryPerFrameByte * facts.rows * facts.columns * 2;
  for (const [frames, most] of [
    [1, 1],
    [2.5, 2],
    [0.5, 1], // else it would wait for ever
  ] as const) {
    const pool = await startPool(t, {
      workersMax: 4,
      workerModule: misbehaving,
      limits: { memoryBytesMax: one * frames },
    });
    let mostUnderWay = 0;
    const load = async (): Promise<Uint8Array<ArrayBuffer>> => {
      mostUnderWay = Math.max(mostUnderWay, pool.figures.underWay);
      return new Uint8Array(8);
    };
    await Promise.all(Array.from({ length: 10 }, () => pool.decode({ ...order(), bytes: load }, { owner: 'a' })));
    assert.equal(mostUnderWay, most);
  }
});

test('more waiting requests than the limit are refused, of one caller and of all', async (t) => {
  const pool = await startPool(t, {
    workersMax: 1,
    workerModule: misbehaving,
    limits: { waitingMax: 5, waitingPerOwnerMax: 3 },
  });
  const ask = (owner: string): Promise<string> => codeOf(pool.decode(order(), { owner }));
  // Two are under way, three wait.
  const first = await Promise.all(Array.from({ length: 6 }, () => ask('a')));
  assert.equal(first.filter((code) => code === 'OUT_OF_RESOURCES').length, 1);
  const both = await Promise.all([
    ...Array.from({ length: 5 }, () => ask('a')),
    ...Array.from({ length: 3 }, () => ask('b')),
  ]);
  assert.deepEqual(both.slice(5), ['done', 'done', 'OUT_OF_RESOURCES']);
  assert.equal(await ask('a'), 'done');
});

test('a caller that gives up is not served, whether its frame waits or is being decoded', async (t) => {
  const pool = await startPool(t, { workersMax: 1, workerModule: misbehaving });
  const aborts = Array.from({ length: 5 }, () => new AbortController());
  const answers = aborts.map(({ signal }) => codeOf(pool.decode(order(), { owner: 'a', signal })));
  for (const abort of aborts) abort.abort();
  assert.deepEqual(
    await Promise.all(answers),
    Array.from({ length: 5 }, () => 'CANCELLED'),
  );
  assert.equal(await codeOf(pool.decode(order(), { owner: 'a', signal: AbortSignal.abort() })), 'CANCELLED');
  await pool.decode(order(), { owner: 'a' });
  assert.deepEqual([pool.figures.waiting, pool.figures.underWay], [0, 0]);
});

test('a frame that cannot be read fails alone', async (t) => {
  const pool = await startPool(t, { workersMax: 1, workerModule: misbehaving });
  const bytes = async (): Promise<Uint8Array<ArrayBuffer>> => {
    throw new Error('the disk is gone');
  };
  assert.match(await codeOf(pool.decode({ ...order(), bytes }, { owner: 'a' })), /disk is gone/);
  await pool.decode(order(), { owner: 'a' });
});

test('workers that have nothing to do go away, and come back', async (t) => {
  const pool = await startPool(t, { workersMax: 2, workerModule: misbehaving, limits: { idleMs: 50 } });
  await pool.decode(order(), { owner: 'a' });
  for (let waited = 0; pool.figures.workers > 0 && waited < 5_000; waited += 20) await sleep(20);
  assert.equal(pool.figures.workers, 0);
  await pool.decode(order(), { owner: 'a' });
});

test('codecs that do not load say so to who asks, and why to who looks; nobody is told that the server stops', async (t) => {
  const pool = await startPool(t, { limits: { wasmBytesMax: 1 } });
  assert.equal(pool.failure, undefined);
  const wanted = {
    code: 'BACKEND_UNAVAILABLE',
    message: /Cannot convert or draw frames: .* ask for them as they are stored/,
  };
  await assert.rejects(pool.decode(order(), { owner: 'a' }), wanted);
  assert.match(pool.failure ?? '', /./);
  await assert.rejects(pool.decode(order(), { owner: 'a' }), wanted);
  const lame = await startPool(t, { workersMax: 1, workerModule: new URL('not-there.ts', import.meta.url) });
  await assert.rejects(lame.decode(order(), { owner: 'a' }));
  assert.match(lame.failure ?? '', /./);
});

test('workers that do not start fail requests, and do not let them wait', async (t) => {
  const pool = await startPool(t, { workersMax: 1, workerModule: new URL('not-there.ts', import.meta.url) });
  const codes = await Promise.all(Array.from({ length: 3 }, () => codeOf(pool.decode(order(), { owner: 'a' }))));
  assert.deepEqual(codes, ['INTERNAL', 'INTERNAL', 'INTERNAL']);
  assert.equal(pool.figures.underWay, 0);
});

test('the end of the pool cancels what has no answer', async (t) => {
  const pool = await startPool(t, { workersMax: 1, workerModule: misbehaving });
  const answers = Array.from({ length: 10 }, () => codeOf(pool.decode(order('loop'), { owner: 'a' })));
  await sleep(100);
  await pool.close();
  assert.ok((await Promise.all(answers)).every((code) => code === 'CANCELLED'));
  assert.equal(await codeOf(pool.decode(order(), { owner: 'a' })), 'CANCELLED');
});

test('a program that has nothing else to do waits for a frame that waits for the end of a worker', (t) => {
  const program = `
    import { CodecPool } from ${JSON.stringify(new URL('codec-pool.ts', import.meta.url).href)};
    import { limits } from ${JSON.stringify(new URL('../../limits.ts', import.meta.url).href)};
    const pool = CodecPool.start({
      workersMax: 1,
      limits: { ...limits.codecs, frameMsMax: 200, frameMsPerMegasample: 0 },
      workerModule: new URL(${JSON.stringify(misbehaving.href)}),
    });
    const decode = (deed) => pool.decode(
      { transferSyntaxUid: ${JSON.stringify(T.RLELossless)}, bytes: new Uint8Array(8),
        facts: { ...${JSON.stringify(facts)}, photometricInterpretation: deed } },
      { owner: 'test' },
    ).then(() => 'done', ({ code }) => code);
    console.log((await Promise.all([decode('loop'), decode('loop'), decode('loop')])).join());
    await pool.close();`;
  const folder = mkdtempSync(join(tmpdir(), 'leadglass-pool-'));
  t.after(() => rmSync(folder, { recursive: true }));
  const file = join(folder, 'program.mjs');
  writeFileSync(file, program);
  const { status, stdout } = spawnSync(process.execPath, [file], { encoding: 'utf8' });
  assert.deepEqual([status, stdout.trim()], [0, 'TIMED_OUT,TIMED_OUT,TIMED_OUT']);
});
