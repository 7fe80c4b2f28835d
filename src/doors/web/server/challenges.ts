/**
 * Answers tls-alpn-01 (RFC 8737) on the port of the web door: while a challenge is open, a connection that proposes just
 * `acme-tls/1` is shown the challenge's certificate and closed after its handshake; not a byte of HTTP is spoken on it. All
 * others go their ordinary way, also to the same name.
 */
import type { Socket } from 'node:net';
import tls from 'node:tls';
import type { Log } from '../../../log.ts';
import { clientHelloBytesMax, proposedProtocols } from './client-hello.ts';

export interface ChallengeCertificate {
  readonly certificatePem: string;
  readonly keyPem: string;
}

const challengeProtocol = 'acme-tls/1';

export class Challenges {
  readonly #open = new Map<string, tls.SecureContext>();
  readonly #handshakeMs: number;
  readonly #server: tls.Server;

  constructor({ handshakeMs, log }: { readonly handshakeMs: number; readonly log: Log }) {
    this.#handshakeMs = handshakeMs;
    this.#server = tls.createServer({
      ALPNProtocols: [challengeProtocol],
      // RFC 8737 section 3.
      minVersion: 'TLSv1.2',
      handshakeTimeout: handshakeMs,
      SNICallback: (name, done) => {
        const context = this.#open.get(name.toLowerCase());
        if (context === undefined) done(new Error('no challenge is open for this name'));
        else done(null, context);
      },
    });
    this.#server.on('secureConnection', (socket) => {
      socket.on('error', () => undefined);
      log.info('web.challenge-shown', { address: socket.remoteAddress });
      socket.end();
      socket.setTimeout(handshakeMs, () => socket.destroy());
    });
    this.#server.on('tlsClientError', (error, socket) => {
      socket.destroy();
      log.debug('door.handshake-failed', { door: 'web', code: 'code' in error ? String(error.code) : error.name });
    });
  }

  /** Shows this certificate to who asks for the name with `acme-tls/1`, until the result is disposed. */
  answer(name: string, { certificatePem, keyPem }: ChallengeCertificate): Disposable {
    const context = tls.createSecureContext({ cert: certificatePem, key: keyPem, minVersion: 'TLSv1.2' });
    const asked = name.toLowerCase();
    this.#open.set(asked, context);
    return {
      [Symbol.dispose]: () => {
        if (this.#open.get(asked) === context) this.#open.delete(asked);
      },
    };
  }

  /** Takes a new connection, or hands it on, as it came, at once where no challenge is open. */
  sort(socket: Socket, otherwise: (socket: Socket) => void): void {
    if (this.#open.size === 0) {
      otherwise(socket);
      return;
    }
    let seen: Buffer = Buffer.alloc(0);
    const late = setTimeout(() => socket.destroy(), this.#handshakeMs);
    const look = (): void => {
      for (let part = readFrom(socket); part !== null; part = readFrom(socket)) seen = Buffer.concat([seen, part]);
      const protocols = proposedProtocols(seen);
      if (protocols === 'incomplete' && seen.length <= clientHelloBytesMax) return;
      stop();
      if (seen.length > 0) socket.unshift(seen);
      if (Array.isArray(protocols) && protocols.length === 1 && protocols[0] === challengeProtocol) {
        this.#server.emit('connection', socket);
      } else otherwise(socket);
    };
    const stop = (): void => {
      clearTimeout(late);
      socket.off('readable', look);
      socket.off('close', stop);
    };
    socket.on('readable', look);
    socket.once('close', stop);
  }
}

function readFrom(socket: Socket): Buffer | null {
  const part: unknown = socket.read();
  return Buffer.isBuffer(part) ? part : null;
}
