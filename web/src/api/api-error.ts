/** What a request failed with: the server's problem details, or that it could not be reached. */
import type { ApiProblem } from '../../../src/doors/console/console-api.ts';

export class ApiError extends Error {
  override readonly name = 'ApiError';
  readonly status: number;
  readonly code: string;
  readonly field: string | undefined;
  readonly retryAfterSeconds: number | undefined;

  constructor({ status, code, detail, title, field }: ApiProblem, retryAfterSeconds?: number) {
    super(detail === '' ? title : detail);
    this.status = status;
    this.code = code;
    this.field = field;
    this.retryAfterSeconds = retryAfterSeconds;
  }
}
