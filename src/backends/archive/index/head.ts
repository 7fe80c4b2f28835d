/**
 * From the wanted attributes of an instance to index columns: texts as stored, names folded for matching, and the part of
 * the head that each level keeps as a small data set.
 */
import { DataSet } from '../../../dicom/data-set.ts';
import { readDataSet, writeDataSet } from '../../../dicom/data-set-codec.ts';
import type { DataSetLimits } from '../../../dicom/data-set-limits.ts';
import { normalizedDate } from '../../../dicom/date-time.ts';
import { Tags } from '../../../dicom/dictionary/tags.generated.ts';
import { normalizeForMatching } from '../../../dicom/person-name.ts';
import type { QueryLevel } from '../../../dicom/query.ts';
import { elementOf, groupOf, type Tag, tagOf } from '../../../dicom/tag.ts';
import { parseUid } from '../../../dicom/uid.ts';
import { hasLongLength, type Vr, vrByLetters } from '../../../dicom/vr.ts';
import type { InstanceHead } from '../../backend.ts';
import { attributesOf } from './attributes.ts';
import { copyAsUtf8 } from './utf8.ts';

/** Heads are kept in this transfer syntax. */
const explicitVrLittleEndian = '1.2.840.10008.1.2.1';

/**
 * A head's bytes, in a buffer of just that length: heads are written for every instance and kept until the index has them.
 * Without sequences, as nearly all are, it is one pass (PS3.5 7.1.2); the rest is left to the general writer.
 */
export function encodeHead(head: DataSet): Uint8Array {
  let lengthBytes = 0;
  for (const { value, vr } of head) {
    if (!(value instanceof Uint8Array) || value.length > 0xfffe) {
      return Buffer.from(writeDataSet(head, explicitVrLittleEndian));
    }
    lengthBytes += (hasLongLength(vr) ? 12 : 8) + value.length + (value.length % 2);
  }
  const bytes = Buffer.alloc(lengthBytes);
  let at = 0;
  for (const { tag, vr, value } of head) {
    if (!(value instanceof Uint8Array)) continue; // none, as was just seen
    const even = value.length + (value.length % 2);
    bytes.writeUInt16LE(groupOf(tag), at);
    bytes.writeUInt16LE(elementOf(tag), at + 2);
    bytes.write(vr, at + 4, 'latin1');
    if (hasLongLength(vr)) {
      bytes.writeUInt32LE(even, at + 8);
      at += 12;
    } else {
      bytes.writeUInt16LE(even, at + 6);
      at += 8;
    }
    bytes.set(value, at);
    if (even !== value.length) bytes[at + value.length] = vr === 'UI' || isBinary(vr) ? 0 : 0x20;
    at += even;
  }
  return bytes;
}

function isBinary(vr: Vr): boolean {
  return vr === 'OB' || vr === 'UN';
}

/** @throws LeadglassError MALFORMED when the bytes are no data set */
export function decodeHead(bytes: Uint8Array, limits: DataSetLimits): DataSet {
  return readDataSet(bytes, { transferSyntaxUid: explicitVrLittleEndian, limits });
}

/**
 * Of a head only the elements of `tags`, and its character set: what a query looks at in each of a thousand rows. Values are part of
 * `bytes`. Undefined where the general reader is needed: a wanted sequence, or one whose length is not told.
 */
export function decodeHeadElements(bytes: Uint8Array, tags: ReadonlySet<Tag>): DataSet | undefined {
  const head = new DataSet();
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  for (let at = 0; at < bytes.length; ) {
    if (at + 8 > bytes.length) return undefined;
    const tag = tagOf(view.getUint16(at, true), view.getUint16(at + 2, true));
    const vr = vrByLetters.get(view.getUint16(at + 4));
    if (vr === undefined) return undefined;
    const headerBytes = hasLongLength(vr) ? 12 : 8;
    if (at + headerBytes > bytes.length) return undefined;
    const lengthBytes = headerBytes === 12 ? view.getUint32(at + 8, true) : view.getUint16(at + 6, true);
    const value = at + headerBytes;
    // An undefined length is beyond any end, too.
    if (value + lengthBytes > bytes.length) return undefined;
    at = value + lengthBytes;
    if (tag !== Tags.SpecificCharacterSet && !tags.has(tag)) continue;
    if (vr === 'SQ') return undefined;
    head.set({ tag, vr, value: bytes.subarray(value, at) });
  }
  return head;
}

/** The attributes of one level; texts in UTF-8. */
export function headOfLevel(head: DataSet, level: QueryLevel): DataSet {
  const elements = attributesOf[level].map((tag) => head.get(tag)).filter((element) => element !== undefined);
  return copyAsUtf8(new DataSet(), head, elements);
}

/** The heads of several levels as one data set; all of them are UTF-8 or ASCII. */
export function mergeHeads(parts: readonly DataSet[]): DataSet {
  const merged = new DataSet();
  for (const part of parts) for (const element of part) merged.set(element);
  return merged;
}

export function textOf(head: DataSet, tag: Tag): string {
  return head.text(tag) ?? '';
}

/** A whole number, or null where it is absent or no number (SQLite's integers are 64 bits wide, IS has 32). */
export function integerOf(head: DataSet, tag: Tag): number | null {
  const value = head.number(tag);
  return value !== undefined && Number.isSafeInteger(value) ? value : null;
}

export interface NameColumns {
  readonly alphabetic: string;
  readonly ideographic: string;
  readonly phonetic: string;
}

/** The component groups of a person name (PS3.5 6.2.1), each folded as matching wants it. */
export function nameColumns(name: string): NameColumns {
  const [alphabetic = '', ideographic = '', phonetic = ''] = name.split('=');
  return {
    alphabetic: normalizeForMatching(alphabetic),
    ideographic: normalizeForMatching(ideographic),
    phonetic: normalizeForMatching(phonetic),
  };
}

/** YYYYMMDD where the text is a date (PS3.5 6.2, DA, or its older form with dots), else the text as it is. */
export function dateOf(head: DataSet, tag: Tag): string {
  const text = textOf(head, tag);
  return normalizedDate(text) ?? text;
}

/**
 * The identifying facts of an arriving instance.
 * @throws LeadglassError MALFORMED when a UID that every instance needs is missing or none
 */
export function instanceHeadOf(head: DataSet): InstanceHead {
  return {
    sopClassUid: parseUid(textOf(head, Tags.SOPClassUID), 'SOP Class UID (0008,0016)'),
    sopInstanceUid: parseUid(textOf(head, Tags.SOPInstanceUID), 'SOP Instance UID (0008,0018)'),
    studyInstanceUid: parseUid(textOf(head, Tags.StudyInstanceUID), 'Study Instance UID (0020,000D)'),
    seriesInstanceUid: parseUid(textOf(head, Tags.SeriesInstanceUID), 'Series Instance UID (0020,000E)'),
    patientId: textOf(head, Tags.PatientID),
    patientName: textOf(head, Tags.PatientName),
    issuerOfPatientId: textOf(head, Tags.IssuerOfPatientID),
    accessionNumber: textOf(head, Tags.AccessionNumber),
    modality: textOf(head, Tags.Modality),
  };
}
