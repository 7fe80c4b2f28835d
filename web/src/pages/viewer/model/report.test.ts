import assert from 'node:assert/strict';
import { test } from 'node:test';
import { itemsAt, textAt } from './attributes.ts';
import { frameAt } from './model.test-support.ts';
import { shapesOf } from './read-report.ts';
import { isReportable, reportOf, type ReportedMeasurement } from './report.ts';

const facts = frameAt(2, { place: { study: '1', series: '1.1', instance: '1.1.7', frame: 1 } });
const measured = (more: Partial<ReportedMeasurement>): ReportedMeasurement => ({
  tool: 'length',
  points: [],
  unit: 'HU',
  facts,
  ...more,
});
const all: readonly ReportedMeasurement[] = [
  measured({
    points: [
      [0, 0],
      [3, 4],
    ],
    lengthMm: 12.5,
  }),
  measured({
    tool: 'angle',
    points: [
      [0, 0],
      [1, 0],
      [1, 1],
    ],
    angle: 90,
  }),
  measured({
    tool: 'ellipse',
    points: [
      [2, 4],
      [2, 0],
      [1, 2],
      [3, 2],
    ],
    areaMm2: 3,
    mean: 40,
    deviation: 2,
    min: 35,
    max: 44,
  }),
  measured({
    tool: 'rectangle',
    points: [
      [0, 0],
      [4, 0],
      [0, 2],
      [4, 2],
    ],
    areaMm2: 8,
    mean: 1,
    deviation: 0,
    min: 1,
    max: 1,
  }),
  measured({ tool: 'probe', points: [[2, 3]], value: -12 }),
];
let uids = 0;
const report = (measurements: readonly ReportedMeasurement[]) =>
  reportOf({
    source: { '00100010': { vr: 'PN', Value: [{ Alphabetic: 'Doe^Jane' }] }, '0020000D': { vr: 'UI', Value: ['1'] } },
    measurements,
    observer: 'Ada Quist',
    seriesDescription: 'Measurements',
    now: new Date(2026, 10, 27, 9, 5, 3),
    newUid: () => `2.25.${(uids += 1)}`,
  });

test('what is kept comes back as the same shapes on the same image', () => {
  const shapes = shapesOf(report(all));
  assert.deepEqual(
    shapes.map(({ tool }) => tool),
    ['length', 'angle', 'ellipse', 'rectangle', 'probe'],
  );
  for (const [index, shape] of shapes.entries()) {
    assert.deepEqual([shape.instance, shape.frame], ['1.1.7', 1]);
    assert.deepEqual(shape.points, all[index]?.points);
  }
});

test('a report belongs to patient and study of its images, names its observer, and says that nobody verified it', () => {
  const made = report(all);
  assert.deepEqual(made['00100010']?.Value, [{ Alphabetic: 'Doe^Jane' }]);
  assert.deepEqual([textAt(made, '00080023'), textAt(made, '00080033')], ['20261127', '090503']);
  assert.equal(textAt(made, '0040A493'), 'UNVERIFIED');
  assert.deepEqual(made['00100020'], { vr: 'LO' }, 'type 2 is there, empty');
  const observer = itemsAt(made, '0040A730').find((item) => textAt(item, '0040A040') === 'PNAME');
  assert.deepEqual(observer?.['0040A123']?.Value, [{ Alphabetic: 'Quist^Ada' }]);
});

test('pixels, planes made here and values of no known meaning are in no report', () => {
  assert.ok(all.every(isReportable));
  assert.ok(
    !isReportable(
      measured({
        points: [
          [0, 0],
          [1, 1],
        ],
        lengthPixels: 9,
      }),
    ),
  );
  assert.ok(!isReportable(measured({ lengthMm: 3, facts: { ...facts, isMade: true } })));
  assert.ok(!isReportable(measured({ tool: 'probe', value: 4, facts: { ...facts, modality: 'US' } })));
});

test('a hostile report is read without harm: cycles of depth, shapes without points, points of text', () => {
  let deep: Record<string, { vr: string; Value: unknown[] }> = { '0040A040': { vr: 'CS', Value: ['SCOORD'] } };
  for (let level = 0; level < 5000; level += 1) deep = { '0040A730': { vr: 'SQ', Value: [deep] } };
  assert.deepEqual(shapesOf(deep), []);
  const image = {
    '0040A040': { vr: 'CS', Value: ['IMAGE'] },
    '00081199': { vr: 'SQ', Value: [{ '00081155': { vr: 'UI', Value: ['1'] } }] },
  };
  const shape = (graphic: string, ...data: unknown[]) => ({
    '0040A730': {
      vr: 'SQ',
      Value: [
        {
          '0040A040': { vr: 'CS', Value: ['SCOORD'] },
          '00700023': { vr: 'CS', Value: [graphic] },
          '00700022': { vr: 'FL', Value: data },
          '0040A730': { vr: 'SQ', Value: [image] },
        },
      ],
    },
  });
  assert.deepEqual(shapesOf(shape('ELLIPSE', 1, 2)), []);
  assert.deepEqual(shapesOf(shape('POINT')), []);
  assert.deepEqual(shapesOf(shape('POINT', 'x', 'y')), []);
  assert.equal(shapesOf(shape('POINT', 1, 2)).length, 1);
});
