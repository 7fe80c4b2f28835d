/**
 * JPEG lossless, process 14 (ITU-T T.81 Annex H), all seven predictors: Huffman-coded differences of 2 to 16 bits, one
 * component or three, in one scan or in one each.
 */
import { type FrameFacts, malformedFrame, unsupportedFrame } from './frame.ts';
import { forEachScan, type Scan, type ScanComponent } from './jpeg-huffman.ts';
import type { JpegHeader } from './jpeg-header.ts';
import type { Samples } from './samples.ts';

/** Samples of one component: every `step`th of `all`, from `first`. */
interface Plane {
  readonly all: Uint8Array | Uint16Array;
  readonly first: number;
  readonly step: number;
}

/** The header has been compared with the facts. @throws LeadglassError MALFORMED, UNSUPPORTED */
export function decodeJpegLossless(bytes: Uint8Array, header: JpegHeader, facts: FrameFacts): Samples {
  const { rows, columns, samplesPerPixel } = facts;
  if (header.components.some(({ horizontal, vertical }) => horizontal !== 1 || vertical !== 1)) {
    throw unsupportedFrame('the components of its lossless JPEG codestream are subsampled');
  }
  const count = rows * columns * samplesPerPixel;
  const all = header.precision <= 8 ? new Uint8Array(count) : new Uint16Array(count);
  const done = new Set<number>();
  forEachScan(bytes, header, (scan) => {
    for (const { index } of scan.components) {
      // A second scan of the same would only cost time.
      if (done.has(index)) throw malformedFrame('a component of its lossless JPEG codestream has two scans');
      done.add(index);
    }
    decodeScan(scan, header, { all, first: 0, step: samplesPerPixel });
  });
  if (done.size !== samplesPerPixel) throw malformedFrame('a component of its lossless JPEG codestream has no scan');
  return { bytes: new Uint8Array(all.buffer), bits: header.precision, signedCode: false };
}

function decodeScan(scan: Scan, { precision, rows, columns }: JpegHeader, plane: Plane): void {
  const { restartInterval, bits, low, spectralStart: predictor, components } = scan;
  if (predictor < 1 || predictor > 7 || low >= precision) {
    throw malformedFrame(`its lossless JPEG codestream has predictor ${predictor} and point transform ${low}`);
  }
  // H.1.1: an interval is made of whole lines.
  if (restartInterval % columns !== 0) throw malformedFrame('a restart interval of its codestream ends within a line');
  const linesPerInterval = restartInterval / columns;
  for (let y = 0; y < rows; y += 1) {
    const restarts = linesPerInterval > 0 && y > 0 && y % linesPerInterval === 0;
    if (restarts) bits.restart();
    if (bits.wasCut) throw malformedFrame('its codestream ends before its last pixel');
    if (y === 0 || restarts) firstLine(scan, columns, y, 1 << (precision - low - 1), plane);
    else otherLine(scan, columns, y, plane);
  }
  if (low > 0) {
    for (const { index } of components) {
      for (let at = index; at < plane.all.length; at += plane.step) plane.all[at] = (plane.all[at] ?? 0) << low;
    }
  }
}

/** H.1.2.1: the first sample is predicted by half of the range, the others of the line by their left neighbour. */
function firstLine({ components, bits }: Scan, columns: number, y: number, half: number, { all, step }: Plane): void {
  let at = y * columns * step;
  for (let x = 0; x < columns; x += 1, at += step) {
    for (const { index, dc } of components) {
      const predicted = x === 0 ? half : (all[at + index - step] ?? 0);
      all[at + index] = (predicted + differenceOf(bits, dc)) & 0xffff;
    }
  }
}

/** The first sample by the one above, the others by the scan's predictor (Table H.1). */
function otherLine(scan: Scan, columns: number, y: number, { all, step }: Plane): void {
  const { components, bits, spectralStart: predictor } = scan;
  const line = columns * step;
  let at = y * line;
  for (let x = 0; x < columns; x += 1, at += step) {
    for (const { index, dc } of components) {
      const place = at + index;
      const above = all[place - line] ?? 0;
      const predicted =
        x === 0 ? above : predict(predictor, all[place - step] ?? 0, above, all[place - line - step] ?? 0);
      all[place] = (predicted + differenceOf(bits, dc)) & 0xffff;
    }
  }
}

function predict(predictor: number, left: number, above: number, corner: number): number {
  switch (predictor) {
    case 1:
      return left;
    case 2:
      return above;
    case 3:
      return corner;
    case 4:
      return left + above - corner;
    case 5:
      return left + ((above - corner) >> 1);
    case 6:
      return above + ((left - corner) >> 1);
    default:
      return (left + above) >> 1;
  }
}

/** H.1.2.2: category 16 stands for 32,768 and has no further bits. */
function differenceOf(bits: Scan['bits'], dc: ScanComponent['dc']): number {
  const size = bits.symbol(dc);
  if (size < 16) return bits.difference(size);
  if (size === 16) return 32_768;
  throw malformedFrame('its codestream holds a difference of more than 16 bits');
}
