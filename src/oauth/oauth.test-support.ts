/** An authorization server over a policy in memory, a person who is signed in, and a browser that keeps cookies. */
import assert from 'node:assert/strict';
import { createHash, randomBytes } from 'node:crypto';
import type { PersonSession } from '../guard/identify/person.ts';
import { PolicyStore } from '../guard/policy-store.ts';
import type { ProgramTerms } from '../guard/program.ts';
import { limits } from '../limits.ts';
import { AuthorizationServer, type AuthorizationServerFacts } from './authorization-server.ts';
import type { ProgramEvent } from './questions.ts';
import type { OAuthAnswer, OAuthRequest } from './requests.ts';

export const issuer = 'https://leadglass.example';
export const callback = 'https://viewer.example/callback';
export const doctor = 'doctor@hospital.example';
export const hourMs = 3_600_000;

export class TestPeople {
  readonly sessions = new Map<string, PersonSession>();
  readonly touched: number[] = [];
  readonly #listeners = new Set<(account: string) => void>();

  signIn(secret: string, session: Partial<PersonSession> = {}): void {
    const whole = { id: this.sessions.size + 1, account: doctor, role: 'physician' as const, freshUntilMs: 0 };
    this.sessions.set(secret, { ...whole, endsAtMs: Date.now() + hourMs, ...session });
  }

