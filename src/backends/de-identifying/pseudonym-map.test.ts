import assert from 'node:assert/strict';
import { test } from 'node:test';
import { knownUid } from '../../dicom/uid.ts';
import { PlanCache, refused } from './plan-cache.ts';
import { PseudonymMap } from './pseudonym-map.ts';

const uid = knownUid;

test('the newest are remembered, of each project by itself', () => {
  const map = new PseudonymMap({ rememberedUidsMax: 2, searchedAgainMs: 1000 });
  map.remember('a', { pseudonym: uid('2.25.1'), original: uid('1.1') });
  map.remember('b', { pseudonym: uid('2.25.2'), original: uid('1.2') });
  assert.equal(map.original('b', '2.25.1'), undefined, 'another project does not know it');
  assert.equal(map.original('a', '2.25.1'), '1.1');
  map.remember('a', { pseudonym: uid('2.25.3'), original: uid('1.3') });
  assert.equal(map.size, 2);
  assert.equal(map.original('b', '2.25.2'), undefined, 'the one that nobody asked for longest is forgotten');
  assert.equal(map.original('a', '2.25.1'), '1.1');
});

test('a search through everything is good for a while, but not when it did not fit', () => {
  let nowMs = 0;
  const map = new PseudonymMap({ rememberedUidsMax: 1, searchedAgainMs: 1000 }, () => nowMs);
  const done = map.searching('reach');
  map.remember('a', { pseudonym: uid('2.25.1'), original: uid('1.1') });
  done();
  assert.ok(map.isSearched('reach'));
  assert.ok(!map.isSearched('another reach'));
  nowMs = 1000;
  assert.ok(!map.isSearched('reach'));
  const again = map.searching('reach');
  map.remember('a', { pseudonym: uid('2.25.2'), original: uid('1.2') });
  again();
  assert.ok(!map.isSearched('reach'), 'one was forgotten meanwhile');
});

test('plans are kept within their bytes, the oldest go', () => {
  const plans = new PlanCache(3000);
  for (const key of ['a', 'b', 'c']) plans.set(key, refused);
  assert.deepEqual(
    ['a', 'b', 'c'].map((key) => plans.get(key)),
    [undefined, refused, refused],
  );
});
