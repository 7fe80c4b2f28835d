/** A person with an account: a password, one-time codes, and a browser. */
import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { type BrowserAnswer, TestBrowser } from './browser.ts';
import type { Leadglass } from './leadglass.ts';

export const password = 'kettle violin ocean brick';

const stepMs = 30_000;
const stepAt = (atMs: number): number => Math.floor(atMs / stepMs);

export class Person {
  readonly browser: TestBrowser;
  readonly email: string;
  /** Of the codes, in base 32. */
  readonly secret: string;
  /** Each code is good once: the enrolment takes that of the step before. */
  #usedStep = stepAt(Date.now()) - 1;

  constructor(browser: TestBrowser, email: string, secret: string) {
    this.browser = browser;
    this.email = email;
    this.secret = secret;
  }

  /**
   * @param at another browser than the own one
   * @param atMs moment of the code; without it the next code that was not used here, which may have to be waited for
   */
  async signIn({ at = this.browser, atMs }: { at?: TestBrowser; atMs?: number } = {}): Promise<BrowserAnswer> {
    const begun = await at.post('sign-in/password', { email: this.email, password });
    if (begun.status !== 200) return begun;
    assert.deepEqual(begun.body['next'], ['code', 'recovery-code'], begun.text);
    const step = atMs === undefined ? await this.#unusedStep() : stepAt(atMs);
    this.#usedStep = Math.max(this.#usedStep, step);
    const { ceremony } = begun.body;
    return await at.post('sign-in/code', { ceremony, code: codeOf(this.secret, step * stepMs) });
  }

  /** The server takes the code of the step that follows, too; not that of the one after it. */
  async #unusedStep(): Promise<number> {
    const step = Math.max(this.#usedStep + 1, stepAt(Date.now()));
    if (step > stepAt(Date.now()) + 1) await sleep((step - 1) * stepMs - Date.now());
    return step;
  }
}

interface PersonFacts {
  readonly email: string;
  readonly role: string;
}

/** Invited, and enrolled with a password and codes. */
export async function enrolled(leadglass: Leadglass, ca: Buffer, facts: PersonFacts): Promise<Person> {
  const { email, role } = facts;
  const browser = new TestBrowser(leadglass.consolePort, ca);
  const invite = ['account', 'invite', email, '--role', role, '--name', `Test ${role}`];
  const { link } = await leadglass.json<{ link: string }>(...invite);
  const begun = await browser.post('enrol/begin', { invitation: link.slice(link.indexOf('#') + 1) });
  assert.equal(begun.status, 200, begun.text);
  const { ceremony } = begun.body;
  const weak = await browser.post('enrol/password', { ceremony, password: 'radiology1' });
  assert.equal(weak.status, 400, 'a password of the field is refused');
  assert.match(String(weak.body['detail']), /\w/, 'and the refusal says what to do');
  const set = await browser.post('enrol/password', { ceremony, password });
  assert.equal(set.status, 200, set.text);
  const { secret } = Object(set.body['code']);
  const done = await browser.post('enrol/code', { ceremony, code: codeOf(secret, Date.now() - stepMs) });
  assert.equal(done.status, 200, done.text);
  assert.equal(Object(done.body['recoveryCodes']).length, 10);
  assert.equal(browser.session, '', 'enrolled is not signed in');
  return new Person(browser, email, secret);
}

/** Invited, enrolled and signed in. */
export async function signedIn(leadglass: Leadglass, ca: Buffer, facts: PersonFacts): Promise<Person> {
  const person = await enrolled(leadglass, ca, facts);
  const answer = await person.signIn();
  assert.equal(answer.status, 200, answer.text);
  return person;
}

/** RFC 6238 with SHA-1, six digits and thirty seconds, written apart from the code under test. @param base32 the secret */
export function codeOf(base32: string, atMs: number): string {
  let bits = '';
  for (const letter of base32.replaceAll(/[ =]/g, '')) {
    bits += 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567'.indexOf(letter).toString(2).padStart(5, '0');
  }
  const key = Buffer.from((bits.match(/.{8}/g) ?? []).map((byte) => Number.parseInt(byte, 2)));
  const counter = Buffer.alloc(8);
  counter.writeBigUInt64BE(BigInt(stepAt(atMs)));
  const digest = createHmac('sha1', key).update(counter).digest();
  const offset = (digest.at(-1) ?? 0) & 15;
  return String((digest.readUInt32BE(offset) & 0x7fffffff) % 1_000_000).padStart(6, '0');
}
