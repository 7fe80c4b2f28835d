/** Metadata through the handler: streamed, with bulk data as URIs, and never read as far as the pixels. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Backend } from '../../../backends/backend.ts';
import type { MemoryBackend } from '../../../backends/memory/memory-backend.ts';
import { makeInstance } from '../../../backends/backend.test-support.ts';
import { baseUrl, partsOf, webHouse } from './handlers.test-support.ts';

const one = '/studies/1.2.3.1/series/1.2.3.1.1/instances/1.2.3.1.1.1';

test('metadata is an array of one object for each instance, pixels are a URI', async () => {
  await using web = await webHouse();
  await web.keep(makeInstance({ patientName: 'Ærø^Åse' }), makeInstance({ instance: 2 }), makeInstance({ series: 2 }));
  const answer = await web.ask('/studies/1.2.3.1/metadata');
  assert.equal(answer.headers.get('content-type'), 'application/dicom+json');
  const documents = JSON.parse(answer.body.toString());
  assert.equal(documents.length, 3);
  assert.deepEqual(documents[0]['7FE00010'], { vr: 'OW', BulkDataURI: `${baseUrl}${one}/bulkdata/7FE00010` });
  assert.deepEqual(documents[0]['00100010'], { vr: 'PN', Value: [{ Alphabetic: 'Ærø^Åse' }] });
  assert.equal(JSON.parse((await web.ask('/studies/1.2.3.1/series/1.2.3.1.1/metadata')).body.toString()).length, 2);
  assert.deepEqual(JSON.parse((await web.ask(`${one}/metadata`)).body.toString()), [documents[0]]);
});

test('metadata as XML has one message part for each instance', async () => {
  await using web = await webHouse();
  await web.keep(makeInstance(), makeInstance({ instance: 2 }));
  const accept = 'multipart/related; type="application/dicom+xml"';
  const parts = await partsOf(await web.ask('/studies/1.2.3.1/metadata', { headers: { accept } }));
  assert.equal(parts.length, 2);
  assert.match(
    parts[1]?.bytes.toString() ?? '',
    /<BulkData uri="[^"]*instances\/1\.2\.3\.1\.1\.2\/bulkdata\/7FE00010"\/>/,
  );
});

test('long values are not read: forty megabytes of pixels cost no more than the head', async () => {
  await using web = await webHouse();
  const instance = makeInstance({ pixels: 40_000_000 });
  await web.keep(instance);
  let bytesRead = 0;
  const { backend } = web.services;
  async function* retrieve(pass: Parameters<Backend['retrieve']>[0]): ReturnType<MemoryBackend['retrieve']> {
    for await (const stored of backend.retrieve(pass)) {
      const readRange = async function* (offset: number, lengthBytes: number): AsyncGenerator<Uint8Array> {
        for await (const chunk of stored.readRange(offset, lengthBytes)) {
          bytesRead += chunk.length;
          yield chunk;
        }
      };
      yield { ...stored, read: () => assert.fail('read whole'), readRange };
    }
  }
  const counting: Backend = Object.assign(Object.create(backend), { retrieve });
  await using other = await webHouse({ backend: counting });
  const documents = JSON.parse((await other.ask(`${one}/metadata`)).body.toString());
  assert.equal(documents[0]['7FE00010'].vr, 'OW');
  assert.ok(bytesRead < 100_000, `${bytesRead} bytes`);
});

test('who has the metadata of an instance already gets 304', async () => {
  await using web = await webHouse();
  await web.keep(makeInstance(), makeInstance({ instance: 2 }));
  const tag = (await web.ask(`${one}/metadata`)).headers.get('etag');
  assert.equal((await web.ask(`${one}/metadata`, { headers: { 'if-none-match': tag ?? 'none' } })).status, 304);
  assert.equal((await web.ask('/studies/1.2.3.1/metadata')).headers.get('etag'), undefined);
});
