/**
 * Reads one stored instance back: extents with one read ahead, chunk by chunk, each checked by its tag, the whole by its
 * SHA-256 before the last chunk leaves. Open segment files are kept for the next reader, a bounded number of them.
 */
import { join } from 'node:path';
import { LeadglassError } from '../../../error.ts';
import type { Extent } from './commit-record.ts';
import type { FileSystem, OpenFile } from './file-system.ts';
import { InlineOpener, type Opener } from './inline-opener.ts';
import { InstanceOpener } from './instance-opener.ts';
import type { SealingThread } from './sealing-thread.ts';
import { openChunk, tagBytes } from './seal.ts';
import { segmentName } from './segment-log.ts';

/** Read at once for a range: 1 MiB with chunks of 64 KiB. */
const chunksAtOnce = 16;

export interface StoredBytes {
  readonly instance: number;
  /** The instance's own key (seal.ts deriveKey). */
  readonly key: Uint8Array;
  readonly extents: readonly Extent[];
  readonly lengthBytes: number;
  readonly sha256: Uint8Array;
}

export interface InstanceReaderLimits {
  readonly chunkBytes: number;
  readonly openSegmentsMax: number;
}

interface Handle {
  readonly file: Promise<OpenFile>;
  users: number;
  dropped: boolean;
}

export class InstanceReader {
  readonly #fileSystem: FileSystem;
  readonly #directory: string;
  readonly #limits: InstanceReaderLimits;
  readonly #sealingThread: SealingThread | undefined;
  /** Least recently used first. */
  readonly #handles = new Map<number, Handle>();

  readonly #reading = new Map<number, number>();

  constructor(
    fileSystem: FileSystem,
    directory: string,
    {
      limits,
      sealingThread,
    }: { readonly limits: InstanceReaderLimits; readonly sealingThread?: SealingThread | undefined },
  ) {
    this.#fileSystem = fileSystem;
    this.#directory = directory;
    this.#limits = limits;
    this.#sealingThread = sealingThread;
  }

  /**
   * The plaintext in chunks of `chunkBytes`. `find` is called when reading begins; from then to the end of reading compaction
   * leaves the segments alone (`isBeingRead`).
   * @throws LeadglassError CORRUPT, BACKEND_UNAVAILABLE
   */
  read(find: () => StoredBytes): AsyncGenerator<Uint8Array> {
    return this.#whileInPlace(find, (stored) => this.#read(stored));
  }

  /**
   * Some bytes of the plaintext, fewer only where it ends; only the chunks that hold them are read, each is checked by its tag.
   * The SHA-256 is of the whole, so it is not looked at.
   * @throws LeadglassError CORRUPT, BACKEND_UNAVAILABLE
   */
  readRange(
    find: () => StoredBytes,
    range: { readonly offset: number; readonly lengthBytes: number },
  ): AsyncGenerator<Uint8Array> {
    return this.#whileInPlace(find, (stored) => this.#readRange(stored, range));
  }

