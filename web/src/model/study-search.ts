/** From what somebody types to QIDO-RS queries (PS3.18 10.6): one box finds names, Patient IDs and accession numbers. Pure. */
import { type DataSetJson, tagOf, text } from './dicom-json.ts';

export interface StudyFilter {
  readonly text: string;
  /** Empty: any. */
  readonly modality: string;
  /** YYYY-MM-DD or empty. */
  readonly from: string;
  readonly to: string;
}

const included = [
  'StudyDescription',
  'ModalitiesInStudy',
  'PatientBirthDate',
  'PatientSex',
  'AccessionNumber',
] as const;

/** One query for each attribute that the text may mean; one alone when there is none. */
export function studyQueries(filter: StudyFilter, limit: number): readonly URLSearchParams[] {
  const typed = filter.text.trim().replaceAll(/\s+/g, ' ');
  if (typed === '') return [queryOf({}, filter, limit)];
  const isName = /\p{L}/u.test(typed);
  const isNumber = /\d/.test(typed);
  return [
    // A name has letters; whoever types `doe jane` means Doe^Jane, in either order of what comes first.
    ...(isName && !/\d/.test(typed) ? [queryOf({ PatientName: nameKey(typed) }, filter, limit)] : []),
    ...(isNumber || !typed.includes(' ')
      ? [
          queryOf({ PatientID: `${escaped(typed)}*` }, filter, limit),
          queryOf({ AccessionNumber: `${escaped(typed)}*` }, filter, limit),
        ]
      : []),
  ];
}

function nameKey(typed: string): string {
  const [family = '', ...given] = typed
    .split(/[\s,^]+/)
    .filter(Boolean)
    .map(escaped);
  return given.length === 0 ? `*${family}*` : `${family}*^${given.join('*')}*`;
}

/** Wildcards that somebody types are meant; a backslash would be a list of values. */
const escaped = (part: string): string => part.replaceAll('\\', '');

function queryOf(keys: Readonly<Record<string, string>>, filter: StudyFilter, limit: number): URLSearchParams {
  const query = new URLSearchParams(keys);
  if (filter.modality !== '') query.set('ModalitiesInStudy', filter.modality);
  const bare = (day: string): string => day.replaceAll('-', '');
  if (filter.from !== '' || filter.to !== '') query.set('StudyDate', `${bare(filter.from)}-${bare(filter.to)}`);
  for (const keyword of included) query.append('includefield', keyword);
  query.set('limit', String(limit));
  return query;
}

/** Answers of several queries as one list: each study once, the newest first. */
export function merged(answers: readonly (readonly DataSetJson[])[]): readonly DataSetJson[] {
  const studies = new Map<string, DataSetJson>();
  for (const study of answers.flat()) studies.set(text(study, 'StudyInstanceUID'), study);
  const key = (study: DataSetJson): string => text(study, 'StudyDate') + text(study, 'StudyTime');
  return [...studies.values()].toSorted((a, b) => key(b).localeCompare(key(a)));
}

/** The other studies of the same patient, whose ID counts only with its issuer. */
export function patientQuery(study: DataSetJson): URLSearchParams | undefined {
  const id = text(study, 'PatientID');
  if (id === '') return undefined;
  const query = new URLSearchParams({ PatientID: id, limit: '200' });
  const issuer = text(study, 'IssuerOfPatientID');
  if (issuer !== '') query.set('IssuerOfPatientID', issuer);
  for (const keyword of included) query.append('includefield', tagOf(keyword));
  return query;
}
