/**
 * The user's side: one association to a peer and the services on it. What a peer answers is not trusted: everything it sends
 * is bounded, typed, and delivered as values or streams; nothing of it becomes a name or a path here.
 */
import type { DataSet } from '../dicom/data-set.ts';
import { SopClasses } from '../dicom/sop-class.ts';
import type { Uid } from '../dicom/uid.ts';
import { type ErrorCode, LeadglassError } from '../error.ts';
import type { Association } from '../upper-layer/association.ts';
import type { AcceptedContext } from '../upper-layer/association-types.ts';
import { type FindOptions, findOnExchange } from './client-find.ts';
import { type NormalizedResponse, normalizedOnExchange, type NormalizedRequest } from './client-normalized.ts';
import {
  type InstanceReceiver,
  type MoveOptions,
  type ReceivedInstance,
  type RetrieveOptions,
  type RetrieveOutcome,
  retrieveOnExchange,
  storeHandler,
} from './client-retrieve.ts';
import { type CEchoRequest, CommandField, type CStoreResponse } from './command-set.ts';
import { connectAssociation, type ConnectOptions } from './connect.ts';
import type { DimseAssociation, EndReason } from './dimse-association.ts';
import type { DimseLimits } from './dimse-limits.ts';
import type { DimseHandlers } from './handlers.ts';
import { MessageExchange } from './message-exchange.ts';
import { serve } from './provider.ts';
import { type Status, Statuses } from './status.ts';
import { type OutgoingInstance, storeContext, storeOnAssociation, type StoreOptions } from './store-on-association.ts';

export interface ClientOptions extends ConnectOptions {
  readonly dimseLimits: DimseLimits;
  /** N-EVENT-REPORT that the peer sends on this association: the result of a storage commitment. */
  readonly nEventReport?: DimseHandlers['nEventReport'];
}

export class DimseClient implements AsyncDisposable {
  readonly association: DimseAssociation;
  /** How the association ended; never rejects. */
  readonly ended: Promise<EndReason>;
  readonly #exchange: MessageExchange;
  /** Who gets the instances that a C-GET brings; one at a time. */
  #receiving: ((instance: ReceivedInstance) => InstanceReceiver | Promise<InstanceReceiver>) | undefined;

  /** Over an association that is there already; `connect` is the usual way. */
  constructor(association: DimseAssociation, options: Pick<ClientOptions, 'dimseLimits' | 'nEventReport'>) {
    this.association = association;
    this.#exchange = new MessageExchange(association, options.dimseLimits);
    const { nEventReport } = options;
    this.ended = serve(this.#exchange, {
      store: storeHandler(() => this.#receiving),
      ...(nEventReport === undefined ? {} : { nEventReport }),
      errorStatus: (error) => ({ status: receivingStatus(error.code), errorComment: error.message }),
    });
  }

  /** @throws LeadglassError as connectAssociation */
  static async connect(options: ClientOptions): Promise<DimseClient> {
    const association: Association = await connectAssociation(options);
    return new DimseClient(association, options);
  }

  get contexts(): ReadonlyMap<number, AcceptedContext> {
    return this.association.contexts;
  }

  /** True once nothing can be sent any more. */
  get isOver(): boolean {
    return this.#exchange.isOver;
  }

  /** C-STORE requests that the peer lets us have under way at once. */
  get window(): number {
    return this.#exchange.invokedMax;
  }

