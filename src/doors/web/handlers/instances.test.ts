/** Studies, series and instances as files through the handler: bytes, forms, conditions, what the ledger says. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { makeInstance, readInstance, type TestInstance } from '../../../backends/backend.test-support.ts';
import { readDataSet } from '../../../dicom/data-set-codec.ts';
import { readPart10Head } from '../../../dicom/part10.ts';
import { transcode } from '../../../dicom/transcode.ts';
import { TransferSyntaxes } from '../../../dicom/transfer-syntax.ts';
import { LeadglassError } from '../../../error.ts';
import { limits } from '../../../limits.ts';
import { HttpError } from '../http/http-error.ts';
import { baseUrl, partsOf, pieces, webHouse } from './handlers.test-support.ts';

const one = '/studies/1.2.3.1/series/1.2.3.1.1/instances/1.2.3.1.1.1';
const single = { accept: 'application/dicom' };

/** What stands behind the head of a file. */
function dataSetOf(file: Uint8Array): { readonly bytes: Buffer; readonly transferSyntaxUid: string } {
  const head = readPart10Head(file, { limits: limits.part10, isWhole: true });
  assert.ok(head.state === 'whole');
  return { bytes: Buffer.from(file.subarray(head.headLength)), transferSyntaxUid: head.transferSyntaxUid };
}

async function stored(instance: TestInstance, transferSyntaxUid: string): Promise<TestInstance> {
  const options = { from: TransferSyntaxes.ExplicitVrLittleEndian, to: transferSyntaxUid, limits: limits.dataSet };
  const chunks = await Array.fromAsync(transcode(pieces(instance.bytes), options));
  const operation = { ...instance.operation, transferSyntaxUid: TransferSyntaxes.ImplicitVrLittleEndian };
  return { ...instance, bytes: Buffer.concat(chunks), operation };
}

test('a study leaves as one message part for each instance, bit for bit as it is stored', async () => {
  await using web = await webHouse();
  const kept = [makeInstance(), makeInstance({ series: 2, pixels: 300_000 }), makeInstance({ series: 2, instance: 2 })];
  await web.keep(...kept, makeInstance({ study: 2 }));
  const answer = await web.ask('/studies/1.2.3.1');
  assert.equal(answer.status, 200);
  assert.match(answer.headers.get('content-type') ?? '', /^multipart\/related; type="application\/dicom"; boundary=/);
  assert.equal(answer.headers.get('content-length'), String(answer.body.length));
  const parts = await partsOf(answer);
  assert.equal(parts.length, 3);
  for (const [index, part] of parts.entries()) {
    const { bytes, transferSyntaxUid } = dataSetOf(part.bytes);
    assert.ok(bytes.equals(kept[index]?.bytes ?? Buffer.alloc(0)));
    assert.equal(transferSyntaxUid, TransferSyntaxes.ExplicitVrLittleEndian);
    assert.equal(part.transferSyntax, TransferSyntaxes.ExplicitVrLittleEndian);
    assert.ok(part.bytes.subarray(0, 128).every((byte) => byte === 0));
  }
  assert.equal(parts[2]?.location, `${baseUrl}/studies/1.2.3.1/series/1.2.3.1.2/instances/1.2.3.1.2.2`);
  assert.equal((await partsOf(await web.ask('/studies/1.2.3.1/series/1.2.3.1.2'))).length, 2);
  await web.session.end('test');
  assert.ok(web.house.ledger.codes.includes('110104 0'), String(web.house.ledger.codes));
});

test('an instance comes alone to who asks for it alone, and knows its digest', async () => {
  await using web = await webHouse();
  const instance = makeInstance({ pixels: 200_000 });
  await web.keep(instance);
  const answer = await web.ask(one, { headers: single });
  assert.equal(answer.headers.get('content-type'), 'application/dicom; transfer-syntax=1.2.840.10008.1.2.1');
  assert.ok(dataSetOf(answer.body).bytes.equals(instance.bytes));
  assert.equal(answer.headers.get('content-length'), String(answer.body.length));
  const tag = answer.headers.get('etag') ?? '';
  const again = await web.ask(one, { headers: { ...single, 'if-none-match': tag } });
  assert.deepEqual([again.status, again.body.length, again.headers.get('etag')], [304, 0, tag]);
  const head = await web.ask(one, { method: 'HEAD', headers: single });
  assert.deepEqual(
    [head.status, head.body.length, head.headers.get('content-length')],
    [200, 0, String(answer.body.length)],
  );
  await assert.rejects(
    web.ask(one, { headers: { ...single, 'if-match': '"other"' } }),
    (error) => error instanceof HttpError && error.status === 412,
  );
  assert.equal((await partsOf(await web.ask(one))).length, 1);
});

