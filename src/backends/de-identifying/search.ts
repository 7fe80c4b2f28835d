/**
 * A search by pseudonyms. A key may only match what the answer shows: one that looked at a name or a date would find out by asking
 * again and again what the answers leave out.
 */
import { DataSet } from '../../dicom/data-set.ts';
import { readDataSet, writeDataSet } from '../../dicom/data-set-codec.ts';
import { type DeIdentifyFacts, planned } from '../../dicom/de-identify/de-identify.ts';
import { Tags } from '../../dicom/dictionary/tags.generated.ts';
import type { Query, QueryKey } from '../../dicom/query.ts';
import type { Tag } from '../../dicom/tag.ts';
import { TransferSyntaxes } from '../../dicom/transfer-syntax.ts';
import { isUid, type Uid } from '../../dicom/uid.ts';
import { tellingWhose } from './every-study.ts';

/** Of machines and pictures: they stand in the answer as they are stored. */
const matchedAsStored: ReadonlySet<Tag> = new Set<Tag>([
  Tags.Modality,
  Tags.ModalitiesInStudy,
  Tags.SOPClassUID,
  Tags.SOPClassesInStudy,
  Tags.SeriesNumber,
  Tags.InstanceNumber,
  Tags.AcquisitionNumber,
  Tags.BodyPartExamined,
  Tags.ImageType,
  Tags.PhotometricInterpretation,
  Tags.NumberOfFrames,
  Tags.Rows,
  Tags.Columns,
  Tags.BitsAllocated,
  Tags.Manufacturer,
  Tags.ManufacturerModelName,
  Tags.NumberOfStudyRelatedSeries,
  Tags.NumberOfStudyRelatedInstances,
  Tags.NumberOfSeriesRelatedInstances,
]);

const uidKeys: ReadonlySet<Tag> = new Set<Tag>([Tags.StudyInstanceUID, Tags.SeriesInstanceUID, Tags.SOPInstanceUID]);

export interface Translation {
  /** The UIDs behind these pseudonyms; those that stand for nothing are left out. */
  readonly uids: (tag: Tag, pseudonyms: readonly Uid[]) => Promise<readonly Uid[]>;
  /** Studies of the patients whose pseudonym is this, or begins so. */
  readonly studiesOf: (pseudonym: string, isBeginning: boolean) => Promise<readonly Uid[]>;
}

/** The query to ask of the originals; undefined when nothing can match. */
export async function translatedQuery(query: Query, translation: Translation): Promise<Query | undefined> {
  const keys: QueryKey[] = [];
  for (const key of query.keys) {
    const translated = matchedAsStored.has(key.tag) ? key : await translatedKey(key, translation);
    if (translated === undefined) return undefined;
    keys.push(translated);
  }
  const returnKeys = [...new Set([...query.returnKeys, ...tellingWhose])].toSorted((one, other) => one - other);
  return { ...query, keys, returnKeys, fuzzy: false };
}

async function translatedKey({ tag, match }: QueryKey, translation: Translation): Promise<QueryKey | undefined> {
  if (uidKeys.has(tag)) {
    return match.kind === 'uid-list' ? uidKey(tag, await translation.uids(tag, match.uids)) : undefined;
  }
  if (tag !== Tags.PatientID && tag !== Tags.PatientName) return undefined;
  const text = match.kind === 'single' ? match.values[0] : match.kind === 'wildcard' ? match.pattern : '';
  const found = /^(P[0-9A-Z]{0,16})(\*?)$/.exec(text.toUpperCase());
  if (found === null) return undefined;
  return uidKey(Tags.StudyInstanceUID, await translation.studiesOf(found[1] ?? '', found[2] === '*'));
}

function uidKey(tag: Tag, uids: readonly Uid[]): QueryKey | undefined {
  return uids.length === 0 ? undefined : { tag, vr: 'UI', match: { kind: 'uid-list', uids } };
}

/** An answer as the project sees it: what the profile leaves of it, and of that what was asked for. */
export async function translatedAnswer(match: DataSet, query: Query, facts: DeIdentifyFacts): Promise<DataSet> {
  const transferSyntaxUid = TransferSyntaxes.ExplicitVrLittleEndian;
  const bytes = writeDataSet(match, transferSyntaxUid);
  const readRange = async function* (offset: number, lengthBytes: number): AsyncGenerator<Uint8Array> {
    yield bytes.subarray(offset, offset + lengthBytes);
  };
  const stored = { transferSyntaxUid, lengthBytes: bytes.length, readRange, read: () => readRange(0, bytes.length) };
  const pieces = await planned(stored, match, { ...facts, added: new DataSet() });
  const chunks = await Array.fromAsync(pieces.readRange(stored, 0, pieces.lengthBytes));
  const answer = readDataSet(Buffer.concat(chunks), { transferSyntaxUid, limits: facts.limits });
  const asked = new Set([...query.returnKeys, ...uniqueKeysOf(match), Tags.QueryRetrieveLevel]);
  for (const { tag } of [...answer]) if (!asked.has(tag) && tag !== Tags.SpecificCharacterSet) answer.delete(tag);
  return answer;
}

/** Those of its level and above are part of an answer unasked, except the one that was added to know whose it is. */
function uniqueKeysOf(match: DataSet): Iterable<Tag> {
  return match.text(Tags.QueryRetrieveLevel) === 'PATIENT' ? [Tags.PatientID] : uidKeys;
}

export interface TaggedUid {
  readonly tag: Tag;
  readonly uid: Uid;
}

/** The UIDs of an answer, as they are stored. */
export function uidsOf(match: DataSet): readonly TaggedUid[] {
  return [...uidKeys].flatMap((tag) => {
    const uid = match.text(tag) ?? '';
    return isUid(uid) ? [{ tag, uid }] : [];
  });
}

export function dataSetOf(uids: readonly TaggedUid[]): DataSet {
  const dataSet = new DataSet();
  for (const { tag, uid } of uids) dataSet.setText(tag, 'UI', uid);
  return dataSet;
}
