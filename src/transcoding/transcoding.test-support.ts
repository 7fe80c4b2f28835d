/** Instances in memory and codecs in the test's own thread, for tests of this folder. */
import { codecLimits, codecsHere } from '../codecs/codecs.test-support.ts';
import { decodeFrame } from '../codecs/decode-frame.ts';
import { encodeFrame } from '../codecs/encode-frame.ts';
import type { FrameFacts } from '../codecs/frame.ts';
import type { DecodeOrder, EncodeOrder } from '../codecs/pool/orders.ts';
import { DataSet } from '../dicom/data-set.ts';
import { readDataSet, writeDataSet } from '../dicom/data-set-codec.ts';
import { Tags } from '../dicom/dictionary/tags.generated.ts';
import { knownUid } from '../dicom/uid.ts';
import { limits } from '../limits.ts';
import { ConversionMemory } from './conversion-memory.ts';
import type { FrameCodecs } from './frame-conversion.ts';
import { transcodeInstance, type TranscodeInstanceOptions, type TranscodeServices } from './transcode-instance.ts';

/** As the pool, and as careful with what is handed over: those bytes are gone afterwards. */
export const codecsInThread: FrameCodecs = {
  decode: async (order: DecodeOrder) => {
    const bytes = typeof order.bytes === 'function' ? await order.bytes() : order.bytes;
    const taken = new Uint8Array(bytes.buffer.transfer());
    return await decodeFrame(codecsHere(), { ...order, bytes: taken }, codecLimits);
  },
  encode: async (order: EncodeOrder) => {
    const pixels = typeof order.pixels === 'function' ? await order.pixels() : order.pixels;
    const taken = new Uint8Array(pixels.buffer.transfer());
    return await encodeFrame(codecsHere(), { ...order, pixels: taken }, codecLimits);
  },
};

export function servicesInThread(): TranscodeServices {
  return { codecs: codecsInThread, memory: new ConversionMemory(limits.transcoding), limits };
}

export interface Stored {
  readonly transferSyntaxUid: string;
  readonly bytes: Uint8Array;
}

/** All of an instance in `to`; its bytes are read in pieces of `pieceBytes`. */
export async function transcoded(
  { transferSyntaxUid, bytes }: Stored,
  to: string,
  options: { readonly pieceBytes?: number } & Partial<TranscodeInstanceOptions> = {},
): Promise<Uint8Array> {
  const { pieceBytes = 65_536, ...rest } = options;
  const instance = { transferSyntaxUid: knownUid(transferSyntaxUid), read: () => inPieces(bytes, pieceBytes) };
  const chunks: Uint8Array[] = [];
  const written = transcodeInstance(instance, to, { services: servicesInThread(), owner: 'a', ...rest });
  // Copied at once: what comes out may be a view of what went in.
  for await (const chunk of written) chunks.push(chunk.slice());
  return new Uint8Array(Buffer.concat(chunks));
}

export async function* inPieces(bytes: Uint8Array, pieceBytes: number): AsyncGenerator<Uint8Array, void, undefined> {
  for (let at = 0; at < bytes.length; at += pieceBytes) yield bytes.slice(at, at + pieceBytes);
}

export function read({ transferSyntaxUid, bytes }: Stored): DataSet {
  return readDataSet(bytes, { transferSyntaxUid, limits: limits.dataSet });
}

/** The header of an image; Pixel Data is for the caller to set. */
export function imageHeader(facts: FrameFacts, numberOfFrames: number): DataSet {
  const dataSet = new DataSet()
    .setText(Tags.SpecificCharacterSet, 'CS', 'ISO_IR 192')
    .setText(Tags.ImageType, 'CS', ['ORIGINAL', 'PRIMARY'])
    .setText(Tags.SOPInstanceUID, 'UI', '2.25.1')
    .setText(Tags.PatientName, 'PN', 'Müller^Änne')
    .setNumber(Tags.SamplesPerPixel, 'US', facts.samplesPerPixel)
    .setText(Tags.PhotometricInterpretation, 'CS', facts.photometricInterpretation)
    .setNumber(Tags.Rows, 'US', facts.rows)
    .setNumber(Tags.Columns, 'US', facts.columns)
    .setNumber(Tags.BitsAllocated, 'US', facts.bitsAllocated)
    .setNumber(Tags.BitsStored, 'US', facts.bitsStored)
    .setNumber(Tags.HighBit, 'US', facts.bitsStored - 1)
    .setNumber(Tags.PixelRepresentation, 'US', facts.pixelRepresentation);
  if (facts.samplesPerPixel > 1) dataSet.setNumber(Tags.PlanarConfiguration, 'US', facts.planarConfiguration);
  if (numberOfFrames > 1) dataSet.setText(Tags.NumberOfFrames, 'IS', String(numberOfFrames));
  return dataSet;
}

/** In explicit VR little endian; `frames` are native. */
export function nativeInstance(
  facts: FrameFacts,
  frames: readonly Uint8Array[],
  transferSyntaxUid: string = '1.2.840.10008.1.2.1',
): Stored {
  const dataSet = imageHeader(facts, frames.length);
  dataSet.setBytes(Tags.PixelData, facts.bitsAllocated > 8 ? 'OW' : 'OB', Buffer.concat(frames));
  dataSet.setBytes(0xfffcfffc, 'OB', Uint8Array.of(1, 2, 3, 4));
  return { transferSyntaxUid, bytes: writeDataSet(dataSet, transferSyntaxUid) };
}

/** `fragments` begin with the offset table. */
export function encapsulatedInstance(
  transferSyntaxUid: string,
  header: DataSet,
  fragments: readonly Uint8Array[],
): Stored {
  header.set({ tag: Tags.PixelData, vr: 'OB', value: new Uint8Array(0), fragments });
  return { transferSyntaxUid, bytes: writeDataSet(header, transferSyntaxUid) };
}

export function pixelsOf(stored: Stored): Uint8Array {
  const value = read(stored).get(Tags.PixelData)?.value;
  return value instanceof Uint8Array ? value : new Uint8Array(0);
}
