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
  const { log } = services;
  const connections = new Set<Connection>();
  const unidentified = new Map<string, number>();
  let stopping = false;

  const serve = (socket: net.Socket, facts: ConnectionFacts): void => {
    const connection = serveConnection(socket, facts, services);
    connections.add(connection);
    void connection.ended.finally(() => connections.delete(connection));
  };

  /** Bounds the connections of one address that have proven nothing; returns the way to take this one off the count. */
  const hold = (socket: net.Socket, address: string): (() => void) | undefined => {
    const held = unidentified.get(address) ?? 0;
    if (stopping || held >= limits.dimseUnidentifiedPerAddressMax) {
      socket.destroy();
      return undefined;
    }
    unidentified.set(address, held + 1);
    let isHeld = true;
    const release = (): void => {
      if (!isHeld) return;
      isHeld = false;
      const left = (unidentified.get(address) ?? 1) - 1;
      if (left <= 0) unidentified.delete(address);
      else unidentified.set(address, left);
    };
    socket.once('close', release);
    return release;
  };

  const takePlain = (socket: net.Socket): void => {
    const address = socket.remoteAddress ?? '';
    socket.on('error', () => undefined);
    const identified = hold(socket, address);
    if (identified === undefined) return;
    serve(socket, { door: 'dimse-plain', localPort: socket.localPort ?? 0, address, identified });
  };

  const takeSecure = async (socket: tls.TLSSocket, address: string, identified: () => void): Promise<void> => {
    const shown = socket.getPeerX509Certificate();
    const certificate: CertificateFacts | undefined =
      shown === undefined
        ? undefined
        : {
            ...options.certificateFacts(shown),
            authorized: socket.authorized,
            // Node gives the code as a text although its types say Error.
            ...(socket.authorized ? {} : { authorizationError: String(socket.authorizationError) }),
          };
    const facts: ConnectionFacts = {
      door: 'dimse-tls',
      localPort: socket.localPort ?? 0,
      address,
      identified,
      ...(certificate === undefined ? {} : { certificate }),
    };
    // Nothing is read before the guard has looked at the certificate: a stranger does not even learn that DICOM is spoken.
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
    serve(socket, facts);
  };

  const server =
    options.tls === undefined
      ? net.createServer({ noDelay: true }, takePlain)
      : tls.createServer({
          ...options.tls,
          handshakeTimeout: limits.dimseHandshakeMs,
          noDelay: true,
          pauseOnConnect: false,
        });
  server.maxConnections = limits.dimseConnectionsMax;
  if (server instanceof tls.Server) {
    // Node does not tell which raw connection a secure one stands on; both have the same peer.
    const releases = new Map<string, () => void>();
    const peerOf = ({ remoteAddress, remotePort }: net.Socket): string => `${remoteAddress} ${remotePort}`;
    server.on('connection', (raw) => {
      raw.on('error', () => undefined);
      const release = hold(raw, raw.remoteAddress ?? '');
      if (release === undefined) return;
      const peer = peerOf(raw);
      releases.set(peer, release);
      raw.once('close', () => {
        if (releases.get(peer) === release) releases.delete(peer);
      });
    });
    server.on('secureConnection', (socket) => {
      socket.on('error', () => undefined);
      const address = socket.remoteAddress ?? '';
      const identified = releases.get(peerOf(socket)) ?? ((): void => undefined);
      takeSecure(socket, address, identified).catch((error: unknown) => {
        socket.destroy();
        log.error('door.connection-failed', { door: name, detail: asLeadglassError(error).detail });
      });
    });
    server.on('tlsClientError', (error, socket) => {
      socket.destroy();
      log.debug('door.handshake-failed', { door: name, code: 'code' in error ? String(error.code) : error.name });
    });
  }
  await listen(server, options);
  server.on('error', (error) => log.error('door.error', { door: name, detail: error.message }));
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
    stop: async () => {
      stopping = true;
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      const all = [...connections];
      for (const connection of all) connection.stop();
      const late = setTimeout(() => {
        for (const connection of all) connection.abort();
      }, limits.dimseStopMs);
      await Promise.all(all.map(({ ended }) => ended));
      clearTimeout(late);
      await closed;
    },
  };
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
