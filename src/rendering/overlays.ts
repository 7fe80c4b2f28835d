/** Overlay planes, PS3.3 C.9.2: read from a data set for one frame, and drawn white over a finished picture. */
import type { DataSet } from '../dicom/data-set.ts';
import { Tags } from '../dicom/dictionary/tags.generated.ts';
import type { ImageFacts, Overlay } from './image-facts.ts';
import { bytesOf } from './lookup-table.ts';
import { malformedImage, type Picture } from './picture.ts';

/** Groups 6000 to 601E, PS3.5 7.6. */
const groups = Array.from({ length: 16 }, (_, index) => index * 0x0002_0000);

/**
 * @param frame from 1
 * @param isActive of a group, as what has to be added to the tags of the first
 * @throws LeadglassError MALFORMED for an overlay that contradicts itself
 */
export function readOverlays(
  dataSet: DataSet,
  frame: number,
  isActive: (group: number) => boolean = () => true,
): readonly Overlay[] {
  return groups
    .filter(isActive)
    .map((group) => readOverlay(dataSet, (tag) => tag + group, frame))
    .filter((overlay) => overlay !== undefined);
}

function readOverlay(dataSet: DataSet, at: (tag: number) => number, frame: number): Overlay | undefined {
  const [rows, columns] = [dataSet.number(at(Tags.OverlayRows)), dataSet.number(at(Tags.OverlayColumns))];
  if (rows === undefined || columns === undefined || rows < 1 || columns < 1) return undefined;
  // Type R outlines what was measured; it is no part of the picture.
  if (dataSet.text(at(Tags.OverlayType)) === 'R') return undefined;
  const [top = 1, left = 1] = dataSet.numbers(at(Tags.OverlayOrigin));
  const place = { rows, columns, top: top - 1, left: left - 1 };
  const bits = bytesOf(dataSet, at(Tags.OverlayData));
  if (bits === undefined) {
    const bitPosition = dataSet.number(at(Tags.OverlayBitPosition)) ?? 0;
    const isEmbedded = (dataSet.number(at(Tags.OverlayBitsAllocated)) ?? 1) > 1;
    return isEmbedded ? { ...place, source: { kind: 'embedded', bitPosition } } : undefined;
  }
  const first = dataSet.number(at(Tags.ImageFrameOrigin)) ?? 1;
  const count = dataSet.number(at(Tags.NumberOfFramesInOverlay));
  // C.9.3.1: without a number of frames one overlay is for all of them.
  const plane = count === undefined ? 0 : frame - first;
  if (plane < 0 || plane >= (count ?? 1)) return undefined;
  const firstBit = plane * rows * columns;
  if (bits.length * 8 < firstBit + rows * columns) {
    throw malformedImage(`an overlay of ${columns} x ${rows} has only ${bits.length} bytes`, 'Overlay Data');
  }
  const from = Math.floor(firstBit / 8);
  const own = new Uint8Array(bits.subarray(from, Math.ceil((firstBit + rows * columns) / 8)));
  return { ...place, source: { kind: 'bits', bits: own, firstBit: firstBit % 8 } };
}

/** @param pixels the native frame, in which embedded overlays stand */
export function drawOverlays(picture: Picture, pixels: Uint8Array, facts: ImageFacts): void {
  for (const overlay of facts.overlays) {
    const isSet = bitTest(overlay, pixels, facts);
    if (isSet !== undefined) drawSet(picture, overlay, isSet, [255, 255, 255]);
  }
}

/** One whose bits are its own. @param value of each channel */
export function drawOverlay(picture: Picture, overlay: Overlay, value: readonly number[]): void {
  if (overlay.source.kind === 'bits') drawSet(picture, overlay, ownBits(overlay, overlay.source), value);
}

type BitTest = (row: number, column: number) => boolean;

function bitTest({ source, columns, rows }: Overlay, pixels: Uint8Array, facts: ImageFacts): BitTest | undefined {
  if (source.kind === 'bits') return ownBits({ columns }, source);
  const { frame, highBit } = facts;
  const { bitPosition } = source;
  const isSpare = bitPosition > highBit || bitPosition <= highBit - frame.bitsStored;
  // Only a native grey frame of the same size has bits to spare (C.9.2.1, retired in 2004).
  if (frame.samplesPerPixel !== 1 || frame.bitsAllocated < 8 || frame.bitsAllocated > 16) return undefined;
  if (!isSpare || bitPosition >= frame.bitsAllocated) return undefined;
  if (columns !== frame.columns || rows !== frame.rows) return undefined;
  const bytes = frame.bitsAllocated / 8;
  const byte = bitPosition >>> 3;
  return (row, column) => (((pixels[(row * columns + column) * bytes + byte] ?? 0) >> (bitPosition & 7)) & 1) === 1;
}

function ownBits(
  { columns }: Pick<Overlay, 'columns'>,
  { bits, firstBit }: Overlay['source'] & { readonly kind: 'bits' },
): BitTest {
  return (row, column) => {
    const bit = firstBit + row * columns + column;
    return (((bits[bit >>> 3] ?? 0) >> (bit & 7)) & 1) === 1;
  };
}

function drawSet(
  picture: Picture,
  { rows, columns, top, left }: Overlay,
  isSet: BitTest,
  value: readonly number[],
): void {
  const { width, height, channels, pixels } = picture;
  const [rowFrom, rowTo] = [Math.max(0, -top), Math.min(rows, height - top)];
  const [columnFrom, columnTo] = [Math.max(0, -left), Math.min(columns, width - left)];
  for (let row = rowFrom; row < rowTo; row += 1) {
    for (let column = columnFrom; column < columnTo; column += 1) {
      if (!isSet(row, column)) continue;
      const at = ((row + top) * width + column + left) * channels;
      for (let channel = 0; channel < channels; channel += 1) pixels[at + channel] = value[channel] ?? 0;
    }
  }
}
