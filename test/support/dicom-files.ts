/** DICOM files for acceptance tests: synthetic ones, and the comparison of what came back with what went in. */
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { DataSet } from '../../src/dicom/data-set.ts';
import { writeDataSet } from '../../src/dicom/data-set-codec.ts';
import { writePart10Head } from '../../src/dicom/part10.ts';
import { TransferSyntaxes } from '../../src/dicom/transfer-syntax.ts';
import { knownUid, type Uid } from '../../src/dicom/uid.ts';

export const sopClasses = {
  ct: knownUid('1.2.840.10008.5.1.4.1.1.2'),
  mr: knownUid('1.2.840.10008.5.1.4.1.1.4'),
  /** Basic Text SR: what a reading station makes. */
  report: knownUid('1.2.840.10008.5.1.4.1.1.88.11'),
} as const;

export interface ImageFacts {
  /** Names study, series and instance: the same seed and number give the same UIDs. */
  readonly study: string;
  readonly number?: number;
  /** Instead of the UID of that seed and number. */
  readonly sopInstanceUid?: Uid;
  readonly sopClass?: Uid;
  readonly modality?: string;
  readonly patientId?: string;
  readonly patientName?: string;
  /** YYYYMMDD */
  readonly studyDate?: string;
  readonly pixelBytes?: number;
  /** Another content under the same UIDs. */
  readonly fill?: number;
}

export interface Image {
  readonly path: string;
  readonly studyInstanceUid: string;
  readonly seriesInstanceUid: string;
  readonly sopInstanceUid: Uid;
}

export function uidOf(seed: string): Uid {
  const digest = createHash('sha256').update(seed).digest('hex').slice(0, 30);
  return knownUid(`2.25.${BigInt(`0x${digest}`)}`);
}

/** Writes one image as a DICOM file, explicit VR little endian. */
export function writeImage(folder: string, facts: ImageFacts): Image {
  const { study, number = 1, sopClass = sopClasses.ct, modality = 'CT', pixelBytes = 2 * 64 * 64 } = facts;
  const studyInstanceUid = uidOf(study);
  const seriesInstanceUid = uidOf(`${study}/${modality}`);
  const sopInstanceUid = facts.sopInstanceUid ?? uidOf(`${study}/${modality}/${number}`);
  const side = Math.sqrt(pixelBytes / 2);
  const pixels = Buffer.alloc(pixelBytes);
  for (let at = 0; at < pixels.length; at += 1) pixels[at] = (at * 31 + number + (facts.fill ?? 0)) & 0xff;
  const dataSet = new DataSet()
    .setText(0x00080005, 'CS', 'ISO_IR 192')
    .setText(0x00080016, 'UI', sopClass)
    .setText(0x00080018, 'UI', sopInstanceUid)
    .setText(0x00080020, 'DA', facts.studyDate ?? '20261101')
    .setText(0x00080030, 'TM', '101500')
    .setText(0x00080050, 'SH', 'A-1')
    .setText(0x00080060, 'CS', modality)
    .setText(0x00100010, 'PN', facts.patientName ?? 'Müller^Änne=山田^花子')
    .setText(0x00100020, 'LO', facts.patientId ?? 'P-1')
    .setText(0x0020000d, 'UI', studyInstanceUid)
    .setText(0x0020000e, 'UI', seriesInstanceUid)
    .setText(0x00200010, 'SH', 'S-1')
    .setText(0x00200011, 'IS', '1')
    .setText(0x00200013, 'IS', String(number));
  if (sopClass !== sopClasses.report) {
    dataSet
      .setNumber(0x00280002, 'US', 1)
      .setText(0x00280004, 'CS', 'MONOCHROME2')
      .setNumber(0x00280010, 'US', side)
      .setNumber(0x00280011, 'US', side)
      .setNumber(0x00280100, 'US', 16)
      .setNumber(0x00280101, 'US', 16)
      .setNumber(0x00280102, 'US', 15)
      .setNumber(0x00280103, 'US', 0)
      .setBytes(0x7fe00010, 'OW', pixels);
  }
  const transferSyntaxUid = TransferSyntaxes.ExplicitVrLittleEndian;
  const path = join(folder, `${modality.toLowerCase()}-${String(number).padStart(4, '0')}.dcm`);
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(
    path,
    Buffer.concat([
      writePart10Head({ sopClassUid: sopClass, sopInstanceUid, transferSyntaxUid }),
      writeDataSet(dataSet, transferSyntaxUid),
    ]),
  );
  return { path, studyInstanceUid, seriesInstanceUid, sopInstanceUid };
}

/** Several images of one study. */
export function writeSeries(folder: string, facts: ImageFacts, count: number): readonly Image[] {
  return Array.from({ length: count }, (_, index) => writeImage(folder, { ...facts, number: index + 1 }));
}

/** Every regular file below a folder; none when it is not there. */
export function filesBelow(folder: string): readonly string[] {
  if (!existsSync(folder)) return [];
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .map((name) => join(folder, name))
    .filter((path) => statSync(path).isFile());
}

export interface WholeFile {
  readonly transferSyntaxUid: string;
  readonly sopInstanceUid: string;
  readonly preamble: Buffer;
  /** Everything after the file meta information, as it stands in the file. */
  readonly dataSet: Buffer;
}

/**
 * Cuts a DICOM file where its data set begins, without any of the code under test: the file meta information (PS3.10 7.1) is
 * explicit VR little endian and ends where the group number is no longer 0002.
 */
export function cutBytes(bytes: Buffer): WholeFile {
  let at = 132;
  let transferSyntaxUid = '';
  let sopInstanceUid = '';
  while (at + 8 <= bytes.length && bytes.readUInt16LE(at) === 0x0002) {
    const element = bytes.readUInt16LE(at + 2);
    const isLong = /^(OB|OW|UN|UT|SQ)$/.test(bytes.toString('latin1', at + 4, at + 6));
    const length = isLong ? bytes.readUInt32LE(at + 8) : bytes.readUInt16LE(at + 6);
    const valueAt = at + (isLong ? 12 : 8);
    const text = (): string =>
      bytes
        .toString('latin1', valueAt, valueAt + length)
        .replaceAll('\0', '')
        .trim();
    if (element === 0x0010) transferSyntaxUid = text();
    if (element === 0x0003) sopInstanceUid = text();
    at = valueAt + length;
  }
  return { transferSyntaxUid, sopInstanceUid, preamble: bytes.subarray(0, 128), dataSet: bytes.subarray(at) };
}

export function cutFile(path: string): WholeFile {
  return cutBytes(readFileSync(path));
}

/**
 * Names of the differences between the data sets of `sent` files and those below `folder`; empty when each came back bit for
 * bit in its transfer syntax. Found by their bytes: the UIDs of a file's meta information may differ from its data set's.
 */
export function differences(sent: readonly string[], folder: string): readonly string[] {
  const keyOf = ({ transferSyntaxUid, dataSet }: WholeFile): string =>
    `${transferSyntaxUid} ${createHash('sha256').update(dataSet).digest('hex')}`;
  const received = new Set(filesBelow(folder).map((path) => keyOf(cutFile(path))));
  return sent.filter((path) => !received.has(keyOf(cutFile(path))));
}
