import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { array, assert as assertProperty, asyncProperty, integer, nat, record } from 'fast-check';
import { limits as standard } from '../../../limits.ts';
import { LeadglassError } from '../../../error.ts';
import { makeInstance, passFor, retrieveStudy, storeInstance } from '../../backend.test-support.ts';
import type { StoreWriter } from '../../backend.ts';
import type { Archive } from '../archive.ts';
import { testArchive } from '../archive.test-support.ts';
import { verify } from '../verify.ts';
import { realFileSystem } from './file-system.ts';
import { SealingThread } from './sealing-thread.ts';

const { sealingSlabsMax: slabsMax, readingSlabsMax } = standard.archive;
const slabLimits = { sealingSlabsMax: slabsMax, readingSlabsMax };
const small = { chunkBytes: 1024, extentBytes: 8192 };
const { studyInstanceUid } = makeInstance();

/** A writer that got the first `bytes` of an instance and waits for more. */
async function begun(archive: Archive, instance: number, bytes: number): Promise<StoreWriter> {
  const { operation, bytes: all } = makeInstance({ instance, pixels: 60_000 });
  const writer = archive.store(passFor(operation), {});
  await writer.write(all.subarray(0, bytes));
  return writer;
}

test('instances of any length, in pieces of any size, several at once, come back as they were', async () => {
  const sealingThread = new SealingThread({ ...small, ...slabLimits });
  try {
    await assertProperty(
      asyncProperty(
        array(record({ pixels: nat(40_000), piece: integer({ min: 1, max: 20_000 }) }), {
          minLength: 1,
          maxLength: 6,
        }),
        async (shapes) => {
          await using place = await testArchive();
          await using archive = await place.open({ sealingThread, limits: small });
          const instances = shapes.map(({ pixels }, index) => makeInstance({ instance: index + 1, pixels }));
          await Promise.all(
            instances.map(async ({ operation, bytes }, index) => {
              const writer = archive.store(passFor(operation), {});
              const size = shapes[index]?.piece ?? 1;
              for (let at = 0; at < bytes.length; at += size) await writer.write(bytes.subarray(at, at + size));
              await writer.end();
              const { sha256, result } = await writer.commit();
              assert.equal(result, 'stored');
              assert.deepEqual(Buffer.from(sha256), createHash('sha256').update(bytes).digest());
            }),
          );
          assert.deepEqual(
            (await retrieveStudy(archive, studyInstanceUid)).map(({ bytes }) => bytes),
            instances.map(({ bytes }) => Buffer.from(bytes)),
          );
          assert.deepEqual((await verify(archive)).problems, []);
        },
      ),
      { numRuns: 25 },
    );
  } finally {
    await sealingThread.close();
  }
});

test('hoarding: senders that stop in the middle hold their own memory only, and others store', async () => {
  await using place = await testArchive();
  const sealingThread = new SealingThread({ ...small, ...slabLimits });
  await using archive = await place.open({ sealingThread, limits: small });
  const hoarders: StoreWriter[] = [];
  for (let index = 0; index < slabsMax + 20; index += 1) hoarders.push(await begun(archive, 100 + index, 5000));
  for (let instance = 1; instance <= 3; instance += 1) {
    assert.equal((await storeInstance(archive, makeInstance({ instance, pixels: 50_000 }))).result, 'stored');
  }
  for (const writer of hoarders) writer.abort(new LeadglassError('CANCELLED', 'test'));
  await sealingThread.close();
});

