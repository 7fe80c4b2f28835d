/** A researcher against the real server: invited, enrolled, opened for a project, searching, fetching; no byte tells whose images they are. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import type { TestBrowser } from '../support/browser.ts';
import { writeImage } from '../support/dicom-files.ts';
import { Leadglass } from '../support/leadglass.ts';
import { enrolled } from '../support/person.ts';

interface Got {
  readonly status: number;
  /** Fields and body, as bytes. */
  readonly bytes: string;
  readonly body: Buffer;
}

async function get(browser: TestBrowser, path: string, accept: string): Promise<Got> {
  const response = await browser.open(path, { headers: { accept } });
  const body = Buffer.concat(await Array.fromAsync<Buffer>(response));
  const bytes = JSON.stringify(response.rawHeaders) + body.toString('latin1');
  return { status: response.statusCode ?? 0, bytes, body };
}

const octets = 'multipart/related; type="application/octet-stream"; transfer-syntax=*';
const json = 'application/dicom+json';

test('a researcher sees de-identified images of the project, and no byte of any answer tells whose they are', async () => {
  await using leadglass = await Leadglass.start();
  const device = await leadglass.enrol('CT1', 'archive');
  const image = writeImage(leadglass.path('image'), {
    study: 'research',
    patientId: 'SECRET-4711',
    patientName: 'Secretname^Jane',
    studyDate: '20250317',
  });
  const photograph = writeImage(leadglass.path('us'), {
    study: 'ultrasound',
    modality: 'US',
    patientId: 'SECRET-4712',
  });
  await leadglass.succeed('send', leadglass.address, '--as', device.folder, image.path, photograph.path);
  const ca = readFileSync(join(device.folder, 'ca.pem'));
  const rita = await enrolled(leadglass, ca, { email: 'rita@hospital.example', role: 'researcher' });
  assert.equal((await rita.signIn()).status, 200);
  const asked = (path: string, accept: string): Promise<Got> => get(rita.browser, `/dicom-web${path}`, accept);

  assert.equal((await asked('/studies', json)).status, 403, 'an invitation opens nothing');
  const until = ['--until', '2099-12-31', '--reason', 'ethics vote 17'];
  const open = ['account', 'open', rita.email, '--allow', 'find', '--allow', 'get', ...until];
  const { status: unnamed, stderr } = await leadglass.run(...open);
  assert.notEqual(unnamed, 0);
  assert.match(stderr, /must name the project/);
  await leadglass.succeed(...open, '--project', 'lung-2027', '--option', 'retain-modified-dates');

  const seen: Got[] = [];
  const ask = async (path: string, accept: string): Promise<Got> => {
    const got = await asked(path, accept);
    seen.push(got);
    return got;
  };
  const found = await ask('/instances?includefield=all', json);
  assert.equal(found.status, 200, found.bytes);
  const matches: readonly Record<string, { Value?: readonly string[] }>[] = JSON.parse(found.body.toString());
  assert.equal(matches.length, 1, 'the ultrasound is not there');
  const uid = (tag: string): string => matches[0]?.[tag]?.Value?.[0] ?? '';
  const study = `/studies/${uid('0020000D')}`;
  const instance = `${study}/series/${uid('0020000E')}/instances/${uid('00080018')}`;
  for (const [path, accept] of [
    ['/studies', json],
    [`${study}/series`, json],
    [`${instance}/metadata`, json],
    [`${study}/metadata`, json],
    [instance, 'application/dicom'],
    [study, 'application/zip'],
    [`${instance}/frames/1`, octets],
    [`${instance}/rendered`, 'image/png'],
    [`${study}/thumbnail`, 'image/jpeg'],
    [`${instance}/bulkdata/7FE00010`, octets],
  ] as const) {
    assert.equal((await ask(path, accept)).status, 200, path);
  }
  for (const path of [
    `/studies/${image.studyInstanceUid}`,
    `/studies/${image.studyInstanceUid}/metadata`,
    `/studies/${photograph.studyInstanceUid}/metadata`,
    '/studies/1.2.3.4.5/metadata',
  ]) {
    assert.equal((await asked(path, json)).status, 404, path);
  }
  for (const query of ['PatientID=SECRET-4711', 'PatientName=Secret*', 'StudyDate=20250317']) {
    assert.equal((await asked(`/studies?${query}`, json)).status, 204, query);
  }
  assert.ok((await rita.browser.post('control/studyList', {})).status >= 400);

  const file = readFileSync(image.path);
  const pixels = file.subarray(file.length - 2 * 64 * 64);
  assert.ok(
    seen.some(({ body }) => body.includes(pixels)),
    'the pixels are those of the original',
  );
  for (const { bytes } of seen) {
    for (const secret of [
      'SECRET',
      'Secretname',
      '20250317',
      'A-1',
      image.studyInstanceUid,
      image.seriesInstanceUid,
      image.sopInstanceUid,
    ]) {
      assert.equal(bytes.includes(secret), false, secret);
    }
  }
  const records = JSON.stringify(await leadglass.ledger('--who', rita.email));
  assert.ok(records.includes('SECRET-4711'), 'the ledger knows whose images they were');

  await leadglass.succeed('account', 'close', rita.email, '--reason', 'the project has ended');
  assert.equal((await asked(instance, 'application/dicom')).status, 403);
});
