/** Attributes that lie: each picture is refused with a code, or drawn in bounded time and memory. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { codecsHere, somePixels } from '../codecs/codecs.test-support.ts';
import { DataSet } from '../dicom/data-set.ts';
import { LeadglassError } from '../error.ts';
import { limits } from '../limits.ts';
import { drawFrame } from './draw.ts';
import { readImageFacts } from './read-image-facts.ts';
import { draw, someImage } from './rendering.test-support.ts';

function refusedAs(code: string, change: (dataSet: DataSet) => unknown, pixels = somePixels(someImage().facts)): void {
  const { dataSet } = someImage();
  change(dataSet);
  assert.throws(
    () => draw(dataSet, pixels),
    (error) => error instanceof LeadglassError && error.code === code,
  );
}

const lut = (descriptor: readonly number[], bytes: number): DataSet =>
  new DataSet().setNumber(0x00283002, 'US', descriptor).setBytes(0x00283006, 'OW', new Uint8Array(bytes));

test('a picture of 65535 x 65535 is refused before memory is taken for it', () => {
  const { dataSet } = someImage({ rows: 65_535, columns: 65_535 });
  const facts = readImageFacts(dataSet, { frame: 1, withOverlays: false });
  const frame = { pixels: new Uint8Array(8), photometricInterpretation: 'MONOCHROME2', planarConfiguration: 0 };
  const { font } = codecsHere();
  const before = process.memoryUsage().arrayBuffers;
  assert.throws(() => drawFrame(frame, facts, { limits: limits.rendering, font }), {
    code: 'LIMIT_EXCEEDED',
  });
  assert.ok(process.memoryUsage().arrayBuffers - before < 1e6);
});

test('a viewport over the limit is refused before memory is taken for it', () => {
  const { dataSet, facts } = someImage();
  assert.throws(() => draw(dataSet, somePixels(facts), { viewport: { width: 65_535, height: 65_535 } }), {
    code: 'LIMIT_EXCEEDED',
  });
});

test('pixels that are fewer or more than the attributes say are refused', () => {
  for (const length of [0, 29 * 34 * 2 - 1, 29 * 34 * 2 + 1]) {
    refusedAs('MALFORMED', () => undefined, new Uint8Array(length));
  }
});

test('sides and depths that no image has are refused', () => {
  refusedAs('MALFORMED', (dataSet) => dataSet.setNumber(0x00280010, 'US', 0));
  refusedAs('MALFORMED', (dataSet) => dataSet.setText(0x00280010, 'LO', 'many'));
  refusedAs('MALFORMED', (dataSet) => dataSet.delete(0x00280011));
  refusedAs('MALFORMED', (dataSet) => dataSet.setNumber(0x00280102, 'US', 3));
  refusedAs('MALFORMED', (dataSet) => dataSet.setNumber(0x00280102, 'US', 16));
  refusedAs('MALFORMED', (dataSet) => dataSet.setNumber(0x00280101, 'US', 0));
  refusedAs('MALFORMED', (dataSet) => dataSet.setNumber(0x00280101, 'US', 17));
  refusedAs('UNSUPPORTED', (dataSet) => dataSet.setText(0x00280004, 'CS', 'CMYK'));
});

test('a slope that is 0 or no number is refused', () => {
  for (const slope of ['0', 'x', 'NaN', '1e999']) {
    refusedAs('MALFORMED', (dataSet) => dataSet.setText(0x00281053, 'DS', slope));
  }
  refusedAs('MALFORMED', (dataSet) => dataSet.setText(0x00281052, 'DS', 'Infinity'));
});

test('a lookup table that is shorter than its descriptor says is refused, of 0 = 65536 entries, too', () => {
  for (const tag of [0x00283000, 0x00283010]) {
    refusedAs('MALFORMED', (dataSet) => dataSet.setItems(tag, [lut([0, 0, 16], 0)]));
    refusedAs('MALFORMED', (dataSet) => dataSet.setItems(tag, [lut([0, 0, 16], 131_070)]));
    refusedAs('MALFORMED', (dataSet) => dataSet.setItems(tag, [lut([256, 0, 16], 511)]));
    refusedAs('MALFORMED', (dataSet) => dataSet.setItems(tag, [lut([256, 0, 0], 512)]));
    refusedAs('MALFORMED', (dataSet) => dataSet.setItems(tag, [lut([256, 0, 17], 512)]));
    refusedAs('MALFORMED', (dataSet) => dataSet.setItems(tag, [lut([256, 0], 512)]));
    refusedAs('MALFORMED', (dataSet) => dataSet.setItems(tag, [new DataSet()]));
  }
  const { dataSet, facts } = someImage();
  dataSet.setItems(0x00283010, [lut([0, 0, 16], 131_072)]);
  assert.ok(draw(dataSet, somePixels(facts)).pixels.every((grey) => grey === 0));
});

test('palettes that are missing or cut short are refused', () => {
  const isPalette = (dataSet: DataSet): DataSet => dataSet.setText(0x00280004, 'CS', 'PALETTE COLOR');
  refusedAs('MALFORMED', isPalette);
  for (const lengthBytes of [0, 255, 511]) {
    refusedAs('MALFORMED', (dataSet) => {
      isPalette(dataSet);
      for (const index of [0, 1, 2]) {
        dataSet.setNumber(0x00281101 + index, 'US', [256, 0, 16]);
        dataSet.setBytes(0x00281201 + index, 'OW', new Uint8Array(index === 2 ? lengthBytes : 512));
      }
    });
  }
});

test('an overlay that is shorter than its sides say is refused, and one far outside draws nothing', () => {
  const overlay = (dataSet: DataSet, origin: readonly number[], bytes: number): DataSet =>
    dataSet
      .setNumber(0x60000010, 'US', 65_535)
      .setNumber(0x60000011, 'US', 16)
      .setNumber(0x60000050, 'SS', origin)
      .setBytes(0x60003000, 'OW', new Uint8Array(bytes).fill(255));
  refusedAs('MALFORMED', (dataSet) => overlay(dataSet, [1, 1], 131_069));
  const { dataSet, facts } = someImage();
  const without = draw(dataSet, somePixels(facts)).pixels;
  assert.deepEqual(draw(overlay(dataSet, [32_767, -32_768], 131_070), somePixels(facts)).pixels, without);
});

test('whatever numbers stand in the attributes, a picture comes out or a LeadglassError', () => {
  const word = fc.oneof(fc.constantFrom(0, 1, 7, 8, 12, 15, 16, 17, 32, 65_535), fc.nat(65_535));
  const decimal = fc.oneof(
    fc.constantFrom('0', '-1', '1e308', '-1e308', '1e-308', 'NaN', '', '1.5', '0.5', '1\\2', '-'),
    fc.double().map(String),
  );
  const changes = fc.record({
    rows: fc.constantFrom(1, 2, 29, 65_535),
    bitsAllocated: fc.constantFrom(1, 8, 16, 32, 64, 12),
    bitsStored: word,
    highBit: word,
    representation: fc.constantFrom(0, 1, 2),
    colours: fc.constantFrom('MONOCHROME1', 'MONOCHROME2', 'RGB', 'PALETTE COLOR', 'YBR_FULL_422', ''),
    samples: fc.constantFrom(1, 3, 0, 4),
    center: decimal,
    width: decimal,
    slope: decimal,
    intercept: decimal,
    descriptor: fc.array(word, { maxLength: 4 }),
    data: fc.uint8Array({ maxLength: 600 }),
    shutter: fc.array(fc.integer({ min: -99_999, max: 99_999 }), { maxLength: 9 }),
    pixels: fc.nat(4000),
  });
  fc.assert(
    fc.property(changes, (given) => {
      const { dataSet } = someImage();
      dataSet
        .setNumber(0x00280002, 'US', given.samples)
        .setText(0x00280004, 'CS', given.colours)
        .setNumber(0x00280010, 'US', given.rows)
        .setNumber(0x00280100, 'US', given.bitsAllocated)
        .setNumber(0x00280101, 'US', given.bitsStored)
        .setNumber(0x00280102, 'US', given.highBit)
        .setNumber(0x00280103, 'US', given.representation)
        .setText(0x00281050, 'DS', given.center)
        .setText(0x00281051, 'DS', given.width)
        .setText(0x00281052, 'DS', given.intercept)
        .setText(0x00281053, 'DS', given.slope)
        .setText(0x00181600, 'CS', ['CIRCULAR', 'POLYGONAL', 'RECTANGULAR'])
        .setNumber(0x00181610, 'IS', given.shutter.slice(0, 2))
        .setNumber(0x00181612, 'IS', given.shutter.slice(2, 3))
        .setNumber(0x00181620, 'IS', given.shutter);
      for (const tag of [0x00281101, 0x00281102, 0x00281103]) dataSet.setNumber(tag, 'US', given.descriptor);
      for (const tag of [0x00281221, 0x00281222, 0x00281223]) dataSet.setBytes(tag, 'OW', given.data);
      const exact = (given.rows * 34 * given.samples * given.bitsAllocated) / 8;
      const length = given.pixels % 2 === 0 && Number.isInteger(exact) && exact < 1e5 ? exact : given.pixels;
      try {
        draw(dataSet, new Uint8Array(length).fill(given.pixels), { viewport: { width: 40, height: 3 } });
      } catch (error) {
        assert.ok(error instanceof LeadglassError, String(error));
      }
    }),
    { numRuns: 2000 },
  );
});
