/**
 * Why an instance was not stored, as a status of C-STORE (PS3.4 B.2.3), which is also the Failure Reason of STOW-RS (PS3.18
 * table I.2-2): one table, so that no door tells the same failure otherwise.
 */
import type { ErrorCode } from '../error.ts';
import type { Status } from './status.ts';

/** A7xx out of resources, A9xx data set does not match SOP class, Cxxx cannot understand. */
export const storeFailures = {
  MALFORMED: 0xc000,
  LIMIT_EXCEEDED: 0xc001,
  UNSUPPORTED: 0x0122,
  BAD_REQUEST: 0xa900,
  NOT_AUTHENTICATED: 0x0124,
  NOT_AUTHORIZED: 0x0124,
  // Neither service has a status for something missing.
  NOT_FOUND: 0x0110,
  // "Cannot understand" with a number of ours: known under this UID with other content, kept aside for a person.
  CONFLICT: 0xc111,
  OUT_OF_RESOURCES: 0xa700,
  LEDGER_UNAVAILABLE: 0xa700,
  BACKEND_UNAVAILABLE: 0xa700,
  CORRUPT: 0x0110,
  PEER_FAILED: 0x0110,
  CANCELLED: 0x0110,
  TIMED_OUT: 0xa700,
  INTERNAL: 0x0110,
} as const satisfies Readonly<Record<ErrorCode, Status>>;
