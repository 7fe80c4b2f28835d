/**
 * One admitted retrieve whose answer is still to leave: the admission lives until the body has ended or was given up. Each
 * instance is named to the ledger before its first byte and counted after its last, as over DIMSE.
 */
import type { StoredInstance } from '../../../backends/backend.ts';
import { asLeadglassError, LeadglassError } from '../../../error.ts';
import type { Admission } from '../../../guard/admission.ts';
import type { Retrieve } from '../../../guard/operation.ts';
import { ownerOf } from '../../../guard/principal.ts';
import type { GuardSession } from '../../../guard/session.ts';
import { HttpError } from '../http/http-error.ts';
import type { WebServices } from '../web-handler.ts';
import { untilSlotEnds } from './even-time.ts';

export class Retrieval {
  readonly instances: readonly StoredInstance[];
  readonly #admission: Admission<Retrieve>;
  readonly #holding: Disposable;
  readonly #signal: AbortSignal;
  #isOver = false;
  /** A piece of an instance has been fetched. */
  #isLeaving = false;

  private constructor(
    instances: readonly StoredInstance[],
    facts: { readonly admission: Admission<Retrieve>; readonly holding: Disposable; readonly signal: AbortSignal },
  ) {
    this.instances = instances;
    this.#admission = facts.admission;
    this.#holding = facts.holding;
    this.#signal = facts.signal;
  }

  /**
   * Admits it and lists what it reaches; no byte is read yet.
   * @throws RefusedError; LeadglassError NOT_FOUND when it reaches nothing, whatever the reason; OUT_OF_RESOURCES,
   *   LIMIT_EXCEEDED
   */
  static async open(
    operation: Retrieve,
    facts: { readonly session: GuardSession; readonly services: WebServices; readonly signal: AbortSignal },
  ): Promise<Retrieval> {
    const { session, services, signal } = facts;
    const admission = await session.admit(operation);
    const holding = services.held.holdFor(ownerOf(admission.pass.principal));
    try {
      const instances: StoredInstance[] = [];
      const { retrieveInstancesMax, web } = services.limits;
      const startedMs = performance.now();
      for await (const instance of services.backend.retrieve(admission.pass)) {
        if (instances.length >= retrieveInstancesMax) {
          throw new LeadglassError(
            'LIMIT_EXCEEDED',
            `Cannot retrieve more than ${retrieveInstancesMax} instances at once; ask series by series`,
          );
        }
        holding.add();
        instances.push(instance);
      }
      if (instances.length === 0) {
        await untilSlotEnds(startedMs, web.nothingSlotMs);
        throw new LeadglassError('NOT_FOUND', 'There is no such resource');
      }
      return new Retrieval(instances, { admission, holding, signal });
    } catch (error) {
      holding[Symbol.dispose]();
      admission.failed(asLeadglassError(error));
      await admission[Symbol.asyncDispose]();
      throw error;
    }
  }

  /** Who asks, for turns at what all share. */
  get owner(): string {
    return ownerOf(this.#admission.pass.principal);
  }

  /** Of an instance's retrieve the only one. */
  get first(): StoredInstance {
    const [instance] = this.instances;
    if (instance === undefined) throw new LeadglassError('NOT_FOUND', 'There is no such resource');
    return instance;
  }

  /**
   * Something of one instance on its way: nothing of it is read before the ledger knows.
   * @throws LeadglassError LEDGER_UNAVAILABLE, NOT_AUTHORIZED; what `content` throws
   */
  async *leaving<T>(instance: StoredInstance, content: () => AsyncIterable<T>): AsyncGenerator<T, void, undefined> {
    const { recordedHead: head = instance.head } = instance;
    const { pass } = this.#admission;
    if (!pass.stillValid()) {
      throw new LeadglassError('NOT_AUTHORIZED', 'Stopped: the opening does not allow this any more');
    }
    await this.#admission.involving(head);
    // Until all of it was taken it counts as not handed out.
    let failure: string | undefined = 'CANCELLED';
    try {
      for await (const piece of content()) {
        this.#isLeaving = true;
        yield piece;
      }
      failure = undefined;
    } catch (error) {
      failure = asLeadglassError(error).code;
      throw error;
    } finally {
      this.#admission.transferred(head, failure === undefined ? { outcome: 0 } : { outcome: 8, reason: failure });
    }
  }

  /**
   * A body that ends this retrieval when it has ended; also one that nobody ever reads. Its first piece of an instance is fetched
   * here, so that what cannot be recorded, read or converted is still refused by a status.
   */
  async body(content: AsyncIterable<Uint8Array>): Promise<AsyncIterable<Uint8Array>> {
    const chunks = content[Symbol.asyncIterator]();
    const ready: Uint8Array[] = [];
    while (!this.#isLeaving) {
      const next = await chunks.next();
      if (next.done === true) break;
      ready.push(next.value);
    }
    // For a body that nobody begins; of one that is read the reader returns, and this is done by then.
    const giveUp = (): void => void this.#giveUp(chunks).catch(() => undefined);
    if (this.#signal.aborted) giveUp();
    else this.#signal.addEventListener('abort', giveUp, { once: true });
    return { [Symbol.asyncIterator]: () => this.#iterated(ready, chunks) };
  }

  #iterated(ready: Uint8Array[], chunks: AsyncIterator<Uint8Array>): AsyncIterator<Uint8Array, void, undefined> {
    return {
      next: async () => {
        try {
          if (this.#isOver || this.#signal.aborted) throw cancelled();
          const first = ready.shift();
          if (first !== undefined) return { done: false, value: first };
          const next = await chunks.next();
          if (next.done !== true) return next;
          await this.succeeded();
          return { done: true, value: undefined };
        } catch (error) {
          await this.failed(asLeadglassError(error));
          throw error;
        }
      },
      return: async () => {
        await this.#giveUp(chunks);
        return { done: true, value: undefined };
      },
    };
  }

  async #giveUp(chunks: AsyncIterator<Uint8Array>): Promise<void> {
    if (this.#isOver) return;
    try {
      await chunks.return?.();
    } finally {
      await this.failed(cancelled());
    }
  }

  /** Without a body, or when it has left. */
  async succeeded(): Promise<void> {
    await this.#end(() => this.#admission.succeeded());
  }

  async failed(error: LeadglassError): Promise<void> {
    await this.#end(() => this.#admission.failed(error));
  }

  async #end(say: () => void): Promise<void> {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#holding[Symbol.dispose]();
    say();
    await this.#admission[Symbol.asyncDispose]();
  }
}

/**
 * Runs `answer` for what the operation reaches; the retrieval ends here when it throws, else with the body of the answer, which
 * must come from `retrieval.body`, or by `retrieval.succeeded` where there is none.
 */
export async function withRetrieval<R>(
  operation: Retrieve,
  facts: { readonly session: GuardSession; readonly services: WebServices; readonly signal: AbortSignal },
  answer: (retrieval: Retrieval) => Promise<R>,
): Promise<R> {
  const retrieval = await Retrieval.open(operation, facts);
  try {
    return await answer(retrieval);
  } catch (error) {
    await retrieval.failed(asLeadglassError(error));
    throw notAcceptable(error);
  }
}

/** An image that cannot be converted has not that representation; 415 would be about the request's own body. */
function notAcceptable(error: unknown): unknown {
  if (!(error instanceof LeadglassError) || error instanceof HttpError || error.code !== 'UNSUPPORTED') return error;
  return new HttpError(406, error.message, { field: 'Accept', cause: error });
}

function cancelled(): LeadglassError {
  return new LeadglassError('CANCELLED', 'The answer was given up before its end');
}
