/** Stores of metadata with bulk data, in JSON and XML: the same instance as by file, and what hostile documents meet. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  explicitLittleEndian,
  makeInstance,
  readInstance,
  retrieveStudy,
  type TestInstance,
} from '../../../backends/backend.test-support.ts';
import type { DataSet } from '../../../dicom/data-set.ts';
import { readDataSet, writeDataSet } from '../../../dicom/data-set-codec.ts';
import { Tags } from '../../../dicom/dictionary/dictionary.ts';
import { formatElementPath } from '../../../dicom/models/element-path.ts';
import { type ModelFormat, writeModel } from '../../../dicom/models/write-model.ts';
import { TransferSyntaxes as T } from '../../../dicom/transfer-syntax.ts';
import { LeadglassError } from '../../../error.ts';
import { limits } from '../../../limits.ts';
import { HttpError } from '../http/http-error.ts';
import { pieces, uid, webHouse, type WebHouse } from './handlers.test-support.ts';

interface Sent {
  readonly type: string;
  readonly location?: string;
  readonly bytes: Uint8Array;
  readonly saysLength?: boolean;
}

const json = 'application/dicom+json';
const xml = 'application/dicom+xml';
const octets = 'application/octet-stream';

async function post(web: WebHouse, type: string, parts: readonly Sent[], url = '/studies') {
  const written = parts.map(({ type: ofPart, location, bytes, saysLength = true }) => {
    const lines = [`--b`, `Content-Type: ${ofPart}`];
    if (location !== undefined) lines.push(`Content-Location: ${location}`);
    if (saysLength) lines.push(`Content-Length: ${bytes.length}`);
    return Buffer.concat([Buffer.from(`${lines.join('\r\n')}\r\n\r\n`), bytes, Buffer.from('\r\n')]);
  });
  const body = Buffer.concat([...written, Buffer.from('--b--\r\n')]);
  const headers = { 'content-type': `multipart/related; type="${type}"; boundary=b` };
  const answer = await web.ask(url, { method: 'POST', headers, body: pieces(body, 700) });
  const module = JSON.parse(answer.body.toString());
  const list = (tag: string): readonly Record<string, { Value: readonly unknown[] }>[] => module[tag]?.Value ?? [];
  return {
    status: answer.status,
    stored: list('00081199').map((item) => item['00081155']?.Value[0]),
    failed: list('00081198').map((item) => [item['00081155']?.Value[0], item['00081197']?.Value[0]]),
    others: list('0008119A').map((item) => item['00081197']?.Value[0]),
  };
}

/** Pixels and overlays of an instance as bulk data. */
function document(format: ModelFormat, instance: TestInstance): Uint8Array {
  const uriOf = (path: readonly number[]): string => uriAt(instance, path);
  const bulkData = { inlineBulkBytesMax: 100, uriOf };
  return writeModel(format, readInstance(instance.bytes), { limits: limits.model, bulkData });
}

const uriAt = ({ sopInstanceUid }: TestInstance, path: readonly number[]): string =>
  `bulk/${sopInstanceUid}/${formatElementPath(path)}`;
const bulk = (instance: TestInstance, tag: number, saysLength = true): Sent => ({
  type: octets,
  location: uriAt(instance, [tag]),
  bytes: valueOf(readInstance(instance.bytes), tag),
  saysLength,
});
const array = (...documents: readonly Uint8Array[]): Sent => ({
  type: json,
  bytes: Buffer.from(`[${documents.map((bytes) => Buffer.from(bytes).toString()).join(',')}]`),
});

function valueOf(dataSet: DataSet, tag: number): Uint8Array {
  const value = dataSet.get(tag)?.value;
  assert.ok(value instanceof Uint8Array);
  return value;
}

/** With an overlay, whose tag is lower than that of the pixels. */
function instanceWithOverlay(instance: number): TestInstance {
  const made = makeInstance({ instance, pixels: 4000, patientName: 'Å^B' });
  const dataSet = readInstance(made.bytes).setBytes(Tags.OverlayData, 'OW', new Uint8Array(1000).fill(instance));
  return { ...made, bytes: writeDataSet(dataSet, explicitLittleEndian) };
}

