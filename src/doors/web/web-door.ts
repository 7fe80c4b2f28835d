/**
 * The HTTPS door: one port for the console's page, /health and DICOMweb, in HTTP/2 and HTTP/1.1. TLS asks for the client's
 * certificate and takes a connection without one: a browser must reach the page. Every count, length and time is bounded.
 */
import type { X509Certificate } from 'node:crypto';
import net, { type Socket } from 'node:net';
import tls from 'node:tls';
import { LeadglassError } from '../../error.ts';
import { OperationRate } from '../../guard/admission-limits.ts';
import type { Guard } from '../../guard/guard.ts';
import type { CertificateFacts } from '../../guard/identify/peer-facts.ts';
import type { WebHandlers } from './routes.ts';
import { answer, type AnsweringOptions, type WebApi, webBase, type WebOAuth } from './server/answering.ts';
import { type ChallengeCertificate, Challenges } from './server/challenges.ts';
import type { Exchange, WebConnection } from './server/exchange.ts';
import { http1Engine } from './server/http1.ts';
import { takeHttp2 } from './server/http2.ts';
import type { WebServices } from './web-handler.ts';
import { WebSessions } from './web-sessions.ts';

export interface WebDoorOptions
  extends Pick<AnsweringOptions, 'names' | 'corsOrigins' | 'pages' | 'api' | 'oauth' | 'health'> {
  readonly host: string;
  /** 0 takes a free one. */
  readonly port: number;
  /** Key, certificate, versions and suites of this door; its own, not the DIMSE door's. */
  readonly tls: tls.TlsOptions;
  /** Reads what the guard wants to know of a certificate. */
  readonly certificateFacts: (
    certificate: X509Certificate,
  ) => Omit<CertificateFacts, 'authorized' | 'authorizationError'>;
  readonly guard: Guard;
  readonly services: WebServices;
  readonly handlers: WebHandlers;
}

export interface WebDoor {
  readonly address: string;
  readonly port: number;
  /** New connections get another certificate and key from now on. */
  setTls(options: tls.SecureContextOptions): void;
  setTicketKeys(keys: Buffer): void;
  /** Proves to an ACME server that this door holds the name (RFC 8737), until the result is disposed. */
  answerChallenge(name: string, certificate: ChallengeCertificate): Disposable;
  /** No new connections; answers under way may end by themselves for a while. */
  stop(): Promise<void>;
}

/** Of one door while it is open. */
interface OpenDoor {
  readonly options: WebDoorOptions;
  readonly answering: AnsweringOptions;
  readonly running: Set<Promise<void>>;
  /** Requests under way, by connection. */
  readonly runningOf: WeakMap<WebConnection, number>;
  readonly sockets: Set<Socket>;
  /** Asks an HTTP/2 connection to end. */
  readonly closers: Set<() => void>;
  isStopping: boolean;
}

/** @throws LeadglassError BACKEND_UNAVAILABLE when the port cannot be had */
export async function startWebDoor(options: WebDoorOptions): Promise<WebDoor> {
  const { services, guard } = options;
  const { log, limits } = services;
  const stopping = new AbortController();
  const sessions = new WebSessions({ guard, limits: limits.web, log });
  const door: OpenDoor = {
    options,
    answering: { ...options, sessions, stopping: stopping.signal },
    running: new Set(),
    runningOf: new WeakMap(),
    sockets: new Set(),
    closers: new Set(),
    isStopping: false,
  };
  const server = secureServer(door);
  const challenges = new Challenges({ handshakeMs: limits.web.handshakeMs, log });
  const listener = net.createServer({ noDelay: true });
  listener.maxConnections = limits.web.connectionsMax;
  countConnections(listener, door, (socket) =>
    challenges.sort(socket, (other) => void server.emit('connection', other)),
  );
  await listen(listener, options);
  listener.on('error', (error) => log.error('door.error', { door: 'web', detail: error.message }));
  const place = listener.address();
  if (place === null || typeof place === 'string') throw new LeadglassError('INTERNAL', 'The web door has no port');
  return {
    address: place.address,
    port: place.port,
    setTls: (context) => server.setSecureContext(context),
    setTicketKeys: (keys) => server.setTicketKeys(keys),
    answerChallenge: (name, certificate) => challenges.answer(name, certificate),
    async stop() {
      door.isStopping = true;
      const closed = new Promise<void>((resolve) => listener.close(() => resolve()));
      for (const close of door.closers) close();
      const late = setTimeout(() => stopping.abort(), limits.web.stopMs);
      await Promise.all(door.running);
      clearTimeout(late);
      stopping.abort();
      for (const socket of door.sockets) socket.destroy();
      await closed;
      await sessions.end();
    },
  };
}

