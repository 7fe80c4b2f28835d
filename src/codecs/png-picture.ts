/**
 * PNG (ISO/IEC 15948) to native samples, for pictures that are stored as bulk data (PS3.18 10.5.2: transformed without loss). All
 * colour types and depths, interlaced too; grey below 8 bits is spread over 8. What is transparent has no samples to become.
 */
import { crc32, inflateSync } from 'node:zlib';
import { LeadglassError } from '../error.ts';
import { type FrameFacts, malformedFrame, unsupportedFrame } from './frame.ts';

const signature = [0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a];
/** Samples of a pixel as they stand in the file. */
const channelsOf: Readonly<Record<number, number>> = { 0: 1, 2: 3, 3: 1, 4: 2, 6: 4 };
const depthsOf: Readonly<Record<number, readonly number[]>> = {
  0: [1, 2, 4, 8, 16],
  2: [8, 16],
  3: [1, 2, 4, 8],
  4: [8, 16],
  6: [8, 16],
};
/** Adam7: first column and row, steps (8.2). */
const passes = [
  [0, 0, 8, 8],
  [4, 0, 8, 8],
  [0, 4, 4, 8],
  [2, 0, 4, 4],
  [0, 2, 2, 4],
  [1, 0, 2, 2],
  [0, 1, 1, 2],
] as const;

interface Header {
  readonly width: number;
  readonly height: number;
  readonly depth: number;
  readonly colourType: number;
  readonly interlaced: boolean;
}

/** What the picture becomes, by its header. @throws LeadglassError MALFORMED, UNSUPPORTED */
export function pngFacts(bytes: Uint8Array): FrameFacts {
  const { width, height, depth, colourType } = readHeader(bytes);
  const isGrey = colourType === 0 || colourType === 4;
  const bits = depth === 16 ? 16 : 8;
  return {
    rows: height,
    columns: width,
    samplesPerPixel: isGrey ? 1 : 3,
    bitsAllocated: bits,
    bitsStored: bits,
    pixelRepresentation: 0,
    planarConfiguration: 0,
    photometricInterpretation: isGrey ? 'MONOCHROME2' : 'RGB',
  };
}

/**
 * The samples, little endian, colour by pixel. `lengthBytes` is that of `pngFacts`, which was compared with its limit.
 * @throws LeadglassError MALFORMED, UNSUPPORTED, LIMIT_EXCEEDED
 */
export function decodePng(bytes: Uint8Array, facts: FrameFacts, lengthBytes: number): Uint8Array<ArrayBuffer> {
  const header = readHeader(bytes);
  if (header.width !== facts.columns || header.height !== facts.rows) {
    throw malformedFrame(`its picture has ${header.width} x ${header.height} pixels`);
  }
  const { data, palette, transparent } = readChunks(bytes);
  const lines = inflated(data, header);
  const place = placer(header, { palette, transparent, lengthBytes });
  let at = 0;
  for (const [left, top, across, down] of header.interlaced ? passes : [[0, 0, 1, 1] as const]) {
    const columns = Math.ceil(Math.max(0, header.width - left) / across);
    if (columns === 0) continue;
    const lineBytes = lineLength(header, columns);
    let above: Uint8Array = new Uint8Array(lineBytes);
    for (let row = top; row < header.height; row += down) {
      const line = lines.subarray(at + 1, at + 1 + lineBytes);
      unfilter(lines[at] ?? 0, line, above, Math.max(1, (depthOfPixel(header) / 8) | 0));
      for (let index = 0; index < columns; index += 1)
        place.put(line, index, row * header.width + left + index * across);
      above = line;
      at += 1 + lineBytes;
    }
  }
  return place.pixels;
}

function readHeader(bytes: Uint8Array): Header {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const isPng = bytes.length >= 33 && signature.every((byte, at) => bytes[at] === byte);
  if (!isPng || view.getUint32(8) !== 13 || view.getUint32(12) !== 0x49484452) throw malformedFrame('it is no PNG');
  const [depth = 0, colourType = 0, compression, filter, interlace] = bytes.subarray(24, 29);
  if (depthsOf[colourType]?.includes(depth) !== true || compression !== 0 || filter !== 0 || (interlace ?? 2) > 1) {
    throw malformedFrame('the header of its PNG is not one');
  }
  return { width: view.getUint32(16), height: view.getUint32(20), depth, colourType, interlaced: interlace === 1 };
}

interface Chunks {
  readonly data: readonly Uint8Array[];
  readonly palette: Uint8Array | undefined;
  readonly transparent: Uint8Array | undefined;
}

function readChunks(bytes: Uint8Array): Chunks {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const data: Uint8Array[] = [];
  let palette: Uint8Array | undefined;
  let transparent: Uint8Array | undefined;
  for (let at = 8; at + 12 <= bytes.length; ) {
    const length = view.getUint32(at);
    if (length > bytes.length - at - 12) throw malformedFrame('its PNG is cut off');
    const type = Buffer.from(bytes.subarray(at + 4, at + 8)).toString('latin1');
    const content = bytes.subarray(at + 8, at + 8 + length);
    if (crc32(bytes.subarray(at + 4, at + 8 + length)) !== view.getUint32(at + 8 + length)) {
      throw malformedFrame('a checksum of its PNG is wrong');
    }
    if (type === 'IEND') return { data, palette, transparent };
    if (type === 'IDAT') data.push(content);
    else if (type === 'PLTE') palette = content;
    else if (type === 'tRNS') transparent = content;
    // 5.4: a capital letter in front is of what must be understood. APNG is told by a small one: it would lose its other frames.
    else if (type === 'acTL') throw unsupportedFrame('its PNG is animated');
    else if (type !== 'IHDR' && /^[A-Z]/.test(type))
      throw unsupportedFrame('its PNG has a chunk that is not known here');
    at += 12 + length;
  }
  throw malformedFrame('its PNG has no end');
}

