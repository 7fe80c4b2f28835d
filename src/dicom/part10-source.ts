/**
 * A file that comes in pieces, taken apart into its head and the data set behind it; only the head is ever held, and of the
 * data set the beginning that says which instance it is.
 */
import type { DataSetLimits, KeptLimits } from './data-set-limits.ts';
import { type InstanceUids, InstanceUidReader } from './instance-uids.ts';
import { type Part10Head, type Part10Limits, readPart10Head } from './part10.ts';

export interface Part10SourceLimits {
  readonly part10: Part10Limits;
  readonly dataSet: DataSetLimits;
  readonly dataSetKept: KeptLimits;
}

/** `sopClassUid` and `sopInstanceUid` are the data set's own; where it does not say, those of the File Meta Information. */
export interface Part10Source
  extends Pick<Part10Head, 'preamble' | 'sopClassUid' | 'sopInstanceUid' | 'transferSyntaxUid'> {
  /** Preamble, `DICM` and File Meta Information as they came; its own copy. */
  readonly headBytes: Uint8Array;
  /** What follows the head; to be read once. */
  readonly dataSet: AsyncIterable<Uint8Array>;
  /** Lets go of the file, also when not all of it was read. */
  close(): Promise<void>;
}

/**
 * Reads as much as the head and the UIDs of the data set need.
 * @throws LeadglassError MALFORMED (no DICOM file), LIMIT_EXCEEDED; what the source throws
 */
export async function openPart10(
  file: AsyncIterable<Uint8Array>,
  { part10, dataSet, dataSetKept }: Part10SourceLimits,
): Promise<Part10Source> {
  const chunks = file[Symbol.asyncIterator]();
  const held = new HeldBytes();
  try {
    for (;;) {
      const next = await chunks.next();
      if (next.done !== true) held.add(next.value);
      const head = readPart10Head(held.bytes, { limits: part10, isWhole: next.done === true });
      if (head.state === 'more') continue;
      const { headLength, preamble, transferSyntaxUid } = head;
      const further = next.done === true ? undefined : chunks;
      const reader = new InstanceUidReader({ transferSyntaxUid, limits: { ...dataSet, ...dataSetKept } });
      const isWhole = await readAhead(reader, { held, from: headLength, chunks: further });
      const { sopClassUid = head.sopClassUid, sopInstanceUid = head.sopInstanceUid }: InstanceUids = reader.uids;
      return {
        preamble,
        sopClassUid,
        sopInstanceUid,
        transferSyntaxUid,
        headBytes: held.bytes.slice(0, headLength),
        dataSet: restOf(held.bytes.subarray(headLength), isWhole ? undefined : further),
        close: async () => void (await chunks.return?.()),
      };
    }
  } catch (error) {
    await chunks.return?.();
    throw error;
  }
}

/** Holds more of the file until the reader has what it needs; true when the file ended meanwhile. */
async function readAhead(
  reader: InstanceUidReader,
  facts: {
    readonly held: HeldBytes;
    readonly from: number;
    readonly chunks: AsyncIterator<Uint8Array> | undefined;
  },
): Promise<boolean> {
  const { held, from, chunks } = facts;
  try {
    await reader.push(held.bytes.subarray(from));
    if (chunks === undefined) return true;
    while (!reader.isDone) {
      const next = await chunks.next();
      if (next.done === true) return true;
      held.add(next.value);
      await reader.push(next.value);
    }
    return false;
  } finally {
    reader.close();
  }
}

async function* restOf(
  first: Uint8Array,
  chunks: AsyncIterator<Uint8Array> | undefined,
): AsyncGenerator<Uint8Array, void, undefined> {
  if (first.length > 0) yield first;
  if (chunks === undefined) return;
  for (let next = await chunks.next(); next.done !== true; next = await chunks.next()) yield next.value;
}

/** Grows by doubling, so that a file in single bytes costs no more than one in large pieces. */
class HeldBytes {
  #buffer = new Uint8Array(1024);
  #length = 0;

  get bytes(): Uint8Array {
    return this.#buffer.subarray(0, this.#length);
  }

  add(chunk: Uint8Array): void {
    const length = this.#length + chunk.length;
    if (length > this.#buffer.length) {
      const grown = new Uint8Array(Math.max(length, 2 * this.#buffer.length));
      grown.set(this.bytes);
      this.#buffer = grown;
    }
    this.#buffer.set(chunk, this.#length);
    this.#length = length;
  }
}
