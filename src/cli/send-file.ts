/** What a file is that `send` is given, and how its bytes are read. What the peer takes of it is for dimse/send.ts. */
import { closeSync, fstatSync, openSync, read, readSync } from 'node:fs';
import { InstanceUidReader, instanceUidsBytesMax } from '../dicom/instance-uids.ts';
import { readPart10Head } from '../dicom/part10.ts';
import { canTranscode, transcode } from '../dicom/transcode.ts';
import { TransferSyntaxes } from '../dicom/transfer-syntax.ts';
import type { Uid } from '../dicom/uid.ts';
import type { SendInstance } from '../dimse/send.ts';
import { LeadglassError } from '../error.ts';
import { limits } from '../limits.ts';

export interface SendFile extends SendInstance {
  readonly path: string;
  /** Of the data set. */
  readonly lengthBytes: number;
  /**
   * The peer has answered, so nobody looks at the bytes that were read any more, and their memory can be used for other files:
   * new buffers for each would keep the garbage collector busy for a third of the time.
   */
  readonly answered: () => void;
}

/** Holds the File Meta Information and the UIDs of nearly every file; the others are read further. */
const beginningBytes = 8 * 1024;
const beginningBytesMax = limits.part10.metaBytesMax + instanceUidsBytesMax;
/** Half of a usual slice; larger pieces send no faster. */
const pieceBytes = 256 * 1024;
/** Of one file, so that the buffers of a window of usual slices are used again and a huge file does not hold its own size. */
const pooledPiecesMax = 8;
const spareBuffers: Uint8Array<ArrayBuffer>[] = [];

/**
 * What a file is. The data set's own UIDs count, since the receiver compares them with the request (PS3.4 B.2.3); where
 * the data set does not say, the File Meta Information does. Once `signal` has fired its bytes end by an error.
 * @throws LeadglassError MALFORMED, LIMIT_EXCEEDED; BAD_REQUEST when it cannot be read
 */
export async function readSendFile(path: string, signal: AbortSignal): Promise<SendFile> {
  let handle: number | undefined;
  try {
    handle = openSync(path, 'r');
    const fileBytes = fstatSync(handle).size;
    const known =
      (await fileFacts(bytesAt(handle, Math.min(fileBytes, beginningBytes)), fileBytes)) ??
      (await fileFacts(bytesAt(handle, Math.min(fileBytes, beginningBytesMax)), fileBytes));
    if (known === undefined) throw new LeadglassError('MALFORMED', 'The file is cut short');
    const { headLength, ...facts } = known;
    let buffers: Uint8Array<ArrayBuffer>[] = [];
    const readDataSet = (): AsyncIterable<Uint8Array> => {
      // Those of an attempt that was not answered may still be on their way; they are left to the collector.
      buffers = [];
      return dataSetOf(path, { from: headLength, to: fileBytes, signal }, buffers);
    };
    return {
      path,
      ...facts,
      lengthBytes: fileBytes - headLength,
      read: readDataSet,
      answered: () => {
        spareBuffers.push(...buffers.splice(0));
      },
      converted: (to) => transcode(readDataSet(), { from: facts.transferSyntaxUid, to, limits: limits.dataSet }),
    };
  } catch (thrown) {
    throw unreadable(thrown);
  } finally {
    if (handle !== undefined) closeSync(handle);
  }
}

/** Undefined when more of the file has to be seen. */
async function fileFacts(beginning: Uint8Array, fileBytes: number) {
  const isLast = beginning.length === fileBytes || beginning.length >= beginningBytesMax;
  const head = readPart10Head(beginning, { limits: limits.part10, isWhole: isLast });
  if (head.state === 'more') return undefined;
  const { transferSyntaxUid, headLength } = head;
  const reader = new InstanceUidReader({ transferSyntaxUid, limits: { ...limits.dataSet, ...limits.dataSetKept } });
  await reader.push(beginning.subarray(headLength));
  const { isDone, uids } = reader;
  reader.close();
  if (!isDone && !isLast) return undefined;
  const { sopClassUid = head.sopClassUid, sopInstanceUid = head.sopInstanceUid } = uids;
  return { sopClassUid, sopInstanceUid, transferSyntaxUid, headLength };
}

function bytesAt(handle: number, lengthBytes: number): Uint8Array {
  const buffer = Buffer.allocUnsafe(lengthBytes);
  return buffer.subarray(0, readSync(handle, buffer, 0, lengthBytes, 0));
}

/** Pieces of their own: the association may hold some while the next is read. The first ones go to `buffers`. */
async function* dataSetOf(
  path: string,
  { from, to, signal }: { readonly from: number; readonly to: number; readonly signal: AbortSignal },
  buffers: Uint8Array<ArrayBuffer>[],
): AsyncGenerator<Uint8Array, void> {
  let handle: number | undefined;
  try {
    // Opening and closing are quick where finding the file was; only reading is worth a turn of its own.
    handle = openSync(path, 'r');
    for (let at = from; at < to; ) {
      signal.throwIfAborted();
      const isPooled = buffers.length < pooledPiecesMax;
      const buffer = (isPooled ? spareBuffers.pop() : undefined) ?? new Uint8Array(pieceBytes);
      if (isPooled) buffers.push(buffer);
      const bytesRead = await readAt(handle, buffer, at);
      if (bytesRead === 0) return;
      yield buffer.subarray(0, bytesRead);
      at += bytesRead;
    }
    // Also behind the last bytes: a data set that was not sent to its end takes the association with it.
    signal.throwIfAborted();
  } catch (thrown) {
    throw unreadable(thrown);
  } finally {
    if (handle !== undefined) closeSync(handle);
  }
}

function readAt(handle: number, buffer: Uint8Array, at: number): Promise<number> {
  const { promise, resolve, reject } = Promise.withResolvers<number>();
  read(handle, buffer, 0, buffer.length, at, (error, bytesRead) =>
    error === null ? resolve(bytesRead) : reject(error),
  );
  return promise;
}

function unreadable(thrown: unknown): LeadglassError {
  if (thrown instanceof LeadglassError) return thrown;
  const code = thrown instanceof Error && 'code' in thrown ? String(thrown.code) : 'unknown error';
  return new LeadglassError('BAD_REQUEST', `The file cannot be read: ${code}`, { cause: thrown });
}

/** Uncompressed syntaxes into which the instance can be converted when the peer does not take its own, PS3.5 10.1 first. */
export function alternativesOf({ transferSyntaxUid }: Pick<SendInstance, 'transferSyntaxUid'>): readonly Uid[] {
  return [TransferSyntaxes.ExplicitVrLittleEndian, TransferSyntaxes.ImplicitVrLittleEndian].filter(
    (syntax) => syntax !== transferSyntaxUid && canTranscode(transferSyntaxUid, syntax),
  );
}
