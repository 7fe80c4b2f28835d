/** How commands end: 0 done, 1 it ran and the answer is no, 2 wrong use, 3 could not run. */
import type { ErrorCode } from '../error.ts';

export const exitStatus = { done: 0, answerIsNo: 1, wrongUse: 2, couldNotRun: 3 } as const;
export type ExitStatus = (typeof exitStatus)[keyof typeof exitStatus];

/** Total over the codes, checked by the compiler. */
export const exitStatusOf = {
  MALFORMED: exitStatus.wrongUse,
  BAD_REQUEST: exitStatus.wrongUse,
  LIMIT_EXCEEDED: exitStatus.answerIsNo,
  UNSUPPORTED: exitStatus.answerIsNo,
  NOT_AUTHENTICATED: exitStatus.answerIsNo,
  NOT_AUTHORIZED: exitStatus.answerIsNo,
  NOT_FOUND: exitStatus.answerIsNo,
  CONFLICT: exitStatus.answerIsNo,
  CORRUPT: exitStatus.answerIsNo,
  OUT_OF_RESOURCES: exitStatus.couldNotRun,
  LEDGER_UNAVAILABLE: exitStatus.couldNotRun,
  BACKEND_UNAVAILABLE: exitStatus.couldNotRun,
  PEER_FAILED: exitStatus.couldNotRun,
  CANCELLED: exitStatus.couldNotRun,
  TIMED_OUT: exitStatus.couldNotRun,
  INTERNAL: exitStatus.couldNotRun,
} as const satisfies Record<ErrorCode, ExitStatus>;
