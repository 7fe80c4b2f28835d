import assert from 'node:assert/strict';
import { test } from 'node:test';
import { de } from './de.ts';
import { en } from './en.ts';

const places = (text: string): string[] => [...text.matchAll(/\{(\w+)\}/g)].map(([place]) => place).toSorted();

test('every language fills the same places of each text, and none is empty', () => {
  for (const [key, text] of Object.entries(en)) {
    const other = Object.entries(de).find(([known]) => known === key)?.[1] ?? '';
    assert.ok(text.length > 0 && other.length > 0, key);
    // A singular may say the number as a word.
    if (!key.endsWith('.one')) assert.deepEqual(places(other), places(text), key);
  }
});
