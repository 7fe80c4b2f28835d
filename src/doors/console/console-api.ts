/**
 * What the console and the server say to each other about people: JSON over the web door's own origin, under /api. Types
 * only; the calls of control-calls.ts go the same way under /api/control. Binary members of WebAuthn are base64url, as in
 * the JSON forms of WebAuthn Level 3 (5.1.8, 5.1.9).
 */
export const roles = [
  'physician',
  'technologist',
  'researcher',
  'exchange-clerk',
  'administrator',
  'security-officer',
] as const;
export type Role = (typeof roles)[number];

/** RFC 9457, with the code of error.ts, or STEP_UP where a fresh second factor is asked for. */
export interface ApiProblem {
  readonly title: string;
  readonly status: number;
  readonly detail: string;
  readonly code: string;
  readonly field?: string;
}

export interface Session {
  readonly account: { readonly id: string; readonly email: string; readonly name: string; readonly role: Role };
  readonly signedInAt: string;
  readonly idleEndsAt: string;
  readonly endsAt: string;
  readonly stepUpUntil?: string;
  readonly language?: string;
}

/** Credential descriptors and the rest go to the browser as they came. */
export interface PasskeyRequest {
  readonly challenge: string;
  readonly rpId?: string;
  readonly timeout?: number;
  readonly userVerification?: string;
  readonly allowCredentials?: readonly { readonly id: string; readonly type: string }[];
}
export interface PasskeyCreation {
  readonly challenge: string;
  readonly rp: { readonly id?: string; readonly name: string };
  readonly user: { readonly id: string; readonly name: string; readonly displayName: string };
  readonly pubKeyCredParams: readonly { readonly type: string; readonly alg: number }[];
  readonly timeout?: number;
  readonly excludeCredentials?: readonly { readonly id: string; readonly type: string }[];
  readonly authenticatorSelection?: {
    readonly residentKey?: string;
    readonly requireResidentKey?: boolean;
    readonly userVerification?: string;
  };
  readonly attestation?: string;
}
/** PublicKeyCredential.toJSON(). */
export type CredentialJson = Readonly<Record<string, unknown>>;

export type NextFactor = 'code' | 'passkey' | 'recovery-code';
export interface FactorWanted {
  readonly ceremony: string;
  readonly next: readonly NextFactor[];
  readonly passkey?: PasskeyRequest;
}
export interface CodeSecret {
  /** Base32, in groups that can be typed. */
  readonly secret: string;
  readonly uri: string;
  /** A whole SVG image. */
  readonly qrSvg: string;
}
export interface PasswordVerdict {
  readonly score: 0 | 1 | 2 | 3 | 4;
  readonly refusal?: { readonly code: string; readonly text: string; readonly hint: string };
}
export interface EnrolmentBegun {
  readonly ceremony: string;
  readonly email: string;
  readonly role: Role;
  readonly hospital: string;
  readonly passkey: PasskeyCreation;
  readonly password: { readonly min: number; readonly max: number };
}
export interface OwnSession {
  readonly id: string;
  readonly current: boolean;
  readonly createdAt: string;
  readonly lastUsedAt: string;
  readonly address: string;
  readonly userAgent: string;
}
export interface OwnFactors {
  readonly passkeys: readonly {
    readonly id: string;
    readonly label: string;
    readonly createdAt: string;
    readonly lastUsedAt?: string;
  }[];
  readonly hasPassword: boolean;
  readonly hasCode: boolean;
  readonly recoveryCodesLeft: number;
}

type Empty = Readonly<Record<string, never>>;
type Asked<A, R> = { readonly asks: A; readonly answers: R };

