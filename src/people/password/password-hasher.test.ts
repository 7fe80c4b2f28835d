import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { test } from 'node:test';
import { MemorySecrets } from '../../keys/keys.test-support.ts';
import { limits as allLimits } from '../../limits.ts';
import { testLimits } from '../people.test-support.ts';
import { openPepper, PasswordHasher } from './password-hasher.ts';

const pepper = Buffer.alloc(32, 7);
const hasher = new PasswordHasher({ pepper, limits: testLimits });

test('the right password is right, others are wrong, and two hashes of one differ', async () => {
  const hash = await hasher.hash('kettle violin ocean brick');
  assert.equal(await hasher.verify('kettle violin ocean brick', hash), 'right');
  assert.equal(await hasher.verify('kettle violin ocean bricks', hash), 'wrong');
  assert.equal(await hasher.verify('', hash), 'wrong');
  assert.notEqual(await hasher.hash('kettle violin ocean brick'), hash);
  assert.doesNotMatch(hash, /kettle/);
});

test('the whole password counts: 256 letters that differ in the last', async () => {
  const long = 'x'.repeat(255);
  const hash = await hasher.hash(`${long}a`);
  assert.equal(await hasher.verify(`${long}a`, hash), 'right');
  assert.equal(await hasher.verify(`${long}b`, hash), 'wrong');
  assert.equal(await hasher.verify(long, hash), 'wrong');
});

test('nobody and nothing are wrong, also for the hash that stands for nobody', async () => {
  assert.equal(await hasher.verify('x', undefined), 'wrong');
  assert.equal(await hasher.verify(undefined, await hasher.hash('')), 'wrong');
  assert.equal(await hasher.verify(undefined, undefined), 'wrong');
});

test('other parameters than those of today are told', async () => {
  const old = await hasher.hash('kettle violin ocean brick');
  const today = { ...testLimits, argon2: { ...testLimits.argon2, passes: 2 } };
  const newer = new PasswordHasher({ pepper, limits: today });
  assert.equal(await newer.verify('kettle violin ocean brick', old), 'right-but-outdated');
  assert.equal(await newer.verify('another one', old), 'wrong');
});

test('without the key that lies apart no hash says anything', async () => {
  const hash = await hasher.hash('kettle violin ocean brick');
  const other = new PasswordHasher({ pepper: randomBytes(32), limits: testLimits });
  await assert.rejects(other.verify('kettle violin ocean brick', hash), { code: 'CORRUPT' });
  const forged = hash.replace(/k=[0-9a-f]{8}/, `k=${/k=([0-9a-f]{8})/.exec(await other.hash('x'))?.[1]}`);
  assert.equal(await other.verify('kettle violin ocean brick', forged), 'wrong');
});

test('a hash in an edited database costs no more than is allowed', async () => {
  const hash = await hasher.hash('x');
  for (const edited of [
    hash.replace('m=8', 'm=99999999'),
    hash.replace('t=1', 't=9999'),
    hash.replace('argon2id', 'argon2d'),
    hash.slice(0, -30),
    '',
    'x'.repeat(100_000),
  ]) {
    await assert.rejects(hasher.verify('x', edited), { code: 'CORRUPT' });
  }
});

test('two are computed at once, a bounded number waits, and more are refused', async () => {
  const small = new PasswordHasher({
    pepper,
    limits: { ...testLimits, passwordHashesAtOnceMax: 2, passwordHashesWaitingMax: 3 },
  });
  const results = await Promise.allSettled(Array.from({ length: 9 }, () => small.verify('x', undefined)));
  assert.equal(results.filter(({ status }) => status === 'fulfilled').length, 5);
  assert.equal(await small.verify('x', undefined), 'wrong', 'all places are free again');
});

test('somebody unknown takes as long as somebody known', async () => {
  const slow = new PasswordHasher({
    pepper,
    limits: { ...testLimits, argon2: { ...allLimits.people.argon2, memoryKiB: 8192, passes: 2 } },
  });
  const hash = await slow.hash('kettle violin ocean brick');
  const timed = async (stored: string | undefined): Promise<number> => {
    const times: number[] = [];
    for (let index = 0; index < 9; index += 1) {
      const begin = performance.now();
      await slow.verify('wrong', stored);
      times.push(performance.now() - begin);
    }
    return times.toSorted((a, b) => a - b)[2] ?? 0;
  };
  const [known, unknown] = [await timed(hash), await timed(undefined)];
  // Coarse, since other programs run beside: without the dummy work the one would be a thousandth of the other.
  assert.ok(unknown > known / 4 && known > unknown / 4, `${known} ${unknown}`);
});

test('the key of the passwords is made once; a damaged one is told', () => {
  const secrets = new MemorySecrets();
  const first = openPepper(secrets);
  assert.equal(first.length, 32);
  assert.deepEqual(openPepper(secrets), first);
  secrets.secrets.set('password-pepper.key', Buffer.alloc(3));
  assert.throws(() => openPepper(secrets), { code: 'CORRUPT' });
});
