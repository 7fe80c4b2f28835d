/**
 * The head of a DICOM file: preamble, `DICM` and the File Meta Information (PS3.10 7.1), from and to bytes. The data set
 * behind it is for the scanner; which preamble may be handed out is for preamble.ts.
 */
import { LeadglassError } from '../error.ts';
import { DataSet } from './data-set.ts';
import { writeDataSet } from './data-set-codec.ts';
import { implementationClassUid, implementationVersionName } from './implementation.ts';
import { preambleBytes } from './preamble.ts';
import { formatTag, groupOf, type Tag, tagOf } from './tag.ts';
import { TransferSyntaxes } from './transfer-syntax.ts';
import { parseUid, type Uid } from './uid.ts';
import { hasLongLength, isVr, type Vr } from './vr.ts';

export interface Part10Limits {
  /** Of the file meta group. */
  readonly metaBytesMax: number;
}

export interface Part10Head {
  readonly state: 'whole';
  /** Where the data set begins. */
  readonly headLength: number;
  readonly preamble: Uint8Array;
  /** Group 0002, its group length left out. */
  readonly meta: DataSet;
  readonly transferSyntaxUid: Uid;
  readonly sopClassUid: Uid;
  readonly sopInstanceUid: Uid;
}

export interface Part10HeadFacts {
  readonly sopClassUid: Uid;
  readonly sopInstanceUid: Uid;
  readonly transferSyntaxUid: Uid;
  readonly sourceAeTitle?: string;
  /** 128 bytes; zeros without it. */
  readonly preamble?: Uint8Array;
}

const meta = {
  groupLength: 0x00020000,
  version: 0x00020001,
  sopClassUid: 0x00020002,
  sopInstanceUid: 0x00020003,
  transferSyntaxUid: 0x00020010,
  implementationClassUid: 0x00020012,
  implementationVersionName: 0x00020013,
  sourceAeTitle: 0x00020016,
} as const satisfies Record<string, Tag>;

const magic = [0x44, 0x49, 0x43, 0x4d]; // DICM
const start = preambleBytes + magic.length;
/** (0002,0000) UL with its 4 bytes. */
const groupLengthBytes = 12;

/**
 * The head of a file from the bytes so far; `more` when they are too few. `isWhole` says that nothing follows them: then
 * too few bytes are an error.
 * @throws LeadglassError MALFORMED (no DICOM file, no UID, a group length that does not fit) or LIMIT_EXCEEDED
 */
export function readPart10Head(
  bytes: Uint8Array,
  { limits, isWhole = false }: { readonly limits: Part10Limits; readonly isWhole?: boolean },
): Part10Head | { readonly state: 'more' } {
  const more = (): { readonly state: 'more' } => {
    if (isWhole) throw malformed(`it has only ${bytes.length} bytes`, bytes.length);
    return { state: 'more' };
  };
  // A file that is none shows it in the fewest bytes.
  for (const [index, byte] of magic.entries()) {
    const found = bytes[preambleBytes + index];
    if (found !== undefined && found !== byte) throw malformed('DICM is not at byte 128', preambleBytes);
  }
  if (bytes.length < start + groupLengthBytes) return more();
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  // PS3.10 table 7.1-1 has it as type 1. Without it the end of the group is a guess, and two readers may guess differently.
  if (tagAt(view, start) !== meta.groupLength || view.getUint16(start + 6, true) !== 4) {
    throw malformed('the File Meta Information has no group length', start);
  }
  const metaLength = view.getUint32(start + 8, true);
  if (metaLength > limits.metaBytesMax) {
    throw new LeadglassError(
      'LIMIT_EXCEEDED',
      `Cannot read the file: its File Meta Information has ${metaLength} bytes, at most ${limits.metaBytesMax} are read`,
      { offset: start, field: 'File Meta Information Group Length' },
    );
  }
  const headLength = start + groupLengthBytes + metaLength;
  if (bytes.length < headLength) return more();
  const group = readGroup(bytes.subarray(0, headLength), start + groupLengthBytes);
  return {
    state: 'whole',
    headLength,
    preamble: copyOf(bytes, 0, preambleBytes),
    meta: group,
    transferSyntaxUid: uidOf(group, meta.transferSyntaxUid, 'Transfer Syntax UID'),
    sopClassUid: uidOf(group, meta.sopClassUid, 'Media Storage SOP Class UID'),
    sopInstanceUid: uidOf(group, meta.sopInstanceUid, 'Media Storage SOP Instance UID'),
  };
}

