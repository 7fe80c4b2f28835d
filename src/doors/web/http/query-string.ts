/**
 * The query component of a target URI, RFC 3986 3.4 and PS3.18 8.3.1: taken apart and percent-decoded, safely. What the
 * parameters mean is for the resources.
 */
import { LeadglassError } from '../../../error.ts';

export interface QueryLimits {
  readonly queryParametersMax: number;
  readonly queryCharactersMax: number;
}

/** One parameter, its name decoded, its value as it came: where it is split and what `+` means depends on the name. */
export interface QueryParameter {
  readonly name: string;
  /** Not decoded; undefined when only the name stands there. */
  readonly raw: string | undefined;
}

/**
 * @param query what follows the `?`, without it; undefined when there is none
 * @throws LeadglassError MALFORMED, LIMIT_EXCEEDED
 */
export function parseQueryString(query: string | undefined, limits: QueryLimits): readonly QueryParameter[] {
  const { queryParametersMax, queryCharactersMax } = limits;
  if (query === undefined) return [];
  if (query.length > queryCharactersMax) throw tooMuch(`more than ${queryCharactersMax} characters`);
  const parameters: QueryParameter[] = [];
  // Empty ones come from `?&limit=1` and a trailing `&`; the standard's own templates make the former.
  for (const piece of query.split('&').filter((text) => text !== '')) {
    if (parameters.length >= queryParametersMax) throw tooMuch(`more than ${queryParametersMax} parameters`);
    const equals = piece.indexOf('=');
    const name = percentDecode(equals < 0 ? piece : piece.slice(0, equals), 'a parameter name');
    parameters.push({ name, raw: equals < 0 ? undefined : piece.slice(equals + 1) });
  }
  return parameters;
}

/**
 * The text of a part of a URI. Refused are escapes that are none, bytes that are no UTF-8, and control characters, NUL above
 * all (PS3.18 8.3.1), also raw ones; `+` stays what it is.
 * @param what for the error text; the value itself may be patient data and is not repeated
 * @throws LeadglassError MALFORMED
 */
export function percentDecode(raw: string, what: string): string {
  if (!/^(?:[\x20-\x24\x26-\x7e]|%[0-9A-Fa-f]{2})*$/.test(raw)) throw malformed(what);
  let text: string;
  try {
    text = decodeURIComponent(raw);
  } catch {
    throw malformed(what);
  }
  if (/\p{Cc}/u.test(text)) throw malformed(what);
  return text;
}

/** The decoded value of a parameter that may stand once; undefined when it is absent. @throws LeadglassError */
export function singleValue(parameters: readonly QueryParameter[], name: string): string | undefined {
  const found = parameters.filter((parameter) => parameter.name === name);
  if (found.length > 1)
    throw new LeadglassError('BAD_REQUEST', `Cannot read the query: ${name} stands twice`, { field: name });
  const [parameter] = found;
  return parameter === undefined ? undefined : percentDecode(parameter.raw ?? '', name);
}

function malformed(what: string): LeadglassError {
  return new LeadglassError('MALFORMED', `Cannot read the URI: ${what} is not percent-encoded UTF-8`, { field: 'URI' });
}

function tooMuch(what: string): LeadglassError {
  return new LeadglassError('LIMIT_EXCEEDED', `Cannot read the query: it has ${what}`, { field: 'URI' });
}
