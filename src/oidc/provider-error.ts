/** What the libraries throw, as errors of ours: nothing of a token, code or secret stands in any of them. */
import {
  AuthorizationResponseError,
  ClientError,
  ResponseBodyError,
  WWWAuthenticateChallengeError,
} from 'openid-client';
import { asLeadglassError, LeadglassError } from '../error.ts';

/**
 * BACKEND_UNAVAILABLE, TIMED_OUT, LIMIT_EXCEEDED, PEER_FAILED, OUT_OF_RESOURCES: it cannot be reached or used; NOT_AUTHORIZED: it says
 * no; NOT_AUTHENTICATED: what it says does not hold.
 */
export function providerError(thrown: unknown): LeadglassError {
  if (thrown instanceof LeadglassError) return thrown;
  // RFC 6749 4.1.2.1: the words are for developers and came through the browser; only a code of the known form is repeated.
  if (thrown instanceof AuthorizationResponseError) {
    return new LeadglassError('NOT_AUTHORIZED', `the provider answers ${word(thrown.error)}`);
  }
  if (thrown instanceof ResponseBodyError) {
    const isOurs = ['invalid_client', 'unauthorized_client', 'invalid_scope'].includes(thrown.error);
    const code = isOurs ? 'PEER_FAILED' : thrown.status >= 500 ? 'BACKEND_UNAVAILABLE' : 'NOT_AUTHENTICATED';
    return new LeadglassError(code, `the provider answers ${word(thrown.error)} (${thrown.status})`);
  }
  if (thrown instanceof WWWAuthenticateChallengeError) {
    return new LeadglassError('PEER_FAILED', `the provider does not take what it gave itself (${thrown.status})`);
  }
  if (thrown instanceof ClientError) {
    if (thrown.cause instanceof LeadglassError) return thrown.cause;
    const isNoAnswer = thrown.code === 'OAUTH_RESPONSE_IS_NOT_CONFORM' || thrown.code === 'OAUTH_RESPONSE_IS_NOT_JSON';
    const why = [thrown.message, causeText(thrown.cause)].filter((part) => part !== '').join(': ');
    return new LeadglassError(isNoAnswer ? 'PEER_FAILED' : 'NOT_AUTHENTICATED', why);
  }
  return asLeadglassError(thrown);
}

/** The library's own sentences hold names of claims and no values of theirs. */
function causeText(cause: unknown): string {
  return cause instanceof Error && 'code' in cause ? cause.message.slice(0, 200) : '';
}

function word(code: string): string {
  return /^[a-z_]{1,40}$/.test(code) ? code : 'an error of its own';
}
