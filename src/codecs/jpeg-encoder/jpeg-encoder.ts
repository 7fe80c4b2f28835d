/**
 * Baseline JPEG (ITU-T T.81 process 1) with 8 bits: greys, and RGB as YBR_FULL_422, which is what DICOM wants of it (PS3.5 8.2.1). The
 * arithmetic is in forward-dct.ts, the bits in scan-writer.ts; here are segments, colours and edges. Codestreams are those of libjpeg
 * with its usual tables.
 */
import type { Picture } from '../../rendering/picture.ts';
import { unsupportedFrame } from '../frame.ts';
import { colourStep } from './colour-lines.ts';
import { quantizingFactor } from './forward-dct.ts';
import { type Kernels, kernelsOf } from './kernels.ts';
import { chrominanceAt, layout } from './memory-layout.ts';
import {
  acChrominance,
  acLuminance,
  dcChrominance,
  dcLuminance,
  type HuffmanSpecification,
  quantizationTables,
  zigzag,
} from './jpeg-tables.ts';
import { componentCoding, ScanWriter } from './scan-writer.ts';

const side = 8;
/** Of a picture: B.2.2 has 16 bits for each. */
const sideMax = 65_535;

export class JpegEncoder {
  readonly #heap: Uint8Array;
  readonly #words: Int16Array;
  readonly #factors: Float32Array;
  readonly #kernels: Kernels;

  /** @param module jpegKernels, compiled */
  constructor(module: WebAssembly.Module) {
    this.#kernels = kernelsOf(module);
    const { buffer } = this.#kernels.memory;
    this.#heap = new Uint8Array(buffer);
    this.#words = new Int16Array(buffer);
    this.#factors = new Float32Array(buffer, layout.factors, 128);
  }

  /** @param quality 1 to 100, of the Independent JPEG Group's scale. @throws LeadglassError UNSUPPORTED for sides over 65,535 */
  encode(picture: Picture, quality: number): Uint8Array<ArrayBuffer> {
    if (picture.width > sideMax || picture.height > sideMax) {
      throw unsupportedFrame(`JPEG holds no more than ${sideMax} pixels a side`);
    }
    const tables = quantizationTables(quality);
    tables.forEach((table, nth) => {
      this.#factors.set(Float32Array.from(table, quantizingFactor), 64 * nth);
    });
    const writer = new ScanWriter(headerOf(picture, tables), picture.pixels.length >> 2);
    if (picture.channels === 1) this.#greys(picture, writer);
    else this.#colours(picture, writer);
    return writer.end();
  }

  #greys({ width, height, pixels }: Picture, writer: ScanWriter): void {
    const coding = componentCoding(dcLuminance, acLuminance);
    for (let top = 0; top < height; top += side) {
      for (let left = 0; left < width; left += greyColumnsMax) {
        const columns = Math.min(greyColumnsMax, width - left);
        const count = Math.ceil(columns / side);
        for (let line = 0; line < side; line += 1) {
          const from = Math.min(top + line, height - 1) * width + left;
          const to = layout.samples + line * layout.samplesPitch;
          this.#heap.set(pixels.subarray(from, from + columns), to);
          fillUp(this.#heap, to + columns, to + count * side);
        }
        this.#blocks(0, count, { first: 0, table: 0 });
        writer.makeRoom(count);
        for (let nth = 0; nth < count; nth += 1) this.#write(writer, coding, nth);
      }
    }
  }

