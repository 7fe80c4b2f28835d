/**
 * Which attributes the index keeps, level by level: the keys of PS3.4 C.6.1.1 and C.6.2.1, and what reading stations ask
 * for besides. Everything named here can be matched and returned; what is not named is not stored in the index.
 */
import type { QueryLevel } from '../../../dicom/query.ts';
import type { Tag } from '../../../dicom/tag.ts';

const patient: readonly Tag[] = [
  0x00100010, // Patient's Name
  0x00100020, // Patient ID
  0x00100021, // Issuer of Patient ID
  0x00100022, // Type of Patient ID
  0x00100024, // Issuer of Patient ID Qualifiers Sequence
  0x00100030, // Patient's Birth Date
  0x00100032, // Patient's Birth Time
  0x00100040, // Patient's Sex
  0x00101000, // Other Patient IDs
  0x00101001, // Other Patient Names
  0x00101002, // Other Patient IDs Sequence
  0x00102160, // Ethnic Group
  0x00102201, // Patient Species Description
  0x00102292, // Patient Breed Description
  0x00104000, // Patient Comments
];

const study: readonly Tag[] = [
  0x0020000d, // Study Instance UID
  0x00080020, // Study Date
  0x00080030, // Study Time
  0x00080050, // Accession Number
  0x00080051, // Issuer of Accession Number Sequence
  0x00080090, // Referring Physician's Name
  0x00080201, // Timezone Offset From UTC
  0x00081030, // Study Description
  0x00081032, // Procedure Code Sequence
  0x00081048, // Physician(s) of Record
  0x00081060, // Name of Physician(s) Reading Study
  0x00081080, // Admitting Diagnoses Description
  0x00081110, // Referenced Study Sequence
  0x00101010, // Patient's Age
  0x00101020, // Patient's Size
  0x00101030, // Patient's Weight
  0x00102180, // Occupation
  0x001021b0, // Additional Patient History
  0x00200010, // Study ID
];

const series: readonly Tag[] = [
  0x0020000e, // Series Instance UID
  0x00080021, // Series Date
  0x00080031, // Series Time
  0x00080060, // Modality
  0x00080070, // Manufacturer
  0x00080080, // Institution Name
  0x00081010, // Station Name
  0x0008103e, // Series Description
  0x0008103f, // Series Description Code Sequence
  0x00081040, // Institutional Department Name
  0x00081050, // Performing Physician's Name
  0x00081070, // Operators' Name
  0x00081090, // Manufacturer's Model Name
  0x00180015, // Body Part Examined
  0x00181030, // Protocol Name
  0x00185100, // Patient Position
  0x00200011, // Series Number
  0x00200052, // Frame of Reference UID
  0x00200060, // Laterality
  0x00400244, // Performed Procedure Step Start Date
  0x00400245, // Performed Procedure Step Start Time
  0x00400250, // Performed Procedure Step End Date
  0x00400251, // Performed Procedure Step End Time
  0x00400253, // Performed Procedure Step ID
  0x00400254, // Performed Procedure Step Description
  0x00400260, // Performed Protocol Code Sequence
  0x00400275, // Request Attributes Sequence
];

const image: readonly Tag[] = [
  0x00080008, // Image Type
  0x00080012, // Instance Creation Date
  0x00080013, // Instance Creation Time
  0x00080016, // SOP Class UID
  0x00080018, // SOP Instance UID
  0x00080022, // Acquisition Date
  0x00080023, // Content Date
  0x0008002a, // Acquisition DateTime
  0x00080032, // Acquisition Time
  0x00080033, // Content Time
  0x00200012, // Acquisition Number
  0x00200013, // Instance Number
  0x00200062, // Image Laterality
  0x00204000, // Image Comments
  0x00280004, // Photometric Interpretation
  0x00280008, // Number of Frames
  0x00280010, // Rows
  0x00280011, // Columns
  0x00280100, // Bits Allocated
  0x0040a032, // Observation DateTime
  0x0040a043, // Concept Name Code Sequence
  0x0040a370, // Referenced Request Sequence
  0x0040a491, // Completion Flag
  0x0040a493, // Verification Flag
  0x00420010, // Document Title
  0x00700080, // Content Label
  0x00700081, // Content Description
  0x00700082, // Presentation Creation Date
  0x00700083, // Presentation Creation Time
  0x00700084, // Content Creator's Name
];

/** The order of the levels, highest first. */
export const levels = ['PATIENT', 'STUDY', 'SERIES', 'IMAGE'] as const satisfies readonly QueryLevel[];

export const attributesOf: Readonly<Record<QueryLevel, readonly Tag[]>> = {
  PATIENT: patient,
  STUDY: study,
  SERIES: series,
  IMAGE: image,
};

/** Specific Character Set, kept beside the texts of each level. */
const characterSetTag: Tag = 0x00080005;

const levelOfTag: ReadonlyMap<Tag, QueryLevel> = new Map(
  levels.flatMap((level) => attributesOf[level].map((tag) => [tag, level] as const)),
);

/** The level that an attribute is kept at; undefined when it is not kept. */
export function levelOf(tag: Tag): QueryLevel | undefined {
  return levelOfTag.get(tag);
}

/** What the scanner of an arriving data set should keep. */
export function isWanted(tag: Tag): boolean {
  return tag === characterSetTag || levelOfTag.has(tag);
}

/** Is `level` the same as `than` or above it? */
export function isAtOrAbove(level: QueryLevel, than: QueryLevel): boolean {
  return levels.indexOf(level) <= levels.indexOf(than);
}
