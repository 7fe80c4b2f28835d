/**
 * The way to the hospital's provider, as the libraries want it (`fetch`): HTTPS with the provider's certificate checked, no redirect, no
 * proxy, no connection kept. Every length, time and count is bounded. What is asked and answered is left to provider.ts.
 */
import type { IncomingMessage } from 'node:http';
import { LeadglassError } from '../error.ts';
import { gather } from '../gather.ts';
import { sendHttps } from '../upper-layer/https-request.ts';

export interface TransportLimits {
  readonly providerAnswerBytesMax: number;
  readonly providerHeaderBytesMax: number;
  /** Of one request, from the name look-up to the last byte. */
  readonly providerRequestMs: number;
  readonly providerRequestsAtOnceMax: number;
}

export interface TransportOptions {
  /** PEM: who may have certified the provider. */
  readonly authorities: readonly string[];
  readonly userAgent: string;
  readonly limits: TransportLimits;
}

/** What openid-client and jose hand over. */
export interface FetchInit {
  readonly method?: string | undefined;
  readonly headers?: Headers | Readonly<Record<string, string>> | undefined;
  readonly body?: unknown;
  readonly signal?: AbortSignal | undefined;
}

export class ProviderTransport {
  readonly #options: TransportOptions;
  #running = 0;

  constructor(options: TransportOptions) {
    this.#options = options;
  }

  /**
   * One request, one whole answer, whatever its status but a redirect.
   * @throws LeadglassError BACKEND_UNAVAILABLE (no connection, certificate not trusted), TIMED_OUT, LIMIT_EXCEEDED, PEER_FAILED
   * (a redirect, a place without TLS), OUT_OF_RESOURCES
   */
  readonly fetch = async (address: string, init: FetchInit = {}): Promise<Response> => {
    const { limits } = this.#options;
    if (this.#running >= limits.providerRequestsAtOnceMax) {
      throw new LeadglassError('OUT_OF_RESOURCES', 'too many requests to the provider at once');
    }
    this.#running += 1;
    const late = AbortSignal.timeout(limits.providerRequestMs);
    try {
      const url = checked(address);
      const response = await this.#send(url, init, AbortSignal.any([late, ...(init.signal ? [init.signal] : [])]));
      return await this.#whole(response, url);
    } catch (error) {
      // The certificate has another name: to whoever waits that is a provider which is not there.
      const isOther = error instanceof LeadglassError && error.code === 'NOT_AUTHENTICATED';
      if (isOther) throw new LeadglassError('BACKEND_UNAVAILABLE', `the provider is another one: ${error.message}`);
      if (error instanceof LeadglassError) throw error;
      if (late.aborted || init.signal?.aborted === true) {
        throw new LeadglassError('TIMED_OUT', `the provider took longer than ${limits.providerRequestMs} ms`);
      }
      const code = error instanceof Error && 'code' in error ? String(error.code) : 'unknown error';
      throw new LeadglassError('BACKEND_UNAVAILABLE', `the provider cannot be reached: ${code}`, { cause: error });
    } finally {
      this.#running -= 1;
    }
  };

  #send(url: URL, { method = 'GET', headers, body }: FetchInit, signal: AbortSignal): Promise<IncomingMessage> {
    const { authorities, userAgent, limits } = this.#options;
    return sendHttps(url, {
      method,
      headers: {
        ...Object.fromEntries(new Headers(headers)),
        'user-agent': userAgent,
        ...(body instanceof URLSearchParams ? { 'content-type': 'application/x-www-form-urlencoded' } : {}),
      },
      body: body === undefined || body === null ? undefined : textOf(body),
      authorities,
      headerBytesMax: limits.providerHeaderBytesMax,
      signal,
    });
  }

  async #whole(response: IncomingMessage, { host }: URL): Promise<Response> {
    const { statusCode: status = 0, headers } = response;
    if (status < 200 || (status >= 300 && status < 400)) {
      response.destroy();
      throw new LeadglassError('PEER_FAILED', `the provider (${host}) answers with ${status}, which is not followed`);
    }
    const { providerAnswerBytesMax: bytesMax } = this.#options.limits;
    const body = await gather(
      response,
      bytesMax,
      () => new LeadglassError('LIMIT_EXCEEDED', `the provider's answer has more than ${bytesMax} bytes`),
    );
    const fields = new Headers();
    for (const name of ['content-type', 'www-authenticate', 'cache-control', 'date'] as const) {
      const value = headers[name];
      if (typeof value === 'string') fields.set(name, value);
    }
    return new Response(body.length === 0 ? null : new Uint8Array(body), { status, headers: fields });
  }
}

function checked(text: string): URL {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url?.protocol === 'https:' && url.username === '' && url.password === '') return url;
  throw new LeadglassError('PEER_FAILED', 'the provider names a place that is not reached by HTTPS');
}

function textOf(body: unknown): string {
  if (body instanceof URLSearchParams) return body.toString();
  if (typeof body === 'string') return body;
  throw new LeadglassError('INTERNAL', 'A request to the provider has a body of another kind');
}
