/** The body of a request as a handler reads it: it ends well only when it came whole, and never drips for long. */
import { LeadglassError } from '../../../error.ts';
import type { Exchange } from './exchange.ts';
import { Pace, type PaceLimits } from './pace.ts';

/** To be read once. @throws from its iterator: HttpError 408, LeadglassError PEER_FAILED */
export async function* requestBody(
  { source, wantBody, isWhole, gone }: Pick<Exchange, 'source' | 'wantBody' | 'isWhole' | 'gone'>,
  limits: PaceLimits,
): AsyncGenerator<Uint8Array> {
  if (source === undefined) return;
  wantBody();
  const pace = new Pace(limits);
  // Not destroyed when the handler stops early: the answer still has to go out on the same stream.
  const chunks = source.iterator({ destroyOnReturn: false });
  for (;;) {
    const next = await pace.wait(nextOf(chunks, gone));
    if (next.done === true) break;
    const chunk: unknown = next.value;
    if (!(chunk instanceof Uint8Array)) throw new LeadglassError('INTERNAL', 'A body of something else than bytes');
    pace.moved(chunk.length);
    pace.check();
    yield chunk;
  }
  // A reset stream ends like a whole one.
  if (!isWhole()) throw wentAway();
}

async function nextOf(chunks: AsyncIterator<unknown>, gone: AbortSignal): Promise<IteratorResult<unknown>> {
  if (gone.aborted) throw wentAway();
  try {
    return await chunks.next();
  } catch (cause) {
    throw wentAway(cause);
  }
}

function wentAway(cause?: unknown): LeadglassError {
  return new LeadglassError('PEER_FAILED', 'The body ended before it was whole', { cause });
}
