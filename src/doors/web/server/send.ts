/** Writes the body of an answer as fast as the peer reads it, and ends it so that half of one is never taken for the whole. */
import { once } from 'node:events';
import type { Writable } from 'node:stream';
import { LeadglassError } from '../../../error.ts';
import type { WebResponse } from '../web-handler.ts';
import type { Exchange } from './exchange.ts';
import { Pace, type PaceLimits } from './pace.ts';

/**
 * Resolves when all of it was handed to the connection.
 * @throws what the body throws, LeadglassError PEER_FAILED, HttpError 408: the stream has been reset then
 */
export async function sendAnswer(exchange: Exchange, answer: WebResponse, limits: PaceLimits): Promise<void> {
  const { status, headers } = answer;
  const body = exchange.method === 'HEAD' || hasNoBody(status) ? undefined : answer.body;
  if (body === undefined) {
    await giveUp(answer.body);
    exchange.begin(status, withLength(headers, answer.body, status), false);
    return;
  }
  let out: Writable | undefined;
  try {
    const pouring = { limits, gone: exchange.gone };
    if (body instanceof Uint8Array) {
      out = exchange.begin(status, withLength(headers, body, status), body.length > 0);
      if (out !== undefined) await pour(out, body, new Pace(limits), pouring);
    } else {
      const chunks = body[Symbol.asyncIterator]();
      try {
        // The first piece is made before the head goes out: what fails at once is still an error with its own status.
        const first = await chunks.next();
        out = exchange.begin(status, headers, true);
        if (out !== undefined) await pourAll(out, first, chunks, pouring);
      } finally {
        await chunks.return?.();
      }
    }
    if (out !== undefined) await end(out, pouring);
  } catch (error) {
    if (out !== undefined) exchange.reset();
    throw error;
  }
}

interface Pouring {
  readonly limits: PaceLimits;
  readonly gone: AbortSignal;
}

async function pourAll(
  out: Writable,
  first: IteratorResult<Uint8Array>,
  chunks: AsyncIterator<Uint8Array>,
  pouring: Pouring,
): Promise<void> {
  const pace = new Pace(pouring.limits);
  for (let next = first; next.done !== true; next = await chunks.next()) await pour(out, next.value, pace, pouring);
}

/** In pieces of what must move in one window: else a peer would have one window for a piece of any length. */
async function pour(out: Writable, bytes: Uint8Array, pace: Pace, { limits, gone }: Pouring): Promise<void> {
  const pieceBytes = limits.bodyPaceBytesMin;
  for (let at = 0; at < bytes.length; at += pieceBytes) {
    if (gone.aborted) throw wentAway();
    const piece = bytes.subarray(at, at + pieceBytes);
    const isRoom = out.write(piece);
    pace.moved(piece.length);
    if (isRoom) continue;
    await pace.wait(drained(out, gone));
    pace.check();
  }
}

/** The last pieces may wait for a peer that has stopped reading, too. */
async function end(out: Writable, { limits, gone }: Pouring): Promise<void> {
  out.end();
  if (out.writableFinished) return;
  await new Pace(limits).wait(ended(out, gone));
}

/** Said as `finish`, or by HTTP/2 sometimes as `close` alone: whether that was too early is known to `gone`, which heard of it first. */
async function ended(out: Writable, gone: AbortSignal): Promise<void> {
  const settled = new AbortController();
  const signal = AbortSignal.any([gone, settled.signal]);
  try {
    await Promise.race([once(out, 'finish', { signal }), once(out, 'close', { signal })]);
  } catch (cause) {
    throw wentAway(cause);
  } finally {
    settled.abort();
  }
  if (gone.aborted) throw wentAway();
}

async function drained(out: Writable, gone: AbortSignal): Promise<void> {
  if (!out.writableNeedDrain) return;
  try {
    await once(out, 'drain', { signal: gone });
  } catch (cause) {
    throw wentAway(cause);
  }
}

/** A body that nobody will read must still let go of what it holds. */
async function giveUp(body: WebResponse['body']): Promise<void> {
  if (body === undefined || body instanceof Uint8Array) return;
  await body[Symbol.asyncIterator]().return?.();
}

function withLength(
  headers: WebResponse['headers'],
  body: WebResponse['body'],
  status: number,
): WebResponse['headers'] {
  const isKnown = headers.some(([name]) => name.toLowerCase() === 'content-length');
  if (isKnown || hasNoBody(status) || (body !== undefined && !(body instanceof Uint8Array))) return headers;
  return [...headers, ['content-length', String(body?.length ?? 0)]];
}

/** RFC 9110 15.3.5 and 15.4.5. */
function hasNoBody(status: number): boolean {
  return status === 204 || status === 304;
}

function wentAway(cause?: unknown): LeadglassError {
  return new LeadglassError('PEER_FAILED', 'The peer went away before the answer was whole', { cause });
}
