/**
 * From an exchange to its answer: pages and /health for everybody, the DICOMweb resources for whom the guard knows. Whatever goes
 * wrong becomes problem details; what does not exist and what may not be seen take the same way.
 */
import { asLeadglassError, LeadglassError } from '../../../error.ts';
import { RefusedError } from '../../../guard/refusal.ts';
import type { Guard } from '../../../guard/guard.ts';
import type { GuardSession } from '../../../guard/session.ts';
import { capabilities, capabilitiesMediaType } from '../capabilities.ts';
import { type AcceptLimits, parseAcceptable } from '../http/accept.ts';
import { HttpError } from '../http/http-error.ts';
import { chooseOrRefuse, type Offer } from '../http/negotiate.ts';
import { problemMediaType, problemOf } from '../http/problem.ts';
import { operationFor, routesOf, type WebHandlers } from '../routes.ts';
import { type WebMethod, webMethods, type WebResponse, type WebServices } from '../web-handler.ts';
import type { WebPeer, WebSessions } from '../web-sessions.ts';
import type { Exchange } from './exchange.ts';
import { requestBody } from './request-body.ts';
import { corsHeaders, type Origin, originOf, preflightHeaders, securityHeaders } from './security-headers.ts';
import { sendAnswer } from './send.ts';

/** Where DICOMweb begins. */
export const webBase = '/dicom-web';
const apiBase = '/api/';

/** The console's files, as the door needs them. */
export interface WebPages {
  /** What a GET of this path answers; undefined when there is no such page. */
  find(path: string): ((asked: Exchange['headers']) => WebResponse) | undefined;
}

/** The console's API, as the door needs it. */
export interface WebApi {
  /** A request below `/api/`. Never rejects. */
  answer(request: WebApiRequest): Promise<WebResponse>;
  /**
   * The secret of a person's session out of the cookies, when it is good now; asking counts as a use of it.
   * @throws LeadglassError NOT_AUTHENTICATED for one that is none or has ended; NOT_AUTHORIZED from another network than its own
   */
  sessionOf(headers: Exchange['headers'], address: string): Promise<string | undefined>;
}

/** Programs that act for people (OAuth 2.0), as the door needs it; closed and unseen while none may. */
export interface WebOAuth {
  covers(path: string): boolean;
  /** Origins of the pages of programs: they may read DICOMweb with a token, and the answers below. */
  origins(): readonly string[];
  /** For WWW-Authenticate: where a program finds out whom to ask. */
  metadataUrl(): string | undefined;
  /** A request came with this token; it may be none. */
  used(token: string): void;
  /** @throws LeadglassError */
  answer(request: WebOAuthRequest): Promise<WebResponse>;
}

export interface WebOAuthRequest {
  readonly method: string;
  readonly address: string;
  readonly path: string;
  readonly query: string;
  readonly headers: Exchange['headers'];
  readonly body: AsyncIterable<Uint8Array>;
}

export interface WebApiRequest {
  readonly method: string;
  /** Below `/api/`. */
  readonly path: string;
  readonly headers: Exchange['headers'];
  readonly body: AsyncIterable<Uint8Array>;
  readonly address: string;
  readonly signal: AbortSignal;
  /** A page of this very origin asks, and its browser says so. */
  readonly isOwnPage: boolean;
  /** The guard's session of the person with this secret; given back with the answer. */
  readonly lend: (secret: string) => Promise<GuardSession>;
  /**
   * Name of the enrolled workstation at which the browser stands; undefined for none.
   * @param secret of a session, which must have been begun there
   * @throws RefusedError, recorded
   */
  readonly workstation: (secret: string | undefined) => Promise<string | undefined>;
}

export interface AnsweringOptions {
  readonly services: WebServices;
  readonly handlers: WebHandlers;
  readonly sessions: WebSessions;
  readonly guard: Pick<Guard, 'workstation'>;
  /** Host names and addresses by which we may be called; others are somebody else's. */
  readonly names: readonly string[];
  /** Origins whose pages may read answers. */
  readonly corsOrigins: readonly string[];
  readonly pages: WebPages;
  /** Absent where nobody keeps accounts (tests). */
  readonly api?: WebApi;
  readonly oauth?: WebOAuth;
  /** `ok` only when everything that a door needs (ledger, store, clock) is there. */
  /** `degraded`: what is stored goes in and out, but nothing is converted or drawn. */
  readonly health: () => 'ok' | 'degraded' | 'failing';
  /** Fires when the door stops. */
  readonly stopping: AbortSignal;
}

