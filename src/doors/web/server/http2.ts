/**
 * HTTP/2 (RFC 9113) on a connection that TLS has opened. nghttp2 refuses malformed messages, more than eight CONTINUATION frames
 * and a length that does not fit; Node counts what streams are reset and rejected. Here are their limits, and the end of
 * connections that are idle or have asked enough.
 */
import http2 from 'node:http2';
import type { TLSSocket } from 'node:tls';
import type { Exchange, WebConnection } from './exchange.ts';

export interface Http2Limits {
  readonly headerBytesMax: number;
  readonly headersMax: number;
  readonly idleMs: number;
  readonly requestsPerConnectionMax: number;
  readonly streamsMax: number;
  readonly streamResetsMax: number;
  readonly streamResetsPerSecondMax: number;
  readonly invalidFramesMax: number;
  readonly rejectedStreamsMax: number;
  readonly sessionMemoryMiB: number;
  readonly streamWindowBytes: number;
  readonly connectionWindowBytes: number;
  readonly unwantedBodyBytesMax: number;
  readonly unwantedBodyMs: number;
}

export interface Http2Connection {
  /** No new streams; ends when those under way have. */
  readonly close: () => void;
}

const { NGHTTP2_CANCEL, NGHTTP2_NO_ERROR, NGHTTP2_REFUSED_STREAM, NGHTTP2_INTERNAL_ERROR } = http2.constants;

export function takeHttp2(
  socket: TLSSocket,
  connection: WebConnection,
  { limits, serve }: { readonly limits: Http2Limits; readonly serve: (exchange: Exchange) => void },
): Http2Connection {
  const session = http2.performServerHandshake(socket, {
    settings: {
      maxConcurrentStreams: limits.streamsMax,
      maxHeaderListSize: limits.headerBytesMax,
      initialWindowSize: limits.streamWindowBytes,
      enablePush: false,
      enableConnectProtocol: false,
    },
    maxHeaderListPairs: limits.headersMax,
    maxSessionMemory: limits.sessionMemoryMiB,
    maxSessionInvalidFrames: limits.invalidFramesMax,
    maxSessionRejectedStreams: limits.rejectedStreamsMax,
    // CVE-2023-44487: beyond this the connection ends with ENHANCE_YOUR_CALM.
    streamResetBurst: limits.streamResetsMax,
    streamResetRate: limits.streamResetsPerSecondMax,
    maxSettings: 16,
    maxOutstandingPings: 4,
    strictSingleValueFields: true,
  });
  session.on('error', () => session.destroy());
  session.setLocalWindowSize(limits.connectionWindowBytes);
  let streams = 0;
  let open = 0;
  // Bytes of any kind put this off; who holds an empty connection open with them holds a place and nothing else.
  session.setTimeout(limits.idleMs, () => {
    if (open === 0) session.destroy();
  });
  session.on('stream', (stream, headers) => {
    stream.on('error', () => undefined);
    streams += 1;
    open += 1;
    stream.once('close', () => (open -= 1));
    if (streams >= limits.requestsPerConnectionMax) session.close();
    if (headers[':method'] === 'CONNECT') stream.close(NGHTTP2_REFUSED_STREAM);
    else serve(exchangeOf(stream, headers, { connection, limits }));
  });
  return { close: () => session.close() };
}

function exchangeOf(
  stream: http2.ServerHttp2Stream,
  headers: http2.IncomingHttpHeaders,
  { connection, limits }: { readonly connection: WebConnection; readonly limits: Http2Limits },
): Exchange {
  const gone = new AbortController();
  const over = (): void => {
    // Node closes a stream whose last frame has left without saying that it finished, where the request's body has come whole before.
    const isAnswered = stream.writableEnded && !stream.aborted && stream.rstCode === NGHTTP2_NO_ERROR;
    if (!stream.writableFinished && !isAnswered) gone.abort();
  };
  stream.once('close', over);
  stream.once('aborted', over);
  const hasSource = !stream.endAfterHeaders;
  return {
    connection,
    method: headers[':method'] ?? '',
    target: headers[':path'] ?? '',
    authority: headers[':authority'] ?? headers.host ?? '',
    headers: fieldsOf(headers),
    gone: gone.signal,
    source: hasSource ? stream : undefined,
    wantBody: () => undefined,
    isWhole: () => !stream.aborted && stream.rstCode === NGHTTP2_NO_ERROR,
    begin(status, fields, hasBody) {
      if (stream.destroyed || stream.closed || stream.headersSent) return undefined;
      stream.respond({ ...grouped(fields), ':status': status }, { endStream: !hasBody });
      // RFC 9113 8.1: whoever still sends a body that nobody reads is told to stop, after the whole answer.
      if (hasSource && !stream.readableEnded) letGo(stream, limits);
      const stop = (): void => {
        if (hasSource && !stream.readableEnded) stream.close(NGHTTP2_NO_ERROR);
      };
      if (!hasBody) {
        stop();
        return undefined;
      }
      stream.once('finish', stop);
      return stream;
    },
    reset: () => stream.close(NGHTTP2_INTERNAL_ERROR),
  };
}

/** What comes of a body that nobody reads is dropped, not kept; a peer that does not take its answer meanwhile is cut off. */
function letGo(stream: http2.ServerHttp2Stream, { unwantedBodyBytesMax, unwantedBodyMs }: Http2Limits): void {
  let bytes = 0;
  const over = (): void => stream.close(NGHTTP2_CANCEL);
  const timer = setTimeout(over, unwantedBodyMs).unref();
  stream.once('close', () => clearTimeout(timer));
  stream.once('end', () => clearTimeout(timer));
  stream.on('data', (chunk: Buffer) => {
    bytes += chunk.length;
    if (bytes > unwantedBodyBytesMax) over();
  });
}

function fieldsOf(headers: http2.IncomingHttpHeaders): Readonly<Record<string, string>> {
  const entries = Object.entries(headers)
    .filter(([name]) => !name.startsWith(':'))
    .map(([name, value]) => [name, Array.isArray(value) ? value.join(', ') : String(value)] as const);
  return Object.assign(Object.create(null), Object.fromEntries(entries));
}

function grouped(fields: readonly (readonly [string, string])[]): Record<string, string | string[]> {
  const groups: Record<string, string | string[]> = {};
  for (const [name, value] of fields) {
    const key = name.toLowerCase();
    const before = groups[key];
    groups[key] = before === undefined ? value : [...(Array.isArray(before) ? before : [before]), value];
  }
  return groups;
}
