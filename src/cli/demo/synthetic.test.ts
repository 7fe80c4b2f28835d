import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { needs } from '../../../test/support/peers.ts';
import { readDataSet } from '../../dicom/data-set-codec.ts';
import { Tags } from '../../dicom/dictionary/dictionary.ts';
import { isStorageSopClass } from '../../dicom/sop-class.ts';
import { knownUid } from '../../dicom/uid.ts';
import type { Uid } from '../../dicom/uid.ts';
import { limits } from '../../limits.ts';
import { part10Of, syntheticInstances } from './synthetic.ts';
import type { SyntheticInstance } from './synthetic.ts';

function made(): readonly SyntheticInstance[] {
  let count = 0;
  const newUid = (): Uid => knownUid(`1.2.3.${(count += 1)}`);
  return [...syntheticInstances({ newUid, studyDate: '20261125', ctSlices: 4, size: 64 })];
}

test('the demo has CT, MR, US, CR, SR, SEG and a multi-frame, each of a storage SOP class', () => {
  const instances = made();
  assert.deepEqual([...new Set(instances.map(({ modality }) => modality))].toSorted(), [
    'CR',
    'CT',
    'MR',
    'SEG',
    'SR',
    'US',
  ]);
  assert.ok(instances.every(({ sopClassUid }) => isStorageSopClass(sopClassUid)));
  assert.equal(new Set(instances.map(({ sopInstanceUid }) => sopInstanceUid)).size, instances.length);
});

test('equal arguments give equal bytes', () => {
  assert.deepEqual(made(), made());
});

test('each data set reads back with names in their character set and pixels of the right length', () => {
  for (const { dataSet, transferSyntaxUid, modality, name } of made()) {
    const read = readDataSet(dataSet, { transferSyntaxUid, limits: limits.dataSet });
    assert.match(read.text(Tags.PatientName) ?? '', /^(Demo\^Ada|Yamada\^Tarou=山田\^太郎)/);
    if (modality === 'SR') continue;
    const number = (tag: number): number => read.number(tag) ?? 1;
    const expected =
      number(Tags.Rows) *
      number(Tags.Columns) *
      number(Tags.SamplesPerPixel) *
      (number(Tags.BitsAllocated) / 8) *
      number(Tags.NumberOfFrames);
    const pixels = read.get(Tags.PixelData)?.value;
    assert.equal(pixels?.length, expected, name);
  }
});

test('DCMTK reads every file', needs('dcmdump'), (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'leadglass-synthetic-'));
  t.after(() => rmSync(folder, { recursive: true }));
  const files = made().map((instance) => {
    const path = join(folder, `${instance.name}.dcm`);
    writeFileSync(path, part10Of(instance));
    return path;
  });
  const dumped = spawnSync('dcmdump', ['-q', '+E', ...files], { encoding: 'utf8' });
  assert.equal(dumped.status, 0, dumped.stderr);
  assert.equal(dumped.stderr, '');
});
