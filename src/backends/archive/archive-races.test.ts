/** Acknowledged data beside compaction, removal, rebuilds and failing disks that come in the wrong moment. */
import assert from 'node:assert/strict';
import { copyFile, mkdir, readdir } from 'node:fs/promises';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { asLeadglassError } from '../../error.ts';
import { makeInstance, passFor, retrieveStudy, storeInstance } from '../backend.test-support.ts';
import { findAll } from '../backend-suite.ts';
import { diskWith, testArchive } from './archive.test-support.ts';
import { compact } from './compact.ts';
import { verify } from './verify.ts';

const study = makeInstance().studyInstanceUid;

test('compaction leaves a segment alone in which a commit is on its way to the disk', async () => {
  await using place = await testArchive();
  let gate: Promise<void> | undefined;
  const slow = diskWith((file) => ({
    writev: async (buffers, position) => {
      await gate;
      return file.writev(buffers, position);
    },
  }));
  await using archive = await place.open({
    fileSystem: slow,
    limits: { segmentBytesMax: 150_000, chunkBytes: 1024, extentBytes: 100_000 },
  });
  // Segment 1 holds parts of an instance that was given up, and no note.
  const given = makeInstance({ study: 2, pixels: 120_000 });
  const writer = archive.store(passFor(given.operation), {});
  await writer.write(given.bytes);
  await sleep(50);
  writer.abort(new Error('gone'));
  const open = Promise.withResolvers<void>();
  gate = open.promise;
  const one = storeInstance(archive, makeInstance({ instance: 1, pixels: 5_000 })); // its commit goes to segment 1
  await sleep(50);
  const two = storeInstance(archive, makeInstance({ instance: 2, pixels: 60_000 })); // this one rolls to segment 2
  await sleep(50);
  assert.equal(archive.log.currentSegment, 2);
  const compacting = compact(archive, { liveRatioMax: 0.5 });
  await sleep(100);
  open.resolve();
  assert.equal((await one).result, 'stored');
  assert.equal((await two).result, 'stored');
  await compacting;
  assert.deepEqual((await verify(archive)).problems, []);
  assert.equal((await retrieveStudy(archive, study)).length, 2);
});

test('an instance that arrives while its study is removed is not acknowledged and lost', async () => {
  await using place = await testArchive();
  await using archive = await place.open();
  await storeInstance(archive, makeInstance({ instance: 1 }));
  const { operation, bytes } = makeInstance({ instance: 2, pixels: 200_000 });
  const writer = archive.store(passFor(operation), {});
  await writer.write(bytes.subarray(0, 100_000));
  for (const step of ['request', 'finish'] as const)
    await archive.remove(passFor({ kind: 'remove', studyInstanceUid: study, step, reason: 't' }));
  await writer.write(bytes.subarray(100_000));
  const outcome = await (async () => {
    await writer.end();
    return (await writer.commit()).result;
  })().catch(() => 'refused');
  const readable = (await retrieveStudy(archive, study)).length;
  assert.ok(outcome === 'refused' || readable === 1, `acknowledged as ${outcome}, readable: ${readable}`);
});

test('an archive closes while its index fails', async () => {
  await using place = await testArchive();
  const archive = await place.open({ limits: { indexWaitingMax: 1_000_000, indexWaitingMs: 3_600_000 } });
  archive.index.database.exec(
    "CREATE TRIGGER broken BEFORE INSERT ON instance BEGIN SELECT RAISE(ABORT, 'disk I/O error'); END",
  );
  await storeInstance(archive, makeInstance());
  await archive.close();
});

test('a full disk under the index is told as full, and its caches forget what was rolled back', async () => {
  await using place = await testArchive();
  await using archive = await place.open({ limits: { indexWaitingMax: 1_000_000, indexWaitingMs: 3_600_000 } });
  const { database } = archive.index;
  await storeInstance(archive, makeInstance({ instance: 1 }), { transferId: 'first' });
  await findAll(archive, [], { level: 'IMAGE' });
  const pages = Number(database.prepare('PRAGMA page_count').get()?.['page_count']);
  database.exec(`PRAGMA max_page_count = ${pages}`);
  for (let i = 2; i <= 200; i += 1)
    await storeInstance(archive, makeInstance({ instance: i }), { transferId: 'second' });
  const told = await findAll(archive, [], { level: 'IMAGE' }).then(
    () => 'none',
    (error: unknown) => asLeadglassError(error).code,
  );
  database.exec('PRAGMA max_page_count = 4294967294');
  assert.equal((await findAll(archive, [], { level: 'IMAGE' })).length, 200);
  await storeInstance(archive, makeInstance({ instance: 201 }), { transferId: 'third' });
  await findAll(archive, [], { level: 'IMAGE' });
  const of = (uid: string) =>
    archive.index
      .statement('SELECT t.name FROM instance i LEFT JOIN transfer t ON t.id = i.transfer WHERE i.uid = ?')
      .get(uid)?.['name'];
  assert.equal(of(makeInstance({ instance: 2 }).sopInstanceUid), 'second', 'the transfer that an instance came with');
  assert.equal(told, 'OUT_OF_RESOURCES');
});

