/** Where a reader of a model stands, what it has counted, and how it refuses: the same for JSON and XML. */
import { LeadglassError } from '../../error.ts';
import type { Tag } from '../tag.ts';
import { formatElementPath } from './element-path.ts';
import type { ModelReadLimits } from './model-limits.ts';

export type ModelName = 'DICOM JSON model' | 'Native DICOM Model';

export class ReadContext {
  readonly limits: ModelReadLimits;
  readonly #model: ModelName;
  readonly #path: number[] = [];
  #dataSets = 0;
  #elements = 0;
  #items = 0;
  #values = 0;

  constructor(model: ModelName, limits: ModelReadLimits) {
    this.#model = model;
    this.limits = limits;
  }

  /** The text of the document. @throws LeadglassError LIMIT_EXCEEDED, or MALFORMED where it is not UTF-8 */
  decode(document: Uint8Array): string {
    if (document.length > this.limits.documentBytesMax) throw this.exceeded('bytes', this.limits.documentBytesMax);
    try {
      return new TextDecoder('utf-8', { fatal: true }).decode(document);
    } catch (error) {
      throw this.malformed('it is not UTF-8', undefined, error);
    }
  }

  /** Tags and item numbers in turn: of the element that is being read, or of the data set or item between elements. */
  get path(): readonly number[] {
    return this.#path;
  }

  enterDataSet(): void {
    this.#dataSets += 1;
    this.#count('items', (this.#items += 1), this.limits.itemsMax);
  }

  enterElement(tag: Tag): void {
    this.#path.push(tag);
    this.#count('attributes', (this.#elements += 1), this.limits.elementsMax);
  }

  enterItem(number: number): void {
    this.#path.push(number);
    this.#count('items', (this.#items += 1), this.limits.itemsMax);
    this.#count('sequences within sequences', this.#path.length / 2, this.limits.depthMax);
  }

  /** Out of an element or an item. */
  leave(): void {
    this.#path.pop();
  }

  countValues(count: number): void {
    this.#count('values', (this.#values += count), this.limits.valuesMax);
  }

  /** `what` never holds a value: that may be patient data. */
  malformed(what: string, offset?: number, cause?: unknown): LeadglassError {
    return new LeadglassError('MALFORMED', `Cannot read the ${this.#model}: ${what}${this.#where(offset)}`, {
      field: this.#field(),
      ...(offset === undefined ? {} : { offset }),
      cause,
    });
  }

  exceeded(what: string, max: number): LeadglassError {
    return new LeadglassError('LIMIT_EXCEEDED', `Cannot take the ${this.#model}: more than ${max} ${what}`, {
      field: this.#field(),
    });
  }

  #count(what: string, count: number, max: number): void {
    if (count > max) throw this.exceeded(what, max);
  }

  #where(offset: number | undefined): string {
    const parts: string[] = [];
    if (this.#path.length > 0) parts.push(`in ${formatElementPath(this.#path)}`);
    if (this.#dataSets > 1) parts.push(`of data set ${this.#dataSets}`);
    if (offset !== undefined) parts.push(`at character ${offset}`);
    return parts.length === 0 ? '' : ` (${parts.join(' ')})`;
  }

  #field(): string {
    return this.#path.length === 0 ? 'data set' : formatElementPath(this.#path);
  }
}
