/**
 * User identity negotiation, PS3.7 D.3.3.7. Type 1 (a name) is recorded and gives no right. Types 2 (name and passcode) and 5
 * (JSON Web Token) name a person with an account, as whoever keeps accounts says; from then on the association may do what device
 * and person both may. Types 3 (Kerberos), 4 (SAML) and unknown ones are declined. A secret on a door without TLS is declined unseen.
 */
import type { AeTitle } from '../../dicom/ae-title.ts';
import type { UserIdentity } from '../../upper-layer/association-types.ts';
import type { RefusalReason } from '../refusal.ts';
import type { Role } from '../roles.ts';

/** A person at a device, proven by a short-lived passcode. */
export interface UserProof {
  /** Number of the passcode; never the passcode. */
  readonly id: number;
  readonly account: string;
  readonly role: Role;
  /** First moment at which it is good no more. */
  readonly endsAtMs: number;
}

/** Checks what a person shows at a device. */
export interface AccountChecker {
  check(claim: AccountClaim): Promise<
    | { readonly accepted: true; readonly user: UserProof }
    /** `account`: whose name was said, when it is one of ours: people type other secrets into the wrong field. */
    | { readonly accepted: false; readonly account?: string }
  >;
  /** The same as it is now, for a look again; undefined when it has ended or its account is disabled. */
  byId(id: number): UserProof | undefined;
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
export const noAccounts: AccountChecker = { check: async () => ({ accepted: false }), byId: () => undefined };

export type UserIdentityOutcome =
  | { readonly userName?: string; readonly user?: UserProof }
  | { readonly reason: RefusalReason; readonly account?: string };

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
    /** Too many failures came from this address or device: no secret is even looked at. */
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
  if (outcome.accepted) return { userName: outcome.user.account, user: outcome.user };
  return { reason: 'user-identity', ...(outcome.account === undefined ? {} : { account: outcome.account }) };
}
