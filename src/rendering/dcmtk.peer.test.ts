/** Made-up images of every kind that dcm2pnm draws, pixel by pixel; greys are cut to whole numbers by both. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { needs } from '../../test/support/peers.ts';
import { runProgram } from '../../test/support/programs.ts';
import { somePixels } from '../codecs/codecs.test-support.ts';
import type { FrameFacts } from '../codecs/frame.ts';
import { DataSet } from '../dicom/data-set.ts';
import { draw, readNetpbm, someImage, writeFile } from './rendering.test-support.ts';

interface Case {
  readonly facts?: Partial<FrameFacts>;
  readonly change?: (dataSet: DataSet) => void;
  readonly pixels?: (pixels: Uint8Array<ArrayBuffer>) => Uint8Array<ArrayBuffer>;
  readonly options?: readonly string[];
  /** How far a sample may be off, and why it is. */
  readonly off?: { readonly by: number; readonly why: string };
}

const signed = { pixelRepresentation: 1 } as const;
const eight = { bitsAllocated: 8, bitsStored: 8 } as const;
const colour = { ...eight, samplesPerPixel: 3 } as const;
const atEnds = { by: 1, why: 'dcm2pnm sums up the line, so that a whole number may come out as the one below' };

function window(center: number, width: number, shape = 'LINEAR'): (dataSet: DataSet) => void {
  return (dataSet) => {
    dataSet.setText(0x00281050, 'DS', String(center)).setText(0x00281051, 'DS', String(width));
    if (shape !== 'LINEAR') dataSet.setText(0x00281056, 'CS', shape);
  };
}

function table(first: number, entries: number, bits: number, valueAt: (index: number) => number): DataSet {
  const words = Uint16Array.from({ length: entries }, (_, index) => valueAt(index));
  const descriptor = new Int16Array([entries, first, bits]);
  return new DataSet()
    .setBytes(0x00283002, first < 0 ? 'SS' : 'US', new Uint8Array(descriptor.buffer))
    .setBytes(0x00283006, 'OW', new Uint8Array(words.buffer));
}

function palette(entries: number, bits: number): (dataSet: DataSet) => void {
  return (dataSet) => {
    for (const [index, phase] of [0, 2, 4].entries()) {
      const top = 2 ** bits - 1;
      const words = Uint16Array.from({ length: entries }, (_, at) => ((Math.sin(at / 9 + phase) + 1) / 2) * top);
      dataSet.setNumber(0x00281101 + index, 'US', [entries, 0, bits]);
      dataSet.setBytes(0x00281201 + index, 'OW', new Uint8Array(words.buffer));
    }
  };
}

function overlay(rows: number, columns: number, origin: readonly number[]): (dataSet: DataSet) => void {
  return (dataSet) => {
    const bits = Uint8Array.from({ length: 2 * Math.ceil((rows * columns) / 16) }, (_, at) => (at * 37) & 0xff);
    dataSet
      .setNumber(0x60000010, 'US', rows)
      .setNumber(0x60000011, 'US', columns)
      .setText(0x60000040, 'CS', 'G')
      .setNumber(0x60000050, 'SS', origin)
      .setNumber(0x60000100, 'US', 1)
      .setNumber(0x60000102, 'US', 0)
      .setBytes(0x60003000, 'OW', bits);
  };
}

