/** A person at a browser, as far as the API sees one: cookies, name, address, a password and one-time codes. */
import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import https from 'node:https';
import type { Leadglass } from './leadglass.ts';

export interface Answer {
  readonly status: number;
  readonly body: Record<string, unknown>;
  readonly cookies: readonly string[];
}

/** A browser as far as the API is concerned: its cookies, and what it says of itself. */
export class Browser {
  /** What it says that it is. */
  userAgent = 'Test browser';
  /** From where it comes, of the addresses of this machine. */
  localAddress: string | undefined;
  readonly #port: number;
  readonly #ca: Buffer;
  readonly #cookies = new Map<string, string>();

  constructor(port: number, ca: Buffer) {
    this.#port = port;
    this.#ca = ca;
  }

  get session(): string {
    return this.#cookies.get('__Host-leadglass') ?? '';
  }

  set session(secret: string) {
    this.#cookies.set('__Host-leadglass', secret);
  }

  post(path: string, body: object = {}, headers: Record<string, string> = {}): Promise<Answer> {
    return this.#ask('POST', `/api/${path}`, JSON.stringify(body), {
      'content-type': 'application/json',
      'x-leadglass': 'console',
      origin: `https://localhost:${this.#port}`,
      ...headers,
    });
  }

  get(path: string, headers: Record<string, string> = {}): Promise<Answer> {
    return this.#ask('GET', path, undefined, { accept: 'application/dicom+json, application/json', ...headers });
  }

  #ask(method: string, path: string, body: string | undefined, headers: Record<string, string>): Promise<Answer> {
    const cookie = [...this.#cookies].map(([name, value]) => `${name}=${value}`).join('; ');
    return new Promise((resolve, reject) => {
      const request = https.request(
        {
          host: 'localhost',
          port: this.#port,
          ca: this.#ca,
          method,
          path,
          ...(this.localAddress === undefined ? {} : { localAddress: this.localAddress, family: 4 }),
          headers: {
            'user-agent': this.userAgent,
            ...(cookie === '' ? {} : { cookie }),
            ...(body === undefined ? {} : { 'content-length': Buffer.byteLength(body) }),
            ...headers,
          },
        },
        (response) => {
          const chunks: Buffer[] = [];
          response.on('data', (chunk: Buffer) => chunks.push(chunk));
          response.on('end', () => {
            const cookies = response.headers['set-cookie'] ?? [];
            for (const field of cookies) {
              const [, name = '', value = ''] = /^([^=]+)=([^;]*)/.exec(field) ?? [];
              this.#cookies.set(name, value);
            }
            const text = Buffer.concat(chunks).toString();
            const parsed: unknown = text === '' ? {} : JSON.parse(text);
            resolve({ status: response.statusCode ?? 0, body: Object(parsed), cookies });
          });
        },
      );
      request.on('error', reject);
      request.end(body);
    });
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

export interface Person {
  readonly browser: Browser;
  readonly email: string;
  readonly secret: string;
}

/** Invited, and enrolled with a password and codes. */
export async function enrolled(leadglass: Leadglass, ca: Buffer, email: string, role: string): Promise<Person> {
  const invite = ['account', 'invite', email, '--role', role, '--name', `Test ${role}`];
  const { link } = await leadglass.json<{ link: string }>(...invite);
  const browser = new Browser(leadglass.consolePort, ca);
  const begun = await browser.post('enrol/begin', { invitation: link.slice(link.indexOf('#') + 1) });
  assert.equal(begun.status, 200, JSON.stringify(begun.body));
  const { ceremony } = begun.body;
  const weak = await browser.post('enrol/password', { ceremony, password: 'radiology1' });
  assert.equal(weak.status, 400, 'a password of the field is refused');
  assert.match(String(weak.body['detail']), /\w/, 'and the refusal says what to do');
  const set = await browser.post('enrol/password', { ceremony, password });
  assert.equal(set.status, 200, JSON.stringify(set.body));
  const { secret } = Object(set.body['code']);
  const done = await browser.post('enrol/code', { ceremony, code: codeOf(secret, Date.now() - 30_000) });
  assert.equal(done.status, 200, JSON.stringify(done.body));
  assert.equal(Object(done.body['recoveryCodes']).length, 10);
  assert.equal(browser.session, '', 'enrolled is not signed in');
  return { browser, email, secret };
}

/** Codes are good once; the enrolment took that of the step before. */
export async function signIn({ browser, email, secret }: Person, atMs = Date.now()): Promise<Answer> {
  const { body } = await browser.post('sign-in/password', { email, password });
  assert.deepEqual(body['next'], ['code', 'recovery-code'], JSON.stringify(body));
  return await browser.post('sign-in/code', { ceremony: body['ceremony'], code: codeOf(secret, atMs) });
}
