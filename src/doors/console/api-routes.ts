/** The calls of the console's API, each with what it takes and what it does. docs/reference/console-api.md is held against this. */
import * as v from 'valibot';
import { LeadglassError } from '../../error.ts';
import type { ApiOptions, ApiRequest } from './api.ts';
import { cookieOf } from './cookies.ts';
import type { BrowserFacts, ProviderTrip, SignedIn } from './people-flows.ts';
import type { ProgramFlows } from './program-flows.ts';

export interface Outcome {
  /** Absent: there is nothing to say (204). */
  readonly body?: unknown;
  readonly signedIn?: Pick<SignedIn, 'secret' | 'browser'>;
  readonly signedOut?: boolean;
  /** The browser is on its way to the provider, or back. */
  readonly trip?: { readonly ceremony: string } | 'over';
}

interface Asked<Given> {
  readonly from: BrowserFacts;
  readonly secret: string | undefined;
  /** Of a trip to the provider. */
  readonly trip: string | undefined;
  readonly given: Given;
  readonly options: ApiOptions;
  readonly request: ApiRequest;
}

export interface ApiRoute {
  readonly method: 'GET' | 'POST';
  /** Below `/api/`. */
  readonly path: string;
  /** What stands behind the path belongs to the call. */
  readonly isOpen: boolean;
  /** Nothing is done in a session, except ending it. */
  readonly isForAnybody: boolean;
  /** A second factor is about to be shown, or the session is only looked at. */
  readonly isToProve: boolean;
  /** No page but another server sends it: a form (RFC 6749 B), proven by what is in it. */
  readonly isForm?: true;
  /** @throws LeadglassError BAD_REQUEST for a body that is not what the call takes; what the call throws */
  readonly run: (asked: Asked<unknown>) => Promise<Outcome>;
}

const ceremony = v.pipe(v.string(), v.maxLength(256));
// The people's part has its own, smaller limits with words of their own; these only keep out what is no try.
const secretText = v.pipe(v.string(), v.maxLength(4096));
const label = v.pipe(v.string(), v.maxLength(256));
const answerText = v.pipe(v.string(), v.maxLength(16_384));
// Back-Channel Logout 2.5: other members are to be ignored.
const logoutForm = v.object({ logout_token: v.string() });
const number = v.pipe(v.number(), v.safeInteger());

function route<S extends v.ObjectEntries>(
  method: 'GET' | 'POST',
  path: string,
  entries: S,
  run: (asked: Asked<v.InferOutput<v.StrictObjectSchema<S, undefined>>>) => Promise<Outcome>,
): ApiRoute {
  const schema = v.strictObject(entries);
  const isForAnybody = /^(sign-in\/.*|enrol\/.*|sign-out)$/.test(path);
  const isToProve = /^(session|step-up\/.*)$/.test(path);
  const facts = { method, path, isOpen: false, isForAnybody, isToProve };
  return { ...facts, run: (asked) => run({ ...asked, given: taken(schema, asked.given) }) };
}

/** What is wrong is told by its field alone: a value may be a password and is never repeated. */
function taken<S extends v.GenericSchema>(schema: S, given: unknown): v.InferOutput<S> {
  const result = v.safeParse(schema, given);
  if (result.success) return result.output;
  const fields = new Set(result.issues.map((issue) => v.getDotPath(issue) ?? 'the body'));
  throw new LeadglassError('BAD_REQUEST', `Cannot read the call: ${[...fields].join(', ')} is not right`);
}

/** @throws LeadglassError NOT_AUTHENTICATED: the console goes to its first page */
function signedIn(secret: string | undefined): string {
  if (secret !== undefined) return secret;
  throw new LeadglassError('NOT_AUTHENTICATED', 'You are not signed in');
}

function cameIn(given: SignedIn, more: object = {}): Outcome {
  const { session, secret, browser, recoveryCodesLeft } = given;
  const left = recoveryCodesLeft === undefined ? {} : { recoveryCodesLeft };
  return {
    body: { ...session, ...left, ...more },
    signedIn: { secret, ...(browser === undefined ? {} : { browser }) },
  };
}

/** The state of the trip stays here and in a cookie; only the address of the provider goes to the page. */
function leaving({ ceremony: secret, location }: ProviderTrip): Outcome {
  return { body: { location }, trip: { ceremony: secret } };
}

/** By which the browser calls us: the door has compared it with its own name (isOwnPage). */
function originOf({ headers }: ApiRequest): string {
  return headers['origin'] ?? '';
}

