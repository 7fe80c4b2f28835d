/**
 * Breaking the glass against the real server: a physician of another department is refused, opens one patient in an emergency, sees that
 * patient and nobody else, and is refused again when it has ended, also in the middle of a retrieve. Each step is recorded and reviewed.
 */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import type { IncomingMessage } from 'node:http';
import { join } from 'node:path';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Image, uidOf, writeImage, writeSeries } from '../support/dicom-files.ts';
import { day, Leadglass } from '../support/leadglass.ts';
import { TestBrowser } from '../support/browser.ts';
import { codeOf, enrolled, password, type Person } from '../support/person.ts';

const reason = 'polytrauma in the shock room';
const files = 'multipart/related; type="application/dicom"; transfer-syntax=*';
const wholeBytes = 24 * 2 * 1024 * 1024;

interface Ward {
  readonly leadglass: Leadglass;
  readonly ca: Buffer;
  readonly paul: Person;
  /** CT of the patient in the shock room, CT of somebody else, MR as Paul reads them. */
  readonly patient: Image;
  readonly other: Image;
  readonly own: Image;
}

async function openWard(leadglass: Leadglass): Promise<Ward> {
  const device = await leadglass.enrol('CT1', 'archive');
  const roe = { study: 'roe', patientId: 'EMER-1', patientName: 'ROE^RICHARD', pixelBytes: 2 * 1024 * 1024 };
  const [patient] = writeSeries(leadglass.path('roe'), roe, 24);
  assert.ok(patient);
  const doe = { study: 'doe', patientId: 'PRIVATE-1', patientName: 'DOE^JANE' };
  const other = writeImage(leadglass.path('doe'), doe);
  const own = writeImage(leadglass.path('own'), { study: 'own', patientId: 'OWN-1', modality: 'MR' });
  await leadglass.succeed('import', leadglass.path('roe'), other.path, own.path);
  const ca = readFileSync(join(device.folder, 'ca.pem'));
  const paul = await enrolled(leadglass, ca, { email: 'paul@hospital.example', role: 'physician' });
  const terms = ['--allow', 'find', '--allow', 'get', '--modality', 'MR', '--until', day(30), '--reason', 'MR readers'];
  await leadglass.succeed('account', 'open', paul.email, ...terms);
  assert.equal((await paul.signIn()).status, 200);
  return { leadglass, ca, paul, patient, other, own };
}

/** A retrieve or search with the browser's session, its bytes as they come. */
const ask = (browser: TestBrowser, path: string, accept = files): Promise<IncomingMessage> =>
  browser.open(`/dicom-web${path}`, { headers: { accept } });

/** Status, fields without their moment, and body. */
async function answerOf(response: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = await Array.fromAsync(response);
  const { date: _, ...fields } = response.headers;
  return JSON.stringify([response.statusCode, fields, Buffer.concat(chunks).toString('latin1')]);
}

async function patientsSeen(ward: Ward, browser = ward.paul.browser): Promise<readonly string[]> {
  const response = await ask(browser, '/studies?includefield=00100020', 'application/dicom+json');
  const text = Buffer.concat(await Array.fromAsync<Buffer>(response)).toString();
  const studies: { '00100020'?: { Value?: string[] } }[] = text === '' ? [] : JSON.parse(text);
  return studies.map((study) => study['00100020']?.Value?.[0] ?? '').toSorted();
}

/** What is forbidden is answered, byte for byte, as what nobody has. */
async function assertHidden(ward: Ward, ...images: readonly Image[]): Promise<void> {
  const { browser } = ward.paul;
  for (const suffix of ['', '/metadata', '/thumbnail', '/series']) {
    const accept = suffix === '' ? files : '*/*';
    const path = (uid: string): string => `/studies/${uid}${suffix}`;
    const unknown = await answerOf(await ask(browser, path(uidOf('nobody')), accept));
    for (const { studyInstanceUid } of images) {
      const forbidden = await answerOf(await ask(browser, path(studyInstanceUid), accept));
      assert.equal(forbidden.replaceAll(studyInstanceUid, ''), unknown.replaceAll(uidOf('nobody'), ''), path('…'));
    }
  }
}

