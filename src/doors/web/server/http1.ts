/**
 * HTTP/1.1 (RFC 9112) on a connection that TLS has opened: Node's parser in its strict form, and refused on top of it what two
 * readers could understand in two ways. One deadline for each connection ends it when no whole header comes in time.
 */
import http from 'node:http';
import type { TLSSocket } from 'node:tls';
import type { Exchange, WebConnection } from './exchange.ts';

export interface Http1Limits {
  readonly headerBytesMax: number;
  readonly headersMax: number;
  readonly headerMs: number;
  readonly idleMs: number;
  readonly requestsPerConnectionMax: number;
  readonly unwantedBodyBytesMax: number;
  readonly unwantedBodyMs: number;
}

export interface Http1Engine {
  /** Serves a connection until it ends. */
  take(socket: TLSSocket, connection: WebConnection): void;
}

/** Fields that say where a message ends, whom it is for or who sent it: two of them are two messages. */
const single: readonly string[] = [
  'host',
  'content-length',
  'transfer-encoding',
  'content-type',
  'authorization',
  'origin',
];

export function http1Engine(limits: Http1Limits, serve: (exchange: Exchange) => void): Http1Engine {
  const places = new WeakMap<object, Place>();
  const server = http.createServer({
    maxHeaderSize: limits.headerBytesMax,
    insecureHTTPParser: false,
    // Asked below, with everything else that is refused.
    requireHostHeader: false,
    keepAliveTimeout: limits.idleMs,
    // Ours is the deadline, and the pace of bodies.
    headersTimeout: 0,
    requestTimeout: 0,
  });
  // Node would leave out what is beyond; that a message has too many is for us to say.
  server.maxHeadersCount = 0;
  server.maxRequestsPerSocket = limits.requestsPerConnectionMax;
  server.timeout = 0;
  const take = (request: http.IncomingMessage, response: http.ServerResponse, isContinued: boolean): void => {
    const place = places.get(request.socket);
    // What stands behind a refused request in the same packet is none.
    if (place === undefined || place.isOver) return;
    if (isAmbiguous(request, limits)) {
      place.isOver = true;
      refuse(response);
      return;
    }
    place.deadline.clear();
    response.once('close', () => place.deadline.set(limits.idleMs));
    serve(exchangeOf(request, response, { connection: place.connection, isContinued, limits }));
  };
  server.on('request', (request, response) => take(request, response, false));
  server.on('checkContinue', (request, response) => take(request, response, true));
  server.on('checkExpectation', (_request, response) => refuse(response, 417));
  server.on('clientError', (_error, socket) => socket.destroy());
  for (const event of ['connect', 'upgrade'] as const) server.on(event, (_request, socket) => socket.destroy());
  return {
    take: (socket, connection) => {
      const deadline = new Deadline(() => socket.destroy());
      socket.once('close', () => deadline.clear());
      deadline.set(limits.headerMs);
      places.set(socket, { connection, deadline, isOver: false });
      server.emit('connection', socket);
    },
  };
}

interface Place {
  readonly connection: WebConnection;
  readonly deadline: Deadline;
  isOver: boolean;
}

class Deadline {
  readonly #late: () => void;
  #timer: NodeJS.Timeout | undefined;

  constructor(late: () => void) {
    this.#late = late;
  }

  set(ms: number): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(this.#late, ms).unref();
  }

  clear(): void {
    clearTimeout(this.#timer);
  }
}

/** RFC 9112 3.2, 6.3; the parser itself refuses a length beside a transfer coding, folded fields and bare line ends. */
function isAmbiguous(request: http.IncomingMessage, { headersMax }: Http1Limits): boolean {
  const { url = '', rawHeaders, headers, httpVersion } = request;
  if (rawHeaders.length > 2 * headersMax) return true;
  if (httpVersion !== '1.1' || !url.startsWith('/') || url.startsWith('//') || url.includes('#')) return true;
  const names = rawHeaders.filter((_, index) => index % 2 === 0).map((name) => name.toLowerCase());
  if (single.some((name) => names.filter((other) => other === name).length > 1)) return true;
  return headers.upgrade !== undefined || (headers.host ?? '') === '';
}

function refuse(response: http.ServerResponse, status = 400): void {
  response.writeHead(status, { connection: 'close', 'content-length': 0 });
  response.end(() => response.socket?.destroy());
}

function exchangeOf(
  request: http.IncomingMessage,
  response: http.ServerResponse,
  facts: { readonly connection: WebConnection; readonly isContinued: boolean; readonly limits: Http1Limits },
): Exchange {
  const { connection, isContinued, limits } = facts;
  const gone = new AbortController();
  response.on('error', () => undefined);
  request.on('error', () => undefined);
  response.once('close', () => {
    if (!response.writableFinished) gone.abort();
  });
  const length = request.headers['content-length'];
  const hasSource = request.headers['transfer-encoding'] !== undefined || (length !== undefined && length !== '0');
  let isAsked = false;
  return {
    connection,
    method: request.method ?? '',
    target: request.url ?? '',
    authority: request.headers.host ?? '',
    headers: joined(request.headersDistinct),
    gone: gone.signal,
    source: hasSource ? request : undefined,
    wantBody: () => {
      if (isContinued && !isAsked) response.writeContinue();
      isAsked = true;
    },
    isWhole: () => request.complete,
    begin(status, headers, hasBody) {
      if (response.destroyed || response.headersSent) return undefined;
      // What follows an unread body would be read as the next request.
      const isUnread = hasSource && !request.complete;
      const fields = headers.flatMap(([name, value]) => [name, value]);
      response.writeHead(status, isUnread ? [...fields, 'connection', 'close'] : fields);
      if (isUnread) response.once('finish', () => letGo(request, limits));
      if (hasBody) return response;
      response.end();
      return undefined;
    },
    reset: () => void request.socket.destroy(),
  };
}

/** Reads on for a while, so that a peer that is still sending sees the answer before the connection is gone. */
function letGo(request: http.IncomingMessage, limits: Http1Limits): void {
  let bytes = 0;
  const over = (): void => void request.socket.destroy();
  const timer = setTimeout(over, limits.unwantedBodyMs).unref();
  request.on('data', (chunk: Buffer) => {
    bytes += chunk.length;
    if (bytes > limits.unwantedBodyBytesMax) over();
  });
  request.once('close', () => clearTimeout(timer));
  request.once('end', over);
}

function joined(headers: NodeJS.Dict<string[]>): Readonly<Record<string, string>> {
  const entries = Object.entries(headers).map(([name, values]) => [name, values?.join(', ') ?? ''] as const);
  return Object.assign(Object.create(null), Object.fromEntries(entries));
}
