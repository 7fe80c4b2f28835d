/** The client side of the control door: calls of the running server over the Unix socket in the data folder. */
import { request as httpRequest } from 'node:http';
import type { ClientRequest, IncomingMessage } from 'node:http';
import { connect } from 'node:net';
import type { Socket } from 'node:net';
import { basename, dirname, join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import type { CallInput, CallName } from '../doors/control/control-calls.ts';
import type { ExportedInstance, ImportOutcome, ProgressEvent, ResultOf } from '../doors/control/control-services.ts';
import { LeadglassError } from '../error.ts';
import type { ErrorCode } from '../error.ts';
import { limits } from '../limits.ts';

export interface ControlClient {
  /** @throws LeadglassError as the server says; BACKEND_UNAVAILABLE when no server runs */
  call<N extends keyof ResultOf>(name: N, given: CallInput<N>): Promise<ResultOf[N]>;
  /** Opens a session; `store` sends one file, and gives it up when `signal` fires. */
  beginImport(): Promise<{
    store(part10: AsyncIterable<Uint8Array>, signal: AbortSignal): Promise<ImportOutcome>;
    end(how: SessionEnd): Promise<void>;
  }>;
  beginExport(given: CallInput<'exportBegin'>): Promise<{
    readonly instances: readonly ExportedInstance[];
    /** The bytes end only when the whole file came; a torn one throws. */
    read(index: number, signal: AbortSignal): AsyncIterable<Uint8Array>;
    end(how: SessionEnd): Promise<void>;
  }>;
}

/** What the ledger is told; without a word the server ends a session as broken, but only after a while. */
export type SessionEnd = 'done' | 'broken';

export interface ControlClientOptions {
  readonly dataDirectory: string;
  readonly user: string;
  readonly command: string;
  readonly onProgress?: (event: ProgressEvent | undefined) => void;
}

/** An answer's line: a table of 10,000 rows is a few megabytes. */
const lineBytesMax = 64 * 1024 * 1024;

export function controlClient(options: ControlClientOptions): ControlClient {
  const socketPath = join(options.dataDirectory, 'control.sock');
  const send = (method: string, path: string, signal?: AbortSignal): ClientRequest =>
    httpRequest({
      method,
      path,
      ...(signal === undefined ? {} : { signal }),
      // Without an agent, so that this connection is used.
      createConnection: () => connectTo(socketPath),
      headers: {
        'x-leadglass-user': encodeURIComponent(options.user),
        'x-leadglass-command': encodeURIComponent(options.command),
      },
    });

  async function callRaw(name: CallName, given: unknown): Promise<unknown> {
    const request = send('POST', `/call/${name}`);
    const body = Buffer.from(JSON.stringify(given));
    request.setHeader('content-length', body.length);
    request.end(body);
    try {
      return await lastLine(await responseOf(request, socketPath), options.onProgress);
    } finally {
      options.onProgress?.(undefined);
    }
  }

  // The answers' types are the server's, of the same package and version; nothing here decides on them.
  /* oxlint-disable typescript/no-unsafe-type-assertion */
  return {
    call: async <N extends keyof ResultOf>(name: N, given: CallInput<N>) => (await callRaw(name, given)) as ResultOf[N],
    async beginImport() {
      const { session } = (await callRaw('importBegin', {})) as { readonly session: string };
      return {
        async store(part10, signal): Promise<ImportOutcome> {
          const request = send('PUT', `/import/${session}`, signal);
          const answered = responseOf(request, socketPath);
          const sent = pipeline(part10, request);
          // The server may refuse before it has read everything; its answer counts then. Whichever fails first is the reason.
          sent.catch(() => {});
          answered.catch(() => {});
          return (await lastLine(await Promise.race([answered, sent.then(() => answered)]))) as ImportOutcome;
        },
        async end(how): Promise<void> {
          await callRaw('importEnd', { session, how });
        },
      };
    },
    async beginExport(given) {
      const { session, instances } = (await callRaw('exportBegin', given)) as {
        readonly session: string;
        readonly instances: readonly ExportedInstance[];
      };
      return {
        instances,
        async *read(index, signal): AsyncGenerator<Uint8Array> {
          const request = send('GET', `/export/${session}/${index}`, signal);
          request.end();
          const response = await responseOf(request, socketPath);
          if (response.headers['content-type'] !== 'application/dicom') {
            await lastLine(response);
            throw new LeadglassError('PEER_FAILED', 'The server sent no file');
          }
          yield* response as AsyncIterable<Buffer>;
        },
        async end(how): Promise<void> {
          await callRaw('exportEnd', { session, how });
        },
      };
    },
  };
  /* oxlint-enable typescript/no-unsafe-type-assertion */
}

function connectTo(socketPath: string): Socket {
  if (Buffer.byteLength(socketPath) <= limits.controlSocketPathBytesMax) return connect(socketPath);
  // A socket address is short. The connection is begun before chdir back, within this one turn.
  const before = process.cwd();
  process.chdir(dirname(socketPath));
  try {
    return connect(basename(socketPath));
  } finally {
    process.chdir(before);
  }
}

function responseOf(request: ClientRequest, socketPath: string): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    request.once('response', resolve);
    request.on('error', (error) => reject(connectionError(error, socketPath)));
  });
}

