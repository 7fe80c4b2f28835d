/** PNG and GIF files for tests, written without any library: every colour type, depth, filter and order of lines. */
import { crc32, deflateSync } from 'node:zlib';

export interface PngFacts {
  readonly width: number;
  readonly height: number;
  readonly depth: number;
  readonly colourType: 0 | 2 | 3 | 4 | 6;
  readonly interlaced?: boolean;
  readonly palette?: Uint8Array;
  readonly transparent?: Uint8Array;
  /** Of every line; by default they take turns. */
  readonly filter?: number;
  readonly extra?: readonly Uint8Array[];
}

const channels = { 0: 1, 2: 3, 3: 1, 4: 2, 6: 4 } as const;
export const adam7 = [
  [0, 0, 8, 8],
  [4, 0, 8, 8],
  [0, 4, 4, 8],
  [2, 0, 4, 4],
  [0, 2, 2, 4],
  [1, 0, 2, 2],
  [0, 1, 1, 2],
] as const;

/** `samples`: channel by channel, pixel by pixel, each of `depth` bits. */
export function pngFile(facts: PngFacts, samples: readonly number[]): Uint8Array<ArrayBuffer> {
  const { width, height, depth, colourType, interlaced = false, palette, transparent, extra = [] } = facts;
  const each = channels[colourType];
  const lines: Uint8Array[] = [];
  for (const [left, top, across, down] of interlaced ? adam7 : [[0, 0, 1, 1] as const]) {
    const columns = Math.ceil(Math.max(0, width - left) / across);
    if (columns === 0) continue;
    let above: Uint8Array = new Uint8Array(Math.ceil((columns * each * depth) / 8));
    for (let row = top; row < height; row += down) {
      const line = new Uint8Array(above.length);
      for (let at = 0; at < columns * each; at += 1) {
        const place = (row * width + left + Math.floor(at / each) * across) * each + (at % each);
        putSample(line, at, samples[place] ?? 0, depth);
      }
      const filter = facts.filter ?? lines.length % 5;
      lines.push(filtered(line, above, { filter, step: Math.max(1, (each * depth) >> 3) }));
      above = line;
    }
  }
  const header = Buffer.alloc(13);
  header.writeUInt32BE(width, 0);
  header.writeUInt32BE(height, 4);
  header.set([depth, colourType, 0, 0, interlaced ? 1 : 0], 8);
  return new Uint8Array(
    Buffer.concat([
      Uint8Array.of(0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a),
      pngChunk('IHDR', header),
      ...(palette === undefined ? [] : [pngChunk('PLTE', palette)]),
      ...(transparent === undefined ? [] : [pngChunk('tRNS', transparent)]),
      ...extra,
      pngChunk('IDAT', deflateSync(Buffer.concat(lines))),
      pngChunk('IEND', new Uint8Array(0)),
    ]),
  );
}

function putSample(line: Uint8Array, at: number, value: number, depth: number): void {
  if (depth === 16) line.set([value >> 8, value & 0xff], 2 * at);
  else if (depth === 8) line[at] = value;
  else {
    const bit = at * depth;
    line[bit >> 3] = (line[bit >> 3] ?? 0) | (value << (8 - depth - (bit & 7)));
  }
}

function filtered(
  line: Uint8Array,
  above: Uint8Array,
  { filter, step }: { readonly filter: number; readonly step: number },
): Uint8Array {
  const result = new Uint8Array(line.length + 1);
  result[0] = filter;
  for (let at = 0; at < line.length; at += 1) {
    const [a, b, c] = [line[at - step] ?? 0, above[at] ?? 0, at < step ? 0 : (above[at - step] ?? 0)];
    const left = at < step ? 0 : a;
    const p = left + b - c;
    const [pa, pb, pc] = [Math.abs(p - left), Math.abs(p - b), Math.abs(p - c)];
    const paeth = pa <= pb && pa <= pc ? left : pb <= pc ? b : c;
    result[at + 1] = (line[at] ?? 0) - ([0, left, b, Math.floor((left + b) / 2), paeth][filter] ?? 0);
  }
  return result;
}

