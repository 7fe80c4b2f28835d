/**
 * A small server that keeps the contract between console and server, for tests of the console alone: the built files as the web
 * door answers them, people, control calls and DICOMweb over an invented house. On loopback, without TLS: a browser takes
 * localhost for secure.
 */
import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { join } from 'node:path';
import * as v from 'valibot';
import { readConsoleFiles } from '../../../src/doors/console/console-files.ts';
import { callSchemas, controls, emergencyOf } from './control-calls.ts';
import { type House, makeHouse } from './house.ts';
import { type Context, needFactor, peopleHandlers, Refused, sessionView } from './people-calls.ts';
import { find, instancesOf, picture, seriesOf, studies } from './studies.ts';

export interface ConsoleFixture extends AsyncDisposable {
  readonly origin: string;
  readonly house: House;
  /** `GET /path`, without queries, in order. */
  readonly requests: string[];
  /** Bytes of the files that were stored. */
  readonly stored: number[];
  /** Makes a path fail with this status until it is set to undefined. */
  failing: { readonly path: string; readonly status: number } | undefined;
  /** How long each answer of the API takes. */
  delayMs: number;
}

interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string | Uint8Array;
}

const cookieName = '__Host-leadglass';

export async function startConsoleFixture(port = 0): Promise<ConsoleFixture> {
  const files = readConsoleFiles(join(import.meta.dirname, '../../../web/dist'));
  const server = createServer((request, response) => void respond(request, response));
  server.listen(port, '127.0.0.1');
  await once(server, 'listening');
  const place = server.address();
  if (place === null || typeof place === 'string') throw new Error('The fixture has no port');
  const fixture: ConsoleFixture = {
    origin: `http://localhost:${place.port}`,
    house: makeHouse(),
    requests: [],
    stored: [],
    failing: undefined,
    delayMs: 0,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
  return fixture;

  async function respond(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { pathname, searchParams } = new URL(request.url ?? '/', fixture.origin);
    fixture.requests.push(`${request.method} ${pathname}`);
    const cookies: string[] = [];
    let answer: Answer;
    try {
      const body = await bodyOf(request);
      if (/^\/(?:api|dicom-web)\//.test(pathname) && fixture.delayMs > 0) {
        await new Promise((resolve) => setTimeout(resolve, fixture.delayMs));
      }
      if (fixture.failing?.path === pathname) {
        throw new Refused(fixture.failing.status, 'INTERNAL', 'The store cannot be reached just now');
      }
      answer = answerOf(request, pathname, { query: searchParams, body, cookies });
    } catch (error) {
      answer = problemOf(error);
    }
    response.writeHead(answer.status, {
      ...answer.headers,
      ...(cookies.length === 0 ? {} : { 'set-cookie': cookies }),
    });
    response.end(answer.body);
  }

  function answerOf(
    request: IncomingMessage,
    path: string,
    { query, body, cookies }: { readonly query: URLSearchParams; readonly body: Buffer; readonly cookies: string[] },
  ): Answer {
    const context = contextOf(request, cookies);
    if (request.method !== 'GET' && request.headers['x-leadglass'] !== 'console') {
      throw new Refused(403, 'NOT_AUTHORIZED', 'Pages of this origin may not use this server');
    }
    if (path.startsWith('/api/control/')) return controlAnswer(context, path.slice(13), body);
    if (path.startsWith('/api/')) return peopleAnswer(context, path.slice(5), { method: request.method ?? '', body });
    if (path.startsWith('/dicom-web/')) {
      if (context.session === undefined) throw new Refused(401, 'NOT_AUTHENTICATED', 'Nobody is signed in');
      if (request.method === 'POST') {
        fixture.stored.push(body.length);
        return json({});
      }
      if (query.get('accept') === 'application/zip') {
        needFactor(context);
        return { status: 200, headers: { 'content-type': 'application/zip' }, body: Buffer.from('PK') };
      }
      // As the server does it: one patient is all that there is.
      const { emergency } = context.session;
      if (emergency !== undefined) query.set('PatientID', emergency.patientId);
      return dicomWeb(path.slice(10), query);
    }
    const found = files.find(path);
    if (found === undefined) throw new Refused(404, 'NOT_FOUND', 'There is no such page');
    const {
      status,
      headers,
      body: page,
    } = found({ 'accept-encoding': 'br', 'if-none-match': request.headers['if-none-match'] });
    return { status, headers: Object.fromEntries(headers), ...(page === undefined ? {} : { body: page }) };
  }

  function contextOf(request: IncomingMessage, cookies: string[]): Context {
    const { house } = fixture;
    const id = new RegExp(`${cookieName}=([^;]+)`).exec(request.headers.cookie ?? '')?.[1] ?? '';
    return {
      house,
      session: house.sessions.get(id),
      open(email) {
        const account = house.accounts.find((entry) => entry.email === email);
        if (account === undefined) throw new Refused(401, 'NOT_AUTHENTICATED', 'There is no such account');
        // Lena is in the middle of an emergency, whenever she comes.
        const isLena = email.startsWith('lena@');
        const session = {
          id: crypto.randomUUID(),
          account,
          signedInAtMs: Date.now(),
          stepUpUntilMs: 0,
          ...(isLena ? { emergency: emergencyOf('P1004', 60) } : {}),
        };
        house.sessions.set(session.id, session);
        cookies.push(`${cookieName}=${session.id}; Path=/; Secure; HttpOnly; SameSite=Strict`);
        return session;
      },
      close: () => void house.sessions.delete(id),
    };
  }
}

function controlAnswer(context: Context, name: string, body: Buffer): Answer {
  if (context.session === undefined) throw new Refused(401, 'NOT_AUTHENTICATED', 'Nobody is signed in');
  const given: unknown = JSON.parse(body.toString() || '{}');
  if (!Object.hasOwn(controls, name)) throw new Refused(404, 'NOT_FOUND', `The fixture has no call ${name}`);
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- just looked for
  const known = name as keyof typeof controls;
  // The server's own schema: what it would refuse, the fixture refuses.
  const { success, output, issues } = v.safeParse(callSchemas[known], given);
  if (!success)
    throw new Refused(400, 'BAD_REQUEST', issues.map(({ message }) => message).join('; '), {
      field: v.getDotPath(issues[0]) ?? '',
    });
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the schema of that very call gave it
  const handler = controls[known] as (context: Context, given: unknown) => unknown;
  return json(handler(context, output));
}

function peopleAnswer(
  context: Context,
  path: string,
  { method, body }: { readonly method: string; readonly body: Buffer },
): Answer {
  const { session, house } = context;
  if (method === 'GET') {
    if (path === 'sign-in/ways') return json({ local: 'everybody' });
    if (session === undefined) throw new Refused(401, 'NOT_AUTHENTICATED', 'Nobody is signed in');
    if (path === 'session') return json(sessionView(session));
    if (path === 'own/sessions') return json(house.ownSessions);
    if (path === 'own/factors') return json(house.factors);
    if (path === 'own/passcodes') return json(house.passcodes);
    throw new Refused(404, 'NOT_FOUND', 'There is no such resource');
  }
  if (!Object.hasOwn(peopleHandlers, path)) throw new Refused(404, 'NOT_FOUND', 'There is no such resource');
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- a fixture trusts its own console
  const handler = peopleHandlers[path as keyof typeof peopleHandlers] as (context: Context, given: unknown) => unknown;
  return json(handler(context, JSON.parse(body.toString() || '{}')));
}

function dicomWeb(path: string, query: URLSearchParams): Answer {
  if (/\/(?:thumbnail|rendered)$/.test(path)) {
    return { status: 200, headers: { 'content-type': 'image/svg+xml' }, body: picture(path) };
  }
  const [, , study, , series, instances] = path.split('/');
  if (study === undefined) return json(find(query));
  const found = studies.find(({ uid }) => uid === study);
  if (found === undefined) throw new Refused(404, 'NOT_FOUND', 'There is no such resource here, or you may not see it');
  return json(instances === undefined || series === undefined ? seriesOf(found) : instancesOf(series));
}

function json(body: unknown): Answer {
  return {
    status: 200,
    headers: { 'content-type': 'application/json', 'cache-control': 'no-store' },
    body: JSON.stringify(body),
  };
}

/** As the API of the console tells them: the title is what happened. */
function problemOf(error: unknown): Answer {
  const { status, code, message, more } =
    error instanceof Refused ? error : new Refused(500, 'INTERNAL', String(error));
  return {
    status,
    headers: { 'content-type': 'application/problem+json' },
    body: JSON.stringify({ title: message, status, code, ...more }),
  };
}

async function bodyOf(request: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk);
  return Buffer.concat(chunks);
}
