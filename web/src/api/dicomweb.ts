/** DICOMweb with the session's cookie: searches, addresses of pictures, storing with progress. */
import { count, type DataSetJson, sequence, text } from '../model/dicom-json.ts';
import type { FramePlace, Window } from '../model/places.ts';
import { sessionEnded } from '../model/session.ts';
import { askStepUp } from '../model/step-up.ts';
import { merged, type StudyFilter, studyQueries } from '../model/study-search.ts';
import { ownHeader, problemOf, reach } from './client.ts';

const base = '/dicom-web';

/** @throws ApiError */
async function query(path: string, signal?: AbortSignal): Promise<readonly DataSetJson[]> {
  const answer = await reach(base + path, {
    credentials: 'same-origin',
    headers: { accept: 'application/dicom+json' },
    ...(signal === undefined ? {} : { signal }),
  });
  if (answer.status === 204) return [];
  if (answer.ok) return await answer.json();
  const error = await problemOf(answer);
  if (error.status === 401) sessionEnded();
  if (error.isStepUp) {
    await askStepUp();
    return query(path, signal);
  }
  throw error;
}

/** @throws ApiError; the signal's reason */
export async function searchStudies(
  filter: StudyFilter,
  limit: number,
  signal: AbortSignal,
): Promise<readonly DataSetJson[]> {
  const answers = await Promise.all(
    studyQueries(filter, limit).map((parameters) => query(`/studies?${parameters.toString()}`, signal)),
  );
  return merged(answers).slice(0, limit);
}

export function studiesBy(parameters: URLSearchParams): Promise<readonly DataSetJson[]> {
  return query(`/studies?${parameters.toString()}`);
}

export async function studyOf(study: string): Promise<DataSetJson | undefined> {
  const fields = ['StudyDescription', 'ModalitiesInStudy', 'IssuerOfPatientID'];
  const parameters = new URLSearchParams({ StudyInstanceUID: study });
  for (const field of fields) parameters.append('includefield', field);
  const [found] = await studiesBy(parameters);
  return found;
}

export async function seriesOf(study: string): Promise<readonly DataSetJson[]> {
  const series = await query(`/studies/${study}/series?includefield=SeriesDescription&includefield=BodyPartExamined`);
  return series.toSorted((a, b) => (count(a, 'SeriesNumber') ?? 0) - (count(b, 'SeriesNumber') ?? 0));
}

export async function instancesOf(study: string, series: string): Promise<readonly DataSetJson[]> {
  const found = await query(`/studies/${study}/series/${series}/instances?includefield=NumberOfFrames`);
  return found.toSorted((a, b) => (count(a, 'InstanceNumber') ?? 0) - (count(b, 'InstanceNumber') ?? 0));
}

export const thumbnailOf = (study: string, series?: string): string =>
  series === undefined ? `${base}/studies/${study}/thumbnail` : `${base}/studies/${study}/series/${series}/thumbnail`;

export const framePath = ({ study, series, instance, frame }: FramePlace): string =>
  `${base}/studies/${study}/series/${series}/instances/${instance}/frames/${frame}`;

export function renderedFrame(place: FramePlace, window: Window | undefined): string {
  const path = `${framePath(place)}/rendered`;
  return window === undefined ? path : `${path}?window=${window.center},${window.width},linear`;
}

/** The whole study as a ZIP archive, to be opened as a download by the browser itself. */
export const archiveOf = (study: string): string => `${base}/studies/${study}?accept=application/zip`;

export type StoreOutcome =
  | { readonly result: 'stored' }
  | { readonly result: 'refused'; readonly reason: number | undefined; readonly words: string };

/**
 * Stores one file by STOW-RS (PS3.18 10.5), which a browser can only watch on its way with XMLHttpRequest.
 * @param progress bytes that left
 */
export function storeFile(file: File, progress: (bytes: number) => void, signal: AbortSignal): Promise<StoreOutcome> {
  const boundary = `leadglass-${crypto.randomUUID()}`;
  const body = new Blob([`--${boundary}\r\nContent-Type: application/dicom\r\n\r\n`, file, `\r\n--${boundary}--\r\n`]);
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest();
    request.open('POST', `${base}/studies`);
    request.setRequestHeader('accept', 'application/dicom+json');
    request.setRequestHeader('content-type', `multipart/related; type="application/dicom"; boundary=${boundary}`);
    request.setRequestHeader(...ownHeader);
    request.upload.addEventListener('progress', ({ loaded }) => progress(loaded));
    request.addEventListener('load', () => resolve(outcomeOf(request.status, request.responseText)));
    request.addEventListener('error', () => resolve({ result: 'refused', reason: undefined, words: '' }));
    request.addEventListener('abort', () => reject(new DOMException('The upload was stopped', 'AbortError')));
    signal.addEventListener('abort', () => request.abort(), { once: true });
    request.send(body);
  });
}

/** PS3.18 10.5.3: 200 all, 202 some, 409 none; the reasons are in the body. */
export function outcomeOf(status: number, body: string): StoreOutcome {
  if (status === 401) sessionEnded();
  let answer: DataSetJson & { readonly detail?: string } = {};
  try {
    answer = JSON.parse(body);
  } catch {
    // Not ours: the status alone speaks.
  }
  const [failed] = sequence(answer, 'FailedSOPSequence');
  if (status === 200 || (status === 202 && failed === undefined)) return { result: 'stored' };
  const reason = failed === undefined ? '' : text(failed, 'FailureReason');
  return {
    result: 'refused',
    reason: reason === '' ? undefined : Number(reason),
    words: typeof answer.detail === 'string' ? answer.detail : '',
  };
}
