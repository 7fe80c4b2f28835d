import assert from 'node:assert/strict';
import { test } from 'node:test';
import { matches } from './palette-match.ts';

const entries = [
  { title: 'Openings' },
  { title: 'CT1', aside: 'CT, room 1' },
  { title: 'Ada Weber', aside: 'ada@klinikum.example' },
  { title: 'Élise Dubois' },
];
const found = (text: string): string[] => matches(entries, text).map(({ title }) => title);

test('every word must be found, beginnings before middles, whatever the case and accents', () => {
  assert.deepEqual(found('elise'), ['Élise Dubois']);
  assert.deepEqual(found('web ada'), ['Ada Weber']);
  assert.deepEqual(found('room'), ['CT1']);
  assert.deepEqual(found('pen'), ['Openings']);
  assert.deepEqual(found('nothing'), []);
  assert.equal(found('').length, entries.length);
});
