/**
 * The HTTPS door. Until the console and DICOMweb are built it answers two things: /health, and a page that says so. It
 * knows no patient data, takes no body and runs no script; every length, count and time is bounded.
 */
import { createServer } from 'node:https';
import type { ServerOptions } from 'node:https';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { LeadglassError } from '../../error.ts';
import type { Log } from '../../log.ts';
import { placeholderPage } from './placeholder-page.ts';

export interface ConsoleLimits {
  readonly consoleConnectionsMax: number;
  readonly consoleConnectionsPerAddressMax: number;
  readonly consoleHeaderBytesMax: number;
  readonly consoleHandshakeMs: number;
  readonly consoleRequestMs: number;
  readonly consoleRequestsPerConnectionMax: number;
}

export interface ConsoleDoorOptions {
  readonly host: string;
  /** 0 takes a free one. */
  readonly port: number;
  /** Key, certificate, versions and suites of this door; its own, not the DIMSE door's. */
  readonly tls: ServerOptions;
  /** `ok` only when everything that a door needs (ledger, store, clock) is there. */
  readonly health: () => 'ok' | 'failing';
  readonly limits: ConsoleLimits;
  readonly log: Log;
}

export interface ConsoleDoor {
  readonly address: string;
  readonly port: number;
  stop(): Promise<void>;
}

/** Sent with every answer: nothing may frame, script, sniff, cache or leak it. */
const securityHeaders = {
  'content-security-policy':
    "default-src 'none'; style-src 'sha256-STYLE'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
  'strict-transport-security': 'max-age=63072000; includeSubDomains',
  'x-content-type-options': 'nosniff',
  'x-frame-options': 'DENY',
  'referrer-policy': 'no-referrer',
  'permissions-policy': 'camera=(), geolocation=(), microphone=(), usb=()',
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-resource-policy': 'same-origin',
  'cache-control': 'no-store',
} as const;

/**
 * Opens the door.
 * @throws LeadglassError BACKEND_UNAVAILABLE when the port cannot be had
 */
export async function startConsoleDoor(options: ConsoleDoorOptions): Promise<ConsoleDoor> {
  const { limits, log } = options;
  const page = placeholderPage();
  const headers = {
    ...securityHeaders,
    'content-security-policy': securityHeaders['content-security-policy'].replace('sha256-STYLE', page.styleDigest),
  };
  const server = createServer(
    {
      ...options.tls,
      handshakeTimeout: limits.consoleHandshakeMs,
      maxHeaderSize: limits.consoleHeaderBytesMax,
      headersTimeout: limits.consoleRequestMs,
      requestTimeout: limits.consoleRequestMs,
      keepAliveTimeout: 5_000,
      connectionsCheckingInterval: 1_000,
      insecureHTTPParser: false,
      requireHostHeader: true,
    },
    (request, response) => answer(request, response, { page: page.html, headers, health: options.health }),
  );
  server.maxConnections = limits.consoleConnectionsMax;
  server.maxRequestsPerSocket = limits.consoleRequestsPerConnectionMax;
  server.maxHeadersCount = 64;
  const sockets = boundPerAddress(server, limits.consoleConnectionsPerAddressMax);
  // Handshakes that fail are strangers' doing; the door stands.
  server.on('tlsClientError', (error) => log.debug('door.tls-failed', { door: 'console', code: codeOf(error) }));
  server.on('clientError', (error, socket) => {
    log.debug('door.request-failed', { door: 'console', code: codeOf(error) });
    socket.destroy();
  });
  server.on('upgrade', (_request, socket) => socket.destroy());
  await new Promise<void>((resolve, reject) => {
    server.once('error', (cause) => {
      const text = `Cannot open the console door on ${options.host}:${options.port}: ${codeOf(cause)}`;
      reject(
        new LeadglassError('BACKEND_UNAVAILABLE', `${text}; another port is set by doors.console.port`, { cause }),
      );
    });
    server.listen(options.port, options.host, resolve);
  });
  const place = server.address();
  if (place === null || typeof place === 'string') throw new LeadglassError('INTERNAL', 'The console door has no port');
  return {
    address: place.address,
    port: place.port,
    async stop(): Promise<void> {
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      server.closeIdleConnections();
      // Also those still in their handshake, which HTTP does not know of yet.
      const late = setTimeout(() => sockets.forEach((socket) => socket.destroy()), 500);
      await closed;
      clearTimeout(late);
    },
  };
}

/** One address cannot take every place; counted from the TCP connection on, before any handshake. */
function boundPerAddress(server: ReturnType<typeof createServer>, connectionsMax: number): ReadonlySet<Socket> {
  const sockets = new Set<Socket>();
  const counts = new Map<string, number>();
  server.on('connection', (socket: Socket) => {
    const address = socket.remoteAddress ?? '';
    const count = (counts.get(address) ?? 0) + 1;
    counts.set(address, count);
    sockets.add(socket);
    socket.once('close', () => {
      sockets.delete(socket);
      const left = (counts.get(address) ?? 1) - 1;
      if (left === 0) counts.delete(address);
      else counts.set(address, left);
    });
    if (count > connectionsMax) socket.destroy();
  });
  return sockets;
}

function codeOf(error: Error): string {
  return 'code' in error ? String(error.code) : error.name;
}

interface Answers {
  readonly page: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly health: () => 'ok' | 'failing';
}

function answer(request: IncomingMessage, response: ServerResponse, { page, headers, health }: Answers): void {
  // No path here takes a body; whoever sends one is cut off instead of being read.
  const hasBody =
    request.headers['transfer-encoding'] !== undefined || Number(request.headers['content-length'] ?? 0) > 0;
  const send = (status: number, type: string, text: string, more: Readonly<Record<string, string>> = {}): void => {
    const bytes = Buffer.from(text);
    response.writeHead(status, {
      ...headers,
      'content-type': type,
      'content-length': bytes.length,
      ...(hasBody ? { connection: 'close' } : {}),
      ...more,
    });
    response.end(request.method === 'HEAD' ? undefined : bytes);
  };
  const problem = (status: number, title: string, more?: Readonly<Record<string, string>>): void =>
    send(status, 'application/problem+json', JSON.stringify({ type: 'about:blank', status, title }), more);
  // The path is only compared with words, never echoed.
  const [path] = (request.url ?? '').split('?', 1);
  if (path !== '/health' && path !== '/' && path !== '/enrol') problem(404, 'Not found');
  else if (request.method !== 'GET' && request.method !== 'HEAD')
    problem(405, 'Method not allowed', { allow: 'GET, HEAD' });
  else if (hasBody) problem(413, 'No body is taken here');
  else if (path === '/health') {
    const status = health();
    send(status === 'ok' ? 200 : 503, 'application/json', JSON.stringify({ status }));
  } else send(200, 'text/html; charset=utf-8', page);
}