test('metadata and bulk data become the instance that they were made of, bit for bit', async () => {
  for (const format of ['json', 'xml'] as const) {
    await using web = await webHouse();
    const [one, two] = [instanceWithOverlay(1), instanceWithOverlay(2)];
    const documents = [document(format, one), document(format, two)];
    const metadata = format === 'json' ? [array(...documents)] : documents.map((bytes) => ({ type: xml, bytes }));
    const parts = [one, two].flatMap((instance) => [bulk(instance, Tags.OverlayData), bulk(instance, Tags.PixelData)]);
    const answer = await post(web, format === 'json' ? json : xml, [...metadata, ...parts]);
    assert.deepEqual(answer, { status: 200, stored: [one.sopInstanceUid, two.sopInstanceUid], failed: [], others: [] });
    const back = await retrieveStudy(web.backend, one.studyInstanceUid);
    assert.ok(back[0]?.bytes.equals(one.bytes) && back[1]?.bytes.equals(two.bytes), format);
  }
});

test('parts in any order, with and without their lengths, come to their places', async () => {
  const [one, two] = [instanceWithOverlay(1), instanceWithOverlay(2)];
  const metadata = array(document('json', one), document('json', two));
  for (const parts of [
    [bulk(one, Tags.PixelData), bulk(one, Tags.OverlayData), bulk(two, Tags.PixelData), bulk(two, Tags.OverlayData)],
    [bulk(two, Tags.PixelData), bulk(two, Tags.OverlayData), bulk(one, Tags.PixelData), bulk(one, Tags.OverlayData)],
    [
      bulk(one, Tags.OverlayData, false),
      bulk(one, Tags.PixelData, false),
      bulk(two, Tags.OverlayData),
      bulk(two, Tags.PixelData, false),
    ],
  ]) {
    await using web = await webHouse();
    assert.equal((await post(web, json, [metadata, ...parts])).status, 200);
    const back = await retrieveStudy(web.backend, one.studyInstanceUid);
    assert.ok(back[0]?.bytes.equals(one.bytes) && back[1]?.bytes.equals(two.bytes));
  }
});

test('compressed frames are encapsulated as they came', async () => {
  await using web = await webHouse();
  const made = makeInstance({ pixels: 5000 });
  const dataSet = readInstance(made.bytes).setText(Tags.NumberOfFrames, 'IS', '2');
  const instance = { ...made, bytes: writeDataSet(dataSet, explicitLittleEndian) };
  const location = uriAt(instance, [Tags.PixelData]);
  const frames = [Uint8Array.of(0xff, 0xd8, 0xff, 1, 2), Uint8Array.of(0xff, 0xd8, 0xff, 3, 4, 5)];
  const type = `image/jpeg; transfer-syntax=${T.JPEGBaseline8Bit}`;
  const parts = frames.map((bytes) => ({ type, location, bytes }));
  assert.equal((await post(web, json, [array(document('json', instance)), ...parts])).status, 200);
  const [back] = await retrieveStudy(web.backend, instance.studyInstanceUid);
  const stored = readDataSet(back?.bytes ?? Buffer.alloc(0), {
    transferSyntaxUid: T.JPEGBaseline8Bit,
    limits: limits.dataSet,
  });
  const { fragments = [] } = stored.get(Tags.PixelData) ?? {};
  assert.deepEqual(
    fragments.map((fragment) => [...fragment]),
    [[], [...(frames[0] ?? []), 0], [...(frames[1] ?? [])]],
  );
});

