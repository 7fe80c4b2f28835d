/**
 * The provider's side of an association (PS3.7 sections 9 and 10): brings each request of the peer to its handler and the
 * outcome back as responses, with cancellation, progress, and no more at once than was negotiated. Who may do what, and
 * which error is which status, is for the door.
 */
import { asLeadglassError, LeadglassError } from '../error.ts';
import type { AcceptedContext } from '../upper-layer/association-types.ts';
import { ByteCollector } from './byte-collector.ts';
import {
  CommandField,
  commandName,
  type CStoreRequest,
  type DimseRequest,
  type DimseResponse,
  responseFieldOf,
} from './command-set.ts';
import type { DimseAssociation, EndReason } from './dimse-association.ts';
import type { DimseLimits } from './dimse-limits.ts';
import { Drain } from './drain.ts';
import { answerFind } from './find-operation.ts';
import type { Answer, DimseHandlers } from './handlers.ts';
import { type DataReceiver, endError, type ExchangeServer, MessageExchange } from './message-exchange.ts';
import { answerNormalized } from './normalized-operation.ts';
import type { Operation } from './operation.ts';
import { brokenRule, serviceOf, sopClassOf } from './operation-rules.ts';
import { answerRetrieve } from './retrieve-operation.ts';
import { statusClass, Statuses } from './status.ts';
import { StoreData } from './store-data.ts';

export interface ProvideOptions {
  readonly limits: DimseLimits;
}

/**
 * Serves the peer until the association ends; resolves, when every handler has come to its end too, with how it ended.
 * Never rejects.
 */
export function provide(
  association: DimseAssociation,
  handlers: DimseHandlers,
  { limits }: ProvideOptions,
): Promise<EndReason> {
  return serve(new MessageExchange(association, limits), handlers);
}

/** The same over an exchange of the caller's, who also sends requests of its own on it. Starts the exchange. */
export async function serve(exchange: MessageExchange, handlers: DimseHandlers): Promise<EndReason> {
  const provider = new Provider(exchange, handlers);
  exchange.start(provider);
  const reason = await exchange.ended;
  await provider.stop(endError(reason));
  return reason;
}

interface Performing {
  readonly cancel: AbortController;
  readonly done: Promise<void>;
}

class Provider implements ExchangeServer {
  readonly #exchange: MessageExchange;
  readonly #handlers: DimseHandlers;
  /** Operations under way by the peer's message ids. */
  readonly #performing = new Map<number, Performing>();

  constructor(exchange: MessageExchange, handlers: DimseHandlers) {
    this.#exchange = exchange;
    this.#handlers = handlers;
  }

  request(request: DimseRequest, context: AcceptedContext): DataReceiver {
    const exchange = this.#exchange;
    const operation = this.#operation(request, context);
    if (this.#performing.has(request.messageId)) {
      return this.#refusing(operation, { status: Statuses.DuplicateInvocation, errorComment: 'Message ID is in use' });
    }
    if (this.#performing.size >= exchange.performedMax) {
      throw new LeadglassError(
        'PEER_FAILED',
        `Cannot perform ${commandName(request.commandField)}: ${exchange.performedMax} operations are under way, as many as were negotiated`,
      );
    }
    const broken = brokenRule(request, context, exchange.association.role);
    if (broken !== undefined) return this.#refusing(operation, broken);
    return this.#receiver(request, operation) ?? this.#refusing(operation, unrecognized(request));
  }

  cancel(messageId: number): void {
    // Unknown ones are not an error: the final response and the C-CANCEL may cross (PS3.7 9.3.2.3).
    this.#performing.get(messageId)?.cancel.abort(new LeadglassError('CANCELLED', 'The peer sent C-CANCEL'));
  }

  async settle(): Promise<void> {
    await this.stop(new LeadglassError('PEER_FAILED', 'The peer released the association'));
  }

  /** Cancels what is under way and waits for it. */
  async stop(reason: LeadglassError): Promise<void> {
    const all = [...this.#performing.values()];
    for (const { cancel } of all) cancel.abort(reason);
    await Promise.allSettled(all.map(({ done }) => done));
  }

  #receiver(request: DimseRequest, operation: Operation): DataReceiver | undefined {
    const handlers = this.#handlers;
    switch (request.commandField) {
      case CommandField.CEchoRq: {
        const { echo } = handlers;
        return echo && this.#whole(operation, async () => ({ status: await echo(request, operation.context) }));
      }
      case CommandField.CStoreRq:
        return handlers.store && this.#storing(request, operation);
      case CommandField.CFindRq: {
        const { find } = handlers;
        return find && this.#whole(operation, (bytes) => answerFind(operation, { request, bytes, find }));
      }
      case CommandField.CGetRq: {
        const { get } = handlers;
        return get && this.#whole(operation, (bytes) => answerRetrieve(operation, { request, bytes, retrieve: get }));
      }
      case CommandField.CMoveRq: {
        const { move } = handlers;
        return move && this.#whole(operation, (bytes) => answerRetrieve(operation, { request, bytes, retrieve: move }));
      }
      case CommandField.NActionRq:
        return this.#normalized(request, operation, handlers.nAction);
      case CommandField.NEventReportRq:
        return this.#normalized(request, operation, handlers.nEventReport);
      case CommandField.NGetRq:
        return this.#normalized(request, operation, handlers.nGet);
      case CommandField.NSetRq:
        return this.#normalized(request, operation, handlers.nSet);
      case CommandField.NCreateRq:
        return this.#normalized(request, operation, handlers.nCreate);
      default:
        return this.#normalized(request, operation, handlers.nDelete);
    }
  }

