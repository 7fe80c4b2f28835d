/** What a presentation state draws over an image: layers of overlays, graphics and texts, and shutters of bits. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { DataSet } from '../dicom/data-set.ts';
import { limits } from '../limits.ts';
import type { Picture } from './picture.ts';
import { pixelAt } from './png.test-support.ts';
import { present } from './presentation-state.ts';
import { readImageFacts } from './read-image-facts.ts';
import { someImage } from './rendering.test-support.ts';
import { annotation, caption, displayed, drawn, graphic, layer, red, someState, white } from './states.test-support.ts';

const [rows, columns] = [60, 80];

/** Over a black image of 80 x 60. */
function over(
  change: (state: DataSet) => unknown,
  viewport?: { readonly width: number; readonly height: number },
): Picture {
  const { dataSet, facts } = someImage({ rows, columns });
  const state = someState((made) => {
    made.setItems(0x0070005a, [displayed([1, 1], [columns, rows])]);
    change(made);
  });
  const pixels = new Uint8Array(rows * columns * 2);
  return drawn(state, dataSet, facts, { pixels, ...(viewport === undefined ? {} : { viewport }) });
}

/** The box of all that is not black: left, top, right, bottom. */
function inked(picture: Picture): readonly number[] {
  let [left, top, right, bottom] = [picture.width, picture.height, -1, -1];
  for (let y = 0; y < picture.height; y += 1) {
    for (let x = 0; x < picture.width; x += 1) {
      if (pixelAt(picture, x, y).every((value) => value < 64)) continue;
      [left, top, right, bottom] = [Math.min(left, x), Math.min(top, y), Math.max(right, x), Math.max(bottom, y)];
    }
  }
  return [left, top, right, bottom];
}

const one = (item: DataSet) => (state: DataSet) => state.setItems(0x00700001, [annotation('ONE', [item])]);

test('graphics stand where their points are, in pixels of the image and in shares of the displayed area', () => {
  const line = [10, 20, 30, 20];
  assert.deepEqual(inked(over(one(graphic('PIXEL', 'POLYLINE', [10.5, 20.5, 30.5, 20.5])))), [10, 20, 30, 20]);
  assert.deepEqual(inked(over(one(graphic('DISPLAY', 'POLYLINE', [0.25, 0.5, 0.5, 0.5])))), [19, 29, 40, 30]);
  const turned = over((state) => one(graphic('PIXEL', 'POLYLINE', line))(state.setNumber(0x00700042, 'US', 90)));
  assert.deepEqual([turned.width, turned.height], [rows, columns]);
  assert.deepEqual(inked(turned), [39, 9, 40, 30]);
  const shown = over((state) =>
    one(graphic('DISPLAY', 'POLYLINE', [0, 0.01, 1, 0.01]))(state.setNumber(0x00700042, 'US', 90)),
  );
  assert.deepEqual(inked(shown), [0, 0, rows - 1, 1]);
});

test('each kind of graphic has its shape, and a filled one is full', () => {
  assert.deepEqual(inked(over(one(graphic('PIXEL', 'CIRCLE', [40.5, 30.5, 50.5, 30.5])))), [30, 20, 50, 40]);
  const ellipse = graphic('PIXEL', 'ELLIPSE', [20.5, 30.5, 60.5, 30.5, 40.5, 20.5, 40.5, 40.5]);
  assert.deepEqual(inked(over(one(ellipse))), [20, 20, 60, 40]);
  assert.deepEqual(pixelAt(over(one(ellipse)), 40, 30), [0]);
  assert.deepEqual(pixelAt(over(one(ellipse.setText(0x00700024, 'CS', 'Y'))), 40, 30), [255]);
  const [left, , right] = inked(over(one(graphic('PIXEL', 'POINT', [40.5, 30.5]))));
  assert.ok(left === 38 && right === 42, `${left} to ${right}`);
  const curve = inked(over(one(graphic('PIXEL', 'INTERPOLATED', [20, 20, 40, 40, 60, 20]))));
  assert.deepEqual([curve[0], curve[2]], [19, 60]);
});

