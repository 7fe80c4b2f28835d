/**
 * The control door: HTTP over a Unix socket in the data folder, for the command line. Whoever may open the socket
 * administers (the folder is its owner's alone), so it names nobody it does not trust; still every length, count and time
 * is bounded. A call answers JSON lines: any number of {"progress": …}, then one {"result": …} or {"error": …}.
 * Import and export move one file per request inside a session, so HTTP itself tells a torn file from a whole one.
 */
import { chmodSync, lstatSync, unlinkSync } from 'node:fs';
import { createServer } from 'node:http';
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import { connect } from 'node:net';
import { basename, dirname } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { LeadglassError, asLeadglassError } from '../../error.ts';
import { gather } from '../../gather.ts';
import type { Log } from '../../log.ts';
import { callService, parseArguments } from './call-service.ts';
import { callSchemas } from './control-calls.ts';
import type { Call, ControlServices, ProgressEvent } from './control-services.ts';
import { refuseAmbiguous } from './one-reading.ts';
import { TransferSessions } from './transfer-sessions.ts';

export interface ControlLimits {
  readonly controlBodyBytesMax: number;
  readonly controlConnectionsMax: number;
  readonly controlSessionsMax: number;
  readonly controlSessionIdleMs: number;
  readonly controlHeaderBytesMax: number;
  readonly controlSocketPathBytesMax: number;
  readonly controlRequestMsMax: number;
}

export interface ControlDoorOptions {
  /** `<data>/control.sock`. */
  readonly socketPath: string;
  readonly services: ControlServices;
  readonly limits: ControlLimits;
  readonly log: Log;
}

export interface ControlDoor {
  readonly socketPath: string;
  /** Ends running calls (their signal fires) and takes the socket away. */
  stop(): Promise<void>;
}

/**
 * Opens the door.
 * @throws LeadglassError CONFLICT when another server answers on the socket, BACKEND_UNAVAILABLE when it cannot be made
 */
export async function startControlDoor(options: ControlDoorOptions): Promise<ControlDoor> {
  const { socketPath, limits, log } = options;
  const path = reachablePath(socketPath, limits.controlSocketPathBytesMax);
  await removeStaleSocket(path, socketPath);
  const stopping = new AbortController();
  const sessions = new TransferSessions(options.limits, log);
  const server = createServer(
    {
      maxHeaderSize: limits.controlHeaderBytesMax,
      headersTimeout: 10_000,
      requestTimeout: limits.controlRequestMsMax,
      keepAliveTimeout: 5_000,
    },
    (request, response) => {
      void answer(request, response, { ...options, sessions, stopping: stopping.signal });
    },
  );
  server.maxConnections = limits.controlConnectionsMax;
  // As our command line does, one request is one connection: what comes behind it is smuggled.
  server.maxRequestsPerSocket = 1;
  server.on('dropRequest', (_request, socket) => socket.destroy());
  await listen(server, path, socketPath);
  chmodSync(path, 0o600);
  return {
    socketPath,
    async stop(): Promise<void> {
      stopping.abort(new LeadglassError('CANCELLED', 'The server is stopping'));
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      await sessions.endAll();
      server.closeIdleConnections();
      const late = setTimeout(() => server.closeAllConnections(), 1000);
      await closed;
      clearTimeout(late);
    },
  };
}

/**
 * The path to bind and connect to. A path too long for a socket address becomes relative to its folder, which then must
 * be the working directory; a server keeps it so (all its other paths are absolute).
 */
function reachablePath(socketPath: string, bytesMax: number): string {
  if (Buffer.byteLength(socketPath) <= bytesMax) return socketPath;
  process.chdir(dirname(socketPath));
  return basename(socketPath);
}

/** A socket left by a server that was killed answers nobody and is removed; a living one is left alone. */
async function removeStaleSocket(path: string, shown: string): Promise<void> {
  const found = lstatSync(path, { throwIfNoEntry: false });
  if (found === undefined) return;
  if (!found.isSocket()) {
    throw new LeadglassError('CONFLICT', `Cannot open the control socket: ${shown} is something else; move it away`);
  }
  const alive = await new Promise<boolean>((resolve) => {
    const probe = connect(path);
    probe.once('connect', () => resolve(true)).once('error', () => resolve(false));
    probe.once('close', () => probe.destroy());
    probe.once('connect', () => probe.destroy());
  });
  if (alive) {
    throw new LeadglassError(
      'CONFLICT',
      `Another Leadglass server already runs on this data folder (${shown} answers)`,
    );
  }
  unlinkSync(path);
}

function listen(server: Server, path: string, shown: string): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', (cause) =>
      reject(
        new LeadglassError('BACKEND_UNAVAILABLE', `Cannot open the control socket ${shown}: ${cause.message}`, {
          cause,
        }),
      ),
    );
    server.listen(path, () => resolve());
  });
}

interface Answering extends ControlDoorOptions {
  readonly sessions: TransferSessions;
  readonly stopping: AbortSignal;
}

