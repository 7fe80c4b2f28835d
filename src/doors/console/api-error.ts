/** What the console's API answers when it says no: problem details (RFC 9457) with a code to rely on and what to do. */
import { type ErrorCode, LeadglassError } from '../../error.ts';
import { RefusedError } from '../../guard/refusal.ts';

export interface Advice {
  /** A stable word beside the code, for the console: `SIGN_IN_FAILED`, `STEP_UP_NEEDED`, `PASSWORD_COMMON` … */
  readonly answer: string;
  /** What to do, for the person. */
  readonly hint: string;
  readonly retryAfterMs?: number | undefined;
}

/** A refusal of whoever keeps accounts, with advice that is safe for who asks. */
export class AdvisedError extends LeadglassError {
  readonly advice: Advice;

  constructor(code: ErrorCode, message: string, facts: Advice & { readonly detail?: string | undefined }) {
    super(code, message, facts.detail === undefined ? {} : { detail: facts.detail });
    const { answer, hint, retryAfterMs } = facts;
    this.advice = { answer, hint, retryAfterMs };
  }
}

/** Their texts repeat what somebody typed: a patient's birth date, the address of an account. */
const repeating: readonly ErrorCode[] = ['BAD_REQUEST', 'MALFORMED', 'NOT_FOUND', 'CONFLICT'];

/** What the log keeps of a call that failed; a detail is written for the log, a text for whoever asked. */
export function failureForLog({ code, message, detail }: LeadglassError): {
  readonly code: ErrorCode;
  readonly detail?: string;
} {
  if (detail !== undefined) return { code, detail };
  return repeating.includes(code) ? { code } : { code, detail: message };
}

const statuses: Partial<Record<ErrorCode, number>> = {
  BAD_REQUEST: 400,
  MALFORMED: 400,
  NOT_AUTHENTICATED: 401,
  NOT_AUTHORIZED: 403,
  NOT_FOUND: 404,
  CONFLICT: 409,
  LIMIT_EXCEEDED: 413,
  OUT_OF_RESOURCES: 503,
  LEDGER_UNAVAILABLE: 503,
  BACKEND_UNAVAILABLE: 503,
  CANCELLED: 503,
  TIMED_OUT: 503,
  UNSUPPORTED: 400,
};

export interface ApiProblem {
  readonly status: number;
  readonly headers: readonly (readonly [string, string])[];
  readonly body: Uint8Array;
}

export function apiProblem(error: LeadglassError): ApiProblem {
  const advice = adviceOf(error);
  // Waiting is what helps: that is 429, whatever the limit was.
  const status = advice?.retryAfterMs === undefined ? statusOf(error) : 429;
  const headers: [string, string][] = [['content-type', 'application/problem+json']];
  // RFC 9110 11.6.1 wants a scheme; a browser knows none of this name and asks nobody for a password.
  if (status === 401) headers.push(['www-authenticate', 'Leadglass-Session']);
  if (advice?.retryAfterMs !== undefined) headers.push(['retry-after', String(Math.ceil(advice.retryAfterMs / 1000))]);
  else if (status === 503) headers.push(['retry-after', '2']);
  const { code, message, field } = error;
  const details = {
    title: message,
    status,
    code,
    ...(advice === undefined ? {} : { answer: advice.answer, detail: advice.hint }),
    ...(field === undefined ? {} : { field }),
  };
  return { status, headers, body: Buffer.from(JSON.stringify(details)) };
}

function statusOf(error: LeadglassError): number {
  // How much somebody does at once passes with time.
  if (error instanceof RefusedError && error.code === 'LIMIT_EXCEEDED') return 429;
  return statuses[error.code] ?? 500;
}

function adviceOf(error: LeadglassError): Advice | undefined {
  if (error instanceof AdvisedError) return error.advice;
  if (!(error instanceof RefusedError)) return undefined;
  switch (error.reason) {
    case 'step-up':
      return { answer: 'STEP_UP_NEEDED', hint: 'Show your passkey or a one-time code now' };
    case 'session-unknown':
    case 'session-over':
    case 'session-ended':
      return { answer: 'SESSION_OVER', hint: 'Sign in again' };
    case 'workstation-differs':
      return { answer: 'SESSION_OVER', hint: 'Sign in again where you sit now' };
    case 'workstation-purpose':
      return { answer: 'WORKSTATION', hint: 'This workstation is not for that; use one that is' };
    case 'workstation-missing':
      return { answer: 'WORKSTATION_NEEDED', hint: 'Your role works at enrolled workstations only; use one of them' };
    case 'role':
      return { answer: 'ROLE', hint: 'Your role does not do this; ask an administrator who does' };
    default:
      return { answer: 'NOT_OPEN', hint: 'Nothing is open for you here; ask an administrator for an opening' };
  }
}
