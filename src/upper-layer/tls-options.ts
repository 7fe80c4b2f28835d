/**
 * TLS for both sides of every connection (PS3.15 B.12, RFC 9325), as option objects for node:tls. Each choice names the
 * section of RFC 9325 it comes from. Certificates are made and judged elsewhere (keys, guard).
 */
import { constants, randomBytes } from 'node:crypto';
import { isIP } from 'node:net';
import {
  checkServerIdentity,
  type ConnectionOptions,
  type PeerCertificate,
  type SecureContextOptions,
  type Server,
  type TlsOptions,
  type TLSSocket,
} from 'node:tls';
import { LeadglassError } from '../error.ts';

/** A private key and the chain of its certificate, leaf first, both PEM. */
export interface TlsIdentity {
  readonly key: string | Uint8Array;
  readonly cert: string | Uint8Array;
}

export interface ServerTlsSettings {
  /** One, or one per key type (EC and RSA). */
  readonly identities: readonly TlsIdentity[];
  /**
   * PEM. The authorities that client certificates are checked against. A single trusted certificate of a foreign authority
   * (ITI-19) is not `authorized` in OpenSSL's eyes (Node gives servers no partial chains): guard compares it itself.
   */
  readonly clientCa: readonly string[];
  /** PEM. A certificate whose authority has a list here is refused when it is on it, or when the list is out of date. */
  readonly crl?: readonly string[];
  readonly limits: TlsLimits;
}

export interface TlsLimits {
  /** A peer that does not finish its handshake by then is dropped. */
  readonly tlsHandshakeMsMax: number;
  /** Life of sessions and tickets: resumption skips nothing that guard checks, but keeps the old keys. */
  readonly tlsSessionSecondsMax: number;
}

/** How a client makes sure that it talks to the right server. There is no way to leave it out. */
export type ServerCheck =
  /** Chain to one of `ca`, and this DNS name or IP address in the certificate's SAN. */
  | { readonly by: 'name'; readonly name: string; readonly ca: readonly string[]; readonly crl?: readonly string[] }
  /** Exactly the certificate with this SHA-256 (hexadecimal), within its dates; who issued it does not matter. */
  | { readonly by: 'fingerprint'; readonly fingerprint256: string };

export interface ClientTlsSettings {
  /** For mutual TLS. */
  readonly identity?: TlsIdentity;
  readonly server: ServerCheck;
}

/**
 * 4.1, 4.2: forward secrecy and AEAD only; no static RSA, no finite-field DHE, no CBC (which Node's default list still
 * has). 4.5: @SECLEVEL=2 refuses keys below 112 bits of strength (RSA < 2048) and SHA-1 signatures.
 */
export const cipherSuites = [
  'TLS_AES_256_GCM_SHA384',
  'TLS_CHACHA20_POLY1305_SHA256',
  'TLS_AES_128_GCM_SHA256',
  'ECDHE-ECDSA-AES256-GCM-SHA384',
  'ECDHE-RSA-AES256-GCM-SHA384',
  'ECDHE-ECDSA-CHACHA20-POLY1305',
  'ECDHE-RSA-CHACHA20-POLY1305',
  'ECDHE-ECDSA-AES128-GCM-SHA256',
  'ECDHE-RSA-AES128-GCM-SHA256',
  '@SECLEVEL=2',
].join(':');

/**
 * 4.2: X25519 and P-256. First the hybrid with ML-KEM-768, so that what is recorded today stays closed to a quantum
 * computer (images are private for a lifetime); TLS 1.3 only, others fall back to the curves after it.
 */
const keyExchangeGroups = 'X25519MLKEM768:X25519:P-256:P-384';

/** What holds on both sides. */
const common = {
  // 3.1.1: no SSL, TLS 1.0 or 1.1; 1.3 is preferred by the protocol itself.
  minVersion: 'TLSv1.2',
  maxVersion: 'TLSv1.3',
  ciphers: cipherSuites,
  ecdhCurve: keyExchangeGroups,
  // 3.5, 3.6: nobody renegotiates; OpenSSL would let a TLS 1.2 client do so. 3.3: no compression (off in any case).
  secureOptions: constants.SSL_OP_NO_RENEGOTIATION | constants.SSL_OP_NO_COMPRESSION,
} as const satisfies SecureContextOptions;

/**
 * For `tls.createServer` of a door. The certificate is asked for but not enforced by OpenSSL, which would lose the reason:
 * the door must look at `authorized` and `authorizationError` of each socket, record a refusal, and destroy the socket
 * before it reads a byte.
 */
export function serverTlsOptions({ identities, clientCa, crl, limits }: ServerTlsSettings): TlsOptions {
  return {
    ...common,
    ...serverSecureContext({ identities, clientCa, ...(crl === undefined ? {} : { crl }) }),
    requestCert: true,
    rejectUnauthorized: false,
    handshakeTimeout: limits.tlsHandshakeMsMax,
    // 3.4: about half the life of the ticket key; see rotateTicketKeys.
    sessionTimeout: limits.tlsSessionSecondsMax,
  };
}

