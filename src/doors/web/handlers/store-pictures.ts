/**
 * Pictures among the bulk data of a store: PNG and GIF become native pixels, without loss (PS3.18 10.5.2), and the data set is told
 * what it lacks of their description. Where it says something else, one of the two is wrong, and nothing is stored.
 */
import type { FrameFacts } from '../../../codecs/frame.ts';
import type { DataSet } from '../../../dicom/data-set.ts';
import { Tags } from '../../../dicom/dictionary/dictionary.ts';
import type { BulkValue } from '../../../dicom/models/encode-model.ts';
import type { Tag } from '../../../dicom/tag.ts';
import { LeadglassError } from '../../../error.ts';
import {
  isPictureEncoding,
  type PictureEncoding,
  picturePixels,
  type PictureSize,
  pictureSize,
} from '../../../transcoding/picture-pixels.ts';
import type { TranscodeServices } from '../../../transcoding/transcode-instance.ts';
import type { MessageMemory } from './message-memory.ts';
import type { BulkPart } from './model-message.ts';

export interface PictureFacts {
  /** Absent where no codec can run: then pictures are not taken. */
  readonly services: TranscodeServices | undefined;
  readonly owner: string;
  readonly signal: AbortSignal;
  /** Of the message that it comes in. */
  readonly memory: MessageMemory;
  /** Of one picture as it comes. */
  readonly bytesMax: number;
}

/** A picture that has come, and has not been decoded yet. */
export interface ArrivedPicture {
  readonly encoding: PictureEncoding;
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly size: PictureSize;
}

/** @throws LeadglassError UNSUPPORTED where it is none or none is taken; MALFORMED, LIMIT_EXCEEDED */
export async function arrivedPicture(
  part: BulkPart,
  { services, memory, bytesMax }: PictureFacts,
): Promise<ArrivedPicture> {
  const { name: encoding } = part.contentType;
  if (services === undefined || !isPictureEncoding(encoding)) {
    throw new LeadglassError('UNSUPPORTED', 'Cannot store: bulk data of this media type is not taken', {
      field: 'Transfer Syntax UID',
    });
  }
  const chunks: Uint8Array[] = [];
  let lengthBytes = 0;
  for await (const chunk of part.value().chunks) {
    lengthBytes += chunk.length;
    if (lengthBytes > bytesMax) {
      throw new LeadglassError('LIMIT_EXCEEDED', `Cannot store: a picture has more than ${bytesMax} bytes`);
    }
    await memory.reach('picture', lengthBytes);
    chunks.push(Buffer.from(chunk));
  }
  const bytes = new Uint8Array(Buffer.concat(chunks));
  return { encoding, bytes, size: pictureSize(encoding, bytes, services) };
}

/** The pixels of the first picture, and of those that follow, one for each frame. */
export function pictureValue(
  first: ArrivedPicture,
  {
    frames,
    next,
    pictures,
  }: { readonly frames: number; readonly next: () => Promise<BulkPart>; readonly pictures: PictureFacts },
): BulkValue {
  const { services, owner, signal } = pictures;
  const chunks = async function* (): AsyncGenerator<Uint8Array, void, undefined> {
    if (services === undefined) return;
    let picture = first;
    for (let frame = 1; ; frame += 1) {
      yield* picturePixels(picture.encoding, picture, { services, caller: { owner, signal } });
      if (frame === frames) return;
      picture = await arrivedPicture(await next(), pictures);
      if (!isSame(picture.size.facts, first.size.facts)) {
        throw new LeadglassError('MALFORMED', 'Cannot store: the frames of one instance are different pictures');
      }
    }
  };
  return { lengthBytes: first.size.lengthBytes * frames, chunks: chunks() };
}

function isSame(one: FrameFacts, other: FrameFacts): boolean {
  return JSON.stringify(one) === JSON.stringify(other);
}

/**
 * Image Pixel Description (PS3.3 C.7.6.3) as the picture has it. Fewer Bits Stored than it has, and a sign, are the sender's to say;
 * so is what black is.
 * @throws LeadglassError MALFORMED where the data set describes another picture
 */
export function describePicture(dataSet: DataSet, { facts }: PictureSize): void {
  const { rows, columns, samplesPerPixel, bitsAllocated, photometricInterpretation } = facts;
  const must = (tag: Tag, value: number, name: string): void => {
    const said = dataSet.number(tag);
    if (said === undefined) dataSet.setNumber(tag, 'US', value);
    else if (said !== value) throw otherThanSaid(name, `${said}`, `${value}`);
  };
  must(Tags.Rows, rows, 'Rows');
  must(Tags.Columns, columns, 'Columns');
  must(Tags.SamplesPerPixel, samplesPerPixel, 'Samples per Pixel');
  must(Tags.BitsAllocated, bitsAllocated, 'Bits Allocated');
  if (samplesPerPixel > 1) must(Tags.PlanarConfiguration, 0, 'Planar Configuration');
  const colours = dataSet.text(Tags.PhotometricInterpretation) ?? '';
  const isInverse = colours === 'MONOCHROME1' && photometricInterpretation === 'MONOCHROME2';
  if (colours === '') dataSet.setText(Tags.PhotometricInterpretation, 'CS', photometricInterpretation);
  else if (colours !== photometricInterpretation && !isInverse) {
    throw otherThanSaid('Photometric Interpretation', 'another', photometricInterpretation);
  }
  const bitsStored = dataSet.number(Tags.BitsStored) ?? bitsAllocated;
  if (!dataSet.has(Tags.BitsStored)) dataSet.setNumber(Tags.BitsStored, 'US', bitsStored);
  if (!dataSet.has(Tags.HighBit)) dataSet.setNumber(Tags.HighBit, 'US', bitsStored - 1);
  if (!dataSet.has(Tags.PixelRepresentation)) dataSet.setNumber(Tags.PixelRepresentation, 'US', 0);
}

function otherThanSaid(name: string, said: string, is: string): LeadglassError {
  return new LeadglassError('MALFORMED', `Cannot store: ${name} is ${said}, and the picture has ${is}`, {
    field: name,
  });
}
