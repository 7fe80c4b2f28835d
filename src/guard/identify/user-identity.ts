/**
 * User identity negotiation, PS3.7 D.3.3.7. Type 1 (a name) is recorded and gives no right. Types 2 (name and passcode) and 5
 * (JSON Web Token) are asked of whoever keeps accounts; as long as nobody does, they are declined. Types 3 (Kerberos), 4 (SAML)
 * and unknown ones are declined. A secret on a door without TLS is declined unseen.
 */
import type { AeTitle } from '../../dicom/ae-title.ts';
import type { UserIdentity } from '../../upper-layer/association-types.ts';
import type { RefusalReason } from '../refusal.ts';

/** Checks a person's secret. */
export interface AccountChecker {
  check(
    claim: AccountClaim,
  ): Promise<{ readonly accepted: true; readonly userName: string } | { readonly accepted: false }>;
}
export interface AccountClaim {
  readonly kind: 'passcode' | 'token';
  /** The name, or the token. */
  readonly primaryField: Uint8Array;
  /** The passcode; empty for a token. */
  readonly secondaryField: Uint8Array;
  readonly device: AeTitle;
  readonly address: string;
}

/** The checker of an installation without accounts: nobody is accepted. */
export const noAccounts: AccountChecker = { check: async () => ({ accepted: false }) };

export type UserIdentityOutcome = { readonly userName?: string } | { readonly reason: RefusalReason };

export async function checkUserIdentity(
  identity: UserIdentity | undefined,
  {
    isPlain,
    device,
    address,
    accounts,
    secretsBlocked,
    userNameCharactersMax,
  }: {
    readonly isPlain: boolean;
    readonly device: AeTitle;
    readonly address: string;
    readonly accounts: AccountChecker;
    /** Too many failures came from this address: no secret is even looked at. */
    readonly secretsBlocked: boolean;
    readonly userNameCharactersMax: number;
  },
): Promise<UserIdentityOutcome> {
  if (identity === undefined) return {};
  if (identity.type === 1) {
    // Only recorded: what is not UTF-8 is replaced, what is long is cut, since a name that gives no right needs no refusal.
    const name = new TextDecoder('utf-8').decode(identity.primaryField).trim();
    return name === '' ? {} : { userName: name.slice(0, userNameCharactersMax).toWellFormed() };
  }
  if (isPlain) return { reason: 'user-identity-plain' };
  if (identity.type !== 2 && identity.type !== 5) return { reason: 'user-identity-kind' };
  if (secretsBlocked) return { reason: 'too-many-failures' };
  const outcome = await accounts.check({
    kind: identity.type === 2 ? 'passcode' : 'token',
    primaryField: identity.primaryField,
    secondaryField: identity.secondaryField,
    device,
    address,
  });
  return outcome.accepted ? { userName: outcome.userName } : { reason: 'user-identity' };
}
