/** Workstations against the real server: a browser with a client certificate, what may be done at it, and cookies that were carried away. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import tls from 'node:tls';
import { SoftAuthenticator } from '../../src/people/authenticator.test-support.ts';
import { type BrowserAnswer, TestBrowser } from '../support/browser.ts';
import { BrowserWindow } from '../support/chromium.ts';
import { type Image, writeImage } from '../support/dicom-files.ts';
import { type Device, Leadglass } from '../support/leadglass.ts';
import { addAuthenticator, enrolByPasskey } from '../support/passkeys.ts';
import { needs } from '../support/peers.ts';
import { enrolled, type Person } from '../support/person.ts';

let leadglass: Leadglass;
let modality: Device;
let ca: Buffer;
let room: Device;
let office: Device;
let image: Image;
let ada: Person;
let eve: Person;
const studies = '/dicom-web/studies';

before(async () => {
  leadglass = await Leadglass.start({ config: 'people:\n  workstationRoles: [administrator, exchange-clerk]\n' });
  modality = await leadglass.enrol('CT1', 'archive');
  room = await leadglass.enrol('ROOM1', 'workstation-reading');
  office = await leadglass.enrol('OFFICE1', 'workstation-administration');
  image = writeImage(leadglass.path('image'), { study: 'workstations', pixelBytes: 2 * 2048 * 2048 });
  await leadglass.succeed('send', leadglass.address, '--as', modality.folder, image.path);
  ca = readFileSync(join(modality.folder, 'ca.pem'));
  ada = await enrolled(leadglass, ca, { email: 'ada@hospital.example', role: 'physician' });
  eve = await enrolled(leadglass, ca, { email: 'eve@hospital.example', role: 'administrator' });
});
after(async () => {
  await using ending = leadglass;
  await ending.succeed('ledger', 'verify');
});

const browserAt = (workstation?: Device): TestBrowser => new TestBrowser(leadglass.consolePort, ca, workstation);

test('a physician at a reading station reads; the session, the account and the ledger say where', async () => {
  const browser = browserAt(room);
  const signedIn = await ada.signIn({ at: browser });
  assert.equal(signedIn.status, 200, JSON.stringify(signedIn.body));
  assert.equal(signedIn.body['workstation'], 'ROOM1');
  assert.equal((await browser.get(studies)).status, 200);
  const { sessions } = await leadglass.json<{ sessions: { workstation?: string }[] }>('account', 'show', ada.email);
  assert.deepEqual(
    sessions.map(({ workstation }) => workstation),
    ['ROOM1'],
  );
  const rows = await leadglass.ledger('--who', ada.email);
  assert.ok(
    rows.some(({ who }) => who === `person ${ada.email} at ROOM1`),
    JSON.stringify(rows[0]),
  );
  const atRoom = await leadglass.ledger('--who', 'ROOM1');
  assert.ok(
    atRoom.some(({ event }) => event.startsWith('110112')),
    'the story of the workstation is told as well',
  );

  const cookie = browser.session;
  for (const [name, elsewhere] of Object.entries({
    'a browser anywhere': browserAt(),
    'another workstation': browserAt(office),
    'a modality': browserAt(modality),
  })) {
    elsewhere.session = cookie;
    for (const path of [studies, '/api/session', '/api/own/sessions', '/api/own/factors']) {
      assert.equal((await elsewhere.get(path)).status, 401, `${name}, ${path}`);
    }
    for (const path of ['control/deviceList', 'own/passcodes/make', 'own/sessions/end', 'step-up/begin']) {
      const given = path.startsWith('own/passcodes') ? { device: 'CT1' } : path.endsWith('end') ? { id: 'others' } : {};
      assert.equal((await elsewhere.post(path, given)).status, 401, `${name}, ${path}`);
    }
  }
  const refused = (await leadglass.ledger('--who', ada.email)).filter(({ reason }) => reason === 'workstation-differs');
  assert.ok(refused.length > 0, 'each theft is in the story of the person');
  assert.equal((await browser.get(studies)).status, 200, 'and where it was begun the session goes on');
});

test('an administrator administers at the administration station alone, and sees no image there', async () => {
  const anywhere = browserAt();
  const signedIn = await eve.signIn({ at: anywhere });
  assert.equal(signedIn.status, 200);
  assert.equal(signedIn.body['workstation'], undefined);
  assert.equal(
    (await anywhere.post('control/deviceList')).status,
    403,
    'the house wants administrators at workstations',
  );
  const desk = browserAt(office);
  assert.equal((await eve.signIn({ at: desk })).status, 200);
  assert.equal((await desk.post('control/deviceList')).status, 200);
  assert.equal((await desk.get(studies)).status, 403);
  const reasons = (await leadglass.ledger('--who', eve.email)).map(({ reason }) => reason);
  assert.ok(reasons.includes('workstation-missing') && reasons.includes('workstation-purpose'));
});

test('a role that is held to workstations takes its rights to no device from anywhere else', async () => {
  const anywhere = browserAt();
  const carl = await enrolled(leadglass, ca, { email: 'carl@hospital.example', role: 'exchange-clerk' });
  assert.equal((await carl.signIn({ at: anywhere })).status, 200);
  const refused = await anywhere.post('own/passcodes/make', { device: 'CT1' });
  assert.deepEqual([refused.status, refused.body['answer']], [403, 'WORKSTATION_NEEDED']);
  const desk = browserAt(room);
  assert.equal((await carl.signIn({ at: desk })).status, 200);
  assert.equal((await desk.post('own/passcodes/make', { device: 'CT1' })).status, 200);
  const exchange = browserAt(await leadglass.enrol('DESK1', 'workstation-exchange'));
  assert.equal((await carl.signIn({ at: exchange })).status, 200);
  const shown = await exchange.post('control/deviceShow', { aeTitle: 'DESK1' });
  assert.equal(shown.status, 200, shown.text);
  assert.equal(shown.body['signedIn'], undefined, 'who sits where is for those who may see sessions');
});

test('a workstation that is revoked ends its sessions at once, also in the middle of an image', async () => {
  const second = await leadglass.enrol('ROOM2', 'workstation-reading');
  const browser = browserAt(second);
  assert.equal((await ada.signIn({ at: browser })).status, 200);
  const path = `${studies}/${image.studyInstanceUid}`;
  const response = await browser.open(path, {
    headers: { accept: 'multipart/related; type="application/dicom"; transfer-syntax=*' },
  });
  assert.equal(response.statusCode, 200);
  response.pause();
  const cut = once(response, 'close').then(
    () => response.complete,
    () => false,
  );
  await leadglass.succeed('device', 'revoke', 'ROOM2', '--reason', 'stolen from the reading room');
  response.resume();
  assert.equal(await cut, false, 'the image did not arrive whole');
  const { sessions } = await leadglass.json<{ sessions: { workstation?: string }[] }>('account', 'show', ada.email);
  assert.ok(sessions.every(({ workstation }) => workstation !== 'ROOM2'));
  assert.equal((await browser.get('/api/session')).status, 401);
  assert.equal((await browser.get(studies)).status, 401);
  assert.equal((await browser.post('sign-in/begin')).status, 401, 'nobody signs in at it any more');
});

test('a TLS session that is taken up again is still that of the workstation, and only of it', async () => {
  const browser = browserAt(room);
  assert.equal((await ada.signIn({ at: browser })).status, 200);
  const of = (name: string): Buffer => readFileSync(join(room.folder, name));
  /** GET /api/session by hand, over HTTP/1.1. @returns the first line, and the ticket for the next time */
  const ask = async (more: tls.ConnectionOptions) => {
    const where = { host: 'localhost', servername: 'localhost', port: leadglass.consolePort, ca: of('ca.pem') };
    const socket = tls.connect({ ...where, ALPNProtocols: ['http/1.1'], ...more });
    let ticket: Buffer | undefined;
    socket.on('session', (session: Buffer) => (ticket = session));
    await once(socket, 'secureConnect');
    const isReused = socket.isSessionReused();
    const fields = [
      `Host: localhost:${leadglass.consolePort}`,
      `Cookie: __Host-leadglass=${browser.session}`,
      'User-Agent: Test browser',
    ];
    socket.write(['GET /api/session HTTP/1.1', ...fields, 'Connection: close', '', ''].join('\r\n'));
    socket.setEncoding('utf8');
    let text = '';
    socket.on('data', (piece: string) => (text += piece));
    await once(socket, 'end');
    socket.destroy();
    return { line: text.split('\r\n', 1)[0], ticket, isReused };
  };
  const first = await ask({ key: of('key.pem'), cert: of('cert.pem') });
  assert.equal(first.line, 'HTTP/1.1 200 OK');
  assert.ok(first.ticket);
  const again = await ask({ session: first.ticket, key: of('key.pem'), cert: of('cert.pem') });
  assert.deepEqual([again.line, again.isReused], ['HTTP/1.1 200 OK', true]);
  const stranger = await ask({});
  assert.equal(stranger.line, 'HTTP/1.1 401 Unauthorized');
  assert.ok(stranger.ticket);
  const strangerAgain = await ask({ session: stranger.ticket, key: of('key.pem'), cert: of('cert.pem') });
  const expected = strangerAgain.isReused ? 'HTTP/1.1 401 Unauthorized' : 'HTTP/1.1 200 OK';
  assert.equal(strangerAgain.line, expected, 'a session without a certificate does not gain one');
});

