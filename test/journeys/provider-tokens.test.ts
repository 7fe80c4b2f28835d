/** Access tokens of a hospital's provider against the real server: its keys over HTTPS, an account here, the opening, and the end. */
import assert from 'node:assert/strict';
import { generateKeyPairSync } from 'node:crypto';
import { once } from 'node:events';
import { readFileSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:https';
import { join } from 'node:path';
import { test } from 'node:test';
import { exportJWK, SignJWT } from 'jose';
import type { ServerCertificate } from '../../src/keys/authority.ts';
import { ForeignAuthority } from '../../src/keys/foreign-authority.test-support.ts';
import { writeImage } from '../support/dicom-files.ts';
import { Leadglass } from '../support/leadglass.ts';
import { withToken } from '../support/oauth-program.ts';
import { TestBrowser } from '../support/browser.ts';
import { enrolled } from '../support/person.ts';

const issuer = 'https://login.hospital.example';
const audience = 'leadglass';

/** A provider as far as its keys: asked over HTTPS, and how often. */
class KeyServer implements AsyncDisposable {
  readonly #server: Server;
  answer: unknown = { keys: [] };
  asked = 0;

  constructor({ keyPem: key, certificatePem: cert }: ServerCertificate) {
    this.#server = createServer({ key, cert }, (_request, response) => {
      this.asked += 1;
      response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(this.answer));
    });
  }

  async listen(): Promise<string> {
    await once(this.#server.listen(0, '127.0.0.1'), 'listening');
    const address = this.#server.address();
    return `https://localhost:${typeof address === 'object' ? address?.port : ''}/keys`;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.closeAllConnections();
    this.#server.close();
    await once(this.#server, 'close');
  }
}

test("a token of the hospital's provider reads what is open for its person here, until the account ends", async () => {
  using authority = await ForeignAuthority.open();
  const authorityFile = authority.path('ca.pem');
  writeFileSync(authorityFile, authority.rootPem);
  await using provider = new KeyServer(await authority.issue('localhost'));
  const keysUrl = await provider.listen();
  const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  provider.answer = { keys: [{ ...(await exportJWK(publicKey)), kid: 'one', alg: 'ES256', use: 'sig' }] };
  const config = [
    'accessTokens:',
    `  issuer: ${issuer}`,
    `  audience: ${audience}`,
    `  keysUrl: ${keysUrl}`,
    `  authorityFile: ${authorityFile}`,
    '  algorithms: [ES256]',
    '  amr: [mfa]',
    '',
  ].join('\n');
  await using leadglass = await Leadglass.start({ config });
  const device = await leadglass.enrol('CT1', 'archive');
  const image = writeImage(leadglass.path('image'), { study: 'provider' });
  await leadglass.succeed('send', leadglass.address, '--as', device.folder, image.path);
  const ca = readFileSync(join(device.folder, 'ca.pem'));
  const ada = await enrolled(leadglass, ca, { email: 'ada@hospital.example', role: 'physician' });
  const browser = new TestBrowser(leadglass.consolePort, ca);
  const token = (claims: object = {}): Promise<string> => {
    const now = Math.floor(Date.now() / 1000);
    const times = { iat: now, exp: now + 300, jti: String(Math.random()) };
    const who = { iss: issuer, aud: audience, sub: ada.email, client_id: 'ward-viewer', amr: ['mfa', 'pwd'] };
    return new SignJWT({ ...who, ...times, scope: 'user/ImagingStudy.s', ...claims })
      .setProtectedHeader({ alg: 'ES256', typ: 'at+jwt', kid: 'one' })
      .sign(privateKey);
  };

  const good = await token();
  const found = await withToken(browser, good);
  assert.equal(found.status, 200, `${found.text}\n${leadglass.log}`);
  assert.ok(found.text.includes(image.studyInstanceUid));
  const study = `/dicom-web/studies/${image.studyInstanceUid}/metadata`;
  assert.equal((await withToken(browser, good, study)).status, 403, 'to read was not in its scope');
  assert.equal((await withToken(browser, await token({ aud: 'other' }))).status, 401);
  assert.equal((await withToken(browser, await token({ amr: ['pwd'] }))).status, 401);
  assert.ok(provider.asked <= 2, `the keys were asked for ${provider.asked} times`);
  const strange = await browser.ask('/oauth/token', { method: 'POST', bare: true });
  assert.equal(strange.status, 404, 'we issue none here: no program is registered');

  await leadglass.succeed('account', 'disable', ada.email, '--reason', 'left the hospital');
  assert.equal((await withToken(browser, good)).status, 401);
  assert.ok(!leadglass.log.includes(good) && !leadglass.log.includes(ada.email));
  await leadglass.succeed('ledger', 'verify');
});
