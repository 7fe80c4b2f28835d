/**
 * A passcode as a JSON Web Token, for programs that speak user identity of type 5 (PS3.7 D.3.3.7): JWS in compact form, HS256 (RFC 7515,
 * RFC 7518 3.2). One header alone is taken, byte for byte, so that nobody chooses the algorithm (RFC 8725 3.1).
 */
import { createHmac, hkdfSync, timingSafeEqual } from 'node:crypto';
import * as v from 'valibot';

const base64Url = (text: string): string => Buffer.from(text).toString('base64url');
const header = base64Url('{"alg":"HS256","typ":"JWT"}');
/** Ours, and for the DIMSE door: a token that was made for anything else is none here (RFC 8725 3.8, 3.9). */
const issuer = 'leadglass';
const audience = 'dicom';
/** Far above what ours have; bounds the work for what a peer sent. */
const tokenCharactersMax = 4096;

const claimsSchema = v.object({
  iss: v.literal(issuer),
  aud: v.literal(audience),
  sub: v.string(),
  device: v.string(),
  iat: v.number(),
  exp: v.number(),
  jti: v.pipe(v.string(), v.regex(/^[1-9][0-9]{0,15}$/)),
});

export interface TokenFacts {
  /** Number of the passcode. */
  readonly id: number;
  /** The account's e-mail address. */
  readonly account: string;
  readonly device: string;
  readonly issuedAtMs: number;
  readonly endsAtMs: number;
}

/** Of the key of the passwords (RFC 5869), so that no further secret has to be kept. */
export function tokenKey(pepper: Buffer): Buffer {
  return Buffer.from(hkdfSync('sha256', pepper, '', 'leadglass passcode token', 32));
}

export function makePasscodeToken(key: Buffer, { id, account, device, issuedAtMs, endsAtMs }: TokenFacts): string {
  const claims = {
    iss: issuer,
    aud: audience,
    sub: account,
    device,
    iat: Math.floor(issuedAtMs / 1000),
    exp: Math.floor(endsAtMs / 1000),
    jti: String(id),
  };
  const signed = `${header}.${base64Url(JSON.stringify(claims))}`;
  return `${signed}.${signatureOf(key, signed).toString('base64url')}`;
}

/** What a token of ours says; undefined for every other text. Whether it is still good is asked of the row. */
export function readPasscodeToken(
  key: Buffer,
  text: string,
): Pick<TokenFacts, 'id' | 'account' | 'device'> | undefined {
  if (text.length > tokenCharactersMax || !/^[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+$/.test(text))
    return undefined;
  const [head, body = '', signature = ''] = text.split('.');
  if (head !== header) return undefined;
  const expected = signatureOf(key, `${head}.${body}`);
  const shown = Buffer.from(signature, 'base64url');
  if (shown.length !== expected.length || !timingSafeEqual(shown, expected)) return undefined;
  let json: unknown;
  try {
    json = JSON.parse(Buffer.from(body, 'base64url').toString('utf8'));
  } catch {
    return undefined;
  }
  const claims = v.safeParse(claimsSchema, json);
  if (!claims.success) return undefined;
  const { jti, sub: account, device } = claims.output;
  return { id: Number(jti), account, device };
}

function signatureOf(key: Buffer, signed: string): Buffer {
  return createHmac('sha256', key).update(signed).digest();
}
