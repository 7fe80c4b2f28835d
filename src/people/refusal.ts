/**
 * Why the people part says no: one closed list. The reason goes to the ledger; who asks sees one of few answers with a stable
 * code and a hint, so that a stranger cannot tell a wrong password from an unknown e-mail address.
 */
import { type ErrorCode, LeadglassError } from '../error.ts';

/** What who asks is told: a stable code for the console, a plain sentence, what to do. */
const answers = {
  SIGN_IN_FAILED: [
    'NOT_AUTHENTICATED',
    'Not signed in: e-mail address, password, code or passkey are not right',
    'Try again, or ask your administrator for a new link',
  ],
  WAIT: [
    'LIMIT_EXCEEDED',
    'Not signed in: too many failures',
    'Wait, or use a passkey or a browser that you used before',
  ],
  BUSY: ['OUT_OF_RESOURCES', 'Too many people sign in at this moment', 'Try again in a few seconds'],
  CEREMONY_OVER: ['NOT_AUTHENTICATED', 'This sign-in took too long or was used already', 'Begin again'],
  SESSION_OVER: ['NOT_AUTHENTICATED', 'You are not signed in any more', 'Sign in again'],
  STEP_UP_NEEDED: ['NOT_AUTHORIZED', 'This needs your second factor again', 'Use your passkey or a one-time code now'],
  LINK_INVALID: [
    'NOT_AUTHENTICATED',
    'This link is not good: it was used, replaced, has ended or is not confirmed yet',
    'Ask your administrator for a new link',
  ],
  FACTOR_INVALID: [
    'NOT_AUTHENTICATED',
    'The new factor could not be checked',
    'Try again with the code or passkey shown now',
  ],
  NAME_NEEDED: ['CONFLICT', 'This account has no name yet', 'Say your e-mail address and your name first'],
  LAST_FACTOR: [
    'CONFLICT',
    'This is your last way to sign in',
    'Add another passkey or one-time codes before you remove it',
  ],
  TOO_MANY_PASSKEYS: ['CONFLICT', 'No further passkey can be added', 'Remove one that you do not use'],
  PASSWORD_WRONG: ['BAD_REQUEST', 'This is not your present password', 'Type the password that you sign in with now'],
  PROVIDER_UNREACHABLE: [
    'BACKEND_UNAVAILABLE',
    "The hospital's sign-in cannot be reached at this moment",
    'Try again in a few minutes; who has a passkey or a password here may sign in with that',
  ],
  PROVIDER_BUSY: ['LIMIT_EXCEEDED', 'Too many sign-ins come from your network at this moment', 'Wait a minute'],
  PROVIDER_REFUSED: ['NOT_AUTHENTICATED', "The hospital's sign-in was cancelled or refused there", 'Begin again'],
  PROVIDER_ANSWER_INVALID: [
    'NOT_AUTHENTICATED',
    "What the hospital's sign-in answered does not hold",
    'Begin again; if it stays so, tell your administrator',
  ],
  SECOND_FACTOR_UNPROVEN: [
    'NOT_AUTHENTICATED',
    "The hospital's sign-in does not say that you have shown two factors",
    'Sign in there with a second factor, or ask the help desk to set one up for you',
  ],
  ROLE_MISSING: [
    'NOT_AUTHENTICATED',
    'Your hospital account is in no group that has a role here',
    'Ask your administrator for the right group',
  ],
  ROLE_AMBIGUOUS: [
    'NOT_AUTHENTICATED',
    'Your hospital account is in groups of two roles, and a person has exactly one here',
    'Ask your administrator which of the groups you should leave',
  ],
  NOT_LINKED: [
    'NOT_AUTHENTICATED',
    'Your hospital account is not connected with an account here',
    'Ask your administrator for a link, and choose your hospital account when you open it',
  ],
  NO_ADDRESS: [
    'NOT_AUTHENTICATED',
    'The hospital does not say your e-mail address, or has not checked it',
    'Tell your administrator',
  ],
  OTHER_PERSON: [
    'NOT_AUTHENTICATED',
    'That was the hospital account of somebody else',
    'Use the hospital account that belongs to you',
  ],
  PROVIDER_ONLY: [
    'CONFLICT',
    "You sign in with your hospital account, and your factors are the hospital's",
    'Change them there; an administrator can make this an account with factors of its own',
  ],
  LOCAL_OFF: [
    'NOT_AUTHENTICATED',
    'Only administrators sign in with a passkey or a password here',
    'Sign in with your hospital account',
  ],
  NOT_FRESH: ['NOT_AUTHENTICATED', "The hospital's sign-in did not ask you again", 'Try again, and sign in there anew'],
  LOGOUT_INVALID: ['BAD_REQUEST', 'This logout token is not good', 'Send a new one'],
  SECOND_PERSON: [
    'NOT_AUTHORIZED',
    'A second person has to confirm this',
    'Ask another administrator or the security officer, not the one who made the link nor whom it is for',
  ],
} as const satisfies Record<string, readonly [ErrorCode, string, string]>;
export type AnswerCode = keyof typeof answers;

