/**
 * Unique identifiers, PS3.5 section 9 and PS3.8 Annex F. A `Uid` is only made by the functions below, so that a text
 * from the wire never becomes a path, a query or a log line unchecked.
 */
import { LeadglassError } from '../error.ts';

declare const uidBrand: unique symbol;
/** A checked UID: at most 64 characters, digits and dots, no component with a leading zero. */
export type Uid = string & { readonly [uidBrand]: true };

const uidForm = /^(?:0|[1-9][0-9]*)(?:\.(?:0|[1-9][0-9]*))*$/;

/** Is this text a UID as PS3.5 section 9.1 wants it? */
export function isUid(text: string): text is Uid {
  return text.length >= 1 && text.length <= 64 && uidForm.test(text);
}

/**
 * The checked UID. `field` is the standard's name of the field, for the error text.
 * @throws LeadglassError MALFORMED; the text itself is not repeated, since it may be hostile.
 */
export function parseUid(text: string, field: string): Uid {
  if (isUid(text)) return text;
  throw new LeadglassError('MALFORMED', `Cannot read ${field}: not a UID (1 to 64 digits and dots, no leading zeros)`, {
    field,
  });
}

/** A UID written in our own source or in a generated table. */
export function knownUid(text: string): Uid {
  return parseUid(text, 'UID in source');
}

/** A new UID under 2.25 (PS3.5 B.2) from 16 random bytes. */
export function uidFromRandom(bytes: Uint8Array): Uid {
  let value = 0n;
  for (const byte of bytes.subarray(0, 16)) value = (value << 8n) | BigInt(byte);
  return knownUid(`2.25.${value}`);
}
