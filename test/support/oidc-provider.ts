/**
 * A hospital's OpenID provider: node-oidc-provider on loopback with a certificate of its own authority, and a sign-in page on which one types who
 * one is. What it does is its own; what people it knows is the test's.
 */
import { generateKeyPairSync } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import type { IncomingMessage, ServerResponse } from 'node:http';
import https from 'node:https';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Provider } from 'oidc-provider';
import type { ServerCertificate } from '../../src/keys/authority.ts';
import { ForeignAuthority } from '../../src/keys/foreign-authority.test-support.ts';

export interface StaffMember {
  readonly email: string;
  readonly name: string;
  readonly groups: readonly string[];
  readonly amr: readonly string[];
  /** What the provider says of when the factors were shown; just now when absent. */
  readonly shownSecondsAgo?: number;
}

export const clientId = 'leadglass';
const clientSecret = 'the secret of the client at the provider';

export class HospitalProvider implements AsyncDisposable {
  readonly folder = mkdtempSync(join(tmpdir(), 'leadglass-provider-'));
  /** By what they type at the sign-in page. */
  readonly staff = new Map<string, StaffMember>();
  /** Errors that it met itself. */
  readonly errors: string[] = [];
  /** Where set, it answers nothing for so long, as one that is overloaded. */
  delayMs = 0;
  /** What it sent to Leadglass at logouts. */
  readonly logoutTokens: string[] = [];
  readonly #server: https.Server;
  readonly #jwks;
  #provider: Provider | undefined;
  #leadglassCa = '';

  private constructor({ keyPem: key, certificatePem: cert }: ServerCertificate, rootPem: string) {
    const signing = generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey.export({ format: 'jwk' });
    this.#jwks = { keys: [{ ...signing, use: 'sig', kid: 'one', alg: 'ES256' }] };
    writeFileSync(join(this.folder, 'secret'), `${clientSecret}\n`, { mode: 0o600 });
    writeFileSync(this.ca, rootPem);
    this.#server = https.createServer({ key, cert });
  }

