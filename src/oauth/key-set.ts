/**
 * The public keys of another provider (RFC 7517): by HTTPS from the one host that the configuration names, whose certificate is checked;
 * no redirect is followed, every length and time is bounded. How long they are kept, and that an unknown key is asked for once in a while
 * only, is jose's.
 */
import type { IncomingMessage } from 'node:http';
import { request } from 'node:https';
import type { JWTVerifyGetKey } from 'jose';
import { LeadglassError } from '../error.ts';
import { gather } from '../gather.ts';
import { clientTlsOptions } from '../upper-layer/tls-options.ts';

export interface KeySetLimits {
  readonly keySetBytesMax: number;
  readonly keySetMs: number;
  readonly keySetKeptMs: number;
  readonly keySetCooldownMs: number;
}

/** @param authorities PEM: who may have certified that server */
export async function remoteKeySet(
  keysUrl: string,
  { authorities, limits }: { readonly authorities: readonly string[]; readonly limits: KeySetLimits },
): Promise<JWTVerifyGetKey> {
  const { createRemoteJWKSet, customFetch } = await import('jose');
  return createRemoteJWKSet(new URL(keysUrl), {
    timeoutDuration: limits.keySetMs,
    cacheMaxAge: limits.keySetKeptMs,
    cooldownDuration: limits.keySetCooldownMs,
    [customFetch]: async (url: string, { signal }: { readonly signal: AbortSignal }) =>
      new Response(await fetched(new URL(url), { authorities, signal, bytesMax: limits.keySetBytesMax }), {
        headers: { 'content-type': 'application/json' },
      }),
  });
}

/** @throws LeadglassError PEER_FAILED for another answer than 200, LIMIT_EXCEEDED; what the connection throws */
async function fetched(
  url: URL,
  facts: { readonly authorities: readonly string[]; readonly signal: AbortSignal; readonly bytesMax: number },
): Promise<string> {
  const { authorities, signal, bytesMax } = facts;
  const name = url.hostname.replace(/^\[|\]$/g, '');
  const { promise, resolve, reject } = Promise.withResolvers<IncomingMessage>();
  const options = {
    ...clientTlsOptions({ server: { by: 'name', name, ca: authorities } }),
    agent: false,
    signal,
  } as const;
  request(url, { ...options, headers: { accept: 'application/json' } })
    .on('response', resolve)
    .on('error', reject)
    .end();
  const response = await promise;
  if (response.statusCode !== 200) {
    response.destroy();
    throw new LeadglassError('PEER_FAILED', `The provider's keys: answer ${response.statusCode}, expected 200`);
  }
  const tooLong = (): Error => new LeadglassError('LIMIT_EXCEEDED', `The provider's keys: more than ${bytesMax} bytes`);
  return (await gather(response, bytesMax, tooLong)).toString();
}
