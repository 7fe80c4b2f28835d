/**
 * The public keys of a provider (RFC 7517). How long they are kept, and that an unknown key is asked for once in a while only, is jose's.
 */
import { createRemoteJWKSet, customFetch, type JWTVerifyGetKey } from 'jose';
import type { ProviderTransport } from './transport.ts';

export interface KeySetLimits {
  readonly providerRequestMs: number;
  readonly providerKeysMs: number;
  readonly providerKeysPauseMs: number;
}

/** Nothing is asked before the first token has to be checked. */
export function remoteKeySet(
  keysUrl: string,
  { transport, limits }: { readonly transport: ProviderTransport; readonly limits: KeySetLimits },
): JWTVerifyGetKey {
  return createRemoteJWKSet(new URL(keysUrl), {
    [customFetch]: (address: string, init: { headers: Headers; signal: AbortSignal }) => transport.fetch(address, init),
    timeoutDuration: limits.providerRequestMs,
    cacheMaxAge: limits.providerKeysMs,
    cooldownDuration: limits.providerKeysPauseMs,
  });
}
