/** Where one long value of a data set lies, so that ranges of it can be read without what stands before it. */
import { knownTransferSyntax } from './data-set-codec.ts';
import type { DataSetLimits } from './data-set-limits.ts';
import { type DataSetVisitor, DataSetWalker } from './data-set-walker.ts';
import type { RangedBytes } from './ranged-bytes.ts';
import type { Tag } from './tag.ts';
import type { Vr } from './vr.ts';
import { walkRanges } from './walk-ranges.ts';

export interface LocatedValue {
  readonly vr: Vr;
  /** Of its first byte in the plain data set. */
  readonly offset: number;
  readonly lengthBytes: number;
  readonly bigEndian: boolean;
}

/**
 * A value of the data set itself (of no item); none of it is read.
 * @param source the plain data set (plainBytes)
 * @returns undefined where there is none, or it is a sequence or encapsulated
 * @throws LeadglassError UNSUPPORTED for an unknown transfer syntax, MALFORMED or LIMIT_EXCEEDED from the content
 */
export async function locateValue(
  source: RangedBytes,
  facts: { readonly tag: Tag; readonly transferSyntaxUid: string; readonly limits: DataSetLimits },
): Promise<LocatedValue | undefined> {
  const finder = new Finder(facts.tag);
  const walker = new DataSetWalker(knownTransferSyntax(facts.transferSyntaxUid), {
    limits: facts.limits,
    visitor: finder,
  });
  finder.offset = () => walker.offset;
  for await (const _walked of walkRanges(source, walker)) {
    if (finder.found !== undefined) return finder.found;
  }
  walker.end();
  return finder.found;
}

class Finder implements DataSetVisitor {
  found: LocatedValue | undefined;
  /** Of the walker, which is made later. */
  offset: () => number = () => 0;
  readonly #tag: Tag;
  #depth = 0;

  constructor(tag: Tag) {
    this.#tag = tag;
  }

  valueBegin(tag: Tag, vr: Vr, lengthBytes: number, bigEndian: boolean): boolean {
    if (this.#depth === 0 && tag === this.#tag) this.found ??= { vr, offset: this.offset(), lengthBytes, bigEndian };
    return false;
  }

  valueBytes(): void {}

  valueEnd(): void {}

  sequenceBegin(): void {
    this.#depth += 1;
  }

  itemBegin(): void {}

  itemEnd(): void {}

  sequenceEnd(): void {
    this.#depth -= 1;
  }

  fragmentsBegin(): void {}

  fragmentBegin(): boolean {
    return false;
  }

  fragmentsEnd(): void {}
}
