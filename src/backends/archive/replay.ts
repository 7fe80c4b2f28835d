/**
 * Brings an index up to what the segments hold: after a crash from the index's own position on, for a rebuild from the
 * beginning. Commits and notes are applied in the order of their sequence numbers, whatever order compaction left them in.
 */
import type { DataSetLimits } from '../../dicom/data-set-limits.ts';
import { asLeadglassError, LeadglassError } from '../../error.ts';
import type { ArchiveIndex, IndexEntry } from './index/archive-index.ts';
import { decodeHead } from './index/head.ts';
import { applyNote } from './index/apply-note.ts';
import { decodeCommit, openCommit } from './store/commit-record.ts';
import type { FileSystem } from './store/file-system.ts';
import type { InstanceReader } from './store/instance-reader.ts';
import { decodeNote, type Note } from './store/note-record.ts';
import { decodeRecordHead, fileHeadBytes, recordHeadBytes, recordIsWhole } from './store/record.ts';
import { deriveKey } from './store/seal.ts';
import type { Position } from './store/segment-log.ts';
import { listSegments, scanSegment, type SegmentScanLimits } from './store/segment-scan.ts';
import type { StudyKeyCache } from './study-key-cache.ts';

export interface ReplaySource {
  readonly fileSystem: FileSystem;
  readonly directory: string;
  readonly reader: InstanceReader;
  readonly keys: StudyKeyCache;
  readonly limits: SegmentScanLimits & { readonly replayGroupRecords: number };
  readonly dataSetLimits: DataSetLimits;
}

/** Something in the segments that does not verify. */
export interface SegmentProblem {
  readonly segment: number;
  readonly offset: number;
  readonly instance?: number;
  readonly problem: string;
  /** The disk could not be read; the bytes may be right. */
  readonly isDiskFailure?: true;
}

export interface ReplayReport {
  readonly instances: number;
  readonly notes: number;
  readonly problems: readonly SegmentProblem[];
  /** No commit, no note, and no bytes that may have been one: nothing was ever acknowledged. */
  readonly isBlank: boolean;
  /** Where the log goes on: behind the last commit or note and the pad after it. */
  readonly end: Position;
}

interface Found {
  readonly kind: 'commit' | 'note';
  readonly segment: number;
  readonly offset: number;
  readonly end: number;
  readonly sequence: number;
  readonly instance: number;
}

/** @param until nothing from here on is looked at; without it everything is */
export async function replay(
  index: ArchiveIndex,
  source: ReplaySource,
  from: Position,
  until?: Position,
): Promise<ReplayReport> {
  const before = index.position;
  const { found, problems, isBlank, end, synced, instanceMax } = await collect(source, { from, until });
  const records = found.toSorted((a, b) => a.sequence - b.sequence);
  const instance = Math.max(before.instance, instanceMax);
  let instances = 0;
  let notes = 0;
  for (let start = 0; start < records.length; start += source.limits.replayGroupRecords) {
    const group = records.slice(start, start + source.limits.replayGroupRecords);
    const steps: (() => void)[] = [];
    for (const record of group) {
      try {
        if (record.kind === 'commit') {
          const entry = await readEntry(source, record);
          if (entry === undefined) continue; // its study was removed
          if (isBehind(record, synced)) await check(source, entry);
          steps.push(() => index.apply(entry));
          instances += 1;
        } else {
          const note = await readNote(source, record);
          // What the note needs of the segments is read now: a transaction cannot wait.
          const prepared = await prepareNote(index, { source, note, pending: steps });
          steps.push(() => applyNote(index, { note, sequence: record.sequence, ...prepared }));
          notes += 1;
        }
      } catch (error) {
        const { segment, offset, instance } = record;
        const { code, message } = asLeadglassError(error);
        const isDiskFailure = code === 'BACKEND_UNAVAILABLE' ? ({ isDiskFailure: true } as const) : {};
        problems.push({ segment, offset, instance, problem: message, ...isDiskFailure });
      }
    }
    const sequence = Math.max(before.sequence, group.at(-1)?.sequence ?? 0);
    // Until the last group the position stays, so that a crash in the middle begins again; applying twice is harmless.
    const isLast = start + group.length >= records.length;
    const position = isLast ? { ...end, sequence, instance } : { ...from, sequence: before.sequence, instance };
    index.transaction(position, () => {
      for (const step of steps) step();
    });
  }
  return { instances, notes, problems, isBlank, end };
}

/** A conflict decided for the arrived instance needs that instance's facts. */
async function prepareNote(
  index: ArchiveIndex,
  facts: { readonly source: ReplaySource; readonly note: Note; readonly pending: (() => void)[] },
): Promise<{ readonly entry?: IndexEntry }> {
  const { note, source, pending } = facts;
  if (note.kind !== 'conflict-decided') return {};
  // The conflict may be in this very group: bring the index that far first.
  if (pending.length > 0) {
    index.transaction(index.position, () => {
      for (const step of pending) step();
    });
    pending.length = 0;
  }
  const at = index.conflictCommit(note.keep);
  if (at === undefined) return {};
  const entry = await readEntry(source, at);
  return entry === undefined ? {} : { entry };
}

