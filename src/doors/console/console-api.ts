/**
 * What the console and the server say to each other about people: JSON over the web door's own origin, under /api. Types
 * only; the calls of control-calls.ts go the same way under /api/control. What they hold is declared by people-flows.ts.
 */
import type { Role } from '../../guard/roles.ts';
import type {
  Challenge,
  EnrolmentView,
  NewCode,
  OwnFactors,
  OwnSession,
  PasskeyOptions,
  PasswordView,
  SessionView,
} from './people-flows.ts';

/** RFC 9457 with the code of error.ts. With `answer` the title says what happened and the detail what to do. */
export interface ApiProblem {
  readonly title: string;
  readonly status: number;
  readonly detail?: string;
  readonly code: string;
  /** `STEP_UP_NEEDED` where a fresh second factor is asked for. */
  readonly answer?: string;
  readonly field?: string;
}

/** PublicKeyCredential.toJSON(). */
export type CredentialJson = Readonly<Record<string, unknown>>;

type Empty = Readonly<Record<string, never>>;
type Asked<A, R> = { readonly asks: A; readonly answers: R };

/** POST /api/{path}; the path is the key. */
export interface PeopleCalls {
  readonly 'sign-in/begin': Asked<Empty, { readonly ceremony: string; readonly passkey: PasskeyOptions }>;
  readonly 'sign-in/passkey': Asked<{ readonly ceremony: string; readonly credential: CredentialJson }, SessionView>;
  readonly 'sign-in/password': Asked<{ readonly email: string; readonly password: string }, Challenge>;
  readonly 'sign-in/code': Asked<{ readonly ceremony: string; readonly code: string }, SessionView>;
  readonly 'sign-in/recovery-code': Asked<
    { readonly ceremony: string; readonly code: string },
    SessionView & { readonly recoveryCodesLeft: number }
  >;
  readonly 'step-up/begin': Asked<Empty, Challenge>;
  readonly 'step-up/passkey': Asked<{ readonly ceremony: string; readonly credential: CredentialJson }, SessionView>;
  readonly 'step-up/code': Asked<{ readonly ceremony: string; readonly code: string }, SessionView>;
  readonly 'sign-out': Asked<Empty, Empty>;
  readonly 'enrol/begin': Asked<{ readonly invitation: string }, EnrolmentView>;
  readonly 'enrol/check-password': Asked<{ readonly ceremony: string; readonly password: string }, PasswordView>;
  readonly 'enrol/name': Asked<{ readonly ceremony: string; readonly name: string }, Empty>;
  readonly 'enrol/passkey': Asked<
    { readonly ceremony: string; readonly credential: CredentialJson; readonly label: string },
    Empty
  >;
  readonly 'enrol/password': Asked<
    { readonly ceremony: string; readonly password: string },
    { readonly code: NewCode }
  >;
  readonly 'enrol/code': Asked<{ readonly ceremony: string; readonly code: string }, Empty>;
  readonly 'enrol/finish': Asked<
    { readonly ceremony: string },
    SessionView & { readonly recoveryCodes: readonly string[] }
  >;
  readonly 'own/sessions/end': Asked<{ readonly id: number | 'others' }, Empty>;
  readonly 'own/passkeys/begin': Asked<Empty, { readonly ceremony: string; readonly passkey: PasskeyOptions }>;
  readonly 'own/passkeys/add': Asked<
    { readonly ceremony: string; readonly credential: CredentialJson; readonly label: string },
    Empty
  >;
  readonly 'own/passkeys/rename': Asked<{ readonly id: number; readonly label: string }, Empty>;
  readonly 'own/passkeys/remove': Asked<{ readonly id: number }, Empty>;
  readonly 'own/password': Asked<{ readonly password: string }, Empty>;
  /** With a password where there is none yet: it comes with the app alone. */
  readonly 'own/code/begin': Asked<
    { readonly password?: string },
    { readonly ceremony: string; readonly code: NewCode }
  >;
  readonly 'own/code/confirm': Asked<{ readonly ceremony: string; readonly code: string }, Empty>;
  readonly 'own/recovery-codes': Asked<Empty, { readonly recoveryCodes: readonly string[] }>;
}
/** GET /api/{path}. */
export interface PeopleReads {
  readonly session: SessionView;
  readonly 'own/sessions': readonly OwnSession[];
  readonly 'own/factors': OwnFactors;
}

/** Calls of /api/control that are about accounts. */
export interface AccountCalls {
  readonly accountInvite: Asked<
    { readonly email: string; readonly role: Role; readonly until?: string; readonly reason?: string },
    AccountLink
  >;
  readonly accountList: Asked<Empty, readonly AccountView[]>;
  readonly accountShow: Asked<{ readonly email: string }, AccountShown>;
  readonly accountDisable: Asked<
    { readonly email: string; readonly reason: string },
    { readonly sessionsEnded: number }
  >;
  readonly accountReset: Asked<{ readonly email: string; readonly reason: string }, AccountLink>;
  readonly accountConfirm: Asked<{ readonly email: string }, { readonly email: string }>;
  readonly accountSessions: Asked<{ readonly email: string }, readonly AccountSessionView[]>;
  readonly accountSessionsEnd: Asked<
    { readonly email: string; readonly reason: string },
    { readonly email: string; readonly sessionsEnded: number }
  >;
}
export interface AccountView {
  readonly email: string;
  readonly name: string;
  readonly role: string;
  readonly state: 'invited' | 'active' | 'ended' | 'disabled';
  readonly until?: string;
  readonly createdAt: string;
  readonly createdBy: string;
  readonly disabled?: { readonly at: string; readonly by: string; readonly reason: string };
}
export interface AccountLink {
  readonly account: AccountView;
  /** Told once; good once. */
  readonly link: string;
  readonly until: string;
  /** Not good before a second person has confirmed it. */
  readonly needsConfirmation: boolean;
}
export interface AccountSessionView {
  readonly number: number;
  readonly method: string;
  readonly createdAt: string;
  readonly usedAt: string;
  readonly address: string;
  readonly userAgent: string;
}
export interface AccountShown {
  readonly account: AccountView;
  readonly factors: readonly string[];
  readonly passkeys: readonly { readonly name: string; readonly suspended: boolean }[];
  readonly recoveryCodesLeft: number;
  readonly sessions: readonly AccountSessionView[];
  readonly invitation?: { readonly kind: 'enrol' | 'reset'; readonly until: string; readonly confirmed: boolean };
  readonly history: readonly {
    readonly at: string;
    readonly by: string;
    readonly what: string;
    readonly reason: string;
  }[];
}
