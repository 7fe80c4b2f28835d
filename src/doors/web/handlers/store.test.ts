/** Stores through the handler: what is kept, what is said of each instance, and what broken and hostile messages leave. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  type InstanceFacts,
  makeInstance,
  retrieveStudy,
  storeInstance,
} from '../../../backends/backend.test-support.ts';
import { Tags } from '../../../dicom/dictionary/dictionary.ts';
import { writePart10Head } from '../../../dicom/part10.ts';
import { LeadglassError } from '../../../error.ts';
import { RefusedError } from '../../../guard/refusal.ts';
import { limits } from '../../../limits.ts';
import { HttpError } from '../http/http-error.ts';
import {
  type Answered,
  type Asked,
  baseUrl,
  multipart,
  pieces,
  uid,
  webHouse,
  type WebHouse,
} from './handlers.test-support.ts';

const dicom = 'application/dicom';

function fileOf(facts: InstanceFacts = {}) {
  const instance = makeInstance(facts);
  const bytes = Buffer.concat([writePart10Head(instance.operation), instance.bytes]);
  return { ...instance, dataSet: instance.bytes, bytes };
}

function post(
  web: WebHouse,
  message: { contentType: string; bytes: Uint8Array },
  asked: Asked & { url?: string } = {},
) {
  const { url = '/studies', headers, ...others } = asked;
  return web.ask(url, {
    method: 'POST',
    headers: { 'content-type': message.contentType, accept: 'application/dicom+json', ...headers },
    body: pieces(message.bytes),
    ...others,
  });
}

type Item = Readonly<Record<string, { readonly Value?: readonly (string | number)[] }>>;

function reportOf({ body }: Answered) {
  const module = JSON.parse(body.toString());
  const items = (tag: string): readonly Item[] => module[tag]?.Value ?? [];
  return {
    module,
    stored: items('00081199').map((item) => item['00081155']?.Value?.[0]),
    failed: items('00081198').map((item) => [item['00081155']?.Value?.[0], item['00081197']?.Value?.[0]]),
    others: items('0008119A').map((item) => item['00081197']?.Value?.[0]),
  };
}

test('what was stored by STOW equals what C-STORE stores, bit for bit', async () => {
  await using web = await webHouse();
  await using dimse = await webHouse();
  const files = [fileOf(), fileOf({ instance: 2, pixels: 300_001 }), fileOf({ series: 2, pixels: 0 })];
  const answer = await post(
    web,
    multipart(
      dicom,
      files.map(({ bytes }) => ({ type: dicom, bytes })),
    ),
  );
  assert.equal(answer.status, 200);
  assert.equal(answer.headers.get('content-type'), 'application/dicom+json');
  const { module, stored, failed } = reportOf(answer);
  assert.deepEqual(module['00081190'], { vr: 'UR', Value: [`${baseUrl}/studies/1.2.3.1`] });
  assert.deepEqual(stored, ['1.2.3.1.1.1', '1.2.3.1.1.2', '1.2.3.1.2.1']);
  assert.deepEqual(module['00081199'].Value[2]['00081190'].Value, [
    `${baseUrl}/studies/1.2.3.1/series/1.2.3.1.2/instances/1.2.3.1.2.1`,
  ]);
  assert.deepEqual(failed, []);
  for (const file of files) await storeInstance(dimse.backend, { ...file, bytes: file.dataSet });
  assert.deepEqual(
    await retrieveStudy(web.backend, uid('1.2.3.1')),
    await retrieveStudy(dimse.backend, uid('1.2.3.1')),
  );
  await web.session.end('test');
  assert.ok(
    web.house.ledger.codes.some((code) => code.startsWith('110104')),
    String(web.house.ledger.codes),
  );
});

test('one bad of three is told, the others are kept', async () => {
  await using web = await webHouse();
  const [first, second, third] = [fileOf(), fileOf({ instance: 2 }), fileOf({ instance: 3 })];
  const answer = await post(
    web,
    multipart(
      dicom,
      [first.bytes, second.bytes.subarray(0, -5), third.bytes].map((bytes) => ({ type: dicom, bytes })),
    ),
  );
  assert.equal(answer.status, 202);
  assert.deepEqual(reportOf(answer).stored, ['1.2.3.1.1.1', '1.2.3.1.1.3']);
  assert.deepEqual(reportOf(answer).failed, [['1.2.3.1.1.2', 0xc000]]);
  // No DICOM file at all: nobody can say which instance it was to be.
  const noise = await post(
    web,
    multipart(dicom, [
      { type: dicom, bytes: Buffer.alloc(500, 7) },
      { type: dicom, bytes: first.bytes },
    ]),
  );
  assert.equal(noise.status, 202);
  assert.deepEqual(reportOf(noise).others, [0xc000]);
});

test('an instance of another study than the path names is not stored', async () => {
  await using web = await webHouse();
  const message = multipart(
    dicom,
    [fileOf(), fileOf({ study: 2 })].map(({ bytes }) => ({ type: dicom, bytes })),
  );
  const answer = await post(web, message, { url: '/studies/1.2.3.1' });
  assert.equal(answer.status, 202);
  assert.deepEqual(reportOf(answer).failed, [['1.2.3.2.1.1', 0xa901]]);
  assert.equal((await retrieveStudy(web.backend, uid('1.2.3.2'))).length, 0);
  const none = await post(web, message, { url: '/studies/1.2.3.9' });
  assert.equal(none.status, 409);
  assert.equal(reportOf(none).failed.length, 2);
});

test('the same again is fine; other content under a known UID is kept aside and told', async () => {
  await using web = await webHouse();
  const file = fileOf();
  const message = multipart(dicom, [{ type: dicom, bytes: file.bytes }]);
  assert.equal((await post(web, message)).status, 200);
  assert.equal((await post(web, message)).status, 200);
  const other = await post(web, multipart(dicom, [{ type: dicom, bytes: fileOf().bytes }]));
  assert.equal(other.status, 409);
  assert.deepEqual(reportOf(other).failed, [['1.2.3.1.1.1', 0xc111]]);
});

test('who may not reach what is known under the UID is answered as for a new one', async () => {
  await using web = await webHouse();
  await post(web, multipart(dicom, [{ type: dicom, bytes: fileOf().bytes }]));
  const session = await web.sessionOf({ name: 'MR1', purpose: 'acquisition', scope: { modalities: ['MR'] } });
  const sopInstanceUid = uid('1.2.3.1.1.1');
  const made = makeInstance({ study: 2, modality: 'MR', texts: [[Tags.SOPInstanceUID, sopInstanceUid]] });
  const head = writePart10Head({ ...made.operation, sopInstanceUid });
  const guessed = Buffer.concat([head, made.bytes]);
  const answer = await post(web, multipart(dicom, [{ type: dicom, bytes: guessed }]), { session });
  assert.equal(answer.status, 200);
  assert.deepEqual(reportOf(answer).failed, []);
});

test('what may not be stored is refused: by class in the report, by operation as a whole', async () => {
  await using web = await webHouse();
  const message = multipart(dicom, [{ type: dicom, bytes: fileOf().bytes }]);
  const reader = await web.sessionOf({ name: 'READER', purpose: 'reading' });
  const answer = await post(web, message, { session: reader });
  assert.equal(answer.status, 409);
  assert.deepEqual(reportOf(answer).failed, [['1.2.3.1.1.1', 0x0122]]);
  const mr = await web.sessionOf({ name: 'MRONLY', purpose: 'acquisition', scope: { modalities: ['MR'] } });
  assert.deepEqual(reportOf(await post(web, message, { session: mr })).failed, [['1.2.3.1.1.1', 0x0124]]);
  const finder = await web.sessionOf({ name: 'FINDER', purpose: 'reading', operations: ['verify', 'find'] });
  await assert.rejects(post(web, message, { session: finder }), RefusedError);
  assert.equal((await retrieveStudy(web.backend, uid('1.2.3.1'))).length, 0);
});

test('a message that is cut off keeps what was whole and says so, or is an error', async () => {
  const files = [fileOf({ pixels: 5000 }), fileOf({ instance: 2, pixels: 5000 })];
  const { contentType, bytes } = multipart(
    dicom,
    files.map((file) => ({ type: dicom, bytes: file.bytes })),
  );
  const first = bytes.indexOf('\r\n--', 10);
  for (const [at, status] of [
    [bytes.length - 30, 202],
    [first + 22, 202],
    [first + 400, 202],
    [first - 2, undefined],
    [300, undefined],
    [3, undefined],
  ] as const) {
    await using web = await webHouse();
    const asking = post(web, { contentType, bytes: bytes.subarray(0, at) });
    if (status === undefined) {
      await assert.rejects(asking, (error) => error instanceof LeadglassError && error.code === 'MALFORMED');
      assert.equal((await retrieveStudy(web.backend, uid('1.2.3.1'))).length, 0);
    } else {
      const answer = await asking;
      assert.equal(answer.status, status);
      assert.deepEqual(reportOf(answer).stored, ['1.2.3.1.1.1']);
      assert.equal((await retrieveStudy(web.backend, uid('1.2.3.1'))).length, 1);
    }
  }
});

test('a peer that goes away in the middle leaves no half instance, and no answer is made', async () => {
  await using web = await webHouse();
  const { contentType, bytes } = multipart(dicom, [{ type: dicom, bytes: fileOf({ pixels: 50_000 }).bytes }]);
  const gone = new AbortController();
  async function* body() {
    yield bytes.subarray(0, 20_000);
    gone.abort();
    throw new LeadglassError('PEER_FAILED', 'The peer went away');
  }
  await assert.rejects(
    web.ask('/studies', {
      method: 'POST',
      headers: { 'content-type': contentType },
      body: body(),
      signal: gone.signal,
    }),
    (error) => error instanceof LeadglassError && error.code === 'PEER_FAILED',
  );
  assert.equal((await retrieveStudy(web.backend, uid('1.2.3.1'))).length, 0);
});

test('lengths that lie, other types and missing bodies are refused', async () => {
  await using web = await webHouse();
  const { bytes } = fileOf();
  const lie = `--b\r\nContent-Type: ${dicom}\r\nContent-Length: 12\r\n\r\n`;
  const message = Buffer.concat([Buffer.from(lie), bytes, Buffer.from('\r\n--b--')]);
  const contentType = `multipart/related; type="${dicom}"; boundary=b`;
  await assert.rejects(post(web, { contentType, bytes: message }), LeadglassError);
  const huge = Buffer.from(bytes);
  // The length of the pixel data, beyond the end of the part.
  huge.writeUInt32LE(0x7fff_fff0, huge.length - 20);
  const long = await post(web, multipart(dicom, [{ type: dicom, bytes: huge }]));
  assert.deepEqual(reportOf(long).failed, [['1.2.3.1.1.1', 0xc000]]);
  const status = (number: number) => (error: unknown) => error instanceof HttpError && error.status === number;
  await assert.rejects(post(web, multipart('text/html', [{ bytes }])), status(415));
  await assert.rejects(post(web, multipart(dicom, [{ type: 'image/png', bytes }])), status(415));
  await assert.rejects(post(web, { contentType: 'application/json', bytes }), status(415));
  // One file without a message around it is a way, too.
  await assert.rejects(
    post(web, { contentType: 'text/plain', bytes }),
    /must be application\/dicom, or multipart\/related with/,
  );
  await assert.rejects(
    post(web, multipart(dicom, [])),
    (error) => error instanceof LeadglassError && error.code === 'BAD_REQUEST',
  );
  assert.equal((await retrieveStudy(web.backend, uid('1.2.3.1'))).length, 0);
});

test('ten thousand parts are answered in bounded time, more instances than the limit are not taken', async () => {
  await using web = await webHouse({ limits: { ...limits, web: { ...limits.web, storedInstancesMax: 9_999 } } });
  const first = { type: dicom, bytes: fileOf().bytes };
  const empty = Array.from({ length: 10_000 }, () => ({ type: dicom, bytes: Buffer.alloc(0) }));
  const answer = await post(web, multipart(dicom, [first, ...empty]));
  assert.equal(answer.status, 202);
  const { others } = reportOf(answer);
  assert.equal(others.length, 9_999);
  assert.equal(others.at(-1), 0xc001);
});

test('one file without a multipart around it is stored, and XML says the same as JSON', async () => {
  await using web = await webHouse();
  const { bytes } = fileOf();
  const answer = await post(web, { contentType: dicom, bytes }, { headers: { accept: 'application/dicom+xml' } });
  assert.equal(answer.status, 200);
  assert.equal(answer.headers.get('content-type'), 'application/dicom+xml');
  assert.match(answer.body.toString(), /keyword="ReferencedSOPSequence"/);
});

test('the ledger away means 503 and nothing kept', async () => {
  await using web = await webHouse();
  web.house.ledger.fails = true;
  await assert.rejects(
    post(web, multipart(dicom, [{ type: dicom, bytes: fileOf().bytes }])),
    (error) => error instanceof LeadglassError && error.code === 'LEDGER_UNAVAILABLE',
  );
  web.house.ledger.fails = false;
  assert.equal((await retrieveStudy(web.backend, uid('1.2.3.1'))).length, 0);
});
