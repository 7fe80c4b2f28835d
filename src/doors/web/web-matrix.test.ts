/**
 * Who × what at the web door, with the handlers that serve: each operation of each principal on a study that is there, over
 * HTTPS. A new operation or purpose without its cells does not compile; the doors' own matrix is guard/door-matrix.test.ts.
 */
import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { type Image, writeImage } from '../../../test/support/dicom-files.ts';
import { importFiles } from '../../compose/compose.test-support.ts';
import { CodecPool } from '../../codecs/pool/codec-pool.ts';
import { limits } from '../../limits.ts';
import type { Purpose } from '../../guard/principal.ts';
import { workstationPurposes } from '../../guard/workstations.ts';
import { handlers } from './handlers/handlers.ts';
import type { WebOperation } from './routes.ts';
import { type Ask, ask, type Identity, openWebHouse, type WebHouse } from './web-door.test-support.ts';

const codecs = CodecPool.start({ limits: limits.codecs, workersMax: 1 });
let web: WebHouse;
let image: Image;
let removable: Image;
const folder = mkdtempSync(join(tmpdir(), 'leadglass-web-matrix-'));
const identities = new Map<string, Identity>();

before(async () => {
  web = await openWebHouse({ handlers, codecs });
  image = writeImage(join(folder, 'image'), { study: 'matrix' });
  await importFiles(web.house, { file: readFileSync(image.path) });
  removable = writeImage(join(folder, 'removable'), { study: 'removable' });
  await importFiles(web.house, { file: readFileSync(removable.path) });
  for (const purpose of ['acquisition', 'reading', 'exchange', 'archive'] as const) {
    identities.set(purpose, await web.enrol(purpose.toUpperCase(), { purpose }));
  }
  for (const purpose of workstationPurposes) {
    identities.set(purpose, await web.enrol(`WS${identities.size}`, { purpose }));
  }
  const operations = ['find', 'get', 'store', 'remove'] as const;
  identities.set('remover', await web.enrol('REMOVER', { purpose: 'archive', operations: [...operations] }));
  identities.set('DIMSE alone', await web.enrol('DIMSE1', { purpose: 'archive', doors: ['dimse'] }));
});
after(async () => {
  await web[Symbol.asyncDispose]();
  await codecs.close();
  rmSync(folder, { recursive: true });
});

interface Request {
  readonly path: (image: Image) => string;
  readonly accept: string;
  readonly method?: 'POST' | 'DELETE';
}
const instance = ({ studyInstanceUid, seriesInstanceUid, sopInstanceUid }: Image): string =>
  `/studies/${studyInstanceUid}/series/${seriesInstanceUid}/instances/${sopInstanceUid}`;
const octets = 'multipart/related; type="application/octet-stream"; transfer-syntax=*';
const dicom = 'multipart/related; type="application/dicom"; transfer-syntax=*';
const json = 'application/dicom+json';

const requests = {
  search: { path: () => '/studies', accept: json },
  store: { path: () => '/studies', accept: json, method: 'POST' },
  // A study of its own, since it is gone afterwards.
  remove: { path: () => `/studies/${removable.studyInstanceUid}`, accept: json, method: 'DELETE' },
  instances: { path: ({ studyInstanceUid }) => `/studies/${studyInstanceUid}`, accept: dicom },
  metadata: { path: (one) => `${instance(one)}/metadata`, accept: json },
  rendered: { path: (one) => `${instance(one)}/rendered`, accept: 'image/jpeg' },
  thumbnail: { path: (one) => `${instance(one)}/thumbnail`, accept: 'image/jpeg' },
  bulkdata: { path: (one) => `${instance(one)}/bulkdata`, accept: octets },
  pixeldata: { path: (one) => `${instance(one)}/pixeldata`, accept: octets },
  frames: { path: (one) => `${instance(one)}/frames/1`, accept: octets },
  'bulkdata-value': { path: (one) => `${instance(one)}/bulkdata/7FE00010`, accept: octets },
  'wado-uri': {
    path: ({ studyInstanceUid, seriesInstanceUid, sopInstanceUid }) =>
      `/wado?requestType=WADO&studyUID=${studyInstanceUid}&seriesUID=${seriesInstanceUid}&objectUID=${sopInstanceUid}` +
      '&contentType=application%2Fdicom',
    accept: 'application/dicom',
  },
} as const satisfies Record<WebOperation, Request>;

