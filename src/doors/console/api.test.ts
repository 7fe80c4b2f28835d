import assert from 'node:assert/strict';
import { test } from 'node:test';
import { LeadglassError } from '../../error.ts';
import { RefusedError } from '../../guard/refusal.ts';
import type { GuardSession } from '../../guard/session.ts';
import { parseArguments } from '../control/call-service.ts';
import { callSchemas } from '../control/control-calls.ts';
import { AdvisedError, failureForLog } from './api-error.ts';
import { answerApi, type ApiRequest, type ControlCall } from './api.ts';
import type { PeopleFlows, SessionView } from './people-flows.ts';

const view: SessionView = {
  may: [],
  account: { id: 1, email: 'ada@hospital.example', name: 'Ada', role: 'physician' },
  signedInAt: '2026-11-27T10:00:00Z',
  idleEndsAt: '2026-11-27T10:30:00Z',
  endsAt: '2026-11-27T22:00:00Z',
};

interface Given extends Partial<Pick<ApiRequest, 'method' | 'isOwnPage' | 'lend' | 'workstation'>> {
  readonly body?: unknown;
  readonly raw?: string | Uint8Array;
  readonly headers?: Record<string, string>;
}

/** Remembers what was asked; every flow that a test does not name fails it. */
function house(flows: Partial<PeopleFlows> = {}) {
  const calls: ControlCall[] = [];
  const lent: string[] = [];
  const failures: LeadglassError[] = [];
  const people = new Proxy(flows, {
    get: (target, name) =>
      Reflect.get(target, name) ??
      (name === 'atItsPlace' ? async () => undefined : undefined) ??
      (() => assert.fail(`${String(name)} was called`)),
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
        lend: async (secret) => {
          lent.push(secret);
          return session;
        },
        workstation: async () => undefined,
        ...more,
      },
      {
        // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the proxy answers for what is missing
        people: people as PeopleFlows,
        control: async (call) => {
          calls.push(call);
          return { done: call.name };
        },
        limits: { apiBodyBytesMax: 1000, browserCookieSeconds: 60, providerCookieSeconds: 300 },
        failed: (error) => failures.push(error),
      },
    );
  };
  /** The status and what the problem says. */
  const refused = async (...asked: Parameters<typeof ask>) => {
    const { status, body } = await ask(...asked);
    return { status, ...Object(json(body)) };
  };
  return { ask, refused, calls, lent, failures };
}

async function* pieces(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  for (const byte of bytes) yield Uint8Array.of(byte);
}

// oxlint-disable-next-line typescript/no-unsafe-type-assertion -- handed on and never used
const session = {} as GuardSession;

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
  const { ask } = house({ signOut: (secret) => void out.push(secret) });
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
    const { refused, calls } = house();
    const asked = { body: {}, ...changes, headers: { cookie, ...changes.headers } };
    assert.partialDeepStrictEqual(await refused('control/deviceRevoke', asked), {
      status: 403,
      code: 'NOT_AUTHORIZED',
    });
    assert.deepEqual(calls, []);
  });
}

test('a control service runs under the session of the cookie, by its name and with its arguments', async () => {
  const { ask, calls, lent } = house({ session: () => view });
  const answer = await ask('control/deviceList', { body: { all: true }, headers: { cookie } });
  assert.deepEqual(json(answer.body), { done: 'deviceList' });
  assert.deepEqual(
    calls.map(({ name, given }) => ({ name, given })),
    [{ name: 'deviceList', given: { all: true } }],
  );
  assert.deepEqual([calls[0]?.session === session, lent], [true, ['secret-1']]);
});

test('a control service is not reached by a session that is idle or has ended', async () => {
  const { refused, calls } = house({ session: () => undefined });
  assert.equal((await refused('control/status', { body: {}, headers: { cookie } })).status, 401);
  assert.deepEqual(calls, []);
});

test('without a session nothing of an account is reached', async () => {
  const { refused, calls } = house();
  const nobody = { status: 401, code: 'NOT_AUTHENTICATED' };
  const paths = ['control/status', 'step-up/begin', 'own/passkeys/begin', 'own/recovery-codes', 'own/code/begin'];
  for (const path of paths) assert.partialDeepStrictEqual(await refused(path, { body: {} }), nobody, path);
  for (const path of ['session', 'own/sessions', 'own/factors']) {
    assert.partialDeepStrictEqual(await refused(path, { method: 'GET' }), nobody, path);
  }
  assert.deepEqual(calls, []);
});

