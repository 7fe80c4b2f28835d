/**
 * The one error class of Leadglass, and the closed list of its codes. Every part throws it; every door owns one total
 * table from a code to its protocol's status. A leaf: it imports nothing.
 */

/** What went wrong, as a stable word that scripts, ledger entries and tests can rely on. */
export type ErrorCode =
  /** Bytes or text that do not follow their format. */
  | 'MALFORMED'
  /** Well-formed, but over a limit of limits.ts. */
  | 'LIMIT_EXCEEDED'
  /** Well-formed, but of a kind that is not supported (SOP class, transfer syntax, character set, codec). */
  | 'UNSUPPORTED'
  /** The command or request was used wrongly (missing argument, contradiction). */
  | 'BAD_REQUEST'
  /** Who asks is not known: no, foreign, expired or revoked certificate, wrong AE title or address, bad token. */
  | 'NOT_AUTHENTICATED'
  /** Who asks is known, but no opening allows this. */
  | 'NOT_AUTHORIZED'
  /** There is no such thing, or it must look so. */
  | 'NOT_FOUND'
  /** It is there already with other content (a known SOP Instance UID with a different digest). */
  | 'CONFLICT'
  /** No space, file handles or memory budget left. */
  | 'OUT_OF_RESOURCES'
  /** A use that cannot be recorded does not happen. */
  | 'LEDGER_UNAVAILABLE'
  /** The store, the index, an upstream or a destination cannot be reached or fails. */
  | 'BACKEND_UNAVAILABLE'
  /** Stored bytes, index or ledger do not verify. */
  | 'CORRUPT'
  /** The peer broke the protocol, hung up or aborted. */
  | 'PEER_FAILED'
  /** Somebody asked to stop (C-CANCEL, Ctrl-C, server stop). */
  | 'CANCELLED'
  /** Took longer than its limit. */
  | 'TIMED_OUT'
  /** A mistake of ours. */
  | 'INTERNAL';

export interface ErrorFacts {
  /** For the log only; never shown to a peer; no patient data, no secrets. */
  readonly detail?: string;
  readonly cause?: unknown;
  /** Parsers: where in the input, in bytes. */
  readonly offset?: number;
  /** Parsers: which field, in the standard's words. */
  readonly field?: string;
}

/** An error with a stable code, a message that is safe to show to the peer, and a detail for the log. */
export class LeadglassError extends Error {
  override readonly name = 'LeadglassError';
  readonly code: ErrorCode;
  readonly detail: string | undefined;
  readonly offset: number | undefined;
  readonly field: string | undefined;

  constructor(code: ErrorCode, message: string, facts: ErrorFacts = {}) {
    super(message, facts.cause === undefined ? undefined : { cause: facts.cause });
    this.code = code;
    this.detail = facts.detail;
    this.offset = facts.offset;
    this.field = facts.field;
  }
}

/** Any thrown value as a LeadglassError; unknown ones become INTERNAL with the original as cause. */
export function asLeadglassError(thrown: unknown): LeadglassError {
  if (thrown instanceof LeadglassError) return thrown;
  const detail = thrown instanceof Error ? `${thrown.name}: ${thrown.message}` : String(thrown);
  return new LeadglassError('INTERNAL', 'Internal error; the log has the details', { detail, cause: thrown });
}
