/**
 * The API of the console, JSON over the web door: signing in, one's own account, and the control services under a person's session.
 * Nothing here decides who may do what: people are proven by whoever keeps accounts, and each call is admitted by the guard.
 */
import { asLeadglassError, LeadglassError } from '../../error.ts';
import type { GuardSession } from '../../guard/session.ts';
import { apiProblem } from './api-error.ts';
import {
  browserCookie,
  clearProvider,
  clearSession,
  cookieOf,
  providerCookie,
  sessionCookie,
  setBrowser,
  setProvider,
  setSession,
} from './cookies.ts';
import { type ApiRoute, apiRoutes, type Outcome } from './api-routes.ts';
import type { BrowserFacts, PeopleFlows } from './people-flows.ts';
import type { ProgramFlows } from './program-flows.ts';

/** A request below `/api/`, of this origin; nothing of its body was read. */
export interface ApiRequest {
  readonly method: string;
  /** Below `/api/`, without the query. */
  readonly path: string;
  readonly headers: Readonly<Record<string, string | undefined>>;
  readonly body: AsyncIterable<Uint8Array>;
  readonly address: string;
  readonly signal: AbortSignal;
  /** Does the browser say that a page of this very origin asks? */
  readonly isOwnPage: boolean;
  /** The guard's session of the person with this secret. @throws RefusedError */
  readonly lend: (secret: string) => Promise<GuardSession>;
  /**
   * Name of the enrolled workstation at which the browser stands; undefined for none.
   * @param secret of a session, which must have been begun there
   * @throws RefusedError, recorded
   */
  readonly workstation: (secret: string | undefined) => Promise<string | undefined>;
}

export interface ApiResponse {
  readonly status: number;
  readonly headers: readonly (readonly [string, string])[];
  readonly body?: Uint8Array;
}

export interface ApiLimits {
  readonly apiBodyBytesMax: number;
  readonly browserCookieSeconds: number;
  readonly providerCookieSeconds: number;
}

export interface ApiOptions {
  readonly people: PeopleFlows;
  /** Absent where no program is let in (tests). */
  readonly programs?: ProgramFlows;
  /** One control service under a person's session. @throws as the service; RefusedError */
  readonly control: (call: ControlCall) => Promise<unknown>;
  readonly limits: ApiLimits;
  /** For the log. */
  readonly failed: (error: LeadglassError) => void;
}

export interface ControlCall {
  readonly name: string;
  readonly given: unknown;
  readonly session: GuardSession;
  readonly signal: AbortSignal;
}

/** Never rejects: what goes wrong is a problem of its own form, with advice for a person. */
export async function answerApi(request: ApiRequest, options: ApiOptions): Promise<ApiResponse> {
  try {
    return await answered(request, options);
  } catch (thrown) {
    const error = asLeadglassError(thrown);
    options.failed(error);
    return apiProblem(error);
  }
}

async function answered(request: ApiRequest, options: ApiOptions): Promise<ApiResponse> {
  const route = routeOf(request);
  if (route.isForm === true) refuseNoForm(request);
  else if (route.method !== 'GET') refuseForged(request);
  const given = route.method === 'GET' ? {} : await bodyOf(request, route, options.limits.apiBodyBytesMax);
  const secret = cookieOf(request.headers['cookie'], sessionCookie);
  // Who signs in, enrols or signs out is at no session's place yet, or any more: an old cookie must not keep them from it.
  const workstation = await request.workstation(route.isForAnybody ? undefined : secret);
  const from = { ...browserOf(request), ...(workstation === undefined ? {} : { workstation }) };
  if (secret !== undefined && !route.isForAnybody) {
    await options.people.atItsPlace(from, secret, { toProve: route.isToProve });
  }
  const trip = cookieOf(request.headers['cookie'], providerCookie);
  const outcome = await route.run({ from, secret, trip, given, options, request });
  return responseOf(outcome, options.limits);
}