/** POST /api/{path}; the path is the key. */
export interface PeopleCalls {
  readonly 'sign-in/begin': Asked<Empty, { readonly ceremony: string; readonly passkey: PasskeyRequest }>;
  readonly 'sign-in/passkey': Asked<{ readonly ceremony: string; readonly credential: CredentialJson }, Session>;
  readonly 'sign-in/password': Asked<{ readonly email: string; readonly password: string }, FactorWanted>;
  readonly 'sign-in/code': Asked<{ readonly ceremony: string; readonly code: string }, Session>;
  readonly 'sign-in/recovery-code': Asked<
    { readonly ceremony: string; readonly code: string },
    Session & { readonly recoveryCodesLeft: number }
  >;
  readonly 'step-up/begin': Asked<Empty, FactorWanted>;
  readonly 'step-up/passkey': Asked<{ readonly ceremony: string; readonly credential: CredentialJson }, Session>;
  readonly 'step-up/code': Asked<{ readonly ceremony: string; readonly code: string }, Session>;
  readonly 'sign-out': Asked<Empty, Empty>;
  readonly 'enrol/begin': Asked<{ readonly invitation: string }, EnrolmentBegun>;
  readonly 'enrol/check-password': Asked<{ readonly ceremony: string; readonly password: string }, PasswordVerdict>;
  readonly 'enrol/name': Asked<{ readonly ceremony: string; readonly name: string }, Empty>;
  readonly 'enrol/passkey': Asked<
    { readonly ceremony: string; readonly credential: CredentialJson; readonly label: string },
    Empty
  >;
  readonly 'enrol/password': Asked<
    { readonly ceremony: string; readonly password: string },
    { readonly code: CodeSecret }
  >;
  readonly 'enrol/code': Asked<{ readonly ceremony: string; readonly code: string }, Empty>;
  readonly 'enrol/finish': Asked<
    { readonly ceremony: string },
    { readonly recoveryCodes: readonly string[]; readonly session: Session }
  >;
  readonly 'own/sessions/end': Asked<{ readonly id: string }, Empty>;
  readonly 'own/passkeys/begin': Asked<Empty, { readonly ceremony: string; readonly passkey: PasskeyCreation }>;
  readonly 'own/passkeys/add': Asked<
    { readonly ceremony: string; readonly credential: CredentialJson; readonly label: string },
    Empty
  >;
  readonly 'own/passkeys/rename': Asked<{ readonly id: string; readonly label: string }, Empty>;
  readonly 'own/passkeys/remove': Asked<{ readonly id: string }, Empty>;
  readonly 'own/password': Asked<{ readonly password: string }, Empty>;
  readonly 'own/code/begin': Asked<Empty, { readonly ceremony: string; readonly code: CodeSecret }>;
  readonly 'own/code/confirm': Asked<{ readonly ceremony: string; readonly code: string }, Empty>;
  readonly 'own/recovery-codes': Asked<Empty, { readonly recoveryCodes: readonly string[] }>;
}
/** GET /api/{path}. */
export interface PeopleReads {
  readonly session: Session;
  readonly 'own/sessions': readonly OwnSession[];
  readonly 'own/factors': OwnFactors;
}

/** Calls of /api/control that are about accounts. */
export interface AccountCalls {
  readonly accountInvite: Asked<
    { readonly email: string; readonly role: Role; readonly until?: string; readonly reason: string },
    { readonly email: string; readonly role: Role; readonly link: string; readonly linkEndsAt: string }
  >;
  readonly accountList: Asked<Empty, readonly AccountView[]>;
  readonly accountDisable: Asked<{ readonly email: string; readonly reason: string }, Empty>;
  readonly accountReset: Asked<
    { readonly email: string; readonly reason: string },
    { readonly email: string; readonly link: string; readonly linkEndsAt: string }
  >;
  readonly accountSessions: Asked<{ readonly email: string }, readonly OwnSession[]>;
  readonly accountSessionsEnd: Asked<{ readonly email: string }, Empty>;
}
export interface AccountView {
  readonly id: string;
  readonly email: string;
  readonly name: string;
  readonly role: Role;
  readonly state: 'invited' | 'active' | 'disabled' | 'expired';
  readonly until?: string;
  readonly lastSignInAt?: string;
  readonly factors: { readonly passkeys: number; readonly password: boolean; readonly code: boolean };
  readonly sessions: number;
}
