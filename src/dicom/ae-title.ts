/** Application entity titles, PS3.5 6.2 (AE) and PS3.8 9.3.2. */
import { LeadglassError } from '../error.ts';

declare const aeTitleBrand: unique symbol;
/** A checked AE title: 1 to 16 characters of the default repertoire, no backslash, no control characters, trimmed. */
export type AeTitle = string & { readonly [aeTitleBrand]: true };

const aeTitleForm = /^[ -[\]-~]{1,16}$/;

function isAeTitle(text: string): text is AeTitle {
  return aeTitleForm.test(text);
}

/**
 * The checked AE title; leading and trailing spaces are not significant and are dropped.
 * @throws LeadglassError MALFORMED; the text is not repeated, since it may be hostile.
 */
export function parseAeTitle(text: string, field: string): AeTitle {
  const trimmed = text.replaceAll(/^ +| +$/g, '');
  if (isAeTitle(trimmed)) return trimmed;
  throw new LeadglassError('MALFORMED', `Cannot read ${field}: not an AE title (1 to 16 printable ASCII characters)`, {
    field,
  });
}
