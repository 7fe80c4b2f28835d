/**
 * For tests of what an ACME server should not do: one that answers as RFC 8555 wants until a test changes one answer. It
 * believes everything; what an honest and strict server thinks of the client is asked of Pebble (test/journeys/acme.test.ts).
 */
import { once } from 'node:events';
import type { IncomingMessage, ServerResponse } from 'node:http';
import https from 'node:https';
import type { Socket } from 'node:net';
import { portOf } from '../../test/support/programs.ts';
import { ForeignAuthority } from '../keys/foreign-authority.test-support.ts';

export interface Scripted {
  readonly status?: number;
  readonly headers?: Readonly<Record<string, string>>;
  /** Objects become JSON. */
  readonly body?: string | object;
  /** Instead of all: writes what it likes. */
  readonly raw?: (response: ServerResponse) => void;
}
export type Script = (payload: Record<string, unknown>) => Scripted | Promise<Scripted>;

export class ScriptedAcme implements AsyncDisposable {
  readonly authority: ForeignAuthority;
  readonly server: https.Server;
  readonly #sockets = new Set<Socket>();
  readonly #scripts = new Map<string, Script>();
  /** Paths in the order in which they were asked. */
  readonly asked: string[] = [];
  /** Public keys that requests for an account came with. */
  readonly accounts: unknown[] = [];
  readonly names: readonly string[];
  csr = '';
  #isFinalized = false;
  #nonce = 0;

  private constructor(authority: ForeignAuthority, server: https.Server, names: readonly string[]) {
    this.authority = authority;
    this.server = server;
    this.names = names;
    server.on('request', (request, response) => void this.#answer(request, response));
    server.on('connection', (socket) => {
      this.#sockets.add(socket);
      socket.on('error', () => undefined);
      socket.once('close', () => this.#sockets.delete(socket));
    });
  }

  static async open(names: readonly string[] = ['pacs.example']): Promise<ScriptedAcme> {
    const authority = await ForeignAuthority.open();
    const { certificatePem: cert, keyPem: key } = await authority.issue('localhost');
    const server = https.createServer({ cert, key, maxHeaderSize: 64 * 1024 });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    return new ScriptedAcme(authority, server, names);
  }

  get origin(): string {
    return `https://localhost:${portOf(this.server)}`;
  }

  /** From now on this path is answered so. */
  script(path: string, script: Scripted | Script): this {
    this.#scripts.set(path, typeof script === 'function' ? script : () => script);
    return this;
  }

  get order(): object {
    return {
      status: this.#isFinalized ? 'valid' : 'ready',
      identifiers: this.names.map((value) => ({ type: 'dns', value })),
      authorizations: this.names.map((_, index) => `${this.origin}/authz/${index}`),
      finalize: `${this.origin}/finalize`,
      ...(this.#isFinalized ? { certificate: `${this.origin}/cert` } : {}),
    };
  }

  /** A chain for the key of the last request. */
  async issued(names: readonly string[] = this.names, csr: string = this.csr): Promise<string> {
    const pem = `-----BEGIN CERTIFICATE REQUEST-----\n${Buffer.from(csr, 'base64url').toString('base64')}\n-----END CERTIFICATE REQUEST-----\n`;
    const { chainPem } = await this.authority.authority.issueDeviceCertificate({
      aeTitle: 'ACME',
      notAfter: new Date(Date.now() + 90 * 86_400_000),
      csr: pem,
      serverNames: names,
    });
    return chainPem;
  }

  async #honest(path: string, payload: Record<string, unknown>): Promise<Scripted> {
    const { origin } = this;
    if (path === '/dir') {
      return { body: { newNonce: `${origin}/nonce`, newAccount: `${origin}/account`, newOrder: `${origin}/order` } };
    }
    if (path === '/nonce') return {};
    if (path === '/account') return { headers: { location: `${origin}/account/1` }, body: { status: 'valid' } };
    if (path === '/order') {
      this.#isFinalized = false;
      return { status: 201, headers: { location: `${origin}/order/1` }, body: this.order };
    }
    if (path === '/order/1') return { body: this.order };
    if (path === '/finalize') {
      this.csr = String(payload['csr']);
      this.#isFinalized = true;
      return { body: this.order };
    }
    if (path === '/cert') return { body: await this.issued() };
    const authorization = /^\/authz\/(\d)$/.exec(path)?.[1];
    if (authorization === undefined) return { status: 404, body: {} };
    return {
      body: { status: 'valid', identifier: { type: 'dns', value: this.names[Number(authorization)] }, challenges: [] },
    };
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const path = request.url ?? '';
    this.asked.push(path);
    let text = '';
    for await (const part of request) text += String(part);
    const { protected: head = '', payload = '' }: Partial<Record<string, string>> = text === '' ? {} : JSON.parse(text);
    const read = (part: string): Record<string, unknown> =>
      part === '' ? {} : JSON.parse(Buffer.from(part, 'base64url').toString());
    if (path === '/account') this.accounts.push(read(head)['jwk']);
    const script = this.#scripts.get(path) ?? ((given) => this.#honest(path, given));
    const { status = 200, headers = {}, body = '', raw } = await script(read(payload));
    if (raw !== undefined) {
      raw(response);
      return;
    }
    this.#nonce += 1;
    response.writeHead(status, { 'replay-nonce': `nonce-${this.#nonce}`, ...headers });
    response.end(typeof body === 'string' ? body : JSON.stringify(body));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.server.close();
    for (const socket of this.#sockets) socket.destroy();
    this.authority[Symbol.dispose]();
  }
}
