/**
 * JPEG extended sequential, process 4: 12 bits per sample, Huffman-coded (ITU-T T.81 Annex F). One component, as DICOM uses
 * it. Eight bits are for libjpeg-turbo (libjpeg-turbo.ts), whose build reads no more.
 */
import { type FrameFacts, malformedFrame, unsupportedFrame } from './frame.ts';
import { inverseDct } from './inverse-dct.ts';
import { zigzag } from './jpeg-encoder/jpeg-tables.ts';
import { forEachScan, type Scan } from './jpeg-huffman.ts';
import type { JpegHeader } from './jpeg-header.ts';
import type { Samples } from './samples.ts';

/** The header has been compared with the facts. @throws LeadglassError MALFORMED, UNSUPPORTED */
export function decodeJpegExtended(bytes: Uint8Array, header: JpegHeader, facts: FrameFacts): Samples {
  const component = header.components[0];
  if (facts.samplesPerPixel !== 1 || component === undefined) {
    throw unsupportedFrame('its JPEG codestream has 12 bits per sample and colour');
  }
  const samples = new Uint16Array(facts.rows * facts.columns);
  let scans = 0;
  forEachScan(bytes, header, (scan) => {
    scans += 1;
    // A second scan of the same component would only cost time.
    if (scans > 1) throw malformedFrame('its sequential JPEG codestream has two scans of one component');
    decodeScan(scan, facts, samples);
  });
  if (scans === 0) throw malformedFrame('its JPEG codestream has no scan');
  return { bytes: new Uint8Array(samples.buffer), bits: 12, signedCode: false };
}

/** A scan of one component goes block by block, whatever its sampling factors (A.2.2). */
function decodeScan(scan: Scan, { rows, columns }: FrameFacts, samples: Uint16Array): void {
  const of = scan.components[0];
  const steps = of === undefined ? undefined : scan.quantization.get(of.component.quantization);
  if (of?.ac === undefined || steps === undefined) throw malformedFrame('a table of its JPEG codestream is missing');
  const { bits, restartInterval } = scan;
  const block = new Int32Array(64);
  const pixels = new Int32Array(64);
  let dc = 0;
  let units = 0;
  for (let y = 0; y < rows; y += 8) {
    for (let x = 0; x < columns; x += 8, units += 1) {
      if (restartInterval > 0 && units > 0 && units % restartInterval === 0) {
        bits.restart();
        dc = 0;
      }
      block.fill(0);
      dc += bits.difference(bits.symbol(of.dc) & 15);
      block[0] = dc * (steps[0] ?? 0);
      readAc(bits, of.ac, steps, block);
      inverseDct(block, pixels);
      putBlock(pixels, samples, { x, y, rows, columns });
    }
    if (bits.wasCut) throw malformedFrame('its codestream ends before its last pixel');
  }
}

/** F.2.2.2 */
function readAc(
  bits: Scan['bits'],
  table: Parameters<Scan['bits']['symbol']>[0],
  steps: Uint16Array,
  block: Int32Array,
): void {
  for (let place = 1; place < 64; ) {
    const symbol = bits.symbol(table);
    const size = symbol & 15;
    const run = symbol >> 4;
    if (size === 0) {
      if (run !== 15) return; // end of block
      place += 16;
      continue;
    }
    place += run;
    if (place > 63) throw malformedFrame('a block of its JPEG codestream has more than 64 coefficients');
    block[zigzag[place] ?? 0] = bits.difference(size) * (steps[place] ?? 0);
    place += 1;
  }
}

interface Place {
  readonly x: number;
  readonly y: number;
  readonly rows: number;
  readonly columns: number;
}

/** Level shift (A.3.1) and clamping to 12 bits; what hangs over the edges is dropped. */
function putBlock(pixels: Int32Array, samples: Uint16Array, { x, y, rows, columns }: Place): void {
  const height = Math.min(8, rows - y);
  const width = Math.min(8, columns - x);
  for (let line = 0; line < height; line += 1) {
    const to = (y + line) * columns + x;
    for (let at = 0; at < width; at += 1) {
      samples[to + at] = Math.min(4095, Math.max(0, (pixels[line * 8 + at] ?? 0) + 2048));
    }
  }
}
