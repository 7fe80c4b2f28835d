/** Every compressed real file, to native and on to other lossless syntaxes: its pixels and all that is not about them. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { corpusFolder, needsCorpus } from '../../test/support/peers.ts';
import { cutFile } from '../../test/support/dicom-files.ts';
import { canDecode } from '../codecs/capabilities.ts';
import { codecLimits, codecsHere, openImage } from '../codecs/codecs.test-support.ts';
import { decodeFrame } from '../codecs/decode-frame.ts';
import type { DataSet } from '../dicom/data-set.ts';
import { Tags } from '../dicom/dictionary/tags.generated.ts';
import { TransferSyntaxes as T } from '../dicom/transfer-syntax.ts';
import { LeadglassError } from '../error.ts';
import { pixelsOf, read, type Stored, transcoded } from './transcoding.test-support.ts';

interface CorpusFile {
  readonly path: string;
  readonly transfer_syntax: string | null;
}

function manifest(folder: string): readonly CorpusFile[] {
  return JSON.parse(readFileSync(join(folder, 'manifest.json'), 'utf8'));
}

const files = (corpusFolder === undefined ? [] : manifest(corpusFolder)).filter(
  ({ path, transfer_syntax: syntax }) =>
    path.startsWith('real/') && syntax !== null && canDecode(syntax) && !path.includes('UN_sequence'), // has no pixels
);

const mayChange: ReadonlySet<number> = new Set([
  Tags.PhotometricInterpretation,
  Tags.PlanarConfiguration,
  Tags.LossyImageCompression,
  Tags.LossyImageCompressionRatio,
  Tags.LossyImageCompressionMethod,
  Tags.ExtendedOffsetTable,
  Tags.ExtendedOffsetTableLengths,
  Tags.PixelData,
]);

/** Values as they are read: encodings differ. Group lengths do not go along. */
function others(dataSet: DataSet): readonly (readonly [number, string])[] {
  const texts = (element: DataSet): readonly unknown[] =>
    [...element]
      .filter(({ tag }) => (tag & 0xffff) !== 0 && !(element === dataSet && mayChange.has(tag)))
      .map(({ tag, value }) => [
        tag,
        value instanceof Uint8Array ? Buffer.from(value).toString('hex') : value.map(texts),
      ]);
  return texts(dataSet).map((text) => [0, JSON.stringify(text)]);
}

/** Frame by frame through the decoders, which are compared with other programs; undefined when they refuse it. */
async function decodedPixels(file: string): Promise<Uint8Array | undefined> {
  try {
    const { transferSyntaxUid, facts, frames, numberOfFrames } = await openImage(file);
    const pixels: Uint8Array[] = [];
    for (let frame = 1; frame <= numberOfFrames; frame += 1) {
      const bytes = await frames.read(frame, codecLimits.frameBytesMax);
      pixels.push((await decodeFrame(codecsHere(), { transferSyntaxUid, bytes, facts }, codecLimits)).pixels);
    }
    return Buffer.concat(pixels);
  } catch (error) {
    if (error instanceof LeadglassError) return undefined;
    throw error;
  }
}

/** Undefined where this syntax cannot hold such an image. */
async function inSyntax(stored: Stored, to: string): Promise<Stored | undefined> {
  try {
    return { transferSyntaxUid: to, bytes: await transcoded(stored, to) };
  } catch (error) {
    if (error instanceof LeadglassError && error.code === 'UNSUPPORTED') return undefined;
    throw error;
  }
}

const to = T.ExplicitVrLittleEndian;

for (const { path } of files) {
  test(`${path} has the same pixels in every lossless syntax that takes it`, needsCorpus(), async () => {
    const file = join(corpusFolder ?? '', path);
    const { transferSyntaxUid, dataSet } = cutFile(file);
    const stored: Stored = { transferSyntaxUid, bytes: dataSet };
    const expected = await decodedPixels(file);
    if (expected === undefined) {
      await assert.rejects(transcoded(stored, to), LeadglassError);
      return;
    }
    const native = await inSyntax(stored, to);
    assert.ok(native !== undefined);
    assert.equal(Buffer.compare(pixelsOf(native).subarray(0, expected.length), expected), 0);
    assert.deepEqual(others(read(native)), others(read(stored)));
    let ways = 0;
    for (const syntax of [T.RLELossless, T.JPEGLSLossless, T.DeflatedImageFrameCompression, T.ImplicitVrLittleEndian]) {
      const through = await inSyntax(stored, syntax);
      if (through === undefined) continue;
      ways += 1;
      const back = await inSyntax(through, to);
      assert.ok(back !== undefined);
      assert.equal(Buffer.compare(pixelsOf(back), pixelsOf(native)), 0, syntax);
    }
    assert.ok(ways >= 2);
  });
}
