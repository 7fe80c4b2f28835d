/** For tests of what has pixels: an image that the codecs can read. */
import { explicitLittleEndian, makeInstance, type TestInstance } from '../../../backends/backend.test-support.ts';
import { DataSet } from '../../../dicom/data-set.ts';
import { readDataSet, writeDataSet } from '../../../dicom/data-set-codec.ts';
import { Tags } from '../../../dicom/dictionary/dictionary.ts';
import { limits } from '../../../limits.ts';

export const frameBytes = 16 * 16 * 2;
export const pixels = Uint8Array.from({ length: frameBytes * 3 }, (_, at) =>
  at % 2 === 0 ? (at * 31) & 0xff : at & 0x0f,
);

/** Three frames of 16 x 16, and a value of some length in a sequence. */
export function imageInstance(): TestInstance {
  const instance = makeInstance();
  const dataSet = readDataSet(instance.bytes, { transferSyntaxUid: explicitLittleEndian, limits: limits.dataSet });
  dataSet
    .setNumber(Tags.SamplesPerPixel, 'US', 1)
    .setText(Tags.PhotometricInterpretation, 'CS', 'MONOCHROME2')
    .setText(Tags.NumberOfFrames, 'IS', '3')
    .setNumber(Tags.Rows, 'US', 16)
    .setNumber(Tags.Columns, 'US', 16)
    .setNumber(Tags.BitsAllocated, 'US', 16)
    .setNumber(Tags.BitsStored, 'US', 12)
    .setNumber(Tags.HighBit, 'US', 11)
    .setNumber(Tags.PixelRepresentation, 'US', 0)
    .setItems(Tags.WaveformSequence, [
      new DataSet(),
      new DataSet().setBytes(Tags.WaveformData, 'OW', new Uint8Array(5000).fill(7)),
    ])
    .setBytes(Tags.PixelData, 'OW', pixels);
  return { ...instance, bytes: writeDataSet(dataSet, explicitLittleEndian) };
}
