import assert from 'node:assert/strict';
import { test } from 'node:test';
import { nextOrder, sorted } from './sort.ts';

const by = (rows: readonly (string | number | undefined)[], descending = false) =>
  sorted(rows, (row) => row, { descending, locale: 'en' });

test('texts are sorted as people do, numbers within them as numbers', () => {
  assert.deepEqual(by(['CT10', 'ct2', 'CT1']), ['CT1', 'ct2', 'CT10']);
});

test('what is absent stands last in either direction', () => {
  assert.deepEqual(by([2, undefined, 1]), [1, 2, undefined]);
  assert.deepEqual(by([2, undefined, 1], true), [2, 1, undefined]);
});

test('a second press on a heading turns the order', () => {
  assert.deepEqual(nextOrder(undefined, 'a'), { key: 'a', descending: false });
  assert.deepEqual(nextOrder({ key: 'a', descending: false }, 'a'), { key: 'a', descending: true });
  assert.deepEqual(nextOrder({ key: 'a', descending: true }, 'b'), { key: 'b', descending: false });
});