test('layers are drawn in their order and in their colours', () => {
  const box = (x: number): DataSet =>
    graphic('PIXEL', 'POLYLINE', [x, 10, x + 20, 10, x + 20, 30, x, 30, x, 10]).setText(0x00700024, 'CS', 'Y');
  const both = (orders: readonly [number, number]) => (state: DataSet) =>
    state
      .setItems(0x00700060, [layer('LOW', orders[0], { lab: red }), layer('HIGH', orders[1], { grey: 0x8000 })])
      .setItems(0x00700001, [annotation('HIGH', [box(10)]), annotation('LOW', [box(20)])]);
  const [r = 0, g = 255] = pixelAt(over(both([2, 1])), 25, 20);
  assert.ok(r > 200 && g < 60, `${r} ${g}`);
  assert.deepEqual(pixelAt(over(both([1, 2])), 25, 20), [128, 128, 128]);
});

test('a line and a filling have colours of their own where they say so', () => {
  const style = (more: (item: DataSet) => DataSet): readonly DataSet[] => [more(new DataSet())];
  const box = graphic('PIXEL', 'POLYLINE', [10, 10, 40, 10, 40, 40, 10, 40, 10, 10])
    .setText(0x00700024, 'CS', 'Y')
    .setItems(
      0x00700232,
      style((item) => item.setNumber(0x00700251, 'US', white).setNumber(0x00700253, 'FL', 3)),
    )
    .setItems(
      0x00700233,
      style((item) => item.setNumber(0x00700251, 'US', red).setNumber(0x00700284, 'FL', 0.5)),
    );
  const picture = over(one(box));
  const [r = 0, g = 255] = pixelAt(picture, 25, 25);
  assert.ok(r > 110 && r < 140 && g < 30, `${r} ${g}`);
  assert.deepEqual(pixelAt(picture, 25, 10), [255, 255, 255]);
});

test('graphics and windows are for the images that they name, and a state that names none is for all', () => {
  const own = graphic('PIXEL', 'POLYLINE', [0, 5, 80, 5]);
  const about = (uid: string) => (state: DataSet) =>
    state.setItems(0x00700001, [
      annotation('ONE', [own]).setItems(0x00081140, [new DataSet().setText(0x00081155, 'UI', uid)]),
    ]);
  assert.equal(inked(over(about('2.25.1')))[2], columns - 1);
  assert.equal(inked(over(about('2.25.77')))[2], -1);
});

test('overlays are drawn in the colour of their layer, where the image is', () => {
  const bits = new Uint8Array((rows * columns) / 8);
  bits[0] = 0xff;
  const overlay = (state: DataSet): DataSet =>
    state
      .setNumber(0x60000010, 'US', rows)
      .setNumber(0x60000011, 'US', columns)
      .setNumber(0x60000050, 'SS', [11, 21])
      .setText(0x60001001, 'CS', 'ONE')
      .setBytes(0x60003000, 'OW', bits)
      .setItems(0x00700060, [layer('ONE', 1, { lab: red })]);
  const picture = over(overlay);
  assert.deepEqual(inked(picture), [20, 10, 27, 10]);
  assert.equal(picture.channels, 3);
  // Twice as large, and mirrored.
  const larger = over((state) => overlay(state).setText(0x00700041, 'CS', 'Y'), { width: 160, height: 120 });
  const [left = 0, top = 0, right = 0, bottom = 0] = inked(larger);
  assert.ok(Math.abs(left - 104) <= 1 && Math.abs(right - 119) <= 1 && Math.abs(top - 20) <= 1 && bottom - top <= 3);
});

