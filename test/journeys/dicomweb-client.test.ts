/**
 * dicomweb-client, the library under most browser viewers, over HTTPS against a server of its own: it stores, searches and
 * retrieves in every way that it knows, once by certificate and once by token; what comes back is compared with what was stored.
 */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { part10Of, type SyntheticInstance, syntheticInstances } from '../../src/cli/demo/synthetic.ts';
import { readDataSet } from '../../src/dicom/data-set-codec.ts';
import type { JsonObject } from '../../src/dicom/models/models.test-support.ts';
import { Tags } from '../../src/dicom/dictionary/dictionary.ts';
import { limits } from '../../src/limits.ts';
import { type DicomWebClient, type InstanceRef, type Proof, withDicomWebClient } from '../support/dicomweb-client.ts';
import { cutBytes, uidOf } from '../support/dicom-files.ts';
import { Leadglass } from '../support/leadglass.ts';

interface Sent extends SyntheticInstance {
  readonly ref: InstanceRef;
  readonly file: ArrayBuffer;
  /** Value of Pixel Data; empty where there is none. */
  readonly pixels: Uint8Array;
}

function studies(): readonly Sent[] {
  let count = 0;
  const newUid = (): ReturnType<typeof uidOf> => uidOf(`dicomweb-client ${(count += 1)}`);
  return [...syntheticInstances({ newUid, studyDate: '20261125', ctSlices: 4, size: 64 })].map((instance) => {
    const { transferSyntaxUid } = instance;
    const dataSet = readDataSet(instance.dataSet, { transferSyntaxUid, limits: limits.dataSet });
    const pixels = dataSet.get(Tags.PixelData)?.value;
    return {
      ...instance,
      ref: {
        studyInstanceUID: instance.studyInstanceUid,
        seriesInstanceUID: dataSet.text(Tags.SeriesInstanceUID) ?? '',
        sopInstanceUID: instance.sopInstanceUid,
      },
      file: ownBuffer(part10Of(instance)),
      pixels: pixels instanceof Uint8Array ? pixels : new Uint8Array(),
    };
  });
}

/** Not a view of a larger one. */
function ownBuffer(bytes: Uint8Array): ArrayBuffer {
  const buffer = new ArrayBuffer(bytes.length);
  new Uint8Array(buffer).set(bytes);
  return buffer;
}

const value = (found: JsonObject | undefined, tag: string): unknown => found?.[tag]?.Value?.[0];
const isSame = (a: ArrayBuffer | Uint8Array, b: ArrayBuffer | Uint8Array): boolean =>
  Buffer.compare(new Uint8Array(a), new Uint8Array(b)) === 0;
const named = (sent: readonly Sent[], name: string): Sent =>
  sent.find((each) => each.name === name) ?? assert.fail(name);

function assertSameFile(received: ArrayBuffer | undefined, { name, dataSet }: Sent): void {
  assert.ok(received !== undefined, name);
  assert.ok(isSame(cutBytes(Buffer.from(received)).dataSet, dataSet), `${name}: other bytes came back`);
}

/** In any order. */
function assertSameFiles(received: readonly ArrayBuffer[], sent: readonly Sent[]): void {
  assert.equal(received.length, sent.length);
  for (const instance of sent) {
    const found = received.find((file) => cutBytes(Buffer.from(file)).sopInstanceUid === instance.sopInstanceUid);
    assertSameFile(found, instance);
  }
}

async function stores(client: DicomWebClient, sent: readonly Sent[]): Promise<void> {
  const answer: JsonObject = JSON.parse(await client.storeInstances({ datasets: sent.map(({ file }) => file) }));
  assert.equal(answer['00081199']?.Value?.length, sent.length);
  assert.equal(answer['00081198'], undefined);
  const ct = sent.filter(({ modality }) => modality === 'CT');
  const { studyInstanceUID } = named(ct, 'ct-01').ref;
  // Again, into the one study that they belong to: nothing changes.
  await client.storeInstances({ studyInstanceUID, datasets: ct.map(({ file }) => file) });
}

async function searches(client: DicomWebClient, sent: readonly Sent[]): Promise<void> {
  const { ref } = named(sent, 'ct-01');
  const all = await client.searchForStudies();
  assert.deepEqual(
    new Set(all.map((study) => value(study, '0020000D'))),
    new Set(sent.map(({ studyInstanceUid }) => studyInstanceUid)),
  );
  const queryParams = { PatientName: 'demo*', ModalitiesInStudy: 'CT', includefield: 'StudyDescription', limit: '5' };
  const [study, ...others] = await client.searchForStudies({ queryParams });
  assert.equal(others.length, 0);
  assert.equal(value(study, '0020000D'), ref.studyInstanceUID);
  assert.equal(value(study, '00081030'), 'CT phantom');
  const series = await client.searchForSeries({ studyInstanceUID: ref.studyInstanceUID });
  assert.deepEqual(new Set(series.map((one) => value(one, '00080060'))), new Set(['CT', 'SEG', 'SR']));
  const slices = await client.searchForInstances({
    studyInstanceUID: ref.studyInstanceUID,
    seriesInstanceUID: ref.seriesInstanceUID,
  });
  const cts = sent.filter(({ modality }) => modality === 'CT');
  assert.deepEqual(
    new Set(slices.map((one) => value(one, '00080018'))),
    new Set(cts.map(({ sopInstanceUid }) => sopInstanceUid)),
  );
  assert.equal((await client.searchForInstances()).length, sent.length);
  assert.deepEqual(await client.searchForStudies({ queryParams: { PatientID: 'NOBODY' } }), []);
}

