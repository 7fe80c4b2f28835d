/** For tests of handlers: a guard with a ledger in memory, a backend in memory, and requests without a socket. */
import { randomBytes } from 'node:crypto';
import { MemoryBackend } from '../../../backends/memory/memory-backend.ts';
import { attributesOf } from '../../../backends/archive/index/attributes.ts';
import type { Backend } from '../../../backends/backend.ts';
import { dataSetLimits, storeInstance, type TestInstance } from '../../../backends/backend.test-support.ts';
import { knownUid, type Uid } from '../../../dicom/uid.ts';
import type { OpeningTerms } from '../../../guard/opening.ts';
import type { GuardSession } from '../../../guard/session.ts';
import { aet, enrol, type House, makeHouse, peerFacts } from '../../../guard/test-support.ts';
import { limits } from '../../../limits.ts';
import { quietLog } from '../../../log.ts';
import { HeldInstances } from '../../dimse/held-instances.ts';
import { MultipartReader } from '../http/multipart-reader.ts';
import { readParts } from '../http/multipart-parts.ts';
import { parseRelatedContentType } from '../http/multipart-content-type.ts';
import { operationFor, routesOf } from '../routes.ts';
import type { WebMethod, WebRequest, WebResponse, WebServices } from '../web-handler.ts';
import { handlers } from './handlers.ts';

export const baseUrl = 'https://pacs.example/dicom-web';

export interface Asked {
  readonly method?: WebMethod;
  readonly headers?: Readonly<Record<string, string | undefined>>;
  readonly body?: AsyncIterable<Uint8Array>;
  readonly signal?: AbortSignal;
  readonly session?: GuardSession;
}

export interface Answered {
  readonly status: number;
  readonly headers: ReadonlyMap<string, string>;
  readonly warnings: readonly string[];
  readonly body: Buffer;
}

export interface WebHouse extends AsyncDisposable {
  readonly house: House;
  readonly backend: Backend;
  readonly services: WebServices;
  /** What requests under way hold. */
  readonly held: HeldInstances;
  /** Of the archive device that may do everything. */
  readonly session: GuardSession;
  sessionOf(terms: Partial<OpeningTerms> & { readonly name: string }): Promise<GuardSession>;
  keep(...instances: readonly TestInstance[]): Promise<void>;
  /** The answer with its body still to be read. */
  open(url: string, asked?: Asked): Promise<WebResponse>;
  ask(url: string, asked?: Asked): Promise<Answered>;
}

export async function webHouse(changes: Partial<WebServices> = {}): Promise<WebHouse> {
  const house = makeHouse();
  const backend = changes.backend ?? new MemoryBackend({ dataSetLimits, retentionDays: 0 });
  const held = new HeldInstances(limits);
  const services: WebServices = {
    backend,
    aeTitle: 'LEADGLASS',
    limits,
    returnable: (level) => attributesOf[level],
    held,
    log: quietLog,
    ...changes,
  };
  const sessionOf: WebHouse['sessionOf'] = async (terms) => {
    const device = aet(terms.name);
    enrol(house.store, { device, ...terms });
    return house.guard.session(await house.guard.identify(peerFacts({ callingAeTitle: device })));
  };
  const session = await sessionOf({ name: 'ARCHIVE', purpose: 'archive' });
  const open: WebHouse['open'] = async (url, asked = {}) => {
    const [path = '', query = ''] = url.split('?');
    const method = asked.method ?? 'GET';
    const handler = handlers[operationFor(method, routesOf(path, limits.web))];
    if (handler === undefined) throw new Error(`nobody serves ${url}`);
    const request: WebRequest = {
      method,
      path,
      query,
      headers: { accept: '*/*', ...asked.headers },
      body: asked.body ?? pieces(new Uint8Array(0)),
      signal: asked.signal ?? new AbortController().signal,
      baseUrl,
    };
    return handler(request, asked.session ?? session, services);
  };
  return {
    house,
    backend,
    services,
    held,
    session,
    sessionOf,
    keep: async (...instances) => {
      for (const instance of instances) await storeInstance(backend, instance);
    },
    open,
    ask: async (url, asked) => {
      // As the door does: when the answer is over, whatever was held for it is let go.
      const over = new AbortController();
      const signal = asked?.signal === undefined ? over.signal : AbortSignal.any([asked.signal, over.signal]);
      try {
        const { status, headers, body = new Uint8Array(0) } = await open(url, { ...asked, signal });
        return {
          status,
          headers: new Map(headers.map(([name, value]) => [name.toLowerCase(), value])),
          warnings: headers.filter(([name]) => name === 'Warning').map(([, value]) => value),
          body: body instanceof Uint8Array ? Buffer.from(body) : Buffer.concat(await Array.fromAsync(body)),
        };
      } finally {
        over.abort();
      }
    },
    [Symbol.asyncDispose]: () => house[Symbol.asyncDispose](),
  };
}

/** The bytes in pieces. */
export async function* pieces(bytes: Uint8Array, lengthBytes = 1000): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += lengthBytes) yield bytes.subarray(at, at + lengthBytes);
}

export interface Part {
  readonly type: string;
  readonly transferSyntax: string | undefined;
  readonly location: string | undefined;
  readonly bytes: Buffer;
}

/** The parts of a multipart answer. */
export async function partsOf({ headers, body }: Answered): Promise<readonly Part[]> {
  const { boundary, type } = parseRelatedContentType(headers.get('content-type'));
  const parts: Part[] = [];
  const reader = new MultipartReader({ boundary, defaultType: type, limits: limits.web });
  for await (const { headers: head, body: content } of readParts(pieces(body), reader)) {
    parts.push({
      type: head.contentType.name,
      transferSyntax: head.contentType.parameters.get('transfer-syntax'),
      location: head.contentLocation,
      bytes: Buffer.concat(await Array.fromAsync(content)),
    });
  }
  return parts;
}

export interface SentPart {
  readonly type?: string;
  readonly location?: string;
  readonly bytes: Uint8Array;
}

/** A multipart message as clients send it. */
export function multipart(type: string, parts: readonly SentPart[]): { contentType: string; bytes: Buffer } {
  const boundary = randomBytes(8).toString('hex');
  const written = parts.flatMap(({ type: ofPart, location, bytes }) => [
    Buffer.from(
      `--${boundary}\r\n` +
        (ofPart === undefined ? '' : `Content-Type: ${ofPart}\r\n`) +
        (location === undefined ? '' : `Content-Location: ${location}\r\n`) +
        '\r\n',
    ),
    Buffer.from(bytes),
    Buffer.from('\r\n'),
  ]);
  return {
    contentType: `multipart/related; type="${type}"; boundary=${boundary}`,
    bytes: Buffer.concat([...written, Buffer.from(`--${boundary}--\r\n`)]),
  };
}

export const uid = (text: string): Uid => knownUid(text);
