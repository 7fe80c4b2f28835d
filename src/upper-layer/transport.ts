/**
 * The socket as the protocol machine wants it: chunks in, gathered writes out, one `closed`, no error without a listener.
 * It knows nothing of PDUs.
 */
import { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { LeadglassError } from '../error.ts';

export interface TransportUser {
  chunk(bytes: Uint8Array): void;
  /** The peer sent its last byte, or the socket failed or is gone. May be called more than once. */
  closed(error?: Error): void;
}

/** More buffers than this in one write are joined first: each costs more as a buffer than as a copy. */
const gatheredPartsMax = 256;
/** Finds out about hosts that vanished without a word, should the idle time be long. */
const keepAliveMs = 30_000;

export class Transport {
  readonly #socket: Duplex;
  /** Resolved when the socket is gone. */
  readonly closed: Promise<void>;
  bytesReceived = 0;
  bytesSent = 0;
  /** Writes that the system has not taken yet. */
  writesPending = 0;

  constructor(socket: Duplex, user: TransportUser) {
    this.#socket = socket;
    if (socket instanceof Socket) {
      // Without this a receiver waits 40 ms per message for the acknowledgement of the one before (Nagle).
      socket.setNoDelay(true);
      socket.setKeepAlive(true, keepAliveMs);
    }
    const { promise, resolve } = Promise.withResolvers<void>();
    this.closed = promise;
    let failure: Error | undefined;
    // ECONNRESET, EPIPE and TLS alerts come here; the close that follows reports them.
    socket.on('error', (error) => {
      failure ??= error;
      socket.destroy();
    });
    socket.on('data', (bytes: Uint8Array) => {
      this.bytesReceived += bytes.length;
      user.chunk(bytes);
    });
    socket.on('end', () => user.closed());
    socket.on('close', () => {
      user.closed(failure);
      resolve();
    });
    if (socket.destroyed) {
      queueMicrotask(() => {
        user.closed(failure);
        resolve();
      });
    }
  }

  /**
   * Writes all parts in one go, without copying; they must not change before the promise settles.
   * @returns settled when the system has taken them; rejected when the socket fails before
   */
  write(parts: readonly Uint8Array[]): Promise<void> {
    if (this.#socket.writableEnded || this.#socket.destroyed) {
      // The reason of the socket, if it has one, is known before its events come.
      const { errored } = this.#socket;
      const closing = new LeadglassError('PEER_FAILED', 'Cannot send: the connection is closing');
      return Promise.reject(errored === null ? closing : connectionError('Cannot send', errored));
    }
    const gathered = parts.length > gatheredPartsMax ? [Buffer.concat(parts)] : parts;
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const last = gathered.length - 1;
    this.writesPending += 1;
    this.#socket.cork();
    gathered.forEach((part, index) => {
      this.bytesSent += part.length;
      if (index < last) {
        this.#socket.write(part);
        return;
      }
      this.#socket.write(part, (error) => {
        this.writesPending -= 1;
        if (error === null || error === undefined) resolve();
        else reject(connectionError('Cannot send', this.#socket.errored ?? error));
      });
    });
    this.#socket.uncork();
    return promise;
  }

  pause(): void {
    this.#socket.pause();
  }

  resume(): void {
    if (!this.#socket.destroyed) this.#socket.resume();
  }

  /** No more bytes from us; the peer sees the end after what was written. */
  end(): void {
    if (!this.#socket.writableEnded && !this.#socket.destroyed) this.#socket.end();
  }

  destroy(): void {
    this.#socket.destroy();
  }
}

/** The socket's error with the system's word for it (ECONNRESET), which is safe to show. */
export function connectionError(text: string, error: Error): LeadglassError {
  const word = 'code' in error && typeof error.code === 'string' ? error.code : error.name;
  return new LeadglassError('PEER_FAILED', `${text}: ${word}`, { detail: error.message, cause: error });
}
