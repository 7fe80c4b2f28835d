/**
 * Recovery codes (SP 800-63B-4 3.1.2, look-up secrets): for the day on which telephone or key are lost. Each has 80 random bits,
 * is good once, and is kept as a keyed hash bound to its account.
 */
import { createHmac, randomBytes } from 'node:crypto';

/** Crockford's alphabet: nothing in it is mistaken for something else when it is read from paper. */
const alphabet = '0123456789abcdefghjkmnpqrstvwxyz';
const groups = 4;
const groupLength = 4;
const form = /^[0-9abcdefghjkmnpqrstvwxyz]{16}$/;

/** `abcd-efgh-jkmn-pqrs` */
export function makeRecoveryCode(random: (length: number) => Buffer = randomBytes): string {
  const letters = [...random(groups * groupLength)].map((byte) => alphabet[byte & 31] ?? '');
  return Array.from({ length: groups }, (_, group) =>
    letters.slice(group * groupLength, (group + 1) * groupLength).join(''),
  ).join('-');
}

/** Undefined for a text that can be none. Letters that are mistaken for digits count as these. */
export function recoveryCodeHash(pepper: Buffer, accountId: number, typed: string): Buffer | undefined {
  if (typed.length > 64) return undefined;
  const code = typed.toLowerCase().replaceAll(/[\s-]/g, '').replaceAll('o', '0').replaceAll(/[il]/g, '1');
  if (!form.test(code)) return undefined;
  return createHmac('sha256', pepper).update(`recovery code ${accountId} ${code}`).digest();
}