test('a session that has ended is no session', async () => {
  const { refused } = house({ session: () => undefined });
  assert.equal((await refused('session', { method: 'GET', headers: { cookie } })).status, 401);
});

test('what is sent in place of a call is told by its field and never repeated', async () => {
  const { ask, failures } = house();
  const password = 'correct horse battery';
  const wrong: Given[] = [
    { body: { email: 'a@b.example', password: [password] } },
    { body: { email: 'a@b.example', password, more: password } },
    { body: password },
    { body: [password] },
    { raw: `{"password":"${password}` },
    { raw: password },
    { body: { email: 'a@b.example', password: password.repeat(400) } },
  ];
  for (const given of wrong) {
    const { status, body } = await ask('sign-in/password', given);
    assert.ok(status === 400 || status === 413, String(status));
    assert.ok(
      !Buffer.from(body ?? [])
        .toString()
        .includes(password),
    );
  }
  assert.equal(failures.length, wrong.length);
  for (const { message, detail } of failures) assert.ok(!JSON.stringify([message, detail]).includes(password));
});

test('a refusal says what to do, when to try again, and by which word to know it', async () => {
  const advice = { answer: 'WAIT', hint: 'Wait', retryAfterMs: 1500, detail: 'lane-closed: for the log' };
  const { ask } = house({
    signInCode: () => Promise.reject(new AdvisedError('LIMIT_EXCEEDED', 'Not signed in', advice)),
  });
  const answer = await ask('sign-in/code', { body: { ceremony: 'c', code: '123456' } });
  assert.equal(answer.status, 429);
  assert.deepEqual(json(answer.body), {
    title: 'Not signed in',
    status: 429,
    code: 'LIMIT_EXCEEDED',
    answer: 'WAIT',
    detail: 'Wait',
  });
  assert.deepEqual(new Map(answer.headers).get('retry-after'), '2');
});

test('a body at the limit is read, one byte more is refused, and bytes that are no UTF-8 are no JSON', async () => {
  const { ask, refused } = house({ signOut: () => undefined });
  const padded = (length: number): string => `{}${' '.repeat(length - 2)}`;
  assert.equal((await ask('sign-out', { raw: padded(1000) })).status, 204);
  assert.equal((await refused('sign-out', { raw: padded(1001) })).status, 413);
  assert.equal((await refused('sign-out', { raw: Uint8Array.of(0x22, 0xff, 0x22) })).status, 400);
});

test('a call that is none, or by another method, is not there', async () => {
  const { refused } = house();
  for (const path of ['', 'sign-in', 'sign-in/', 'session/', 'own', 'sign-in/passkey/x', '__proto__']) {
    assert.equal((await refused(path, { body: {} })).status, 404, path);
  }
  assert.equal((await refused('session', { body: {} })).status, 400);
  assert.equal((await refused('sign-in/password', { method: 'GET' })).status, 400);
});

const form = { 'content-type': 'application/x-www-form-urlencoded', 'x-leadglass': '' };

test('who goes to the provider has the question in a cookie and only the address in the answer', async () => {
  const { ask } = house({
    providerSignIn: async (_from, { origin }) => ({
      ceremony: 'very-secret',
      location: `https://login.example/?to=${origin}`,
    }),
  });
  const answer = await ask('sign-in/provider', { body: {}, headers: { origin: 'https://pacs.example' } });
  assert.deepEqual(json(answer.body), { location: 'https://login.example/?to=https://pacs.example' });
  const cookie = answer.headers.find(([name]) => name === 'set-cookie')?.[1] ?? '';
  assert.equal(cookie, '__Host-leadglass-provider=very-secret; Path=/; Secure; HttpOnly; SameSite=Strict; Max-Age=300');
});

test('who comes back shows the cookie and loses it', async () => {
  const { ask } = house({
    providerFinish: async (_from, secret, given) => {
      assert.deepEqual([secret, given], ['secret-1', { ceremony: 'trip', parameters: 'code=1' }]);
      return { done: 'sign-in', session: view, secret: 'new-secret', browser: 'b' };
    },
  });
  const answer = await ask('sign-in/provider/finish', {
    body: { parameters: 'code=1' },
    headers: { cookie: `${cookie}; __Host-leadglass-provider=trip` },
  });
  assert.deepEqual(json(answer.body), { ...view, done: 'sign-in' });
  const cookies = answer.headers.filter(([name]) => name === 'set-cookie').map(([, value]) => value);
  assert.match(cookies.join('\n'), /__Host-leadglass=new-secret;[^]*__Host-leadglass-provider=; .*Max-Age=0/);
});