function routeOf({ method, path }: ApiRequest): ApiRoute {
  const routes = apiRoutes.filter((route) => route.path === path || (route.isOpen && path.startsWith(route.path)));
  if (routes.length === 0) throw new LeadglassError('NOT_FOUND', 'There is no such call');
  const route = routes.find((one) => one.method === method || (one.method === 'GET' && method === 'HEAD'));
  if (route !== undefined) return route;
  throw new LeadglassError('BAD_REQUEST', `This call takes ${routes.map((one) => one.method).join(', ')}`, {
    field: 'method',
  });
}

/**
 * A page of another site can make a browser send a form; it can neither set this field nor this type without asking first, and the
 * cookie stays away (SameSite). Three walls, each by itself enough.
 */
function refuseForged(request: ApiRequest): void {
  const { headers, isOwnPage } = request;
  if (isOwnPage && headers['x-leadglass'] === 'console' && typeOf(request) === 'application/json') return;
  throw new LeadglassError('NOT_AUTHORIZED', 'This call is for pages of this server only');
}

/** What another server sends comes without a browser: no page of whatever origin has a part in it. */
function refuseNoForm(request: ApiRequest): void {
  const { origin, cookie, 'sec-fetch-site': site } = request.headers;
  const isPage = origin !== undefined || cookie !== undefined || site !== undefined;
  if (!isPage && typeOf(request) === 'application/x-www-form-urlencoded') return;
  throw new LeadglassError('NOT_AUTHORIZED', 'This call is for the provider only, as a form');
}

function typeOf({ headers }: ApiRequest): string | undefined {
  return headers['content-type']?.split(';', 1)[0]?.trim().toLowerCase();
}

async function bodyOf({ body }: ApiRequest, { isForm }: ApiRoute, bytesMax: number): Promise<unknown> {
  const chunks: Uint8Array[] = [];
  let lengthBytes = 0;
  for await (const chunk of body) {
    lengthBytes += chunk.length;
    if (lengthBytes > bytesMax) throw new LeadglassError('LIMIT_EXCEEDED', `The body is longer than ${bytesMax} bytes`);
    chunks.push(chunk);
  }
  if (lengthBytes === 0) return {};
  // Of several of one name the last counts, and only one is ever looked at.
  if (isForm === true) return Object.fromEntries(new URLSearchParams(Buffer.concat(chunks).toString('latin1')));
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(Buffer.concat(chunks)));
  } catch (cause) {
    // Without the cause's own text, which would repeat a part of the body: it may be a password.
    throw new LeadglassError('BAD_REQUEST', 'The body is not JSON', {
      detail: cause instanceof Error ? cause.name : '',
    });
  }
}

function browserOf({ headers, address }: ApiRequest): BrowserFacts {
  const browser = cookieOf(headers['cookie'], browserCookie);
  return { address, userAgent: headers['user-agent'] ?? '', ...(browser === undefined ? {} : { browser }) };
}

function responseOf(
  { body, signedIn, signedOut, trip }: Outcome,
  { browserCookieSeconds, providerCookieSeconds }: ApiLimits,
): ApiResponse {
  const cookies: string[] = [];
  if (signedIn !== undefined) {
    cookies.push(setSession(signedIn.secret));
    if (signedIn.browser !== undefined) cookies.push(setBrowser(signedIn.browser, browserCookieSeconds));
  }
  if (signedOut === true) cookies.push(clearSession());
  if (trip === 'over') cookies.push(clearProvider());
  else if (trip !== undefined) cookies.push(setProvider(trip.ceremony, providerCookieSeconds));
  const headers = cookies.map((cookie) => ['set-cookie', cookie] as const);
  if (body === undefined) return { status: 204, headers };
  return {
    status: 200,
    headers: [...headers, ['content-type', 'application/json; charset=utf-8']],
    body: Buffer.from(JSON.stringify(body)),
  };
}
