/**
 * Programs at the door of the real server: pages of other origins, frames, forged calls, links to somebody else's question, cookies, and
 * a stream that is under way when its token ends.
 */
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { writeImage, type Image } from '../support/dicom-files.ts';
import { day, Leadglass } from '../support/leadglass.ts';
import { OAuthProgram, withToken } from '../support/oauth-program.ts';
import { TestBrowser } from '../support/browser.ts';
import { type Person, signedIn } from '../support/person.ts';

const pages = 'https://viewer.example';
const redirect = `${pages}/callback`;
let leadglass: Leadglass;
let ca: Buffer;
let ada: Person;
let image: Image;
let stranger: TestBrowser;
const viewer = new OAuthProgram('viewer', redirect);
const evil = 'https://evil.example';

before(async () => {
  leadglass = await Leadglass.start();
  const device = await leadglass.enrol('CT1', 'archive');
  // More than the sockets of both sides hold.
  image = writeImage(leadglass.path('image'), { study: 'door', pixelBytes: 2 * 5760 * 5760 });
  await leadglass.succeed('send', leadglass.address, '--as', device.folder, image.path);
  ca = readFileSync(join(device.folder, 'ca.pem'));
  const words = ['--redirect', redirect, '--until', day(20), '--reason', 'viewer'];
  await leadglass.succeed('client', 'add', 'viewer', ...words);
  ada = await signedIn(leadglass, ca, { email: 'ada@hospital.example', role: 'physician' });
  stranger = new TestBrowser(leadglass.consolePort, ca);
});
after(() => leadglass[Symbol.asyncDispose]());

test('a page of the registered origin reads with a token, without cookies; of any other origin nothing', async () => {
  const { access } = await viewer.tokens(ada.browser);
  const ask = (path: string, origin: string, more: object = {}) =>
    ada.browser.ask(path, { headers: { accept: '*/*', origin, 'sec-fetch-site': 'cross-site', ...more } });
  const bearer = { authorization: `Bearer ${access}` };
  const read = await ask('/dicom-web/studies', pages, bearer);
  assert.equal(read.status, 200, read.text);
  assert.equal(read.headers['access-control-allow-origin'], pages);
  assert.equal(read.headers['access-control-allow-credentials'], undefined);
  // The cookies of the browser went along; they are not looked at.
  const lent = await ask('/dicom-web/studies', pages);
  assert.equal(lent.status, 401);
  assert.match(lent.headers['www-authenticate'] ?? '', /resource_metadata=/);
  const asked = { 'access-control-request-method': 'GET', 'access-control-request-headers': 'authorization' };
  for (const [path, origin, isLet] of [
    ['/dicom-web/studies', pages, true],
    ['/oauth/token', pages, true],
    ['/dicom-web/studies', evil, false],
    ['/oauth/token', evil, false],
    ['/dicom-web/studies', `${pages}.evil.example`, false],
    ['/dicom-web/studies', `${pages}:8443`, false],
    ['/dicom-web/studies', 'http://viewer.example', false],
    ['/dicom-web/studies', 'null', false],
  ] as const) {
    const preflight = await stranger.ask(path, { method: 'OPTIONS', headers: { origin, ...asked } });
    assert.equal(preflight.headers['access-control-allow-origin'], isLet ? pages : undefined, `${path} ${origin}`);
    assert.equal(preflight.headers['access-control-allow-methods'] !== undefined, isLet);
  }
  for (const origin of [evil, 'null', `${pages}.evil.example`]) {
    const refused = await ask('/dicom-web/studies', origin, bearer);
    assert.equal(refused.status, 403);
    assert.equal(refused.headers['access-control-allow-origin'], undefined);
  }
  for (const path of ['/api/session', '/', '/health']) {
    const answer = await ask(path, pages);
    assert.equal(answer.headers['access-control-allow-origin'], undefined, `${path} is not for programs`);
  }
});

test('attack: no page can frame the question, or hold the window that asks', async () => {
  const asking = await viewer.ask(ada.browser);
  for (const path of [`/authorize/${asking.uid}`, '/authorize/wrong', viewer.authorizePath('v'.repeat(43))]) {
    const { headers } = await ada.browser.ask(path);
    assert.equal(headers['x-frame-options'], 'DENY', path);
    assert.match(String(headers['content-security-policy']), /frame-ancestors 'none'/);
    assert.equal(headers['cross-origin-opener-policy'], 'same-origin');
    assert.equal(headers['referrer-policy'], 'no-referrer', 'the code goes into no Referer');
    assert.equal(headers['cache-control'], 'no-store');
  }
});

test('attack: nobody but the page of the browser that was sent here answers the question', async () => {
  const asking = await viewer.ask(ada.browser);
  const own = { 'content-type': 'application/json', 'x-leadglass': 'console', origin: ada.browser.origin };
  const decide = (
    headers: Readonly<Record<string, string>>,
    body = JSON.stringify({ request: asking.uid, allow: true }),
  ) => ada.browser.ask('/api/authorize/decide', { method: 'POST', headers, body });
  for (const headers of [
    { ...own, origin: evil },
    { ...own, origin: pages },
    { 'content-type': own['content-type'], 'x-leadglass': 'console' },
    { 'content-type': own['content-type'], origin: own.origin },
    { ...own, 'content-type': 'text/plain' },
    { ...own, 'content-type': 'application/x-www-form-urlencoded' },
  ]) {
    assert.equal((await decide(headers)).status, 403, JSON.stringify(headers));
  }
  const got = await ada.browser.ask(`/api/authorize/decide?request=${asking.uid}&allow=true`);
  assert.equal(got.status, 400, 'a link decides nothing');
  // Eve begins in her own browser and sends Ada the link.
  const eve = new TestBrowser(leadglass.consolePort, ca);
  const hers = await viewer.ask(eve);
  const lured = await ada.browser.post('authorize/show', { request: hers.uid });
  assert.equal(lured.status, 404, lured.text);
  assert.equal((await ada.browser.post('authorize/decide', { request: hers.uid, allow: true })).status, 404);
  // And Eve, who is not signed in, answers nothing by herself.
  assert.equal((await eve.post('authorize/decide', { request: hers.uid, allow: true })).status, 401);
  const back = await viewer.decide(ada.browser, asking);
  assert.ok(back.has('code'), 'the question itself still stands');
});

