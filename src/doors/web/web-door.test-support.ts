/** For tests of the web door: a real installation, a device with its certificate, handlers that ask the guard, and clients. */
import type { CodecPool } from '../../codecs/pool/codec-pool.ts';
import assert from 'node:assert/strict';
import { generateKeyPairSync } from 'node:crypto';
import { once } from 'node:events';
import http2 from 'node:http2';
import { request, type RequestOptions } from 'node:https';
import tls from 'node:tls';
import { attributesOf } from '../../backends/archive/index/attributes.ts';
import { guardFactsOf } from '../../compose/certificate-facts.ts';
import { callOf, openHouse, type TestHouse } from '../../compose/compose.test-support.ts';
import { deviceServices } from '../../compose/control-devices.ts';
import { DataSet } from '../../dicom/data-set.ts';
import { underAdmission } from '../../guard/admission.ts';
import type { Operation } from '../../guard/operation.ts';
import { limits } from '../../limits.ts';
import { quietLog } from '../../log.ts';
import { serverTlsOptions } from '../../upper-layer/tls-options.ts';
import * as v from 'valibot';
import { ConversionMemory } from '../../transcoding/conversion-memory.ts';
import { type CallInput, callSchemas } from '../control/control-calls.ts';
import { HeldInstances, type HeldInstancesLimits } from '../dimse/held-instances.ts';
import { startWebDoor, type WebDoor, type WebDoorOptions } from './web-door.ts';
import type { WebHandlers } from './routes.ts';
import type { WebHandler, WebLimits } from './web-handler.ts';

export interface WebHouse extends AsyncDisposable {
  readonly house: TestHouse;
  readonly door: WebDoor;
  readonly devices: ReturnType<typeof deviceServices>;
  readonly ca: string;
  /** What requests under way hold; nothing once they are over, which the end of the house checks. */
  readonly held: HeldInstances;
  enrol(aeTitle: string, given?: Partial<CallInput<'deviceAdd'>>): Promise<Identity>;
  token(aeTitle: string): Promise<string>;
}
export interface Identity {
  readonly key: string;
  readonly cert: string;
}

const find: Operation = {
  kind: 'find',
  query: {
    model: 'study-root',
    level: 'STUDY',
    keys: [],
    returnKeys: [],
    returnItems: new Map(),
    relational: false,
    dateTimeCombined: false,
    fuzzy: false,
    identifier: new DataSet(),
  },
};

/** Takes the guard's way and answers with what it was asked; the real handlers have tests of their own. */
export const admitted =
  (operation: Operation): WebHandler =>
  async ({ method, path, query }, session) =>
    underAdmission(session, operation, () => ({
      status: 200,
      headers: [['content-type', 'application/json']],
      body: Buffer.from(JSON.stringify({ method, path, query })),
    }));

export const search = admitted(find);

const page = {
  status: 200,
  headers: [['content-type', 'text/html; charset=utf-8']] as const,
  body: Buffer.from('<!doctype html><p>page</p>'),
};

export async function openWebHouse(
  options: Partial<Pick<WebDoorOptions, 'handlers' | 'corsOrigins' | 'health'>> & {
    readonly web?: Partial<WebLimits['web']>;
    readonly codecs?: CodecPool;
    readonly heldInstances?: Partial<HeldInstancesLimits>;
  } = {},
): Promise<WebHouse> {
  const house = await openHouse();
  const { installation } = house;
  const { authority, guard, archive, config } = installation;
  const { certificatePem, keyPem } = await authority.serverCertificate('web', config.names);
  const handlers: WebHandlers = options.handlers ?? { search };
  const held = new HeldInstances({ ...limits, ...options.heldInstances });
  const door = await startWebDoor({
    host: '127.0.0.1',
    port: 0,
    tls: serverTlsOptions({
      identities: [{ key: keyPem, cert: certificatePem }],
      clientCa: [authority.rootPem, authority.issuingPem],
      limits,
    }),
    certificateFacts: (certificate) => guardFactsOf(certificate.raw),
    guard,
    services: {
      backend: archive,
      aeTitle: 'LEADGLASS',
      limits: { ...limits, web: { ...limits.web, ...options.web } },
      returnable: (level) => attributesOf[level],
      ...(options.codecs === undefined
        ? {}
        : {
            codecs: options.codecs,
            transcoding: { codecs: options.codecs, memory: new ConversionMemory(limits.transcoding), limits },
          }),
      held,
      log: quietLog,
    },
    handlers,
    names: config.names,
    corsOrigins: options.corsOrigins ?? [],
    pages: { find: (path) => (path === '/' ? () => page : undefined) },
    health: options.health ?? (() => 'ok'),
  });
  const server = () => ({
    host: 'localhost',
    tlsPort: 2762,
    webBaseUrl: `https://localhost:${door.port}/dicom-web`,
  });
  const devices = deviceServices({
    ...{ installation, server, arrangePlainDoors: async () => undefined },
    isSecondThere: () => true,
  });
  return {
    house,
    door,
    devices,
    ca: authority.rootPem,
    held,
    async enrol(aeTitle, given = {}) {
      const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
      const added = await devices.deviceAdd(
        callOf('device add'),
        v.parse(callSchemas.deviceAdd, {
          aeTitle,
          purpose: 'reading',
          reason: 'test',
          until: '2199-12-31',
          credential: { kind: 'public-key', pem: publicKey.export({ type: 'spki', format: 'pem' }) },
          doors: ['web'],
          addresses: [],
          scope: {},
          privateSopClasses: false,
          moveDestinations: [],
          ...given,
        }),
      );
      return { key: privateKey.export({ type: 'pkcs8', format: 'pem' }), cert: added.certificatePem ?? '' };
    },
    async token(aeTitle) {
      return (await devices.deviceToken(callOf('device token'), { aeTitle, reason: 'test' })).token;
    },
    async [Symbol.asyncDispose]() {
      await door.stop();
      assert.equal(held.count, 0, 'something is still held');
      await house[Symbol.asyncDispose]();
    },
  };
}

