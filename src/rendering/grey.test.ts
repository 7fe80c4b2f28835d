import assert from 'node:assert/strict';
import { test } from 'node:test';
import { DataSet } from '../dicom/data-set.ts';
import type { ImageFacts } from './image-facts.ts';
import { readImageFacts } from './read-image-facts.ts';
import { draw, someImage } from './rendering.test-support.ts';
import { greyFunction } from './window.ts';

const unused = (): never => assert.fail('a window needs no range');
const window = (center: number, width: number, shape: 'linear' | 'linear-exact' | 'sigmoid') =>
  greyFunction({ kind: 'window', center, width, function: shape }, unused);

/** One row of words. */
function row(values: readonly number[], change?: (dataSet: DataSet) => void, pixelRepresentation = 1): number[] {
  const { dataSet } = someImage({ rows: 1, columns: values.length, bitsStored: 16, pixelRepresentation });
  change?.(dataSet);
  return [...draw(dataSet, new Uint8Array(Int16Array.from(values).buffer)).pixels];
}

test('a linear window is the one of PS3.3 C.11.2.1.2.1', () => {
  // Its own example: center 2048 and width 4096 take 0 to the least and 4095 to the most.
  const whole = window(2048, 4096, 'linear');
  assert.deepEqual([-1, 0, 4095, 4096].map(whole), [0, 0, 255, 255]);
  assert.equal(whole(2047.5), 127.5);
  // And width 1 is a threshold: 0 and less to the least, 1 and more to the most.
  assert.deepEqual([-1, 0, 1, 2].map(window(1, 1, 'linear')), [0, 0, 255, 255]);
  assert.deepEqual([-1, 0, 1].map(window(0.5, 2, 'linear')), [0, 127.5, 255]);
});

test('an exact linear window reaches from half its width below its center to half above it', () => {
  const grey = window(0, 10, 'linear-exact');
  assert.deepEqual([-6, -5, 0, 5, 6].map(grey), [0, 0, 127.5, 255, 255]);
  assert.ok(window(0.5, 0.1, 'linear-exact')(0.51) > 127.5);
});

test('a sigmoid has half the brightness at its center and never leaves the range', () => {
  const grey = window(100, 40, 'sigmoid');
  assert.equal(grey(100), 127.5);
  assert.equal(grey(-1e9), 0);
  assert.equal(grey(1e9), 255);
  assert.equal(grey(110), 255 / (1 + Math.exp(-1)));
});

test('without a window the least value is black and the most is white', () => {
  assert.deepEqual(row([-100, 0, 100]), [0, 127, 255]);
});

test('padding is black and does not count for the range, of white for low values, too', () => {
  const padded = (dataSet: DataSet): unknown => dataSet.setNumber(0x00280120, 'SS', -2000);
  assert.deepEqual(row([-2000, -100, 0, 100], padded), [0, 0, 127, 255]);
  const inverse = (dataSet: DataSet): unknown => {
    padded(dataSet);
    return dataSet.setText(0x00280004, 'CS', 'MONOCHROME1');
  };
  assert.deepEqual(row([-2000, -100, 0, 100], inverse), [0, 255, 127, 0]);
  const range = (dataSet: DataSet): unknown =>
    dataSet.setNumber(0x00280120, 'SS', -2000).setNumber(0x00280121, 'SS', -1990);
  assert.deepEqual(row([-2000, -1995, -1989, 0], range), [0, 0, 0, 255]);
});

test('padding of signed pixels may be written with the VR of unsigned ones', () => {
  assert.deepEqual(
    row([-2000, -100, 100], (dataSet) => dataSet.setNumber(0x00280120, 'US', 65_536 - 2000)),
    [0, 0, 255],
  );
});

test('a picture of padding alone is black', () => {
  assert.deepEqual(
    row([7, 7], (dataSet) => dataSet.setNumber(0x00280120, 'SS', 7)),
    [0, 0],
  );
});

test('the first window that can be used is taken; widths of 0 and below, and words, cannot', () => {
  for (const [center, width, expected] of [
    ['10\\50', '0\\101', { center: 50, width: 101 }],
    ['10\\50', '-5\\101', { center: 50, width: 101 }],
    ['x\\50', '9\\101', { center: 50, width: 101 }],
    ['50', '101\\4', { center: 50, width: 101 }],
  ] as const) {
    const { dataSet } = someImage();
    dataSet.setText(0x00281050, 'DS', center).setText(0x00281051, 'DS', width);
    const { voi } = readImageFacts(dataSet, { frame: 1, withOverlays: false });
    assert.deepEqual(voi, { kind: 'window', function: 'linear', ...expected });
  }
  const { dataSet } = someImage();
  dataSet.setText(0x00281050, 'DS', '1').setText(0x00281051, 'DS', '0');
  assert.deepEqual(readImageFacts(dataSet, { frame: 1, withOverlays: false }).voi, { kind: 'whole' });
});

test('each frame of an enhanced image has its own rescale and window, or the shared one', () => {
  const { dataSet } = someImage();
  const rescale = (intercept: string) =>
    new DataSet().setText(0x00281052, 'DS', intercept).setText(0x00281053, 'DS', '1');
  const voi = (center: string) => new DataSet().setText(0x00281050, 'DS', center).setText(0x00281051, 'DS', '100');
  dataSet.setItems(0x52009229, [new DataSet().setItems(0x00289145, [rescale('-1024')])]);
  dataSet.setItems(0x52009230, [
    new DataSet().setItems(0x00289132, [voi('40')]),
    new DataSet().setItems(0x00289132, [voi('300')]).setItems(0x00289145, [rescale('5')]),
  ]);
  const facts = (frame: number): ImageFacts => readImageFacts(dataSet, { frame, withOverlays: false });
  assert.deepEqual(facts(1).modality, { kind: 'rescale', slope: 1, intercept: -1024 });
  assert.deepEqual(facts(2).modality, { kind: 'rescale', slope: 1, intercept: 5 });
  assert.deepEqual(
    [facts(1).voi, facts(2).voi].map((found) => found.kind === 'window' && found.center),
    [40, 300],
  );
});

test('floating point pixels are drawn, and what is no number is black', () => {
  const { dataSet } = someImage({ rows: 1, columns: 5, bitsAllocated: 32 });
  dataSet.delete(0x00280101);
  const pixels = new Uint8Array(Float32Array.of(0, 0.5, 1, Number.NaN, Number.POSITIVE_INFINITY).buffer);
  assert.deepEqual([...draw(dataSet, pixels).pixels], [0, 127, 255, 0, 255]);
});
