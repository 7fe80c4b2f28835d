/** What operators ask about studies, as queries of the standard, so that the ledger shows what was asked. */
import { DataSet } from '../dicom/data-set.ts';
import { Tags } from '../dicom/dictionary/tags.generated.ts';
import { parseQuery, type Query, type QueryLevel } from '../dicom/query.ts';
import type { Tag } from '../dicom/tag.ts';
import type { Uid } from '../dicom/uid.ts';
import type { CallArguments } from '../doors/control/control-calls.ts';
import { limits } from '../limits.ts';

const shownOfStudy: readonly Tag[] = [
  Tags.StudyDate,
  Tags.AccessionNumber,
  Tags.StudyDescription,
  Tags.PatientName,
  Tags.PatientID,
];
const shownOfSeries: readonly Tag[] = [
  Tags.Modality,
  Tags.SeriesDescription,
  Tags.SeriesInstanceUID,
  Tags.SeriesNumber,
  Tags.NumberOfSeriesRelatedInstances,
];

/** `newestFrom`: only studies from this day (YYYYMMDD) on, where those before would not be shown anyway. */
export function listQuery(given: CallArguments<'studyList'>, newestFrom: string | undefined): Query {
  const from = given.from === undefined ? newestFrom : dicomDay(given.from);
  const to = given.to === undefined ? '' : dicomDay(given.to);
  return queryFor('STUDY', [
    [Tags.StudyDate, from === undefined && to === '' ? '' : `${from ?? ''}-${to}`],
    [Tags.AccessionNumber, given.accessionNumber ?? ''],
    ...(given.modality === undefined ? [] : [[Tags.ModalitiesInStudy, given.modality] as const]),
    [Tags.StudyDescription, ''],
    [Tags.PatientName, given.patientName ?? ''],
    [Tags.PatientID, given.patientId ?? ''],
    [Tags.StudyInstanceUID, ''],
  ]);
}

/** One study with its series. */
export function showQuery(studyInstanceUid: Uid): Query {
  return queryFor('SERIES', [
    [Tags.StudyInstanceUID, studyInstanceUid],
    ...[...shownOfStudy, ...shownOfSeries].map((tag) => [tag, ''] as const),
  ]);
}

/** Does the list hold everything, so that only the newest need to be looked at? */
export function isUnfiltered(given: CallArguments<'studyList'>): boolean {
  const { patientId, patientName, accessionNumber, modality, from, removed, mismatched } = given;
  return (
    !removed &&
    !mismatched &&
    [patientId, patientName, accessionNumber, modality, from].every((filter) => filter === undefined)
  );
}

/** YYYYMMDD of YYYY-MM-DD. */
export const dicomDay = (isoText: string): string => isoText.replaceAll('-', '');

/** The one way to a query: an identifier as a peer would send it. */
function queryFor(level: QueryLevel, keys: readonly (readonly [Tag, string])[]): Query {
  const identifier = new DataSet();
  identifier.setText(Tags.SpecificCharacterSet, 'CS', 'ISO_IR 192');
  identifier.setText(Tags.QueryRetrieveLevel, 'CS', level);
  for (const [tag, text] of keys) identifier.setText(tag, undefined, text);
  return parseQuery(identifier, {
    model: 'study-root',
    relational: false,
    dateTimeCombined: false,
    fuzzy: false,
    limits: limits.query,
  });
}
