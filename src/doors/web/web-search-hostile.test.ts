/** Searches as attackers send them: text that is code elsewhere, floods that hold memory, and requests that come byte by byte. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { after, before, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { importFiles, makeFile } from '../../compose/compose.test-support.ts';
import { limits } from '../../limits.ts';
import { handlers } from './handlers/handlers.ts';
import {
  ask,
  ask2,
  connectHttp2,
  type Got,
  type Identity,
  openWebHouse,
  rawTls,
  readAll,
  type WebHouse,
} from './web-door.test-support.ts';

const json = { accept: 'application/dicom+json' };
/** The results of two searches of everything fit for one device, of four for all. */
const stored = 4;
let web: WebHouse;
let identity: Identity;
let other: Identity;

before(async () => {
  web = await openWebHouse({
    handlers,
    heldInstances: { retrieveInstancesHeldPerDeviceMax: 2 * stored, retrieveInstancesHeldMax: 4 * stored },
    web: { bodyPaceMs: 5_000 },
  });
  identity = await web.enrol('READ1');
  other = await web.enrol('READ2');
  const files = Array.from({ length: stored }, (_, index) =>
    makeFile({ study: index + 1, patientName: "O'BRIEN^%_*", patientId: `P${index + 1}` }),
  );
  await importFiles(web.house, ...files);
});
after(() => web[Symbol.asyncDispose]());

const search = (query: string, who = identity): Promise<Got> =>
  ask(web, `/dicom-web/studies?${query}`, { headers: json, identity: who });
const countOf = ({ status, text }: Got): number => (status === 204 ? 0 : JSON.parse(text).length);

const attributes = [
  'PatientName',
  'PatientID',
  'IssuerOfPatientID',
  'AccessionNumber',
  'StudyDescription',
  'StudyID',
  'ReferringPhysicianName',
  'ModalitiesInStudy',
  'Modality',
  'SeriesDescription',
  '00100010',
  'RequestAttributesSequence.ScheduledProcedureStepID',
];
const codes = [
  "' OR '1'='1",
  "x'); DROP TABLE study; --",
  "' UNION SELECT head FROM study --",
  '" OR ""="',
  '1; PRAGMA writable_schema=1',
  "x' AND randomblob(1000000000) --",
  '%',
  '_',
  '[0-9]*',
  '${jndi:ldap://127.0.0.1/a}',
  '{{7*7}}',
  '$(reboot)`reboot`',
  '../../etc/passwd',
  '<script>alert(1)</script>',
];

test('class 6: values that are code elsewhere match nothing, change nothing and are not repeated', async () => {
  for (const attribute of attributes) {
    for (const code of codes) {
      const got = await search(`${attribute}=${encodeURIComponent(code)}`);
      assert.ok([204, 400, 413].includes(got.status), `${attribute}=${code}: ${got.status} ${got.text.slice(0, 200)}`);
      assert.ok(!got.text.includes(code) && !JSON.stringify(got.headers).includes(code));
    }
  }
  assert.equal(countOf(await search('')), stored);
  // As text they are what they are.
  assert.equal(countOf(await search(`PatientName=${encodeURIComponent("O'BRIEN^%_")}*`)), stored);
  assert.equal(countOf(await search(`PatientName=${encodeURIComponent("O'BRIEN^%")}`)), 0);
});

test('class 6: names of parameters that are code elsewhere are ignored, and none of them gets into a header', async () => {
  for (const code of [
    ...codes,
    '__proto__',
    'constructor',
    'a\r\nSet-Cookie: b',
    'st.uid',
    'limit ',
    'LIMIT',
    '\u0000',
  ]) {
    const got = await search(`${encodeURIComponent(code)}=1`);
    assert.ok([200, 400].includes(got.status), `${code}: ${got.status}`);
    const headers = JSON.stringify(got.headers);
    assert.equal(got.headers['set-cookie'], undefined);
    if (!/^[\w.]+$/.test(code)) assert.ok(!headers.includes(code), headers);
  }
});

test('limits and offsets beyond all numbers are refused, or find nothing, at once', async () => {
  for (const text of [
    '-1',
    '1e9',
    '0x10',
    '1.5',
    '',
    'NaN',
    'Infinity',
    '99999999999999999999999999',
    '+1',
    ' 1',
    '٣',
  ]) {
    for (const name of ['limit', 'offset']) {
      const got = await search(`${name}=${encodeURIComponent(text)}`);
      assert.equal(got.status, 400, `${name}=${text}`);
    }
  }
  const far = await search('offset=999999999');
  assert.deepEqual([far.status, far.text], [204, '']);
  assert.equal(countOf(await search('limit=999999999')), stored);
});

