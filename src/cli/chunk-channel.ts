/** From a producer that pushes chunks to a consumer that reads a stream, one chunk at a time: the producer waits. */

export interface ChunkChannel {
  readonly chunks: AsyncIterable<Uint8Array>;
  /** Resolves when the chunk was consumed, so its memory may be used again. */
  write(chunk: Uint8Array): Promise<void>;
  end(): void;
  fail(reason: unknown): void;
}

export function chunkChannel(): ChunkChannel {
  let waiting: { readonly chunk: Uint8Array; readonly taken: () => void } | undefined;
  let over: { readonly reason?: unknown } | undefined;
  let isLeft = false;
  let wake = Promise.withResolvers<void>();
  const change = (): void => {
    wake.resolve();
    wake = Promise.withResolvers<void>();
  };
  async function* read(): AsyncGenerator<Uint8Array> {
    try {
      for (;;) {
        const next = waiting;
        if (next !== undefined) {
          yield next.chunk;
          waiting = undefined;
          next.taken();
        } else if (over !== undefined) {
          if ('reason' in over) throw over.reason;
          return;
        } else await wake.promise;
      }
    } finally {
      // A consumer that gave up lets the producer go on into nothing; the producer asks how it ended.
      isLeft = true;
      waiting?.taken();
    }
  }
  return {
    chunks: read(),
    write: (chunk) => {
      if (isLeft) return Promise.resolve();
      const { promise, resolve } = Promise.withResolvers<void>();
      waiting = { chunk, taken: resolve };
      change();
      return promise;
    },
    end: () => {
      over ??= {};
      change();
    },
    fail: (reason) => {
      over ??= { reason };
      change();
    },
  };
}
