/**
 * Attacks on people's accounts against the real server: each is refused, is in the ledger, and is seen by the security officer in the console's
 * API. There is no WebSocket anywhere; what streams to somebody are the answers of DICOMweb.
 */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import https from 'node:https';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { after, before, test } from 'node:test';
import { SoftAuthenticator } from '../../src/people/authenticator.test-support.ts';
import { type Image, writeImage, writeSeries } from '../support/dicom-files.ts';
import { Leadglass } from '../support/leadglass.ts';
import { TestBrowser } from '../support/browser.ts';
import { codeOf, enrolled, password, type Person } from '../support/person.ts';

interface Row {
  readonly event: string;
  readonly outcome: string;
  readonly who: string;
  readonly reason?: string;
}

let leadglass: Leadglass;
let ca: Buffer;
let image: Image;
let officer: Person;

before(async () => {
  leadglass = await Leadglass.start();
  const device = await leadglass.enrol('CT1', 'archive');
  ca = readFileSync(join(device.folder, 'ca.pem'));
  image = writeImage(leadglass.path('image'), { study: 'attacked' });
  await leadglass.succeed('send', leadglass.address, '--as', device.folder, image.path);
  officer = await enrolled(leadglass, ca, { email: 'olga@hospital.example', role: 'security-officer' });
  assert.equal((await officer.signIn()).status, 200);
});
after(() => leadglass[Symbol.asyncDispose]());

const studies = '/dicom-web/studies';

/** What the security officer sees about somebody, the newest first, in words of the ledger. */
async function seen(who: string): Promise<readonly Row[]> {
  const { status, body } = await officer.browser.post('control/ledgerShow', { who, rows: 200 });
  assert.equal(status, 200, JSON.stringify(body));
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- as the API says
  return body['records'] as readonly Row[];
}

async function assertSeen(who: string, reason: string): Promise<void> {
  const rows = await seen(who);
  const found = rows.find((row) => row.reason === reason);
  assert.ok(found, `${reason} is in the ledger of ${who}, which has ${rows.map((row) => row.reason).join()}`);
  assert.notEqual(found.outcome, 'success');
}

async function physician(name: string): Promise<Person> {
  const person = await enrolled(leadglass, ca, { email: `${name}@hospital.example`, role: 'physician' });
  assert.equal((await person.signIn()).status, 200);
  assert.equal((await person.browser.get(studies)).status, 200);
  return person;
}

function thief(secret: string): TestBrowser {
  const browser = new TestBrowser(leadglass.consolePort, ca);
  browser.session = secret;
  return browser;
}

test('a stolen cookie in another browser is nobody, and ends the session for both', async () => {
  const ada = await physician('ada');
  const stolen = thief(ada.browser.session);
  stolen.userAgent = 'curl/8';
  assert.equal((await stolen.get(studies)).status, 401);
  assert.equal((await stolen.post('own/sessions/end', { id: 'others' })).status, 401);
  assert.equal(
    (await ada.browser.get(studies)).status,
    401,
    'one of the two is a thief, so both prove themselves anew',
  );
  await assertSeen(ada.email, 'stolen-session');
});

test('a stolen cookie in another network gets nothing before a second factor, and the owner goes on', async () => {
  const ben = await physician('ben');
  const stolen = thief(ben.browser.session);
  stolen.localAddress = '127.0.0.2';
  for (const path of [studies, '/api/own/sessions', '/api/own/factors']) {
    const { status, body } = await stolen.get(path);
    assert.deepEqual([status, body['answer']], [403, 'STEP_UP_NEEDED'], path);
  }
  assert.equal((await stolen.post('own/password', { present: password, password: 'quiet harbour nine' })).status, 403);
  const { body } = await stolen.post('step-up/begin');
  const guessed = await stolen.post('step-up/code', { ceremony: body['ceremony'], code: '000000' });
  assert.equal(guessed.status, 401);
  await assertSeen(ben.email, 'moved-session');
  await assertSeen(ben.email, 'code-wrong');
  assert.equal((await ben.browser.get(studies)).status, 200, 'the owner is where the factors were shown');

  // The owner who walked into another network shows a factor once.
  ben.browser.localAddress = '127.0.0.3';
  assert.equal((await ben.browser.get(studies)).status, 403);
  const begun = await ben.browser.post('step-up/begin');
  const code = codeOf(ben.secret, Date.now() + 30_000);
  assert.equal((await ben.browser.post('step-up/code', { ceremony: begun.body['ceremony'], code })).status, 200);
  assert.equal((await ben.browser.get(studies)).status, 200);
  assert.equal((await stolen.get(studies)).status, 401, 'and what was stolen before is worth nothing');
});

test('a page of another site sends the cookie in vain, reading and writing', async () => {
  const cleo = await physician('cleo');
  const foreign = { origin: 'https://evil.example', 'sec-fetch-site': 'cross-site' };
  assert.equal((await cleo.browser.get(studies, foreign)).status, 403);
  assert.equal((await cleo.browser.post('own/sessions/end', { id: 'others' }, foreign)).status, 403);
});

