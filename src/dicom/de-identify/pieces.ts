/** A data set that is not written down: new bytes, and between them places of the stored one. Reading it costs what reading costs. */
import type { RangedBytes } from '../ranged-bytes.ts';

/** New bytes, or some of the source's. */
type Content = Uint8Array | { readonly from: number };
interface Piece {
  /** Where it begins in the whole. */
  readonly at: number;
  readonly lengthBytes: number;
  readonly content: Content;
}

export class Pieces {
  readonly #pieces: Piece[] = [];
  #lengthBytes = 0;
  #newBytes = 0;

  get lengthBytes(): number {
    return this.#lengthBytes;
  }

  /** Those that are held in memory. */
  get newBytes(): number {
    return this.#newBytes;
  }

  addNew(chunks: readonly Uint8Array[]): void {
    const lengthBytes = chunks.reduce((sum, chunk) => sum + chunk.length, 0);
    if (lengthBytes === 0) return;
    // A copy: the chunks are views of blocks that are larger than what is used of them, or of what was read.
    const joined = new Uint8Array(lengthBytes);
    let at = 0;
    for (const chunk of chunks) {
      joined.set(chunk, at);
      at += chunk.length;
    }
    this.#add(lengthBytes, joined);
    this.#newBytes += lengthBytes;
  }

  addRange(from: number, lengthBytes: number): void {
    if (lengthBytes > 0) this.#add(lengthBytes, { from });
  }

  #add(lengthBytes: number, content: Content): void {
    this.#pieces.push({ at: this.#lengthBytes, lengthBytes, content });
    this.#lengthBytes += lengthBytes;
  }

  /** Some of the whole, fewer bytes only where it ends. */
  async *readRange(
    source: RangedBytes,
    offset: number,
    lengthBytes: number,
  ): AsyncGenerator<Uint8Array, void, undefined> {
    const end = Math.min(this.#lengthBytes, offset + lengthBytes);
    for (let index = this.#pieceAt(offset); index < this.#pieces.length; index += 1) {
      const piece = this.#pieces[index];
      if (piece === undefined || piece.at >= end) return;
      const first = Math.max(0, offset - piece.at);
      const last = Math.min(piece.lengthBytes, end - piece.at);
      if (piece.content instanceof Uint8Array) yield piece.content.subarray(first, last);
      else yield* source.readRange(piece.content.from + first, last - first);
    }
  }

  /** The last piece that begins at or before this place. */
  #pieceAt(offset: number): number {
    let low = 0;
    let high = this.#pieces.length - 1;
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if ((this.#pieces[middle]?.at ?? 0) <= offset) low = middle;
      else high = middle - 1;
    }
    return Math.max(0, low);
  }
}
