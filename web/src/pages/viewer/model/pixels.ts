/** From the bytes of a frame (Explicit VR Little Endian) to values in the unit of the modality. Pure. */
import type { ImageFacts } from './image-facts.ts';

type StoredValues = Uint8Array<ArrayBuffer> | Uint16Array<ArrayBuffer> | Int16Array<ArrayBuffer>;
/** Rescaled (PS3.3 C.11.1): Hounsfield units and their like. */
export type ScaledValues = StoredValues | Float32Array<ArrayBuffer>;

export interface Values {
  readonly scaled: ScaledValues;
  readonly min: number;
  readonly max: number;
}

/** @throws Error where there are fewer bytes than the image is large */
export function valuesOf(bytes: ArrayBuffer, facts: ImageFacts): Values {
  const length = facts.rows * facts.columns;
  return rangeOf(scaledOf(storedOf(bytes, facts, length), facts));
}

/** With the lowest and the highest of them. */
export function rangeOf(scaled: ScaledValues): Values {
  let min = Number.POSITIVE_INFINITY;
  let max = Number.NEGATIVE_INFINITY;
  for (const value of scaled) {
    if (value < min) min = value;
    if (value > max) max = value;
  }
  return { scaled, min, max };
}

/** As stored, bits beyond Bits Stored removed, the sign in place. */
function storedOf(bytes: ArrayBuffer, facts: ImageFacts, length: number): StoredValues {
  const { bitsAllocated, bitsStored, isSigned } = facts;
  const needed = (length * bitsAllocated) / 8;
  if (bytes.byteLength < needed) throw new Error(`The frame has ${bytes.byteLength} bytes, expected ${needed}`);
  const shift = bitsAllocated - bitsStored;
  if (bitsAllocated === 8 && !isSigned) {
    const values = new Uint8Array(bytes, 0, length);
    if (shift > 0) for (let at = 0; at < length; at += 1) values[at] = (values[at] ?? 0) & (0xff >> shift);
    return values;
  }
  if (bitsAllocated === 8)
    return Int16Array.from(new Int8Array(bytes, 0, length), (value) => ((value << shift) << 24) >> (24 + shift));
  const values = isSigned ? new Int16Array(bytes, 0, length) : new Uint16Array(bytes, 0, length);
  if (shift > 0) {
    // Overlays of old sat in the high bits (PS3.5 8.1.2); they are no part of a value.
    for (let at = 0; at < length; at += 1) {
      const value = values[at] ?? 0;
      values[at] = isSigned ? (value << (16 + shift)) >> (16 + shift) : value & (0xffff >> shift);
    }
  }
  return values;
}

/** The same array where nothing is rescaled. Whole numbers stay whole where they fit into 16 bits: half the memory, and exact. */
function scaledOf(stored: StoredValues, { slope, intercept, bitsStored, isSigned }: ImageFacts): ScaledValues {
  if (slope === 1 && intercept === 0) return stored;
  const lowest = isSigned ? -(2 ** (bitsStored - 1)) : 0;
  const highest = lowest + 2 ** bitsStored - 1;
  const ends = [lowest * slope + intercept, highest * slope + intercept];
  const isWhole = Number.isInteger(slope) && Number.isInteger(intercept);
  if (isWhole && Math.min(...ends) >= -32_768 && Math.max(...ends) <= 32_767) {
    return Int16Array.from(stored, (value) => value * slope + intercept);
  }
  return Float32Array.from(stored, (value) => value * slope + intercept);
}