test('a shutter of bits covers what is set, in its own grey or colour', () => {
  const { dataSet, facts } = someImage({ rows, columns });
  const bits = new Uint8Array((rows * columns) / 8);
  bits.fill(0xff, 0, 10);
  const state = someState((made) =>
    made
      .setItems(0x0070005a, [displayed([1, 1], [columns, rows])])
      .setNumber(0x60020010, 'US', rows)
      .setNumber(0x60020011, 'US', columns)
      .setNumber(0x60020050, 'SS', [1, 1])
      .setBytes(0x60023000, 'OW', bits)
      .setText(0x00181600, 'CS', 'BITMAP')
      .setNumber(0x00181623, 'US', 0x6002)
      .setNumber(0x00181622, 'US', 0x4000),
  );
  const pixels = new Uint8Array(rows * columns * 2).fill(0x0f);
  const picture = drawn(state, dataSet, facts, { pixels });
  assert.deepEqual([pixelAt(picture, 5, 0), pixelAt(picture, 79, 0)], [[64], [64]]);
  assert.notDeepEqual(pixelAt(picture, 5, 1), [64]);
  state.setNumber(0x60020010, 'US', 65_535);
  assert.throws(() => drawn(state, dataSet, facts, { pixels }), { code: 'MALFORMED' });
  state.setNumber(0x00181623, 'US', 0x7000);
  assert.notDeepEqual(pixelAt(drawn(state, dataSet, facts, { pixels }), 5, 0), [64]);
});

test('texts stand in their box, to the side that they say, or beside their anchor with a line to it', () => {
  const sized = { width: 320, height: 240 };
  const boxed = (align: string): readonly number[] =>
    inked(over(one(caption('A', { box: [10, 10, 70, 20], align })), sized));
  const [left, middle, right] = ['LEFT', 'CENTER', 'RIGHT'].map(boxed);
  assert.ok((left?.[0] ?? 0) >= 40 && (left?.[2] ?? 0) < 48, String(left));
  assert.ok((middle?.[0] ?? 0) >= 155 && (middle?.[2] ?? 0) < 165, String(middle));
  assert.ok((right?.[0] ?? 0) >= 272 && (right?.[2] ?? 0) < 280, String(right));
  const hidden = inked(over(one(caption('A', { anchor: [40, 30], isVisible: false })), sized));
  const seen = inked(over(one(caption('A', { anchor: [40, 30], isVisible: true })), sized));
  assert.ok((hidden[0] ?? 0) > 165 && (seen[0] ?? 0) < 161, `${hidden.join()} ${seen.join()}`);
});

test('a text is moved onto the picture, and stands upright on one that is turned', () => {
  const picture = over((state) =>
    one(caption('AB', { anchor: [79, 0], isVisible: false }))(state.setNumber(0x00700042, 'US', 180)),
  );
  const [left = 0, top = 0, right = 0, bottom = 0] = inked(picture);
  assert.ok(left >= 2 && top >= 0 && right - left > bottom - top - 8 && bottom < rows, inked(picture).join());
  const far = inked(over(one(caption('AB', { anchor: [5000, -5000], isVisible: false }))));
  assert.ok((far[2] ?? 0) < columns && (far[0] ?? 0) > 50, far.join());
});

test('a pseudo-colour state draws greys in the colours of its palette', () => {
  const { dataSet, facts } = someImage({ rows, columns });
  const ramp = Uint8Array.from({ length: 512 }, (_, at) => (at % 2 === 0 ? at / 2 : at >> 1));
  const none = new Uint8Array(512);
  const state = someState((made) => {
    made
      .setText(0x00080016, 'UI', '1.2.840.10008.5.1.4.1.1.11.3')
      .setItems(0x0070005a, [displayed([1, 1], [columns, rows])]);
    for (const [index, bytes] of [ramp, none, none].entries()) {
      made.setNumber(0x00281101 + index, 'US', [256, 0, 16]).setBytes(0x00281201 + index, 'OW', bytes);
    }
  });
  const pixels = new Uint8Array(new Uint16Array(rows * columns).fill(4095).buffer);
  assert.deepEqual(pixelAt(drawn(state, dataSet, facts, { pixels }), 1, 1), [255, 0, 0]);
});