/**
 * Only the browser that a program sent here answers its question: else somebody could have a colleague answer his own.
 * @throws LeadglassError NOT_FOUND
 */
function programsFor({ options, request: { headers } }: Asked<unknown>, question: string): ProgramFlows {
  const { programs } = options;
  if (programs !== undefined && cookieOf(headers['cookie'], programs.cookie) === question) return programs;
  throw new LeadglassError('NOT_FOUND', 'This request is over: begin again in the program');
}

async function nothing(done: Promise<void>): Promise<Outcome> {
  await done;
  return {};
}

export const apiRoutes: readonly ApiRoute[] = [
  route('GET', 'session', {}, async ({ from, secret, options }) => {
    const session = secret === undefined ? undefined : options.people.session(secret, from);
    if (session === undefined) throw new LeadglassError('NOT_AUTHENTICATED', 'You are not signed in');
    return { body: session };
  }),

  route('POST', 'sign-in/begin', {}, async ({ from, options }) => ({ body: await options.people.signInBegin(from) })),
  route('POST', 'sign-in/passkey', { ceremony, credential: v.unknown() }, async ({ from, given, options }) =>
    cameIn(await options.people.signInPasskey(from, given)),
  ),
  route('POST', 'sign-in/password', { email: secretText, password: secretText }, async ({ from, given, options }) => ({
    body: await options.people.signInPassword(from, given),
  })),
  route('POST', 'sign-in/code', { ceremony, code: secretText }, async ({ from, given, options }) =>
    cameIn(await options.people.signInCode(from, given)),
  ),
  route('POST', 'sign-in/second-passkey', { ceremony, credential: v.unknown() }, async ({ from, given, options }) =>
    cameIn(await options.people.signInSecondPasskey(from, given)),
  ),
  route('POST', 'sign-in/recovery-code', { ceremony, code: secretText }, async ({ from, given, options }) =>
    cameIn(await options.people.signInRecoveryCode(from, given)),
  ),
  route('POST', 'sign-out', {}, async ({ secret, options, request }) => {
    const location = secret === undefined ? undefined : options.people.signOut(secret, { origin: originOf(request) });
    return { signedOut: true, ...(location === undefined ? {} : { body: { location } }) };
  }),

  route('GET', 'sign-in/ways', {}, async ({ options }) => ({ body: options.people.signInWays() })),
  route('POST', 'sign-in/provider', {}, async ({ from, options, request }) =>
    leaving(await options.people.providerSignIn(from, { origin: originOf(request) })),
  ),
  route('POST', 'enrol/provider', { ceremony }, async ({ from, given, options, request }) =>
    leaving(await options.people.providerEnrol(from, { ...given, origin: originOf(request) })),
  ),
  route('POST', 'step-up/provider', {}, async ({ from, secret, options, request }) =>
    leaving(await options.people.providerStepUp(from, signedIn(secret), { origin: originOf(request) })),
  ),
  route(
    'POST',
    'sign-in/provider/finish',
    { parameters: answerText },
    async ({ from, secret, trip, given, options }) => {
      const { people } = options;
      const outcome = await people.providerFinish(from, secret, { ...given, ceremony: trip ?? '' });
      const { done } = outcome;
      if (done === 'enrol') return { body: outcome, trip: 'over' };
      return { ...cameIn(outcome, { done }), trip: 'over' };
    },
  ),
  {
    method: 'POST',
    path: 'provider/logout',
    isOpen: false,
    isForAnybody: true,
    isToProve: false,
    isForm: true,
    run: async ({ from, given, options }) => {
      await options.people.providerLogout(from, { token: taken(logoutForm, given).logout_token });
      // Back-Channel Logout 2.8 wants 200, and there is nothing to say.
      return { body: {} };
    },
  },

  route('POST', 'step-up/begin', {}, async ({ from, secret, options }) => ({
    body: await options.people.stepUpBegin(from, signedIn(secret)),
  })),
  route('POST', 'step-up/passkey', { ceremony, credential: v.unknown() }, async ({ from, secret, given, options }) =>
    cameIn(await options.people.stepUpPasskey(from, signedIn(secret), given)),
  ),
  route('POST', 'step-up/code', { ceremony, code: secretText }, async ({ from, secret, given, options }) =>
    cameIn(await options.people.stepUpCode(from, signedIn(secret), given)),
  ),

  route('POST', 'enrol/begin', { invitation: ceremony }, async ({ from, given, options }) => ({
    body: await options.people.enrolBegin(from, given),
  })),
  route('POST', 'enrol/name', { ceremony, email: label, name: label }, async ({ from, given, options }) => ({
    body: await options.people.enrolName(from, given),
  })),
  route('POST', 'enrol/check-password', { ceremony, password: secretText }, async ({ given, options }) => ({
    body: await options.people.enrolCheckPassword(given),
  })),
  route('POST', 'enrol/passkey', { ceremony, credential: v.unknown(), label }, async ({ from, given, options }) => ({
    body: await options.people.enrolPasskey(from, given),
  })),
  route('POST', 'enrol/password', { ceremony, password: secretText }, async ({ given, options }) => ({
    body: await options.people.enrolPassword(given),
  })),
  route('POST', 'enrol/code', { ceremony, code: secretText }, async ({ from, given, options }) => ({
    body: await options.people.enrolCode(from, given),
  })),

  route('GET', 'own/sessions', {}, async ({ secret, options }) => ({
    body: await options.people.ownSessions(signedIn(secret)),
  })),
  route('POST', 'own/sessions/end', { id: v.union([number, v.literal('others')]) }, ({ secret, given, options }) =>
    nothing(options.people.endOwnSession(signedIn(secret), given)),
  ),
  route('GET', 'own/factors', {}, async ({ secret, options }) => ({
    body: await options.people.ownFactors(signedIn(secret)),
  })),
  route('POST', 'own/passkeys/begin', {}, async ({ from, secret, options }) => ({
    body: await options.people.passkeyBegin(from, signedIn(secret)),
  })),
  route('POST', 'own/passkeys/add', { ceremony, credential: v.unknown(), label }, ({ secret, given, options }) =>
    nothing(options.people.passkeyAdd(signedIn(secret), given)),
  ),
  route('POST', 'own/passkeys/rename', { id: number, label }, ({ secret, given, options }) =>
    nothing(options.people.passkeyRename(signedIn(secret), given)),
  ),
  route('POST', 'own/passkeys/remove', { id: number }, ({ secret, given, options }) =>
    nothing(options.people.passkeyRemove(signedIn(secret), given)),
  ),
  route('POST', 'own/password', { present: secretText, password: secretText }, ({ from, secret, given, options }) =>
    nothing(options.people.passwordChange(from, signedIn(secret), given)),
  ),
  route(
    'POST',
    'own/code/begin',
    { password: v.exactOptional(secretText) },
    async ({ from, secret, given, options }) => ({
      body: await options.people.codeBegin(from, signedIn(secret), given),
    }),
  ),
  route('POST', 'own/code/confirm', { ceremony, code: secretText }, async ({ secret, given, options }) => ({
    body: await options.people.codeConfirm(signedIn(secret), given),
  })),
  route('GET', 'own/passcodes', {}, async ({ secret, options }) => ({
    body: await options.people.passcodes(signedIn(secret)),
  })),
  route('POST', 'own/passcodes/make', { device: label }, async ({ secret, given, options }) => ({
    body: await options.people.passcodeMake(signedIn(secret), given),
  })),
  route('POST', 'own/passcodes/end', { id: number }, ({ secret, given, options }) =>
    nothing(options.people.passcodeEnd(signedIn(secret), given)),
  ),
  route('POST', 'own/recovery-codes', {}, async ({ secret, options }) => ({
    body: await options.people.recoveryCodes(signedIn(secret)),
  })),

  route('POST', 'authorize/show', { request: ceremony }, async (asked) => ({
    body: await programsFor(asked, asked.given.request).asking(signedIn(asked.secret), asked.given.request),
  })),
  route('POST', 'authorize/decide', { request: ceremony, allow: v.boolean() }, async (asked) => ({
    body: { location: await programsFor(asked, asked.given.request).decide(signedIn(asked.secret), asked.given) },
  })),

  {
    method: 'POST',
    path: 'control/',
    isOpen: true,
    isForAnybody: false,
    isToProve: false,
    // The service checks its own arguments.
    run: async ({ from, secret, given, options, request }) => {
      const used = signedIn(secret);
      // Asked first, since that is what keeps a session from being idle.
      if (options.people.session(used, from) === undefined) {
        throw new LeadglassError('NOT_AUTHENTICATED', 'You are not signed in any more');
      }
      const session = await request.lend(used);
      const { signal } = request;
      return { body: await options.control({ name: request.path.slice('control/'.length), given, session, signal }) };
    },
  },
];
