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
import { convertFrame } from '../../../transcoding/frame-conversion.ts';
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
   * One frame, numbered from 1, in a transfer syntax of `syntaxesOf`: a codestream, or native bytes in little endian order.
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
    const converted = await convertFrame(bytes, { from, to, facts, codecs, caller: { owner, signal } });
    return converted.bytes;
  }

  /** These frames in turn; the next one is read and converted while the one before is on its way. */
  async *each(numbers: Iterable<number>, transferSyntaxUid: Uid): AsyncGenerator<Uint8Array, void, undefined> {
    let before: Promise<Uint8Array> | undefined;
    for (const number of numbers) {
      const next = this.read(number, transferSyntaxUid);
      // Awaited in its turn, or given up with the frame before it.
      next.catch(() => undefined);
      if (before !== undefined) yield await before;
      before = next;
    }
    if (before !== undefined) yield await before;
  }
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
