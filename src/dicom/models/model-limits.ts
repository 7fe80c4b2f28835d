/** The limits under which the JSON and XML models are written and read; limits.ts has the values and the reasons. */

export interface ModelWriteLimits {
  /** Length of one value that is written out, as text, numbers or base64. */
  readonly inlineValueBytesMax: number;
}

export interface ModelReadLimits {
  /** Of the whole document, encoded. */
  readonly documentBytesMax: number;
  /** Sequences within sequences. */
  readonly depthMax: number;
  /** Attributes at all levels of all data sets together. */
  readonly elementsMax: number;
  /** Items of sequences at all levels together, and data sets. */
  readonly itemsMax: number;
  /** Values of all attributes together. */
  readonly valuesMax: number;
  readonly numberCharactersMax: number;
  readonly uriCharactersMax: number;
}
