/**
 * A DIMSE listener: takes connections, bounds how many and how long they may take to say who they are, and hands each to
 * connection.ts. A TLS door checks the client's certificate before a byte of DICOM is read or written; a plain door is an
 * exception that one opening names.
 */
import type { X509Certificate } from 'node:crypto';
import net from 'node:net';
import tls from 'node:tls';
import { asLeadglassError, LeadglassError } from '../../error.ts';
import type { CertificateFacts } from '../../guard/identify/peer-facts.ts';
import { RefusedError } from '../../guard/refusal.ts';
import { type Connection, type ConnectionFacts, type ConnectionServices, serveConnection } from './connection.ts';
import { UnidentifiedConnections } from './unidentified-connections.ts';

export interface DimseDoorLimits {
  /** Connections of this door at once, those still in their handshake included. */
  readonly dimseConnectionsMax: number;
  /** Connections of one address that have not been identified yet. */
  readonly dimseUnidentifiedPerAddressMax: number;
  readonly dimseHandshakeMs: number;
  /** How long a stop waits for associations to end by themselves. */
  readonly dimseStopMs: number;
}

export interface DimseDoorOptions {
  /** `dimse` or `plain CT1`; for status and log. */
  readonly name: string;
  readonly host: string;
  /** 0 takes a free one. */
  readonly port: number;
  /** Absent on a plain door. */
  readonly tls?: tls.TlsOptions;
  /** Reads what the guard wants to know of a certificate. */
  readonly certificateFacts: (
    certificate: X509Certificate,
  ) => Omit<CertificateFacts, 'authorized' | 'authorizationError'>;
  readonly services: ConnectionServices;
  readonly limits: DimseDoorLimits;
}

export interface DimseDoor {
  readonly name: string;
  readonly address: string;
  readonly port: number;
  /** New connections get another certificate and key from now on. */
  setTls(options: tls.SecureContextOptions): void;
  setTicketKeys(keys: Buffer): void;
  /** No new connections; associations may end by themselves for a while, then are aborted. */
  stop(): Promise<void>;
}

/** @throws LeadglassError BACKEND_UNAVAILABLE when the port cannot be had */
export async function startDimseDoor(options: DimseDoorOptions): Promise<DimseDoor> {
  const { services, limits, name } = options;
  const door: OpenDoor = {
    options,
    connections: new Set(),
    unidentified: new UnidentifiedConnections(limits.dimseUnidentifiedPerAddressMax),
    isStopping: false,
  };
  const server = options.tls === undefined ? plainServer(door) : secureServer(door, options.tls);
  server.maxConnections = limits.dimseConnectionsMax;
  await listen(server, options);
  server.on('error', (error) => services.log.error('door.error', { door: name, detail: error.message }));
  const bound = server.address();
  if (bound === null || typeof bound === 'string') throw new LeadglassError('INTERNAL', 'A door has no address');
  return {
    name,
    address: bound.address,
    port: bound.port,
    setTls: (context) => {
      if (server instanceof tls.Server) server.setSecureContext(context);
    },
    setTicketKeys: (keys) => {
      if (server instanceof tls.Server) server.setTicketKeys(keys);
    },
    stop: () => stop(door, server),
  };
}

/** What belongs to one door while it is open. */
interface OpenDoor {
  readonly options: DimseDoorOptions;
  readonly connections: Set<Connection>;
  readonly unidentified: UnidentifiedConnections;
  isStopping: boolean;
}

function plainServer(door: OpenDoor): net.Server {
  return net.createServer({ noDelay: true }, (socket) => {
    const address = socket.remoteAddress ?? '';
    socket.on('error', () => undefined);
    const identified = hold(door, socket, address);
    if (identified === undefined) return;
    serve(door, socket, { door: 'dimse-plain', localPort: socket.localPort ?? 0, address, identified });
  });
}

