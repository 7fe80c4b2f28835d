import assert from 'node:assert/strict';
import { test } from 'node:test';
import { commandOf } from './keys.ts';

const press = (key: string, more: object = {}) =>
  commandOf({ key, shiftKey: false, ctrlKey: false, altKey: false, metaKey: false, ...more });

test('arrows step, with shift they move the image, letters count in either case', () => {
  assert.deepEqual(press('ArrowDown'), { do: 'step', by: 1 });
  assert.deepEqual(press('ArrowDown', { shiftKey: true }), { do: 'pan', right: 0, down: 24 });
  assert.deepEqual(press('L', { shiftKey: true }), { do: 'tool', tool: 'length' });
  assert.deepEqual(press('3'), { do: 'preset', number: 3 });
  assert.deepEqual(press('?', { shiftKey: true }), { do: 'help' });
});

test('what belongs to the browser stays with it', () => {
  for (const more of [{ ctrlKey: true }, { altKey: true }, { metaKey: true }])
    assert.equal(press('r', more), undefined);
  for (const key of ['Tab', 'Escape', 'F5', 'constructor', 'toString']) assert.equal(press(key), undefined);
});
