import assert from 'node:assert/strict';
import { test } from 'node:test';
import { countActivity } from './activity.ts';
import { callOf, importFiles, makeFile, openHouse } from './compose.test-support.ts';

const nowMs = Date.parse('2026-11-27T12:00:00Z');
type Given = Parameters<typeof countActivity>[0] extends AsyncIterable<infer R> ? R : never;
const record = (at: string, event: string, more: Partial<Given> = {}): Given => ({
  at,
  event,
  outcome: 0,
  xml: '',
  ...more,
});
async function* of(...records: Given[]): AsyncGenerator<Given> {
  yield* records;
}

test('transfers, searches and refusals are counted by days, quiet days among them', async () => {
  const received = { transferState: 'ended', xml: '<EventIdentification EventActionCode="C"' } as const;
  const sent = { transferState: 'ended', xml: '<EventIdentification EventActionCode="R"' } as const;
  const report = await countActivity(
    of(
      record('2026-11-27T11:00:00Z', '110104', received),
      record('2026-11-27T10:59:00Z', '110102', { transferState: 'begun' }),
      record('2026-11-27T10:00:00Z', '110113', { outcome: 8 }),
      record('2026-11-27T09:00:00Z', '110113'),
      record('2026-11-25T23:59:59Z', '110104', sent),
      record('2026-11-25T00:00:00Z', '110112'),
      record('2026-11-24T23:59:59Z', '110112'),
    ),
    { days: 3, nowMs, recordsMax: 100 },
  );
  assert.deepEqual(report, {
    days: [
      { day: '2026-11-25', received: 0, sent: 1, searches: 1, refused: 0 },
      { day: '2026-11-26', received: 0, sent: 0, searches: 0, refused: 0 },
      { day: '2026-11-27', received: 1, sent: 0, searches: 0, refused: 1 },
    ],
  });
});

test('a day with too many records is counted in part, and says from when', async () => {
  const many = Array.from({ length: 3 }, (_, index) => record(`2026-11-27T0${9 - index}:00:00Z`, '110112'));
  const at = await countActivity(of(...many), { days: 1, nowMs, recordsMax: 3 });
  assert.deepEqual([at.days[0]?.searches, at.countedFrom], [3, undefined]);
  const above = await countActivity(of(...many), { days: 1, nowMs, recordsMax: 2 });
  assert.deepEqual([above.days[0]?.searches, above.countedFrom], [2, '2026-11-27T07:00:00Z']);
});

test('an import is a transfer that was received', async () => {
  await using house = await openHouse();
  await importFiles(house, makeFile());
  const { days } = await house.services.activityShow(callOf(), { days: 1 });
  assert.deepEqual(
    days.map(({ received, sent }) => [received, sent]),
    [[1, 0]],
  );
});
