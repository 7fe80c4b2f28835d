/**
 * Metadata of studies, series and instances (PS3.18 10.4.1.1.3) in JSON or XML, streamed: of each instance what stands before
 * and between its bulk data is read, and bulk data becomes a URI.
 */
import type { StoredInstance } from '../../../backends/backend.ts';
import { formatElementPath } from '../../../dicom/models/element-path.ts';
import type { BulkDataRule } from '../../../dicom/models/model-writer.ts';
import { type ModelFormat, writeInstanceModel } from '../../../dicom/models/write-model.ts';
import { plainBytes } from '../../../dicom/ranged-bytes.ts';
import { strongTag } from '../http/conditional.ts';
import { type OutgoingPart, writeMultipart } from '../http/multipart-writer.ts';
import { chooseOrRefuse } from '../http/negotiate.ts';
import { metadataOffers } from '../resources/offers.ts';
import type { WebHandler, WebLimits, WebRequest } from '../web-handler.ts';
import { jsonType, modelType, streamedJsonArray, xmlMessage, xmlPart } from './model-answer.ts';
import { acceptableOf, instanceUrl, parametersOf, retrieveOf, targetOf } from './reading-request.ts';
import { type Representation, respond } from './representation.ts';
import { type Retrieval, withRetrieval } from './retrieval.ts';

export const metadata: WebHandler = async (request, session, services) => {
  const { limits } = services;
  const { resource } = targetOf(request, 'resource', limits);
  const format = modelType(
    chooseOrRefuse(acceptableOf(request, parametersOf(request, limits), limits), metadataOffers),
  );
  const facts = { session, services, signal: request.signal };
  return withRetrieval(retrieveOf(resource), facts, async (retrieval) => {
    const documents = documentsOf(retrieval, { format, request, limits });
    const tag = tagOf(retrieval, format);
    return respond(
      { ...written(documents, format), ...(tag === undefined ? {} : { tag }) },
      { request, retrieval, limits },
    );
  });
};

function written(
  documents: AsyncIterable<AsyncIterable<Uint8Array>>,
  format: ModelFormat,
): Pick<Representation, 'contentType' | 'read'> {
  if (format === 'json') return { contentType: jsonType, read: () => streamedJsonArray(documents) };
  const { boundary, contentType } = xmlMessage();
  return { contentType, read: () => writeMultipart(xmlParts(documents), boundary) };
}

async function* xmlParts(documents: AsyncIterable<AsyncIterable<Uint8Array>>): AsyncGenerator<OutgoingPart> {
  for await (const document of documents) yield xmlPart(document);
}

interface WritingFacts {
  readonly format: ModelFormat;
  readonly request: WebRequest;
  readonly limits: WebLimits;
}

async function* documentsOf(
  retrieval: Retrieval,
  { format, request, limits }: WritingFacts,
): AsyncGenerator<AsyncIterable<Uint8Array>, void, undefined> {
  for (const instance of retrieval.instances) {
    yield retrieval.leaving(instance, () =>
      writeInstanceModel(format, plainBytes(instance, limits.dataSet), {
        transferSyntaxUid: instance.transferSyntaxUid,
        limits: { ...limits.dataSet, ...limits.model },
        bulkData: bulkDataOf(instance, request.baseUrl, limits),
      }),
    );
  }
}

/** The URI is the path to the value, below the instance: whoever may have the one may have the other, and nobody else. */
export function bulkDataOf({ head }: StoredInstance, baseUrl: string, limits: WebLimits): BulkDataRule {
  const below = `${instanceUrl(baseUrl, head)}/bulkdata/`;
  // studies, series, instances with a UID each, and the word itself.
  const stepsMax = limits.web.pathSegmentsMax - 7;
  return {
    inlineBulkBytesMax: limits.model.inlineBulkBytesMax,
    uriOf: (path) => (path.length > stepsMax ? undefined : below + formatElementPath(path)),
  };
}

/** Of one instance; weak, since a message's boundary is new each time. What a study is made of may have changed meanwhile. */
function tagOf({ instances }: Retrieval, format: ModelFormat): string | undefined {
  const [only] = instances;
  return only === undefined || instances.length > 1 ? undefined : `W/${strongTag(only.sha256, format)}`;
}
