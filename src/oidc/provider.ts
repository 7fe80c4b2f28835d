/**
 * The hospital's OpenID provider, as a relying party sees it: authorization code with PKCE, state and nonce (OpenID Connect Core 3.1, RFC
 * 9700), pushed where that is offered (RFC 9126), the answer's issuer compared (RFC 9207), the ID token's signature checked against keys
 * that may change at any time. Who a person is here, and what for, is left to src/people. No token of the provider outlives a call.
 */
import type { KeyObject } from 'node:crypto';
import type { JWTVerifyGetKey } from 'jose';
import {
  authorizationCodeGrant,
  buildAuthorizationUrl,
  buildAuthorizationUrlWithPAR,
  buildEndSessionUrl,
  calculatePKCECodeChallenge,
  type ClientAuth,
  ClientSecretBasic,
  ClientSecretPost,
  type Configuration,
  fetchUserInfo,
  PrivateKeyJwt,
  randomNonce,
  randomPKCECodeVerifier,
  randomState,
} from 'openid-client';
import type {
  Authorization,
  AuthorizationChecks,
  IdentityProvider,
  LogoutWord,
  ProviderIdentity,
} from '../people/identity-provider.ts';
import { type ClaimNames, type Claims, readIdentity, valueOf } from './claims.ts';
import { type KeySetLimits, remoteKeySet } from './key-set.ts';
import { readLogoutToken } from './logout-token.ts';
import { type MetadataLimits, ProviderMetadata } from './metadata.ts';
import { providerError } from './provider-error.ts';
import { ProviderTransport, type TransportLimits } from './transport.ts';

export interface ProviderLimits extends TransportLimits, KeySetLimits, MetadataLimits {
  readonly logoutTokenSecondsMax: number;
  readonly clockDifferenceSeconds: number;
}

/** How we prove to the provider who we are. */
export type ClientProof =
  | { readonly by: 'secret-basic' | 'secret-post'; readonly secret: string }
  | { readonly by: 'private-key'; readonly key: KeyObject; readonly keyId: string };

export interface ProviderOptions {
  readonly issuer: string;
  readonly name: string;
  readonly clientId: string;
  readonly proof: ClientProof;
  readonly scopes: readonly string[];
  /** Asked for; whether one was given is for others to judge. */
  readonly acrValues: readonly string[];
  readonly claims: ClaimNames;
  /** How long ago the person may have shown the factors at the provider. */
  readonly authenticationSecondsMax: number;
  /** PEM. */
  readonly authorities: readonly string[];
  readonly userAgent: string;
  readonly limits: ProviderLimits;
  readonly now: () => number;
}

export class OidcProvider implements IdentityProvider {
  readonly #options: ProviderOptions;
  readonly #transport: ProviderTransport;
  readonly #metadata: ProviderMetadata;
  #keys: { readonly uri: string; readonly of: JWTVerifyGetKey } | undefined;

