/** Transfers that are given up, fail and are read half at random, with disks and threads that end meanwhile. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { limits as standard } from '../../limits.ts';
import { makeInstance, passFor, retrieveStudy, storeInstance } from '../backend.test-support.ts';
import { diskWith, testArchive } from './archive.test-support.ts';
import type { FileSystem } from './store/file-system.ts';
import { SealingThread, type Slab } from './store/sealing-thread.ts';
import { verify } from './verify.ts';

const { sealingSlabsMax: slabsMax, readingSlabsMax } = standard.archive;
const slabLimits = { sealingSlabsMax: slabsMax, readingSlabsMax };
const small = { chunkBytes: 1024, extentBytes: 8192 };
const study = makeInstance().studyInstanceUid;
const retrieve = { kind: 'retrieve', via: 'get', level: 'STUDY', keys: { studyInstanceUids: [study] } } as const;
const random = (max: number) => Math.floor(Math.random() * max);
const settled = <T>(all: Promise<T>[]) =>
  Promise.race([
    Promise.allSettled(all),
    sleep(20_000, undefined, { ref: false }).then(() => {
      throw new Error('something hangs');
    }),
  ]);

function shaky(state: { failEvery: number }): FileSystem {
  let n = 0;
  return diskWith((file) => ({
    writev: async (buffers, position) => {
      n += 1;
      if (random(3) === 0) await sleep(random(4));
      if (state.failEvery > 0 && n % state.failEvery === 0) throw Object.assign(new Error('EIO'), { code: 'EIO' });
      return file.writev(buffers, position);
    },
  }));
}

test('whatever is given up, fails or is read half: every slab and slot comes back, and what was acknowledged is there', async () => {
  const thread = new SealingThread({ ...small, ...slabLimits });
  const state = { failEvery: 0 };
  await using place = await testArchive();
  const archive = await place.open({
    sealingThread: thread,
    limits: { ...small, unwrittenBytesMax: 100_000, overlapBytesMin: 4096, indexWaitingMs: 2 },
    fileSystem: shaky(state),
  });
  const acknowledged = new Set<string>();
  let number = 0;
  const one = async () => {
    number += 1;
    const instance = makeInstance({ instance: number, pixels: random(60_000) });
    const writer = archive.store(passFor(instance.operation), {});
    const stopAt = random(4) === 0 ? random(instance.bytes.length) : Number.POSITIVE_INFINITY;
    const size = 1 + random(9000);
    for (let at = 0; at < instance.bytes.length; at += size) {
      if (at > stopAt) return writer.abort(new Error('gone'));
      if (random(3) === 0) await sleep(random(3));
      await writer.write(instance.bytes.subarray(at, at + size));
    }
    const ending = writer.end();
    ending.catch(() => undefined);
    if (random(6) === 0) {
      if (random(2) === 0) await ending.catch(() => undefined);
      return writer.abort(new Error('late'));
    }
    await ending;
    await writer.commit();
    acknowledged.add(instance.sopInstanceUid);
    if (random(3) === 0)
      for await (const stored of archive.retrieve(passFor(retrieve))) {
        let chunks = random(40);
        for await (const chunk of stored.read()) {
          void chunk;
          if ((chunks -= 1) < 0) break;
        }
        if (random(2) === 0) break;
      }
  };
  for (let round = 0; round < 6; round += 1) {
    state.failEvery = round % 2 === 0 ? 0 : 9;
    await settled(Array.from({ length: 60 }, one));
  }
  state.failEvery = 0;
  await sleep(100);
  const slabs: Slab[] = [];
  for (let slab = thread.tryTakeSlab(); slab !== undefined; slab = thread.tryTakeSlab()) slabs.push(slab);
  assert.equal(new Set(slabs).size, slabsMax);
  assert.equal(slabs.length, slabsMax);
  for (const slab of slabs) thread.giveSlab(slab);
  const reading = await settled(Array.from({ length: readingSlabsMax }, () => thread.takeReadingSlab()));
  assert.equal(new Set(reading.map((r) => (r.status === 'fulfilled' ? r.value : r))).size, readingSlabsMax);
  for (const r of reading) if (r.status === 'fulfilled') thread.giveReadingSlab(r.value);
  const got = new Set((await retrieveStudy(archive, study)).map((r) => r.sopInstanceUid as string));
  for (const uid of acknowledged) assert.ok(got.has(uid));
  assert.deepEqual((await verify(archive)).problems, []);
  await archive.close();
  await thread.close();
});

test('the thread ends at any moment: everything is told, nothing acknowledged is lost', async () => {
  for (let round = 0; round < 15; round += 1) {
    const thread = new SealingThread({ ...small, ...slabLimits });
    await using place = await testArchive();
    const archive = await place.open({
      sealingThread: thread,
      limits: { ...small, unwrittenBytesMax: 100_000 },
      fileSystem: shaky({ failEvery: 0 }),
    });
    await storeInstance(archive, makeInstance({ instance: 999, pixels: 60_000 }));
    const acknowledged: string[] = [];
    const storing = Array.from({ length: 60 }, async (_, i) => {
      const instance = makeInstance({ instance: i + 1, pixels: 1000 + random(60_000) });
      await sleep(random(20));
      await storeInstance(archive, instance, { pieceBytes: 1 + random(20_000) });
      acknowledged.push(instance.sopInstanceUid);
    });
    const reading = Array.from({ length: 10 }, async () => {
      await sleep(random(20));
      await retrieveStudy(archive, study);
    });
    const all = settled([...storing, ...reading]);
    await sleep(random(40));
    await thread.close();
    await all;
    const got = new Set((await retrieveStudy(archive, study)).map((r) => r.sopInstanceUid as string));
    for (const uid of acknowledged) assert.ok(got.has(uid));
    assert.deepEqual((await verify(archive)).problems, []);
    await archive.close();
  }
});

test('a rebuild takes nothing into the index that the log then gives up', async () => {
  await using place = await testArchive();
  let gate: Promise<void> | undefined;
  const fileSystem = diskWith((file) => ({
    writev: async (buffers, position) => {
      const mine = gate;
      gate = undefined;
      if (mine === undefined) return file.writev(buffers, position);
      await mine;
      throw Object.assign(new Error('EIO'), { code: 'EIO' });
    },
  }));
  await using archive = await place.open({ fileSystem, limits: { overlapBytesMin: 1000 } });
  await storeInstance(archive, makeInstance({ instance: 1 }));
  const fail = Promise.withResolvers<void>();
  gate = fail.promise;
  const first = storeInstance(archive, makeInstance({ instance: 2, pixels: 30_000 })).catch(() => 'refused');
  await sleep(50);
  const second = makeInstance({ instance: 3, pixels: 30_000 });
  const told = storeInstance(archive, second).catch(() => 'refused'); // written, but behind one that is not
  await sleep(50);
  const rebuilding = archive.rebuildIndex();
  await rebuilding;
  fail.resolve();
  assert.equal(await first, 'refused');
  assert.equal(await told, 'refused');
  const again = await storeInstance(archive, second).then(
    ({ result }) => result,
    () => 'refused',
  );
  const problems = (await verify(archive)).problems;
  assert.deepEqual(problems, [], `sent again: acknowledged as ${again}`);
});
