/**
 * The frames of an instance's pixel data (PS3.5 8, A.4), one by one and as they are stored: native ones cut out of the value,
 * encapsulated ones put together of their fragments. Decoding them is for the codecs.
 */
import { LeadglassError } from '../error.ts';
import type { DataSetLimits } from './data-set-limits.ts';
import { Tags } from './dictionary/dictionary.ts';
import { EncapsulatedFrames } from './encapsulated-frames.ts';
import type { FragmentLimits } from './fragments.ts';
import { findPixelData, type PixelData } from './pixel-data.ts';
import { joined, plainBytes, type RangedBytes, type StoredBytes } from './ranged-bytes.ts';
import { swapWords } from './value-numbers.ts';
import { wordBytes } from './vr.ts';

export interface FramesLimits {
  readonly dataSet: DataSetLimits;
  readonly fragments: FragmentLimits;
  /** Of one frame, as it is stored. */
  readonly frameBytesMax: number;
}

export class Frames {
  readonly pixelData: PixelData;
  readonly numberOfFrames: number;
  readonly #bytes: RangedBytes;
  readonly #limits: FramesLimits;
  readonly #encapsulated: EncapsulatedFrames | undefined;

  private constructor(
    bytes: RangedBytes,
    facts: {
      readonly pixelData: PixelData;
      readonly numberOfFrames: number;
      readonly encapsulated?: EncapsulatedFrames;
      readonly limits: FramesLimits;
    },
  ) {
    this.pixelData = facts.pixelData;
    this.numberOfFrames = facts.numberOfFrames;
    this.#bytes = bytes;
    this.#limits = facts.limits;
    this.#encapsulated = facts.encapsulated;
  }

  /**
   * Finds the pixel data; reads none of it.
   * @returns undefined where the instance has none
   * @throws LeadglassError UNSUPPORTED, MALFORMED, LIMIT_EXCEEDED; what reading throws
   */
  static async open(stored: StoredBytes, limits: FramesLimits): Promise<Frames | undefined> {
    const bytes = plainBytes(stored, limits.dataSet);
    const { transferSyntaxUid } = stored;
    const pixelData = await findPixelData(bytes, { transferSyntaxUid, limits: limits.dataSet });
    if (pixelData === undefined) return undefined;
    const numberOfFrames = framesIn(pixelData);
    if (pixelData.lengthBytes !== undefined) return new Frames(bytes, { pixelData, numberOfFrames, limits });
    const { image, offset } = pixelData;
    const extendedOffsetTable = bytesOf(image.get(Tags.ExtendedOffsetTable)?.value);
    const extendedOffsetTableLengths = bytesOf(image.get(Tags.ExtendedOffsetTableLengths)?.value);
    const encapsulated = await EncapsulatedFrames.open(
      (at, lengthBytes) => joined(bytes, at, lengthBytes),
      {
        offset,
        end: bytes.lengthBytes,
        numberOfFrames,
        ...(extendedOffsetTable === undefined ? {} : { extendedOffsetTable }),
        ...(extendedOffsetTableLengths === undefined ? {} : { extendedOffsetTableLengths }),
      },
      limits.fragments,
    );
    return new Frames(bytes, { pixelData, numberOfFrames, encapsulated, limits });
  }

  get isEncapsulated(): boolean {
    return this.#encapsulated !== undefined;
  }

  /**
   * One frame, numbered from 1: its codestream, or its native bytes in little endian order (packed, from the first bit of its
   * first byte, where pixels are single bits).
   * @throws LeadglassError NOT_FOUND when there is no such frame; MALFORMED, LIMIT_EXCEEDED
   */
  async read(frame: number): Promise<Uint8Array<ArrayBuffer>> {
    if (frame > this.numberOfFrames) throw noSuchFrame(frame, this.numberOfFrames);
    const { frameBytesMax } = this.#limits;
    return this.#encapsulated === undefined
      ? await this.#native(frame)
      : await this.#encapsulated.read(frame, frameBytesMax);
  }

