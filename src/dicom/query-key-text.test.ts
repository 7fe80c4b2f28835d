import assert from 'node:assert/strict';
import { test } from 'node:test';
import { DataSet } from './data-set.ts';
import { isMatchable, setTextKey } from './query-key-text.ts';

const utf8 = (): DataSet => new DataSet().setText(0x00080005, 'CS', 'ISO_IR 192');

test('values become elements of their VR: texts, numbers, tags', () => {
  const identifier = utf8();
  setTextKey(identifier, { path: [0x00100020], values: ['A', 'B'] });
  setTextKey(identifier, { path: [0x00280010], values: ['512'] });
  setTextKey(identifier, { path: [0x00280009], values: ['00181063'] });
  setTextKey(identifier, { path: [0x00189306], values: ['0.5'] });
  assert.deepEqual(identifier.texts(0x00100020), ['A', 'B']);
  assert.equal(identifier.number(0x00280010), 512);
  assert.deepEqual(identifier.texts(0x00280009), ['00181063']);
  assert.equal(identifier.number(0x00189306), 0.5);
});

test('keys through the same sequence share its one item, which has the character set of the identifier', () => {
  const identifier = utf8();
  setTextKey(identifier, { path: [0x00400275, 0x00400009], values: ['ä'] });
  setTextKey(identifier, { path: [0x00400275, 0x00401001], values: [] });
  setTextKey(identifier, { path: [0x00400275], values: [] });
  const [item, ...more] = identifier.items(0x00400275);
  assert.equal(more.length, 0);
  assert.equal(item?.text(0x00400009), 'ä');
  assert.equal(item?.text(0x00401001), '');
  assert.equal(item?.has(0x00080005), false);
});

test('an attribute without a value, and one that cannot be matched, is only asked for', () => {
  const identifier = utf8();
  setTextKey(identifier, { path: [0x00280010], values: [] });
  setTextKey(identifier, { path: [0x7fe00010], values: ['x'] });
  setTextKey(identifier, { path: [0x00091001], values: ['x'] });
  for (const tag of [0x00280010, 0x7fe00010, 0x00091001]) {
    assert.ok(identifier.get(tag)?.value instanceof Uint8Array);
    assert.equal(identifier.texts(tag).length, 0);
  }
  assert.deepEqual([0x00280010, 0x00100010, 0x7fe00010, 0x00400275].map(isMatchable), [true, true, false, false]);
});

test('a value that is no number where one is needed is refused', () => {
  for (const [tag, value] of [
    [0x00280010, 'x'],
    [0x00280010, '1.5'],
    [0x00280010, ''],
    [0x00280010, '70000'],
    [0x00280009, '0018'],
    [0x00189306, '1e'],
    [0x00280010, '99999999999999999'],
  ] as const) {
    assert.throws(() => setTextKey(utf8(), { path: [tag], values: [value] }), { code: 'BAD_REQUEST' }, value);
  }
});
