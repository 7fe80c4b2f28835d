/** For tests that look at statuses: what the door makes of an error that a handler throws. */
import assert from 'node:assert/strict';
import { LeadglassError } from '../../../error.ts';
import { RefusedError } from '../../../guard/refusal.ts';
import { problemOf } from '../http/problem.ts';

export function statusOfError(error: unknown): number {
  assert.ok(error instanceof LeadglassError, String(error));
  const isRefusal = error instanceof RefusedError;
  const more = { needsFactor: false, hidesExistence: !isRefusal, challenge: '', retryAfterSeconds: 1 };
  return problemOf(error, { isRefusal, ...more }).status;
}
