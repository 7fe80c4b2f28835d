/** C-FIND as SCP (PS3.7 9.1.2, PS3.4 C.4.1): one pending response per match, at the pace at which the peer takes them. */
import { writeDataSet } from '../dicom/data-set-codec.ts';
import type { CFindRequest } from './command-set.ts';
import type { Answer, DimseHandlers, FindAnswer } from './handlers.ts';
import { type Operation, readRequestDataSet } from './operation.ts';
import { Statuses } from './status.ts';

export interface FindWork {
  readonly request: CFindRequest;
  readonly bytes: Uint8Array | undefined;
  readonly find: NonNullable<DimseHandlers['find']>;
}

/** Sends the pending responses; returns the final one. */
export async function answerFind(operation: Operation, { request, bytes, find }: FindWork): Promise<Answer> {
  const { context, exchange } = operation;
  const { signal } = operation.cancel;
  const identifier = readRequestDataSet(bytes, operation);
  const matches = find(request, context, identifier, signal)[Symbol.asyncIterator]();
  try {
    for (;;) {
      const next = await nextUnlessAborted(matches, signal);
      if (next === 'aborted') return { status: Statuses.Cancel };
      if (next.done === true) return { status: Statuses.Success };
      const { identifier: match, status } = next.value;
      await operation.respond({ status: status ?? Statuses.Pending }, writeDataSet(match, context.transferSyntax));
      if (exchange.isOver) return { status: Statuses.Cancel };
    }
  } finally {
    // Not waited for: a handler that is busy looking for its next match ends itself by the signal.
    matches.return?.().catch(() => undefined);
  }
}

/** The next match, or word that nobody wants it any more, whichever comes first. */
async function nextUnlessAborted(
  matches: AsyncIterator<FindAnswer>,
  signal: AbortSignal,
): Promise<IteratorResult<FindAnswer> | 'aborted'> {
  if (signal.aborted) return 'aborted';
  const { promise: aborted, resolve } = Promise.withResolvers<'aborted'>();
  const onAbort = (): void => resolve('aborted');
  signal.addEventListener('abort', onAbort);
  try {
    // A promise per match, not one for all: a race would hang its reactions on that until the last match.
    const next = matches.next();
    next.catch(() => undefined);
    const first = await Promise.race([next, aborted]);
    return signal.aborted ? 'aborted' : first;
  } catch (error) {
    // What a cancelled handler throws is its way to stop.
    if (signal.aborted) return 'aborted';
    throw error;
  } finally {
    signal.removeEventListener('abort', onAbort);
  }
}
