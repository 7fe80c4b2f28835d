/**
 * Search (QIDO-RS), PS3.18 10.6: studies, series and instances as C-FIND finds them, in JSON or XML. An answer is gathered
 * before its first byte, since the header says how many results are left; their number is bounded.
 */
import type { DataSet } from '../../../dicom/data-set.ts';
import { Tags } from '../../../dicom/dictionary/dictionary.ts';
import { writeModel } from '../../../dicom/models/write-model.ts';
import type { QueryLevel } from '../../../dicom/query-level.ts';
import type { Tag } from '../../../dicom/tag.ts';
import { knownUid } from '../../../dicom/uid.ts';
import { LeadglassError } from '../../../error.ts';
import { underAdmission } from '../../../guard/admission.ts';
import { chooseOrRefuse } from '../http/negotiate.ts';
import { additionalResults, ignoredParameters, warningField } from '../http/warning.ts';
import { metadataOffers } from '../resources/offers.ts';
import { parseSearchParameters, type SearchParameters } from '../resources/search-parameters.ts';
import { searchQuery, type SearchTarget } from '../resources/search-query.ts';
import type { WebHandler, WebServices } from '../web-handler.ts';
import { untilSlotEnds } from './even-time.ts';
import { jsonArray, modelType, xmlMultipart } from './model-answer.ts';
import { ownerOf } from '../../../guard/principal.ts';
import { acceptableOf, parametersOf, resourceUrl, targetOf } from './reading-request.ts';

export const search: WebHandler = async (request, session, services) => {
  const { limits, backend } = services;
  const target = targetOf(request, 'collection', limits);
  const parameters = parametersOf(request, limits);
  const offer = chooseOrRefuse(acceptableOf(request, parameters, limits), metadataOffers);
  const asked = parseSearchParameters(parameters);
  const most = Math.min(asked.limit ?? limits.web.searchResultsMax, limits.web.searchResultsMax);
  // Further ones are only counted, for the warning.
  const limit = most + limits.web.searchCountedMax;
  const options = { limits: limits.query, all: everything(target, services) };
  const query = { ...searchQuery(target, { ...asked, limit }, options), answersInFull: most };
  const format = modelType(offer);
  const found = await underAdmission(session, { kind: 'find', query }, async ({ pass }) => {
    // Written at once, which takes a quarter of the memory; counted until the answer has gone out or was given up.
    const results: Uint8Array[] = [];
    const holding = services.held.holdFor(ownerOf(pass.principal));
    if (request.signal.aborted) holding[Symbol.dispose]();
    else request.signal.addEventListener('abort', () => holding[Symbol.dispose](), { once: true });
    let further = 0;
    const startedMs = performance.now();
    for await (const match of backend.find(pass)) {
      if (request.signal.aborted) throw new LeadglassError('CANCELLED', 'The search was given up');
      if (!pass.stillValid()) throw new LeadglassError('NOT_AUTHORIZED', 'The opening was closed');
      if (results.length >= most) further += 1;
      else {
        holding.add();
        results.push(writeModel(format, completed(match, target, request.baseUrl), { limits: limits.model }));
      }
    }
    if (results.length + further === 0) await untilSlotEnds(startedMs, limits.web.nothingSlotMs);
    return { results, further };
  });
  const headers = warnings(asked, found.further, request.baseUrl);
  if (found.results.length === 0) return { status: 204, headers };
  const answer = format === 'json' ? jsonArray(found.results) : await xmlMultipart(found.results);
  headers.push(
    ['Content-Type', answer.contentType],
    ['Content-Length', String(answer.bytes.length)],
    ['Vary', 'Accept'],
  );
  return { status: 200, headers, ...(request.method === 'HEAD' ? {} : { body: answer.bytes }) };
};

/** `includefield=all`: what the archive keeps of this level and of those above that the path does not name. */
function everything({ level, parents }: SearchTarget, services: WebServices): readonly Tag[] {
  const levels: QueryLevel[] = [level];
  if (level === 'STUDY' || parents.study === undefined) levels.push('PATIENT');
  if (level !== 'STUDY' && parents.study === undefined) levels.push('STUDY');
  if (level === 'IMAGE' && parents.series === undefined) levels.push('SERIES');
  return levels.flatMap((each) => services.returnable(each));
}

/** Tables 10.6.3-3 to -5: where to get it. What only an identifier of C-FIND has is left out. */
function completed(match: DataSet, { level, parents }: SearchTarget, baseUrl: string): DataSet {
  match.delete(Tags.QueryRetrieveLevel);
  match.delete(Tags.RetrieveAETitle);
  const uid = (tag: Tag): ReturnType<typeof knownUid> | undefined => {
    const text = match.text(tag);
    return text === undefined || text === '' ? undefined : knownUid(text);
  };
  const study = uid(Tags.StudyInstanceUID) ?? parents.study;
  const series = level === 'STUDY' ? undefined : (uid(Tags.SeriesInstanceUID) ?? parents.series);
  const instance = level === 'IMAGE' ? uid(Tags.SOPInstanceUID) : undefined;
  if (study === undefined) return match;
  const url = resourceUrl(baseUrl, {
    study,
    ...(series === undefined ? {} : { series }),
    ...(series === undefined || instance === undefined ? {} : { instance }),
  });
  match.setText(Tags.RetrieveURL, 'UR', url);
  return match;
}

function warnings(asked: SearchParameters, further: number, baseUrl: string): [string, string][] {
  const texts: string[] = [];
  if (further > 0) texts.push(additionalResults(further));
  if (asked.ignored.length > 0) texts.push(ignoredParameters(asked.ignored));
  return texts.map((text) => ['Warning', warningField(baseUrl, text)]);
}