/** Each reason in words for the ledger, with the answer that is given. */
const reasons = {
  'account-unknown': ['SIGN_IN_FAILED', 'there is no such account'],
  'account-disabled': ['SIGN_IN_FAILED', 'the account is disabled'],
  'account-ended': ['SIGN_IN_FAILED', 'the account has ended'],
  'account-not-enrolled': ['SIGN_IN_FAILED', 'the account was invited but never enrolled'],
  'password-missing': ['SIGN_IN_FAILED', 'the account has no password'],
  'password-wrong': ['SIGN_IN_FAILED', 'the password was wrong'],
  'code-wrong': ['SIGN_IN_FAILED', 'the one-time code was wrong'],
  'code-replayed': ['SIGN_IN_FAILED', 'the one-time code was used before'],
  'recovery-code-wrong': ['SIGN_IN_FAILED', 'the recovery code was wrong or used before'],
  'passkey-unknown': ['SIGN_IN_FAILED', 'no account has this passkey'],
  'passkey-foreign': ['SIGN_IN_FAILED', 'the passkey belongs to another account'],
  'passkey-invalid': ['SIGN_IN_FAILED', 'what the passkey signed does not verify'],
  'passkey-suspended': ['SIGN_IN_FAILED', 'the passkey is suspended: it may have been copied'],
  'passkey-counter': ['SIGN_IN_FAILED', 'the passkey counted backwards: it may have been copied'],
  'passkey-synced': ['SIGN_IN_FAILED', 'the passkey is tied to a workstation but can be on several devices'],
  'passkey-elsewhere': [
    'SIGN_IN_FAILED',
    'the passkey lives in another workstation than the one whose certificate was shown',
  ],
  'too-many-failures': ['WAIT', 'too many failures'],
  'lane-closed': ['WAIT', 'too many failures in a row: only passkeys and known browsers are taken'],
  busy: ['BUSY', 'too many passwords to check at once'],
  'ceremony-unknown': ['CEREMONY_OVER', 'the ceremony is unknown, over or of another kind'],
  'session-unknown': ['SESSION_OVER', 'there is no such session'],
  'session-idle': ['SESSION_OVER', 'the session was idle too long'],
  'session-over': ['SESSION_OVER', 'the session reached its end'],
  'session-moved': ['SESSION_OVER', 'another browser used the session'],
  'session-elsewhere': ['STEP_UP_NEEDED', 'the session came from a network where no second factor was shown'],
  'step-up-needed': ['STEP_UP_NEEDED', 'the second factor was shown too long ago'],
  'invitation-unknown': [
    'LINK_INVALID',
    'no invitation has this secret: it was used, replaced or revoked, or never was',
  ],
  'invitation-ended': ['LINK_INVALID', 'the invitation has ended'],
  'invitation-unconfirmed': ['LINK_INVALID', 'no second person has confirmed it yet'],
  'new-factor-wrong': ['FACTOR_INVALID', 'the new factor does not verify'],
  'account-unnamed': ['NAME_NEEDED', 'the first administrator has not said who they are'],
  'last-factor': ['LAST_FACTOR', 'the last way to sign in was to be removed'],
  'present-password-wrong': ['PASSWORD_WRONG', 'the present password was wrong'],
  'too-many-passkeys': ['TOO_MANY_PASSKEYS', 'the account has as many passkeys as it may'],
  'provider-absent': ['CEREMONY_OVER', 'no provider is configured'],
  'provider-unreachable': ['PROVIDER_UNREACHABLE', 'the provider cannot be reached or used'],
  'provider-rate': ['PROVIDER_BUSY', 'too many tries at the provider from one network'],
  'provider-busy': ['BUSY', 'too many requests to the provider at once'],
  'provider-refused': ['PROVIDER_REFUSED', 'the provider says no'],
  'provider-answer-invalid': ['PROVIDER_ANSWER_INVALID', "the provider's answer does not hold"],
  'second-factor-unproven': ['SECOND_FACTOR_UNPROVEN', 'neither acr nor amr prove a second factor'],
  'role-missing': ['ROLE_MISSING', 'no group stands for a role'],
  'role-ambiguous': ['ROLE_AMBIGUOUS', 'the groups stand for more than one role'],
  'identity-unknown': ['NOT_LINKED', 'no account has this identity, and accounts are made by invitation'],
  'identity-taken': ['OTHER_PERSON', 'the identity belongs to another account'],
  'address-missing': ['NO_ADDRESS', 'the provider says no e-mail address that can be one'],
  'address-taken': ['NOT_LINKED', 'another account has the e-mail address of this identity'],
  'provider-account': ['PROVIDER_ONLY', 'the account signs in at the provider'],
  'local-off': ['LOCAL_OFF', 'local sign-in is for administrators only'],
  'reauthentication-missing': ['NOT_FRESH', 'the provider did not authenticate anew'],
  'logout-token-invalid': ['LOGOUT_INVALID', 'the logout token does not hold'],
  'logout-token-used': ['LOGOUT_INVALID', 'the logout token was used before'],
  'same-person': ['SECOND_PERSON', 'who confirms is who issued it, or whom it is for'],
  'role-too-low': ['SECOND_PERSON', 'who confirms is neither administrator nor security officer'],
} as const satisfies Record<string, readonly [AnswerCode, string]>;
export type PeopleReason = keyof typeof reasons;

export function reasonText(reason: PeopleReason): string {
  return reasons[reason][1];
}

/** A refusal. `message`, `answer` and `hint` are for who asks; `reason` is for the ledger and the log. */
export class PeopleRefusedError extends LeadglassError {
  readonly reason: PeopleReason;
  readonly answer: AnswerCode;
  readonly hint: string;
  /** How long to wait before the next try makes sense. */
  readonly retryAfterMs: number | undefined;
  /** More for the ledger and the log. */
  readonly why: string | undefined;

  /** @param facts.why more for the log, without secrets and without what people typed */
  constructor(reason: PeopleReason, facts: { readonly retryAfterMs?: number; readonly why?: string } = {}) {
    const { retryAfterMs, why } = facts;
    const answer = reasons[reason][0];
    const [code, message, hint] = answers[answer];
    super(code, message, { detail: `${reason}: ${reasonText(reason)}${why === undefined ? '' : `: ${why}`}` });
    this.reason = reason;
    this.answer = answer;
    this.hint = hint;
    this.retryAfterMs = retryAfterMs;
    this.why = why;
  }
}
