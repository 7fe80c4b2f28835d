/** What DCMTK writes is read here, and what is written here is read by DCMTK: all made-up pictures, pixel by pixel. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { uidOf } from '../../test/support/dicom-files.ts';
import { needs } from '../../test/support/peers.ts';
import { runProgram } from '../../test/support/programs.ts';
import { DataSet } from '../dicom/data-set.ts';
import { writeDataSet } from '../dicom/data-set-codec.ts';
import { writePart10Head } from '../dicom/part10.ts';
import { TransferSyntaxes as T } from '../dicom/transfer-syntax.ts';
import { knownUid } from '../dicom/uid.ts';
import { codecLimits, codecsHere, nativePixels, openImage, someFacts, somePixels } from './codecs.test-support.ts';
import { decodeFrame } from './decode-frame.ts';
import { encodeFrame } from './encode-frame.ts';
import type { FrameFacts } from './frame.ts';
import { fromContainer } from './samples.ts';

/** A secondary capture image with these pixels, native or encapsulated. */
function writeFile(path: string, facts: FrameFacts, pixels: Uint8Array, syntax = T.ExplicitVrLittleEndian): void {
  const sopClassUid = knownUid('1.2.840.10008.5.1.4.1.1.7');
  const sopInstanceUid = uidOf(path);
  const dataSet = new DataSet()
    .setText(0x00080016, 'UI', sopClassUid)
    .setText(0x00080018, 'UI', sopInstanceUid)
    .setText(0x0020000d, 'UI', uidOf('study'))
    .setText(0x0020000e, 'UI', uidOf('series'))
    .setNumber(0x00280002, 'US', facts.samplesPerPixel)
    .setText(0x00280004, 'CS', facts.photometricInterpretation)
    .setNumber(0x00280010, 'US', facts.rows)
    .setNumber(0x00280011, 'US', facts.columns)
    .setNumber(0x00280100, 'US', facts.bitsAllocated)
    .setNumber(0x00280101, 'US', facts.bitsStored)
    .setNumber(0x00280102, 'US', facts.bitsStored - 1)
    .setNumber(0x00280103, 'US', facts.pixelRepresentation);
  if (facts.samplesPerPixel > 1) dataSet.setNumber(0x00280006, 'US', facts.planarConfiguration);
  if (syntax === T.ExplicitVrLittleEndian) dataSet.setBytes(0x7fe00010, 'OW', pixels);
  else dataSet.set({ tag: 0x7fe00010, vr: 'OB', value: new Uint8Array(0), fragments: [new Uint8Array(0), pixels] });
  const head = writePart10Head({ sopClassUid, sopInstanceUid, transferSyntaxUid: syntax });
  writeFileSync(path, Buffer.concat([head, writeDataSet(dataSet, syntax)]));
}

function scratch(t: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), 'leadglass-dcmtk-'));
  t.after(() => rmSync(folder, { recursive: true }));
  return folder;
}

async function dcmtk(program: string, ...parameters: readonly string[]): Promise<void> {
  const { status, output } = await runProgram(program, parameters);
  assert.equal(status, 0, output);
}

const shapes: Record<string, FrameFacts> = {
  '8 bits': someFacts({ rows: 37, columns: 51, bitsAllocated: 8, bitsStored: 8 }),
  '12 bits': someFacts({ rows: 37, columns: 51 }),
  '16 bits': someFacts({ rows: 37, columns: 51, bitsStored: 16 }),
  '16 bits signed': someFacts({ rows: 37, columns: 51, bitsStored: 16, pixelRepresentation: 1 }),
  '12 bits signed': someFacts({ rows: 37, columns: 51, pixelRepresentation: 1 }),
  colour: someFacts({ rows: 37, columns: 51, bitsAllocated: 8, bitsStored: 8, samplesPerPixel: 3 }),
};

/** Compared with what DCMTK itself reads of its file; lossless ones also with what went in. */
const written: readonly (readonly [string, string, readonly string[], readonly string[], boolean])[] = [
  ...[1, 2, 3, 4, 5, 6, 7].map(
    (predictor) =>
      [
        `JPEG lossless, predictor ${predictor}`,
        'dcmcjpeg',
        ['+el', '+sv', String(predictor)],
        Object.keys(shapes),
        true,
      ] as const,
  ),
  ['JPEG lossless, first order', 'dcmcjpeg', ['+e1'], Object.keys(shapes), true],
  ['JPEG lossless, point transform', 'dcmcjpeg', ['+el', '+pl', '+pt', '2'], ['8 bits', '12 bits'], false],
  ['JPEG baseline', 'dcmcjpeg', ['+eb', '+q', '80'], ['8 bits', 'colour'], false],
  ['JPEG extended', 'dcmcjpeg', ['+ee', '+q', '80'], ['8 bits', '12 bits', 'colour'], false],
  ['JPEG-LS', 'dcmcjpls', ['+el'], Object.keys(shapes), true],
  ['JPEG-LS by plane', 'dcmcjpls', ['+el', '+in'], ['colour'], true],
  ['JPEG-LS by line', 'dcmcjpls', ['+el', '+il'], ['colour'], true],
  ['JPEG-LS by sample', 'dcmcjpls', ['+el', '+is'], ['colour'], true],
  ['JPEG-LS near-lossless', 'dcmcjpls', ['+en', '+md', '3'], ['8 bits', '12 bits', 'colour'], false],
  ['RLE', 'dcmcrle', [], Object.keys(shapes), true],
];