/** Never rejects: whatever happens becomes the answer, or the end of this connection. */
async function answer(request: IncomingMessage, response: ServerResponse, door: Answering): Promise<void> {
  const gone = new AbortController();
  response.once('close', () => gone.abort(new LeadglassError('CANCELLED', 'The client went away')));
  response.shouldKeepAlive = false;
  try {
    refuseAmbiguous(request);
    const place = new URL(request.url ?? '/', 'http://control').pathname.split('/');
    const call = callOf(request, response, AbortSignal.any([gone.signal, door.stopping]));
    const [, kind = '', name = '', index = ''] = place;
    if (request.method === 'POST' && kind === 'call') {
      const result = await run(name, await readBody(request, door.limits.controlBodyBytesMax), call, door);
      finish(response, { result });
    } else if (request.method === 'PUT' && kind === 'import') {
      // Not destroyed when a file is refused in its middle: the rest is read and dropped, so that the refusal arrives.
      const body: AsyncIterable<Buffer> = request.iterator({ destroyOnReturn: false });
      finish(response, { result: await door.sessions.store(name, body) });
    } else if (request.method === 'GET' && kind === 'export') {
      await sendFile(door.sessions.read(name, index), response);
    } else
      throw new LeadglassError('NOT_FOUND', 'The running server does not know this command; is it another version?');
  } catch (thrown) {
    const error = asLeadglassError(thrown);
    if (error.code === 'INTERNAL') {
      door.log.error('control.failed', {
        detail: error.detail,
        stack: error.cause instanceof Error ? error.cause.stack : undefined,
      });
    }
    // The rest of the body first: an answer ends the connection, and a client that is still writing would never read it.
    await drained(request);
    finish(response, { error: { code: error.code, message: error.message } });
  }
}

/**
 * The head goes out with the first bytes, so that a refusal can still be told in words. Later trouble cuts the connection
 * (pipeline does), which is HTTP's way to say that a body is torn.
 */
async function sendFile(file: AsyncGenerator<Uint8Array>, response: ServerResponse): Promise<void> {
  const first = await file.next();
  async function* whole(): AsyncGenerator<Uint8Array> {
    if (first.done !== true) yield first.value;
    yield* file;
  }
  response.writeHead(200, { 'content-type': 'application/dicom' });
  await pipeline(whole(), response);
}

/** Reads and drops what is left of a body; the request's time limit bounds it. */
async function drained(request: IncomingMessage): Promise<void> {
  if (request.readableEnded || request.destroyed) return;
  await new Promise<void>((resolve) => {
    request
      .once('end', resolve)
      .once('close', resolve)
      .once('error', () => resolve());
    request.resume();
  });
}

function callOf(request: IncomingMessage, response: ServerResponse, signal: AbortSignal): Call {
  const headerText = (name: string): string => {
    const value = request.headers[name];
    if (typeof value !== 'string') return '';
    try {
      return decodeURIComponent(value).slice(0, 256);
    } catch (cause) {
      throw new LeadglassError('BAD_REQUEST', 'The request has a header that is not percent-encoded', { cause });
    }
  };
  // A call without a name is somebody's script; it is recorded as such.
  return {
    caller: { user: headerText('x-leadglass-user') || 'unnamed' },
    command: headerText('x-leadglass-command') || 'unnamed',
    signal,
    progress: (event: ProgressEvent): void => {
      if (!response.destroyed) writeLine(response, { progress: event });
    },
  };
}

async function readBody(request: IncomingMessage, bytesMax: number): Promise<unknown> {
  const exceeded = (): Error => new LeadglassError('LIMIT_EXCEEDED', `The request is longer than ${bytesMax} bytes`);
  const body = await gather(request, bytesMax, exceeded);
  try {
    return JSON.parse(body.toString('utf8'));
  } catch (cause) {
    throw new LeadglassError('BAD_REQUEST', 'The request is not JSON', { cause });
  }
}

/** Import and export live longer than a call; everything else is a service. */
async function run(name: string, given: unknown, call: Call, { services, sessions }: Answering): Promise<unknown> {
  switch (name) {
    case 'importBegin': {
      parseArguments(callSchemas.importBegin, given);
      return { session: sessions.addImport(await services.beginImport(call)) };
    }
    case 'exportBegin': {
      const session = await services.beginExport(call, parseArguments(callSchemas.exportBegin, given));
      return { session: sessions.addExport(session), instances: session.instances };
    }
    case 'importEnd':
    case 'exportEnd': {
      const { session, how } = parseArguments(callSchemas[name], given);
      await sessions.end(session, how);
      return {};
    }
    default:
      return await callService(name, given, call, services);
  }
}

function writeLine(response: ServerResponse, line: object): void {
  if (!response.headersSent) response.writeHead(200, { 'content-type': 'application/x-ndjson' });
  response.write(`${JSON.stringify(line)}\n`);
}

function finish(response: ServerResponse, line: object): void {
  if (response.destroyed) return;
  writeLine(response, line);
  response.end();
}
