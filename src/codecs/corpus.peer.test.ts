/** The real files, frame by frame and pixel by pixel, against DCMTK, OpenJPEG's and OpenJPH's own tools. */
import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { corpusFolder, needs, needsCorpus } from '../../test/support/peers.ts';
import { runProgram } from '../../test/support/programs.ts';
import { codecLimits, codecsHere, type ImageFile, nativePixels, openImage } from './codecs.test-support.ts';
import { decodeFrame } from './decode-frame.ts';
import { bareCodestream } from './jpeg2000-header.ts';

const skipUnless = (...programs: readonly string[]): { readonly skip: string | false } => {
  const corpus = needsCorpus();
  return corpus.skip === false ? needs(...programs) : corpus;
};
const inCorpus = (name: string): string => join(corpusFolder ?? '', name);

function scratch(t: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), 'leadglass-codecs-'));
  t.after(() => rmSync(folder, { recursive: true }));
  return folder;
}

async function decoded(image: ImageFile, frame: number): Promise<Uint8Array> {
  const bytes = await image.frames.read(frame, codecLimits.frameBytesMax);
  const { transferSyntaxUid, facts } = image;
  const result = await decodeFrame(codecsHere(), { transferSyntaxUid, bytes, facts }, codecLimits);
  if (facts.samplesPerPixel === 3 && facts.photometricInterpretation.startsWith('YBR')) {
    assert.equal(result.photometricInterpretation, 'RGB');
  }
  return result.pixels;
}

function assertSame(actual: Uint8Array, expected: Uint8Array): void {
  assert.equal(actual.length, expected.length);
  const at = actual.findIndex((byte, index) => byte !== expected[index]);
  assert.equal(at, -1, `byte ${at} differs: was ${actual[at]}, expected ${expected[at]}`);
}

const ofDcmtk = [
  ['dcmdrle', 'real/pydicom__MR_small_RLE.dcm'],
  ['dcmdjpeg', 'real/pydicom__SC_rgb_jpeg_dcmtk.dcm'],
  ['dcmdjpeg', 'real/pydicom__examples_ybr_color.dcm'],
  ['dcmdjpeg', 'real/pydicom__JPEG-lossy.dcm'],
  ['dcmdjpeg', 'real/dicomParser__CT0012.fragmented_no_bot_jpeg_baseline.51.dcm'],
  ['dcmdjpeg', 'real/dcm4che__MR-JPEGLosslessSV1.dcm'],
  ['dcmdjpls', 'real/pydicom__MR_small_jpeg_ls_lossless.dcm'],
  ['dcmdjpls', 'real/pydicom__JPEGLSNearLossless_16.dcm'],
] as const;

for (const [program, name] of ofDcmtk) {
  test(`every frame of ${name} is what DCMTK decodes`, skipUnless(program), async (t) => {
    const output = join(scratch(t), 'native.dcm');
    const { status, output: said } = await runProgram(program, [inCorpus(name), output]);
    assert.equal(status, 0, said);
    const native = nativePixels(output).pixels;
    const image = await openImage(inCorpus(name));
    let at = 0;
    for (let frame = 1; frame <= image.numberOfFrames; frame += 1) {
      const pixels = await decoded(image, frame);
      assertSame(pixels, native.subarray(at, at + pixels.length));
      at += pixels.length;
    }
  });
}

/** Samples of a PGM or PPM file (Netpbm): big endian above 8 bits. */
function netpbm(path: string, littleEndianBytes: number): Uint8Array {
  const bytes = new Uint8Array(readFileSync(path));
  const samples = bytes.slice(-littleEndianBytes);
  const maximum = Number(
    /^P[56]\s+(?:#.*\n)?\s*\d+\s+\d+\s+(\d+)\s/.exec(Buffer.from(bytes.subarray(0, 200)).toString('latin1'))?.[1],
  );
  return maximum > 255 ? new Uint8Array(Buffer.from(samples).swap16()) : samples;
}

const ofTools = [
  ['opj_decompress', 'real/pydicom__examples_jpeg2k.dcm', 'ppm'],
  ['opj_decompress', 'real/pydicom__JPEG2000.dcm', 'rawl'],
  ['opj_decompress', 'real/pydicom__MR_small_jp2klossless.dcm', 'rawl'],
  ['opj_decompress', 'real/pydicom-data__explicit_VR-UN.dcm', 'rawl'],
  ['opj_decompress', 'real/weasis-dicom-tools__jpeg2000-multiframe-multifragments.dcm', 'rawl'],
  ['ojph_expand', 'real/pydicom-data__HTJ2KLossless_08_RGB.dcm', 'ppm'],
  ['ojph_expand', 'odd/v_htj2k_rpcl.dcm', 'pgm'],
] as const;

for (const [program, name, format] of ofTools) {
  test(`every frame of ${name} is what ${program} decodes`, skipUnless(program), async (t) => {
    const folder = scratch(t);
    const image = await openImage(inCorpus(name));
    for (let frame = 1; frame <= image.numberOfFrames; frame += 1) {
      const bytes = await image.frames.read(frame, codecLimits.frameBytesMax);
      const output = join(folder, `frame.${format}`);
      writeFileSync(join(folder, 'frame.j2c'), bareCodestream(bytes));
      const { status, output: said } = await runProgram(program, ['-i', join(folder, 'frame.j2c'), '-o', output]);
      assert.equal(status, 0, said);
      const pixels = await decoded(image, frame);
      assertSame(pixels, format === 'rawl' ? new Uint8Array(readFileSync(output)) : netpbm(output, pixels.length));
    }
  });
}

test(
  'frames that are deflated one by one, and frames that are not compressed, have the length of their attributes',
  needsCorpus(),
  async () => {
    for (const [name, lengthBytes] of [
      ['real/pydicom-data__liver_deflate.dcm', (512 * 512) / 8],
      ['odd/v_encaps_uncompressed.dcm', 64],
    ] as const) {
      const image = await openImage(inCorpus(name));
      for (let frame = 1; frame <= image.numberOfFrames; frame += 1) {
        assert.equal((await decoded(image, frame)).length, lengthBytes);
      }
    }
  },
);

for (const [name, code, text] of [
  ['odd/w_jpeg_sof65535.dcm', 'MALFORMED', /65535 x 65535, and its attributes say 8 x 8/],
  ['real/pydicom__JPEG2000-embedded-sequence-delimiter.dcm', 'MALFORMED', /its attributes say 256 x 1024/],
  // Retired, and 12 bits: no decoder for it is here.
  [
    'real/cornerstone3D__CTImage.dcm_JPEGProcess6_8TransferSyntax_1.2.840.10008.1.2.4.53.dcm',
    'UNSUPPORTED',
    /not decoded here/,
  ],
] as const) {
  test(`${name} is refused before a decoder sees it`, needsCorpus(), async () => {
    const image = await openImage(inCorpus(name));
    await assert.rejects(decoded(image, 1), (error: { code: string; message: string }) => {
      assert.equal(error.code, code);
      assert.match(error.message, text);
      return true;
    });
  });
}
