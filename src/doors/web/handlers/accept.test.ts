/** PS3.18 8.7 on every resource that answers with a payload: what Accept says, in the header and in the query, and what comes of it. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { dataSetLimits, makeInstance } from '../../../backends/backend.test-support.ts';
import { MemoryBackend } from '../../../backends/memory/memory-backend.ts';
import { TransferSyntaxes as T } from '../../../dicom/transfer-syntax.ts';
import { LeadglassError } from '../../../error.ts';
import { servicesInThread } from '../../../transcoding/transcoding.test-support.ts';
import { HttpError } from '../http/http-error.ts';
import { parseRelatedContentType } from '../http/multipart-content-type.ts';
import { statusOfError } from './accept.test-support.ts';
import { type Answered, multipart, partsOf, pieces, webHouse, type WebHouse } from './handlers.test-support.ts';
import { imageInstance } from './images.test-support.ts';

const study = '/studies/1.2.3.1';
const series = `${study}/series/1.2.3.1.1`;
const instance = `${series}/instances/1.2.3.1.1.1`;
const dicom = 'application/dicom';
const octets = 'application/octet-stream';
const json = 'application/dicom+json';
const xml = 'application/dicom+xml';

/** Of each resource the default media type, and one of the other kind. */
const resources = {
  '/studies': json,
  '/series': json,
  '/instances': json,
  [`${study}/series`]: json,
  [`${study}/instances`]: json,
  [`${series}/instances`]: json,
  [`${study}/metadata`]: json,
  [`${series}/metadata`]: json,
  [`${instance}/metadata`]: json,
  [study]: dicom,
  [series]: dicom,
  [instance]: dicom,
  [`${study}/bulkdata`]: octets,
  [`${series}/bulkdata`]: octets,
  [`${instance}/bulkdata`]: octets,
  [`${study}/pixeldata`]: octets,
  [`${series}/pixeldata`]: octets,
  [`${instance}/pixeldata`]: octets,
  [`${instance}/frames/1,2`]: octets,
  [`${instance}/bulkdata/7FE00010`]: octets,
} as const;

async function house(): Promise<WebHouse> {
  const backend = new MemoryBackend({ dataSetLimits, retentionDays: 0 });
  const web = await webHouse({ backend, transcoding: servicesInThread() });
  await web.keep(imageInstance());
  return web;
}

/** The media type of the answer, of a multipart that of its parts; or the status of the refusal. */
async function asked(web: WebHouse, url: string, accept: string | undefined): Promise<string | number> {
  try {
    return typeOf(await web.ask(url, { headers: { accept } }));
  } catch (error) {
    return statusOfError(error);
  }
}

