/** Frames, pixel data and bulk data through the handler: the bytes, the media types, and what is not there. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { makeInstance } from '../../../backends/backend.test-support.ts';
import { TransferSyntaxes as T } from '../../../dicom/transfer-syntax.ts';
import type { Uid } from '../../../dicom/uid.ts';
import { LeadglassError } from '../../../error.ts';
import { servicesInThread } from '../../../transcoding/transcoding.test-support.ts';
import { HttpError } from '../http/http-error.ts';
import { baseUrl, partsOf, webHouse } from './handlers.test-support.ts';
import { frameBytes, imageInstance, pixels } from './images.test-support.ts';

const one = '/studies/1.2.3.1/series/1.2.3.1.1/instances/1.2.3.1.1.1';
const frame = (number: number) => pixels.subarray((number - 1) * frameBytes, number * frameBytes);
const only = (type: string, syntax?: Uid) => ({
  accept: `multipart/related; type="${type}"${syntax === undefined ? '' : `; transfer-syntax=${syntax}`}`,
});

test('several frames are parts, one may come alone', async () => {
  await using web = await webHouse();
  await web.keep(imageInstance());
  const answer = await web.ask(`${one}/frames/1,3`);
  assert.equal(answer.status, 200);
  const parts = await partsOf(answer);
  assert.deepEqual(
    parts.map(({ type, location, transferSyntax }) => [type, location, transferSyntax]),
    [1, 3].map((number) => ['application/octet-stream', `${baseUrl}${one}/frames/${number}`, T.ExplicitVrLittleEndian]),
  );
  assert.ok(parts[0]?.bytes.equals(frame(1)) && parts[1]?.bytes.equals(frame(3)));
  const alone = await web.ask(`${one}/frames/2`, { headers: { accept: 'application/octet-stream' } });
  assert.ok(alone.body.equals(frame(2)));
  const tag = alone.headers.get('etag') ?? '';
  const again = { headers: { accept: 'application/octet-stream', 'if-none-match': tag } };
  assert.equal((await web.ask(`${one}/frames/2`, again)).status, 304);
  assert.equal((await web.ask(`${one}/frames/3`, again)).status, 200);
});

test('a frame that is not there, or an instance without pixels, is not found', async () => {
  await using web = await webHouse();
  await web.keep(imageInstance());
  const isMissing = (error: unknown) => error instanceof LeadglassError && error.code === 'NOT_FOUND';
  await assert.rejects(web.ask(`${one}/frames/1,4`), isMissing);
  await assert.rejects(web.ask(`${one}.9/frames/1`), isMissing);
  await assert.rejects(web.ask(`${one}/bulkdata/00420011`), isMissing);
  await assert.rejects(web.ask(`${one}/bulkdata/54000100`), isMissing);
  await assert.rejects(web.ask(`${one}/bulkdata/54000100/3/54001010`), isMissing);
});

test('frames are compressed and decompressed for who asks so, bit for bit', async () => {
  await using web = await webHouse({ transcoding: servicesInThread() });
  await web.keep(imageInstance());
  for (const [type, syntax] of [
    ['image/jls', T.JPEGLSLossless],
    ['image/jp2', T.JPEG2000Lossless],
    ['image/jphc', T.HTJ2KLossless],
    ['image/dicom-rle', T.RLELossless],
  ] as const) {
    const parts = await partsOf(await web.ask(`${one}/frames/2,3`, { headers: only(type, syntax) }));
    assert.deepEqual(
      parts.map((part) => [part.type, part.transferSyntax]),
      [2, 3].map(() => [type, syntax]),
    );
    // The whole instance in that syntax, stored, and its frames asked for as they were.
    const accept = `application/dicom; transfer-syntax=${syntax}`;
    const file = await web.ask(one, { headers: { accept } });
    await using other = await webHouse({ transcoding: servicesInThread() });
    const stored = await other.ask('/studies', {
      method: 'POST',
      headers: { 'content-type': 'application/dicom' },
      body: (async function* () {
        yield file.body;
      })(),
    });
    assert.equal(stored.status, 200);
    const compressed = await partsOf(await other.ask(`${one}/frames/2,3`, { headers: only(type, syntax) }));
    // Stored fragments are padded to even length (PS3.5 A.4), which only their codestreams tell.
    const { bytes: expected = Buffer.alloc(0) } = parts[1] ?? {};
    const { bytes: found = Buffer.alloc(0) } = compressed[1] ?? {};
    assert.ok(found.subarray(0, expected.length).equals(expected), type);
    assert.ok(found.length - expected.length <= 1, type);
    const back = await partsOf(await other.ask(`${one}/frames/2,3`));
    assert.ok(back[0]?.bytes.equals(frame(2)) && back[1]?.bytes.equals(frame(3)), type);
    const value = await partsOf(await other.ask(`${one}/bulkdata/7FE00010`));
    assert.ok(value.length === 1 && value[0]?.bytes.equals(pixels), type);
    const byFrame = await partsOf(await other.ask('/studies/1.2.3.1/pixeldata', { headers: only(type, syntax) }));
    assert.equal(byFrame.length, 3);
  }
});

test('without codecs what would need one is not acceptable', async () => {
  await using web = await webHouse();
  await web.keep(imageInstance());
  const not = (error: unknown) => error instanceof HttpError && error.status === 406;
  await assert.rejects(web.ask(`${one}/frames/1`, { headers: only('image/jls', T.JPEGLSLossless) }), not);
  await assert.rejects(web.ask('/studies/1.2.3.1/pixeldata', { headers: only('image/jpeg') }), not);
});

test('bulk data is where metadata says it is, whole and in ranges', async () => {
  await using web = await webHouse();
  await web.keep(imageInstance());
  const [document] = JSON.parse((await web.ask(`${one}/metadata`)).body.toString());
  const pixelUri: string = document['7FE00010'].BulkDataURI;
  const waveUri: string = document['54000100'].Value[1]['54001010'].BulkDataURI;
  const path = (uri: string) => uri.slice(baseUrl.length);
  const alone = { accept: 'application/octet-stream' };
  assert.ok((await web.ask(path(pixelUri), { headers: alone })).body.equals(pixels));
  const wave = await web.ask(path(waveUri), { headers: alone });
  assert.ok(wave.body.equals(new Uint8Array(5000).fill(7)));
  assert.equal(wave.headers.get('content-length'), '5000');
  const range = await web.ask(path(pixelUri), { headers: { ...alone, range: 'bytes=100-299' } });
  assert.deepEqual([range.status, range.headers.get('content-range')], [206, `bytes 100-299/${pixels.length}`]);
  assert.ok(range.body.equals(pixels.subarray(100, 300)));
  const [part] = await partsOf(await web.ask(path(waveUri)));
  assert.deepEqual([part?.type, part?.location, part?.bytes.length], ['application/octet-stream', waveUri, 5000]);
  const head = await web.ask(path(waveUri), { method: 'HEAD', headers: alone });
  assert.deepEqual([head.status, head.body.length, head.headers.get('content-length')], [200, 0, '5000']);
});

test('pixel data of a study has one part for each native instance', async () => {
  await using web = await webHouse();
  await web.keep(imageInstance(), makeInstance({ study: 2 }));
  const parts = await partsOf(await web.ask('/studies/1.2.3.1/pixeldata'));
  assert.equal(parts.length, 1);
  assert.ok(parts[0]?.bytes.equals(pixels));
});
