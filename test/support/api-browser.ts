/** A browser as far as the console's API is concerned: its cookies, its client certificate, and a person who enrols and signs in by it. */
import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import { readFileSync } from 'node:fs';
import type { IncomingMessage } from 'node:http';
import https from 'node:https';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Device, Leadglass } from './leadglass.ts';

export interface ApiAnswer {
  readonly status: number;
  readonly body: Record<string, unknown>;
}

export class ApiBrowser {
  readonly #port: number;
  readonly #tls: { readonly ca: Buffer; readonly key?: Buffer; readonly cert?: Buffer };
  readonly #cookies = new Map<string, string>();

  /** @param workstation whose certificate it shows */
  constructor({ consolePort }: Leadglass, trusted: Device, workstation?: Device) {
    const of = ({ folder }: Device, name: string): Buffer => readFileSync(join(folder, name));
    this.#port = consolePort;
    this.#tls = {
      ca: of(trusted, 'ca.pem'),
      ...(workstation && { key: of(workstation, 'key.pem'), cert: of(workstation, 'cert.pem') }),
    };
  }

  /** The secret that a thief would take; setting it is the theft. */
  get session(): string {
    return this.#cookies.get('__Host-leadglass') ?? '';
  }

  set session(secret: string) {
    this.#cookies.set('__Host-leadglass', secret);
  }

  async post(path: string, body: object = {}): Promise<ApiAnswer> {
    const text = JSON.stringify(body);
    const response = await this.#ask('POST', `/api/${path}`, text, {
      'content-type': 'application/json',
      'content-length': String(Buffer.byteLength(text)),
      'x-leadglass': 'console',
      origin: `https://localhost:${this.#port}`,
    });
    return await answerOf(response);
  }

  async get(path: string): Promise<ApiAnswer> {
    return await answerOf(await this.open(path, 'application/dicom+json, application/json'));
  }

  /** The answer while its body is still coming. */
  open(path: string, accept: string): Promise<IncomingMessage> {
    return this.#ask('GET', path, undefined, { accept });
  }

  #ask(
    method: string,
    path: string,
    body: string | undefined,
    headers: Record<string, string>,
  ): Promise<IncomingMessage> {
    const cookie = [...this.#cookies].map(([name, value]) => `${name}=${value}`).join('; ');
    const sent = { 'user-agent': 'Test browser', ...(cookie === '' ? {} : { cookie }), ...headers };
    return new Promise((resolve, reject) => {
      const where = { host: 'localhost', port: this.#port, method, path };
      // Without an agent's memory: each connection shows its certificate anew.
      const request = https.request({ ...where, ...this.#tls, agent: false, headers: sent }, (response) => {
        for (const field of response.headers['set-cookie'] ?? []) {
          const [, name = '', value = ''] = /^([^=]+)=([^;]*)/.exec(field) ?? [];
          this.#cookies.set(name, value);
        }
        resolve(response);
      });
      request.on('error', reject);
      request.end(body);
    });
  }
}

async function answerOf(response: IncomingMessage): Promise<ApiAnswer> {
  response.setEncoding('utf8');
  let text = '';
  for await (const piece of response) text += String(piece);
  const parsed: unknown = text === '' ? {} : JSON.parse(text);
  return { status: response.statusCode ?? 0, body: Object(parsed) };
}

export const password = 'kettle violin ocean brick';

const stepNow = (): number => Math.floor(Date.now() / 30_000);

/** Somebody with a password and one-time codes. */
export class ApiPerson {
  readonly email: string;
  readonly #secret: string;
  /** Each code is good once: of each half minute one is used. */
  #usedStep = 0;

  private constructor(email: string, secret: string) {
    this.email = email;
    this.#secret = secret;
  }

  static async enrol(leadglass: Leadglass, browser: ApiBrowser, email: string, role: string): Promise<ApiPerson> {
    const invite = ['account', 'invite', email, '--role', role, '--name', `Test ${role}`];
    const { link } = await leadglass.json<{ link: string }>(...invite);
    const begun = await browser.post('enrol/begin', { invitation: link.slice(link.indexOf('#') + 1) });
    const { ceremony } = begun.body;
    const set = await browser.post('enrol/password', { ceremony, password });
    assert.equal(set.status, 200, JSON.stringify(set.body));
    const { secret } = Object(set.body['code']);
    const person = new ApiPerson(email, secret);
    const done = await browser.post('enrol/code', { ceremony, code: person.code(stepNow() - 1) });
    assert.equal(done.status, 200, JSON.stringify(done.body));
    return person;
  }

  async signIn(browser: ApiBrowser): Promise<ApiAnswer> {
    const { body } = await browser.post('sign-in/password', { email: this.email, password });
    // The half minute that follows is taken, too; a further sign-in waits for the one after it.
    const step = Math.max(this.#usedStep + 1, stepNow());
    if (step > stepNow() + 1) await sleep((step - 1) * 30_000 - Date.now());
    return await browser.post('sign-in/code', { ceremony: body['ceremony'], code: this.code(step) });
  }

  /** RFC 6238 with SHA-1, six digits and thirty seconds, written apart from the code under test. */
  code(step: number): string {
    let bits = '';
    for (const letter of this.#secret.replaceAll(/[ =]/g, '')) {
      bits += 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567'.indexOf(letter).toString(2).padStart(5, '0');
    }
    const key = Buffer.from((bits.match(/.{8}/g) ?? []).map((byte) => Number.parseInt(byte, 2)));
    this.#usedStep = step;
    const counter = Buffer.alloc(8);
    counter.writeBigUInt64BE(BigInt(step));
    const digest = createHmac('sha1', key).update(counter).digest();
    const offset = (digest.at(-1) ?? 0) & 15;
    return String((digest.readUInt32BE(offset) & 0x7fffffff) % 1_000_000).padStart(6, '0');
  }
}