/** Inflates what the header asks for and no byte more: a bomb stops there. */
function inflated(data: readonly Uint8Array[], header: Header): Uint8Array {
  let expected = 0;
  for (const [left, top, across, down] of header.interlaced ? passes : [[0, 0, 1, 1] as const]) {
    const columns = Math.ceil(Math.max(0, header.width - left) / across);
    const rows = Math.ceil(Math.max(0, header.height - top) / down);
    if (columns > 0) expected += rows * (1 + lineLength(header, columns));
  }
  let lines: Uint8Array;
  try {
    lines = inflateSync(Buffer.concat(data), { maxOutputLength: expected });
  } catch (cause) {
    if (cause instanceof RangeError) {
      throw new LeadglassError(
        'LIMIT_EXCEEDED',
        `Cannot decode the frame: its PNG inflates to more than ${expected} bytes`,
      );
    }
    throw malformedFrame('the data of its PNG do not inflate', String(cause));
  }
  if (lines.length !== expected) throw malformedFrame('its PNG has fewer lines than it says');
  return lines;
}

function depthOfPixel({ depth, colourType }: Header): number {
  return depth * (channelsOf[colourType] ?? 1);
}

function lineLength(header: Header, columns: number): number {
  return Math.ceil((columns * depthOfPixel(header)) / 8);
}

/** 9.2, in place. */
function unfilter(filter: number, line: Uint8Array, above: Uint8Array, step: number): void {
  if (filter > 4) throw malformedFrame('a line of its PNG has a filter that there is not');
  if (filter === 0) return;
  for (let at = 0; at < line.length; at += 1) {
    const before = at < step ? 0 : (line[at - step] ?? 0);
    const up = above[at] ?? 0;
    const guess =
      filter === 1
        ? before
        : filter === 2
          ? up
          : filter === 3
            ? (before + up) >> 1
            : paeth(before, up, at < step ? 0 : (above[at - step] ?? 0));
    line[at] = (line[at] ?? 0) + guess;
  }
}

function paeth(before: number, up: number, corner: number): number {
  const estimate = before + up - corner;
  const [a, b, c] = [Math.abs(estimate - before), Math.abs(estimate - up), Math.abs(estimate - corner)];
  if (a <= b && a <= c) return before;
  return b <= c ? up : corner;
}

interface Placer {
  readonly pixels: Uint8Array<ArrayBuffer>;
  /** The pixel of this index in the line goes to that place of the picture. */
  put(line: Uint8Array, index: number, place: number): void;
}

function placer(
  { depth, colourType }: Header,
  {
    palette,
    transparent,
    lengthBytes,
  }: {
    readonly palette: Uint8Array | undefined;
    readonly transparent: Uint8Array | undefined;
    readonly lengthBytes: number;
  },
): Placer {
  const pixels = new Uint8Array(lengthBytes);
  const most = 2 ** depth - 1;
  const sample = (line: Uint8Array, at: number): number => {
    if (depth === 8) return line[at] ?? 0;
    if (depth === 16) return ((line[2 * at] ?? 0) << 8) | (line[2 * at + 1] ?? 0);
    const bit = at * depth;
    return ((line[bit >> 3] ?? 0) >> (8 - depth - (bit & 7))) & most;
  };
  const write = (to: number, value: number): void => {
    if (depth === 16) {
      pixels[2 * to] = value & 0xff;
      pixels[2 * to + 1] = value >> 8;
    } else pixels[to] = depth === 8 ? value : (value * 255) / most;
  };
  if (colourType === 3) {
    if (palette === undefined) throw malformedFrame('its PNG has no palette');
    const put = (line: Uint8Array, index: number, place: number): void => {
      const colour = sample(line, index);
      if (3 * colour + 2 >= palette.length) throw malformedFrame('its PNG has a colour that is not in its palette');
      if ((transparent?.[colour] ?? 255) !== 255) throw seeThrough();
      pixels.set(palette.subarray(3 * colour, 3 * colour + 3), 3 * place);
    };
    return { pixels, put };
  }
  const channels = channelsOf[colourType] ?? 1;
  const isAlpha = colourType >= 4;
  const colours = isAlpha ? channels - 1 : channels;
  const clear = transparent === undefined || isAlpha ? undefined : clearColour(transparent, colours);
  const put = (line: Uint8Array, index: number, place: number): void => {
    let isClear = clear !== undefined;
    for (let colour = 0; colour < colours; colour += 1) {
      const value = sample(line, index * channels + colour);
      isClear = isClear && value === clear?.[colour];
      write(place * colours + colour, value);
    }
    if (isClear || (isAlpha && sample(line, index * channels + colours) !== most)) throw seeThrough();
  };
  return { pixels, put };
}

function clearColour(transparent: Uint8Array, colours: number): readonly number[] {
  return Array.from({ length: colours }, (_, at) => ((transparent[2 * at] ?? 0) << 8) | (transparent[2 * at + 1] ?? 0));
}

function seeThrough(): LeadglassError {
  return unsupportedFrame('a part of its picture is transparent, which pixel data cannot be');
}