  #normalized<R extends DimseRequest>(
    request: R,
    operation: Operation,
    handler: Parameters<typeof answerNormalized<R>>[1]['handler'] | undefined,
  ): DataReceiver | undefined {
    return handler && this.#whole(operation, (bytes) => answerNormalized(operation, { request, bytes, handler }));
  }

  #operation(request: DimseRequest, context: AcceptedContext): Operation {
    const exchange = this.#exchange;
    const cancel = new AbortController();
    return {
      request,
      exchange,
      context,
      cancel,
      respond: async (answer, dataSet) => {
        // A final response may be followed by the peer's next request at once: the place must be free before.
        if (statusClass(answer.status) !== 'pending' && this.#performing.get(request.messageId)?.cancel === cancel) {
          this.#performing.delete(request.messageId);
        }
        // Every response may have these, and the Command Field is that of the request's response.
        // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- as said
        const response = {
          commandField: responseFieldOf(request.commandField),
          hasDataSet: dataSet !== undefined,
          messageIdBeingRespondedTo: request.messageId,
          affectedSopClassUid: sopClassOf(request),
          ...answer,
        } as unknown as DimseResponse;
        // When it cannot be sent, the association has ended, which is told elsewhere.
        await exchange.send(context.id, response, dataSet).catch(() => undefined);
      },
      errorAnswer: (error) => this.#errorAnswer(error, request),
    };
  }

  #errorAnswer(error: unknown, request: DimseRequest): Answer {
    const service = serviceOf(request);
    if (error instanceof LeadglassError) {
      this.#handlers.onError?.(error, service);
      return this.#handlers.errorStatus(error, service);
    }
    const detail = error instanceof Error ? `${error.name}: ${error.message}` : String(error);
    const message = 'Internal error; the log has the details';
    this.#handlers.onError?.(new LeadglassError('INTERNAL', message, { detail, cause: error }), service);
    return { status: Statuses.ProcessingFailure, errorComment: message };
  }

  /** Counts an operation as under way until `work` is over; its answer, or that of its error, is the final response. */
  #perform(operation: Operation, messageId: number, work: () => Promise<Answer | undefined>): void {
    const done = this.#untilAnswered(operation, work)
      // Not even a mistake in making the answer reaches further than this association.
      .catch((error: unknown) => this.#exchange.fail(asLeadglassError(error)))
      .finally(() => {
        if (this.#performing.get(messageId)?.cancel === operation.cancel) this.#performing.delete(messageId);
      });
    this.#performing.set(messageId, { cancel: operation.cancel, done });
  }

  async #untilAnswered(operation: Operation, work: () => Promise<Answer | undefined>): Promise<void> {
    let answer: Answer | undefined;
    try {
      answer = await work();
    } catch (error) {
      answer = operation.errorAnswer(error);
    }
    if (answer !== undefined) await operation.respond(answer);
  }

  #refusing(operation: Operation, answer: Answer): DataReceiver {
    return new Drain(this.#exchange.limits.drainedBytesMax, () => operation.respond(answer));
  }

  /** For requests whose data set is small: it is collected, then the work starts. Nothing more is read for an error. */
  #whole(operation: Operation, work: (bytes: Uint8Array | undefined) => Promise<Answer | undefined>): DataReceiver {
    const { limits } = this.#exchange;
    const { request } = operation;
    const { promise: arrived, resolve: arrive } = Promise.withResolvers<void>();
    const collector = new ByteCollector(limits.identifierBytesMax, 'the data set of the request');
    const drain = new Drain(limits.drainedBytesMax, arrive);
    let failure: LeadglassError | undefined;
    let isEnded = false;
    this.#perform(operation, request.messageId, async () => {
      await arrived;
      if (!isEnded) return undefined;
      if (failure !== undefined) throw failure;
      return this.#busy(() => work(request.hasDataSet ? collector.take() : undefined));
    });
    return {
      write: (chunk) => {
        if (failure !== undefined) return drain.write(chunk);
        try {
          collector.add(chunk);
        } catch (error) {
          if (!(error instanceof LeadglassError)) throw error;
          failure = error;
        }
      },
      end: () => {
        isEnded = true;
        arrive();
      },
      abort: () => arrive(),
    };
  }

  /** The peer is silent because it waits for us: no reason to count it as idle. */
  async #busy<T>(work: () => Promise<T>): Promise<T> {
    const idleAgain = this.#exchange.association.busy();
    try {
      return await work();
    } finally {
      idleAgain();
    }
  }

  #storing(request: CStoreRequest, operation: Operation): DataReceiver {
    const { store } = this.#handlers;
    const data = new StoreData(() => {
      if (store === undefined) throw new LeadglassError('UNSUPPORTED', 'Cannot store here');
      return store(request, operation.context);
    }, this.#exchange.limits.drainedBytesMax);
    this.#perform(operation, request.messageId, async () => {
      await data.arrived;
      const answer = await this.#busy(() => data.answer);
      return answer && { ...answer, affectedSopInstanceUid: request.affectedSopInstanceUid };
    });
    return data;
  }
}

function unrecognized(request: DimseRequest): Answer {
  return {
    status: Statuses.UnrecognizedOperation,
    errorComment: `Unrecognized operation: ${commandName(request.commandField)}`,
  };
}
