/** For tests: an OpenID provider on loopback that says whatever a test wants, truly signed or not. */
import { createServer, type Server } from 'node:https';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type CryptoKey, exportJWK, generateKeyPair, type JWK, type JWTPayload, SignJWT } from 'jose';
import { gather } from '../gather.ts';
import { ForeignAuthority } from '../keys/foreign-authority.test-support.ts';
import { limits } from '../limits.ts';
import { OidcProvider, type ProviderOptions } from './provider.ts';

export const redirectUri = 'https://pacs.hospital.example:8443/sign-in/callback';
export const clientId = 'leadglass';
const secret = 'a secret that stands in no error';

export interface Asked {
  readonly path: string;
  readonly body: URLSearchParams;
  readonly headers: IncomingMessage['headers'];
}

type Answer = (request: IncomingMessage, response: ServerResponse, body: string) => void;

/** For tests that wait until the provider is too late; a loaded machine is too slow for it elsewhere. */
export const impatient = { limits: { ...limits.provider, providerRequestMs: 400 } } as const;

export class ScriptedProvider implements AsyncDisposable {
  readonly asked: Asked[] = [];
  /** Answers in the place of the usual ones, by path. */
  readonly answers = new Map<string, Answer>();
  /** Members of the metadata in the place of the usual ones. */
  metadata: Record<string, unknown> = {};
  /** What the token endpoint gives; made by `idToken` usually. */
  token = '';
  userinfo: Record<string, unknown> | undefined;
  readonly authority: ForeignAuthority;
  readonly #server: Server;
  #keys: { readonly key: CryptoKey; readonly jwk: JWK };

  private constructor(authority: ForeignAuthority, server: Server, keys: { key: CryptoKey; jwk: JWK }) {
    this.authority = authority;
    this.#server = server;
    this.#keys = keys;
  }

  static async open(): Promise<ScriptedProvider> {
    const authority = await ForeignAuthority.open();
    const { certificatePem: cert, keyPem: key } = await authority.issue('localhost');
    const server = createServer({ cert, key });
    await new Promise<void>((resolve) => server.listen(0, 'localhost', resolve));
    const provider = new ScriptedProvider(authority, server, await makeKeys('first'));
    server.on('request', (request: IncomingMessage, response: ServerResponse) => {
      provider.#answer(request, response).catch(() => response.destroy());
    });
    return provider;
  }

  get issuer(): string {
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- it listens on a port
    return `https://localhost:${(this.#server.address() as AddressInfo).port}/realm`;
  }

  /** The relying party under test. */
  client(more: Partial<ProviderOptions> = {}): OidcProvider {
    return new OidcProvider({
      issuer: this.issuer,
      name: 'Saint Mary',
      clientId,
      proof: { by: 'secret-basic', secret },
      scopes: ['profile'],
      acrValues: [],
      claims: { groups: 'groups', name: 'name', email: 'email', department: 'department' },
      authenticationSecondsMax: 3600,
      authorities: [this.authority.rootPem],
      userAgent: 'Leadglass/test',
      limits: limits.provider,
      // Asked late, so that a test may set the time.
      now: () => Date.now(),
      ...more,
    });
  }

  count(path: string): number {
    return this.asked.filter((one) => one.path === path).length;
  }

  /** From now on there is another key, and only that. */
  async rotate(): Promise<void> {
    this.#keys = await makeKeys('second');
  }

  /** Good claims with other ones in their place; undefined takes one away. */
  async signed(
    claims: Record<string, unknown>,
    header: { alg?: string; kid?: string; typ?: string } = {},
  ): Promise<string> {
    return await new SignJWT(without(claims))
      .setProtectedHeader({ alg: 'ES256', kid: this.#keys.jwk.kid ?? '', ...header })
      .sign(this.#keys.key);
  }

  idClaims(nonce: string): Record<string, unknown> {
    const nowSeconds = Math.floor(Date.now() / 1000);
    return {
      iss: this.issuer,
      aud: clientId,
      sub: 'u-1',
      nonce,
      iat: nowSeconds,
      exp: nowSeconds + 300,
      auth_time: nowSeconds - 5,
      amr: ['pwd', 'mfa'],
      groups: ['rad-doctors'],
      email: 'ada@hospital.example',
      name: 'Ada Berg',
    };
  }

  logoutClaims(): Record<string, unknown> {
    const nowSeconds = Math.floor(Date.now() / 1000);
    return {
      iss: this.issuer,
      aud: clientId,
      iat: nowSeconds,
      exp: nowSeconds + 120,
      jti: 'logout-1',
      sub: 'u-1',
      sid: 's-1',
      events: { 'http://schemas.openid.net/event/backchannel-logout': {} },
    };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
    this.authority[Symbol.dispose]();
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const path = (request.url ?? '').split('?', 1)[0] ?? '';
    const body = (await gather(request, 100_000, () => new Error('too long'))).toString();
    this.asked.push({ path, body: new URLSearchParams(body), headers: request.headers });
    const other = this.answers.get(path);
    if (other !== undefined) {
      other(request, response, body);
      return;
    }
    const usual = this.#usual(path);
    response.statusCode = usual === undefined ? 404 : path.endsWith('/par') ? 201 : 200;
    response.setHeader('content-type', 'application/json');
    response.end(JSON.stringify(usual ?? {}));
  }

  #usual(path: string): unknown {
    const { issuer } = this;
    switch (path) {
      case '/realm/.well-known/openid-configuration':
        return {
          issuer,
          authorization_endpoint: `${issuer}/authorize`,
          token_endpoint: `${issuer}/token`,
          userinfo_endpoint: `${issuer}/userinfo`,
          end_session_endpoint: `${issuer}/end`,
          jwks_uri: `${issuer}/keys`,
          response_types_supported: ['code'],
          subject_types_supported: ['public'],
          id_token_signing_alg_values_supported: ['ES256', 'none', 'HS256'],
          code_challenge_methods_supported: ['S256'],
          authorization_response_iss_parameter_supported: true,
          ...this.metadata,
        };
      case '/realm/keys':
        return { keys: [this.#keys.jwk] };
      case '/realm/par':
        return { request_uri: 'urn:ietf:params:oauth:request_uri:one', expires_in: 60 };
      case '/realm/token':
        return { access_token: 'access-token-of-the-test', token_type: 'Bearer', expires_in: 60, id_token: this.token };
      case '/realm/userinfo':
        return this.userinfo;
      default:
        return undefined;
    }
  }
}

async function makeKeys(kid: string): Promise<{ key: CryptoKey; jwk: JWK }> {
  const { privateKey, publicKey } = await generateKeyPair('ES256');
  return { key: privateKey, jwk: { ...(await exportJWK(publicKey)), kid, use: 'sig', alg: 'ES256' } };
}

function without(claims: Record<string, unknown>): JWTPayload {
  return Object.fromEntries(Object.entries(claims).filter(([, value]) => value !== undefined));
}

/** A token without a signature, as RFC 7519 6 has it. */
export function unsigned(claims: Record<string, unknown>): string {
  const part = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString('base64url');
  return `${part({ alg: 'none' })}.${part(claims)}.`;
}

/** Signed with the client's secret, which is what the algorithm confusion of RFC 8725 2.1 looks like. */
export async function signedWithSecret(claims: Record<string, unknown>): Promise<string> {
  return await new SignJWT(without(claims)).setProtectedHeader({ alg: 'HS256' }).sign(Buffer.from(secret));
}

/** A word that must stand in no error. */
export const secrets: readonly string[] = [secret, 'code-of-the-test', 'access-token-of-the-test', 'eyJ'];
