/** Where an element stands in a data set: for bulk data URIs, for errors of the models' readers. */
import { LeadglassError } from '../../error.ts';
import type { Tag } from '../tag.ts';

/** Tags and item numbers (from 1) in turn: `[0x00400275, 1, 0x00091010]`; the last one is the element's tag. */
export type ElementPath = readonly number[];

/** `00400275/1/00091010`: letters that need no escape in a URI. */
export function formatElementPath(path: ElementPath): string {
  return path.map((part, index) => (index % 2 === 0 ? formatModelTag(part) : String(part))).join('/');
}

/**
 * The path in this text, as `formatElementPath` writes it and in no other way.
 * @throws LeadglassError MALFORMED, or LIMIT_EXCEEDED for more than `depthMax` sequences
 */
export function parseElementPath(text: string, limits: { readonly depthMax: number }): ElementPath {
  const charactersMax = (limits.depthMax + 1) * 20;
  const parts = text.length > charactersMax ? [] : text.split('/');
  if (text.length > charactersMax || parts.length > limits.depthMax * 2 + 1) {
    throw new LeadglassError('LIMIT_EXCEEDED', `Cannot read the element path: more than ${limits.depthMax} sequences`, {
      field: 'element path',
    });
  }
  const path = parts.map((part, index) => (index % 2 === 0 ? parseModelTag(part) : itemNumber(part)));
  const known = path.flatMap((part) => part ?? []);
  if (known.length === parts.length && parts.length % 2 === 1) return known;
  throw new LeadglassError('MALFORMED', 'Cannot read the element path: expected tags and item numbers in turn', {
    field: 'element path',
  });
}

/** PS3.18 F.2.2, PS3.19 A.1.5: eight hexadecimal digits in upper case. */
export function formatModelTag(tag: Tag): string {
  return tag.toString(16).toUpperCase().padStart(8, '0');
}

/** The tag in this text, or undefined where it is no eight upper case hexadecimal digits. */
export function parseModelTag(text: string): Tag | undefined {
  return /^[0-9A-F]{8}$/.test(text) ? Number.parseInt(text, 16) : undefined;
}

function itemNumber(text: string): number | undefined {
  return /^[1-9]\d{0,7}$/.test(text) ? Number(text) : undefined;
}
