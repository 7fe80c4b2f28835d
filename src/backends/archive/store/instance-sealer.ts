/**
 * The plaintext of one instance becomes encrypted chunks in data records of the log, and its SHA-256. A small one is sealed
 * where it arrives; one of several chunks goes to the sealing thread, where there is one with room.
 */
import type { Extent } from './commit-record.ts';
import { InlineSealer } from './inline-sealer.ts';
import { OffloadedSealer } from './offloaded-sealer.ts';
import type { SealingThread } from './sealing-thread.ts';
import type { HandOver, RecordSink } from './segment-log.ts';

export interface SealerLimits {
  /** Plaintext bytes of a chunk. */
  readonly chunkBytes: number;
  /** An extent is handed over when it holds this many bytes. */
  readonly extentBytes: number;
}

export interface Sealing {
  readonly key: Uint8Array;
  readonly instance: number;
}

export interface Sealer {
  /** Handed over so far, in order. */
  readonly extents: readonly Extent[];
  /** `bytes` are copied or encrypted before this returns. Wait for the promise before giving more. */
  update(bytes: Uint8Array): undefined | Promise<void>;
  /** All plaintext was given: the SHA-256. */
  end(): Buffer | Promise<Buffer>;
  /** After `end`: the last data record, which was not handed over; undefined when nothing is left. Once only. */
  rest(): HandOver | undefined;
  /** Lets go of its memory; safe at any time. */
  close(): void;
}

/** Buffers of one chunk each, used again by the next instance. */
export class ChunkBuffers {
  readonly #chunkBytes: number;
  readonly #keptMax: number;
  readonly #free: Buffer[] = [];

  constructor(limits: { readonly chunkBytes: number; readonly chunkBuffersKeptMax: number }) {
    this.#chunkBytes = limits.chunkBytes;
    this.#keptMax = limits.chunkBuffersKeptMax;
  }

  take(): Buffer {
    return this.#free.pop() ?? Buffer.allocUnsafeSlow(this.#chunkBytes);
  }

  /** The caller never touches it again. */
  give(buffer: Buffer): void {
    if (this.#free.length < this.#keptMax) this.#free.push(buffer);
  }
}

/** What all sealers of an archive share. */
export interface SealingMeans {
  readonly log: RecordSink;
  readonly buffers: ChunkBuffers;
  readonly limits: SealerLimits;
  readonly thread: SealingThread | undefined;
}

export class InstanceSealer implements Sealer {
  readonly #means: SealingMeans;
  readonly #sealing: Sealing;
  /** Set when it is known which way this instance goes. */
  #sealer: Sealer | undefined;
  #first: Buffer | undefined;
  #firstBytes = 0;

  constructor(means: SealingMeans, sealing: Sealing) {
    this.#means = means;
    this.#sealing = sealing;
  }

  get extents(): readonly Extent[] {
    return this.#sealer?.extents ?? [];
  }

  update(bytes: Uint8Array): undefined | Promise<void> {
    if (this.#sealer !== undefined) return this.#sealer.update(bytes);
    const { chunkBytes } = this.#means.limits;
    if (this.#firstBytes + bytes.length <= chunkBytes) {
      this.#first ??= this.#means.buffers.take();
      this.#first.set(bytes, this.#firstBytes);
      this.#firstBytes += bytes.length;
      return undefined;
    }
    const sealer = this.#begin(OffloadedSealer.begin(this.#means, this.#sealing));
    return sealer.update(bytes);
  }

  end(): Buffer | Promise<Buffer> {
    return (this.#sealer ?? this.#begin(undefined)).end();
  }

  rest(): HandOver | undefined {
    return this.#sealer?.rest();
  }

  close(): void {
    this.#sealer?.close();
    this.#letGo();
  }

  #begin(offloaded: Sealer | undefined): Sealer {
    const { log, ...means } = this.#means;
    const sealer = offloaded ?? new InlineSealer(log, this.#sealing, means);
    this.#sealer = sealer;
    // Less than a slab: nothing to wait for.
    if (this.#first !== undefined) void sealer.update(this.#first.subarray(0, this.#firstBytes));
    this.#letGo();
    return sealer;
  }

  #letGo(): void {
    if (this.#first !== undefined) this.#means.buffers.give(this.#first);
    this.#first = undefined;
    this.#firstBytes = 0;
  }
}