/** A search whose answer waits for a window that stays closed. */
async function unread(who: Identity) {
  const session = await connectHttp2(web, { identity: who, settings: { initialWindowSize: 0 } });
  const stream = session.request({ ':path': '/dicom-web/studies', ...json });
  stream.on('error', () => undefined);
  await once(stream, 'response');
  return session;
}

async function heldGoesTo(count: number): Promise<void> {
  for (let turn = 0; turn < 200 && web.held.count !== count; turn += 1) await sleep(10);
  assert.equal(web.held.count, count);
}

test('attack: results that nobody reads are counted for who asked; others are served, and what ends makes room', async () => {
  const first = await unread(identity);
  const second = await unread(identity);
  await heldGoesTo(2 * stored);
  const late = await search('');
  assert.deepEqual([late.status, late.headers['retry-after']], [503, String(limits.web.retryAfterSeconds)]);
  assert.equal(countOf(await search('', other)), stored);
  first.destroy();
  await heldGoesTo(stored);
  assert.equal(countOf(await search('')), stored);
  second.destroy();
  await heldGoesTo(0);
});

test('attack: a reader that takes too long loses its answer, and its place is free', async () => {
  const session = await unread(identity);
  await heldGoesTo(stored);
  for (let turn = 0; turn < 100 && web.held.count > 0; turn += 1) await sleep(100);
  assert.equal(web.held.count, 0);
  session.destroy();
});

test('attack: searches that are given up while they run hold nothing', async () => {
  const session = await connectHttp2(web, { identity });
  for (let count = 0; count < 50; count += 1) {
    const stream = session.request({ ':path': '/dicom-web/instances', ...json });
    stream.on('error', () => undefined);
    if (count % 2 === 0) await sleep(1);
    stream.close(8);
  }
  session.destroy();
  await heldGoesTo(0);
  assert.equal(countOf(await search('')), stored);
});

test('a request that comes byte by byte, with query, range and Accept, is answered as one that comes whole', async () => {
  const uid = '1.2.3.1';
  const one = `/dicom-web/studies/${uid}/series/${uid}.1/instances/${uid}.1.1`;
  for (const [path, accept, more] of [
    ['/dicom-web/studies?PatientID=P1&includefield=StudyDescription%2CStudyTime', 'application/dicom+json', ''],
    [one, 'application/dicom; transfer-syntax=*', 'Range: bytes=3-9, 120-140\r\n'],
    [one, 'multipart/related; type="application/dicom"; transfer-syntax=*; q=0.5, */*;q=0.1', ''],
    [`${one}/frames/1`, 'text/html;level=1', ''],
  ] as const) {
    const request = `GET ${path} HTTP/1.1\r\nHost: localhost\r\nAccept: ${accept}\r\n${more}Connection: close\r\n\r\n`;
    const answers: string[] = [];
    for (const pieceBytes of [request.length, 1]) {
      const socket = await rawTls(web, { identity });
      socket.setNoDelay(true);
      const reading = readAll(socket, 10_000);
      for (let at = 0; at < request.length; at += pieceBytes) {
        socket.write(request.slice(at, at + pieceBytes));
        if (at % 16 === 0) await sleep(0);
      }
      answers.push(await reading);
    }
    // Date and boundaries are new each time.
    const [whole, split] = answers.map((text) => text.replace(/date: [^\r]*/i, '').replaceAll(/[0-9a-f]{32}/g, 'edge'));
    assert.equal(split, whole);
    assert.match(whole ?? '', /^HTTP\/1\.1 (?:200|206|406) /);
  }
});

test('class 8: a path of ten thousand items, and one of the deepest there may be, end', async () => {
  const session = await connectHttp2(web, { identity });
  for (const path of [`${'00400275.'.repeat(3000)}00400009=x`, `${'a'.repeat(30_000)}=1`, '&'.repeat(30_000)]) {
    const { status } = await ask2(session, `/dicom-web/studies?${path}`, { headers: json });
    assert.ok([200, 400, 413].includes(status), String(status));
  }
  session.destroy();
});
