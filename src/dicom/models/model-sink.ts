/** What a model's writer says to the spelling of JSON or XML, in the order of the document. */
import type { Tag } from '../tag.ts';
import type { Vr } from '../vr.ts';
import type { ModelValue } from './model-values.ts';

export interface ModelSink {
  dataSetBegin(): void;
  dataSetEnd(): void;
  /** `creator`: whose private element it is; undefined for all others and where none is said. */
  attributeBegin(tag: Tag, vr: Vr, creator: string | undefined): void;
  /** At most one of the next three follows. At least one value. */
  values(values: readonly ModelValue[], vr: Vr): void;
  inlineBinary(bytes: Uint8Array): void;
  bulkData(uri: string): void;
  attributeEnd(): void;
  sequenceBegin(tag: Tag, creator: string | undefined): void;
  /** `number` counts from 1. */
  itemBegin(number: number): void;
  itemEnd(): void;
  sequenceEnd(items: number): void;
  /** The document since the last call, in UTF-8. */
  take(): Uint8Array[];
}

/** Text in pieces, taken as UTF-8. */
export class TextParts {
  #text = '';

  add(text: string): void {
    this.#text += text;
  }

  take(): Uint8Array[] {
    if (this.#text === '') return [];
    const bytes = Buffer.from(this.#text, 'utf8');
    this.#text = '';
    return [bytes];
  }
}
