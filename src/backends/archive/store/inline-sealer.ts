/**
 * Seals an arriving instance on the thread that receives it: gathers plaintext into chunks, encrypts each, and hands over
 * an extent whenever enough of them wait.
 */
import { createHash, hash, type Hash } from 'node:crypto';
import type { Extent } from './commit-record.ts';
import type { ChunkBuffers, SealerLimits, Sealer, Sealing } from './instance-sealer.ts';
import { encodeRecordHead, recordHeadBytes } from './record.ts';
import { sealChunk } from './seal.ts';
import type { HandOver, RecordSink } from './segment-log.ts';

export class InlineSealer implements Sealer {
  readonly extents: Extent[] = [];
  readonly #log: RecordSink;
  readonly #sealing: Sealing;
  readonly #buffers: ChunkBuffers;
  readonly #limits: SealerLimits;
  /** Unset while all there is may be one chunk, whose digest is cheaper in one call. */
  #hash: Hash | undefined;
  #chunkNumber = 0;
  #extentFirstChunk = 0;
  #extentBuffers: Buffer[] = [];
  #extentBytes = 0;
  #gather: Buffer | undefined;
  #gathered = 0;

  constructor(
    log: RecordSink,
    sealing: Sealing,
    { buffers, limits }: { readonly buffers: ChunkBuffers; readonly limits: SealerLimits },
  ) {
    this.#log = log;
    this.#sealing = sealing;
    this.#buffers = buffers;
    this.#limits = limits;
  }

  update(bytes: Uint8Array): undefined {
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
    return undefined;
  }

  end(): Buffer {
    const only = this.#chunkNumber === 0 ? (this.#gather?.subarray(0, this.#gathered) ?? new Uint8Array(0)) : undefined;
    const sha256 = only === undefined ? undefined : hash('sha256', only, 'buffer');
    if (this.#gathered > 0) this.#sealGathered(only !== undefined);
    this.close();
    return sha256 ?? this.#digest.digest();
  }

  get #digest(): Hash {
    this.#hash ??= createHash('sha256');
    return this.#hash;
  }

  rest(): HandOver | undefined {
    return this.#extentBytes === 0 ? undefined : this.#takeExtent(true);
  }

  close(): void {
    if (this.#gather !== undefined) this.#buffers.give(this.#gather);
    this.#gather = undefined;
    this.#gathered = 0;
  }

  #sealGathered(isOnly = false): void {
    if (this.#gather === undefined) return;
    const bytes = this.#gather.subarray(0, this.#gathered);
    this.#gathered = 0;
    this.#seal(bytes, isOnly);
  }

  #seal(chunk: Uint8Array, isOnly = false): void {
    const { key, instance } = this.#sealing;
    if (!isOnly) this.#digest.update(chunk);
    for (const buffer of sealChunk(key, chunk, { instance, chunk: this.#chunkNumber })) {
      this.#extentBuffers.push(buffer);
      this.#extentBytes += buffer.length;
    }
    this.#chunkNumber += 1;
    if (this.#extentBytes < this.#limits.extentBytes) return;
    const bodyBytes = this.#extentBytes;
    const { segment, offset } = this.#log.append(this.#takeExtent(false));
    this.extents.push({ segment, offset: offset + recordHeadBytes, bodyBytes });
  }

  #takeExtent(last: boolean): HandOver {
    const bodyBytes = this.#extentBytes;
    const owner = this.#sealing.instance;
    const head = encodeRecordHead({ kind: 'data', last, bodyBytes, firstChunk: this.#extentFirstChunk, owner });
    const buffers = [head, ...this.#extentBuffers];
    this.#extentFirstChunk = this.#chunkNumber;
    this.#extentBuffers = [];
    this.#extentBytes = 0;
    return { buffers, lengthBytes: recordHeadBytes + bodyBytes };
  }
}
