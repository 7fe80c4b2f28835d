/**
 * Encapsulated pixel data as the one stream that a video is (PS3.5 8.2.5 to 8.2.8, A.4): its fragments joined, with any range to be
 * had, and never more of it in memory than what is on its way.
 */
import type { DataSetLimits } from './data-set-limits.ts';
import { afterFragment, type ByteRange, type FragmentLimits, FragmentReader, listFragments } from './fragments.ts';
import { findPixelData } from './pixel-data.ts';
import { joined, plainBytes, type RangedBytes, type StoredBytes } from './ranged-bytes.ts';

export interface BitStreamLimits {
  readonly dataSet: DataSetLimits;
  readonly fragments: FragmentLimits;
}

export class BitStream implements RangedBytes {
  /** With the byte that makes the last fragment even, where there is one (PS3.5 A.4). */
  readonly lengthBytes: number;
  readonly #bytes: RangedBytes;
  readonly #fragments: readonly ByteRange[];

  private constructor(bytes: RangedBytes, fragments: readonly ByteRange[]) {
    this.#bytes = bytes;
    this.#fragments = fragments;
    this.lengthBytes = fragments.reduce((sum, { lengthBytes }) => sum + lengthBytes, 0);
  }

  /**
   * Finds the fragments; reads nothing of them.
   * @returns undefined where there is no pixel data, or it is not encapsulated
   * @throws LeadglassError UNSUPPORTED, MALFORMED, LIMIT_EXCEEDED; what reading throws
   */
  static async open(stored: StoredBytes, limits: BitStreamLimits): Promise<BitStream | undefined> {
    const bytes = plainBytes(stored, limits.dataSet);
    const { transferSyntaxUid } = stored;
    const pixelData = await findPixelData(bytes, { transferSyntaxUid, limits: limits.dataSet });
    if (pixelData === undefined || pixelData.lengthBytes !== undefined) return undefined;
    const reader = new FragmentReader(
      (offset, lengthBytes) => joined(bytes, offset, lengthBytes),
      bytes.lengthBytes,
      limits.fragments,
    );
    // The first item is the offset table, which means nothing here.
    const table = await reader.fragment(pixelData.offset);
    if (table === undefined) return undefined;
    return new BitStream(bytes, await listFragments(reader, afterFragment(table), limits.fragments));
  }

  async *readRange(offset: number, lengthBytes: number): AsyncGenerator<Uint8Array, void, undefined> {
    let skipped = offset;
    let left = lengthBytes;
    for (const fragment of this.#fragments) {
      if (left <= 0) return;
      if (skipped >= fragment.lengthBytes) {
        skipped -= fragment.lengthBytes;
        continue;
      }
      const taken = Math.min(left, fragment.lengthBytes - skipped);
      yield* this.#bytes.readRange(fragment.offset + skipped, taken);
      left -= taken;
      skipped = 0;
    }
  }
}
