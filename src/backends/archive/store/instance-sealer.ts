/**
 * From an instance's plaintext to data records: fills chunks, gathers them into extents of bounded size and hands each full
 * extent to the log. Small instances stay in memory until `finish`, so that an identical one sent again costs no disk.
 */
import type { Extent } from './commit-record.ts';
import { encodeRecordHead, recordHeadBytes } from './record.ts';
import { ChunkSealer } from './seal.ts';
import type { Position } from './segment-log.ts';

export interface InstanceSealerLimits {
  /** Plaintext bytes of a chunk. */
  readonly chunkBytes: number;
  /** An extent is handed over when it holds this many bytes. */
  readonly extentBytes: number;
  /** Pieces smaller than this are gathered first: a peer that sends two bytes at a time must not cost a buffer each. */
  readonly gatherBytes: number;
}

/** The part of the log that takes data records. */
export interface RecordSink {
  append(buffers: readonly Uint8Array[], lengthBytes: number): Position;
}

export class InstanceSealer {
  readonly extents: Extent[] = [];
  readonly #log: RecordSink;
  readonly #key: Uint8Array;
  readonly #instance: number;
  readonly #limits: InstanceSealerLimits;
  #chunk: ChunkSealer | undefined;
  #chunkNumber = 0;
  #extentFirstChunk = 0;
  #extentBuffers: Buffer[] = [];
  #extentBytes = 0;
  #gather: Buffer | undefined;
  #gathered = 0;

  constructor(
    log: RecordSink,
    sealing: { readonly key: Uint8Array; readonly instance: number },
    limits: InstanceSealerLimits,
  ) {
    this.#log = log;
    this.#key = sealing.key;
    this.#instance = sealing.instance;
    this.#limits = limits;
  }

  /** The caller may not change `bytes` afterwards. */
  update(bytes: Uint8Array): void {
    if (bytes.length >= this.#limits.gatherBytes) {
      this.#flushGathered();
      this.#seal(bytes);
      return;
    }
    this.#gather ??= Buffer.allocUnsafe(this.#limits.gatherBytes * 2);
    this.#gather.set(bytes, this.#gathered);
    this.#gathered += bytes.length;
    if (this.#gathered >= this.#limits.gatherBytes) this.#flushGathered();
  }

  /** Hands over what is left. */
  finish(): readonly Extent[] {
    this.#flushGathered();
    this.#closeChunk();
    this.#handOver(true);
    return this.extents;
  }

  #flushGathered(): void {
    if (this.#gather === undefined || this.#gathered === 0) return;
    this.#seal(this.#gather.subarray(0, this.#gathered)); // encrypting copies it
    this.#gathered = 0;
  }

  #seal(bytes: Uint8Array): void {
    let at = 0;
    while (at < bytes.length) {
      this.#chunk ??= new ChunkSealer(this.#key, { instance: this.#instance, chunk: this.#chunkNumber });
      const room = this.#limits.chunkBytes - this.#chunk.lengthBytes;
      const end = Math.min(bytes.length, at + room);
      this.#chunk.update(at === 0 && end === bytes.length ? bytes : bytes.subarray(at, end));
      at = end;
      if (this.#chunk.lengthBytes < this.#limits.chunkBytes) continue;
      this.#closeChunk();
      if (this.#extentBytes >= this.#limits.extentBytes) this.#handOver(false);
    }
  }

  #closeChunk(): void {
    if (this.#chunk === undefined) return;
    for (const buffer of this.#chunk.finish()) {
      this.#extentBuffers.push(buffer);
      this.#extentBytes += buffer.length;
    }
    this.#chunk = undefined;
    this.#chunkNumber += 1;
  }

  #handOver(last: boolean): void {
    if (this.#extentBytes === 0) return;
    const head = encodeRecordHead({
      kind: 'data',
      last,
      bodyBytes: this.#extentBytes,
      firstChunk: this.#extentFirstChunk,
      owner: this.#instance,
    });
    const at = this.#log.append([head, ...this.#extentBuffers], recordHeadBytes + this.#extentBytes);
    this.extents.push({ segment: at.segment, offset: at.offset + recordHeadBytes, bodyBytes: this.#extentBytes });
    this.#extentFirstChunk = this.#chunkNumber;
    this.#extentBuffers = [];
    this.#extentBytes = 0;
  }
}
