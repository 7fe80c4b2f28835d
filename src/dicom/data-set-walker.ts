/**
 * Walks an encoded data set as its bytes arrive, and tells a visitor what is there: PS3.5 section 7 and annex A. All checks
 * of structure are here and only here, so that reading, scanning and transcoding refuse the same input. It holds no value:
 * bulk values are passed on as views, or skipped by arithmetic. Deflated syntaxes are inflated before (inflate.ts).
 */
import { LeadglassError } from '../error.ts';
import type { DataSetLimits } from './data-set-limits.ts';
import { vrOf } from './dictionary/dictionary.ts';
import { formatTag, type Tag } from './tag.ts';
import { hasLongLength, type Vr, vrByLetters } from './vr.ts';

/** What a walker tells; every call is made in the order of the bytes. */
export interface DataSetVisitor {
  /** An element that is no sequence begins. Answer false to have its bytes skipped: `valueBytes` is then not called. */
  valueBegin(tag: Tag, vr: Vr, lengthBytes: number, bigEndian: boolean): boolean;
  /** A part of the value or fragment: a view of what was pushed, as it stands on the wire. */
  valueBytes(bytes: Uint8Array): void;
  valueEnd(): void;
  sequenceBegin(tag: Tag): void;
  itemBegin(): void;
  itemEnd(): void;
  sequenceEnd(): void;
  /** Encapsulated pixel data begins; the first fragment is the offset table (PS3.5 A.4). */
  fragmentsBegin(tag: Tag, vr: Vr): void;
  /** As `valueBegin`, for one fragment; `valueBytes` and `valueEnd` follow. */
  fragmentBegin(lengthBytes: number): boolean;
  fragmentsEnd(): void;
}

/** How the bytes stand: of a transfer syntax after inflating, or of a UN value of undefined length (implicit). */
export interface Encoding {
  readonly explicit: boolean;
  readonly littleEndian: boolean;
  readonly encapsulated: boolean;
}

const pixelData: Tag = 0x7fe00010;
const itemTag: Tag = 0xfffee000;
const itemDelimitation: Tag = 0xfffee00d;
const sequenceDelimitation: Tag = 0xfffee0dd;
const undefinedLength = 0xffffffff;

/** One open container: the data set itself, an item, a sequence, or encapsulated pixel data. */
interface Frame {
  kind: 'items' | 'elements' | 'fragments';
  /** Where a defined length ends; Infinity for an undefined one. */
  end: number;
  /** No byte of it may stand at or after this: the nearest defined end around it. */
  limit: number;
  explicit: boolean;
  littleEndian: boolean;
  /** The tag of the element before, to refuse a repeated one; -1 at the start. */
  previous: Tag;
}

/** See the head of the file. Not usable any more after it threw. */
export class DataSetWalker {
  readonly #visitor: DataSetVisitor;
  readonly #limits: DataSetLimits;
  readonly #encapsulated: boolean;
  /** Frames are made once for each level and used again: a walk over many items makes no garbage. */
  readonly #frames: Frame[];
  #level = 0;
  #top: Frame;
  #sequences = 0;
  #elements = 0;
  #items = 0;
  #fragments = 0;
  /** Bytes walked; a header that came in part counts when it is whole. */
  #offset = 0;
  /** Bytes of the current value that are still to come; -1 outside a value. */
  #valueLeft = -1;
  #valueWanted = false;
  /** The start of a header whose rest comes with the next bytes. */
  readonly #carry = new Uint8Array(12);
  #carried = 0;

