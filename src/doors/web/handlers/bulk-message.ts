/**
 * The bulk data of whole studies, series and instances in one message (PS3.18 10.4.1.1.5, and 10.4 for instances that are asked for
 * as octets): a part for each value to which metadata has a URI, found and streamed in one reading of each instance.
 */
import type { StoredInstance } from '../../../backends/backend.ts';
import { Tags } from '../../../dicom/dictionary/dictionary.ts';
import { bulkValues } from '../../../dicom/models/bulk-values.ts';
import { plainBytes } from '../../../dicom/ranged-bytes.ts';
import { transferSyntaxInfo, TransferSyntaxes } from '../../../dicom/transfer-syntax.ts';
import { isVideoSyntax } from '../../../rendering/video-type.ts';
import type { Acceptable } from '../http/accept.ts';
import type { OutgoingPart } from '../http/multipart-writer.ts';
import { choose, chooseOrRefuse } from '../http/negotiate.ts';
import { pixelOffers } from '../resources/offers.ts';
import type { WebHandler, WebRequest, WebResponse, WebServices } from '../web-handler.ts';
import type { ReadingFacts } from './conversions.ts';
import {
  acceptablePixels,
  allFrames,
  type ChosenPixels,
  pixelOffersOf,
  message,
  opened,
  partsOf,
  pixelContentType,
  videoPart,
} from './frames.ts';
import { bulkDataOf } from './metadata.ts';
import { acceptableOf, instanceUrl, parametersOf, retrieveOf, targetOf } from './reading-request.ts';
import { respond } from './representation.ts';
import { type Retrieval, withRetrieval } from './retrieval.ts';

const octets = 'application/octet-stream';
const isOne = false;

export const bulkData: WebHandler = async (request, session, services) => {
  const { limits } = services;
  const { resource } = targetOf(request, 'resource', limits);
  const acceptable = acceptableOf(request, parametersOf(request, limits), limits);
  const facts = { session, services, signal: request.signal };
  return withRetrieval(retrieveOf(resource), facts, (retrieval) =>
    bulkMessage({ request, retrieval, services, acceptable }),
  );
};

export interface BulkFacts {
  readonly request: WebRequest;
  readonly retrieval: Retrieval;
  readonly services: WebServices;
  readonly acceptable: Acceptable;
}

/** How the bulk data of one instance leaves. */
interface Plan {
  readonly instance: StoredInstance;
  /** Undefined where its pixel data is not acceptable in any form. */
  readonly pixels: ChosenPixels | undefined;
}

/** @throws HttpError 406 when neither octets nor pixel data of any instance are acceptable */
export async function bulkMessage(facts: BulkFacts): Promise<WebResponse> {
  const { request, retrieval, services, acceptable } = facts;
  const { limits } = services;
  const plans = retrieval.instances.map((instance): Plan => {
    return { instance, pixels: acceptablePixels(instance, { acceptable, services, isOne }) };
  });
  const isOctets = choose(acceptable, pixelOffers([TransferSyntaxes.ExplicitVrLittleEndian], { isOne })) !== undefined;
  const type = isOctets ? octets : plans.find(({ pixels }) => pixels !== undefined)?.pixels?.offer.name;
  if (type === undefined) {
    // Says what there is.
    chooseOrRefuse(acceptable, pixelOffersOf(retrieval.first, { services, isOne }));
  }
  const parts = async function* (): AsyncGenerator<OutgoingPart, void, undefined> {
    for (const plan of plans) {
      if (isOctets || plan.pixels !== undefined) {
        yield* retrieval.leaving(plan.instance, () => bulkParts(plan, { ...facts, isOctets }));
      }
    }
  };
  const answer = await respond(message(type ?? octets, parts), { request, retrieval, limits });
  // Table 10.4.3-1: what is no pixel data, or some of that, is not acceptable in any form.
  const isPart = !isOctets || plans.some(({ pixels }) => pixels === undefined);
  return isPart && answer.status === 200 ? { ...answer, status: 206 } : answer;
}

async function* bulkParts(
  { instance, pixels }: Plan,
  { request, retrieval, services, isOctets }: BulkFacts & { readonly isOctets: boolean },
): AsyncGenerator<OutgoingPart, void, undefined> {
  const { limits } = services;
  const reading: ReadingFacts = { services, owner: retrieval.owner, signal: request.signal };
  const found = bulkValues(plainBytes(instance, limits.dataSet), {
    transferSyntaxUid: instance.transferSyntaxUid,
    limits: { ...limits.dataSet, ...limits.model },
    bulkData: bulkDataOf(instance, request.baseUrl, limits),
  });
  for await (const { uri, path, value } of found) {
    const isPixelData = path.length === 1 && path[0] === Tags.PixelData;
    if (isPixelData && (value === undefined || isCompressed(pixels))) {
      if (pixels === undefined) continue;
      yield* pixelParts(instance, { pixels, reading, uri, url: instanceUrl(request.baseUrl, instance.head) });
    } else if (value !== undefined && isOctets) {
      const contentType = isPixelData && pixels !== undefined ? pixelContentType(pixels) : octets;
      yield { headers: headers(contentType, uri), body: value.chunks, lengthBytes: value.lengthBytes };
    }
  }
}

/** 8.7.3: a video is one part, what is compressed otherwise has a part for each frame, what is not is one part with all of them. */
async function* pixelParts(
  instance: StoredInstance,
  facts: {
    readonly pixels: ChosenPixels;
    readonly reading: ReadingFacts;
    readonly uri: string;
    readonly url: string;
  },
): AsyncGenerator<OutgoingPart, void, undefined> {
  const { pixels, reading, uri, url } = facts;
  if (isVideoSyntax(instance.transferSyntaxUid)) {
    yield await videoPart(instance, { chosen: pixels, limits: reading.services.limits, url });
    return;
  }
  const source = await opened(instance, reading);
  const content = source.each(allFrames(source), pixels.transferSyntaxUid);
  if (isCompressed(pixels)) {
    yield* partsOf(content, { chosen: pixels, urlOf: (index) => `${url}/frames/${index + 1}` });
  } else {
    yield { headers: headers(pixelContentType(pixels), uri), body: content };
  }
}

function isCompressed(pixels: ChosenPixels | undefined): boolean {
  return pixels !== undefined && transferSyntaxInfo(pixels.transferSyntaxUid)?.encapsulated === true;
}

function headers(contentType: string, location: string): OutgoingPart['headers'] {
  return [
    ['Content-Type', contentType],
    ['Content-Location', location],
  ];
}