test('instances that were given up at any point leave room for others', async () => {
  await using place = await testArchive();
  const sealingThread = new SealingThread({ ...small, ...slabLimits });
  await using archive = await place.open({ sealingThread, limits: small });
  for (let round = 0; round < 3; round += 1) {
    const given = await Promise.all(
      Array.from({ length: slabsMax }, (_, index) => begun(archive, 1000 + index, 3000 + 700 * index)),
    );
    for (const [index, writer] of given.entries()) {
      // Some before their end, some while their digest is on its way, some between end and commit.
      if (index % 3 === 1) void writer.end().catch(() => undefined);
      if (index % 3 === 2) await writer.end().catch(() => undefined);
      writer.abort(new LeadglassError('CANCELLED', 'test'));
    }
  }
  const known = makeInstance({ instance: 1, pixels: 50_000 });
  for (let round = 0; round < slabsMax + 2; round += 1) {
    assert.equal((await storeInstance(archive, known)).result, round === 0 ? 'stored' : 'duplicate');
  }
  await Promise.all(
    Array.from({ length: slabsMax * 2 }, (_, index) =>
      storeInstance(archive, makeInstance({ instance: 10 + index, pixels: 20_000 })),
    ),
  );
  assert.equal((await retrieveStudy(archive, studyInstanceUid)).length, 1 + slabsMax * 2);
  await sealingThread.close();
});

test('a disk that fails gives all memory of the sealing thread back', async () => {
  await using place = await testArchive();
  const sealingThread = new SealingThread({ ...small, ...slabLimits });
  let isBroken = false;
  await using archive = await place.open({
    sealingThread,
    limits: small,
    fileSystem: {
      ...realFileSystem,
      async open(path, mode) {
        const file = await realFileSystem.open(path, mode);
        const writev = async (buffers: readonly Uint8Array[], position: number): Promise<number> => {
          if (isBroken) throw Object.assign(new Error('injected'), { code: 'EIO' });
          return file.writev(buffers, position);
        };
        return { ...file, writev };
      },
    },
  });
  isBroken = true;
  const failing = Array.from({ length: slabsMax * 3 }, (_, index) =>
    storeInstance(archive, makeInstance({ instance: index + 1, pixels: 30_000 })),
  );
  for (const result of await Promise.allSettled(failing)) assert.equal(result.status, 'rejected');
  isBroken = false;
  for (let instance = 1; instance <= slabsMax * 2; instance += 1) {
    await storeInstance(archive, makeInstance({ instance, pixels: 30_000 }));
  }
  assert.deepEqual((await verify(archive)).problems, []);
  await sealingThread.close();
});

test('when the sealing thread ends, instances in it fail with a clear error and new ones are sealed without it', async () => {
  await using place = await testArchive();
  const sealingThread = new SealingThread({ ...small, ...slabLimits });
  await using archive = await place.open({ sealingThread, limits: small });
  const { operation, bytes } = makeInstance({ instance: 1, pixels: 50_000 });
  const writer = archive.store(passFor(operation), {});
  await writer.write(bytes.subarray(0, 20_000));
  await sealingThread.close();
  await writer.write(bytes.subarray(20_000));
  await assert.rejects(async () => {
    await writer.end();
    await writer.commit();
  }, LeadglassError);
  assert.equal((await storeInstance(archive, makeInstance({ instance: 2, pixels: 50_000 }))).result, 'stored');
});

test('a process that only waits for the sealing thread does not end before its answer', () => {
  const root = join(import.meta.dirname, '../../../..');
  const script = `
    const { SealingThread } = await import(${JSON.stringify(join(root, 'src/backends/archive/store/sealing-thread.ts'))});
    const { InstanceOpener } = await import(${JSON.stringify(join(root, 'src/backends/archive/store/instance-opener.ts'))});
    const thread = new SealingThread({ chunkBytes: 1024, extentBytes: 8192, ...${JSON.stringify(slabLimits)} });
    const opener = InstanceOpener.begin(thread, { key: Buffer.alloc(32), instance: 1, chunkBytes: 1024, extentBytesMax: 8192 });
    console.log((await opener.end()).length);`;
  const folder = mkdtempSync(join(tmpdir(), 'leadglass-sealing-'));
  try {
    const file = join(folder, 'waits.mjs'); // options for text from the command line would reach the thread, too
    writeFileSync(file, script);
    const output = execFileSync(process.execPath, [file], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] });
    assert.equal(output.trim(), '32');
  } finally {
    rmSync(folder, { recursive: true });
  }
});

test('more slabs than the rings have room for are refused before anything is shared', async () => {
  const thread = (readingSlabsMax: number) => new SealingThread({ ...small, sealingSlabsMax: 32, readingSlabsMax });
  await thread(21).close();
  assert.throws(() => thread(22), RangeError);
});
