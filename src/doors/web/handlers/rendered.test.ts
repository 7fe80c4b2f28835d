/** Rendered resources and thumbnails through the handlers, drawn by a real pool of codecs. */
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { instanceOf, makeInstance, type TestInstance } from '../../../backends/backend.test-support.ts';
import { codecLimits, codecsHere, somePixels } from '../../../codecs/codecs.test-support.ts';
import { decodeFrame } from '../../../codecs/decode-frame.ts';
import { CodecPool } from '../../../codecs/pool/codec-pool.ts';
import { DataSet } from '../../../dicom/data-set.ts';
import { Tags } from '../../../dicom/dictionary/tags.generated.ts';
import { TransferSyntaxes } from '../../../dicom/transfer-syntax.ts';
import { LeadglassError } from '../../../error.ts';
import { limits } from '../../../limits.ts';
import type { Picture } from '../../../rendering/picture.ts';
import { readPng } from '../../../rendering/png.test-support.ts';
import { draw, someImage } from '../../../rendering/rendering.test-support.ts';
import { type Answered, baseUrl, partsOf, type WebHouse, webHouse } from './handlers.test-support.ts';

const codecs = CodecPool.start({ limits: limits.codecs, workersMax: 1 });
after(() => codecs.close());
const house = (): Promise<WebHouse> => webHouse({ codecs });

const study = '/studies/1.2.3.1';
const one = `${study}/series/1.2.3.1.1/instances/1.2.3.1.1.1`;
const [rows, columns] = [40, 60];

interface Kept {
  readonly instance: TestInstance;
  readonly dataSet: DataSet;
  /** Of one frame after another. */
  readonly pixels: Uint8Array<ArrayBuffer>;
}

function image(facts: { readonly series?: number; readonly instance?: number; readonly frames?: number } = {}): Kept {
  const { series = 1, instance = 1, frames = 1 } = facts;
  const { dataSet, facts: frame } = someImage({ rows, columns });
  const one = somePixels(frame);
  const pixels = new Uint8Array(one.length * frames);
  for (let at = 0; at < frames; at += 1) pixels.set(at % 2 === 0 ? one : one.toReversed(), at * one.length);
  dataSet
    .setText(0x00080016, 'UI', '1.2.840.10008.5.1.4.1.1.7')
    .setText(0x00080018, 'UI', `1.2.3.1.${series}.${instance}`)
    .setText(0x0020000d, 'UI', '1.2.3.1')
    .setText(0x0020000e, 'UI', `1.2.3.1.${series}`)
    .setText(0x00100020, 'LO', 'P1')
    .setText(0x00280008, 'IS', String(frames))
    .setBytes(0x7fe00010, 'OW', pixels);
  return { instance: instanceOf(dataSet), dataSet, pixels };
}

interface Pixels {
  readonly width: number;
  readonly height: number;
  readonly pixels: Uint8Array;
}

/** Sides as the file says them. */
async function readJpeg(bytes: Uint8Array, width: number, height: number): Promise<Pixels> {
  const { facts } = someImage({ rows: height, columns: width, bitsAllocated: 8, bitsStored: 8 });
  const transferSyntaxUid = TransferSyntaxes.JPEGBaseline8Bit;
  const decoded = await decodeFrame(
    codecsHere(),
    { transferSyntaxUid, bytes: new Uint8Array(bytes), facts },
    codecLimits,
  );
  return { width, height, pixels: decoded.pixels };
}

const pngSides = (bytes: Buffer): readonly number[] => [bytes.readUInt32BE(16), bytes.readUInt32BE(20)];

function assertClose(actual: Uint8Array, expected: Uint8Array): void {
  const worst = actual.reduce((most, grey, at) => Math.max(most, Math.abs(grey - (expected[at] ?? 0))), 0);
  assert.equal(actual.length, expected.length);
  // JPEG at its usual quality.
  assert.ok(worst <= 40, `off by ${worst}`);
}

async function refusal(web: WebHouse, url: string, headers: Record<string, string> = {}): Promise<unknown> {
  try {
    const { status } = await web.ask(url, { headers });
    return status;
  } catch (error) {
    assert.ok(error instanceof LeadglassError, String(error));
    return 'status' in error ? error.status : error.code;
  }
}

const typeOf = ({ headers }: Answered): string | undefined => headers.get('content-type');

