/**
 * From an error code to the status that a service answers with: one total table per service group, checked by the
 * compiler, so that a new code cannot be forgotten. The comment is the error's message, which is safe for the peer.
 */
import { storeFailures } from '../../dimse/store-failure.ts';
import type { ErrorCode, LeadglassError } from '../../error.ts';

/** Services whose failure statuses differ (PS3.4 B.2.3, C.4.1.1.4, C.4.2.1.5, C.4.3.1.4, J.3.2; PS3.7 Annex C). */
export type StatusService = 'store' | 'find' | 'retrieve' | 'commit' | 'echo';

/** PS3.4 C.4.1.1.4: A700 out of resources, A900 identifier does not match SOP class, Cxxx unable to process. */
const findStatus = {
  MALFORMED: 0xc000,
  LIMIT_EXCEEDED: 0xa700,
  UNSUPPORTED: 0x0122,
  BAD_REQUEST: 0xa900,
  NOT_AUTHENTICATED: 0x0124,
  NOT_AUTHORIZED: 0x0124,
  NOT_FOUND: 0xc000,
  CONFLICT: 0xc000,
  OUT_OF_RESOURCES: 0xa700,
  LEDGER_UNAVAILABLE: 0xa700,
  BACKEND_UNAVAILABLE: 0xc002,
  CORRUPT: 0xc003,
  PEER_FAILED: 0xc004,
  CANCELLED: 0xfe00,
  TIMED_OUT: 0xa700,
  INTERNAL: 0xc005,
} as const satisfies Record<ErrorCode, number>;

/**
 * PS3.4 C.4.2.1.5 and C.4.3.1.4: A701 unable to calculate number of matches, A702 unable to perform sub-operations, A801
 * move destination unknown, A900 identifier does not match SOP class, Cxxx unable to process.
 */
const retrieveStatus = {
  ...findStatus,
  NOT_FOUND: 0xa801,
  OUT_OF_RESOURCES: 0xa702,
  BACKEND_UNAVAILABLE: 0xa702,
} as const satisfies Record<ErrorCode, number>;

/** PS3.7 C.4.2 (N-ACTION): 0110 processing failure, 0115 invalid argument value, 0213 resource limitation. */
const commitStatus = {
  MALFORMED: 0x0115,
  LIMIT_EXCEEDED: 0x0213,
  UNSUPPORTED: 0x0122,
  BAD_REQUEST: 0x0115,
  NOT_AUTHENTICATED: 0x0124,
  NOT_AUTHORIZED: 0x0124,
  NOT_FOUND: 0x0112,
  CONFLICT: 0x0110,
  OUT_OF_RESOURCES: 0x0213,
  LEDGER_UNAVAILABLE: 0x0213,
  BACKEND_UNAVAILABLE: 0x0110,
  CORRUPT: 0x0110,
  PEER_FAILED: 0x0110,
  CANCELLED: 0x0110,
  TIMED_OUT: 0x0213,
  INTERNAL: 0x0110,
} as const satisfies Record<ErrorCode, number>;

/** PS3.7 9.1.5: Verification knows only success, 0122, 0210, 0211; 0124 is what a closed opening answers. */
const echoStatus = { ...commitStatus, UNSUPPORTED: 0x0122 } as const satisfies Record<ErrorCode, number>;

const tables: Readonly<Record<StatusService, Readonly<Record<ErrorCode, number>>>> = {
  store: storeFailures,
  find: findStatus,
  retrieve: retrieveStatus,
  commit: commitStatus,
  echo: echoStatus,
};

/** The status of this error for this service. */
export function toDimseStatus(error: LeadglassError, service: StatusService): number {
  return tables[service][error.code];
}

/** Error Comment (0000,0902) is LO: 64 characters at most, no backslash or control characters. */
export function errorComment(error: LeadglassError): string {
  return error.message.replaceAll(/[\\\p{Cc}]/gu, ' ').slice(0, 64);
}
