/** For tests of data sets: bytes by hand, one comparable form, arbitrary data sets, and every way to split an input. */
import * as fc from 'fast-check';
import { DataSet } from './data-set.ts';
import type { DataSetLimits, KeptLimits } from './data-set-limits.ts';
import { DataSetScanner } from './data-set-scanner.ts';
import { formatTag, type Tag, tagOf } from './tag.ts';
import type { Vr } from './vr.ts';

export const limits: DataSetLimits & KeptLimits = {
  depthMax: 8,
  elementsMax: 200,
  itemsMax: 100,
  fragmentsMax: 20,
  valueBytesMax: 100_000,
  inflatedBytesMax: 1_000_000,
  inflateRatioMax: 100,
  inflatedBytesFree: 50_000,
  keptValueBytesMax: 1000,
  keptBytesMax: 4000,
};

export const implicitLittle = '1.2.840.10008.1.2';
export const explicitLittle = '1.2.840.10008.1.2.1';
export const explicitBig = '1.2.840.10008.1.2.2';
export const deflatedLittle = '1.2.840.10008.1.2.1.99';
export const jpegBaseline = '1.2.840.10008.1.2.4.50';
export const nativeSyntaxes = [implicitLittle, explicitLittle, explicitBig, deflatedLittle] as const;
export const undefinedLength = 0xffffffff;

export function bytesOf(...parts: readonly (string | Uint8Array | readonly number[])[]): Uint8Array {
  return new Uint8Array(
    Buffer.concat(
      parts.map((part) => (typeof part === 'string' ? Buffer.from(part, 'latin1') : Uint8Array.from(part))),
    ),
  );
}

function littleTag(tag: Tag): Uint8Array {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt16LE(tag >>> 16, 0);
  bytes.writeUInt16LE(tag & 0xffff, 2);
  return bytes;
}

export function little32(value: number): Uint8Array {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32LE(value);
  return bytes;
}

function little16(value: number): Uint8Array {
  const bytes = Buffer.alloc(2);
  bytes.writeUInt16LE(value);
  return bytes;
}

/** One element in explicit VR little endian, short form; `length` may lie. */
export function short(tag: Tag, vr: string, value: string | Uint8Array, length = value.length): Uint8Array {
  return bytesOf(littleTag(tag), vr, little16(length), value);
}

/** One element in explicit VR little endian, long form; `length` may lie. */
export function longForm(tag: Tag, vr: string, value: string | Uint8Array, length = value.length): Uint8Array {
  return bytesOf(littleTag(tag), vr, [0, 0], little32(length), value);
}

/** One element in implicit VR little endian. */
export function implicit(tag: Tag, value: string | Uint8Array, length = value.length): Uint8Array {
  return bytesOf(littleTag(tag), little32(length), value);
}

/** One item with defined length. */
export function item(content: string | Uint8Array, length = content.length): Uint8Array {
  return bytesOf(littleTag(0xfffee000), little32(length), content);
}

export const itemDelimitation = bytesOf(littleTag(0xfffee00d), little32(0));
export const sequenceDelimitation = bytesOf(littleTag(0xfffee0dd), little32(0));

export type Plain = readonly [tag: string, vr: Vr, value: string | readonly (readonly Plain[])[]];

/** A data set as plain values, for comparing; `vr: false` where an encoding does not carry it. */
export function plain(dataSet: DataSet, options: { readonly vr: boolean } = { vr: true }): readonly Plain[] {
  return [...dataSet].map(({ tag, vr, value, fragments }) => {
    const shown =
      fragments === undefined ? value : fragments.map((bytes) => new DataSet().setBytes(0x7fe00010, 'OB', bytes));
    return [
      formatTag(tag),
      options.vr ? vr : 'UN',
      shown instanceof Uint8Array ? Buffer.from(shown).toString('hex') : shown.map((one) => plain(one, options)),
    ] as const;
  });
}

/** What a scan that keeps everything finds, or the code and text of its error. */
export function scan(
  chunks: Iterable<Uint8Array>,
  { transferSyntaxUid = explicitLittle, scanLimits = limits } = {},
): { readonly found: readonly Plain[] } | { readonly refused: string } {
  try {
    const scanner = new DataSetScanner({ transferSyntaxUid, limits: scanLimits, want: () => true });
    for (const chunk of chunks) void scanner.push(chunk);
    void scanner.end();
    return { found: plain(scanner.dataSet) };
  } catch (error) {
    return { refused: error instanceof Error ? error.message : String(error) };
  }
}

/** The input in one piece, byte by byte, and in two pieces split at every byte. */
export function* everySplit(bytes: Uint8Array): Generator<Uint8Array[]> {
  yield [bytes];
  yield Array.from(bytes, (byte) => Uint8Array.of(byte));
  for (let at = 1; at < bytes.length; at += 1) yield [bytes.subarray(0, at), bytes.subarray(at)];
}

export async function* streamOf(chunks: Iterable<Uint8Array>): AsyncGenerator<Uint8Array, void, undefined> {
  for (const chunk of chunks) yield chunk;
}

/** Tags whose VR the dictionary knows as this one, so that implicit encodings bring it back; private ones are UN. */
const tagsByVr: readonly (readonly [Vr, Tag, number])[] = [
  ['UI', 0x00080018, 2],
  ['DA', 0x00080020, 2],
  ['TM', 0x00080030, 2],
  ['PN', 0x00100010, 2],
  ['LO', 0x00100020, 2],
  ['UN', tagOf(0x0011, 0x1001), 2],
  ['AT', 0x00280009, 4],
  ['US', 0x00280010, 2],
  ['FD', 0x00189087, 8],
  ['FL', 0x00089459, 4],
  ['UL', 0x00081161, 4],
  ['SL', 0x00186020, 4],
  ['OW', 0x7fe00010, 2],
];

const value = (unit: number): fc.Arbitrary<Uint8Array> =>
  fc.nat({ max: 12 }).chain((units) => fc.uint8Array({ minLength: units * unit, maxLength: units * unit }));

const element = fc
  .constantFrom(...tagsByVr)
  .chain(([vr, tag, unit]) => value(unit).map((bytes) => ({ vr, tag, bytes })));

/** Data sets that every encoding can hold, nested up to three deep. */
export const arbitraryDataSet: fc.Arbitrary<DataSet> = fc.letrec<{ dataSet: DataSet }>((tie) => ({
  dataSet: fc
    .tuple(
      fc.array(element, { maxLength: 6 }),
      fc.option(fc.array(tie('dataSet'), { maxLength: 3 }), { depthSize: 'small', maxDepth: 3, nil: undefined }),
    )
    .map(([elements, items]) => {
      const dataSet = new DataSet();
      for (const { tag, vr, bytes } of elements) dataSet.setBytes(tag, vr, bytes);
      if (items !== undefined) dataSet.setItems(0x00400275, items);
      return dataSet;
    }),
})).dataSet;
