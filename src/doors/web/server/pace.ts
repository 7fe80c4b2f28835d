/**
 * Bodies that drip: only the time in which we wait for the peer counts, and in each `bodyPaceMs` of it so many bytes must have
 * moved. A peer that stands still for that long, or moves less, ends its request; one that we keep waiting never does.
 */
import { HttpError } from '../http/http-error.ts';

export interface PaceLimits {
  readonly bodyPaceMs: number;
  readonly bodyPaceBytesMin: number;
}

export class Pace {
  readonly #limits: PaceLimits;
  #waitedMs = 0;
  #bytes = 0;

  constructor(limits: PaceLimits) {
    this.#limits = limits;
  }

  moved(bytes: number): void {
    this.#bytes += bytes;
  }

  /**
   * Waits for the peer.
   * @throws HttpError 408
   */
  async wait<T>(peer: Promise<T>): Promise<T> {
    const { bodyPaceMs } = this.#limits;
    const startedMs = performance.now();
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<never>((_, reject) => {
      timer = setTimeout(() => reject(tooSlow()), bodyPaceMs);
    });
    try {
      return await Promise.race([peer, late]);
    } finally {
      clearTimeout(timer);
      this.#waitedMs += performance.now() - startedMs;
    }
  }

  /** Looks at the window that has passed. @throws HttpError 408 */
  check(): void {
    if (this.#waitedMs < this.#limits.bodyPaceMs) return;
    if (this.#bytes < this.#limits.bodyPaceBytesMin) throw tooSlow();
    this.#waitedMs = 0;
    this.#bytes = 0;
  }
}

function tooSlow(): HttpError {
  return new HttpError(408, 'The body moves too slowly; send or read it faster');
}
