import assert from 'node:assert/strict';
import { test } from 'node:test';
import { frameAt } from './model.test-support.ts';
import { lettersOf, pixelAt, pointAt } from './space.ts';

test('letters name the ends of the body, the strongest first, and leave weak ones out', () => {
  assert.equal(lettersOf([1, 0, 0]), 'L');
  assert.equal(lettersOf([-1, 0, 0]), 'R');
  assert.equal(lettersOf([0, 1, 0]), 'P');
  assert.equal(lettersOf([0, 0, 1]), 'H');
  assert.equal(lettersOf([0, -0.8, -0.6]), 'AF');
  assert.equal(lettersOf([0.1, 0, -1]), 'F');
});

test('a pixel of an image with unequal spacing is where it is, and back', () => {
  const facts = frameAt(3);
  assert.deepEqual(pointAt(facts, [2, 3]), [-10 + 2 * 0.8, -20 + 3 * 0.5, 3]);
  const [column, row] = pixelAt(facts, pointAt(facts, [2, 3]));
  assert.ok(Math.abs(column - 2) < 1e-9 && Math.abs(row - 3) < 1e-9);
});