test('a physician breaks the glass for one patient, sees that one alone until it ends, and is reviewed', async () => {
  await using leadglass = await Leadglass.start();
  const ward = await openWard(leadglass);
  const { paul, patient, other } = ward;
  const { browser } = paul;
  assert.deepEqual(await patientsSeen(ward), ['OWN-1']);
  await assertHidden(ward, patient, other);

  const named = { patientId: 'EMER-1', familyName: 'Roe', reason };
  assert.equal((await browser.post('control/emergencyOpen', { ...named, reason: 'x' })).status, 400, 'why?');
  assert.equal((await browser.post('control/emergencyOpen', { ...named, familyName: 'Doe' })).status, 404);
  const opened = await browser.post('control/emergencyOpen', named);
  assert.equal(opened.status, 200, JSON.stringify(opened.body));
  const session = await browser.get('/api/session');
  assert.equal(Object(session.body['emergency']).patientId, 'EMER-1');

  assert.deepEqual(await patientsSeen(ward), ['EMER-1']);
  await assertHidden(ward, other, ward.own);
  const again = new TestBrowser(leadglass.consolePort, ward.ca);
  await paul.signIn({ at: again });
  assert.deepEqual(await patientsSeen(ward, again), ['OWN-1'], 'another session of the same person is as before');
  const status = await leadglass.json<{ warnings: string[] }>('status');
  assert.ok(status.warnings.some((warning) => /1 emergency access is open now/.test(warning)));

  // In the middle of a study that is read slowly it ends.
  const running = await ask(browser, `/studies/${patient.studyInstanceUid}`);
  assert.equal(running.statusCode, 200);
  let received = 0;
  const cut = new Promise<boolean>((resolve) => {
    running.once('error', () => resolve(true));
    running.once('close', () => resolve(!running.complete));
  });
  running.once('data', (chunk: Buffer) => {
    received += chunk.length;
    running.pause();
  });
  await sleep(300);
  assert.equal((await browser.post('control/emergencyEnd')).status, 200);
  running.on('data', (chunk: Buffer) => {
    received += chunk.length;
  });
  running.resume();
  assert.equal(await cut, true, 'the answer is torn, as one that is not whole must be');
  assert.ok(received < wholeBytes, `${received} bytes came`);

  assert.deepEqual(await patientsSeen(ward), ['OWN-1']);
  await assertHidden(ward, patient, other);
  await reviewed(ward);
  assert.doesNotMatch(leadglass.log, /EMER-1|ROE|polytrauma/, 'the log tells of no patient');
});

async function reviewed({ leadglass, ca, paul }: Ward): Promise<void> {
  const ledger = await leadglass.ledger('--patient', 'EMER-1');
  for (const words of ['Emergency Override Started', 'Emergency Override Stopped']) {
    assert.ok(
      ledger.some(({ event, who }) => event.includes(words) && who.includes(paul.email)),
      words,
    );
  }
  assert.ok(
    ledger.some(({ event, who }) => event.startsWith('110102') && who.includes(paul.email)),
    'and what was fetched',
  );
  assert.equal((await paul.browser.post('control/emergencyList', {})).status, 403);
  const sina = await enrolled(leadglass, ca, { email: 'sina@hospital.example', role: 'security-officer' });
  assert.equal((await sina.signIn()).status, 200);
  const listed = await sina.browser.post('control/emergencyList', {});
  const [one] = Object(listed.body['emergencies']);
  assert.deepEqual([one.email, one.patientId, one.reason, one.state], [paul.email, 'EMER-1', reason, 'to-review']);
  const verdict = { number: one.number, verdict: 'justified', words: 'asked the shift leader' };
  assert.equal((await sina.browser.post('control/emergencyReview', verdict)).status, 200);
  const second = await leadglass.run(
    'emergency',
    'review',
    String(one.number),
    '--verdict',
    'unjustified',
    '--words',
    'w',
  );
  assert.equal(second.status, 1, second.output);
  const shown = await leadglass.succeed('emergency', 'show', String(one.number));
  assert.match(shown.output, /justified, by sina@hospital.example: asked the shift leader/);
  const nothing = await leadglass.succeed('emergency', 'list');
  assert.match(nothing.output, /No emergency access waits/);
  assert.match((await leadglass.succeed('emergency', 'list', '--all')).output, /EMER-1/);
  await leadglass.succeed('ledger', 'verify');
}

test('after a restart an emergency is still that of its session, and a sign-out ends it for good', async () => {
  await using leadglass = await Leadglass.start();
  const ward = await openWard(leadglass);
  const { browser } = ward.paul;
  const given = { patientId: 'EMER-1', familyName: 'ROE', reason };
  assert.equal((await browser.post('control/emergencyOpen', given)).status, 200);
  await leadglass.stop();
  await leadglass.start();
  const moved = new TestBrowser(leadglass.consolePort, ward.ca);
  moved.session = browser.session;
  assert.deepEqual(await patientsSeen(ward, moved), ['EMER-1']);
  assert.equal((await moved.post('sign-out')).status, 204);
  const { body } = await moved.post('sign-in/password', { email: ward.paul.email, password });
  const code = codeOf(ward.paul.secret, Date.now() + 30_000);
  assert.equal((await moved.post('sign-in/code', { ceremony: body['ceremony'], code })).status, 200);
  assert.deepEqual(await patientsSeen(ward, moved), ['OWN-1']);
  const stops = (await leadglass.ledger('--patient', 'EMER-1')).filter(({ event }) => event.includes('Stopped'));
  assert.match(stops[0]?.reason ?? '', /its session ended/);
});