/** The part that `server.setSecureContext` takes, to change certificates or revocation lists while running. */
export function serverSecureContext(
  settings: Pick<ServerTlsSettings, 'identities' | 'clientCa' | 'crl'>,
): SecureContextOptions {
  const { identities, clientCa, crl } = settings;
  return {
    ...common,
    key: identities.map(({ key }) => text(key)),
    cert: identities.map(({ cert }) => text(cert)),
    ca: [...clientCa],
    ...(crl === undefined || crl.length === 0 ? {} : { crl: [...crl] }),
    // 4.2: our order, so that the strongest common suite is taken.
    honorCipherOrder: true,
  };
}

/**
 * For `tls.connect`. On 'secureConnect', before a byte is sent, the caller must ask `serverCheckFailure`: OpenSSL knows
 * no fingerprints, so with those it lets every certificate through.
 */
export function clientTlsOptions({ identity, server }: ClientTlsSettings): ConnectionOptions {
  return {
    ...common,
    ...(identity === undefined ? {} : { key: text(identity.key), cert: text(identity.cert) }),
    ...(server.by === 'name' ? namedServer(server) : { rejectUnauthorized: false }),
  };
}

function namedServer({ name, ca, crl }: Extract<ServerCheck, { by: 'name' }>): ConnectionOptions {
  return {
    rejectUnauthorized: true,
    ca: [...ca],
    ...(crl === undefined || crl.length === 0 ? {} : { crl: [...crl] }),
    // RFC 6066 section 3: SNI has no IP addresses.
    ...(isIP(name) === 0 ? { servername: name } : {}),
    checkServerIdentity: (_host, certificate) => checkServerName(name, certificate),
  };
}

/**
 * Why the server at the other end of this connection is not the one that was asked for, or undefined. TLS itself has proved
 * that it holds the key of the certificate it showed.
 */
export function serverCheckFailure(
  socket: Pick<TLSSocket, 'authorized' | 'authorizationError' | 'getPeerX509Certificate'>,
  server: ServerCheck,
  now: Date,
): LeadglassError | undefined {
  if (server.by === 'name') {
    if (socket.authorized) return undefined;
    return new LeadglassError('NOT_AUTHENTICATED', "The server's certificate could not be verified", {
      detail: String(socket.authorizationError),
    });
  }
  const certificate = socket.getPeerX509Certificate();
  const expected = plainFingerprint(server.fingerprint256);
  const shown = certificate === undefined ? 'none' : plainFingerprint(certificate.fingerprint256);
  if (certificate === undefined || shown !== expected) {
    return new LeadglassError(
      'NOT_AUTHENTICATED',
      'The server showed another certificate than the one that is pinned',
      {
        detail: `expected SHA-256 ${expected}, was ${shown}`,
      },
    );
  }
  const { validFromDate, validToDate } = certificate;
  if (now >= validFromDate && now <= validToDate) return undefined;
  return new LeadglassError(
    'NOT_AUTHENTICATED',
    'The pinned certificate of the server is out of date; pin its new one',
    {
      detail: `valid from ${validFromDate.toISOString()} to ${validToDate.toISOString()}`,
    },
  );
}

function plainFingerprint(text: string): string {
  return text.replaceAll(':', '').toLowerCase();
}

/**
 * 7.1 and RFC 9525 section 6: the name must stand in the SAN; a common name alone, which Node would take, is not enough.
 * @returns the error, as `checkServerIdentity` of node:tls wants it
 */
export function checkServerName(name: string, certificate: PeerCertificate): Error | undefined {
  const kind = isIP(name) === 0 ? 'DNS:' : 'IP Address:';
  const entries = certificate.subjectaltname ?? '';
  if (!entries.split(', ').some((entry) => entry.startsWith(kind))) {
    return new LeadglassError(
      'NOT_AUTHENTICATED',
      `The server's certificate has no ${kind === 'DNS:' ? 'DNS name' : 'IP address'} in its subjectAltName; ask for one that names it`,
      { detail: `expected ${name}` },
    );
  }
  const error = checkServerIdentity(name, certificate);
  return error === undefined
    ? undefined
    : new LeadglassError('NOT_AUTHENTICATED', "The server's certificate is for another name", {
        detail: error.message,
        cause: error,
      });
}

/**
 * 3.4: gives the server a fresh random ticket key now and after each interval (the old one is gone then, and with it what
 * its tickets could open). Dispose it with the server.
 */
export function rotateTicketKeys(
  server: Pick<Server, 'setTicketKeys'>,
  { intervalMs, random = randomBytes }: { readonly intervalMs: number; readonly random?: (length: number) => Buffer },
): Disposable {
  const rotate = (): void => {
    server.setTicketKeys(random(48));
  };
  rotate();
  const timer = setInterval(rotate, intervalMs);
  // The server's own handle keeps the process alive, not this.
  timer.unref();
  return { [Symbol.dispose]: () => clearInterval(timer) };
}

function text(pem: string | Uint8Array): string | Buffer {
  return typeof pem === 'string' ? pem : Buffer.from(pem.buffer, pem.byteOffset, pem.byteLength);
}