function typeOf({ headers }: Answered): string {
  const contentType = headers.get('content-type') ?? '';
  if (!contentType.startsWith('multipart/')) return contentType.replace(/;.*/, '');
  const { boundary, type } = parseRelatedContentType(contentType);
  // RFC 2046 5.1.1: up to 70 characters.
  assert.match(boundary, /^[0-9A-Za-z'()+_,./:=?-]{1,70}$/);
  return type ?? '';
}

const entries: readonly (readonly [string, string])[] = Object.entries(resources);

test('without Accept nothing is given: 406 (8.7.5)', async () => {
  await using web = await house();
  for (const [url] of entries) assert.equal(await asked(web, url, undefined), 406, url);
  for (const [url] of entries)
    assert.equal(await asked(web, `${url}?accept=${encodeURIComponent(json)}`, undefined), 406, url);
});

test('any type means the default one (8.7.7)', async () => {
  await using web = await house();
  for (const [url, type] of entries) assert.equal(await asked(web, url, '*/*'), type, url);
});

test('what a resource has not is 406, and so is an Accept in which nothing is valid', async () => {
  await using web = await house();
  for (const [url] of entries) {
    for (const accept of ['application/x-nothing', 'text/csv, image/webp', 'nonsense', '*/*; q=0', ''])
      assert.equal(await asked(web, url, accept), 406, `${url} ${accept}`);
  }
});

test('invalid values in the header are ignored (8.7.7), weights are followed (8.7.8.1)', async () => {
  await using web = await house();
  for (const [url, type] of entries) {
    const own = type === json ? json : `multipart/related; type="${type}"`;
    assert.equal(await asked(web, url, `nonsense, a/b/c, ${own}; q=0.3, application/x-nothing`), type, url);
  }
  const both = `${json}; q=0.4, multipart/related; type="${xml}"; q=0.7`;
  assert.equal(await asked(web, '/studies', both), xml);
  assert.equal(await asked(web, `${study}/metadata`, both), xml);
});

test('the accept parameter comes before the header, and the header is left where it has nothing (8.7.8.1)', async () => {
  await using web = await house();
  const query = (url: string, type: string): string => `${url}?accept=${encodeURIComponent(type)}`;
  const related = `multipart/related; type="${xml}"`;
  for (const url of ['/studies', `${study}/metadata`]) {
    assert.equal(await asked(web, query(url, related), json), xml);
    assert.equal(await asked(web, query(url, 'application/x-nothing'), json), json);
    assert.equal(await asked(web, query(url, 'application/*'), json), 400);
    assert.equal(await asked(web, query(url, 'nonsense'), json), 400);
  }
  assert.equal(await asked(web, query(instance, dicom), '*/*'), dicom);
});

test('DICOM and rendered media types in one request are refused: 400 (8.7.5)', async () => {
  await using web = await house();
  for (const [url] of entries) assert.equal(await asked(web, url, `${dicom}, image/png`), 400, url);
  assert.equal(await asked(web, `${instance}?accept=image%2Fpng`, dicom), 400);
});

test('the type of a multipart is read with and without quotes, its transfer syntax inside and outside of them (8.7.1)', async () => {
  await using web = await house();
  const uid = T.ExplicitVrLittleEndian;
  for (const accept of [
    `multipart/related; type=${dicom}`,
    `multipart/related; type="${dicom}"; transfer-syntax=${uid}`,
    `multipart/related; transfer-syntax=${uid}; type="${dicom}"`,
    `multipart/related; type="${dicom}; transfer-syntax=${uid}"`,
    `Multipart/Related; Type="Application/DICOM"`,
  ])
    assert.equal(await asked(web, instance, accept), dicom, accept);
});

test('any transfer syntax is supported, implicit VR and big endian are never given (8.7.3)', async () => {
  await using web = await house();
  for (const [url, type] of entries) {
    if (type === json) continue;
    const related = `multipart/related; type="${type}"; transfer-syntax=`;
    assert.equal(await asked(web, url, `${related}*`), type, url);
    for (const uid of [T.ImplicitVrLittleEndian, T.ExplicitVrBigEndian, '1.2.3.4', 'x'])
      assert.equal(await asked(web, url, related + uid), 406, `${url} ${uid}`);
  }
});

test('each part says its media type and where it is (8.6.1)', async () => {
  await using web = await house();
  for (const [url, type] of entries) {
    if (type === json) continue;
    const parts = await partsOf(await web.ask(url, { headers: { accept: `multipart/related; type="${type}"` } }));
    assert.ok(parts.length > 0);
    for (const part of parts) assert.ok(part.type === type && part.location?.startsWith('https://'), url);
  }
});

test('a character set that is not ours is 400 as a parameter (8.3.3.2)', async () => {
  await using web = await house();
  for (const [url] of entries) assert.equal(await asked(web, `${url}?charset=ISO-8859-1`, '*/*'), 400, url);
  assert.equal(await asked(web, '/studies?charset=UTF-8', '*/*'), json);
});

const stored = async (web: WebHouse): Promise<boolean> =>
  (await web.ask('/studies?StudyInstanceUID=1.2.3.9', { headers: { accept: json } })).status === 200;
/** With its file head, as another server gives it. */
async function file(transferSyntaxUid: string): Promise<Buffer> {
  await using web = await webHouse({ transcoding: servicesInThread() });
  await web.keep(makeInstance({ study: 9 }));
  const url = '/studies/1.2.3.9/series/1.2.3.9.1/instances/1.2.3.9.1.1';
  return (await web.ask(url, { headers: { accept: `${dicom}; transfer-syntax=${transferSyntaxUid}` } })).body;
}

test('a store whose answer would not be acceptable stores nothing', async () => {
  await using web = await house();
  const bytes = await file(T.ExplicitVrLittleEndian);
  for (const [accept, status] of [
    [undefined, 406],
    ['image/png', 406],
    [`${json}, image/png`, 400],
  ] as const) {
    const headers = { accept, 'content-type': dicom };
    const refused = web.ask('/studies', { method: 'POST', headers, body: pieces(bytes) });
    await assert.rejects(refused, (error: unknown) => statusOfError(error) === status);
  }
  assert.equal(await stored(web), false);
});

test('a body of another media type is 415, one that is none of its own is 400', async () => {
  await using web = await house();
  for (const [contentType, status] of [
    ['application/json', 415],
    ['image/png', 415],
    ['multipart/form-data; boundary=b', 415],
    ['multipart/related; type="image/jpeg"; boundary=b', 415],
    ['multipart/related; type="application/dicom"', 400],
    [undefined, 415],
  ] as const) {
    const headers = { accept: json, 'content-type': contentType };
    const refused = web.ask('/studies', { method: 'POST', headers, body: pieces(Buffer.from('--b--')) });
    await assert.rejects(refused, (error: unknown) => statusOfError(error) === status, contentType ?? 'none');
  }
});

test("what a file says of its transfer syntax counts more than its part's media type (8.7.9)", async () => {
  await using web = await house();
  const bytes = await file(T.DeflatedExplicitVrLittleEndian);
  const sent = multipart(dicom, [{ type: `${dicom}; transfer-syntax=${T.ExplicitVrLittleEndian}`, bytes }]);
  const headers = { accept: json, 'content-type': sent.contentType };
  assert.equal((await web.ask('/studies', { method: 'POST', headers, body: pieces(sent.bytes) })).status, 200);
  const accept = `multipart/related; type="${dicom}"; transfer-syntax=*`;
  const [part] = await partsOf(await web.ask('/studies/1.2.3.9', { headers: { accept } }));
  assert.equal(part?.transferSyntax, T.DeflatedExplicitVrLittleEndian);
});

test('refusals are errors that the door knows the status of', () => {
  assert.equal(statusOfError(new HttpError(406, 'x')), 406);
  assert.equal(statusOfError(new LeadglassError('BAD_REQUEST', 'x')), 400);
});
