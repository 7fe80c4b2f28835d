/**
 * The fragments of encapsulated pixel data (PS3.5 A.4), found through a function that reads a range of the instance: from
 * item header to item header, none of the pixels between. Which fragments make a frame is for encapsulated-frames.ts.
 */
import { LeadglassError } from '../error.ts';

/** Reads bytes of an instance; fewer than asked for only at its end. */
export type RangeReader = (offset: number, lengthBytes: number) => Promise<Uint8Array>;

export interface ByteRange {
  readonly offset: number;
  readonly lengthBytes: number;
}

export interface FragmentLimits {
  readonly fragmentsMax: number;
  /** Headers are looked for in pieces of this size; several small fragments then cost one read. */
  readonly windowBytes: number;
}

const itemHeaderBytes = 8;
const itemTag = 0xe000fffe;
const sequenceDelimitation = 0xe0ddfffe;

/** Reads item headers at given places, and keeps the piece around the last one. */
export class FragmentReader {
  readonly #read: RangeReader;
  readonly #end: number;
  readonly #windowBytes: number;
  #window: Uint8Array = new Uint8Array(0);
  #windowAt = 0;

  /** `end` is the length of the instance: nothing is read at or after it. */
  constructor(read: RangeReader, end: number, { windowBytes }: FragmentLimits) {
    this.#read = read;
    this.#end = end;
    this.#windowBytes = Math.max(itemHeaderBytes, windowBytes);
  }

  /**
   * The fragment whose item begins at `offset`, or undefined where the sequence delimiter stands.
   * @throws LeadglassError MALFORMED when neither is there, or the fragment goes beyond the end
   */
  async fragment(offset: number): Promise<ByteRange | undefined> {
    const header = await this.#header(offset);
    const tag = header.getUint32(0, true);
    const lengthBytes = header.getUint32(4, true);
    if (tag === sequenceDelimitation) return undefined;
    if (tag !== itemTag) throw malformedFragments('there is no item where a fragment should begin', offset);
    const start = offset + itemHeaderBytes;
    if (start + lengthBytes > this.#end) throw malformedFragments('a fragment ends beyond the end', offset);
    return { offset: start, lengthBytes };
  }

  async #header(offset: number): Promise<DataView> {
    const isInWindow = offset >= this.#windowAt && offset + itemHeaderBytes <= this.#windowAt + this.#window.length;
    if (!isInWindow) {
      if (!(offset >= 0 && offset + itemHeaderBytes <= this.#end)) {
        throw malformedFragments('it ends without a sequence delimiter', offset);
      }
      this.#window = await this.#read(offset, Math.min(this.#windowBytes, this.#end - offset));
      this.#windowAt = offset;
      if (this.#window.length < itemHeaderBytes) throw malformedFragments('it ends within an item header', offset);
    }
    return new DataView(this.#window.buffer, this.#window.byteOffset + (offset - this.#windowAt), itemHeaderBytes);
  }
}

/** Where the item after this fragment begins. */
export function afterFragment({ offset, lengthBytes }: ByteRange): number {
  return offset + lengthBytes;
}

/**
 * All fragments from the item at `offset` to the sequence delimiter.
 * @throws LeadglassError MALFORMED, LIMIT_EXCEEDED
 */
export async function listFragments(
  reader: FragmentReader,
  offset: number,
  { fragmentsMax }: FragmentLimits,
): Promise<readonly ByteRange[]> {
  const fragments: ByteRange[] = [];
  let at = offset;
  for (;;) {
    const fragment = await reader.fragment(at);
    if (fragment === undefined) return fragments;
    if (fragments.length >= fragmentsMax) {
      throw new LeadglassError('LIMIT_EXCEEDED', `Cannot read the pixel data: more than ${fragmentsMax} fragments`, {
        field: 'Pixel Data',
      });
    }
    fragments.push(fragment);
    at = afterFragment(fragment);
  }
}

/**
 * The bytes of these ranges, joined.
 * @throws LeadglassError LIMIT_EXCEEDED before anything is read, MALFORMED when the instance ends too early
 */
export async function readRanges(
  read: RangeReader,
  ranges: readonly ByteRange[],
  bytesMax: number,
): Promise<Uint8Array<ArrayBuffer>> {
  const total = ranges.reduce((sum, { lengthBytes }) => sum + lengthBytes, 0);
  if (total > bytesMax) {
    throw new LeadglassError(
      'LIMIT_EXCEEDED',
      `Cannot read the frame: it has ${total} bytes, the limit is ${bytesMax}`,
      {
        field: 'Pixel Data',
      },
    );
  }
  const joined = new Uint8Array(total);
  let at = 0;
  for (const { offset, lengthBytes } of ranges) {
    for (let got = 0; got < lengthBytes; ) {
      const bytes = await read(offset + got, lengthBytes - got);
      if (bytes.length === 0) throw malformedFragments('it ends within a fragment', offset + got);
      joined.set(bytes.subarray(0, lengthBytes - got), at + got);
      got += bytes.length;
    }
    at += lengthBytes;
  }
  return joined;
}

export function malformedFragments(what: string, offset?: number): LeadglassError {
  return new LeadglassError('MALFORMED', `Cannot read the pixel data: ${what}`, {
    field: 'Pixel Data',
    ...(offset === undefined ? {} : { offset }),
  });
}
