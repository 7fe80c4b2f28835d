/** People against the real server: invited, enrolled with two factors, signed in, at work, and gone at once when they are disabled. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import http2 from 'node:http2';
import { join } from 'node:path';
import { test } from 'node:test';
import { writeImage } from '../support/dicom-files.ts';
import { Leadglass } from '../support/leadglass.ts';
import { TestBrowser } from '../support/browser.ts';
import { codeOf, enrolled, password } from '../support/person.ts';

test('a physician enrols with password and code, sees images, and is out at once when the account is disabled', async () => {
  await using leadglass = await Leadglass.start();
  const device = await leadglass.enrol('CT1', 'archive');
  const image = writeImage(leadglass.path('image'), { study: 'people' });
  await leadglass.succeed('send', leadglass.address, '--as', device.folder, image.path);
  const ca = readFileSync(join(device.folder, 'ca.pem'));
  const ada = await enrolled(leadglass, ca, { email: 'ada@hospital.example', role: 'physician' });
  const studies = '/dicom-web/studies';
  assert.equal((await ada.browser.get(studies)).status, 401, 'not before both factors were shown');

  const signedIn = await ada.signIn();
  assert.equal(signedIn.status, 200, JSON.stringify(signedIn.body));
  assert.ok(!JSON.stringify(signedIn.body).includes(ada.browser.session), 'the secret is in the cookie alone');
  for (const field of signedIn.cookies) assert.match(field, /Secure; HttpOnly; SameSite=Strict/);
  const found = await ada.browser.get(studies);
  assert.equal(found.status, 200);
  assert.equal(Object(found.body)[0]?.['0020000D']?.Value?.[0], image.studyInstanceUid);

  const stolen = new TestBrowser(leadglass.consolePort, ca);
  const foreign = { origin: 'https://evil.example' };
  stolen.session = ada.browser.session;
  assert.equal((await stolen.get(studies, foreign)).status, 403, 'a page of another origin gets nothing');
  assert.equal((await stolen.post('sign-out', {}, foreign)).status, 403);
  assert.equal((await ada.browser.post('control/deviceList')).status, 403, 'who sees images administers nothing');
  const replayed = await ada.browser.post('sign-in/password', { email: ada.email, password });
  const { ceremony } = replayed.body;
  const again = await ada.browser.post('sign-in/code', { ceremony, code: codeOf(ada.secret, Date.now()) });
  assert.equal(again.status, 401, 'a code that was used is used');

  const ended = await leadglass.json<{ sessionsEnded: number }>(
    ...['account', 'disable', ada.email, '--reason', 'left the hospital'],
  );
  assert.ok(ended.sessionsEnded >= 1);
  assert.equal((await ada.browser.get(studies)).status, 401);
  assert.equal((await ada.browser.get('/api/session')).status, 401);
  const records = JSON.stringify(await leadglass.ledger('--who', ada.email));
  for (const words of ['110112', '110114']) assert.ok(records.includes(words), words);
  assert.ok(!records.includes(password) && !records.includes(ada.secret));
  await leadglass.succeed('ledger', 'verify');
});

test('an administrator sees no image, changes things only after a fresh second factor, and gives himself no right', async () => {
  await using leadglass = await Leadglass.start();
  const device = await leadglass.enrol('CT1', 'archive');
  const ca = readFileSync(join(device.folder, 'ca.pem'));
  const eve = await enrolled(leadglass, ca, { email: 'eve@hospital.example', role: 'administrator' });
  assert.equal((await eve.signIn()).status, 200);
  assert.equal((await eve.browser.get('/dicom-web/studies')).status, 403);
  const devices = await eve.browser.post('control/deviceList');
  assert.deepEqual(
    Object.values(devices.body).map((one) => Object(one).aeTitle),
    ['CT1'],
  );
  assert.equal((await eve.browser.post('control/ledgerShow', {})).status, 403);
  assert.equal((await eve.browser.post('control/studyList', {})).status, 403);
  // Just signed in: the second factor is fresh.
  const revoke = { aeTitle: 'CT1', reason: 'stolen' };
  assert.equal((await eve.browser.post('control/deviceRevoke', revoke)).status, 200);
  const own = { email: eve.email, allow: ['find'], until: '2099-01-01', reason: 'curious' };
  assert.ok((await eve.browser.post('control/accountOpen', own)).status >= 400);
  const signedOut = await eve.browser.post('sign-out');
  assert.equal(signedOut.status, 204);
  assert.equal((await eve.browser.post('control/deviceList')).status, 401);
});

test('a call by HTTP/2 that is answered whole is no failure in the log', async () => {
  await using leadglass = await Leadglass.start();
  const device = await leadglass.enrol('CT1', 'archive');
  const origin = `https://localhost:${leadglass.consolePort}`;
  const connection = http2.connect(origin, { ca: readFileSync(join(device.folder, 'ca.pem')) });
  for (let time = 0; time < 3; time += 1) {
    const fields = { ':method': 'POST', ':path': '/api/sign-in/begin', origin, 'x-leadglass': 'console' };
    const stream = connection.request({ ...fields, 'content-type': 'application/json' });
    stream.end('{}');
    const [headers] = await once(stream, 'response');
    assert.equal(headers[':status'], 200);
    stream.resume();
    await once(stream, 'close');
  }
  connection.close();
  await leadglass.stop();
  assert.doesNotMatch(leadglass.log, /answer-failed/);
});