export interface Got {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly text: string;
}

export interface Ask {
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly identity?: Identity;
  readonly token?: string;
  readonly body?: string | Uint8Array;
}

const bearer = (token: string | undefined): Record<string, string> =>
  token === undefined ? {} : { authorization: `Bearer ${token}` };

/** One request by HTTP/1.1 on a connection of its own. */
export async function ask({ door, ca }: WebHouse, path: string, asked: Ask = {}): Promise<Got> {
  const { method = 'GET', headers = {}, identity, token, body } = asked;
  const options: RequestOptions = {
    host: '127.0.0.1',
    port: door.port,
    path,
    method,
    ca,
    agent: false,
    // What stands in Host is another matter.
    servername: 'localhost',
    headers: { ...bearer(token), ...headers },
    ...identity,
  };
  const sent = request(options);
  sent.end(body);
  return await new Promise((resolve, reject) => {
    sent.once('error', reject);
    sent.once('response', (response) => {
      let text = '';
      response.setEncoding('utf8').on('data', (chunk: string) => (text += chunk));
      response.once('error', reject);
      response.once('end', () => resolve({ status: response.statusCode ?? 0, headers: response.headers, text }));
    });
  });
}

/** An HTTP/2 connection. */
export async function connectHttp2(
  { door, ca }: WebHouse,
  { identity, settings = {} }: { readonly identity?: Identity; readonly settings?: http2.Settings } = {},
): Promise<http2.ClientHttp2Session> {
  const session = http2.connect(`https://localhost:${door.port}`, { ca, settings, ...identity });
  session.on('error', () => undefined);
  await once(session, 'connect');
  return session;
}

export async function ask2(
  session: http2.ClientHttp2Session,
  path: string,
  { method = 'GET', headers = {}, token, body }: Ask = {},
): Promise<Got> {
  const stream = session.request({ ':path': path, ':method': method, ...bearer(token), ...headers });
  let text = '';
  let head: Got['headers'] = {};
  stream.setEncoding('utf8');
  stream.on('data', (chunk: string) => (text += chunk));
  stream.once('response', (received) => (head = received as Got['headers']));
  stream.end(body);
  await new Promise<void>((resolve, reject) => {
    stream.once('error', reject);
    stream.once('close', () => resolve());
  });
  return { status: Number(head[':status'] ?? 0), headers: head, text };
}

/** A connection on which a test writes what it likes. */
export async function rawTls(
  { door, ca }: WebHouse,
  { identity, alpn = 'http/1.1' }: { readonly identity?: Identity; readonly alpn?: string } = {},
): Promise<tls.TLSSocket> {
  const socket = tls.connect({ host: '127.0.0.1', port: door.port, ca, ALPNProtocols: [alpn], ...identity });
  socket.on('error', () => undefined);
  await once(socket, 'secureConnect');
  return socket;
}

/** All that comes until the other side ends, or for so long. */
export async function readAll(socket: tls.TLSSocket, ms = 1000): Promise<string> {
  let text = '';
  socket.setEncoding('latin1').on('data', (chunk: string) => (text += chunk));
  // A connection that was reset is over, too.
  const over = once(socket, 'close').catch(() => undefined);
  await Promise.race([over, new Promise((resolve) => setTimeout(resolve, ms).unref())]);
  return text;
}
