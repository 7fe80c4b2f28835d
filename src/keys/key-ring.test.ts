import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { test } from 'node:test';
import { KeyRing } from './key-ring.ts';
import { code, MemorySecrets } from './keys.test-support.ts';
import { WrappedSecrets } from './wrapped-secrets.ts';

test('what was wrapped is unwrapped by the same ring after another start', () => {
  const secrets = new MemorySecrets();
  const secret = randomBytes(32);
  const wrapped = KeyRing.open(secrets).wrap(secret, 'study-key 1.2.3');
  assert.equal(secrets.secrets.get('master.key')?.length, 32);
  assert.deepEqual(KeyRing.open(secrets).unwrap(wrapped, 'study-key 1.2.3'), secret);
  assert.equal(wrapped.indexOf(secret), -1);
});

test('wrapping twice gives two texts', () => {
  const ring = KeyRing.open(new MemorySecrets());
  assert.notDeepEqual(ring.wrap(Buffer.alloc(32), 'a'), ring.wrap(Buffer.alloc(32), 'a'));
});

test('one changed bit, a cut, another purpose or another ring is refused', () => {
  const ring = KeyRing.open(new MemorySecrets());
  const wrapped = ring.wrap(randomBytes(32), 'study-key 1.2.3');
  for (let bit = 0; bit < wrapped.length * 8; bit += 1) {
    const changed = Buffer.from(wrapped);
    changed.writeUInt8(changed.readUInt8(bit >> 3) ^ (1 << (bit & 7)), bit >> 3);
    assert.throws(() => ring.unwrap(changed, 'study-key 1.2.3'), code('CORRUPT'));
  }
  for (let length = 0; length < wrapped.length; length += 1) {
    assert.throws(() => ring.unwrap(wrapped.subarray(0, length), 'study-key 1.2.3'), code('CORRUPT'));
  }
  assert.throws(() => ring.unwrap(Buffer.concat([wrapped, Buffer.of(0)]), 'study-key 1.2.3'), code('CORRUPT'));
  assert.throws(() => ring.unwrap(wrapped, 'study-key 1.2.4'), code('CORRUPT', /^Cannot unwrap a study-key: /));
  assert.throws(() => KeyRing.open(new MemorySecrets()).unwrap(wrapped, 'study-key 1.2.3'), code('CORRUPT'));
});

test('a master key of a wrong length is refused, never replaced', () => {
  for (const length of [0, 31, 33]) {
    const secrets = new MemorySecrets();
    secrets.create('master.key', Buffer.alloc(length));
    assert.throws(() => KeyRing.open(secrets), code('CORRUPT', new RegExp(`has ${length} bytes, expected 32`)));
  }
});

test('a wrapped secret is bound to its name', () => {
  const files = new MemorySecrets();
  const secrets = new WrappedSecrets(files, KeyRing.open(files));
  secrets.create('a.key', Buffer.from('secret'));
  assert.deepEqual(secrets.read('a.key'), Buffer.from('secret'));
  assert.equal(secrets.read('b.key'), undefined);
  files.create('b.key', files.read('a.key') ?? Buffer.alloc(0));
  assert.throws(() => secrets.read('b.key'), code('CORRUPT'));
  assert.throws(() => secrets.create('a.key', Buffer.from('other')), code('CONFLICT'));
});
