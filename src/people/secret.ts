/**
 * Secrets that are told once and kept as a hash: invitation links, sessions, ceremonies, known browsers, passcodes. Each has 256 random
 * bits, so none can be guessed and a hash without a salt keeps it. The prefix says what it is to whoever finds one in a log.
 */
import { createHash, randomBytes } from 'node:crypto';

const prefixes = { invitation: 'lgi_', session: 'lgs_', ceremony: 'lgc_', browser: 'lgb_', passcode: 'lgp_' } as const;
export type SecretKind = keyof typeof prefixes;

const body = /^[A-Za-z0-9_-]{43}$/;

export function makeSecret(kind: SecretKind, random: (length: number) => Buffer = randomBytes): string {
  return prefixes[kind] + random(32).toString('base64url');
}

/** SHA-256; undefined for a text that was never one of this kind. */
export function secretHash(kind: SecretKind, text: string): Buffer | undefined {
  const prefix = prefixes[kind];
  if (text.length !== prefix.length + 43 || !text.startsWith(prefix) || !body.test(text.slice(prefix.length))) {
    return undefined;
  }
  return createHash('sha256').update(text).digest();
}
