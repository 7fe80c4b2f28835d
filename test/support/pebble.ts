/**
 * Pebble, the ACME test server of Let's Encrypt's authors, with the DNS server that comes with it: every name leads to this
 * machine. It checks what a client signs, refuses some nonces on purpose, and really connects for its challenges.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { request } from 'node:https';
import { setTimeout as sleep } from 'node:timers/promises';
import { ForeignAuthority } from '../../src/keys/foreign-authority.test-support.ts';
import { end, freePort } from './programs.ts';

export interface PebbleOptions {
  /** Where it connects for tls-alpn-01. */
  readonly tlsPort: number;
  /** Key identifier and key (base64url) of an external account, which it then wants. */
  readonly externalAccount?: { readonly keyId: string; readonly key: string };
  readonly validitySeconds?: number;
  /** Of each hundred good nonces it refuses so many. */
  readonly nonceRejectPercent?: number;
}

export class Pebble implements AsyncDisposable {
  readonly #children: ChildProcess[] = [];
  readonly authority: ForeignAuthority;
  readonly directoryUrl: string;
  readonly #managementUrl: string;
  output = '';

  private constructor(authority: ForeignAuthority, ports: { readonly api: number; readonly management: number }) {
    this.authority = authority;
    this.directoryUrl = `https://localhost:${ports.api}/dir`;
    this.#managementUrl = `https://localhost:${ports.management}`;
  }

  static async start(options: PebbleOptions): Promise<Pebble> {
    const authority = await ForeignAuthority.open();
    const [api, management, dns, helper] = [await freePort(), await freePort(), await freePort(), await freePort()];
    const pebble = new Pebble(authority, { api, management });
    const { certificatePem, keyPem } = await authority.issue('localhost');
    writeFileSync(authority.path('pebble.pem'), certificatePem);
    writeFileSync(authority.path('pebble.key'), keyPem, { mode: 0o600 });
    writeFileSync(authority.path('api-root.pem'), authority.rootPem);
    const { externalAccount, validitySeconds = 86_400, nonceRejectPercent = 30 } = options;
    const config = {
      listenAddress: `127.0.0.1:${api}`,
      managementListenAddress: `127.0.0.1:${management}`,
      certificate: authority.path('pebble.pem'),
      privateKey: authority.path('pebble.key'),
      httpPort: 1,
      tlsPort: options.tlsPort,
      certificateValidityPeriod: validitySeconds,
      ...(externalAccount && {
        externalAccountBindingRequired: true,
        externalAccountMACKeys: { [externalAccount.keyId]: externalAccount.key },
      }),
    };
    writeFileSync(authority.path('pebble.json'), JSON.stringify({ pebble: config }));
    try {
      const nowhere = ['-http01', '', '-https01', '', '-tlsalpn01', ''];
      const names = ['-dns01', `127.0.0.1:${dns}`, '-management', `127.0.0.1:${helper}`, '-defaultIPv6', ''];
      pebble.#run('pebble-challtestsrv', [...nowhere, ...names], {});
      pebble.#run('pebble', ['-config', authority.path('pebble.json'), '-dnsserver', `127.0.0.1:${dns}`, '-strict'], {
        PEBBLE_VA_NOSLEEP: '1',
        PEBBLE_WFE_NONCEREJECT: String(nonceRejectPercent),
        PEBBLE_AUTHZREUSE: '0',
        PEBBLE_CHAIN_LENGTH: '2',
      });
      await pebble.#listening();
      return pebble;
    } catch (error) {
      await pebble[Symbol.asyncDispose]();
      throw error;
    }
  }

  /** The file of the authorities that the server itself is certified by. */
  get authorityFile(): string {
    return this.authority.path('api-root.pem');
  }

  /** The root of what it issues; another one after each start. */
  root(): Promise<string> {
    return this.#get(`${this.#managementUrl}/roots/0`);
  }

  #run(program: string, parameters: readonly string[], env: NodeJS.ProcessEnv): void {
    const child = spawn(program, parameters, { env: { ...process.env, ...env }, stdio: ['ignore', 'pipe', 'pipe'] });
    child.on('error', (error) => (this.output += `${program}: ${error.message}\n`));
    for (const stream of [child.stdout, child.stderr])
      stream.on('data', (data: Buffer) => (this.output += data.toString()));
    this.#children.push(child);
  }

  async #listening(): Promise<void> {
    for (let tries = 0; tries < 200; tries += 1) {
      try {
        await this.#get(this.directoryUrl);
        return;
      } catch {
        if (this.#children.some(({ exitCode }) => exitCode !== null)) break;
        await sleep(50);
      }
    }
    throw new Error(`pebble did not start:\n${this.output}`);
  }

  async #get(url: string): Promise<string> {
    const sent = request(url, { ca: this.authority.rootPem, agent: false, timeout: 5_000 });
    sent.end();
    const [response] = await once(sent, 'response');
    let text = '';
    for await (const part of response) text += String(part);
    return text;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const child of this.#children) await end(child, 5_000);
    this.authority[Symbol.dispose]();
  }
}
