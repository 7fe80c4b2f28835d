/**
 * Seals an arriving instance in the sealing thread: the plaintext is copied to where its ciphertext will lie, in a slab;
 * a full slab is one data record, which the log writes from there.
 */
import { LeadglassError } from '../../../error.ts';
import type { Extent } from './commit-record.ts';
import type { Sealer, Sealing, SealingMeans } from './instance-sealer.ts';
import { encodeRecordHead, recordHeadBytes } from './record.ts';
import { slabChunks } from './sealing-ring.ts';
import type { SealingClient, SealingSlot, SealingThread, Slab } from './sealing-thread.ts';
import { tagBytes } from './seal.ts';
import { asStorageError, type HandOver, type RecordSink } from './segment-log.ts';

/** A slab on its way through the sealing thread. */
interface Filled {
  readonly slab: Slab;
  readonly firstChunk: number;
  readonly bodyBytes: number;
}

export class OffloadedSealer implements Sealer, SealingClient {
  readonly extents: Extent[] = [];
  readonly #thread: SealingThread;
  readonly #log: RecordSink;
  readonly #instance: number;
  readonly #chunkBytes: number;
  readonly #slabChunks: number;
  readonly #earlyChunks: number;
  #slot: SealingSlot | undefined;
  #slab: Slab | undefined;
  /** Chunks of the slab that were given to be sealed, and plaintext bytes behind them. */
  #slabChunk = 0;
  #gathered = 0;
  /** Tags and ciphertext of those chunks. */
  #bodyBytes = 0;
  #chunkNumber = 0;
  /** Full ones, which the log gets when they are sealed. */
  readonly #filled: Filled[] = [];
  /** The last one, which waits for the commit. */
  #rest: Filled | undefined;
  /** What came while there was no slab. */
  #held: Buffer[] = [];
  #refill: Promise<void> | undefined;
  #digest: PromiseWithResolvers<Buffer> | undefined;
  #failure: LeadglassError | undefined;
  #closed = false;

  /** Undefined when there is no thread, or no room in it. */
  static begin(means: SealingMeans, sealing: Sealing): OffloadedSealer | undefined {
    const { thread } = means;
    if (thread === undefined) return undefined;
    const sealer = new OffloadedSealer(thread, means, sealing.instance);
    const slot = thread.begin(sealer, sealing);
    if (slot === undefined) return undefined;
    sealer.#slot = slot;
    sealer.#slab = slot.firstSlab;
    return sealer;
  }

  private constructor(thread: SealingThread, { log, limits }: SealingMeans, instance: number) {
    this.#thread = thread;
    this.#log = log;
    this.#instance = instance;
    this.#chunkBytes = limits.chunkBytes;
    this.#slabChunks = slabChunks(limits);
    this.#earlyChunks = Math.ceil(this.#slabChunks / 4);
  }

