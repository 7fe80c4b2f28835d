/**
 * The own archive: encrypted append-only segments that are the write-ahead log of an SQLite index. This file opens both,
 * recovers after a crash and answers the Backend contract; how bytes are stored is in store/, how they are found in index/.
 */
import { randomBytes } from 'node:crypto';
import { mkdirSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import type { DataSet } from '../../dicom/data-set.ts';
import type { DataSetLimits, KeptLimits } from '../../dicom/data-set-limits.ts';
import { LeadglassError } from '../../error.ts';
import type { Commit, Find, Remove, Resolve, Retrieve, Store } from '../../guard/operation.ts';
import type { Pass } from '../../guard/pass.ts';
import { refuseDeIdentified } from '../../guard/scope.ts';
import type { Backend, CommitOutcome, RemoveOutcome, StoreContext, StoredInstance, StoreWriter } from '../backend.ts';
import { ArchiveWriter, type ArchiveWriterLimits, type WriterHost } from './archive-writer.ts';
import type { NoteToApply } from './index/apply-note.ts';
import { ArchiveIndex, type IndexEntry } from './index/archive-index.ts';
import { checkCommitment } from './index/commitment.ts';
import { find, type FindLimits } from './index/find.ts';
import { listInstances } from './index/retrieve-list.ts';
import { openIndexFile } from './index/schema.ts';
import { isInstanceReached, isNewOrReached } from './index/scope-sql.ts';
import { applyAll, type DurableToken, WriteBehind, type WriteBehindLimits } from './index/write-behind.ts';
import { resolveConflict } from './conflicts.ts';
import { finishRemovals, removeStudy } from './removal.ts';
import { type ReplayReport, type ReplaySource, readEntry, replay } from './replay.ts';
import { type FileSystem, realFileSystem } from './store/file-system.ts';
import { InstanceReader, type InstanceReaderLimits, type StoredBytes } from './store/instance-reader.ts';
import { ChunkBuffers } from './store/instance-sealer.ts';
import type { SealingThread } from './store/sealing-thread.ts';
import { encodeNote, type NoteReason } from './store/note-record.ts';
import { decodeFileHead, encodeRecordHead, fileHeadBytes, recordHeadBytes } from './store/record.ts';
import { deriveKey, SaltPool } from './store/seal.ts';
import { asStorageError, type Position, SegmentLog, type SegmentLogLimits, segmentName } from './store/segment-log.ts';
import { listSegments, type SegmentScanLimits } from './store/segment-scan.ts';
import { StudyKeyCache } from './study-key-cache.ts';
import type { StudyKeySource } from './study-key-source.ts';

export interface ArchiveLimits
  extends SegmentLogLimits,
    SegmentScanLimits,
    ArchiveWriterLimits,
    InstanceReaderLimits,
    WriteBehindLimits,
    FindLimits {
  /** Records put into the index in one transaction while segments are replayed. */
  readonly replayGroupRecords: number;
  /** Keys of studies held in memory for reading. */
  readonly studyKeysInUseMax: number;
  /** Storing is refused while the disk has less than this. */
  readonly freeBytesMin: number;
  /** Buffers of a chunk that wait for the next instance. */
  readonly chunkBuffersKeptMax: number;
  /** Problems that `verify` names one by one; all are counted. */
  readonly verifyProblemsMax: number;
  /** How long a look at the free space counts. */
  readonly freeBytesCheckMs: number;
}

export interface ArchiveOptions {
  /** `<data>/archive`; made if it is not there. */
  readonly directory: string;
  readonly keys: StudyKeySource;
  readonly limits: ArchiveLimits;
  readonly dataSetLimits: DataSetLimits & KeptLimits;
  /** A study can be removed when its youngest instance was received this many days ago. */
  readonly retentionDays: number;
  readonly nowMs?: () => number;
  readonly fileSystem?: FileSystem;
  /** Seals arriving instances of several chunks; without one the thread that receives them does. Ended by whoever made it. */
  readonly sealingThread?: SealingThread;
}

export class Archive implements Backend {
  readonly options: ArchiveOptions;
  readonly index: ArchiveIndex;
  readonly keys: StudyKeyCache;
  readonly reader: InstanceReader;
  readonly log: SegmentLog<DurableToken>;
  readonly fileSystem: FileSystem;
  /** What opening found and did; problems are for the log and for `leadglass verify`. */
  readonly recovery: ReplayReport;
  readonly segmentDirectory: string;
  readonly #host: WriterHost;
  #sequence: number;
  #instance: number;
  readonly #behind: WriteBehind;
  /** While the index is made anew: what became durable meanwhile. */
  #rebuildTail: DurableToken[] | undefined;
  #freeBytes = Number.POSITIVE_INFINITY;
  #freeCheckedMs = Number.NEGATIVE_INFINITY;
  #freeCheck: Promise<void> | undefined;

  /**
   * Opens or makes the archive, cuts a torn tail, and brings the index up to date.
   * @throws LeadglassError CORRUPT (index of another version or damaged), BACKEND_UNAVAILABLE
   */
  static async open(options: ArchiveOptions): Promise<Archive> {
    const segments = join(options.directory, 'segments');
    mkdirSync(segments, { recursive: true, mode: 0o700 });
    const fileSystem = options.fileSystem ?? realFileSystem;
    const index = new ArchiveIndex(openIndexFile(join(options.directory, 'index.sqlite')));
    const keys = new StudyKeyCache(options.keys, options.limits.studyKeysInUseMax);
    const reader = new InstanceReader(fileSystem, segments, options);
    try {
      const { limits, dataSetLimits } = options;
      const source: ReplaySource = { fileSystem, directory: segments, reader, keys, limits, dataSetLimits };
      const from = index.position;
      const recovery = await replay(index, source, from);
      reader.close(); // the tail that it had open may be cut now
      // Without an index to begin from, or with damage, an unreadable commit may be the only trace of an instance.
      const doubtful = (from.segment === 0 && !recovery.isBlank) || recovery.problems.length > 0;
      const start = await cutTail(fileSystem, segments, { end: recovery.end, doubtful });
      const archiveId = await readArchiveId(fileSystem, segments);
      const archive = new Archive(options, { index, keys, reader, recovery, start, archiveId, fileSystem, segments });
      finishRemovals(archive);
      return archive;
    } catch (error) {
      reader.close();
      index.close();
      throw error;
    }
  }

  private constructor(
    options: ArchiveOptions,
    parts: {
      readonly index: ArchiveIndex;
      readonly keys: StudyKeyCache;
      readonly reader: InstanceReader;
      readonly recovery: ReplayReport;
      readonly start: Position;
      readonly archiveId: Uint8Array;
      readonly fileSystem: FileSystem;
      readonly segments: string;
    },
  ) {
    this.options = options;
    this.index = parts.index;
    this.keys = parts.keys;
    this.reader = parts.reader;
    this.recovery = parts.recovery;
    this.fileSystem = parts.fileSystem;
    this.segmentDirectory = parts.segments;
    const { sequence, instance } = parts.index.position;
    this.#sequence = sequence;
    this.#instance = instance;
    this.log = new SegmentLog({
      fileSystem: parts.fileSystem,
      directory: parts.segments,
      archiveId: parts.archiveId,
      limits: options.limits,
      start: parts.start,
      onDurable: (tokens, end) => this.#onDurable(tokens, end),
    });
    const { index, keys, log } = this;
    const behind = new WriteBehind(index, options.limits);
    this.#behind = behind;
    this.#host = {
      sealing: {
        log,
        buffers: new ChunkBuffers(options.limits),
        limits: options.limits,
        thread: options.sealingThread,
      },
      log,
      keys,
      limits: options.limits,
      dataSetLimits: options.dataSetLimits,
      nextInstance: () => (this.#instance += 1),
      nextSequence: () => this.nextSequence(),
      nowMs: () => this.nowMs(),
      ensureSpace: () => this.#ensureSpace(),
      reaches: (scope, uid) => isNewOrReached(index, scope, uid),
      reachesInstance: (scope, uid) => isInstanceReached(index, scope, uid),
      isHidden: (uid) => index.isHidden(uid),
      isRemoved: (keyId) => index.isRemoved(keyId),
      devicesOf: (uid) => index.devicesOf(uid),
      instanceByUid: (uid) => behind.instanceByUid(uid) ?? index.instanceByUid(uid),
      conflictsByUid: (uid) => index.conflictsByUid(uid),
      committing: new Map(),
      joining: new Map(),
      openWriters: new Set(),
      salts: new SaltPool(),
    };
  }

  store(pass: Pass<Store>, context: StoreContext): StoreWriter {
    return new ArchiveWriter(this.#host, pass, context);
  }

  find(pass: Pass<Find>): AsyncIterable<DataSet> {
    refuseDeIdentified(pass.scope);
    return find(this.index, pass, { limits: this.options.limits, dataSetLimits: this.options.dataSetLimits });
  }

  async *retrieve(pass: Pass<Retrieve>): AsyncGenerator<StoredInstance> {
    refuseDeIdentified(pass.scope);
    for await (const listed of listInstances(this.index, pass, this.options.dataSetLimits)) {
      const { head, transferSyntaxUid, lengthBytes, sha256, instance, keyId, salt } = listed;
      const part10Head = listed.hasPart10Head ? await this.#part10HeadOf(listed.commitAt) : undefined;
      const find = (): StoredBytes => {
        const key = deriveKey(this.keys.get(keyId), 'instance', salt);
        // Compaction may have moved it since it was listed.
        const extents = this.index.extentsOf(instance) ?? listed.extents;
        return { instance, key, extents, lengthBytes, sha256 };
      };
      yield {
        head,
        transferSyntaxUid,
        lengthBytes,
        sha256,
        ...(part10Head === undefined ? {} : { part10Head }),
        read: () => this.reader.read(find),
        readRange: (offset, rangeBytes) => this.reader.readRange(find, { offset, lengthBytes: rangeBytes }),
      };
    }
  }

  async commit(pass: Pass<Commit>): Promise<CommitOutcome> {
    refuseDeIdentified(pass.scope);
    return checkCommitment(this.index, pass);
  }

  async remove(pass: Pass<Remove>): Promise<RemoveOutcome> {
    refuseDeIdentified(pass.scope);
    return removeStudy(this, pass);
  }

  async resolve(pass: Pass<Resolve>): Promise<void> {
    await resolveConflict(this, pass);
  }

  /** Has an arriving instance, which no index row names yet, a part in this segment? */
  isBeingWritten(segment: number): boolean {
    for (const writer of this.#host.openWriters) {
      if (writer.extents.some((extent) => extent.segment === segment)) return true;
    }
    return false;
  }

  nowMs(): number {
    return (this.options.nowMs ?? Date.now)();
  }

  nextSequence(): number {
    this.#sequence += 1;
    return this.#sequence;
  }

  /** Writes a decision to the segments and the index; resolves when both are safe. */
  async decide(
    decision: Omit<NoteToApply, 'sequence'>,
    facts: { readonly reason: NoteReason; readonly studyKey?: Uint8Array },
  ): Promise<void> {
    const sequence = this.nextSequence();
    const body = encodeNote(decision.note, facts.reason, facts.studyKey);
    const head = encodeRecordHead(
      { kind: 'note', last: false, bodyBytes: body.length, firstChunk: 0, owner: sequence },
      body,
    );
    const token: NoteToApply = { ...decision, sequence };
    await this.log.appendDurably({ buffers: [head, body], lengthBytes: recordHeadBytes + body.length }, token);
  }

  /** What the segments know of a stored instance or of one kept aside. */
  readEntry(at: Position): Promise<IndexEntry | undefined> {
    return readEntry({ reader: this.reader, keys: this.keys, dataSetLimits: this.options.dataSetLimits }, at);
  }

  /**
   * Makes the index anew from the segments alone, while the archive goes on working, and puts it in the old one's place.
   * @throws LeadglassError CONFLICT when that is under way already
   */
  async rebuildIndex(): Promise<ReplayReport> {
    if (this.#rebuildTail !== undefined) {
      throw new LeadglassError('CONFLICT', 'Cannot rebuild the index: that is under way already');
    }
    const path = join(this.options.directory, 'index.sqlite');
    const newPath = `${path}.new`;
    for (const end of ['', '-wal', '-shm']) rmSync(newPath + end, { force: true });
    this.#rebuildTail = [];
    try {
      // What becomes durable from here on comes by the tail: behind it a commit may lie that is never acknowledged.
      const until = this.log.durable;
      const fresh = new ArchiveIndex(openIndexFile(newPath));
      const report = await replay(fresh, this.replaySource, { segment: 0, offset: 0 }, until);
      if (report.problems.some(({ isDiskFailure }) => isDiskFailure === true)) {
        fresh.close();
        throw new LeadglassError(
          'BACKEND_UNAVAILABLE',
          'Cannot rebuild the index: a segment could not be read now; nothing was changed, try again',
        );
      }
      // Nothing is awaited from here on, so that no instance falls between the two.
      const position = { ...this.log.durable, sequence: this.#sequence, instance: this.#instance };
      fresh.transaction(position, () => applyAll(fresh, this.#rebuildTail ?? [], { isFirst: false }));
      fresh.close();
      this.index.replaceDatabase(() => {
        // What the old file could not write back must not be written into the new one.
        for (const end of ['-wal', '-shm']) rmSync(path + end, { force: true });
        renameSync(newPath, path);
        return openIndexFile(path);
      });
      this.#behind.discard(); // the segments told the new one of them
      return report;
    } finally {
      this.#rebuildTail = undefined;
    }
  }

  /** For replaying segments into an index. */
  get replaySource(): ReplaySource {
    const { fileSystem, segmentDirectory: directory, reader, keys } = this;
    const { limits, dataSetLimits } = this.options;
    return { fileSystem, directory, reader, keys, limits, dataSetLimits };
  }

  /** Waits for what is under way, then closes files and index. */
  async close(): Promise<void> {
    await this.log.close();
    this.reader.close();
    try {
      this.#behind.settle();
    } catch {
      // The next start reads the segments.
    }
    this.index.close();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  async #part10HeadOf(at: Position): Promise<Uint8Array | undefined> {
    return (await this.readEntry(at))?.facts.part10Head;
  }

  /** The bytes are durable: the index follows. */
  #onDurable(tokens: readonly DurableToken[], end: Position): void {
    this.#rebuildTail?.push(...tokens);
    this.#behind.add(tokens, { ...end, sequence: this.#sequence, instance: this.#instance });
  }

  #ensureSpace(): Promise<void> | undefined {
    // An index that fails for long must not fall behind for ever; the sender is told to come back.
    if (this.#behind.failure !== undefined) {
      try {
        this.#behind.settle();
      } catch (error) {
        return Promise.reject(asStorageError(error));
      }
    }
    const { freeBytesMin, freeBytesCheckMs } = this.options.limits;
    const nowMs = this.nowMs();
    const fresh = nowMs - this.#freeCheckedMs < freeBytesCheckMs && nowMs >= this.#freeCheckedMs;
    if (fresh && this.#freeBytes >= freeBytesMin) return undefined;
    this.#freeCheck ??= this.#lookAtSpace(nowMs).finally(() => {
      this.#freeCheck = undefined;
    });
    return this.#freeCheck;
  }

  async #lookAtSpace(nowMs: number): Promise<void> {
    const { freeBytesMin } = this.options.limits;
    this.#freeBytes = await this.fileSystem.freeBytes(this.segmentDirectory);
    this.#freeCheckedMs = nowMs;
    if (this.#freeBytes >= freeBytesMin) return;
    throw new LeadglassError(
      'OUT_OF_RESOURCES',
      `Cannot store: ${this.#freeBytes} bytes are free on the disk, at least ${freeBytesMin} are kept; make room`,
    );
  }
}

/**
 * Where the log goes on. What follows the last commit or note are parts of instances that were never acknowledged: segments
 * behind it are deleted, the rest of its own is cut off. Whatever is doubtful is left alone and a new segment begun.
 */
async function cutTail(
  fileSystem: FileSystem,
  directory: string,
  facts: { readonly end: Position; readonly doubtful: boolean },
): Promise<Position> {
  const { end, doubtful } = facts;
  const segments = await listSegments(fileSystem, directory);
  const behind = segments.filter((segment) => segment > end.segment);
  const last = Math.max(end.segment, ...segments);
  if (doubtful && behind.length > 0) return { segment: last + 1, offset: 0 };
  for (const segment of behind) await fileSystem.remove(join(directory, segmentName(segment)));
  if (!segments.includes(end.segment) || end.offset < fileHeadBytes) return { segment: last + 1, offset: 0 };
  const file = await fileSystem.open(join(directory, segmentName(end.segment)), 'write');
  try {
    const size = await file.sizeBytes();
    if (size === end.offset) return end;
    if (size < end.offset || doubtful) return { segment: last + 1, offset: 0 };
    await file.truncate(end.offset);
    return end;
  } finally {
    await file.close();
  }
}

/** One id for all segments of an archive, from the first of them. */
async function readArchiveId(fileSystem: FileSystem, directory: string): Promise<Uint8Array> {
  for (const segment of await listSegments(fileSystem, directory)) {
    const file = await fileSystem.open(join(directory, segmentName(segment)), 'read');
    try {
      const bytes = Buffer.alloc(fileHeadBytes);
      await file.read(bytes, 0);
      const head = decodeFileHead(bytes);
      if (head !== undefined) return head.archiveId;
    } finally {
      await file.close();
    }
  }
  return randomBytes(16);
}
