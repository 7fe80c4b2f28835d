/**
 * How a broken PDU is reported: a LeadglassError whose cause is the A-ABORT that answers it (PS3.8 9.3.8), and how such
 * facts are read out of an error again.
 */
import { LeadglassError, type ErrorCode } from '../error.ts';
import type { Abort, AssociateReject } from './association-types.ts';

/** Reasons of an A-ABORT of the service-provider (source 2), PS3.8 table 9-26. */
export const AbortReason = {
  notSpecified: 0,
  unrecognizedPdu: 1,
  unexpectedPdu: 2,
  unrecognizedParameter: 4,
  unexpectedParameter: 5,
  invalidParameterValue: 6,
} as const;

interface ProtocolErrorFacts {
  readonly code?: ErrorCode;
  /** Of {@link AbortReason}; invalid-PDU-parameter-value when left out. */
  readonly reason?: number;
  readonly field?: string;
  readonly offset?: number;
  readonly detail?: string;
}

/** An error of the peer's bytes. `offset` counts from the first byte of the PDU. */
export function protocolError(message: string, facts: ProtocolErrorFacts = {}): LeadglassError {
  const cause: Abort = { source: 2, reason: facts.reason ?? AbortReason.invalidParameterValue };
  return new LeadglassError(facts.code ?? 'MALFORMED', message, {
    cause,
    ...(facts.field === undefined ? {} : { field: facts.field }),
    ...(facts.offset === undefined ? {} : { offset: facts.offset }),
    ...(facts.detail === undefined ? {} : { detail: facts.detail }),
  });
}

function causeOf(error: unknown): Readonly<Record<string, unknown>> | undefined {
  const cause = error instanceof LeadglassError ? error.cause : undefined;
  return typeof cause === 'object' && cause !== null ? { ...cause } : undefined;
}

/** The A-ABORT that this error stands for: the one we answer with, or the one that the peer sent. */
export function abortOf(error: unknown): Abort | undefined {
  const cause = causeOf(error);
  if (cause === undefined || 'result' in cause) return undefined;
  const { source, reason } = cause;
  if ((source !== 0 && source !== 2) || typeof reason !== 'number') return undefined;
  return { source, reason };
}

/** The A-ASSOCIATE-RJ that this error stands for. */
export function rejectionOf(error: unknown): AssociateReject | undefined {
  const cause = causeOf(error);
  if (cause === undefined) return undefined;
  const { result, source, reason } = cause;
  if (result !== 1 && result !== 2) return undefined;
  if ((source !== 1 && source !== 2 && source !== 3) || typeof reason !== 'number') return undefined;
  return { result, source, reason };
}
