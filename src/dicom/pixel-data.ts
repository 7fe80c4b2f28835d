/**
 * Where the pixel data of an instance lies and what the data set says of it (PS3.3 C.7.6.3): found by reading what stands before
 * it, none of the pixels. Frames are taken out of it by frames.ts.
 */
import { DataSet } from './data-set.ts';
import { knownTransferSyntax } from './data-set-codec.ts';
import type { DataSetLimits } from './data-set-limits.ts';
import { type DataSetVisitor, DataSetWalker } from './data-set-walker.ts';
import { Tags } from './dictionary/dictionary.ts';
import type { RangedBytes } from './ranged-bytes.ts';
import type { Tag } from './tag.ts';
import { swapWords } from './value-numbers.ts';
import { type Vr, wordBytes } from './vr.ts';
import { walkRanges } from './walk-ranges.ts';

export interface PixelData {
  readonly tag: Tag;
  readonly vr: Vr;
  /** Of the value; of encapsulated pixel data where its first item begins, the basic offset table. In the inflated data set. */
  readonly offset: number;
  /** Absent when it is encapsulated. */
  readonly lengthBytes?: number;
  readonly bigEndian: boolean;
  /** The attributes of the image that say how pixels and frames lie, as far as they are there. */
  readonly image: DataSet;
}

const pixelTags: ReadonlySet<Tag> = new Set([Tags.FloatPixelData, Tags.DoubleFloatPixelData, Tags.PixelData]);

/** What says how pixels and frames lie (PS3.3 C.7.6.3), offset tables included. */
export const imageTags: ReadonlySet<Tag> = new Set<Tag>([
  Tags.SamplesPerPixel,
  Tags.PhotometricInterpretation,
  Tags.PlanarConfiguration,
  Tags.NumberOfFrames,
  Tags.Rows,
  Tags.Columns,
  Tags.BitsAllocated,
  Tags.BitsStored,
  Tags.HighBit,
  Tags.PixelRepresentation,
  Tags.ExtendedOffsetTable,
  Tags.ExtendedOffsetTableLengths,
]);

/**
 * @param source the plain data set (plainBytes)
 * @returns undefined where there is none
 * @throws LeadglassError UNSUPPORTED for an unknown transfer syntax, MALFORMED or LIMIT_EXCEEDED from the content
 */
export async function findPixelData(
  source: RangedBytes,
  { transferSyntaxUid, limits }: { readonly transferSyntaxUid: string; readonly limits: DataSetLimits },
): Promise<PixelData | undefined> {
  const finder = new PixelFinder(limits.fragmentsMax * 8);
  const walker = new DataSetWalker(knownTransferSyntax(transferSyntaxUid), { limits, visitor: finder });
  finder.offset = () => walker.offset;
  for await (const _walked of walkRanges(source, walker)) {
    if (finder.found !== undefined) return finder.found;
  }
  walker.end();
  return undefined;
}

class PixelFinder implements DataSetVisitor {
  found: PixelData | undefined;
  /** Of the walker, which is made later. */
  offset: () => number = () => 0;
  readonly #image = new DataSet();
  readonly #keptBytesMax: number;
  #depth = 0;
  #value: { readonly tag: Tag; readonly vr: Vr; readonly bytes: Uint8Array; readonly swap: boolean } | undefined;
  #at = 0;

  /** `keptBytesMax`: of one value; offset tables are the longest. */
  constructor(keptBytesMax: number) {
    this.#keptBytesMax = keptBytesMax;
  }

  valueBegin(tag: Tag, vr: Vr, lengthBytes: number, bigEndian: boolean): boolean {
    this.#value = undefined;
    if (this.#depth > 0 || this.found !== undefined) return false;
    if (pixelTags.has(tag)) {
      this.found = { tag, vr, offset: this.offset(), lengthBytes, bigEndian, image: this.#image };
      return false;
    }
    // One that is too long to be meant is as if it were not there.
    if (!imageTags.has(tag) || lengthBytes > this.#keptBytesMax) return false;
    this.#value = { tag, vr, bytes: new Uint8Array(lengthBytes), swap: bigEndian && wordBytes(vr) > 1 };
    this.#at = 0;
    return true;
  }

  valueBytes(bytes: Uint8Array): void {
    this.#value?.bytes.set(bytes, this.#at);
    this.#at += bytes.length;
  }

  valueEnd(): void {
    const value = this.#value;
    if (value === undefined) return;
    this.#value = undefined;
    if (value.swap) swapWords(value.bytes, wordBytes(value.vr));
    this.#image.set({ tag: value.tag, vr: value.vr, value: value.bytes });
  }

  sequenceBegin(): void {
    this.#depth += 1;
  }

  itemBegin(): void {}

  itemEnd(): void {}

  sequenceEnd(): void {
    this.#depth -= 1;
  }

  fragmentsBegin(tag: Tag, vr: Vr): void {
    if (this.#depth > 0 || this.found !== undefined) return;
    this.found = { tag, vr, offset: this.offset(), bigEndian: false, image: this.#image };
  }

  fragmentBegin(): boolean {
    return false;
  }

  fragmentsEnd(): void {}
}
