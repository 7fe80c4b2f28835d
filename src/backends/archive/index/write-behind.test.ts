import assert from 'node:assert/strict';
import { cp } from 'node:fs/promises';
import { test } from 'node:test';
import { makeInstance, passFor, retrieveStudy, storeInstance } from '../../backend.test-support.ts';
import { findAll } from '../../backend-suite.ts';
import { testArchive } from '../archive.test-support.ts';

const study = makeInstance().studyInstanceUid;
const never = { indexWaitingMax: 1_000_000, indexWaitingMs: 3_600_000 };

test('an acknowledged instance that is not in the index yet is found by whoever asks', async () => {
  await using place = await testArchive();
  await using archive = await place.open({ limits: never });
  for (let instance = 1; instance <= 3; instance += 1) await storeInstance(archive, makeInstance({ instance }));
  assert.equal((await findAll(archive, [], { level: 'IMAGE' })).length, 3);
  await storeInstance(archive, makeInstance({ instance: 4 }));
  assert.equal((await retrieveStudy(archive, study)).length, 4);
});

test('an instance that is not in the index yet is known when it comes again, with the same or with other bytes', async () => {
  await using place = await testArchive();
  await using archive = await place.open({ limits: never });
  const instance = makeInstance();
  await storeInstance(archive, instance);
  assert.equal((await storeInstance(archive, instance)).result, 'duplicate');
  const other = makeInstance({ pixels: 64 });
  assert.equal((await storeInstance(archive, other)).result, 'conflict');
  assert.equal((await storeInstance(archive, other)).result, 'conflict');
  assert.equal((await findAll(archive, [], { level: 'IMAGE' })).length, 1);
});

test('an acknowledged instance that never reached the index is read from the segments at the next start', async () => {
  await using place = await testArchive();
  const archive = await place.open({ limits: never });
  const instance = makeInstance({ pixels: 300_000 });
  await storeInstance(archive, instance);
  await using crashed = await testArchive();
  await cp(place.directory, crashed.directory, { recursive: true });
  await archive.close();
  await using again = await crashed.open({ keys: place.keys });
  assert.deepEqual((await retrieveStudy(again, study))[0]?.bytes, Buffer.from(instance.bytes));
});

test('while the index fails nothing acknowledged is lost, readers and new senders are told, and all is there afterwards', async () => {
  await using place = await testArchive();
  await using archive = await place.open({ limits: { ...never, freeBytesCheckMs: 0 } });
  const { database } = archive.index;
  database.exec("CREATE TRIGGER broken BEFORE INSERT ON instance BEGIN SELECT RAISE(ABORT, 'disk I/O error'); END");
  assert.equal((await storeInstance(archive, makeInstance({ instance: 1 }))).result, 'stored');
  await assert.rejects(findAll(archive, [], { level: 'IMAGE' }), { code: 'BACKEND_UNAVAILABLE' });
  await assert.rejects(storeInstance(archive, makeInstance({ instance: 2 })), { code: 'BACKEND_UNAVAILABLE' });
  database.exec('DROP TRIGGER broken');
  await storeInstance(archive, makeInstance({ instance: 3 }));
  assert.equal((await findAll(archive, [], { level: 'IMAGE' })).length, 2);
});

test('a decision waits for the index, so that whoever took it sees it done', async () => {
  await using place = await testArchive();
  await using archive = await place.open({ limits: never });
  await storeInstance(archive, makeInstance());
  await archive.remove(passFor({ kind: 'remove', studyInstanceUid: study, step: 'request', reason: 'test' }));
  assert.ok(archive.index.isHidden(study));
  await assert.rejects(storeInstance(archive, makeInstance({ instance: 2 })), { code: 'CONFLICT' });
});
