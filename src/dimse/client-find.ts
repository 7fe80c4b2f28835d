/** C-FIND as SCU (PS3.7 9.1.2): matches as an async iterable, read from the peer no faster than they are consumed. */
import type { DataSet } from '../dicom/data-set.ts';
import { readDataSet, writeDataSet } from '../dicom/data-set-codec.ts';
import type { Uid } from '../dicom/uid.ts';
import { LeadglassError } from '../error.ts';
import type { AcceptedContext } from '../upper-layer/association-types.ts';
import { printableComment } from './command-elements.ts';
import { type CFindRequest, CommandField, Priority } from './command-set.ts';
import type { MessageExchange } from './message-exchange.ts';
import { describeStatus, statusClass } from './status.ts';

export interface FindOptions {
  /** More matches than these end the query with an error. */
  readonly answersMax: number;
  readonly priority?: number;
  readonly signal?: AbortSignal;
}

export interface FindRequest {
  readonly sopClassUid: Uid;
  readonly identifier: DataSet;
  readonly context: AcceptedContext;
}

export async function* findOnExchange(
  exchange: MessageExchange,
  { sopClassUid, identifier, context }: FindRequest,
  { answersMax, priority = Priority.medium, signal }: FindOptions,
): AsyncGenerator<DataSet, void> {
  const stop = new AbortController();
  const cancel = signal === undefined ? stop.signal : AbortSignal.any([stop.signal, signal]);
  const matches: DataSet[] = [];
  let wake = Promise.withResolvers<void>();
  let taken = Promise.withResolvers<void>();
  let count = 0;
  let isLeft = false;
  const answered = exchange.request<CFindRequest>(
    { commandField: CommandField.CFindRq, affectedSopClassUid: sopClassUid, priority },
    {
      contextId: context.id,
      data: writeDataSet(identifier, context.transferSyntax),
      cancel,
      onPending: ({ dataSet }) => {
        // Nobody looks at matches that still come after the C-CANCEL.
        if (isLeft) return undefined;
        if (dataSet === undefined) throw new LeadglassError('PEER_FAILED', 'The peer sent a match without a data set');
        count += 1;
        if (count > answersMax) {
          isLeft = true;
          stop.abort();
          return undefined;
        }
        matches.push(
          readDataSet(dataSet, { transferSyntaxUid: context.transferSyntax, limits: exchange.limits.identifier }),
        );
        wake.resolve();
        return taken.promise;
      },
    },
  );
  let isFinal = false;
  const final = answered.finally(() => {
    isFinal = true;
    wake.resolve();
  });
  final.catch(() => undefined);
  try {
    for (;;) {
      await wake.promise;
      wake = Promise.withResolvers();
      // The peer may send on while the consumer works on these.
      taken.resolve();
      taken = Promise.withResolvers();
      for (let match = matches.shift(); match !== undefined; match = matches.shift()) yield match;
      if (isFinal && matches.length === 0) break;
    }
    const { response } = await final;
    if (count > answersMax) {
      throw new LeadglassError('LIMIT_EXCEEDED', `The query has more than ${answersMax} matches; narrow it`);
    }
    if (signal?.aborted === true) throw new LeadglassError('CANCELLED', 'The query was cancelled');
    if (statusClass(response.status) === 'failure') {
      throw new LeadglassError(
        'PEER_FAILED',
        `The query failed: the peer answered ${describeStatus(response.status)}${commentOf(response.errorComment)}`,
      );
    }
  } finally {
    isLeft = true;
    taken.resolve();
    if (!isFinal) {
      stop.abort();
      await final.catch(() => undefined);
    }
  }
}

/** What the peer says of it, so that a person need not look into the peer's log. */
function commentOf(comment: string | undefined): string {
  return comment === undefined || comment === '' ? '' : `: ${printableComment(comment)}`;
}
