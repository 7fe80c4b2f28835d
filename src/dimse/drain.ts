/** Reads a data set that nobody wants to its end, so that the answer comes when the peer listens; bounded. */
import { LeadglassError } from '../error.ts';

export class Drain {
  readonly #bytesMax: number;
  readonly #answer: () => void | Promise<void>;
  #bytes = 0;

  constructor(bytesMax: number, answer: () => void | Promise<void>) {
    this.#bytesMax = bytesMax;
    this.#answer = answer;
  }

  /** @throws LeadglassError LIMIT_EXCEEDED, which ends the association */
  write(chunk: Uint8Array): void {
    this.#bytes += chunk.length;
    if (this.#bytes <= this.#bytesMax) return;
    throw new LeadglassError(
      'LIMIT_EXCEEDED',
      `Cannot go on with the association: more than ${this.#bytesMax} bytes followed an operation that had failed`,
    );
  }

  end(): void | Promise<void> {
    return this.#answer();
  }

  abort(): void {
    // Nothing was kept.
  }
}