test('the cookies of an authorization are for this host, unread by pages, sent by no other site', async () => {
  const sent = await ada.browser.ask(viewer.authorizePath('v'.repeat(43)));
  const cookies = sent.headers['set-cookie'] ?? [];
  assert.ok(cookies.length >= 2);
  for (const cookie of cookies) {
    assert.match(cookie, /^__(?:Host|Secure)-leadglass-/);
    for (const word of [/; ?secure/i, /; ?httponly/i, /; ?samesite=strict/i]) assert.match(cookie, word);
    assert.ok(!/domain=/i.test(cookie));
  }
  const asking = cookies.find((cookie) => cookie.startsWith('__Host-'));
  assert.match(asking ?? '', /path=\/;/i);
});

test('attack: a token in the address, in a form or in a cookie is none', async () => {
  const { access } = await viewer.tokens(ada.browser);
  const accept = { accept: 'application/dicom+json' };
  const inQuery = await stranger.ask(`/dicom-web/studies?access_token=${access}`, { headers: accept, bare: true });
  assert.equal(inQuery.status, 401);
  const inCookie = await stranger.ask('/dicom-web/studies', {
    headers: { ...accept, cookie: `__Host-leadglass=${access}; access_token=${access}` },
    bare: true,
  });
  assert.equal(inCookie.status, 401);
  for (const scheme of ['Basic', 'DPoP', 'Token']) {
    const headers = { ...accept, authorization: `${scheme} ${access}` };
    assert.equal((await stranger.ask('/dicom-web/studies', { headers, bare: true })).status, 401, scheme);
  }
  const beside = await ada.browser.ask('/dicom-web/studies', {
    headers: { ...accept, authorization: 'Bearer none', 'sec-fetch-site': 'same-origin' },
  });
  assert.equal(beside.status, 401, 'a bad token beside a good session is refused');
});

test('attack: another name of this server gives no metadata for that name', async () => {
  for (const host of ['evil.example', 'localhost.evil.example']) {
    for (const path of ['/.well-known/oauth-authorization-server', '/oauth/authorize', '/oauth/token']) {
      const answer = await stranger.ask(path, { headers: { host }, bare: true });
      assert.equal(answer.status, 421, `${host} ${path}`);
    }
  }
  const forwarded = await stranger.ask('/.well-known/oauth-authorization-server', {
    headers: { 'x-forwarded-host': 'evil.example', 'x-forwarded-proto': 'http', forwarded: 'host=evil.example' },
  });
  assert.ok(!forwarded.text.includes('evil'), forwarded.text);
});

/** Reads the head of a large answer and then nothing, until it is told to go on. */
async function slowReader(
  token: string,
): Promise<{ readonly status: number; readonly rest: () => Promise<'whole' | 'cut'> }> {
  const accept = 'multipart/related; type="application/dicom"; transfer-syntax=*';
  const headers = { authorization: `Bearer ${token}`, accept };
  const response = await stranger.open(`/dicom-web/studies/${image.studyInstanceUid}`, { headers, bare: true });
  response.pause();
  const ended = new Promise<'whole' | 'cut'>((done) => {
    response.on('end', () => done(response.complete ? 'whole' : 'cut'));
    response.on('error', () => done('cut'));
    response.on('aborted', () => done('cut'));
  });
  return {
    status: response.statusCode ?? 0,
    rest: () => {
      response.resume();
      return ended;
    },
  };
}

test('a stream that is under way is cut when the token is given back, and when the person signs out', async () => {
  const whole = await slowReader((await viewer.tokens(ada.browser)).access);
  assert.deepEqual([whole.status, await whole.rest()], [200, 'whole']);
  const first = await viewer.tokens(ada.browser);
  const returned = await slowReader(first.access);
  assert.equal(returned.status, 200);
  await viewer.post(stranger, '/oauth/revoke', { token: first.access, client_id: 'viewer' });
  assert.equal(await returned.rest(), 'cut');

  const second = await viewer.tokens(ada.browser);
  const signedOut = await slowReader(second.access);
  assert.equal(signedOut.status, 200);
  assert.equal((await ada.browser.post('sign-out')).status, 204);
  assert.equal(await signedOut.rest(), 'cut');
  assert.equal((await withToken(stranger, second.access)).status, 401);

  for (const secret of [first.access, first.renewal, second.access, second.renewal]) {
    assert.ok(!leadglass.log.includes(secret));
    for (const name of readdirSync(leadglass.data, { recursive: true, encoding: 'utf8' })) {
      if (!/\.(?:sqlite(?:-wal)?|jsonl)$/.test(name)) continue;
      assert.ok(!readFileSync(join(leadglass.data, name)).includes(secret), name);
    }
  }
});
