/** The limits under which a data set is read; limits.ts has the values and the reasons. */

export interface DataSetLimits {
  /** Sequences within sequences. */
  readonly depthMax: number;
  /** Data elements at all levels together. */
  readonly elementsMax: number;
  /** Items of sequences at all levels together. */
  readonly itemsMax: number;
  /** Items of encapsulated pixel data, the offset table among them. */
  readonly fragmentsMax: number;
  /** Length that one value or fragment may claim. */
  readonly valueBytesMax: number;
  /** What a deflated data set may become. */
  readonly inflatedBytesMax: number;
  /** Inflated by deflated length, looked at beyond `inflatedBytesFree`. */
  readonly inflateRatioMax: number;
  /** Up to this inflated length any ratio is fine: a blank image deflates a thousandfold. */
  readonly inflatedBytesFree: number;
}

export interface KeptLimits {
  /** Length of one value that a scanner keeps. */
  readonly keptValueBytesMax: number;
  /** Length of all values that a scanner keeps. */
  readonly keptBytesMax: number;
}
