/** Writes what a planner decides: new elements in the encoding of the source, places of the source between them, and ours among them. */
import { LeadglassError } from '../../error.ts';
import type { DataSet, Element } from '../data-set.ts';
import { DataSetEncoder } from '../data-set-encoder.ts';
import type { Encoding } from '../data-set-walker.ts';
import type { Tag } from '../tag.ts';
import type { Vr } from '../vr.ts';
import { Pieces } from './pieces.ts';

/** New bytes are counted against their limit at least so often. */
const countedBytes = 1024 * 1024;
/** Of an element or item besides its value. */
const headBytes = 16;

export class PlanWriter {
  readonly pieces = new Pieces();
  /** For items and values that pass; call `passed` after a value. */
  readonly encoder: DataSetEncoder;
  readonly isBigEndian: boolean;
  readonly #newBytesMax: number;
  readonly #added: Iterator<Element, void>;
  #nextAdded: Element | undefined;
  #pendingBytes = 0;

  /** @param added elements of the data set itself, in rising order */
  constructor(syntax: Encoding, { added, newBytesMax }: { readonly added: DataSet; readonly newBytesMax: number }) {
    this.encoder = new DataSetEncoder(syntax, { implicitSource: !syntax.explicit });
    this.isBigEndian = !syntax.littleEndian;
    this.#newBytesMax = newBytesMax;
    this.#added = added[Symbol.iterator]();
    this.#nextAdded = this.#added.next().value ?? undefined;
  }

  /** Writes those of the added elements whose place is before this one of the data set itself. */
  addBefore(tag: Tag): void {
    while (this.#nextAdded !== undefined && this.#nextAdded.tag < tag) {
      this.#element(this.#nextAdded);
      this.#nextAdded = this.#added.next().value ?? undefined;
    }
  }

  /** Texts and zeros: the same in both byte orders. */
  value(tag: Tag, vr: Vr, value: Uint8Array): void {
    if (!this.encoder.valueBegin(tag, vr, value.length, this.isBigEndian)) return;
    this.encoder.valueBytes(value);
    this.encoder.valueEnd();
    this.passed(value.length);
  }

  items(tag: Tag, items: readonly DataSet[]): void {
    this.encoder.sequenceBegin(tag);
    for (const item of items) {
      this.encoder.itemBegin();
      for (const element of item) this.#element(element);
      this.encoder.itemEnd();
    }
    this.encoder.sequenceEnd();
    this.passed(0);
  }

  #element({ tag, vr, value }: Element): void {
    if (value instanceof Uint8Array) this.value(tag, vr, value);
    else this.items(tag, value);
  }

  /** Behind what was written so far, so many bytes of the source. */
  place(from: number, lengthBytes: number): void {
    this.flush();
    this.pieces.addRange(from, lengthBytes);
  }

  /**
   * So many bytes of a value, or the end of an item, went through the encoder.
   * @throws LeadglassError LIMIT_EXCEEDED: a data set of millions of small elements is as large as one of large ones
   */
  passed(lengthBytes: number): void {
    this.#pendingBytes += lengthBytes + headBytes;
    if (this.#pendingBytes >= countedBytes) this.flush();
  }

  /** @throws LeadglassError LIMIT_EXCEEDED */
  flush(): void {
    this.#pendingBytes = 0;
    this.pieces.addNew(this.encoder.take());
    if (this.pieces.newBytes <= this.#newBytesMax) return;
    throw new LeadglassError('LIMIT_EXCEEDED', 'Cannot de-identify the instance: its attributes are too many bytes');
  }
}
