import assert from 'node:assert/strict';
import { test } from 'node:test';
import { framesOf, windowsFor } from './frames.ts';

const instance = (uid: string, frames?: string) => ({
  '00080018': { vr: 'UI', Value: [uid] },
  ...(frames === undefined ? {} : { '00280008': { vr: 'IS', Value: [frames] } }),
});

test('frames follow in the order of the instances, single images are one frame', () => {
  assert.deepEqual(framesOf([instance('1'), instance('2', '2')]), [
    { instance: '1', frame: 1 },
    { instance: '2', frame: 1 },
    { instance: '2', frame: 2 },
  ]);
});

test('an answer that claims a billion frames costs no memory', () => {
  assert.equal(framesOf([instance('1', '1000000000')]).length, 20_000);
  assert.equal(framesOf([instance('1', '-5')]).length, 1);
});

test('only CT has windows with fixed numbers', () => {
  assert.ok(windowsFor('CT').length > 3);
  assert.deepEqual(windowsFor('MR'), [{ name: 'default' }]);
});
