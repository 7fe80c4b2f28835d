/**
 * The framing of a segment file: a file head, then records, each with a head of 32 bytes that says its kind, its owner
 * and its length under a CRC-32. What the bodies mean is left to seal.ts, commit-record.ts and note-record.ts.
 *
 *   file head, 64 bytes   "LGSEG001", segment number u32, 16 bytes of archive id, zeros, CRC-32 u32
 *   record head, 32 bytes "LGR1", kind u8, flags u8, 0 u16, body length u32, first chunk u32, owner u64, 0 u32, CRC-32 u32
 *
 * All numbers are little-endian. The CRC of a `data` record covers its head only: its chunks carry their own GCM tags, and
 * a second pass over pixel data would buy nothing. The CRC of every other record covers head and body.
 *
 * What is written at once begins and ends at a multiple of 4096 bytes, filled up with a `pad` record: such writes can go
 * to the disk past the page cache, and none ever touches a block that holds something acknowledged.
 */
import { crc32 } from 'node:zlib';

export const fileHeadBytes = 64;
export const recordHeadBytes = 32;
const archiveIdBytes = 16;
/** The largest block of usual disks and file systems. */
export const blockBytes = 4096;

/**
 * `data`: encrypted chunks. `commit`: an instance is complete. `note`: a decision about a study or a conflict. `pad`: zeros up
 * to the next block.
 */
export type RecordKind = 'data' | 'commit' | 'note' | 'pad';
const kindNumbers = { data: 1, commit: 2, note: 3, pad: 4 } as const satisfies Record<RecordKind, number>;
const kindNames: readonly (RecordKind | undefined)[] = [undefined, 'data', 'commit', 'note', 'pad'];

export interface RecordHead {
  readonly kind: RecordKind;
  /** Of a data record: the instance's last chunk is in it. */
  readonly last: boolean;
  readonly bodyBytes: number;
  /** Of a data record: number of its first chunk within the instance. */
  readonly firstChunk: number;
  /** Data and commit: local number of the instance. Note: its number in the order of all commits and notes. Pad: 0. */
  readonly owner: number;
}

const magic = Buffer.from('LGR1', 'latin1');
const fileMagic = Buffer.from('LGSEG001', 'latin1');

/** The 32 bytes before a body. `body` is needed for all but data, whose CRC leaves it out. */
export function encodeRecordHead(head: RecordHead, body?: Uint8Array): Buffer {
  const bytes = Buffer.allocUnsafe(recordHeadBytes);
  bytes.set(magic, 0);
  bytes[4] = kindNumbers[head.kind];
  bytes[5] = head.last ? 1 : 0;
  bytes.writeUInt16LE(0, 6);
  bytes.writeUInt32LE(head.bodyBytes, 8);
  bytes.writeUInt32LE(head.firstChunk, 12);
  bytes.writeUInt32LE(head.owner >>> 0, 16);
  bytes.writeUInt32LE(Math.floor(head.owner / 0x100000000), 20);
  bytes.writeUInt32LE(0, 24);
  bytes.writeUInt32LE(recordCrc(bytes, head.kind === 'data' ? undefined : body), 28);
  return bytes;
}

function recordCrc(head: Uint8Array, body: Uint8Array | undefined): number {
  const ofHead = crc32(head.subarray(0, 28));
  return body === undefined ? ofHead : crc32(body, ofHead);
}

/**
 * Reads a record head without its CRC, which needs the body: `recordIsWhole` checks it.
 * Returns undefined when the bytes cannot be a head.
 */
export function decodeRecordHead(bytes: Buffer): RecordHead | undefined {
  if (bytes.length < recordHeadBytes || bytes.compare(magic, 0, 4, 0, 4) !== 0) return undefined;
  const kind = kindNames[bytes.readUInt8(4)];
  const flags = bytes.readUInt8(5);
  const ownerHigh = bytes.readUInt32LE(20);
  if (kind === undefined || flags > 1 || bytes.readUInt16LE(6) !== 0 || bytes.readUInt32LE(24) !== 0) return undefined;
  if (ownerHigh > 0x1fffff) return undefined; // beyond what a number holds exactly: never written by us
  return {
    kind,
    last: flags === 1,
    bodyBytes: bytes.readUInt32LE(8),
    firstChunk: bytes.readUInt32LE(12),
    owner: ownerHigh * 0x100000000 + bytes.readUInt32LE(16),
  };
}

/** Does the CRC hold? `body` may be left out for a data record. */
export function recordIsWhole(headBytes: Buffer, kind: RecordKind, body?: Uint8Array): boolean {
  return headBytes.readUInt32LE(28) === recordCrc(headBytes, kind === 'data' ? undefined : body);
}

/** Where the next bytes that look like a record head begin, or -1; used to go on after a damaged record. */
export function findRecordHead(bytes: Buffer, from: number): number {
  return bytes.indexOf(magic, from);
}

const zeros = Buffer.alloc(2 * blockBytes);

/** The pad record that fills the block in which something ends; empty when nothing is to fill. */
export function encodePad(endOffset: number): readonly Buffer[] {
  const used = endOffset % blockBytes;
  if (used === 0) return [];
  const left = blockBytes - used;
  const length = left < recordHeadBytes ? left + blockBytes : left;
  const body = zeros.subarray(0, length - recordHeadBytes);
  return [encodeRecordHead({ kind: 'pad', last: false, bodyBytes: body.length, firstChunk: 0, owner: 0 }, body), body];
}

export function encodeFileHead(segment: number, archiveId: Uint8Array): Buffer {
  const bytes = Buffer.alloc(fileHeadBytes);
  bytes.set(fileMagic, 0);
  bytes.writeUInt32LE(segment, 8);
  bytes.set(archiveId.subarray(0, archiveIdBytes), 12);
  bytes.writeUInt32LE(crc32(bytes.subarray(0, 60)), 60);
  return bytes;
}

/** Segment number and archive id, or undefined when this is not (or not wholly) a segment's head. */
export function decodeFileHead(bytes: Buffer): { readonly segment: number; readonly archiveId: Buffer } | undefined {
  if (bytes.length < fileHeadBytes || bytes.compare(fileMagic, 0, 8, 0, 8) !== 0) return undefined;
  if (bytes.readUInt32LE(60) !== crc32(bytes.subarray(0, 60))) return undefined;
  return { segment: bytes.readUInt32LE(8), archiveId: Buffer.from(bytes.subarray(12, 12 + archiveIdBytes)) };
}
