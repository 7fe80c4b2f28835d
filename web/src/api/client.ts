/**
 * Requests to our own server. Whoever is not signed in (401) is led to the sign-in page; where the server wants a fresh second
 * factor (STEP_UP_NEEDED) it is asked for and the request repeated once. Everything else becomes an ApiError with the server's words.
 */
import type { CallInput, CallName } from '../../../src/doors/control/control-calls.ts';
import type { ResultOf } from '../../../src/doors/control/control-services.ts';
import type { ApiProblem, PeopleCalls, PeopleReads } from '../../../src/doors/console/console-api.ts';
import { sessionEnded } from '../model/session.ts';
import { askStepUp } from '../model/step-up.ts';
import { ApiError } from './api-error.ts';

export type ControlName = CallName & keyof ResultOf;

/** @throws ApiError */
export async function control<N extends ControlName>(name: N, given: CallInput<N>): Promise<ResultOf[N]> {
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the contract says what this path answers
  return (await request('POST', `/api/control/${name}`, given)) as ResultOf[N];
}

/** @throws ApiError */
export async function people<P extends keyof PeopleCalls>(
  path: P,
  given: PeopleCalls[P]['asks'],
): Promise<PeopleCalls[P]['answers']> {
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- as above
  return (await request('POST', `/api/${path}`, given)) as PeopleCalls[P]['answers'];
}

/** @throws ApiError */
export async function read<P extends keyof PeopleReads>(path: P): Promise<PeopleReads[P]> {
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- as above
  return (await request('GET', `/api/${path}`)) as PeopleReads[P];
}

/** What every request of ours carries that changes something, so that no other page can send it. */
export const ownHeader = ['x-leadglass', 'console'] as const;

async function request(method: 'GET' | 'POST', path: string, body?: unknown, isRepeated = false): Promise<unknown> {
  const init: RequestInit = { method, credentials: 'same-origin', headers: { accept: 'application/json' } };
  if (method === 'POST') {
    init.headers = { accept: 'application/json', 'content-type': 'application/json', [ownHeader[0]]: ownHeader[1] };
    init.body = JSON.stringify(body);
  }
  const answer = await reach(path, init);
  if (answer.ok) return answer.status === 204 ? {} : await answer.json();
  const error = await problemOf(answer);
  if (error.isStepUp && !isRepeated) {
    await askStepUp();
    return request(method, path, body, true);
  }
  // Before there is a session, 401 is the answer to a wrong proof, and the form says so.
  if (error.status === 401 && !/^\/api\/(?:sign-in|enrol|step-up|session)/.test(path)) sessionEnded();
  throw error;
}

/** @throws ApiError UNREACHABLE */
export async function reach(path: string, init: RequestInit): Promise<Response> {
  try {
    return await fetch(path, init);
  } catch (cause) {
    if (init.signal?.aborted === true) throw cause;
    throw new ApiError({ title: 'Unreachable', status: 0, detail: '', code: 'UNREACHABLE' });
  }
}

export async function problemOf(answer: Response): Promise<ApiError> {
  const retryAfter = Number(answer.headers.get('retry-after') ?? Number.NaN);
  let problem: ApiProblem = { title: answer.statusText, status: answer.status, detail: '', code: 'INTERNAL' };
  try {
    problem = { ...problem, ...(await answer.json()) };
  } catch {
    // Something between us and the server answered.
  }
  return new ApiError(problem, Number.isFinite(retryAfter) ? retryAfter : undefined);
}
