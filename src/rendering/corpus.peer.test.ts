/** The pictures of the real and odd files, pixel by pixel, against DCMTK's dcm2pnm. */
import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { type TestContext, test } from 'node:test';
import { filesBelow } from '../../test/support/dicom-files.ts';
import { corpusFolder, needs, needsCorpus } from '../../test/support/peers.ts';
import { runProgram } from '../../test/support/programs.ts';
import { codecsHere } from '../codecs/codecs.test-support.ts';
import type { DecodedFrame } from '../codecs/frame.ts';
import type { DataSet } from '../dicom/data-set.ts';
import { LeadglassError } from '../error.ts';
import { limits } from '../limits.ts';
import { drawFrame } from './draw.ts';
import type { ImageFacts } from './image-facts.ts';
import type { Picture } from './picture.ts';
import { readImageFacts } from './read-image-facts.ts';
import { type ImageOfFile, readImage, readNetpbm, writeFile } from './rendering.test-support.ts';

const skip = needsCorpus().skip === false ? needs('dcm2pnm') : needsCorpus();
const files = corpusFolder === undefined ? [] : filesBelow(corpusFolder).filter((path) => !/\.(json|md)$/.test(path));
const framesMax = 3;

/** What dcm2pnm cannot read although it is drawn here, and why. */
const beyondDcmtk: Readonly<Record<string, string>> = {
  'real/pydicom-data__parametric_map_float.dcm': 'it knows no Float Pixel Data',
  'odd/w_meta_gl_huge.dcm': 'it believes the length of the file meta group',
};
/** Not drawn here: what is no image is not listed. */
const notDrawn: Readonly<Record<string, string>> = {
  'real/cornerstone3D__CTImage.dcm_JPEGProcess6_8TransferSyntax_1.2.840.10008.1.2.4.53.dcm': 'UNSUPPORTED',
  'real/pydicom__JPEG2000-embedded-sequence-delimiter.dcm': 'MALFORMED',
  'odd/v_mpeg2.dcm': 'MALFORMED',
  'odd/w_jpeg_sof65535.dcm': 'MALFORMED',
};

async function dcm2pnm(input: string, output: string, options: readonly string[]): Promise<Picture> {
  const { status, output: said } = await runProgram('dcm2pnm', ['-q', ...options, input, output]);
  assert.equal(status, 0, said);
  return readNetpbm(output);
}

/** dcm2pnm looks for rescale values in functional groups, but not for windows: it is told those. */
function windowOptions(dataSet: DataSet, { voi, frame, palette }: ImageFacts): readonly string[] {
  if (frame.samplesPerPixel !== 1 || palette !== undefined) return [];
  switch (voi.kind) {
    case 'whole':
      return ['+Wm'];
    case 'table':
      return ['+Wl', '1'];
    case 'window': {
      if (dataSet.has(0x00281050)) return ['+Wi', '1'];
      return ['+Ww', String(voi.center), String(voi.width)];
    }
  }
}

/** The same image with this one frame in native form: dcm2pnm decodes only some of what is compressed. */
function writeNative(path: string, { dataSet }: ImageOfFile, { pixels, ...colours }: DecodedFrame): void {
  dataSet.delete(0x7fe00001);
  dataSet.delete(0x7fe00002);
  dataSet.setText(0x00280004, 'CS', colours.photometricInterpretation).setText(0x00280008, 'IS', '1');
  if (dataSet.number(0x00280002) === 3) dataSet.setNumber(0x00280006, 'US', colours.planarConfiguration);
  writeFile(path, dataSet.setBytes(0x7fe00010, 'OW', pixels));
}

/**
 * As DCMTK computes, which is not exact: it cuts what the rescale gives to whole numbers, and sums up a window's line so that a
 * grey that is a whole number may come out as the one below.
 */
function cutModality(facts: ImageFacts): ImageFacts {
  const { modality, frame } = facts;
  if (modality.kind === 'table' || Number.isInteger(modality.slope)) return facts;
  const { slope, intercept } = modality;
  assert.ok(frame.pixelRepresentation === 0 && intercept >= 0);
  const values = Uint16Array.from({ length: 2 ** frame.bitsStored }, (_, code) => Math.trunc(code * slope + intercept));
  return { ...facts, modality: { kind: 'table', table: { first: 0, bits: 16, values } } };
}

function assertSame(ours: Picture, theirs: Picture, windowWidth: number): void {
  assert.deepEqual([ours.width, ours.height, ours.channels], [theirs.width, theirs.height, theirs.channels]);
  assert.equal(theirs.pixels.length, ours.pixels.length);
  const wrong = ours.pixels.findIndex((grey, at) => {
    const other = theirs.pixels[at] ?? 0;
    if (grey === other) return false;
    // 255 * n / (width - 1) is a whole number only at some greys; there, theirs may be one below.
    return !(grey - other === 1 && (grey * (windowWidth - 1)) % 255 === 0);
  });
  assert.equal(wrong, -1, `pixel ${wrong} is ${ours.pixels[wrong]}, and ${theirs.pixels[wrong]} of dcm2pnm`);
}

async function compare(t: TestContext, path: string, name: string): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'leadglass-rendering-'));
  t.after(() => rmSync(folder, { recursive: true }));
  const image = await readImage(path);
  for (let frame = 1; frame <= Math.min(framesMax, image.numberOfFrames); frame += 1) {
    const facts = readImageFacts(image.dataSet, { frame, withOverlays: true });
    const options = windowOptions(image.dataSet, facts);
    const decoded = await image.decoded(frame);
    const picture = drawFrame({ ...decoded }, cutModality(facts), {
      limits: limits.rendering,
      font: codecsHere().font,
    });
    if (name in beyondDcmtk) continue;
    let [input, number] = [path, frame];
    if (image.isEncapsulated) {
      [input, number] = [join(folder, 'native.dcm'), 1];
      writeNative(input, image, decoded);
    }
    const theirs = await dcm2pnm(input, join(folder, 'picture.pnm'), [...options, '+F', String(number)]);
    assertSame(picture, theirs, facts.voi.kind === 'window' ? facts.voi.width : Number.NaN);
  }
}

/** Not an image, or not read as a data set, which other tests look at. */
async function isImage(path: string): Promise<boolean> {
  try {
    const { dataSet } = await readImage(path);
    return dataSet.has(0x7fe00010) || dataSet.has(0x7fe00008);
  } catch {
    return false;
  }
}

for (const path of files) {
  if (!existsSync(path) || statSync(path).size === 0) continue;
  const name = relative(corpusFolder ?? '', path);
  test(`${name} is drawn as dcm2pnm draws it`, skip, async (t) => {
    if (!(await isImage(path))) return t.skip('is no image that can be read');
    const expected = notDrawn[name];
    if (expected === undefined) return await compare(t, path, name);
    await assert.rejects(compare(t, path, name), (error) => error instanceof LeadglassError && error.code === expected);
  });
}
