/** Media types, RFC 9110 8.3.1 and PS3.18 8.7: read from Content-Type and written into it. */
import {
  checkedFieldValue,
  formatParameterValue,
  isToken,
  parseParameters,
  splitOutsideQuotes,
  trimSpaces,
} from './field-syntax.ts';

export interface MediaType {
  /** In lower case, for instance `multipart/related`. */
  readonly name: string;
  /** Names in lower case; values as they came, unquoted. */
  readonly parameters: ReadonlyMap<string, string>;
}

/** undefined when the text is no media type. */
export function parseMediaType(text: string): MediaType | undefined {
  const pieces = splitOutsideQuotes(text, ';');
  if (pieces === undefined) return undefined;
  const [first = '', ...others] = pieces;
  const name = trimSpaces(first).toLowerCase();
  const parameters = parseParameters(others);
  return isMediaTypeName(name) && parameters !== undefined ? { name, parameters } : undefined;
}

/** `type/subtype`, both tokens. */
export function isMediaTypeName(name: string): boolean {
  const slash = name.indexOf('/');
  return slash > 0 && isToken(name.slice(0, slash)) && isToken(name.slice(slash + 1));
}

/** For Content-Type. @throws LeadglassError INTERNAL when a value cannot stand in a header */
export function formatMediaType(name: string, parameters: Iterable<readonly [string, string]> = []): string {
  let text = name;
  // PS3.18 writes the type of multipart/related quoted, and it must be: it holds a slash.
  for (const [key, value] of parameters) text += `; ${key}=${formatParameterValue(value)}`;
  return checkedFieldValue('Content-Type', text);
}
