/**
 * Rendered resources (PS3.18 10.4.1.1.4): pictures of frames, instances, series and studies as JPEG or PNG. One picture by itself
 * where a single one is meant, else a multipart message with one for each frame.
 */
import { createHash, randomBytes } from 'node:crypto';
import type { StoredInstance } from '../../../backends/backend.ts';
import { implementationVersionName } from '../../../dicom/implementation.ts';
import { asLeadglassError, type ErrorCode, LeadglassError } from '../../../error.ts';
import { type PictureType, pictureTypes } from '../../../rendering/picture.ts';
import type { Acceptable } from '../http/accept.ts';
import { strongTag } from '../http/conditional.ts';
import { HttpError } from '../http/http-error.ts';
import { formatMultipartContentType } from '../http/multipart-content-type.ts';
import { newBoundary, type OutgoingPart, writeMultipart } from '../http/multipart-writer.ts';
import { chooseOrRefuse, type Offer } from '../http/negotiate.ts';
import { ignoredParameters, unsupportedAnnotations, warningField } from '../http/warning.ts';
import { parseRenderingParameters, type RenderingParameters } from '../resources/rendering-parameters.ts';
import type { WebHandler, WebRequest, WebResponse } from '../web-handler.ts';
import { DrawableImage, type PictureOrder, type PictureServices } from './pictures.ts';
import { acceptableOf, instanceUrl, parametersOf, retrieveOf, targetOf } from './reading-request.ts';
import { respond } from './representation.ts';
import { type Retrieval, withRetrieval } from './retrieval.ts';

/** Table 8.7.4-1: JPEG is the default; GIF and video are not made here. */
export const pictureOffers: readonly (Offer & { readonly name: PictureType })[] = pictureTypes.flatMap((name) => [
  { name, isMultipart: false, isDefault: name === 'image/jpeg' },
  { name, isMultipart: true },
]);

export const rendered: WebHandler = async (request, session, services) => {
  const { limits } = services;
  const { resource, frames } = targetOf(request, 'resource', limits);
  const query = parametersOf(request, limits);
  const parameters = parseRenderingParameters(query, limits.web);
  const offer = pictureOffer(acceptableOf(request, query, limits));
  const facts = { session, services, signal: request.signal };
  return withRetrieval(retrieveOf(resource), facts, async (retrieval) => {
    const order = { type: offer.name, parameters, withOverlays: true };
    const answering = { request, retrieval, facts, order };
    // A list of one frame is one picture; of an instance one frame stands for all, unless a message is asked for.
    const isOne = resource.instance !== undefined && (frames?.length ?? 1) === 1 && !offer.isMultipart;
    const picked = frames === undefined ? {} : { frames };
    return isOne ? await onePicture({ ...answering, ...picked }) : await manyPictures({ ...answering, ...picked });
  });
};

/** @throws HttpError 406 */
export function pictureOffer(acceptable: Acceptable): Offer & { readonly name: PictureType } {
  return chooseOrRefuse(acceptable, pictureOffers);
}

export interface Answering {
  readonly request: WebRequest;
  readonly retrieval: Retrieval;
  readonly facts: PictureServices;
  readonly order: PictureOrder;
  /** Absent: the representative one of a single picture, all of a message. */
  readonly frames?: readonly number[];
}

/** @param instance whose it is; by default the only one. @throws HttpError 406, 412; LeadglassError */
export async function onePicture(answering: Answering, instance = answering.retrieval.first): Promise<WebResponse> {
  const { request, retrieval, facts, order, frames } = answering;
  const content = async function* (): AsyncGenerator<Uint8Array, void, undefined> {
    const image = (await DrawableImage.open(instance, facts)) ?? notDrawable();
    const { bytes } = await image.draw(frames?.[0] ?? image.representativeFrame, order);
    yield bytes;
  };
  const response = await respond(
    {
      contentType: order.type,
      tag: pictureTag(instance, order, frames),
      headers: [['Content-Location', instanceUrl(request.baseUrl, instance.head)], ...warnings(request, order)],
      read: () => retrieval.leaving(instance, content),
    },
    { request, retrieval, limits: facts.services.limits },
  );
  if (response.body === undefined || response.body instanceof Uint8Array) return response;
  // Drawn before the head is sent, so that what cannot be drawn has a status of its own; it is one piece anyhow.
  const body = Buffer.concat(await Array.fromAsync(response.body));
  return { ...response, headers: [...response.headers, ['Content-Length', String(body.length)]], body };
}

