/** Stores of metadata with pictures and videos: PNG and GIF become native pixels, videos stay as they came. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { DataSet } from '../../../dicom/data-set.ts';
import { makeInstance, retrieveStudy } from '../../../backends/backend.test-support.ts';
import { gifFile, pngFile } from '../../../codecs/pictures.test-support.ts';
import { readDataSet } from '../../../dicom/data-set-codec.ts';
import { Tags } from '../../../dicom/dictionary/dictionary.ts';
import { TransferSyntaxes as T } from '../../../dicom/transfer-syntax.ts';
import { limits } from '../../../limits.ts';
import { servicesInThread } from '../../../transcoding/transcoding.test-support.ts';
import { multipart, pieces, type SentPart, webHouse, type WebHouse } from './handlers.test-support.ts';

const json = 'application/dicom+json';
const { studyInstanceUid, seriesInstanceUid, sopInstanceUid } = makeInstance();
const location = 'pixels';

function metadata(more: Readonly<Record<string, unknown>> = {}): SentPart {
  const uid = (value: string) => ({ vr: 'UI', Value: [value] });
  const document = {
    '00080016': uid('1.2.840.10008.5.1.4.1.1.7'),
    '00080018': uid(sopInstanceUid),
    '0020000D': uid(studyInstanceUid),
    '0020000E': uid(seriesInstanceUid),
    '00100020': { vr: 'LO', Value: ['P1'] },
    '7FE00010': { vr: 'OW', BulkDataURI: location },
    ...more,
  };
  return { type: json, bytes: Buffer.from(JSON.stringify([document])) };
}

async function post(web: WebHouse, parts: readonly SentPart[]) {
  const { contentType, bytes } = multipart(json, parts);
  const answer = await web.ask('/studies', {
    method: 'POST',
    headers: { 'content-type': contentType },
    body: pieces(bytes, 100),
  });
  const module = JSON.parse(answer.body.toString());
  const reasons: readonly unknown[] = ['00081198', '0008119A'].flatMap((tag) =>
    (module[tag]?.Value ?? []).map((item: Record<string, { Value: readonly unknown[] }>) => item['00081197']?.Value[0]),
  );
  return { status: answer.status, reasons };
}

async function stored(web: WebHouse, transferSyntaxUid: string = T.ExplicitVrLittleEndian) {
  const [back] = await retrieveStudy(web.backend, studyInstanceUid);
  assert.ok(back);
  return readDataSet(back.bytes, { transferSyntaxUid, limits: limits.dataSet });
}

const grey = (seed: number) => {
  const samples = Array.from({ length: 12 }, (_, at) => at * seed);
  return {
    samples,
    part: { type: 'image/png', location, bytes: pngFile({ width: 4, height: 3, depth: 8, colourType: 0 }, samples) },
  };
};

test('a PNG becomes native pixels, and the data set is told what it lacks of them', async () => {
  await using web = await webHouse({ transcoding: servicesInThread() });
  const { samples, part } = grey(3);
  assert.deepEqual(await post(web, [metadata(), part]), { status: 200, reasons: [] });
  const dataSet = await stored(web);
  const value = dataSet.get(Tags.PixelData)?.value;
  assert.ok(value instanceof Uint8Array);
  assert.deepEqual([...value], samples);
  assert.deepEqual(
    [
      Tags.Rows,
      Tags.Columns,
      Tags.SamplesPerPixel,
      Tags.BitsAllocated,
      Tags.BitsStored,
      Tags.HighBit,
      Tags.PixelRepresentation,
    ].map((tag) => dataSet.number(tag)),
    [3, 4, 1, 8, 8, 7, 0],
  );
  assert.equal(dataSet.text(Tags.PhotometricInterpretation), 'MONOCHROME2');
});

test('several pictures are the frames of one instance', async () => {
  await using web = await webHouse({ transcoding: servicesInThread() });
  const frames = [grey(1), grey(2), grey(3)];
  const described = metadata({ '00280008': { vr: 'IS', Value: ['3'] } });
  assert.equal((await post(web, [described, ...frames.map(({ part }) => part)])).status, 200);
  const value = (await stored(web)).get(Tags.PixelData)?.value;
  assert.ok(value instanceof Uint8Array);
  assert.deepEqual(
    [...value],
    frames.flatMap(({ samples }) => samples),
  );
});

test('a GIF becomes RGB, sixteen bits stay sixteen bits, and what the sender says of bits stands', async () => {
  const palette = Uint8Array.of(0, 0, 0, 255, 0, 0, 0, 255, 0, 0, 0, 255);
  await using web = await webHouse({ transcoding: servicesInThread() });
  const gif = { type: 'image/gif', location, bytes: gifFile({ width: 2, height: 2, palette }, [0, 1, 2, 3]) };
  assert.equal((await post(web, [metadata(), gif])).status, 200);
  const colours = await stored(web);
  assert.equal(colours.text(Tags.PhotometricInterpretation), 'RGB');
  assert.deepEqual(pixelsOf(colours), [...palette]);
  await using other = await webHouse({ transcoding: servicesInThread() });
  const png = {
    type: 'image/png',
    location,
    bytes: pngFile({ width: 2, height: 1, depth: 16, colourType: 0 }, [4095, 1]),
  };
  const twelve = { '00280101': { vr: 'US', Value: [12] }, '00280004': { vr: 'CS', Value: ['MONOCHROME1'] } };
  assert.equal((await post(other, [metadata(twelve), png])).status, 200);
  const words = await stored(other);
  assert.deepEqual([words.number(Tags.BitsStored), words.number(Tags.HighBit)], [12, 11]);
  assert.equal(words.text(Tags.PhotometricInterpretation), 'MONOCHROME1');
  assert.deepEqual(pixelsOf(words), [0xff, 0x0f, 1, 0]);
});

test('a picture that is not the described one, is none, or is too large is told', async () => {
  const { part } = grey(1);
  const wrong = metadata({ '00280010': { vr: 'US', Value: [5] } });
  const two = metadata({ '00280008': { vr: 'IS', Value: ['2'] } });
  const wider = { ...part, bytes: pngFile({ width: 5, height: 3, depth: 8, colourType: 0 }, []) };
  const clear = { ...part, bytes: pngFile({ width: 1, height: 1, depth: 8, colourType: 4 }, [1, 2]) };
  for (const [parts, reason] of [
    [[wrong, part], 0xc000],
    [[two, part, wider], 0xc000],
    [[two, part], 0xc000],
    [[metadata(), { ...part, bytes: Buffer.from('GIF') }], 0xc000],
    [[metadata(), { ...part, bytes: part.bytes.subarray(0, 60) }], 0xc000],
    [[metadata(), clear], 0xc122],
  ] as const) {
    await using web = await webHouse({ transcoding: servicesInThread() });
    assert.deepEqual(await post(web, parts), { status: 409, reasons: [reason] });
    assert.equal((await retrieveStudy(web.backend, studyInstanceUid)).length, 0);
  }
  const small = { ...limits, web: { ...limits.web, waitingBulkBytesMax: 50 } };
  await using web = await webHouse({ transcoding: servicesInThread(), limits: small });
  assert.deepEqual(await post(web, [metadata(), part]), { status: 409, reasons: [0xc001] });
});

test('a video is one fragment, whatever its number of frames', async () => {
  const video = Uint8Array.from({ length: 3001 }, (_, at) => at & 0xff);
  for (const [type, syntax] of [
    ['video/mp4', T.MPEG4HP41],
    [`video/mp4; transfer-syntax=${T.MPEG4HP42STEREO}`, T.MPEG4HP42STEREO],
    ['video/mpeg', T.MPEG2MPML],
  ] as const) {
    await using web = await webHouse();
    const described = metadata({ '00280008': { vr: 'IS', Value: ['250'] } });
    assert.deepEqual(await post(web, [described, { type, location, bytes: video }]), { status: 200, reasons: [] });
    const { fragments = [] } = (await stored(web, syntax)).get(Tags.PixelData) ?? {};
    assert.deepEqual(
      fragments.map(({ length }) => length),
      [0, 3002],
    );
    assert.ok(
      Buffer.from(fragments[1] ?? [])
        .subarray(0, 3001)
        .equals(video),
    );
  }
});

function pixelsOf(dataSet: DataSet): readonly number[] {
  const { value } = dataSet.get(Tags.PixelData) ?? {};
  assert.ok(value instanceof Uint8Array);
  return [...value];
}
