/** What a request failed with: the server's problem details, or that it could not be reached. */
import type { ApiProblem } from '../../../src/doors/console/console-api.ts';

export class ApiError extends Error {
  override readonly name = 'ApiError';
  readonly status: number;
  readonly code: string;
  /** The server's stable word for what happened. */
  readonly answer: string | undefined;
  /** A fresh second factor is asked for. */
  readonly isStepUp: boolean;
  readonly field: string | undefined;
  readonly retryAfterSeconds: number | undefined;

  constructor({ status, code, answer, detail = '', title, field }: ApiProblem, retryAfterSeconds?: number) {
    // With advice the title is what happened and the detail what to do; without, the title is only the phrase of the status.
    super(answer === undefined ? detail || title : [title, detail].filter(Boolean).join('. '));
    this.status = status;
    this.code = code;
    this.answer = answer;
    this.isStepUp = answer === 'STEP_UP_NEEDED';
    this.field = field;
    this.retryAfterSeconds = retryAfterSeconds;
  }
}
