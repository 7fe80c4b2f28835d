/**
 * C-GET and C-MOVE as SCU (PS3.7 9.1.3 and 9.1.4). The instances of a C-GET come as C-STORE requests on the same
 * association; a receiver gets each as a stream, with identifiers that were parsed, and decides where it goes.
 */
import { type DataSet } from '../dicom/data-set.ts';
import { readDataSet, writeDataSet } from '../dicom/data-set-codec.ts';
import { isUid, type Uid } from '../dicom/uid.ts';
import { LeadglassError } from '../error.ts';
import type { AcceptedContext } from '../upper-layer/association-types.ts';
import { type CGetRequest, type CGetResponse, type CMoveRequest, CommandField, Priority } from './command-set.ts';
import type { DimseHandlers, StoreReceiver, SuboperationCounts } from './handlers.ts';
import type { Answered, MessageExchange } from './message-exchange.ts';
import { type Status, Statuses } from './status.ts';

export interface ReceivedInstance {
  readonly sopClassUid: Uid;
  readonly sopInstanceUid: Uid;
  /** Of the bytes that are written to the receiver. */
  readonly transferSyntaxUid: Uid;
}

/** As StoreReceiver; `end` without an answer is success. */
export interface InstanceReceiver extends Omit<StoreReceiver, 'end'> {
  end(): Promise<{ readonly status: Status; readonly errorComment?: string } | undefined>;
}

interface CommonOptions {
  readonly priority?: number;
  /** Sends C-CANCEL. */
  readonly signal?: AbortSignal;
  readonly onProgress?: (counts: Partial<SuboperationCounts>) => void;
}

export interface RetrieveOptions extends CommonOptions {
  /** More instances than these end the association. */
  readonly instancesMax: number;
  /** What it or the receiver throws is answered to the peer as a failed sub-operation. */
  onInstance(instance: ReceivedInstance): InstanceReceiver | Promise<InstanceReceiver>;
}

export interface MoveOptions extends CommonOptions {
  readonly moveDestination: string;
}

/** The final response. */
export interface RetrieveOutcome extends Partial<SuboperationCounts> {
  readonly status: Status;
  readonly errorComment?: string;
  readonly failedSopInstanceUids: readonly Uid[];
}

type RetrieveRequest = {
  readonly sopClassUid: Uid;
  readonly identifier: DataSet;
  readonly context: AcceptedContext;
} & (
  | { readonly commandField: typeof CommandField.CGetRq }
  | { readonly commandField: typeof CommandField.CMoveRq; readonly moveDestination: string }
);

export async function retrieveOnExchange(
  exchange: MessageExchange,
  request: RetrieveRequest,
  { priority = Priority.medium, signal, onProgress }: CommonOptions,
): Promise<RetrieveOutcome> {
  const { sopClassUid: affectedSopClassUid, identifier, context } = request;
  const options = {
    contextId: context.id,
    data: writeDataSet(identifier, context.transferSyntax),
    ...(signal === undefined ? {} : { cancel: signal }),
    onPending: ({ response }: Answered<CGetRequest> | Answered<CMoveRequest>): void => onProgress?.(countsOf(response)),
  };
  const { response, dataSet } =
    request.commandField === CommandField.CGetRq
      ? await exchange.request<CGetRequest>(
          { commandField: CommandField.CGetRq, affectedSopClassUid, priority },
          options,
        )
      : await exchange.request<CMoveRequest>(
          {
            commandField: CommandField.CMoveRq,
            affectedSopClassUid,
            priority,
            moveDestination: request.moveDestination,
          },
          options,
        );
  const { status, errorComment } = response;
  return {
    status,
    ...(errorComment === undefined ? {} : { errorComment }),
    ...countsOf(response),
    failedSopInstanceUids: failedUids(exchange, context, dataSet),
  };
}

function countsOf(
  response: Pick<CGetResponse, keyof CGetResponse> | Answered<CMoveRequest>['response'],
): Partial<SuboperationCounts> {
  const {
    numberOfRemainingSuboperations: remaining,
    numberOfCompletedSuboperations: completed,
    numberOfFailedSuboperations: failed,
    numberOfWarningSuboperations: warning,
  } = response;
  return {
    ...(remaining === undefined ? {} : { remaining }),
    ...(completed === undefined ? {} : { completed }),
    ...(failed === undefined ? {} : { failed }),
    ...(warning === undefined ? {} : { warning }),
  };
}

const failedSopInstanceUidList = 0x00080058;

/** The list is a help for people: what in it is no UID is left out rather than failing what was retrieved. */
function failedUids(
  exchange: MessageExchange,
  context: AcceptedContext,
  bytes: Uint8Array | undefined,
): readonly Uid[] {
  if (bytes === undefined || bytes.length === 0) return [];
  const { limits } = exchange;
  const dataSet = readDataSet(bytes, { transferSyntaxUid: context.transferSyntax, limits: limits.identifier });
  return dataSet.texts(failedSopInstanceUidList).filter((text) => isUid(text));
}

/** Answers C-STORE requests of the peer: with a receiver while a C-GET is under way, else with a refusal. */
export function storeHandler(
  receiving: () => ((instance: ReceivedInstance) => InstanceReceiver | Promise<InstanceReceiver>) | undefined,
): NonNullable<DimseHandlers['store']> {
  return async (request, context) => {
    const onInstance = receiving();
    if (onInstance === undefined) {
      throw new LeadglassError('NOT_AUTHORIZED', 'Cannot take the instance: nothing was asked for');
    }
    const receiver = await onInstance({
      sopClassUid: request.affectedSopClassUid,
      sopInstanceUid: request.affectedSopInstanceUid,
      transferSyntaxUid: context.transferSyntax,
    });
    return {
      write: (chunk) => receiver.write(chunk),
      end: async () => (await receiver.end()) ?? { status: Statuses.Success },
      abort: (reason) => receiver.abort(reason),
    };
  };
}
