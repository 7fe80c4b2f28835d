/**
 * Tokens of devices for the web door: 256 random bits, so none can be guessed and a hash without a salt keeps them. Whoever
 * reads the database, or a copy of it, cannot use what stands there.
 */
import { createHash, randomBytes } from 'node:crypto';

/** Says what it is to whoever finds one in a log or a repository. */
const prefix = 'lgd_';
const form = /^lgd_[A-Za-z0-9_-]{43}$/;

export function makeToken(random: (length: number) => Buffer = randomBytes): string {
  return prefix + random(32).toString('base64url');
}

/** SHA-256 of the token; undefined for a text that was never one of ours. */
export function tokenHash(text: string): Uint8Array | undefined {
  return form.test(text) ? createHash('sha256').update(text).digest() : undefined;
}
