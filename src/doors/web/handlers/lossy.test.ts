/** Lossy representations through the handlers: for who names the transfer syntax, and for nobody else. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readDataSet } from '../../../dicom/data-set-codec.ts';
import { Tags } from '../../../dicom/dictionary/dictionary.ts';
import { readPart10Head } from '../../../dicom/part10.ts';
import { TransferSyntaxes as T } from '../../../dicom/transfer-syntax.ts';
import { limits } from '../../../limits.ts';
import { servicesInThread } from '../../../transcoding/transcoding.test-support.ts';
import { HttpError } from '../http/http-error.ts';
import { baseUrl, partsOf, webHouse } from './handlers.test-support.ts';
import { imageInstance } from './images.test-support.ts';

const study = '/studies/1.2.3.1';
const one = `${study}/series/1.2.3.1.1/instances/1.2.3.1.1.1`;
const related = (type: string, syntax: string) => ({
  accept: `multipart/related; type="${type}"; transfer-syntax=${syntax}`,
});
const not = (error: unknown) => error instanceof HttpError && error.status === 406;

test('frames, pixel data and bulk data have the lossy syntaxes that are named', async () => {
  await using web = await webHouse({ transcoding: servicesInThread() });
  await web.keep(imageInstance());
  for (const [type, syntax] of [
    ['image/jls', T.JPEGLSNearLossless],
    ['image/jp2', T.JPEG2000],
    ['image/jphc', T.HTJ2K],
  ] as const) {
    for (const resource of [`${one}/frames/1,2,3`, `${study}/pixeldata`, `${one}/bulkdata/7FE00010`, one]) {
      const parts = await partsOf(await web.ask(resource, { headers: related(type, syntax) }));
      assert.deepEqual(
        parts.map((part) => [part.type, part.transferSyntax, part.location]),
        [1, 2, 3].map((frame) => [type, syntax, `${baseUrl}${one}/frames/${frame}`]),
      );
    }
  }
  // Twelve bits have no baseline.
  await assert.rejects(web.ask(`${one}/frames/1`, { headers: related('image/jpeg', T.JPEGBaseline8Bit) }), not);
});

test('a file in a lossy syntax is another instance, the same one each time, and says which it came from', async () => {
  await using web = await webHouse({ transcoding: servicesInThread() });
  await web.keep(imageInstance());
  const uids = new Set<string | undefined>();
  for (const [headers, isMultipart] of [
    [{ accept: `application/dicom; transfer-syntax=${T.JPEG2000}` }, false],
    [related('application/dicom', T.JPEG2000), true],
  ] as const) {
    const answer = await web.ask(one, { headers });
    const file = isMultipart ? (await partsOf(answer))[0]?.bytes : answer.body;
    assert.ok(file !== undefined);
    const head = readPart10Head(file, { limits: limits.part10, isWhole: true });
    assert.ok(head.state === 'whole');
    const { transferSyntaxUid, headLength } = head;
    assert.equal(transferSyntaxUid, T.JPEG2000);
    const dataSet = readDataSet(file.subarray(headLength), { transferSyntaxUid, limits: limits.dataSet });
    const uid = dataSet.text(Tags.SOPInstanceUID);
    assert.ok(uid?.startsWith('2.25.') && file.includes(uid));
    uids.add(uid);
    assert.equal(dataSet.items(Tags.SourceImageSequence)[0]?.text(Tags.ReferencedSOPInstanceUID), '1.2.3.1.1.1');
  }
  assert.equal(uids.size, 1);
});

test('neither any syntax nor the default one of a media type is a lossy one that would have to be made', async () => {
  await using web = await webHouse({ transcoding: servicesInThread() });
  await web.keep(imageInstance());
  for (const accept of ['image/jpeg', 'multipart/related; type="image/jpeg"; transfer-syntax=*']) {
    await assert.rejects(web.ask(`${one}/frames/1`, { headers: { accept } }), not);
  }
  const [part] = await partsOf(await web.ask(`${one}/frames/1`, { headers: related('image/jp2', '*') }));
  assert.equal(part?.transferSyntax, T.JPEG2000Lossless);
});

test('without codecs there is no lossy form', async () => {
  await using web = await webHouse();
  await web.keep(imageInstance());
  await assert.rejects(web.ask(`${one}/frames/1`, { headers: related('image/jp2', T.JPEG2000) }), not);
});
