import assert from 'node:assert/strict';
import { test } from 'node:test';
import { LeadglassError } from '../../error.ts';
import { answerApi, type ApiRequest, type ControlCall } from './api.ts';
import type { PeopleFlows, SessionView } from './people-flows.ts';

const view: SessionView = {
  account: { id: 1, email: 'ada@hospital.example', name: 'Ada', role: 'physician' },
  signedInAt: '2026-11-27T10:00:00Z',
  idleEndsAt: '2026-11-27T10:30:00Z',
  endsAt: '2026-11-27T22:00:00Z',
};

interface Given extends Partial<Pick<ApiRequest, 'method' | 'isOwnPage'>> {
  readonly body?: unknown;
  readonly raw?: string | Uint8Array;
  readonly headers?: Record<string, string>;
}

/** Remembers what was asked; every flow that a test does not name fails it. */
function house(flows: Partial<PeopleFlows> = {}) {
  const calls: ControlCall[] = [];
  const people = new Proxy(flows, {
    get: (target, name) => Reflect.get(target, name) ?? (() => assert.fail(`${String(name)} was called`)),
  });
  const ask = (path: string, given: Given = {}) => {
    const { body, raw, headers, ...more } = given;
    const bytes = Buffer.from(raw ?? (body === undefined ? '' : JSON.stringify(body)));
    return answerApi(
      {
        method: 'POST',
        path,
        headers: {
          'content-type': 'application/json',
          'x-leadglass': 'console',
          'user-agent': 'Browser 1',
          ...headers,
        },
        body: pieces(bytes),
        address: '10.1.2.3',
        signal: new AbortController().signal,
        isOwnPage: true,
        ...more,
      },
      {
        // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the proxy answers for what is missing
        people: people as PeopleFlows,
        control: async (call) => {
          calls.push(call);
          return { done: call.name };
        },
        limits: { apiBodyBytesMax: 1000, browserCookieSeconds: 60 },
      },
    );
  };
  return { ask, calls };
}

async function* pieces(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  for (const byte of bytes) yield Uint8Array.of(byte);
}

const json = (body: Uint8Array | undefined): unknown => JSON.parse(Buffer.from(body ?? []).toString());
const cookie = '__Host-leadglass=secret-1';

test('who signs in gets the session as a cookie and never in the body', async () => {
  const { ask } = house({
    signInPasskey: async (from, { ceremony }) => {
      assert.deepEqual(from, { address: '10.1.2.3', userAgent: 'Browser 1', browser: 'known' });
      assert.equal(ceremony, 'c');
      return { session: view, secret: 'very-secret', browser: 'browser-secret' };
    },
  });
  const answer = await ask('sign-in/passkey', {
    body: { ceremony: 'c', credential: { id: 'x' } },
    headers: { cookie: '__Host-leadglass-browser=known' },
  });
  assert.deepEqual(json(answer.body), view);
  const cookies = answer.headers.filter(([name]) => name === 'set-cookie').map(([, value]) => value);
  assert.equal(cookies.length, 2);
  assert.match(cookies[0] ?? '', /^__Host-leadglass=very-secret; /);
  assert.match(cookies[1] ?? '', /^__Host-leadglass-browser=browser-secret; .*Max-Age=60/);
  assert.doesNotMatch(Buffer.from(answer.body ?? []).toString(), /secret/);
});

test('who signs out loses the cookie, also without a session', async () => {
  const out: string[] = [];
  const { ask } = house({ signOut: async (_from, secret) => void out.push(secret) });
  for (const headers of [{ cookie }, {}] as Record<string, string>[]) {
    const answer = await ask('sign-out', { headers });
    assert.equal(answer.status, 204);
    assert.match(answer.headers[0]?.[1] ?? '', /Max-Age=0/);
  }
  assert.deepEqual(out, ['secret-1']);
});