/** One part for each frame. What has no pixels is left out; of a resource without any picture nothing is acceptable. */
async function manyPictures(answering: Answering): Promise<WebResponse> {
  const { request, retrieval, order } = answering;
  const boundary = newBoundary(randomBytes(16));
  const headers = [
    ['Content-Type', formatMultipartContentType('multipart/related', { type: order.type, boundary })],
    ['Vary', 'Accept'],
    ...warnings(request, order),
  ] as const;
  if (request.method === 'HEAD') {
    await retrieval.succeeded();
    return { status: 200, headers };
  }
  return { status: 200, headers, body: await retrieval.body(writeMultipart(partsOf(answering), boundary)) };
}

/** An image that has no picture costs a whole study none of the others. */
const skipped: ReadonlySet<ErrorCode> = new Set(['UNSUPPORTED', 'MALFORMED', 'LIMIT_EXCEEDED', 'TIMED_OUT']);

async function* partsOf(answering: Answering): AsyncGenerator<OutgoingPart, void, undefined> {
  const { retrieval, facts } = answering;
  let made = 0;
  for (const instance of retrieval.instances) {
    try {
      for await (const part of retrieval.leaving(instance, () => partsOfInstance(instance, answering))) {
        made += 1;
        yield part;
      }
    } catch (thrown) {
      const { code, message, detail } = asLeadglassError(thrown);
      if (retrieval.instances.length === 1 || !skipped.has(code)) throw thrown;
      facts.services.log.info('door.picture-skipped', { code, message, detail });
    }
  }
  // The message has not begun then.
  if (made === 0) notDrawable();
}

async function* partsOfInstance(
  instance: StoredInstance,
  { request, facts, order, frames }: Answering,
): AsyncGenerator<OutgoingPart, void, undefined> {
  const image = await DrawableImage.open(instance, facts);
  if (image === undefined) return;
  const url = instanceUrl(request.baseUrl, instance.head);
  const count = frames?.length ?? image.numberOfFrames;
  // Lists rise. Said before the message begins, so that it has a status.
  if ((frames?.at(-1) ?? 1) > image.numberOfFrames) throw new LeadglassError('NOT_FOUND', 'There is no such resource');
  for (let index = 0; index < count; index += 1) {
    const frame = frames?.[index] ?? index + 1;
    const { bytes } = await image.draw(frame, order);
    yield {
      headers: [
        ['Content-Type', order.type],
        ['Content-Location', `${url}/frames/${frame}/rendered`],
      ],
      body: bytes,
    };
  }
}

/** The same image and order make the same bytes, of one version of ours. */
function pictureTag(instance: StoredInstance, order: PictureOrder, frames: readonly number[] | undefined): string {
  const { annotation: _, unsupportedAnnotations: _words, ...parameters } = order.parameters;
  const drawn = JSON.stringify([
    order.type,
    order.withOverlays,
    parameters,
    frames ?? [],
    Buffer.from(order.state?.sha256 ?? []).toString('hex'),
  ]);
  const variant = createHash('sha256').update(drawn).digest('base64url').slice(0, 22);
  return strongTag(instance.sha256, `${implementationVersionName}.${variant}`);
}

/** 8.3.5.1.1: nothing is burned in here, so that every word is one that is not supported. */
function warnings(request: WebRequest, { parameters }: PictureOrder): readonly (readonly [string, string])[] {
  const { annotation, unsupportedAnnotations: others, iccProfile = 'no' } = parameters;
  const words = [...annotation, ...others];
  const texts = [
    ...(words.length === 0 ? [] : [unsupportedAnnotations(words)]),
    ...(iccProfile === 'no' ? [] : [ignoredParameters(['iccprofile'])]),
  ];
  return texts.map((text) => ['Warning', warningField(request.baseUrl, text)]);
}

function notDrawable(): never {
  throw new HttpError(406, 'This resource has no picture; ask for it as application/dicom', { field: 'Accept' });
}

/** Nothing but a size: thumbnails and pictures that others set up. */
export function plainParameters(width: number, height: number): RenderingParameters {
  return { viewport: { width, height }, annotation: [], unsupportedAnnotations: [] };
}
