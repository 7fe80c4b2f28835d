/**
 * The way to the ACME server: HTTPS to the one host and port of its directory, whose certificate is checked, and to nobody
 * else; no redirect is followed, no proxy asked. Every length and time is bounded. What is asked and answered is left to
 * client.ts.
 */
import type { IncomingMessage } from 'node:http';
import { LeadglassError } from '../error.ts';
import { gather } from '../gather.ts';
import { sendHttps } from '../upper-layer/https-request.ts';

export interface TransportLimits {
  readonly acmeAnswerBytesMax: number;
  readonly acmeHeaderBytesMax: number;
  /** Of one request, from the name look-up to the last byte. */
  readonly acmeRequestMs: number;
}

export interface TransportOptions {
  readonly directoryUrl: string;
  /** PEM: who may have certified the ACME server. */
  readonly authorities: readonly string[];
  /** RFC 8555 6.1 wants one. */
  readonly userAgent: string;
  readonly limits: TransportLimits;
  readonly signal: AbortSignal;
}

export interface AcmeAnswer {
  readonly status: number;
  readonly location?: string;
  readonly replayNonce?: string;
  readonly retryAfter?: string;
  readonly contentType: string;
  readonly body: Buffer;
}

export interface AcmeRequest {
  readonly method: 'GET' | 'HEAD' | 'POST';
  readonly url: string;
  readonly body?: string;
  readonly accept?: string;
}

export class AcmeTransport {
  readonly #options: TransportOptions;
  readonly #origin: string;

  constructor(options: TransportOptions) {
    this.#options = options;
    this.#origin = new URL(options.directoryUrl).origin;
  }

  /**
   * One request, one answer, whatever its status but a redirect.
   * @throws LeadglassError BACKEND_UNAVAILABLE (no connection, certificate not trusted), TIMED_OUT, LIMIT_EXCEEDED,
   * PEER_FAILED (a URL of another server, a redirect), CANCELLED
   */
  async request(asked: AcmeRequest): Promise<AcmeAnswer> {
    const { signal, limits } = this.#options;
    const url = this.#checked(asked.url);
    const late = AbortSignal.timeout(limits.acmeRequestMs);
    try {
      const response = await this.#send(url, asked, AbortSignal.any([signal, late]));
      const { statusCode: status = 0, headers } = response;
      if (status >= 300 && status < 400) {
        response.destroy();
        throw new LeadglassError(
          'PEER_FAILED',
          `the ACME server answers with a redirect (${status}), which is not followed`,
        );
      }
      const body = await this.#read(response);
      return {
        status,
        contentType: headers['content-type'] ?? '',
        body,
        ...(headers.location === undefined ? {} : { location: headers.location }),
        ...(typeof headers['replay-nonce'] === 'string' ? { replayNonce: headers['replay-nonce'] } : {}),
        ...(headers['retry-after'] === undefined ? {} : { retryAfter: headers['retry-after'] }),
      };
    } catch (error) {
      if (error instanceof LeadglassError) throw error;
      if (signal.aborted) throw new LeadglassError('CANCELLED', 'stopped');
      if (late.aborted)
        throw new LeadglassError('TIMED_OUT', `the ACME server took longer than ${limits.acmeRequestMs} ms`);
      const code = error instanceof Error && 'code' in error ? String(error.code) : 'unknown error';
      throw new LeadglassError('BACKEND_UNAVAILABLE', `the ACME server ${url.host} cannot be reached: ${code}`);
    }
  }

  /** A server may only lead us to itself. */
  #checked(text: string): URL {
    const url = URL.canParse(text) ? new URL(text) : undefined;
    if (url?.origin === this.#origin && url.username === '' && url.password === '') return url;
    throw new LeadglassError('PEER_FAILED', `the ACME server names a place that is not on ${this.#origin}`);
  }

  #send(url: URL, { method, body, accept }: AcmeRequest, signal: AbortSignal): Promise<IncomingMessage> {
    const { authorities, userAgent, limits } = this.#options;
    return sendHttps(url, {
      method,
      headers: {
        'user-agent': userAgent,
        'accept-language': 'en',
        ...(accept === undefined ? {} : { accept }),
        ...(body === undefined ? {} : { 'content-type': 'application/jose+json' }),
      },
      body,
      authorities,
      headerBytesMax: limits.acmeHeaderBytesMax,
      signal,
    });
  }

  #read(response: IncomingMessage): Promise<Buffer> {
    const { acmeAnswerBytesMax: bytesMax } = this.#options.limits;
    const exceeded = (): Error =>
      new LeadglassError('LIMIT_EXCEEDED', `the ACME server's answer has more than ${bytesMax} bytes`);
    return gather(response, bytesMax, exceeded);
  }
}
