/**
 * A data set in memory: elements by tag, with typed access to their values (PS3.5 section 6 and 7). For small things
 * (identifiers, heads of instances, answers). Its encodings are in data-set-codec.ts; whole instances never become one.
 */
import { LeadglassError } from '../error.ts';
import { encodeText } from './character-set.ts';
import { attributeByTag, vrOf } from './dictionary/dictionary.ts';
import { formatTag, type Tag } from './tag.ts';
import { plainText, splitTrimmed, textsFrom } from './value-texts.ts';
import { isMultiValuedText, usesCharacterSet, type Vr } from './vr.ts';
import { numbersFrom, numbersToBytes } from './value-numbers.ts';

const specificCharacterSet: Tag = 0x00080005;
/** What new texts beyond ASCII are written in when nothing says otherwise: UTF-8. */
const newCharacterSet = 'ISO_IR 192';
const nothing = new Uint8Array(0);

/**
 * One data element. A sequence (VR SQ) has its items as value, every other element its bytes: in little-endian order,
 * with the padding they came with.
 */
export interface Element {
  readonly tag: Tag;
  readonly vr: Vr;
  readonly value: Uint8Array | readonly DataSet[];
  /** Encapsulated pixel data (PS3.5 A.4) only: the offset table and the fragments; `value` is empty then. */
  readonly fragments?: readonly Uint8Array[];
}

/** Data elements in the order of their tags. */
export class DataSet implements Iterable<Element> {
  readonly #elements = new Map<Tag, Element>();
  /** Elements came in rising order so far, as they nearly always do; else they are sorted when asked for. */
  #sorted = true;
  #lastTag = -1;
  /** Items inherit the character set of the data set they stand in (PS3.5 6.1.2.5.3 and 7.5.3). */
  #parent: DataSet | undefined;

  get size(): number {
    return this.#elements.size;
  }

  has(tag: Tag): boolean {
    return this.#elements.has(tag);
  }

  get(tag: Tag): Element | undefined {
    return this.#elements.get(tag);
  }

