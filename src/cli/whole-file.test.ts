import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import type { TestContext } from 'node:test';
import { writeWhole } from './whole-file.ts';

function folder(t: TestContext): string {
  const path = mkdtempSync(join(tmpdir(), 'leadglass-whole-'));
  t.after(() => rmSync(path, { recursive: true, force: true }));
  return path;
}

test('a file gets its name when all of it came, and is its owner’s alone', async (t) => {
  const place = folder(t);
  async function* source(): AsyncGenerator<Uint8Array> {
    yield Buffer.from('first ');
    assert.deepEqual(readdirSync(place), ['a.dcm.part']);
    yield Buffer.from('second');
  }
  assert.equal(await writeWhole(join(place, 'a.dcm'), source()), 12);
  assert.deepEqual(readdirSync(place), ['a.dcm']);
  assert.equal(readFileSync(join(place, 'a.dcm'), 'utf8'), 'first second');
  assert.equal(statSync(join(place, 'a.dcm')).mode & 0o777, 0o600);
});

test('of a source that breaks off nothing stays', async (t) => {
  const place = folder(t);
  async function* source(): AsyncGenerator<Uint8Array> {
    yield Buffer.from('first ');
    throw new Error('torn');
  }
  await assert.rejects(writeWhole(join(place, 'a.dcm'), source()), /torn/);
  assert.deepEqual(readdirSync(place), []);
});

test('a part that another run is writing is left alone', async (t) => {
  const place = folder(t);
  writeFileSync(join(place, 'a.dcm.part'), 'of another');
  async function* source(): AsyncGenerator<Uint8Array> {
    yield Buffer.from('mine');
  }
  await assert.rejects(writeWhole(join(place, 'a.dcm'), source()), { code: 'EEXIST' });
  assert.equal(readFileSync(join(place, 'a.dcm.part'), 'utf8'), 'of another');
});