test('a one-time code that was used is used: for another sign-in, elsewhere, and for a step-up', async () => {
  const dan = await enrolled(leadglass, ca, { email: 'dan@hospital.example', role: 'physician' });
  const atMs = Date.now();
  assert.equal((await dan.signIn({ atMs })).status, 200);
  const elsewhere = new TestBrowser(leadglass.consolePort, ca);
  const first = await elsewhere.post('sign-in/password', { email: dan.email, password });
  const code = codeOf(dan.secret, atMs);
  const replayed = await elsewhere.post('sign-in/code', { ceremony: first.body['ceremony'], code });
  assert.equal(replayed.status, 401);
  assert.equal(elsewhere.session, '');
  const begun = await dan.browser.post('step-up/begin');
  const again = await dan.browser.post('step-up/code', { ceremony: begun.body['ceremony'], code });
  assert.equal(again.status, 401);
  await assertSeen(dan.email, 'code-replayed');
});

test('a list of passwords is slowed down at once, and locks out neither the owner nor the house', async () => {
  const [eli, fay] = [
    await physician('eli'),
    await enrolled(leadglass, ca, { email: 'fay@hospital.example', role: 'physician' }),
  ];
  const guesser = new TestBrowser(leadglass.consolePort, ca);
  guesser.localAddress = '127.0.0.9';
  const statuses: number[] = [];
  for (let guess = 0; guess < 40; guess += 1) {
    const { status, body } = await guesser.post('sign-in/password', {
      email: eli.email,
      password: `Winter20${guess}!`,
    });
    statuses.push(status);
    assert.ok(status === 401 || (status === 429 && body['answer'] === 'WAIT'), `${status} ${JSON.stringify(body)}`);
  }
  assert.ok(statuses.filter((status) => status === 401).length < 10, `few were even looked at: ${statuses.join()}`);
  const right = await guesser.post('sign-in/password', { email: eli.email, password });
  assert.equal(right.status, 429, 'during a wait not even the right one is looked at');
  assert.equal((await eli.browser.get(studies)).status, 200, 'who is signed in works on');
  const known = await eli.signIn();
  assert.equal(known.status, 200, 'and a browser that the owner used before signs in');
  assert.equal((await fay.signIn()).status, 200, 'as does everybody else');
  await assertSeen(eli.email, 'password-wrong');
  await assertSeen(eli.email, 'too-many-failures');
});

test('what was phished without the passkey is worth nothing: a passkey signs only for this very origin', async () => {
  const email = 'gil@hospital.example';
  const { link } = await leadglass.json<{ link: string }>('account', 'invite', email, '--role', 'physician');
  const browser = new TestBrowser(leadglass.consolePort, ca);
  const party = { origin: `https://localhost:${leadglass.consolePort}`, rpId: 'localhost' };
  const key = new SoftAuthenticator();
  const begun = await browser.post('enrol/begin', { invitation: link.slice(link.indexOf('#') + 1) });
  const challenge = String(Object(begun.body['passkey']).challenge);
  const credential = key.register({ challenge, ...party });
  const { ceremony } = begun.body;
  assert.equal((await browser.post('enrol/passkey', { ceremony, credential, label: 'Key' })).status, 200);

  const phisher = new TestBrowser(leadglass.consolePort, ca);
  const typed = await phisher.post('sign-in/password', { email, password });
  assert.equal(typed.status, 401, 'a password that somebody typed there opens nothing');
  for (const lure of [
    { origin: 'https://localhost.evil.example', rpId: 'localhost' },
    { origin: 'https://localhost.evil.example', rpId: 'localhost.evil.example' },
    { origin: `http://localhost:${leadglass.consolePort}`, rpId: 'localhost' },
  ]) {
    const asked = await phisher.post('sign-in/begin');
    const signed = key.authenticate({ challenge: String(Object(asked.body['passkey']).challenge), ...lure });
    const relayed = await phisher.post('sign-in/passkey', { ceremony: asked.body['ceremony'], credential: signed });
    assert.equal(relayed.status, 401, lure.origin);
  }
  assert.equal(phisher.session, '');
  await assertSeen(email, 'passkey-invalid');
  const own = await browser.post('sign-in/begin');
  const signed = key.authenticate({ challenge: String(Object(own.body['passkey']).challenge), ...party });
  const done = await browser.post('sign-in/passkey', { ceremony: own.body['ceremony'], credential: signed });
  assert.equal(done.status, 200, 'the same key at the real place signs in');
});