test('who signs out of a session of the provider is told where to end that one', async () => {
  const { ask } = house({ signOut: (_secret, { origin }) => `https://login.example/end?to=${origin}` });
  const answer = await ask('sign-out', { headers: { cookie, origin: 'https://pacs.example' } });
  assert.deepEqual(json(answer.body), { location: 'https://login.example/end?to=https://pacs.example' });
});

test("the provider's own call comes as a form without a browser, and nothing else comes that way", async () => {
  const tokens: string[] = [];
  const { ask, refused } = house({ providerLogout: async (_from, { token }) => void tokens.push(token) });
  const raw = 'other=1&logout_token=a.b.c';
  assert.equal((await ask('provider/logout', { raw, headers: form, isOwnPage: false })).status, 200);
  for (const headers of [
    { cookie },
    { origin: 'https://pacs.example' },
    { 'sec-fetch-site': 'none' },
    { 'content-type': 'application/json' },
  ]) {
    assert.equal((await refused('provider/logout', { raw, headers: { ...form, ...headers } })).status, 403);
  }
  assert.equal((await refused('provider/logout', { raw: 'other=1', headers: form })).status, 400);
  assert.equal((await refused('provider/logout', { raw: '', headers: form })).status, 400);
  assert.equal(
    (await refused('sign-in/provider', { raw, headers: { ...form, 'x-leadglass': 'console' } })).status,
    403,
  );
  assert.deepEqual(tokens, ['a.b.c']);
});

test('where somebody sits is asked with each call, of a session only where the call is one of it', async () => {
  const asked: [string, string | undefined][] = [];
  const seen: (string | undefined)[] = [];
  const { ask } = house({
    signInBegin: async (from) => {
      seen.push(from.workstation);
      return { ceremony: 'c', passkey: {} };
    },
    signOut: () => undefined,
    session: () => view,
  });
  for (const path of ['sign-in/begin', 'sign-out', 'step-up/begin', 'control/deviceList']) {
    const workstation = async (secret: string | undefined) => {
      asked.push([path, secret]);
      return 'ROOM1';
    };
    await ask(path, { headers: { cookie }, workstation }).catch(() => undefined);
  }
  assert.deepEqual(asked, [
    ['sign-in/begin', undefined],
    ['sign-out', undefined],
    ['step-up/begin', 'secret-1'],
    ['control/deviceList', 'secret-1'],
  ]);
  assert.deepEqual(seen, ['ROOM1']);
});

test('what a workstation does not do is told as that', async () => {
  const answers = { 'workstation-purpose': 'WORKSTATION', 'workstation-missing': 'WORKSTATION_NEEDED' } as const;
  for (const reason of ['workstation-purpose', 'workstation-missing'] as const) {
    const { refused } = house({ session: () => view });
    const lend = (): Promise<never> => Promise.reject(new RefusedError('NOT_AUTHORIZED', reason));
    const got = await refused('control/deviceList', { headers: { cookie }, lend });
    assert.deepEqual([got.status, got.answer], [403, answers[reason]]);
  }
  const { refused } = house();
  const workstation = (): Promise<never> =>
    Promise.reject(new RefusedError('NOT_AUTHENTICATED', 'workstation-differs'));
  const got = await refused('own/sessions', { method: 'GET', headers: { cookie }, workstation });
  assert.deepEqual([got.status, got.answer], [401, 'SESSION_OVER']);
});

test('what a person typed, a patient or an address, stands in no log, though it is told back', () => {
  const typed = {
    birthDate: '3.4.1970',
    patientId: 'ROE-4711',
    reason: 'Mr Roe',
  };
  try {
    parseArguments(callSchemas.emergencyOpen, typed);
    assert.fail('taken');
  } catch (error) {
    assert.ok(error instanceof LeadglassError);
    assert.match(error.message, /birthDate: must be a date such as .*, was "3\.4\.1970".*"Mr Roe"/);
    assert.deepEqual(failureForLog(error), { code: 'BAD_REQUEST' });
  }
  const nobody = new LeadglassError('NOT_FOUND', 'There is no account roe@hospital.example');
  assert.deepEqual(failureForLog(nobody), { code: 'NOT_FOUND' });
  const advised = new AdvisedError('NOT_AUTHENTICATED', 'No', { answer: 'A', hint: 'H', detail: 'session-idle' });
  assert.deepEqual(failureForLog(advised), { code: 'NOT_AUTHENTICATED', detail: 'session-idle' });
  const broken = new LeadglassError('INTERNAL', 'A call without a service');
  assert.deepEqual(failureForLog(broken), { code: 'INTERNAL', detail: 'A call without a service' });
});
