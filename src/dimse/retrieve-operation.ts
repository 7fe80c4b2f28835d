/** C-GET and C-MOVE as SCP (PS3.7 9.1.3 and 9.1.4, PS3.4 C.4.2 and C.4.3): progress, cancellation, the final numbers. */
import { DataSet } from '../dicom/data-set.ts';
import { writeDataSet } from '../dicom/data-set-codec.ts';
import type { Tag } from '../dicom/tag.ts';
import type { Uid } from '../dicom/uid.ts';
import type { AcceptedContext } from '../upper-layer/association-types.ts';
import type { DataSet as Identifier } from '../dicom/data-set.ts';
import type { Progress, RetrieveResult, SuboperationCounts } from './handlers.ts';
import type { MessageExchange } from './message-exchange.ts';
import { type AnswerValues, type Operation, readRequestDataSet } from './operation.ts';
import { type Status, Statuses } from './status.ts';

export interface RetrieveWork<R> {
  readonly request: R;
  readonly bytes: Uint8Array | undefined;
  readonly retrieve: (
    request: R,
    context: AcceptedContext,
    identifier: Identifier,
    cancel: AbortSignal,
    progress: Progress,
    exchange: MessageExchange,
  ) => Promise<RetrieveResult>;
}

/** Sends the pending and the final response, which may have a data set. */
export async function answerRetrieve<R>(
  operation: Operation,
  { request, bytes, retrieve }: RetrieveWork<R>,
): Promise<undefined> {
  const { context, exchange } = operation;
  const { signal } = operation.cancel;
  const identifier = readRequestDataSet(bytes, operation);
  const pending = new PendingResponses(operation);
  let result: RetrieveResult;
  try {
    result = await retrieve(request, context, identifier, signal, (counts) => pending.report(counts), exchange);
  } finally {
    // The final response must be the last one.
    await pending.stop();
  }
  const status = result.status ?? finalStatus(result, signal.aborted);
  const { errorComment, offendingElement } = result;
  await operation.respond(
    {
      status,
      ...(errorComment === undefined ? {} : { errorComment }),
      ...(offendingElement === undefined ? {} : { offendingElement }),
      ...numbers(result, status === Statuses.Cancel),
    },
    failedList(result.failedSopInstanceUids, context.transferSyntax),
  );
}

/** PS3.4 C.4.2.1.5 and C.4.3.1.4. */
function finalStatus({ completed, failed, warning, remaining }: SuboperationCounts, isCancelled: boolean): Status {
  if (isCancelled && remaining > 0) return Statuses.Cancel;
  if (failed === 0 && warning === 0) return Statuses.Success;
  if (failed > 0 && completed === 0 && warning === 0) return Statuses.UnableToPerformSuboperations;
  return Statuses.SuboperationsCompleteWithFailures;
}

/** The numbers are US: more than 65,535 show as that. Remaining ones only where some may be (PS3.7 9.1.3.1). */
function numbers(counts: SuboperationCounts, hasRemaining: boolean): Omit<AnswerValues, 'status'> {
  return {
    ...(hasRemaining ? { numberOfRemainingSuboperations: Math.min(counts.remaining, 0xffff) } : {}),
    numberOfCompletedSuboperations: Math.min(counts.completed, 0xffff),
    numberOfFailedSuboperations: Math.min(counts.failed, 0xffff),
    numberOfWarningSuboperations: Math.min(counts.warning, 0xffff),
  };
}

const failedSopInstanceUidList: Tag = 0x00080058;
/** PS3.5 7.1.2: VR UI has a length of 16 bits in the explicit encodings, and is even. */
const uidValueBytesMax = 0xfffe;

function failedList(uids: readonly Uid[], transferSyntax: Uid): Uint8Array | undefined {
  if (uids.length === 0) return undefined;
  let text = '';
  for (const uid of uids) {
    if (text.length + 1 + uid.length > uidValueBytesMax) break;
    text = text === '' ? uid : `${text}\\${uid}`;
  }
  const value = new Uint8Array(text.length + (text.length % 2));
  for (let at = 0; at < text.length; at += 1) value[at] = text.charCodeAt(at);
  return writeDataSet(new DataSet().set({ tag: failedSopInstanceUidList, vr: 'UI', value }), transferSyntax);
}

/** At most one pending response waits for the socket; newer numbers take the place of those that wait. */
class PendingResponses {
  readonly #operation: Operation;
  #latest: SuboperationCounts | undefined;
  #sending: Promise<void> | undefined;

  constructor(operation: Operation) {
    this.#operation = operation;
  }

  report(counts: SuboperationCounts): void {
    this.#latest = counts;
    this.#sending ??= this.#send();
  }

  async stop(): Promise<void> {
    this.#latest = undefined;
    await this.#sending;
  }

  async #send(): Promise<void> {
    for (let counts = this.#latest; counts !== undefined; counts = this.#latest) {
      this.#latest = undefined;
      await this.#operation.respond({ status: Statuses.Pending, ...numbers(counts, true) });
    }
    this.#sending = undefined;
  }
}
