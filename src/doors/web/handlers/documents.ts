/**
 * Rendered resources that are no pictures: which form of a document, a waveform or a video a client gets, and how it leaves.
 * Each is held down by a policy of its own, since what is in it was made by others.
 */
import { createHash } from 'node:crypto';
import type { StoredInstance } from '../../../backends/backend.ts';
import { implementationVersionName } from '../../../dicom/implementation.ts';
import { asLeadglassError, type ErrorCode, LeadglassError } from '../../../error.ts';
import { documentKind } from '../../../rendering/document-kind.ts';
import type { Acceptable } from '../http/accept.ts';
import { strongTag } from '../http/conditional.ts';
import { HttpError } from '../http/http-error.ts';
import type { OutgoingPart } from '../http/multipart-writer.ts';
import { choose, chooseOrRefuse, type Offer } from '../http/negotiate.ts';
import type { ByteRange } from '../http/range.ts';
import { ignoredParameters, warningField } from '../http/warning.ts';
import { documentPolicy } from '../server/security-headers.ts';
import type { WebLimits, WebRequest, WebResponse, WebServices } from '../web-handler.ts';
import { encapsulatedRenditions } from './encapsulated.ts';
import { message } from './frames.ts';
import { madeAnswer } from './made-body.ts';
import { instanceUrl, madeLocation, parametersOf } from './reading-request.ts';
import type { Rendition, RenditionFacts } from './rendition.ts';
import { reportRenditions } from './report.ts';
import { respond } from './representation.ts';
import type { Retrieval } from './retrieval.ts';
import { videoRenditions } from './video.ts';
import { waveformRenditions } from './waveform.ts';

export interface DocumentRequest {
  readonly request: WebRequest;
  readonly retrieval: Retrieval;
  readonly services: WebServices;
  readonly acceptable: Acceptable;
  /** Whether the resource is a single instance, which comes by itself unless a message is asked for. */
  readonly isOne: boolean;
  /** The frames that were asked for: no document has any. */
  readonly frames?: readonly number[];
  /** Whether the client takes a picture, too: then a study or series is its pictures. */
  readonly takesPictures: boolean;
}

/**
 * The answer where the resource is a document or holds nothing else, or where only documents are acceptable.
 * @returns undefined where pictures are to be drawn
 * @throws HttpError 406, 412, 416; LeadglassError
 */
export async function renderedDocuments(asked: DocumentRequest): Promise<WebResponse | undefined> {
  const { retrieval, isOne, takesPictures } = asked;
  if (isOne) return isDocument(retrieval.first) ? await oneDocument(asked) : undefined;
  const documents = retrieval.instances.filter(isDocument);
  const hasOthers = documents.length < retrieval.instances.length;
  if (documents.length === 0 || (takesPictures && hasOthers)) return undefined;
  return await manyDocuments(documents, asked);
}

function isDocument({ head, transferSyntaxUid }: StoredInstance): boolean {
  return documentKind(head.sopClassUid, transferSyntaxUid) !== undefined;
}

/** The default form first. @throws LeadglassError MALFORMED, UNSUPPORTED, LIMIT_EXCEEDED */
async function renditionsOf(facts: RenditionFacts): Promise<readonly Rendition[]> {
  const { head, transferSyntaxUid } = facts.instance;
  switch (documentKind(head.sopClassUid, transferSyntaxUid)) {
    case 'encapsulated':
      return await encapsulatedRenditions(facts);
    case 'video':
      return await videoRenditions(facts);
    case 'report':
      return reportRenditions(facts);
    case 'waveform':
      return waveformRenditions(facts);
    case undefined:
      return [];
  }
}

type RenditionOffer = Offer & { readonly rendition: Rendition };

/** PS3.18 8.7.4: one by itself, or as the part of a message. */
function offersOf(renditions: readonly Rendition[], forms: readonly boolean[]): readonly RenditionOffer[] {
  return forms.flatMap((isMultipart) =>
    renditions.map((rendition, index) => ({
      name: rendition.mediaType,
      isMultipart,
      isDefault: index === 0 && isMultipart === forms[0],
      // RFC 7303 9.1: both names are of the same.
      ...(rendition.mediaType === 'text/xml' ? { aliases: ['application/xml'] } : {}),
      rendition,
    })),
  );
}

