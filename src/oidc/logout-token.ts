/**
 * Logout tokens (OpenID Connect Back-Channel Logout 1.0, 2.4 and 2.6): is this one really the provider's, for us, new, and a logout?
 * Whether it was used before is known to whoever keeps sessions.
 */
import { errors, type JWTPayload, type JWTVerifyGetKey, jwtVerify } from 'jose';
import { LeadglassError } from '../error.ts';
import type { LogoutWord } from '../people/identity-provider.ts';

export interface LogoutTokenFacts {
  readonly issuer: string;
  readonly clientId: string;
  readonly keys: JWTVerifyGetKey;
  /** What the provider says it signs with; only signatures with a public half count. */
  readonly algorithms: readonly string[];
  readonly limits: { readonly logoutTokenSecondsMax: number; readonly clockDifferenceSeconds: number };
  readonly now: Date;
}

const eventName = 'http://schemas.openid.net/event/backchannel-logout';
/** No `none`, and no HMAC: its key would be the client's secret, which a browser-side client may have leaked. */
const signatures: readonly string[] = [
  ...['RS256', 'RS384', 'RS512', 'PS256', 'PS384', 'PS512'],
  ...['ES256', 'ES384', 'ES512', 'EdDSA', 'Ed25519'],
];

/** @throws LeadglassError NOT_AUTHENTICATED with what is wrong; BACKEND_UNAVAILABLE and others when the keys cannot be had */
export async function readLogoutToken(token: string, facts: LogoutTokenFacts): Promise<LogoutWord> {
  const { limits, issuer, clientId, algorithms, now, keys } = facts;
  let payload: JWTPayload;
  let type: string | undefined;
  try {
    const verified = await jwtVerify(token, keys, {
      issuer,
      audience: clientId,
      algorithms: algorithms.filter((algorithm) => signatures.includes(algorithm)),
      requiredClaims: ['iat', 'jti', 'exp', 'events'],
      maxTokenAge: limits.logoutTokenSecondsMax,
      clockTolerance: limits.clockDifferenceSeconds,
      currentDate: now,
    });
    payload = verified.payload;
    type = verified.protectedHeader.typ;
  } catch (error) {
    throw refused(error);
  }
  // 2.4: explicit typing is recommended; a token that says it is something else is something else.
  if (type !== undefined && !['logout+jwt', 'application/logout+jwt', 'jwt'].includes(type.toLowerCase())) {
    throw bad(`its type is ${JSON.stringify(type.slice(0, 40))}`);
  }
  const { events, nonce, jti, iat, sub: subject, sid } = payload;
  if (nonce !== undefined) throw bad('it has a nonce, as an ID token has');
  const event = isObject(events) && Object.hasOwn(events, eventName) ? events[eventName] : undefined;
  if (!isObject(event)) throw bad('it tells of no logout');
  if (typeof jti !== 'string' || jti === '' || jti.length > 256 || iat === undefined)
    throw bad('its jti is no short text');
  const isText = (value: unknown): value is string => typeof value === 'string' && value !== '' && value.length <= 255;
  if (!isText(subject) && !isText(sid)) throw bad('it names neither a person nor a session');
  return {
    id: jti,
    notAfterMs: (iat + limits.logoutTokenSecondsMax + 2 * limits.clockDifferenceSeconds) * 1000,
    ...(isText(subject) ? { subject } : {}),
    ...(isText(sid) ? { sid } : {}),
  };
}

function refused(error: unknown): unknown {
  if (error instanceof LeadglassError) return error;
  if (!(error instanceof errors.JOSEError)) return error;
  if (error.cause instanceof LeadglassError) return error.cause;
  if (error instanceof errors.JWTClaimValidationFailed) return bad(`${error.claim}: ${error.reason}`);
  return bad(error.code);
}

function bad(why: string): LeadglassError {
  return new LeadglassError('NOT_AUTHENTICATED', `the logout token is not good: ${why}`);
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
