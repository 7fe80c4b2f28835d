/**
 * The growing end of the archive: the current segment file. Records get their place at once and are written in order by
 * one loop; a second loop syncs, so that one fdatasync serves every instance that finished meanwhile while further bytes
 * are already being written. What becomes durable is handed to `onDurable` in order, and only then resolved.
 *
 * After a failed write or sync everything not yet known durable is given up, the tail is cut off, and the log goes on:
 * `isLost` tells an arriving instance that one of its earlier extents was in the part that went.
 */
import { join } from 'node:path';
import { LeadglassError } from '../../../error.ts';
import type { FileSystem, OpenFile } from './file-system.ts';
import { encodeFileHead, fileHeadBytes } from './record.ts';

export interface SegmentLogLimits {
  /** A segment is closed when it would grow beyond this. */
  readonly segmentBytesMax: number;
  /** Writers wait while more than this is handed over but not written. */
  readonly unwrittenBytesMax: number;
  /** Bytes handed to one writev. */
  readonly writeBytesMax: number;
}

export interface Position {
  readonly segment: number;
  readonly offset: number;
}

interface Piece<T> {
  readonly segment: number;
  readonly offset: number;
  readonly buffers: readonly Uint8Array[];
  readonly lengthBytes: number;
  readonly waiter: Waiter<T> | undefined;
}

interface Waiter<T> {
  /** End of the record. */
  readonly end: Position;
  readonly token: T;
  resolve(): void;
  reject(error: unknown): void;
}

export function segmentName(segment: number): string {
  return `${segment.toString().padStart(8, '0')}.seg`;
}

export function segmentNumber(name: string): number | undefined {
  const found = /^([0-9]{8})\.seg$/.exec(name);
  return found === null ? undefined : Number(found[1]);
}

/** `T`: what goes with each durable record to `onDurable`. */
export interface SegmentLogOptions<T> {
  readonly fileSystem: FileSystem;
  readonly directory: string;
  readonly archiveId: Uint8Array;
  readonly limits: SegmentLogLimits;
  /** Where to go on: the end of the last whole record, or offset 0 of a segment that does not exist yet. */
  readonly start: Position;
  /** Called after each sync with what became durable, in order; a throw fails exactly these. */
  onDurable(tokens: readonly T[], end: Position): void;
}

export class SegmentLog<T> {
  readonly #options: SegmentLogOptions<T>;
  #segment: number;
  #offset: number;
  /** Files that may still be written or synced. */
  readonly #files = new Map<number, OpenFile>();
  #queue: Piece<T>[] = [];
  #unwrittenBytes = 0;
  #written: Position;
  #synced: Position;
  #waiting: Waiter<T>[] = [];
  readonly #lost = new Map<number, number>();
  #writing: Promise<void> | undefined;
  #syncing: Promise<void> | undefined;
  #room: PromiseWithResolvers<void> | undefined;
  #closed = false;
  /** Raised by each failure; a write that was under way at that time belongs to what was given up. */
  #generation = 0;

  constructor(options: SegmentLogOptions<T>) {
    this.#options = options;
    this.#segment = options.start.segment;
    this.#offset = options.start.offset;
    this.#written = options.start;
    this.#synced = options.start;
  }

  /** Everything before this is durable. */
  get synced(): Position {
    return this.#synced;
  }

  /** The segment being written; compaction leaves it alone. */
  get currentSegment(): number {
    return this.#segment;
  }

