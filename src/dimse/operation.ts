/** One request of the peer on its way to the final response: what the services' own files need of the provider. */
import { readDataSet } from '../dicom/data-set-codec.ts';
import type { DataSet } from '../dicom/data-set.ts';
import { LeadglassError } from '../error.ts';
import type { AcceptedContext } from '../upper-layer/association-types.ts';
import type { CommandValues } from './command-elements.ts';
import type { DimseRequest } from './command-set.ts';
import type { Answer } from './handlers.ts';
import type { MessageExchange } from './message-exchange.ts';

/** What a response has beyond its message id and SOP class. */
export type AnswerValues = Answer & Partial<CommandValues>;

export interface Operation {
  readonly request: DimseRequest;
  readonly exchange: MessageExchange;
  readonly context: AcceptedContext;
  /** Aborted by C-CANCEL and by the end of the association. */
  readonly cancel: AbortController;
  /** Sends a response; resolves when the socket took it, or when it no longer matters. */
  respond(answer: AnswerValues, dataSet?: Uint8Array): Promise<void>;
  /** The failure that this error becomes. */
  errorAnswer(error: unknown): Answer;
}

/**
 * The data set of a request.
 * @throws LeadglassError MALFORMED, LIMIT_EXCEEDED
 */
export function readRequestDataSet(bytes: Uint8Array | undefined, { context, exchange }: Operation): DataSet {
  if (bytes === undefined) throw new LeadglassError('MALFORMED', 'Cannot read the identifier: there is none');
  return readDataSet(bytes, { transferSyntaxUid: context.transferSyntax, limits: exchange.limits.identifier });
}
