/**
 * Keeps a flood of tries that were not even checked out of the ledger: the first is recorded, those that follow within a minute are counted and
 * told with the next one. Bounded: with too many different ones at once each is recorded by itself again.
 */
import { networkOf } from './client.ts';

export interface QuietLimits {
  readonly repeatedRefusalMs: number;
  readonly repeatedRefusalsMax: number;
}

export class RefusalQuiet {
  readonly #limits: QuietLimits;
  readonly #now: () => number;
  /** Oldest first. */
  readonly #told = new Map<string, { readonly atMs: number; further: number }>();

  constructor(limits: QuietLimits, now: () => number) {
    this.#limits = limits;
    this.#now = now;
  }

  get size(): number {
    return this.#told.size;
  }

  /**
   * To be asked for each one.
   * @returns how many were left out since the last that was recorded; undefined when this one is to be left out too
   */
  take(accountId: number | undefined, address: string): number | undefined {
    const key = accountId === undefined ? `nobody ${networkOf(address)}` : `account ${accountId}`;
    const nowMs = this.#now();
    const told = this.#told.get(key);
    if (told !== undefined && Math.abs(nowMs - told.atMs) < this.#limits.repeatedRefusalMs) {
      told.further += 1;
      return undefined;
    }
    this.#told.delete(key);
    const oldest = this.#told.keys().next().value;
    if (this.#told.size >= this.#limits.repeatedRefusalsMax && oldest !== undefined) this.#told.delete(oldest);
    this.#told.set(key, { atMs: nowMs, further: 0 });
    return told?.further ?? 0;
  }
}
