/**
 * The body of an answer that was made as a whole: it holds its share of memory until it has left, and ends with its request, as bodies that
 * are streamed do. A device that asks for many and reads none holds its own share only; one whose right ends gets no byte more.
 */
import { LeadglassError } from '../../../error.ts';
import type { WebResponse, WebServices } from '../web-handler.ts';

export interface MakingFacts {
  readonly services: WebServices;
  readonly owner: string;
  /** Fires when the answer has left, or nobody wants it any more. */
  readonly signal: AbortSignal;
}

/** Of a window in which a peer must read so much (send.ts). */
const pieceBytes = 256 * 1024;

/**
 * @param response whose body is one piece, which is made here
 * @param makingBytes that may be needed while it is made, where nothing else counts them
 * @throws LeadglassError OUT_OF_RESOURCES when there was no room for long; CANCELLED; what making throws
 */
export async function madeAnswer(
  { body: source, ...response }: WebResponse,
  { services, owner, signal, makingBytes = 0 }: MakingFacts & { readonly makingBytes?: number },
): Promise<WebResponse> {
  if (source === undefined || source instanceof Uint8Array) return { ...response, ...(source && { body: source }) };
  const memory = services.transcoding?.memory;
  const body = await make(
    source,
    makingBytes === 0 ? undefined : await memory?.take({ owner, signal, bytes: makingBytes }),
  );
  const held = await memory?.take({ owner, signal, bytes: body.length });
  // Also of a body that nobody reads: a request always ends.
  const letGo = (): void => held?.[Symbol.dispose]();
  if (signal.aborted) letGo();
  else signal.addEventListener('abort', letGo, { once: true });
  return {
    ...response,
    headers: [...response.headers, ['Content-Length', String(body.length)]],
    body: pieces(body, signal),
  };
}

async function make(source: AsyncIterable<Uint8Array>, held: Disposable | undefined): Promise<Uint8Array> {
  try {
    return Buffer.concat(await Array.fromAsync(source));
  } finally {
    held?.[Symbol.dispose]();
  }
}

async function* pieces(body: Uint8Array, signal: AbortSignal): AsyncGenerator<Uint8Array, void, undefined> {
  for (let at = 0; at < body.length; at += pieceBytes) {
    if (signal.aborted) throw new LeadglassError('CANCELLED', 'The answer was given up before its end');
    yield body.subarray(at, at + pieceBytes);
  }
}
