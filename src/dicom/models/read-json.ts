/**
 * Reads documents of the DICOM JSON Model, PS3.18 annex F, as the metadata of a STOW-RS request. What F.2.2 does not name
 * is refused and not passed over: a member in another spelling would be a value lost.
 */
import { DataSet } from '../data-set.ts';
import { elementOf } from '../tag.ts';
import { isVr, type Vr } from '../vr.ts';
import { parseModelTag } from './element-path.ts';
import { JsonCursor } from './json-cursor.ts';
import type { ModelReadLimits } from './model-limits.ts';
import type { NameGroups } from './model-values.ts';
import { ReadContext } from './read-context.ts';
import { checkModelTag, ModelBuilder, type ReadAttribute, type ReadModel } from './read-model.ts';
import type { ReadValue, SpelledNumber } from './read-values.ts';

type NameGroup = 'Alphabetic' | 'Ideographic' | 'Phonetic';

/**
 * The data sets of a document: one top-level array of objects (F.2.1).
 * @throws LeadglassError MALFORMED with the path of the element, or LIMIT_EXCEEDED
 */
export function readJsonModels(document: Uint8Array, limits: ModelReadLimits): readonly ReadModel[] {
  const context = new ReadContext('DICOM JSON model', limits);
  const cursor = new JsonCursor(context.decode(document), context);
  const models: ReadModel[] = [];
  cursor.expect('[');
  cursor.elements(() => {
    context.enterDataSet();
    cursor.expect('{');
    const reader = new JsonReader(cursor, context);
    models.push(reader.dataSet());
  });
  cursor.end();
  return models;
}

/** One data set. Items are read by recursion, as deep as `depthMax`. */
class JsonReader {
  readonly #cursor: JsonCursor;
  readonly #context: ReadContext;
  readonly #builder: ModelBuilder;

  constructor(cursor: JsonCursor, context: ReadContext) {
    this.#cursor = cursor;
    this.#context = context;
    this.#builder = new ModelBuilder(context);
  }

  dataSet(): ReadModel {
    const dataSet = new DataSet();
    this.#cursor.members((name) => this.#attribute(name, dataSet));
    return this.#builder.end(dataSet);
  }

  #attribute(name: string, dataSet: DataSet): void {
    const tag = parseModelTag(name);
    if (tag === undefined) throw this.#cursor.fail('a name is no tag of eight upper case hexadecimal digits');
    this.#context.enterElement(tag);
    checkModelTag(tag, this.#context);
    this.#cursor.expect('{');
    const found: { -readonly [Key in keyof ReadAttribute]?: ReadAttribute[Key] } = {};
    let contents = 0;
    this.#cursor.members((member) => {
      if (member === 'vr') {
        found.vr = this.#vr();
        return;
      }
      contents += 1;
      if (member === 'Value') found.values = this.#values();
      else if (member === 'InlineBinary') found.inlineBinary = this.#string(member);
      else if (member === 'BulkDataURI') found.bulkDataUri = this.#string(member);
      else throw this.#cursor.fail('an attribute has a member other than vr, Value, InlineBinary and BulkDataURI');
    });
    if (contents > 1) throw this.#cursor.fail('an attribute has more than one of Value, InlineBinary and BulkDataURI');
    // F.2.2 forbids group lengths; they say nothing, so they are passed over.
    if (elementOf(tag) !== 0) this.#builder.add(dataSet, { ...found, tag, vr: found.vr });
    this.#context.leave();
  }

  #vr(): Vr {
    const vr = this.#string('vr');
    if (!isVr(vr)) throw this.#cursor.fail('vr is no value representation of PS3.5');
    return vr;
  }

  #string(name: string): string {
    const text = this.#cursor.string();
    if (text === undefined) throw this.#cursor.fail(`${name} is no string`);
    return text;
  }

  /** By content, since `vr` may come after: an empty object can be an item or an empty name. */
  #values(): readonly (ReadValue | DataSet)[] {
    const values: (ReadValue | DataSet)[] = [];
    this.#cursor.expect('[');
    this.#cursor.elements(() => {
      const value = this.#scalar() ?? (this.#cursor.skip('{') ? this.#object(values.length + 1) : undefined);
      if (value === undefined) {
        if (!this.#cursor.skipNull()) throw this.#cursor.fail('a value is no string, number, object or null');
        values.push(null);
      } else {
        values.push(value);
      }
      this.#context.countValues(1);
    });
    return values;
  }

  #scalar(): string | SpelledNumber | undefined {
    const text = this.#cursor.string();
    if (text !== undefined) return text;
    const spelled = this.#cursor.number();
    return spelled === undefined ? undefined : { number: spelled };
  }

  #object(itemNumber: number): DataSet | NameGroups {
    const item = new DataSet();
    const groups: Partial<Record<NameGroup, string>> = {};
    let isItem = false;
    this.#cursor.members((name) => {
      if (isNameGroup(name)) {
        groups[name] = this.#string(name);
        return;
      }
      if (!isItem) this.#context.enterItem(itemNumber);
      isItem = true;
      this.#attribute(name, item);
    });
    if (isItem) this.#context.leave();
    if (Object.keys(groups).length === 0) return item;
    if (isItem) throw this.#cursor.fail('an object is a person name and a data set');
    const { Alphabetic: alphabetic = '', Ideographic: ideographic = '', Phonetic: phonetic = '' } = groups;
    return { alphabetic, ideographic, phonetic };
  }
}

function isNameGroup(name: string): name is NameGroup {
  return name === 'Alphabetic' || name === 'Ideographic' || name === 'Phonetic';
}
