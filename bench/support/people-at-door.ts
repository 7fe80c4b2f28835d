/** People at the web door for a load: enrolled and signed in by passkeys, each with a browser's connection (HTTP/2) and cookies. */
import { readFileSync } from 'node:fs';
import http2 from 'node:http2';
import { join } from 'node:path';
import { SoftAuthenticator } from '../../src/people/authenticator.test-support.ts';
import { CookieJar } from '../../test/support/cookie-jar.ts';
import type { LeadglassServer } from './servers.ts';

export interface Answer {
  readonly status: number;
  readonly body: Buffer;
}

const userAgent = 'Load browser';

/** One browser: one connection, its cookies. */
export class LoadBrowser {
  readonly #origin: string;
  readonly #connection: http2.ClientHttp2Session;
  readonly #jar = new CookieJar();

  constructor(port: number, ca: Buffer) {
    this.#origin = `https://localhost:${port}`;
    this.#connection = http2.connect(this.#origin, { ca });
    this.#connection.on('error', () => undefined);
  }

  get(path: string, accept: string): Promise<Answer> {
    return this.#ask({ ':method': 'GET', ':path': path, accept });
  }

  /** @throws Error for any answer but 200 and 204 */
  async post(path: string, given: object = {}): Promise<Record<string, unknown>> {
    const body = Buffer.from(JSON.stringify(given));
    const head = { 'content-type': 'application/json', 'x-leadglass': 'console', origin: this.#origin };
    const answer = await this.#ask({ ':method': 'POST', ':path': `/api/${path}`, ...head }, body);
    const text = answer.body.toString();
    if (answer.status >= 300) throw new Error(`${path} answered ${answer.status} ${text}`);
    return text === '' ? {} : Object(JSON.parse(text));
  }

  close(): void {
    this.#connection.close();
  }

  #ask(headers: http2.OutgoingHttpHeaders, body?: Buffer): Promise<Answer> {
    return new Promise((resolve, reject) => {
      const stream = this.#connection.request({
        ...headers,
        'user-agent': userAgent,
        ...this.#jar.field,
      });
      const chunks: Buffer[] = [];
      let status = 0;
      stream.on('response', (fields) => {
        status = Number(fields[':status']);
        this.#jar.keep(fields['set-cookie']);
      });
      stream.on('data', (chunk: Buffer) => chunks.push(chunk));
      stream.on('end', () => resolve({ status, body: Buffer.concat(chunks) }));
      stream.on('error', reject);
      stream.end(body);
    });
  }
}

/** So many physicians, invited by an administrator over the API, all signed in. The administrator is invited at the command line. */
export async function signedInPeople(server: LeadglassServer, count: number): Promise<readonly LoadBrowser[]> {
  const ca = readFileSync(join(server.credentials('BENCH'), 'ca.pem'));
  const made = Object(server.json('account', 'invite', 'admin@bench.example', '--role', 'administrator'));
  const administrator = await enrolled(server, ca, String(made.link));
  const people: LoadBrowser[] = [];
  for (let number = 1; number <= count; number += 1) {
    const email = `person${number}@bench.example`;
    const invited = await administrator.post('control/accountInvite', { email, role: 'physician' });
    people.push(await enrolled(server, ca, String(invited['link'])));
  }
  administrator.close();
  return people;
}

async function enrolled(server: LeadglassServer, ca: Buffer, link: string): Promise<LoadBrowser> {
  const browser = new LoadBrowser(server.consolePort, ca);
  const key = new SoftAuthenticator();
  const party = { origin: `https://localhost:${server.consolePort}`, rpId: 'localhost' };
  const challengeOf = (begun: Record<string, unknown>): string => String(Object(begun['passkey']).challenge);
  const begun = await browser.post('enrol/begin', { invitation: link.slice(link.indexOf('#') + 1) });
  const credential = key.register({ challenge: challengeOf(begun), ...party });
  await browser.post('enrol/passkey', { ceremony: begun['ceremony'], credential, label: 'Load' });
  const asked = await browser.post('sign-in/begin');
  const signed = key.authenticate({ challenge: challengeOf(asked), ...party });
  await browser.post('sign-in/passkey', { ceremony: asked['ceremony'], credential: signed });
  return browser;
}