  /** The status of a C-ECHO; 0 is well. */
  async echo(): Promise<Status> {
    const context = this.contextFor(SopClasses.Verification);
    const { response } = await this.#exchange.request<CEchoRequest>(
      { commandField: CommandField.CEchoRq, affectedSopClassUid: SopClasses.Verification },
      { contextId: context.id },
    );
    return response.status;
  }

  /** Was a context accepted in which such an instance can be sent as it is? */
  canStore(instance: Pick<OutgoingInstance, 'sopClassUid' | 'transferSyntaxUid'>): boolean {
    return storeContext(this.#exchange, instance) !== undefined;
  }

  /** Sends one instance; any status is an answer, not an error. Calls may overlap: `window` of them run at once. */
  store(instance: OutgoingInstance, options?: StoreOptions): Promise<CStoreResponse> {
    return storeOnAssociation(this.#exchange, instance, options);
  }

  /**
   * The matches of a C-FIND. Leaving the loop early, or `signal`, sends C-CANCEL.
   * @throws LeadglassError PEER_FAILED with the status for a failure, LIMIT_EXCEEDED for more than `answersMax` matches
   */
  find(sopClassUid: Uid, identifier: DataSet, options: FindOptions): AsyncGenerator<DataSet, void> {
    const context = this.contextFor(sopClassUid);
    return findOnExchange(this.#exchange, { sopClassUid, identifier, context }, options);
  }

  /** C-GET: each instance comes to `onInstance` as a stream. */
  async get(sopClassUid: Uid, identifier: DataSet, options: RetrieveOptions): Promise<RetrieveOutcome> {
    if (this.#receiving !== undefined) {
      throw new LeadglassError('BAD_REQUEST', 'Cannot start a C-GET: another one is under way on this association');
    }
    const context = this.contextFor(sopClassUid);
    let received = 0;
    this.#receiving = (instance) => {
      received += 1;
      if (received <= options.instancesMax) return options.onInstance(instance);
      const error = new LeadglassError(
        'LIMIT_EXCEEDED',
        `The peer sent more instances than expected: at most ${options.instancesMax}`,
      );
      this.#exchange.fail(error);
      throw error;
    };
    try {
      return await retrieveOnExchange(
        this.#exchange,
        { commandField: CommandField.CGetRq, sopClassUid, identifier, context },
        options,
      );
    } finally {
      this.#receiving = undefined;
    }
  }

  /** C-MOVE: the peer sends to `moveDestination`, which it must know. */
  move(sopClassUid: Uid, identifier: DataSet, options: MoveOptions): Promise<RetrieveOutcome> {
    const context = this.contextFor(sopClassUid);
    const { moveDestination } = options;
    return retrieveOnExchange(
      this.#exchange,
      { commandField: CommandField.CMoveRq, sopClassUid, identifier, context, moveDestination },
      options,
    );
  }

  /** Any N- service, for instance N-ACTION of a storage commitment. Any status is an answer, not an error. */
  normalized(request: NormalizedRequest, dataSet?: DataSet): Promise<NormalizedResponse> {
    const sopClassUid = 'requestedSopClassUid' in request ? request.requestedSopClassUid : request.affectedSopClassUid;
    return normalizedOnExchange(this.#exchange, { request, dataSet, context: this.contextFor(sopClassUid) });
  }

  /**
   * The first accepted context of this SOP class.
   * @throws LeadglassError UNSUPPORTED
   */
  contextFor(sopClassUid: Uid): AcceptedContext {
    for (const context of this.contexts.values()) if (context.abstractSyntax === sopClassUid) return context;
    throw new LeadglassError('UNSUPPORTED', 'The peer accepted no presentation context for this service', {
      detail: `SOP class ${sopClassUid}`,
    });
  }

  /** @throws LeadglassError why it ended otherwise */
  release(): Promise<void> {
    return this.association.release();
  }

  abort(): void {
    this.association.abort();
  }

  /** Releases what can be released. */
  async [Symbol.asyncDispose](): Promise<void> {
    if (!this.#exchange.isOver) await this.release().catch(() => this.abort());
    await this.ended;
  }
}

/** What a peer is told whose instance or event could not be taken: nothing about this side but whether to try again. */
function receivingStatus(code: ErrorCode): Status {
  switch (code) {
    case 'OUT_OF_RESOURCES':
    case 'LIMIT_EXCEEDED':
      return Statuses.OutOfResources;
    case 'NOT_AUTHORIZED':
      return Statuses.NotAuthorized;
    case 'MALFORMED':
      return Statuses.CannotUnderstand;
    default:
      return Statuses.ProcessingFailure;
  }
}
