/** Binary number values, PS3.5 6.2, in little-endian order, and the swap of words between the byte orders (7.3). */
import { LeadglassError } from '../error.ts';
import { formatTag, type Tag } from './tag.ts';
import type { Vr } from './vr.ts';

/** The numbers in these bytes; a last partial word is left out; [] for a VR that holds none. 64-bit ones are rounded. */
export function numbersFrom(bytes: Uint8Array, vr: Vr): number[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const numbers: number[] = [];
  const size = numberBytes(vr);
  if (size === 0) return numbers;
  for (let at = 0; at + size <= bytes.length; at += size) numbers.push(readNumber(view, at, vr));
  return numbers;
}

/** The integers in these bytes of VR SV or UV, without loss; a last partial word is left out. */
export function bigIntegersFrom(bytes: Uint8Array, vr: 'SV' | 'UV'): bigint[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const integers: bigint[] = [];
  for (let at = 0; at + 8 <= bytes.length; at += 8) {
    integers.push(vr === 'UV' ? view.getBigUint64(at, true) : view.getBigInt64(at, true));
  }
  return integers;
}

/** @throws LeadglassError BAD_REQUEST when the VR holds no numbers, or one does not fit */
export function numbersToBytes(values: readonly number[], vr: Vr, tag: Tag): Uint8Array {
  const size = numberBytes(vr);
  if (size === 0) throw new LeadglassError('BAD_REQUEST', `Cannot set ${formatTag(tag)} by number: its VR is ${vr}`);
  const bytes = new Uint8Array(values.length * size);
  const view = new DataView(bytes.buffer);
  for (const [index, value] of values.entries()) {
    writeNumber(view, index * size, value, vr);
    const back = readNumber(view, index * size, vr);
    if (vr !== 'FL' && vr !== 'FD' && back !== value) {
      throw new LeadglassError('BAD_REQUEST', `Cannot set ${formatTag(tag)}: ${value} does not fit VR ${vr}`);
    }
  }
  return bytes;
}

/** Bytes of one number, 0 for a VR that holds none. */
export function numberBytes(vr: Vr): number {
  switch (vr) {
    case 'SS':
    case 'US':
      return 2;
    case 'AT':
    case 'FL':
    case 'SL':
    case 'UL':
      return 4;
    case 'FD':
    case 'SV':
    case 'UV':
      return 8;
    default:
      return 0;
  }
}

function readNumber(view: DataView, at: number, vr: Vr): number {
  switch (vr) {
    case 'US':
      return view.getUint16(at, true);
    case 'SS':
      return view.getInt16(at, true);
    case 'UL':
      return view.getUint32(at, true);
    case 'SL':
      return view.getInt32(at, true);
    case 'AT': // a tag: group first, each half in the byte order
      return ((view.getUint16(at, true) << 16) | view.getUint16(at + 2, true)) >>> 0;
    case 'FL':
      return view.getFloat32(at, true);
    case 'FD':
      return view.getFloat64(at, true);
    case 'UV':
      return Number(view.getBigUint64(at, true));
    case 'SV':
      return Number(view.getBigInt64(at, true));
    default:
      return Number.NaN;
  }
}

function writeNumber(view: DataView, at: number, value: number, vr: Vr): void {
  switch (vr) {
    case 'US':
    case 'SS':
      view.setUint16(at, value, true);
      return;
    case 'UL':
    case 'SL':
      view.setUint32(at, value, true);
      return;
    case 'AT':
      view.setUint16(at, value >>> 16, true);
      view.setUint16(at + 2, value & 0xffff, true);
      return;
    case 'FL':
      view.setFloat32(at, value, true);
      return;
    case 'FD':
      view.setFloat64(at, value, true);
      return;
    case 'UV':
    case 'SV':
      view.setBigInt64(at, BigInt(Number.isInteger(value) ? value : 0), true);
      return;
    default:
  }
}

/** Turns the bytes of each word around, in place; a last partial word stays as it is. */
export function swapWords(bytes: Uint8Array, wordBytes: 1 | 2 | 4 | 8): void {
  if (wordBytes === 1) return;
  const whole = bytes.length - (bytes.length % wordBytes);
  // Buffer's loops are native; the view shares the memory.
  const view = Buffer.from(bytes.buffer, bytes.byteOffset, whole);
  if (wordBytes === 2) view.swap16();
  else if (wordBytes === 4) view.swap32();
  else view.swap64();
}
