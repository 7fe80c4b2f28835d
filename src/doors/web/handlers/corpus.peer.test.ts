/**
 * Every valid real file through the handlers: stored by STOW, fetched back bit for bit, described as JSON with its bulk data
 * behind URIs, and its frames. What our JSON writer says of these files is compared with dcm2json in models.peer.test.ts; here
 * its documents, with the bulk data that the URIs lead to, are held against the handler's.
 */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { corpusFolder, needsCorpus } from '../../../../test/support/peers.ts';
import { canDecode } from '../../../codecs/capabilities.ts';
import { streamOf } from '../../../dicom/data-set.test-support.ts';
import { type JsonAttribute, type JsonObject, jsonOfInstance } from '../../../dicom/models/models.test-support.ts';
import { readPart10Head } from '../../../dicom/part10.ts';
import { TransferSyntaxes as T, transferSyntaxInfo } from '../../../dicom/transfer-syntax.ts';
import { limits } from '../../../limits.ts';
import { servicesInThread } from '../../../transcoding/transcoding.test-support.ts';
import { HttpError } from '../http/http-error.ts';
import { baseUrl, multipart, partsOf, pieces, webHouse, type WebHouse } from './handlers.test-support.ts';

interface Entry {
  readonly path: string;
  readonly expect: string;
}

function files(): readonly string[] {
  if (corpusFolder === undefined) return [];
  const manifest: readonly Entry[] = JSON.parse(readFileSync(join(corpusFolder, 'manifest.json'), 'utf8'));
  return manifest.filter(({ expect }) => expect === 'valid').map(({ path }) => path);
}

/** Of a retired process in 12 bits, which no decoder here knows. */
const notDecoded: ReadonlySet<string> = new Set([
  'real/cornerstone3D__CTImage.dcm_JPEGProcess6_8TransferSyntax_1.2.840.10008.1.2.4.53.dcm',
]);

interface File {
  readonly path: string;
  readonly bytes: Buffer;
  readonly dataSet: Buffer;
  readonly transferSyntaxUid: string;
}

function read(path: string): File | undefined {
  const bytes = readFileSync(join(corpusFolder ?? '', path));
  try {
    const head = readPart10Head(bytes, { limits: limits.part10, isWhole: true });
    if (head.state !== 'whole') return undefined;
    const { transferSyntaxUid, headLength } = head;
    return { path, bytes, dataSet: bytes.subarray(headLength), transferSyntaxUid };
  } catch {
    return undefined; // not in its own words (a SOP Instance UID of 68 characters)
  }
}

/** The path of the stored instance, or undefined where it is none that an archive takes. */
async function stored(web: WebHouse, { bytes, path }: File): Promise<string | undefined> {
  const { contentType, bytes: body } = multipart('application/dicom', [{ type: 'application/dicom', bytes }]);
  const answer = await web.ask('/studies', {
    method: 'POST',
    headers: { 'content-type': contentType },
    body: pieces(body, 65_537),
  });
  const module = JSON.parse(answer.body.toString());
  if (answer.status !== 200) return undefined;
  const url: string = module['00081199'].Value[0]['00081190'].Value[0];
  assert.ok(url.startsWith(baseUrl), path);
  return url.slice(baseUrl.length);
}

interface Inlined extends JsonAttribute {
  readonly bulk?: string;
}

/** The document with what its URIs lead to in their place, as if it had been written out. */
async function inlined(web: WebHouse, document: JsonObject): Promise<JsonObject> {
  const whole: Record<string, Inlined> = {};
  for (const [tag, attribute] of Object.entries(document)) whole[tag] = await inlinedAttribute(web, attribute);
  return whole;
}

async function inlinedAttribute(web: WebHouse, attribute: JsonAttribute): Promise<Inlined> {
  const { vr, BulkDataURI: uri, Value: values } = attribute;
  if (vr === 'SQ' && values !== undefined) {
    return { vr, Value: await Promise.all(values.map((item) => inlined(web, Object(item)))) };
  }
  if (uri === undefined) return attribute;
  const { body } = await web.ask(uri.slice(baseUrl.length), { headers: { accept: 'application/octet-stream' } });
  return { vr, bulk: body.toString('base64') };
}

