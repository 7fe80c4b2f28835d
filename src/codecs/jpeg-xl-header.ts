/**
 * What stands at the beginning of a JPEG XL codestream (ISO/IEC 18181-1: size header and image metadata; 18181-2: boxes around it), read
 * before any decoder sees it. Bits come from the lowest of each byte on.
 */
import {
  checkComponents,
  checkPrecision,
  checkSides,
  type FrameFacts,
  malformedFrame,
  unsupportedFrame,
} from './frame.ts';

export interface JpegXlHeader {
  readonly columns: number;
  readonly rows: number;
  /** Bits of each sample, as it was before it was coded. */
  readonly precision: number;
  /** 1 or 3. */
  readonly components: number;
}

/**
 * @throws LeadglassError MALFORMED when it is none, or is cut off; UNSUPPORTED for what no image of DICOM is: animations, previews, turned
 *   pictures, alpha, floating point
 */
export function readJpegXlHeader(bytes: Uint8Array): JpegXlHeader {
  const bits = new Bits(codestreamIn(bytes));
  if (bits.take(16) !== 0x0aff) throw malformedFrame('it does not begin as a JPEG XL codestream');
  const { columns, rows } = readSize(bits);
  if (bits.take(1) === 1) return { columns, rows, precision: 8, components: 3 }; // all as usual: sRGB
  if (bits.take(1) === 1) readExtraFields(bits);
  const isFloat = bits.take(1) === 1;
  const precision = bits.choose([8], [10], [12], [1, 6]);
  bits.take(1); // whether 16 bits are enough for a decoder
  const extraChannels = bits.choose([0], [1], [2, 4], [1, 12]);
  if (isFloat || extraChannels > 0) {
    throw unsupportedFrame('its JPEG XL codestream has floating point samples, or more channels than grey or colours');
  }
  bits.take(1); // whether colours are coded as XYB
  return { columns, rows, precision, components: isGrey(bits) ? 1 : 3 };
}

/** Compares it with the data set. @throws LeadglassError MALFORMED, UNSUPPORTED */
export function checkJpegXlHeader(header: JpegXlHeader, facts: FrameFacts): void {
  checkSides(header, facts);
  checkComponents(header.components, facts);
  checkPrecision(header.precision, facts);
}

function readSize(bits: Bits): { readonly columns: number; readonly rows: number } {
  const isSmall = bits.take(1) === 1; // a multiple of eight, up to 256
  const side = (): number => (isSmall ? 8 * (1 + bits.take(5)) : bits.choose([1, 9], [1, 13], [1, 18], [1, 30]));
  const rows = side();
  const ratio = ratios[bits.take(3)];
  return { rows, columns: ratio === undefined ? side() : Math.floor((rows * ratio[0]) / ratio[1]) };
}

/** Columns to rows; the first says that columns are told. */
const ratios: readonly (readonly [number, number] | undefined)[] = [
  undefined,
  [1, 1],
  [12, 10],
  [4, 3],
  [3, 2],
  [16, 9],
  [5, 4],
  [2, 1],
];

function readExtraFields(bits: Bits): void {
  const orientation = 1 + bits.take(3);
  if (bits.take(1) === 1) readSize(bits); // as large as it is meant to be shown
  const hasPreview = bits.take(1) === 1;
  if (orientation !== 1 || hasPreview || bits.take(1) === 1) {
    throw unsupportedFrame('its JPEG XL codestream is an animation, is turned, or has a preview');
  }
}

/** The colour encoding, as far as it tells that there is one channel only. */
function isGrey(bits: Bits): boolean {
  if (bits.take(1) === 1) return false; // sRGB
  bits.take(1); // whether an ICC profile follows
  return bits.choose([0], [1], [2, 4], [18, 6]) === 1;
}

const boxed = [0, 0, 0, 0x0c, 0x4a, 0x58, 0x4c, 0x20];

/** The codestream, or its first part where boxes cut it into several. */
function codestreamIn(bytes: Uint8Array): Uint8Array {
  if (boxed.some((byte, at) => bytes[at] !== byte)) return bytes;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  let at = 0;
  while (at + 8 <= bytes.length) {
    const length = view.getUint32(at);
    const type = view.getUint32(at + 4);
    const long = length === 1 && at + 16 <= bytes.length;
    const head = long ? 16 : 8;
    const whole = long ? Number(view.getBigUint64(at + 8)) : length;
    const end = length === 0 ? bytes.length : at + whole;
    if (type === 0x6a78_6c63) return bytes.subarray(at + head, end); // jxlc
    if (type === 0x6a78_6c70) return bytes.subarray(at + head + 4, end); // jxlp, after its number
    if (length === 0 || whole < head) break;
    at += whole;
  }
  throw malformedFrame('it is a JPEG XL file without a codestream');
}

class Bits {
  readonly #bytes: Uint8Array;
  #at = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  /** At most 30. @throws LeadglassError MALFORMED */
  take(count: number): number {
    if (this.#at + count > 8 * this.#bytes.length) throw malformedFrame('its JPEG XL codestream is cut off');
    let value = 0;
    for (let nth = 0; nth < count; nth += 1, this.#at += 1) {
      value |= (((this.#bytes[this.#at >> 3] ?? 0) >> (this.#at & 7)) & 1) << nth;
    }
    return value;
  }

  /** U32: two bits choose how; each way is a number, plus so many bits. */
  choose(...ways: readonly [Way, Way, Way, Way]): number {
    const [least, count = 0] = ways[this.take(2)] ?? [0];
    return least + this.take(count);
  }
}

type Way = readonly [least: number, bits?: number];
