/**
 * The URI service (WADO-URI), PS3.18 9: one instance as a DICOM file, for viewers that know no other service. Pictures of it are
 * for the handlers of rendered resources.
 */
import type { Uid } from '../../../dicom/uid.ts';
import { type Acceptable, parseAcceptable } from '../http/accept.ts';
import { charsetFor } from '../http/charset.ts';
import { HttpError } from '../http/http-error.ts';
import { chooseOrRefuse, type Offer } from '../http/negotiate.ts';
import { instanceOffers } from '../resources/offers.ts';
import { parseWadoUri, type WadoUriRequest } from '../resources/wado-uri.ts';
import type { WebHandler, WebLimits, WebRequest } from '../web-handler.ts';
import { syntaxesOf } from './conversions.ts';
import { fileOf } from './instances.ts';
import { parametersOf, retrieveOf } from './reading-request.ts';
import { respond } from './representation.ts';
import { withRetrieval } from './retrieval.ts';

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
    const transferSyntaxUid = chosen(acceptable, syntaxes);
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

/** Without a contentType an image is asked for as a picture (9.5.1.1): that is not the file, so the file has to be named. */
function chosen(acceptable: Acceptable, syntaxes: readonly Uid[]): Uid {
  const offers: readonly Offer[] = instanceOffers(syntaxes, { isOne: true }).filter(({ isMultipart }) => !isMultipart);
  const isNamed = [...acceptable.query, ...acceptable.header].some(
    ({ name, weight }) => weight > 0 && name.startsWith('application/'),
  );
  if (!isNamed) {
    throw new HttpError(
      406,
      'Cannot answer in any of the accepted media types; ask for contentType=application/dicom',
      {
        field: 'contentType',
      },
    );
  }
  const offer = chooseOrRefuse(acceptable, offers);
  const uid = syntaxes.find((syntax) => syntax === offer.transferSyntax);
  if (uid === undefined) throw new HttpError(406, 'Cannot answer in that transfer syntax');
  return uid;
}
