/** A data set whose bytes can be read from any place: as it is stored, or inflated on the way. */
import type { DataSetLimits } from './data-set-limits.ts';
import { knownTransferSyntax } from './data-set-codec.ts';
import { inflate } from './inflate.ts';

export interface RangedBytes {
  /** Infinity where only the reading tells. */
  readonly lengthBytes: number;
  /** Fewer only where they end. */
  readRange(offset: number, lengthBytes: number): AsyncIterable<Uint8Array>;
}

/** What a store has of an instance. */
export interface StoredBytes extends RangedBytes {
  readonly transferSyntaxUid: string;
  read(): AsyncIterable<Uint8Array>;
}

/**
 * The data set itself. Of a deflated one ranges are best asked for from front to back: what lies before is inflated and thrown
 * away, and to go back is to begin anew.
 * @throws LeadglassError UNSUPPORTED for an unknown transfer syntax
 */
export function plainBytes(stored: StoredBytes, limits: DataSetLimits): RangedBytes {
  return knownTransferSyntax(stored.transferSyntaxUid).deflated ? new InflatedBytes(stored, limits) : stored;
}

/** A range in one piece; shorter only where the data set ends. The caller has bounded its length. */
export async function joined(
  source: RangedBytes,
  offset: number,
  lengthBytes: number,
): Promise<Uint8Array<ArrayBuffer>> {
  // Not filled with zeros: what is not written below is not given out. Of its own buffer, which Buffer.slice would share.
  const whole = new Uint8Array(Buffer.allocUnsafeSlow(lengthBytes).buffer);
  let at = 0;
  for await (const chunk of source.readRange(offset, lengthBytes)) {
    whole.set(chunk, at);
    at += chunk.length;
  }
  return at === lengthBytes ? whole : whole.slice(0, at);
}

class InflatedBytes implements RangedBytes {
  readonly lengthBytes = Number.POSITIVE_INFINITY;
  readonly #stored: StoredBytes;
  readonly #limits: DataSetLimits;
  #chunks: AsyncIterator<Uint8Array> | undefined;
  /** Inflated and not taken yet; it begins at `#at`. */
  #rest: Uint8Array = new Uint8Array(0);
  #at = 0;

  constructor(stored: StoredBytes, limits: DataSetLimits) {
    this.#stored = stored;
    this.#limits = limits;
  }

  async *readRange(offset: number, lengthBytes: number): AsyncGenerator<Uint8Array, void, undefined> {
    if (this.#chunks === undefined || offset < this.#at) await this.#begin();
    const end = offset + lengthBytes;
    while (this.#at < end) {
      if (this.#rest.length === 0) {
        const next = await this.#chunks?.next();
        if (next === undefined || next.done === true) return;
        this.#rest = next.value;
      }
      const skipped = Math.min(this.#rest.length, Math.max(0, offset - this.#at));
      const taken = this.#rest.subarray(skipped, Math.max(skipped, end - this.#at));
      this.#rest = this.#rest.subarray(skipped + taken.length);
      this.#at += skipped + taken.length;
      if (taken.length > 0) yield taken;
    }
  }

  async #begin(): Promise<void> {
    await this.#chunks?.return?.();
    this.#chunks = inflate(this.#stored.read(), this.#limits)[Symbol.asyncIterator]();
    this.#rest = new Uint8Array(0);
    this.#at = 0;
  }
}
