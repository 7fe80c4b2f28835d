/** The N- services as performer (PS3.7 section 10): read the data set, ask the handler, send what it says. */
import { writeDataSet } from '../dicom/data-set-codec.ts';
import type { DataSet } from '../dicom/data-set.ts';
import type { AcceptedContext } from '../upper-layer/association-types.ts';
import type { DimseRequest } from './command-set.ts';
import type { NormalizedAnswer } from './handlers.ts';
import type { MessageExchange } from './message-exchange.ts';
import { type Operation, readRequestDataSet } from './operation.ts';

export interface NormalizedWork<R> {
  readonly request: R;
  readonly bytes: Uint8Array | undefined;
  readonly handler: (
    request: R,
    context: AcceptedContext,
    dataSet: DataSet | undefined,
    exchange: MessageExchange,
  ) => Promise<NormalizedAnswer>;
}

export async function answerNormalized<R extends DimseRequest>(
  operation: Operation,
  { request, bytes, handler }: NormalizedWork<R>,
): Promise<undefined> {
  const { context, exchange } = operation;
  const information = bytes === undefined ? undefined : readRequestDataSet(bytes, operation);
  const { dataSet, ...answer } = await handler(request, context, information, exchange);
  const instance = 'requestedSopInstanceUid' in request ? request.requestedSopInstanceUid : affectedInstance(request);
  await operation.respond(
    {
      ...(instance === undefined ? {} : { affectedSopInstanceUid: instance }),
      // PS3.7 10.3.1.2 and 10.3.4.2: repeated in the response.
      ...('eventTypeId' in request ? { eventTypeId: request.eventTypeId } : {}),
      ...('actionTypeId' in request ? { actionTypeId: request.actionTypeId } : {}),
      ...answer,
    },
    dataSet === undefined ? undefined : writeDataSet(dataSet, context.transferSyntax),
  );
}

function affectedInstance(request: DimseRequest) {
  return 'affectedSopInstanceUid' in request ? request.affectedSopInstanceUid : undefined;
}
