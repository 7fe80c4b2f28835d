import assert from 'node:assert/strict';
import { readFileSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { test } from 'node:test';
import { KeyRing } from './key-ring.ts';
import { code, MemorySecrets, TemporaryFolder } from './keys.test-support.ts';
import { StudyKeys } from './study-keys.ts';

const ring = KeyRing.open(new MemorySecrets());
const limits = { studyKeysCachedMax: 2 };

test('a study has one key, the same after another start, and no other study has it', () => {
  using folder = new TemporaryFolder();
  const path = join(folder.path, 'study-keys.sqlite');
  const first = new StudyKeys({ path, ring, limits });
  assert.equal(first.keyFor('1.2.3'), undefined);
  const a = first.keyFor('1.2.3', { create: true });
  const b = first.keyFor('1.2.4', { create: true });
  assert.equal(a.key.length, 32);
  assert.notDeepEqual(a, b);
  assert.deepEqual(first.keyFor('1.2.3', { create: true }), a);
  first.close();
  using second = new StudyKeys({ path, ring, limits });
  assert.deepEqual(second.keyFor('1.2.3'), a);
  assert.deepEqual(second.keyFor('1.2.4', { create: true }), b);
  assert.deepEqual(second.keyById(a.id), { studyInstanceUid: '1.2.3', key: a.key });
  assert.equal(statSync(path).mode & 0o777, 0o600);
});

test('more studies than are cached keep their keys', () => {
  using folder = new TemporaryFolder();
  using keys = new StudyKeys({ path: join(folder.path, 'k.sqlite'), ring, limits });
  const made = Array.from({ length: 10 }, (_, index) => keys.keyFor(`1.2.${index}`, { create: true }));
  assert.deepEqual(
    made.map((_, index) => keys.keyFor(`1.2.${index}`)),
    made,
  );
});

test('a key is durable before it is used', () => {
  using folder = new TemporaryFolder();
  const path = join(folder.path, 'k.sqlite');
  using keys = new StudyKeys({ path, ring, limits });
  const made = keys.keyFor('1.2.3', { create: true });
  // Another connection, as after a crash: nothing of the first one's memory.
  using other = new StudyKeys({ path, ring, limits });
  assert.deepEqual(other.keyFor('1.2.3'), made);
});

test('a destroyed key is in no file any more, and its id is never used again', () => {
  using folder = new TemporaryFolder();
  const path = join(folder.path, 'k.sqlite');
  using keys = new StudyKeys({ path, ring, limits });
  keys.keyFor('1.2.3', { create: true });
  const { id } = keys.keyFor('1.2.4', { create: true });
  const reader = new DatabaseSync(path, { readOnly: true });
  const row = reader.prepare('SELECT wrapped FROM study_key WHERE id = ?').get(id);
  reader.close();
  const wrapped = row?.['wrapped'];
  assert.ok(wrapped instanceof Uint8Array);
  const holds = (): boolean =>
    readdirSync(folder.path).some((name) => readFileSync(join(folder.path, name)).includes(wrapped));
  assert.equal(holds(), true);
  assert.equal(keys.destroy('1.2.4'), true);
  assert.equal(holds(), false);
  assert.equal(keys.keyFor('1.2.4'), undefined);
  assert.equal(keys.keyById(id), undefined);
  assert.equal(keys.destroy('1.2.4'), false);
  assert.notEqual(keys.keyFor('1.2.4', { create: true }).id, id);
  assert.ok(keys.keyFor('1.2.3') !== undefined);
});

test('a destruction that a reader holds up says so, and is finished by the next try', () => {
  using folder = new TemporaryFolder();
  const path = join(folder.path, 'k.sqlite');
  using keys = new StudyKeys({ path, ring, limits, busyMs: 50 });
  keys.keyFor('1.2.3', { create: true });
  const reader = new DatabaseSync(path, { readOnly: true });
  reader.exec('BEGIN; SELECT count(*) FROM study_key;');
  assert.throws(() => keys.destroy('1.2.3'), code('OUT_OF_RESOURCES'));
  reader.exec('COMMIT');
  reader.close();
  keys.destroy('1.2.3');
  assert.equal(keys.keyFor('1.2.3'), undefined);
});

test('a key that was swapped with that of another study, or changed, is refused', () => {
  using folder = new TemporaryFolder();
  const path = join(folder.path, 'k.sqlite');
  const keys = new StudyKeys({ path, ring, limits });
  keys.keyFor('1.2.3', { create: true });
  keys.keyFor('1.2.4', { create: true });
  keys.close();
  const database = new DatabaseSync(path);
  database.exec('UPDATE study_key SET wrapped = (SELECT wrapped FROM study_key WHERE id = 1)');
  database.close();
  using again = new StudyKeys({ path, ring, limits });
  assert.ok(again.keyFor('1.2.3') !== undefined);
  assert.throws(() => again.keyFor('1.2.4'), code('CORRUPT'));
  assert.throws(() => again.keyById(2), code('CORRUPT'));
  using foreign = new StudyKeys({ path, ring: KeyRing.open(new MemorySecrets()), limits });
  assert.throws(() => foreign.keyFor('1.2.3', { create: true }), code('CORRUPT', /another master key/));
});
