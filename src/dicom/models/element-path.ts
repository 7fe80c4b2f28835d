/** Where an element stands in a data set: for bulk data URIs, for errors of the models' readers. */
import type { Tag } from '../tag.ts';

/** Tags and item numbers (from 1) in turn: `[0x00400275, 1, 0x00091010]`; the last one is the element's tag. */
export type ElementPath = readonly number[];

/** `00400275/1/00091010`: letters that need no escape in a URI. */
export function formatElementPath(path: ElementPath): string {
  return path.map((part, index) => (index % 2 === 0 ? formatModelTag(part) : String(part))).join('/');
}

/** PS3.18 F.2.2, PS3.19 A.1.5: eight hexadecimal digits in upper case. */
export function formatModelTag(tag: Tag): string {
  return tag.toString(16).toUpperCase().padStart(8, '0');
}

/** The tag in this text, or undefined where it is no eight upper case hexadecimal digits. */
export function parseModelTag(text: string): Tag | undefined {
  return /^[0-9A-F]{8}$/.test(text) ? Number.parseInt(text, 16) : undefined;
}
