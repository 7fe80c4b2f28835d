/**
 * Reads a document of the Native DICOM Model, PS3.19 A.1: exactly what its schema (A.1.6) has, in its namespace or in none,
 * as both are written. Private elements get the block of their creator back.
 */
import { DataSet } from '../data-set.ts';
import { elementOf, groupOf, isPrivate, type Tag, tagOf } from '../tag.ts';
import { isMultiValuedText, isVr, type Vr } from '../vr.ts';
import { parseModelTag } from './element-path.ts';
import type { ModelReadLimits } from './model-limits.ts';
import { isBinary, type NameGroups } from './model-values.ts';
import { PrivateBlocks } from './private-blocks.ts';
import { ReadContext } from './read-context.ts';
import { checkModelTag, ModelBuilder, type ReadAttribute, type ReadModel } from './read-model.ts';
import { type ReadValue, vrByDictionary } from './read-values.ts';
import { XmlCursor, type XmlTag } from './xml-cursor.ts';
import { withoutEnd } from '../without-end.ts';
import { nameComponents, nativeModelNamespace } from './xml-model.ts';

/**
 * The data set of a document.
 * @throws LeadglassError MALFORMED with the path of the element, or LIMIT_EXCEEDED
 */
export function readXmlModel(document: Uint8Array, limits: ModelReadLimits): ReadModel {
  const context = new ReadContext('Native DICOM Model', limits);
  const cursor = new XmlCursor(context.decode(document), context);
  cursor.prolog();
  const root = cursor.tag();
  if (root.kind === 'end' || root.name !== 'NativeDicomModel') throw cursor.fail('its root is no NativeDicomModel');
  for (const [name, value] of root.attributes) {
    if (name === 'xmlns' ? value !== nativeModelNamespace : name !== 'xml:space') {
      throw cursor.fail('its root has an unknown attribute or namespace');
    }
  }
  context.enterDataSet();
  const builder = new ModelBuilder(context);
  const dataSet = new XmlReader(cursor, context, builder).dataSet(root);
  cursor.end();
  return builder.end(dataSet);
}

type Content = Pick<ReadAttribute, 'inlineBinary' | 'bulkDataUri'> & { values?: (ReadValue | DataSet)[] };

/** Items are read by recursion, as deep as `depthMax`. */
class XmlReader {
  readonly #cursor: XmlCursor;
  readonly #context: ReadContext;
  readonly #builder: ModelBuilder;

  constructor(cursor: XmlCursor, context: ReadContext, builder: ModelBuilder) {
    this.#cursor = cursor;
    this.#context = context;
    this.#builder = builder;
  }

  /** The data set in the root or an item, whose start tag was read. */
  dataSet(around: XmlTag): DataSet {
    const dataSet = new DataSet();
    const blocks = new PrivateBlocks(this.#context);
    if (around.kind === 'start') {
      for (let tag = this.#cursor.tag(); !ends(tag, around); tag = this.#cursor.tag()) {
        this.#attribute(this.#started(tag, 'DicomAttribute'), dataSet, blocks);
      }
    }
    for (const attribute of blocks.creators(dataSet)) this.#builder.add(dataSet, attribute);
    return dataSet;
  }

  #attribute(start: XmlTag, dataSet: DataSet, blocks: PrivateBlocks): void {
    for (const name of start.attributes.keys()) {
      if (!['tag', 'vr', 'keyword', 'privateCreator'].includes(name))
        throw this.#cursor.fail('an attribute is unknown');
    }
    const shown = parseModelTag(start.attributes.get('tag') ?? '');
    if (shown === undefined) throw this.#cursor.fail('a tag is none of eight upper case hexadecimal digits');
    checkModelTag(shown, this.#context);
    const tag = this.#tagOf(shown, start.attributes.get('privateCreator'), blocks);
    this.#context.enterElement(tag);
    const vr = start.attributes.get('vr');
    if (vr !== undefined && !isVr(vr)) throw this.#cursor.fail('vr is no value representation of PS3.5');
    const content = this.#content(start);
    const attribute = { ...content, tag, vr };
    // A.1.1 forbids group lengths; they say nothing, so they are passed over.
    if (elementOf(tag) !== 0) this.#builder.add(dataSet, withTypes(attribute));
    if (isCreatorTag(tag) && typeof content.values?.[0] === 'string') blocks.named(tag, content.values[0].trim());
    this.#context.leave();
  }

  /** A.1.5: gggg00ee of a creator is gggg,bbee, in the block that the creator has. */
  #tagOf(shown: Tag, creator: string | undefined, blocks: PrivateBlocks): Tag {
    if (creator === undefined) {
      if (isPrivate(shown) && elementOf(shown) > 0xff) blocks.used(shown);
      return shown;
    }
    if (!isPrivate(shown)) throw this.#cursor.fail('privateCreator stands at an element of the standard');
    if (elementOf(shown) > 0xff) throw this.#cursor.fail('a tag beside privateCreator has a block');
    return tagOf(groupOf(shown), (blocks.blockOf(groupOf(shown), creator) << 8) | elementOf(shown));
  }

