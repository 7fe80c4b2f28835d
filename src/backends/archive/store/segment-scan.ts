/**
 * Reads segment files record by record: for recovery at start, rebuilding of the index, compaction and verification.
 * After a damaged record it looks for the next one that is whole, so that one flipped byte costs one record.
 */
import { join } from 'node:path';
import type { FileSystem, OpenFile } from './file-system.ts';
import {
  decodeFileHead,
  decodeRecordHead,
  fileHeadBytes,
  findRecordHead,
  type RecordHead,
  recordHeadBytes,
  recordIsWhole,
} from './record.ts';
import { segmentName, segmentNumber } from './segment-log.ts';

/** `bodyBytesMax`: a longer commit or note is damage; `scanBytes`: read at once while looking for the next record. */
export interface SegmentScanLimits {
  readonly recordBodyBytesMax: number;
  readonly scanBytes: number;
}

export type Scanned =
  | {
      readonly kind: 'record';
      readonly head: RecordHead;
      readonly offset: number;
      readonly end: number;
      readonly body?: Buffer;
    }
  /**
   * Bytes from `offset` to `end` are not a record. `tail`: nothing whole follows. `isHole`: all of them are zero, as where a write
   * never came.
   */
  | {
      readonly kind: 'damage';
      readonly offset: number;
      readonly end: number;
      readonly tail: boolean;
      readonly isHole: boolean;
    };

/** Numbers of the segment files, ascending. */
export async function listSegments(fileSystem: FileSystem, directory: string): Promise<readonly number[]> {
  const names = await fileSystem.list(directory);
  return names
    .map((name) => segmentNumber(name))
    .filter((number) => number !== undefined)
    .toSorted((a, b) => a - b);
}

/**
 * All records from `from` on (0 means the beginning). Bodies of commits and notes come along; bodies of data records only
 * with `withData`.
 */
export async function* scanSegment(
  fileSystem: FileSystem,
  place: { readonly directory: string; readonly segment: number; readonly from: number; readonly withData?: boolean },
  limits: SegmentScanLimits,
): AsyncGenerator<Scanned> {
  const file = await fileSystem.open(join(place.directory, segmentName(place.segment)), 'read');
  try {
    const size = await file.sizeBytes();
    let offset = Math.max(place.from, fileHeadBytes);
    if (place.from < fileHeadBytes) {
      const head = Buffer.alloc(fileHeadBytes);
      const read = await file.read(head, 0);
      const facts = read === fileHeadBytes ? decodeFileHead(head) : undefined;
      if (facts === undefined || facts.segment !== place.segment) {
        const next = await nextRecord(file, { from: 0, size }, limits);
        yield await damage(file, { offset: 0, next, size }, limits);
        if (next === undefined) return;
        offset = next;
      }
    }
    while (offset < size) {
      const record = await readRecord(file, { offset, size, withData: place.withData ?? false }, limits);
      if (record === undefined) {
        const next = await nextRecord(file, { from: offset + 1, size }, limits);
        yield await damage(file, { offset, next, size }, limits);
        if (next === undefined) return;
        offset = next;
        continue;
      }
      yield record;
      offset = record.end;
    }
  } finally {
    await file.close();
  }
}

async function damage(
  file: OpenFile,
  { offset, next, size }: { readonly offset: number; readonly next: number | undefined; readonly size: number },
  { scanBytes }: SegmentScanLimits,
): Promise<Scanned & { kind: 'damage' }> {
  const end = next ?? size;
  const window = Buffer.alloc(scanBytes);
  let isHole = true;
  for (let at = offset; isHole && at < end; at += scanBytes) {
    const bytes = window.subarray(0, Math.min(scanBytes, end - at));
    await file.read(bytes, at);
    isHole = bytes.every((byte) => byte === 0);
  }
  return { kind: 'damage', offset, end, tail: next === undefined, isHole };
}

async function readRecord(
  file: OpenFile,
  at: { readonly offset: number; readonly size: number; readonly withData: boolean },
  limits: SegmentScanLimits,
): Promise<(Scanned & { kind: 'record' }) | undefined> {
  const headBytes = Buffer.alloc(recordHeadBytes);
  if ((await file.read(headBytes, at.offset)) < recordHeadBytes) return undefined;
  const head = decodeRecordHead(headBytes);
  if (head === undefined || head.bodyBytes > limits.recordBodyBytesMax) return undefined;
  const bodyAt = at.offset + recordHeadBytes;
  const end = bodyAt + head.bodyBytes;
  if (end > at.size) return undefined;
  if (head.kind === 'data' && !at.withData) {
    return recordIsWhole(headBytes, 'data') ? { kind: 'record', head, offset: at.offset, end } : undefined;
  }
  const body = Buffer.allocUnsafe(head.bodyBytes);
  if ((await file.read(body, bodyAt)) < body.length) return undefined;
  return recordIsWhole(headBytes, head.kind, body) ? { kind: 'record', head, offset: at.offset, end, body } : undefined;
}

/** Offset of the next whole record at or after `from`. */
async function nextRecord(
  file: OpenFile,
  range: { readonly from: number; readonly size: number },
  limits: SegmentScanLimits,
): Promise<number | undefined> {
  const window = Buffer.alloc(limits.scanBytes);
  let start = range.from;
  while (start + recordHeadBytes <= range.size) {
    const bytes = window.subarray(0, await file.read(window, start));
    for (let at = findRecordHead(bytes, 0); at >= 0; at = findRecordHead(bytes, at + 1)) {
      const offset = start + at;
      if ((await readRecord(file, { offset, size: range.size, withData: false }, limits)) !== undefined) return offset;
    }
    if (bytes.length < recordHeadBytes) return undefined;
    start += bytes.length - 3; // a magic that straddles two windows
  }
  return undefined;
}