function connectionError(error: Error, socketPath: string): LeadglassError {
  const code = 'code' in error ? error.code : undefined;
  if (code === 'ENOENT' || code === 'ECONNREFUSED' || code === 'ENOTDIR') {
    return new LeadglassError(
      'BACKEND_UNAVAILABLE',
      `No Leadglass server is running on ${dirname(socketPath)}.\nStart one with "leadglass serve", or name another folder with --data DIR.`,
    );
  }
  if (code === 'EACCES' || code === 'EPERM') {
    return new LeadglassError(
      'BACKEND_UNAVAILABLE',
      `Not allowed to administer the server on ${dirname(socketPath)}: the folder belongs to the user who runs it.`,
    );
  }
  return new LeadglassError('BACKEND_UNAVAILABLE', `The connection to the server broke: ${error.message}`, {
    cause: error,
  });
}

async function lastLine(response: IncomingMessage, onProgress?: (event: ProgressEvent) => void): Promise<unknown> {
  let rest = '';
  let result: { readonly value: unknown } | undefined;
  response.setEncoding('utf8');
  const take = (line: string): void => {
    const message = parseLine(line);
    if ('error' in message) throw errorOf(message['error']);
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- our own server's words, shown only
    if ('progress' in message) onProgress?.(message['progress'] as ProgressEvent);
    else if ('result' in message) result = { value: message['result'] };
  };
  try {
    for await (const chunk of response as AsyncIterable<string>) {
      const lines = (rest + chunk).split('\n');
      rest = lines.pop() ?? '';
      if (rest.length > lineBytesMax) throw new LeadglassError('PEER_FAILED', 'The server answered too much');
      for (const line of lines) take(line);
    }
  } catch (error) {
    if (error instanceof LeadglassError) throw error;
    throw new LeadglassError('BACKEND_UNAVAILABLE', 'The server stopped before it had answered', { cause: error });
  }
  if (result === undefined)
    throw new LeadglassError('BACKEND_UNAVAILABLE', 'The server stopped before it had answered');
  return result.value;
}

function parseLine(line: string): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(line);
    if (typeof value === 'object' && value !== null) return { ...value };
  } catch {
    // falls through
  }
  throw new LeadglassError('PEER_FAILED', 'The server answered something else than expected; is it another version?');
}

function errorOf(given: unknown): LeadglassError {
  const facts = typeof given === 'object' && given !== null ? given : {};
  const code = 'code' in facts ? String(facts.code) : 'INTERNAL';
  const message =
    code === 'INTERNAL' || !('message' in facts) ? 'The server failed; its log has the details' : String(facts.message);
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- of the same package; an unknown one ends as "could not run"
  return new LeadglassError(code as ErrorCode, message);
}
