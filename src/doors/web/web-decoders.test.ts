/** Decoders that crash, hang, hoard or lie, behind the web door: their request ends with an error, and no other one notices. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { makeInstance } from '../../backends/backend.test-support.ts';
import { CodecPool } from '../../codecs/pool/codec-pool.ts';
import { importFiles } from '../../compose/compose.test-support.ts';
import { readDataSet, writeDataSet } from '../../dicom/data-set-codec.ts';
import { Tags } from '../../dicom/dictionary/dictionary.ts';
import { writePart10Head } from '../../dicom/part10.ts';
import { TransferSyntaxes as T } from '../../dicom/transfer-syntax.ts';
import { limits } from '../../limits.ts';
import { handlers } from './handlers/handlers.ts';
import { ask, ask2, connectHttp2, type Identity, openWebHouse, type WebHouse } from './web-door.test-support.ts';

const workerModule = new URL('../../codecs/pool/misbehaving-worker.test-support.ts', import.meta.url);
const deeds = ['loop', 'hog', 'exit', 'throw', 'short', 'other colours', 'other job', 'nothing', 'other code', 'rude'];
const wellBehaved = 'MONOCHROME2';

let codecs: CodecPool;
let web: WebHouse;
let identity: Identity;
let other: Identity;

/** An image of three frames; what its decoder does stands where its colours should. */
function imageOf(deed: string, study: number) {
  const instance = makeInstance({ study });
  const transferSyntaxUid = T.RLELossless;
  const dataSet = readDataSet(instance.bytes, {
    transferSyntaxUid: T.ExplicitVrLittleEndian,
    limits: limits.dataSet,
  });
  dataSet
    .setNumber(Tags.SamplesPerPixel, 'US', 1)
    .setText(Tags.PhotometricInterpretation, 'CS', deed)
    .setText(Tags.NumberOfFrames, 'IS', '3')
    .setNumber(Tags.Rows, 'US', 16)
    .setNumber(Tags.Columns, 'US', 16)
    .setNumber(Tags.BitsAllocated, 'US', 16)
    .setNumber(Tags.BitsStored, 'US', 16)
    .setNumber(Tags.HighBit, 'US', 15)
    .setNumber(Tags.PixelRepresentation, 'US', 0);
  const fragments = [new Uint8Array(0), ...[1, 2, 3].map((value) => new Uint8Array(128).fill(value))];
  dataSet.set({ tag: Tags.PixelData, vr: 'OB', value: new Uint8Array(0), fragments });
  const { sopClassUid, sopInstanceUid } = instance.operation;
  const head = writePart10Head({ sopClassUid, sopInstanceUid, transferSyntaxUid });
  return { file: Buffer.concat([head, writeDataSet(dataSet, transferSyntaxUid)]) };
}

before(async () => {
  const small = { frameMsMax: 2_000, frameMsPerMegasample: 0, heapMiBMax: 32 };
  codecs = CodecPool.start({ limits: { ...limits.codecs, ...small }, workersMax: 2, workerModule });
  web = await openWebHouse({ handlers, codecs });
  identity = await web.enrol('READ1');
  other = await web.enrol('READ2');
  const images = [wellBehaved, ...deeds].map((deed, index) => imageOf(deed, index + 1));
  const outcomes = await importFiles(web.house, ...images);
  assert.ok(outcomes.every((outcome) => outcome !== undefined));
});
after(async () => {
  await web[Symbol.asyncDispose]();
  await codecs.close();
});

const path = (study: number): string =>
  `/dicom-web/studies/1.2.3.${study}/series/1.2.3.${study}.1/instances/1.2.3.${study}.1.1`;
const decoded = { accept: 'multipart/related; type="application/octet-stream"' };
const file = { accept: `application/dicom; transfer-syntax=${T.ExplicitVrLittleEndian}` };

for (const [index, deed] of deeds.entries()) {
  const bad = path(index + 2);
  test(`attack: a decoder that does "${deed}" ends the request of its frame alone`, async () => {
    const session = await connectHttp2(web, { identity });
    const ill = ask2(session, `${bad}/frames/1`, { headers: decoded });
    // Of the same device on the same connection, and of another one.
    const well = Array.from({ length: 10 }, () => ask2(session, `${path(1)}/frames/2`, { headers: decoded }));
    const others = Array.from({ length: 10 }, () =>
      ask(web, `${path(1)}/frames/3`, { headers: decoded, identity: other }),
    );
    const searched = ask2(session, '/dicom-web/studies', { headers: { accept: 'application/dicom+json' } });
    for (const { status } of await Promise.all([...well, ...others, searched])) assert.equal(status, 200);
    const { status, text } = await ill;
    assert.ok([400, 413, 500, 503].includes(status), `${status} ${text}`);
    assert.ok(!text.includes('\u001b') && text.length < 1000);
    assert.equal((await ask2(session, `${path(1)}/frames/1`, { headers: decoded })).status, 200);
    session.destroy();
  });

  test(`attack: a decoder that does "${deed}" never ends an instance or a picture as if it were whole`, async () => {
    const converted = await ask(web, bad, { headers: file, identity }).catch(() => undefined);
    assert.ok(converted === undefined || converted.status >= 400, String(converted?.status));
    const picture = await ask(web, `${bad}/rendered`, { headers: { accept: 'image/jpeg' }, identity });
    assert.ok(picture.status >= 400, String(picture.status));
    const stored = { accept: 'application/dicom; transfer-syntax=*' };
    assert.equal(
      (await ask(web, bad, { headers: stored, identity })).status,
      200,
      'as it is stored it needs no decoder',
    );
    assert.equal(web.held.count, 0);
  });
}

test('attack: a hundred requests for frames whose decoder hangs do not keep another device from its own', async () => {
  const bad = path(2 + deeds.indexOf('loop'));
  const session = await connectHttp2(web, { identity });
  const hanging = Array.from({ length: 100 }, () =>
    ask2(session, `${bad}/frames/1`, { headers: decoded }).catch(() => undefined),
  );
  const started = performance.now();
  const { status } = await ask(web, `${path(1)}/frames/1`, { headers: decoded, identity: other });
  assert.equal(status, 200);
  // Behind the two that run at most.
  assert.ok(performance.now() - started < 10_000, `${performance.now() - started} ms`);
  session.destroy();
  await Promise.all(hanging);
  assert.equal((await ask(web, `${path(1)}/frames/1`, { headers: decoded, identity })).status, 200);
});