test('ranges of a single file are its bytes, over the seam of head and data set too', async () => {
  await using web = await webHouse();
  await web.keep(makeInstance({ pixels: 200_000 }));
  const { body, headers } = await web.ask(one, { headers: single });
  const ask = (range: string) => web.ask(one, { headers: { ...single, range } });
  for (const [range, first, last] of [
    ['bytes=0-9', 0, 9],
    ['bytes=100-1000', 100, 1000],
    ['bytes=150000-', 150_000, body.length - 1],
    ['bytes=-5', body.length - 5, body.length - 1],
  ] as const) {
    const part = await ask(range);
    assert.equal(part.status, 206);
    assert.equal(part.headers.get('content-range'), `bytes ${first}-${last}/${body.length}`);
    assert.ok(part.body.equals(body.subarray(first, last + 1)), range);
  }
  assert.match((await ask('bytes=0-1,500-600')).headers.get('content-type') ?? '', /^multipart\/byteranges/);
  await assert.rejects(ask(`bytes=${body.length}-`), (error) => error instanceof HttpError && error.status === 416);
  const other = await web.ask(one, { headers: { ...single, range: 'bytes=0-9', 'if-range': '"old"' } });
  assert.equal(other.status, 200);
  assert.equal(headers.get('accept-ranges'), 'bytes');
});

test('what is stored in implicit VR leaves in explicit VR, deflated or as it is asked for', async () => {
  await using web = await webHouse();
  const instance = makeInstance({ pixels: 5000 });
  await web.keep(await stored(instance, TransferSyntaxes.ImplicitVrLittleEndian));
  const plain = await web.ask(one, { headers: single });
  assert.ok(dataSetOf(plain.body).bytes.equals(instance.bytes));
  assert.equal(plain.headers.get('content-length'), undefined);
  const accept = `application/dicom; transfer-syntax=${TransferSyntaxes.DeflatedExplicitVrLittleEndian}`;
  const deflated = dataSetOf((await web.ask(one, { headers: { accept } })).body);
  const back = readDataSet(deflated.bytes, { ...deflated, limits: limits.dataSet });
  assert.deepEqual(back, readInstance(instance.bytes));
  // 8.7.3: implicit VR is never sent.
  const implicit = `application/dicom; transfer-syntax=${TransferSyntaxes.ImplicitVrLittleEndian}`;
  await assert.rejects(
    web.ask(one, { headers: { accept: implicit } }),
    (error) => error instanceof HttpError && error.status === 406,
  );
  const parts = await partsOf(await web.ask('/studies/1.2.3.1'));
  assert.ok(dataSetOf(parts[0]?.bytes ?? Buffer.alloc(0)).bytes.equals(instance.bytes));
});

const answered = (): never => assert.fail('it was answered');

test('what is unknown and what is forbidden are the same error', async () => {
  await using web = await webHouse();
  await web.keep(makeInstance());
  const session = await web.sessionOf({ name: 'MRONLY', purpose: 'reading', scope: { modalities: ['MR'] } });
  const errors = [];
  for (const path of ['/studies/1.2.3.1', '/studies/1.2.3.7', one, '/studies/1.2.3.7/series/1.2.3.1.1', `${one}.1`]) {
    errors.push(await web.ask(path, { session }).then(answered, (error: unknown) => error));
  }
  // A UID of the path that does not belong to the others.
  errors.push(await web.ask('/studies/1.2.3.1/series/1.2.3.2.1').then(answered, (error: unknown) => error));
  for (const error of errors) {
    assert.ok(error instanceof LeadglassError);
    assert.deepEqual([error.code, error.message], ['NOT_FOUND', 'There is no such resource']);
  }
});

test('a body that is given up, or never begun, ends its admission as cancelled', async () => {
  await using web = await webHouse();
  await web.keep(makeInstance({ pixels: 3_000_000 }), makeInstance({ instance: 2 }));
  const { body } = await web.open('/studies/1.2.3.1');
  assert.ok(body !== undefined && !(body instanceof Uint8Array));
  for await (const chunk of body) {
    if (chunk.length > 0) break;
  }
  const gone = new AbortController();
  const never = await web.open('/studies/1.2.3.1', { signal: gone.signal });
  gone.abort();
  assert.ok(never.body !== undefined && !(never.body instanceof Uint8Array));
  await assert.rejects(Array.fromAsync(never.body), (error) => error instanceof LeadglassError);
  await web.session.end('test');
  assert.ok(
    web.house.ledger.codes.some((code) => code.endsWith(' 8')),
    String(web.house.ledger.codes),
  );
});

test('nothing leaves when the ledger cannot be written', async () => {
  await using web = await webHouse();
  await web.keep(makeInstance());
  web.house.ledger.fails = true;
  await assert.rejects(
    web.open('/studies/1.2.3.1'),
    (error) => error instanceof LeadglassError && error.code === 'LEDGER_UNAVAILABLE',
  );
  web.house.ledger.fails = false;
});
