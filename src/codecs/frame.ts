/**
 * One frame of pixels, before and after a codec: the facts that the data set tells of it (PS3.3 C.7.6.3.1), how many bytes
 * it has, and what a decoder or an encoder gives back. Everything else of this folder takes the facts as checked here.
 */
import { LeadglassError } from '../error.ts';

/** The attributes of the Image Pixel module, as they stand in the data set. High Bit is taken as Bits Stored - 1. */
export interface FrameFacts {
  readonly rows: number;
  readonly columns: number;
  readonly samplesPerPixel: number;
  readonly bitsAllocated: number;
  readonly bitsStored: number;
  readonly pixelRepresentation: number;
  readonly planarConfiguration: number;
  readonly photometricInterpretation: string;
}

export interface CodecLimits {
  /** Native bytes of one frame. */
  readonly frameBytesMax: number;
  /** WebAssembly memory of one decoder; a whole number of pages of 64 KiB. */
  readonly wasmBytesMax: number;
}

export interface DecodedFrame {
  /** Native frame, little endian, each sample in Bits Allocated bits (packed when 1); its length is `frameBytes(facts)`. */
  readonly pixels: Uint8Array<ArrayBuffer>;
  /** As declared, or RGB where the decoder has turned colours. */
  readonly photometricInterpretation: string;
  /** 0 (colour by pixel) or 1 (colour by plane). */
  readonly planarConfiguration: number;
}

export interface EncodedFrame {
  /** The codestream, without padding. */
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly photometricInterpretation: string;
  readonly planarConfiguration: number;
  /** What was lost cannot come back: Lossy Image Compression (0028,2110) has to become 01. */
  readonly lossy: boolean;
}

const bitsAllocatedKnown: readonly number[] = [1, 8, 16, 32, 64];

/**
 * Bytes of one native frame. The product stays below 2^50, where numbers are exact.
 *
 * @throws LeadglassError MALFORMED for facts that no frame can have, UNSUPPORTED for those that no current IOD has,
 * LIMIT_EXCEEDED for a frame over `frameBytesMax`
 */
export function frameBytes(facts: FrameFacts, limits: CodecLimits): number {
  const { rows, columns, samplesPerPixel, bitsAllocated, bitsStored, pixelRepresentation } = facts;
  inRange('Rows', rows, 1, 65_535);
  inRange('Columns', columns, 1, 65_535);
  inRange('Bits Stored', bitsStored, 1, 64);
  inRange('Pixel Representation', pixelRepresentation, 0, 1);
  inRange('Planar Configuration', facts.planarConfiguration, 0, 1);
  if (samplesPerPixel !== 1 && samplesPerPixel !== 3) {
    throw new LeadglassError(
      'UNSUPPORTED',
      `Cannot use the pixels: Samples per Pixel is ${samplesPerPixel}, not 1 or 3`,
    );
  }
  if (!bitsAllocatedKnown.includes(bitsAllocated) || bitsStored > bitsAllocated) {
    throw new LeadglassError(
      'UNSUPPORTED',
      `Cannot use the pixels: Bits Allocated ${bitsAllocated} with Bits Stored ${bitsStored}`,
    );
  }
  if (bitsAllocated === 1 && samplesPerPixel !== 1) {
    throw new LeadglassError('UNSUPPORTED', 'Cannot use the pixels: single bits with more than one sample per pixel');
  }
  const samples = rows * columns * samplesPerPixel;
  const bytes = bitsAllocated === 1 ? Math.ceil(samples / 8) : samples * (bitsAllocated / 8);
  if (bytes > limits.frameBytesMax) {
    throw new LeadglassError(
      'LIMIT_EXCEEDED',
      `Cannot use the pixels: a frame of ${columns} x ${rows} has ${bytes} bytes, the limit is ${limits.frameBytesMax}`,
    );
  }
  return bytes;
}

/** The most that an encoded frame may have: coding may make it longer, but not by more than tables and headers. */
export function encodedBytesMax(facts: FrameFacts, limits: CodecLimits): number {
  return 2 * frameBytes(facts, limits) + 1024 ** 2;
}

/** A codestream or a frame that contradicts the data set, or that cannot be decoded. `what` names values, never pixels. */
export function malformedFrame(what: string, detail?: string): LeadglassError {
  return new LeadglassError('MALFORMED', `Cannot decode the frame: ${what}`, {
    field: 'Pixel Data',
    ...(detail === undefined ? {} : { detail }),
  });
}

export function unsupportedFrame(what: string): LeadglassError {
  return new LeadglassError('UNSUPPORTED', `Cannot convert the frame: ${what}`, { field: 'Pixel Data' });
}

/** @throws LeadglassError MALFORMED when a codestream has other sides than the data set says */
export function checkSides(
  { columns, rows }: { readonly columns: number; readonly rows: number },
  facts: FrameFacts,
): void {
  if (rows === facts.rows && columns === facts.columns) return;
  throw malformedFrame(
    `its codestream is ${columns} x ${rows}, and its attributes say ${facts.columns} x ${facts.rows}`,
  );
}

/** @throws LeadglassError MALFORMED when a codestream has other components than the data set says */
export function checkComponents(components: number, { samplesPerPixel }: FrameFacts): void {
  if (components === samplesPerPixel) return;
  throw malformedFrame(`its codestream has ${components} components, and Samples per Pixel is ${samplesPerPixel}`);
}

/** @throws LeadglassError UNSUPPORTED for more bits than the container and the decoders' words have */
export function checkPrecision(precision: number, { bitsAllocated }: FrameFacts): void {
  if (precision <= 16 && precision <= bitsAllocated) return;
  throw unsupportedFrame(`${precision} bits per sample do not fit into Bits Allocated ${bitsAllocated} or 16`);
}

function inRange(field: string, value: number, least: number, most: number): void {
  if (Number.isInteger(value) && value >= least && value <= most) return;
  throw new LeadglassError('MALFORMED', `Cannot use the pixels: ${field} is ${value}, not ${least} to ${most}`, {
    field,
  });
}
