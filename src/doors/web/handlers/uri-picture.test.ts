import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { instanceOf } from '../../../backends/backend.test-support.ts';
import { somePixels } from '../../../codecs/codecs.test-support.ts';
import { CodecPool } from '../../../codecs/pool/codec-pool.ts';
import { DataSet } from '../../../dicom/data-set.ts';
import { LeadglassError } from '../../../error.ts';
import { limits } from '../../../limits.ts';
import { someImage } from '../../../rendering/rendering.test-support.ts';
import { parseQueryString } from '../http/query-string.ts';
import { parseWadoUri } from '../resources/wado-uri.ts';
import type { WebRequest, WebResponse } from '../web-handler.ts';
import { baseUrl, pieces, uid, webHouse } from './handlers.test-support.ts';
import { retrieveOf } from './reading-request.ts';
import { withRetrieval } from './retrieval.ts';
import { uriPicture } from './uri-picture.ts';

const codecs = CodecPool.start({ limits: limits.codecs, workersMax: 1 });
after(() => codecs.close());

const instance = { study: uid('1.2.3.1'), series: uid('1.2.3.1.1'), instance: uid('1.2.3.1.1.1') };
const query = 'requestType=WADO&studyUID=1.2.3.1&seriesUID=1.2.3.1.1&objectUID=1.2.3.1.1.1&contentType=image/png';

async function sides(more: string): Promise<readonly number[]> {
  await using web = await webHouse({ codecs });
  const { dataSet, facts } = someImage({ rows: 40, columns: 60 });
  dataSet
    .setText(0x00080018, 'UI', instance.instance)
    .setText(0x0020000d, 'UI', instance.study)
    .setText(0x0020000e, 'UI', instance.series)
    .setText(0x00100020, 'LO', 'P1')
    .setBytes(0x7fe00010, 'OW', somePixels(facts));
  const state = new DataSet()
    .setText(0x00080016, 'UI', '1.2.840.10008.5.1.4.1.1.11.1')
    .setText(0x00080018, 'UI', '1.2.3.1.2.1')
    .setText(0x00100020, 'LO', 'P1')
    .setText(0x0020000d, 'UI', instance.study)
    .setText(0x0020000e, 'UI', '1.2.3.1.2')
    .setText(0x00700041, 'CS', 'N')
    .setNumber(0x00700042, 'US', 90)
    .setItems(0x0070005a, [new DataSet().setNumber(0x00700052, 'SL', [1, 1]).setNumber(0x00700053, 'SL', [20, 40])]);
  await web.keep(instanceOf(dataSet), instanceOf(state));
  const request: WebRequest = {
    method: 'GET',
    path: '/wado',
    query: query + more,
    headers: {},
    body: pieces(new Uint8Array(0)),
    signal: new AbortController().signal,
    baseUrl,
  };
  const { session, services } = web;
  const places = { session, services, signal: request.signal };
  const asked = parseWadoUri(parseQueryString(request.query, limits.web), limits.web);
  const response: WebResponse = await withRetrieval(retrieveOf(instance), places, (retrieval) =>
    uriPicture({ request, retrieval, facts: places, asked, type: 'image/png' }),
  );
  assert.ok(response.body !== undefined && !(response.body instanceof Uint8Array));
  const file = Buffer.concat(await Array.fromAsync(response.body));
  return [file.readUInt32BE(16), file.readUInt32BE(20)];
}

test('the URI service draws whole images, regions as shares of them, and sizes', async () => {
  assert.deepEqual(await sides(''), [60, 40]);
  assert.deepEqual(await sides('&region=0.5,0,1,1'), [30, 40]);
  assert.deepEqual(await sides('&region=0,0,0.5,0.5&rows=60&columns=60'), [60, 40]);
  assert.deepEqual(
    await sides('&rows=20&columns=300&windowCenter=5&windowWidth=0.5&frameNumber=1&imageQuality=5'),
    [30, 20],
  );
});

test('the URI service gives a JPEG to who asks for nothing else, and the file to who names it', async () => {
  await using web = await webHouse({ codecs });
  const { dataSet, facts } = someImage({ rows: 40, columns: 60 });
  dataSet
    .setText(0x00080018, 'UI', instance.instance)
    .setText(0x0020000d, 'UI', instance.study)
    .setText(0x0020000e, 'UI', instance.series)
    .setText(0x00100020, 'LO', 'P1')
    .setBytes(0x7fe00010, 'OW', somePixels(facts));
  await web.keep(instanceOf(dataSet));
  const url = `/wado?${query.replace(/&contentType=.*$/, '')}`;
  const typeOf = async (more: string, accept?: string): Promise<string | undefined> =>
    (await web.ask(url + more, { headers: { accept } })).headers.get('content-type');
  assert.equal(await typeOf(''), 'image/jpeg');
  assert.equal(await typeOf('', '*/*'), 'image/jpeg');
  assert.equal(await typeOf('&contentType=image/png&rows=9&columns=9'), 'image/png');
  assert.match((await typeOf('&contentType=application/dicom')) ?? '', /^application\/dicom/);
});

test('the URI service draws an image as a presentation state of its study says', async () => {
  assert.deepEqual(await sides('&presentationUID=1.2.3.1.2.1&presentationSeriesUID=1.2.3.1.2'), [40, 20]);
  assert.deepEqual(
    await sides('&presentationUID=1.2.3.1.2.1&presentationSeriesUID=1.2.3.1.2&rows=10&columns=90'),
    [20, 10],
  );
});

test('the URI service refuses states that are none or not there, windows beside them, and frames that are not there', async () => {
  const refused = async (more: string): Promise<string> => {
    try {
      return String(await sides(more));
    } catch (error) {
      return error instanceof LeadglassError ? error.code : String(error);
    }
  };
  assert.equal(await refused('&presentationUID=1.2&presentationSeriesUID=1.2.3'), 'NOT_FOUND');
  const own = '&presentationUID=1.2.3.1.1.1&presentationSeriesUID=1.2.3.1.1';
  assert.equal(await refused(own), 'UNSUPPORTED');
  assert.equal(await refused(`${own}&windowCenter=1&windowWidth=2`), 'BAD_REQUEST');
  assert.equal(await refused('&frameNumber=2'), 'NOT_FOUND');
});
