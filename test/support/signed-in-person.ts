/** A person with an account and a browser, as far as the server is concerned: cookies, the console's calls, and where it is led. */
import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import type { IncomingHttpHeaders } from 'node:http';
import https from 'node:https';
import type { Leadglass } from './leadglass.ts';

export interface BrowserAnswer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly text: string;
  readonly json: Record<string, unknown>;
}
export interface BrowserAsked {
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
  /** Without the cookies of this browser. */
  readonly bare?: boolean;
}

export class TestBrowser {
  readonly origin: string;
  readonly cookies = new Map<string, string>();
  readonly #port: number;
  readonly #ca: Buffer;

  constructor(port: number, ca: Buffer) {
    this.origin = `https://localhost:${port}`;
    this.#port = port;
    this.#ca = ca;
  }

  /** A call of the console's own pages. */
  call(path: string, body: object = {}): Promise<BrowserAnswer> {
    const own = { 'content-type': 'application/json', 'x-leadglass': 'console', origin: this.origin };
    return this.ask(`/api/${path}`, { method: 'POST', body: JSON.stringify(body), headers: own });
  }

  /** A navigation or fetch; redirects are not followed. @param path below this server, with its query */
  ask(path: string, { method = 'GET', headers = {}, body, bare = false }: BrowserAsked = {}): Promise<BrowserAnswer> {
    const cookie = [...this.cookies].map(([name, value]) => `${name}=${value}`).join('; ');
    const length = body === undefined ? {} : { 'content-length': String(Buffer.byteLength(body)) };
    const sent = { ...(bare || cookie === '' ? {} : { cookie }), ...length, ...headers };
    return new Promise((resolve, reject) => {
      // What stands in Host is another matter.
      const options = {
        host: 'localhost',
        servername: 'localhost',
        port: this.#port,
        ca: this.#ca,
        method,
        path,
        headers: sent,
      };
      const request = https.request(options, (response) => {
        const chunks: Buffer[] = [];
        response.on('error', reject);
        response.on('data', (chunk: Buffer) => chunks.push(chunk));
        response.on('end', () => {
          if (!bare) this.#keep(response.headers['set-cookie'] ?? []);
          const text = Buffer.concat(chunks).toString();
          resolve({ status: response.statusCode ?? 0, headers: response.headers, text, json: parsed(text) });
        });
      });
      request.on('error', reject);
      request.end(body);
    });
  }

  #keep(fields: readonly string[]): void {
    for (const field of fields) {
      const [, name = '', value = ''] = /^([^=]+)=([^;]*)/.exec(field) ?? [];
      if (value === '') this.cookies.delete(name);
      else this.cookies.set(name, value);
    }
  }
}

function parsed(text: string): Record<string, unknown> {
  try {
    return Object(JSON.parse(text));
  } catch {
    return {};
  }
}

/** RFC 6238 with SHA-1, six digits and thirty seconds, written apart from the code under test. */
export function codeOf(base32: string, atMs: number): string {
  let bits = '';
  for (const letter of base32.replaceAll(/[ =]/g, '')) {
    bits += 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567'.indexOf(letter).toString(2).padStart(5, '0');
  }
  const key = Buffer.from((bits.match(/.{8}/g) ?? []).map((byte) => Number.parseInt(byte, 2)));
  const counter = Buffer.alloc(8);
  counter.writeBigUInt64BE(BigInt(Math.floor(atMs / 30_000)));
  const digest = createHmac('sha1', key).update(counter).digest();
  const offset = (digest.at(-1) ?? 0) & 15;
  return String((digest.readUInt32BE(offset) & 0x7fffffff) % 1_000_000).padStart(6, '0');
}

export const password = 'kettle violin ocean brick';

export interface TestPerson {
  readonly browser: TestBrowser;
  readonly email: string;
  readonly secret: string;
}

/** Invited, enrolled with password and one-time codes, and signed in. */
export async function signedInPerson(
  leadglass: Leadglass,
  ca: Buffer,
  facts: { readonly email: string; readonly role: string },
): Promise<TestPerson> {
  const person = await enrolledPerson(leadglass, ca, facts);
  await signIn(person);
  return person;
}

export async function enrolledPerson(
  leadglass: Leadglass,
  ca: Buffer,
  facts: { readonly email: string; readonly role: string },
): Promise<TestPerson> {
  const { link } = await leadglass.json<{ link: string }>('account', 'invite', facts.email, '--role', facts.role);
  const browser = new TestBrowser(leadglass.consolePort, ca);
  const begun = await browser.call('enrol/begin', { invitation: link.slice(link.indexOf('#') + 1) });
  const { ceremony } = begun.json;
  const set = await browser.call('enrol/password', { ceremony, password });
  assert.equal(set.status, 200, set.text);
  const { secret } = Object(set.json['code']);
  const done = await browser.call('enrol/code', { ceremony, code: codeOf(secret, Date.now() - 30_000) });
  assert.equal(done.status, 200, done.text);
  return { browser, email: facts.email, secret };
}

/** Each code is good once: a second sign-in within its time uses that of the next step, which is taken too. */
export async function signIn({ browser, email, secret }: TestPerson, atMs = Date.now()): Promise<void> {
  const { json } = await browser.call('sign-in/password', { email, password });
  const signed = await browser.call('sign-in/code', { ceremony: json['ceremony'], code: codeOf(secret, atMs) });
  assert.equal(signed.status, 200, signed.text);
}
