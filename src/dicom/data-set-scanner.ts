/**
 * Looks through an instance while it streams by: checks its whole structure and keeps the wanted elements, in memory that
 * does not depend on the instance. The hot path of every store; the work is in data-set-walker.ts.
 */
import { LeadglassError } from '../error.ts';
import type { DataSet } from './data-set.ts';
import { DataSetBuilder } from './data-set-builder.ts';
import { knownTransferSyntax } from './data-set-codec.ts';
import type { DataSetLimits, KeptLimits } from './data-set-limits.ts';
import { type DataSetVisitor, DataSetWalker } from './data-set-walker.ts';
import { Inflater } from './inflate.ts';
import { formatTag, type Tag } from './tag.ts';
import type { Vr } from './vr.ts';

const specificCharacterSet: Tag = 0x00080005;
const pixelData: Tag = 0x7fe00010;

export interface ScannerOptions {
  readonly transferSyntaxUid: string;
  readonly limits: DataSetLimits & KeptLimits;
  /** Is this element of the data set itself wanted? Asked at the top level; a wanted sequence is kept whole. */
  readonly want: (tag: Tag) => boolean;
  /**
   * The highest wanted tag: an element beyond it makes the head complete, and a wanted one up to it that comes after all
   * is refused, since somebody has decided by its absence already. Without it the head ends at the pixel data or the end.
   */
  readonly lastWantedTag?: Tag;
}

/**
 * Incremental; one for each instance. After it threw it stays failed: every further call throws the same.
 *
 * For deflated transfer syntaxes `push` and `end` return a promise that must be awaited before the next call; for all
 * others they are done when they return.
 */
export class DataSetScanner {
  readonly #walker: DataSetWalker;
  readonly #watch: HeadWatch;
  readonly #inflater: Inflater | undefined;
  #failure: unknown;

  /** @throws LeadglassError UNSUPPORTED when the transfer syntax is not known */
  constructor(options: ScannerOptions) {
    const syntax = knownTransferSyntax(options.transferSyntaxUid);
    this.#watch = new HeadWatch(options);
    this.#walker = new DataSetWalker(syntax, { limits: options.limits, visitor: this.#watch });
    if (syntax.deflated) {
      const sink = (bytes: Uint8Array): void => this.#walker.push(bytes);
      this.#inflater = new Inflater({ limits: options.limits, sink });
    }
  }

  /** The wanted elements so far, and Specific Character Set. Its values are copies. */
  get dataSet(): DataSet {
    return this.#watch.dataSet;
  }

  /** No wanted element can come any more. */
  get headComplete(): boolean {
    return this.#watch.headComplete;
  }

  /** Length of the data set so far, inflated. */
  get lengthBytes(): number {
    return this.#walker.offset;
  }

  /** @throws (or rejects with) LeadglassError MALFORMED or LIMIT_EXCEEDED */
  push(chunk: Uint8Array): void | Promise<void> {
    if (this.#failure !== undefined) throw this.#failure;
    if (this.#inflater !== undefined) return this.#inflater.push(chunk);
    try {
      this.#walker.push(chunk);
    } catch (error) {
      this.#failure = error;
      throw error;
    }
  }

  /** Nothing more comes. @throws (or rejects with) LeadglassError MALFORMED when the data set is not whole */
  end(): void | Promise<void> {
    if (this.#failure !== undefined) throw this.#failure;
    if (this.#inflater !== undefined) return this.#inflater.end().then(() => this.#ended());
    this.#ended();
  }

  /** Gives back what a deflated instance holds; for a transfer that ends early. */
  close(): void {
    this.#inflater?.close();
  }

  #ended(): void {
    try {
      this.#walker.end();
      if (this.#walker.offset === 0) {
        throw new LeadglassError('MALFORMED', 'Cannot read the data set: it is empty', {
          offset: 0,
          field: 'Data Set',
        });
      }
    } catch (error) {
      this.#failure = error;
      throw error;
    }
    this.#watch.headComplete = true;
  }
}

/** A builder that sees at the top level when the head is over. */
class HeadWatch implements DataSetVisitor {
  headComplete = false;
  readonly #builder: DataSetBuilder;
  readonly #lastWantedTag: Tag;
  readonly #want: (tag: Tag) => boolean;
  #depth = 0;
  #keptBytes = 0;

  constructor({ limits, want, lastWantedTag }: ScannerOptions) {
    this.#lastWantedTag = Math.min(lastWantedTag ?? pixelData, pixelData);
    this.#want = (tag) => tag === specificCharacterSet || want(tag);
    this.#builder = new DataSetBuilder({
      want: this.#want,
      copy: true,
      keep: (tag, lengthBytes) => {
        this.#keptBytes += lengthBytes;
        if (lengthBytes <= limits.keptValueBytesMax && this.#keptBytes <= limits.keptBytesMax) return;
        const max = lengthBytes > limits.keptValueBytesMax ? limits.keptValueBytesMax : limits.keptBytesMax;
        throw new LeadglassError(
          'LIMIT_EXCEEDED',
          `Cannot take the data set: ${formatTag(tag)} makes more than ${max} bytes`,
          {
            field: formatTag(tag),
          },
        );
      },
    });
  }

  get dataSet(): DataSet {
    return this.#builder.dataSet;
  }

  valueBegin(tag: Tag, vr: Vr, lengthBytes: number, bigEndian: boolean): boolean {
    if (this.#depth === 0) this.#look(tag);
    return this.#builder.valueBegin(tag, vr, lengthBytes, bigEndian);
  }

  valueBytes(bytes: Uint8Array): void {
    this.#builder.valueBytes(bytes);
  }

  valueEnd(): void {
    this.#builder.valueEnd();
  }

  sequenceBegin(tag: Tag): void {
    if (this.#depth === 0) this.#look(tag);
    this.#depth += 1;
    this.#builder.sequenceBegin(tag);
  }

  itemBegin(): void {
    this.#builder.itemBegin();
  }

  itemEnd(): void {
    this.#builder.itemEnd();
  }

  sequenceEnd(): void {
    this.#depth -= 1;
    this.#builder.sequenceEnd();
  }

  fragmentsBegin(tag: Tag, vr: Vr): void {
    if (this.#depth === 0) this.#look(tag);
    this.#builder.fragmentsBegin(tag, vr);
  }

  fragmentBegin(lengthBytes: number): boolean {
    return this.#builder.fragmentBegin(lengthBytes);
  }

  fragmentsEnd(): void {
    this.#builder.fragmentsEnd();
  }

  #look(tag: Tag): void {
    if (this.headComplete && tag <= this.#lastWantedTag && this.#want(tag)) {
      throw new LeadglassError('MALFORMED', `Cannot read the data set: ${formatTag(tag)} is out of order`, {
        field: formatTag(tag),
      });
    }
    if (tag > this.#lastWantedTag || tag === pixelData) this.headComplete = true;
  }
}