test('a missing part, a part too much, other types and a wrong study are told', async () => {
  await using web = await webHouse();
  const [one, two] = [instanceWithOverlay(1), instanceWithOverlay(2)];
  const both = array(document('json', one), document('json', two));
  const ofTwo = [bulk(two, Tags.OverlayData), bulk(two, Tags.PixelData)];
  const missing = await post(web, json, [both, bulk(one, Tags.PixelData), ...ofTwo]);
  assert.deepEqual(
    [missing.status, missing.stored, missing.failed.length + missing.others.length],
    [202, [two.sopInstanceUid], 1],
  );
  const extra = { type: octets, location: 'bulk/other', bytes: new Uint8Array(9) };
  const tooMuch = await post(web, json, [array(document('json', two)), extra, ...ofTwo]);
  assert.deepEqual([tooMuch.status, tooMuch.stored, tooMuch.others], [202, [two.sopInstanceUid], [0xc000]]);
  const png = { ...bulk(one, Tags.PixelData), type: 'image/png' };
  const other = await post(web, json, [array(document('json', one)), bulk(one, Tags.OverlayData), png]);
  assert.deepEqual([other.status, other.others], [409, [0xc122]]);
  const wrong = await post(web, json, [array(document('json', two)), ...ofTwo], '/studies/1.2.3.9');
  assert.deepEqual([wrong.status, wrong.failed], [409, [[two.sopInstanceUid, 0xa901]]]);
});

test('hostile: documents that are none, bombs, entities, foreign URIs', async () => {
  await using web = await webHouse();
  const code =
    (...codes: readonly string[]) =>
    (error: unknown) =>
      error instanceof LeadglassError && codes.includes(error.code);
  const sent = (type: string, text: string) => post(web, type, [{ type, bytes: Buffer.from(text) }]);
  await assert.rejects(sent(json, '[{"00080016":'), code('MALFORMED'));
  await assert.rejects(sent(json, '['.repeat(100_000)), code('MALFORMED', 'LIMIT_EXCEEDED'));
  await assert.rejects(sent(json, `[${'{},'.repeat(200_000)}{}]`), code('LIMIT_EXCEEDED'));
  const nested = '{"0040A730":{"vr":"SQ","Value":['.repeat(200);
  await assert.rejects(sent(json, `[${nested}`), code('MALFORMED', 'LIMIT_EXCEEDED'));
  const doctype =
    '<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a SYSTEM "file:///etc/passwd">]><NativeDicomModel>&a;</NativeDicomModel>';
  await assert.rejects(sent(xml, doctype), code('MALFORMED'));
  await assert.rejects(sent(json, '[]'), code('BAD_REQUEST'));
  const { sopInstanceUid, studyInstanceUid } = makeInstance();
  const foreign = JSON.stringify([
    {
      '00080016': { vr: 'UI', Value: ['1.2.840.10008.5.1.4.1.1.2'] },
      '00080018': { vr: 'UI', Value: [sopInstanceUid] },
      '0020000D': { vr: 'UI', Value: [studyInstanceUid] },
      '7FE00010': { vr: 'OW', BulkDataURI: 'http://169.254.169.254/latest/meta-data' },
    },
  ]);
  const answer = await sent(json, foreign);
  assert.deepEqual([answer.status, answer.others], [409, [0xc000]]);
  await assert.rejects(sent('application/json', '[]'), (error) => error instanceof HttpError && error.status === 415);
  assert.equal((await retrieveStudy(web.backend, uid('1.2.3.1'))).length, 0);
});

test('hostile: bulk data that has to wait is bounded', async () => {
  await using web = await webHouse({ limits: { ...limits, web: { ...limits.web, waitingBulkBytesMax: 3000 } } });
  const one = instanceWithOverlay(1);
  const late = [bulk(one, Tags.PixelData, false), bulk(one, Tags.OverlayData)];
  const answer = await post(web, json, [array(document('json', one)), ...late]);
  assert.deepEqual([answer.status, answer.others], [409, [0xc001]]);
  const inOrder = [bulk(one, Tags.OverlayData), bulk(one, Tags.PixelData)];
  assert.equal((await post(web, json, [array(document('json', one)), ...inOrder])).status, 200);
});
