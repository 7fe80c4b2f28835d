/**
 * One answer to a query: the requested keys, empty where nothing is known, with the unique key of the level. Texts are in
 * the query's own character set where it can hold them, else in UTF-8 (PS3.4 C.4.1.1.3.2).
 */
import { isPlainAscii } from '../../../dicom/ascii.ts';
import { DataSet } from '../../../dicom/data-set.ts';
import { vrOf } from '../../../dicom/dictionary/dictionary.ts';
import { Tags } from '../../../dicom/dictionary/tags.generated.ts';
import type { Query, QueryLevel, ReturnTemplate } from '../../../dicom/query.ts';
import type { Tag } from '../../../dicom/tag.ts';
import { usesCharacterSet } from '../../../dicom/vr.ts';
import { LeadglassError } from '../../../error.ts';

export interface AnswerOptions {
  /** Our own AE title, for Retrieve AE Title (0008,0054). */
  readonly retrieveAeTitle?: string;
}

export const uniqueKeys: Readonly<Record<QueryLevel, Tag>> = {
  PATIENT: Tags.PatientID,
  STUDY: Tags.StudyInstanceUID,
  SERIES: Tags.SeriesInstanceUID,
  IMAGE: Tags.SOPInstanceUID,
};
const utf8 = 'ISO_IR 192';

export function answerOf(query: Query, head: DataSet, options: AnswerOptions): DataSet {
  const asked = query.identifier.characterSet;
  if (asked.length === 0 || (asked.length === 1 && asked[0] === utf8))
    return build(query, head, { ...options, sets: [] });
  try {
    return build(query, head, { ...options, sets: asked });
  } catch (error) {
    // The query's character set cannot hold this answer (or is none that we write).
    if (error instanceof LeadglassError && error.code === 'UNSUPPORTED')
      return build(query, head, { ...options, sets: [] });
    throw error;
  }
}

function build(query: Query, head: DataSet, options: AnswerOptions & { readonly sets: readonly string[] }): DataSet {
  const answer = new DataSet();
  if (options.sets.length > 0) answer.setText(Tags.SpecificCharacterSet, 'CS', options.sets);
  answer.setText(Tags.QueryRetrieveLevel, 'CS', query.level);
  if (options.retrieveAeTitle !== undefined) answer.setText(Tags.RetrieveAETitle, 'AE', options.retrieveAeTitle);
  for (const tag of new Set([uniqueKeys[query.level], ...query.returnKeys])) {
    if (tag === Tags.SpecificCharacterSet || tag === Tags.QueryRetrieveLevel || answer.has(tag)) continue;
    if (tag === Tags.InstanceAvailability) answer.setText(tag, 'CS', 'ONLINE');
    else if (head.has(tag))
      copyElement(answer, head, { tag, sets: options.sets, template: query.returnItems.get(tag) });
    else setEmpty(answer, tag);
  }
  return answer;
}

function setEmpty(answer: DataSet, tag: Tag): void {
  const vr = vrOf(tag);
  if (vr === 'SQ') answer.setItems(tag, []);
  else answer.setBytes(tag, vr, new Uint8Array());
}

interface Copying {
  readonly tag: Tag;
  readonly sets: readonly string[];
  /** For sequences: what of their items is wanted; undefined or without tags: everything. */
  readonly template: ReturnTemplate | undefined;
}

function copyElement(target: DataSet, source: DataSet, { tag, sets, template }: Copying): void {
  const element = source.get(tag);
  if (element === undefined) return;
  if (!(element.value instanceof Uint8Array)) {
    target.setItems(
      tag,
      element.value.map((item) => copyItem(item, sets, template)),
    );
  } else if (usesCharacterSet(element.vr) && element.value.length > 0 && !isSame(element.value, source, sets)) {
    target.setText(tag, element.vr, source.texts(tag));
  } else {
    target.set(element);
  }
}

/**
 * Most texts are ASCII and the same in UTF-8, which heads are kept in: their bytes need not become text and bytes again. Other character
 * sets read some of those bytes in another way (PS3.3 C.12.1.1.2).
 */
function isSame(bytes: Uint8Array, { characterSet }: DataSet, sets: readonly string[]): boolean {
  const isUtf8 = characterSet.length === 0 || (characterSet.length === 1 && characterSet[0] === utf8);
  return sets.length === 0 && isUtf8 && isPlainAscii(bytes);
}

function copyItem(source: DataSet, sets: readonly string[], template: ReturnTemplate | undefined): DataSet {
  const target = new DataSet();
  if (sets.length > 0) target.setText(Tags.SpecificCharacterSet, 'CS', sets);
  if (template === undefined || template.tags.length === 0) {
    for (const { tag } of source) {
      if (tag !== Tags.SpecificCharacterSet) copyElement(target, source, { tag, sets, template: undefined });
    }
    return target;
  }
  for (const tag of template.tags) {
    if (source.has(tag)) copyElement(target, source, { tag, sets, template: template.items.get(tag) });
    else setEmpty(target, tag);
  }
  return target;
}
