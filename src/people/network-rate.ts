/** How often one network may do what costs somebody else work: a count for each minute, bounded in networks. */
import { networkOf } from './client.ts';
import { PeopleRefusedError } from './refusal.ts';

export interface NetworkRateLimits {
  readonly providerTriesPerMinuteMax: number;
  readonly providerNetworksMax: number;
}

const minuteMs = 60_000;

export class NetworkRate {
  readonly #limits: NetworkRateLimits;
  readonly #now: () => number;
  /** Oldest first. */
  readonly #counts = new Map<string, { readonly sinceMs: number; count: number }>();

  constructor(limits: NetworkRateLimits, now: () => number) {
    this.#limits = limits;
    this.#now = now;
  }

  /** @throws PeopleRefusedError provider-rate with the wait */
  refuseOver(address: string): void {
    const held = this.#held(address);
    if (held === undefined || held.count < this.#limits.providerTriesPerMinuteMax) return;
    const retryAfterMs = Math.max(1_000, held.sinceMs + minuteMs - this.#now());
    throw new PeopleRefusedError('provider-rate', { retryAfterMs });
  }

  count(address: string): void {
    const held = this.#held(address);
    if (held !== undefined) {
      held.count += 1;
      return;
    }
    const oldest = this.#counts.keys().next().value;
    if (this.#counts.size >= this.#limits.providerNetworksMax && oldest !== undefined) this.#counts.delete(oldest);
    const network = networkOf(address);
    this.#counts.delete(network);
    this.#counts.set(network, { sinceMs: this.#now(), count: 1 });
  }

  #held(address: string): { readonly sinceMs: number; count: number } | undefined {
    const held = this.#counts.get(networkOf(address));
    return held !== undefined && Math.abs(this.#now() - held.sinceMs) < minuteMs ? held : undefined;
  }
}
