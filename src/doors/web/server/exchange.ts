/** One request and the place for its answer, as both engines (http1.ts, http2.ts) hand it to the door. */
import type { Readable, Writable } from 'node:stream';
import type { CertificateFacts } from '../../../guard/identify/peer-facts.ts';

/** Who is at the other end of one connection. */
export interface WebConnection {
  readonly address: string;
  readonly localPort: number;
  /** What TLS saw of the client's certificate; absent when none was shown. */
  readonly certificate?: CertificateFacts;
  /** Takes one request; false when this connection asks too much. */
  takeRequest(): boolean;
}

export interface Exchange {
  readonly connection: WebConnection;
  readonly method: string;
  /** Path and query as they came. */
  readonly target: string;
  /** Host and port that the client wants to speak to. */
  readonly authority: string;
  /** By name in lower case. */
  readonly headers: Readonly<Record<string, string | undefined>>;
  /** Fires when the peer went away or the stream was reset. */
  readonly gone: AbortSignal;
  /** The body as it comes; undefined when there is none. */
  readonly source: Readable | undefined;
  /** Called before the first byte of the body is wanted (100-continue). */
  readonly wantBody: () => void;
  /** Did the body end as it was meant to? Asked when `source` has ended. */
  readonly isWhole: () => boolean;
  /** Sends the head and returns where the body goes, or undefined when `hasBody` is false. */
  begin(status: number, headers: readonly (readonly [string, string])[], hasBody: boolean): Writable | undefined;
  /** Ends so that the peer cannot take what it has for whole. */
  reset(): void;
}
