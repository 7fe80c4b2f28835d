/**
 * The headers of JPEG (ITU-T T.81 Annex B) and JPEG-LS (ITU-T T.87 Annex C) codestreams, read before any decoder sees them:
 * a codestream that contradicts the data set never gets that far.
 */
import { checkComponents, checkSides, type FrameFacts, malformedFrame, unsupportedFrame } from './frame.ts';

export interface JpegComponent {
  readonly id: number;
  readonly horizontal: number;
  readonly vertical: number;
  readonly quantization: number;
}

export interface JpegHeader {
  /** The marker's second byte: C0 baseline, C1 extended, C2 progressive, C3 lossless, F7 JPEG-LS. */
  readonly sof: number;
  readonly precision: number;
  readonly rows: number;
  readonly columns: number;
  readonly components: readonly JpegComponent[];
  /** Of an Adobe APP14 segment: 0 RGB or none, 1 YCbCr; undefined without one. */
  readonly adobeTransform: number | undefined;
}

const start = 0xd8;
const end = 0xd9;
const scan = 0xda;
const adobe = 0xee;

/** One marker segment; `data` is empty for markers that stand alone. */
export interface JpegSegment {
  readonly marker: number;
  readonly data: Uint8Array;
  /** Where the bytes after this segment begin. */
  readonly end: number;
}

/** The segment at `at`; fill bytes before it are skipped (B.1.1.2). @throws LeadglassError MALFORMED */
export function jpegSegment(bytes: Uint8Array, at: number): JpegSegment {
  let place = at;
  if (bytes[place] !== 0xff) throw malformedFrame(`there is no JPEG marker at byte ${at}`);
  while (bytes[place] === 0xff) place += 1;
  const marker = bytes[place];
  if (marker === undefined || marker === 0) throw malformedFrame(`there is no JPEG marker at byte ${at}`);
  place += 1;
  const standsAlone = marker === 1 || (marker >= 0xd0 && marker <= end);
  if (standsAlone) return { marker, data: bytes.subarray(place, place), end: place };
  const length = ((bytes[place] ?? 0) << 8) | (bytes[place + 1] ?? 0);
  if (length < 2 || place + length > bytes.length) throw malformedFrame(`a JPEG segment at byte ${at} is cut off`);
  return { marker, data: bytes.subarray(place + 2, place + length), end: place + length };
}

/** Everything up to the first scan. @throws LeadglassError MALFORMED */
export function readJpegHeader(bytes: Uint8Array): JpegHeader {
  if (bytes[0] !== 0xff || bytes[1] !== start) throw malformedFrame('it does not begin as a JPEG codestream');
  let frame: Omit<JpegHeader, 'adobeTransform'> | undefined;
  let adobeTransform: number | undefined;
  for (let at = 2; ; ) {
    const segment = jpegSegment(bytes, at);
    const { marker, data } = segment;
    if (marker === scan || marker === end) break;
    if (isFrameHeader(marker)) {
      if (frame !== undefined) throw malformedFrame('it has two JPEG frame headers');
      frame = readFrameHeader(marker, data);
    }
    if (marker === adobe && data.length >= 12 && String.fromCharCode(...data.subarray(0, 5)) === 'Adobe') {
      adobeTransform = data[11];
    }
    at = segment.end;
  }
  if (frame === undefined) throw malformedFrame('it has no JPEG frame header before its first scan');
  return { ...frame, adobeTransform };
}

/**
 * Does the codestream hold what the data set says?
 * @throws LeadglassError MALFORMED when it does not, UNSUPPORTED for a precision that the container cannot hold
 */
export function checkJpegHeader(header: JpegHeader, facts: FrameFacts): void {
  checkSides(header, facts);
  checkComponents(header.components.length, facts);
  if (header.precision < 2 || header.precision > 16) {
    throw malformedFrame(`its codestream has ${header.precision} bits per sample`);
  }
  if (header.precision > facts.bitsAllocated) {
    throw unsupportedFrame(`${header.precision} bits per sample do not fit into Bits Allocated ${facts.bitsAllocated}`);
  }
}

/** SOF of T.81 Table B.1, DHT, JPG and DAC left out, and SOF55 of T.87. */
function isFrameHeader(marker: number): boolean {
  if (marker === 0xf7) return true;
  return marker >= 0xc0 && marker <= 0xcf && marker !== 0xc4 && marker !== 0xc8 && marker !== 0xcc;
}

function readFrameHeader(sof: number, data: Uint8Array): Omit<JpegHeader, 'adobeTransform'> {
  const count = data[5] ?? 0;
  if (data.length !== 6 + 3 * count || count === 0) throw malformedFrame('its JPEG frame header has a wrong length');
  const components: JpegComponent[] = [];
  for (let at = 6; at < data.length; at += 3) {
    const sampling = data[at + 1] ?? 0;
    const component = {
      id: data[at] ?? 0,
      horizontal: sampling >> 4,
      vertical: sampling & 15,
      quantization: data[at + 2] ?? 0,
    };
    const isLegal = [component.horizontal, component.vertical].every((factor) => factor >= 1 && factor <= 4);
    if (!isLegal) throw malformedFrame('its JPEG frame header has a wrong sampling factor');
    components.push(component);
  }
  const word = (at: number): number => ((data[at] ?? 0) << 8) | (data[at + 1] ?? 0);
  return { sof, precision: data[0] ?? 0, rows: word(1), columns: word(3), components };
}
