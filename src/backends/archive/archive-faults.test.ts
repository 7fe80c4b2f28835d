import assert from 'node:assert/strict';
import { copyFile, readdir, readFile, rm, stat, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { LeadglassError } from '../../error.ts';
import { limits } from '../../limits.ts';
import { dataSetLimits, makeInstance, passFor, retrieveStudy, storeInstance } from '../backend.test-support.ts';
import { findAll } from '../backend-suite.ts';
import { type TestArchive, testArchive } from './archive.test-support.ts';
import { compact } from './compact.ts';
import { listConflicts } from './conflicts.ts';
import { rebuildIndexAlone } from './rebuild.ts';
import { type FileSystem, realFileSystem } from './store/file-system.ts';
import { scanSegment } from './store/segment-scan.ts';
import { verify } from './verify.ts';

const study = makeInstance().studyInstanceUid;

async function lastSegment(place: TestArchive): Promise<string> {
  const names = (await readdir(place.segments)).toSorted();
  return join(place.segments, names.at(-1) ?? '');
}

async function dropIndex(place: TestArchive): Promise<void> {
  for (const end of ['', '-wal', '-shm']) await rm(join(place.directory, `index.sqlite${end}`), { force: true });
}

test('everything is there after closing and opening again', async () => {
  await using place = await testArchive();
  const instances = [1, 2, 3].map((instance) => makeInstance({ instance, pixels: 300_000 }));
  const first = await place.open();
  for (const instance of instances) await storeInstance(first, instance);
  await first.close();
  await using second = await place.open();
  assert.deepEqual(second.recovery.problems, []);
  assert.deepEqual(
    (await retrieveStudy(second, study)).map(({ bytes }) => bytes),
    instances.map(({ bytes }) => Buffer.from(bytes)),
  );
  assert.equal((await storeInstance(second, makeInstance({ instance: 4 }))).result, 'stored');
});

/** Where the last commit record of the first segment ends. */
async function commitEnd(place: TestArchive): Promise<number> {
  let end = 0;
  const first = { directory: place.segments, segment: 1, from: 0 };
  for await (const scanned of scanSegment(realFileSystem, first, limits.archive)) {
    if (scanned.kind === 'record' && scanned.head.kind === 'commit') end = scanned.end;
  }
  return end;
}

test('a tail torn at any byte of the last instance loses that instance only, and storing goes on', async () => {
  await using place = await testArchive();
  const one = makeInstance({ instance: 1, pixels: 2 });
  const two = makeInstance({ instance: 2, pixels: 2 });
  const first = await place.open();
  await storeInstance(first, one);
  const path = await lastSegment(place);
  const before = (await stat(path)).size;
  await first.close();
  for (const end of ['', '-wal', '-shm']) {
    await copyFile(join(place.directory, `index.sqlite${end}`), join(place.directory, `kept${end}`)).catch(
      () => undefined,
    );
  }
  const second = await place.open();
  await storeInstance(second, two);
  await second.close();
  const whole = await readFile(path);
  assert.ok(whole.length > before);
  const complete = await commitEnd(place);
  assert.ok(complete < whole.length, 'a pad follows');
  for (let length = before; length <= whole.length; length += 1) {
    await writeFile(path, whole.subarray(0, length));
    await dropIndex(place);
    for (const end of ['', '-wal', '-shm']) {
      await copyFile(join(place.directory, `kept${end}`), join(place.directory, `index.sqlite${end}`)).catch(
        () => undefined,
      );
    }
    await using archive = await place.open();
    const expected = length >= complete ? [one, two] : [one];
    const got = await retrieveStudy(archive, study);
    assert.deepEqual(
      got.map(({ sopInstanceUid }) => sopInstanceUid),
      expected.map(({ sopInstanceUid }) => sopInstanceUid),
      `cut at ${length}`,
    );
    assert.deepEqual(archive.recovery.problems, []);
    const cut = length < complete ? before : length < whole.length ? complete : whole.length;
    assert.equal((await stat(path)).size, cut, `the tail is cut at ${length}`);
    if (length % 50 === 0)
      assert.equal((await storeInstance(archive, two)).result, length >= complete ? 'duplicate' : 'stored');
  }
});

test('the index rebuilt from the segments alone is the same, with conflicts, decisions and removals', async () => {
  await using place = await testArchive();
  const archive = await place.open({ limits: { segmentBytesMax: 200_000 } });
  for (let number = 1; number <= 6; number += 1) {
    await storeInstance(archive, makeInstance({ study: number, pixels: 50_000, patientName: `Doe^${number}` }));
    await storeInstance(archive, makeInstance({ study: number, pixels: 400, patientName: `Roe^${number}` }));
  }
  const conflicts = listConflicts(archive);
  assert.equal(conflicts.length, 6);
  for (const [index, keep] of (['arrived', 'stored'] as const).entries()) {
    await archive.resolve(passFor({ kind: 'resolve', conflictId: conflicts[index]?.id ?? 0, keep, reason: 'test' }));
  }
  const remove = async (number: number, step: 'request' | 'finish'): Promise<void> => {
    const { studyInstanceUid } = makeInstance({ study: number });
    await archive.remove(passFor({ kind: 'remove', studyInstanceUid, step, reason: 'test' }));
  };
  await remove(3, 'request');
  await remove(4, 'request');
  await remove(4, 'finish');
  const names = async (from: typeof archive): Promise<unknown> =>
    (await findAll(from, [[0x00100010, '']])).map((answer) => [answer.text(0x0020000d), answer.text(0x00100010)]);
  const expected = await names(archive);
  assert.equal((await verify(archive)).intact, true);
  await archive.rebuildIndex();
  assert.deepEqual(await names(archive), expected);
  assert.equal(listConflicts(archive).length, 3);
  assert.equal((await storeInstance(archive, makeInstance({ study: 9 }))).result, 'stored');
  await archive.close();
  await dropIndex(place);
  await using again = await place.open({ limits: { segmentBytesMax: 200_000 } });
  assert.deepEqual(again.recovery.problems, []);
  const { intact, problems } = await verify(again);
  assert.deepEqual(problems, []);
  assert.equal(intact, true);
  assert.equal((await findAll(again, [])).length, 5);
});

test('the index can be rebuilt while instances arrive', async () => {
  await using place = await testArchive();
  await using archive = await place.open();
  for (let instance = 1; instance <= 40; instance += 1) await storeInstance(archive, makeInstance({ instance }));
  const [report] = await Promise.all([
    archive.rebuildIndex(),
    ...Array.from({ length: 40 }, (_, index) => storeInstance(archive, makeInstance({ instance: 41 + index }))),
  ]);
  assert.ok(report.instances >= 40);
  assert.equal((await retrieveStudy(archive, study)).length, 80);
  assert.deepEqual((await verify(archive)).problems, []);
});

test('a flipped byte in any part of any record, or in the index, is found and named', async () => {
  await using place = await testArchive();
  const archive = await place.open({ nowMs: () => Date.UTC(2024, 0, 1) });
  const instance = makeInstance({ pixels: 150_000 });
  await storeInstance(archive, instance);
  await storeInstance(archive, makeInstance({ study: 2 }));
  const { studyInstanceUid } = makeInstance({ study: 2 });
  await archive.remove(passFor({ kind: 'remove', studyInstanceUid, step: 'request', reason: 'a secret reason' }));
  const path = await lastSegment(place);
  const whole = await readFile(path);
  assert.equal(whole.includes('a secret reason'), false, 'reasons are sealed');
  assert.equal(whole.includes('DOE^JANE'), false, 'heads are sealed');
  assert.equal((await verify(archive)).intact, true);
  for (let offset = 0; offset < whole.length; offset += offset < 400 || offset > 151_000 ? 13 : 9973) {
    const flipped = Buffer.from(whole);
    flipped[offset] = flipped.readUInt8(offset) ^ 0x10;
    await writeFile(path, flipped);
    const { intact, problems } = await verify(archive);
    assert.equal(intact, false, `byte ${offset} of ${whole.length}`);
    assert.match(problems[0]?.where ?? '', /^segment 00000001\.seg, offset \d+|^index/, `byte ${offset}`);
  }
  await writeFile(path, whole);
  assert.deepEqual((await verify(archive)).problems, []);
  archive.index.database.exec("UPDATE study SET accession = 'B1' WHERE uid = '1.2.3.1'");
  const [problem] = (await verify(archive)).problems;
  assert.deepEqual(problem, { where: 'index, study 1.2.3.1', problem: 'differs from the segments in accession' });
  await archive.close();
});

test('a damaged chunk is never handed out, and the others still are', async () => {
  await using place = await testArchive();
  const archive = await place.open();
  await storeInstance(archive, makeInstance({ instance: 1, pixels: 200_000 }));
  await storeInstance(archive, makeInstance({ instance: 2, pixels: 200_000 }));
  await archive.close();
  const path = await lastSegment(place);
  const bytes = await readFile(path);
  bytes[100_000] = bytes.readUInt8(100_000) ^ 1;
  await writeFile(path, bytes);
  await using again = await place.open();
  const results: string[] = [];
  const operation = { kind: 'retrieve', via: 'get', level: 'STUDY', keys: { studyInstanceUids: [study] } } as const;
  for await (const stored of again.retrieve(passFor(operation))) {
    try {
      await Array.fromAsync(stored.read());
      results.push('whole');
    } catch (error) {
      assert.ok(error instanceof LeadglassError);
      results.push(error.code);
    }
  }
  assert.deepEqual(results, ['CORRUPT', 'whole']);
});

/** A disk that fails on demand. */
interface FaultyDisk {
  readonly fileSystem: FileSystem;
  /** Code of the error that every write ends with. */
  fail: string | undefined;
  freeBytes: number;
}

function faultyFileSystem(): FaultyDisk {
  const state: FaultyDisk = {
    fail: undefined,
    freeBytes: Number.MAX_SAFE_INTEGER,
    fileSystem: {
      ...realFileSystem,
      freeBytes: async () => state.freeBytes,
      async open(path, mode) {
        const file = await realFileSystem.open(path, mode);
        return {
          ...file,
          async writev(buffers, position) {
            const code = state.fail;
            if (code === undefined) return file.writev(buffers, position);
            // Half of it reaches the disk, as on a real one.
            const [first] = buffers;
            if (first !== undefined) await file.writev([first.subarray(0, Math.ceil(first.length / 2))], position);
            throw Object.assign(new Error('injected'), { code });
          },
        };
      },
    },
  };
  return state;
}

test('a full disk is a clear failure, and storing works again without a restart', async () => {
  await using place = await testArchive();
  const disk = faultyFileSystem();
  const archive = await place.open({ fileSystem: disk.fileSystem });
  const kept = makeInstance({ instance: 1, pixels: 3_000_000 });
  await storeInstance(archive, kept);
  for (const [code, expected] of [
    ['ENOSPC', 'OUT_OF_RESOURCES'],
    ['EIO', 'BACKEND_UNAVAILABLE'],
  ] as const) {
    disk.fail = code;
    const results = await Promise.allSettled(
      [2, 3, 4].map((instance) => storeInstance(archive, makeInstance({ instance, pixels: 2_500_000 }))),
    );
    for (const result of results) {
      assert.equal(result.status, 'rejected');
      assert.ok(result.reason instanceof LeadglassError);
      assert.ok(result.reason.code === expected || result.reason.code === 'BACKEND_UNAVAILABLE', result.reason.message);
    }
    assert.equal((await retrieveStudy(archive, study)).length, 1);
  }
  disk.fail = undefined;
  for (const instance of [2, 3, 4]) {
    assert.equal((await storeInstance(archive, makeInstance({ instance, pixels: 2_500_000 }))).result, 'stored');
  }
  assert.deepEqual((await verify(archive)).problems, []);
  await archive.close();
  await dropIndex(place);
  await using again = await place.open();
  assert.equal((await retrieveStudy(again, study)).length, 4);
});

test('an instance whose first extent was lost to a failing disk is refused, though the disk works at its end', async () => {
  await using place = await testArchive();
  const disk = faultyFileSystem();
  await using archive = await place.open({ fileSystem: disk.fileSystem });
  const instance = makeInstance({ pixels: 3_000_000 });
  const writer = archive.store(passFor(instance.operation), {});
  await writer.write(instance.bytes.subarray(0, 100_000));
  disk.fail = 'EIO';
  await writer.write(instance.bytes.subarray(100_000, 2_000_000));
  await assert.rejects(storeInstance(archive, makeInstance({ instance: 2 })), { code: 'BACKEND_UNAVAILABLE' });
  disk.fail = undefined;
  await writer.write(instance.bytes.subarray(2_000_000));
  await writer.end();
  await assert.rejects(writer.commit(), { code: 'BACKEND_UNAVAILABLE' });
  assert.equal((await storeInstance(archive, instance)).result, 'stored');
});

test('too little free space is refused before anything is written', async () => {
  await using place = await testArchive();
  const disk = faultyFileSystem();
  await using archive = await place.open({
    fileSystem: disk.fileSystem,
    limits: { freeBytesMin: 1000, freeBytesCheckMs: 0 },
  });
  disk.freeBytes = 999;
  await assert.rejects(storeInstance(archive, makeInstance()), { code: 'OUT_OF_RESOURCES' });
  disk.freeBytes = 1000;
  assert.equal((await storeInstance(archive, makeInstance())).result, 'stored');
});

test('compaction gives space back, moves what is live, and the rebuilt index agrees', async () => {
  await using place = await testArchive();
  const small = { limits: { segmentBytesMax: 300_000 } };
  const archive = await place.open(small);
  for (let instance = 1; instance <= 4; instance += 1) {
    for (const number of [1, 2])
      await storeInstance(archive, makeInstance({ study: number, instance, pixels: 60_000 }));
  }
  await storeInstance(archive, makeInstance({ study: 1, instance: 1, pixels: 100 }));
  const { studyInstanceUid } = makeInstance({ study: 2 });
  for (const step of ['request', 'finish'] as const) {
    await archive.remove(passFor({ kind: 'remove', studyInstanceUid, step, reason: 'test' }));
  }
  const expected = await retrieveStudy(archive, study);
  archive.log.roll();
  await storeInstance(archive, makeInstance({ study: 3 }));
  const reading = archive.retrieve(
    passFor({ kind: 'retrieve', via: 'get', level: 'STUDY', keys: { studyInstanceUids: [study] } }),
  );
  const listed = await Array.fromAsync(reading);
  const report = await compact(archive, { liveRatioMax: 0.9 });
  assert.ok(report.segments >= 2 && report.freedBytes > 300_000 && report.movedInstances === 5, JSON.stringify(report));
  assert.deepEqual(await retrieveStudy(archive, study), expected);
  const [first] = listed;
  assert.ok(first !== undefined);
  assert.deepEqual(Buffer.concat(await Array.fromAsync(first.read())), expected[0]?.bytes, 'listed before, read after');
  assert.deepEqual((await verify(archive)).problems, []);
  await archive.close();
  await dropIndex(place);
  await using again = await place.open(small);
  assert.deepEqual(await retrieveStudy(again, study), expected);
  assert.equal(listConflicts(again).length, 1);
  assert.deepEqual((await verify(again)).problems, []);
});

test('a finished removal that was cut short destroys the key at the next start', async () => {
  await using place = await testArchive();
  const archive = await place.open();
  await storeInstance(archive, makeInstance());
  const remove = (step: 'request' | 'finish') =>
    archive.remove(passFor({ kind: 'remove', studyInstanceUid: study, step, reason: 'test' }));
  await remove('request');
  const destroy = place.keys.destroy.bind(place.keys);
  place.keys.destroy = () => {
    throw new Error('power cut');
  };
  await assert.rejects(remove('finish'));
  place.keys.destroy = destroy;
  await archive.close();
  assert.ok(place.keys.keyById(1));
  await using again = await place.open();
  assert.equal(place.keys.keyById(1), undefined);
  assert.deepEqual(await retrieveStudy(again, study), []);
});

test('a segment cut below what the index knows is a problem by name, and new instances go elsewhere', async () => {
  await using place = await testArchive();
  const archive = await place.open();
  await storeInstance(archive, makeInstance({ pixels: 100_000 }));
  await archive.close();
  await truncate(await lastSegment(place), 50_000);
  await using again = await place.open();
  assert.equal((await storeInstance(again, makeInstance({ study: 2 }))).result, 'stored');
  const { problems } = await verify(again);
  assert.ok(problems.some(({ sopInstanceUid }) => sopInstanceUid === '1.2.3.1.1.1'));
  assert.equal((await retrieveStudy(again, makeInstance({ study: 2 }).studyInstanceUid)).length, 1);
});

test('a second Leadglass on the same folder is refused, and the first goes on', async () => {
  await using place = await testArchive();
  await using archive = await place.open();
  await storeInstance(archive, makeInstance());
  await assert.rejects(place.open(), { code: 'BACKEND_UNAVAILABLE' });
  assert.equal((await storeInstance(archive, makeInstance({ instance: 2 }))).result, 'stored');
});

test('an index file that is none, or of another version, is refused with the way out', async () => {
  await using place = await testArchive();
  const archive = await place.open();
  await storeInstance(archive, makeInstance());
  archive.index.database.exec('PRAGMA user_version = 99');
  await archive.close();
  await assert.rejects(place.open(), { code: 'CORRUPT', message: /index rebuild/ });
  await dropIndex(place);
  await writeFile(
    join(place.directory, 'index.sqlite'),
    'no database at all, but long enough to be looked at as one'.repeat(100),
  );
  await assert.rejects(place.open(), { code: 'CORRUPT', message: /index rebuild/ });
  const { directory, keys } = place;
  await rebuildIndexAlone({
    directory,
    keys,
    dataSetLimits,
    limits: { ...limits.archive, freeBytesMin: 0 },
    retentionDays: 0,
  });
  await using again = await place.open();
  assert.equal((await retrieveStudy(again, study)).length, 1);
});

test('a torn tail in which a pad survived is cut like any other', async () => {
  await using place = await testArchive();
  const archive = await place.open();
  await storeInstance(archive, makeInstance({ instance: 1 }));
  const path = await lastSegment(place);
  const before = (await stat(path)).size;
  await archive.close();
  // Two blocks of a write whose first block never reached the disk, with a pad at their end.
  const whole = await readFile(path);
  await writeFile(path, Buffer.concat([whole, Buffer.alloc(4096), whole.subarray(0, 4096)]));
  await using again = await place.open();
  assert.deepEqual(again.recovery.problems, []);
  assert.equal((await stat(path)).size, before);
  assert.equal((await storeInstance(again, makeInstance({ instance: 2 }))).result, 'stored');
  assert.deepEqual((await verify(again)).problems, []);
});

test('a first write that a kill cut short, with a later one on the disk, leaves an archive that is intact', async () => {
  await using place = await testArchive();
  const archive = await place.open();
  await storeInstance(archive, makeInstance({ instance: 1, pixels: 3_000_000 }));
  const path = await lastSegment(place);
  await archive.close();
  const first = { directory: place.segments, segment: 1, from: 0 };
  const records = await Array.fromAsync(scanSegment(realFileSystem, first, limits.archive));
  const commit = records.find((scanned) => scanned.kind === 'record' && scanned.head.kind === 'commit');
  const data = records.filter((scanned) => scanned.kind === 'record' && scanned.head.kind === 'data');
  assert.ok(commit !== undefined && data.length > 1, 'several records before the commit');
  // Nothing was ever acknowledged: no commit, and no index knows of one. The first block is a hole, as of a write that never came.
  await writeFile(path, (await readFile(path)).subarray(0, commit.offset).fill(0, 0, 4096));
  await dropIndex(place);
  await using again = await place.open();
  assert.deepEqual(again.recovery.problems, []);
  assert.deepEqual((await verify(again)).problems, []);
  assert.equal((await storeInstance(again, makeInstance({ instance: 1 }))).result, 'stored');
  assert.deepEqual((await verify(again)).problems, []);
});

test('without an index, what is no record and no hole either is left alone and told, though no commit is there', async () => {
  await using place = await testArchive();
  const archive = await place.open();
  await storeInstance(archive, makeInstance({ instance: 1, pixels: 3_000_000 }));
  const path = await lastSegment(place);
  await archive.close();
  const whole = await readFile(path);
  const damaged = whole.subarray(0, await commitEnd(place));
  // A byte of the commit, and the block before: perhaps the only trace of an instance.
  damaged.fill(0xa5, damaged.length - 200);
  await writeFile(path, damaged);
  await dropIndex(place);
  await using again = await place.open();
  assert.equal((await stat(path)).size, damaged.length, 'nothing is cut');
  assert.notDeepEqual((await verify(again)).problems, []);
});
