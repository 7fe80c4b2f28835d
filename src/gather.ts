/** A leaf: bytes that come in pieces, in one piece, where that is bounded. */

/**
 * All of `chunks`; what is too much is not waited for, and the source is closed (its `return`).
 * @param exceeded makes the error for more than `bytesMax` bytes
 */
export async function gather(
  chunks: AsyncIterable<Uint8Array> | Iterable<Uint8Array>,
  bytesMax: number,
  exceeded: () => Error,
): Promise<Buffer<ArrayBuffer>> {
  const held: Uint8Array[] = [];
  let lengthBytes = 0;
  for await (const chunk of chunks) {
    lengthBytes += chunk.length;
    if (lengthBytes > bytesMax) throw exceeded();
    // A source may fill the same memory again.
    held.push(Buffer.from(chunk));
  }
  return Buffer.concat(held, lengthBytes);
}
