/**
 * Rendered resources (PS3.18 10.4.1.1.4): pictures of frames, instances, series and studies as JPEG or PNG. One picture by itself
 * where a single one is meant, else a multipart message with one for each frame. What is no picture is for documents.ts.
 */
import { createHash, randomBytes } from 'node:crypto';
import type { StoredInstance } from '../../../backends/backend.ts';
import { implementationVersionName } from '../../../dicom/implementation.ts';
import { asLeadglassError, type ErrorCode } from '../../../error.ts';
import type { Log } from '../../../log.ts';
import { type PictureType, pictureTypes } from '../../../rendering/picture.ts';
import type { Acceptable } from '../http/accept.ts';
import { strongTag } from '../http/conditional.ts';
import { HttpError } from '../http/http-error.ts';
import { formatMultipartContentType } from '../http/multipart-content-type.ts';
import { newBoundary, type OutgoingPart, writeMultipart } from '../http/multipart-writer.ts';
import { choose, chooseOrRefuse, type Offer } from '../http/negotiate.ts';
import { ignoredParameters, unsupportedAnnotations, warningField } from '../http/warning.ts';
import { invalid } from '../resources/parameter-values.ts';
import { parseRenderingParameters, type RenderingParameters } from '../resources/rendering-parameters.ts';
import type { WebHandler, WebRequest, WebResponse } from '../web-handler.ts';
import type { Depiction } from './depiction.ts';
import { depictionsOf, isComposite, isPresentationState } from './depictions.ts';
import { madeAnswer } from './made-body.ts';
import type { PictureOrder, PictureServices } from './pictures.ts';
import { renderedDocuments } from './documents.ts';
import { acceptableOf, instanceUrl, madeLocation, parametersOf, retrieveOf, targetOf } from './reading-request.ts';
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
  const acceptable = acceptableOf(request, query, limits);
  const facts = { session, services, signal: request.signal };
  return withRetrieval(retrieveOf(resource), facts, async (retrieval) => {
    const documents = await renderedDocuments({
      request,
      retrieval,
      services,
      acceptable,
      isOne: resource.instance !== undefined,
      takesPictures: choose(acceptable, pictureOffers) !== undefined,
      ...(frames === undefined ? {} : { frames }),
    });
    if (documents !== undefined) return documents;
    const offer = pictureOffer(acceptable);
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
  const { order, facts, frames } = answering;
  if (!isComposite(instance, order)) {
    const own = async (): Promise<Depiction> => await firstOf(depictionsOf(instance, { ...answering, isOne: true }));
    return await answered(answering, instance, { tag: pictureTag(instance, order, { frames: frames ?? [] }), own });
  }
  if (isPresentationState(instance)) refuseImageParameters(order);
  // What it is made of is a part of its tag; it may be used until the answer is drawn.
  const depictions = depictionsOf(instance, { facts, order, isOne: true, ...(frames && { frames }) });
  try {
    const depiction = await firstOf(depictions);
    const tag = pictureTag(instance, order, depiction);
    return await answered(answering, instance, { tag, own: async () => depiction });
  } finally {
    await depictions.return();
  }
}

async function answered(
  { request, retrieval, facts, order }: Answering,
  instance: StoredInstance,
  { tag, own }: { readonly tag: string; readonly own: () => Promise<Depiction> },
): Promise<WebResponse> {
  const content = async function* (): AsyncGenerator<Uint8Array, void, undefined> {
    const depiction = await own();
    const { bytes } = await depiction.draw();
    yield bytes;
  };
  const response = await respond(
    {
      contentType: order.type,
      tag,
      headers: [...madeLocation(request), ...warnings(request, order)],
      read: () => retrieval.leaving(instance, content),
    },
    { request, retrieval, limits: facts.services.limits },
  );
  // Drawn before the head is sent, so that what cannot be drawn has a status of its own; it is one piece anyhow.
  return await madeAnswer(response, { services: facts.services, owner: retrieval.owner, signal: request.signal });
}

/** @throws HttpError 406 where there is none */
async function firstOf(depictions: AsyncGenerator<Depiction, void, undefined>): Promise<Depiction> {
  const next = await depictions.next();
  return next.done === true ? notDrawable() : next.value;
}

/** 8.3.5.1.3, 8.3.5.1.4. @throws LeadglassError BAD_REQUEST */
function refuseImageParameters({ parameters }: PictureOrder): void {
  if (parameters.window !== undefined) throw invalid('window', 'is not for a presentation state, which has its own');
  if (parameters.viewport?.region !== undefined || parameters.share !== undefined) {
    throw invalid('viewport', 'must be a width and a height for a presentation state');
  }
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

/** Of one state or segmentation: beyond it nothing of it can be drawn. An image may claim frames without end. */
const skippedMax = 16;

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
  { request, retrieval, facts, order, frames }: Answering,
): AsyncGenerator<OutgoingPart, void, undefined> {
  const url = instanceUrl(request.baseUrl, instance.head);
  if (isPresentationState(instance) && retrieval.instances.length === 1) refuseImageParameters(order);
  const isItsOwn = !isComposite(instance, order);
  let left = skippedMax;
  const depictions = depictionsOf(instance, { facts, order, isOne: false, ...(frames && { frames }) });
  for await (const depiction of depictions) {
    const isLast = isItsOwn || left === 0;
    const bytes = await drawnOrSkipped(depiction, { isAlone: isLast, log: facts.services.log });
    if (bytes === undefined) {
      left -= 1;
      continue;
    }
    const isOfFrame = isItsOwn || frames !== undefined;
    yield {
      headers: [
        ['Content-Type', order.type],
        ['Content-Location', isOfFrame ? `${url}/frames/${depiction.frames[0]}/rendered` : `${url}/rendered`],
      ],
      body: bytes,
    };
  }
}

/** Of the images of a state one that has no picture costs the others nothing. */
async function drawnOrSkipped(
  depiction: Depiction,
  { isAlone, log }: { readonly isAlone: boolean; readonly log: Log },
): Promise<Uint8Array | undefined> {
  try {
    return (await depiction.draw()).bytes;
  } catch (thrown) {
    const { code, message, detail } = asLeadglassError(thrown);
    if (isAlone || !skipped.has(code)) throw thrown;
    log.info('door.picture-skipped', { code, message, detail });
    return undefined;
  }
}

/** The same images and order make the same bytes, of one version of ours. */
function pictureTag(
  instance: StoredInstance,
  order: PictureOrder,
  { frames, madeOf = [] }: { readonly frames: readonly number[]; readonly madeOf?: readonly Uint8Array[] },
): string {
  const { unsupportedAnnotations: _words, ...parameters } = order.parameters;
  const drawn = JSON.stringify([
    order.type,
    order.withOverlays,
    parameters,
    frames,
    [...(order.state === undefined ? [] : [order.state.sha256]), ...madeOf].map((sha256) =>
      Buffer.from(sha256).toString('hex'),
    ),
  ]);
  const variant = createHash('sha256').update(drawn).digest('base64url').slice(0, 22);
  return strongTag(instance.sha256, `${implementationVersionName}.${variant}`);
}

function warnings(request: WebRequest, { parameters }: PictureOrder): readonly (readonly [string, string])[] {
  const { unsupportedAnnotations: words, iccProfile = 'no' } = parameters;
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
