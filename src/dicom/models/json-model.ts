/** The DICOM JSON Model, PS3.18 annex F, as text: one object for each data set. What stands in it is model-writer.ts's. */
import type { Tag } from '../tag.ts';
import type { Vr } from '../vr.ts';
import { formatModelTag } from './element-path.ts';
import { type ModelSink, TextParts } from './model-sink.ts';
import { exactNumber, type ModelValue, type NameGroups } from './model-values.ts';

export class JsonModel implements ModelSink {
  readonly #parts = new TextParts();
  /** Something stands before in the same object. */
  #follows = false;

  dataSetBegin(): void {
    this.#parts.add('{');
    this.#follows = false;
  }

  dataSetEnd(): void {
    this.#parts.add('}');
    this.#follows = true;
  }

  attributeBegin(tag: Tag, vr: Vr): void {
    this.#parts.add(`${this.#follows ? ',' : ''}"${formatModelTag(tag)}":{"vr":"${vr}"`);
  }

  values(values: readonly ModelValue[], vr: Vr): void {
    this.#parts.add(`,"Value":[${values.map((value) => spelled(value, vr)).join(',')}]`);
  }

  inlineBinary(bytes: Uint8Array): void {
    const base64 = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('base64');
    this.#parts.add(`,"InlineBinary":"${base64}"`);
  }

  bulkData(uri: string): void {
    this.#parts.add(`,"BulkDataURI":${JSON.stringify(uri)}`);
  }

  attributeEnd(): void {
    this.#parts.add('}');
    this.#follows = true;
  }

  sequenceBegin(tag: Tag): void {
    this.attributeBegin(tag, 'SQ');
  }

  itemBegin(number: number): void {
    this.#parts.add(number === 1 ? ',"Value":[{' : ',{');
    this.#follows = false;
  }

  itemEnd(): void {
    this.#parts.add('}');
  }

  sequenceEnd(items: number): void {
    if (items > 0) this.#parts.add(']');
    this.attributeEnd();
  }

  take(): Uint8Array[] {
    return this.#parts.take();
  }
}

function spelled(value: ModelValue, vr: Vr): string {
  if (value === null) return 'null';
  if (typeof value === 'number') return spelledNumber(value);
  if (typeof value === 'bigint') return spelledInteger(value);
  if (typeof value === 'object') return spelledName(value);
  if (vr === 'DS' || vr === 'IS') {
    const number = exactNumber(value, vr);
    if (number !== undefined) return spelledNumber(number);
  }
  return JSON.stringify(value);
}

/**
 * Table F.2.3-1 wants a number for FL and FD, and JSON has none that is not finite. The standard is silent about them up
 * to 2025a (CP-2352 only says that they are valid in DICOM); these three strings are what JavaScript and fo-dicom write.
 */
function spelledNumber(value: number): string {
  if (!Number.isFinite(value)) return `"${value}"`;
  return Object.is(value, -0) ? '-0' : String(value);
}

/** F.2.3, note: a string where a reader's double would lose digits. */
function spelledInteger(value: bigint): string {
  const exact = value <= BigInt(Number.MAX_SAFE_INTEGER) && value >= BigInt(Number.MIN_SAFE_INTEGER);
  return exact ? String(value) : `"${value}"`;
}

/** F.2.2: only the component groups that are not empty. */
function spelledName({ alphabetic, ideographic, phonetic }: NameGroups): string {
  const groups = { Alphabetic: alphabetic, Ideographic: ideographic, Phonetic: phonetic };
  return JSON.stringify(Object.fromEntries(Object.entries(groups).filter(([, text]) => text !== '')));
}
