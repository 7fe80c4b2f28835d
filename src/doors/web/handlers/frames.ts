/**
 * Retrieve of frames (PS3.18 10.4.1.1.6): some of one instance, each a message part, or one by itself; and of pixel data
 * (10.4.1.1.7) of all instances of a resource.
 */
import { randomBytes } from 'node:crypto';
import type { StoredInstance } from '../../../backends/backend.ts';
import { BitStream } from '../../../dicom/bit-stream.ts';
import { Tags } from '../../../dicom/dictionary/tags.generated.ts';
import { formatElementPath } from '../../../dicom/models/element-path.ts';
import { transferSyntaxInfo } from '../../../dicom/transfer-syntax.ts';
import { knownUid, type Uid } from '../../../dicom/uid.ts';
import { LeadglassError } from '../../../error.ts';
import { isVideoSyntax } from '../../../rendering/video-type.ts';
import type { Acceptable } from '../http/accept.ts';
import { strongTag } from '../http/conditional.ts';
import { formatMediaType } from '../http/media-type.ts';
import { formatMultipartContentType } from '../http/multipart-content-type.ts';
import { newBoundary, type OutgoingPart, writeMultipart } from '../http/multipart-writer.ts';
import { choose, chooseOrRefuse, type Offer } from '../http/negotiate.ts';
import type { ByteRange } from '../http/range.ts';
import { pixelOffers } from '../resources/offers.ts';
import type { WebHandler, WebLimits, WebServices } from '../web-handler.ts';
import { availableOf, type ReadingFacts } from './conversions.ts';
import { FrameSource } from './frame-source.ts';
import { acceptableOf, instanceUrl, parametersOf, retrieveOf, targetOf } from './reading-request.ts';
import { respond } from './representation.ts';
import { type Retrieval, withRetrieval } from './retrieval.ts';
import { valueBytes } from './value-bytes.ts';

/** A representation of pixels that was agreed on. */
export interface ChosenPixels {
  readonly offer: Offer;
  readonly transferSyntaxUid: Uid;
}

interface ChoosingPixels {
  readonly acceptable: Acceptable;
  readonly services: WebServices;
  readonly isOne: boolean;
}

/** What can be had of an instance's pixels. */
export function pixelOffersOf(
  instance: StoredInstance,
  { services, isOne }: Omit<ChoosingPixels, 'acceptable'>,
): readonly Offer[] {
  const { exact, lossy } = availableOf(instance, services);
  return pixelOffers(exact, { isOne, lossy });
}

/** Undefined where none is acceptable. */
export function acceptablePixels(instance: StoredInstance, facts: ChoosingPixels): ChosenPixels | undefined {
  const offer = choose(facts.acceptable, pixelOffersOf(instance, facts));
  return offer === undefined ? undefined : { offer, transferSyntaxUid: syntaxOf(offer) };
}

/** @throws HttpError 406 */
export function chosenPixels(instance: StoredInstance, facts: ChoosingPixels): ChosenPixels {
  const offer = chooseOrRefuse(facts.acceptable, pixelOffersOf(instance, facts));
  return { offer, transferSyntaxUid: syntaxOf(offer) };
}

/** Offers are made of the syntaxes that an instance can be had in. */
function syntaxOf({ transferSyntax }: Offer): Uid {
  return knownUid(transferSyntax ?? '');
}

export const frames: WebHandler = async (request, session, services) => {
  const { limits } = services;
  const { resource, frames: numbers = [] } = targetOf(request, 'resource', limits);
  const acceptable = acceptableOf(request, parametersOf(request, limits), limits);
  const facts = { session, services, signal: request.signal };
  return withRetrieval(retrieveOf(resource), facts, async (retrieval) => {
    const instance = retrieval.first;
    if (isVideoSyntax(instance.transferSyntaxUid)) throw noFrames();
    const isOne = numbers.length === 1;
    const chosen = chosenPixels(instance, { acceptable, services, isOne });
    const source = await opened(instance, { services, owner: retrieval.owner, signal: request.signal });
    const last = numbers.at(-1) ?? 1;
    if (last > source.frames.numberOfFrames) {
      throw new LeadglassError(
        'NOT_FOUND',
        `There is no frame ${last}: the instance has ${source.frames.numberOfFrames}`,
      );
    }
    const { offer, transferSyntaxUid } = chosen;
    const url = instanceUrl(request.baseUrl, instance.head);
    const tag = strongTag(instance.sha256, `${transferSyntaxUid}.${numbers.join('-')}`);
    const content = (): AsyncIterable<Uint8Array> => source.each(numbers, transferSyntaxUid);
    if (!offer.isMultipart) {
      const single = {
        contentType: pixelContentType(chosen),
        tag,
        headers: [['Content-Location', `${url}/frames/${last}`]] as const,
        read: () => retrieval.leaving(instance, content),
      };
      return respond(single, { request, retrieval, limits });
    }
    const parts = (): AsyncIterable<OutgoingPart> =>
      retrieval.leaving(instance, () =>
        partsOf(content(), { chosen, urlOf: (index) => `${url}/frames/${numbers[index]}` }),
      );
    return respond({ ...message(offer.name, parts), tag: `W/${tag}` }, { request, retrieval, limits });
  });
};