test('a file system that takes O_DIRECT at open and refuses it at write is written without', async () => {
  const { open } = await import('node:fs/promises');
  await using place = await testArchive();
  const probe = await open('/tmp/leadglass-probe', 'w');
  const prototype = Object.getPrototypeOf(probe);
  await probe.close();
  const { write, writev } = prototype;
  const flagsOf = async (fd: number): Promise<number> => {
    const { readFileSync } = await import('node:fs');
    return Number.parseInt(/flags:\s*(\d+)/.exec(readFileSync(`/proc/self/fdinfo/${fd}`, 'utf8'))?.[1] ?? '0', 8);
  };
  const refuse = (original: (...all: unknown[]) => unknown) =>
    async function (this: { fd: number }, ...all: unknown[]) {
      if (((await flagsOf(this.fd)) & 0o40000) !== 0) throw Object.assign(new Error('EINVAL'), { code: 'EINVAL' });
      return original.apply(this, all);
    };
  prototype.write = refuse(write);
  prototype.writev = refuse(writev);
  try {
    await using archive = await place.open();
    assert.equal((await storeInstance(archive, makeInstance())).result, 'stored');
  } finally {
    Object.assign(prototype, { write, writev });
  }
});

test('a rebuild during which a read fails for a moment does not take an acknowledged instance out of the index', async () => {
  await using place = await testArchive();
  let failing = 0;
  const shaky = diskWith((file, mode) => ({
    read: async (target, position) => {
      if (mode === 'read' && failing > 0 && (failing -= 1) === 0)
        throw Object.assign(new Error('EIO'), { code: 'EIO' });
      return file.read(target, position);
    },
  }));
  await using archive = await place.open({ fileSystem: shaky });
  for (let instance = 1; instance <= 3; instance += 1) await storeInstance(archive, makeInstance({ instance }));
  const seen: string[] = [];
  for (let at = 1; at <= 30; at += 1) {
    failing = at;
    const rebuilt = await archive.rebuildIndex().then(
      (report) => `${report.problems.length} problems`,
      () => 'rejected',
    );
    failing = 0;
    seen.push(`${at}: ${rebuilt}`);
    assert.equal((await findAll(archive, [], { level: 'IMAGE' })).length, 3, seen.join(', '));
  }
});

test('aborted transfers leave nothing behind', async () => {
  await using place = await testArchive();
  await using archive = await place.open();
  setFlagsFromString('--expose-gc');
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- V8's own, now that it is exposed
  const gc = runInNewContext('gc') as () => void;
  const refs: WeakRef<object>[] = [];
  for (let i = 0; i < 200; i += 1) {
    const { operation, bytes } = makeInstance({ instance: i + 1, pixels: 5000 });
    const writer = archive.store(passFor(operation), {});
    await writer.write(bytes.subarray(0, 3000));
    writer.abort(new Error('gone'));
    refs.push(new WeakRef(writer));
  }
  await sleep(50);
  gc();
  await sleep(50);
  gc();
  const left = refs.filter((ref) => ref.deref() !== undefined).length;
  assert.ok(left < 5, `${left} of 200 aborted writers are still held`);
});

