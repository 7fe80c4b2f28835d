/**
 * What the console's API needs of whoever keeps accounts: one function for each step that a browser takes. Everything is JSON, binary
 * members of WebAuthn in base64url as its JSON forms have them. Secrets of sessions and browsers are for cookies only and stand in no body.
 */

/** What a browser at the door showed of itself; no proof. */
export interface BrowserFacts {
  readonly address: string;
  readonly userAgent: string;
  /** Secret of a browser in which somebody signed in before. */
  readonly browser?: string;
  /** Name of the enrolled workstation at which it stands; the guard has looked at its certificate. */
  readonly workstation?: string;
}

export interface SessionView {
  readonly account: { readonly id: number; readonly email: string; readonly name: string; readonly role: string };
  /** ISO 8601, UTC, as all moments here. */
  readonly signedInAt: string;
  readonly idleEndsAt: string;
  readonly endsAt: string;
  /** Until then a second factor counts as just shown; absent when it does not. */
  readonly stepUpUntil?: string;
  /** What is open to the person with images at this moment; from where one comes and what workstation it is may leave less. */
  readonly may: readonly string[];
  /** Emergency access that is open in this session: it sees that patient and nobody else until then. */
  readonly emergency?: { readonly patientId: string; readonly until: string };
  /** Name of the workstation at which it was begun. */
  readonly workstation?: string;
}

/** Somebody has shown two factors. */
export interface SignedIn {
  readonly session: SessionView;
  /** For the cookie of the session. */
  readonly secret: string;
  /** For the cookie by which this browser is known again. */
  readonly browser?: string;
  readonly recoveryCodesLeft?: number;
}

/** `provider`: at the hospital's own sign-in, by `providerStepUp`. */
export type SecondFactor = 'code' | 'passkey' | 'recovery-code' | 'provider';

/** How people come in. */
export interface SignInWays {
  /** The hospital's own sign-in, as people call it; absent where there is none. */
  readonly provider?: { readonly name: string };
  /** Whose passkeys and passwords are taken. */
  readonly local: 'everybody' | 'administrators';
}

/** The browser goes to the hospital's sign-in and comes back to `/sign-in/callback` of the same origin. */
export interface ProviderTrip {
  /** For the cookie that binds the answer to this browser. */
  readonly ceremony: string;
  readonly location: string;
}
export type ProviderOutcome =
  | ({ readonly done: 'sign-in' } & SignedIn)
  | { readonly done: 'enrol'; readonly email: string }
  | ({ readonly done: 'step-up' } & SignedIn);
/** PublicKeyCredentialCreationOptionsJSON or PublicKeyCredentialRequestOptionsJSON (WebAuthn level 3, 5.1.8 and 5.1.9). */
export type PasskeyOptions = Readonly<Record<string, unknown>>;

export interface Challenge {
  readonly ceremony: string;
  readonly next: readonly SecondFactor[];
  readonly passkey?: PasskeyOptions;
}

/** Each throws LeadglassError with a text that is safe for a stranger; what went wrong is in the ledger. */
export interface PeopleFlows {
  signInBegin(from: BrowserFacts): Promise<{ readonly ceremony: string; readonly passkey: PasskeyOptions }>;
  signInPasskey(from: BrowserFacts, given: { ceremony: string; credential: unknown }): Promise<SignedIn>;
  signInPassword(from: BrowserFacts, given: { email: string; password: string }): Promise<Challenge>;
  signInCode(from: BrowserFacts, given: { ceremony: string; code: string }): Promise<SignedIn>;
  /** The second of two factors, beside a password. */
  signInSecondPasskey(from: BrowserFacts, given: { ceremony: string; credential: unknown }): Promise<SignedIn>;
  signInRecoveryCode(from: BrowserFacts, given: { ceremony: string; code: string }): Promise<SignedIn>;

  signInWays(): SignInWays;
  /** @param origin of the console, where the browser is to come back to */
  providerSignIn(from: BrowserFacts, given: { origin: string }): Promise<ProviderTrip>;
  providerEnrol(from: BrowserFacts, given: { origin: string; ceremony: string }): Promise<ProviderTrip>;
  providerStepUp(from: BrowserFacts, secret: string, given: { origin: string }): Promise<ProviderTrip>;
  /** @param given.parameters the query with which the browser came back */
  providerFinish(
    from: BrowserFacts,
    secret: string | undefined,
    given: { ceremony: string; parameters: string },
  ): Promise<ProviderOutcome>;
  /** What the provider itself sends. @throws LeadglassError BAD_REQUEST for a token that is not good */
  providerLogout(from: BrowserFacts, given: { token: string }): Promise<void>;

  /**
   * The session of this secret; asking counts as a use where the session is at home. From elsewhere less is told: a factor is still to be shown.
   * Undefined when there is none.
   */
  session(secret: string, from: BrowserFacts): SessionView | undefined;
  /** @returns where to sign out at the provider, too, when the session came from there */
  signOut(secret: string, given: { origin: string }): string | undefined;
  stepUpBegin(from: BrowserFacts, secret: string): Promise<Challenge>;
  /** With more rights comes another secret (session fixation). */
  stepUpPasskey(
    from: BrowserFacts,
    secret: string,
    given: { ceremony: string; credential: unknown },
  ): Promise<SignedIn>;
  stepUpCode(from: BrowserFacts, secret: string, given: { ceremony: string; code: string }): Promise<SignedIn>;

