/**
 * Which network sent a browser to ask which question. Strangers can ask without end: one network that does pushes out its own oldest, and
 * takes nobody else's place.
 */
import { parseAddress } from '../guard/identify/address.ts';
import type { EntryStore } from './entry-store.ts';

export class AskingShares {
  readonly #store: EntryStore;
  readonly #max: number;
  /** By the question, oldest first; no more than the store has of them. */
  readonly #networks = new Map<string, string>();

  /** @param max questions of one network that wait at once */
  constructor(store: EntryStore, max: number) {
    this.#store = store;
    this.#max = max;
  }

  /** A question waits from now on. */
  add(uid: string, address: string): void {
    const network = networkOf(address);
    const own: string[] = [];
    for (const [other, its] of this.#networks) {
      if (this.#store.get('Interaction', other) === undefined) this.#networks.delete(other);
      else if (its === network) own.push(other);
    }
    const [oldest] = own;
    if (own.length >= this.#max && oldest !== undefined) {
      this.#store.remove('Interaction', oldest);
      this.#networks.delete(oldest);
    }
    this.#networks.set(uid, network);
  }
}

/** In IPv6 the /64: whoever has one has all its addresses. */
function networkOf(text: string): string {
  const address = parseAddress(text);
  if (address === undefined) return text;
  return address.family === 4 ? `4 ${address.bits}` : `6 ${address.bits >> 64n}`;
}
