/**
 * The grammar that HTTP fields and the headers of MIME parts share, RFC 9110 5.6: tokens, quoted strings, lists and
 * parameters. What a field means is for the files beside this one.
 */
import { LeadglassError } from '../../../error.ts';

const tokenForm = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/;
/** Visible ASCII without quotation mark, comma, semicolon and backslash. */
const looseForm = /^[\x21\x23-\x2b\x2d-\x3a\x3c-\x5b\x5d-\x7e]+$/;
const quotedForm = /^"(?:[\t \x21\x23-\x5b\x5d-\x7e\x80-\xff]|\\[\t \x21-\x7e\x80-\xff])*"$/;

export function isToken(text: string): boolean {
  return tokenForm.test(text);
}

/** The pieces between separators that stand outside quoted strings; undefined when a quoted string has no end. */
export function splitOutsideQuotes(text: string, separator: ',' | ';'): readonly string[] | undefined {
  const pieces: string[] = [];
  let start = 0;
  let isQuoted = false;
  for (let at = 0; at < text.length; at += 1) {
    const character = text[at];
    if (isQuoted && character === '\\') at += 1;
    else if (character === '"') isQuoted = !isQuoted;
    else if (character === separator && !isQuoted) {
      pieces.push(text.slice(start, at));
      start = at + 1;
    }
  }
  if (isQuoted) return undefined;
  pieces.push(text.slice(start));
  return pieces;
}

/**
 * `name=value` pieces, names in lower case; undefined when one is malformed or stands twice (RFC 6838 4.3 forbids that).
 * An unquoted value may hold `/`, `=` and the like: nearly every DICOMweb client sends `type=application/dicom` so
 * (PS3.18 8.7.1 wants both accepted), and boundaries made by Python's email package hold `=`.
 */
export function parseParameters(pieces: readonly string[]): ReadonlyMap<string, string> | undefined {
  const parameters = new Map<string, string>();
  for (const piece of pieces) {
    const trimmed = trimSpaces(piece);
    // RFC 9110 5.6.6: empty parameters are nothing.
    if (trimmed === '') continue;
    const equals = trimmed.indexOf('=');
    const name = trimmed.slice(0, Math.max(0, equals)).toLowerCase();
    const value = valueOf(trimmed.slice(equals + 1));
    if (!isToken(name) || value === undefined || parameters.has(name)) return undefined;
    parameters.set(name, value);
  }
  return parameters;
}

function valueOf(text: string): string | undefined {
  if (quotedForm.test(text)) return text.slice(1, -1).replaceAll(/\\(.)/g, '$1');
  return looseForm.test(text) ? text : undefined;
}

/** RFC 9110 5.6.3: spaces and tabs, no other white space. */
export function trimSpaces(text: string): string {
  let start = 0;
  let end = text.length;
  while (start < end && isSpace(text.charCodeAt(start))) start += 1;
  while (end > start && isSpace(text.charCodeAt(end - 1))) end -= 1;
  return text.slice(start, end);
}

function isSpace(code: number): boolean {
  return code === 0x20 || code === 0x09;
}

/** The value of a parameter as it is written: as a token where it can be, else quoted. */
export function formatParameterValue(value: string): string {
  return isToken(value) ? value : `"${value.replaceAll(/["\\]/g, '\\$&')}"`;
}

/**
 * A field value that we write. Whatever could end the field or the head (CR, LF, NUL, other controls) and what is beyond
 * ASCII never leaves.
 * @throws LeadglassError INTERNAL: whoever made the value has not checked it
 */
export function checkedFieldValue(name: string, value: string): string {
  if (/^[\t\x20-\x7e]*$/.test(value)) return value;
  throw new LeadglassError('INTERNAL', 'Internal error; the log has the details', {
    detail: `the value of the header ${isToken(name) ? name : 'field'} holds characters that no header may hold`,
  });
}

/** @throws LeadglassError INTERNAL, as above */
export function checkedFieldName(name: string): string {
  if (isToken(name)) return name;
  throw new LeadglassError('INTERNAL', 'Internal error; the log has the details', {
    detail: 'the name of a header that we write is no token',
  });
}