for (const [name, program, options, names, isLossless] of written) {
  for (const shape of names) {
    const decoder = program.replace('dcmc', 'dcmd');
    test(`${name} of DCMTK, ${shape}, is read as DCMTK reads it`, needs(program, decoder), async (t) => {
      const facts = shapes[shape] ?? someFacts();
      const folder = scratch(t);
      const [plain, encoded, again] = ['plain.dcm', 'encoded.dcm', 'again.dcm'].map((file) => join(folder, file));
      assert.ok(plain !== undefined && encoded !== undefined && again !== undefined);
      const pixels = somePixels(facts);
      writeFile(plain, facts, pixels.length % 2 === 0 ? pixels : new Uint8Array([...pixels, 0]));
      await dcmtk(program, ...options, plain, encoded);
      await dcmtk(decoder, ...(decoder === 'dcmdjpeg' ? ['+px'] : []), encoded, again);
      const image = await openImage(encoded);
      const bytes = await image.frames.read(1, codecLimits.frameBytesMax);
      const decoded = await decodeFrame(
        codecsHere(),
        { transferSyntaxUid: image.transferSyntaxUid, bytes, facts: image.facts },
        codecLimits,
      );
      const native = nativePixels(again);
      assert.equal(native.facts.planarConfiguration, 0);
      assert.deepEqual(Buffer.from(decoded.pixels), Buffer.from(native.pixels.subarray(0, decoded.pixels.length)));
      if (isLossless) assert.deepEqual(Buffer.from(decoded.pixels), Buffer.from(pixels));
    });
  }
}

const read: readonly (readonly [string, typeof T.RLELossless, string])[] = [
  ['RLE', T.RLELossless, 'dcmdrle'],
  ['JPEG-LS', T.JPEGLSLossless, 'dcmdjpls'],
  ['JPEG-LS near-lossless', T.JPEGLSNearLossless, 'dcmdjpls'],
  ['JPEG baseline', T.JPEGBaseline8Bit, 'dcmdjpeg'],
];

for (const [name, syntax, program] of read) {
  const fits = (shape: string): boolean =>
    syntax === T.JPEGBaseline8Bit
      ? ['8 bits', 'colour'].includes(shape)
      : syntax !== T.JPEGLSNearLossless || !shape.includes('signed');
  for (const shape of Object.keys(shapes).filter(fits)) {
    test(`${name} written here, ${shape}, is read by DCMTK as here`, needs(program), async (t) => {
      const facts = shapes[shape] ?? someFacts();
      const folder = scratch(t);
      const pixels = somePixels(facts);
      const encoded = await encodeFrame(
        codecsHere(),
        { transferSyntaxUid: syntax, pixels: pixels.slice(), facts },
        codecLimits,
      );
      const { photometricInterpretation, planarConfiguration, bytes } = encoded;
      const told = { ...facts, photometricInterpretation, planarConfiguration };
      writeFile(join(folder, 'ours.dcm'), told, bytes, syntax);
      await dcmtk(
        program,
        ...(program === 'dcmdjpeg' ? ['+px'] : []),
        join(folder, 'ours.dcm'),
        join(folder, 'native.dcm'),
      );
      const native = nativePixels(join(folder, 'native.dcm'));
      const here = await decodeFrame(codecsHere(), { transferSyntaxUid: syntax, bytes, facts: told }, codecLimits);
      // Above Bits Stored DCMTK leaves zeros where the sign is extended here; the standard leaves it open (PS3.5 8.1.1).
      const stored = (frame: Uint8Array): Buffer =>
        Buffer.from(fromContainer(frame, { ...facts, planarConfiguration: 0 }));
      assert.deepEqual(stored(native.pixels.subarray(0, pixels.length)), stored(here.pixels));
      if (!encoded.lossy) assert.deepEqual(Buffer.from(here.pixels), Buffer.from(pixels));
    });
  }
}

for (const shape of ['8 bits', 'colour']) {
  for (const quality of [5, 50, 75, 90, 100]) {
    test(
      `JPEG baseline of quality ${quality}, ${shape}, has the scan of DCMTK's, bit for bit`,
      needs('dcmcjpeg'),
      async (t) => {
        const facts = shapes[shape] ?? someFacts();
        const folder = scratch(t);
        const pixels = somePixels(facts);
        const [native, encoded] = [join(folder, 'native.dcm'), join(folder, 'encoded.dcm')];
        writeFile(native, facts, pixels);
        await dcmtk('dcmcjpeg', '+eb', '-ho', '+q', String(quality), native, encoded);
        const { frames } = await openImage(encoded);
        const theirs = scanOf(await frames.read(1, codecLimits.frameBytesMax));
        const { bytes } = await encodeFrame(
          codecsHere(),
          { transferSyntaxUid: T.JPEGBaseline8Bit, pixels, facts, options: { jpegQuality: quality } },
          codecLimits,
        );
        assert.deepEqual(scanOf(bytes), theirs);
      },
    );
  }
}

/** From SOS to EOI, before which DCMTK puts a fill byte where the length would be odd. */
function scanOf(bytes: Uint8Array): Buffer {
  const whole = Buffer.from(bytes);
  let end = whole.lastIndexOf(Buffer.from([0xff, 0xd9]));
  while (whole[end - 1] === 0xff) end -= 1;
  return whole.subarray(whole.indexOf(Buffer.from([0xff, 0xda])), end);
}