  enrolBegin(from: BrowserFacts, given: { invitation: string }): Promise<EnrolmentView>;
  /** Of the first administrator, who is nobody yet: address and name, before anything else. */
  enrolName(
    from: BrowserFacts,
    given: { ceremony: string; email: string; name: string },
  ): Promise<{ readonly email: string; readonly passkey: PasskeyOptions }>;
  /** While somebody types; nothing is taken. */
  enrolCheckPassword(given: { ceremony: string; password: string }): Promise<PasswordView>;
  /** The short way: enrolled. */
  enrolPasskey(from: BrowserFacts, given: { ceremony: string; credential: unknown; label: string }): Promise<Enrolled>;
  /** The long way: a password that is good, then a code that shows that the application has the secret. */
  enrolPassword(given: { ceremony: string; password: string }): Promise<{ readonly code: NewCode }>;
  enrolCode(from: BrowserFacts, given: { ceremony: string; code: string }): Promise<Enrolled>;

  /**
   * Is this session used by its own browser, from a network where its person has shown a factor?
   * @param toProve one is about to be shown, or the session is only looked at
   */
  atItsPlace(from: BrowserFacts, secret: string, how: { readonly toProve: boolean }): Promise<void>;
  ownSessions(secret: string): Promise<readonly OwnSession[]>;
  endOwnSession(secret: string, given: { id: number | 'others' }): Promise<void>;
  ownFactors(secret: string): Promise<OwnFactors>;
  passkeyBegin(
    from: BrowserFacts,
    secret: string,
  ): Promise<{ readonly ceremony: string; readonly passkey: PasskeyOptions }>;
  passkeyAdd(secret: string, given: { ceremony: string; credential: unknown; label: string }): Promise<void>;
  passkeyRename(secret: string, given: { id: number; label: string }): Promise<void>;
  passkeyRemove(secret: string, given: { id: number }): Promise<void>;
  codeBegin(
    from: BrowserFacts,
    secret: string,
    given: { password?: string },
  ): Promise<{ readonly ceremony: string; readonly code: NewCode }>;
  codeConfirm(
    secret: string,
    given: { ceremony: string; code: string },
  ): Promise<{ readonly recoveryCodes: readonly string[] }>;
  /** For DIMSE devices. */
  passcodes(secret: string): Promise<readonly PasscodeView[]>;
  passcodeMake(secret: string, given: { device: string }): Promise<NewPasscode>;
  passcodeEnd(secret: string, given: { id: number }): Promise<void>;
  passwordChange(from: BrowserFacts, secret: string, given: { present: string; password: string }): Promise<void>;
  recoveryCodes(secret: string): Promise<{ readonly recoveryCodes: readonly string[] }>;
}

export interface EnrolmentView {
  readonly ceremony: string;
  /** `reset` replaces all factors that the account had. */
  readonly kind: 'enrol' | 'reset';
  /** Absent for the first administrator, who says it with `enrolName`. */
  readonly email?: string;
  readonly name?: string;
  readonly role: string;
  readonly passkey: PasskeyOptions;
  /** The hospital's own sign-in, where there is one; the only way in where `local` is false. */
  readonly provider?: { readonly name: string };
  /** May this person have factors of their own here? */
  readonly local: boolean;
  /** Code points. */
  readonly password: { readonly min: number; readonly max: number };
}

export interface PasswordView {
  /** 0 to 4. */
  readonly score: number;
  /** Absent when it would be taken. */
  readonly refusal?: { readonly code: string; readonly text: string; readonly hint: string };
}

export interface Enrolled {
  readonly email: string;
  /** Shown once; empty where a passkey was enrolled. */
  readonly recoveryCodes: readonly string[];
}

/** A secret for one-time codes, shown once (RFC 6238). */
export interface NewCode {
  readonly secret: string;
  readonly uri: string;
  readonly qrSvg: string;
}

/** By which somebody says at one DIMSE device who they are (PS3.7 D.3.3.7). */
export interface PasscodeView {
  readonly id: number;
  /** AE title. */
  readonly device: string;
  readonly createdAt: string;
  readonly until: string;
}

/** Shown once. */
export interface NewPasscode {
  readonly id: number;
  readonly device: string;
  readonly until: string;
  /** For user identity of type 2. */
  readonly userName: string;
  readonly passcode: string;
  /** For user identity of type 5: a JSON Web Token. */
  readonly token: string;
}

export interface OwnSession {
  readonly id: number;
  readonly current: boolean;
  readonly createdAt: string;
  readonly lastUsedAt: string;
  readonly address: string;
  readonly userAgent: string;
  readonly workstation?: string;
}

export interface OwnFactors {
  /** The account comes from the hospital's own sign-in and has no factors here. */
  readonly provider?: {
    readonly name: string;
    readonly issuer: string;
    readonly subject: string;
    readonly since: string;
    readonly department?: string;
  };
  readonly passkeys: readonly {
    readonly id: number;
    readonly label: string;
    readonly createdAt: string;
    readonly lastUsedAt?: string;
    /** It may have been copied, and is not taken any more. */
    readonly suspended?: boolean;
  }[];
  readonly hasPassword: boolean;
  readonly hasCode: boolean;
  readonly recoveryCodesLeft: number;
}
