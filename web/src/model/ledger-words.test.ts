import assert from 'node:assert/strict';
import { test } from 'node:test';
import { byDay, eventCodeOf, since } from './ledger-words.ts';

test('an event is known by its code; one without a sentence keeps its own name', () => {
  assert.equal(eventCodeOf({ event: '110104 DICOM Instances Transferred' }), '110104');
  assert.equal(eventCodeOf({ event: '110999 Something' }), undefined);
});

test('records are put together by day in their order', () => {
  const records = ['2026-11-27T09', '2026-11-27T08', '2026-11-26T08'].map((at) => ({ at }));
  const days = byDay(records, (at) => at.slice(0, 10));
  assert.deepEqual(
    days.map(({ day, records: those }) => [day, those.length]),
    [
      ['2026-11-27', 2],
      ['2026-11-26', 1],
    ],
  );
});

test('a span reaches back from now', () => {
  assert.equal(since('week', Date.parse('2026-11-27T00:00:00Z')), '2026-11-20T00:00:00.000Z');
});