test('an instance is rendered as JPEG, or as PNG for who asks for it', async () => {
  await using web = await house();
  const { instance, dataSet, pixels } = image();
  await web.keep(instance);
  const picture = draw(dataSet, pixels);
  const jpeg = await web.ask(`${one}/rendered`);
  assert.equal(jpeg.status, 200);
  assert.equal(typeOf(jpeg), 'image/jpeg');
  assert.equal(jpeg.headers.get('content-length'), String(jpeg.body.length));
  assert.equal(jpeg.headers.get('content-location'), `${baseUrl}${one}/rendered`);
  assertClose((await readJpeg(jpeg.body, columns, rows)).pixels, picture.pixels);
  for (const [url, accept] of [
    [`${one}/rendered`, 'image/png'],
    [`${one}/rendered?accept=image/png`, 'image/jpeg'],
  ] as const) {
    const png = await web.ask(url, { headers: { accept } });
    assert.equal(typeOf(png), 'image/png');
    assert.deepEqual(pngSides(png.body), [columns, rows]);
  }
  assert.equal(await refusal(web, `${one}/rendered`, { accept: 'image/gif' }), 406);
  assert.equal(await refusal(web, `${one}/rendered`, { accept: 'application/dicom' }), 406);
});

test('frames are rendered one by one or as a message, and a frame that is not there is not found', async () => {
  await using web = await house();
  const { instance, dataSet, pixels } = image({ frames: 3 });
  await web.keep(instance);
  const frame = (number: number) =>
    draw(dataSet, pixels.slice((number - 1) * rows * columns * 2, number * rows * columns * 2)).pixels;
  const second = await web.ask(`${one}/frames/2/rendered`);
  assert.equal(typeOf(second), 'image/jpeg');
  assertClose((await readJpeg(second.body, columns, rows)).pixels, frame(2));
  const two = await partsOf(await web.ask(`${one}/frames/1,2/rendered`));
  assert.deepEqual(
    two.map(({ type, location }) => [type, location]),
    [1, 2].map((number) => ['image/jpeg', `${baseUrl}${one}/frames/${number}/rendered`]),
  );
  for (const [index, part] of two.entries()) {
    assertClose((await readJpeg(part.bytes, columns, rows)).pixels, frame(index + 1));
  }
  const all = { accept: 'multipart/related; type="image/png"' };
  assert.equal((await partsOf(await web.ask(`${one}/rendered`, { headers: all }))).length, 3);
  assert.equal(typeOf(await web.ask(`${one}/rendered`)), 'image/jpeg');
  assert.equal(await refusal(web, `${one}/frames/4/rendered`), 'NOT_FOUND');
  assert.equal(await refusal(web, `${one}/frames/1,4/rendered`), 'NOT_FOUND');
  assert.equal(await refusal(web, `${study}/series/1.2.3.1.1/instances/1.2.3.9/rendered`), 'NOT_FOUND');
});

test('a study is rendered picture by picture, without what has none', async () => {
  await using web = await house();
  // No image attributes; and pixels that are fewer than they say.
  const broken = image({ series: 2, instance: 2 });
  broken.dataSet.setBytes(0x7fe00010, 'OW', new Uint8Array(10));
  await web.keep(
    makeInstance({ series: 3 }),
    image().instance,
    instanceOf(broken.dataSet),
    image({ instance: 2 }).instance,
  );
  const parts = await partsOf(await web.ask(`${study}/rendered`));
  assert.deepEqual(parts.map(({ location }) => location?.split('/').at(-4) ?? '').toSorted(), [
    '1.2.3.1.1.1',
    '1.2.3.1.1.2',
  ]);
  assert.equal(await refusal(web, `${study}/series/1.2.3.1.3/rendered`), 'MALFORMED');
  const report = image({ series: 4 });
  report.dataSet.delete(0x7fe00010);
  await web.keep(instanceOf(report.dataSet));
  for (const view of ['rendered', 'instances/1.2.3.1.4.1/rendered', 'thumbnail']) {
    assert.equal(await refusal(web, `${study}/series/1.2.3.1.4/${view}`), 406, view);
  }
});

test('a viewport scales, crops and mirrors, and a window changes the greys', async () => {
  await using web = await house();
  const { instance, dataSet, pixels } = image();
  await web.keep(instance);
  const png = { accept: 'image/png' };
  const sides = async (query: string): Promise<readonly number[]> =>
    pngSides((await web.ask(`${one}/rendered?${query}`, { headers: png })).body);
  assert.deepEqual(await sides('viewport=30,30'), [30, 20]);
  assert.deepEqual(await sides('viewport=120,500'), [120, 80]);
  assert.deepEqual(await sides('viewport=100,100,10,10,20,20'), [100, 100]);
  assert.deepEqual(await sides('viewport=100,100,50,,100,'), [25, 100]);
  const mirrored = await web.ask(`${one}/rendered?viewport=60,40,0,0,-60,40&quality=100`);
  assertClose(
    (await readJpeg(mirrored.body, columns, rows)).pixels,
    draw(dataSet, pixels, { turn: { flipsHorizontally: true, flipsVertically: false, rotation: 0 } }).pixels,
  );
  const windowed = await web.ask(`${one}/rendered?window=100,20,linear&quality=100`);
  dataSet.setText(0x00281050, 'DS', '100').setText(0x00281051, 'DS', '20');
  assertClose((await readJpeg(windowed.body, columns, rows)).pixels, draw(dataSet, pixels).pixels);
  for (const query of ['viewport=10,10,60,0', 'viewport=0,1', 'window=1,2', 'quality=101', 'viewport=99999,1']) {
    assert.ok(
      ['BAD_REQUEST', 'MALFORMED', 'LIMIT_EXCEEDED'].includes(String(await refusal(web, `${one}/rendered?${query}`))),
      query,
    );
  }
});