test('a device list tells what is a workstation, and nothing but the web door is opened for one', async () => {
  const { devices } = await leadglass.json<{ devices: { aeTitle: string; purpose: string }[] }>('device', 'list');
  assert.equal(devices.find(({ aeTitle }) => aeTitle === 'ROOM1')?.purpose, 'workstation-reading');
  const add = ['device', 'add', 'ROOM9', '--purpose', 'workstation-reading', '--reason', 'r', '--until', '2099-01-01'];
  const out = ['--out', leadglass.path('room9')];
  const dimse = await leadglass.run(...add, ...out, '--door', 'dimse');
  assert.notEqual(dimse.status, 0);
  assert.match(dimse.output, /it has the web door alone/);
  const reads = await leadglass.run(...add, ...out, '--allow', 'find');
  assert.match(reads.output, /can never hold find; it can hold sign-in/);
  // By itself it is nobody.
  assert.equal((await browserAt(room).get(studies)).status, 403);
});

test('a passkey that lives in a workstation bounds who signs in with it, without a certificate', async () => {
  const browser = browserAt();
  const origin = `https://localhost:${leadglass.consolePort}`;
  const email = 'bob@hospital.example';
  const { link } = await leadglass.json<{ link: string }>('account', 'invite', email, '--role', 'technologist');
  const authenticator = new SoftAuthenticator();
  const begun = await browser.post('enrol/begin', { invitation: link.slice(link.indexOf('#') + 1) });
  const ceremonyOf = ({ body }: BrowserAnswer) => {
    const { challenge } = Object(body['passkey']);
    return { challenge, origin, rpId: 'localhost' };
  };
  const enrolled = await browser.post('enrol/passkey', {
    ceremony: begun.body['ceremony'],
    credential: authenticator.register(ceremonyOf(begun)),
    label: 'Reading room',
  });
  assert.equal(enrolled.status, 200, JSON.stringify(enrolled.body));
  const signIn = async (): Promise<BrowserAnswer> => {
    const asked = await browser.post('sign-in/begin');
    const credential = authenticator.authenticate(ceremonyOf(asked));
    return await browser.post('sign-in/passkey', { ceremony: asked.body['ceremony'], credential });
  };
  assert.equal((await signIn()).body['workstation'], undefined);
  assert.equal((await browser.post('control/conflictList', {})).status, 200);

  const tie = ['account', 'tie', email, '--passkey', 'Reading room', '--reason', 'registered in my presence'];
  assert.notEqual((await leadglass.run(...tie, '--workstation', 'CT1')).status, 0, 'a modality is no workstation');
  await leadglass.succeed(...tie, '--workstation', 'ROOM1');
  assert.equal((await browser.get('/api/session')).status, 401, 'what was begun before has ended');
  assert.equal((await signIn()).body['workstation'], 'ROOM1');
  assert.equal((await browser.get(studies)).status, 200);
  assert.equal((await browser.post('control/conflictList', {})).status, 403);
  assert.match((await leadglass.succeed('account', 'show', email)).output, /Reading room in ROOM1/);
  const shown = await leadglass.succeed('device', 'show', 'ROOM1');
  assert.match(shown.output, /Signed in here: bob@hospital\.example/);
});

