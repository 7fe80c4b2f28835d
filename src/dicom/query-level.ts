/** The levels of the query/retrieve information models, PS3.4 C.6.1 and C.6.2, and which of them an attribute belongs to. */
import type { Tag } from './tag.ts';

export type InformationModel = 'patient-root' | 'study-root';

/** From the highest to the lowest. */
export const queryLevels = ['PATIENT', 'STUDY', 'SERIES', 'IMAGE'] as const;
export type QueryLevel = (typeof queryLevels)[number];

const uniqueKeys: Readonly<Record<QueryLevel, Tag>> = {
  PATIENT: 0x00100020,
  STUDY: 0x0020000d,
  SERIES: 0x0020000e,
  IMAGE: 0x00080018,
};

/** Patient ID, or the instance UID of the level. */
export function uniqueKeyOf(level: QueryLevel): Tag {
  return uniqueKeys[level];
}

/** Required and unique keys of tables C.6-1 to C.6-5, and the optional ones that peers send most. */
const levels: ReadonlyMap<Tag, QueryLevel> = new Map<Tag, QueryLevel>([
  [0x00100010, 'PATIENT'], // Patient's Name
  [0x00100020, 'PATIENT'], // Patient ID
  [0x00100021, 'PATIENT'], // Issuer of Patient ID
  [0x00100030, 'PATIENT'], // Patient's Birth Date
  [0x00100040, 'PATIENT'], // Patient's Sex
  [0x00080020, 'STUDY'], // Study Date
  [0x00080030, 'STUDY'], // Study Time
  [0x00080050, 'STUDY'], // Accession Number
  [0x00080061, 'STUDY'], // Modalities in Study
  [0x00080062, 'STUDY'], // SOP Classes in Study
  [0x00080090, 'STUDY'], // Referring Physician's Name
  [0x00081030, 'STUDY'], // Study Description
  [0x0020000d, 'STUDY'], // Study Instance UID
  [0x00200010, 'STUDY'], // Study ID
  [0x00080021, 'SERIES'], // Series Date
  [0x00080031, 'SERIES'], // Series Time
  [0x00080060, 'SERIES'], // Modality
  [0x0008103e, 'SERIES'], // Series Description
  [0x00180015, 'SERIES'], // Body Part Examined
  [0x0020000e, 'SERIES'], // Series Instance UID
  [0x00200011, 'SERIES'], // Series Number
  [0x00080016, 'IMAGE'], // SOP Class UID
  [0x00080018, 'IMAGE'], // SOP Instance UID
  [0x00200013, 'IMAGE'], // Instance Number
]);

/** The level of an attribute; undefined where the standard leaves it open. */
export function levelOfAttribute(tag: Tag): QueryLevel | undefined {
  return levels.get(tag);
}
