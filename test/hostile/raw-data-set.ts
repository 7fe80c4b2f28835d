/** Data sets written byte by byte, so that they can lie. Explicit VR little endian. */
import { ctImageStorage, uidFor } from '../../bench/support/raw-dicom.ts';

export const undefinedLength = 0xffff_ffff;

const longVrs: ReadonlySet<string> = new Set([
  'OB',
  'OD',
  'OF',
  'OL',
  'OV',
  'OW',
  'SQ',
  'SV',
  'UC',
  'UN',
  'UR',
  'UT',
  'UV',
]);

/** @param length what the element says of its length, when that is to be a lie */
export function explicit(
  group: number,
  number: number,
  vr: string,
  value: Uint8Array | string,
  length?: number,
): Buffer {
  let bytes: Buffer = typeof value === 'string' ? Buffer.from(value, 'latin1') : Buffer.from(value);
  if (bytes.length % 2 === 1) bytes = Buffer.concat([bytes, Buffer.from([vr === 'UI' ? 0 : 0x20])]);
  const isLong = longVrs.has(vr);
  const head = Buffer.alloc(isLong ? 12 : 8);
  head.writeUInt16LE(group, 0);
  head.writeUInt16LE(number, 2);
  head.write(vr, 4, 'latin1');
  if (isLong) head.writeUInt32LE(length ?? bytes.length, 8);
  else head.writeUInt16LE(length ?? bytes.length, 6);
  return Buffer.concat([head, bytes]);
}

/** An item or a delimiter: E000, E00D, E0DD. */
export function tagged(number: number, length: number): Buffer {
  const bytes = Buffer.alloc(8);
  bytes.writeUInt16LE(0xfffe, 0);
  bytes.writeUInt16LE(number, 2);
  bytes.writeUInt32LE(length, 4);
  return bytes;
}

/** A fragment or an offset table. */
export function item(bytes: Uint8Array): Buffer {
  return Buffer.concat([tagged(0xe000, bytes.length), bytes]);
}

export function us(value: number): Buffer {
  const bytes = Buffer.alloc(2);
  bytes.writeUInt16LE(value);
  return bytes;
}

/** A small data set of the study `seed` with these elements behind its head. */
export function dataSet(seed: string, instanceUid: string, ...more: readonly Buffer[]): Buffer {
  return Buffer.concat([
    explicit(0x0008, 0x0016, 'UI', ctImageStorage),
    explicit(0x0008, 0x0018, 'UI', instanceUid),
    explicit(0x0008, 0x0060, 'CS', 'CT'),
    explicit(0x0010, 0x0020, 'LO', seed.toUpperCase()),
    explicit(0x0020, 0x000d, 'UI', uidFor(`${seed}/study`)),
    explicit(0x0020, 0x000e, 'UI', uidFor(`${seed}/series`)),
    ...more,
  ]);
}

/** Sequences within sequences. */
export function nested(depth: number): Buffer {
  let inner: Buffer = Buffer.alloc(0);
  for (let level = 0; level < depth; level += 1) {
    const body = Buffer.concat([tagged(0xe000, undefinedLength), inner, tagged(0xe00d, 0), tagged(0xe0dd, 0)]);
    inner = explicit(0x0040, 0xa730, 'SQ', body, undefinedLength);
  }
  return inner;
}

/** A sequence of so many empty items. */
export function emptyItems(count: number): Buffer {
  const items = Array.from({ length: count }, () => tagged(0xe000, 0));
  return explicit(0x0040, 0xa730, 'SQ', Buffer.concat([...items, tagged(0xe0dd, 0)]), undefinedLength);
}