/** Made once: an abort without a reason makes an error with a stack for each request. */
const isAnswered = new LeadglassError('CANCELLED', 'The request has been answered');

/** RFC 9728 5.1: only where a program may ask does a stranger learn whom. */
function challengeOf(metadataUrl: string | undefined): string {
  const where = metadataUrl === undefined ? '' : `, resource_metadata="${metadataUrl}"`;
  return `Bearer realm="Leadglass"${where}`;
}

/** Never rejects. */
export async function answer(exchange: Exchange, options: AnsweringOptions): Promise<void> {
  const { log, limits } = options.services;
  const ending = new AbortController();
  const end = (): void => ending.abort();
  for (const signal of [exchange.gone, options.stopping]) {
    if (signal.aborted) end();
    signal.addEventListener('abort', end, { once: true });
  }
  let releases: () => void = () => undefined;
  let response: WebResponse;
  let origin: Origin = 'foreign';
  try {
    try {
      const { path, query } = splitTarget(exchange.target);
      const ownOrigin = `https://${exchange.authority}`;
      const isOAuth = options.oauth?.covers(path) === true;
      const forPrograms = isOAuth || isUnderBase(path) ? (options.oauth?.origins() ?? []) : [];
      origin = originOf(exchange.headers, ownOrigin, [...options.corsOrigins, ...forPrograms]);
      const lend = async (peer: WebPeer): Promise<GuardSession> => {
        const use = await options.sessions.use(peer);
        releases = () => use.release();
        use.onRevoked(end);
        return use.session;
      };
      const situation = { options, origin, signal: ending.signal, lend };
      if (isUnderBase(path)) {
        const request = { path: path.slice(webBase.length), query, baseUrl: ownOrigin + webBase };
        response = await dicomWeb(exchange, request, situation);
      } else if (path.startsWith(apiBase)) {
        response = await consoleApi(exchange, path.slice(apiBase.length), situation);
      } else if (isOAuth) response = await forProgram(exchange, { path, query }, situation);
      else response = ownPage(exchange, path, options);
    } catch (thrown) {
      response = problemFor(thrown, options);
    }
    await sendAnswer(exchange, dressed(response, exchange, origin), limits.web);
  } catch (thrown) {
    const error = asLeadglassError(thrown);
    // A body may fail before its first piece: then there was no head yet, and the error has its own.
    log.info('web.answer-failed', { code: error.code, detail: error.detail ?? error.message });
    await sendProblem(exchange, error, { options, origin });
  } finally {
    exchange.gone.removeEventListener('abort', end);
    options.stopping.removeEventListener('abort', end);
    // Whatever was not read or written by now never will be.
    ending.abort(isAnswered);
    releases();
  }
}

interface Situation {
  readonly options: AnsweringOptions;
  readonly origin: Origin;
  /** Aborted when the exchange is over, or the session that was lent is revoked. */
  readonly signal: AbortSignal;
  /** The guard's session of this peer; given back with the answer. */
  readonly lend: (peer: WebPeer) => Promise<GuardSession>;
}

async function consoleApi(
  exchange: Exchange,
  path: string,
  { options, origin, signal, lend }: Situation,
): Promise<WebResponse> {
  const { api, names, services, guard } = options;
  const { headers, connection, method } = exchange;
  if (!isOurName(exchange.authority, names)) throw misdirected();
  if (api === undefined) throw new LeadglassError('NOT_FOUND', 'There is no such page');
  if (!connection.takeRequest()) throw new RefusedError('LIMIT_EXCEEDED', 'too-many-operations');
  return await api.answer({
    method,
    path,
    headers,
    body: requestBody(exchange, services.limits.web),
    address: connection.address,
    signal,
    isOwnPage: isOwnPage(origin, exchange),
    lend: (session) => lend({ ...connection, session }),
    workstation: (session) => guard.workstation({ ...connection, ...(session === undefined ? {} : { session }) }),
  });
}

