/** Where a frame is, and how its values become grey. */
export interface FramePlace {
  readonly study: string;
  readonly series: string;
  readonly instance: string;
  /** From 1. */
  readonly frame: number;
}
/** Centre and width in the image's own values, PS3.3 C.11.2.1.2. */
export interface Window {
  readonly center: number;
  readonly width: number;
}
