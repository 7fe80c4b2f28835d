import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { DataSetJson } from '../../../model/dicom-json.ts';
import { frameAt } from './model.test-support.ts';
import { colourOf, framesOver, paintMask, segmentationOf } from './segmentation.ts';

const element = (vr: string, ...values: readonly unknown[]) => ({ vr, Value: values });
const frameOf = (segment: number, z: number, source?: string) => ({
  '0062000A': element('SQ', { '0062000B': element('US', segment) }),
  '00209113': element('SQ', { '00200032': element('DS', -10, -20, z) }),
  ...(source === undefined
    ? {}
    : { '00089124': element('SQ', { '00082112': element('SQ', { '00081155': element('UI', source) }) }) }),
});
const metadata: DataSetJson = {
  '00080018': element('UI', '9.9'),
  '00200052': element('UI', '1.9'),
  '00280002': element('US', 1),
  '00280004': element('CS', 'MONOCHROME2'),
  '00280008': element('IS', 2),
  '00280010': element('US', 4),
  '00280011': element('US', 6),
  '00280100': element('US', 1),
  '00620001': element('CS', 'BINARY'),
  '00620002': element(
    'SQ',
    { '00620004': element('US', 1), '00620005': element('LO', 'Lung'), '0062000D': element('US', 65535, 32896, 32896) },
    { '00620004': element('US', 2), '00620005': element('LO', 'Node') },
  ),
  '52009229': element('SQ', { '00209116': element('SQ', { '00200037': element('DS', 1, 0, 0, 0, 1, 0) }) }),
  '52009230': element('SQ', frameOf(1, 2), frameOf(2, 99, '1.1.4')),
};

test('frames lie over the images in their plane and over those that they were drawn on', () => {
  const found = segmentationOf('1', '9', metadata);
  assert.ok(found !== undefined);
  assert.deepEqual(
    found.segments.map(({ label }) => label),
    ['Lung', 'Node'],
  );
  const over = (z: number) => framesOver(found, frameAt(z)).map(({ segment }) => segment);
  assert.deepEqual(over(2), [1]);
  assert.deepEqual(over(4), [2]);
  assert.deepEqual(over(6), []);
  assert.deepEqual(framesOver(found, frameAt(2, { frameOfReferenceUid: '5' })), []);
});

test('a mask of bits begins with the lowest one', () => {
  const segmentation = segmentationOf('1', '9', metadata);
  const frame = segmentation?.frames[0];
  assert.ok(segmentation !== undefined && frame !== undefined);
  const pixels = new Uint8ClampedArray(4 * 6 * 4);
  paintMask(Uint8Array.of(0b0000_0001, 0b1000_0000, 0), pixels, { frame, segmentation, opacity: 0.5 });
  const painted = Array.from({ length: 24 }, (_, at) => at).filter((at) => (pixels[at * 4 + 3] ?? 0) > 0);
  assert.deepEqual(painted, [0, 15]);
  assert.throws(
    () => paintMask(Uint8Array.of(1, 2), pixels, { frame, segmentation, opacity: 1 }),
    /shorter than its mask/,
  );
});

test('white is white, and a colour that is none is none', () => {
  const [red = 0, green = 0, blue = 0] = colourOf([65_535, 32_896, 32_896]) ?? [];
  assert.ok(Math.min(red, green, blue) > 250, String([red, green, blue]));
  assert.equal(colourOf([1, 2]), undefined);
  assert.equal(segmentationOf('1', '9', {}), undefined);
});
