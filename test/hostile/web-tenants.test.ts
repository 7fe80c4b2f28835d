/**
 * Class 14, crossing tenants: a device whose opening reaches one modality asks the web door of a real server for what belongs to
 * another one, by every operation and every detour. What is unknown, forbidden, removed and mixed up out of good parts has the same
 * answer, in all its bytes; of a study that is reached in part only that part is there.
 */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { part10Head, uidFor } from '../../bench/support/raw-dicom.ts';
import { TestServer } from '../faults/server.ts';
import { type Answer, anyDicom, anyOctets, dicomJson, pathOf, WebClient } from '../support/web-client.ts';
import { explicit, us } from './raw-data-set.ts';

let server: TestServer;
let archive: WebClient;
/** Reads MR only. */
let reader: WebClient;
/** Reads what it sent itself. */
let owner: WebClient;
/** Reads what was released to it: nothing. */
let partner: WebClient;

interface Named {
  readonly study: string;
  readonly series: string;
  readonly instance: string;
}
const named = (study: string, series: string, instance: string): Named => ({
  study: uidFor(`tenants/${study}`),
  series: uidFor(`tenants/${study}/${series}`),
  instance: uidFor(`tenants/${study}/${series}/${instance}`),
});

/** CT alone: beyond the reader's scope. */
const foreign = named('foreign', 'ct', '1');
/** One study with a series of each. */
const mixedMr = named('mixed', 'mr', '1');
const mixedCt = named('mixed', 'ct', '1');
const removed = named('removed', 'mr', '1');
const unknown = named('unknown', 'mr', '1');

function fileOf({ study, series, instance }: Named, modality: string, patient: string): Buffer {
  return Buffer.concat([
    part10Head(instance),
    explicit(0x0008, 0x0016, 'UI', '1.2.840.10008.5.1.4.1.1.2'),
    explicit(0x0008, 0x0018, 'UI', instance),
    explicit(0x0008, 0x0020, 'DA', '20260101'),
    explicit(0x0008, 0x0050, 'SH', `ACC-${patient}`),
    explicit(0x0008, 0x0060, 'CS', modality),
    explicit(0x0008, 0x103e, 'LO', `secret ${modality}`),
    explicit(0x0010, 0x0010, 'PN', `SECRET^${patient}`),
    explicit(0x0010, 0x0020, 'LO', patient),
    explicit(0x0020, 0x000d, 'UI', study),
    explicit(0x0020, 0x000e, 'UI', series),
    explicit(0x0028, 0x0002, 'US', us(1)),
    explicit(0x0028, 0x0004, 'CS', 'MONOCHROME2'),
    explicit(0x0028, 0x0010, 'US', us(16)),
    explicit(0x0028, 0x0011, 'US', us(16)),
    explicit(0x0028, 0x0100, 'US', us(16)),
    explicit(0x0028, 0x0101, 'US', us(16)),
    explicit(0x0028, 0x0102, 'US', us(15)),
    explicit(0x0028, 0x0103, 'US', us(0)),
    explicit(0x7fe0, 0x0010, 'OW', Buffer.alloc(512, modality === 'MR' ? 1 : 2)),
  ]);
}

before(async () => {
  server = await TestServer.start();
  const web = ['--door', 'web'];
  const client = async (...words: Parameters<TestServer['addDevice']>): Promise<WebClient> =>
    new WebClient(server.consolePort, await server.addDevice(...words));
  archive = await client('ARCHIVE', 'archive', web);
  reader = await client('MRONLY', 'reading', [...web, '--modality', 'MR']);
  owner = await client('OWNONLY', 'reading', [...web, '--own-studies']);
  partner = await client('PARTNER', 'exchange', web);
  const { status, text } = await archive.store([
    fileOf(foreign, 'CT', 'FOREIGN'),
    fileOf(mixedMr, 'MR', 'MIXED'),
    fileOf(mixedCt, 'CT', 'MIXED'),
    fileOf(removed, 'MR', 'REMOVED'),
  ]);
  assert.equal(status, 200, text);
  const result = await server.run('study', 'remove', removed.study, '--reason', 'test');
  assert.equal(result.status, 0, result.stderr);
});

after(async () => {
  await using ending = server;
  for (const client of [archive, reader, owner, partner]) client.close();
  assert.ok(ending.isRunning, ending.log);
  assert.doesNotMatch(ending.log, /"level":"error"|INTERNAL/);
  // Neither a name nor a Patient ID of what was asked for.
  assert.doesNotMatch(ending.log, /SECRET|FOREIGN|MIXED/);
});

