/**
 * One request to a handler of node:http that has no port: through a pair of streams in memory. The library wants Node's own request and
 * response, and the web door has its own for HTTP/1.1 and HTTP/2; here is the one place where they meet.
 */
import { createServer, type IncomingMessage, request, type RequestListener } from 'node:http';
import { duplexPair } from 'node:stream';
import { LeadglassError } from '../error.ts';
import { gather } from '../gather.ts';

export interface InnerRequest {
  readonly method: string;
  /** Path and query. */
  readonly target: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Uint8Array;
}
export interface InnerAnswer {
  readonly status: number;
  /** By name in lower case; fields that came several times are several. */
  readonly headers: readonly (readonly [string, string])[];
  readonly body: Uint8Array;
}

export class InProcess implements Disposable {
  readonly #server;
  readonly #answerBytesMax: number;

  constructor(listener: RequestListener, { answerBytesMax }: { readonly answerBytesMax: number }) {
    this.#server = createServer(listener);
    this.#answerBytesMax = answerBytesMax;
  }

  /** @throws LeadglassError LIMIT_EXCEEDED for an answer that is too long; INTERNAL when the handler breaks off */
  async ask({ method, target, headers, body }: InnerRequest): Promise<InnerAnswer> {
    const [inner, outer] = duplexPair();
    this.#server.emit('connection', inner);
    const { promise, resolve, reject } = Promise.withResolvers<IncomingMessage>();
    const length = body.length === 0 ? {} : { 'content-length': String(body.length) };
    request({ createConnection: () => outer, method, path: target, headers: { ...headers, ...length } })
      .on('response', resolve)
      .on('error', reject)
      .end(body);
    try {
      const response = await promise;
      const tooLong = (): Error => new LeadglassError('LIMIT_EXCEEDED', 'The answer is too long');
      const whole = await gather(response, this.#answerBytesMax, tooLong);
      return { status: response.statusCode ?? 500, headers: fieldsOf(response), body: whole };
    } catch (cause) {
      if (cause instanceof LeadglassError) throw cause;
      throw new LeadglassError('INTERNAL', 'The authorization server gave no answer', { cause });
    } finally {
      outer.destroy();
      inner.destroy();
    }
  }

  [Symbol.dispose](): void {
    this.#server.close();
  }
}

function fieldsOf({ headersDistinct }: IncomingMessage): readonly (readonly [string, string])[] {
  return Object.entries(headersDistinct).flatMap(([name, values]) =>
    (values ?? []).map((value) => [name, value] as const),
  );
}
