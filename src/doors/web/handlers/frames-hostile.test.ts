/** Frames as attackers ask for them, and frames that attack: lists that are none, images that lie, readers that hoard or leave. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { explicitLittleEndian, makeInstance, type TestInstance } from '../../../backends/backend.test-support.ts';
import { encodeRle } from '../../../codecs/rle.ts';
import { readDataSet, writeDataSet } from '../../../dicom/data-set-codec.ts';
import { Tags } from '../../../dicom/dictionary/dictionary.ts';
import { TransferSyntaxes as T } from '../../../dicom/transfer-syntax.ts';
import { LeadglassError } from '../../../error.ts';
import { limits } from '../../../limits.ts';
import { ConversionMemory } from '../../../transcoding/conversion-memory.ts';
import { codecsInThread } from '../../../transcoding/transcoding.test-support.ts';
import { partsOf, webHouse, type WebHouse } from './handlers.test-support.ts';

const one = '/studies/1.2.3.1/series/1.2.3.1.1/instances/1.2.3.1.1.1';
const side = 16;
const frameBytes = side * side * 2;
const pixelsOf = (frame: number) => Uint8Array.from({ length: frameBytes }, (_, at) => (at * 7 + frame) & 0xff);
const facts = {
  rows: side,
  columns: side,
  samplesPerPixel: 1,
  bitsAllocated: 16,
  bitsStored: 16,
  pixelRepresentation: 0,
  planarConfiguration: 0,
  photometricInterpretation: 'MONOCHROME2',
};
const rle = (frame: number) => encodeRle(pixelsOf(frame), facts);
/** A frame that says it has no segments. */
const broken = new Uint8Array(64);

/** Encapsulated in RLE; `says` is its Number of Frames. */
function imageOf(fragments: readonly Uint8Array[], says = fragments.length): TestInstance {
  const instance = makeInstance();
  const dataSet = readDataSet(instance.bytes, { transferSyntaxUid: explicitLittleEndian, limits: limits.dataSet });
  dataSet
    .setNumber(Tags.SamplesPerPixel, 'US', 1)
    .setText(Tags.PhotometricInterpretation, 'CS', 'MONOCHROME2')
    .setText(Tags.NumberOfFrames, 'IS', String(says))
    .setNumber(Tags.Rows, 'US', side)
    .setNumber(Tags.Columns, 'US', side)
    .setNumber(Tags.BitsAllocated, 'US', 16)
    .setNumber(Tags.BitsStored, 'US', 16)
    .setNumber(Tags.HighBit, 'US', 15)
    .setNumber(Tags.PixelRepresentation, 'US', 0)
    .set({ tag: Tags.PixelData, vr: 'OB', value: new Uint8Array(0), fragments: [new Uint8Array(0), ...fragments] });
  const transferSyntaxUid = T.RLELossless;
  const operation = { ...instance.operation, transferSyntaxUid };
  return { ...instance, operation, bytes: writeDataSet(dataSet, transferSyntaxUid) };
}

/** A house whose conversions share a memory of so many frames, three for each device. */
async function house(frames = 6): Promise<{ web: WebHouse; memory: ConversionMemory }> {
  const memory = new ConversionMemory({
    heldBytesMax: frames * frameBytes,
    heldBytesPerOwnerMax: 3 * frameBytes,
    memoryWaitMs: 50,
  });
  return { web: await webHouse({ transcoding: { codecs: codecsInThread, memory, limits } }), memory };
}
const decoded = { accept: 'multipart/related; type="application/octet-stream"' };
const alone = { accept: 'application/octet-stream' };
const stored = { accept: 'multipart/related; type="image/dicom-rle"; transfer-syntax=*' };

test('lists of frames that are none are refused before anything is admitted', async () => {
  const { web } = await house();
  await using _web = web;
  await web.keep(imageOf([rle(1), rle(2)]));
  const before = web.house.ledger.records.length;
  for (const list of [
    '0',
    '-1',
    '1,1',
    '2,1',
    '1,,2',
    ',1',
    '1,',
    '1-2',
    '1.0',
    '01',
    '1e3',
    '%D9%A1',
    '9999999999',
    '*',
    'all',
    '1;2',
    '1%202',
    '1%00',
    '1%0d%0a2',
  ]) {
    await assert.rejects(web.ask(`${one}/frames/${list}`, { headers: decoded }), { code: 'MALFORMED' }, list);
  }
  const flood = Array.from({ length: limits.web.framesMax + 1 }, (_, index) => index + 1).join(',');
  await assert.rejects(web.ask(`${one}/frames/${flood}`, { headers: decoded }), { code: 'LIMIT_EXCEEDED' });
  assert.equal(web.house.ledger.records.length, before);
});

