/**
 * One value of bulk data (PS3.18 10.4.1.1.5), where metadata has put a URI for it: as octets, whole or by ranges; encapsulated
 * pixel data frame by frame, or decoded; a video as one stream.
 */
import { Tags } from '../../../dicom/dictionary/tags.generated.ts';
import type { ElementPath } from '../../../dicom/models/element-path.ts';
import type { FoundValue } from '../../../dicom/models/value-at-path.ts';
import { transferSyntaxInfo, TransferSyntaxes } from '../../../dicom/transfer-syntax.ts';
import { LeadglassError } from '../../../error.ts';
import { isVideoSyntax } from '../../../rendering/video-type.ts';
import type { Acceptable } from '../http/accept.ts';
import { strongTag } from '../http/conditional.ts';
import type { OutgoingPart } from '../http/multipart-writer.ts';
import { chooseOrRefuse } from '../http/negotiate.ts';
import type { ByteRange } from '../http/range.ts';
import { pixelOffers } from '../resources/offers.ts';
import type { WebHandler, WebRequest, WebResponse, WebServices } from '../web-handler.ts';
import {
  acceptablePixels,
  allFrames,
  chosenPixels,
  message,
  opened,
  partsOf,
  pixelContentType,
  videoPart,
} from './frames.ts';
import { acceptableOf, instanceUrl, parametersOf, retrieveOf, targetOf } from './reading-request.ts';
import { respond } from './representation.ts';
import { type Retrieval, withRetrieval } from './retrieval.ts';
import { valueBytes, valueOf } from './value-bytes.ts';

const octets = 'application/octet-stream';

export const bulkDataValue: WebHandler = async (request, session, services) => {
  const { limits } = services;
  const { resource, path } = targetOf(request, 'bulkdata-value', limits);
  const acceptable = acceptableOf(request, parametersOf(request, limits), limits);
  const facts = { session, services, signal: request.signal };
  return withRetrieval(retrieveOf(resource), facts, async (retrieval) => {
    const instance = retrieval.first;
    const answering = { request, retrieval, services, acceptable, path };
    const found = await valueOf(instance, path, limits);
    if (found === undefined) throw new LeadglassError('NOT_FOUND', 'There is no such resource');
    if ('encapsulated' in found) {
      return isVideoSyntax(instance.transferSyntaxUid) ? video(answering) : byFrames(answering);
    }
    await found.close();
    if (isPixelData(path) && wantsCompressed(answering)) return byFrames(answering);
    return octetsOf(found, answering);
  });
};

function isPixelData(path: ElementPath): boolean {
  return path.length === 1 && path[0] === Tags.PixelData;
}

/** Of native pixel data: then it is compressed on the way. */
function wantsCompressed({ retrieval, acceptable, services }: Answering): boolean {
  const pixels = acceptablePixels(retrieval.first, { acceptable, services, isOne: false });
  return pixels !== undefined && transferSyntaxInfo(pixels.transferSyntaxUid)?.encapsulated === true;
}

interface Answering {
  readonly request: WebRequest;
  readonly retrieval: Retrieval;
  readonly services: WebServices;
  readonly acceptable: Acceptable;
  readonly path: ElementPath;
}

async function octetsOf({ lengthBytes }: FoundValue, answering: Answering): Promise<WebResponse> {
  const { request, retrieval, services, acceptable, path } = answering;
  const { limits } = services;
  const instance = retrieval.first;
  const offer = chooseOrRefuse(acceptable, pixelOffers([TransferSyntaxes.ExplicitVrLittleEndian], { isOne: true }));
  const content = (range?: ByteRange): AsyncIterable<Uint8Array> =>
    retrieval.leaving(instance, () =>
      valueBytes(instance, { path, limits, ...(range === undefined ? {} : { range }) }),
    );
  const tag = strongTag(instance.sha256, path.join('-'));
  const location = request.baseUrl + request.path;
  if (offer.isMultipart) {
    const headers: OutgoingPart['headers'] = [
      ['Content-Type', octets],
      ['Content-Location', location],
    ];
    const parts = async function* (): AsyncGenerator<OutgoingPart, void, undefined> {
      yield { headers, body: content(), lengthBytes };
    };
    return respond({ ...message(octets, parts), tag: `W/${tag}` }, { request, retrieval, limits });
  }
  const single = {
    contentType: octets,
    tag,
    lengthBytes,
    headers: [['Content-Location', location]] as const,
    read: () => content(),
    readRange: (range: ByteRange) => content(range),
  };
  return respond(single, { request, retrieval, limits });
}

