/** Bulk data of whole resources through the handler: every value that metadata has a URI for, in the form that is asked for. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { makeInstance } from '../../../backends/backend.test-support.ts';
import { TransferSyntaxes as T } from '../../../dicom/transfer-syntax.ts';
import { servicesInThread } from '../../../transcoding/transcoding.test-support.ts';
import { HttpError } from '../http/http-error.ts';
import { type Answered, baseUrl, partsOf, webHouse } from './handlers.test-support.ts';
import { frameBytes, imageInstance, pixels } from './images.test-support.ts';

const study = '/studies/1.2.3.1';
const one = `${study}/series/1.2.3.1.1/instances/1.2.3.1.1.1`;
const octets = 'application/octet-stream';
const related = (type: string, syntax?: string) => ({
  accept: `multipart/related; type="${type}"${syntax === undefined ? '' : `; transfer-syntax=${syntax}`}`,
});
const urisOf = (metadata: Answered): readonly (string | undefined)[] =>
  [...metadata.body.toString().matchAll(/"BulkDataURI":"([^"]+)"/g)].map(([, uri]) => uri);

test('a study, a series and an instance have all their bulk data, under the URIs of their metadata', async () => {
  await using web = await webHouse();
  await web.keep(imageInstance(), makeInstance({ series: 2, instance: 2, pixels: 3000 }), makeInstance({ study: 2 }));
  for (const resource of [study, `${study}/series/1.2.3.1.1`, one]) {
    const answer = await web.ask(`${resource}/bulkdata`);
    assert.equal(answer.status, 200);
    assert.match(answer.headers.get('content-type') ?? '', /^multipart\/related; type="application\/octet-stream"; /);
    const parts = await partsOf(answer);
    assert.deepEqual(
      parts.map(({ location }) => location),
      urisOf(await web.ask(`${resource}/metadata`)),
    );
    for (const { location = '', type, bytes } of parts) {
      const alone = await web.ask(location.slice(baseUrl.length), { headers: { accept: octets } });
      assert.equal(type, octets);
      assert.ok(bytes.equals(alone.body), location);
    }
  }
  assert.equal((await partsOf(await web.ask(`${study}/bulkdata`))).length, 3);
  await web.session.end('test');
  assert.ok(web.house.ledger.codes.includes('110104 0'), String(web.house.ledger.codes));
});

test('instances asked for as octets are their bulk data (10.4), studies and series too; by default they are files', async () => {
  await using web = await webHouse();
  await web.keep(imageInstance());
  for (const resource of [study, `${study}/series/1.2.3.1.1`, one]) {
    const parts = await partsOf(await web.ask(resource, { headers: related(octets) }));
    assert.deepEqual(
      parts.map(({ location, bytes }) => [location, bytes.length]),
      [
        [`${baseUrl}${one}/bulkdata/54000100/2/54001010`, 5000],
        [`${baseUrl}${one}/bulkdata/7FE00010`, pixels.length],
      ],
    );
    for (const accept of ['*/*', 'multipart/*', 'multipart/related']) {
      const [file] = await partsOf(await web.ask(resource, { headers: { accept } }));
      assert.equal(file?.type, 'application/dicom', accept);
    }
  }
  const preferred = `${related('application/dicom').accept}; q=0.5, ${related(octets).accept}`;
  const [first] = await partsOf(await web.ask(study, { headers: { accept: preferred } }));
  assert.equal(first?.type, octets);
});

test('compressed types have the frames of what can be had so, and are partial content', async () => {
  await using web = await webHouse({ transcoding: servicesInThread() });
  await web.keep(imageInstance());
  for (const resource of [study, one, `${study}/bulkdata`, `${one}/bulkdata`]) {
    const answer = await web.ask(resource, { headers: related('image/jls', T.JPEGLSLossless) });
    // The waveform has no such form.
    assert.equal(answer.status, 206);
    assert.deepEqual(
      (await partsOf(answer)).map(({ location, type, transferSyntax }) => [location, type, transferSyntax]),
      [1, 2, 3].map((frame) => [`${baseUrl}${one}/frames/${frame}`, 'image/jls', T.JPEGLSLossless]),
    );
  }
  const both = `${related('image/jls').accept}, ${related(octets).accept}; q=0.5`;
  const answer = await web.ask(`${one}/bulkdata`, { headers: { accept: both } });
  assert.equal(answer.status, 200);
  assert.deepEqual(
    (await partsOf(answer)).map(({ type }) => type),
    [octets, 'image/jls', 'image/jls', 'image/jls'],
  );
  const value = await partsOf(await web.ask(`${one}/bulkdata/7FE00010`, { headers: related('image/jls') }));
  assert.equal(value.length, 3);
});

test('stored frames come as they are stored; who wants octets gets them decoded', async () => {
  await using web = await webHouse({ transcoding: servicesInThread() });
  const accept = `application/dicom; transfer-syntax=${T.JPEG2000Lossless}`;
  await web.keep(imageInstance());
  const file = await web.ask(one, { headers: { accept } });
  await using other = await webHouse({ transcoding: servicesInThread() });
  const sent = (async function* () {
    yield file.body;
  })();
  await other.ask('/studies', { method: 'POST', headers: { 'content-type': 'application/dicom' }, body: sent });
  const decoded = await partsOf(await other.ask(`${study}/bulkdata`, { headers: related(octets) }));
  assert.deepEqual(
    decoded.map(({ location }) => location),
    [`${baseUrl}${one}/bulkdata/54000100/2/54001010`, `${baseUrl}${one}/bulkdata/7FE00010`],
  );
  assert.ok(decoded[1]?.bytes.equals(pixels));
  const frames = await partsOf(await other.ask(`${one}/bulkdata`, { headers: related('image/jp2') }));
  assert.equal(frames.length, 3);
  assert.ok(frames.every(({ bytes }) => bytes.length > 0 && bytes.length < frameBytes * 2));
});

test('what is acceptable in no form is 406, and a resource that is not there is not found', async () => {
  await using web = await webHouse();
  await web.keep(imageInstance());
  const not = (error: unknown) => error instanceof HttpError && error.status === 406;
  for (const resource of [`${study}/bulkdata`, one]) {
    await assert.rejects(web.ask(resource, { headers: related('image/jls') }), not);
    await assert.rejects(web.ask(resource, { headers: related(octets, T.ImplicitVrLittleEndian) }), not);
  }
  await assert.rejects(web.ask('/studies/1.2.3.9/bulkdata'), { code: 'NOT_FOUND' });
});

test('a resource without bulk data is a message without parts', async () => {
  await using web = await webHouse();
  await web.keep(makeInstance({ pixels: 0 }));
  assert.deepEqual(await partsOf(await web.ask(`${one}/bulkdata`)), []);
});

test('HEAD has no body, and a message that was given up is recorded as that', async () => {
  await using web = await webHouse();
  await web.keep(imageInstance());
  const head = await web.ask(`${one}/bulkdata`, { method: 'HEAD' });
  assert.deepEqual([head.status, head.body.length], [200, 0]);
  const { body } = await web.open(`${one}/bulkdata`);
  assert.ok(body !== undefined && !(body instanceof Uint8Array));
  for await (const _chunk of body) break;
  await web.session.end('test');
  assert.ok(web.house.ledger.codes.includes('110104 8'), String(web.house.ledger.codes));
});