export const pixelData: WebHandler = async (request, session, services) => {
  const { limits } = services;
  const { resource } = targetOf(request, 'resource', limits);
  const acceptable = acceptableOf(request, parametersOf(request, limits), limits);
  const facts = { session, services, signal: request.signal };
  return withRetrieval(retrieveOf(resource), facts, async (retrieval) => {
    const isOne = false;
    const reading = { services, owner: retrieval.owner, signal: request.signal };
    const plans = retrieval.instances.flatMap((instance) => {
      const chosen = acceptablePixels(instance, { acceptable, services, isOne });
      return chosen === undefined ? [] : [{ instance, chosen }];
    });
    const [first] = plans;
    // Says what there is.
    if (first === undefined) chosenPixels(retrieval.first, { acceptable, services, isOne });
    const parts = async function* (): AsyncGenerator<OutgoingPart, void, undefined> {
      for (const { instance, chosen } of plans)
        yield* pixelPartsOf(instance, { retrieval, chosen, reading, baseUrl: request.baseUrl });
    };
    const answer = await respond(message(first?.chosen.offer.name ?? '', parts), { request, retrieval, limits });
    return plans.length < retrieval.instances.length && answer.status === 200 ? { ...answer, status: 206 } : answer;
  });
};

interface PixelPartsFacts {
  readonly retrieval: Retrieval;
  readonly chosen: ChosenPixels;
  readonly reading: ReadingFacts;
  readonly baseUrl: string;
}

/** 8.7.3, 10.4.1.1.7: a video is one part, other compressed pixel data has one for each frame, what is not is one part with all of them. */
async function* pixelPartsOf(
  instance: StoredInstance,
  { retrieval, chosen, reading, baseUrl }: PixelPartsFacts,
): AsyncGenerator<OutgoingPart, void, undefined> {
  const url = instanceUrl(baseUrl, instance.head);
  if (isVideoSyntax(instance.transferSyntaxUid)) {
    const part = await videoPart(instance, { chosen, limits: reading.services.limits, url });
    yield { ...part, body: retrieval.leaving(instance, () => part.body) };
    return;
  }
  const source = await FrameSource.open(instance, reading);
  if (source === undefined) return;
  const content = (): AsyncIterable<Uint8Array> => source.each(allFrames(source), chosen.transferSyntaxUid);
  if (transferSyntaxInfo(chosen.transferSyntaxUid)?.encapsulated === true) {
    const urlOf = (index: number): string => `${url}/frames/${index + 1}`;
    yield* retrieval.leaving(instance, () => partsOf(content(), { chosen, urlOf }));
  } else {
    const { tag } = source.frames.pixelData;
    const { limits } = reading.services;
    // As one value, since frames of single bits lie in it without padding.
    const whole = (): AsyncIterable<Uint8Array> =>
      source.frames.isEncapsulated ? content() : valueBytes(instance, { path: [tag], limits });
    const body = retrieval.leaving(instance, whole);
    yield { headers: headersOf(chosen, `${url}/bulkdata/${formatElementPath([tag])}`), body };
  }
}

function noFrames(): LeadglassError {
  const what = 'A video is one stream, and its frames are not told apart';
  return new LeadglassError(
    'NOT_FOUND',
    `${what}: ask for the pixel data of the instance, or for its rendered resource`,
  );
}

/**
 * A video is one stream, and its fragments are not frames (PS3.5 A.4): one part with all of it.
 * @throws LeadglassError NOT_FOUND, MALFORMED, LIMIT_EXCEEDED
 */
export async function videoPart(
  instance: StoredInstance,
  { chosen, limits, url }: { readonly chosen: ChosenPixels; readonly limits: WebLimits; readonly url: string },
): Promise<VideoPart> {
  const stream = await BitStream.open(instance, limits);
  if (stream === undefined) throw new LeadglassError('NOT_FOUND', 'The instance has no pixel data');
  const { lengthBytes } = stream;
  return {
    headers: headersOf(chosen, `${url}/bulkdata/${formatElementPath([Tags.PixelData])}`),
    lengthBytes,
    body: stream.readRange(0, lengthBytes),
    readRange: ({ first, last }) => stream.readRange(first, last + 1 - first),
  };
}

export interface VideoPart extends OutgoingPart {
  readonly lengthBytes: number;
  readonly body: AsyncIterable<Uint8Array>;
  readonly readRange: (range: ByteRange) => AsyncIterable<Uint8Array>;
}

/** @throws LeadglassError NOT_FOUND without pixel data */
export async function opened(instance: StoredInstance, reading: ReadingFacts): Promise<FrameSource> {
  const source = await FrameSource.open(instance, reading);
  if (source !== undefined) return source;
  throw new LeadglassError('NOT_FOUND', 'The instance has no pixel data');
}

export function* allFrames({ frames: { numberOfFrames } }: FrameSource): Generator<number, void, undefined> {
  for (let number = 1; number <= numberOfFrames; number += 1) yield number;
}

/** A part for each frame. */
export async function* partsOf(
  content: AsyncIterable<Uint8Array>,
  { chosen, urlOf }: { readonly chosen: ChosenPixels; readonly urlOf: (index: number) => string },
): AsyncGenerator<OutgoingPart, void, undefined> {
  let index = 0;
  for await (const body of content) {
    yield { headers: headersOf(chosen, urlOf(index)), body };
    index += 1;
  }
}

export function message(
  type: string,
  parts: () => AsyncIterable<OutgoingPart>,
): { readonly contentType: string; readonly read: () => AsyncIterable<Uint8Array> } {
  const boundary = newBoundary(randomBytes(16));
  return {
    contentType: formatMultipartContentType('multipart/related', { type, boundary }),
    read: () => writeMultipart(parts(), boundary),
  };
}

function headersOf(chosen: ChosenPixels, location: string): OutgoingPart['headers'] {
  return [
    ['Content-Type', pixelContentType(chosen)],
    ['Content-Location', location],
  ];
}

export function pixelContentType({ offer, transferSyntaxUid }: ChosenPixels): string {
  return formatMediaType(offer.name, [['transfer-syntax', transferSyntaxUid]]);
}
