import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Lending } from './lending.ts';

test('who waits is served in turn, before anybody who comes later', async () => {
  const lending = new Lending(['a', 'b']);
  assert.deepEqual([await lending.take(), lending.tryTake(), lending.tryTake()], ['b', 'a', undefined]);
  const waiting = [lending.take(), lending.take()];
  lending.give('b');
  assert.equal(lending.tryTake(), undefined, 'one still waits');
  lending.give('a');
  assert.deepEqual(await Promise.all(waiting), ['b', 'a']);
  lending.give('a');
  assert.equal(lending.tryTake(), 'a');
});

test('more are made when they are needed, and no more than so many', async () => {
  let made = 0;
  const make = (): number => {
    made += 1;
    return made;
  };
  const lending = new Lending<number>([], { make, most: 2 });
  assert.equal(made, 0);
  assert.equal(await lending.take(), 1);
  lending.give(1);
  assert.deepEqual([lending.tryTake(), lending.tryTake(), lending.tryTake()], [1, 2, undefined]);
  assert.equal(made, 2);
});

test('a failure ends the waiting, and nothing else', async () => {
  const lending = new Lending(['a']);
  lending.tryTake();
  const waiting = lending.take();
  lending.fail(new RangeError('over'));
  await assert.rejects(waiting, RangeError);
  lending.give('a');
  assert.equal(lending.tryTake(), 'a');
});