  /** Undefined, or a promise to wait for before handing over more. */
  get pressure(): Promise<void> | undefined {
    if (this.#unwrittenBytes <= this.#options.limits.unwrittenBytesMax) return undefined;
    this.#room ??= Promise.withResolvers();
    return this.#room.promise;
  }

  /** Was any of this given up by a failed write or sync? */
  isLost(segment: number, endOffset: number): boolean {
    const from = this.#lost.get(segment);
    return from !== undefined && endOffset > from;
  }

  /** The place that the next record of this length will get; call `append` with it in the same turn. */
  place(lengthBytes: number): Position {
    if (this.#closed) throw new LeadglassError('BACKEND_UNAVAILABLE', 'Cannot store: the archive is closed');
    if (this.#offset > fileHeadBytes && this.#offset + lengthBytes > this.#options.limits.segmentBytesMax) this.#roll();
    return { segment: this.#segment, offset: this.#offset === 0 ? fileHeadBytes : this.#offset };
  }

  /** Hands over one record. */
  append(buffers: readonly Uint8Array[], lengthBytes: number): Position {
    const at = this.place(lengthBytes);
    this.#enqueue(at, buffers, lengthBytes, undefined);
    return at;
  }

  /** Hands over one record and resolves when it and all before it are durable and `onDurable` took its token. */
  appendDurably(buffers: readonly Uint8Array[], lengthBytes: number, token: T): Promise<void> {
    const at = this.place(lengthBytes);
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const end = { segment: at.segment, offset: at.offset + lengthBytes };
    this.#enqueue(at, buffers, lengthBytes, { end, token, resolve, reject });
    return promise;
  }

  /** Starts a new segment, so that the one before it never changes again. */
  roll(): void {
    if (this.#offset > fileHeadBytes) this.#roll();
  }

  async close(): Promise<void> {
    this.#closed = true;
    while (this.#writing !== undefined || this.#syncing !== undefined) await (this.#writing ?? this.#syncing);
    for (const file of this.#files.values()) {
      await file.datasync().catch(() => undefined); // nothing acknowledged depends on it
      await file.close();
    }
    this.#files.clear();
  }

  #enqueue(at: Position, buffers: readonly Uint8Array[], lengthBytes: number, waiter: Waiter<T> | undefined): void {
    if (this.#offset === 0) {
      const head = encodeFileHead(this.#segment, this.#options.archiveId);
      this.#queue.push({
        segment: this.#segment,
        offset: 0,
        buffers: [head],
        lengthBytes: head.length,
        waiter: undefined,
      });
      this.#unwrittenBytes += head.length;
    }
    this.#queue.push({ ...at, buffers, lengthBytes, waiter });
    this.#unwrittenBytes += lengthBytes;
    this.#offset = at.offset + lengthBytes;
    // One turn later: what arrives in this turn goes out in one write.
    this.#writing ??= Promise.resolve().then(() => this.#writeLoop());
  }

  #roll(): void {
    this.#segment += 1;
    this.#offset = 0;
  }

  async #writeLoop(): Promise<void> {
    try {
      while (this.#queue.length > 0) {
        const batch = this.#takeBatch();
        const generation = this.#generation;
        try {
          await this.#write(batch);
        } catch (error) {
          if (generation === this.#generation) await this.#giveUp(error, batch);
          else rejectAll(batch, asStorageError(error));
          continue;
        }
        if (generation !== this.#generation) {
          rejectAll(batch, new LeadglassError('BACKEND_UNAVAILABLE', 'Cannot store: the disk failed, try again'));
          continue;
        }
        for (const piece of batch) {
          this.#unwrittenBytes -= piece.lengthBytes;
          this.#written = { segment: piece.segment, offset: piece.offset + piece.lengthBytes };
          if (piece.waiter !== undefined) this.#waiting.push(piece.waiter);
        }
        this.#letIn();
        if (this.#waiting.length > 0) this.#syncing ??= this.#syncLoop();
      }
    } finally {
      this.#writing = undefined;
    }
  }

  /** Pieces of one segment that lie one after the other. */
  #takeBatch(): Piece<T>[] {
    const batch: Piece<T>[] = [];
    let bytes = 0;
    let buffers = 0;
    for (const piece of this.#queue) {
      if (batch.length > 0) {
        if (piece.segment !== batch[0]?.segment) break;
        if (bytes + piece.lengthBytes > this.#options.limits.writeBytesMax || buffers + piece.buffers.length > 1000)
          break;
      }
      batch.push(piece);
      bytes += piece.lengthBytes;
      buffers += piece.buffers.length;
    }
    this.#queue.splice(0, batch.length);
    return batch;
  }

  async #write(batch: readonly Piece<T>[]): Promise<void> {
    const first = batch[0];
    if (first === undefined) return;
    const file = await this.#fileOf(first.segment);
    let buffers: Uint8Array[] = batch.flatMap((piece) => piece.buffers);
    let position = first.offset;
    while (buffers.length > 0) {
      let written = await file.writev(buffers.slice(0, 1000), position); // IOV_MAX is 1024
      if (written === 0) throw new LeadglassError('OUT_OF_RESOURCES', 'Cannot store: the disk takes no more bytes');
      position += written;
      let index = 0;
      for (const buffer of buffers) {
        if (written < buffer.length) break;
        written -= buffer.length;
        index += 1;
      }
      buffers = buffers.slice(index);
      if (written > 0 && buffers[0] !== undefined) buffers[0] = buffers[0].subarray(written);
    }
  }

  async #fileOf(segment: number): Promise<OpenFile> {
    const known = this.#files.get(segment);
    if (known !== undefined) return known;
    const { fileSystem, directory } = this.#options;
    const path = this.#path(segment);
    const exists = (await fileSystem.list(directory)).includes(segmentName(segment));
    const file = await fileSystem.open(path, exists ? 'write' : 'create');
    if (!exists) await fileSystem.syncDirectory(directory);
    this.#files.set(segment, file);
    return file;
  }

  #path(segment: number): string {
    return join(this.#options.directory, segmentName(segment));
  }

  async #syncLoop(): Promise<void> {
    try {
      while (this.#waiting.length > 0) {
        const waiters = this.#waiting;
        const upTo = this.#written;
        this.#waiting = [];
        try {
          await this.#syncFiles(upTo);
        } catch (error) {
          await this.#giveUp(error, [], waiters);
          continue;
        }
        if (waiters.some((waiter) => this.isLost(waiter.end.segment, waiter.end.offset))) {
          // A write failed while we synced and the tail was cut below these: never let them look safe.
          const error = new LeadglassError('BACKEND_UNAVAILABLE', 'Cannot store: the disk failed, try again');
          for (const waiter of waiters) waiter.reject(error);
          continue;
        }
        this.#synced = upTo;
        try {
          const last = waiters.at(-1);
          if (last !== undefined)
            this.#options.onDurable(
              waiters.map((waiter) => waiter.token),
              last.end,
            );
          for (const waiter of waiters) waiter.resolve();
        } catch (error) {
          for (const waiter of waiters) waiter.reject(error);
        }
      }
    } finally {
      this.#syncing = undefined;
    }
  }

