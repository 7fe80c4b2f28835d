import assert from 'node:assert/strict';
import { test } from 'node:test';
import { expandSegments } from './palette.ts';

const words = (...values: readonly number[]): Uint8Array => new Uint8Array(Uint16Array.from(values).buffer);
const wide = (entries: number): { entries: number; first: number; bits: number } => ({ entries, first: 0, bits: 16 });
const codes = { code: 'MALFORMED' };

test('segments of PS3.3 C.7.9.2: values, lines and copies make a table', () => {
  // Two values, a line to 100 in three steps, and both once more.
  const bytes = words(0, 2, 10, 40, 1, 3, 100, 2, 2, 0, 0);
  assert.deepEqual([...expandSegments(bytes, wide(10))], [10, 40, 60, 80, 100, 10, 40, 60, 80, 100]);
});

test('segments of 8 bits are bytes, and their offsets have four', () => {
  const bytes = Uint8Array.of(0, 2, 1, 2, 2, 1, 0, 0, 0, 0);
  assert.deepEqual([...expandSegments(bytes, { entries: 4, first: 0, bits: 8 })], [1, 2, 1, 2]);
});

test('a copy that copies itself, a later segment or a copy is refused', () => {
  for (const bytes of [
    words(0, 1, 5, 2, 1, 6, 0),
    words(0, 1, 5, 2, 1, 14, 0, 0, 1, 5),
    words(0, 1, 5, 2, 1, 0, 0, 2, 1, 6, 0),
    words(0, 1, 5, 2, 1, 0xffff, 0xffff),
  ]) {
    assert.throws(() => expandSegments(bytes, wide(100)), codes);
  }
});

test('segments that make too few entries, too many, or none for ever are refused', () => {
  assert.throws(() => expandSegments(words(0, 2, 1, 2), wide(3)), codes);
  assert.throws(() => expandSegments(words(0, 2, 1, 2), wide(1)), codes);
  assert.throws(() => expandSegments(words(0, 0xffff, 1), wide(65_536)), codes);
  assert.throws(() => expandSegments(words(1, 3, 9), wide(3)), codes, 'a line without a value before it');
  assert.throws(() => expandSegments(words(...Array.from({ length: 1000 }, () => 0)), wide(1)), codes);
  assert.throws(() => expandSegments(words(7, 1, 1), wide(1)), codes);
  assert.throws(() => expandSegments(new Uint8Array(0), wide(1)), codes);
});
