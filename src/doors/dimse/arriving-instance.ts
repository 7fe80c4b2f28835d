/**
 * One arriving instance between a receiver and a backend: admitted by the guard, named to the ledger, committed, counted.
 * Bytes go to the backend as they come; a promise is returned only when the sender must wait.
 */
import type { Backend, StoreContext, StoreOutcome, StoreWriter } from '../../backends/backend.ts';
import type { LeadglassError } from '../../error.ts';
import { asLeadglassError } from '../../error.ts';
import type { Admission } from '../../guard/admission.ts';
import type { Store } from '../../guard/operation.ts';
import type { GuardSession } from '../../guard/session.ts';

export class ArrivingInstance {
  readonly #opened: Promise<StoreWriter>;
  #admission: Admission<Store> | undefined;
  #writer: StoreWriter | undefined;
  #failure: LeadglassError | undefined;
  #isOver = false;

  constructor(
    session: GuardSession,
    {
      backend,
      operation,
      context = {},
    }: { readonly backend: Backend; readonly operation: Store; readonly context?: StoreContext },
  ) {
    this.#opened = this.#open(session, { backend, operation, context });
    // Looked at by whoever writes or ends; a peer may hang up before either.
    this.#opened.catch((error: unknown) => {
      this.#failure ??= asLeadglassError(error);
    });
  }

  /** After a failure the rest is read and dropped, so that the peer can finish its message and be answered. */
  write(chunk: Uint8Array): void | Promise<void> {
    if (this.#failure !== undefined) return undefined;
    if (this.#writer !== undefined) return this.#writer.write(chunk);
    return this.#writeWhenOpen(chunk);
  }

  /**
   * All bytes came: makes the instance safe.
   * @throws LeadglassError why it is not
   */
  async end(): Promise<StoreOutcome> {
    try {
      const writer = await this.#opened;
      const admission = this.#admission;
      if (this.#failure !== undefined || admission === undefined) throw this.#failure ?? new Error('Not admitted');
      const outcome = await this.#commit(writer, admission);
      admission.succeeded(outcome.result === 'conflict' ? { warning: 'conflict' } : {});
      return outcome;
    } catch (thrown) {
      const error = this.#failure ?? asLeadglassError(thrown);
      this.#writer?.abort(error);
      this.#admission?.failed(error);
      throw error;
    } finally {
      await this.#dispose();
    }
  }

  /** The sender went away in the middle. */
  abort(reason: LeadglassError): void {
    this.#failure ??= reason;
    // The ledger's own failure is told by the ledger; there is nobody left to answer here.
    this.#forget(reason).catch(() => undefined);
  }

  async #forget(reason: LeadglassError): Promise<void> {
    try {
      const writer = await this.#opened;
      writer.abort(reason);
    } catch {
      // It was never admitted; that is recorded.
    }
    this.#admission?.failed(reason);
    await this.#dispose();
  }

  async #open(
    session: GuardSession,
    {
      backend,
      operation,
      context,
    }: { readonly backend: Backend; readonly operation: Store; readonly context: StoreContext },
  ): Promise<StoreWriter> {
    this.#admission = await session.admit(operation);
    this.#writer = backend.store(this.#admission.pass, context);
    return this.#writer;
  }

  async #commit(writer: StoreWriter, admission: Admission<Store>): Promise<StoreOutcome> {
    const head = await writer.end();
    await admission.involving(head);
    return writer.commit();
  }

  async #writeWhenOpen(chunk: Uint8Array): Promise<void> {
    try {
      const writer = await this.#opened;
      await writer.write(chunk);
    } catch {
      // `end` tells; until then bytes are dropped.
    }
  }

  async #dispose(): Promise<void> {
    if (this.#isOver) return;
    this.#isOver = true;
    await this.#admission?.[Symbol.asyncDispose]();
  }
}
