/** A program that asks people for leave (OAuth 2.0 with PKCE), written apart from the code under test. */
import assert from 'node:assert/strict';
import { createHash, randomBytes } from 'node:crypto';
import type { BrowserAnswer, TestBrowser } from './browser.ts';

export interface Asking {
  /** Number of the question, as the page that asks has it. */
  readonly uid: string;
  readonly verifier: string;
  readonly state: string;
}

export class OAuthProgram {
  readonly name: string;
  readonly redirectUri: string;

  constructor(name: string, redirectUri = 'http://127.0.0.1:4711/callback') {
    this.name = name;
    this.redirectUri = redirectUri;
  }

  /** The address to which it sends a browser. `more` replaces parameters; undefined leaves one out. */
  authorizePath(verifier: string, more: Readonly<Record<string, string | undefined>> = {}): string {
    const parameters = {
      response_type: 'code',
      client_id: this.name,
      redirect_uri: this.redirectUri,
      scope: 'user/ImagingStudy.rs',
      state: 'the-state',
      code_challenge: createHash('sha256').update(verifier).digest('base64url'),
      code_challenge_method: 'S256',
      ...more,
    };
    const given = Object.entries(parameters).filter((pair): pair is [string, string] => pair[1] !== undefined);
    return `/oauth/authorize?${new URLSearchParams(given).toString()}`;
  }

  /** Sends the browser and expects the question. */
  async ask(browser: TestBrowser, more: Readonly<Record<string, string | undefined>> = {}): Promise<Asking> {
    const verifier = randomBytes(32).toString('base64url');
    const sent = await browser.ask(this.authorizePath(verifier, more), { headers: { 'sec-fetch-site': 'cross-site' } });
    assert.equal(sent.status, 303, sent.text);
    const { location = '' } = sent.headers;
    const uid = /^\/authorize\/([\w-]+)$/.exec(new URL(location, browser.origin).pathname)?.[1];
    assert.ok(uid !== undefined && uid !== 'wrong', location);
    return { uid, verifier, state: more['state'] ?? 'the-state' };
  }

  /** The person says yes or no; where the browser comes back to the program. */
  async decide(browser: TestBrowser, { uid }: Asking, allow = true): Promise<URLSearchParams> {
    const decided = await browser.post('authorize/decide', { request: uid, allow });
    assert.equal(decided.status, 200, decided.text);
    const back = await browser.ask(String(decided.body['location']));
    assert.equal(back.status, 303, back.text);
    const target = new URL(back.headers.location ?? '');
    assert.equal(target.origin + target.pathname, this.redirectUri);
    return target.searchParams;
  }

  async code(browser: TestBrowser, more: Readonly<Record<string, string | undefined>> = {}) {
    const asking = await this.ask(browser, more);
    const back = await this.decide(browser, asking);
    const code = back.get('code');
    assert.ok(code !== null, back.toString());
    return { ...asking, code };
  }

  /** The program itself asks: no cookie goes with it. */
  token(browser: TestBrowser, fields: Readonly<Record<string, string>>): Promise<BrowserAnswer> {
    return this.post(browser, '/oauth/token', { client_id: this.name, ...fields });
  }

  redeem(browser: TestBrowser, { code, verifier }: { code: string; verifier: string }): Promise<BrowserAnswer> {
    const fields = { code, code_verifier: verifier, redirect_uri: this.redirectUri };
    return this.token(browser, { grant_type: 'authorization_code', ...fields });
  }

  post(browser: TestBrowser, path: string, fields: Readonly<Record<string, string>>): Promise<BrowserAnswer> {
    return browser.ask(path, {
      method: 'POST',
      body: new URLSearchParams(fields).toString(),
      headers: { 'content-type': 'application/x-www-form-urlencoded' },
      bare: true,
    });
  }

  /** All of it. @returns the tokens */
  async tokens(browser: TestBrowser, scope = 'user/ImagingStudy.rs online_access') {
    const given = await this.redeem(browser, await this.code(browser, { scope }));
    assert.equal(given.status, 200, given.text);
    return { access: String(given.body['access_token']), renewal: String(given.body['refresh_token']), given };
  }
}

/** A request with a token and nothing else. */
export function withToken(browser: TestBrowser, token: string, path = '/dicom-web/studies'): Promise<BrowserAnswer> {
  const headers = { authorization: `Bearer ${token}`, accept: 'application/dicom+json' };
  return browser.ask(path, { headers, bare: true });
}
