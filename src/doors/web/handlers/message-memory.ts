/**
 * What a store message has waiting in memory (metadata, bulk data before its turn, a picture as it comes), counted for its device and for all:
 * many messages that are bounded one by one are together more than a machine has.
 */
import type { ConversionMemory } from '../../../transcoding/conversion-memory.ts';

/** Taken in steps, so that small messages do not wait for large ones. */
const stepBytes = 1024 ** 2;
const freeBytes = 64 * 1024;

export class MessageMemory implements Disposable {
  readonly #memory: ConversionMemory | undefined;
  readonly #caller: { readonly owner: string; readonly signal: AbortSignal };
  readonly #peaks = new Map<string, number>();
  readonly #held: Disposable[] = [];

  /** @param memory absent in tests only */
  constructor(memory: ConversionMemory | undefined, caller: { readonly owner: string; readonly signal: AbortSignal }) {
    this.#memory = memory;
    this.#caller = caller;
  }

  /**
   * So many bytes of this kind are held; room for them is kept until the message is over.
   * @throws LeadglassError OUT_OF_RESOURCES when there was none for long, CANCELLED
   */
  async reach(kind: 'documents' | 'waiting' | 'picture', bytes: number): Promise<void> {
    const memory = this.#memory;
    if (memory === undefined) return;
    this.#peaks.set(kind, Math.max(this.#peaks.get(kind) ?? 0, bytes));
    const wanted = [...this.#peaks.values()].reduce((sum, peak) => sum + peak, -freeBytes);
    while (this.#held.length * stepBytes < wanted) {
      this.#held.push(await memory.take({ ...this.#caller, bytes: stepBytes }));
    }
  }

  [Symbol.dispose](): void {
    for (const held of this.#held.splice(0)) held[Symbol.dispose]();
  }
}