/** All of the stream, whole or by ranges: players ask for where they are. */
async function video(answering: Answering): Promise<WebResponse> {
  const { request, retrieval, services, acceptable, path } = answering;
  const { limits } = services;
  const instance = retrieval.first;
  if (path.length !== 1 || path[0] !== Tags.PixelData) {
    throw new LeadglassError('NOT_FOUND', 'There is no such resource');
  }
  const chosen = chosenPixels(instance, { acceptable, services, isOne: true });
  const part = await videoPart(instance, { chosen, limits, url: instanceUrl(request.baseUrl, instance.head) });
  const tag = strongTag(instance.sha256, `${chosen.transferSyntaxUid}.${path.join('-')}`);
  const leaving = (content: AsyncIterable<Uint8Array>): AsyncIterable<Uint8Array> =>
    retrieval.leaving(instance, () => content);
  if (chosen.offer.isMultipart) {
    const parts = async function* (): AsyncGenerator<OutgoingPart, void, undefined> {
      yield { ...part, body: leaving(part.body) };
    };
    return respond({ ...message(chosen.offer.name, parts), tag: `W/${tag}` }, { request, retrieval, limits });
  }
  const single = {
    contentType: pixelContentType(chosen),
    tag,
    lengthBytes: part.lengthBytes,
    headers: [['Content-Location', request.baseUrl + request.path]] as const,
    read: () => leaving(part.body),
    readRange: (range: ByteRange) => leaving(part.readRange(range)),
  };
  return respond(single, { request, retrieval, limits });
}

/** Compressed pixel data has no fragments on the way (8.7.3): a part for each frame, or octets decoded. */
async function byFrames(answering: Answering): Promise<WebResponse> {
  const { request, retrieval, services, acceptable, path } = answering;
  const { limits } = services;
  const instance = retrieval.first;
  const source = await opened(instance, { services, owner: retrieval.owner, signal: request.signal });
  if (path.length !== 1 || path[0] !== source.frames.pixelData.tag) {
    throw new LeadglassError('NOT_FOUND', 'There is no such resource');
  }
  const isOne = source.frames.numberOfFrames === 1;
  const chosen = chosenPixels(instance, { acceptable, services, isOne });
  const { offer, transferSyntaxUid } = chosen;
  const url = instanceUrl(request.baseUrl, instance.head);
  const content = (): AsyncIterable<Uint8Array> => source.each(allFrames(source), transferSyntaxUid);
  const tag = strongTag(instance.sha256, `${transferSyntaxUid}.${path.join('-')}`);
  if (!offer.isMultipart) {
    const read = (): AsyncIterable<Uint8Array> => retrieval.leaving(instance, content);
    return respond({ contentType: pixelContentType(chosen), tag, read }, { request, retrieval, limits });
  }
  const isByFrame = transferSyntaxInfo(transferSyntaxUid)?.encapsulated === true;
  const parts = async function* (): AsyncGenerator<OutgoingPart, void, undefined> {
    if (isByFrame) {
      const urlOf = (index: number): string => `${url}/frames/${index + 1}`;
      yield* retrieval.leaving(instance, () => partsOf(content(), { chosen, urlOf }));
      return;
    }
    const headers: OutgoingPart['headers'] = [
      ['Content-Type', pixelContentType(chosen)],
      ['Content-Location', request.baseUrl + request.path],
    ];
    yield { headers, body: retrieval.leaving(instance, content) };
  };
  return respond({ ...message(offer.name, parts), tag: `W/${tag}` }, { request, retrieval, limits });
}
