/**
 * One representation that lies ready to be sent: entity tag, conditions and byte ranges (RFC 9110 13, 14), HEAD, in one place
 * for instances, bulk data and whatever else a URL names alone.
 */
import { randomBytes } from 'node:crypto';
import { LeadglassError } from '../../../error.ts';
import { type ConditionFields, evaluateConditions, rangeStillApplies } from '../http/conditional.ts';
import { HttpError } from '../http/http-error.ts';
import { formatMultipartContentType } from '../http/multipart-content-type.ts';
import { newBoundary, writeMultipart } from '../http/multipart-writer.ts';
import { type ByteRange, byteRangeParts, contentRange, type RangeOutcome, selectRanges } from '../http/range.ts';
import type { WebLimits, WebRequest, WebResponse } from '../web-handler.ts';
import type { Retrieval } from './retrieval.ts';

export interface Representation {
  readonly contentType: string;
  /** A strong one where the same tag means the same bytes; absent where nothing short stands for the content. */
  readonly tag?: string;
  /** Where it is known beforehand. */
  readonly lengthBytes?: number;
  readonly headers?: readonly (readonly [string, string])[];
  /** All of it, from the ledger's point of view, too (Retrieval.leaving). */
  read(): AsyncIterable<Uint8Array>;
  /** Only with a length: then ranges are served. */
  readonly readRange?: (range: ByteRange) => AsyncIterable<Uint8Array>;
}

/** @throws HttpError 412, 416 */
export async function respond(
  representation: Representation,
  facts: { readonly request: WebRequest; readonly retrieval: Retrieval; readonly limits: WebLimits },
): Promise<WebResponse> {
  const { request, retrieval, limits } = facts;
  const { tag, lengthBytes, readRange } = representation;
  const headers: [string, string][] = [['Vary', 'Accept'], ...mutable(representation.headers ?? [])];
  if (tag !== undefined) headers.push(['ETag', tag]);
  const outcome = evaluateConditions(conditionsOf(request), tag);
  if (outcome === 'precondition-failed') throw new HttpError(412, 'The resource is not the one that If-Match names');
  if (outcome === 'not-modified') {
    await retrieval.succeeded();
    return { status: 304, headers };
  }
  const isRanged = readRange !== undefined && lengthBytes !== undefined;
  if (isRanged) headers.push(['Accept-Ranges', 'bytes']);
  const ranges: RangeOutcome =
    isRanged && request.method === 'GET' && tag !== undefined && rangeStillApplies(request.headers['if-range'], tag)
      ? selectRanges(request.headers['range'], lengthBytes, limits.web)
      : { kind: 'whole' };
  if (ranges.kind !== 'whole' && isRanged) {
    const read = (range: ByteRange): AsyncIterable<Uint8Array> => readRange.call(representation, range);
    return partial(ranges, { headers, lengthBytes, read, retrieval, contentType: representation.contentType });
  }
  headers.push(['Content-Type', representation.contentType]);
  if (lengthBytes !== undefined) headers.push(['Content-Length', String(lengthBytes)]);
  if (request.method === 'HEAD') {
    await retrieval.succeeded();
    return { status: 200, headers };
  }
  return { status: 200, headers, body: await retrieval.body(representation.read()) };
}

interface PartialFacts {
  readonly headers: [string, string][];
  readonly lengthBytes: number;
  readonly read: (range: ByteRange) => AsyncIterable<Uint8Array>;
  readonly retrieval: Retrieval;
  readonly contentType: string;
}

async function partial(
  outcome: RangeOutcome & { readonly kind: 'single' | 'multiple' },
  facts: PartialFacts,
): Promise<WebResponse> {
  const { headers, lengthBytes, read, retrieval, contentType } = facts;
  if (outcome.kind === 'single') {
    const { range } = outcome;
    headers.push(
      ['Content-Type', contentType],
      ['Content-Range', contentRange(range, lengthBytes)],
      ['Content-Length', String(range.last - range.first + 1)],
    );
    return { status: 206, headers, body: await retrieval.body(read(range)) };
  }
  const boundary = newBoundary(randomBytes(16));
  headers.push(['Content-Type', formatMultipartContentType('multipart/byteranges', { boundary })]);
  const parts = byteRangeParts(outcome.ranges, { contentType, lengthBytes, read });
  return { status: 206, headers, body: await retrieval.body(writeMultipart(parts, boundary)) };
}

function conditionsOf({ method, headers }: WebRequest): ConditionFields {
  return { method, ifMatch: headers['if-match'], ifNoneMatch: headers['if-none-match'] };
}

/** The bytes from `first` to `last` of a stream: what came before is dropped, and nothing is read behind them. */
export async function* sliced(
  source: AsyncIterable<Uint8Array>,
  { first, last }: ByteRange,
): AsyncGenerator<Uint8Array, void, undefined> {
  let at = 0;
  for await (const chunk of source) {
    const part = chunk.subarray(Math.max(0, first - at), Math.max(0, last + 1 - at));
    at += chunk.length;
    if (part.length > 0) yield part;
    if (at > last) return;
  }
  throw new LeadglassError('CORRUPT', 'What is stored is shorter than it should be; ask the archive');
}

function mutable(headers: readonly (readonly [string, string])[]): [string, string][] {
  return headers.map(([name, value]) => [name, value]);
}