  constructor(options: ProviderOptions) {
    const { issuer, clientId, limits, now } = options;
    this.#options = options;
    this.#transport = new ProviderTransport(options);
    this.#metadata = new ProviderMetadata({
      issuer,
      clientId,
      proof: clientAuth(options.proof),
      fetch: this.#transport.fetch,
      limits,
      now,
    });
  }

  get issuer(): string {
    return this.#options.issuer;
  }

  get name(): string {
    return this.#options.name;
  }

  /** Reads the metadata, so that the first person does not wait and a mistake is told early. @throws as every call */
  async prepare(): Promise<void> {
    await this.#metadata.get();
  }

  async authorize(redirectUri: string, isFresh: boolean): Promise<Authorization> {
    const { scopes, acrValues, authenticationSecondsMax } = this.#options;
    const configuration = await this.#metadata.get();
    const checks = { state: randomState(), nonce: randomNonce(), verifier: randomPKCECodeVerifier(), redirectUri };
    const parameters = {
      response_type: 'code',
      redirect_uri: redirectUri,
      scope: [...new Set(['openid', ...scopes])].join(' '),
      state: checks.state,
      nonce: checks.nonce,
      code_challenge: await calculatePKCECodeChallenge(checks.verifier),
      code_challenge_method: 'S256',
      // Core 3.1.2.1: with it the ID token has to say when that was.
      max_age: String(isFresh ? 0 : authenticationSecondsMax),
      ...(acrValues.length === 0 ? {} : { acr_values: acrValues.join(' ') }),
      ...(isFresh ? { prompt: 'login' } : {}),
    };
    const isPushed = configuration.serverMetadata().pushed_authorization_request_endpoint !== undefined;
    try {
      const url = isPushed
        ? await buildAuthorizationUrlWithPAR(configuration, parameters)
        : buildAuthorizationUrl(configuration, parameters);
      return { url: url.href, checks };
    } catch (error) {
      throw providerError(error);
    }
  }

  async redeem(parameters: string, checks: AuthorizationChecks): Promise<ProviderIdentity> {
    const { authenticationSecondsMax: maxAge, claims: names, issuer } = this.#options;
    const configuration = await this.#metadata.get();
    const address = new URL(checks.redirectUri);
    address.search = parameters;
    try {
      const tokens = await authorizationCodeGrant(configuration, address, {
        pkceCodeVerifier: checks.verifier,
        expectedState: checks.state,
        expectedNonce: checks.nonce,
        idTokenExpected: true,
        maxAge,
      });
      const claims: Claims = tokens.claims() ?? {};
      const more = await this.#userinfo(configuration, claims, tokens.access_token);
      return readIdentity(claims, more, { issuer, names });
    } catch (error) {
      throw providerError(error);
    }
  }

  async readLogout(token: string): Promise<LogoutWord> {
    const { issuer, clientId, limits, now } = this.#options;
    const configuration = await this.#metadata.get();
    const { jwks_uri: uri = '', id_token_signing_alg_values_supported: algorithms } = configuration.serverMetadata();
    return await readLogoutToken(token, {
      issuer,
      clientId,
      keys: this.#keysAt(uri),
      algorithms: Array.isArray(algorithms) ? algorithms.filter((one) => typeof one === 'string') : ['RS256'],
      limits,
      now: new Date(now()),
    });
  }

  signOutUrl(returnTo: string): string | undefined {
    const configuration = this.#metadata.known;
    if (configuration?.serverMetadata().end_session_endpoint === undefined) return undefined;
    // RP-Initiated Logout 2: without the ID token, which was not kept, the provider asks the person first.
    return buildEndSessionUrl(configuration, { post_logout_redirect_uri: returnTo }).href;
  }

  /** Only where the ID token is silent on what decides: not every provider puts groups into it. */
  async #userinfo(configuration: Configuration, claims: Claims, accessToken: string): Promise<Claims> {
    const { groups, email } = this.#options.claims;
    const isSilent = valueOf(claims, groups) === undefined || valueOf(claims, email) === undefined;
    if (!isSilent || configuration.serverMetadata().userinfo_endpoint === undefined) return {};
    return await fetchUserInfo(configuration, accessToken, String(claims['sub']));
  }

  #keysAt(uri: string): JWTVerifyGetKey {
    if (this.#keys?.uri === uri) return this.#keys.of;
    const of = remoteKeySet(uri, { transport: this.#transport, limits: this.#options.limits });
    this.#keys = { uri, of };
    return of;
  }
}

function clientAuth(proof: ClientProof): () => Promise<ClientAuth> {
  return async () => {
    switch (proof.by) {
      case 'secret-basic':
        return ClientSecretBasic(proof.secret);
      case 'secret-post':
        return ClientSecretPost(proof.secret);
      case 'private-key': {
        const key = await signingKey(proof.key);
        return PrivateKeyJwt(proof.keyId === '' ? key : { key, kid: proof.keyId });
      }
    }
  };
}

/** The algorithm that most providers take for each kind of key (RFC 7518 3.1, RFC 8037). */
async function signingKey(key: KeyObject): Promise<CryptoKey> {
  const pkcs8 = key.export({ type: 'pkcs8', format: 'der' });
  const algorithm =
    key.asymmetricKeyType === 'rsa'
      ? { name: 'RSASSA-PKCS1-v1_5', hash: 'SHA-256' }
      : key.asymmetricKeyType === 'ec'
        ? { name: 'ECDSA', namedCurve: 'P-256' }
        : { name: 'Ed25519' };
  return await crypto.subtle.importKey('pkcs8', new Uint8Array(pkcs8), algorithm, false, ['sign']);
}