type Question = readonly [name: string, accept: string, path: (one: Named) => string];

const instanceOf = ({ study, series, instance }: Named): string => pathOf(study, series, instance);
const seriesOf = ({ study, series }: Named): string => pathOf(study, series);
const studyOf = ({ study }: Named): string => pathOf(study);
const levels = [
  ['study', studyOf],
  ['series', seriesOf],
  ['instance', instanceOf],
] as const;
const jpegs = 'multipart/related; type="image/jpeg"';

const retrieves: readonly Question[] = [
  ...levels.flatMap(([name, path]): readonly Question[] => [
    [name, anyDicom, path],
    [`${name} as zip`, 'application/zip', path],
    [`metadata of ${name}`, dicomJson, (one) => `${path(one)}/metadata`],
    [`XML metadata of ${name}`, 'multipart/related; type="application/dicom+xml"', (one) => `${path(one)}/metadata`],
    [`bulk data of ${name}`, anyOctets, (one) => `${path(one)}/bulkdata`],
    [`pixel data of ${name}`, anyOctets, (one) => `${path(one)}/pixeldata`],
    [`rendered ${name}`, jpegs, (one) => `${path(one)}/rendered`],
    [`thumbnail of ${name}`, 'image/jpeg', (one) => `${path(one)}/thumbnail`],
  ]),
  ['single file', 'application/dicom', instanceOf],
  ['rendered picture', 'image/png', (one) => `${instanceOf(one)}/rendered?viewport=8,8&window=1,2,linear`],
  ['frame', anyOctets, (one) => `${instanceOf(one)}/frames/1`],
  ['single frame', 'application/octet-stream', (one) => `${instanceOf(one)}/frames/1`],
  ['frame that nobody has', anyOctets, (one) => `${instanceOf(one)}/frames/99`],
  ['rendered frame', 'image/jpeg', (one) => `${instanceOf(one)}/frames/1/rendered`],
  ['thumbnail of a frame', 'image/jpeg', (one) => `${instanceOf(one)}/frames/1/thumbnail`],
  ['one value', 'application/octet-stream', (one) => `${instanceOf(one)}/bulkdata/7FE00010`],
  ['a value that nobody has', 'application/octet-stream', (one) => `${instanceOf(one)}/bulkdata/00420011`],
  ['WADO-URI file', 'application/dicom', (one) => wadoUri(one, '&contentType=application%2Fdicom')],
  ['WADO-URI picture', 'image/jpeg', (one) => wadoUri(one, '&contentType=image%2Fjpeg&rows=8&columns=8')],
  ['another media type than there is', 'video/mp4', instanceOf],
];

function wadoUri({ study, series, instance }: Named, more = ''): string {
  return `/wado?requestType=WADO&studyUID=${study}&seriesUID=${series}&objectUID=${instance}${more}`;
}

const searches: readonly Question[] = [
  ['studies by UID', dicomJson, ({ study }) => `/studies?StudyInstanceUID=${study}`],
  ['studies by UID, everything', dicomJson, ({ study }) => `/studies?StudyInstanceUID=${study}&includefield=all`],
  ['studies by series', dicomJson, ({ series }) => `/studies?SeriesInstanceUID=${series}`],
  ['studies by instance', dicomJson, ({ instance }) => `/studies?SOPInstanceUID=${instance}`],
  ['series of a study', dicomJson, ({ study, series }) => `/studies/${study}/series?SeriesInstanceUID=${series}`],
  ['series by UID', dicomJson, ({ series }) => `/series?SeriesInstanceUID=${series}`],
  [
    'instances of a study',
    dicomJson,
    ({ study, instance }) => `/studies/${study}/instances?SOPInstanceUID=${instance}`,
  ],
  ['instances of a series', dicomJson, (one) => `${seriesOf(one)}/instances`],
  ['instances by UID', dicomJson, ({ instance }) => `/instances?SOPInstanceUID=${instance}`],
  ['XML', 'multipart/related; type="application/dicom+xml"', ({ instance }) => `/instances?SOPInstanceUID=${instance}`],
  ['none wanted, all counted', dicomJson, ({ instance }) => `/instances?SOPInstanceUID=${instance}&limit=0`],
];

/** All of an answer but its date, for comparison: status, every header in its order, the body. */
function wholeOf({ status, headers, body }: Answer): readonly unknown[] {
  return [status, headers.filter(([name]) => name.toLowerCase() !== 'date'), body.toString('latin1')];
}

