/**
 * What a door hands to the provider: one function per DIMSE service, in terms of typed requests, parsed identifiers and
 * statuses. A service without its function is answered 0x0211, unrecognized operation.
 */
import type { DataSet } from '../dicom/data-set.ts';
import type { Tag } from '../dicom/tag.ts';
import type { Uid } from '../dicom/uid.ts';
import type { LeadglassError } from '../error.ts';
import type { AcceptedContext } from '../upper-layer/association-types.ts';
import type {
  CEchoRequest,
  CFindRequest,
  CGetRequest,
  CMoveRequest,
  CStoreRequest,
  NActionRequest,
  NCreateRequest,
  NDeleteRequest,
  NEventReportRequest,
  NGetRequest,
  NSetRequest,
} from './command-set.ts';
import type { MessageExchange } from './message-exchange.ts';
import type { Status, Statuses } from './status.ts';

/** Services whose failure statuses differ; `commit` stands for all N- services (PS3.7 section 10). */
export type DimseService = 'echo' | 'store' | 'find' | 'retrieve' | 'commit';

export interface Answer {
  readonly status: Status;
  /** Shortened to 64 printable characters. */
  readonly errorComment?: string;
  readonly offendingElement?: readonly Tag[];
}

/** Takes one arriving data set (without preamble and group 0002), in the context's transfer syntax. */
export interface StoreReceiver {
  /** The chunk may be kept only until this returns, or until the returned promise settles: that is the back-pressure. */
  write(chunk: Uint8Array): void | Promise<void>;
  /** All bytes came. The answer is sent when this resolves, so durability comes before. */
  end(): Promise<Answer>;
  /** A `write` of this failed, or the association ended before `end`. Not called after `end`. */
  abort(reason: unknown): void;
}

export interface FindAnswer {
  readonly identifier: DataSet;
  /** Pending by default. */
  readonly status?: typeof Statuses.Pending | typeof Statuses.PendingOptionalKeysNotSupported;
}

export interface SuboperationCounts {
  readonly remaining: number;
  readonly completed: number;
  readonly failed: number;
  readonly warning: number;
}

export interface RetrieveResult extends SuboperationCounts, Partial<Answer> {
  /** SOP Instance UIDs of failed sub-operations; cut to what a value of VR UI can hold. */
  readonly failedSopInstanceUids: readonly Uid[];
}

/** Sends a pending response with these numbers; while one waits for the socket only the newest numbers are kept. */
export type Progress = (counts: SuboperationCounts) => void;

export interface NormalizedAnswer extends Answer {
  readonly affectedSopInstanceUid?: Uid;
  readonly attributeIdentifierList?: readonly Tag[];
  /** Action reply, event reply or attribute list. */
  readonly dataSet?: DataSet;
}

type Normalized<R> = (
  request: R,
  context: AcceptedContext,
  dataSet: DataSet | undefined,
  exchange: MessageExchange,
) => Promise<NormalizedAnswer>;

/** May throw LeadglassError, answered as `errorStatus` says; anything else is answered 0x0110. */
export interface DimseHandlers {
  readonly echo?: (request: CEchoRequest, context: AcceptedContext) => Promise<Status>;
  readonly store?: (request: CStoreRequest, context: AcceptedContext) => StoreReceiver | Promise<StoreReceiver>;
  /** Iterated one match at a time, as the peer takes them; returned early when `cancel` fires or the association ends. */
  readonly find?: (
    request: CFindRequest,
    context: AcceptedContext,
    identifier: DataSet,
    cancel: AbortSignal,
  ) => AsyncIterable<FindAnswer>;
  /** Sub-operations go by storeOnAssociation(exchange, …); starts no further one once `cancel` has fired. */
  readonly get?: (
    request: CGetRequest,
    context: AcceptedContext,
    identifier: DataSet,
    cancel: AbortSignal,
    progress: Progress,
    exchange: MessageExchange,
  ) => Promise<RetrieveResult>;
  readonly move?: (
    request: CMoveRequest,
    context: AcceptedContext,
    identifier: DataSet,
    cancel: AbortSignal,
    progress: Progress,
    exchange: MessageExchange,
  ) => Promise<RetrieveResult>;
  /** `exchange` may send the N-EVENT-REPORT of a commitment on the same association later. */
  readonly nAction?: Normalized<NActionRequest>;
  readonly nEventReport?: Normalized<NEventReportRequest>;
  readonly nGet?: Normalized<NGetRequest>;
  readonly nSet?: Normalized<NSetRequest>;
  readonly nCreate?: Normalized<NCreateRequest>;
  readonly nDelete?: Normalized<NDeleteRequest>;
  readonly errorStatus: (
    error: LeadglassError,
    service: DimseService,
  ) => { readonly status: Status; readonly errorComment: string };
  /** For the log: each error that became a failure status. */
  readonly onError?: (error: LeadglassError, service: DimseService) => void;
}
