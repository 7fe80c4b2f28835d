/**
 * The API of the console, JSON over the web door: signing in, one's own account, and the control services under a person's session.
 * Nothing here decides who may do what: people are proven by whoever keeps accounts, and each call is admitted by the guard.
 */
import { asLeadglassError, LeadglassError } from '../../error.ts';
import type { GuardSession } from '../../guard/session.ts';
import { apiProblem } from './api-error.ts';
import { browserCookie, clearSession, cookieOf, sessionCookie, setBrowser, setSession } from './cookies.ts';
import { type ApiRoute, apiRoutes, type Outcome } from './api-routes.ts';
import type { BrowserFacts, PeopleFlows } from './people-flows.ts';

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
}

export interface ApiResponse {
  readonly status: number;
  readonly headers: readonly (readonly [string, string])[];
  readonly body?: Uint8Array;
}

export interface ApiLimits {
  readonly apiBodyBytesMax: number;
  readonly browserCookieSeconds: number;
}

export interface ApiOptions {
  readonly people: PeopleFlows;
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
  if (route.method !== 'GET') refuseForged(request);
  const given = route.method === 'GET' ? {} : await bodyOf(request, options.limits.apiBodyBytesMax);
  const from = browserOf(request);
  const secret = cookieOf(request.headers['cookie'], sessionCookie);
  if (secret !== undefined && !route.isForAnybody) {
    await options.people.atItsPlace(from, secret, { toProve: route.isToProve });
  }
  const outcome = await route.run({ from, secret, given, options, request });
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
function refuseForged({ headers, isOwnPage }: ApiRequest): void {
  const type = headers['content-type']?.split(';', 1)[0]?.trim().toLowerCase();
  if (isOwnPage && headers['x-leadglass'] === 'console' && type === 'application/json') return;
  throw new LeadglassError('NOT_AUTHORIZED', 'This call is for pages of this server only');
}

async function bodyOf({ body }: ApiRequest, bytesMax: number): Promise<unknown> {
  const chunks: Uint8Array[] = [];
  let lengthBytes = 0;
  for await (const chunk of body) {
    lengthBytes += chunk.length;
    if (lengthBytes > bytesMax) throw new LeadglassError('LIMIT_EXCEEDED', `The body is longer than ${bytesMax} bytes`);
    chunks.push(chunk);
  }
  if (lengthBytes === 0) return {};
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

function responseOf({ body, signedIn, signedOut }: Outcome, { browserCookieSeconds }: ApiLimits): ApiResponse {
  const cookies: string[] = [];
  if (signedIn !== undefined) {
    cookies.push(setSession(signedIn.secret));
    if (signedIn.browser !== undefined) cookies.push(setBrowser(signedIn.browser, browserCookieSeconds));
  }
  if (signedOut === true) cookies.push(clearSession());
  const headers = cookies.map((cookie) => ['set-cookie', cookie] as const);
  if (body === undefined) return { status: 204, headers };
  return {
    status: 200,
    headers: [...headers, ['content-type', 'application/json; charset=utf-8']],
    body: Buffer.from(JSON.stringify(body)),
  };
}