  #colours({ width, height, pixels }: Picture, writer: ScanWriter): void {
    const [y, cb, cr] = [
      componentCoding(dcLuminance, acLuminance),
      componentCoding(dcChrominance, acChrominance),
      componentCoding(dcChrominance, acChrominance),
    ];
    for (let top = 0; top < height; top += side) {
      for (let left = 0; left < width; left += unitsMax * unitColumns) {
        const columns = Math.min(unitsMax * unitColumns, width - left);
        const units = Math.ceil(columns / unitColumns);
        const filledBlocks = Math.ceil(columns / side);
        for (let line = 0; line < side; line += 1) {
          const from = 3 * (Math.min(top + line, height - 1) * width + left);
          this.#colourLine(
            pixels.subarray(from, from + 3 * columns),
            layout.samples + line * layout.samplesPitch,
            units,
          );
        }
        this.#blocks(0, 2 * units, { first: 0, table: 0 });
        this.#blocks(chrominanceAt.blue, units, { first: cbBlocks, table: 1 });
        this.#blocks(chrominanceAt.red, units, { first: crBlocks, table: 1 });
        writer.makeRoom(4 * units);
        for (let unit = 0; unit < units; unit += 1) {
          this.#write(writer, y, 2 * unit);
          if (2 * unit + 1 < filledBlocks) this.#write(writer, y, 2 * unit + 1);
          else writer.emptyBlock(y);
          this.#write(writer, cb, cbBlocks + unit);
          this.#write(writer, cr, crBlocks + unit);
        }
      }
    }
  }

  /** One line of RGB; the last pixel goes on to the end of its unit. */
  #colourLine(rgb: Uint8Array, to: number, units: number): void {
    const [columns, filled] = [rgb.length / 3, units * unitColumns];
    this.#heap.set(rgb, layout.colours);
    for (let at = rgb.length; at < 3 * filled; at += 1)
      this.#heap[layout.colours + at] = rgb[(at % 3) + 3 * (columns - 1)] ?? 0;
    this.#kernels.convertColours(layout.colours, filled / colourStep, to, to);
  }

  /** @param at of the first sample in a line */
  #blocks(at: number, count: number, { first, table }: { readonly first: number; readonly table: 0 | 1 }): void {
    this.#kernels.transformBlocks(
      layout.samples + at,
      count,
      layout.factors + table * layout.factorsBytes,
      layout.blocks + first * 128,
      layout.masks + first * 8,
    );
  }

  #write(writer: ScanWriter, coding: ReturnType<typeof componentCoding>, block: number): void {
    writer.block(coding, this.#words, layout.blocks / 2 + block * 64, this.#heap, layout.masks + block * 8);
  }
}

const greyColumnsMax = side * layout.blocksMax;
/** A unit (MCU) of colour: two blocks of luminance, one of each chrominance. */
const unitColumns = 16;
const unitsMax = layout.blocksMax / 4;
const cbBlocks = 2 * unitsMax;
const crBlocks = 3 * unitsMax;

/** The last sample once more, as often as it takes. */
function fillUp(heap: Uint8Array, from: number, to: number): void {
  if (from < to) heap.fill(heap[from - 1] ?? 0, from, to);
}

/** SOI to SOS (Annex B), with a JFIF segment, which says that colours are YCbCr. */
function headerOf({ width, height, channels }: Picture, tables: readonly [Uint8Array, Uint8Array]): Uint8Array {
  const isGrey = channels === 1;
  const word = (value: number): readonly number[] => [value >> 8, value & 0xff];
  const segment = (marker: number, content: readonly number[]): readonly number[] => [
    ...[0xff, marker],
    ...word(content.length + 2),
    ...content,
  ];
  const steps = (id: number): readonly number[] =>
    segment(0xdb, [id, ...Array.from(zigzag, (natural) => tables[id === 0 ? 0 : 1][natural] ?? 0)]);
  const codes = (id: number, { counts, symbols }: HuffmanSpecification): readonly number[] =>
    segment(0xc4, [id, ...counts, ...symbols]);
  const components = isGrey
    ? [[1, 0x11, 0]]
    : [
        [1, 0x21, 0],
        [2, 0x11, 1],
        [3, 0x11, 1],
      ];
  const selectors = isGrey
    ? [[1, 0x00]]
    : [
        [1, 0x00],
        [2, 0x11],
        [3, 0x11],
      ];
  return Uint8Array.from([
    ...[0xff, 0xd8],
    ...segment(0xe0, [...Buffer.from('JFIF\0'), 1, 1, 0, 0, 1, 0, 1, 0, 0]),
    ...steps(0),
    ...(isGrey ? [] : steps(1)),
    ...segment(0xc0, [8, ...word(height), ...word(width), channels, ...components.flat()]),
    ...codes(0x00, dcLuminance),
    ...codes(0x10, acLuminance),
    ...(isGrey ? [] : [...codes(0x01, dcChrominance), ...codes(0x11, acChrominance)]),
    ...segment(0xda, [channels, ...selectors.flat(), 0, 63, 0]),
  ]);
}
