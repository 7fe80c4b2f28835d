import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { frameAt } from './model.test-support.ts';
import { inOrder, linkedIndex } from './stack.ts';

const depths = (frames: readonly { plane?: { position: readonly number[] } }[]) =>
  frames.map(({ plane }) => plane?.position[2]);

test('frames follow by their place, in the direction in which the acquisition counted', () => {
  fc.assert(
    fc.property(
      fc.uniqueArray(fc.integer({ min: -500, max: 500 }), { minLength: 2 }),
      fc.boolean(),
      (places, isDown) => {
        const frames = places.map((z) => frameAt(z, { instanceNumber: isDown ? 1000 - z : 1000 + z }));
        const sorted = places.toSorted((a, b) => (isDown ? b - a : a - b));
        assert.deepEqual(depths(inOrder(frames)), sorted);
      },
    ),
  );
});

test('where a place comes twice, or one frame is turned, the numbers decide', () => {
  const twice = [
    frameAt(2, { instanceNumber: 3 }),
    frameAt(2, { instanceNumber: 1 }),
    frameAt(0, { instanceNumber: 2 }),
  ];
  assert.deepEqual(depths(inOrder(twice)), [2, 0, 2]);
  const plane = { position: [0, 0, 9], along: [0, 1, 0], down: [0, 0, -1] } as const;
  const turned = [
    frameAt(5, { instanceNumber: 2 }),
    frameAt(1, { instanceNumber: 1, plane }),
    frameAt(0, { instanceNumber: 3 }),
  ];
  assert.deepEqual(depths(inOrder(turned)), [9, 5, 0]);
});

test('a linked stack goes to the nearest place of the same patient position', () => {
  const stack = [0, 5, 10, 15].map((z) => frameAt(z));
  assert.equal(linkedIndex(frameAt(11), stack, { current: 0, step: 1 }), 2);
  assert.equal(linkedIndex(frameAt(999), stack, { current: 0, step: 1 }), 3);
});

test('without a common place a linked stack takes the same step and stays within its ends', () => {
  const stack = [0, 5, 10].map((z) => frameAt(z, { frameOfReferenceUid: '2.2' }));
  assert.equal(linkedIndex(frameAt(10), stack, { current: 0, step: 1 }), 1);
  assert.equal(linkedIndex(frameAt(10), stack, { current: 2, step: 5 }), 2);
  assert.equal(linkedIndex(frameAt(10), stack, { current: 0, step: -1 }), 0);
});