  /** Bits of a frame, multiplied in full precision: each factor is at most 16 bits wide. */
  get #frameBits(): number {
    const { image, tag } = this.pixelData;
    const number = (of: number, otherwise?: number): number => {
      const found = image.number(of) ?? otherwise;
      if (found !== undefined && Number.isInteger(found) && found > 0) return found;
      throw malformed('the data set does not say how large a frame is');
    };
    const bitsOfFloat = tag === Tags.FloatPixelData ? 32 : tag === Tags.DoubleFloatPixelData ? 64 : undefined;
    const bits = bitsOfFloat ?? number(Tags.BitsAllocated);
    const pixels = number(Tags.Rows) * number(Tags.Columns);
    // PS3.3 C.7.6.3.1.2: in YBR_FULL_422 two pixels share their colours.
    const isHalf = image.text(Tags.PhotometricInterpretation) === 'YBR_FULL_422';
    return pixels * bits * (isHalf ? 2 : number(Tags.SamplesPerPixel, 1));
  }

  async #native(frame: number): Promise<Uint8Array<ArrayBuffer>> {
    const { offset, lengthBytes = 0, vr, bigEndian } = this.pixelData;
    const bits = this.#frameBits;
    const firstBit = (frame - 1) * bits;
    const first = Math.floor(firstBit / 8);
    const end = Math.ceil((firstBit + bits) / 8);
    if (end - first > this.#limits.frameBytesMax) {
      throw new LeadglassError('LIMIT_EXCEEDED', `Cannot read the frame: it has ${end - first} bytes`, {
        field: 'Pixel Data',
      });
    }
    if (end > lengthBytes) throw malformed('it is shorter than its frames');
    // Where words are turned around, whole ones have to be read.
    const word = bigEndian ? wordBytes(vr) : 1;
    const from = first - (first % word);
    const to = Math.min(lengthBytes, end + ((word - (end % word)) % word));
    const bytes = await joined(this.#bytes, offset + from, to - from);
    if (bytes.length < to - from) throw malformed('it ends too early');
    if (word > 1) swapWords(bytes, word);
    const aligned = bytes.subarray(first - from, end - from);
    return firstBit % 8 === 0 && bits % 8 === 0 ? exact(aligned) : shifted(aligned, firstBit % 8, bits);
  }
}

function framesIn({ image }: PixelData): number {
  const frames = image.number(Tags.NumberOfFrames) ?? 1;
  if (Number.isInteger(frames) && frames >= 1) return frames;
  throw malformed(`Number of Frames is ${frames}`);
}

/** PS3.5 8.1.1: single bits fill bytes from the lowest bit on, and frames follow each other without padding. */
function shifted(bytes: Uint8Array, firstBit: number, bits: number): Uint8Array<ArrayBuffer> {
  const frame = new Uint8Array(Math.ceil(bits / 8));
  for (let at = 0; at < frame.length; at += 1) {
    const low = (bytes[at] ?? 0) >>> firstBit;
    const high = firstBit === 0 ? 0 : ((bytes[at + 1] ?? 0) << (8 - firstBit)) & 0xff;
    frame[at] = low | high;
  }
  const over = frame.length * 8 - bits;
  const last = frame.length - 1;
  // The next frame's bits are not this one's.
  if (over > 0) frame[last] = (frame[last] ?? 0) & (0xff >>> over);
  return frame;
}

/** A whole buffer of its own, which can be handed over to another thread. */
function exact(bytes: Uint8Array<ArrayBuffer>): Uint8Array<ArrayBuffer> {
  return bytes.byteLength === bytes.buffer.byteLength ? bytes : bytes.slice();
}

function bytesOf(value: unknown): Uint8Array | undefined {
  return value instanceof Uint8Array ? value : undefined;
}

function noSuchFrame(frame: number, frames: number): LeadglassError {
  return new LeadglassError('NOT_FOUND', `There is no frame ${frame}: the instance has ${frames}`);
}

function malformed(what: string): LeadglassError {
  return new LeadglassError('MALFORMED', `Cannot read the pixel data: ${what}`, { field: 'Pixel Data' });
}