  #content(start: XmlTag): Content {
    const content: { -readonly [Key in keyof Content]: Content[Key] } = {};
    if (start.kind === 'empty') return content;
    let kind: string | undefined;
    for (let tag = this.#cursor.tag(); !ends(tag, start); tag = this.#cursor.tag()) {
      if (kind !== undefined && (kind !== tag.name || content.values === undefined)) {
        throw this.#cursor.fail('an attribute has contents of two kinds');
      }
      kind = tag.name;
      if (tag.kind === 'end') throw this.#cursor.fail('an end tag stands in the wrong place');
      if (tag.name === 'InlineBinary') {
        this.#only(tag, []);
        // XML Schema part 2, 3.2.16: base64Binary may be wrapped.
        content.inlineBinary = this.#text(tag).replaceAll(/[ \t\n]/g, '');
      } else if (tag.name === 'BulkData') {
        content.bulkDataUri = this.#bulkData(tag);
      } else {
        this.#value(tag, (content.values ??= []));
      }
    }
    return content;
  }

  #value(tag: XmlTag, values: (ReadValue | DataSet)[]): void {
    this.#only(tag, ['number']);
    const number = tag.attributes.get('number') ?? '';
    // Writers that leave empty values out count them; items are never left out.
    const index = /^[1-9]\d{0,8}$/.test(number) ? Number(number) - 1 : -1;
    const gap = index - values.length;
    if (gap < 0 || (gap > 0 && tag.name === 'Item')) throw this.#cursor.fail('number does not count on');
    this.#context.countValues(gap + 1);
    for (let left = gap; left > 0; left -= 1) values.push(null);
    if (tag.name === 'Value') {
      const text = this.#text(tag);
      values.push(text === '' ? null : text);
    } else if (tag.name === 'PersonName') {
      values.push(this.#personName(tag));
    } else if (tag.name === 'Item') {
      this.#context.enterItem(index + 1);
      values.push(this.dataSet(tag));
      this.#context.leave();
    } else {
      throw this.#cursor.fail('an element is none of the model');
    }
  }

  #bulkData(tag: XmlTag): string {
    const uri = tag.attributes.get('uri');
    const uuid = tag.attributes.get('uuid');
    this.#only(tag, [uri === undefined ? 'uuid' : 'uri']);
    const reference = uri ?? (uuid === undefined ? undefined : `urn:uuid:${uuid}`);
    if (reference === undefined) throw this.#cursor.fail('BulkData has neither uri nor uuid');
    if (this.#text(tag).trim() !== '') throw this.#cursor.fail('BulkData is not empty');
    return reference;
  }

  #personName(around: XmlTag): NameGroups | null {
    const groups = new Map<string, string>();
    if (around.kind === 'start') {
      for (let tag = this.#cursor.tag(); !ends(tag, around); tag = this.#cursor.tag()) {
        if (!['Alphabetic', 'Ideographic', 'Phonetic'].includes(tag.name) || groups.has(tag.name)) {
          throw this.#cursor.fail('a component group of a person name is unknown or stands twice');
        }
        groups.set(tag.name, this.#nameGroup(this.#started(tag, tag.name)));
      }
    }
    const [alphabetic = '', ideographic = '', phonetic = ''] = ['Alphabetic', 'Ideographic', 'Phonetic'].map((name) =>
      groups.get(name),
    );
    return alphabetic + ideographic + phonetic === '' ? null : { alphabetic, ideographic, phonetic };
  }

  #nameGroup(around: XmlTag): string {
    const parts = new Map<string, string>();
    this.#only(around, []);
    if (around.kind === 'start') {
      for (let tag = this.#cursor.tag(); !ends(tag, around); tag = this.#cursor.tag()) {
        const known: readonly string[] = nameComponents;
        if (!known.includes(tag.name) || parts.has(tag.name)) {
          throw this.#cursor.fail('a component of a person name is unknown or stands twice');
        }
        this.#only(tag, []);
        const text = this.#text(this.#started(tag, tag.name));
        // The last one takes what stood beyond five.
        if (text.includes('=') || (text.includes('^') && tag.name !== 'NameSuffix')) {
          throw this.#cursor.fail('a component of a person name holds a delimiter');
        }
        parts.set(tag.name, text);
      }
    }
    return withoutEnd(nameComponents.map((name) => parts.get(name) ?? '').join('^'), '^');
  }

  #text(tag: XmlTag): string {
    return tag.kind === 'empty' ? '' : this.#cursor.textOf(tag.name);
  }

  #started(tag: XmlTag, name: string): XmlTag {
    if (tag.kind === 'end' || tag.name !== name) throw this.#cursor.fail(`expected ${name}`);
    return tag;
  }

  #only(tag: XmlTag, names: readonly string[]): void {
    for (const name of tag.attributes.keys()) {
      if (!names.includes(name)) throw this.#cursor.fail('an attribute is unknown');
    }
  }
}

function ends(tag: XmlTag, start: XmlTag): boolean {
  return tag.kind === 'end' && tag.name === start.name;
}

function isCreatorTag(tag: Tag): boolean {
  return isPrivate(tag) && elementOf(tag) >= 0x10 && elementOf(tag) <= 0xff;
}

/** Plain character data as what its VR has: numbers are spelled, the padding of others is theirs. */
function withTypes(attribute: ReadAttribute): ReadAttribute {
  const { tag, values } = attribute;
  if (values === undefined) return attribute;
  const vr = attribute.vr ?? vrByDictionary(tag, 'UN', []);
  return { ...attribute, values: values.map((value) => (typeof value === 'string' ? typed(value, vr) : value)) };
}

const numeric: ReadonlySet<Vr> = new Set(['FD', 'FL', 'SL', 'SS', 'SV', 'UL', 'US', 'UV']);

function typed(text: string, vr: Vr): ReadValue {
  if (isBinary(vr) || !(numeric.has(vr) || isMultiValuedText(vr) || vr === 'AT')) return text;
  const trimmed = text.trim();
  if (!numeric.has(vr)) return vr === 'AT' ? trimmed : text;
  return /^[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?$/.test(trimmed) ? { number: trimmed } : trimmed;
}