  signOut(secret: string): void {
    const account = this.sessions.get(secret)?.account ?? '';
    this.sessions.delete(secret);
    for (const listener of this.#listeners) listener(account);
  }

  bySecret(secret: string): PersonSession | undefined {
    return this.sessions.get(secret);
  }

  lookUp(secret: string): PersonSession | undefined {
    return this.bySecret(secret);
  }

  byId(id: number): PersonSession | undefined {
    return [...this.sessions.values()].find((session) => session.id === id);
  }

  onChange(listener: (account: string) => void): Disposable {
    this.#listeners.add(listener);
    return { [Symbol.dispose]: () => void this.#listeners.delete(listener) };
  }

  touch(sessionId: number): void {
    this.touched.push(sessionId);
  }
}

export interface Answer extends OAuthAnswer {
  readonly json: Record<string, unknown>;
  /** As it came, and taken apart. */
  readonly location: string;
  readonly target: URL;
}

const challengeOf = (verifier: string): string => createHash('sha256').update(verifier).digest('base64url');
export type Fields = Readonly<Record<string, string | undefined>>;

export class TestHouse implements Disposable {
  readonly people = new TestPeople();
  readonly policy = PolicyStore.open(':memory:');
  readonly records: ProgramEvent[] = [];
  readonly logged: string[] = [];
  readonly server: AuthorizationServer;
  /** Of the person's browser. */
  cookies = new Map<string, string>();
  /** From where all ask. */
  address = '10.1.2.3';
  /** Added to the time of this server's own clock. */
  laterMs = 0;

  constructor(facts: Partial<AuthorizationServerFacts> = {}) {
    const note = (event: string, fields: object = {}): void =>
      void this.logged.push(`${event} ${JSON.stringify(fields)}`);
    this.server = new AuthorizationServer({
      origin: () => issuer,
      resourcePath: '/dicom-web',
      programs: this.policy.programs,
      persons: this.people,
      limits: limits.oauth,
      now: () => Date.now() + this.laterMs,
      record: async (event) => void this.records.push(event),
      log: { debug: note, info: note, warn: note, error: note },
      ...facts,
    });
    this.people.signIn('secret');
  }

  register(terms: Partial<ProgramTerms> = {}): void {
    const whole = { name: 'viewer', title: 'Viewer', redirectUris: [callback], scope: 'user/ImagingStudy.rs' };
    const rest = { reason: 'r', owner: 'root', validUntilMs: Date.now() + 24 * hourMs };
    this.policy.programs.add({ ...whole, ...rest, ...terms }, Date.now());
  }

  async ask(request: Partial<OAuthRequest> & { readonly path: string }, text = ''): Promise<Answer> {
    const cookie = [...this.cookies].map(([name, value]) => `${name}=${value}`).join('; ');
    const body = (async function* () {
      yield Buffer.from(text);
    })();
    const headers = { ...(cookie === '' ? {} : { cookie }), ...request.headers };
    const answer = await this.server.answer({
      method: 'GET',
      address: this.address,
      query: '',
      body,
      ...request,
      headers,
    });
    for (const [name, field] of answer.headers) {
      const [, key = '', value = ''] = name === 'set-cookie' ? (/^([^=]+)=([^;]*)/.exec(field) ?? []) : [];
      if (key !== '') this.cookies.set(key, value);
    }
    const location = answer.headers.find(([name]) => name === 'location')?.[1] ?? '';
    return { ...answer, location, target: new URL(location, issuer), json: parsed(answer.body) };
  }

  /** A browser is sent to ask. */
  authorize(more: Fields = {}, verifier = 'v'.repeat(43)): Promise<Answer> {
    const parameters: Fields = {
      response_type: 'code',
      client_id: 'viewer',
      redirect_uri: callback,
      scope: 'user/ImagingStudy.rs',
      state: 'the-state',
      code_challenge: challengeOf(verifier),
      code_challenge_method: 'S256',
      ...more,
    };
    return this.ask({ path: '/oauth/authorize', query: encoded(parameters) });
  }

  async uid(more: Fields = {}, verifier?: string): Promise<string> {
    const { location } = await this.authorize(more, verifier);
    const uid = /^\/authorize\/([\w-]+)$/.exec(location)?.[1];
    assert.ok(uid !== undefined && uid !== 'wrong', `${location} ${this.logged.join('\n')}`);
    return uid;
  }

  /** The person lets it. @returns where the browser comes back to the program */
  async let(uid: string, secret = 'secret'): Promise<Answer> {
    return this.ask({ path: await this.server.decide(secret, uid, true) });
  }

  async code(more: Fields = {}): Promise<{ readonly code: string; readonly verifier: string }> {
    const verifier = randomBytes(32).toString('base64url');
    const { target } = await this.let(await this.uid(more, verifier));
    const code = target.searchParams.get('code');
    assert.ok(code !== null, target.href);
    return { code, verifier };
  }

  post(path: string, fields: Fields): Promise<Answer> {
    const headers = { 'content-type': 'application/x-www-form-urlencoded', cookie: '' };
    return this.ask({ path, method: 'POST', headers }, encoded({ client_id: 'viewer', ...fields }));
  }

  redeem({ code, verifier }: { code: string; verifier: string }, more: Fields = {}): Promise<Answer> {
    const fields = { grant_type: 'authorization_code', code, code_verifier: verifier, redirect_uri: callback };
    return this.post('/oauth/token', { ...fields, ...more });
  }

  renew(renewal: string, more: Fields = {}): Promise<Answer> {
    return this.post('/oauth/token', { grant_type: 'refresh_token', refresh_token: renewal, ...more });
  }

  async tokens(scope = 'user/ImagingStudy.rs online_access'): Promise<{ access: string; renewal: string }> {
    const { json } = await this.redeem(await this.code({ scope }));
    assert.equal(typeof json['access_token'], 'string', JSON.stringify(json));
    return { access: textOf(json['access_token']), renewal: textOf(json['refresh_token']) };
  }

  async isGood(token: string): Promise<boolean> {
    return (await this.server.tokens.byText(token)) !== undefined;
  }

  [Symbol.dispose](): void {
    this.server[Symbol.dispose]();
    this.policy.close();
  }
}

function encoded(fields: Fields): string {
  const given = Object.entries(fields).filter((pair): pair is [string, string] => pair[1] !== undefined);
  return new URLSearchParams(given).toString();
}

function textOf(value: unknown): string {
  return typeof value === 'string' ? value : '';
}

function parsed(body: Uint8Array): Record<string, unknown> {
  try {
    return Object(JSON.parse(Buffer.from(body).toString()));
  } catch {
    return {};
  }
}
