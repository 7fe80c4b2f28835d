/** What the flows of this part share: the stores and helpers of one installation, made once by people.ts. */
import { readPassword } from './password/password-text.ts';
import type { PasswordHasher } from './password/password-hasher.ts';
import type { PasswordJudge } from './password/password-judge.ts';
import type { Account } from './account.ts';
import type { AccountStore } from './account-store.ts';
import type { Ceremonies } from './ceremonies.ts';
import type { CredentialStore } from './credential-store.ts';
import type { PeopleEvent, RecordEvent } from './events.ts';
import type { IdentityProvider } from './identity-provider.ts';
import type { IdentityStore } from './identity-store.ts';
import type { Invitations } from './invitations.ts';
import type { KnownBrowsers } from './known-browsers.ts';
import type { Passkeys } from './passkeys.ts';
import type { Passcodes } from './passcodes.ts';
import type { PeopleDatabase } from './people-database.ts';
import type { PeopleLimits } from './people-limits.ts';
import type { ProviderRules } from './provider-rules.ts';
import { PeopleRefusedError, type PeopleReason } from './refusal.ts';
import type { RefusalQuiet } from './refusal-quiet.ts';
import type { Sessions } from './sessions.ts';
import type { SignInLog } from './sign-in-log.ts';
import type { Place } from './signs.ts';
import type { Throttle } from './throttle.ts';

export interface PeopleParts {
  readonly database: PeopleDatabase;
  readonly accounts: AccountStore;
  readonly credentials: CredentialStore;
  readonly invitations: Invitations;
  readonly sessions: Sessions;
  readonly passcodes: Passcodes;
  readonly browsers: KnownBrowsers;
  readonly throttle: Throttle;
  readonly quiet: RefusalQuiet;
  readonly ceremonies: Ceremonies;
  readonly hasher: PasswordHasher;
  readonly judge: PasswordJudge;
  readonly passkeys: Passkeys;
  readonly signIns: SignInLog;
  readonly identities: IdentityStore;
  /** Both or none: single sign-on is configured. */
  readonly provider?: IdentityProvider;
  readonly rules?: ProviderRules;
  readonly pepper: Buffer;
  readonly limits: PeopleLimits;
  /** How authenticator applications and browsers call this server. */
  readonly houseName: string;
  /** Names of the hospital that no password may be made of. */
  readonly houseWords: readonly string[];
  readonly placeOf?: (address: string) => Place | undefined;
  readonly record: RecordEvent;
  readonly now: () => number;
}

export function named({ id, email }: Account): NonNullable<PeopleEvent['account']> {
  return { id, email };
}

/** The password's text when it can be one; undefined otherwise: then it is checked against nobody, as slowly as any other. */
export function passwordText(typed: string, limits: PeopleLimits): string | undefined {
  const read = readPassword(typed, limits);
  return 'fault' in read ? undefined : read.text;
}

/**
 * Runs `work`; a refusal of this part is in the ledger before who asked is told.
 * @param event what is known of whom and where; the reason comes from the refusal
 */
export async function recordingRefusals<T>(
  { record, now }: Pick<PeopleParts, 'record' | 'now'>,
  event: () => Omit<PeopleEvent, 'atMs' | 'reason'>,
  work: () => Promise<T>,
): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof PeopleRefusedError) await record({ ...event(), atMs: now(), reason: error.reason });
    throw error;
  }
}

export function refuse(reason: PeopleReason): never {
  throw new PeopleRefusedError(reason);
}