  async *#whileInPlace(
    find: () => StoredBytes,
    read: (stored: StoredBytes) => AsyncGenerator<Uint8Array>,
  ): AsyncGenerator<Uint8Array> {
    const stored = find();
    const segments = new Set(stored.extents.map((extent) => extent.segment));
    for (const segment of segments) this.#reading.set(segment, (this.#reading.get(segment) ?? 0) + 1);
    try {
      yield* read(stored);
    } finally {
      for (const segment of segments) this.#reading.set(segment, (this.#reading.get(segment) ?? 1) - 1);
    }
  }

  isBeingRead(segment: number): boolean {
    return (this.#reading.get(segment) ?? 0) > 0;
  }

  async *#read(stored: StoredBytes): AsyncGenerator<Uint8Array> {
    const opener = this.#openerFor(stored);
    try {
      let total = 0;
      let held: Buffer | undefined;
      let digest: Promise<Buffer> | undefined;
      let next = this.#opened(opener, stored.extents[0]);
      for (let index = 0; index < stored.extents.length; index += 1) {
        const chunks = await next;
        next = this.#opened(opener, stored.extents[index + 1]);
        // Asked for before the chunks leave, so that the last of them need not wait for it.
        if (index === stored.extents.length - 1) digest = early(opener.end());
        for (const plain of chunks) {
          total += plain.length;
          if (held !== undefined) yield held;
          held = plain;
        }
      }
      if (total !== stored.lengthBytes) throw damaged(`length is ${total}, expected ${stored.lengthBytes}`);
      if (!(await (digest ?? opener.end())).equals(stored.sha256)) throw damaged('the SHA-256 differs');
      if (held !== undefined) yield held;
    } finally {
      opener.close();
    }
  }

  /** Chunk after chunk of 1 MiB on disk at most, opened on this thread: what is read so is short. */
  async *#readRange(
    { key, instance, extents, lengthBytes }: StoredBytes,
    range: { readonly offset: number; readonly lengthBytes: number },
  ): AsyncGenerator<Uint8Array> {
    const { chunkBytes } = this.#limits;
    const sealedBytes = chunkBytes + tagBytes;
    const end = Math.min(lengthBytes, range.offset + range.lengthBytes);
    let firstChunk = 0;
    for (const { segment, offset, bodyBytes } of extents) {
      const chunks = Math.ceil(bodyBytes / sealedBytes);
      const from = Math.max(0, Math.floor(range.offset / chunkBytes) - firstChunk);
      const to = Math.min(chunks, Math.ceil(end / chunkBytes) - firstChunk);
      for (let at = from; at < to; at += chunksAtOnce) {
        const start = at * sealedBytes;
        const target = Buffer.allocUnsafe(Math.min(bodyBytes, Math.min(to, at + chunksAtOnce) * sealedBytes) - start);
        await this.#readInto(segment, { offset: offset + start, target });
        for (let part = 0; part * sealedBytes < target.length; part += 1) {
          const chunk = firstChunk + at + part;
          const sealed = target.subarray(part * sealedBytes, (part + 1) * sealedBytes);
          if (sealed.length <= tagBytes) throw damaged('a chunk is cut short');
          const plain = openChunk(key, sealed, { instance, chunk });
          const skipped = Math.max(0, range.offset - chunk * chunkBytes);
          yield plain.subarray(skipped, end - chunk * chunkBytes);
        }
      }
      firstChunk += chunks;
      if (firstChunk * chunkBytes >= end) return;
    }
    if (end > range.offset && firstChunk * chunkBytes < end) throw damaged('its extents end too early');
  }

  /** What fits one chunk is opened sooner than handed over. */
  #openerFor({ key, instance, lengthBytes, extents }: StoredBytes): Opener {
    const { chunkBytes } = this.#limits;
    const thread = lengthBytes > chunkBytes ? this.#sealingThread : undefined;
    const extentBytesMax = extents.reduce((most, { bodyBytes }) => Math.max(most, bodyBytes), 0);
    const opener = thread && InstanceOpener.begin(thread, { key, instance, chunkBytes, extentBytesMax });
    return opener ?? new InlineOpener({ key, instance, chunkBytes });
  }

  #opened(opener: Opener, extent: Extent | undefined): Promise<readonly Buffer[]> {
    if (extent === undefined) return Promise.resolve([]);
    const { segment, offset, bodyBytes } = extent;
    return early(opener.open(bodyBytes, (target) => this.#readInto(segment, { offset, target })));
  }

  /** The raw body of one data record. */
  async readExtent(extent: Extent): Promise<Buffer> {
    return this.readRaw(extent.segment, { offset: extent.offset, lengthBytes: extent.bodyBytes });
  }

  /** Any bytes of a segment. @throws LeadglassError CORRUPT when the segment ends before, BACKEND_UNAVAILABLE */
  async readRaw(segment: number, range: { readonly offset: number; readonly lengthBytes: number }): Promise<Buffer> {
    const target = Buffer.allocUnsafe(range.lengthBytes);
    await this.#readInto(segment, { offset: range.offset, target });
    return target;
  }

  async #readInto(segment: number, place: { readonly offset: number; readonly target: Uint8Array }): Promise<void> {
    const { offset, target } = place;
    const handle = this.#take(segment);
    try {
      const file = await handle.file;
      if ((await file.read(target, offset)) < target.length) throw damaged('the segment ends too early');
    } catch (error) {
      if (error instanceof LeadglassError) throw error;
      this.drop(segment);
      const missing = error instanceof Error && 'code' in error && error.code === 'ENOENT';
      throw missing
        ? damaged(`segment ${segmentName(segment)} is missing`)
        : new LeadglassError('BACKEND_UNAVAILABLE', 'Cannot read a stored instance: the disk failed', { cause: error });
    } finally {
      this.#release(handle);
    }
  }

  /** Forgets the handle of a segment that was deleted. */
  drop(segment: number): void {
    const handle = this.#handles.get(segment);
    if (handle === undefined) return;
    this.#handles.delete(segment);
    handle.dropped = true;
    if (handle.users === 0) closeQuietly(handle);
  }

  close(): void {
    for (const segment of [...this.#handles.keys()]) this.drop(segment);
  }

  #take(segment: number): Handle {
    let handle = this.#handles.get(segment);
    if (handle === undefined) {
      handle = {
        file: this.#fileSystem.open(join(this.#directory, segmentName(segment)), 'read'),
        users: 0,
        dropped: false,
      };
    } else {
      this.#handles.delete(segment);
    }
    this.#handles.set(segment, handle);
    handle.users += 1;
    if (this.#handles.size > this.#limits.openSegmentsMax) {
      const oldest = this.#handles.keys().next().value;
      if (oldest !== undefined && oldest !== segment) this.drop(oldest);
    }
    return handle;
  }

  #release(handle: Handle): void {
    handle.users -= 1;
    if (handle.dropped && handle.users === 0) closeQuietly(handle);
  }
}

/** May fail while earlier chunks still leave; it is awaited later, this only keeps Node from telling early. */
function early<T>(promise: Promise<T>): Promise<T> {
  promise.catch(() => undefined);
  return promise;
}

function closeQuietly(handle: Handle): void {
  // Only reads went through it, so a failing open or close loses nothing.
  handle.file.then((file) => file.close()).catch(() => undefined);
}

function damaged(what: string): LeadglassError {
  return new LeadglassError('CORRUPT', `Cannot read a stored instance: ${what}`);
}
