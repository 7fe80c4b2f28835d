/** Presentation states that want too much, or the impossible: refused with a code, or drawn in bounded time and memory. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { DataSet } from '../dicom/data-set.ts';
import { LeadglassError } from '../error.ts';
import type { Picture } from './picture.ts';
import { someImage } from './rendering.test-support.ts';
import { annotation, caption, displayed, drawn, graphic, someState } from './states.test-support.ts';

const [rows, columns] = [60, 80];

function over(items: readonly DataSet[], change: (state: DataSet) => unknown = () => undefined): Picture {
  const { dataSet, facts } = someImage({ rows, columns });
  const state = someState((made) => {
    made.setItems(0x0070005a, [displayed([1, 1], [columns, rows])]).setItems(0x00700001, [annotation('A', items)]);
    change(made);
  });
  return drawn(state, dataSet, facts, { pixels: new Uint8Array(rows * columns * 2) });
}

const huge = 3e38;

test('coordinates beyond all measure end at the edges of the picture', () => {
  const line = over([graphic('PIXEL', 'POLYLINE', [-huge, 30.5, huge, 30.5])]);
  assert.deepEqual([...line.pixels.subarray(30 * columns, 31 * columns)], new Array(columns).fill(255));
  const filled = graphic('DISPLAY', 'POLYLINE', [-huge, -huge, huge, -huge, huge, huge, -huge, huge]);
  assert.ok(over([filled.setText(0x00700024, 'CS', 'Y')]).pixels.every((grey) => grey === 255));
  for (const kind of ['CIRCLE', 'INTERPOLATED', 'POLYLINE'] as const) {
    over([graphic('PIXEL', kind, [huge, huge, -huge, huge])]);
  }
  over([graphic('PIXEL', 'ELLIPSE', [huge, 0, -huge, 0, 0, huge, 0, -huge]).setText(0x00700024, 'CS', 'Y')]);
  over([caption('far', { box: [-huge, huge, huge, -huge] }), caption('away', { anchor: [huge, -huge] })]);
});

test('more lines, areas and texts than a picture has room for are refused', () => {
  const { dataSet, facts } = someImage({ rows: 500, columns: 500, bitsAllocated: 8, bitsStored: 8 });
  const [line, box] = [
    [0, 0.1, 1, 0.9],
    [0, 0, 1, 0, 1, 1, 0, 1],
  ];
  const marks = {
    line: () => graphic('DISPLAY', 'POLYLINE', line),
    curve: () => graphic('DISPLAY', 'INTERPOLATED', [...line, ...box]),
    area: () => graphic('DISPLAY', 'POLYLINE', box).setText(0x00700024, 'CS', 'Y'),
    text: () => caption('TEXT', { anchor: [100, 100] }),
  };
  for (const [name, make] of Object.entries(marks)) {
    const tried = (count: number): Picture => {
      const items = Array.from({ length: count }, make);
      const state = someState((made) =>
        made.setItems(0x0070005a, [displayed([1, 1], [500, 500])]).setItems(0x00700001, [annotation('A', items)]),
      );
      return drawn(state, dataSet, facts, { pixels: new Uint8Array(250_000), markPixelsMax: 500_000 });
    };
    tried(1);
    assert.throws(() => tried(300), { code: 'LIMIT_EXCEEDED' }, name);
  }
});

test('a displayed area beyond all measure is refused without a viewport, and drawn with one', () => {
  const { dataSet, facts } = someImage({ rows, columns });
  const most = 2 ** 31 - 1;
  const state = someState((made) => made.setItems(0x0070005a, [displayed([-most, -most], [most, most])]));
  assert.throws(() => drawn(state, dataSet, facts), LeadglassError);
  const picture = drawn(state, dataSet, facts, { viewport: { width: 50, height: 50 } });
  assert.deepEqual([picture.width, picture.height], [50, 50]);
});

test('texts of controls, directions and unpaired surrogates are drawn as what is left of them', () => {
  for (const text of [
    '\u0000\u001b[31m',
    '\u202e\u2066abc',
    '\ud800x',
    'a\u0301'.repeat(50),
    '\n\n\n',
    ' '.repeat(500),
  ]) {
    const item = new DataSet().setText(0x00080005, 'CS', 'ISO_IR 192').setText(0x00700006, 'UT', text.toWellFormed());
    over([item.setText(0x00700004, 'CS', 'PIXEL').setNumber(0x00700014, 'FL', [1, 1])]);
  }
});

test('whatever stands in the annotations, a picture comes out or a LeadglassError', () => {
  const value = fc.oneof(
    fc.float(),
    fc.constantFrom(0, -0, 1, huge, -huge, Number.NaN),
    fc.float({ min: -100, max: 200 }),
  );
  const items = fc.record({
    kind: fc.constantFrom('POINT', 'POLYLINE', 'INTERPOLATED', 'CIRCLE', 'ELLIPSE', 'X'),
    units: fc.constantFrom('PIXEL', 'DISPLAY'),
    points: fc.array(value, { maxLength: 12 }),
    filled: fc.constantFrom('Y', 'N', ''),
    text: fc.string({ unit: 'binary', maxLength: 40 }),
    lab: fc.array(fc.nat(65_535), { maxLength: 4 }),
    thickness: value,
    rotation: fc.constantFrom(0, 90, 180, 270, 45),
    area: fc.array(fc.integer({ min: -(2 ** 31), max: 2 ** 31 - 1 }), { minLength: 4, maxLength: 4 }),
    nearArea: fc.boolean(),
  });
  fc.assert(
    fc.property(items, (given) => {
      const style = new DataSet().setNumber(0x00700251, 'US', given.lab).setNumber(0x00700253, 'FL', given.thickness);
      const item = graphic(given.units, given.kind, given.points)
        .setText(0x00700024, 'CS', given.filled)
        .setItems(0x00700232, [style]);
      const text = new DataSet()
        .setText(0x00080005, 'CS', 'ISO_IR 192')
        .setText(0x00700006, 'UT', given.text.toWellFormed())
        .setText(0x00700004, 'CS', given.units)
        .setNumber(0x00700014, 'FL', given.points.slice(0, 2))
        .setText(0x00700015, 'CS', 'Y');
      const area = given.nearArea ? given.area.map((side) => side % 100) : given.area;
      const { dataSet, facts } = someImage({ rows, columns });
      try {
        const state = someState((made) =>
          made
            .setItems(0x0070005a, [displayed(area.slice(0, 2), area.slice(2))])
            .setNumber(0x00700042, 'US', given.rotation)
            .setItems(0x00700001, [annotation('A', [item, text])]),
        );
        drawn(state, dataSet, facts, { viewport: { width: 90, height: 70 } });
      } catch (error) {
        assert.ok(error instanceof LeadglassError, error instanceof Error ? (error.stack ?? '') : '');
      }
    }),
    { numRuns: 300 },
  );
});
