/** The samples in a native frame, PS3.5 8.1: out of their containers, with their sign. */
import type { ImageFacts } from './image-facts.ts';
import { malformedImage, unsupportedImage } from './picture.ts';

/** Containers of 1 to 16 bits: what stands in them is `(code >> shift) & mask`, and its value `valueOf` that. */
export interface CodedSamples {
  readonly kind: 'coded';
  readonly containers: Uint8Array | Uint16Array;
  readonly shift: number;
  readonly mask: number;
  readonly valueOf: (code: number) => number;
}

export interface WideSamples {
  readonly kind: 'wide';
  readonly values: Int32Array | Uint32Array | Float32Array | Float64Array;
}

/** @param pixels one native frame, little endian. @throws LeadglassError MALFORMED, UNSUPPORTED */
export function samplesOf(pixels: Uint8Array, facts: ImageFacts): CodedSamples | WideSamples {
  const { rows, columns, samplesPerPixel, bitsAllocated } = facts.frame;
  const count = rows * columns * samplesPerPixel;
  const lengthBytes = bitsAllocated === 1 ? Math.ceil(count / 8) : (count * bitsAllocated) / 8;
  if (pixels.length !== lengthBytes) {
    throw malformedImage(`its frame has ${pixels.length} bytes, and its attributes ask for ${lengthBytes}`, 'Rows');
  }
  if (facts.sampleKind === 'float') return { kind: 'wide', values: floats(pixels, bitsAllocated) };
  switch (bitsAllocated) {
    case 1:
      return { kind: 'coded', containers: unpackBits(pixels, count), shift: 0, mask: 1, valueOf: (code) => code };
    case 8:
      return coded(pixels, facts);
    case 16:
      return coded(wordsOf(pixels), facts);
    case 32:
      return { kind: 'wide', values: wholeNumbers(pixels, facts) };
    default:
      throw unsupportedImage(`its pixels have ${bitsAllocated} bits`, 'Bits Allocated');
  }
}

/** Bits from the lowest of each byte on, a byte each (PS3.5 8.1.1). */
function unpackBits(bytes: Uint8Array, count: number, firstBit = 0): Uint8Array<ArrayBuffer> {
  const bits = new Uint8Array(count);
  for (let at = 0, bit = firstBit; at < count; at += 1, bit += 1) bits[at] = ((bytes[bit >>> 3] ?? 0) >> (bit & 7)) & 1;
  return bits;
}

function coded(containers: Uint8Array | Uint16Array, facts: ImageFacts): CodedSamples {
  const { bitsStored, pixelRepresentation } = facts.frame;
  const sign = 32 - bitsStored;
  return {
    kind: 'coded',
    containers,
    shift: lowBit(facts),
    mask: 2 ** bitsStored - 1,
    valueOf: pixelRepresentation === 1 ? (code) => (code << sign) >> sign : (code) => code,
  };
}

/** Where the lowest bit of a sample stands; bits below it may be overlays. */
function lowBit({ frame, highBit }: ImageFacts): number {
  const shift = highBit + 1 - frame.bitsStored;
  if (highBit < frame.bitsAllocated && shift >= 0 && frame.bitsStored >= 1) return shift;
  throw malformedImage(`High Bit is ${highBit} with Bits Stored ${frame.bitsStored}`, 'High Bit');
}

function wholeNumbers(pixels: Uint8Array, facts: ImageFacts): Int32Array | Uint32Array {
  const { bitsStored, pixelRepresentation } = facts.frame;
  const left = 32 - bitsStored - lowBit(facts);
  const right = 32 - bitsStored;
  const buffer = aligned(pixels, 4);
  const values = pixelRepresentation === 1 ? new Int32Array(buffer) : new Uint32Array(buffer);
  if (right === 0) return values;
  const isSigned = pixelRepresentation === 1;
  return values.map((value) => (isSigned ? (value << left) >> right : (value << left) >>> right));
}

function floats(pixels: Uint8Array, bitsAllocated: number): Float32Array | Float64Array {
  if (bitsAllocated === 32) return new Float32Array(aligned(pixels, 4));
  if (bitsAllocated === 64) return new Float64Array(aligned(pixels, 8));
  throw unsupportedImage(`its floating point pixels have ${bitsAllocated} bits`, 'Bits Allocated');
}

/** Without a copy where they are aligned: containers are only read. */
function wordsOf(bytes: Uint8Array): Uint16Array {
  if (bytes.byteOffset % 2 === 1) return new Uint16Array(aligned(bytes, 2));
  return new Uint16Array(bytes.buffer, bytes.byteOffset, bytes.length / 2);
}

/** A buffer that begins where these bytes do: a copy, so that no caller sees its pixels change. */
function aligned(bytes: Uint8Array, wordBytes: 2 | 4 | 8): ArrayBuffer {
  const whole = bytes.length - (bytes.length % wordBytes);
  return new Uint8Array(bytes.subarray(0, whole)).buffer;
}
