/** The N- services as invoker (PS3.7 section 10): one request, one response, each perhaps with a data set. */
import type { DataSet } from '../dicom/data-set.ts';
import { readDataSet, writeDataSet } from '../dicom/data-set-codec.ts';
import type { AcceptedContext } from '../upper-layer/association-types.ts';
import type {
  NActionRequest,
  NActionResponse,
  NCreateRequest,
  NCreateResponse,
  NDeleteRequest,
  NDeleteResponse,
  NEventReportRequest,
  NEventReportResponse,
  NGetRequest,
  NGetResponse,
  NSetRequest,
  NSetResponse,
} from './command-set.ts';
import type { MessageExchange, RequestContent } from './message-exchange.ts';

export type NormalizedRequest =
  | RequestContent<NActionRequest>
  | RequestContent<NCreateRequest>
  | RequestContent<NDeleteRequest>
  | RequestContent<NEventReportRequest>
  | RequestContent<NGetRequest>
  | RequestContent<NSetRequest>;

export interface NormalizedResponse {
  readonly response:
    | NActionResponse
    | NCreateResponse
    | NDeleteResponse
    | NEventReportResponse
    | NGetResponse
    | NSetResponse;
  readonly dataSet?: DataSet;
}

/**
 * Sends the request and waits for its answer; a provider uses it too, for the N-EVENT-REPORT of a storage commitment.
 * @throws LeadglassError PEER_FAILED, TIMED_OUT, MALFORMED for the answer's data set
 */
export async function normalizedOnExchange(
  exchange: MessageExchange,
  {
    request,
    dataSet,
    context,
  }: {
    readonly request: NormalizedRequest;
    readonly dataSet?: DataSet | undefined;
    readonly context: AcceptedContext;
  },
): Promise<NormalizedResponse> {
  const { transferSyntax: transferSyntaxUid } = context;
  const { response, dataSet: bytes } = await exchange.request<
    NActionRequest | NCreateRequest | NDeleteRequest | NEventReportRequest | NGetRequest | NSetRequest
  >(request, {
    contextId: context.id,
    ...(dataSet === undefined ? {} : { data: writeDataSet(dataSet, transferSyntaxUid) }),
  });
  if (bytes === undefined || bytes.length === 0) return { response };
  return { response, dataSet: readDataSet(bytes, { transferSyntaxUid, limits: exchange.limits.identifier }) };
}