async function collect(
  source: ReplaySource,
  { from, until }: { readonly from: Position; readonly until: Position | undefined },
) {
  const problems: SegmentProblem[] = [];
  const found: Found[] = [];
  // Where a write never came; of no consequence while nothing at all was committed.
  const holes: SegmentProblem[] = [];
  let hasDamage = false;
  let end: Position = from;
  let synced: Position = from;
  let instanceMax = 0;
  for (const segment of await listSegments(source.fileSystem, source.directory)) {
    if (segment < from.segment || (until !== undefined && segment > until.segment)) continue;
    const start = segment === from.segment ? from.offset : 0;
    const place = { directory: source.directory, segment, from: start };
    // What is torn behind the last commit or note was never acknowledged. Read from the beginning, because the index is lost,
    // it may have been one of them.
    let torn: SegmentProblem[] = [];
    for await (const scanned of scanSegment(source.fileSystem, place, source.limits)) {
      if (until !== undefined && comparePositions({ segment, offset: scanned.offset }, until) >= 0) break;
      if (scanned.kind === 'damage') {
        torn.push({ segment, offset: scanned.offset, problem: 'bytes that are no record' });
        if (!scanned.tail && from.segment === 0) (scanned.isHole ? holes : problems).push(...torn.splice(0));
        hasDamage ||= !scanned.isHole;
        continue;
      }
      const { head, offset, body } = scanned;
      if (head.kind === 'pad') {
        if (segment === end.segment && offset === end.offset) end = { segment, offset: scanned.end };
        continue;
      }
      if (head.kind === 'data' || body === undefined) {
        instanceMax = Math.max(instanceMax, head.owner);
        continue;
      }
      problems.push(...torn);
      torn = [];
      if (head.kind === 'commit') {
        const { clear } = decodeCommit(body);
        instanceMax = Math.max(instanceMax, head.owner);
        if (comparePositions(clear.synced, synced) > 0) synced = clear.synced;
        found.push({
          kind: 'commit',
          segment,
          offset,
          end: scanned.end,
          sequence: clear.sequence,
          instance: head.owner,
        });
      } else {
        found.push({ kind: 'note', segment, offset, end: scanned.end, sequence: head.owner, instance: 0 });
      }
      end = { segment, offset: scanned.end };
    }
  }
  const isBlank = found.length === 0 && !hasDamage;
  if (!isBlank) problems.push(...holes);
  return { found, problems, isBlank, end, synced, instanceMax };
}

function comparePositions(a: Position, b: Position): number {
  return a.segment - b.segment || a.offset - b.offset;
}

function isBehind(record: Found, synced: Position): boolean {
  return comparePositions({ segment: record.segment, offset: record.end }, synced) > 0;
}

/** Written but perhaps never synced: every chunk and the digest are checked before it counts as stored. */
async function check(source: ReplaySource, entry: IndexEntry): Promise<void> {
  const key = deriveKey(source.keys.get(entry.keyId), 'instance', entry.salt);
  const { instance, extents } = entry;
  const { lengthBytes, sha256 } = entry.facts;
  for await (const chunk of source.reader.read(() => ({ instance, key, extents, lengthBytes, sha256 }))) void chunk;
}

/** Reads the body of a commit or note. @throws LeadglassError CORRUPT */
export async function readRecordBody(
  reader: InstanceReader,
  at: Position,
): Promise<{ readonly owner: number; readonly body: Buffer }> {
  const headBytes = await reader.readRaw(at.segment, { offset: at.offset, lengthBytes: recordHeadBytes });
  const head = decodeRecordHead(headBytes);
  if (head === undefined || head.kind === 'data' || at.offset < fileHeadBytes) {
    throw new LeadglassError('CORRUPT', 'Cannot read a record: its head does not verify');
  }
  const body = await reader.readRaw(at.segment, { offset: at.offset + recordHeadBytes, lengthBytes: head.bodyBytes });
  if (!recordIsWhole(headBytes, head.kind, body)) {
    throw new LeadglassError('CORRUPT', 'Cannot read a record: its checksum does not verify');
  }
  return { owner: head.owner, body };
}

/** The index entry of a commit record; undefined when the study's key was destroyed. @throws LeadglassError CORRUPT */
export async function readEntry(
  source: Pick<ReplaySource, 'reader' | 'keys' | 'dataSetLimits'>,
  at: Position,
): Promise<IndexEntry | undefined> {
  const { owner, body } = await readRecordBody(source.reader, at);
  const { clear, sealed } = decodeCommit(body);
  const studyKey = source.keys.find(clear.keyId);
  if (studyKey === undefined) return undefined;
  const key = deriveKey(studyKey, 'instance', clear.salt);
  const facts = openCommit(sealed, { key, instance: owner });
  const { sequence, keyId, salt, extents } = clear;
  const head = decodeHead(facts.head, source.dataSetLimits);
  const commitAt = { segment: at.segment, offset: at.offset };
  return { instance: owner, sequence, keyId, salt, extents, commitAt, facts, head };
}

async function readNote(source: ReplaySource, at: Position): Promise<Note> {
  return decodeNote((await readRecordBody(source.reader, at)).body);
}
