/**
 * The main header of JPEG 2000 and HTJ2K codestreams (ITU-T T.800 Annex A, T.814 Annex A), read before any decoder sees
 * them, and the sign bit in it, which stands in for what the codecs cannot do with signed bytes.
 */
import {
  checkComponents,
  checkPrecision,
  checkSides,
  type FrameFacts,
  malformedFrame,
  unsupportedFrame,
} from './frame.ts';

export interface Jpeg2000Header {
  readonly precision: number;
  readonly signed: boolean;
  /** A multiple component transformation is applied: decoded colours are RGB (T.800 Annex G). */
  readonly colourTransform: boolean;
  /** The 5/3 wavelet: nothing is lost by it. */
  readonly reversible: boolean;
  /** Code blocks of T.814: HTJ2K. */
  readonly highThroughput: boolean;
}

const soc = 0xff4f;
const siz = 0xff51;
const cap = 0xff50;
const cod = 0xff52;
const sot = 0xff90;
/** The SIZ segment comes first, so its fields stand at fixed places; Ssiz of the first component at 42. */
const ssizAt = 42;

/**
 * The codestream itself. DICOM wants it bare (PS3.5 A.4.4), but some devices wrap it in a JP2 file (T.800 Annex I); what that
 * says of colours is left to the data set.
 */
export function bareCodestream(bytes: Uint8Array): Uint8Array {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (bytes.length < 12 || view.getUint32(0) !== 12 || view.getUint32(4) !== 0x6a502020) return bytes;
  let at = 0;
  while (at + 8 <= bytes.length) {
    const length = view.getUint32(at);
    if (view.getUint32(at + 4) === 0x6a703263) return bytes.subarray(at + 8, length === 0 ? bytes.length : at + length);
    if (length < 8) break; // box lengths of 64 bits or to the end: no codestream comes
    at += length;
  }
  throw malformedFrame('it is a JP2 file without a codestream');
}

/**
 * Reads the main header and compares it with the data set.
 * @throws LeadglassError MALFORMED when they differ, UNSUPPORTED for what the decoders cannot do rightly
 */
export function readJpeg2000Header(bytes: Uint8Array, facts: FrameFacts): Jpeg2000Header {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (bytes.length < ssizAt + 3 || view.getUint16(0) !== soc || view.getUint16(2) !== siz) {
    throw malformedFrame('it does not begin as a JPEG 2000 codestream');
  }
  checkGeometry(view, facts);
  const first = bytes[ssizAt] ?? 0;
  for (let component = 0; component < facts.samplesPerPixel; component += 1) {
    const at = ssizAt + 3 * component;
    if (bytes[at] !== first) throw unsupportedFrame('the components of its JPEG 2000 codestream differ in their bits');
    if (bytes[at + 1] !== 1 || bytes[at + 2] !== 1) {
      throw unsupportedFrame('the components of its JPEG 2000 codestream are subsampled');
    }
  }
  const precision = (first & 0x7f) + 1;
  checkPrecision(precision, facts);
  return { precision, signed: (first & 0x80) !== 0, ...readStyle(view) };
}

const eoc = 0xffd9;
const sotBytes = 12;

/**
 * The codestream when all of its tiles and all bytes of its tile-parts are there (T.800 A.4.2): the decoders would make up
 * what is missing. A missing end marker is put back, since some devices leave it out and nothing is lost by that.
 *
 * @throws LeadglassError MALFORMED
 */
export function wholeCodestream(bytes: Uint8Array): Uint8Array {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const { tiles, end } = walkTileParts(view);
  if (tiles.size !== tileCount(view)) throw malformedFrame('a tile of its JPEG 2000 codestream is missing');
  const parts = [...tiles.values()];
  if (parts.some(({ told, found }) => told > found)) {
    throw malformedFrame('a tile-part of its JPEG 2000 codestream is missing');
  }
  if (end === undefined || (end + 2 <= bytes.length && view.getUint16(end) === eoc)) return bytes;
  // One byte may be there as padding, or be half of the end marker; and more tile-parts might have come.
  if (end + 1 < bytes.length || parts.some(({ told }) => told === 0)) {
    throw malformedFrame('its JPEG 2000 codestream has no end');
  }
  const result = new Uint8Array(end + 2);
  result.set(bytes.subarray(0, end));
  result.set([eoc >> 8, eoc & 0xff], end);
  return result;
}

