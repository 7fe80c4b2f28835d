/**
 * Presentation states, most of them as DCMTK's dcmp2pgm applies them. It draws neither shutters nor what stands in layers: those
 * are looked at in annotations.test.ts.
 */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { cutFile } from '../../test/support/dicom-files.ts';
import { corpusFolder, needs, needsCorpus } from '../../test/support/peers.ts';
import { runProgram } from '../../test/support/programs.ts';
import { somePixels } from '../codecs/codecs.test-support.ts';
import { DataSet } from '../dicom/data-set.ts';
import { readDataSet } from '../dicom/data-set-codec.ts';
import { limits } from '../limits.ts';
import { readNetpbm, someImage, writeFile } from './rendering.test-support.ts';
import { displayed, drawn, image, someState } from './states.test-support.ts';

const window = (center: string, width: string): DataSet =>
  new DataSet().setText(0x00281050, 'DS', center).setText(0x00281051, 'DS', width);

function presentationTable(valueAt: (index: number) => number): DataSet {
  const values = Uint16Array.from({ length: 4096 }, (_, at) => valueAt(at));
  return new DataSet()
    .setNumber(0x00283002, 'US', [4096, 0, 12])
    .setBytes(0x00283006, 'OW', new Uint8Array(values.buffer));
}

const cases: Readonly<Record<string, (state: DataSet) => unknown>> = {
  'a state that changes nothing': () => undefined,
  'a window': (state) => state.setItems(0x00283110, [window('1000', '900')]),
  'a window for this image among others': (state) =>
    state.setItems(0x00283110, [
      window('1', '1').setItems(0x00081140, [image().setText(0x00081155, 'UI', '2.25.77')]),
      window('1500', '800').setItems(0x00081140, [image()]),
    ]),
  'a rescale and a window over it': (state) =>
    state
      .setText(0x00281052, 'DS', '-1000')
      .setText(0x00281053, 'DS', '2')
      .setText(0x00281054, 'LO', 'HU')
      .setItems(0x00283110, [window('500', '3000')]),
  'white for low values': (state) => state.setText(0x20500020, 'CS', 'INVERSE'),
  'a quarter clockwise': (state) => state.setText(0x00700041, 'CS', 'N').setNumber(0x00700042, 'US', 90),
  'a half': (state) => state.setText(0x00700041, 'CS', 'N').setNumber(0x00700042, 'US', 180),
  'a quarter back, flipped': (state) => state.setText(0x00700041, 'CS', 'Y').setNumber(0x00700042, 'US', 270),
  'a table behind the window': (state) => {
    state.delete(0x20500020);
    state
      .setItems(0x20500010, [presentationTable((at) => 4095 * Math.sqrt(at / 4095))])
      .setItems(0x00283110, [window('1500', '3000')]);
  },
  'a flip': (state) => state.setText(0x00700041, 'CS', 'Y').setNumber(0x00700042, 'US', 0),
};

for (const [name, change] of Object.entries(cases)) {
  test(`${name} is drawn as dcmp2pgm draws it`, needs('dcmp2pgm'), async (t) => {
    const folder = mkdtempSync(join(tmpdir(), 'leadglass-rendering-'));
    t.after(() => rmSync(folder, { recursive: true }));
    const [input, stateFile, output] = ['image.dcm', 'state.dcm', 'out.pgm'].map((file) => join(folder, file));
    assert.ok(input !== undefined && stateFile !== undefined && output !== undefined);
    const { dataSet, facts } = someImage();
    const state = someState(change);
    const ours = drawn(state, dataSet, facts);
    writeFile(input, dataSet.setBytes(0x7fe00010, 'OW', somePixels(facts)));
    writeFile(stateFile, state);
    const { status, output: said } = await runProgram('dcmp2pgm', ['-p', stateFile, input, output]);
    assert.equal(status, 0, said);
    const theirs = readNetpbm(output);
    assert.deepEqual([ours.width, ours.height], [theirs.width, theirs.height]);
    // dcmp2pgm stretches by 256 / 255 before it inverts.
    const most = name.startsWith('white') ? 2 : 1;
    const off = ours.pixels.filter((grey, at) => Math.abs(grey - (theirs.pixels[at] ?? 0)) > most).length;
    assert.equal(off, 0, `${off} pixels differ`);
  });
}