test('an invitation that has ended enrols nobody', async () => {
  const email = 'hal@hospital.example';
  const { link } = await leadglass.json<{ link: string }>('account', 'invite', email, '--role', 'physician');
  // Three days later.
  const people = new DatabaseSync(join(leadglass.data, 'people.sqlite'));
  people.prepare('UPDATE invitation SET not_after = ?').run(Date.now());
  people.close();
  const browser = new TestBrowser(leadglass.consolePort, ca);
  const { status, body } = await browser.post('enrol/begin', { invitation: link.slice(link.indexOf('#') + 1) });
  assert.deepEqual([status, body['answer']], [401, 'LINK_INVALID']);
  assert.ok((await seen('unknown')).some(({ reason }) => reason === 'invitation-ended'));
});

test('a physician of another department cannot tell a study that is there from one that is not', async () => {
  const ida = await physician('ida');
  const open = ['account', 'open', ida.email, '--allow', 'find', '--allow', 'get', '--department', 'Cardiology'];
  await leadglass.succeed(...open, '--until', '2027-12-31', '--reason', 'cardiology only');
  const { status, body } = await ida.browser.get(studies);
  assert.ok(status === 204 || (status === 200 && Object.keys(body).length === 0), JSON.stringify(body));
  for (const path of ['', '/metadata', `/series/${image.seriesInstanceUid}`, '/rendered']) {
    const there = await ida.browser.get(`${studies}/${image.studyInstanceUid}${path}`);
    const nowhere = await ida.browser.get(`${studies}/2.25.4711${path}`);
    assert.deepEqual([there.status, there.body['code']], [404, nowhere.body['code']], path);
  }
  assert.equal((await ida.browser.post('control/studyList', {})).status, 403);
  assert.equal((await ida.browser.post('control/accountOpen', { email: ida.email })).status, 400);
  const wider = { email: ida.email, allow: ['find'], until: '2027-12-31', reason: 'curious' };
  assert.equal((await ida.browser.post('control/accountOpen', wider)).status, 403);
  await assertSeen(ida.email, 'role');
  const failed = (await seen(ida.email)).filter(({ outcome }) => outcome !== 'success');
  assert.ok(failed.length > 1, 'what was asked for outside is in the ledger');
});

test('two people on one account at once are a finding', async () => {
  const jan = await physician('jan');
  const other = new TestBrowser(leadglass.consolePort, ca);
  other.userAgent = 'Another browser';
  other.localAddress = '127.0.0.5';
  assert.equal((await jan.signIn({ at: other })).status, 200);
  await assertSeen(jan.email, 'two-places-at-once');
  await assertSeen(jan.email, 'new-browser');
  const { body } = await jan.browser.get('/api/own/sessions');
  assert.equal(Object.values(body).length, 2, 'and the owner sees both');
});

test('a download that is running is cut when its session ends, and what was cut is no whole file', async () => {
  const device = await leadglass.enrol('CT2', 'archive');
  const big = writeSeries(leadglass.path('big'), { study: 'big', pixelBytes: 2 * 1024 * 1024 }, 24);
  await leadglass.succeed('send', leadglass.address, '--as', device.folder, leadglass.path('big'));
  const study = big[0]?.studyInstanceUid ?? '';
  for (const accept of ['application/zip', 'multipart/related; type="application/dicom"; transfer-syntax=*']) {
    const name = accept.startsWith('application') ? 'kim' : 'lea';
    const person = await physician(name);
    const response = await person.browser.open(`${studies}/${study}`, { headers: { accept } });
    assert.equal(response.statusCode, 200, accept);
    let received = 0;
    let isSlow = true;
    const begun = Promise.withResolvers<void>();
    const ended = new Promise<string>((resolve) => {
      response.on('data', (chunk: Buffer) => {
        received += chunk.length;
        // Reads the beginning, and then nothing until the session has ended.
        if (received < 1_000_000 || !isSlow) return;
        response.pause();
        begun.resolve();
      });
      response.once('end', () => resolve('whole'));
      response.once('error', () => resolve('cut'));
      response.once('close', () => resolve('cut'));
    });
    await begun.promise;
    await leadglass.succeed('account', 'disable', person.email, '--reason', 'left');
    isSlow = false;
    response.resume();
    assert.equal(await ended, 'cut', accept);
    assert.ok(received < 24 * 2 * 1024 * 1024, `${received} bytes came`);
    assert.equal((await person.browser.get(studies)).status, 401);
    const rows = await seen(person.email);
    assert.ok(
      rows.some(({ outcome }) => outcome !== 'success'),
      'the transfer that was cut is recorded as not done',
    );
  }
});

test('there is no WebSocket: whoever asks for one gets none', async () => {
  const request = https.request({
    ...{ host: 'localhost', port: leadglass.consolePort, ca, path: '/api/session', agent: false },
    headers: {
      connection: 'upgrade',
      upgrade: 'websocket',
      'sec-websocket-version': '13',
      'sec-websocket-key': 'AAAA',
    },
  });
  request.once('upgrade', () => assert.fail('it was upgraded'));
  request.end();
  // The connection ends, or the answer is no.
  const outcome = await once(request, 'response').then(
    ([response]) => Number(response.statusCode),
    () => 0,
  );
  assert.ok(outcome === 0 || outcome >= 400, String(outcome));
});
