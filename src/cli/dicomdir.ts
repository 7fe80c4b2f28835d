/** Reads what a DICOMDIR (PS3.3 F, PS3.10 8) refers to. Whether a reference may be followed is for find-files.ts. */
import { readFileSync, statSync } from 'node:fs';
import { readDataSet } from '../dicom/data-set-codec.ts';
import { readPart10Head } from '../dicom/part10.ts';
import { LeadglassError } from '../error.ts';
import { limits } from '../limits.ts';

const directoryRecordSequence = 0x00041220;
const referencedFileId = 0x00041500;

/**
 * The Referenced File ID of every record that has one, each as its components, in the order of the file.
 * @throws LeadglassError MALFORMED, LIMIT_EXCEEDED
 */
export function readDicomdir(path: string): readonly (readonly string[])[] {
  const { size } = statSync(path);
  if (size > limits.dicomdirBytesMax) {
    throw new LeadglassError('LIMIT_EXCEEDED', `it has ${size} bytes, at most ${limits.dicomdirBytesMax} are read`);
  }
  const bytes = readFileSync(path);
  const head = readPart10Head(bytes, { limits: limits.part10, isWhole: true });
  if (head.state === 'more') throw new LeadglassError('MALFORMED', 'it is cut short');
  const dataSet = readDataSet(bytes.subarray(head.headLength), {
    transferSyntaxUid: head.transferSyntaxUid,
    limits: limits.dataSet,
  });
  // The records' offsets are not followed: the sequence holds them all, and a chain of offsets could be a circle.
  return dataSet
    .items(directoryRecordSequence)
    .map((record) => record.texts(referencedFileId))
    .filter((components) => components.length > 0);
}