/** Preamble, `DICM` and File Meta Information for these UIDs; the data set follows as it is. */
export function writePart10Head(facts: Part10HeadFacts): Uint8Array {
  const group = new DataSet()
    .setBytes(meta.version, 'OB', Uint8Array.of(0, 1))
    .setText(meta.sopClassUid, 'UI', facts.sopClassUid)
    .setText(meta.sopInstanceUid, 'UI', facts.sopInstanceUid)
    .setText(meta.transferSyntaxUid, 'UI', facts.transferSyntaxUid)
    .setText(meta.implementationClassUid, 'UI', implementationClassUid)
    .setText(meta.implementationVersionName, 'SH', implementationVersionName);
  if (facts.sourceAeTitle !== undefined) group.setText(meta.sourceAeTitle, 'AE', facts.sourceAeTitle);
  const elements = writeDataSet(group, TransferSyntaxes.ExplicitVrLittleEndian);
  const head = new Uint8Array(start + groupLengthBytes + elements.length);
  if (facts.preamble !== undefined) head.set(facts.preamble.subarray(0, preambleBytes));
  head.set(magic, preambleBytes);
  head.set([0x02, 0x00, 0x00, 0x00, 0x55, 0x4c, 0x04, 0x00], start); // (0002,0000) UL, 4 bytes
  new DataView(head.buffer).setUint32(start + 8, elements.length, true);
  head.set(elements, start + groupLengthBytes);
  return head;
}

/** The elements of group 0002, which must fill the bytes exactly. Always explicit VR little endian, never a sequence. */
function readGroup(bytes: Uint8Array, from: number): DataSet {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const group = new DataSet();
  let at = from;
  while (at < bytes.length) {
    if (bytes.length - at < 8) throw malformed('an element of the File Meta Information is cut short', at);
    const tag = tagAt(view, at);
    if (groupOf(tag) !== 0x0002) throw malformed('the group length reaches beyond the File Meta Information', at);
    if (group.has(tag)) throw malformed(`${formatTag(tag)} stands twice`, at);
    const vr = String.fromCharCode(view.getUint8(at + 4), view.getUint8(at + 5));
    if (!isVr(vr) || vr === 'SQ') throw malformed(`${formatTag(tag)} has no value representation of this group`, at);
    const { valueAt, length } = lengthAt(view, at, vr);
    if (length > bytes.length - valueAt) {
      const left = bytes.length - valueAt;
      throw malformed(`length of ${formatTag(tag)} was ${length}, expected at most ${left}`, at);
    }
    group.setBytes(tag, vr, copyOf(bytes, valueAt, valueAt + length));
    at = valueAt + length;
  }
  return group;
}

function lengthAt(view: DataView, at: number, vr: Vr): { readonly valueAt: number; readonly length: number } {
  if (!hasLongLength(vr)) return { valueAt: at + 8, length: view.getUint16(at + 6, true) };
  if (view.byteLength - at < 12) throw malformed('an element of the File Meta Information is cut short', at);
  return { valueAt: at + 12, length: view.getUint32(at + 8, true) };
}

/** Unlike a Buffer's slice, never a view of bytes that belong to somebody else. */
function copyOf(bytes: Uint8Array, from: number, to: number): Uint8Array {
  return new Uint8Array(bytes.subarray(from, to));
}

function tagAt(view: DataView, at: number): Tag {
  return tagOf(view.getUint16(at, true), view.getUint16(at + 2, true));
}

function uidOf(group: DataSet, tag: Tag, field: string): Uid {
  const text = group.text(tag);
  if (text === undefined || text === '') throw malformed(`it has no ${field}`, start, field);
  if (group.texts(tag).length > 1) throw malformed(`it has more than one ${field}`, start, field);
  return parseUid(text, field);
}

function malformed(what: string, offset: number, field = 'File Meta Information'): LeadglassError {
  return new LeadglassError('MALFORMED', `Cannot read the file: ${what}`, { offset, field });
}