const forged: Record<string, { headers?: Record<string, string>; isOwnPage?: boolean }> = {
  'a page of another origin': { isOwnPage: false },
  'a form without our field': { headers: { 'x-leadglass': '' } },
  'a form as text': { headers: { 'content-type': 'text/plain' } },
  'a form as a form': { headers: { 'content-type': 'application/x-www-form-urlencoded' } },
  'a body without a type': { headers: { 'content-type': '' } },
};
for (const [attack, changes] of Object.entries(forged)) {
  test(`forged request: ${attack} changes nothing`, async () => {
    const { ask, calls } = house();
    await assert.rejects(
      ask('control/deviceRevoke', { body: {}, ...changes, headers: { cookie, ...changes.headers } }),
      {
        code: 'NOT_AUTHORIZED',
      },
    );
    assert.deepEqual(calls, []);
  });
}

test('a control service runs under the session of the cookie, by its name and with its arguments', async () => {
  const { ask, calls } = house();
  const answer = await ask('control/deviceList', { body: { all: true }, headers: { cookie } });
  assert.deepEqual(json(answer.body), { done: 'deviceList' });
  assert.deepEqual(
    calls.map(({ name, given, secret, address }) => ({ name, given, secret, address })),
    [{ name: 'deviceList', given: { all: true }, secret: 'secret-1', address: '10.1.2.3' }],
  );
});

test('without a session nothing of an account is reached', async () => {
  const { ask, calls } = house();
  const paths = ['control/status', 'step-up/begin', 'own/passkeys/begin', 'own/recovery-codes', 'own/code/begin'];
  for (const path of paths) await assert.rejects(ask(path, { body: {} }), { code: 'NOT_AUTHENTICATED' }, path);
  for (const path of ['session', 'own/sessions', 'own/factors']) {
    await assert.rejects(ask(path, { method: 'GET' }), { code: 'NOT_AUTHENTICATED' }, path);
  }
  assert.deepEqual(calls, []);
});

test('a session that has ended is no session', async () => {
  const { ask } = house({ session: () => undefined });
  await assert.rejects(ask('session', { method: 'GET', headers: { cookie } }), { code: 'NOT_AUTHENTICATED' });
});

test('what is sent in place of a call is told by its field and never repeated', async () => {
  const { ask } = house();
  const password = 'correct horse battery';
  const wrong: { body?: unknown; raw?: string }[] = [
    { body: { email: 'a@b.example', password: [password] } },
    { body: { email: 'a@b.example', password, more: password } },
    { body: password },
    { body: [password] },
    { raw: `{"password":"${password}` },
    { raw: password },
    { body: { email: 'a@b.example', password: password.repeat(400) } },
  ];
  for (const given of wrong) {
    const error: unknown = await ask('sign-in/password', given).catch((thrown: unknown) => thrown);
    assert.ok(error instanceof LeadglassError);
    assert.match(error.code, /^(BAD_REQUEST|LIMIT_EXCEEDED)$/);
    assert.ok(!JSON.stringify([error.message, error.detail]).includes(password));
  }
});

test('a body at the limit is read, one byte more is refused, and bytes that are no UTF-8 are no JSON', async () => {
  const { ask } = house({ signOut: async () => undefined });
  const padded = (length: number): string => `{}${' '.repeat(length - 2)}`;
  assert.equal((await ask('sign-out', { raw: padded(1000) })).status, 204);
  await assert.rejects(ask('sign-out', { raw: padded(1001) }), { code: 'LIMIT_EXCEEDED' });
  await assert.rejects(ask('sign-out', { raw: Uint8Array.of(0x22, 0xff, 0x22) }), { code: 'BAD_REQUEST' });
});

test('a call that is none, or by another method, is not there', async () => {
  const { ask } = house();
  for (const path of ['', 'sign-in', 'sign-in/', 'session/', 'own', 'sign-in/passkey/x', '__proto__']) {
    await assert.rejects(ask(path, { body: {} }), { code: 'NOT_FOUND' }, path);
  }
  await assert.rejects(ask('session', { body: {} }), { code: 'BAD_REQUEST' });
  await assert.rejects(ask('sign-in/password', { method: 'GET' }), { code: 'BAD_REQUEST' });
});
