import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { DataSetJson } from '../../../model/dicom-json.ts';
import { factsOf } from './image-facts.ts';

const element = (vr: string, ...values: readonly unknown[]) => ({ vr, Value: values });

const image: DataSetJson = {
  '00080018': element('UI', '1.2.3'),
  '00080060': element('CS', 'CT'),
  '00200013': element('IS', '7'),
  '00200032': element('DS', -10, -20, 30),
  '00200037': element('DS', 1, 0, 0, 0, 1, 0),
  '00200052': element('UI', '1.9'),
  '00280002': element('US', 1),
  '00280004': element('CS', 'MONOCHROME2'),
  '00280010': element('US', 4),
  '00280011': element('US', 6),
  '00280030': element('DS', 0.5, 0.8),
  '00280100': element('US', 16),
  '00280101': element('US', 12),
  '00280103': element('US', 0),
  '00281050': element('DS', 40, -600),
  '00281051': element('DS', 400, 1500),
  '00281052': element('DS', -1024),
  '00281053': element('DS', 1),
};
const only = (metadata: DataSetJson) => factsOf('s', 'x', metadata)[0];

test('a grey image is its values, with the windows, the rescaling and the place that it says', () => {
  const facts = only(image);
  assert.equal(facts?.kind, 'values');
  assert.deepEqual(facts?.spacing, { row: 0.5, column: 0.8, at: 'patient' });
  assert.deepEqual(facts?.windows, [
    { center: 40, width: 400 },
    { center: -600, width: 1500 },
  ]);
  assert.equal(facts?.intercept, -1024);
  assert.deepEqual(facts?.plane?.position, [-10, -20, 30]);
  assert.equal(facts?.isMultiFrame, undefined);
});

test('colours, bits and floats are drawn by the server', () => {
  const colour = { ...image, '00280002': element('US', 3), '00280004': element('CS', 'YBR_FULL_422') };
  for (const metadata of [
    colour,
    { ...image, '00280004': element('CS', 'PALETTE COLOR') },
    { ...image, '00280100': element('US', 1) },
    { ...image, '7FE00008': { vr: 'OF' } },
  ]) {
    assert.equal(only(metadata)?.kind, 'picture');
  }
});

test('what has no rows has no frames, and a billion frames cost no memory', () => {
  assert.deepEqual(factsOf('s', 'x', {}), []);
  assert.equal(factsOf('s', 'x', { ...image, '00280008': element('IS', '1000000000') }).length, 20_000);
});

test('distances on a detector are told apart from distances in the patient, and without either there are none', () => {
  const { '00280030': _, ...without } = image;
  assert.equal(only(without)?.spacing, undefined);
  assert.deepEqual(only({ ...without, '00181164': element('DS', 0.1, 0.2) })?.spacing, {
    row: 0.1,
    column: 0.2,
    at: 'detector',
  });
  assert.equal(only({ ...image, '00280030': element('DS', 0, 0.8) })?.spacing, undefined);
});

test('ultrasound has distances only where one region in centimetres is all there is', () => {
  const { '00280030': _, ...without } = image;
  const region = {
    '00186012': element('US', 1),
    '00186024': element('US', 3),
    '00186026': element('US', 3),
    '0018602C': element('FD', 0.02),
    '0018602E': element('FD', 0.03),
  };
  const one = { ...without, '00186011': element('SQ', region) };
  assert.deepEqual(only(one)?.spacing, { row: 0.3, column: 0.2, at: 'patient' });
  assert.equal(only({ ...without, '00186011': element('SQ', region, region) })?.spacing, undefined);
  const seconds = { ...region, '00186024': element('US', 4) };
  assert.equal(only({ ...without, '00186011': element('SQ', seconds) })?.spacing, undefined);
});

test('a frame of an enhanced object has what its own functional groups say, before the shared ones', () => {
  const at = (z: number) => ({ '00209113': element('SQ', { '00200032': element('DS', 0, 0, z) }) });
  const { '00200032': _, '00200037': __, '00280030': ___, '00281052': ____, ...rest } = image;
  const metadata: DataSetJson = {
    ...rest,
    '00280008': element('IS', 2),
    '52009229': element('SQ', {
      '00289110': element('SQ', { '00280030': element('DS', 1, 1), '00180050': element('DS', 3) }),
      '00209116': element('SQ', { '00200037': element('DS', 0, 1, 0, 0, 0, -1) }),
      '00289145': element('SQ', { '00281052': element('DS', -5), '00281053': element('DS', 2) }),
    }),
    '52009230': element('SQ', at(1), at(4)),
  };
  const [, second] = factsOf('s', 'x', metadata);
  assert.deepEqual(second?.plane, { position: [0, 0, 4], along: [0, 1, 0], down: [0, 0, -1] });
  assert.deepEqual([second?.slope, second?.intercept, second?.sliceThickness], [2, -5, 3]);
  assert.equal(second?.isMultiFrame, true);
});

test('strange values are as if they were not there', () => {
  const strange = {
    ...image,
    '00200032': element('DS', 'x', 1, 2),
    '00281053': element('DS', 0),
    '00281051': element('DS', 0, null),
    '00181063': element('DS', 0),
  };
  const facts = only(strange);
  assert.equal(facts?.plane, undefined);
  assert.equal(facts?.slope, 1);
  assert.deepEqual(facts?.windows, []);
  assert.equal(facts?.framesPerSecond, undefined);
});
