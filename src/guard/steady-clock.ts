/**
 * Time that may be trusted for end dates: the wall clock, as long as it does not go backwards. A clock set back would open again
 * what has ended, so that nothing is admitted until it has caught up or an administrator has said that it is right now.
 */
import { RefusedError } from './refusal.ts';

export class SteadyClock {
  readonly #now: () => number;
  readonly #backwardsMsMax: number;
  #latestMs: number;

  /** @param latestMs the latest moment known from before, for instance from the last use of an opening */
  constructor(
    now: () => number,
    { latestMs, backwardsMsMax }: { readonly latestMs: number; readonly backwardsMsMax: number },
  ) {
    this.#now = now;
    this.#latestMs = Math.max(latestMs, now());
    this.#backwardsMsMax = backwardsMsMax;
  }

  /** For records: whatever the clock says. */
  get wallMs(): number {
    return this.#now();
  }

  get isSteady(): boolean {
    return this.#latestMs - this.#now() <= this.#backwardsMsMax;
  }

  /**
   * The time for a decision. Never before a moment that was decided upon already.
   * @throws RefusedError when the clock went backwards by more than its limit
   */
  nowMs(): number {
    if (!this.isSteady) throw new RefusedError('NOT_AUTHORIZED', 'clock');
    this.#latestMs = Math.max(this.#latestMs, this.#now());
    return this.#latestMs;
  }

  /** The clock is right as it is now. */
  accept(): void {
    this.#latestMs = this.#now();
  }
}
