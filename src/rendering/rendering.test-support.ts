/** Images of files and made-up ones as decoded frames with their data sets, for tests of this folder. */
import { readFileSync, writeFileSync } from 'node:fs';
import { codecLimits, codecsHere, openImage, someFacts } from '../codecs/codecs.test-support.ts';
import { decodeFrame } from '../codecs/decode-frame.ts';
import { type DecodedFrame, type FrameFacts, frameBytes } from '../codecs/frame.ts';
import { DataSet } from '../dicom/data-set.ts';
import { readDataSet, writeDataSet } from '../dicom/data-set-codec.ts';
import { writePart10Head } from '../dicom/part10.ts';
import { TransferSyntaxes } from '../dicom/transfer-syntax.ts';
import { knownUid, parseUid } from '../dicom/uid.ts';
import { limits } from '../limits.ts';
import { cutFile } from '../../test/support/dicom-files.ts';
import { subsampledBytes } from './colour.ts';
import { type DrawOptions, drawFrame } from './draw.ts';
import type { Picture } from './picture.ts';
import { readFrameFacts, readImageFacts } from './read-image-facts.ts';

export interface ImageOfFile {
  readonly transferSyntaxUid: string;
  readonly dataSet: DataSet;
  readonly isEncapsulated: boolean;
  readonly numberOfFrames: number;
  /** From 1. */
  decoded(frame: number): Promise<DecodedFrame>;
}

export async function readImage(path: string): Promise<ImageOfFile> {
  const { transferSyntaxUid, dataSet: bytes } = cutFile(path);
  const dataSet = readDataSet(bytes, { transferSyntaxUid, limits: limits.dataSet });
  const facts = readFrameFacts(dataSet);
  const numberOfFrames = dataSet.number(0x00280008) ?? 1;
  const pixelData = [0x7fe00010, 0x7fe00008, 0x7fe00009].map((tag) => dataSet.get(tag)).find((found) => found);
  if (pixelData === undefined) throw new Error('no pixel data');
  const { photometricInterpretation, planarConfiguration } = facts;
  const native = pixelData.value;
  if (!(native instanceof Uint8Array)) throw new Error('pixel data is a sequence');
  if (pixelData.fragments !== undefined) {
    const image = await openImage(path);
    return {
      transferSyntaxUid,
      dataSet,
      isEncapsulated: true,
      numberOfFrames,
      decoded: async (frame) => {
        const encoded = await image.frames.read(frame, codecLimits.frameBytesMax);
        return await decodeFrame(codecsHere(), { transferSyntaxUid, bytes: encoded, facts }, codecLimits);
      },
    };
  }
  const lengthBytes =
    photometricInterpretation === 'YBR_FULL_422' ? subsampledBytes(facts) : frameBytes(facts, codecLimits);
  return {
    transferSyntaxUid,
    dataSet,
    isEncapsulated: false,
    numberOfFrames,
    decoded: async (frame) => ({
      pixels: new Uint8Array(native.subarray((frame - 1) * lengthBytes, frame * lengthBytes)),
      photometricInterpretation,
      planarConfiguration,
    }),
  };
}

/** A grey image of made-up pixels, whose attributes may then be changed. 16 bits allocated unless said otherwise. */
export function someImage(facts: Partial<FrameFacts> = {}): { readonly dataSet: DataSet; readonly facts: FrameFacts } {
  const frame = someFacts({ rows: 29, columns: 34, ...facts });
  const dataSet = new DataSet()
    .setText(0x00080016, 'UI', '1.2.840.10008.5.1.4.1.1.7')
    .setText(0x00080018, 'UI', '2.25.1')
    .setText(0x0020000d, 'UI', '2.25.2')
    .setText(0x0020000e, 'UI', '2.25.3')
    .setNumber(0x00280002, 'US', frame.samplesPerPixel)
    .setText(0x00280004, 'CS', frame.photometricInterpretation)
    .setNumber(0x00280010, 'US', frame.rows)
    .setNumber(0x00280011, 'US', frame.columns)
    .setNumber(0x00280100, 'US', frame.bitsAllocated)
    .setNumber(0x00280101, 'US', frame.bitsStored)
    .setNumber(0x00280102, 'US', frame.bitsStored - 1)
    .setNumber(0x00280103, 'US', frame.pixelRepresentation);
  if (frame.samplesPerPixel > 1) dataSet.setNumber(0x00280006, 'US', frame.planarConfiguration);
  return { dataSet, facts: frame };
}

/** Draws one frame whose pixels are native. */
export function draw(dataSet: DataSet, pixels: Uint8Array<ArrayBuffer>, options: DrawOptions = {}): Picture {
  const facts = readImageFacts(dataSet, { frame: 1, withOverlays: true });
  const { photometricInterpretation, planarConfiguration } = facts.frame;
  const frame = { pixels, photometricInterpretation, planarConfiguration };
  return drawFrame(frame, facts, { ...options, limits: limits.rendering, font: codecsHere().font });
}

/** A DICOM file in explicit VR little endian. */
export function writeFile(path: string, dataSet: DataSet): void {
  const sopClassUid = parseUid(dataSet.text(0x00080016) ?? '', 'SOP Class UID');
  const sopInstanceUid = knownUid('2.25.1');
  const transferSyntaxUid = TransferSyntaxes.ExplicitVrLittleEndian;
  const head = writePart10Head({ sopClassUid, sopInstanceUid, transferSyntaxUid });
  writeFileSync(path, Buffer.concat([head, writeDataSet(dataSet, transferSyntaxUid)]));
}

/** A PGM or PPM file of 8 bits (Netpbm). */
export function readNetpbm(path: string): Picture {
  const bytes = new Uint8Array(readFileSync(path));
  const start = Buffer.from(bytes.subarray(0, 200)).toString('latin1');
  const head = /^P([56])\s+(?:#.*\n)?(\d+)\s+(\d+)\s+255\s/.exec(start);
  if (head === null) throw new Error(`${path} is no picture of 8 bits`);
  return {
    width: Number(head[2]),
    height: Number(head[3]),
    channels: head[1] === '6' ? 3 : 1,
    pixels: bytes.slice(head[0].length),
  };
}