/** Counted from the TCP connection on, before any handshake: one address cannot take every place. */
function countConnections(listener: net.Server, door: OpenDoor, take: (socket: Socket) => void): void {
  const { options, sockets } = door;
  const counts = new Map<string, number>();
  listener.on('connection', (socket: Socket) => {
    const address = socket.remoteAddress ?? '';
    const count = (counts.get(address) ?? 0) + 1;
    counts.set(address, count);
    sockets.add(socket);
    socket.on('error', () => undefined);
    socket.once('close', () => {
      sockets.delete(socket);
      const left = (counts.get(address) ?? 1) - 1;
      if (left === 0) counts.delete(address);
      else counts.set(address, left);
    });
    if (count > options.services.limits.web.connectionsPerAddressMax || door.isStopping) socket.destroy();
    else take(socket);
  });
}

/** Listens to nothing by itself: it is handed the connections that are its. */
function secureServer(door: OpenDoor): tls.Server {
  const { options } = door;
  const { log, limits } = options.services;
  const { web } = limits;
  const server = tls.createServer({
    ...options.tls,
    ALPNProtocols: ['h2', 'http/1.1'],
    handshakeTimeout: web.handshakeMs,
  });
  const http1 = http1Engine(web, (exchange) => serve(door, exchange));
  server.on('secureConnection', (socket) => {
    socket.on('error', () => undefined);
    const connection = connectionOf(socket, options);
    if (socket.alpnProtocol !== 'h2') {
      http1.take(socket, connection);
      return;
    }
    const { close } = takeHttp2(socket, connection, { limits: web, serve: (exchange) => serve(door, exchange) });
    door.closers.add(close);
    socket.once('close', () => door.closers.delete(close));
  });
  // Handshakes that fail are strangers' doing; the door stands.
  server.on('tlsClientError', (error, socket) => {
    socket.destroy();
    log.debug('door.handshake-failed', { door: 'web', code: 'code' in error ? String(error.code) : error.name });
  });
  return server;
}

function connectionOf(socket: tls.TLSSocket, { certificateFacts, services }: WebDoorOptions): WebConnection {
  const perSecond = services.limits.web.requestsPerMinuteMax / 60;
  const rate = new OperationRate(perSecond, performance.now());
  return {
    address: socket.remoteAddress ?? '',
    localPort: socket.localPort ?? 0,
    ...certificateOf(socket, certificateFacts),
    takeRequest: () => rate.take(performance.now()),
  };
}

function certificateOf(
  socket: tls.TLSSocket,
  read: WebDoorOptions['certificateFacts'],
): { readonly certificate?: CertificateFacts } {
  const shown = socket.getPeerX509Certificate();
  if (shown === undefined) return {};
  const { authorized } = socket;
  // Node gives the code as a text although its types say Error.
  const error = authorized ? {} : { authorizationError: String(socket.authorizationError) };
  try {
    return { certificate: { ...read(shown), authorized, ...error } };
  } catch {
    // Beyond our reader: shown all the same, and known to nobody.
    const { fingerprint256, subject, serialNumber } = shown;
    const unread = { notBeforeMs: 0, notAfterMs: 0, keyType: 'unknown', authorized: false };
    return { certificate: { fingerprint256, subject, serialNumber, ...unread } };
  }
}

/** Streams that were reset may still have their handler at work, and HTTP/1.1 requests wait in line: both are counted here. */
function serve(door: OpenDoor, exchange: Exchange): void {
  const { connection } = exchange;
  const running = door.runningOf.get(connection) ?? 0;
  if (running >= door.options.services.limits.web.streamsMax) {
    exchange.reset();
    return;
  }
  door.runningOf.set(connection, running + 1);
  const run = answer(exchange, door.answering);
  door.running.add(run);
  void run.finally(() => {
    door.running.delete(run);
    door.runningOf.set(connection, (door.runningOf.get(connection) ?? 1) - 1);
  });
}

function listen(server: net.Server, { host, port }: WebDoorOptions): Promise<void> {
  return new Promise((resolve, reject) => {
    const failed = (cause: NodeJS.ErrnoException): void => {
      const why = cause.code === 'EADDRINUSE' ? 'another program listens there' : (cause.code ?? 'unknown');
      const text = `Cannot open the web door on ${host}:${port}: ${why}; another port is set by doors.console.port`;
      reject(new LeadglassError('BACKEND_UNAVAILABLE', text, { cause }));
    };
    server.once('error', failed);
    server.listen({ host, port, backlog: 511 }, () => {
      server.off('error', failed);
      resolve();
    });
  });
}

export { type WebApi, webBase, type WebOAuth };
