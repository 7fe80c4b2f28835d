/** What reading a model gives: a data set, and where bulk data has to come in. read-json.ts and read-xml.ts make it. */
import { DataSet, type Element } from '../data-set.ts';
import { attributeByTag } from '../dictionary/dictionary.ts';
import { formatTag, isPrivate, type Tag } from '../tag.ts';
import { usesCharacterSet, type Vr } from '../vr.ts';
import { type ElementPath, formatElementPath } from './element-path.ts';
import { isBinary, isReferable } from './model-values.ts';
import type { ReadContext } from './read-context.ts';
import { inlineBytes, type ReadValue, valueBytes, vrByDictionary } from './read-values.ts';

/** A value that comes by another way. */
export interface BulkReference {
  readonly path: ElementPath;
  readonly vr: Vr;
  /**
   * As the document has it: any text. It names a part of the same request and must never be fetched: the server would
   * then ask whom a stranger names.
   */
  readonly uri: string;
}

/**
 * A data set out of a document: texts in UTF-8, Specific Character Set (0008,0005) saying so where it has to. Elements of
 * `bulkData` are empty in it; encode-model.ts puts them in.
 */
export interface ReadModel {
  readonly dataSet: DataSet;
  readonly bulkData: ReadonlyMap<Element, BulkReference>;
}

/** One attribute of a document, before its VR is sure. At most one of the three is there. */
export interface ReadAttribute {
  readonly tag: Tag;
  readonly vr: Vr | undefined;
  /** An empty data set may mean an empty person name, too. */
  readonly values?: readonly (ReadValue | DataSet)[];
  readonly inlineBinary?: string;
  readonly bulkDataUri?: string;
}

const specificCharacterSet: Tag = 0x00080005;

/** Gathers the elements of one data set and of the items in it. */
export class ModelBuilder {
  readonly #context: ReadContext;
  readonly #bulkData = new Map<Element, BulkReference>();
  /** Text beyond ASCII came. */
  #needsCharacterSet = false;
  /** A character set other than UTF-8 was named. */
  #namesOther = false;
  #refersToText = false;

  constructor(context: ReadContext) {
    this.#context = context;
  }

  /** Puts an attribute into the data set or item. @throws LeadglassError MALFORMED */
  add(dataSet: DataSet, attribute: ReadAttribute): void {
    const { tag } = attribute;
    if (dataSet.has(tag)) throw this.#context.malformed(`${formatTag(tag)} stands twice`);
    const element = this.#elementOf(attribute);
    dataSet.set(element);
    const { vr, value } = element;
    if (tag === specificCharacterSet) this.#characterSet(dataSet, value);
    else if (value instanceof Uint8Array && usesCharacterSet(vr) && value.some((byte) => byte > 0x7f)) {
      this.#needsCharacterSet = true;
    }
  }

  /** Nothing more comes. */
  end(dataSet: DataSet): ReadModel {
    if (this.#refersToText && this.#namesOther) {
      throw this.#context.malformed('texts as bulk data have to be UTF-8, and (0008,0005) says otherwise');
    }
    if (this.#needsCharacterSet) dataSet.setText(specificCharacterSet, 'CS', 'ISO_IR 192');
    return { dataSet, bulkData: this.#bulkData };
  }

  #elementOf({ tag, vr: given, values = [], inlineBinary, bulkDataUri }: ReadAttribute): Element {
    const items = values.filter((value) => value instanceof DataSet);
    const others = values.flatMap((value) => (value instanceof DataSet ? [] : [value]));
    const vr = given ?? vrByDictionary(tag, items.length === 0 ? fallbackVr(tag) : 'SQ', others);
    const entry = attributeByTag(tag);
    // Whoever reads it in implicit VR goes by the dictionary. A sequence may come as UN, but not the other way round.
    if (entry !== undefined && (entry.vr === 'SQ') !== (vr === 'SQ') && vr !== 'UN') {
      throw this.#context.malformed(`${formatTag(tag)} has VR ${vr}, expected ${entry.vr}`);
    }
    if (bulkDataUri !== undefined) return this.#reference(tag, vr, bulkDataUri);
    if (inlineBinary !== undefined) return { tag, vr, value: inlineBytes(inlineBinary, vr, this.#context) };
    if (vr === 'SQ') {
      if (others.length > 0) throw this.#context.malformed('an item of a sequence is no data set');
      return { tag, vr, value: items };
    }
    if (isBinary(vr) && values.length > 0) {
      throw this.#context.malformed(`VR ${vr} has values written out, expected InlineBinary or BulkDataURI`);
    }
    if (items.length === 0) return { tag, vr, value: valueBytes(others, vr, tag, this.#context) };
    if (vr !== 'PN' || items.some((item) => item.size > 0)) {
      throw this.#context.malformed(`a value of VR ${vr} is a data set`);
    }
    const names = values.map((value) => (value instanceof DataSet ? null : value));
    return { tag, vr, value: valueBytes(names, vr, tag, this.#context) };
  }

  #reference(tag: Tag, vr: Vr, uri: string): Element {
    const { limits } = this.#context;
    if (!isReferable(vr)) throw this.#context.malformed(`VR ${vr} cannot be bulk data`);
    if (uri.length > limits.uriCharactersMax) {
      throw this.#context.exceeded('characters in the URI of bulk data', limits.uriCharactersMax);
    }
    // RFC 3986 2: visible ASCII only; a control would get into logs and headers.
    if (!/^[!-~]+$/.test(uri)) throw this.#context.malformed('the URI of bulk data is none');
    const element = { tag, vr, value: new Uint8Array(0) };
    this.#bulkData.set(element, { path: [...this.#context.path], vr, uri });
    if (usesCharacterSet(vr)) this.#refersToText = true;
    return element;
  }

  /** The document is UTF-8 whatever it says (F.2, PS3.19 A.1.5), and so is what becomes of it. */
  #characterSet(dataSet: DataSet, value: Element['value']): void {
    const isItem = this.#context.path.length > 1;
    // An empty one says ASCII; in the data set itself it becomes UTF-8 when there is need.
    if (!isItem && value.length === 0) return;
    const terms = dataSet.texts(specificCharacterSet);
    if (!terms.every((term) => ['', 'ISO_IR 6', 'ISO_IR 192'].includes(term))) this.#namesOther = true;
    dataSet.setText(specificCharacterSet, 'CS', 'ISO_IR 192');
  }
}

/** PS3.5 7.8.1: private creators are LO; of other elements without a VR nothing is known. */
function fallbackVr(tag: Tag): Vr {
  return isPrivate(tag) && (tag & 0xffff) >= 0x10 && (tag & 0xffff) <= 0xff ? 'LO' : 'UN';
}

/** Is it an element that a data set may hold (PS3.5 7.1)? Group lengths are none any more (7.2). */
export function checkModelTag(tag: Tag, context: ReadContext): void {
  const group = tag >>> 16;
  if (group > 7 && group !== 0xfffe && group !== 0xffff) return;
  if (group === 4 || group === 6) return;
  const hint = group === 2 ? '; leave the file head out (PS3.18 10.5)' : '';
  throw context.malformed(`${formatElementPath([tag])} is no element of a data set${hint}`);
}