type Status = number;
const every = (
  retrieve: Status,
  others: { readonly search: Status; readonly store: Status; readonly remove: Status },
): Row => ({
  ...others,
  instances: retrieve,
  metadata: retrieve,
  rendered: retrieve,
  thumbnail: retrieve,
  bulkdata: retrieve,
  pixeldata: retrieve,
  frames: retrieve,
  'bulkdata-value': retrieve,
  'wado-uri': retrieve,
});
type Row = Record<WebOperation, Status>;

const matrix = {
  // What its opening never holds is refused openly: it says nothing about the study.
  acquisition: every(403, { search: 403, store: 200, remove: 403 }),
  // An image is no evidence: 409 with the reason of each instance (PS3.18 10.5.3).
  reading: every(200, { search: 200, store: 409, remove: 403 }),
  // Not released to it: as if it were not there. Storing is not usual for it, and so not open.
  exchange: every(404, { search: 204, store: 403, remove: 403 }),
  // To remove is never usual.
  archive: every(200, { search: 200, store: 200, remove: 403 }),
  remover: every(200, { search: 200, store: 200, remove: 204 }),
  'DIMSE alone': every(401, { search: 401, store: 401, remove: 401 }),
  stranger: every(401, { search: 401, store: 401, remove: 401 }),
  // Nobody by itself: what people may do at it stands in guard/workstations.test.ts.
  'workstation-reading': every(403, { search: 403, store: 403, remove: 403 }),
  'workstation-exchange': every(403, { search: 403, store: 403, remove: 403 }),
  'workstation-administration': every(403, { search: 403, store: 403, remove: 403 }),
} as const satisfies Record<Purpose | 'remover' | 'DIMSE alone' | 'stranger', Row>;

for (const [who, row] of Object.entries(matrix)) {
  for (const [operation, { path, accept, ...more }] of Object.entries<Request>(requests)) {
    const isServed = new Set(Object.keys(handlers)).has(operation);
    const status = new Map(Object.entries(row)).get(operation) ?? 0;
    // Whom the guard knows learns that a resource is not served; a stranger does not.
    const expected = isServed || status === 401 ? status : 404;
    test(`${who}, ${operation}: ${expected}${isServed ? '' : ' (not served)'}`, async () => {
      const identity = identities.get(who);
      const body = more.method === 'POST' ? storeBody(readFileSync(image.path)) : undefined;
      const asked: Ask = {
        method: more.method ?? 'GET',
        headers: {
          accept,
          ...(body === undefined
            ? {}
            : { 'content-type': 'multipart/related; type="application/dicom"; boundary=edge' }),
        },
        ...(identity === undefined ? {} : { identity }),
        ...(body === undefined ? {} : { body }),
      };
      const got = await ask(web, `/dicom-web${path(image)}`, asked);
      assert.equal(got.status, expected, got.text.slice(0, 300));
    });
  }
}

test('capabilities are given as WADL to who reads that (8.9), and say what is not of the standard', async () => {
  const identity = identities.get('reading');
  assert.ok(identity);
  const capabilities = (headers: Record<string, string>) =>
    ask(web, '/dicom-web/', { method: 'OPTIONS', identity, headers });
  for (const accept of ['*/*', 'application/vnd.sun.wadl+xml', 'text/xml']) {
    const { status, text, headers } = await capabilities({ accept });
    assert.deepEqual([status, headers['content-type']], [200, 'application/vnd.sun.wadl+xml']);
    assert.match(text, /<method name="DELETE" id="RemoveStudy"><doc title="Proprietary: not in PS3\.18"\/><\/method>/);
  }
  assert.equal((await capabilities({})).status, 406);
  assert.equal((await capabilities({ accept: 'image/png' })).status, 406);
});

function storeBody(file: Uint8Array): Buffer {
  const head = Buffer.from('--edge\r\nContent-Type: application/dicom\r\n\r\n');
  return Buffer.concat([head, file, Buffer.from('\r\n--edge--\r\n')]);
}
