/** People against the real server: invited, enrolled with two factors, signed in, at work, and gone at once when they are disabled. */
import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import { readFileSync } from 'node:fs';
import https from 'node:https';
import { join } from 'node:path';
import { test } from 'node:test';
import { writeImage } from '../support/dicom-files.ts';
import { Leadglass } from '../support/leadglass.ts';

interface Answer {
  readonly status: number;
  readonly body: Record<string, unknown>;
  readonly cookies: readonly string[];
}

/** A browser as far as the API is concerned: its cookies, and what it says of itself. */
class Browser {
  readonly #port: number;
  readonly #ca: Buffer;
  readonly #cookies = new Map<string, string>();

  constructor(port: number, ca: Buffer) {
    this.#port = port;
    this.#ca = ca;
  }

  get session(): string {
    return this.#cookies.get('__Host-leadglass') ?? '';
  }

  set session(secret: string) {
    this.#cookies.set('__Host-leadglass', secret);
  }

  post(path: string, body: object = {}, headers: Record<string, string> = {}): Promise<Answer> {
    return this.#ask('POST', `/api/${path}`, JSON.stringify(body), {
      'content-type': 'application/json',
      'x-leadglass': 'console',
      origin: `https://localhost:${this.#port}`,
      ...headers,
    });
  }

  get(path: string, headers: Record<string, string> = {}): Promise<Answer> {
    return this.#ask('GET', path, undefined, { accept: 'application/dicom+json, application/json', ...headers });
  }

  #ask(method: string, path: string, body: string | undefined, headers: Record<string, string>): Promise<Answer> {
    const cookie = [...this.#cookies].map(([name, value]) => `${name}=${value}`).join('; ');
    return new Promise((resolve, reject) => {
      const request = https.request(
        {
          host: 'localhost',
          port: this.#port,
          ca: this.#ca,
          method,
          path,
          headers: {
            'user-agent': 'Test browser',
            ...(cookie === '' ? {} : { cookie }),
            ...(body === undefined ? {} : { 'content-length': Buffer.byteLength(body) }),
            ...headers,
          },
        },
        (response) => {
          const chunks: Buffer[] = [];
          response.on('data', (chunk: Buffer) => chunks.push(chunk));
          response.on('end', () => {
            const cookies = response.headers['set-cookie'] ?? [];
            for (const field of cookies) {
              const [, name = '', value = ''] = /^([^=]+)=([^;]*)/.exec(field) ?? [];
              this.#cookies.set(name, value);
            }
            const text = Buffer.concat(chunks).toString();
            const parsed: unknown = text === '' ? {} : JSON.parse(text);
            resolve({ status: response.statusCode ?? 0, body: Object(parsed), cookies });
          });
        },
      );
      request.on('error', reject);
      request.end(body);
    });
  }
}

/** RFC 6238 with SHA-1, six digits and thirty seconds, written apart from the code under test. */
function codeOf(base32: string, atMs: number): string {
  let bits = '';
  for (const letter of base32.replaceAll(/[ =]/g, '')) {
    bits += 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567'.indexOf(letter).toString(2).padStart(5, '0');
  }
  const key = Buffer.from((bits.match(/.{8}/g) ?? []).map((byte) => Number.parseInt(byte, 2)));
  const counter = Buffer.alloc(8);
  counter.writeBigUInt64BE(BigInt(Math.floor(atMs / 30_000)));
  const digest = createHmac('sha1', key).update(counter).digest();
  const offset = (digest.at(-1) ?? 0) & 15;
  return String((digest.readUInt32BE(offset) & 0x7fffffff) % 1_000_000).padStart(6, '0');
}

const password = 'kettle violin ocean brick';

interface Person {
  readonly browser: Browser;
  readonly email: string;
  readonly secret: string;
}

async function enrolled(leadglass: Leadglass, ca: Buffer, email: string, role: string): Promise<Person> {
  const invite = ['account', 'invite', email, '--role', role, '--name', `Test ${role}`];
  const { link } = await leadglass.json<{ link: string }>(...invite);
  const browser = new Browser(leadglass.consolePort, ca);
  const begun = await browser.post('enrol/begin', { invitation: link.slice(link.indexOf('#') + 1) });
  assert.equal(begun.status, 200, JSON.stringify(begun.body));
  const { ceremony } = begun.body;
  const weak = await browser.post('enrol/password', { ceremony, password: 'radiology1' });
  assert.equal(weak.status, 400, 'a password of the field is refused');
  assert.match(String(weak.body['detail']), /\w/, 'and the refusal says what to do');
  const set = await browser.post('enrol/password', { ceremony, password });
  assert.equal(set.status, 200, JSON.stringify(set.body));
  const { secret } = Object(set.body['code']);
  const done = await browser.post('enrol/code', { ceremony, code: codeOf(secret, Date.now() - 30_000) });
  assert.equal(done.status, 200, JSON.stringify(done.body));
  assert.equal(Object(done.body['recoveryCodes']).length, 10);
  assert.equal(browser.session, '', 'enrolled is not signed in');
  return { browser, email, secret };
}

/** Codes are good once; the enrolment took that of the step before. */
async function signIn({ browser, email, secret }: Person, atMs = Date.now()): Promise<Answer> {
  const { body } = await browser.post('sign-in/password', { email, password });
  assert.deepEqual(body['next'], ['code', 'recovery-code'], JSON.stringify(body));
  return await browser.post('sign-in/code', { ceremony: body['ceremony'], code: codeOf(secret, atMs) });
}

test('a physician enrols with password and code, sees images, and is out at once when the account is disabled', async () => {
  await using leadglass = await Leadglass.start();
  const device = await leadglass.enrol('CT1', 'archive');
  const image = writeImage(leadglass.path('image'), { study: 'people' });
  await leadglass.succeed('send', leadglass.address, '--as', device.folder, image.path);
  const ca = readFileSync(join(device.folder, 'ca.pem'));
  const ada = await enrolled(leadglass, ca, 'ada@hospital.example', 'physician');
  const studies = '/dicom-web/studies';
  assert.equal((await ada.browser.get(studies)).status, 401, 'not before both factors were shown');

  const signedIn = await signIn(ada);
  assert.equal(signedIn.status, 200, JSON.stringify(signedIn.body));
  assert.ok(!JSON.stringify(signedIn.body).includes(ada.browser.session), 'the secret is in the cookie alone');
  for (const field of signedIn.cookies) assert.match(field, /Secure; HttpOnly; SameSite=Strict/);
  const found = await ada.browser.get(studies);
  assert.equal(found.status, 200);
  assert.equal(Object(found.body)[0]?.['0020000D']?.Value?.[0], image.studyInstanceUid);

  const stolen = new Browser(leadglass.consolePort, ca);
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
  const eve = await enrolled(leadglass, ca, 'eve@hospital.example', 'administrator');
  assert.equal((await signIn(eve)).status, 200);
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
