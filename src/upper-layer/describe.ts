/** Rejections and aborts as sentences for people: command line, log and ledger. PS3.8 tables 9-21 and 9-26. */
import { LeadglassError, type ErrorCode } from '../error.ts';
import type { Abort, AssociateReject } from './association-types.ts';

const rejectTexts: Readonly<Record<1 | 2 | 3, Readonly<Record<number, string>>>> = {
  1: {
    1: 'no reason given',
    2: 'application context name not supported',
    3: 'calling AE title not recognized: the peer does not know our AE title',
    7: 'called AE title not recognized: the peer does not go by the AE title we called',
  },
  2: {
    1: 'no reason given (also used when the user identity was not accepted)',
    2: 'protocol version not supported',
  },
  3: {
    1: 'temporary congestion: the peer is busy, try again later',
    2: 'local limit exceeded: the peer takes no more associations like this one',
  },
};

const rejectSources = {
  1: 'service-user',
  2: 'service-provider (ACSE)',
  3: 'service-provider (presentation)',
} as const;

/** For example `rejected, permanent, by the service-user: calling AE title not recognized…`. */
export function describeReject(reject: AssociateReject): string {
  const lasting = reject.result === 1 ? 'permanent' : 'transient';
  const text = rejectTexts[reject.source][reject.reason] ?? `reason ${reject.reason}`;
  return `rejected, ${lasting}, by the ${rejectSources[reject.source]}: ${text}`;
}

const abortTexts: Readonly<Record<number, string>> = {
  0: 'reason not specified',
  1: 'unrecognized PDU',
  2: 'unexpected PDU',
  4: 'unrecognized PDU parameter',
  5: 'unexpected PDU parameter',
  6: 'invalid PDU parameter value',
};

/** For example `aborted by the service-provider: unexpected PDU`. */
export function describeAbort(abort: Abort): string {
  if (abort.source === 0) return 'aborted by the service-user';
  return `aborted by the service-provider: ${abortTexts[abort.reason] ?? `reason ${abort.reason}`}`;
}

/**
 * The error of an association that was rejected, by either side; its cause is the rejection (`rejectionOf`). NOT_AUTHENTICATED
 * for unknown AE titles and identities, UNSUPPORTED for what will never work, BACKEND_UNAVAILABLE for what may work later.
 */
export function rejectionError(reject: AssociateReject): LeadglassError {
  return new LeadglassError(rejectCode(reject), `The association was ${describeReject(reject)}`, { cause: reject });
}

function rejectCode({ result, source, reason }: AssociateReject): ErrorCode {
  if (result === 2 || source === 3) return 'BACKEND_UNAVAILABLE';
  if (source === 2) return reason === 2 ? 'UNSUPPORTED' : 'NOT_AUTHENTICATED';
  if (reason === 2) return 'UNSUPPORTED';
  return reason === 3 || reason === 7 ? 'NOT_AUTHENTICATED' : 'NOT_AUTHORIZED';
}
