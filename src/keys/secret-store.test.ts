import assert from 'node:assert/strict';
import { chmodSync, mkdirSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { code, TemporaryFolder } from './keys.test-support.ts';
import { FileSecrets } from './secret-store.ts';

test('a secret rests in a file that only we may read, in a folder that only we may enter', () => {
  using folder = new TemporaryFolder();
  const path = join(folder.path, 'keys');
  const secrets = new FileSecrets(path);
  assert.equal(secrets.read('a.key'), undefined);
  secrets.create('a.key', Uint8Array.of(1, 2, 3));
  assert.deepEqual(secrets.read('a.key'), Buffer.of(1, 2, 3));
  assert.equal(statSync(path).mode & 0o777, 0o700);
  assert.equal(statSync(join(path, 'a.key')).mode & 0o777, 0o600);
  assert.deepEqual(readdirSync(path), ['a.key']);
});

test('a secret is never replaced', () => {
  using folder = new TemporaryFolder();
  const secrets = new FileSecrets(join(folder.path, 'keys'));
  secrets.create('a.key', Uint8Array.of(1));
  assert.throws(() => secrets.create('a.key', Uint8Array.of(2)), code('CONFLICT'));
  assert.deepEqual(secrets.read('a.key'), Buffer.of(1));
  assert.deepEqual(readdirSync(join(folder.path, 'keys')), ['a.key']);
});

test('wider permissions are refused with the command that repairs them', () => {
  using folder = new TemporaryFolder();
  const path = join(folder.path, 'keys');
  const secrets = new FileSecrets(path);
  secrets.create('a.key', Uint8Array.of(1));
  for (const mode of [0o640, 0o604, 0o610, 0o700]) {
    chmodSync(join(path, 'a.key'), mode);
    assert.throws(() => secrets.read('a.key'), code('BAD_REQUEST', /run: chmod 0600 '.*a\.key'/), mode.toString(8));
  }
  chmodSync(join(path, 'a.key'), 0o400);
  assert.deepEqual(secrets.read('a.key'), Buffer.of(1));
  for (const mode of [0o750, 0o701, 0o755]) {
    chmodSync(path, mode);
    assert.throws(() => new FileSecrets(path), code('BAD_REQUEST', /run: chmod 0700/), mode.toString(8));
  }
  const wide = join(folder.path, 'made by somebody');
  mkdirSync(wide, { mode: 0o755 });
  assert.throws(() => new FileSecrets(wide), code('BAD_REQUEST'));
});

test('a name that could be a path is refused (path traversal)', () => {
  using folder = new TemporaryFolder();
  const secrets = new FileSecrets(join(folder.path, 'keys'));
  for (const name of ['../a', 'a/b', '.', '', 'A', 'a\0', `a${'a'.repeat(64)}`]) {
    assert.throws(() => secrets.create(name, Uint8Array.of(1)), code('INTERNAL'));
    assert.throws(() => secrets.read(name), code('INTERNAL'));
  }
});
