import assert from 'node:assert/strict';
import { test } from 'node:test';
import { crossLine } from './cross-line.ts';
import { frameAt } from './model.test-support.ts';

/** 6 columns of 0.8 mm from x = -10, 4 rows of 0.5 mm from y = -20. */
const axial = frameAt(0);
const sagittalAt = (x: number, more: object = {}) =>
  frameAt(0, { plane: { position: [x, -30, 50], along: [0, 1, 0], down: [0, 0, -1] }, ...more });

test('a sagittal plane cuts an axial one from edge to edge, at its place', () => {
  const line = crossLine(axial, sagittalAt(-8));
  assert.deepEqual(
    line?.map((point) => point.map((value) => Number(value.toFixed(6)))),
    [
      [-8, -20.25, 0],
      [-8, -18.25, 0],
    ],
  );
});

test('what lies beside, runs parallel or in another space leaves no line', () => {
  assert.equal(crossLine(axial, sagittalAt(-11)), undefined);
  assert.equal(crossLine(axial, frameAt(5)), undefined);
  assert.equal(crossLine(axial, sagittalAt(-8, { frameOfReferenceUid: '7' })), undefined);
  const { plane: _, ...nowhere } = axial;
  assert.equal(crossLine(nowhere, sagittalAt(-8)), undefined);
});
