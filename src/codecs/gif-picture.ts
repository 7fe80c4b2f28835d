/**
 * GIF (87a, 89a) to native samples, for pictures that are stored as bulk data (PS3.18 10.5.2: transformed without loss): one opaque
 * picture that fills its screen. An animation has times and rules of its own that no image of ours keeps.
 */
import { type FrameFacts, malformedFrame, unsupportedFrame } from './frame.ts';

/** What the picture becomes, by its header. @throws LeadglassError MALFORMED */
export function gifFacts(bytes: Uint8Array): FrameFacts {
  if (bytes.length < 13 || !/^GIF8[79]a$/.test(Buffer.from(bytes.subarray(0, 6)).toString('latin1'))) {
    throw malformedFrame('it is no GIF');
  }
  return {
    rows: word(bytes, 8),
    columns: word(bytes, 6),
    samplesPerPixel: 3,
    bitsAllocated: 8,
    bitsStored: 8,
    pixelRepresentation: 0,
    planarConfiguration: 0,
    photometricInterpretation: 'RGB',
  };
}

/** @throws LeadglassError MALFORMED, UNSUPPORTED */
export function decodeGif(bytes: Uint8Array, facts: FrameFacts, lengthBytes: number): Uint8Array<ArrayBuffer> {
  const { rows, columns } = gifFacts(bytes);
  if (rows !== facts.rows || columns !== facts.columns) {
    throw malformedFrame(`its picture has ${columns} x ${rows} pixels`);
  }
  const { colours, indices, interlaced, clear } = onlyImage(bytes, rows * columns, { rows, columns });
  const pixels = new Uint8Array(lengthBytes);
  const lineOf = interlaced ? interlacedLines(rows) : undefined;
  for (let line = 0, from = 0; line < rows; line += 1) {
    let to = (lineOf?.[line] ?? line) * columns * 3;
    for (let column = 0; column < columns; column += 1, from += 1, to += 3) {
      const index = indices[from] ?? 0;
      if (index === clear) throw unsupportedFrame('a part of its picture is transparent, which pixel data cannot be');
      if (3 * index + 2 >= colours.length) throw malformedFrame('its GIF has a colour that is not in its table');
      pixels[to] = colours[3 * index] ?? 0;
      pixels[to + 1] = colours[3 * index + 1] ?? 0;
      pixels[to + 2] = colours[3 * index + 2] ?? 0;
    }
  }
  return pixels;
}

interface GifImage {
  readonly colours: Uint8Array;
  readonly indices: Uint8Array;
  readonly interlaced: boolean;
  readonly clear: number | undefined;
}

/** The one image of the file. */
function onlyImage(
  bytes: Uint8Array,
  pixels: number,
  screen: { readonly rows: number; readonly columns: number },
): GifImage {
  let at = 13;
  const table = (flags: number): Uint8Array | undefined => {
    if ((flags & 0x80) === 0) return undefined;
    const lengthBytes = 3 * 2 ** ((flags & 7) + 1);
    at += lengthBytes;
    return bytes.subarray(at - lengthBytes, at);
  };
  const global = table(bytes[10] ?? 0);
  let clear: number | undefined;
  let image: GifImage | undefined;
  while (at < bytes.length) {
    const kind = bytes[at];
    if (kind === 0x3b) {
      if (image === undefined) break;
      return image;
    }
    if (kind === 0x21) {
      const isControl = bytes[at + 1] === 0xf9;
      if (isControl) clear = ((bytes[at + 3] ?? 0) & 1) === 1 ? bytes[at + 6] : undefined;
      at = blocksEnd(bytes, at + 2);
    } else if (kind === 0x2c) {
      if (image !== undefined) throw unsupportedFrame('its GIF has several pictures; send each as a part');
      const [left, top, width, height] = [1, 3, 5, 7].map((offset) => word(bytes, at + offset));
      if (left !== 0 || top !== 0 || width !== screen.columns || height !== screen.rows) {
        throw unsupportedFrame('its GIF does not fill its screen');
      }
      const flags = bytes[at + 9] ?? 0;
      at += 10;
      const colours = table(flags) ?? global;
      if (colours === undefined) throw malformedFrame('its GIF has no colours');
      const codeBits = bytes[at] ?? 0;
      const end = blocksEnd(bytes, at + 1);
      const indices = unpacked(joinedBlocks(bytes, at + 1, end), codeBits, pixels);
      image = { colours, indices, interlaced: (flags & 0x40) !== 0, clear };
      at = end;
    } else throw malformedFrame('its GIF has a block that there is not');
  }
  throw malformedFrame('its GIF is cut off');
}

