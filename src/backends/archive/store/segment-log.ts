/**
 * The growing end of the archive: the current segment file. Records get their place at once; all that were handed over
 * while a write was under way go out together in the next one, so that one trip to the disk serves every instance that
 * finished meanwhile. Files are opened with O_DSYNC (Node refuses fsync under --permission), where a write ends when its
 * bytes are durable; large writes overlap. Each hand-over is filled up to whole blocks (record.ts). What is durable is handed to `onDurable` in order, and only then resolved.
 *
 * After a failed write everything not yet known durable is given up, the tail is cut off, and the log goes on in a new
 * segment: `isLost` tells an arriving instance that one of its earlier extents was in the part that went.
 */
import { join } from 'node:path';
import { LeadglassError } from '../../../error.ts';
import type { FileSystem, OpenFile } from './file-system.ts';
import { blockBytes, encodeFileHead, encodePad, fileHeadBytes } from './record.ts';

export interface SegmentLogLimits {
  /** A segment is closed when it would grow beyond this. */
  readonly segmentBytesMax: number;
  /** Writers wait while more than this is handed over but not written. */
  readonly unwrittenBytesMax: number;
  /** Bytes handed to one writev. */
  readonly writeBytesMax: number;
  /** Writes under way at once, and how many bytes must wait before a second one is begun. */
  readonly writesMax: number;
  readonly overlapBytesMin: number;
}

export interface Position {
  readonly segment: number;
  readonly offset: number;
}

/** IOV_MAX is 1024. */
const buffersMax = 1000;

/** Records that lie one after the other and go out in one write. */
export interface HandOver {
  readonly buffers: readonly Uint8Array[];
  readonly lengthBytes: number;
  /** Aligned memory (aligned-memory.ts) at whose beginning all of `buffers` lie; the log fills up its last block. */
  readonly memory?: Uint8Array;
  /** Called once when the bytes are not read any more, whatever became of the write. */
  readonly release?: () => void;
}

/** The part of the log that takes data records. */
export interface RecordSink {
  append(handOver: HandOver): Position;
  /** Nothing waits for the disk. */
  readonly isIdle: boolean;
}

interface Piece<T> extends HandOver {
  readonly segment: number;
  readonly offset: number;
  readonly waiter: Waiter<T> | undefined;
}

interface Waiter<T> {
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
  /** Called with what became durable, in order; a throw fails exactly these. */
  onDurable(tokens: readonly T[], end: Position): void;
}

/** Pieces of one segment that lie one after the other and go out in one write. */
interface Batch<T> {
  readonly pieces: readonly Piece<T>[];
  readonly end: Position;
  readonly lengthBytes: number;
  /** How often something was given up before it was begun. */
  readonly failures: number;
  written: boolean;
}

export class SegmentLog<T> {
  readonly #options: SegmentLogOptions<T>;
  #segment: number;
  #offset: number;
  /** Files that may still be written. */
  readonly #files = new Map<number, Promise<OpenFile>>();
  #queue: Piece<T>[] = [];
  #queuedBytes = 0;
  /** Batches handed to the disk and not yet known durable, in order. */
  #batches: Batch<T>[] = [];
  #writes = 0;
  #failures = 0;
  #durable: Position;
  readonly #lost = new Map<number, number>();
  #pumpSet = false;
  /** Set while a failure is being cleared away. */
  #repair: Promise<void> | undefined;
  #room: PromiseWithResolvers<void> | undefined;
  #idle: PromiseWithResolvers<void> | undefined;
  #closed = false;

