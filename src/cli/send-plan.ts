/** Which presentation contexts `send` proposes for its files, and in which transfer syntax each file then goes. */
import { closeSync, createReadStream, openSync, readSync, statSync } from 'node:fs';
import { DataSetScanner } from '../dicom/data-set-scanner.ts';
import { Tags } from '../dicom/dictionary/dictionary.ts';
import { readPart10Head } from '../dicom/part10.ts';
import { canTranscode, transcode } from '../dicom/transcode.ts';
import { TransferSyntaxes, transferSyntaxInfo } from '../dicom/transfer-syntax.ts';
import { isUid } from '../dicom/uid.ts';
import type { Uid } from '../dicom/uid.ts';
import { LeadglassError } from '../error.ts';
import { limits } from '../limits.ts';
import type { OutgoingInstance, WantedContext } from './dicom-client.ts';

export interface SendFile {
  readonly path: string;
  readonly sopClassUid: Uid;
  readonly sopInstanceUid: Uid;
  readonly transferSyntaxUid: Uid;
  /** Where the data set begins. */
  readonly headLength: number;
  readonly lengthBytes: number;
}

/** PS3.8 9.3.2.2: context ids are the odd numbers up to 255. */
const contextsMax = 128;

/** Enough of a data set to hold its SOP Common attributes, which are of group 0008. */
const beginningBytes = 16 * 1024;

/**
 * What a file is. The data set's own UIDs count, since the receiver compares them with the request (PS3.4 B.2.3); where
 * the data set does not say, the File Meta Information does.
 * @throws LeadglassError MALFORMED, LIMIT_EXCEEDED
 */
export function readSendFile(path: string): SendFile {
  const handle = openSync(path, 'r');
  try {
    const bytes = Buffer.alloc(limits.part10.metaBytesMax + beginningBytes);
    const length = readSync(handle, bytes, 0, bytes.length, 0);
    const head = readPart10Head(bytes.subarray(0, length), { limits: limits.part10, isWhole: true });
    if (head.state === 'more') throw new LeadglassError('MALFORMED', 'The file is cut short');
    const { transferSyntaxUid, headLength } = head;
    const own = ownUids(bytes.subarray(headLength, length), transferSyntaxUid);
    const { sopClassUid = head.sopClassUid, sopInstanceUid = head.sopInstanceUid } = own;
    return {
      path,
      sopClassUid,
      sopInstanceUid,
      transferSyntaxUid,
      headLength,
      lengthBytes: statSync(path).size - headLength,
    };
  } finally {
    closeSync(handle);
  }
}

function ownUids(
  beginning: Uint8Array,
  transferSyntaxUid: Uid,
): { readonly sopClassUid?: Uid; readonly sopInstanceUid?: Uid } {
  // A deflated data set would have to be inflated first; its File Meta Information has to do.
  if (transferSyntaxInfo(transferSyntaxUid)?.deflated !== false) return {};
  const wanted: readonly number[] = [Tags.SOPClassUID, Tags.SOPInstanceUID];
  const scanner = new DataSetScanner({
    transferSyntaxUid,
    limits: { ...limits.dataSet, ...limits.dataSetKept },
    want: (tag) => wanted.includes(tag),
    lastWantedTag: Tags.SOPInstanceUID,
  });
  // Only a beginning, so the end is not asked for; a data set that does not read is for the receiver to judge.
  try {
    void scanner.push(beginning);
  } catch {
    return {};
  }
  const uidAt = (tag: number): Uid | undefined => {
    const text = scanner.dataSet.text(tag) ?? '';
    return isUid(text) ? text : undefined;
  };
  const sopClassUid = uidAt(Tags.SOPClassUID);
  const sopInstanceUid = uidAt(Tags.SOPInstanceUID);
  return {
    ...(sopClassUid === undefined ? {} : { sopClassUid }),
    ...(sopInstanceUid === undefined ? {} : { sopInstanceUid }),
  };
}

/** Files that fit on one association each; nearly always all of them on one. */
export function groupFiles(files: readonly SendFile[]): readonly (readonly SendFile[])[] {
  const groups: { readonly files: SendFile[]; readonly kinds: Set<string> }[] = [];
  for (const file of files) {
    const kind = `${file.sopClassUid} ${file.transferSyntaxUid}`;
    const place = groups.find(({ kinds }) => kinds.has(kind) || kinds.size < contextsMax);
    if (place === undefined) groups.push({ files: [file], kinds: new Set([kind]) });
    else {
      place.files.push(file);
      place.kinds.add(kind);
    }
  }
  return groups.map(({ files: own }) => own);
}

/** One context for each class and syntax, so that the peer's choice for one file does not decide about another. */
export function contextsFor(files: readonly SendFile[]): readonly WantedContext[] {
  const kinds = new Map<string, WantedContext>();
  for (const { sopClassUid, transferSyntaxUid } of files) {
    const others = [TransferSyntaxes.ExplicitVrLittleEndian, TransferSyntaxes.ImplicitVrLittleEndian].filter(
      (syntax) => syntax !== transferSyntaxUid && canTranscode(transferSyntaxUid, syntax),
    );
    kinds.set(`${sopClassUid} ${transferSyntaxUid}`, {
      abstractSyntax: sopClassUid,
      transferSyntaxes: [transferSyntaxUid, ...others],
    });
  }
  return [...kinds.values()];
}

/** The instance in a syntax that the peer accepted, or why it cannot go. */
export function outgoingOf(file: SendFile, accepted: readonly Uid[]): OutgoingInstance | string {
  if (accepted.length === 0) return 'the peer does not accept this SOP class';
  const source = createReadStream(file.path, { start: file.headLength, highWaterMark: 256 * 1024 });
  const { sopClassUid, sopInstanceUid, transferSyntaxUid } = file;
  if (accepted.includes(transferSyntaxUid)) {
    return { sopClassUid, sopInstanceUid, transferSyntaxUid, source: source as AsyncIterable<Uint8Array> };
  }
  const to = accepted.find((syntax) => canTranscode(transferSyntaxUid, syntax));
  if (to === undefined) {
    source.destroy();
    return 'the peer does not accept its transfer syntax, and converting it needs a codec';
  }
  return {
    sopClassUid,
    sopInstanceUid,
    transferSyntaxUid: to,
    source: transcode(source as AsyncIterable<Uint8Array>, { from: transferSyntaxUid, to, limits: limits.dataSet }),
  };
}