async function oneDocument(asked: DocumentRequest): Promise<WebResponse> {
  const { request, retrieval, services, acceptable, frames } = asked;
  const { limits } = services;
  const instance = retrieval.first;
  if (frames !== undefined) throw new LeadglassError('NOT_FOUND', 'There is no such resource');
  const renditions = await renditionsOf({ instance, limits, baseUrl: request.baseUrl });
  if (renditions.length === 0) throw notRendered();
  const { rendition, isMultipart } = chooseOrRefuse(acceptable, offersOf(renditions, [false, true]));
  if (!isMultipart) return await respondWith(rendition, asked);
  const parts = async function* (): AsyncGenerator<OutgoingPart, void, undefined> {
    yield await partOf(rendition, instance, asked);
  };
  return await respond({ ...message(rendition.mediaType, parts) }, { request, retrieval, limits });
}

/**
 * The same for the URI service (9.5.1), which may be asked for the file instead.
 * @param files offers of the instance as a DICOM file
 * @returns undefined where it is no document, or the file is wanted
 */
export async function documentByUri(
  asked: Pick<DocumentRequest, 'request' | 'retrieval' | 'services' | 'acceptable'> & { readonly hasFrame: boolean },
  files: readonly Offer[],
): Promise<WebResponse | undefined> {
  const { request, retrieval, services, acceptable, hasFrame } = asked;
  const instance = retrieval.first;
  if (!isDocument(instance)) return undefined;
  const renditions = await renditionsOf({ instance, limits: services.limits, baseUrl: request.baseUrl });
  const offer = chooseOrRefuse<Offer & { readonly rendition?: Rendition }>(acceptable, [
    ...offersOf(renditions, [false]),
    ...files,
  ]);
  if (offer.rendition === undefined) return undefined;
  if (hasFrame) throw new LeadglassError('NOT_FOUND', 'There is no such resource');
  return await respondWith(offer.rendition, asked);
}

/** This form of the only instance. @throws HttpError 412, 416; LeadglassError */
async function respondWith(
  rendition: Rendition,
  { request, retrieval, services }: Pick<DocumentRequest, 'request' | 'retrieval' | 'services'>,
): Promise<WebResponse> {
  const { limits } = services;
  const instance = retrieval.first;
  const { lengthBytes, readRange } = rendition;
  const response = await respond(
    {
      contentType: rendition.contentType ?? rendition.mediaType,
      tag: tagOf(rendition, instance, request.baseUrl),
      headers: [...madeLocation(request), ...headersOf(rendition), ...warnings(request, limits)],
      read: () => retrieval.leaving(instance, () => rendition.read()),
      ...(lengthBytes === undefined ? {} : { lengthBytes }),
      ...(readRange === undefined
        ? {}
        : { readRange: (range: ByteRange) => retrieval.leaving(instance, () => readRange.call(rendition, range)) }),
    },
    { request, retrieval, limits },
  );
  if (lengthBytes !== undefined) return response;
  // What is made here is one piece, and says its length.
  const making = { services, owner: retrieval.owner, signal: request.signal, makingBytes };
  return await madeAnswer(response, making);
}

/**
 * What making a document may need: its attributes or its text (8 MiB at most, limits), the same as objects, and as a page. Taken before it is
 * made, so that not many are made at once only to wait.
 */
const makingBytes = 32 * 1024 ** 2;

/** Sandboxed, without script, frames or anything loaded; what is linked stays here. */
function headersOf({ headers = [], styleDigest, hasLinks = false }: Rendition): readonly (readonly [string, string])[] {
  return [documentPolicy({ hasLinks, ...(styleDigest === undefined ? {} : { styleDigest }) }), ...headers];
}

/** Of pictures (8.3.5.1); of anything else they mean nothing, which is said (8.3.5). */
const ofPictures: readonly string[] = ['annotation', 'iccprofile', 'quality', 'viewport', 'window'];

