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
}

export interface SessionView {
  readonly account: { readonly id: number; readonly email: string; readonly name: string; readonly role: string };
  /** ISO 8601, UTC, as all moments here. */
  readonly signedInAt: string;
  readonly idleEndsAt: string;
  readonly endsAt: string;
  /** Until then a second factor counts as just shown; absent when it does not. */
  readonly stepUpUntil?: string;
  /** Emergency access that is open in this session: it sees that patient and nobody else until then. */
  readonly emergency?: { readonly patientId: string; readonly until: string };
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

export type SecondFactor = 'code' | 'passkey' | 'recovery-code';
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

  /** The session of this secret; asking counts as a use. Undefined when there is none. */
  session(secret: string): SessionView | undefined;
  signOut(secret: string): void;
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

export interface OwnSession {
  readonly id: number;
  readonly current: boolean;
  readonly createdAt: string;
  readonly lastUsedAt: string;
  readonly address: string;
  readonly userAgent: string;
}

export interface OwnFactors {
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
