/** Reads answers of DICOMweb (DICOM JSON model, PS3.18 annex F): values by keyword, names and dates for people. Pure. */

export type DataSetJson = Readonly<Record<string, { readonly vr?: string; readonly Value?: readonly unknown[] }>>;

/** The attributes that the console reads. */
const tags = {
  StudyDate: '00080020',
  StudyTime: '00080030',
  AccessionNumber: '00080050',
  SOPClassUID: '00080016',
  SOPInstanceUID: '00080018',
  Modality: '00080060',
  ModalitiesInStudy: '00080061',
  ReferringPhysicianName: '00080090',
  StudyDescription: '00081030',
  SeriesDescription: '0008103E',
  FailureReason: '00081197',
  FailedSOPSequence: '00081198',
  PatientName: '00100010',
  PatientID: '00100020',
  IssuerOfPatientID: '00100021',
  PatientBirthDate: '00100030',
  PatientSex: '00100040',
  BodyPartExamined: '00180015',
  StudyInstanceUID: '0020000D',
  SeriesInstanceUID: '0020000E',
  SeriesNumber: '00200011',
  InstanceNumber: '00200013',
  NumberOfStudyRelatedSeries: '00201206',
  NumberOfStudyRelatedInstances: '00201208',
  NumberOfSeriesRelatedInstances: '00201209',
  NumberOfFrames: '00280008',
  Rows: '00280010',
} as const;
export type Keyword = keyof typeof tags;

export const tagOf = (keyword: Keyword): string => tags[keyword];

export function valuesOf(dataSet: DataSetJson, keyword: Keyword): readonly unknown[] {
  return dataSet[tags[keyword]]?.Value ?? [];
}

/** Empty: there is none. */
export function text(dataSet: DataSetJson, keyword: Keyword): string {
  const [value] = valuesOf(dataSet, keyword);
  return typeof value === 'string' ? value : typeof value === 'number' ? String(value) : '';
}

export function texts(dataSet: DataSetJson, keyword: Keyword): readonly string[] {
  return valuesOf(dataSet, keyword).filter((value) => typeof value === 'string');
}

export function count(dataSet: DataSetJson, keyword: Keyword): number | undefined {
  const value = Number(text(dataSet, keyword) || Number.NaN);
  return Number.isFinite(value) ? value : undefined;
}

export function sequence(dataSet: DataSetJson, keyword: Keyword): readonly DataSetJson[] {
  return valuesOf(dataSet, keyword).filter((item): item is DataSetJson => typeof item === 'object' && item !== null);
}

/** A name as people write it, the ideographic form behind it: PS3.5 6.2.1, PS3.18 F.2.2. */
export function personName(dataSet: DataSetJson, keyword: Keyword): string {
  const [value] = valuesOf(dataSet, keyword);
  if (typeof value !== 'object' || value === null) return '';
  const forms = value as { readonly Alphabetic?: unknown; readonly Ideographic?: unknown };
  const alphabetic = typeof forms.Alphabetic === 'string' ? readableName(forms.Alphabetic) : '';
  const ideographic = typeof forms.Ideographic === 'string' ? readableName(forms.Ideographic) : '';
  if (alphabetic === '') return ideographic;
  return ideographic === '' ? alphabetic : `${alphabetic} (${ideographic})`;
}

/** `Doe^Jane^A^Dr^PhD` -> `Doe, Dr Jane A, PhD`. */
export function readableName(form: string): string {
  const [family = '', given = '', middle = '', prefix = '', suffix = ''] = form.split('^').map((part) => part.trim());
  const rest = [prefix, given, middle].filter(Boolean).join(' ');
  return [family, rest, suffix].filter(Boolean).join(', ');
}

/** DA and TM as ISO: `20261127`, `101530.123` -> `2026-11-27T10:15:30`; a date alone as a day. Empty when it is none. */
export function isoDate(date: string, time = ''): string {
  const day = /^(\d{4})\.?(\d{2})\.?(\d{2})$/.exec(date.trim());
  if (day === null) return '';
  const clock = /^(\d{2})(\d{2})(\d{2})?/.exec(time.trim());
  const iso = `${day[1]}-${day[2]}-${day[3]}`;
  return clock === null ? iso : `${iso}T${clock[1]}:${clock[2]}:${clock[3] ?? '00'}`;
}
