import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { LeadglassError } from '../error.ts';
import { makeFolder, refuseUnlessEmpty } from './new-folder.ts';

const isRefused = (error: unknown): boolean => error instanceof LeadglassError && error.code === 'BAD_REQUEST';

test('a folder and those above it are made for their owner only, and one with anything in it is refused', (t) => {
  const scratch = mkdtempSync(join(tmpdir(), 'leadglass-folder-'));
  t.after(() => rmSync(scratch, { recursive: true }));
  const folder = join(scratch, 'a/b');
  makeFolder(folder);
  makeFolder(folder);
  refuseUnlessEmpty(folder);
  assert.equal(statSync(join(scratch, 'a')).mode & 0o777, 0o700);
  assert.equal(statSync(folder).mode & 0o777, 0o700);
  writeFileSync(join(folder, 'x'), '');
  assert.throws(() => refuseUnlessEmpty(folder), isRefused);
  assert.throws(() => makeFolder(join(folder, 'x/y')), isRefused, 'below a file');
});

test('a file system that makes no folders is told of at once', { skip: process.platform !== 'linux' }, () => {
  assert.throws(() => makeFolder('/proc/leadglass/ct1'), isRefused);
});
