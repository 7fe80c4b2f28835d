/**
 * Gives space back: what still counts in a sealed segment is written anew at the end of the log, then the segment is
 * deleted. Sealed facts and chunks are copied as they are, so nothing is decrypted; only places change. A crash in between
 * leaves both copies, and replaying takes the later place.
 */
import { join } from 'node:path';
import { LeadglassError } from '../../error.ts';
import type { Archive } from './archive.ts';
import { unpackExtents } from './index/archive-index.ts';
import { bytesIn } from './index/columns.ts';
import { readRecordBody } from './replay.ts';
import { decodeCommit, encodeCommitSealed, type Extent } from './store/commit-record.ts';
import { decodeNote } from './store/note-record.ts';
import { encodeRecordHead, recordHeadBytes } from './store/record.ts';
import { type Position, segmentName } from './store/segment-log.ts';
import { listSegments, scanSegment } from './store/segment-scan.ts';

export interface CompactOptions {
  /** A segment is compacted when less than this part of it is live, from 0 to 1. */
  readonly liveRatioMax: number;
  readonly signal?: AbortSignal;
}

export interface CompactReport {
  readonly segments: number;
  readonly freedBytes: number;
  readonly movedInstances: number;
}

interface Live {
  readonly instance: number;
  readonly extents: readonly Extent[];
  readonly commitAt: Position;
}

/** @throws LeadglassError CORRUPT when live records do not read: the segment stays; OUT_OF_RESOURCES, BACKEND_UNAVAILABLE */
export async function compact(archive: Archive, options: CompactOptions): Promise<CompactReport> {
  let segments = 0;
  let freedBytes = 0;
  let movedInstances = 0;
  const sizes = await sizesOf(archive);
  for (const [segment, size] of sizes) {
    if (options.signal?.aborted === true) break;
    const live = liveIn(archive, segment);
    const liveBytes = live.reduce((sum, { extents }) => sum + bytesWithin(extents, segment), 0);
    if (liveBytes > size * options.liveRatioMax || isInUse(archive, segment)) continue;
    for (const one of live) await moveInstance(archive, one);
    await moveNotes(archive, segment);
    // What is live is asked for again before it goes: a removal or a decision may have come between.
    if (liveIn(archive, segment).length > 0 || isInUse(archive, segment)) continue;
    archive.reader.drop(segment);
    await archive.fileSystem.remove(join(archive.segmentDirectory, segmentName(segment)));
    await archive.fileSystem.syncDirectory(archive.segmentDirectory);
    segments += 1;
    freedBytes += size;
    movedInstances += live.length;
  }
  return { segments, freedBytes, movedInstances };
}

/** The next run takes it. */
function isInUse(archive: Archive, segment: number): boolean {
  return archive.reader.isBeingRead(segment) || archive.isBeingWritten(segment);
}

async function sizesOf(archive: Archive): Promise<ReadonlyMap<number, number>> {
  const sizes = new Map<number, number>();
  for (const segment of await listSegments(archive.fileSystem, archive.segmentDirectory)) {
    // A commit may still be on its way into the last segments, and no index row names it yet.
    if (segment >= Math.min(archive.log.currentSegment, archive.log.durable.segment)) continue;
    const file = await archive.fileSystem.open(join(archive.segmentDirectory, segmentName(segment)), 'read');
    try {
      sizes.set(segment, await file.sizeBytes());
    } finally {
      await file.close();
    }
  }
  return sizes;
}

/** Stored instances, and those kept aside for a decision, of which a part or the commit record is in this segment. */
function liveIn(archive: Archive, segment: number): readonly Live[] {
  const found: Live[] = [];
  const statements = [
    'SELECT id AS instance, extents, commit_segment, commit_offset FROM instance',
    "SELECT instance, extents, commit_segment, commit_offset FROM conflict WHERE state = 'waiting'",
  ];
  for (const sql of statements) {
    for (const row of archive.index.database.prepare(sql).iterate()) {
      const extents = unpackExtents(bytesIn(row, 'extents'));
      const commitAt = { segment: Number(row['commit_segment']), offset: Number(row['commit_offset']) };
      if (commitAt.segment !== segment && bytesWithin(extents, segment) === 0) continue;
      found.push({ instance: Number(row['instance']), extents, commitAt });
    }
  }
  return found;
}

function bytesWithin(extents: readonly Extent[], segment: number): number {
  return extents.reduce((sum, extent) => (extent.segment === segment ? sum + extent.bodyBytes : sum), 0);
}

async function moveInstance(archive: Archive, live: Live): Promise<void> {
  const { reader, log, options } = archive;
  const { body } = await readRecordBody(reader, live.commitAt);
  const { clear, sealed } = decodeCommit(body);
  const entry = await archive.readEntry(live.commitAt);
  if (entry === undefined) return; // removed meanwhile
  const extents: Extent[] = [];
  let firstChunk = 0;
  for (const [index, extent] of clear.extents.entries()) {
    const bytes = await reader.readExtent(extent);
    await log.pressure;
    const head = encodeRecordHead({
      kind: 'data',
      last: index === clear.extents.length - 1,
      bodyBytes: bytes.length,
      firstChunk,
      owner: live.instance,
    });
    const at = log.append({ buffers: [head, bytes], lengthBytes: recordHeadBytes + bytes.length });
    extents.push({ segment: at.segment, offset: at.offset + recordHeadBytes, bodyBytes: bytes.length });
    firstChunk += Math.ceil(bytes.length / (options.limits.chunkBytes + 16));
  }
  if (extents.some((extent) => log.isLost(extent.segment, extent.offset + extent.bodyBytes))) {
    throw new LeadglassError('BACKEND_UNAVAILABLE', 'Cannot compact: the disk failed');
  }
  const moved = encodeCommitSealed({ ...clear, synced: log.durable, extents }, sealed);
  const head = encodeRecordHead(
    { kind: 'commit', last: false, bodyBytes: moved.length, firstChunk: 0, owner: live.instance },
    moved,
  );
  const lengthBytes = recordHeadBytes + moved.length;
  const commitAt = log.place(lengthBytes);
  await log.appendDurably({ buffers: [head, moved], lengthBytes }, { ...entry, extents, commitAt });
}

async function moveNotes(archive: Archive, segment: number): Promise<void> {
  const { fileSystem, segmentDirectory: directory, log } = archive;
  for await (const scanned of scanSegment(fileSystem, { directory, segment, from: 0 }, archive.options.limits)) {
    if (scanned.kind !== 'record' || scanned.head.kind !== 'note' || scanned.body === undefined) continue;
    const head = encodeRecordHead(scanned.head, scanned.body);
    // Applied before; applying it again changes nothing.
    const token = { note: decodeNote(scanned.body), sequence: scanned.head.owner };
    const lengthBytes = recordHeadBytes + scanned.body.length;
    await log.appendDurably({ buffers: [head, scanned.body], lengthBytes }, token);
  }
}
