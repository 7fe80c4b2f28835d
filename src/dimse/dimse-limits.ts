/** The limits of DIMSE; limits.ts has the values and the reasons. */
import type { DataSetLimits } from '../dicom/data-set-limits.ts';
import type { CommandSetLimits } from './command-elements.ts';

export interface DimseLimits extends CommandSetLimits {
  /** Encoded length of an identifier, of information that goes with an N- message, or of an answer's data set. */
  readonly identifierBytesMax: number;
  /** For reading those. */
  readonly identifier: DataSetLimits;
  /** Operations under way at once on one association, in each direction, whatever was negotiated. */
  readonly operationsMax: number;
  /** What is read and dropped of a data set that has already failed, before the association is aborted instead. */
  readonly drainedBytesMax: number;
  /** Silence of the peer while an answer is due. */
  readonly responseMsMax: number;
  /** Pending responses to one request. */
  readonly pendingResponsesMax: number;
  /** Sending many instances: associations that may end in succession without an answer to any. */
  readonly endsWithoutAnswerMax: number;
}
