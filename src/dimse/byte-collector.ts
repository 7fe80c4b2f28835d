/** Bytes that arrive in pieces and are needed whole, up to a limit: command sets and identifiers. Never pixel data. */
import { LeadglassError } from '../error.ts';

export class ByteCollector {
  readonly #bytesMax: number;
  readonly #what: string;
  #bytes = new Uint8Array(0);
  #length = 0;

  /** `what` is for the error text: `the identifier`. */
  constructor(bytesMax: number, what: string) {
    this.#bytesMax = bytesMax;
    this.#what = what;
  }

  /**
   * Copies the chunk.
   * @throws LeadglassError LIMIT_EXCEEDED
   */
  add(chunk: Uint8Array): void {
    const length = this.#length + chunk.length;
    if (length > this.#bytesMax) {
      throw new LeadglassError('LIMIT_EXCEEDED', `Cannot read ${this.#what}: it has more than ${this.#bytesMax} bytes`);
    }
    if (length > this.#bytes.length) {
      // Doubling, so that one byte at a time costs no more than all at once.
      const larger = new Uint8Array(Math.min(this.#bytesMax, Math.max(length, this.#bytes.length * 2, 256)));
      larger.set(this.#bytes.subarray(0, this.#length));
      this.#bytes = larger;
    }
    this.#bytes.set(chunk, this.#length);
    this.#length = length;
  }

  /** What came so far; the collector is not used after this. */
  take(): Uint8Array {
    return this.#bytes.subarray(0, this.#length);
  }
}
