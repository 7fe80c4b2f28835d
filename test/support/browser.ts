/** A browser as far as the server sees one: cookies, name, address, client certificate. It runs no page and follows no redirect. */
import { readFileSync } from 'node:fs';
import type { IncomingHttpHeaders, IncomingMessage } from 'node:http';
import https from 'node:https';
import { join } from 'node:path';
import { CookieJar } from './cookie-jar.ts';
import type { Device } from './leadglass.ts';

export interface BrowserAnswer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly text: string;
  /** The text as JSON; empty when it is none. */
  readonly body: Readonly<Record<string, unknown>>;
  /** The Set-Cookie fields. */
  readonly cookies: readonly string[];
}

interface Asked {
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
  /** Without the cookies of this browser, which keeps none of the answer either. */
  readonly bare?: boolean;
}

export class TestBrowser {
  /** What it says that it is. */
  userAgent = 'Test browser';
  /** From where it comes, of the addresses of this machine. */
  localAddress: string | undefined;
  readonly origin: string;
  readonly #port: number;
  readonly #tls: { readonly ca: Buffer; readonly key?: Buffer; readonly cert?: Buffer };
  readonly #jar = new CookieJar();

  /** @param workstation whose certificate it shows */
  constructor(port: number, ca: Buffer, workstation?: Device) {
    this.origin = `https://localhost:${port}`;
    this.#port = port;
    const own = (folder: string, name: string): Buffer => readFileSync(join(folder, name));
    const certificate = workstation && {
      key: own(workstation.folder, 'key.pem'),
      cert: own(workstation.folder, 'cert.pem'),
    };
    this.#tls = { ca, ...certificate };
  }

  /** The secret that a thief would take; setting it is the theft. */
  get session(): string {
    return this.#jar.get('__Host-leadglass') ?? '';
  }

  set session(secret: string) {
    this.#jar.set('__Host-leadglass', secret);
  }

  /** A call of the console's own pages. @param path below `/api/` */
  post(path: string, body: object = {}, headers: Readonly<Record<string, string>> = {}): Promise<BrowserAnswer> {
    const own = { 'content-type': 'application/json', 'x-leadglass': 'console', origin: this.origin };
    return this.ask(`/api/${path}`, { method: 'POST', body: JSON.stringify(body), headers: { ...own, ...headers } });
  }

  get(path: string, headers: Readonly<Record<string, string>> = {}): Promise<BrowserAnswer> {
    return this.ask(path, { headers: { accept: 'application/dicom+json, application/json', ...headers } });
  }

  /** A navigation or fetch. @param path below this server, with its query */
  async ask(path: string, asked: Asked = {}): Promise<BrowserAnswer> {
    const response = await this.open(path, asked);
    response.setEncoding('utf8');
    let text = '';
    for await (const piece of response) text += String(piece);
    const { statusCode: status = 0, headers } = response;
    return { status, headers, text, body: parsed(text), cookies: headers['set-cookie'] ?? [] };
  }

  /** The answer while its body is still coming. */
  open(path: string, { method = 'GET', headers = {}, body, bare = false }: Asked = {}): Promise<IncomingMessage> {
    const sent = {
      'user-agent': this.userAgent,
      ...(bare ? {} : this.#jar.field),
      ...(body === undefined ? {} : { 'content-length': String(Buffer.byteLength(body)) }),
      ...headers,
    };
    // What stands in Host is another matter than where the connection goes. Each has its own, which shows its certificate anew.
    const where = { host: 'localhost', servername: 'localhost', port: this.#port, agent: false } as const;
    const from = this.localAddress === undefined ? {} : { localAddress: this.localAddress, family: 4 };
    return new Promise((resolve, reject) => {
      const options = { ...where, ...from, ...this.#tls, method, path, headers: sent };
      const request = https.request(options, (response) => {
        if (!bare) this.#jar.keep(response.headers['set-cookie']);
        resolve(response);
      });
      request.on('error', reject);
      request.end(body);
    });
  }
}

function parsed(text: string): Readonly<Record<string, unknown>> {
  try {
    return Object(JSON.parse(text));
  } catch {
    return {};
  }
}
