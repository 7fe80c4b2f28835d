/** A DICOM file as what can be read from any place: its data set, without the head in front of it. */
import { closeSync, fstatSync, openSync, read, readSync } from 'node:fs';
import { readPart10Head } from '../dicom/part10.ts';
import type { StoredBytes } from '../dicom/ranged-bytes.ts';
import { LeadglassError } from '../error.ts';
import { limits } from '../limits.ts';
import { whyUnreadable } from './read-file.ts';

const pieceBytes = 256 * 1024;
/** Preamble, `DICM` and the group length stand before what the limit is about. */
const headBytesMax = limits.part10.metaBytesMax + 1024;

/**
 * Opens it; disposal closes it. Once `signal` has fired its bytes end by an error.
 * @throws LeadglassError MALFORMED, LIMIT_EXCEEDED; BAD_REQUEST when it cannot be read
 */
export function storedFile(path: string, signal: AbortSignal): StoredBytes & Disposable {
  let handle: number | undefined;
  try {
    handle = openSync(path, 'r');
    const opened = handle;
    const fileBytes = fstatSync(opened).size;
    const beginning = Buffer.alloc(Math.min(fileBytes, headBytesMax));
    const head = readPart10Head(beginning.subarray(0, readSync(opened, beginning, 0, beginning.length, 0)), {
      limits: limits.part10,
      isWhole: true,
    });
    if (head.state === 'more') throw new LeadglassError('MALFORMED', 'The file is cut short');
    const { headLength, transferSyntaxUid } = head;
    const lengthBytes = fileBytes - headLength;
    const readRange = (offset: number, length: number): AsyncIterable<Uint8Array> =>
      pieces(opened, { from: headLength + offset, to: headLength + Math.min(lengthBytes, offset + length), signal });
    return {
      transferSyntaxUid,
      lengthBytes,
      readRange,
      read: () => readRange(0, lengthBytes),
      [Symbol.dispose]: () => closeSync(opened),
    };
  } catch (thrown) {
    if (handle !== undefined) closeSync(handle);
    if (thrown instanceof LeadglassError) throw thrown;
    throw new LeadglassError('BAD_REQUEST', `The file cannot be read: ${whyUnreadable(thrown)}`, { cause: thrown });
  }
}

async function* pieces(
  handle: number,
  { from, to, signal }: { readonly from: number; readonly to: number; readonly signal: AbortSignal },
): AsyncGenerator<Uint8Array, void, undefined> {
  for (let at = from; at < to; ) {
    signal.throwIfAborted();
    const buffer = new Uint8Array(Math.min(pieceBytes, to - at));
    const bytesRead = await readAt(handle, buffer, at);
    if (bytesRead === 0) return;
    yield buffer.subarray(0, bytesRead);
    at += bytesRead;
  }
}

function readAt(handle: number, buffer: Uint8Array, at: number): Promise<number> {
  const { promise, resolve, reject } = Promise.withResolvers<number>();
  read(handle, buffer, 0, buffer.length, at, (error, bytesRead) =>
    error === null ? resolve(bytesRead) : reject(error),
  );
  return promise;
}