  static async start(): Promise<HospitalProvider> {
    using authority = await ForeignAuthority.open();
    const house = new HospitalProvider(await authority.issue('localhost'), authority.rootPem);
    await new Promise<void>((resolve) => house.#server.listen(0, 'localhost', resolve));
    house.#server.on('request', (request, response) => void house.#answer(request, response));
    house.register([]);
    return house;
  }

  get port(): number {
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- it listens on a port
    return (this.#server.address() as AddressInfo).port;
  }

  get issuer(): string {
    return `https://localhost:${this.port}`;
  }

  get ca(): string {
    return join(this.folder, 'ca.pem');
  }

  /** `singleSignOn` of leadglass.yaml. */
  settings(more = ''): string {
    return [
      'singleSignOn:',
      `  issuer: ${this.issuer}`,
      '  name: your Saint Mary account',
      `  clientId: ${clientId}`,
      `  secretFile: ${join(this.folder, 'secret')}`,
      `  authorityFile: ${this.ca}`,
      '  scopes: [profile, email, groups]',
      '  secondFactor: { amr: [mfa] }',
      '  roles: { physician: [rad-doctors], technologist: [rad-techs], administrator: [rad-admins] }',
      more,
      '',
    ].join('\n');
  }

  /** The client as an administrator of the provider registers it. @param ca of Leadglass, for what the provider sends */
  register(consoles: readonly string[], ca?: string): void {
    this.#leadglassCa = ca === undefined ? '' : readFileSync(ca, 'utf8');
    const [console = 'https://not-there.example'] = consoles;
    const { staff } = this;
    const provider = new Provider(this.issuer, {
      clients: [
        {
          client_id: clientId,
          client_secret: clientSecret,
          redirect_uris: [`${console}/sign-in/callback`],
          post_logout_redirect_uris: [`${console}/sign-in`],
          backchannel_logout_uri: `${console}/api/provider/logout`,
          backchannel_logout_session_required: true,
          id_token_signed_response_alg: 'ES256',
        },
      ],
      jwks: this.#jwks,
      cookies: { keys: ['a key of the cookies'] },
      scopes: ['openid', 'profile', 'email', 'groups'],
      claims: {
        openid: ['sub', 'amr', 'acr'],
        profile: ['name', 'department'],
        email: ['email', 'email_verified'],
        groups: ['groups'],
      },
      enabledJWA: { idTokenSigningAlgValues: ['ES256'] },
      features: {
        devInteractions: { enabled: false },
        backchannelLogout: { enabled: true },
        rpInitiatedLogout: { enabled: true },
      },
      pkce: { required: () => true },
      interactions: { url: (_context: unknown, { uid }: { readonly uid: string }) => `/interaction/${uid}` },
      findAccount: (_context: unknown, id: string) => {
        const member = staff.get(id);
        if (member === undefined) return undefined;
        const { email, name, groups } = member;
        return {
          accountId: id,
          claims: () => ({
            sub: id,
            email,
            email_verified: true,
            name,
            groups,
            department: 'Radiology',
          }),
        };
      },
      // Everything that is asked for is granted: the client is the hospital's own.
      loadExistingGrant: async ({ oidc }: GrantContext) => {
        const grant = new oidc.provider.Grant({ clientId: oidc.client.clientId, accountId: oidc.session.accountId });
        grant.addOIDCScope('openid profile email groups');
        await grant.save();
        return grant;
      },
      fetch: (url: string, init: { readonly method?: string; readonly headers?: Headers; readonly body?: string }) =>
        this.#send(url, init),
      ttl: { AccessToken: 60, AuthorizationCode: 60, IdToken: 300, Interaction: 300, Session: 3600, Grant: 3600 },
    });
    this.#provider = provider;
    provider.on('server_error', (_context, error) => this.errors.push(String(error)));
    provider.on('backchannel.error', (_context, error) => this.errors.push(String(error)));
  }

  /** What the provider does when somebody signs out elsewhere. */
  async signOutElsewhere(login: string, sid: string): Promise<void> {
    const client = await this.#known.Client.find(clientId);
    await client?.backchannelLogout(login, sid);
  }

  /** As a machine that is switched off: nothing listens any more. */
  async stop(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#server.listening) await this.stop();
    rmSync(this.folder, { recursive: true, force: true });
  }

  get #known(): Provider {
    if (this.#provider === undefined) throw new Error('No client was registered yet');
    return this.#provider;
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    try {
      // Without a hold on the process, which would otherwise outlive its tests by the delay.
      if (this.delayMs > 0) await sleep(this.delayMs, undefined, { ref: false });
      if (request.url?.startsWith('/interaction/') === true) await this.#signInPage(request, response);
      else this.#known.callback()(request, response);
    } catch (error) {
      this.errors.push(String(error));
      response.writeHead(500).end();
    }
  }

  async #signInPage(request: IncomingMessage, response: ServerResponse): Promise<void> {
    if (request.method !== 'POST') {
      await this.#known.interactionDetails(request, response);
      response.setHeader('content-type', 'text/html');
      response.end(
        '<!doctype html><html lang="en"><title>Saint Mary</title><h1>Saint Mary</h1><form method="post">' +
          '<label>User <input name="login" autofocus></label><button>Continue</button></form></html>',
      );
      return;
    }
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(Buffer.from(chunk));
    const login = new URLSearchParams(Buffer.concat(chunks).toString()).get('login') ?? '';
    const member = this.staff.get(login);
    const result =
      member === undefined
        ? { error: 'access_denied', error_description: 'nobody of this name works here' }
        : {
            login: {
              accountId: login,
              amr: member.amr,
              ts: Math.floor(Date.now() / 1000) - (member.shownSecondsAgo ?? 0),
            },
          };
    await this.#known.interactionFinished(request, response, result);
  }

  /** Its own requests: to Leadglass, whose authority it trusts. */
  #send(
    url: string,
    {
      method = 'GET',
      headers,
      body,
    }: { readonly method?: string; readonly headers?: HeadersLike; readonly body?: unknown },
  ): Promise<Response> {
    const text = body instanceof URLSearchParams ? body.toString() : '';
    const token = new URLSearchParams(text).get('logout_token');
    if (token !== null) this.logoutTokens.push(token);
    const fields = Object.fromEntries(new Headers(headers));
    return new Promise((resolve, reject) => {
      const sent = https.request(url, {
        method,
        ca: this.#leadglassCa,
        headers: { ...fields, 'content-length': Buffer.byteLength(text) },
      });
      sent.on('response', (response) => {
        response.resume();
        response.on('end', () => resolve(new Response(null, { status: response.statusCode ?? 500 })));
      });
      sent.on('error', reject);
      sent.end(text);
    });
  }
}

type HeadersLike = Headers | Readonly<Record<string, string>>;

interface GrantContext {
  readonly oidc: {
    readonly provider: Provider;
    readonly client: { readonly clientId: string };
    readonly session: { readonly accountId: string };
  };
}