/** Asked by programs and by browsers that a program sends here: nobody is known yet, and no cookie of a person is looked at. */
async function forProgram(
  exchange: Exchange,
  target: { readonly path: string; readonly query: string },
  { options, origin }: Pick<Situation, 'options' | 'origin'>,
): Promise<WebResponse> {
  const { oauth, names, services } = options;
  const { headers, connection, method } = exchange;
  if (!isOurName(exchange.authority, names)) throw misdirected();
  if (oauth === undefined) throw new LeadglassError('NOT_FOUND', 'There is no such page');
  if (isPreflight(exchange)) return preflight(origin, services.limits.web.preflightSeconds);
  if (!connection.takeRequest()) throw new RefusedError('LIMIT_EXCEEDED', 'too-many-operations');
  const { address } = connection;
  return await oauth.answer({ method, address, ...target, headers, body: requestBody(exchange, services.limits.web) });
}

/** A browser's question before the request; it never has credentials. */
function isPreflight({ method, headers }: Exchange): boolean {
  return method === 'OPTIONS' && headers['access-control-request-method'] !== undefined;
}

function preflight(origin: Origin, maxAgeSeconds: number): WebResponse {
  return { status: 204, headers: origin === 'allowed' ? preflightHeaders(maxAgeSeconds) : [] };
}

/** What changes something must say where it comes from; browsers do, for every method but GET and HEAD. */
function isOwnPage(origin: Origin, { method, headers }: Exchange): boolean {
  return origin === 'own' && (method === 'GET' || method === 'HEAD' || headers['origin'] !== undefined);
}

function misdirected(): HttpError {
  return new HttpError(421, 'This server has another name; those that it answers to stand in its configuration');
}

async function dicomWeb(
  exchange: Exchange,
  { path, query, baseUrl }: { readonly path: string; readonly query: string; readonly baseUrl: string },
  { options, origin, signal, lend }: Situation,
): Promise<WebResponse> {
  const { services, handlers, names } = options;
  const { headers, connection } = exchange;
  if (!isOurName(exchange.authority, names)) throw misdirected();
  if (isPreflight(exchange)) return preflight(origin, services.limits.web.preflightSeconds);
  if (origin === 'foreign') throw new HttpError(403, 'Pages of this origin may not use this server');
  if (!connection.takeRequest()) throw new RefusedError('LIMIT_EXCEEDED', 'too-many-operations');
  const token = bearerToken(headers['authorization']);
  if (token !== undefined) options.oauth?.used(token);
  // The console's own pages come with the cookie of a person; programs come with a token, other origins with nothing else.
  const isPerson = isOwnPage(origin, exchange) && token === undefined;
  const session = isPerson ? await options.api?.sessionOf(headers, connection.address) : undefined;
  const guardSession = await lend({
    ...connection,
    ...(token === undefined ? {} : { token }),
    ...(session === undefined ? {} : { session }),
  });
  const method = knownMethod(exchange.method);
  const routes = routesOf(path, services.limits.web);
  if (method === 'OPTIONS') {
    return optionsOf(path, routes, { handlers, baseUrl, accept: headers['accept'], limits: services.limits.web });
  }
  const operation = operationFor(method, routes);
  const handler = handlers[operation];
  if (handler === undefined) throw new LeadglassError('NOT_FOUND', 'There is no such resource');
  const body = requestBody(exchange, services.limits.web);
  const request = { method, path, query, headers, body, signal, baseUrl };
  return await handler(request, guardSession, services);
}

interface OptionsFacts {
  readonly handlers: WebHandlers;
  readonly baseUrl: string;
  readonly accept: string | undefined;
  readonly limits: AcceptLimits;
}

const capabilitiesOffers: readonly Offer[] = [
  { name: capabilitiesMediaType, isMultipart: false, isDefault: true, aliases: ['application/xml', 'text/xml'] },
];

/** PS3.18 8.9; of a single resource the methods that it takes. */
function optionsOf(
  path: string,
  routes: ReturnType<typeof routesOf>,
  { handlers, baseUrl, accept, limits }: OptionsFacts,
): WebResponse {
  if (path === '' || path === '/') {
    // 8.7.5: as everywhere, who may get a payload says what it reads.
    chooseOrRefuse(parseAcceptable({ header: accept }, limits), capabilitiesOffers);
    const body = Buffer.from(capabilities(baseUrl, handlers));
    return {
      status: 200,
      headers: [
        ['content-type', capabilitiesMediaType],
        ['allow', 'OPTIONS'],
      ],
      body,
    };
  }
  const served = [...routes].filter(([, operation]) => handlers[operation] !== undefined).map(([method]) => method);
  if (served.length === 0) throw new LeadglassError('NOT_FOUND', 'There is no such resource');
  return { status: 204, headers: [['allow', [...served, 'OPTIONS'].join(', ')]] };
}

