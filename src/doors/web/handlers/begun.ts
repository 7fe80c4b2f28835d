/** A stream whose first piece is fetched before anybody asks for it, so that a disk works while a network does. */

export interface Begun extends AsyncIterable<Uint8Array> {
  /** Lets go of it, when nobody has begun to read; harmless afterwards. */
  return(): Promise<void>;
}

export function begun(source: AsyncIterable<Uint8Array>): Begun {
  const chunks = source[Symbol.asyncIterator]();
  const first = chunks.next();
  // Whoever reads it is told; until then nobody waits for it.
  first.catch(() => undefined);
  return {
    async *[Symbol.asyncIterator]() {
      try {
        for (let next = await first; next.done !== true; next = await chunks.next()) yield next.value;
      } finally {
        await chunks.return?.();
      }
    },
    return: async () => {
      await first.catch(() => undefined);
      await chunks.return?.();
    },
  };
}
