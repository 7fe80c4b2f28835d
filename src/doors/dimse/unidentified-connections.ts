/** Bounds the connections of one address that have proven nothing, so that a stranger cannot take all places of a door. */
import type { Socket } from 'node:net';

export class UnidentifiedConnections {
  readonly #perAddressMax: number;
  readonly #held = new Map<string, number>();

  constructor(perAddressMax: number) {
    this.#perAddressMax = perAddressMax;
  }

  /**
   * Counts one more; it is taken off the count when it closes.
   * @returns the way to take it off before, or undefined when the address has too many: the socket is destroyed then
   */
  hold(socket: Socket, address: string): (() => void) | undefined {
    const held = this.#held.get(address) ?? 0;
    if (held >= this.#perAddressMax) {
      socket.destroy();
      return undefined;
    }
    this.#held.set(address, held + 1);
    let isHeld = true;
    const release = (): void => {
      if (!isHeld) return;
      isHeld = false;
      const left = (this.#held.get(address) ?? 1) - 1;
      if (left <= 0) this.#held.delete(address);
      else this.#held.set(address, left);
    };
    socket.once('close', release);
    return release;
  }
}
