/**
 * The provider's metadata (OpenID Connect Discovery 1.0): read when it is needed, kept for a while, and for longer when the provider does
 * not answer. The issuer is the configured one to the letter, and what is not good enough for us is refused here.
 */
import { type ClientAuth, type Configuration, customFetch, discovery, enableNonRepudiationChecks } from 'openid-client';
import { LeadglassError } from '../error.ts';
import { providerError } from './provider-error.ts';
import type { ProviderTransport } from './transport.ts';

export interface MetadataLimits {
  readonly providerRequestMs: number;
  /** How long metadata counts, and how long at most while newer cannot be had. */
  readonly providerMetadataMs: number;
  readonly providerMetadataStaleMs: number;
  /** After a failure nobody asks again for so long. */
  readonly providerPauseMs: number;
}

export interface MetadataOptions {
  readonly issuer: string;
  readonly clientId: string;
  readonly proof: () => Promise<ClientAuth>;
  readonly fetch: ProviderTransport['fetch'];
  readonly limits: MetadataLimits;
  readonly now: () => number;
}

export class ProviderMetadata {
  readonly #options: MetadataOptions;
  #held: { readonly configuration: Configuration; readonly atMs: number } | undefined;
  #failed: { readonly error: LeadglassError; readonly atMs: number } | undefined;
  #reading: Promise<Configuration> | undefined;

  constructor(options: MetadataOptions) {
    this.#options = options;
  }

  /** What was read last, however old. */
  get known(): Configuration | undefined {
    return this.#held?.configuration;
  }

  /** @throws LeadglassError BACKEND_UNAVAILABLE, TIMED_OUT, LIMIT_EXCEEDED, PEER_FAILED */
  async get(): Promise<Configuration> {
    const { limits } = this.#options;
    if (this.#held !== undefined && this.#isWithin(this.#held.atMs, limits.providerMetadataMs)) {
      return this.#held.configuration;
    }
    try {
      if (this.#failed !== undefined && this.#isWithin(this.#failed.atMs, limits.providerPauseMs))
        throw this.#failed.error;
      // One reads for all who wait.
      this.#reading ??= this.#read().finally(() => {
        this.#reading = undefined;
      });
      return await this.#reading;
    } catch (error) {
      const { configuration, atMs } = this.#held ?? {};
      if (configuration === undefined || atMs === undefined || !this.#isWithin(atMs, limits.providerMetadataStaleMs)) {
        throw error;
      }
      return configuration;
    }
  }

  async #read(): Promise<Configuration> {
    const { issuer, clientId, proof, fetch, limits, now } = this.#options;
    try {
      const configuration = await discovery(new URL(issuer), clientId, undefined, await proof(), {
        [customFetch]: fetch,
        timeout: limits.providerRequestMs / 1000,
        execute: [enableNonRepudiationChecks],
      });
      refuseUnfit(configuration, issuer);
      this.#held = { configuration, atMs: now() };
      this.#failed = undefined;
      return configuration;
    } catch (thrown) {
      const known = providerError(thrown);
      // Nothing was asked of a person yet: whatever is wrong with this document is wrong with the provider.
      const error = isOfTheWay(known)
        ? known
        : new LeadglassError('PEER_FAILED', `its metadata is not good: ${known.message}`);
      this.#failed = { error, atMs: now() };
      throw error;
    }
  }

  /** A clock that was set back makes nothing young again. */
  #isWithin(atMs: number, ms: number): boolean {
    const ageMs = this.#options.now() - atMs;
    return ageMs >= 0 && ageMs < ms;
  }
}

function isOfTheWay({ code }: LeadglassError): boolean {
  return ['BACKEND_UNAVAILABLE', 'TIMED_OUT', 'LIMIT_EXCEEDED', 'PEER_FAILED', 'OUT_OF_RESOURCES'].includes(code);
}

function refuseUnfit(configuration: Configuration, wanted: string): void {
  const metadata = configuration.serverMetadata();
  const bad = (why: string): LeadglassError => new LeadglassError('PEER_FAILED', `its metadata is not good: ${why}`);
  // The library forgives a slash, and takes templates of one vendor's providers for many houses.
  if (metadata.issuer !== wanted) throw bad('it calls itself by another issuer than singleSignOn.issuer');
  const methods = metadata.code_challenge_methods_supported;
  if (Array.isArray(methods) && !methods.includes('S256')) throw bad('it does not know PKCE with S256');
  for (const name of ['authorization_endpoint', 'token_endpoint', 'jwks_uri'] as const) {
    const value = metadata[name];
    const isHttps = typeof value === 'string' && URL.canParse(value) && new URL(value).protocol === 'https:';
    if (!isHttps) throw bad(`${name} is no https:// address`);
  }
}
