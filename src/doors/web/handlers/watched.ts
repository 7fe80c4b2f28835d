/**
 * Streams that remember that it was they who failed, and not what was done with their bytes: a broken message ends a request, a
 * broken instance in it does not.
 */
import type { IncomingPart } from '../http/multipart-parts.ts';

/** Remembers that it was the message that failed, and not what was done with it. */
export class Watched implements AsyncIterable<Uint8Array> {
  failure: unknown;
  readonly #source: AsyncIterable<Uint8Array>;

  constructor(source: AsyncIterable<Uint8Array>) {
    this.#source = source;
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<Uint8Array, void, undefined> {
    const chunks = this.#source[Symbol.asyncIterator]();
    try {
      for (;;) {
        const next = await this.#next(chunks);
        if (next.done === true) return;
        yield next.value;
      }
    } finally {
      await chunks.return?.();
    }
  }

  async #next(chunks: AsyncIterator<Uint8Array>): Promise<IteratorResult<Uint8Array>> {
    try {
      return await chunks.next();
    } catch (error) {
      this.failure = error;
      throw error;
    }
  }
}

/** The parts of a message, the bodies of which are parts of it, too. */
export class WatchedParts implements AsyncIterator<IncomingPart> {
  #failure: unknown;
  readonly #parts: AsyncIterator<IncomingPart>;
  #body: Watched | undefined;

  constructor(parts: AsyncIterator<IncomingPart>) {
    this.#parts = parts;
  }

  get failure(): unknown {
    return this.#failure ?? this.#body?.failure;
  }

  async next(): Promise<IteratorResult<IncomingPart>> {
    try {
      const next = await this.#parts.next();
      if (next.done === true) return next;
      this.#body = new Watched(next.value.body);
      return { done: false, value: { ...next.value, body: this.#body } };
    } catch (error) {
      this.#failure = error;
      throw error;
    }
  }
}
