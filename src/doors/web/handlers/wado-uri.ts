/**
 * The URI service (WADO-URI), PS3.18 9: one instance as a DICOM file, as a picture or as a document, for viewers that know no other service.
 */
import type { Uid } from '../../../dicom/uid.ts';
import type { PictureType } from '../../../rendering/picture.ts';
import { type Acceptable, parseAcceptable } from '../http/accept.ts';
import { charsetFor } from '../http/charset.ts';
import { HttpError } from '../http/http-error.ts';
import { chooseOrRefuse, type Offer } from '../http/negotiate.ts';
import { instanceOffers } from '../resources/offers.ts';
import { parseWadoUri, type WadoUriRequest } from '../resources/wado-uri.ts';
import type { WebHandler, WebLimits, WebRequest, WebServices } from '../web-handler.ts';
import { syntaxesOf } from './conversions.ts';
import { documentByUri } from './documents.ts';
import { fileOf } from './instances.ts';
import { parametersOf, retrieveOf } from './reading-request.ts';
import { pictureOffers } from './rendered.ts';
import { respond } from './representation.ts';
import { withRetrieval } from './retrieval.ts';
import { uriPicture } from './uri-picture.ts';

export const wadoUri: WebHandler = async (request, session, services) => {
  const { limits } = services;
  const asked = parseWadoUri(parametersOf(request, limits), limits.web);
  charsetFor(asked.charset);
  if (asked.anonymize) throw new HttpError(501, 'Cannot answer: de-identified copies are not made here');
  const acceptable = acceptableOf(asked, request, limits);
  const { study, series, instance } = asked;
  const facts = { session, services, signal: request.signal };
  return withRetrieval(retrieveOf({ study, series, instance }), facts, async (retrieval) => {
    const syntaxes = syntaxesOf(retrieval.first.transferSyntaxUid, services);
    const hasFrame = asked.frameNumber !== undefined;
    const document = await documentByUri({ request, retrieval, services, acceptable, hasFrame }, filesOf(syntaxes));
    if (document !== undefined) return document;
    const { picture: type, transferSyntaxUid = retrieval.first.transferSyntaxUid } = chosen(
      acceptable,
      syntaxes,
      services,
    );
    if (type !== undefined) return uriPicture({ request, retrieval, facts, asked, type });
    const file = fileOf(retrieval.first, transferSyntaxUid, { retrieval, request, services });
    return respond(file, { request, retrieval, limits });
  });
};

/** 9.5.1.1: contentType says what is wanted; old viewers send no Accept header, which then means anything. */
function acceptableOf(asked: WadoUriRequest, request: WebRequest, limits: WebLimits): Acceptable {
  const header = request.headers['accept'] ?? '*/*';
  const fields = { header, query: asked.contentType, transferSyntaxes: asked.transferSyntaxes };
  return parseAcceptable(fields, limits.web);
}

function filesOf(syntaxes: readonly Uid[]): readonly Offer[] {
  return instanceOffers(syntaxes, { isOne: true }).filter(({ isMultipart }) => !isMultipart);
}

interface Chosen {
  /** A picture of this type, or the file in this transfer syntax. */
  readonly picture?: PictureType;
  readonly transferSyntaxUid?: Uid;
}

/** Without a contentType an image is asked for as a JPEG (9.5.1.1). @throws HttpError 406 */
function chosen(acceptable: Acceptable, syntaxes: readonly Uid[], { codecs }: WebServices): Chosen {
  const files = filesOf(syntaxes);
  const pictures = pictureOffers.filter(({ isMultipart }) => !isMultipart);
  const offer = chooseOrRefuse(acceptable, [...pictures, ...files]);
  const picture = pictures.find(({ name }) => name === offer.name)?.name;
  if (picture !== undefined && codecs === undefined) {
    throw new HttpError(406, 'Cannot answer with a picture; ask for contentType=application/dicom', {
      field: 'contentType',
    });
  }
  if (picture !== undefined) return { picture };
  const uid = syntaxes.find((syntax) => syntax === offer.transferSyntax);
  if (uid === undefined) throw new HttpError(406, 'Cannot answer in that transfer syntax');
  return { transferSyntaxUid: uid };
}
