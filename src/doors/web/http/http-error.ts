/** An error that knows its own HTTP status: for what the protocol has a number for and the closed list of codes has not. */
import { LeadglassError, type ErrorCode, type ErrorFacts } from '../../../error.ts';

export type HttpErrorStatus = 403 | 405 | 406 | 408 | 409 | 411 | 412 | 414 | 415 | 416 | 421 | 501;

export interface HttpErrorFacts extends ErrorFacts {
  /** Fields that the answer must carry: Allow with 405, Content-Range with 416. */
  readonly headers?: Readonly<Record<string, string>>;
}

const codes: Readonly<Record<HttpErrorStatus, ErrorCode>> = {
  403: 'NOT_AUTHORIZED',
  405: 'BAD_REQUEST',
  406: 'UNSUPPORTED',
  408: 'TIMED_OUT',
  409: 'CONFLICT',
  411: 'BAD_REQUEST',
  412: 'CONFLICT',
  414: 'LIMIT_EXCEEDED',
  415: 'UNSUPPORTED',
  416: 'BAD_REQUEST',
  421: 'BAD_REQUEST',
  501: 'UNSUPPORTED',
};

export class HttpError extends LeadglassError {
  readonly status: HttpErrorStatus;
  readonly headers: Readonly<Record<string, string>>;

  constructor(status: HttpErrorStatus, message: string, facts: HttpErrorFacts = {}) {
    const { headers = {}, ...others } = facts;
    super(codes[status], message, others);
    this.status = status;
    this.headers = headers;
  }
}