export function pngChunk(type: string, content: Uint8Array): Uint8Array {
  const bytes = Buffer.alloc(12 + content.length);
  bytes.writeUInt32BE(content.length, 0);
  bytes.write(type, 4, 'latin1');
  bytes.set(content, 8);
  bytes.writeUInt32BE(crc32(bytes.subarray(4, 8 + content.length)), 8 + content.length);
  return bytes;
}

export interface GifFacts {
  readonly width: number;
  readonly height: number;
  /** Red, green, blue; as many colours as a power of two. */
  readonly palette: Uint8Array;
  readonly interlaced?: boolean;
  /** A colour that is none. */
  readonly clear?: number;
  readonly images?: number;
}

/** LZW as a plain encoder writes it: the table grows, and is cleared when it is full. */
export function gifFile(facts: GifFacts, indices: readonly number[]): Uint8Array<ArrayBuffer> {
  const { width, height, palette, interlaced = false, clear, images = 1 } = facts;
  const bits = Math.log2(palette.length / 3);
  const codeBits = Math.max(2, bits);
  const screen = Buffer.alloc(7);
  screen.writeUInt16LE(width, 0);
  screen.writeUInt16LE(height, 2);
  screen[4] = 0x80 | (bits - 1);
  const image = Buffer.alloc(10);
  image[0] = 0x2c;
  image.writeUInt16LE(width, 5);
  image.writeUInt16LE(height, 7);
  image[9] = interlaced ? 0x40 : 0;
  const control = clear === undefined ? [] : [0x21, 0xf9, 4, 1, 0, 0, clear, 0];
  const ordered = interlaced ? inGifOrder(indices, width, height) : indices;
  const one = [...control, ...image, codeBits, ...blocks(packed(ordered, codeBits)), 0];
  const all = Array.from({ length: images }, () => one).flat();
  const comment = [0x21, 0xfe, 2, 0x68, 0x69, 0];
  return Uint8Array.from([...Buffer.from('GIF89a'), ...screen, ...palette, ...comment, ...all, 0x3b]);
}

function inGifOrder(indices: readonly number[], width: number, height: number): readonly number[] {
  const order = [
    [0, 8],
    [4, 8],
    [2, 4],
    [1, 2],
  ] as const; // prettier keeps it short
  const result: number[] = [];
  for (const [first, step] of order) {
    for (let line = first; line < height; line += step) result.push(...indices.slice(line * width, (line + 1) * width));
  }
  return result;
}

function packed(indices: readonly number[], codeBits: number): readonly number[] {
  const [clearCode, endCode] = [2 ** codeBits, 2 ** codeBits + 1];
  const bytes: number[] = [];
  let [held, heldBits, bits] = [0, 0, codeBits + 1];
  const put = (code: number): void => {
    held |= code << heldBits;
    heldBits += bits;
    for (; heldBits >= 8; heldBits -= 8, held >>= 8) bytes.push(held & 0xff);
  };
  let table = new Map<string, number>();
  let next = endCode + 1;
  put(clearCode);
  let before = '';
  const codeOf = (text: string): number => table.get(text) ?? Number(text);
  for (const index of indices) {
    const longer = before === '' ? `${index}` : `${before},${index}`;
    if (before === '' || table.has(longer)) {
      before = longer;
      continue;
    }
    put(codeOf(before));
    if (next === 4096) {
      put(clearCode);
      [table, next, bits] = [new Map(), endCode + 1, codeBits + 1];
    } else {
      table.set(longer, next);
      if (next === 2 ** bits) bits += 1;
      next += 1;
    }
    before = `${index}`;
  }
  put(codeOf(before));
  put(endCode);
  if (heldBits > 0) bytes.push(held & 0xff);
  return bytes;
}

function blocks(bytes: readonly number[]): readonly number[] {
  const result: number[] = [];
  for (let at = 0; at < bytes.length; at += 255) {
    const block = bytes.slice(at, at + 255);
    result.push(block.length, ...block);
  }
  return result;
}
