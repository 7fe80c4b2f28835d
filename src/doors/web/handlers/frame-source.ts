/**
 * The frames of one stored instance in a transfer syntax that the client chose: as they are stored, or through the codecs.
 */
import type { StoredInstance } from '../../../backends/backend.ts';
import type { FrameFacts } from '../../../codecs/frame.ts';
import type { DataSet } from '../../../dicom/data-set.ts';
import { Tags } from '../../../dicom/dictionary/dictionary.ts';
import { Frames } from '../../../dicom/frames.ts';
import type { Tag } from '../../../dicom/tag.ts';
import { type TransferSyntaxInfo, transferSyntaxInfo } from '../../../dicom/transfer-syntax.ts';
import type { Uid } from '../../../dicom/uid.ts';
import { LeadglassError } from '../../../error.ts';
import { canDerive } from '../../../transcoding/derivation.ts';
import { canTranscodeInstance } from '../../../transcoding/syntax-pairs.ts';
import { convertFrame } from '../../../transcoding/frame-conversion.ts';
import type { Wish } from '../../../transcoding/conversion-memory.ts';
import type { ReadingFacts } from './conversions.ts';

export class FrameSource {
  readonly instance: StoredInstance;
  readonly frames: Frames;
  readonly #facts: ReadingFacts;

  private constructor(instance: StoredInstance, frames: Frames, facts: ReadingFacts) {
    this.instance = instance;
    this.frames = frames;
    this.#facts = facts;
  }

  /** Undefined where the instance has no pixel data. @throws LeadglassError as Frames.open */
  static async open(instance: StoredInstance, facts: ReadingFacts): Promise<FrameSource | undefined> {
    const { dataSet, fragments, codecs } = facts.services.limits;
    const frames = await Frames.open(instance, { dataSet, fragments, frameBytesMax: codecs.frameBytesMax });
    return frames === undefined ? undefined : new FrameSource(instance, frames, facts);
  }

  /**
   * One frame, numbered from 1, in a transfer syntax of `availableOf`: a codestream, or native bytes in little endian order.
   * @throws LeadglassError NOT_FOUND; MALFORMED, UNSUPPORTED, LIMIT_EXCEEDED; TIMED_OUT, OUT_OF_RESOURCES, CANCELLED
   */
  async read(frame: number, transferSyntaxUid: Uid): Promise<Uint8Array> {
    const from = infoOf(this.instance.transferSyntaxUid);
    const to = infoOf(transferSyntaxUid);
    const bytes = await this.frames.read(frame);
    if (from.uid === to.uid || (!from.encapsulated && !to.encapsulated)) return bytes;
    const { services, owner, signal } = this.#facts;
    const codecs = services.transcoding?.codecs;
    if (codecs === undefined) throw new LeadglassError('UNSUPPORTED', 'Cannot convert the frame: there are no codecs');
    const facts = factsOf(this.frames.pixelData.image);
    const { sopClassUid } = this.instance.head;
    const mayLose = !canTranscodeInstance(from.uid, to.uid) && canDerive(from.uid, to.uid, sopClassUid);
    const converted = await convertFrame(bytes, { from, to, facts, codecs, caller: { owner, signal }, mayLose });
    return converted.bytes;
  }

  /**
   * These frames in turn; the next one is read and converted while the one before is on its way, if there is memory for it now.
   * What a frame takes is held until the caller asks for the next: a receiver that does not read holds its own share only.
   * @throws LeadglassError as `read`; OUT_OF_RESOURCES when there was no memory for long
   */
  async *each(numbers: Iterable<number>, transferSyntaxUid: Uid): AsyncGenerator<Uint8Array, void, undefined> {
    const left = [...numbers];
    let ahead: Reading | undefined;
    try {
      for (let number = left.shift(); number !== undefined; number = left.shift()) {
        using current = ahead ?? this.#reading(number, { transferSyntaxUid, held: await this.#takeMemory() });
        ahead = undefined;
        const bytes = await current.bytes;
        const [following] = left;
        const held = following === undefined ? undefined : this.#memoryNow();
        if (following !== undefined && held !== undefined) {
          ahead = this.#reading(following, { transferSyntaxUid, held: held.memory });
        }
        yield bytes;
      }
    } finally {
      ahead?.[Symbol.dispose]();
    }
  }

  #reading(
    number: number,
    { transferSyntaxUid, held }: { readonly transferSyntaxUid: Uid; readonly held: Disposable | undefined },
  ): Reading {
    const bytes = this.read(number, transferSyntaxUid);
    // Awaited in its turn, or given up with the frame before it.
    bytes.catch(() => undefined);
    return { bytes, [Symbol.dispose]: () => held?.[Symbol.dispose]() };
  }

  /** As much as a decoded frame; a codestream is rarely longer. */
  get #wish(): Wish {
    const { owner, signal } = this.#facts;
    const { rows, columns, samplesPerPixel, bitsAllocated } = factsOf(this.frames.pixelData.image);
    const bytes = Math.ceil((rows * columns * samplesPerPixel * bitsAllocated) / 8);
    return { owner, signal, bytes: Number.isSafeInteger(bytes) ? bytes : 0 };
  }

  /** Without conversions (tests) there is no common budget. */
  async #takeMemory(): Promise<Disposable | undefined> {
    return this.#facts.services.transcoding?.memory.take(this.#wish);
  }

  #memoryNow(): { readonly memory: Disposable | undefined } | undefined {
    const memory = this.#facts.services.transcoding?.memory;
    if (memory === undefined) return { memory };
    const held = memory.tryTake(this.#wish);
    return held === undefined ? undefined : { memory: held };
  }
}

/** A frame on its way from the disk, and the memory that was taken for it. */
interface Reading extends Disposable {
  readonly bytes: Promise<Uint8Array>;
}

/** What the codecs want to know; each value is checked there. */
function factsOf(image: DataSet): FrameFacts {
  const number = (tag: Tag, otherwise: number): number => image.number(tag) ?? otherwise;
  const bitsAllocated = number(Tags.BitsAllocated, 0);
  return {
    rows: number(Tags.Rows, 0),
    columns: number(Tags.Columns, 0),
    samplesPerPixel: number(Tags.SamplesPerPixel, 1),
    bitsAllocated,
    bitsStored: number(Tags.BitsStored, bitsAllocated),
    pixelRepresentation: number(Tags.PixelRepresentation, 0),
    planarConfiguration: number(Tags.PlanarConfiguration, 0),
    photometricInterpretation: image.text(Tags.PhotometricInterpretation) ?? '',
  };
}

function infoOf(uid: string): TransferSyntaxInfo {
  const info = transferSyntaxInfo(uid);
  if (info !== undefined) return info;
  throw new LeadglassError('UNSUPPORTED', 'Cannot read the frames: their transfer syntax is not known');
}