const cases: Readonly<Record<string, Case>> = {
  '8 bits': { facts: eight },
  '8 bits, signed': { facts: { ...eight, ...signed }, off: atEnds },
  '10 bits': { facts: { bitsStored: 10 } },
  '12 bits': {},
  '12 bits, signed': { facts: signed },
  '16 bits': { facts: { bitsStored: 16 } },
  '16 bits, signed': { facts: { bitsStored: 16, ...signed }, off: atEnds },
  '32 bits': { facts: { bitsAllocated: 32, bitsStored: 32 } },
  'a single bit': {
    facts: { bitsAllocated: 1, bitsStored: 1, columns: 32 },
    pixels: () => Uint8Array.from({ length: (29 * 32) / 8 }, (_, at) => at * 53),
  },
  '12 bits whose highest is bit 15': {
    change: (dataSet) => dataSet.setNumber(0x00280102, 'US', 15),
    pixels: (pixels) => new Uint8Array(new Uint16Array(pixels.buffer).map((word) => (word << 4) | 5).buffer),
  },
  'white for low values': { facts: { photometricInterpretation: 'MONOCHROME1' } },
  'one value only': { pixels: (pixels) => pixels.fill(3) },
  'a window': { change: window(1000, 700), options: ['+Wi', '1'], off: atEnds },
  'a window of half numbers': { change: window(1000.5, 255.25), options: ['+Wi', '1'], off: atEnds },
  'a window of one value': { change: window(2048, 1), options: ['+Wi', '1'] },
  'a window over white for low values': {
    facts: { photometricInterpretation: 'MONOCHROME1' },
    change: window(1000, 700),
    options: ['+Wi', '1'],
    off: atEnds,
  },
  'a window in the units of a rescale': {
    facts: signed,
    change: (dataSet) => {
      window(-900, 1500)(dataSet);
      dataSet.setText(0x00281052, 'DS', '-1024').setText(0x00281053, 'DS', '2');
    },
    options: ['+Wi', '1'],
    off: atEnds,
  },
  'a sigmoid': { change: window(1900, 900, 'SIGMOID'), options: ['+Wi', '1'], off: atEnds },
  'a VOI LUT': {
    change: (dataSet) => dataSet.setItems(0x00283010, [table(500, 1000, 12, (at) => 4095 - at * 4)]),
    options: ['+Wl', '1'],
  },
  'a VOI LUT that begins below 0': {
    facts: signed,
    change: (dataSet) => dataSet.setItems(0x00283010, [table(-700, 1400, 16, (at) => at * 46)]),
    options: ['+Wl', '1'],
  },
  'a VOI LUT of 8 bits over white for low values': {
    facts: { photometricInterpretation: 'MONOCHROME1' },
    change: (dataSet) => dataSet.setItems(0x00283010, [table(0, 4096, 8, (at) => at >> 4)]),
    options: ['+Wl', '1'],
    off: { by: 1, why: 'dcm2pnm stretches by 256 / 255 before it inverts' },
  },
  'a modality LUT': {
    change: (dataSet) => dataSet.setItems(0x00283000, [table(100, 3000, 16, (at) => (at * at) / 140)]),
  },
  'an overlay': { change: overlay(29, 34, [1, 1]) },
  'an overlay that lies partly outside': { change: overlay(11, 16, [-3, 25]) },
  'an overlay on white for low values': {
    facts: { photometricInterpretation: 'MONOCHROME1' },
    change: overlay(29, 34, [1, 1]),
  },
  'an overlay in a spare bit': {
    change: (dataSet) => {
      overlay(29, 34, [1, 1])(dataSet);
      dataSet.setNumber(0x60000100, 'US', 16).setNumber(0x60000102, 'US', 13).delete(0x60003000);
    },
    pixels: (pixels) =>
      new Uint8Array(new Uint16Array(pixels.buffer).map((word, at) => word | (at % 5 === 0 ? 0x2000 : 0)).buffer),
  },
  RGB: { facts: colour, options: [] },
  'RGB by plane': { facts: { ...colour, planarConfiguration: 1 }, options: [] },
  'RGB of 16 bits': { facts: { samplesPerPixel: 3, bitsStored: 16 }, options: [] },
  'RGB of 12 bits': { facts: { samplesPerPixel: 3 }, options: [] },
  YBR_FULL: {
    facts: { ...colour, photometricInterpretation: 'YBR_FULL' },
    options: [],
    off: { by: 2, why: 'dcm2pnm adds tables that were cut to whole numbers; here the sum is rounded' },
  },
  YBR_FULL_422: {
    facts: { ...colour, photometricInterpretation: 'YBR_FULL_422' },
    pixels: (pixels) => pixels.slice(0, 29 * 34 * 2),
    options: [],
    off: { by: 2, why: 'as YBR_FULL' },
  },
  'a palette of 16 bits': {
    facts: { ...eight, photometricInterpretation: 'PALETTE COLOR' },
    change: palette(256, 16),
    options: [],
  },
  'a palette that is shorter than the values': {
    facts: { photometricInterpretation: 'PALETTE COLOR' },
    change: palette(1000, 16),
    options: [],
  },
  'a palette of 8 bits': {
    facts: { ...eight, photometricInterpretation: 'PALETTE COLOR' },
    change: palette(200, 8),
    options: [],
  },
};

async function drawnByDcmtk(t: TestContext, dataSet: DataSet, options: readonly string[]) {
  const folder = mkdtempSync(join(tmpdir(), 'leadglass-rendering-'));
  t.after(() => rmSync(folder, { recursive: true }));
  const [input, output] = [join(folder, 'image.dcm'), join(folder, 'picture.pnm')];
  writeFile(input, dataSet);
  const { status, output: said } = await runProgram('dcm2pnm', ['-q', ...options, input, output]);
  assert.equal(status, 0, said);
  return readNetpbm(output);
}

for (const [name, { facts, change, pixels: change2, options = ['+Wm'], off }] of Object.entries(cases)) {
  test(`${name} is drawn as dcm2pnm draws it`, needs('dcm2pnm'), async (t) => {
    const { dataSet, facts: frame } = someImage(facts);
    change?.(dataSet);
    const made = frame.bitsAllocated === 1 ? new Uint8Array(0) : somePixels(frame);
    const pixels = change2?.(made) ?? made;
    const ours = draw(dataSet, pixels);
    const theirs = await drawnByDcmtk(t, dataSet.setBytes(0x7fe00010, 'OW', pixels), options);
    assert.deepEqual([ours.width, ours.height, ours.channels], [theirs.width, theirs.height, theirs.channels]);
    const wrong = ours.pixels.findIndex((grey, at) => Math.abs(grey - (theirs.pixels[at] ?? 0)) > (off?.by ?? 0));
    assert.equal(wrong, -1, `pixel ${wrong} is ${ours.pixels[wrong]}, and ${theirs.pixels[wrong]} of dcm2pnm`);
    const same = ours.pixels.filter((grey, at) => grey === theirs.pixels[at]).length;
    if (off === atEnds) assert.ok(same >= 0.99 * ours.pixels.length, `only ${same} of ${ours.pixels.length} are equal`);
  });
}
