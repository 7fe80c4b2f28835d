/** Lookup tables of a data set, PS3.3 C.11.1.1 and C.11.2.1.1: descriptor and data, checked against each other. */
import type { DataSet } from '../dicom/data-set.ts';
import { Tags } from '../dicom/dictionary/tags.generated.ts';
import type { Tag } from '../dicom/tag.ts';
import type { LookupTable } from './image-facts.ts';
import { malformedImage } from './picture.ts';

export interface Descriptor {
  /** 1 to 65,536. */
  readonly entries: number;
  readonly first: number;
  readonly bits: number;
}

/**
 * The descriptor: number of entries (0 stands for 65,536, which does not fit), first input, bits of each entry.
 * @param isSigned whether the inputs may be negative; the VR says so, too, where the writer knew (PS3.3 C.11.1.1.1)
 * @throws LeadglassError MALFORMED
 */
export function readDescriptor(dataSet: DataSet, tag: Tag, isSigned: boolean): Descriptor {
  const element = dataSet.get(tag);
  const value = element?.value;
  if (!(value instanceof Uint8Array) || value.length < 6) {
    throw malformedImage('a lookup table has no descriptor of three values', 'LUT Descriptor');
  }
  const view = new DataView(value.buffer, value.byteOffset, value.byteLength);
  const bits = view.getUint16(4, true);
  if (bits < 1 || bits > 16) throw malformedImage(`a lookup table has entries of ${bits} bits`, 'LUT Descriptor');
  return {
    entries: view.getUint16(0, true) || 65_536,
    first: isSigned || element?.vr === 'SS' ? view.getInt16(2, true) : view.getUint16(2, true),
    bits,
  };
}

/**
 * The entries: words, or bytes where there are no more of them and the entries fit (C.11.1.1.2 lets 8 bits be packed so).
 * @throws LeadglassError MALFORMED when there are fewer than the descriptor says
 */
export function readEntries(bytes: Uint8Array | undefined, { entries, bits }: Descriptor): Uint16Array<ArrayBuffer> {
  const lengthBytes = bytes?.length ?? 0;
  if (bytes !== undefined && lengthBytes >= 2 * entries) return wordsIn(bytes, entries);
  if (bytes !== undefined && bits <= 8 && lengthBytes >= entries) return Uint16Array.from(bytes.subarray(0, entries));
  throw malformedImage(`a lookup table of ${entries} entries has only ${lengthBytes} bytes`, 'LUT Data');
}

/** A modality or VOI LUT, which is an item of a sequence. @throws LeadglassError MALFORMED */
export function readLookupTable(item: DataSet, isSigned: boolean): LookupTable {
  const descriptor = readDescriptor(item, Tags.LUTDescriptor, isSigned);
  const values = readEntries(bytesOf(item, Tags.LUTData), descriptor);
  return { first: descriptor.first, bits: Math.max(descriptor.bits, bitsOf(values)), values };
}

/** Bits that the largest value needs: descriptors that say too few are common, and their tables are meant as they stand. */
export function bitsOf(values: Uint16Array): number {
  let any = 0;
  for (const value of values) any |= value;
  return 32 - Math.clz32(any);
}

export function lookUp(table: LookupTable, input: number): number {
  const last = table.values.length - 1;
  const index = Math.min(last, Math.max(0, Math.floor(input) - table.first));
  return table.values[index] ?? 0;
}

/** Little-endian words, whatever their alignment; a copy. */
export function wordsIn(bytes: Uint8Array, count: number): Uint16Array<ArrayBuffer> {
  const copy = new Uint8Array(bytes.subarray(0, 2 * count));
  return new Uint16Array(copy.buffer);
}

/** The bytes of an element that is no sequence. */
export function bytesOf(dataSet: DataSet, tag: Tag): Uint8Array | undefined {
  const value = dataSet.get(tag)?.value;
  return value instanceof Uint8Array ? value : undefined;
}
