/**
 * Which fragments of encapsulated pixel data make which frame, PS3.5 A.4: by the extended offset table, by the basic one, or
 * without any. A table is only believed where it leads to; a wrong one counts as none. One frame of a large instance is found
 * without a walk through all of it, where a table is right.
 */
import { LeadglassError } from '../error.ts';
import {
  afterFragment,
  type ByteRange,
  type FragmentLimits,
  FragmentReader,
  listFragments,
  malformedFragments,
  type RangeReader,
  readRanges,
} from './fragments.ts';

export interface EncapsulatedFacts {
  /** Where the first item (the basic offset table) begins: after the header of Pixel Data, which has undefined length. */
  readonly offset: number;
  /** Length of the instance. */
  readonly end: number;
  readonly numberOfFrames: number;
  /** Values of Extended Offset Table (7FE0,0001) and Extended Offset Table Lengths (7FE0,0002), little endian. */
  readonly extendedOffsetTable?: Uint8Array;
  readonly extendedOffsetTableLengths?: Uint8Array;
}

type Table = 'extended' | 'basic' | 'none';

/** Where frames begin, counted from the first item after the basic offset table. */
interface Offsets {
  readonly table: Table;
  readonly starts: readonly number[];
  /** Of each frame's codestream, without padding; only the extended table tells. */
  readonly lengths?: readonly number[];
}

export class EncapsulatedFrames {
  readonly numberOfFrames: number;
  readonly #read: RangeReader;
  readonly #reader: FragmentReader;
  readonly #limits: FragmentLimits;
  readonly #first: number;
  #offsets: Offsets | undefined;
  #walked: Promise<readonly (readonly ByteRange[])[]> | undefined;

  private constructor(read: RangeReader, reader: FragmentReader, limits: FragmentLimits, found: Found) {
    this.#read = read;
    this.#reader = reader;
    this.#limits = limits;
    this.#first = found.first;
    this.#offsets = found.offsets;
    this.numberOfFrames = found.numberOfFrames;
  }

  /**
   * Reads the tables, none of the frames.
   * @throws LeadglassError MALFORMED, LIMIT_EXCEEDED
   */
  static async open(read: RangeReader, facts: EncapsulatedFacts, limits: FragmentLimits): Promise<EncapsulatedFrames> {
    const { numberOfFrames, offset, end } = facts;
    if (!Number.isInteger(numberOfFrames) || numberOfFrames < 1) {
      throw malformedFragments(`Number of Frames is ${numberOfFrames}`);
    }
    if (numberOfFrames > limits.fragmentsMax) {
      throw new LeadglassError(
        'LIMIT_EXCEEDED',
        `Cannot read the pixel data: more than ${limits.fragmentsMax} frames`,
        {
          field: 'Number of Frames',
        },
      );
    }
    const reader = new FragmentReader(read, end, limits);
    const basic = await reader.fragment(offset);
    if (basic === undefined) throw malformedFragments('it has no item for the basic offset table', offset);
    const offsets = extendedOffsets(facts) ?? (await basicOffsets(read, basic, numberOfFrames));
    return new EncapsulatedFrames(read, reader, limits, { first: afterFragment(basic), offsets, numberOfFrames });
  }

  /** Which table leads to the frames; `none` also after one has turned out to be wrong. */
  get table(): Table {
    return this.#offsets?.table ?? 'none';
  }