function secureServer(door: OpenDoor, tlsOptions: tls.TlsOptions): tls.Server {
  const { name, limits, services } = door.options;
  const { log } = services;
  const server = tls.createServer({
    ...tlsOptions,
    handshakeTimeout: limits.dimseHandshakeMs,
    noDelay: true,
    pauseOnConnect: false,
  });
  // Node does not tell which raw connection a secure one stands on; both have the same peer.
  const releases = new Map<string, () => void>();
  const peerOf = ({ remoteAddress, remotePort }: net.Socket): string => `${remoteAddress} ${remotePort}`;
  server.on('connection', (raw) => {
    raw.on('error', () => undefined);
    const release = hold(door, raw, raw.remoteAddress ?? '');
    if (release === undefined) return;
    const peer = peerOf(raw);
    releases.set(peer, release);
    raw.once('close', () => {
      if (releases.get(peer) === release) releases.delete(peer);
    });
  });
  server.on('secureConnection', (socket) => {
    socket.on('error', () => undefined);
    const identified = releases.get(peerOf(socket)) ?? ((): void => undefined);
    takeSecure(door, socket, identified).catch((error: unknown) => {
      socket.destroy();
      log.error('door.connection-failed', { door: name, detail: asLeadglassError(error).detail });
    });
  });
  server.on('tlsClientError', (error, socket) => {
    socket.destroy();
    log.debug('door.handshake-failed', { door: name, code: 'code' in error ? String(error.code) : error.name });
  });
  return server;
}

/** Nothing is read before the guard has looked at the certificate: a stranger does not even learn that DICOM is spoken. */
async function takeSecure(door: OpenDoor, socket: tls.TLSSocket, identified: () => void): Promise<void> {
  const { services, certificateFacts } = door.options;
  const shown = socket.getPeerX509Certificate();
  const certificate: CertificateFacts | undefined =
    shown === undefined
      ? undefined
      : {
          ...certificateFacts(shown),
          authorized: socket.authorized,
          // Node gives the code as a text although its types say Error.
          ...(socket.authorized ? {} : { authorizationError: String(socket.authorizationError) }),
        };
  const facts: ConnectionFacts = {
    door: 'dimse-tls',
    localPort: socket.localPort ?? 0,
    address: socket.remoteAddress ?? '',
    identified,
    ...(certificate === undefined ? {} : { certificate }),
  };
  const pending = services.guard.checkCertificate(facts);
  if (pending !== undefined) {
    try {
      await pending;
    } catch (error) {
      socket.destroy();
      if (!(error instanceof RefusedError)) throw error;
    }
    return;
  }
  serve(door, socket, facts);
}

function hold(door: OpenDoor, socket: net.Socket, address: string): (() => void) | undefined {
  if (!door.isStopping) return door.unidentified.hold(socket, address);
  socket.destroy();
  return undefined;
}

function serve({ connections, options }: OpenDoor, socket: net.Socket, facts: ConnectionFacts): void {
  const connection = serveConnection(socket, facts, options.services);
  connections.add(connection);
  void connection.ended.finally(() => connections.delete(connection));
}

async function stop(door: OpenDoor, server: net.Server): Promise<void> {
  door.isStopping = true;
  const closed = new Promise<void>((resolve) => server.close(() => resolve()));
  const all = [...door.connections];
  for (const connection of all) connection.stop();
  const late = setTimeout(() => {
    for (const connection of all) connection.abort();
  }, door.options.limits.dimseStopMs);
  await Promise.all(all.map(({ ended }) => ended));
  clearTimeout(late);
  await closed;
}

function listen(server: net.Server, { host, port, name }: DimseDoorOptions): Promise<void> {
  return new Promise((resolve, reject) => {
    const failed = (cause: NodeJS.ErrnoException): void => {
      const why =
        cause.code === 'EADDRINUSE'
          ? 'another program listens there; stop it or choose another port in leadglass.yaml'
          : (cause.code ?? 'unknown');
      reject(
        new LeadglassError('BACKEND_UNAVAILABLE', `Cannot open door ${name} on ${host}:${port}: ${why}`, { cause }),
      );
    };
    server.once('error', failed);
    server.listen({ host, port, backlog: 511 }, () => {
      server.off('error', failed);
      resolve();
    });
  });
}
