/**
 * Checking a code, a recovery code or a passkey of a known account; used by sign-in and by step-up, which count and record around it.
 */
import type { Account } from './account.ts';
import type { Passkey } from './credential-store.ts';
import { matchingStep } from './one-time-code.ts';
import type { PasskeyOptions } from './passkeys.ts';
import { type PeopleParts, refuse } from './parts.ts';
import { recoveryCodeHash } from './recovery-code.ts';

export interface SecondFactors {
  readonly code: boolean;
  readonly recoveryCode: boolean;
  readonly passkey?: PasskeyOptions['options'];
  /** At the hospital's provider, and nowhere else. */
  readonly provider?: true;
}

/** What the account can show, with a challenge for its passkeys. */
export async function offer(
  { credentials, passkeys, identities, provider }: PeopleParts,
  accountId: number,
): Promise<{ readonly factors: SecondFactors; readonly challenge?: string }> {
  if (provider !== undefined && identities.of(accountId) !== undefined) {
    return { factors: { code: false, recoveryCode: false, provider: true } };
  }
  const own = credentials.passkeys(accountId).filter(({ suspendedAtMs }) => suspendedAtMs === undefined);
  const code = credentials.codeSecret(accountId) !== undefined;
  const factors = { code, recoveryCode: credentials.recoveryCodesLeft(accountId) > 0 };
  if (own.length === 0) return { factors };
  const { challenge, options } = await passkeys.authenticationOptions(own);
  return { factors: { ...factors, passkey: options }, challenge };
}

/** @throws PeopleRefusedError code-wrong, code-replayed */
export function checkCode({ credentials, limits, now }: PeopleParts, accountId: number, typed: string): void {
  const secret = credentials.codeSecret(accountId);
  if (secret === undefined) refuse('code-wrong');
  const step = matchingStep(secret, typed, now(), limits);
  if (step === undefined) refuse('code-wrong');
  if (!credentials.takeStep(accountId, step)) refuse('code-replayed');
}

/** Uses it up. @returns how many are left @throws PeopleRefusedError recovery-code-wrong */
export function checkRecoveryCode({ credentials, pepper }: PeopleParts, accountId: number, typed: string): number {
  const hash = recoveryCodeHash(pepper, accountId, typed);
  if (hash === undefined || !credentials.takeRecoveryCode(accountId, hash)) refuse('recovery-code-wrong');
  return credentials.recoveryCodesLeft(accountId);
}

/** @throws PeopleRefusedError passkey-… ; passkey-foreign when it is another account's */
export async function checkPasskey(
  { passkeys, accounts }: PeopleParts,
  account: Account,
  { answer, challenge }: { readonly answer: unknown; readonly challenge: string | undefined },
): Promise<Passkey> {
  if (challenge === undefined) refuse('ceremony-unknown');
  const passkey = await passkeys.verify(answer, challenge, (id) => accounts.byId(id)?.handle);
  if (passkey.accountId !== account.id) refuse('passkey-foreign');
  return passkey;
}