  /**
   * The fragments of one frame, numbered from 1.
   * @throws LeadglassError MALFORMED, LIMIT_EXCEEDED; NOT_FOUND when there is no such frame
   */
  async locate(frame: number): Promise<readonly ByteRange[]> {
    if (!Number.isInteger(frame) || frame < 1 || frame > this.numberOfFrames) {
      throw new LeadglassError('NOT_FOUND', `There is no frame ${frame}: the instance has ${this.numberOfFrames}`);
    }
    if (this.#offsets !== undefined) {
      const ranges = await this.#byTable(this.#offsets, frame - 1);
      if (ranges !== undefined) return ranges;
      this.#offsets = undefined;
    }
    this.#walked ??= this.#walk();
    return (await this.#walked)[frame - 1] ?? [];
  }

  /** The codestream of one frame. @throws LeadglassError as `locate`, and LIMIT_EXCEEDED beyond `bytesMax` */
  async read(frame: number, bytesMax: number): Promise<Uint8Array<ArrayBuffer>> {
    return await readRanges(this.#read, await this.locate(frame), bytesMax);
  }

  /** Every fragment in order: a video is one stream, and not of frames. */
  async fragments(): Promise<readonly ByteRange[]> {
    return await listFragments(this.#reader, this.#first, this.#limits);
  }

  /** Undefined when the table does not lead to where frames begin and end. */
  async #byTable({ starts, lengths }: Offsets, index: number): Promise<readonly ByteRange[] | undefined> {
    const end = starts[index + 1] === undefined ? undefined : this.#first + (starts[index + 1] ?? 0);
    const ranges: ByteRange[] = [];
    try {
      for (let at = this.#first + (starts[index] ?? 0); at !== end; ) {
        const fragment = await this.#reader.fragment(at);
        if (fragment === undefined) {
          if (end !== undefined) return undefined;
          break;
        }
        if (ranges.length >= this.#limits.fragmentsMax) return undefined;
        at = afterFragment(fragment);
        if (end !== undefined && at > end) return undefined;
        ranges.push(fragment);
      }
    } catch (error) {
      if (error instanceof LeadglassError && error.code === 'MALFORMED') return undefined;
      throw error;
    }
    return lengths === undefined ? ranges : withoutPadding(ranges, lengths[index] ?? 0);
  }

  async #walk(): Promise<readonly (readonly ByteRange[])[]> {
    const fragments = await this.fragments();
    const frames = this.numberOfFrames;
    if (frames === 1) return [fragments];
    if (fragments.length === frames) return fragments.map((fragment) => [fragment]);
    if (fragments.length < frames)
      throw malformedFragments(`it has ${fragments.length} fragments for ${frames} frames`);
    return await this.#byStarts(fragments);
  }

  /** Several fragments a frame and no table: a frame begins where a codestream does. */
  async #byStarts(fragments: readonly ByteRange[]): Promise<readonly (readonly ByteRange[])[]> {
    const frames: ByteRange[][] = [];
    for (const fragment of fragments) {
      const head = await this.#read(fragment.offset, Math.min(startBytes, fragment.lengthBytes));
      if (beginsCodestream(head)) frames.push([]);
      const frame = frames.at(-1);
      if (frame === undefined) break;
      frame.push(fragment);
    }
    if (frames.length === this.numberOfFrames) return frames;
    throw malformedFragments(
      `it has ${fragments.length} fragments for ${this.numberOfFrames} frames, and no table tells which belong together`,
    );
  }
}

interface Found {
  readonly first: number;
  readonly offsets: Offsets | undefined;
  readonly numberOfFrames: number;
}

/** PS3.3 C.7.6.3.1.9: two 64-bit numbers for each frame, each of which is one fragment. */
function extendedOffsets(facts: EncapsulatedFacts): Offsets | undefined {
  const { numberOfFrames, extendedOffsetTable, extendedOffsetTableLengths } = facts;
  if (extendedOffsetTable?.length !== 8 * numberOfFrames) return undefined;
  if (extendedOffsetTableLengths?.length !== 8 * numberOfFrames) return undefined;
  const numbers = (bytes: Uint8Array): number[] => {
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    return Array.from({ length: numberOfFrames }, (_, nth) => Number(view.getBigUint64(8 * nth, true)));
  };
  const starts = numbers(extendedOffsetTable);
  const lengths = numbers(extendedOffsetTableLengths);
  return ascends(starts) && lengths.every(Number.isSafeInteger) ? { table: 'extended', starts, lengths } : undefined;
}

/** One 32-bit number for each frame, A.4; beyond 4 GiB they cannot ascend any more. */
async function basicOffsets(read: RangeReader, basic: ByteRange, numberOfFrames: number): Promise<Offsets | undefined> {
  if (basic.lengthBytes !== 4 * numberOfFrames) return undefined;
  const bytes = await readRanges(read, [basic], basic.lengthBytes);
  const view = new DataView(bytes.buffer);
  const starts = Array.from({ length: numberOfFrames }, (_, nth) => view.getUint32(4 * nth, true));
  return ascends(starts) ? { table: 'basic', starts } : undefined;
}

function ascends(starts: readonly number[]): boolean {
  return (
    starts[0] === 0 && starts.every((start, nth) => Number.isSafeInteger(start) && start > (starts[nth - 1] ?? -1))
  );
}

/** The extended table is for one fragment a frame; undefined when it tells more bytes than there are. */
function withoutPadding(ranges: readonly ByteRange[], lengthBytes: number): readonly ByteRange[] | undefined {
  const [only] = ranges;
  if (only === undefined || ranges.length !== 1) return undefined;
  const padding = only.lengthBytes - lengthBytes;
  return padding === 0 || padding === 1 ? [{ offset: only.offset, lengthBytes }] : undefined;
}

/** What `beginsCodestream` needs of a fragment. */
export const startBytes = 12;

/** JPEG and JPEG-LS (SOI and a marker), JPEG 2000 (SOC, SIZ), JPEG XL, and JP2 files, which some devices write. */
export function beginsCodestream(head: Uint8Array): boolean {
  const begins = (...bytes: readonly number[]): boolean => bytes.every((byte, at) => head[at] === byte);
  return (
    begins(0xff, 0xd8, 0xff) ||
    begins(0xff, 0x4f, 0xff, 0x51) ||
    begins(0xff, 0x0a) ||
    begins(0, 0, 0, 12, 0x6a, 0x50, 0x20, 0x20) ||
    begins(0, 0, 0, 12, 0x4a, 0x58, 0x4c, 0x20)
  );
}