interface TileParts {
  found: number;
  /** TNsot: how many there are; 0 where no tile-part tells. */
  told: number;
}

/** Isot to TNsot of each tile-part, A.4.2. `end` is undefined where the last one goes to the end of the codestream. */
function walkTileParts(view: DataView): {
  readonly tiles: ReadonlyMap<number, TileParts>;
  readonly end: number | undefined;
} {
  const tiles = new Map<number, TileParts>();
  let at = firstTile(view);
  while (at + sotBytes <= view.byteLength && view.getUint16(at) === sot) {
    const tile = view.getUint16(at + 4);
    const { found, told } = tiles.get(tile) ?? { found: 0, told: 0 };
    tiles.set(tile, { found: found + 1, told: Math.max(told, view.getUint8(at + 11)) });
    const length = view.getUint32(at + 6);
    if (length === 0) return { tiles, end: undefined };
    if (length < sotBytes + 2 || at + length > view.byteLength) {
      throw malformedFrame('its JPEG 2000 codestream is cut off');
    }
    at += length;
  }
  return { tiles, end: at };
}

/** Xsiz, Ysiz, XTsiz and YTsiz of A.5.1; offsets are refused elsewhere. */
function tileCount(view: DataView): number {
  return Math.ceil(view.getUint32(8) / view.getUint32(24)) * Math.ceil(view.getUint32(12) / view.getUint32(28));
}

function firstTile(view: DataView): number {
  let at = 2;
  while (at + 4 <= view.byteLength && view.getUint16(at) !== sot) at += 2 + view.getUint16(at + 2);
  if (at + sotBytes > view.byteLength) throw malformedFrame('its JPEG 2000 codestream has no tile');
  return at;
}

/** Says signed or unsigned in the header, whatever it said before. Changes `bytes`. */
export function markSigned(bytes: Uint8Array, components: number, signed: boolean): void {
  for (let component = 0; component < components; component += 1) {
    const at = ssizAt + 3 * component;
    bytes[at] = ((bytes[at] ?? 0) & 0x7f) | (signed ? 0x80 : 0);
  }
}

/** Xsiz to YTOsiz and Csiz, A.5.1. */
function checkGeometry(view: DataView, facts: FrameFacts): void {
  const word = (index: number): number => view.getUint32(8 + 4 * index);
  const offsets = [word(2), word(3), word(6), word(7)];
  if (offsets.some((offset) => offset !== 0)) throw unsupportedFrame('its JPEG 2000 image or tiles have an offset');
  checkSides({ columns: word(0), rows: word(1) }, facts);
  const tiles = tileCount(view);
  if (!(tiles >= 1 && tiles <= 65_535)) throw malformedFrame('its JPEG 2000 tiles are more than 65,535 or of no size');
  const components = view.getUint16(40);
  checkComponents(components, facts);
  if (view.getUint16(4) !== 38 + 3 * components || view.byteLength < ssizAt + 3 * components) {
    throw malformedFrame('its JPEG 2000 size segment has a wrong length');
  }
}

/** Walks the marker segments up to the first tile. */
function readStyle(view: DataView): Pick<Jpeg2000Header, 'colourTransform' | 'reversible' | 'highThroughput'> {
  let highThroughput = false;
  let style: { colourTransform: boolean; reversible: boolean } | undefined;
  for (let at = 2; at + 4 <= view.byteLength; ) {
    const marker = view.getUint16(at);
    if (marker === sot) break;
    const length = view.getUint16(at + 2);
    if (length < 2 || at + 2 + length > view.byteLength) throw malformedFrame('its JPEG 2000 main header is cut off');
    // T.814 A.3: bit 14 of Pcap tells that part 15 is needed.
    if (marker === cap && length >= 6 && (view.getUint32(at + 4) & 0x0002_0000) !== 0) highThroughput = true;
    if (marker === cod && length >= 12) {
      style = { colourTransform: view.getUint8(at + 8) === 1, reversible: view.getUint8(at + 13) === 1 };
    }
    at += 2 + length;
  }
  if (style === undefined) throw malformedFrame('its JPEG 2000 main header has no coding style');
  return { ...style, highThroughput };
}