test('a power cut at any time after an acknowledgement loses nothing, with the index behind', async () => {
  await using place = await testArchive();
  const archive = await place.open({ limits: { segmentBytesMax: 300_000, indexWaitingMax: 5, indexWaitingMs: 10 } });
  const acknowledged = new Set<string>();
  const state = { isOver: false };
  const storing = Promise.all(
    Array.from({ length: 4 }, async (_, lane) => {
      for (let i = 0; i < 40; i += 1) {
        const one = makeInstance({ instance: lane * 100 + i + 1, pixels: (i % 5) * 30_000 });
        await storeInstance(archive, one);
        acknowledged.add(one.sopInstanceUid);
      }
    }),
  ).finally(() => {
    state.isOver = true;
  });
  while (!state.isOver) {
    const before = [...acknowledged];
    await using crashed = await testArchive();
    // The index first (its WAL last), then the segments: as a power cut may leave them, the index is never newer.
    for (const name of (await readdir(place.directory)).filter((n) => n.startsWith('index')))
      await copyFile(`${place.directory}/${name}`, `${crashed.directory}/${name}`);
    await mkdir(crashed.segments, { recursive: true });
    for (const name of await readdir(place.segments))
      await copyFile(`${place.segments}/${name}`, `${crashed.segments}/${name}`);
    await using again = await crashed.open({ keys: place.keys });
    const got = new Set((await retrieveStudy(again, study)).map(({ sopInstanceUid }) => String(sopInstanceUid)));
    for (const uid of before) assert.ok(got.has(uid), uid);
  }
  await storing;
  await archive.close();
});

test('what the old index left in its write-ahead log does not get into a rebuilt one', async () => {
  const { DatabaseSync } = await import('node:sqlite');
  const { copyFileSync, existsSync, renameSync } = await import('node:fs');
  await using place = await testArchive();
  await using archive = await place.open({ limits: { indexWaitingMax: 1000, indexWaitingMs: 3_600_000 } });
  for (let i = 1; i <= 600; i += 1)
    await storeInstance(
      archive,
      makeInstance({ study: ((i * 7919) % 97) + 1, series: i % 5, instance: (i * 7919) % 1009 }),
    );
  await findAll(archive, []);
  archive.index.database.exec('PRAGMA wal_checkpoint(TRUNCATE)');
  for (let i = 601; i <= 700; i += 1)
    await storeInstance(
      archive,
      makeInstance({ study: ((i * 7919) % 97) + 1, series: i % 5, instance: (i * 7919) % 1009 }),
    );
  await findAll(archive, []);
  // An index whose last checkpoint fails (a bad sector, a full disk) keeps its log beside it when it closes.
  const path = `${place.directory}/index.sqlite`;
  let kept = 0;
  // oxlint-disable-next-line typescript/unbound-method -- called with its database below
  const { close } = DatabaseSync.prototype;
  DatabaseSync.prototype.close = function () {
    const isOld = this.location() === path && existsSync(`${path}-wal`);
    if (isOld) copyFileSync(`${path}-wal`, `${path}-kept`);
    close.call(this);
    if (isOld) {
      renameSync(`${path}-kept`, `${path}-wal`);
      kept += 1;
    }
  };
  try {
    await archive.rebuildIndex();
  } finally {
    DatabaseSync.prototype.close = close;
  }
  const check = archive.index.database
    .prepare('PRAGMA integrity_check')
    .all()
    .map((row) => String(row['integrity_check']));
  assert.equal(kept, 1);
  assert.deepEqual(check.slice(0, 2), ['ok']);
  assert.deepEqual((await verify(archive)).problems, []);
});

test('a conflict decided while compaction moves the arrived instance keeps its bytes', async () => {
  const { listConflicts } = await import('./conflicts.ts');
  await using place = await testArchive();
  let gate: Promise<void> | undefined;
  const slow = diskWith((file) => ({
    read: async (target, position) => {
      const wait = target.length > 100 ? gate : undefined;
      if (wait !== undefined) gate = undefined;
      const read = await file.read(target, position);
      await wait;
      return read;
    },
  }));
  await using archive = await place.open({ fileSystem: slow });
  await storeInstance(archive, makeInstance({ pixels: 30_000 }));
  await storeInstance(archive, makeInstance({ pixels: 40_000 }));
  archive.log.roll();
  await storeInstance(archive, makeInstance({ study: 2 }));
  const open = Promise.withResolvers<void>();
  gate = open.promise;
  const id = listConflicts(archive)[0]?.id ?? 0;
  const resolving = archive.resolve(passFor({ kind: 'resolve', conflictId: id, keep: 'arrived', reason: 't' }));
  await sleep(30);
  await compact(archive, { liveRatioMax: 2 });
  open.resolve();
  assert.equal(await resolving.then(() => 'decided'), 'decided');
  assert.deepEqual((await verify(archive)).problems, []);
});
