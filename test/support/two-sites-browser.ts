/**
 * A browser between the console and the provider, as far as cookies, redirects and forms go: cookies by origin, SameSite=Strict ones only on what the
 * console itself sends. Chromium has its own test; this one can also lie.
 */
import { readFileSync } from 'node:fs';
import https from 'node:https';
import { CookieJar } from './cookie-jar.ts';

export interface PageAnswer {
  readonly status: number;
  readonly location: string | undefined;
  readonly text: string;
  readonly cookies: readonly string[];
}
export interface ApiAnswer {
  readonly status: number;
  readonly body: Record<string, unknown>;
}

export class TwoSitesBrowser {
  readonly console: string;
  readonly #ca: readonly string[];
  readonly #jars = new Map<string, CookieJar>();

  constructor(console: string, caFiles: readonly string[]) {
    this.console = console;
    this.#ca = caFiles.map((file) => readFileSync(file, 'utf8'));
  }

  get session(): string | undefined {
    return this.cookie('__Host-leadglass');
  }

  cookie(name: string): string | undefined {
    return this.#jar(this.console).get(name);
  }

  setCookie(name: string, value: string): void {
    this.#jar(this.console).set(name, value);
  }

  /** Nobody is signed in at the provider any more. */
  forgetElsewhere(): void {
    for (const origin of this.#jars.keys()) if (origin !== this.console) this.#jars.delete(origin);
  }

  /** What the console's own pages send. */
  async api(path: string, body: object = {}, headers: Record<string, string> = {}): Promise<ApiAnswer> {
    const own = { 'content-type': 'application/json', 'x-leadglass': 'console', origin: this.console, ...headers };
    const { status, text } = await this.ask('POST', `${this.console}/api/${path}`, {
      body: JSON.stringify(body),
      headers: own,
    });
    return { status, body: text === '' ? {} : Object(JSON.parse(text)) };
  }

  async read(path: string, headers: Record<string, string> = {}): Promise<ApiAnswer> {
    const { status, text } = await this.ask('GET', `${this.console}${path}`, { headers });
    return { status, body: text.startsWith('{') ? Object(JSON.parse(text)) : { text } };
  }

  /** At the provider, until it sends the browser back: as whom the person says there. @returns the query of the way back */
  async visit(address: string, login: string): Promise<string> {
    let at = address;
    for (let steps = 0; steps < 10; steps += 1) {
      const { location, text, status } = await this.ask('GET', at);
      const next = location ?? (text.includes('<form') ? (await this.#type(at, login)).location : undefined);
      if (next === undefined) throw new Error(`The provider shows a page with ${status}: ${text.slice(0, 600)}`);
      at = new URL(next, at).href;
      if (at.startsWith(`${this.console}/`)) return new URL(at).search.slice(1);
    }
    throw new Error('The provider sends the browser around');
  }

  /** The whole way. */
  async signIn(login: string): Promise<ApiAnswer> {
    const { body } = await this.api('sign-in/provider');
    return await this.finish(await this.visit(String(body['location']), login));
  }

  finish(parameters: string): Promise<ApiAnswer> {
    return this.api('sign-in/provider/finish', { parameters });
  }

  ask(
    method: string,
    address: string,
    { body, headers = {} }: { readonly body?: string; readonly headers?: Record<string, string> } = {},
  ): Promise<PageAnswer> {
    const jar = this.#jar(new URL(address).origin);
    const length = body === undefined ? {} : { 'content-length': String(Buffer.byteLength(body)) };
    const fields = { 'user-agent': 'Test browser', ...jar.field, ...length, ...headers };
    return new Promise((resolve, reject) => {
      const request = https.request(address, { method, ca: [...this.#ca], headers: fields }, (response) => {
        const chunks: Buffer[] = [];
        response.on('data', (chunk: Buffer) => chunks.push(chunk));
        response.on('end', () => {
          const cookies = response.headers['set-cookie'] ?? [];
          jar.keep(cookies);
          const { statusCode: status = 0, headers: answered } = response;
          resolve({ status, location: answered.location, text: Buffer.concat(chunks).toString(), cookies });
        });
      });
      request.on('error', reject);
      request.end(body);
    });
  }

  #type(address: string, login: string): Promise<PageAnswer> {
    const headers = { 'content-type': 'application/x-www-form-urlencoded' };
    return this.ask('POST', address, { body: new URLSearchParams({ login }).toString(), headers });
  }

  #jar(origin: string): CookieJar {
    const jar = this.#jars.get(origin) ?? new CookieJar();
    this.#jars.set(origin, jar);
    return jar;
  }
}
