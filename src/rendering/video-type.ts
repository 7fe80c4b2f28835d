/**
 * What kind of file the stream of a video is, by its transfer syntax and first bytes: a media type is only said where the bytes
 * are of it, since a transfer syntax allows several containers (PS3.5 8.2.5 to 8.2.8).
 */
import { TransferSyntaxes } from '../dicom/transfer-syntax.ts';

type Coding = 'mpeg2' | 'h264' | 'h265';

const codings: ReadonlyMap<string, Coding> = new Map<string, Coding>([
  [TransferSyntaxes.MPEG2MPML, 'mpeg2'],
  [TransferSyntaxes.MPEG2MPMLF, 'mpeg2'],
  [TransferSyntaxes.MPEG2MPHL, 'mpeg2'],
  [TransferSyntaxes.MPEG2MPHLF, 'mpeg2'],
  [TransferSyntaxes.MPEG4HP41, 'h264'],
  [TransferSyntaxes.MPEG4HP41F, 'h264'],
  [TransferSyntaxes.MPEG4HP41BD, 'h264'],
  [TransferSyntaxes.MPEG4HP41BDF, 'h264'],
  [TransferSyntaxes.MPEG4HP422D, 'h264'],
  [TransferSyntaxes.MPEG4HP422DF, 'h264'],
  [TransferSyntaxes.MPEG4HP423D, 'h264'],
  [TransferSyntaxes.MPEG4HP423DF, 'h264'],
  [TransferSyntaxes.MPEG4HP42STEREO, 'h264'],
  [TransferSyntaxes.MPEG4HP42STEREOF, 'h264'],
  [TransferSyntaxes.HEVCMP51, 'h265'],
  [TransferSyntaxes.HEVCM10P51, 'h265'],
]);

export function isVideoSyntax(transferSyntaxUid: string): boolean {
  return codings.has(transferSyntaxUid);
}

/** What `videoType` looks at: three packets of a transport stream with time codes. */
export const videoHeadBytes = 3 * 192;

/** @returns undefined for what is none of these */
export function videoType(transferSyntaxUid: string, head: Uint8Array): string | undefined {
  const coding = codings.get(transferSyntaxUid);
  if (coding === undefined) return undefined;
  // ISO/IEC 14496-12 4.3: the file type box comes first.
  if (hasBytes(head, 4, [0x66, 0x74, 0x79, 0x70])) return 'video/mp4';
  // ISO/IEC 13818-1 2.4.3: a sync byte every 188 bytes, or 192 on Blu-ray discs.
  if (hasSync(head, 0, 188) || hasSync(head, 4, 192)) return 'video/mp2t';
  const first = afterStartCode(head);
  if (first === undefined) return undefined;
  // Pack header of a program stream (2.5.3).
  if (first === 0xba) return 'video/mpeg';
  switch (coding) {
    case 'mpeg2':
      // Sequence header, 13818-2 6.2.2.1.
      return first === 0xb3 ? 'video/mpeg' : undefined;
    case 'h264':
      // Sequence parameter set or access unit delimiter, 14496-10 7.4.1.
      return [7, 9].includes(first & 0x1f) && first < 0x80 ? 'video/h264' : undefined;
    case 'h265':
      // Video or sequence parameter set, or delimiter, 23008-2 7.4.2.2.
      return [32, 33, 35].includes(first >> 1) ? 'video/h265' : undefined;
  }
}

function hasSync(head: Uint8Array, at: number, every: number): boolean {
  return [0, 1, 2].every((packet) => head[at + packet * every] === 0x47);
}

/** The byte behind a start code of three or four bytes at the very beginning. */
function afterStartCode(head: Uint8Array): number | undefined {
  if (hasBytes(head, 0, [0, 0, 1])) return head[3];
  return hasBytes(head, 0, [0, 0, 0, 1]) ? head[4] : undefined;
}

function hasBytes(head: Uint8Array, at: number, bytes: readonly number[]): boolean {
  return bytes.every((byte, index) => head[at + index] === byte);
}
