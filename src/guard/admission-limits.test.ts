import assert from 'node:assert/strict';
import { test } from 'node:test';
import { FailedIdentifications, OperationRate, RunningCount } from './admission-limits.ts';

const limits = {
  associationsPerDeviceMax: 2,
  associationsPerAddressMax: 2,
  peoplePerAddressMax: 2,
  operationsPerSecondMax: 10,
  failedIdentificationsPerAddressMax: 3,
  failedIdentificationWindowMs: 1000,
  failedIdentificationAddressesMax: 4,
};

test('there is room below the limit, none at it, and again after one has gone', () => {
  const running = new RunningCount(2);
  running.add('CT1');
  assert.equal(running.hasRoom('CT1'), true);
  running.add('CT1');
  assert.equal(running.hasRoom('CT1'), false);
  assert.equal(running.hasRoom('CT2'), true);
  running.remove('CT1');
  assert.equal(running.hasRoom('CT1'), true);
  // The other one is still counted.
  assert.equal(running.count('CT1'), 1);
  running.remove('CT1');
  running.remove('CT1');
  assert.equal(running.count('CT1'), 0);
  assert.equal(running.size, 0);
});

test('operations come back with time, and never more than a second is saved up', () => {
  const rate = new OperationRate(10, 0);
  const taken = (nowMs: number): number => {
    let count = 0;
    while (rate.take(nowMs)) count += 1;
    return count;
  };
  assert.equal(taken(0), 10);
  assert.equal(taken(99), 0);
  assert.equal(taken(100), 1);
  assert.equal(taken(600), 5);
  assert.equal(taken(1_000_000), 10);
  assert.equal(taken(0), 0);
  assert.equal(taken(1_000_000), 0);
});

test('an address is blocked at the limit, not one before, and free when the window has passed', () => {
  const failures = new FailedIdentifications(limits);
  failures.add('a', 0);
  failures.add('a', 10);
  assert.equal(failures.isBlocked('a', 20), false);
  failures.add('a', 20);
  assert.equal(failures.isBlocked('a', 20), true);
  assert.equal(failures.isBlocked('b', 20), false);
  assert.equal(failures.isBlocked('a', 999), true);
  assert.equal(failures.isBlocked('a', 1000), false);
  assert.equal(failures.countOf('a', 1000), 0);
});

test('who succeeds starts anew', () => {
  const failures = new FailedIdentifications(limits);
  for (let count = 0; count < 3; count += 1) failures.add('a', 0);
  failures.forget('a');
  assert.equal(failures.isBlocked('a', 0), false);
});

test('a stranger with many addresses takes bounded memory, and the one that failed longest ago is forgotten first', () => {
  const failures = new FailedIdentifications(limits);
  for (const address of ['a', 'b', 'c', 'd']) failures.add(address, 0);
  assert.equal(failures.size, 4);
  failures.add('a', 1);
  failures.add('e', 2);
  assert.equal(failures.size, 4);
  assert.equal(failures.countOf('b', 2), 0);
  assert.equal(failures.countOf('a', 2), 2);
  for (let count = 0; count < 100_000; count += 1) failures.add(`x${count}`, 3);
  assert.equal(failures.size, 4);
});
