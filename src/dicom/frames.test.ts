/** Frames out of native pixel data: of bytes, words and single bits, in every encoding; encapsulated ones in their own test. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { LeadglassError } from '../error.ts';
import { limits } from '../limits.ts';
import { DataSet } from './data-set.ts';
import { readDataSet, writeDataSet } from './data-set-codec.ts';
import { Tags } from './dictionary/dictionary.ts';
import { Frames, type FramesLimits } from './frames.ts';
import { TransferSyntaxes as T } from './transfer-syntax.ts';

const framesLimits: FramesLimits = {
  dataSet: limits.dataSet,
  fragments: limits.fragments,
  frameBytesMax: limits.codecs.frameBytesMax,
};

interface ImageFacts {
  readonly rows: number;
  readonly columns: number;
  readonly bits: number;
  readonly frames: number;
  readonly samples?: number;
  readonly photometric?: string;
}

function image({ rows, columns, bits, frames, samples = 1, photometric = 'MONOCHROME2' }: ImageFacts): DataSet {
  const dataSet = new DataSet()
    .setText(Tags.PatientName, 'PN', 'DOE^JANE')
    .setNumber(Tags.SamplesPerPixel, 'US', samples)
    .setText(Tags.PhotometricInterpretation, 'CS', photometric)
    .setText(Tags.NumberOfFrames, 'IS', String(frames))
    .setNumber(Tags.Rows, 'US', rows)
    .setNumber(Tags.Columns, 'US', columns)
    .setNumber(Tags.BitsAllocated, 'US', bits);
  // Rows of an icon are not those of the image.
  const icon = new DataSet().setNumber(Tags.Rows, 'US', 1).setBytes(Tags.PixelData, 'OB', new Uint8Array(2));
  return dataSet.setItems(Tags.IconImageSequence, [icon]);
}

function stored(bytes: Uint8Array, transferSyntaxUid: string) {
  return {
    transferSyntaxUid,
    lengthBytes: bytes.length,
    async *read() {
      for (let at = 0; at < bytes.length; at += 777) yield bytes.slice(at, at + 777);
    },
    async *readRange(offset: number, lengthBytes: number) {
      const end = Math.min(bytes.length, offset + lengthBytes);
      for (let at = offset; at < end; at += 999) yield bytes.slice(at, Math.min(end, at + 999));
    },
  };
}

async function opened(dataSet: DataSet, transferSyntaxUid: string = T.ExplicitVrLittleEndian): Promise<Frames> {
  const frames = await Frames.open(stored(writeDataSet(dataSet, transferSyntaxUid), transferSyntaxUid), framesLimits);
  assert.ok(frames !== undefined);
  return frames;
}

test('frames of words are cut out of the value, little endian from every encoding', async () => {
  const facts = { rows: 30, columns: 41, bits: 16, frames: 5 };
  const pixels = Uint8Array.from({ length: 30 * 41 * 2 * 5 }, (_, at) => (at * 7 + (at >> 8)) & 0xff);
  const dataSet = image(facts).setBytes(Tags.PixelData, 'OW', pixels);
  for (const syntax of [
    T.ExplicitVrLittleEndian,
    T.ImplicitVrLittleEndian,
    T.ExplicitVrBigEndian,
    T.DeflatedExplicitVrLittleEndian,
  ]) {
    const frames = await opened(dataSet, syntax);
    assert.equal(frames.numberOfFrames, 5);
    assert.equal(frames.isEncapsulated, false);
    // Backwards too, which a deflated one has to begin anew for.
    for (const frame of [1, 2, 5, 3]) {
      const expected = pixels.subarray((frame - 1) * 2460, frame * 2460);
      assert.ok(Buffer.from(await frames.read(frame)).equals(expected), `${syntax} ${frame}`);
    }
    await assert.rejects(frames.read(6), (error) => error instanceof LeadglassError && error.code === 'NOT_FOUND');
  }
});

test('bytes in words of big endian are turned around whole, also where a frame ends within one', async () => {
  const pixels = Uint8Array.from({ length: 3 * 3 * 4 }, (_, at) => at);
  const dataSet = image({ rows: 3, columns: 3, bits: 8, frames: 4 }).setBytes(Tags.PixelData, 'OW', pixels);
  const frames = await opened(dataSet, T.ExplicitVrBigEndian);
  for (const frame of [1, 2, 3, 4]) {
    assert.deepEqual([...(await frames.read(frame))], [...pixels.subarray((frame - 1) * 9, frame * 9)]);
  }
});

test('frames of single bits are moved to the first bit of a byte, and hold none of the next', async () => {
  const bits = Array.from({ length: 3 * 5 * 4 }, (_, at) => (at * at + (at >> 2)) % 3 === 0);
  const pixels = new Uint8Array(8);
  for (const [at, isSet] of bits.entries()) if (isSet) pixels[at >> 3] = (pixels[at >> 3] ?? 0) | (1 << (at & 7));
  const dataSet = image({ rows: 3, columns: 5, bits: 1, frames: 4 }).setBytes(Tags.PixelData, 'OB', pixels);
  const frames = await opened(dataSet);
  for (const frame of [1, 2, 3, 4]) {
    const bytes = await frames.read(frame);
    assert.equal(bytes.length, 2);
    const found = Array.from({ length: 16 }, (_, at) => (((bytes[at >> 3] ?? 0) >> (at & 7)) & 1) === 1);
    assert.deepEqual(found, [...bits.slice((frame - 1) * 15, frame * 15), false]);
  }
});

test('colours count each sample, those of 422 share them, floats have their own width', async () => {
  const rgb = image({ rows: 2, columns: 2, bits: 8, frames: 2, samples: 3, photometric: 'RGB' });
  assert.equal((await (await opened(rgb.setBytes(Tags.PixelData, 'OB', new Uint8Array(24)))).read(2)).length, 12);
  const half = image({ rows: 2, columns: 2, bits: 8, frames: 2, samples: 3, photometric: 'YBR_FULL_422' });
  assert.equal((await (await opened(half.setBytes(Tags.PixelData, 'OB', new Uint8Array(16)))).read(2)).length, 8);
  const float = image({ rows: 2, columns: 2, bits: 32, frames: 2 });
  float.delete(Tags.BitsAllocated);
  assert.equal(
    (await (await opened(float.setBytes(Tags.FloatPixelData, 'OF', new Uint8Array(32)))).read(2)).length,
    16,
  );
});

test('hostile: frames that are not there, have no size or are too large are refused before anything is read', async () => {
  const code = (expected: string) => (error: unknown) => error instanceof LeadglassError && error.code === expected;
  const short = image({ rows: 100, columns: 100, bits: 16, frames: 3 });
  await assert.rejects(
    (await opened(short.setBytes(Tags.PixelData, 'OW', new Uint8Array(100)))).read(2),
    code('MALFORMED'),
  );
  const none = image({ rows: 0, columns: 100, bits: 16, frames: 1 });
  await assert.rejects(
    (await opened(none.setBytes(Tags.PixelData, 'OW', new Uint8Array(100)))).read(1),
    code('MALFORMED'),
  );
  const huge = image({ rows: 65_535, columns: 65_535, bits: 64, frames: 1 });
  await assert.rejects(
    (await opened(huge.setBytes(Tags.PixelData, 'OW', new Uint8Array(100)))).read(1),
    code('LIMIT_EXCEEDED'),
  );
  const frames = image({ rows: 1, columns: 1, bits: 8, frames: 1 }).setText(Tags.NumberOfFrames, 'IS', '-4');
  await assert.rejects(opened(frames.setBytes(Tags.PixelData, 'OW', new Uint8Array(2))), code('MALFORMED'));
  const wide = image({ rows: 1, columns: 1, bits: 8, frames: 1 }).setBytes(Tags.Rows, 'US', new Uint8Array(0));
  await assert.rejects(
    (await opened(wide.setBytes(Tags.PixelData, 'OW', new Uint8Array(2)))).read(1),
    code('MALFORMED'),
  );
});

test('an instance without pixel data has no frames', async () => {
  const dataSet = new DataSet().setText(Tags.PatientName, 'PN', 'A^B');
  const bytes = writeDataSet(dataSet, T.ExplicitVrLittleEndian);
  assert.equal(await Frames.open(stored(bytes, T.ExplicitVrLittleEndian), framesLimits), undefined);
  assert.equal(readDataSet(bytes, { transferSyntaxUid: T.ExplicitVrLittleEndian, limits: limits.dataSet }).size, 1);
});