/** Behind the sub-blocks that begin there. */
function blocksEnd(bytes: Uint8Array, from: number): number {
  let at = from;
  for (;;) {
    const length = bytes[at];
    if (length === undefined) throw malformedFrame('its GIF is cut off');
    at += 1 + length;
    if (length === 0) return at;
  }
}

function joinedBlocks(bytes: Uint8Array, from: number, end: number): Uint8Array {
  const joined = new Uint8Array(end - from);
  let to = 0;
  for (let at = from; at < end; at += 1 + (bytes[at] ?? 0)) {
    const block = bytes.subarray(at + 1, at + 1 + (bytes[at] ?? 0));
    joined.set(block, to);
    to += block.length;
  }
  return joined.subarray(0, to);
}

const codesMax = 4096;

/** LZW with codes of growing length; stops at the number of pixels that the header tells. */
function unpacked(data: Uint8Array, codeBits: number, pixels: number): Uint8Array {
  if (codeBits < 2 || codeBits > 8) throw malformedFrame('the code size of its GIF is not 2 to 8');
  const clearCode = 2 ** codeBits;
  const prefix = new Uint16Array(codesMax);
  const suffix = new Uint8Array(codesMax);
  const stack = new Uint8Array(codesMax + 1);
  const indices = new Uint8Array(pixels);
  let [bits, next, before, first] = [codeBits + 1, clearCode + 2, -1, 0];
  let [held, heldBits, to] = [0, 0, 0];
  for (let at = 0; to < pixels; ) {
    while (heldBits < bits) {
      if (at >= data.length) throw malformedFrame('its GIF has fewer pixels than it says');
      held |= (data[at] ?? 0) << heldBits;
      heldBits += 8;
      at += 1;
    }
    const code = held & (2 ** bits - 1);
    held >>= bits;
    heldBits -= bits;
    if (code === clearCode) {
      [bits, next, before] = [codeBits + 1, clearCode + 2, -1];
      continue;
    }
    if (code === clearCode + 1) throw malformedFrame('its GIF has fewer pixels than it says');
    if (code > next || (before === -1 && code > clearCode))
      throw malformedFrame('its GIF has a code that there is not');
    let depth = 0;
    let walk = code;
    // The code that is being made: what came before it, and its first pixel again.
    if (code === next && before !== -1) {
      stack[depth++] = first;
      walk = before;
    }
    for (; walk >= clearCode; walk = prefix[walk] ?? 0) stack[depth++] = suffix[walk] ?? 0;
    first = walk;
    stack[depth++] = first;
    while (depth > 0 && to < pixels) indices[to++] = stack[--depth] ?? 0;
    if (before !== -1 && next < codesMax) {
      prefix[next] = before;
      suffix[next] = first;
      next += 1;
      if (next === 2 ** bits && bits < 12) bits += 1;
    }
    before = code;
  }
  return indices;
}

/** Where each line of the file belongs: every eighth, those between, and so on. */
function interlacedLines(rows: number): readonly number[] {
  const lines: number[] = [];
  for (const [first, step] of [
    [0, 8],
    [4, 8],
    [2, 4],
    [1, 2],
  ] as const) {
    for (let line = first; line < rows; line += step) lines.push(line);
  }
  return lines;
}

function word(bytes: Uint8Array, at: number): number {
  return (bytes[at] ?? 0) | ((bytes[at + 1] ?? 0) << 8);
}