function ownPage(exchange: Exchange, path: string, { pages, health }: AnsweringOptions): WebResponse {
  const page = path === '/health' ? () => healthAnswer(health()) : pages.find(path);
  if (page === undefined) throw new LeadglassError('NOT_FOUND', 'There is no such page');
  const { method, source, headers } = exchange;
  if (method !== 'GET' && method !== 'HEAD') {
    throw new HttpError(405, 'This page does not take that method', { headers: { allow: 'GET, HEAD' } });
  }
  if (source !== undefined) throw new LeadglassError('LIMIT_EXCEEDED', 'No body is taken here');
  return page(headers);
}

function healthAnswer(status: ReturnType<AnsweringOptions['health']>): WebResponse {
  const body = Buffer.from(JSON.stringify({ status }));
  return { status: status === 'failing' ? 503 : 200, headers: [['content-type', 'application/json']], body };
}

function problemFor(thrown: unknown, { services: { log, limits }, oauth }: AnsweringOptions): WebResponse {
  const error = asLeadglassError(thrown);
  const fields = { code: error.code, detail: error.detail ?? error.message };
  if (error.code === 'INTERNAL' || error.code === 'CORRUPT') log.error('web.request-failed', fields);
  else log.info('web.request-failed', fields);
  const isRefusal = error instanceof RefusedError;
  const { status, headers, body } = problemOf(error, {
    isRefusal,
    needsFactor: isRefusal && error.reason === 'step-up',
    // What the opening never holds says nothing about a study; what the archive finds outside the scope does.
    hidesExistence: !isRefusal && !(error instanceof HttpError),
    challenge: challengeOf(oauth?.metadataUrl()),
    retryAfterSeconds: limits.web.retryAfterSeconds,
  });
  return {
    status,
    headers: [['content-type', problemMediaType], ...Object.entries(headers)],
    body: Buffer.from(JSON.stringify(body)),
  };
}

async function sendProblem(
  exchange: Exchange,
  error: LeadglassError,
  { options, origin }: { readonly options: AnsweringOptions; readonly origin: Origin },
): Promise<void> {
  try {
    await sendAnswer(exchange, dressed(problemFor(error, options), exchange, origin), options.services.limits.web);
  } catch {
    exchange.reset();
  }
}

/** A handler's own field stands; the rest of what protects is added. */
function dressed(response: WebResponse, exchange: Exchange, origin: Origin): WebResponse {
  const named = new Set(response.headers.map(([name]) => name.toLowerCase()));
  const others = [...securityHeaders, ...corsHeaders(origin, exchange.headers)];
  // `vary` and others that may stand twice do.
  const added = others.filter(([name]) => name === 'vary' || !named.has(name));
  return { ...response, headers: [...response.headers, ...added] };
}

function splitTarget(target: string): { readonly path: string; readonly query: string } {
  if (!target.startsWith('/') || target.startsWith('//') || target.includes('#')) {
    throw new LeadglassError('MALFORMED', 'Cannot read the target: it must be a path, with a query or without');
  }
  const mark = target.indexOf('?');
  return mark < 0 ? { path: target, query: '' } : { path: target.slice(0, mark), query: target.slice(mark + 1) };
}

function isUnderBase(path: string): boolean {
  return path === webBase || path.startsWith(`${webBase}/`);
}

/** Only names of the configuration come back in RetrieveURL and BulkDataURI, whatever a peer writes into Host; its port does. */
function isOurName(authority: string, names: readonly string[]): boolean {
  const host = /^(?<host>\[[0-9a-f:.]+\]|[a-z0-9.-]+)(?::[0-9]{1,5})?$/i.exec(authority)?.groups?.['host'];
  if (host === undefined) return false;
  const bare = host.replace(/^\[(.*)\]$/, '$1').toLowerCase();
  return names.some((name) => name.toLowerCase() === bare);
}

/** RFC 6750 2.1. Other schemes are no proof here, and what is no token is refused as one that is not good. */
function bearerToken(authorization: string | undefined): string | undefined {
  if (authorization === undefined) return undefined;
  return /^bearer +(?<token>[^ ]*) *$/i.exec(authorization)?.groups?.['token'] ?? '';
}

function knownMethod(method: string): WebMethod {
  const found = webMethods.find((known) => known === method);
  if (found !== undefined) return found;
  throw new HttpError(501, 'This method is not known here');
}
