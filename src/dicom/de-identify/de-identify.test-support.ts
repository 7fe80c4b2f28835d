/** For tests of de-identification: data sets as something stored, and what becomes of them. */
import { DataSet } from '../data-set.ts';
import { readDataSet, writeDataSet } from '../data-set-codec.ts';
import { Tags } from '../dictionary/dictionary.ts';
import type { StoredBytes } from '../ranged-bytes.ts';
import { limits as all } from '../../limits.ts';
import { TransferSyntaxes } from '../transfer-syntax.ts';
import { deIdentifiedBytes, type DeIdentifyFacts, planDeIdentified } from './de-identify.ts';
import { parseDeIdentifyOptions } from './options.ts';
import { Pseudonyms } from './pseudonyms.ts';

export const limits = { ...all.dataSet, ...all.dataSetKept, ...all.deIdentify };
export const key = new Uint8Array(32).fill(7);
export const ctImage = '1.2.840.10008.5.1.4.1.1.2';

/** A CT image of few attributes; more are set by the test. */
export function ctDataSet(): DataSet {
  return new DataSet()
    .setText(Tags.SOPClassUID, 'UI', ctImage)
    .setText(Tags.SOPInstanceUID, 'UI', '1.2.3.4')
    .setText(Tags.StudyDate, 'DA', '20260131')
    .setText(Tags.StudyTime, 'TM', '101112')
    .setText(Tags.AccessionNumber, 'SH', 'ACC4711')
    .setText(Tags.Modality, 'CS', 'CT')
    .setText(Tags.ReferringPhysicianName, 'PN', 'Refer^Doctor')
    .setText(Tags.PatientName, 'PN', 'Secret^Name')
    .setText(Tags.PatientID, 'LO', 'SECRETID')
    .setText(Tags.StudyInstanceUID, 'UI', '1.2.3')
    .setText(Tags.SeriesInstanceUID, 'UI', '1.2.3.5');
}

/** `reads` counts the bytes that were asked for. */
export function storedBytes(
  bytes: Uint8Array,
  transferSyntaxUid: string,
): StoredBytes & { readonly reads: { bytes: number } } {
  const reads = { bytes: 0 };
  // In odd pieces, so that nothing depends on where they end.
  const readRange = async function* (offset: number, lengthBytes: number): AsyncGenerator<Uint8Array> {
    const end = Math.min(bytes.length, offset + lengthBytes);
    for (let at = offset; at < end; at += 1777) {
      const piece = bytes.slice(at, Math.min(end, at + 1777));
      reads.bytes += piece.length;
      yield await Promise.resolve(piece);
    }
  };
  return { transferSyntaxUid, lengthBytes: bytes.length, readRange, read: () => readRange(0, bytes.length), reads };
}

export function factsWith(...options: readonly string[]): DeIdentifyFacts {
  return { options: parseDeIdentifyOptions(options), pseudonyms: new Pseudonyms(key), strict: false, limits };
}

/** The bytes and the transfer syntax of what becomes of it. */
export async function bytesAfter(
  bytes: Uint8Array,
  transferSyntaxUid: string,
  facts: DeIdentifyFacts,
): Promise<{ readonly bytes: Uint8Array; readonly transferSyntaxUid: string }> {
  const stored = storedBytes(bytes, transferSyntaxUid);
  const plan = await planDeIdentified(stored, facts);
  const made = deIdentifiedBytes(stored, plan, limits);
  const chunks: Uint8Array[] = [];
  for await (const chunk of made.readRange(0, made.lengthBytes)) chunks.push(chunk);
  return { bytes: Buffer.concat(chunks), transferSyntaxUid: plan.transferSyntaxUid };
}

export async function after(
  dataSet: DataSet,
  facts: DeIdentifyFacts = factsWith(),
  transferSyntaxUid: string = TransferSyntaxes.ExplicitVrLittleEndian,
): Promise<DataSet> {
  const made = await bytesAfter(writeDataSet(dataSet, transferSyntaxUid), transferSyntaxUid, facts);
  return readDataSet(made.bytes, { transferSyntaxUid: made.transferSyntaxUid, limits });
}