test(
  'in Chromium the certificate of the workstation goes along by itself, and the account page says where one is',
  needs('chromium'),
  async () => {
    const place = await leadglass.enrol('ROOM3', 'workstation-reading');
    const port = leadglass.consolePort;
    const trusted = { port, ca: join(modality.folder, 'ca.pem'), workstation: place.folder };
    const invite = ['account', 'invite', 'cleo@hospital.example', '--role', 'physician', '--name', 'Cleo Reader'];
    const { link } = await leadglass.json<{ link: string }>(...invite);
    await using browser = await BrowserWindow.open(trusted);
    const { page } = browser;
    await addAuthenticator(page);
    await page.goto(link);
    await enrolByPasskey(page);
    await page.goto(`https://localhost:${trusted.port}/account`);
    await page.getByText('at workstation ROOM3').waitFor();
    await page.getByText('at ROOM3', { exact: true }).waitFor();
    await browser.picture('account-at-workstation');

    const cookies = await page.context().cookies();
    const session = cookies.find(({ name }) => name === '__Host-leadglass');
    assert.ok(session);
    const thief = browserAt();
    thief.session = session.value;
    assert.equal((await thief.get('/api/session')).status, 401);
    await leadglass.succeed('device', 'revoke', 'ROOM3', '--reason', 'reading room closed');
    assert.equal((await page.request.get(`https://localhost:${trusted.port}/api/session`)).status(), 401);
  },
);
