/**
 * Errors as HTTP answers: problem details (RFC 9457) with our stable code. Only the message of an error goes out, which is
 * made for the peer; detail and cause stay for the log. What does not exist and what may not be seen look the same.
 */
import type { ErrorCode, LeadglassError } from '../../../error.ts';
import { HttpError } from './http-error.ts';

export interface Problem {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  /** For the body, as application/problem+json in UTF-8. */
  readonly body: ProblemDetails;
}

/** RFC 9457 3.1; without a `type` it means about:blank, so `title` is the phrase of the status. */
export interface ProblemDetails {
  readonly title: string;
  readonly status: number;
  readonly detail: string;
  /** Extension: the stable word to rely on in scripts. */
  readonly code: ErrorCode;
  /** Extension, as the console's API has it: a second factor, shown now, would change the answer. */
  readonly answer?: 'STEP_UP_NEEDED';
}

export const problemMediaType = 'application/problem+json';

/** PS3.18 8.5 and RFC 9110 15. An HttpError knows its own. */
export const httpStatus = {
  MALFORMED: 400,
  LIMIT_EXCEEDED: 413,
  UNSUPPORTED: 415,
  BAD_REQUEST: 400,
  NOT_AUTHENTICATED: 401,
  NOT_AUTHORIZED: 403,
  NOT_FOUND: 404,
  CONFLICT: 409,
  OUT_OF_RESOURCES: 503,
  LEDGER_UNAVAILABLE: 503,
  BACKEND_UNAVAILABLE: 503,
  CORRUPT: 500,
  PEER_FAILED: 400,
  CANCELLED: 503,
  TIMED_OUT: 503,
  INTERNAL: 500,
} as const satisfies Record<ErrorCode, number>;

const titles: Readonly<Record<number, string>> = {
  400: 'Bad Request',
  401: 'Unauthorized',
  403: 'Forbidden',
  404: 'Not Found',
  405: 'Method Not Allowed',
  406: 'Not Acceptable',
  408: 'Request Timeout',
  409: 'Conflict',
  411: 'Length Required',
  412: 'Precondition Failed',
  413: 'Content Too Large',
  414: 'URI Too Long',
  415: 'Unsupported Media Type',
  416: 'Range Not Satisfiable',
  421: 'Misdirected Request',
  429: 'Too Many Requests',
  500: 'Internal Server Error',
  501: 'Not Implemented',
  503: 'Service Unavailable',
};

/** One text whatever the reason, so that the answer does not tell a missing study from a forbidden one. */
const notFound: ProblemDetails = {
  title: 'Not Found',
  status: 404,
  detail: 'There is no such resource here, or you may not see it',
  code: 'NOT_FOUND',
};

export interface ProblemOptions {
  /** Whether it was the guard that refused: its limits are about how much a peer does at once, so they pass with time. */
  readonly isRefusal: boolean;
  /** The person who asks has to show a second factor first. */
  readonly needsFactor: boolean;
  /** Set where a refusal would tell that something exists: it then looks as if there were nothing. */
  readonly hidesExistence: boolean;
  /** For WWW-Authenticate, which a 401 must carry (RFC 9110 11.6.1). */
  readonly challenge: string;
  /** For Retry-After with 429 and 503. */
  readonly retryAfterSeconds: number;
}

/** The answer to this error. */
export function problemOf(error: LeadglassError, options: ProblemOptions): Problem {
  const isHidden = options.hidesExistence && error.code === 'NOT_AUTHORIZED';
  if (error.code === 'NOT_FOUND' || isHidden) return { status: 404, headers: {}, body: notFound };
  const status = statusOf(error, options);
  const title = titles[status] ?? 'Error';
  return {
    status,
    headers: headersFor(error, status, options),
    body: {
      ...{ title, status, detail: safeText(error.message), code: error.code },
      ...(options.needsFactor ? ({ answer: 'STEP_UP_NEEDED' } as const) : {}),
    },
  };
}

function statusOf(error: LeadglassError, { isRefusal }: ProblemOptions): number {
  if (error instanceof HttpError) return error.status;
  if (isRefusal && error.code === 'LIMIT_EXCEEDED') return 429;
  return httpStatus[error.code];
}

function headersFor(error: LeadglassError, status: number, options: ProblemOptions): Readonly<Record<string, string>> {
  if (error instanceof HttpError) return error.headers;
  if (status === 401) return { 'www-authenticate': options.challenge };
  if (status === 429 || status === 503) return { 'retry-after': String(options.retryAfterSeconds) };
  return {};
}

/** Messages are ours, short and without controls; this holds even if one day one is not. */
function safeText(message: string): string {
  return message.replaceAll(/\p{Cc}/gu, ' ').slice(0, 500);
}