  constructor(options: SegmentLogOptions<T>) {
    this.#options = options;
    this.#segment = options.start.segment;
    this.#offset = options.start.offset;
    this.#durable = options.start;
    // A tail that was torn within a block, or written by an earlier version, is left as it is.
    if (this.#offset % blockBytes !== 0) this.#roll();
  }

  /** Everything before this is durable. */
  get durable(): Position {
    return this.#durable;
  }

  /** The segment being written; compaction leaves it alone. */
  get currentSegment(): number {
    return this.#segment;
  }

  /** Undefined, or a promise to wait for before handing over more. */
  get pressure(): Promise<void> | undefined {
    if (this.#queuedBytes <= this.#options.limits.unwrittenBytesMax) return undefined;
    this.#room ??= Promise.withResolvers();
    return this.#room.promise;
  }

  get isIdle(): boolean {
    return this.#queue.length === 0 && this.#writes === 0;
  }

  /** Was any of this given up by a failed write? */
  isLost(segment: number, endOffset: number): boolean {
    const from = this.#lost.get(segment);
    return from !== undefined && endOffset > from;
  }

  /** The place that the next record of this length will get; call `append` with it in the same turn. */
  place(lengthBytes: number): Position {
    if (this.#closed) throw new LeadglassError('BACKEND_UNAVAILABLE', 'Cannot store: the archive is closed');
    if (this.#offset > fileHeadBytes && this.#offset + lengthBytes > this.#options.limits.segmentBytesMax) this.#roll();
    return { segment: this.#segment, offset: this.#offset === 0 ? blockBytes : this.#offset };
  }

  append(handOver: HandOver): Position {
    const at = this.place(handOver.lengthBytes);
    this.#enqueue(at, handOver, undefined);
    return at;
  }

  /** Resolves when these records and all before them are durable and `onDurable` took the token. */
  appendDurably(handOver: HandOver, token: T): Promise<void> {
    const at = this.place(handOver.lengthBytes);
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    this.#enqueue(at, handOver, { token, resolve, reject });
    return promise;
  }

  /** Starts a new segment, so that the one before it never changes again. */
  roll(): void {
    if (this.#offset > fileHeadBytes) this.#roll();
  }

  /** Waits for what was handed over, then closes the files. */
  async close(): Promise<void> {
    this.#closed = true;
    while (this.#queue.length > 0 || this.#batches.length > 0 || this.#repair !== undefined) {
      this.#idle ??= Promise.withResolvers();
      await this.#idle.promise;
    }
    for (const file of this.#files.values()) await (await file).close();
    this.#files.clear();
  }

  #enqueue(at: Position, handOver: HandOver, waiter: Waiter<T> | undefined): void {
    if (this.#offset === 0) {
      const head = encodeFileHead(this.#segment, this.#options.archiveId);
      const fileHead = { buffers: [head], lengthBytes: fileHeadBytes };
      this.#queueFilled({ segment: this.#segment, offset: 0 }, fileHead, undefined);
    }
    this.#offset = this.#queueFilled(at, handOver, waiter);
    this.#pumpSoon();
  }

  /** With a pad up to the next block; returns where that begins. */
  #queueFilled(at: Position, handOver: HandOver, waiter: Waiter<T> | undefined): number {
    const filled = fillUp(handOver, at.offset);
    this.#queue.push({ ...at, ...filled, waiter });
    this.#queuedBytes += filled.lengthBytes;
    return at.offset + filled.lengthBytes;
  }

  #roll(): void {
    this.#segment += 1;
    this.#offset = 0;
  }

  /** One turn later, so that what arrives in this turn goes out in one write. */
  #pumpSoon(): void {
    if (this.#pumpSet) return;
    this.#pumpSet = true;
    setImmediate(() => {
      this.#pumpSet = false;
      this.#pump();
    });
  }

  /** A small write waits for the one before it, so that it can grow; large ones overlap. */
  #pump(): void {
    const { writesMax, overlapBytesMin } = this.#options.limits;
    while (
      this.#repair === undefined &&
      this.#queue.length > 0 &&
      (this.#writes === 0 || (this.#writes < writesMax && this.#queuedBytes >= overlapBytesMin))
    ) {
      const batch = this.#takeBatch();
      this.#batches.push(batch);
      this.#writes += 1;
      void this.#writeBatch(batch);
    }
    if (this.#queue.length === 0 && this.#batches.length === 0 && this.#repair === undefined) {
      this.#idle?.resolve();
      this.#idle = undefined;
    }
  }

  async #writeBatch(batch: Batch<T>): Promise<void> {
    let failure: unknown;
    try {
      await this.#write(batch.pieces);
      batch.written = true;
    } catch (error) {
      failure = error;
    }
    for (const { release } of batch.pieces) release?.();
    this.#writes -= 1;
    // One that was given up already takes nothing with it that came later.
    if (failure !== undefined && batch.failures === this.#failures) this.#giveUp(failure);
    if (this.#repair === undefined) this.#settle();
    else if (this.#writes === 0) await this.#finishRepair();
    this.#pump();
  }

  #takeBatch(): Batch<T> {
    const pieces: Piece<T>[] = [];
    let lengthBytes = 0;
    let buffers = 0;
    for (const piece of this.#queue) {
      if (pieces.length > 0) {
        if (piece.segment !== pieces[0]?.segment) break;
        const full = lengthBytes + piece.lengthBytes > this.#options.limits.writeBytesMax;
        if (full || buffers + piece.buffers.length > buffersMax) break;
      }
      pieces.push(piece);
      lengthBytes += piece.lengthBytes;
      buffers += piece.buffers.length;
    }
    this.#queue.splice(0, pieces.length);
    this.#queuedBytes -= lengthBytes;
    this.#letIn();
    const last = pieces.at(-1);
    const end = last === undefined ? this.#durable : { segment: last.segment, offset: last.offset + last.lengthBytes };
    return { pieces, end, lengthBytes, failures: this.#failures, written: false };
  }

  async #write(pieces: readonly Piece<T>[]): Promise<void> {
    const first = pieces[0];
    if (first === undefined) return;
    const file = await this.#fileOf(first.segment);
    let buffers: Uint8Array[] = pieces.flatMap((piece) => piece.buffers);
    let position = first.offset;
    while (buffers.length > 0) {
      let written = await file.writev(buffers.slice(0, buffersMax), position);
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

  #fileOf(segment: number): Promise<OpenFile> {
    const known = this.#files.get(segment);
    if (known !== undefined) return known;
    const file = this.#openFile(segment);
    this.#files.set(segment, file);
    file.catch(() => this.#files.delete(segment));
    return file;
  }

  async #openFile(segment: number): Promise<OpenFile> {
    const { fileSystem, directory } = this.#options;
    const exists = (await fileSystem.list(directory)).includes(segmentName(segment));
    const file = await fileSystem.open(this.#path(segment), exists ? 'write' : 'create');
    if (!exists) await fileSystem.syncDirectory(directory);
    return file;
  }

  #path(segment: number): string {
    return join(this.#options.directory, segmentName(segment));
  }

  /** Takes the batches that are durable in one piece from the front, and tells whoever waits for them. */
  #settle(): void {
    const waiters: Waiter<T>[] = [];
    for (let batch = this.#batches[0]; batch?.written === true; batch = this.#batches[0]) {
      this.#batches.shift();
      this.#durable = batch.end;
      for (const { waiter } of batch.pieces) if (waiter !== undefined) waiters.push(waiter);
    }
    this.#closeBefore(this.#durable.segment);
    if (waiters.length === 0) return;
    try {
      this.#options.onDurable(
        waiters.map((waiter) => waiter.token),
        this.#durable,
      );
      for (const waiter of waiters) waiter.resolve();
    } catch (error) {
      const told = asStorageError(error);
      for (const waiter of waiters) waiter.reject(told);
    }
  }

  /** Segments before this one never grow again. */
  #closeBefore(segment: number): void {
    for (const [number, file] of this.#files) {
      if (number >= segment) continue;
      this.#files.delete(number);
      file.then((open) => open.close()).catch(() => undefined); // its bytes are durable already
    }
  }

  /**
   * A write failed. How much of it, and of those beside it, is on the disk is unknown, so all that is not durable is given
   * up, cut off when the last write has ended, and a new segment begun.
   */
  #giveUp(cause: unknown): void {
    const told = asStorageError(cause);
    this.#failures += 1;
    const from = this.#durable;
    const pieces = [...this.#batches.flatMap((batch) => batch.pieces), ...this.#queue];
    this.#batches = [];
    for (const { release } of this.#queue) release?.();
    this.#queue = [];
    this.#queuedBytes = 0;
    for (let segment = from.segment; segment <= this.#segment; segment += 1) {
      const keep = segment === from.segment ? from.offset : 0;
      this.#lost.set(segment, Math.min(keep, this.#lost.get(segment) ?? keep));
    }
    this.#repair ??= this.#cutLater(from);
    this.#segment += 1;
    this.#offset = 0;
    this.#durable = { segment: this.#segment, offset: 0 };
    for (const { waiter } of pieces) waiter?.reject(told);
    this.#letIn();
  }

  #cuts: PromiseWithResolvers<void> | undefined;

  async #cutLater(from: Position): Promise<void> {
    this.#cuts = Promise.withResolvers();
    const last = this.#segment;
    await this.#cuts.promise;
    for (const [segment, file] of [...this.#files]) {
      if (segment > last) continue;
      this.#files.delete(segment);
      const keepBytes = segment === from.segment ? from.offset : 0;
      await this.#cut(segment, { file, keepBytes }).catch(() => undefined); // recovery cuts an unfinished tail as well
    }
  }

  async #cut(segment: number, facts: { readonly file: Promise<OpenFile>; readonly keepBytes: number }): Promise<void> {
    const file = await facts.file;
    try {
      await file.truncate(facts.keepBytes);
    } finally {
      await file.close();
    }
    if (facts.keepBytes <= blockBytes) await this.#options.fileSystem.remove(this.#path(segment));
  }

  /** No write is under way any more. */
  async #finishRepair(): Promise<void> {
    this.#cuts?.resolve();
    await this.#repair;
    this.#repair = undefined;
  }

  #letIn(): void {
    if (this.#room === undefined || this.#queuedBytes > this.#options.limits.unwrittenBytesMax) return;
    this.#room.resolve();
    this.#room = undefined;
  }
}

function fillUp(handOver: HandOver, offset: number): HandOver {
  const { memory, buffers, lengthBytes } = handOver;
  const pad = encodePad(offset + lengthBytes);
  let end = lengthBytes;
  for (const part of pad) {
    memory?.set(part, end);
    end += part.length;
  }
  return {
    ...handOver,
    buffers: memory === undefined ? [...buffers, ...pad] : [memory.subarray(0, end)],
    lengthBytes: end,
  };
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