test('a picture has a tag that depends on how it is drawn, and is not drawn for who has it', async () => {
  await using web = await house();
  await web.keep(image().instance);
  const tagOf = async (query: string): Promise<string> =>
    (await web.ask(`${one}/rendered${query}`, { method: 'HEAD' })).headers.get('etag') ?? '';
  const tags = await Promise.all(['', '?quality=50', '?accept=image/png', '?viewport=9,9'].map(tagOf));
  assert.equal(new Set(tags).size, 4);
  assert.equal(await tagOf(''), tags[0]);
  const { status, body } = await web.ask(`${one}/rendered`, { headers: { 'if-none-match': tags[0] } });
  assert.deepEqual([status, body.length], [304, 0]);
  assert.equal((await web.ask(`${one}/rendered`, { headers: { 'if-none-match': tags[1] } })).status, 200);
});

test('patient and technique are burned in for who asks for them; other annotations and profiles are said to be missing', async () => {
  await using web = await house();
  const made = image();
  made.dataSet
    .setText(0x00080005, 'CS', 'ISO_IR 192')
    .setText(0x00100010, 'PN', 'Λάμδα^Иван=山田^太郎')
    .setText(0x00180060, 'DS', '120');
  made.dataSet.setText(0x00080060, 'CS', 'CT');
  await web.keep(instanceOf(made.dataSet));
  const drawn = async (query: string): Promise<Picture> =>
    readPng((await web.ask(`${one}/rendered?viewport=600,600${query}`, { headers: { accept: 'image/png' } })).body);
  const plain = await drawn('');
  const changed = (picture: Picture): readonly boolean[] => {
    const differs = (from: number, to: number): boolean =>
      picture.pixels.subarray(from * 600, to * 600).some((grey, at) => grey !== plain.pixels[from * 600 + at]);
    return [differs(0, 80), differs(80, 370), differs(370, 400)];
  };
  assert.deepEqual(changed(await drawn('&annotation=patient')), [true, false, false]);
  assert.deepEqual(changed(await drawn('&annotation=technique')), [false, false, true]);
  assert.deepEqual(changed(await drawn('&annotation=technique,patient')), [true, false, true]);
  const { warnings } = await web.ask(`${one}/rendered?annotation=patient,x&iccprofile=srgb`);
  assert.match(warnings.join('|'), /annotation values are not supported: x".*ignored: iccprofile/);
  const tagOf = async (query: string): Promise<string | undefined> =>
    (await web.ask(`${one}/rendered${query}`, { method: 'HEAD' })).headers.get('etag');
  assert.notEqual(await tagOf('?annotation=patient'), await tagOf(''));
});

test('a picture says its own URL as its Content-Location, and none where parameters made it', async () => {
  await using web = await house();
  await web.keep(image().instance);
  for (const path of [`${one}/rendered`, `${one}/frames/1/rendered`, `${one}/thumbnail`, `${study}/thumbnail`]) {
    const { headers } = await web.ask(path);
    assert.equal(headers.get('content-location'), `${baseUrl}${path}`, path);
  }
  for (const query of ['viewport=20,20', 'window=40,400,linear', 'annotation=patient']) {
    assert.equal((await web.ask(`${one}/rendered?${query}`)).headers.get('content-location'), undefined, query);
  }
});

test('a thumbnail is small, of the middle of a series, and has no overlay', async () => {
  await using web = await house();
  const middle = image({ instance: 2 });
  const bits = new Uint8Array((rows * columns) / 8).fill(255);
  middle.dataSet
    .setNumber(0x60000010, 'US', rows)
    .setNumber(0x60000011, 'US', columns)
    .setNumber(0x60000050, 'SS', [1, 1])
    .setBytes(0x60003000, 'OW', bits);
  await web.keep(image().instance, instanceOf(middle.dataSet), image({ instance: 3 }).instance);
  const own = `${study}/series/1.2.3.1.1/instances/1.2.3.1.1.2`;
  for (const url of [study, `${study}/series/1.2.3.1.1`]) {
    const answer = await web.ask(`${url}/thumbnail`, { headers: { accept: 'image/png' } });
    assert.equal(typeOf(answer), 'image/png');
    assert.deepEqual(pngSides(answer.body), [200, 133]);
    assert.equal(answer.headers.get('content-location'), `${baseUrl}${url}/thumbnail`);
    // The bytes may be the same in all of them; whose they are stands in the tag.
    const tagAt = async (at: string): Promise<string | undefined> =>
      (await web.ask(`${at}/thumbnail`)).headers.get('etag');
    assert.equal(await tagAt(url), await tagAt(own));
  }
  const small = await web.ask(`${own}/frames/1/thumbnail?viewport=60,40&quality=1&window=x`);
  assert.ok((await readJpeg(small.body, columns, rows)).pixels.some((grey) => grey < 128));
  const shown = await web.ask(`${own}/rendered`);
  assert.ok((await readJpeg(shown.body, columns, rows)).pixels.every((grey) => grey > 250));
  assert.equal(await refusal(web, `${own}/thumbnail?viewport=10,10,0,0`), 'BAD_REQUEST');
});

/** Of a class without pixels; its title names a patient. */
function document(sopClassUid: string): TestInstance {
  const dataSet = new DataSet()
    .setText(Tags.SOPClassUID, 'UI', sopClassUid)
    .setText(Tags.SOPInstanceUID, 'UI', '1.2.3.1.2.1')
    .setText(Tags.StudyInstanceUID, 'UI', '1.2.3.1')
    .setText(Tags.SeriesInstanceUID, 'UI', '1.2.3.1.2')
    .setText(Tags.PatientName, 'PN', 'Doe^Jane')
    .setText(Tags.PatientID, 'LO', 'P1')
    .setText(Tags.DocumentTitle, 'ST', 'Letter about Jane Doe');
  return instanceOf(dataSet);
}

test('the thumbnail of a document is a page with what kind it is, the same for every patient', async () => {
  const headers = { accept: 'image/png' };
  const seen = new Set<string>();
  for (const [sopClassUid, isKnown] of [
    ['1.2.840.10008.5.1.4.1.1.104.1', true], // PDF
    ['1.2.840.10008.5.1.4.1.1.104.2', true], // CDA
    ['1.2.840.10008.5.1.4.1.1.88.11', true], // basic text SR
    ['1.2.840.10008.5.1.4.1.1.9.1.1', true], // 12-lead ECG
    ['1.2.840.10008.5.1.4.1.1.66.5', false], // surface segmentation
  ] as const) {
    await using web = await house();
    await web.keep(document(sopClassUid));
    const own = `${study}/series/1.2.3.1.2/instances/1.2.3.1.2.1`;
    if (!isKnown) {
      assert.equal(await refusal(web, `${own}/thumbnail`, headers), 406);
      continue;
    }
    const answer = await web.ask(`${own}/thumbnail`, { headers });
    assert.deepEqual(pngSides(answer.body), [200, 200]);
    const { pixels } = readPng(answer.body);
    assert.equal(pixels[0], 0);
    assert.ok(pixels.filter((grey) => grey === 225).length > 10_000);
    seen.add(answer.body.toString('base64'));
    assert.equal((await readJpeg((await web.ask(`${study}/thumbnail`)).body, 200, 200)).width, 200);
    assert.equal(await refusal(web, `${own}/frames/1/thumbnail`, headers), 'NOT_FOUND');
    const small = await web.ask(`${own}/thumbnail?viewport=3,2`, { headers });
    assert.deepEqual(pngSides(small.body), [2, 2]);
  }
  assert.equal(seen.size, 4);
});

test('a study of documents and an image has the image as its thumbnail', async () => {
  await using web = await house();
  await web.keep(document('1.2.840.10008.5.1.4.1.1.104.1'), image().instance);
  const headers = { accept: 'image/png' };
  assert.deepEqual(pngSides((await web.ask(`${study}/thumbnail`, { headers })).body), [200, 133]);
});

test('the ledger knows of a picture, and without a recorded admission there is none', async () => {
  await using web = await house();
  await web.keep(image().instance);
  await web.ask(`${one}/rendered`);
  await web.session.end('test');
  assert.ok(web.house.ledger.codes.includes('110104 0'), String(web.house.ledger.codes));
  const stranger = await web.sessionOf({ name: 'CT1', purpose: 'acquisition' });
  await assert.rejects(web.ask(`${one}/rendered`, { session: stranger }), LeadglassError);
});

test('without codecs nothing is drawn', async () => {
  await using web = await webHouse();
  await web.keep(image().instance);
  assert.equal(await refusal(web, `${one}/rendered`), 406);
});