async function describes(client: DicomWebClient, sent: readonly Sent[]): Promise<void> {
  const { ref } = named(sent, 'ct-01');
  const inStudy = sent.filter(({ studyInstanceUid }) => studyInstanceUid === ref.studyInstanceUID);
  assert.equal((await client.retrieveStudyMetadata(ref)).length, inStudy.length);
  assert.equal((await client.retrieveSeriesMetadata(ref)).length, 4);
  for (const each of sent) {
    const [metadata] = await client.retrieveInstanceMetadata(each.ref);
    assert.equal(value(metadata, '00080018'), each.sopInstanceUid);
    const uri = metadata?.['7FE00010']?.BulkDataURI;
    assert.equal(uri !== undefined, each.pixels.length > 0, each.name);
    if (uri === undefined) continue;
    const [whole] = await client.retrieveBulkData({ BulkDataURI: uri });
    assert.ok(whole !== undefined && isSame(whole, each.pixels), `${each.name}: other bulk data`);
  }
}

async function retrieves(client: DicomWebClient, sent: readonly Sent[]): Promise<void> {
  const { ref } = named(sent, 'ct-01');
  for (const each of sent) assertSameFile(await client.retrieveInstance(each.ref), each);
  const inStudy = sent.filter(({ studyInstanceUid }) => studyInstanceUid === ref.studyInstanceUID);
  assertSameFiles(await client.retrieveStudy(ref), inStudy);
  const inSeries = inStudy.filter(({ modality }) => modality === 'CT');
  assertSameFiles(await client.retrieveSeries(ref), inSeries);
}

async function framesAndPictures(client: DicomWebClient, sent: readonly Sent[]): Promise<void> {
  const loop = named(sent, 'us-loop');
  const frameBytes = loop.pixels.length / 24;
  const frames = await client.retrieveInstanceFrames({ ...loop.ref, frameNumbers: [1, 2, 24] });
  assert.equal(frames.length, 3);
  for (const [index, number] of [1, 2, 24].entries()) {
    const expected = loop.pixels.subarray((number - 1) * frameBytes, number * frameBytes);
    assert.ok(isSame(frames[index] ?? new ArrayBuffer(), expected), `frame ${number} differs`);
  }
  const mediaTypes = [{ mediaType: 'image/jls', transferSyntaxUID: '1.2.840.10008.1.2.4.80' }];
  const [compressed] = await client.retrieveInstanceFrames({ ...loop.ref, frameNumbers: [1], mediaTypes });
  // ISO/IEC 14495-1: SOI, and then the frame header of JPEG-LS.
  assert.equal(Buffer.from(compressed ?? new ArrayBuffer()).toString('hex', 0, 4), 'ffd8fff7');

  const { ref } = named(sent, 'ct-02');
  const asPng = { mediaTypes: [{ mediaType: 'image/png' }] };
  const asJpeg = { mediaTypes: [{ mediaType: 'image/jpeg' }] };
  const queryParams = { viewport: '32,32', window: '40,400,linear' };
  for (const [picture, beginning] of [
    [await client.retrieveInstanceRendered({ ...ref, ...asPng }), '89504e47'],
    [await client.retrieveInstanceRendered({ ...ref, ...asJpeg, queryParams }), 'ffd8ff'],
    [await client.retrieveInstanceRendered(ref), 'ffd8ff'],
    [await client.retrieveInstanceThumbnail({ ...ref, ...asJpeg }), 'ffd8ff'],
    [await client.retrieveInstanceFramesRendered({ ...loop.ref, ...asPng, frameNumbers: [3] }), '89504e47'],
    [await client.retrieveInstanceFramesThumbnail({ ...loop.ref, ...asJpeg, frameNumbers: [3] }), 'ffd8ff'],
  ] as const) {
    assert.equal(Buffer.from(picture[0] ?? new ArrayBuffer()).toString('hex', 0, beginning.length / 2), beginning);
  }
}

test('dicomweb-client stores, searches and gets back what it stored, by certificate and by token', async (t) => {
  // The library tells there what it does, whatever its options say.
  t.mock.method(console, 'debug', () => undefined);
  await using leadglass = await Leadglass.start();
  const device = await leadglass.enrol('WEB1', 'archive', '--door', 'web');
  const file = (name: string): Buffer => readFileSync(join(device.folder, name));
  const { token, baseUrl } = await leadglass.json<{ token: string; baseUrl: string }>(
    ...['device', 'token', 'WEB1', '--reason', 'library'],
  );
  const ca = file('ca.pem');
  const sent = studies();
  const proofs: readonly Proof[] = [
    { ca, key: file('key.pem'), cert: file('cert.pem') },
    { ca, token },
  ];
  for (const proof of proofs) {
    await withDicomWebClient(baseUrl, proof, async (client) => {
      await stores(client, sent);
      await searches(client, sent);
      await describes(client, sent);
      await retrieves(client, sent);
      await framesAndPictures(client, sent);
    });
  }
  await withDicomWebClient(baseUrl, { ca, token: 'lgd_wrong' }, async (client) => {
    await assert.rejects(client.searchForStudies(), { status: 401 });
  });
});
