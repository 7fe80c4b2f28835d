/**
 * Samples in and out of the containers that codecs use: one byte up to 8 bits, two above, colour by pixel. The data set
 * has its own container (Bits Allocated), sign (Pixel Representation) and order (Planar Configuration), PS3.5 8.1.
 */
import { type FrameFacts, unsupportedFrame } from './frame.ts';

/** What a codec made: `bits` is the precision of its codestream, `signedCode` whether that says of itself to be signed. */
export interface Samples {
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly bits: number;
  readonly signedCode: boolean;
}

/** The codecs for pictures know samples of 1 to 16 bits in bytes or words. @throws LeadglassError UNSUPPORTED */
export function requireWords(facts: FrameFacts): void {
  if (facts.bitsAllocated === 8 || facts.bitsAllocated === 16) return;
  throw unsupportedFrame(
    `Bits Allocated is ${facts.bitsAllocated}, and this transfer syntax is read and written for 8 and 16`,
  );
}

/**
 * Puts samples into the data set's container and extends their sign; in place where the width stays the same.
 * Codestreams without a sign of their own (JPEG, JPEG-LS) hold two's complement of Bits Stored bits.
 */
export function intoContainer({ bytes, bits, signedCode }: Samples, facts: FrameFacts): Uint8Array<ArrayBuffer> {
  const wide = facts.bitsAllocated === 16 && bits <= 8;
  const to = wide ? widened(bytes) : bytes;
  if (facts.pixelRepresentation === 0) return to;
  const signBits = signedCode || bits < facts.bitsStored ? bits : facts.bitsStored;
  if (!signedCode && bits < facts.bitsStored) return to; // no sample reaches the sign bit
  extendSign(to, facts.bitsAllocated, signBits);
  return to;
}

/**
 * Native samples as the encoders want them: colour by pixel, only Bits Stored bits (above may stand overlays, PS3.5 8.1.1),
 * one byte up to 8 bits. Always a new buffer.
 */
export function fromContainer(pixels: Uint8Array, facts: FrameFacts): Uint8Array<ArrayBuffer> {
  const { bitsAllocated, bitsStored, samplesPerPixel, planarConfiguration } = facts;
  const count = pixels.length / (bitsAllocated / 8);
  const byPlane = samplesPerPixel > 1 && planarConfiguration === 1;
  // Nothing to take away: a copy in one go.
  if (!byPlane && bitsStored === bitsAllocated) return Uint8Array.from(pixels);
  const mask = 2 ** bitsStored - 1;
  const perPlane = count / samplesPerPixel;
  const source = bitsAllocated === 8 ? pixels : wordsOf(pixels);
  const result = bitsStored <= 8 ? new Uint8Array(count) : new Uint16Array(count);
  if (!byPlane) {
    for (let at = 0; at < count; at += 1) result[at] = (source[at] ?? 0) & mask;
  } else {
    for (let sample = 0, to = 0; sample < perPlane; sample += 1) {
      for (let plane = 0; plane < samplesPerPixel; plane += 1, to += 1) {
        result[to] = (source[plane * perPlane + sample] ?? 0) & mask;
      }
    }
  }
  return new Uint8Array(result.buffer);
}

/** Extends the sign of samples of `bits` bits to their whole container, in place. */
function extendSign(bytes: Uint8Array<ArrayBuffer>, bitsAllocated: number, bits: number): void {
  if (bits >= bitsAllocated) return;
  const shift = 32 - bits;
  const samples = bitsAllocated === 8 ? bytes : wordsOf(bytes);
  for (let at = 0; at < samples.length; at += 1) samples[at] = ((samples[at] ?? 0) << shift) >> shift;
}

/** Turns the highest of `bits` bits of each sample: offset binary to two's complement and back. In place. */
export function turnSign(bytes: Uint8Array<ArrayBuffer>, bits: number): void {
  const turn = 2 ** (bits - 1);
  const samples = bits <= 8 ? bytes : wordsOf(bytes);
  for (let at = 0; at < samples.length; at += 1) samples[at] = (samples[at] ?? 0) ^ turn;
}

/** RRR GGG BBB to RGB RGB RGB; `width` is the bytes of one sample. */
export function byPixel(bytes: Uint8Array, samplesPerPixel: number, width: number): Uint8Array<ArrayBuffer> {
  const result = new Uint8Array(bytes.length);
  const planeBytes = bytes.length / samplesPerPixel;
  for (let plane = 0; plane < samplesPerPixel; plane += 1) {
    for (let at = 0, to = plane * width; at < planeBytes; at += width, to += samplesPerPixel * width) {
      for (let byte = 0; byte < width; byte += 1) result[to + byte] = bytes[plane * planeBytes + at + byte] ?? 0;
    }
  }
  return result;
}

function widened(bytes: Uint8Array): Uint8Array<ArrayBuffer> {
  return new Uint8Array(Uint16Array.from(bytes).buffer);
}

/** Words of bytes, without a copy where they are aligned. Both Node's platforms and DICOM are little endian. */
function wordsOf(bytes: Uint8Array): Uint16Array {
  const aligned = bytes.byteOffset % 2 === 0 ? bytes : bytes.slice();
  return new Uint16Array(aligned.buffer, aligned.byteOffset, aligned.byteLength / 2);
}
