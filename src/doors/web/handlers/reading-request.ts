/** What all handlers read of a request, and the URLs that they write: the same form for every resource. */
import { knownUid } from '../../../dicom/uid.ts';
import { LeadglassError } from '../../../error.ts';
import type { Retrieve } from '../../../guard/operation.ts';
import { type Acceptable, parseAcceptable } from '../http/accept.ts';
import { charsetFor } from '../http/charset.ts';
import { parseQueryString, type QueryParameter, singleValue } from '../http/query-string.ts';
import { type DicomResource, parseTarget, type Target } from '../resources/target.ts';
import type { WebLimits, WebRequest } from '../web-handler.ts';

/** @throws LeadglassError NOT_FOUND, MALFORMED, LIMIT_EXCEEDED */
export function targetOf<K extends Target['kind']>(
  request: WebRequest,
  kind: K,
  limits: WebLimits,
): Target & { readonly kind: K } {
  const target = parseTarget(request.path, limits.web);
  if (isOfKind(target, kind)) return target;
  // The routes lead nobody here with another target.
  throw new LeadglassError('NOT_FOUND', 'There is no such resource');
}

function isOfKind<K extends Target['kind']>(target: Target, kind: K): target is Target & { readonly kind: K } {
  return target.kind === kind;
}

/** @throws LeadglassError MALFORMED, LIMIT_EXCEEDED */
export function parametersOf(request: WebRequest, limits: WebLimits): readonly QueryParameter[] {
  return parseQueryString(request.query === '' ? undefined : request.query, limits.web);
}

/**
 * Accept in both places (PS3.18 8.3.3.1, 8.7.5), and the character set looked at, which can only be ours.
 * @throws HttpError 406, LeadglassError BAD_REQUEST, LIMIT_EXCEEDED
 */
export function acceptableOf(
  request: WebRequest,
  parameters: readonly QueryParameter[],
  limits: WebLimits,
): Acceptable {
  charsetFor(singleValue(parameters, 'charset'));
  const query = singleValue(parameters, 'accept');
  return parseAcceptable({ header: request.headers['accept'], query }, limits.web);
}

/** UIDs need no escape. */
export function resourceUrl(baseUrl: string, { study, series, instance }: DicomResource): string {
  let url = `${baseUrl}/studies/${study}`;
  if (series !== undefined) url += `/series/${series}`;
  if (instance !== undefined) url += `/instances/${instance}`;
  return url;
}

/**
 * Of what was made for the answer: the URL that was asked. Not that of the instance, which is another resource, and not where
 * parameters made another picture than the URL without them has (RFC 9110 8.7).
 */
export function madeLocation({ baseUrl, path, query }: WebRequest): readonly (readonly [string, string])[] {
  return query === '' ? [['Content-Location', baseUrl + path]] : [];
}

/** The URL of what a head names; its UIDs were checked when it was stored. */
export function instanceUrl(
  baseUrl: string,
  head: { readonly studyInstanceUid: string; readonly seriesInstanceUid: string; readonly sopInstanceUid: string },
): string {
  return resourceUrl(baseUrl, {
    study: knownUid(head.studyInstanceUid),
    series: knownUid(head.seriesInstanceUid),
    instance: knownUid(head.sopInstanceUid),
  });
}

/** What a resource asks the guard for: every UID of the path has to hold together. */
export function retrieveOf({ study, series, instance }: DicomResource): Retrieve {
  return {
    kind: 'retrieve',
    via: 'web',
    level: instance !== undefined ? 'IMAGE' : series !== undefined ? 'SERIES' : 'STUDY',
    keys: {
      studyInstanceUids: [study],
      ...(series === undefined ? {} : { seriesInstanceUids: [series] }),
      ...(instance === undefined ? {} : { sopInstanceUids: [instance] }),
    },
  };
}
