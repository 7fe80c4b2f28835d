/**
 * What is burned into a picture on request (PS3.18 8.3.5.1.1): whose it is, and how it was made. Only who asks for it gets it; a
 * value that the image has not is left out.
 */
import type { DataSet } from '../dicom/data-set.ts';
import { Tags } from '../dicom/dictionary/tags.generated.ts';
import { displayPersonName, parsePersonName } from '../dicom/person-name.ts';
import type { Tag } from '../dicom/tag.ts';
import type { Labels } from './marks.ts';
import { shortLine } from './text.ts';

export type LabelKind = 'patient' | 'technique';

/** How a value of the acquisition is written; the first tag that has one. */
const technique: readonly { readonly tags: readonly Tag[]; readonly before?: string; readonly unit?: string }[] = [
  { tags: [Tags.Modality] },
  { tags: [Tags.BodyPartExamined] },
  { tags: [Tags.ImageLaterality, Tags.Laterality] },
  { tags: [Tags.ViewPosition] },
  { tags: [Tags.KVP], unit: 'kV' },
  { tags: [Tags.XRayTubeCurrent], unit: 'mA' },
  { tags: [Tags.ExposureTime], unit: 'ms' },
  { tags: [Tags.Exposure], unit: 'mAs' },
  { tags: [Tags.ConvolutionKernel] },
  { tags: [Tags.MagneticFieldStrength], unit: 'T' },
  { tags: [Tags.SequenceName] },
  { tags: [Tags.RepetitionTime], before: 'TR', unit: 'ms' },
  { tags: [Tags.EchoTime], before: 'TE', unit: 'ms' },
  { tags: [Tags.InversionTime], before: 'TI', unit: 'ms' },
  { tags: [Tags.FlipAngle], before: 'FA', unit: '°' },
  { tags: [Tags.SliceThickness], before: 'SL', unit: 'mm' },
  { tags: [Tags.SliceLocation], before: 'Pos', unit: 'mm' },
];

const patientElements: readonly Tag[] = [
  Tags.SpecificCharacterSet,
  Tags.PatientName,
  Tags.PatientID,
  Tags.PatientBirthDate,
  Tags.PatientSex,
  Tags.StudyDate,
];

/** What has to be read of an image for its labels. */
export function labelElements(kinds: readonly LabelKind[]): ReadonlySet<Tag> {
  return new Set([
    ...(kinds.includes('patient') ? patientElements : []),
    ...(kinds.includes('technique') ? [Tags.SpecificCharacterSet, ...technique.flatMap(({ tags }) => tags)] : []),
  ]);
}

/** @param limits of one value */
export function readLabels(
  dataSet: DataSet,
  kinds: readonly LabelKind[],
  limits: { readonly labelCharactersMax: number },
): Labels | undefined {
  if (kinds.length === 0) return undefined;
  const value = (tag: Tag): string => {
    const text = dataSet.texts(tag).find((one) => one !== '') ?? '';
    return shortLine(text, limits.labelCharactersMax);
  };
  return {
    top: kinds.includes('patient') ? patientLines(value, dataSet, limits) : [],
    bottom: kinds.includes('technique') ? [techniqueLine(value)].filter((line) => line !== '') : [],
  };
}

function patientLines(
  value: (tag: Tag) => string,
  dataSet: DataSet,
  { labelCharactersMax }: { readonly labelCharactersMax: number },
): readonly string[] {
  const birth = dateText(value(Tags.PatientBirthDate));
  const person = [birth === '' ? '' : `born ${birth}`, value(Tags.PatientSex)].filter((part) => part !== '');
  const studied = dateText(value(Tags.StudyDate));
  return [
    shortLine(nameText(dataSet.texts(Tags.PatientName)[0] ?? ''), labelCharactersMax),
    value(Tags.PatientID) === '' ? '' : `ID ${value(Tags.PatientID)}`,
    person.join('  '),
    studied === '' ? '' : `study of ${studied}`,
  ].filter((line) => line !== '');
}

/** Letters and ideographs, since each reader looks for his own; ideographs begin with the family name. */
function nameText(name: string): string {
  const [alphabetic = ''] = name.split('=');
  const { family, given } = parsePersonName(name).ideographic;
  const ideographs = [family, given].filter((part) => part !== '').join(' ');
  return [displayPersonName(alphabetic), ideographs].filter((part) => part !== '').join('  ');
}

function techniqueLine(value: (tag: Tag) => string): string {
  return technique
    .map(({ tags, before = '', unit = '' }) => {
      const text = tags.map(value).find((one) => one !== '') ?? '';
      if (text === '') return '';
      const number = `${shortNumber(text)}${unit === '' || unit === '°' ? unit : ` ${unit}`}`;
      return before === '' ? number : `${before} ${number}`;
    })
    .filter((part) => part !== '')
    .join('  ');
}

/** DS values come with up to 16 characters; nobody reads more than the first digits. */
function shortNumber(text: string): string {
  if (!/^[+-]?\d+\.\d{3,}$/.test(text)) return text;
  return String(Math.round(Number(text) * 100) / 100);
}

function dateText(text: string): string {
  const [, year, month, day] = /^(\d{4})\.?(\d{2})\.?(\d{2})$/.exec(text) ?? [];
  return year === undefined ? text : `${year}-${month}-${day}`;
}
