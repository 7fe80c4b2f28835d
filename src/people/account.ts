/**
 * What an account is: the words, and how an e-mail address and a name become one. Who may change it is left to accounts.ts.
 */
import { domainToASCII } from 'node:url';
import { LeadglassError } from '../error.ts';

export const roles = [
  'physician',
  'technologist',
  'researcher',
  'exchange-clerk',
  'administrator',
  'security-officer',
] as const;
export type Role = (typeof roles)[number];

/** Who may confirm that somebody else's lost factor is set anew. */
export const confirmingRoles: readonly Role[] = ['administrator', 'security-officer'];

export const accountStates = ['invited', 'active', 'disabled'] as const;
export type AccountState = (typeof accountStates)[number];

/** Who changed something: a person with an account, or somebody whom the operating system lets administer this server. */
export type Actor =
  | { readonly kind: 'account'; readonly accountId: number; readonly email: string }
  | { readonly kind: 'operator'; readonly user: string }
  /** The hospital's provider, by its issuer: what its groups say. */
  | { readonly kind: 'provider'; readonly issuer: string };

/** As it stands in histories and records: `person a@b.example`, `operator root`, `provider https://login.example`. */
export function actorText(actor: Actor): string {
  switch (actor.kind) {
    case 'account':
      return `person ${actor.email}`;
    case 'operator':
      return `operator ${actor.user}`;
    case 'provider':
      return `provider ${actor.issuer}`;
  }
}

export interface Account {
  /** Never given to another account. */
  readonly id: number;
  /** WebAuthn user handle: 32 random bytes that say nothing about the person (WebAuthn 14.6.1). */
  readonly handle: Buffer;
  /** As parseEmail writes it. */
  readonly email: string;
  readonly displayName: string;
  readonly role: Role;
  readonly state: AccountState;
  /** First moment at which the account is over; absent for one without an end. */
  readonly untilMs?: number;
  readonly createdAtMs: number;
  readonly createdBy: string;
  /** When somebody used it first; stays, whatever becomes of the account. */
  readonly enrolledAtMs?: number;
  readonly disabled?: { readonly atMs: number; readonly by: string; readonly reason: string };
}

/** May this account sign in now? Its end is looked at each time, not only by a job. */
export function isUsable(account: Account, nowMs: number): boolean {
  return account.state === 'active' && !isOver(account, nowMs);
}

export function isOver(account: Account, nowMs: number): boolean {
  return account.untilMs !== undefined && nowMs >= account.untilMs;
}

/**
 * The account of the first start, before anybody has said who it is for: an address that never is anybody's (RFC 6761 6.4). Whoever
 * opens its link names themselves first.
 */
export const unnamedEmail = 'first-administrator@leadglass.invalid';
/** Who makes that account. */
export const firstStart = { kind: 'operator', user: 'first start' } as const satisfies Actor;

/** Has an administrator ever enrolled? Then nobody is the first one any more, whatever became of that account. */
export function hasAdministrator(accounts: readonly Account[]): boolean {
  return accounts.some(({ role, enrolledAtMs }) => role === 'administrator' && enrolledAtMs !== undefined);
}

export interface AccountTextLimits {
  readonly emailCharactersMax: number;
  readonly emailLocalPartCharactersMax: number;
  readonly displayNameCharactersMax: number;
}

// RFC 5321 4.1.2 without quoted strings, and RFC 6531 letters: what mail systems give to people.
const localPart = /^[\p{L}\p{M}\p{N}!#$%&'*+/=?^_`{|}~-]+(?:\.[\p{L}\p{M}\p{N}!#$%&'*+/=?^_`{|}~-]+)*$/u;
// The last label is a word: what ends with a number is an address of the network, which domainToASCII would write out.
const domainForm = /^(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)*[a-z](?:[a-z0-9-]{0,61}[a-z0-9])?$/;

/**
 * One spelling for each address: compatibility forms folded (NFKC, so that full-width letters are no second person), lower case,
 * the domain as DNS has it. Mail systems of today do not tell `A@` from `a@`.
 * @throws LeadglassError BAD_REQUEST when it is none
 */
export function parseEmail(text: string, limits: AccountTextLimits): string {
  const bad = (why: string): LeadglassError =>
    new LeadglassError('BAD_REQUEST', `Cannot read the e-mail address: ${why}`);
  if (text.length > limits.emailCharactersMax) throw bad(`longer than ${limits.emailCharactersMax} characters`);
  if (!text.isWellFormed()) throw bad('not a text');
  const folded = text.normalize('NFKC').trim().toLowerCase().normalize('NFKC');
  const at = folded.lastIndexOf('@');
  const local = folded.slice(0, Math.max(0, at));
  if (at < 0 || local.length > limits.emailLocalPartCharactersMax || !localPart.test(local)) {
    throw bad('expected name@hospital.example');
  }
  const asked = folded.slice(at + 1);
  // domainToASCII forgives more than a name: paths, ports, escapes. Those characters are in no name.
  const domain = /^[\p{L}\p{M}\p{N}.-]+$/u.test(asked) ? domainToASCII(asked) : '';
  const email = `${local}@${domain}`;
  if (!domainForm.test(domain) || email.length > limits.emailCharactersMax) throw bad('expected name@hospital.example');
  return email;
}

/** @throws LeadglassError BAD_REQUEST for an empty or long name, or one with characters that no name has */
export function parseDisplayName(text: string, limits: AccountTextLimits): string {
  const isTooLong = text.length > limits.displayNameCharactersMax;
  const name = isTooLong || !text.isWellFormed() ? '' : text.normalize('NFC').trim();
  // Format characters reorder what a person reads in a list of accounts.
  if (name === '' || /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Co}]/u.test(name)) {
    throw new LeadglassError(
      'BAD_REQUEST',
      `Cannot read the name: expected 1 to ${limits.displayNameCharactersMax} characters without control characters`,
    );
  }
  return name;
}