  /** Adds the element or takes the place of the one with its tag. Items of a sequence now belong to this data set. */
  set(element: Element): this {
    if (!this.#elements.has(element.tag)) {
      if (element.tag < this.#lastTag) this.#sorted = false;
      this.#lastTag = element.tag;
    }
    this.#elements.set(element.tag, element);
    if (!(element.value instanceof Uint8Array)) for (const item of element.value) item.#parent = this;
    return this;
  }

  delete(tag: Tag): boolean {
    return this.#elements.delete(tag);
  }

  *[Symbol.iterator](): IterableIterator<Element> {
    if (this.#sorted) {
      yield* this.#elements.values();
      return;
    }
    yield* [...this.#elements.values()].toSorted((a, b) => a.tag - b.tag);
  }

  /** The terms of Specific Character Set (0008,0005): own ones, else those of the data set around this item. */
  get characterSet(): readonly string[] {
    const bytes = this.#bytes(specificCharacterSet);
    if (bytes !== undefined) return bytes.length === 0 ? [] : splitTrimmed(plainText(bytes), 'CS');
    // As deep as data sets are nested, which the readers bound.
    return this.#parent?.characterSet ?? [];
  }

  /**
   * The first value as text, without the padding that its VR makes insignificant. Numbers are written out; of a VR UN the
   * dictionary's VR is taken. undefined: no such element, or it is a sequence or has no text; '': present and empty.
   */
  text(tag: Tag): string | undefined {
    const element = this.#elements.get(tag);
    if (element === undefined || !(element.value instanceof Uint8Array)) return undefined;
    const first = firstOfList(element);
    if (first !== undefined) return textsFrom(first, meaningfulVr(element), [])[0];
    return this.texts(tag)[0] ?? (element.value.length === 0 ? '' : undefined);
  }

  /** All values as texts; [] for absent, empty, sequences and bulk data. */
  texts(tag: Tag): readonly string[] {
    const element = this.#elements.get(tag);
    if (element === undefined || !(element.value instanceof Uint8Array) || element.value.length === 0) return [];
    const vr = meaningfulVr(element);
    switch (vr) {
      case 'OB':
      case 'OD':
      case 'OF':
      case 'OL':
      case 'OV':
      case 'OW':
      case 'SQ':
      case 'UN':
        return [];
      case 'AT':
        return numbersFrom(element.value, vr).map((value) => value.toString(16).padStart(8, '0').toUpperCase());
      case 'FD':
      case 'FL':
      case 'SL':
      case 'SS':
      case 'SV':
      case 'UL':
      case 'US':
      case 'UV':
        return numbersFrom(element.value, vr).map(String);
      default:
        return textsFrom(element.value, vr, usesCharacterSet(vr) ? this.characterSet : []);
    }
  }

  /** The first value as a number; undefined when absent, empty or not a number. */
  number(tag: Tag): number | undefined {
    const element = this.#elements.get(tag);
    const vr = element && meaningfulVr(element);
    const first = vr === 'IS' || vr === 'DS' ? numberFromText(this.text(tag) ?? '') : this.numbers(tag)[0];
    return first === undefined || Number.isNaN(first) ? undefined : first;
  }

  /** All values as numbers (US SS UL SL UV SV FL FD AT, and IS and DS as written); NaN keeps the place of what is none. */
  numbers(tag: Tag): readonly number[] {
    const element = this.#elements.get(tag);
    if (element === undefined || !(element.value instanceof Uint8Array)) return [];
    const vr = meaningfulVr(element);
    if (vr === 'IS' || vr === 'DS') return this.texts(tag).map((text) => numberFromText(text));
    return numbersFrom(element.value, vr);
  }

  /** The items of a sequence; [] when absent, empty or not a sequence. */
  items(tag: Tag): readonly DataSet[] {
    const value = this.#elements.get(tag)?.value;
    return value === undefined || value instanceof Uint8Array ? [] : value;
  }

  /** The bytes of an element that is no sequence; undefined when absent. */
  #bytes(tag: Tag): Uint8Array | undefined {
    const value = this.#elements.get(tag)?.value;
    return value instanceof Uint8Array ? value : undefined;
  }

  /**
   * Sets an element by text, padded to even length. Without `vr` the dictionary's is taken. Text beyond ASCII is encoded
   * in this data set's character set; where it has none, Specific Character Set becomes ISO_IR 192 (UTF-8).
   * @throws LeadglassError UNSUPPORTED when the character set cannot hold the text; BAD_REQUEST when the VR is no text
   */
  setText(tag: Tag, vr: Vr | undefined, value: string | readonly string[]): this {
    const used = vr ?? attributeByTag(tag)?.vr ?? vrOf(tag);
    const text = typeof value === 'string' ? value : value.join('\\');
    if (!isMultiValuedText(used) && !['LT', 'ST', 'UR', 'UT'].includes(used)) {
      throw new LeadglassError('BAD_REQUEST', `Cannot set ${formatTag(tag)} by text: its VR is ${used}`);
    }
    if (usesCharacterSet(used) && !isAscii(text) && this.characterSet.length === 0) {
      this.setText(specificCharacterSet, 'CS', newCharacterSet);
    }
    const bytes = usesCharacterSet(used) ? encodeText(text, this.characterSet, used) : asciiBytes(text, tag);
    return this.set({ tag, vr: used, value: padded(bytes, used === 'UI' ? 0 : 0x20) });
  }

  /**
   * Sets an element by numbers: binary VRs, and IS and DS as text.
   * @throws LeadglassError BAD_REQUEST when the VR holds no numbers or a number does not fit it
   */
  setNumber(tag: Tag, vr: Vr | undefined, value: number | readonly number[]): this {
    const used = vr ?? attributeByTag(tag)?.vr ?? vrOf(tag);
    const values = typeof value === 'number' ? [value] : value;
    if (used === 'IS' || used === 'DS') return this.setText(tag, used, values.map(String));
    return this.set({ tag, vr: used, value: numbersToBytes(values, used, tag) });
  }

  setItems(tag: Tag, items: readonly DataSet[]): this {
    return this.set({ tag, vr: 'SQ', value: items });
  }

  /** Sets an element by its bytes in little-endian order; they are kept, not copied. */
  setBytes(tag: Tag, vr: Vr, bytes: Uint8Array): this {
    return this.set({ tag, vr, value: bytes });
  }
}

/** PS3.5 6.2.2 note 2: an element may come as UN although its VR is known; then the dictionary's stands. */
function meaningfulVr(element: Element): Vr {
  return element.vr === 'UN' ? vrOf(element.tag) : element.vr;
}

/**
 * The bytes of the first value of a list without a character set, so that lists of any length cost what one value costs; undefined for what
 * is no such list, or has one value only.
 */
function firstOfList(element: Element): Uint8Array | undefined {
  const { value } = element;
  const vr = meaningfulVr(element);
  if (!(value instanceof Uint8Array) || !isMultiValuedText(vr) || usesCharacterSet(vr)) return undefined;
  const end = value.indexOf(0x5c);
  return end < 0 ? undefined : value.subarray(0, end);
}

function numberFromText(text: string): number {
  return /^[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?$/.test(text) ? Number(text) : Number.NaN;
}

function isAscii(text: string): boolean {
  for (let index = 0; index < text.length; index += 1) if (text.charCodeAt(index) > 0x7e) return false;
  return true;
}

function asciiBytes(text: string, tag: Tag): Uint8Array {
  if (!isAscii(text)) {
    throw new LeadglassError('UNSUPPORTED', `Cannot set ${formatTag(tag)}: its VR holds ASCII only`);
  }
  return new TextEncoder().encode(text);
}

function padded(bytes: Uint8Array, padding: number): Uint8Array {
  if (bytes.length === 0) return nothing;
  if (bytes.length % 2 === 0) return bytes;
  const even = new Uint8Array(bytes.length + 1);
  even.set(bytes);
  even[bytes.length] = padding;
  return even;
}
