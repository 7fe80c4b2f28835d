/**
 * Opens the extents of one leaving instance in the sealing thread: their bytes are read from the disk into a slab, checked
 * and decrypted there, and copied out, so that a slow receiver never holds memory that others wait for.
 */
import { LeadglassError } from '../../../error.ts';
import type { SealingClient, SealingThread } from './sealing-thread.ts';
import { tagBytes } from './seal.ts';

/** Puts the bytes of an extent into `target`, all of them. */
export type ReadInto = (target: Uint8Array) => Promise<void>;

export class InstanceOpener implements SealingClient {
  readonly #thread: SealingThread;
  readonly #chunkBytes: number;
  #slot: number | undefined;
  #chunk = 0;
  #extent: PromiseWithResolvers<void> | undefined;
  #digest: PromiseWithResolvers<Buffer> | undefined;
  #failure: LeadglassError | undefined;

  /** Undefined when the thread has no place for it. */
  static begin(
    thread: SealingThread,
    facts: {
      readonly key: Uint8Array;
      readonly instance: number;
      readonly chunkBytes: number;
      readonly extentBytesMax: number;
    },
  ): InstanceOpener | undefined {
    const opener = new InstanceOpener(thread, facts.chunkBytes);
    const slot = thread.beginOpening(opener, facts);
    if (slot === undefined) return undefined;
    opener.#slot = slot;
    return opener;
  }

  private constructor(thread: SealingThread, chunkBytes: number) {
    this.#thread = thread;
    this.#chunkBytes = chunkBytes;
  }

  /**
   * The plaintext chunks of the next extent. One call after the other.
   * @throws LeadglassError CORRUPT when a chunk does not verify; what `readInto` throws
   */
  async open(bodyBytes: number, readInto: ReadInto): Promise<readonly Buffer[]> {
    const slab = await this.#thread.takeReadingSlab();
    try {
      const body = slab.memory.subarray(0, bodyBytes);
      if (body.length < bodyBytes) throw damaged('an extent is too long');
      await readInto(body);
      if (this.#failure !== undefined) throw this.#failure;
      const places = chunkPlaces(bodyBytes, this.#chunkBytes);
      const extent = Promise.withResolvers<void>();
      this.#extent = extent;
      for (const [index, { at, length }] of places.entries()) {
        const isLast = index === places.length - 1;
        this.#submit({ offset: slab.offset + at, length, chunk: this.#chunk, isLast });
        this.#chunk += 1;
      }
      await extent.promise;
      return places.map(({ at, length }) => copyOf(body.subarray(at, at + length)));
    } finally {
      this.#thread.giveReadingSlab(slab);
    }
  }

  /** The SHA-256 of all that was opened. */
  async end(): Promise<Buffer> {
    if (this.#failure !== undefined || this.#slot === undefined) throw this.#failure ?? damaged('it was given up');
    const digest = Promise.withResolvers<Buffer>();
    this.#digest = digest;
    this.#thread.submitEnd('end', this.#slot);
    return digest.promise;
  }

  /** Gives it up, unless it has ended. Safe at any time. */
  close(): void {
    this.#failure ??= damaged('it was given up');
    if (this.#slot !== undefined && this.#digest === undefined) this.#thread.submitEnd('drop', this.#slot);
    this.#slot = undefined;
  }

  done(): void {
    this.#extent?.resolve();
  }

  damaged(): void {
    this.#failure ??= damaged('a chunk does not verify');
    this.#extent?.reject(this.#failure);
  }

  ended(sha256: Buffer): void {
    this.#slot = undefined;
    this.#digest?.resolve(sha256);
  }

  dropped(): void {
    // Its slabs went back on their own.
  }

  failed(error: LeadglassError): void {
    this.#slot = undefined;
    this.#failure = new LeadglassError(
      'BACKEND_UNAVAILABLE',
      'Cannot read a stored instance: the sealing thread ended',
      {
        cause: error,
      },
    );
    this.#extent?.reject(this.#failure);
    this.#digest?.reject(this.#failure);
  }

  #submit(facts: { offset: number; length: number; chunk: number; isLast: boolean }): void {
    if (this.#slot !== undefined) this.#thread.submitChunk(this.#slot, facts);
  }
}

/** Where the ciphertexts lie in an extent. @throws LeadglassError CORRUPT */
function chunkPlaces(
  bodyBytes: number,
  chunkBytes: number,
): readonly { readonly at: number; readonly length: number }[] {
  const places: { at: number; length: number }[] = [];
  for (let at = 0; at < bodyBytes; at += tagBytes + chunkBytes) {
    const length = Math.min(chunkBytes, bodyBytes - at - tagBytes);
    if (length <= 0) throw damaged('a chunk is cut short');
    places.push({ at: at + tagBytes, length });
  }
  if (places.length === 0) throw damaged('an extent is empty');
  return places;
}

/** Buffer.from would first fill it with zeros. */
function copyOf(bytes: Uint8Array): Buffer {
  const copy = Buffer.allocUnsafeSlow(bytes.length);
  copy.set(bytes);
  return copy;
}

function damaged(what: string): LeadglassError {
  return new LeadglassError('CORRUPT', `Cannot read a stored instance: ${what}`);
}
