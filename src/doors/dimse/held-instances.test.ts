import assert from 'node:assert/strict';
import { test } from 'node:test';
import { HeldInstances } from './held-instances.ts';

const limits = { retrieveInstancesHeldPerDeviceMax: 3, retrieveInstancesHeldMax: 5 };
const add = (holding: { add(): void }, count: number): void => {
  for (let left = count; left > 0; left -= 1) holding.add();
};
const refused = { code: 'OUT_OF_RESOURCES' };

test('attack: many retrieves of one device together hold no more than one device may', () => {
  const held = new HeldInstances(limits);
  const first = held.holdFor('CT1');
  const second = held.holdFor('CT1');
  add(first, 2);
  add(second, 1);
  assert.throws(() => second.add(), refused);
  assert.throws(() => first.add(), refused);
  add(held.holdFor('CT2'), 2);
  assert.equal(held.count, 5);
});

test('all devices together hold no more than the server may, and what ends makes room', () => {
  const held = new HeldInstances(limits);
  const first = held.holdFor('CT1');
  const second = held.holdFor('CT2');
  add(first, 3);
  add(second, 2);
  const third = held.holdFor('CT3');
  assert.throws(() => third.add(), refused);
  first[Symbol.dispose]();
  first[Symbol.dispose]();
  assert.equal(held.count, 2);
  add(third, 3);
  assert.throws(() => second.add(), refused);
  second[Symbol.dispose]();
  third[Symbol.dispose]();
  assert.equal(held.count, 0);
});
