/**
 * A program that may act for people at the web door (an OAuth 2.0 client, RFC 6749): registered by an administrator with its exact
 * addresses, what it may ask for at most, reason, owner and end date, as an opening is. It has no secret and no right of its own: what it
 * does is what a person may do and let it do.
 */
import * as v from 'valibot';
import { endSchema, type OpeningClosed, textSchema } from './opening.ts';
import { programScope } from './program-scope.ts';

const redirectUrisMax = 16;
const uriLengthMax = 512;

export const programTermsSchema = v.strictObject({
  /** Its client identifier; no secret. */
  name: v.pipe(v.string(), v.regex(/^[a-z0-9][a-z0-9._-]{0,63}$/, 'must be small letters, digits, dots and dashes')),
  /** What people read when they are asked. */
  title: textSchema(100),
  redirectUris: v.pipe(
    v.array(
      v.pipe(
        v.string(),
        v.maxLength(uriLengthMax),
        v.check(
          isRedirectUri,
          'must be https://… or, on this very machine, http://127.0.0.1…, complete, without * and #',
        ),
      ),
    ),
    v.minLength(1, 'must name an address'),
    v.maxLength(redirectUrisMax),
    v.readonly(),
  ),
  /** The most it may ask for. */
  scope: v.pipe(
    v.string(),
    v.check((text) => programScope(text) !== undefined, 'must be such as user/ImagingStudy.rs'),
  ),
  reason: textSchema(1000),
  owner: textSchema(256),
  validUntilMs: endSchema,
});
export type ProgramTerms = v.InferOutput<typeof programTermsSchema>;

export interface Program extends ProgramTerms {
  readonly id: number;
  readonly createdAtMs: number;
  readonly lastUsedAtMs?: number;
  readonly removed?: OpeningClosed;
}

/** May codes and tokens be given for it now? */
export function isProgramOpen({ removed, validUntilMs }: Program, nowMs: number): boolean {
  return removed === undefined && nowMs < validUntilMs;
}

/**
 * Written as it is compared: letter by letter (RFC 9700 4.1.3). What a URL parser would change, a browser would too, so it is none; an
 * address of the person's own machine may come without TLS (RFC 8252 8.3).
 */
export function isRedirectUri(text: string): boolean {
  if (!URL.canParse(text) || /[*#\\]/.test(text)) return false;
  const { href, protocol, hostname, username, password } = new URL(text);
  if (href !== text || username !== '' || password !== '') return false;
  return protocol === 'https:' || (protocol === 'http:' && ['localhost', '127.0.0.1', '[::1]'].includes(hostname));
}
