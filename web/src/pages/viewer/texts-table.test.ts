import assert from 'node:assert/strict';
import { test } from 'node:test';
import { de, en } from './texts-table.ts';

const places = (text: string): string[] => [...text.matchAll(/\{(\w+)\}/g)].map(([place]) => place).toSorted();

test('every language of the viewer fills the same places of each text, and none is empty', () => {
  for (const [key, text] of Object.entries(en)) {
    const other = Object.entries(de).find(([known]) => known === key)?.[1] ?? '';
    assert.ok(text.length > 0 && other.length > 0, key);
    assert.deepEqual(places(other), places(text), key);
  }
});
