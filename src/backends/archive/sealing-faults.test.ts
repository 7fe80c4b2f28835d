/** Slots and slabs of the sealing thread under stalled readers, damage, ended threads and instances that are given up. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { limits as standard } from '../../limits.ts';
import { makeInstance, passFor, retrieveStudy, storeInstance } from '../backend.test-support.ts';
import { testArchive } from './archive.test-support.ts';
import { SealingThread, type SealingClient } from './store/sealing-thread.ts';
import { InstanceOpener } from './store/instance-opener.ts';
import { ChunkBuffers } from './store/instance-sealer.ts';
import { OffloadedSealer } from './store/offloaded-sealer.ts';
import { answersMax } from './store/sealing-ring.ts';
import { sealChunk } from './store/seal.ts';
import type { HandOver } from './store/segment-log.ts';

const { sealingSlabsMax: slabsMax, readingSlabsMax } = standard.archive;
const slabLimits = { sealingSlabsMax: slabsMax, readingSlabsMax };
const small = { chunkBytes: 1024, extentBytes: 8192 };
const { studyInstanceUid } = makeInstance();
const retrieve = {
  kind: 'retrieve',
  via: 'get',
  level: 'STUDY',
  keys: { studyInstanceUids: [studyInstanceUid] },
} as const;
const within = <T>(promise: Promise<T>, ms = 1500) =>
  Promise.race([promise, sleep(ms, 'hangs' as const, { ref: true })]);

test('slow receivers that stop in the middle do not keep others from reading', async () => {
  await using place = await testArchive();
  const sealingThread = new SealingThread({ ...small, ...slabLimits });
  const archive = await place.open({ sealingThread, limits: small });
  await storeInstance(archive, makeInstance({ pixels: 50_000 }));
  const stalled: AsyncIterator<Uint8Array>[] = [];
  for (let i = 0; i < readingSlabsMax; i += 1) {
    for await (const stored of archive.retrieve(passFor(retrieve))) {
      const reading = stored.read()[Symbol.asyncIterator]();
      await reading.next(); // one chunk, then the receiver's window is full
      stalled.push(reading);
    }
  }
  const got = await within(retrieveStudy(archive, studyInstanceUid));
  for (const one of stalled) await one.return?.();
  await archive.close();
  await sealingThread.close();
  assert.notEqual(got, 'hangs');
});

test('when the sealing thread ends, readers that wait for their turn are told', async () => {
  const thread = new SealingThread({ ...small, ...slabLimits });
  for (let taken = 0; taken < readingSlabsMax; taken += 1) await thread.takeReadingSlab();
  const waiting = thread.takeReadingSlab().then(
    () => 'begun',
    () => 'told',
  );
  await thread.close();
  assert.equal(await within(waiting), 'told');
});

test('a slab given back after damage is touched by nobody', async () => {
  const limits = { chunkBytes: 64 * 1024, extentBytes: 1024 ** 2 };
  const thread = new SealingThread({ ...limits, ...slabLimits });
  const key = new Uint8Array(32).fill(7);
  const body = Buffer.concat(
    Array.from({ length: 16 }, (_, chunk) => [
      ...sealChunk(key, new Uint8Array(65536).fill(0xaa), { instance: 1, chunk }),
    ]).flat(),
  );
  body[100] = (body[100] ?? 0) ^ 1; // the first chunk
  let touched = 0;
  for (let round = 0; round < 50; round += 1) {
    const hoarded = await Promise.all(Array.from({ length: readingSlabsMax - 1 }, () => thread.takeReadingSlab()));
    const { chunkBytes } = limits;
    const opener = InstanceOpener.begin(thread, { key, instance: 1, chunkBytes, extentBytesMax: body.length });
    assert.ok(opener);
    await assert.rejects(opener.open(body.length, async (target) => target.set(body)));
    const slab = await thread.takeReadingSlab(); // as the next reader does
    const before = Buffer.from(slab.memory.subarray(0, body.length));
    await sleep(5);
    if (!before.equals(slab.memory.subarray(0, body.length))) touched += 1;
    opener.close();
    for (const one of [...hoarded, slab]) thread.giveReadingSlab(one);
    await sleep(1);
  }
  await thread.close();
  assert.equal(touched, 0, `foreign plaintext was written into a slab that was somebody else's: ${touched} of 50`);
});

test('damage everywhere does not overflow the ring of answers', async () => {
  const limits = { chunkBytes: 1024, extentBytes: 16 * 1024 };
  const thread = new SealingThread({ ...limits, ...slabLimits });
  const quiet = { damaged: () => undefined, ended: () => undefined, dropped: () => undefined, failed: () => undefined };
  const client: SealingClient = { ...quiet, done: () => undefined };
  let isDone = false;
  const facts = { key: new Uint8Array(32), instance: 1, extentBytesMax: 16 * 1040 };
  const sealing = thread.begin({ ...quiet, done: () => (isDone = true) }, facts);
  assert.ok(sealing);
  const slots = Array.from({ length: readingSlabsMax }, () => thread.beginOpening(client, facts) ?? -1);
  const slabs = await Promise.all(slots.map(() => thread.takeReadingSlab()));
  await sleep(50);
  sealing.seal(sealing.firstSlab, { at: 48, length: 1024, chunk: 0, isLast: true }); // an instance arrives
  for (const [i, slot] of slots.entries()) // 16 readers of extents whose every chunk is damaged (a wrong key, zeros on the disk)
    for (let chunk = 0; chunk < 16; chunk += 1)
      thread.submitChunk(slot, {
        offset: (slabs[i]?.offset ?? 0) + chunk * 1040 + 16,
        length: 1024,
        chunk,
        isLast: chunk === 15,
      });
  const until = Date.now() + 300;
  while (Date.now() < until); // the main thread is busy, say with the index
  await sleep(200);
  await thread.close();
  assert.ok(isDone, `the answer of an arriving instance was overwritten (${answersMax} places): it waits for ever`);
});

test('an instance given up while its end waits for a slab does not end another one that got its slot', async () => {
  const limits = { chunkBytes: 64 * 1024, extentBytes: 1024 ** 2 };
  const thread = new SealingThread({ ...limits, ...slabLimits });
  const pending: HandOver[] = [];
  const log = { isIdle: false, append: (handOver: HandOver) => (pending.push(handOver), { segment: 1, offset: 4096 }) };
  const buffers = new ChunkBuffers({ ...limits, chunkBuffersKeptMax: 1 });
  const means = { log, limits, thread, buffers };
  const key = new Uint8Array(32).fill(1);
  const begin = (instance: number) => {
    const sealer = OffloadedSealer.begin(means, { key, instance });
    assert.ok(sealer);
    return sealer;
  };
  const others = Array.from({ length: slabsMax - 1 }, (_, i) => begin(100 + i));
  const a = begin(1);
  a.update(Buffer.alloc(1_100_000))?.catch(() => undefined); // a large head, given at once (startSealing): waits for a slab
  while (pending.length === 0) await sleep(1); // its first slab is on the way to the disk
  a.end().catch(() => undefined); // ArchiveWriter.end() does not wait for it
  a.close(); // the opening was closed, or the ledger failed: between end and commit
  for (const other of others) void other.update(Buffer.alloc(1_048_575)); // meanwhile others arrive
  pending.shift()?.release?.(); // the write ended
  const dropped = Promise.withResolvers<void>();
  const original = a.dropped.bind(a);
  a.dropped = () => {
    original();
    dropped.resolve();
  };
  await dropped.promise;
  const victim = begin(2);
  void victim.update(Buffer.alloc(200_000, 0x50));
  await sleep(300);
  const got = await within(victim.end(), 1000);
  await thread.close();
  assert.notEqual(
    got,
    'hangs',
    'another instance got its slot while its `end` was under way: the victim is never ended',
  );
});

test('an extent without bytes is refused, and does not hold its reader for ever', async () => {
  const thread = new SealingThread({ ...small, ...slabLimits });
  const facts = { key: new Uint8Array(32), instance: 1, chunkBytes: 1024, extentBytesMax: 0 };
  const opener = InstanceOpener.begin(thread, facts);
  assert.ok(opener);
  const got = await within(
    opener
      .open(0, async () => undefined)
      .then(
        () => 'opened',
        () => 'refused',
      ),
  );
  await thread.close();
  assert.notEqual(got, 'hangs');
});

test('what was stored in longer extents than a slab holds is still read', async () => {
  await using place = await testArchive();
  const one = makeInstance({ pixels: 300_000 });
  const before = await place.open({ limits: { chunkBytes: 1024, extentBytes: 200 * 1024 } });
  await storeInstance(before, one);
  await before.close();
  const sealingThread = new SealingThread({ chunkBytes: 1024, extentBytes: 4096, ...slabLimits });
  await using after = await place.open({ limits: { chunkBytes: 1024, extentBytes: 4096 }, sealingThread });
  const got = await retrieveStudy(after, studyInstanceUid).then(
    (all) => all.length,
    (error: unknown) => String(error),
  );
  await sealingThread.close();
  assert.equal(got, 1);
});
