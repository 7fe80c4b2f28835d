/** Requests of ACME as signed JSON (RFC 8555 6.2, RFC 7515): ES256 with the account's key, HS256 for an external account. */
import { createHash, createHmac, createPublicKey, type KeyObject, sign } from 'node:crypto';
import { LeadglassError } from '../error.ts';

export interface AccountKey {
  readonly privateKey: KeyObject;
  /** RFC 7517, the public half, members in the order of RFC 7638. */
  readonly jwk: { readonly crv: 'P-256'; readonly kty: 'EC'; readonly x: string; readonly y: string };
  /** RFC 7638, SHA-256, base64url. */
  readonly thumbprint: string;
}

/** @param privateKey EC P-256 */
export function accountKeyOf(privateKey: KeyObject): AccountKey {
  const { crv, x, y } = createPublicKey(privateKey).export({ format: 'jwk' });
  if (crv !== 'P-256' || x === undefined || y === undefined) {
    throw new LeadglassError('CORRUPT', 'The key of the ACME account is no P-256 key');
  }
  const jwk = { crv, kty: 'EC', x, y } as const;
  return { privateKey, jwk, thumbprint: createHash('sha256').update(JSON.stringify(jwk)).digest('base64url') };
}

export interface RequestToSign {
  readonly url: string;
  readonly nonce: string;
  /** The account's URL; without it the key itself stands in the request, as for a new account. */
  readonly accountUrl?: string | undefined;
  /** Undefined: a POST-as-GET (6.3). */
  readonly payload?: object | undefined;
}

/** The body of a POST. */
export function signedRequest(key: AccountKey, { url, nonce, accountUrl, payload }: RequestToSign): string {
  const who = accountUrl === undefined ? { jwk: key.jwk } : { kid: accountUrl };
  const header = encoded({ alg: 'ES256', ...who, nonce, url });
  const body = payload === undefined ? '' : encoded(payload);
  const signature = sign('sha256', Buffer.from(`${header}.${body}`), {
    key: key.privateKey,
    // RFC 7518 3.4: R and S, not DER.
    dsaEncoding: 'ieee-p1363',
  });
  return JSON.stringify({ protected: header, payload: body, signature: signature.toString('base64url') });
}

/** 7.3.4: the operator of the ACME server knows this key identifier; the account's key is bound to it. */
export function externalAccountBinding(
  key: AccountKey,
  { keyId, mac, url }: { readonly keyId: string; readonly mac: Uint8Array; readonly url: string },
): object {
  const header = encoded({ alg: 'HS256', kid: keyId, url });
  const payload = encoded(key.jwk);
  const signature = createHmac('sha256', mac).update(`${header}.${payload}`).digest('base64url');
  return { protected: header, payload, signature };
}

/** 8.1: what a challenge is answered with. */
export function keyAuthorization(key: AccountKey, token: string): string {
  return `${token}.${key.thumbprint}`;
}

const encoded = (value: object): string => Buffer.from(JSON.stringify(value)).toString('base64url');
