/**
 * One HTTPS request to a server of others: its certificate is checked, no redirect is followed, no proxy asked, no connection kept. Whom
 * one may ask, and what becomes of the answer, is left to those who ask.
 */
import type { IncomingMessage, OutgoingHttpHeaders } from 'node:http';
import { request } from 'node:https';
import { clientTlsOptions } from './tls-options.ts';

export interface HttpsRequest {
  readonly method: string;
  readonly headers: OutgoingHttpHeaders;
  readonly body?: string | Uint8Array | undefined;
  /** PEM: who may have certified the server. */
  readonly authorities: readonly string[];
  readonly headerBytesMax: number;
  readonly signal: AbortSignal;
}

/** @returns the answer, whatever its status, with its body still to come; rejects with what the connection throws */
export function sendHttps(url: URL, asked: HttpsRequest): Promise<IncomingMessage> {
  const { method, headers, body, authorities, headerBytesMax, signal } = asked;
  // IPv6 addresses stand in brackets in a URL, in a certificate they do not.
  const name = url.hostname.replace(/^\[|\]$/g, '');
  return new Promise((resolve, reject) => {
    const sent = request(url, {
      ...clientTlsOptions({ server: { by: 'name', name, ca: authorities } }),
      method,
      signal,
      // A connection of its own: no session of before, nothing kept open.
      agent: false,
      maxHeaderSize: headerBytesMax,
      headers: { ...headers, ...(body === undefined ? {} : { 'content-length': Buffer.byteLength(body) }) },
    });
    sent.once('response', resolve);
    sent.on('error', reject);
    sent.end(body);
  });
}