/** What the reader may not have, whoever it is made of. */
const beyondReader: Readonly<Record<string, Named>> = {
  forbidden: foreign,
  removed,
  'a foreign series of a study that is reached': mixedCt,
  'a foreign instance under a series that is reached': { ...mixedMr, instance: mixedCt.instance },
  'a foreign series under a study that is reached': { ...foreign, study: mixedMr.study },
  'an instance that is reached under a foreign study': { ...mixedMr, study: foreign.study },
  'an instance that is reached under a foreign series': { ...mixedMr, series: mixedCt.series },
};

/** A resource above the instance may well be there. */
const isReached = (path: string, { study, series }: Named): boolean =>
  study === mixedMr.study && (!path.includes('/series/') || series === mixedMr.series) && !path.includes('/instances/');

for (const method of ['GET', 'HEAD'] as const) {
  for (const [name, accept, path] of retrieves) {
    test(`${method} ${name}: unknown, forbidden, removed and mixed up are the same answer in all their bytes`, async () => {
      const expected = wholeOf(await reader.ask(path(unknown), { method, accept }));
      assert.equal(expected[0], 404);
      for (const [what, one] of Object.entries(beyondReader)) {
        if (isReached(path(one), one) && !path(one).startsWith('/wado')) continue;
        assert.deepEqual(wholeOf(await reader.ask(path(one), { method, accept })), expected, what);
      }
      for (const client of [owner, partner]) {
        assert.deepEqual(wholeOf(await client.ask(path(unknown), { method, accept })), expected);
        for (const one of [foreign, removed, mixedMr, mixedCt]) {
          assert.deepEqual(wholeOf(await client.ask(path(one), { method, accept })), expected);
        }
      }
      assert.deepEqual(wholeOf(await archive.ask(path(removed), { method, accept })), expected);
    });
  }
}

for (const [name, accept, path] of searches) {
  test(`search for ${name}: unknown, forbidden, removed and mixed up are the same answer in all their bytes`, async () => {
    const expected = wholeOf(await reader.ask(path(unknown), { accept }));
    assert.deepEqual([expected[0], expected[2]], [204, '']);
    for (const one of [foreign, removed]) {
      assert.deepEqual(wholeOf(await reader.ask(path(one), { accept })), expected);
    }
    if (!name.startsWith('studies by UID')) {
      assert.deepEqual(wholeOf(await reader.ask(path(mixedCt), { accept })), expected);
    }
    for (const client of [owner, partner]) {
      for (const one of [foreign, removed, mixedMr, mixedCt]) {
        assert.deepEqual(wholeOf(await client.ask(path(one), { accept })), expected);
      }
    }
  });
}

