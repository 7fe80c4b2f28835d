/**
 * Writes data sets in one encoding, from the same calls that a walker makes: for data-set-codec.ts it is led over a
 * `DataSet`, for transcode.ts over another encoding. Sequences get undefined lengths, so nothing is held back.
 */
import type { DataSetVisitor, Encoding } from './data-set-walker.ts';
import { attributeByTag } from './dictionary/dictionary.ts';
import { elementOf, type Tag } from './tag.ts';
import { swapWords } from './value-numbers.ts';
import { hasLongLength, type Vr, wordBytes } from './vr.ts';

/** A first block holds an identifier or a match; what is longer gets larger ones, up to the length of passed-on streams. */
const firstBlockBytes = 0x0800;
const blockBytesMax = 0x10000;
/** From here on a value is passed on as it is and not copied into a block. */
const passOnBytes = 2048;
const undefinedLength = 0xffffffff;
const pixelRepresentation: Tag = 0x00280103;

export class DataSetEncoder implements DataSetVisitor {
  readonly #explicit: boolean;
  readonly #littleEndian: boolean;
  readonly #implicitSource: boolean;
  #done: Uint8Array[] = [];
  #block = new Uint8Array(firstBlockBytes);
  #blockStart = 0;
  #blockEnd = 0;
  /** Bytes of one word where the value's words are turned around, else 1. */
  #swapBytes: 1 | 2 | 4 | 8 = 1;
  /** The start of a word whose rest comes with the next bytes. */
  readonly #partialWord = new Uint8Array(8);
  #partialBytes = 0;
  #readsPixelRepresentation = false;
  #isSigned = false;

  /** `implicitSource`: VRs come from the dictionary, so US or SS is decided here by Pixel Representation (PS3.5 A.1). */
  constructor(target: Pick<Encoding, 'explicit' | 'littleEndian'>, options: { readonly implicitSource: boolean }) {
    this.#explicit = target.explicit;
    this.#littleEndian = target.littleEndian;
    this.#implicitSource = options.implicitSource;
  }

  /** What was written since the last call, in order. */
  take(): Uint8Array[] {
    this.#flush();
    const done = this.#done;
    this.#done = [];
    return done;
  }

  valueBegin(tag: Tag, vr: Vr, lengthBytes: number, bigEndian: boolean): boolean {
    // PS3.5 7.2: group lengths are retired, and not true any more in another encoding.
    if (elementOf(tag) === 0) return false;
    let written = vr;
    if (this.#implicitSource && this.#isSigned && vr === 'US' && attributeByTag(tag)?.vrs.includes('SS') === true) {
      written = 'SS';
    }
    // PS3.5 6.2.2 note 1: what has no room in a 16-bit length is written as UN, which is always little endian.
    if (this.#explicit && lengthBytes > 0xffff && !hasLongLength(vr)) written = 'UN';
    this.#head(tag, written, lengthBytes);
    const targetBigEndian = written !== 'UN' && !this.#littleEndian;
    this.#swapBytes = bigEndian === targetBigEndian ? 1 : wordBytes(vr);
    this.#partialBytes = 0;
    this.#readsPixelRepresentation = this.#implicitSource && tag === pixelRepresentation && lengthBytes === 2;
    return true;
  }

  valueBytes(bytes: Uint8Array): void {
    if (this.#readsPixelRepresentation) {
      // Implicit encodings are little endian: the low byte comes first, and is the only one that is not 0.
      this.#isSigned = bytes[0] === 1;
      this.#readsPixelRepresentation = false;
    }
    if (this.#swapBytes === 1) this.#append(bytes);
    else this.#appendSwapped(bytes, this.#swapBytes);
  }

  valueEnd(): void {
    // A value that is no whole number of words keeps its last bytes in place.
    if (this.#partialBytes > 0) this.#append(this.#partialWord.subarray(0, this.#partialBytes));
    this.#partialBytes = 0;
  }

  sequenceBegin(tag: Tag): void {
    this.#head(tag, 'SQ', undefinedLength);
  }

  itemBegin(): void {
    this.#item(0xe000, undefinedLength);
  }

  itemEnd(): void {
    this.#item(0xe00d, 0);
  }

  sequenceEnd(): void {
    this.#item(0xe0dd, 0);
  }

  fragmentsBegin(tag: Tag, vr: Vr): void {
    this.#head(tag, vr, undefinedLength);
  }

  fragmentBegin(lengthBytes: number): boolean {
    this.#item(0xe000, lengthBytes);
    this.#swapBytes = 1;
    return true;
  }

  fragmentsEnd(): void {
    this.#item(0xe0dd, 0);
  }

  #head(tag: Tag, vr: Vr, lengthBytes: number): void {
    this.#room(12);
    this.#two(tag >>> 16);
    this.#two(tag & 0xffff);
    if (!this.#explicit) {
      this.#four(lengthBytes);
      return;
    }
    this.#block[this.#blockEnd] = vr.charCodeAt(0);
    this.#block[this.#blockEnd + 1] = vr.charCodeAt(1);
    this.#blockEnd += 2;
    if (hasLongLength(vr)) {
      this.#two(0);
      this.#four(lengthBytes);
    } else {
      this.#two(lengthBytes);
    }
  }

  #item(element: number, lengthBytes: number): void {
    this.#room(8);
    this.#two(0xfffe);
    this.#two(element);
    this.#four(lengthBytes);
  }

  #two(value: number): void {
    this.#block[this.#blockEnd] = this.#littleEndian ? value & 0xff : value >>> 8;
    this.#block[this.#blockEnd + 1] = this.#littleEndian ? value >>> 8 : value & 0xff;
    this.#blockEnd += 2;
  }

  #four(value: number): void {
    this.#two(this.#littleEndian ? value & 0xffff : value >>> 16);
    this.#two(this.#littleEndian ? value >>> 16 : value & 0xffff);
  }

  #append(bytes: Uint8Array): void {
    if (bytes.length >= passOnBytes) {
      this.#flush();
      this.#done.push(bytes);
      return;
    }
    this.#room(bytes.length);
    this.#block.set(bytes, this.#blockEnd);
    this.#blockEnd += bytes.length;
  }

  #appendSwapped(bytes: Uint8Array, size: 2 | 4 | 8): void {
    let rest = bytes;
    if (this.#partialBytes > 0) {
      const missing = rest.subarray(0, size - this.#partialBytes);
      this.#partialWord.set(missing, this.#partialBytes);
      this.#partialBytes += missing.length;
      rest = rest.subarray(missing.length);
      if (this.#partialBytes < size) return;
      const word = this.#partialWord.slice(0, size);
      swapWords(word, size);
      this.#append(word);
      this.#partialBytes = 0;
    }
    const whole = rest.length - (rest.length % size);
    if (whole > 0) {
      // A copy: a Buffer's own slice would be a view of the source.
      const swapped = new Uint8Array(rest.subarray(0, whole));
      swapWords(swapped, size);
      this.#append(swapped);
    }
    this.#partialWord.set(rest.subarray(whole));
    this.#partialBytes = rest.length - whole;
  }

  #room(bytes: number): void {
    if (this.#blockEnd + bytes <= this.#block.length) return;
    this.#flush();
    this.#block = new Uint8Array(Math.min(blockBytesMax, Math.max(this.#block.length * 4, bytes)));
    this.#blockStart = 0;
    this.#blockEnd = 0;
  }

  #flush(): void {
    if (this.#blockEnd === this.#blockStart) return;
    this.#done.push(this.#block.subarray(this.#blockStart, this.#blockEnd));
    this.#blockStart = this.#blockEnd;
  }
}
