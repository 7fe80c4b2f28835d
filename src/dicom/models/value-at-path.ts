/**
 * Finds one value in an instance as it streams by: what the URI of bulk data leads to (PS3.18 10.4.1.1.5). Frames of
 * encapsulated pixel data are not for here.
 */
import { knownTransferSyntax } from '../data-set-codec.ts';
import { DataSetEncoder } from '../data-set-encoder.ts';
import type { DataSetLimits } from '../data-set-limits.ts';
import { type DataSetVisitor, DataSetWalker } from '../data-set-walker.ts';
import { inflate } from '../inflate.ts';
import type { Tag } from '../tag.ts';
import type { Vr } from '../vr.ts';
import type { ElementPath } from './element-path.ts';

export interface ValueAtPathOptions {
  readonly path: ElementPath;
  readonly transferSyntaxUid: string;
  readonly limits: DataSetLimits;
}

/** The value that is being read from the source. */
export interface FoundValue {
  readonly vr: Vr;
  readonly lengthBytes: number;
  /** Little endian; once. */
  readonly chunks: AsyncIterable<Uint8Array>;
  /** Ends the source, if its chunks were not read or not to their end. */
  close(): Promise<void>;
}

export type ValueAtPath = FoundValue | { readonly vr: Vr; readonly encapsulated: true };

/**
 * The value at this path, or undefined when there is none or it is a sequence. Nothing is held: the source is read as far
 * as is needed.
 * @throws LeadglassError UNSUPPORTED for an unknown transfer syntax, MALFORMED or LIMIT_EXCEEDED from the content
 */
export async function valueAtPath(
  source: AsyncIterable<Uint8Array>,
  { path, transferSyntaxUid, limits }: ValueAtPathOptions,
): Promise<ValueAtPath | undefined> {
  const syntax = knownTransferSyntax(transferSyntaxUid);
  const finder = new ValueFinder(path);
  const walker = new DataSetWalker(syntax, { limits, visitor: finder });
  const plain = syntax.deflated ? inflate(source, limits) : source;
  const chunks = plain[Symbol.asyncIterator]();
  let isLeft = true;
  try {
    while (finder.found === undefined) {
      const next = await chunks.next();
      if (next.done === true) {
        walker.end();
        return undefined;
      }
      walker.push(next.value);
    }
    const { found } = finder;
    if ('encapsulated' in found) return found;
    isLeft = false;
    const close = async (): Promise<void> => {
      await chunks.return?.();
    };
    return { ...found, chunks: rest(chunks, walker, finder), close };
  } finally {
    if (isLeft) await chunks.return?.();
  }
}

async function* rest(
  chunks: AsyncIterator<Uint8Array>,
  walker: DataSetWalker,
  finder: ValueFinder,
): AsyncGenerator<Uint8Array, void, undefined> {
  try {
    for (;;) {
      yield* finder.take();
      if (finder.isOver) return;
      const next = await chunks.next();
      if (next.done === true) {
        walker.end();
        return;
      }
      walker.push(next.value);
    }
  } finally {
    await chunks.return?.();
  }
}

class ValueFinder implements DataSetVisitor {
  found:
    | { readonly vr: Vr; readonly lengthBytes: number }
    | { readonly vr: Vr; readonly encapsulated: true }
    | undefined;
  isOver = false;
  readonly #path: ElementPath;
  /** Of the open sequences: tag and item in turn. */
  readonly #at: number[] = [];
  /** Turns the words of the value around where they have to be; its head is thrown away. */
  readonly #encoder = new DataSetEncoder({ explicit: true, littleEndian: true }, { implicitSource: false });

  constructor(path: ElementPath) {
    this.#path = path;
  }

  take(): Uint8Array[] {
    return this.#encoder.take();
  }

  valueBegin(tag: Tag, vr: Vr, lengthBytes: number, bigEndian: boolean): boolean {
    if (this.found !== undefined || !this.#isThere(tag)) return false;
    if (!this.#encoder.valueBegin(tag, vr, lengthBytes, bigEndian)) return false;
    this.#encoder.take();
    this.found = { vr, lengthBytes };
    return true;
  }

  valueBytes(bytes: Uint8Array): void {
    this.#encoder.valueBytes(bytes);
  }

  valueEnd(): void {
    if (this.found === undefined || this.isOver) return;
    this.#encoder.valueEnd();
    this.isOver = true;
  }

  sequenceBegin(tag: Tag): void {
    this.#at.push(tag, 0);
  }

  itemBegin(): void {
    const last = this.#at.length - 1;
    this.#at[last] = (this.#at[last] ?? 0) + 1;
  }

  itemEnd(): void {}

  sequenceEnd(): void {
    this.#at.length -= 2;
  }

  fragmentsBegin(tag: Tag, vr: Vr): void {
    if (this.found === undefined && this.#isThere(tag)) this.found = { vr, encapsulated: true };
  }

  fragmentBegin(): boolean {
    return false;
  }

  fragmentsEnd(): void {}

  #isThere(tag: Tag): boolean {
    const { length } = this.#at;
    return (
      this.#path.length === length + 1 &&
      this.#path[length] === tag &&
      this.#at.every((part, index) => part === this.#path[index])
    );
  }
}