test(
  'a real state of three scrambled tables is drawn as dcmp2pgm draws it',
  corpusFolder === undefined ? needsCorpus() : needs('dcmp2pgm'),
  async (t) => {
    const folder = mkdtempSync(join(tmpdir(), 'leadglass-rendering-'));
    t.after(() => rmSync(folder, { recursive: true }));
    const [input, output] = [join(folder, 'image.dcm'), join(folder, 'out.pgm')];
    const stateFile = join(corpusFolder ?? '', 'real/weasis-dicom-tools__prLUTs.dcm');
    const { transferSyntaxUid, dataSet: bytes } = cutFile(stateFile);
    const state = readDataSet(bytes, { transferSyntaxUid, limits: limits.dataSet });
    const { dataSet, facts } = someImage({ rows: 512, columns: 512, bitsAllocated: 8, bitsStored: 8 });
    for (const [tag, uid] of [
      [0x00080018, '1.2.276.0.7230010.3.200.6.3.1'],
      [0x0020000d, '1.2.276.0.7230010.3.200.6'],
      [0x0020000e, '1.2.276.0.7230010.3.200.6.3'],
    ] as const) {
      dataSet.setText(tag, 'UI', uid);
    }
    const ours = drawn(state, dataSet, facts);
    writeFile(input, dataSet.setBytes(0x7fe00010, 'OW', somePixels(facts)));
    const { status, output: said } = await runProgram('dcmp2pgm', ['-p', stateFile, input, output]);
    assert.equal(status, 0, said);
    const theirs = readNetpbm(output);
    assert.deepEqual(ours.pixels, theirs.pixels);
  },
);

test('the displayed area is a part of the image before it is turned, or more than all of it', () => {
  const { dataSet, facts } = someImage();
  const size = (from: readonly number[], to: readonly number[], rotation = 0): readonly number[] => {
    const state = someState((made) =>
      made.setItems(0x0070005a, [displayed(from, to)]).setNumber(0x00700042, 'US', rotation),
    );
    const { width, height } = drawn(state, dataSet, facts);
    return [width, height];
  };
  assert.deepEqual(size([11, 6], [20, 8]), [10, 3]);
  assert.deepEqual(size([20, 8], [11, 6], 180), [10, 3]);
  assert.deepEqual(size([11, 6], [20, 8], 90), [3, 10]);
  assert.deepEqual(size([-9, -4], [44, 29]), [54, 34]);
  assert.throws(() => size([100, 1], [200, 2]), { code: 'MALFORMED' });
  assert.throws(() => size([1, 1], [2, 2], 45), { code: 'MALFORMED' });
});

test('overlays of the image are drawn when the state puts them into a layer', () => {
  const { dataSet, facts } = someImage();
  const bits = new Uint8Array(124).fill(255);
  dataSet.setNumber(0x60000010, 'US', 29).setNumber(0x60000011, 'US', 34).setBytes(0x60003000, 'OW', bits);
  const isWhite = (state: DataSet): boolean => drawn(state, dataSet, facts).pixels.every((grey) => grey === 255);
  assert.equal(isWhite(someState(() => undefined)), false);
  assert.equal(isWhite(someState((state) => state.setText(0x60001001, 'CS', 'LAYER'))), true);
});

test('what is not applied and would change the picture is refused', () => {
  const { dataSet, facts } = someImage();
  const state = someState((made) => made.setItems(0x00286100, [new DataSet()]));
  assert.throws(() => drawn(state, dataSet, facts), { code: 'UNSUPPORTED' });
});
