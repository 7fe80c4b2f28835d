/**
 * Class 16, tokens that leak to third hosts: whatever a client or a page behind it says about where it wants to be, no answer leads
 * elsewhere, no answer, log line or record holds the token, and every address in an answer is our own.
 */
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { writeImage, type Image } from '../support/dicom-files.ts';
import { Leadglass } from '../support/leadglass.ts';
import { type Answer, anyDicom, anyOctets, dicomJson, pathOf, WebClient } from '../support/web-client.ts';

let leadglass: Leadglass;
let client: WebClient;
let image: Image;
let token: string;
const evil = 'evil.example';

before(async () => {
  leadglass = await Leadglass.start();
  const device = await leadglass.enrol('VIEW1', 'archive', '--door', 'web');
  ({ token } = await leadglass.json<{ token: string }>('device', 'token', 'VIEW1', '--reason', 'viewer'));
  client = new WebClient(leadglass.consolePort, device.folder, token);
  image = writeImage(leadglass.path('image'), { study: 'token', pixelBytes: 2 * 64 * 64 });
  const stored = await client.store([readFileSync(image.path)]);
  assert.equal(stored.status, 200, stored.text);
  checkAnswer(stored);
});
after(async () => {
  client.close();
  await leadglass[Symbol.asyncDispose]();
});

/** No way leads elsewhere, and nothing tells the token. */
function checkAnswer({ status, headers, text }: Answer): void {
  assert.ok(status < 300 || status >= 400 || status === 304, `${status} sends the client elsewhere`);
  const own = `https://localhost:${leadglass.consolePort}/dicom-web`;
  const written = [text, ...headers.map(([, value]) => value)].join('\n');
  assert.ok(!written.includes(token) && !written.includes(token.slice(4)), 'holds the token');
  assert.ok(!written.includes(evil), 'holds what the client said');
  // Namespaces of XML and of WADL are names, nobody goes there.
  const named = /^http:\/\/(?:dicom\.nema\.org|wadl\.dev\.java\.net|www\.w3\.org)\//;
  for (const [url] of written.matchAll(/\b[a-z]{2,10}:\/\/[^\s"'<>,;]*/g)) {
    assert.ok(url.startsWith(own) || named.test(url), url);
    assert.ok(!/token|@/.test(url), url);
  }
  const names = headers.map(([name]) => name.toLowerCase());
  for (const name of ['location', 'refresh', 'link', 'set-cookie', 'access-control-allow-origin']) {
    assert.ok(!names.includes(name), name);
  }
  const valueOf = (name: string): string | undefined => headers.find(([other]) => other.toLowerCase() === name)?.[1];
  assert.equal(valueOf('referrer-policy'), 'no-referrer');
  assert.equal(valueOf('cache-control'), 'no-store');
}

const claims: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  'nothing else': {},
  'another host behind a proxy': {
    'x-forwarded-host': evil,
    'x-forwarded-proto': 'http',
    'x-forwarded-for': '127.0.0.1',
    'x-forwarded-port': '80',
    forwarded: `host=${evil};proto=http`,
    'x-original-url': `//${evil}/`,
    'x-rewrite-url': `//${evil}/`,
    'x-host': evil,
  },
  'a page of somebody else': { referer: `https://${evil}/` },
};

for (const [what, headers] of Object.entries(claims)) {
  test(`class 16: to a client that says ${what}, every address in every answer is our own`, async () => {
    const study = pathOf(image.studyInstanceUid);
    const one = pathOf(image.studyInstanceUid, image.seriesInstanceUid, image.sopInstanceUid);
    for (const [path, accept] of [
      ['/studies', dicomJson],
      ['/studies?limit=0&fuzzymatching=true&unknown=1', dicomJson],
      ['/instances', 'multipart/related; type="application/dicom+xml"'],
      [`${study}/metadata`, dicomJson],
      [study, anyDicom],
      [`${one}/frames/1`, anyOctets],
      [`${one}/bulkdata/7FE00010`, 'application/octet-stream'],
      [`${one}/rendered?annotation=patient&iccprofile=srgb`, 'image/jpeg'],
      [`${study}/thumbnail`, 'image/jpeg'],
      [`${study}/`, anyDicom],
      ['/studies/', dicomJson],
      [`//${evil}/studies`, dicomJson],
      [`/\\${evil}/studies`, dicomJson],
      [`/%2f%2f${evil}/studies`, dicomJson],
      [`/studies/..%2f..%2f${evil}`, dicomJson],
      [`/studies?redirect=https://${evil}/&url=https://${evil}/&callback=x`, dicomJson],
      [`/studies?token=${encodeURIComponent(evil)}`, dicomJson],
    ] as const) {
      checkAnswer(await client.ask(path, { accept, headers }));
    }
    checkAnswer(await client.ask('', { method: 'OPTIONS', headers }));
  });
}

test('class 16: a name that is not ours gets nothing done, and none of it comes back', async () => {
  for (const host of [evil, `localhost.${evil}`, `localhost@${evil}`, `localhost:${leadglass.consolePort}@${evil}`]) {
    const answer = await client.ask('/studies', { accept: dicomJson, headers: { host } });
    assert.equal(answer.status, 421, host);
    checkAnswer(answer);
  }
});

test('class 16: neither log, ledger nor policy has the token', async () => {
  assert.ok(!leadglass.log.includes(token));
  assert.ok(!JSON.stringify(await leadglass.ledger()).includes(token));
  for (const name of readdirSync(leadglass.data, { recursive: true, encoding: 'utf8' })) {
    const path = join(leadglass.data, name);
    let bytes: Buffer;
    try {
      bytes = readFileSync(path);
    } catch {
      continue; // a folder or a socket
    }
    assert.ok(!bytes.includes(token.slice(4)), name);
  }
});
