/** `-k KEY=VALUE` into an identifier: keywords or tags, sequence items by a dot, an empty value to ask for the attribute. */
import { DataSet } from '../dicom/data-set.ts';
import { Tags, attributeByKeyword, attributeByTag, vrOf } from '../dicom/dictionary/dictionary.ts';
import { isMatchable, setTextKey } from '../dicom/query-key-text.ts';
import { queryLevels, uniqueKeyOf, type QueryLevel } from '../dicom/query-level.ts';
import type { Tag } from '../dicom/tag.ts';
import { formatTag } from '../dicom/tag.ts';
import { nearest } from '../config/nearest.ts';
import { LeadglassError } from '../error.ts';

export type QueryLevelWord = QueryLevel;

/** What is asked for when no key says otherwise: enough to recognise a match and to go on from it. */
const usualKeys: Readonly<Record<QueryLevelWord, readonly Tag[]>> = {
  PATIENT: [Tags.PatientID, Tags.PatientName, Tags.PatientBirthDate, Tags.PatientSex],
  STUDY: [
    Tags.StudyDate,
    Tags.PatientID,
    Tags.PatientName,
    Tags.ModalitiesInStudy,
    Tags.AccessionNumber,
    Tags.StudyDescription,
    Tags.StudyInstanceUID,
  ],
  SERIES: [Tags.Modality, Tags.SeriesNumber, Tags.SeriesDescription, Tags.StudyInstanceUID, Tags.SeriesInstanceUID],
  IMAGE: [Tags.InstanceNumber, Tags.SOPClassUID, Tags.SeriesInstanceUID, Tags.SOPInstanceUID],
};

/**
 * The identifier and the tags to show, in the order in which they were asked.
 * @throws LeadglassError BAD_REQUEST with the nearest keyword
 */
export function identifierOf(
  keys: readonly string[],
  { level, withUsualKeys }: { readonly level: QueryLevelWord | undefined; readonly withUsualKeys: boolean },
): { readonly identifier: DataSet; readonly level: QueryLevelWord; readonly columns: readonly Tag[] } {
  const identifier = new DataSet();
  const columns: Tag[] = [];
  for (const key of keys) {
    const cut = key.indexOf('=');
    const path = (cut < 0 ? key : key.slice(0, cut)).split('.').map((word) => tagNamed(word.trim()));
    setAt(identifier, path, cut < 0 ? '' : key.slice(cut + 1));
    const [first] = path;
    if (first !== undefined && first !== Tags.QueryRetrieveLevel && !columns.includes(first)) columns.push(first);
  }
  const used = levelOf(level ?? identifier.text(Tags.QueryRetrieveLevel) ?? 'STUDY');
  identifier.setText(Tags.QueryRetrieveLevel, 'CS', used);
  if (withUsualKeys) {
    for (const tag of usualKeys[used]) {
      if (!identifier.has(tag)) identifier.setText(tag, undefined, '');
      if (!columns.includes(tag)) columns.push(tag);
    }
  }
  return { identifier, level: used, columns };
}

/**
 * Our client negotiates no relational queries, so a C-FIND needs exactly one value for the unique key of each level above (PS3.4
 * C.4.1.2.1). A retrieve is left to the peer: some find an instance without its study.
 * @throws LeadglassError BAD_REQUEST
 */
export function requireUpperKeys(
  identifier: DataSet,
  { model, level }: { readonly model: 'study' | 'patient'; readonly level: QueryLevelWord },
): void {
  const levels = model === 'patient' ? queryLevels : queryLevels.slice(1);
  for (const upper of levels.slice(0, Math.max(0, levels.indexOf(level)))) {
    const tag = uniqueKeyOf(upper);
    const name = nameOf(tag);
    const values = valuesOf(identifier, tag);
    const [value] = values;
    if (value === undefined)
      throw new LeadglassError(
        'BAD_REQUEST',
        `To find at level ${level}, ${name} needs exactly one value: add -k ${name}=…`,
      );
    if (values.length > 1 || (tag === Tags.PatientID && /[*?]/.test(value)))
      throw new LeadglassError(
        'BAD_REQUEST',
        `To find at level ${level}, ${name} needs exactly one value, without wildcards`,
      );
  }
}

function valuesOf(identifier: DataSet, tag: Tag): readonly string[] {
  return identifier.texts(tag).filter((value) => value !== '');
}

export function levelOf(text: string): QueryLevelWord {
  const word = text.trim().toUpperCase();
  if (word === 'PATIENT' || word === 'STUDY' || word === 'SERIES' || word === 'IMAGE') return word;
  throw new LeadglassError('BAD_REQUEST', 'The level must be PATIENT, STUDY, SERIES or IMAGE');
}

function tagNamed(word: string): Tag {
  const numbers = /^\(?([0-9A-Fa-f]{4}),?([0-9A-Fa-f]{4})\)?$/.exec(word);
  if (numbers !== null) return Number.parseInt(`${numbers[1]}${numbers[2]}`, 16);
  const entry = attributeByKeyword(word);
  if (entry !== undefined) return entry.tag;
  const meant = nearest(word, Object.keys(Tags));
  throw new LeadglassError(
    'BAD_REQUEST',
    `Unknown key "${word}"; ${meant === undefined ? 'use a keyword such as PatientID or a tag such as 0010,0020' : `did you mean ${meant}?`}`,
  );
}

function setAt(identifier: DataSet, path: readonly Tag[], value: string): void {
  const [tag, ...rest] = path;
  if (tag === undefined) return;
  const plain = path.slice(0, -1).find((above) => vrOf(above) !== 'SQ');
  if (plain !== undefined) {
    throw new LeadglassError('BAD_REQUEST', `${nameOf(plain)} is no sequence; only a sequence has keys behind a dot`);
  }
  const last = path.at(-1) ?? tag;
  if (value !== '' && vrOf(last) !== 'SQ' && !isMatchable(last)) {
    throw new LeadglassError('BAD_REQUEST', `${nameOf(last)} cannot be matched; leave out its value to ask for it`);
  }
  if (vrOf(last) === 'UI') requireUids(last, value);
  setTextKey(identifier, { path: [tag, ...rest], values: value === '' ? [] : value.split('\\') });
}

/** Their form only: peers hold UIDs whose components begin with a zero, against PS3.5 9.1. */
function requireUids(tag: Tag, value: string): void {
  if (value === '') return;
  const wrong = value.split('\\').find((uid) => !/^[0-9.]{1,64}$/.test(uid));
  if (wrong === undefined) return;
  throw new LeadglassError(
    'BAD_REQUEST',
    `${wrong === '' ? '(nothing)' : wrong} is no UID for ${nameOf(tag)}: digits and dots, at most 64` +
      (/[*?]/.test(wrong) ? '; for any, leave it empty' : ''),
  );
}

/** For headings: the keyword, or the tag where there is none. */
export function nameOf(tag: Tag): string {
  const keyword = attributeByTag(tag)?.keyword;
  return keyword === undefined || keyword === '' ? formatTag(tag) : keyword;
}