  constructor(encoding: Encoding, options: { readonly limits: DataSetLimits; readonly visitor: DataSetVisitor }) {
    this.#visitor = options.visitor;
    this.#limits = options.limits;
    this.#encapsulated = encoding.encapsulated;
    this.#top = {
      kind: 'elements',
      end: Number.POSITIVE_INFINITY,
      limit: Number.POSITIVE_INFINITY,
      explicit: encoding.explicit,
      littleEndian: encoding.littleEndian,
      previous: -1,
    };
    this.#frames = [this.#top];
  }

  /** Nesting at the moment: 0 for the elements of the data set itself. */
  get depth(): number {
    return this.#sequences;
  }

  /** Bytes walked so far. */
  get offset(): number {
    return this.#offset;
  }

  /** Bytes of the current value that are still to come and that the visitor does not want: they need not be read at all. */
  get unwantedBytes(): number {
    return this.#valueLeft > 0 && !this.#valueWanted ? this.#valueLeft : 0;
  }

  /** Goes on as if so many of the unwanted bytes had been pushed. */
  passOver(bytes: number): void {
    if (bytes <= 0 || bytes > this.unwantedBytes) throw new RangeError(`cannot pass over ${bytes} bytes here`);
    this.#offset += bytes;
    this.#valueLeft -= bytes;
    if (this.#valueLeft === 0) this.#valueIsWhole();
  }

  /**
   * Walks over the next bytes.
   * @throws LeadglassError MALFORMED or LIMIT_EXCEEDED with the offset in the (inflated) data set
   */
  push(chunk: Uint8Array): void {
    const length = chunk.length;
    let at = 0;
    while (at < length) {
      if (this.#valueLeft >= 0) {
        const part = Math.min(this.#valueLeft, length - at);
        if (this.#valueWanted) this.#visitor.valueBytes(chunk.subarray(at, at + part));
        at += part;
        this.#offset += part;
        this.#valueLeft -= part;
        if (this.#valueLeft === 0) this.#valueIsWhole();
        continue;
      }
      if (this.#carried === 0) {
        const size = this.#header(chunk, at, length - at);
        if (size > 0) {
          at += size;
          continue;
        }
      }
      // PS3.5 7.1: a header is 8 bytes, or 12 where the first 8 ask for it.
      const wanted = this.#carried < 8 ? 8 : 12;
      const part = Math.min(wanted - this.#carried, length - at);
      this.#carry.set(chunk.subarray(at, at + part), this.#carried);
      this.#carried += part;
      at += part;
      if (this.#carried === wanted && this.#header(this.#carry, 0, wanted) > 0) this.#carried = 0;
    }
  }

  /** @throws LeadglassError MALFORMED when the data set is not whole */
  end(): void {
    if (this.#valueLeft > 0) throw this.#malformed(`${this.#valueLeft} bytes of a value are missing`);
    if (this.#carried > 0) throw this.#malformed(`it ends ${this.#carried} bytes into the head of an element`);
    if (this.#level > 0) throw this.#malformed('it ends inside a sequence');
  }

  /**
   * Takes in the head of an element or item.
   * @returns its length, 0 when more bytes are needed
   */
  #header(bytes: Uint8Array, at: number, available: number): number {
    const top = this.#top;
    // A defined length around it decides before more bytes are waited for.
    if (top.limit - this.#offset < 8)
      throw this.#malformed('the head of an element reaches beyond its item or sequence');
    if (available < 8) return 0;
    const tag = top.littleEndian
      ? ((byteAt(bytes, at + 1) << 24) |
          (byteAt(bytes, at) << 16) |
          (byteAt(bytes, at + 3) << 8) |
          byteAt(bytes, at + 2)) >>>
        0
      : long(bytes, at, false);
    if (top.kind === 'elements') return this.#element(tag, bytes, at, available);
    const length = long(bytes, at + 4, top.littleEndian);
    this.#offset += 8;
    if (tag === sequenceDelimitation && top.end === Number.POSITIVE_INFINITY) {
      // Its length should be 0; what some writers put there is no length of anything (PS3.5 7.5.2).
      this.#close();
    } else if (tag !== itemTag) {
      throw this.#malformed(`${formatTag(tag)} stands where an item was expected`);
    } else if (top.kind === 'items') {
      this.#openItem(length);
    } else {
      this.#openFragment(length);
    }
    return 8;
  }

  #element(tag: Tag, bytes: Uint8Array, at: number, available: number): number {
    const top = this.#top;
    let size = 8;
    let vr: Vr;
    let length: number;
    if (tag >>> 16 === 0xfffe) {
      // PS3.5 7.5: delimitation has no VR in any encoding.
      this.#offset += 8;
      if (tag === itemDelimitation && this.#level > 0 && top.end === Number.POSITIVE_INFINITY) this.#close();
      else throw this.#malformed(`${formatTag(tag)} stands where an element was expected`);
      return 8;
    }
    if (top.explicit) {
      const letters = (byteAt(bytes, at + 4) << 8) | byteAt(bytes, at + 5);
      const known = vrByLetters.get(letters);
      const longLength = known === undefined ? this.#unknownVrHasLongLength(letters, tag) : hasLongLength(known);
      vr = known ?? 'UN';
      if (longLength) {
        if (available < 12) {
          if (top.limit - this.#offset < 12) throw this.#malformed('the head of an element reaches beyond its item');
          return 0;
        }
        size = 12;
        length = long(bytes, at + 8, top.littleEndian);
      } else {
        length = top.littleEndian
          ? byteAt(bytes, at + 6) | (byteAt(bytes, at + 7) << 8)
          : (byteAt(bytes, at + 6) << 8) | byteAt(bytes, at + 7);
      }
    } else {
      vr = vrOf(tag);
      length = long(bytes, at + 4, top.littleEndian);
    }
    this.#checkTag(tag);
    this.#elements += 1;
    if (this.#elements > this.#limits.elementsMax) throw this.#exceeded('elements', this.#limits.elementsMax);
    this.#offset += size;
    if (length === undefinedLength) this.#openUndefined(tag, vr);
    else if (vr === 'SQ') this.#openSequence(tag, this.#definedEnd(tag, length), top.explicit, top.littleEndian);
    else this.#openValue(tag, vr, length);
    return size;
  }

  #checkTag(tag: Tag): void {
    const top = this.#top;
    const group = tag >>> 16;
    // PS3.5 7.1: groups of commands and of the file head are no part of a data set; a stored one would be read as such.
    if (group <= 0x0003 || group === 0x0005 || group === 0x0007 || group === 0xffff) {
      throw this.#malformed(`${formatTag(tag)} is no element of a data set`);
    }
    if (tag === top.previous) throw this.#malformed(`${formatTag(tag)} stands twice`);
    top.previous = tag;
  }

  /**
   * PS3.5 7.1.2: VRs of later editions have the long form; other letters ('??', '  ', lower case) are seen from old
   * writers, always with the short one. What are no letters at all is taken for another encoding.
   */
  #unknownVrHasLongLength(letters: number, tag: Tag): boolean {
    const first = letters >>> 8;
    const second = letters & 0xff;
    if (isUpper(first) && isUpper(second)) return true;
    if (isOddVrByte(first) && isOddVrByte(second)) return false;
    throw this.#malformed(`${formatTag(tag)} has no value representation; is the transfer syntax right?`);
  }

  #openValue(tag: Tag, vr: Vr, length: number): void {
    if (
      tag === pixelData &&
      this.#encapsulated &&
      length > 0 &&
      this.#level === 0 // the icon of an encapsulated image may be native
    ) {
      throw this.#malformed('pixel data is not encapsulated, and the transfer syntax says it is');
    }
    this.#definedEnd(tag, length);
    this.#valueWanted = this.#visitor.valueBegin(tag, vr, length, !this.#top.littleEndian);
    this.#valueLeft = length;
    if (length === 0) this.#valueIsWhole();
  }

  #valueIsWhole(): void {
    this.#valueLeft = -1;
    this.#visitor.valueEnd();
    this.#closeEnded();
  }

  #openUndefined(tag: Tag, vr: Vr): void {
    const { explicit, littleEndian, limit } = this.#top;
    if (tag === pixelData && this.#encapsulated) {
      this.#visitor.fragmentsBegin(tag, vr);
      this.#open('fragments', Number.POSITIVE_INFINITY, limit, explicit, littleEndian);
    } else if (vr === 'SQ') {
      this.#openSequence(tag, Number.POSITIVE_INFINITY, explicit, littleEndian);
    } else if (vr === 'UN') {
      // PS3.5 6.2.2 note 4 (CP-246): a UN of undefined length is a sequence in implicit VR little endian.
      this.#openSequence(tag, Number.POSITIVE_INFINITY, false, true);
    } else {
      throw this.#malformed(`${formatTag(tag)} of VR ${vr} has undefined length`);
    }
  }

  #openSequence(tag: Tag, end: number, explicit: boolean, littleEndian: boolean): void {
    this.#sequences += 1;
    if (this.#sequences > this.#limits.depthMax)
      throw this.#exceeded('sequences within sequences', this.#limits.depthMax);
    this.#visitor.sequenceBegin(tag);
    this.#open('items', end, Math.min(end, this.#top.limit), explicit, littleEndian);
  }

  #openItem(length: number): void {
    this.#items += 1;
    if (this.#items > this.#limits.itemsMax) throw this.#exceeded('items', this.#limits.itemsMax);
    const { explicit, littleEndian, limit } = this.#top;
    const end = length === undefinedLength ? Number.POSITIVE_INFINITY : this.#definedEnd(itemTag, length);
    this.#visitor.itemBegin();
    this.#open('elements', end, Math.min(end, limit), explicit, littleEndian);
  }

  #openFragment(length: number): void {
    this.#fragments += 1;
    if (this.#fragments > this.#limits.fragmentsMax) throw this.#exceeded('fragments', this.#limits.fragmentsMax);
    if (length === undefinedLength) throw this.#malformed('a fragment has undefined length');
    this.#definedEnd(itemTag, length);
    this.#valueWanted = this.#visitor.fragmentBegin(length);
    this.#valueLeft = length;
    if (length === 0) this.#valueIsWhole();
  }

  /** Where this length ends, compared with its limit and with what is left around it before anything is done with it. */
  #definedEnd(tag: Tag, length: number): number {
    const end = this.#offset + length;
    if (end > this.#top.limit) {
      const left = this.#top.limit - this.#offset;
      throw this.#malformed(
        `length of ${formatTag(tag)} was ${length}, expected at most ${left} in its item or sequence`,
      );
    }
    if (length > this.#limits.valueBytesMax)
      throw this.#exceeded(`bytes in ${formatTag(tag)}`, this.#limits.valueBytesMax);
    return end;
  }

  #open(kind: Frame['kind'], end: number, limit: number, explicit: boolean, littleEndian: boolean): void {
    this.#level += 1;
    let frame = this.#frames[this.#level];
    if (frame === undefined) {
      frame = { kind, end, limit, explicit, littleEndian, previous: -1 };
      this.#frames.push(frame);
    } else {
      frame.kind = kind;
      frame.end = end;
      frame.limit = limit;
      frame.explicit = explicit;
      frame.littleEndian = littleEndian;
      frame.previous = -1;
    }
    this.#top = frame;
    this.#closeEnded();
  }

  /** Closes what ends here by its defined length. */
  #closeEnded(): void {
    while (this.#top.end === this.#offset) this.#leave();
  }

  /** Closes what a delimitation item ends, and what ends with it. */
  #close(): void {
    this.#leave();
    this.#closeEnded();
  }

  #leave(): void {
    const { kind } = this.#top;
    this.#level -= 1;
    const around = this.#frames[this.#level];
    if (around === undefined) throw this.#malformed('a delimitation item ends nothing');
    this.#top = around;
    if (kind === 'elements') {
      this.#visitor.itemEnd();
    } else if (kind === 'items') {
      this.#sequences -= 1;
      this.#visitor.sequenceEnd();
    } else {
      this.#visitor.fragmentsEnd();
    }
  }

  #malformed(what: string): LeadglassError {
    return new LeadglassError('MALFORMED', `Cannot read the data set: ${what} (at byte ${this.#offset})`, {
      offset: this.#offset,
      field: 'Data Set',
    });
  }

  #exceeded(what: string, max: number): LeadglassError {
    return new LeadglassError('LIMIT_EXCEEDED', `Cannot take the data set: more than ${max} ${what}`, {
      offset: this.#offset,
      field: 'Data Set',
    });
  }
}

/** The byte there. Callers have compared the index with the length; 0 keeps the compiler content, never a reader. */
function byteAt(bytes: Uint8Array, at: number): number {
  return bytes[at] ?? 0;
}

function long(bytes: Uint8Array, at: number, littleEndian: boolean): number {
  return littleEndian
    ? ((byteAt(bytes, at + 3) << 24) |
        (byteAt(bytes, at + 2) << 16) |
        (byteAt(bytes, at + 1) << 8) |
        byteAt(bytes, at)) >>>
        0
    : ((byteAt(bytes, at) << 24) |
        (byteAt(bytes, at + 1) << 16) |
        (byteAt(bytes, at + 2) << 8) |
        byteAt(bytes, at + 3)) >>>
        0;
}

function isUpper(byte: number): boolean {
  return byte >= 0x41 && byte <= 0x5a;
}

/** Letters, blank, '?' and '-'. */
function isOddVrByte(byte: number): boolean {
  return isUpper(byte) || (byte >= 0x61 && byte <= 0x7a) || byte === 0x20 || byte === 0x3f || byte === 0x2d;
}