test('a colour state leaves the colours of the image as they are', () => {
  const { dataSet, facts } = someImage({ rows, columns, samplesPerPixel: 3, bitsAllocated: 8, bitsStored: 8 });
  const state = someState((made) =>
    made
      .setText(0x00080016, 'UI', '1.2.840.10008.5.1.4.1.1.11.2')
      .setItems(0x0070005a, [displayed([1, 1], [columns, rows])]),
  );
  const pixels = new Uint8Array(rows * columns * 3).fill(77);
  assert.deepEqual(pixelAt(drawn(state, dataSet, facts, { pixels }), 1, 1), [77, 77, 77]);
});

test('graphics of other kinds, units and places are refused, not left out', () => {
  const refused = (code: string, item: DataSet): void => {
    assert.throws(() => over(one(item)), { code });
  };
  refused('UNSUPPORTED', graphic('PIXEL', 'RECTANGLE', [1, 1, 2, 2]));
  refused('UNSUPPORTED', graphic('MATRIX', 'POLYLINE', [1, 1, 2, 2]));
  refused('MALFORMED', graphic('PIXEL', 'POLYLINE', [1, 1]));
  refused('MALFORMED', graphic('PIXEL', 'CIRCLE', [1, 1, 2, 2, 3, 3]));
  refused('MALFORMED', graphic('PIXEL', 'ELLIPSE', [1, 1, 2, 2, 3, 3]));
  refused('MALFORMED', graphic('PIXEL', 'POLYLINE', [1, 1, 2]));
  refused('MALFORMED', graphic('PIXEL', 'POLYLINE', [Number.NaN, 1, 2, 2]));
  refused('MALFORMED', graphic('PIXEL', 'POLYLINE', [Number.POSITIVE_INFINITY, 1, 2, 2]));
  refused('MALFORMED', caption('nowhere', {}));
  refused('MALFORMED', caption('x', { anchor: [Number.NaN, 1], isVisible: true }));
});

test('numbers of layers, graphics, points, texts and characters are bounded', () => {
  const { dataSet } = someImage({ rows, columns });
  const about = {
    dataSet,
    sopInstanceUid: '2.25.1',
    frame: 1,
    facts: readImageFacts(dataSet, { frame: 1, withOverlays: false }),
  };
  const small = {
    ...limits.rendering,
    layersMax: 2,
    graphicsMax: 2,
    graphicPointsMax: 6,
    captionsMax: 2,
    captionCharactersMax: 5,
  };
  const line = (): DataSet => graphic('PIXEL', 'POLYLINE', [1, 1, 2, 2]);
  const text = (): DataSet => caption('ab', { anchor: [1, 1], isVisible: false });
  const tried = (annotations: readonly DataSet[]): unknown =>
    present(
      someState((made) => made.setItems(0x0070005a, []).setItems(0x00700001, annotations)),
      about,
      small,
    );
  tried([annotation('A', [line(), line()]), annotation('B', [text(), text()])]);
  for (const [name, items] of Object.entries({
    layers: ['A', 'B', 'C'].map((layerName) => annotation(layerName, [line()]).setItems(0x00700009, [])),
    graphics: [annotation('A', [line(), line(), line()])],
    points: [annotation('A', [graphic('PIXEL', 'POLYLINE', [1, 1, 2, 2, 3, 3, 4, 4, 5, 5, 6, 6, 7, 7])])],
    texts: [annotation('A', [text(), text(), text()])],
    characters: [annotation('A', [caption('abcdef', { anchor: [1, 1], isVisible: false })])],
  })) {
    assert.throws(() => tried(items), { code: 'LIMIT_EXCEEDED' }, name);
  }
});
