/**
 * People with accounts: everything of this part over one `people.sqlite`, put together. A door drives signIn, stepUp, enrolment and ownFactors;
 * administration goes through admin; every request of a person through sessions.use.
 */
import type { KeyRing } from '../keys/key-ring.ts';
import type { SecretStore } from '../keys/secret-store.ts';
import { type Account, isUsable } from './account.ts';
import { AccountAdmin } from './account-admin.ts';
import { AccountLinks } from './account-links.ts';
import { AccountStore } from './account-store.ts';
import { Ceremonies } from './ceremonies.ts';
import { CredentialStore, type Passkey } from './credential-store.ts';
import { Enrolment } from './enrolment.ts';
import type { RecordEvent } from './events.ts';
import type { IdentityProvider } from './identity-provider.ts';
import { IdentityStore, type LinkedIdentity } from './identity-store.ts';
import { Invitations } from './invitations.ts';
import { KnownBrowsers } from './known-browsers.ts';
import { OwnFactors } from './own-factors.ts';
import type { PeopleParts } from './parts.ts';
import { Passkeys, type RelyingParty } from './passkeys.ts';
import { Passcodes } from './passcodes.ts';
import { openPepper, PasswordHasher } from './password/password-hasher.ts';
import type { PasswordJudge } from './password/password-judge.ts';
import { PeopleDatabase } from './people-database.ts';
import type { PeopleLimits } from './people-limits.ts';
import { SecondPerson } from './second-person.ts';
import type { ProviderRules } from './provider-rules.ts';
import { RefusalQuiet } from './refusal-quiet.ts';
import { SessionPlaces } from './session-place.ts';
import { type SessionEnd, Sessions } from './sessions.ts';
import { SignIn } from './sign-in.ts';
import { SingleSignOn } from './single-sign-on.ts';
import { SignInLog } from './sign-in-log.ts';
import type { Place } from './signs.ts';
import { StepUp } from './step-up.ts';
import { Throttle } from './throttle.ts';

export interface PeopleOptions {
  /** `<data>/people.sqlite`; `:memory:` in tests. */
  readonly path: string;
  readonly ring: KeyRing;
  /** Wrapped secrets: the key of the passwords. */
  readonly secrets: SecretStore;
  readonly judge: PasswordJudge;
  readonly party: RelyingParty;
  /** Names of the hospital that no password may be made of. */
  readonly houseWords: readonly string[];
  readonly limits: PeopleLimits;
  /** The guard's steady time: a clock set back must not open what has ended. */
  readonly now: () => number;
  readonly record: RecordEvent;
  /** The end of a session could not be recorded; it has ended all the same. */
  readonly recordFailed: (error: unknown) => void;
  readonly placeOf?: (address: string) => Place | undefined;
  /** The hospital's provider, and what its word counts for; absent without single sign-on. */
  readonly singleSignOn?: { readonly provider: IdentityProvider; readonly rules: ProviderRules };
}

export class People implements Disposable {
  readonly sessions: Sessions;
  /** Is a session used where it belongs? */
  readonly places: SessionPlaces;
  readonly admin: AccountAdmin;
  /** For lost factors, and their confirmation by a second person. */
  readonly links: AccountLinks;
  /** Who may confirm what another one asked for. */
  readonly secondPerson: SecondPerson;
  readonly signIn: SignIn;
  readonly stepUp: StepUp;
  readonly enrolment: Enrolment;
  readonly ownFactors: OwnFactors;
  readonly singleSignOn: SingleSignOn;
  /** By which people say at DIMSE devices who they are. */
  readonly passcodes: Passcodes;
  readonly #database: PeopleDatabase;
  readonly #credentials: CredentialStore;
  readonly #identities: IdentityStore;
  readonly #accounts: AccountStore;
  readonly #now: () => number;

  /** @throws LeadglassError CORRUPT when the file is not ours or of a newer version, or the key of the passwords is damaged */
  constructor(options: PeopleOptions) {
    const { ring, judge, limits, now, record, houseWords, party } = options;
    const pepper = openPepper(options.secrets);
    const database = PeopleDatabase.open(options.path);
    const accounts = new AccountStore(database);
    const credentials = new CredentialStore(database, ring);
    const identities = new IdentityStore(database);
    const sessions = new Sessions({ database, accounts, limits, now });
    const parts: PeopleParts = {
      database,
      accounts,
      credentials,
      invitations: new Invitations(database, now),
      sessions,
      passcodes: new Passcodes({ database, accounts, sessions, pepper, limits, record, now }),
      browsers: new KnownBrowsers(database, limits, now),
      throttle: new Throttle(database, limits, now),
      quiet: new RefusalQuiet(limits, now),
      ceremonies: new Ceremonies(limits, now),
      hasher: new PasswordHasher({ pepper, limits }),
      judge,
      passkeys: new Passkeys({ party, store: credentials, limits, now }),
      signIns: new SignInLog(database, limits),
      identities,
      ...options.singleSignOn,
      pepper,
      limits,
      houseName: party.name,
      houseWords,
      record,
      now,
      ...(options.placeOf === undefined ? {} : { placeOf: options.placeOf }),
    };
    this.#database = database;
    this.#credentials = credentials;
    this.#identities = identities;
    this.#accounts = accounts;
    this.#now = now;
    this.sessions = parts.sessions;
    this.passcodes = parts.passcodes;
    this.places = new SessionPlaces(parts);
    this.secondPerson = new SecondPerson(parts);
    this.links = new AccountLinks(parts, this.secondPerson);
    this.admin = new AccountAdmin(parts, this.links);
    this.signIn = new SignIn(parts);
    this.stepUp = new StepUp(parts);
    this.enrolment = new Enrolment(parts);
    this.ownFactors = new OwnFactors(parts);
    this.singleSignOn = new SingleSignOn(parts, {
      admin: this.admin,
      enrolment: this.enrolment,
      places: this.places,
    });
    this.sessions.onEnd((session, end) => {
      const owner = endsPasscodes.includes(end) ? accounts.byId(session.accountId) : undefined;
      if (owner !== undefined) parts.passcodes.endOf(owner);
      // One that was never recorded as begun has no end either.
      const account = end === 'unrecorded' ? undefined : accounts.byId(session.accountId);
      if (account === undefined) return;
      const { id, email } = account;
      record({ kind: 'session-ended', atMs: now(), account: { id, email }, sessionId: session.id, detail: end }).catch(
        options.recordFailed,
      );
    });
  }

  /** The account of this address, if its person may sign in now. */
  usableAccount(email: string): Account | undefined {
    const account = this.#accounts.byEmail(email);
    return account !== undefined && isUsable(account, this.#now()) ? account : undefined;
  }

  /** Those of an account, suspended ones included. */
  passkeysOf(accountId: number): readonly Passkey[] {
    return this.#credentials.passkeys(accountId);
  }

  /** Who the account is at the provider; undefined for one with factors of its own. */
  identityOf(accountId: number): LinkedIdentity | undefined {
    return this.#identities.of(accountId);
  }

  [Symbol.dispose](): void {
    this.#database[Symbol.dispose]();
  }
}

/** Whoever ends a session in these ways means the person, or a thief: a passcode from it must not go on for its hour at a device. */
const endsPasscodes: readonly SessionEnd[] = ['stolen', 'provider', 'workstation'];
