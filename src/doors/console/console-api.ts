/**
 * What the console and the server say to each other about people: JSON over the web door's own origin, under /api. Types
 * only; the calls of control-calls.ts go the same way under /api/control. What they hold is declared by people-flows.ts.
 */
import type {
  Challenge,
  Enrolled,
  EnrolmentView,
  NewCode,
  NewPasscode,
  OwnFactors,
  OwnSession,
  PasscodeView,
  PasskeyOptions,
  PasswordView,
  SessionView,
  SignInWays,
} from './people-flows.ts';
import type { AskingView } from './program-flows.ts';

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
  readonly 'sign-in/second-passkey': Asked<
    { readonly ceremony: string; readonly credential: CredentialJson },
    SessionView
  >;
  readonly 'sign-in/recovery-code': Asked<
    { readonly ceremony: string; readonly code: string },
    SessionView & { readonly recoveryCodesLeft: number }
  >;
  readonly 'step-up/begin': Asked<Empty, Challenge>;
  readonly 'step-up/passkey': Asked<{ readonly ceremony: string; readonly credential: CredentialJson }, SessionView>;
  readonly 'step-up/code': Asked<{ readonly ceremony: string; readonly code: string }, SessionView>;
  /** With a location: the session came from the provider, where the browser may go to end it there, too. */
  readonly 'sign-out': Asked<Empty, { readonly location?: string }>;
  /** Where the browser goes now. */
  readonly 'sign-in/provider': Asked<Empty, { readonly location: string }>;
  readonly 'enrol/provider': Asked<{ readonly ceremony: string }, { readonly location: string }>;
  readonly 'step-up/provider': Asked<Empty, { readonly location: string }>;
  /** The query with which the browser came back to `/sign-in/callback`. */
  readonly 'sign-in/provider/finish': Asked<{ readonly parameters: string }, ProviderDone>;
  readonly 'enrol/begin': Asked<{ readonly invitation: string }, EnrolmentView>;
  readonly 'enrol/check-password': Asked<{ readonly ceremony: string; readonly password: string }, PasswordView>;
  readonly 'enrol/name': Asked<
    { readonly ceremony: string; readonly email: string; readonly name: string },
    { readonly email: string; readonly passkey: PasskeyOptions }
  >;
  readonly 'enrol/passkey': Asked<
    { readonly ceremony: string; readonly credential: CredentialJson; readonly label: string },
    Enrolled
  >;
  readonly 'enrol/password': Asked<
    { readonly ceremony: string; readonly password: string },
    { readonly code: NewCode }
  >;
  readonly 'enrol/code': Asked<{ readonly ceremony: string; readonly code: string }, Enrolled>;
  readonly 'own/sessions/end': Asked<{ readonly id: number | 'others' }, Empty>;
  readonly 'own/passkeys/begin': Asked<Empty, { readonly ceremony: string; readonly passkey: PasskeyOptions }>;
  readonly 'own/passkeys/add': Asked<
    { readonly ceremony: string; readonly credential: CredentialJson; readonly label: string },
    Empty
  >;
  readonly 'own/passkeys/rename': Asked<{ readonly id: number; readonly label: string }, Empty>;
  readonly 'own/passkeys/remove': Asked<{ readonly id: number }, Empty>;
  readonly 'own/password': Asked<{ readonly present: string; readonly password: string }, Empty>;
  /** With a password where there is none yet: it comes with the app alone. */
  readonly 'own/code/begin': Asked<
    { readonly password?: string },
    { readonly ceremony: string; readonly code: NewCode }
  >;
  readonly 'own/code/confirm': Asked<
    { readonly ceremony: string; readonly code: string },
    { readonly recoveryCodes: readonly string[] }
  >;
  readonly 'own/passcodes/make': Asked<{ readonly device: string }, NewPasscode>;
  readonly 'own/passcodes/end': Asked<{ readonly id: number }, Empty>;
  readonly 'own/recovery-codes': Asked<Empty, { readonly recoveryCodes: readonly string[] }>;
  readonly 'authorize/show': Asked<{ readonly request: string }, AskingView>;
  readonly 'authorize/decide': Asked<
    { readonly request: string; readonly allow: boolean },
    { readonly location: string }
  >;
}
export type ProviderDone =
  | ({ readonly done: 'sign-in' | 'step-up' } & SessionView)
  | { readonly done: 'enrol'; readonly email: string };
/** GET /api/{path}. */
export interface PeopleReads {
  readonly session: SessionView;
  readonly 'sign-in/ways': SignInWays;
  readonly 'own/sessions': readonly OwnSession[];
  readonly 'own/factors': OwnFactors;
  readonly 'own/passcodes': readonly PasscodeView[];
}
