/** Stations that read no compressed images: DCMTK's getscu and storescp, given real files in each kind of compression. */
import assert from 'node:assert/strict';
import { copyFileSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { after, before, test, type TestContext } from 'node:test';
import { codecLimits, codecsHere, nativePixels, openImage } from '../../src/codecs/codecs.test-support.ts';
import { decodeFrame } from '../../src/codecs/decode-frame.ts';
import { readDataSet } from '../../src/dicom/data-set-codec.ts';
import { Tags } from '../../src/dicom/dictionary/tags.generated.ts';
import { limits } from '../../src/limits.ts';
import { cutFile, filesBelow, uidOf, writeImage } from '../support/dicom-files.ts';
import { type Device, Leadglass } from '../support/leadglass.ts';
import { corpusFolder, needs, needsCorpus } from '../support/peers.ts';
import { freePort, runProgram, startServer } from '../support/programs.ts';
import { startTunnel } from '../support/tls-tunnel.ts';

const explicitVrLittleEndian = '1.2.840.10008.1.2.1';

/** What DCMTK makes of each; undefined where it has no decoder, which is compared with ours (and that with OpenJPEG's). */
const files = [
  ['dcmdrle', 'real/pydicom__MR_small_RLE.dcm'],
  ['dcmdjpeg', 'real/pydicom__SC_rgb_jpeg_dcmtk.dcm'],
  ['dcmdjpeg', 'real/pydicom__examples_ybr_color.dcm'],
  ['dcmdjpeg', 'real/dicomParser__CT0012.fragmented_no_bot_jpeg_baseline.51.dcm'],
  ['dcmdjpeg', 'real/dcm4che__MR-JPEGLosslessSV1.dcm'],
  ['dcmdjpls', 'real/pydicom__MR_small_jpeg_ls_lossless.dcm'],
  ['dcmdjpls', 'real/pydicom__JPEGLSNearLossless_16.dcm'],
  [undefined, 'real/pydicom__examples_jpeg2k.dcm'],
  [undefined, 'real/pydicom__JPEG2000.dcm'],
] as const;

const skip = ((): { readonly skip: string | false } => {
  const corpus = needsCorpus();
  if (corpus.skip !== false) return corpus;
  return needs('getscu', 'movescu', 'storescp', 'dcmodify', 'dcmdrle', 'dcmdjpeg', 'dcmdjpls');
})();

let leadglass: Leadglass;
let read1: Device;

interface Sent {
  readonly path: string;
  readonly studyInstanceUid: string;
  readonly sopInstanceUid: string;
}
const sent = new Map<string, Sent>();

before(async () => {
  leadglass = await Leadglass.start();
  read1 = await leadglass.enrol('READ1', 'reading');
  if (skip.skip !== false) return;
  mkdirSync(leadglass.path('images'));
  for (const [, name] of files) {
    // Some of them are the same image under the same UIDs.
    const path = join(leadglass.path('images'), basename(name));
    copyFileSync(join(corpusFolder ?? '', name), path);
    const ran = await runProgram('dcmodify', ['-nb', '-gst', '-gse', '-gin', path]);
    assert.equal(ran.status, 0, ran.output);
    const { transferSyntaxUid, sopInstanceUid, dataSet } = cutFile(path);
    const head = readDataSet(dataSet, { transferSyntaxUid, limits: limits.dataSet });
    sent.set(name, { path, sopInstanceUid, studyInstanceUid: head.text(Tags.StudyInstanceUID) ?? '' });
  }
  await leadglass.succeed('import', leadglass.path('images'));
});
after(() => leadglass[Symbol.asyncDispose]());

async function getStudy(t: TestContext, study: string, ...more: readonly string[]) {
  const out = leadglass.path(`got-${study}${more.join('')}`);
  mkdirSync(out);
  const port = await startTunnel(t, { folder: read1.folder, port: leadglass.port });
  const titles = ['-aet', 'READ1', '-aec', 'LEADGLASS', 'localhost', String(port)];
  const keys = ['-k', 'QueryRetrieveLevel=STUDY', '-k', `StudyInstanceUID=${study}`];
  const ran = await runProgram('getscu', ['-v', '-S', '-od', out, '+B', ...more, ...titles, ...keys]);
  return { ran, files: filesBelow(out) };
}

/** The native pixels of a file as another program, or a decoder that was compared with one, makes them. */
async function expectedPixels(program: string | undefined, path: string): Promise<Uint8Array> {
  if (program !== undefined) {
    const output = `${path}.native`;
    const { status, output: said } = await runProgram(program, [path, output]);
    assert.equal(status, 0, said);
    return nativePixels(output).pixels;
  }
  const image = await openImage(path);
  const frames: Uint8Array[] = [];
  for (let frame = 1; frame <= image.numberOfFrames; frame += 1) {
    const bytes = await image.frames.read(frame, codecLimits.frameBytesMax);
    const { transferSyntaxUid, facts } = image;
    frames.push((await decodeFrame(codecsHere(), { transferSyntaxUid, bytes, facts }, codecLimits)).pixels);
  }
  return Buffer.concat(frames);
}

function assertSamePixels(path: string, expected: Uint8Array): void {
  const { pixels } = nativePixels(path);
  assert.equal(pixels.length, expected.length + (expected.length % 2));
  assert.equal(Buffer.compare(pixels.subarray(0, expected.length), expected), 0, 'the pixels differ');
}

for (const [program, name] of files) {
  test(`getscu without codecs gets ${name} with the pixels that are in it`, skip, async (t) => {
    const image = sent.get(name);
    assert.ok(image !== undefined);
    const { ran, files: got } = await getStudy(t, image.studyInstanceUid);
    assert.equal(ran.status, 0, ran.output);
    const [path, ...others] = got;
    assert.deepEqual(others, []);
    const came = cutFile(path ?? '');
    assert.equal(came.transferSyntaxUid, explicitVrLittleEndian);
    assert.equal(came.sopInstanceUid, image.sopInstanceUid);
    assertSamePixels(path ?? '', await expectedPixels(program, image.path));
    const dumped = await runProgram('dcmdump', ['-q', path ?? '']);
    assert.equal(dumped.status, 0, dumped.output);
  });
}

test(
  'getscu that prefers a lossless compression gets a native image in it where it is written here',
  skip,
  async (t) => {
    const image = writeImage(leadglass.path('native'), { study: 'native', patientId: 'NATIVE' });
    await leadglass.succeed('import', leadglass.path('native'));
    for (const [preference, syntax] of [
      ['+xt', '1.2.840.10008.1.2.4.80'],
      ['+xv', '1.2.840.10008.1.2.4.90'],
      ['+xr', '1.2.840.10008.1.2.5'],
      // JPEG lossless, which nothing is written in here, or what it takes else.
      ['+xs', explicitVrLittleEndian],
    ] as const) {
      const { ran, files: got } = await getStudy(t, image.studyInstanceUid, preference);
      assert.equal(ran.status, 0, ran.output);
      const [path = ''] = got;
      assert.equal(cutFile(path).transferSyntaxUid, syntax);
      const pixels =
        syntax === explicitVrLittleEndian ? nativePixels(path).pixels : await expectedPixels(undefined, path);
      assert.equal(Buffer.compare(pixels, nativePixels(image.path).pixels), 0);
    }
  },
);

test('a destination of C-MOVE that takes implicit VR only gets all of them decompressed', skip, async (t) => {
  const port = await freePort();
  const ws1 = await leadglass.enrol('WS1', 'reading', '--server-name', 'localhost');
  const read2 = await leadglass.enrol('READ2', 'reading', '--move-destination', `WS1=localhost:${port}`);
  const out = leadglass.path('WS1-files');
  mkdirSync(out);
  const parameters = ['-aet', 'WS1', '-od', out, '+B', '+xi', ...ws1.dcmtkTls, String(port)];
  await startServer(t, { program: 'storescp', parameters, port });
  const tunnel = await startTunnel(t, { folder: read2.folder, port: leadglass.port });
  for (const { studyInstanceUid } of sent.values()) {
    const titles = ['-aet', 'READ2', '-aec', 'LEADGLASS', '-aem', 'WS1', 'localhost', String(tunnel)];
    const keys = ['-k', 'QueryRetrieveLevel=STUDY', '-k', `StudyInstanceUID=${studyInstanceUid}`];
    const ran = await runProgram('movescu', ['-S', ...titles, ...keys]);
    assert.equal(ran.status, 0, ran.output);
  }
  const came = new Map(filesBelow(out).map((path) => [cutFile(path).sopInstanceUid, path]));
  assert.equal(came.size, files.length);
  for (const [program, name] of files) {
    const image = sent.get(name);
    const path = came.get(image?.sopInstanceUid ?? '') ?? '';
    assert.equal(cutFile(path).transferSyntaxUid, '1.2.840.10008.1.2');
    // storescp wrote it as it came; the value of Pixel Data is the last one in these files, or is followed by padding.
    const expected = await expectedPixels(program, image?.path ?? '');
    assert.ok(cutFile(path).dataSet.includes(expected), `${name}: the pixels differ`);
  }
});

/** A file whose only fragment is no frame of its kind, in the study of another that is whole. */
function writeDamaged(folder: string, study: string): string {
  const { path } = writeImage(folder, { study, number: 2, patientId: 'DAMAGED' });
  const bytes = readFileSync(path);
  const pixelsAt = bytes.lastIndexOf(Buffer.from([0xe0, 0x7f, 0x10, 0, 0x4f, 0x57]));
  const fragment = Buffer.alloc(100, 0xff);
  const item = (length: number): Buffer => Buffer.from([0xfe, 0xff, 0, 0xe0, length, 0, 0, 0]);
  const head = Buffer.from([0xe0, 0x7f, 0x10, 0, 0x4f, 0x42, 0, 0, 0xff, 0xff, 0xff, 0xff]);
  const end = Buffer.from([0xfe, 0xff, 0xdd, 0xe0, 0, 0, 0, 0]);
  const syntax = Buffer.from(bytes.subarray(0, pixelsAt));
  // The UIDs of Explicit VR Little Endian with its NUL and of RLE Lossless, padded, have the same length in the file.
  const at = syntax.indexOf(`${explicitVrLittleEndian}\0`);
  syntax.write('1.2.840.10008.1.2.5\0', at, 'latin1');
  const damaged = join(folder, 'damaged.dcm');
  writeFileSync(damaged, Buffer.concat([syntax, head, item(0), item(100), fragment, end]));
  return damaged;
}

test('an image that cannot be decoded fails alone, and the ledger says why', skip, async (t) => {
  const folder = leadglass.path('damaged');
  mkdirSync(folder);
  const whole = writeImage(folder, { study: 'damaged', number: 1, patientId: 'DAMAGED' });
  const damaged = writeDamaged(leadglass.path('damaged-2'), 'damaged');
  for (const path of [whole.path, damaged]) await leadglass.succeed('import', path);
  const { ran, files: got } = await getStudy(t, whole.studyInstanceUid);
  assert.match(ran.output, /Completed Suboperations\s*: 1\s/);
  assert.match(ran.output, /Failed Suboperations\s*: 1\s/);
  assert.deepEqual(
    got.map((path) => cutFile(path).sopInstanceUid),
    [whole.sopInstanceUid],
  );
  const rows = await leadglass.ledger('--study', uidOf('damaged'), '--who', 'READ1');
  assert.ok(
    rows.some(({ outcome, reason }) => outcome !== 'success' && /not converted: MALFORMED/.test(reason ?? '')),
    JSON.stringify(rows),
  );
});
