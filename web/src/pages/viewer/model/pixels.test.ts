import assert from 'node:assert/strict';
import { test } from 'node:test';
import { frameAt } from './model.test-support.ts';
import { valuesOf } from './pixels.ts';

const one = { rows: 1, columns: 4 };
const words = (...values: number[]) => Uint16Array.from(values, (value) => value & 0xffff).buffer;

test('values are rescaled to whole numbers where they fit, exactly', () => {
  const facts = frameAt(0, { ...one, bitsStored: 12, intercept: -1024 });
  const { scaled, min, max } = valuesOf(words(0, 24, 1024, 4095), facts);
  assert.ok(scaled instanceof Int16Array);
  assert.deepEqual([...scaled], [-1024, -1000, 0, 3071]);
  assert.deepEqual([min, max], [-1024, 3071]);
});

test('a slope with a fraction gives fractions', () => {
  const { scaled } = valuesOf(words(0, 1, 2, 3), frameAt(0, { ...one, slope: 0.25, intercept: 0.5 }));
  assert.deepEqual([...scaled], [0.5, 0.75, 1, 1.25]);
});

test('bits beyond those stored are no part of a value, and the sign is where the bits end', () => {
  const unsigned = valuesOf(words(0xf001, 0x0fff, 0x8000, 2), frameAt(0, { ...one, bitsStored: 12 }));
  assert.deepEqual([...unsigned.scaled], [1, 0xfff, 0, 2]);
  const signed = valuesOf(
    words(0x0fff, 0x0800, 0x07ff, 0xf001),
    frameAt(0, { ...one, bitsStored: 12, isSigned: true }),
  );
  assert.deepEqual([...signed.scaled], [-1, -2048, 2047, 1]);
});

test('eight bits, with and without a sign', () => {
  const bytes = Uint8Array.of(0, 127, 128, 255);
  const eight = { ...one, bitsAllocated: 8, bitsStored: 8 };
  assert.deepEqual([...valuesOf(bytes.slice().buffer, frameAt(0, eight)).scaled], [0, 127, 128, 255]);
  assert.deepEqual(
    [...valuesOf(bytes.slice().buffer, frameAt(0, { ...eight, isSigned: true })).scaled],
    [0, 127, -128, -1],
  );
});

test('a frame that is one byte too short is refused', () => {
  assert.throws(() => valuesOf(new ArrayBuffer(7), frameAt(0, one)), /7 bytes, expected 8/);
});
