/**
 * What happened to accounts and sign-ins, as typed events for the ledger, with the codes of PS3.15 A.5.3 beside each kind:
 * User Authentication (110114) for coming and going, Security Alert (110113) for changes of who may do what and for findings.
 * No event holds a password, code, secret, or the e-mail address of somebody without an account: people type passwords there.
 */
import type { PeopleReason } from './refusal.ts';

/** PS3.15 A.5: success, minor failure, serious failure. */
export type EventOutcome = 0 | 4 | 8;

interface EventCodes {
  readonly id: '110113' | '110114';
  readonly type: '110122' | '110123' | '110136' | '110137' | '110132';
  readonly outcome: EventOutcome;
  readonly text: string;
}

/** How somebody proved who they are. */
export type Method = 'provider' | 'passkey' | 'password+passkey' | 'password+code' | 'password+recovery-code';
export type Factor = 'provider' | 'password' | 'one-time code' | 'recovery codes' | 'passkey';

export const eventCodes = {
  'signed-in': { id: '110114', type: '110122', outcome: 0, text: 'signed in' },
  'sign-in-refused': { id: '110114', type: '110122', outcome: 4, text: 'sign-in refused' },
  'stepped-up': { id: '110114', type: '110122', outcome: 0, text: 'second factor shown again' },
  'step-up-refused': { id: '110114', type: '110122', outcome: 4, text: 'second factor refused' },
  'session-ended': { id: '110114', type: '110123', outcome: 0, text: 'session ended' },
  invited: { id: '110113', type: '110137', outcome: 0, text: 'account invited' },
  'invitation-refused': { id: '110113', type: '110132', outcome: 4, text: 'invitation refused' },
  enrolled: { id: '110113', type: '110137', outcome: 0, text: 'account enrolled' },
  'account-disabled': { id: '110113', type: '110137', outcome: 0, text: 'account disabled' },
  'account-enabled': { id: '110113', type: '110137', outcome: 0, text: 'account enabled' },
  'role-changed': { id: '110113', type: '110136', outcome: 0, text: 'role changed' },
  'factor-added': { id: '110113', type: '110137', outcome: 0, text: 'factor added' },
  'factor-removed': { id: '110113', type: '110137', outcome: 0, text: 'factor removed' },
  'factor-change-refused': { id: '110113', type: '110132', outcome: 4, text: 'change of a factor refused' },
  'reset-issued': { id: '110113', type: '110137', outcome: 0, text: 'link for lost factors issued' },
  'reset-confirmed': { id: '110113', type: '110137', outcome: 0, text: 'link for lost factors confirmed' },
  'reset-refused': { id: '110113', type: '110132', outcome: 4, text: 'confirmation of a link refused' },
  'reset-used': { id: '110113', type: '110137', outcome: 0, text: 'factors set anew' },
  'passcode-issued': { id: '110113', type: '110137', outcome: 0, text: 'passcode for a DIMSE device issued' },
  'passcode-ended': { id: '110113', type: '110137', outcome: 0, text: 'passcode for a DIMSE device ended' },
  'passkey-tied': { id: '110113', type: '110137', outcome: 0, text: 'passkey tied to a workstation' },
  'passkey-untied': { id: '110113', type: '110137', outcome: 0, text: 'passkey tied to no workstation any more' },
  'passkey-suspended': { id: '110113', type: '110137', outcome: 8, text: 'passkey counted backwards' },
  'lane-closed': { id: '110113', type: '110132', outcome: 8, text: 'too many failed sign-ins in a row' },
  'provider-unreachable': {
    id: '110113',
    type: '110132',
    outcome: 4,
    text: 'the provider of single sign-on cannot be used',
  },
  'provider-logout': { id: '110114', type: '110123', outcome: 0, text: 'signed out at the provider' },
  'provider-logout-refused': { id: '110113', type: '110132', outcome: 4, text: 'logout of the provider refused' },
  'program-let': { id: '110113', type: '110137', outcome: 0, text: 'let a program act for this person' },
  'program-reused': {
    id: '110113',
    type: '110137',
    outcome: 8,
    text: 'a code or token of a program came a second time',
  },
  sign: { id: '110113', type: '110132', outcome: 4, text: 'sign of a shared or stolen account' },
} as const satisfies Record<string, EventCodes>;
export type PeopleEventKind = keyof typeof eventCodes;

export interface PeopleEvent {
  readonly kind: PeopleEventKind;
  readonly atMs: number;
  /** Absent when nobody's account is meant. */
  readonly account?: { readonly id: number; readonly email: string };
  /** Who did it, as actorText writes; the account itself when absent. */
  readonly by?: string;
  readonly address?: string;
  readonly userAgent?: string;
  readonly method?: Method;
  readonly reason?: PeopleReason;
  /** Number of the session, never its secret. */
  readonly sessionId?: number;
  /** In words, for people who read the ledger. */
  readonly detail?: string;
}

/**
 * Writes an event to the ledger, durable when it resolves. What it refuses to write does not happen: the caller undoes or
 * does not do what it was about.
 */
export type RecordEvent = (event: PeopleEvent) => Promise<void>;