  update(bytes: Uint8Array): undefined | Promise<void> {
    if (this.#failure !== undefined) throw this.#failure;
    if (this.#refill !== undefined) {
      this.#held.push(Buffer.from(bytes));
      return this.#refill;
    }
    const taken = this.#fill(bytes);
    if (taken === bytes.length) return undefined;
    this.#held.push(Buffer.from(bytes.subarray(taken)));
    this.#refill = this.#fillWhenThereIsRoom();
    return this.#refill;
  }

  async end(): Promise<Buffer> {
    await this.#refill;
    if (this.#failure !== undefined) throw this.#failure;
    if (this.#closed) throw new LeadglassError('CANCELLED', 'Cannot store: the instance was given up');
    const digest = Promise.withResolvers<Buffer>();
    this.#digest = digest;
    if (this.#slab !== undefined) {
      if (this.#gathered > 0) this.#sealChunk(this.#slab, false);
      this.#rest = this.#takeFilled(this.#slab);
    }
    this.#slot?.end();
    return digest.promise;
  }

  rest(): HandOver | undefined {
    const rest = this.#rest;
    this.#rest = undefined;
    return rest === undefined ? undefined : this.#handOver(rest, true);
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    // The sealing thread may still write into the slabs: they go back when it says that it is done.
    if (this.#slot === undefined) this.#giveBack();
    else if (this.#digest === undefined) this.#slot.drop();
  }

  done(): void {
    const filled = this.#filled.shift();
    if (filled === undefined) return;
    if (this.#closed || this.#failure !== undefined) this.#thread.giveSlab(filled.slab);
    else this.#append(filled);
  }

  damaged(): void {
    this.#fail(new LeadglassError('INTERNAL', 'Cannot store: sealing failed')); // only opening can find damage
  }

  ended(sha256: Buffer): void {
    this.#slot = undefined;
    if (this.#closed) this.#giveBack();
    this.#digest?.resolve(sha256);
  }

  dropped(): void {
    this.#slot = undefined;
    this.#giveBack();
  }

  failed(error: LeadglassError): void {
    this.#slot = undefined;
    this.#fail(error);
  }

  #fail(error: LeadglassError): void {
    this.#failure = error;
    this.#digest?.reject(error);
  }

  /** Puts bytes into slabs as long as there is one; returns how many. */
  #fill(bytes: Uint8Array): number {
    let at = 0;
    while (at < bytes.length) {
      this.#slab ??= this.#thread.tryTakeSlab();
      if (this.#slab === undefined) break;
      const end = Math.min(bytes.length, at + this.#chunkBytes - this.#gathered);
      const part = at === 0 && end === bytes.length ? bytes : bytes.subarray(at, end);
      this.#slab.memory.set(part, this.#chunkAt + this.#gathered);
      this.#gathered += end - at;
      at = end;
      if (this.#gathered < this.#chunkBytes) continue;
      // While the disk has nothing to do, half an instance there early is half of the wait at its end.
      const isLast =
        this.#slabChunk + 1 === this.#slabChunks || (this.#slabChunk + 1 >= this.#earlyChunks && this.#log.isIdle);
      this.#sealChunk(this.#slab, isLast);
      if (isLast) this.#filled.push(this.#takeFilled(this.#slab));
    }
    return at;
  }

  async #fillWhenThereIsRoom(): Promise<void> {
    for (let next = this.#held[0]; next !== undefined; next = this.#held[0]) {
      this.#slab ??= await this.#thread.waitForSlab();
      if (this.#closed) return this.#giveBack();
      const taken = this.#fill(next);
      if (taken === next.length) this.#held.shift();
      else this.#held[0] = next.subarray(taken);
    }
    this.#refill = undefined;
  }

  /** Where the plaintext of the current chunk begins in the slab. */
  get #chunkAt(): number {
    return recordHeadBytes + this.#slabChunk * (tagBytes + this.#chunkBytes) + tagBytes;
  }

  #sealChunk(slab: Slab, isLast: boolean): void {
    this.#slot?.seal(slab, { at: this.#chunkAt, length: this.#gathered, chunk: this.#chunkNumber, isLast });
    this.#bodyBytes += tagBytes + this.#gathered;
    this.#chunkNumber += 1;
    this.#slabChunk += 1;
    this.#gathered = 0;
  }

  #takeFilled(slab: Slab): Filled {
    const filled = { slab, firstChunk: this.#chunkNumber - this.#slabChunk, bodyBytes: this.#bodyBytes };
    this.#slab = undefined;
    this.#slabChunk = 0;
    this.#bodyBytes = 0;
    return filled;
  }

  #append(filled: Filled): void {
    try {
      const { segment, offset } = this.#log.append(this.#handOver(filled, false));
      this.extents.push({ segment, offset: offset + recordHeadBytes, bodyBytes: filled.bodyBytes });
    } catch (error) {
      this.#thread.giveSlab(filled.slab);
      this.#fail(asStorageError(error));
    }
  }

  #handOver({ slab, firstChunk, bodyBytes }: Filled, last: boolean): HandOver {
    const owner = this.#instance;
    slab.memory.set(encodeRecordHead({ kind: 'data', last, bodyBytes, firstChunk, owner }), 0);
    const lengthBytes = recordHeadBytes + bodyBytes;
    return {
      buffers: [slab.memory.subarray(0, lengthBytes)],
      lengthBytes,
      memory: slab.memory,
      release: () => this.#thread.giveSlab(slab),
    };
  }

  /** Nothing of ours is in the sealing thread any more. */
  #giveBack(): void {
    if (this.#slot !== undefined) return;
    const filled = [...this.#filled, ...(this.#rest === undefined ? [] : [this.#rest])];
    for (const { slab } of filled) this.#thread.giveSlab(slab);
    if (this.#slab !== undefined) this.#thread.giveSlab(this.#slab);
    this.#filled.length = 0;
    this.#rest = undefined;
    this.#slab = undefined;
    this.#held = [];
  }
}
