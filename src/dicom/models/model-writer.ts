/**
 * Writes a data set as JSON or XML model while it is walked, PS3.18 annex F and PS3.19 A.1: what both models leave out,
 * convert and refer to is decided here, once. It holds one value at a time and never a long one; depth and number of
 * elements are bounded by who leads it (data-set-walker.ts).
 */
import { LeadglassError } from '../../error.ts';
import type { DataSetVisitor } from '../data-set-walker.ts';
import { attributeByTag, vrOf } from '../dictionary/dictionary.ts';
import { elementOf, formatTag, isPrivate, type Tag } from '../tag.ts';
import { numberBytes, swapWords } from '../value-numbers.ts';
import { textsFrom } from '../value-texts.ts';
import { usesCharacterSet, type Vr, wordBytes } from '../vr.ts';
import type { ElementPath } from './element-path.ts';
import type { ModelWriteLimits } from './model-limits.ts';
import type { ModelSink } from './model-sink.ts';
import { canBeValue, isBinary, isReferable, modelValues } from './model-values.ts';

/** What stands as URI in the place of its value (F.2.6). */
export interface BulkDataRule {
  /** Values of at most this length are written out where their VR can be, all but pixel data of the data set itself. */
  readonly inlineBulkBytesMax: number;
  /**
   * The URI of a value; undefined to have it written out (encapsulated pixel data, which cannot be, is then left out).
   * The value that it leads to is in little-endian order, and text in it ASCII or UTF-8.
   */
  uriOf(path: ElementPath, vr: Vr): string | undefined;
}

export interface ModelWriterOptions {
  readonly limits: ModelWriteLimits;
  /** Without it every value is written out, up to its limit. */
  readonly bulkData?: BulkDataRule;
  /** VRs come from the dictionary, so US or SS is decided here by Pixel Representation, as data-set-encoder.ts does. */
  readonly implicitSource: boolean;
}

const specificCharacterSet: Tag = 0x00080005;
const pixelRepresentation: Tag = 0x00280103;
const trailingPadding: Tag = 0xfffcfffc;
/** Pixel Data, Float and Double Float Pixel Data. */
const pixelTags: ReadonlySet<Tag> = new Set([0x7fe00008, 0x7fe00009, 0x7fe00010]);
const nothing = new Uint8Array(0);

/** A data set or item that is open. */
interface Scope {
  /** Items inherit the character set (PS3.5 7.5.3), but no private creators. */
  terms: readonly string[];
  readonly creators: Map<number, string>;
  /** Items so far of the sequence that is open in it. */
  items: number;
}

export class ModelWriter implements DataSetVisitor {
  readonly #sink: ModelSink;
  readonly #options: ModelWriterOptions;
  #scope: Scope = { terms: [], creators: new Map(), items: 0 };
  readonly #around: Scope[] = [];
  /** Of the open sequences: tag and item in turn. */
  readonly #path: number[] = [];
  #isSigned = false;

  // The value that is coming in; undefined while one is passed over.
  #value:
    | { tag: Tag; vr: Vr; cameAs: Vr; bytes: Uint8Array; lengthBytes: number; at: number; swap: boolean }
    | undefined;

  constructor(sink: ModelSink, options: ModelWriterOptions) {
    this.#sink = sink;
    this.#options = options;
  }

  valueBegin(tag: Tag, vr: Vr, lengthBytes: number, bigEndian: boolean): boolean {
    this.#value = undefined;
    // F.2.2: no group lengths. Groups of commands and of the file head, and what fills a file (PS3.10 7.2), are no part
    // of a data set.
    if (elementOf(tag) === 0 || tag >>> 16 <= 2 || tag === trailingPadding) return false;
    const meant = this.#meantVr(tag, vr, lengthBytes);
    const uri = this.#uriOf(tag, meant, lengthBytes);
    if (uri !== undefined) {
      this.#sink.attributeBegin(tag, meant, this.#creatorOf(tag));
      this.#sink.bulkData(uri);
      this.#sink.attributeEnd();
      return false;
    }
    const max = this.#options.limits.inlineValueBytesMax;
    if (lengthBytes > max) {
      throw new LeadglassError('LIMIT_EXCEEDED', `Cannot write out ${formatTag(tag)}: it has more than ${max} bytes`, {
        field: formatTag(tag),
      });
    }
    // A UN is little endian in every encoding (PS3.5 6.2.2).
    const swap = bigEndian && vr !== 'UN' && wordBytes(vr) > 1;
    this.#value = { tag, vr: meant, cameAs: vr, bytes: nothing, lengthBytes, at: 0, swap };
    return true;
  }

  valueBytes(bytes: Uint8Array): void {
    const value = this.#value;
    if (value === undefined) return;
    if (value.at === 0 && bytes.length === value.lengthBytes && !value.swap) {
      value.bytes = bytes;
    } else {
      if (value.at === 0) value.bytes = new Uint8Array(value.lengthBytes);
      value.bytes.set(bytes, value.at);
    }
    value.at += bytes.length;
  }

