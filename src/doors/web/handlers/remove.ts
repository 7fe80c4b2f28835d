/**
 * Removal of a study, DELETE /studies/{study}: ours, PS3.18 has no such transaction. It does the first of the two steps: the study is
 * hidden from every door once its retention has ended. A person at the server destroys it, or brings it back.
 */
import { LeadglassError } from '../../../error.ts';
import { underAdmission } from '../../../guard/admission.ts';
import { RefusedError } from '../../../guard/refusal.ts';
import { HttpError } from '../http/http-error.ts';
import type { WebHandler } from '../web-handler.ts';
import { targetOf } from './reading-request.ts';

/** A reason of the client's own would be in a URL, where no patient's data may stand; who asked, and when, the ledger has. */
const reason = 'DELETE through the web door';

export const remove: WebHandler = async (request, session, { backend, limits }) => {
  const { resource } = targetOf(request, 'resource', limits);
  const operation = { kind: 'remove', studyInstanceUid: resource.study, step: 'request', reason } as const;
  try {
    await underAdmission(session, operation, ({ pass }) => backend.remove(pass));
  } catch (error) {
    throw beforeItsTime(error);
  }
  return { status: 204, headers: [] };
};

/**
 * Of what the device reaches the answer says why it stays. What it does not reach, not all of it or not any more, is NOT_FOUND
 * from the backend, as what was never here.
 */
function beforeItsTime(error: unknown): unknown {
  if (!(error instanceof LeadglassError) || error instanceof RefusedError) return error;
  // Asked for before: it is hidden, also from whoever asked.
  if (error.code === 'CONFLICT') return new LeadglassError('NOT_FOUND', 'There is no such resource', { cause: error });
  return error.code === 'NOT_AUTHORIZED' ? new HttpError(409, error.message, { cause: error }) : error;
}
