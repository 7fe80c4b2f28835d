import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { areaPath, linePath, scaleTop } from './chart-paths.ts';

test('the top of a scale is round, at least as high as the highest value, and its half is whole', () => {
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 1e9 }), (value) => {
      const top = scaleTop(value);
      assert.ok(top >= value && top >= 2 && Number.isInteger(top / 2) && top <= Math.max(2, value * 2.5));
    }),
  );
});

test('lines and areas are paths of their points; without values there is none', () => {
  const scale = { left: 0, top: 0, step: 10, height: 100, max: 10 };
  assert.equal(linePath([0, 5, 10], scale), 'M0 100L10 50L20 0');
  assert.equal(areaPath([10, 10], [0, 0], scale), 'M0 0L10 0L10 100L0 100Z');
  assert.equal(linePath([], scale), '');
});
