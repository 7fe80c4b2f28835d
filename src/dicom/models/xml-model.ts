/** The Native DICOM Model, PS3.19 A.1, as text: one document for each data set. What stands in it is model-writer.ts's. */
import { attributeByTag } from '../dictionary/dictionary.ts';
import { groupOf, isPrivate, type Tag, tagOf } from '../tag.ts';
import type { Vr } from '../vr.ts';
import { escapeXml } from '../xml-text.ts';
import { formatModelTag } from './element-path.ts';
import { type ModelSink, TextParts } from './model-sink.ts';
import type { ModelValue, NameGroups } from './model-values.ts';

/** A.1.6. */
export const nativeModelNamespace = 'http://dicom.nema.org/PS3.19/models/NativeDICOM';

/** A.1.6, the order of the standard. */
export const nameComponents = ['FamilyName', 'GivenName', 'MiddleName', 'NamePrefix', 'NameSuffix'] as const;

export class XmlModel implements ModelSink {
  readonly #parts = new TextParts();

  dataSetBegin(): void {
    // A.1.5: white space is part of values, and the document says so.
    this.#parts.add(
      `<?xml version="1.0" encoding="UTF-8"?>\n<NativeDicomModel xmlns="${nativeModelNamespace}" xml:space="preserve">`,
    );
  }

  dataSetEnd(): void {
    this.#parts.add('</NativeDicomModel>\n');
  }

  attributeBegin(tag: Tag, vr: Vr, creator: string | undefined): void {
    // A.1.5: the block of a private element is not sent, since its creator is.
    const shown = creator === undefined ? tag : tagOf(groupOf(tag), tag & 0xff);
    const keyword = isPrivate(tag) ? '' : (attributeByTag(tag)?.keyword ?? '');
    this.#parts.add(
      `<DicomAttribute tag="${formatModelTag(shown)}" vr="${vr}"${keyword === '' ? '' : ` keyword="${keyword}"`}${
        creator === undefined ? '' : ` privateCreator="${escapeXml(creator)}"`
      }>`,
    );
  }

  values(values: readonly ModelValue[], vr: Vr): void {
    for (const [index, value] of values.entries()) {
      if (typeof value === 'object' && value !== null) this.#name(index + 1, value);
      else if (vr === 'PN') this.#parts.add(`<PersonName number="${index + 1}"/>`);
      else this.#parts.add(`<Value number="${index + 1}">${spelled(value)}</Value>`);
    }
  }

  inlineBinary(bytes: Uint8Array): void {
    const base64 = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('base64');
    this.#parts.add(`<InlineBinary>${base64}</InlineBinary>`);
  }

  bulkData(uri: string): void {
    this.#parts.add(`<BulkData uri="${escapeXml(uri)}"/>`);
  }

  attributeEnd(): void {
    this.#parts.add('</DicomAttribute>');
  }

  sequenceBegin(tag: Tag, creator: string | undefined): void {
    this.attributeBegin(tag, 'SQ', creator);
  }

  itemBegin(number: number): void {
    this.#parts.add(`<Item number="${number}">`);
  }

  itemEnd(): void {
    this.#parts.add('</Item>');
  }

  sequenceEnd(): void {
    this.attributeEnd();
  }

  take(): Uint8Array[] {
    return this.#parts.take();
  }

  #name(number: number, { alphabetic, ideographic, phonetic }: NameGroups): void {
    const groups = Object.entries({ Alphabetic: alphabetic, Ideographic: ideographic, Phonetic: phonetic });
    const shown = groups.map(([name, text]) => (text === '' ? '' : `<${name}>${components(text)}</${name}>`));
    this.#parts.add(`<PersonName number="${number}">${shown.join('')}</PersonName>`);
  }
}

/** What stands beyond five components stays in the last. */
function components(group: string): string {
  const parts = group.split('^');
  const five = [...parts.slice(0, 4), parts.slice(4).join('^')];
  return nameComponents
    .map((name, index) => (five[index] ? `<${name}>${escapeXml(five[index])}</${name}>` : ''))
    .join('');
}

/** A.1.5 gives plain character data; numbers that are not finite are spelled as in json-model.ts. */
function spelled(value: string | number | bigint | null): string {
  if (value === null) return '';
  if (typeof value === 'string') return escapeXml(value);
  return Object.is(value, -0) ? '-0' : String(value);
}