function warnings(request: WebRequest, limits: WebLimits): readonly (readonly [string, string])[] {
  const given = new Set(parametersOf(request, limits).map(({ name }) => name));
  const ignored = ofPictures.filter((name) => given.has(name));
  return ignored.length === 0 ? [] : [['Warning', warningField(request.baseUrl, ignoredParameters(ignored))]];
}

function tagOf({ mediaType, isMade }: Rendition, { sha256 }: StoredInstance, baseUrl: string): string {
  if (!isMade) return strongTag(sha256, mediaType);
  const variant = createHash('sha256')
    .update(JSON.stringify([mediaType, baseUrl]))
    .digest('base64url')
    .slice(0, 22);
  return strongTag(sha256, `${implementationVersionName}.${variant}`);
}

/** A document that cannot be read costs a whole study none of the others. */
const skipped: ReadonlySet<ErrorCode> = new Set(['UNSUPPORTED', 'MALFORMED', 'LIMIT_EXCEEDED']);

/** A message of those that have an acceptable form. */
async function manyDocuments(documents: readonly StoredInstance[], asked: DocumentRequest): Promise<WebResponse> {
  const { request, retrieval, services, acceptable } = asked;
  const { limits } = services;
  const plans: { readonly instance: StoredInstance; readonly rendition: Rendition }[] = [];
  const known: RenditionOffer[] = [];
  for (const instance of documents) {
    const renditions =
      (await orSkipped(() => renditionsOf({ instance, limits, baseUrl: request.baseUrl }), asked)) ?? [];
    const offers = offersOf(renditions, [true]);
    // A lone type means the parts of the message, as with pictures.
    const offer = choose(acceptable, offers) ?? choose(acceptable, offersOf(renditions, [false]));
    if (offer !== undefined) plans.push({ instance, rendition: offer.rendition });
    else if (known.length === 0) known.push(...offers);
  }
  const [first] = plans;
  if (first === undefined) {
    // Says what there is.
    if (known.length > 0) chooseOrRefuse(acceptable, known);
    throw notRendered();
  }
  const parts = async function* (): AsyncGenerator<OutgoingPart, void, undefined> {
    let made = 0;
    for (const { instance, rendition } of plans) {
      const part = await orSkipped(() => partOf(rendition, instance, asked), asked);
      if (part === undefined) continue;
      made += 1;
      yield part;
    }
    // The message has not begun then.
    if (made === 0) throw notRendered();
  };
  return await respond({ ...message(first.rendition.mediaType, parts) }, { request, retrieval, limits });
}

/** Undefined when it cannot be read, and is not the only one. */
async function orSkipped<T>(
  read: () => Promise<T>,
  { retrieval, services }: Pick<DocumentRequest, 'retrieval' | 'services'>,
): Promise<T | undefined> {
  try {
    return await read();
  } catch (thrown) {
    const { code, message: text, detail } = asLeadglassError(thrown);
    if (retrieval.instances.length === 1 || !skipped.has(code)) throw thrown;
    services.log.info('door.document-skipped', { code, message: text, detail });
    return undefined;
  }
}

/** What is made here is made before its part begins: then it can still be left out. */
async function partOf(
  rendition: Rendition,
  instance: StoredInstance,
  { request, retrieval }: DocumentRequest,
): Promise<OutgoingPart> {
  const { contentType, mediaType, isMade, lengthBytes } = rendition;
  const content = retrieval.leaving(instance, () => rendition.read());
  return {
    headers: [
      ['Content-Type', contentType ?? mediaType],
      ['Content-Location', `${instanceUrl(request.baseUrl, instance.head)}/rendered`],
    ],
    body: isMade ? Buffer.concat(await Array.fromAsync(content)) : content,
    ...(lengthBytes === undefined ? {} : { lengthBytes }),
  };
}

function notRendered(): HttpError {
  return new HttpError(406, 'This resource has no rendered form; ask for it as application/dicom', { field: 'Accept' });
}