test('conditions and ranges do not tell either: whatever tag is guessed, what may not be seen is not found', async () => {
  const { headers } = await archive.ask(instanceOf(foreign), { accept: 'application/dicom' });
  const tag = headers.find(([name]) => name.toLowerCase() === 'etag')?.[1] ?? '';
  assert.match(tag, /^"/);
  const fields = [
    { 'if-none-match': tag },
    { 'if-match': tag },
    { 'if-match': '"other"' },
    { 'if-none-match': '*' },
    { range: 'bytes=0-9' },
    { range: 'bytes=999999999-' },
    { range: 'bytes=0-9', 'if-range': tag },
  ];
  for (const field of fields) {
    const asked = { accept: 'application/dicom', headers: field as Record<string, string> };
    const expected = wholeOf(await reader.ask(instanceOf(unknown), asked));
    assert.equal(expected[0], 404);
    assert.deepEqual(wholeOf(await reader.ask(instanceOf(foreign), asked)), expected, JSON.stringify(field));
  }
});

const seen = (answer: Answer): readonly Record<string, { readonly Value?: readonly unknown[] }>[] =>
  answer.status === 204 ? [] : JSON.parse(answer.text);

test('of a study that is reached in part a search shows, counts and matches that part only', async () => {
  const [study, ...others] = seen(await reader.ask('/studies?includefield=all', { accept: dicomJson }));
  assert.deepEqual(others, []);
  assert.deepEqual(study?.['0020000D']?.Value, [mixedMr.study]);
  assert.deepEqual(study?.['00080061']?.Value, ['MR']);
  assert.deepEqual([study?.['00201206']?.Value, study?.['00201208']?.Value], [[1], [1]]);
  assert.ok(!JSON.stringify(study).includes('secret CT'));
  for (const query of [
    `/studies?SeriesInstanceUID=${mixedCt.series}`,
    `/studies?SOPInstanceUID=${mixedCt.instance}`,
    '/studies?Modality=CT',
    '/studies?ModalitiesInStudy=CT',
    '/studies?SeriesDescription=secret%20CT',
    '/series?Modality=CT',
    '/series?SeriesDescription=*CT*',
    `/studies/${mixedCt.study}/series?Modality=CT`,
    `/studies/${mixedCt.study}/instances?SeriesInstanceUID=${mixedCt.series}`,
    '/instances?Modality=CT',
    '/studies?PatientID=FOREIGN',
    '/studies?PatientName=SECRET%5EFOREIGN',
    '/studies?AccessionNumber=ACC-FOREIGN',
  ]) {
    assert.equal((await reader.ask(query, { accept: dicomJson })).status, 204, query);
  }
  const all = seen(await reader.ask('/instances?limit=1000', { accept: dicomJson }));
  assert.deepEqual(
    all.map((one) => one['00080018']?.Value),
    [[mixedMr.instance]],
  );
});

test('of a study that is reached in part every way to fetch it gives that part only', async () => {
  for (const [view, accept] of [
    ['', anyDicom],
    ['', 'application/zip'],
    ['/metadata', dicomJson],
    ['/metadata', 'multipart/related; type="application/dicom+xml"'],
    ['/pixeldata', anyOctets],
    ['/rendered', jpegs],
    ['/thumbnail', 'image/jpeg'],
  ] as const) {
    const { status, text, body } = await reader.ask(pathOf(mixedMr.study) + view, { accept });
    assert.equal(status, 200, `${view} ${accept}: ${text.slice(0, 200)}`);
    for (const secret of [mixedCt.series, mixedCt.instance, 'secret CT']) {
      assert.ok(!body.includes(secret), `${view} ${accept} holds ${secret}`);
    }
    assert.ok(!body.includes(Buffer.alloc(512, 2)), `${view} ${accept} holds foreign pixels`);
  }
});

test('a presentation state of somebody else draws nothing, and one cannot be told from none', async () => {
  const stateOf = ({ series, instance }: Named): string =>
    `&contentType=image%2Fjpeg&presentationSeriesUID=${series}&presentationUID=${instance}`;
  const asked = { accept: 'image/jpeg' };
  const expected = wholeOf(await reader.ask(wadoUri(mixedMr, stateOf(unknown)), asked));
  assert.equal(expected[0], 404);
  for (const one of [foreign, mixedCt, removed]) {
    assert.deepEqual(wholeOf(await reader.ask(wadoUri(mixedMr, stateOf(one)), asked)), expected);
  }
  assert.equal((await reader.ask(wadoUri(mixedMr, '&contentType=image%2Fjpeg'), asked)).status, 200);
});

test('what a device may not store into says the same whether the study is there or is of nobody', async () => {
  // It may make evidence of its own modality; an image is none, whatever study it names.
  const images = [foreign, unknown, mixedMr, removed];
  const answers = await Promise.all(
    images.map(async (one) => {
      const { status, text } = await reader.store([fileOf({ ...one, instance: uidFor('tenants/new') }, 'MR', 'X')]);
      return [status, text];
    }),
  );
  for (const answer of answers) assert.deepEqual(answer, answers[0]);
  assert.equal(answers[0]?.[0], 409);
  for (const one of images) {
    const { status } = await partner.store([fileOf(one, 'MR', 'X')], { path: pathOf(one.study) });
    assert.equal(status, 403);
  }
});

test('a stranger has one answer for every path, there or not, of every method', async () => {
  const folder = await server.addDevice('OTHER', 'reading', ['--door', 'web']);
  const stranger = new WebClient(server.consolePort, folder, 'lgd_none');
  const expected = wholeOf(await stranger.ask('/studies'));
  assert.equal(expected[0], 401);
  for (const [, accept, path] of [...retrieves, ...searches]) {
    for (const one of [foreign, unknown]) {
      assert.deepEqual(wholeOf(await stranger.ask(path(one), { accept })), expected);
    }
  }
  for (const path of ['/nothing', '/studies/no-uid', '/..%2f', '/studies/1.2/x?%00']) {
    assert.deepEqual(wholeOf(await stranger.ask(path)), expected, path);
  }
  stranger.close();
});
