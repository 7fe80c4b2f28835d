/**
 * One admitted operation: its pass, and what becomes of it in the ledger. `await using` it; disposal writes what is left to
 * write, as a failure unless `succeeded` was called.
 */
import { asLeadglassError, type LeadglassError } from '../error.ts';
import type { MoveDestination } from './opening.ts';
import type { Operation } from './operation.ts';
import type { Pass } from './pass.ts';
import type { GuardSession } from './session.ts';
import type { InstanceOutcome, TransferHead } from './transfers.ts';

export interface SuccessFacts {
  /** Done, but not as asked for, in a stable word: `conflict` for an instance that was kept aside. */
  readonly warning?: string;
  /** Only for commit. */
  readonly committed?: { readonly safe: number; readonly failed: number };
}

export interface Admission<O extends Operation = Operation> extends AsyncDisposable {
  readonly pass: Pass<O>;
  /** Only for a retrieve by move: where to, as the opening names it. */
  readonly moveDestination?: MoveDestination;
  /**
   * Names an instance before it moves: before its commit when it arrives, before its first byte when it leaves. The first time in
   * a session, direction and study it waits for a durable record; after that it costs nothing.
   * @throws LeadglassError LEDGER_UNAVAILABLE: then the instance must not move; NOT_AUTHORIZED when the session ended
   */
  involving(head: TransferHead): Promise<void>;
  /** For retrieves: how one instance that was named before ended. */
  transferred(head: TransferHead, outcome?: InstanceOutcome): void;
  succeeded(facts?: SuccessFacts): void;
  /** Why it did not succeed; without it the record says `not completed`. */
  failed(error: LeadglassError): void;
}

/** Runs `work` under one admission; what it throws is the failure in the ledger, and is thrown on. */
export async function underAdmission<O extends Operation, R>(
  session: Pick<GuardSession, 'admit'>,
  operation: O,
  work: (admission: Admission<O>) => R | Promise<R>,
): Promise<R> {
  await using admission = await session.admit(operation);
  try {
    const result = await work(admission);
    admission.succeeded();
    return result;
  } catch (error) {
    admission.failed(asLeadglassError(error));
    throw error;
  }
}