  /** Syncs every file with unsynced bytes up to `upTo`; closes those that never grow again. */
  async #syncFiles(upTo: Position): Promise<void> {
    for (const segment of [...this.#files.keys()].toSorted((a, b) => a - b)) {
      if (segment > upTo.segment) break;
      const file = this.#files.get(segment);
      if (file === undefined) continue;
      await file.datasync();
      if (segment < upTo.segment) {
        this.#files.delete(segment);
        await file.close();
      }
    }
  }

  /**
   * A write or sync failed. What the kernel now holds of the unsynced part is unknown (a later fdatasync may report success
   * for pages it dropped), so all of it is given up, cut off, and a new segment begun.
   */
  async #giveUp(cause: unknown, batch: readonly Piece<T>[], unsynced: readonly Waiter<T>[] = []): Promise<void> {
    this.#generation += 1;
    const from = this.#synced;
    const failed = [...unsynced, ...this.#waiting];
    for (const piece of [...batch, ...this.#queue]) if (piece.waiter !== undefined) failed.push(piece.waiter);
    const last = this.#segment;
    this.#waiting = [];
    this.#queue = [];
    this.#unwrittenBytes = 0;
    for (let segment = from.segment; segment <= last; segment += 1) {
      const keep = segment === from.segment ? from.offset : 0;
      this.#lost.set(segment, Math.min(keep, this.#lost.get(segment) ?? keep));
    }
    // Nothing after this line may be written behind the cut: places from now on are in a fresh segment.
    this.#segment = last + 1;
    this.#offset = 0;
    this.#written = { segment: this.#segment, offset: 0 };
    this.#synced = this.#written;
    for (const [segment, file] of this.#files) {
      if (segment > last) continue;
      this.#files.delete(segment);
      const keepBytes = segment === from.segment ? from.offset : 0;
      // Best effort: recovery cuts an unfinished tail as well.
      await file.truncate(keepBytes).catch(() => undefined);
      await file.close().catch(() => undefined);
      if (keepBytes <= fileHeadBytes) await this.#options.fileSystem.remove(this.#path(segment)).catch(() => undefined);
    }
    const told = asStorageError(cause);
    for (const waiter of failed) waiter.reject(told);
    this.#letIn();
  }

  #letIn(): void {
    if (this.#room === undefined || this.#unwrittenBytes > this.#options.limits.unwrittenBytesMax) return;
    this.#room.resolve();
    this.#room = undefined;
  }
}

function rejectAll(pieces: readonly Piece<unknown>[], error: LeadglassError): void {
  for (const piece of pieces) piece.waiter?.reject(error);
}

/** A failing disk in our words: full is OUT_OF_RESOURCES, anything else BACKEND_UNAVAILABLE. */
export function asStorageError(error: unknown): LeadglassError {
  if (error instanceof LeadglassError) return error;
  const code = error instanceof Error && 'code' in error ? String(error.code) : '';
  const facts = { cause: error, detail: code || String(error) };
  const sqliteFull = error instanceof Error && 'errcode' in error && error.errcode === 13; // SQLITE_FULL
  if (code === 'ENOSPC' || code === 'EDQUOT' || sqliteFull) {
    return new LeadglassError('OUT_OF_RESOURCES', 'Cannot store: the disk is full', facts);
  }
  if (code === 'EMFILE' || code === 'ENFILE') {
    return new LeadglassError('OUT_OF_RESOURCES', 'Cannot store: no file handles left', facts);
  }
  return new LeadglassError('BACKEND_UNAVAILABLE', 'Cannot store: the disk failed', facts);
}