/** Values that are bulk data in the handler's document are compared as base64, where ours has them so. */
function assertSame(found: JsonObject, ours: JsonObject, where: string): void {
  assert.deepEqual(Object.keys(found), Object.keys(ours), where);
  for (const [tag, attribute] of Object.entries(found)) {
    const own = ours[tag];
    if (attribute.vr === 'SQ') {
      for (const [index, item] of (attribute.Value ?? []).entries()) {
        assertSame(Object(item), Object(own?.Value?.[index]), `${where} ${tag}[${index}]`);
      }
    } else if ('bulk' in attribute) {
      if (own?.InlineBinary !== undefined) assert.equal(attribute.bulk, own.InlineBinary, `${where} ${tag}`);
    } else assert.deepEqual(attribute, own, `${where} ${tag}`);
  }
}

test('every valid real file goes in, comes back bit for bit, and is described as it is', needsCorpus(), async () => {
  let count = 0;
  for (const file of files().flatMap((path) => read(path) ?? [])) {
    await using web = await webHouse({ transcoding: servicesInThread() });
    const path = await stored(web, file);
    if (path === undefined) continue;
    count += 1;
    const syntax = transferSyntaxInfo(file.transferSyntaxUid);
    // Implicit VR and big endian are never sent (8.7.3).
    const isSent = syntax?.explicit === true && syntax.littleEndian;
    if (isSent) {
      const answer = await web.ask(path, { headers: { accept: 'application/dicom; transfer-syntax=*' } });
      const head = readPart10Head(answer.body, { limits: limits.part10, isWhole: true });
      assert.ok(head.state === 'whole');
      assert.ok(answer.body.subarray(head.headLength).equals(file.dataSet), file.path);
    } else {
      assert.equal((await web.ask(path, { headers: { accept: 'application/dicom' } })).status, 200, file.path);
    }
    const [document] = JSON.parse((await web.ask(`${path}/metadata`)).body.toString());
    const pixels: JsonAttribute | undefined = document['7FE00010'];
    // Encapsulated pixel data is left out where everything is written out.
    if (syntax?.encapsulated === true) delete document['7FE00010'];
    const ours = await jsonOfInstance(streamOf([file.dataSet]), file.transferSyntaxUid);
    assertSame(await inlined(web, document), ours, file.path);
    if (pixels?.BulkDataURI !== undefined) await checkFrames(web, { file, path, document });
  }
  assert.ok(count > 35, `only ${count} files were stored`);
});

async function checkFrames(
  web: WebHouse,
  { file, path, document }: { readonly file: File; readonly path: string; readonly document: JsonObject },
): Promise<void> {
  const number = (tag: string, otherwise = 0): number => Number(document[tag]?.Value?.[0] ?? otherwise);
  const frames = number('00280008', 1);
  const bits = number('00280010') * number('00280011') * number('00280002', 1) * number('00280100');
  const syntax = transferSyntaxInfo(file.transferSyntaxUid);
  if (bits === 0) return;
  if (syntax?.encapsulated === true && !canDecode(file.transferSyntaxUid)) return;
  if (notDecoded.has(file.path)) {
    await assert.rejects(
      web.ask(`${path}/frames/1`, { headers: { accept: 'application/octet-stream' } }),
      (error) => error instanceof HttpError && error.status === 406,
    );
    return;
  }
  const last = await web.ask(`${path}/frames/${frames}`, { headers: { accept: 'application/octet-stream' } });
  assert.equal(last.status, 200, file.path);
  assert.equal(last.body.length, Math.ceil(bits / 8), file.path);
  if (syntax?.encapsulated === true || bits % 8 !== 0 || frames > 100) return;
  const list = Array.from({ length: frames }, (_, at) => at + 1).join(',');
  const parts = await partsOf(await web.ask(`${path}/frames/${list}`));
  assert.ok(parts.every(({ transferSyntax }) => transferSyntax === T.ExplicitVrLittleEndian));
  const value = await web.ask(`${path}/bulkdata/7FE00010`, { headers: { accept: 'application/octet-stream' } });
  const joined = Buffer.concat(parts.map(({ bytes }) => bytes));
  assert.ok(value.body.subarray(0, joined.length).equals(joined), file.path);
}