  valueEnd(): void {
    const value = this.#value;
    if (value === undefined) return;
    this.#value = undefined;
    if (value.swap) swapWords(value.bytes, wordBytes(value.vr));
    const isGuess = value.cameAs === 'UN' && value.vr !== 'UN';
    const vr = isGuess && !canBeValue(value.bytes, value.vr, this.#scope.terms) ? 'UN' : value.vr;
    this.#write(value.tag, vr, value.bytes);
  }

  sequenceBegin(tag: Tag): void {
    this.#sink.sequenceBegin(tag, this.#creatorOf(tag));
    this.#path.push(tag, 0);
    this.#scope.items = 0;
  }

  itemBegin(): void {
    this.#scope.items += 1;
    this.#path[this.#path.length - 1] = this.#scope.items;
    this.#sink.itemBegin(this.#scope.items);
    this.#around.push(this.#scope);
    this.#scope = { terms: this.#scope.terms, creators: new Map(), items: 0 };
  }

  itemEnd(): void {
    this.#scope = this.#around.pop() ?? this.#scope;
    this.#sink.itemEnd();
  }

  sequenceEnd(): void {
    this.#path.length -= 2;
    this.#sink.sequenceEnd(this.#scope.items);
  }

  fragmentsBegin(tag: Tag, vr: Vr): void {
    const uri = this.#options.bulkData?.uriOf([...this.#path, tag], vr);
    if (uri === undefined) return;
    this.#sink.attributeBegin(tag, vr, undefined);
    this.#sink.bulkData(uri);
    this.#sink.attributeEnd();
  }

  fragmentBegin(): boolean {
    this.#value = undefined;
    return false;
  }

  fragmentsEnd(): void {}

  #write(tag: Tag, vr: Vr, bytes: Uint8Array): void {
    this.#sink.attributeBegin(tag, vr, this.#creatorOf(tag));
    if (isBinary(vr)) {
      if (bytes.length > 0) this.#sink.inlineBinary(bytes);
    } else {
      const values = bytes.length === 0 ? [] : modelValues(bytes, vr, this.#scope.terms);
      if (tag === specificCharacterSet) {
        this.#scope.terms = textsFrom(bytes, 'CS', []);
        // F.2: the document is UTF-8, and so is what a reader makes of it.
        if (values.length > 0) this.#sink.values(['ISO_IR 192'], vr);
      } else if (values.length > 0) {
        this.#sink.values(values, vr);
      }
      if (isPrivateCreator(tag) && typeof values[0] === 'string')
        this.#scope.creators.set(blockOf(tag, tag), values[0]);
      if (tag === pixelRepresentation) this.#isSigned = values[0] === 1;
    }
    this.#sink.attributeEnd();
  }

  #creatorOf(tag: Tag): string | undefined {
    return isPrivate(tag) ? this.#scope.creators.get(blockOf(tag, elementOf(tag) >>> 8)) : undefined;
  }

  #uriOf(tag: Tag, vr: Vr, lengthBytes: number): string | undefined {
    const rule = this.#options.bulkData;
    if (rule === undefined || lengthBytes === 0 || !isReferable(vr)) return undefined;
    const isPixelData = this.#path.length === 0 && pixelTags.has(tag);
    if (lengthBytes <= rule.inlineBulkBytesMax && !isPixelData) return undefined;
    // The document says that texts are UTF-8, and bulk data stays as it is stored.
    if (usesCharacterSet(vr) && !this.#scope.terms.every((term) => /^(?:|ISO[_ ](?:2022 )?IR (?:6|192))$/.test(term))) {
      return undefined;
    }
    return rule.uriOf([...this.#path, tag], vr);
  }

  /**
   * US becomes SS where an implicit encoding means that. UN becomes the dictionary's VR (PS3.5 6.2.2 note 2), so that
   * readers see values and no base64, where its bytes can be such values; those of a sequence stay as they are.
   */
  #meantVr(tag: Tag, vr: Vr, lengthBytes: number): Vr {
    let meant = vr;
    if (vr === 'UN') {
      const known = vrOf(tag);
      const unit = isBinary(known) ? wordBytes(known) : Math.max(1, numberBytes(known));
      if (known !== 'SQ' && lengthBytes % unit === 0) meant = known;
    }
    const isImplicit = this.#options.implicitSource || vr === 'UN';
    if (isImplicit && this.#isSigned && meant === 'US' && attributeByTag(tag)?.vrs.includes('SS') === true) return 'SS';
    return meant;
  }
}

function isPrivateCreator(tag: Tag): boolean {
  const element = elementOf(tag);
  return isPrivate(tag) && element >= 0x10 && element <= 0xff;
}

/** PS3.5 7.8.1: (gggg,00bb) reserves (gggg,bb00) to (gggg,bbFF). */
function blockOf(tag: Tag, block: number): number {
  return (tag & 0xffff0000) | (block & 0xff);
}
