/** Makes a `DataSet` of what a walker finds: all of it for data-set-codec.ts, the wanted elements for data-set-scanner.ts. */
import { LeadglassError } from '../error.ts';
import { DataSet } from './data-set.ts';
import type { DataSetVisitor } from './data-set-walker.ts';
import { formatTag, type Tag } from './tag.ts';
import { swapWords } from './value-numbers.ts';
import { type Vr, wordBytes } from './vr.ts';

export interface BuilderOptions {
  /** Is this element of the data set itself, or this sequence with all in it, wanted? */
  readonly want: (tag: Tag) => boolean;
  /** Values that are left out wherever they stand, also in a wanted sequence: long ones that are read by themselves. */
  readonly leaveOut?: (tag: Tag) => boolean;
  /** Called for every wanted value before memory is taken for it; throws when it is too long. */
  readonly keep: (tag: Tag, lengthBytes: number) => void;
  /** true: values are copied, so that they do not hold (or change with) the bytes they came in. */
  readonly copy: boolean;
}

interface OpenSequence {
  readonly tag: Tag;
  readonly around: DataSet;
  readonly items: DataSet[];
}

export class DataSetBuilder implements DataSetVisitor {
  readonly dataSet = new DataSet();
  readonly #options: BuilderOptions;
  readonly #open: OpenSequence[] = [];
  #current: DataSet = this.dataSet;
  /** Depth inside a sequence that is not wanted. */
  #skipped = 0;

  // The value that is coming in.
  #tag: Tag = 0;
  #vr: Vr = 'UN';
  #swap = false;
  #value: Uint8Array = new Uint8Array(0);
  #valueLength = 0;
  #valueAt = 0;
  #isWhole = true;
  #isWanted = false;

  #fragments: Uint8Array[] | undefined;

  constructor(options: BuilderOptions) {
    this.#options = options;
  }

  valueBegin(tag: Tag, vr: Vr, lengthBytes: number, bigEndian: boolean): boolean {
    this.#isWanted = this.#wants(tag) && this.#options.leaveOut?.(tag) !== true;
    if (!this.#isWanted) return false;
    this.#tag = tag;
    this.#vr = vr;
    this.#swap = bigEndian && wordBytes(vr) > 1;
    this.#take(tag, lengthBytes);
    return true;
  }

  valueBytes(bytes: Uint8Array): void {
    if (
      !this.#isWhole &&
      this.#valueAt === 0 &&
      bytes.length === this.#valueLength &&
      !this.#options.copy &&
      !this.#swap
    ) {
      this.#value = bytes;
      this.#isWhole = true;
      return;
    }
    if (this.#valueAt === 0) this.#value = new Uint8Array(this.#valueLength);
    this.#value.set(bytes, this.#valueAt);
    this.#valueAt += bytes.length;
  }

  valueEnd(): void {
    if (!this.#isWanted) return;
    if (this.#fragments !== undefined) {
      this.#fragments.push(this.#value);
      return;
    }
    if (this.#swap) swapWords(this.#value, wordBytes(this.#vr));
    this.#current.set({ tag: this.#tag, vr: this.#vr, value: this.#value });
  }

  sequenceBegin(tag: Tag): void {
    if (this.#skipped > 0 || !this.#wants(tag)) {
      this.#skipped += 1;
      return;
    }
    this.#open.push({ tag, around: this.#current, items: [] });
  }

  itemBegin(): void {
    if (this.#skipped > 0) return;
    this.#current = new DataSet();
    this.#open.at(-1)?.items.push(this.#current);
  }

  itemEnd(): void {
    if (this.#skipped > 0) return;
    this.#current = this.#open.at(-1)?.around ?? this.dataSet;
  }

  sequenceEnd(): void {
    if (this.#skipped > 0) {
      this.#skipped -= 1;
      return;
    }
    const sequence = this.#open.pop();
    if (sequence !== undefined) sequence.around.set({ tag: sequence.tag, vr: 'SQ', value: sequence.items });
  }

  fragmentsBegin(tag: Tag, vr: Vr): void {
    this.#isWanted = this.#wants(tag);
    if (!this.#isWanted) return;
    this.#tag = tag;
    this.#vr = vr;
    this.#swap = false;
    this.#fragments = [];
  }

  fragmentBegin(lengthBytes: number): boolean {
    if (this.#isWanted) this.#take(this.#tag, lengthBytes);
    return this.#isWanted;
  }

  fragmentsEnd(): void {
    if (this.#fragments === undefined) return;
    this.#current.set({ tag: this.#tag, vr: this.#vr, value: new Uint8Array(0), fragments: this.#fragments });
    this.#fragments = undefined;
  }

  #take(tag: Tag, lengthBytes: number): void {
    this.#options.keep(tag, lengthBytes);
    this.#valueLength = lengthBytes;
    this.#value = new Uint8Array(0);
    this.#valueAt = 0;
    this.#isWhole = lengthBytes === 0;
  }

  #wants(tag: Tag): boolean {
    if (this.#skipped > 0 || (this.#open.length === 0 && !this.#options.want(tag))) return false;
    // The walker refuses an element beside its double; this refuses doubles out of order, of which none can be trusted.
    if (this.#current.has(tag)) {
      throw new LeadglassError('MALFORMED', `Cannot read the data set: ${formatTag(tag)} stands twice`, {
        field: formatTag(tag),
      });
    }
    return true;
  }
}