test('frames beyond the last are not found, however many there are said to be', async () => {
  // The true number, and two lies: there are but two fragments.
  for (const says of [2, 1_000_000, 2_000_000_000]) {
    const { web, memory } = await house();
    await using _web = web;
    await web.keep(imageOf([rle(1), rle(2)], says));
    const failure = await web.ask(`${one}/frames/1,999999999`, { headers: decoded }).then(
      () => 'answered',
      (error: unknown) => (error instanceof LeadglassError ? error.code : String(error)),
    );
    assert.ok(['NOT_FOUND', 'MALFORMED', 'LIMIT_EXCEEDED'].includes(failure), `${says}: ${failure}`);
    assert.deepEqual([memory.heldBytes, web.held.count], [0, 0]);
  }
});

test('a damaged frame among good ones: alone it is an error, among others the message is cut off before it', async () => {
  const { web, memory } = await house();
  await using _web = web;
  await web.keep(imageOf([rle(1), broken, rle(3)]));
  await assert.rejects(web.ask(`${one}/frames/2`, { headers: alone }), { code: 'MALFORMED' });
  await assert.rejects(web.ask(`${one}/frames/1,2,3`, { headers: decoded }), { code: 'MALFORMED' });
  const { body } = await web.open(`${one}/frames/1,2,3`, { headers: decoded });
  assert.ok(body !== undefined && !(body instanceof Uint8Array));
  const came: Uint8Array[] = [];
  await assert.rejects(async () => {
    for await (const chunk of body) came.push(chunk);
  });
  const text = Buffer.concat(came);
  assert.ok(text.includes(pixelsOf(1)) && !text.includes(pixelsOf(3)));
  assert.doesNotMatch(text.toString('latin1'), /--\r\n$/, 'has no end');
  const parts = await partsOf(await web.ask(`${one}/frames/1,3`, { headers: decoded }));
  assert.ok(parts[0]?.bytes.equals(pixelsOf(1)) && parts[1]?.bytes.equals(pixelsOf(3)));
  assert.equal((await partsOf(await web.ask(`${one}/frames/1,2,3`, { headers: stored }))).length, 3);
  assert.deepEqual([memory.heldBytes, web.held.count], [0, 0]);
});

test('attack: who asks for frames and reads none of them holds a share, is told to come back, and others get theirs', async () => {
  const { web, memory } = await house();
  await using _web = web;
  await web.keep(imageOf([1, 2, 3, 4].map(rle)));
  const other = await web.sessionOf({ name: 'READ2', purpose: 'reading' });
  const gone = new AbortController();
  const hoarded: string[] = [];
  for (let count = 0; count < 5; count += 1) {
    const opened = web.open(`${one}/frames/1,2,3,4`, { headers: decoded, signal: gone.signal });
    hoarded.push(
      await opened.then(
        () => 'open',
        (error: unknown) => (error instanceof LeadglassError ? error.code : '?'),
      ),
    );
  }
  // The first holds the frame that waits and the one ahead of it.
  assert.deepEqual(hoarded, ['open', 'open', 'OUT_OF_RESOURCES', 'OUT_OF_RESOURCES', 'OUT_OF_RESOURCES']);
  assert.ok(memory.heldBytes <= 3 * frameBytes, String(memory.heldBytes));
  const parts = await partsOf(await web.ask(`${one}/frames/1,2,3,4`, { headers: decoded, session: other }));
  assert.equal(parts.length, 4);
  gone.abort();
  await new Promise((resolve) => setTimeout(resolve, 20));
  assert.deepEqual([memory.heldBytes, web.held.count], [0, 0]);
  assert.equal((await partsOf(await web.ask(`${one}/frames/1,2`, { headers: decoded }))).length, 2);
});

test('attack: readers that leave at any moment leave nothing behind', async () => {
  const { web, memory } = await house();
  await using _web = web;
  await web.keep(imageOf([1, 2, 3].map(rle)));
  for (const path of [`${one}/frames/1,2,3`, '/studies/1.2.3.1/pixeldata', `${one}/bulkdata/7FE00010`]) {
    for (let chunks = 0; chunks < 12; chunks += 1) {
      const gone = new AbortController();
      const { body } = await web.open(path, { headers: decoded, signal: gone.signal });
      assert.ok(body !== undefined && !(body instanceof Uint8Array));
      const reading = body[Symbol.asyncIterator]();
      for (let count = 0; count < chunks; count += 1) if ((await reading.next()).done === true) break;
      // Half of them with a word, half without.
      if (chunks % 2 === 0) gone.abort();
      else await reading.return?.();
      await new Promise((resolve) => setTimeout(resolve, 5));
      assert.deepEqual([memory.heldBytes, web.held.count], [0, 0], `${path} after ${chunks}`);
    }
  }
});

test('a right that ends stops frames before the next instance is touched', async () => {
  const { web } = await house();
  await using _web = web;
  await web.keep(imageOf([rle(1), rle(2)]));
  const session = await web.sessionOf({ name: 'READ2', purpose: 'reading' });
  const opening = web.house.store.openings().find(({ name }) => name === 'READ2');
  assert.ok(opening !== undefined);
  web.house.store.closeOpening(opening, { atMs: web.house.clock.nowMs, by: 'root', reason: 'test' });
  await assert.rejects(web.ask(`${one}/frames/1`, { headers: decoded, session }), { code: 'NOT_AUTHORIZED' });
});
