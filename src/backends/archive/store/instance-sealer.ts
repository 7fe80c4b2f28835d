/**
 * From an instance's plaintext to data records: gathers whole chunks, so that hashing and encrypting are called once for 64 KiB
 * and not for each TLS record, puts chunks into extents of bounded size and hands each full extent to the log. Small instances
 * stay in memory until `finish`, so that an identical one sent again costs no disk.
 */
import type { Extent } from './commit-record.ts';
import { encodeRecordHead, recordHeadBytes } from './record.ts';
import { sealChunk } from './seal.ts';
import type { Position } from './segment-log.ts';

export interface InstanceSealerLimits {
  /** Plaintext bytes of a chunk. */
  readonly chunkBytes: number;
  /** An extent is handed over when it holds this many bytes. */
  readonly extentBytes: number;
}

/** The part of the log that takes data records. */
export interface RecordSink {
  append(buffers: readonly Uint8Array[], lengthBytes: number): Position;
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

export interface Sealing {
  readonly key: Uint8Array;
  readonly instance: number;
  /** Sees all plaintext in order, for the digest. */
  readonly plaintext: (bytes: Uint8Array) => void;
}

export class InstanceSealer {
  readonly extents: Extent[] = [];
  readonly #log: RecordSink;
  readonly #sealing: Sealing;
  readonly #buffers: ChunkBuffers;
  readonly #limits: InstanceSealerLimits;
  #chunkNumber = 0;
  #extentFirstChunk = 0;
  #extentBuffers: Buffer[] = [];
  #extentBytes = 0;
  #gather: Buffer | undefined;
  #gathered = 0;

  constructor(
    log: RecordSink,
    sealing: Sealing,
    { buffers, limits }: { readonly buffers: ChunkBuffers; readonly limits: InstanceSealerLimits },
  ) {
    this.#log = log;
    this.#sealing = sealing;
    this.#buffers = buffers;
    this.#limits = limits;
  }

  /** `bytes` are copied or encrypted before this returns. */
  update(bytes: Uint8Array): void {
    const { chunkBytes } = this.#limits;
    let at = 0;
    while (at < bytes.length) {
      if (this.#gathered === 0 && bytes.length - at >= chunkBytes) {
        this.#seal(bytes.subarray(at, at + chunkBytes));
        at += chunkBytes;
        continue;
      }
      this.#gather ??= this.#buffers.take();
      const end = Math.min(bytes.length, at + chunkBytes - this.#gathered);
      this.#gather.set(at === 0 && end === bytes.length ? bytes : bytes.subarray(at, end), this.#gathered);
      this.#gathered += end - at;
      at = end;
      if (this.#gathered === chunkBytes) this.#sealGathered();
    }
  }

  /** All plaintext was given: seals the rest, so that the digest is complete. Nothing is handed over yet. */
  end(): void {
    if (this.#gathered > 0) this.#sealGathered();
    this.close();
  }

  /** After `end`: hands over what is left. */
  finish(): readonly Extent[] {
    this.#handOver(true);
    return this.extents;
  }

  /** Lets go of the buffer; safe at any time. */
  close(): void {
    if (this.#gather !== undefined) this.#buffers.give(this.#gather);
    this.#gather = undefined;
    this.#gathered = 0;
  }

  #sealGathered(): void {
    if (this.#gather === undefined) return;
    const bytes = this.#gather.subarray(0, this.#gathered);
    this.#gathered = 0;
    this.#seal(bytes);
  }

  #seal(chunk: Uint8Array): void {
    const { key, instance, plaintext } = this.#sealing;
    plaintext(chunk);
    for (const buffer of sealChunk(key, chunk, { instance, chunk: this.#chunkNumber })) {
      this.#extentBuffers.push(buffer);
      this.#extentBytes += buffer.length;
    }
    this.#chunkNumber += 1;
    if (this.#extentBytes >= this.#limits.extentBytes) this.#handOver(false);
  }

  #handOver(last: boolean): void {
    if (this.#extentBytes === 0) return;
    const head = encodeRecordHead({
      kind: 'data',
      last,
      bodyBytes: this.#extentBytes,
      firstChunk: this.#extentFirstChunk,
      owner: this.#sealing.instance,
    });
    const at = this.#log.append([head, ...this.#extentBuffers], recordHeadBytes + this.#extentBytes);
    this.extents.push({ segment: at.segment, offset: at.offset + recordHeadBytes, bodyBytes: this.#extentBytes });
    this.#extentFirstChunk = this.#chunkNumber;
    this.#extentBuffers = [];
    this.#extentBytes = 0;
  }
}
