/**
 * RLE Lossless, PS3.5 Annex G: each byte of a composite pixel is a segment of its own, most significant first, packed with
 * PackBits. Decoded frames are colour by pixel, little endian.
 */
import { type FrameFacts, malformedFrame, unsupportedFrame } from './frame.ts';

const headerBytes = 64;
const segmentsMax = 15;

/**
 * `lengthBytes` is `frameBytes` of the facts; nothing beyond it is ever written.
 * @throws LeadglassError MALFORMED, UNSUPPORTED
 */
export function decodeRle(bytes: Uint8Array, facts: FrameFacts, lengthBytes: number): Uint8Array<ArrayBuffer> {
  const width = bytesPerSample(facts);
  const segments = facts.samplesPerPixel * width;
  const offsets = readHeader(bytes, segments);
  const pixels = new Uint8Array(lengthBytes);
  for (let segment = 0; segment < segments; segment += 1) {
    const start = offsets[segment] ?? 0;
    const end = offsets[segment + 1] ?? bytes.length;
    const sample = Math.floor(segment / width);
    const to = sample * width + (width - 1 - (segment % width));
    unpack(bytes.subarray(start, end), pixels, to, segments);
  }
  return pixels;
}

/** Of native pixels; a whole RLE frame with its header. @throws LeadglassError UNSUPPORTED */
export function encodeRle(pixels: Uint8Array, facts: FrameFacts): Uint8Array<ArrayBuffer> {
  const width = bytesPerSample(facts);
  const { samplesPerPixel, rows, columns } = facts;
  const segments = samplesPerPixel * width;
  const count = rows * columns;
  const byPlane = samplesPerPixel > 1 && facts.planarConfiguration === 1;
  const step = byPlane ? width : segments;
  const rowMax = columns + Math.ceil(columns / 128);
  const result = new Uint8Array(headerBytes + segments * (rows * rowMax + 1));
  const header = new DataView(result.buffer);
  header.setUint32(0, segments, true);
  const row = new Uint8Array(columns);
  let at = headerBytes;
  for (let segment = 0; segment < segments; segment += 1) {
    header.setUint32(4 + 4 * segment, at, true);
    const sample = Math.floor(segment / width);
    const first = sample * (byPlane ? count * width : width) + (width - 1 - (segment % width));
    // Runs end with their row, G.3.1.
    for (let y = 0, from = first; y < rows; y += 1) {
      for (let x = 0; x < columns; x += 1, from += step) row[x] = pixels[from] ?? 0;
      at = pack(row, result, at);
    }
    if (at % 2 === 1) at += 1; // G.3.2: a segment has an even length
  }
  return result.slice(0, at);
}

function bytesPerSample(facts: FrameFacts): number {
  const width = facts.bitsAllocated / 8;
  if (Number.isInteger(width) && facts.samplesPerPixel * width <= segmentsMax) return width;
  throw unsupportedFrame(`RLE has no segments for Bits Allocated ${facts.bitsAllocated}`);
}

function readHeader(bytes: Uint8Array, segments: number): readonly number[] {
  if (bytes.length < headerBytes) throw malformedFrame(`${bytes.length} bytes are no RLE header of ${headerBytes}`);
  const header = new DataView(bytes.buffer, bytes.byteOffset, headerBytes);
  const told = header.getUint32(0, true);
  if (told !== segments) throw malformedFrame(`it has ${told} RLE segments, and its attributes ask for ${segments}`);
  const offsets: number[] = [];
  for (let segment = 0; segment < segments; segment += 1) {
    const offset = header.getUint32(4 + 4 * segment, true);
    if (offset < (offsets.at(-1) ?? headerBytes) || offset > bytes.length) {
      throw malformedFrame(
        `RLE segment ${segment + 1} begins at ${offset}, out of order or beyond ${bytes.length} bytes`,
      );
    }
    offsets.push(offset);
  }
  return offsets;
}

/** PackBits, G.3.1. Bytes after the last pixel are padding or, from some encoders, rubbish: they are not looked at. */
function unpack(from: Uint8Array, to: Uint8Array, first: number, step: number): void {
  const end = to.length;
  let at = 0;
  let out = first;
  while (out < end) {
    if (at >= from.length) throw malformedFrame('an RLE segment ends before its last pixel');
    const code = from[at] ?? 0;
    at += 1;
    if (code < 128) {
      const stop = at + code + 1;
      if (stop > from.length) throw malformedFrame('a literal run ends beyond its RLE segment');
      for (; at < stop && out < end; at += 1, out += step) to[out] = from[at] ?? 0;
      at = stop;
    } else if (code > 128) {
      if (at >= from.length) throw malformedFrame('a replicate run ends beyond its RLE segment');
      const value = from[at] ?? 0;
      at += 1;
      for (let left = 257 - code; left > 0 && out < end; left -= 1, out += step) to[out] = value;
    }
    // 128 is to be skipped.
  }
}

/** Packs one row; gives the place after it. Two equal bytes alone do not end a literal run: that would win nothing. */
function pack(row: Uint8Array, to: Uint8Array, start: number): number {
  let out = start;
  let at = 0;
  while (at < row.length) {
    const run = runLength(row, at);
    if (run >= 2) {
      to[out] = 257 - run;
      to[out + 1] = row[at] ?? 0;
      out += 2;
      at += run;
      continue;
    }
    let end = at + 1;
    while (end < row.length && end - at < 128 && runLength(row, end) < 3) end += 1;
    to[out] = end - at - 1;
    to.set(row.subarray(at, end), out + 1);
    out += 1 + end - at;
    at = end;
  }
  return out;
}

function runLength(row: Uint8Array, at: number): number {
  const most = Math.min(row.length, at + 128);
  let end = at + 1;
  while (end < most && row[end] === row[at]) end += 1;
  return end - at;
}
