import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, existsSync, mkdirSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { request } from 'node:http';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import type { TestContext } from 'node:test';
import { LeadglassError } from '../../error.ts';
import { limits } from '../../limits.ts';
import { quietLog } from '../../log.ts';
import { startControlDoor } from './control-door.ts';
import type { ControlDoor, ControlLimits } from './control-door.ts';
import { fakeControl } from './fake-control.test-support.ts';
import type { FakeControl } from './fake-control.test-support.ts';

function folder(t: TestContext): string {
  const path = mkdtempSync(join(tmpdir(), 'leadglass-control-'));
  t.after(() => rmSync(path, { recursive: true, force: true }));
  return path;
}

async function start(
  t: TestContext,
  changed: Partial<ControlLimits> = {},
): Promise<{ door: ControlDoor; fake: FakeControl; socketPath: string }> {
  const socketPath = join(folder(t), 'control.sock');
  const fake = fakeControl();
  const door = await startControlDoor({
    socketPath,
    services: fake.services,
    limits: { ...limits, ...changed },
    log: quietLog,
  });
  t.after(() => door.stop());
  return { door, fake, socketPath };
}

interface Sent {
  readonly method?: string;
  readonly path: string;
  readonly body?: string | Uint8Array;
  readonly headers?: Record<string, string>;
}
async function send(
  socketPath: string,
  { method = 'POST', path, body = '{}', headers = {} }: Sent,
): Promise<{ text: string; whole: boolean }> {
  const sent = request({ socketPath, method, path, headers, agent: false });
  sent.end(method === 'GET' ? undefined : body);
  return await new Promise((resolve) => {
    sent.once('error', () => resolve({ text: '', whole: false }));
    sent.once('response', (response) => {
      let text = '';
      response.setEncoding('latin1').on('data', (chunk: string) => (text += chunk));
      response.once('error', () => resolve({ text, whole: false }));
      response.once('end', () => resolve({ text, whole: response.complete }));
    });
  });
}

function sessionIn(text: string): string {
  const found = /"session":"([0-9a-f]{32})"/.exec(text)?.[1];
  assert.ok(found !== undefined, text);
  return found;
}

test('the socket is its owner’s alone, and is gone after a stop', async (t) => {
  const { door, socketPath } = await start(t);
  assert.equal(statSync(socketPath).mode & 0o777, 0o600);
  await door.stop();
  assert.equal(existsSync(socketPath), false);
});

test('a call answers with one result line, and the caller’s claimed name reaches the service', async (t) => {
  const { fake, socketPath } = await start(t);
  const { text } = await send(socketPath, {
    path: '/call/status',
    headers: { 'x-leadglass-user': 'ana', 'x-leadglass-command': 'status' },
  });
  assert.deepEqual(JSON.parse(text), { result: fake.status });
  assert.deepEqual(fake.calls, ['status by ana']);
});

test('progress comes as lines before the result', async (t) => {
  const { socketPath } = await start(t);
  const lines = (await send(socketPath, { path: '/call/verify' })).text.trim().split('\n');
  assert.deepEqual(
    lines.map((line) => /^\{"(\w+)"/.exec(line)?.[1]),
    ['progress', 'progress', 'result'],
  );
});

test('wrong arguments are refused with the field', async (t) => {
  const { socketPath } = await start(t);
  const { text } = await send(socketPath, { path: '/call/deviceShow', body: '{"aeTitle":5}' });
  assert.match(text, /"code":"BAD_REQUEST","message":"aeTitle: /);
});

const pinned = { kind: 'certificate', pem: 'no PEM' };
const device = { aeTitle: 'CT1', purpose: 'acquisition', reason: 'r', until: '2027-06-30', credential: pinned };
const opening = {
  name: 'CT1',
  device: 'CT1',
  purpose: 'acquisition',
  operations: [],
  reason: 'r',
  until: '2027-06-30',
};
const key = `-----BEGIN PRIVATE KEY-----\n${'A'.repeat(30)}`;
for (const [call, given, words] of [
  ['deviceShow', {}, 'aeTitle: is missing, expected a value'],
  ['deviceShow', { aeTitle: 5 }, 'aeTitle: must be text, was 5'],
  ['deviceShow', { aeTitle: ' ' }, 'aeTitle: must not be empty, was ""'],
  ['deviceShow', { aeTitle: 'A'.repeat(17) }, `aeTitle: must be at most 16 characters, was "${'A'.repeat(17)}"`],
  [
    'deviceShow',
    { aeTitle: 'A'.repeat(3000) },
    'aeTitle: must be at most 2000 characters, was text of 3000 characters',
  ],
  ['deviceShow', { aeTitle: 'CT1', colour: 'red' }, 'colour: is not known here, expected nothing'],
  ['deviceShow', [], 'aeTitle: is missing, expected a value'],
  ['deviceShow', null, 'arguments: must be named values, was nothing'],
  ['deviceAdd', device, 'credential.pem: must be PEM text, was "no PEM"'],
  ['deviceAdd', { ...device, credential: { kind: 'certificate', pem: 5 } }, 'credential.pem: must be text, was 5'],
  [
    'deviceAdd',
    { ...device, credential: { kind: 'magic' } },
    'credential.kind: must be one of public-key, csr, certificate, plain, was "magic"',
  ],
  [
    'deviceAdd',
    { ...device, credential: { kind: 'plain', risk: 'r', port: 70_000 } },
    'credential.port: must be at most 65535, was 70000',
  ],
  [
    'studyRelease',
    { studyInstanceUid: '1.2', device: 'P', until: '2026-02-30', reason: 'r' },
    'until: must be a day of the calendar, was "2026-02-30"',
  ],
  [
    'studyRelease',
    { studyInstanceUid: key, device: 'P', until: '2026-02-03', reason: 'r' },
    'studyInstanceUid: must be a UID: digits and dots, at most 64, was text of 58 characters',
  ],
  [
    'studyRemove',
    { studyInstanceUid: '1.2', step: 'burn', reason: 'r' },
    'step: must be one of request, undo, finish, was "burn"',
  ],
  [
    'studyList',
    { rows: 1.5, removed: 'yes' },
    'removed: must be true or false, was "yes"; rows: must be a whole number, was 1.5',
  ],
  [
    'openingApply',
    { openings: [opening, { ...opening, purpose: 'fun', until: 'soon' }] },
    'openings.1.purpose: must be one of acquisition, reading, exchange, archive, workstation-reading, workstation-exchange, workstation-administration, was "fun"; openings.1.until: must be a date such as 2027-06-30, was "soon"',
  ],
  [
    'openingApply',
    { openings: Array.from({ length: 30 }, () => 5) },
    /(openings\.\d+: must be named values, was 5; ){10}and 20 more$/,
  ],
] as const) {
  test(`a person is told what is wrong with ${call} ${JSON.stringify(given).slice(0, 80)}: field, fault and what is expected`, async (t) => {
    const { socketPath } = await start(t);
    const { text } = await send(socketPath, { path: `/call/${call}`, body: JSON.stringify(given) });
    const { error } = JSON.parse(text);
    assert.equal(error.code, 'BAD_REQUEST');
    if (typeof words === 'string') assert.equal(error.message, words);
    else assert.match(error.message, words);
  });
}

test('unknown calls, inherited names and text that is no JSON are refused', async (t) => {
  const { socketPath } = await start(t);
  for (const name of ['nothing', 'constructor', '__proto__', 'toString']) {
    assert.match((await send(socketPath, { path: `/call/${name}` })).text, /NOT_FOUND/);
  }
  assert.match((await send(socketPath, { path: '/call/status', body: '{' })).text, /BAD_REQUEST/);
  assert.match(
    (await send(socketPath, { path: '/call/status', headers: { 'x-leadglass-user': '%E0%A4%A' } })).text,
    /error/,
  );
});

test('a body is taken at its limit and refused one byte above', async (t) => {
  const { socketPath } = await start(t, { controlBodyBytesMax: 64 });
  assert.match((await send(socketPath, { path: '/call/status', body: '{}'.padEnd(64) })).text, /result/);
  assert.match((await send(socketPath, { path: '/call/status', body: '{}'.padEnd(65) })).text, /LIMIT_EXCEEDED/);
});

test('a file goes in and comes back byte for byte inside sessions', async (t) => {
  const { fake, socketPath } = await start(t);
  const file = Buffer.concat([Buffer.alloc(128), Buffer.from('DICM'), Buffer.alloc(300_000, 7)]);
  const session = sessionIn((await send(socketPath, { path: '/call/importBegin' })).text);
  const stored = await send(socketPath, { method: 'PUT', path: `/import/${session}`, body: file });
  assert.match(stored.text, /"result":"stored"/);
  assert.match(
    (await send(socketPath, { method: 'PUT', path: `/import/${session}`, body: 'x'.repeat(200) })).text,
    /MALFORMED/,
  );
  await send(socketPath, { path: '/call/importEnd', body: JSON.stringify({ session }) });
  assert.deepEqual(fake.ended, ['import done']);
  const begun = sessionIn(
    (await send(socketPath, { path: '/call/exportBegin', body: '{"studyInstanceUid":"1.2","reason":"r"}' })).text,
  );
  const got = await send(socketPath, { method: 'GET', path: `/export/${begun}/0` });
  assert.deepEqual([got.whole, Buffer.from(got.text, 'latin1').equals(file)], [true, true]);
  for (const index of ['1', '-1', '00000000000000000000', 'x', '']) {
    assert.match((await send(socketPath, { method: 'GET', path: `/export/${begun}/${index}` })).text, /NOT_FOUND/);
  }
});

test('an export whose bytes do not verify arrives torn, never as a whole file', async (t) => {
  const { fake, socketPath } = await start(t);
  fake.imported.push(Buffer.alloc(500, 0xee));
  const begun = sessionIn(
    (await send(socketPath, { path: '/call/exportBegin', body: '{"studyInstanceUid":"1.2","reason":"r"}' })).text,
  );
  const got = await send(socketPath, { method: 'GET', path: `/export/${begun}/0` });
  assert.equal(got.whole, false);
});

test('a client that stops early says so, and its import ends as broken at once', async (t) => {
  const { socketPath, fake } = await start(t);
  const session = sessionIn((await send(socketPath, { path: '/call/importBegin' })).text);
  const maybe = await send(socketPath, { path: '/call/importEnd', body: JSON.stringify({ session, how: 'maybe' }) });
  assert.match(maybe.text, /BAD_REQUEST/);
  await send(socketPath, { path: '/call/importEnd', body: JSON.stringify({ session, how: 'broken' }) });
  assert.deepEqual(fake.ended, ['import broken']);
});

test('an import whose client went away ends as broken after the idle time', async (t) => {
  const { fake, socketPath } = await start(t, { controlSessionIdleMs: 20 });
  await send(socketPath, { path: '/call/importBegin' });
  for (let waited = 0; fake.ended.length === 0 && waited < 2000; waited += 10)
    await new Promise((resolve) => setTimeout(resolve, 10));
  assert.deepEqual(fake.ended, ['import broken']);
});

test('session hoarding: sessions are given out up to the limit, the next is refused', async (t) => {
  const { socketPath } = await start(t, { controlSessionsMax: 2 });
  const answers = [];
  for (let count = 0; count < 3; count += 1) answers.push((await send(socketPath, { path: '/call/importBegin' })).text);
  assert.deepEqual(
    answers.map((text) => /LIMIT_EXCEEDED/.test(text)),
    [false, false, true],
  );
});

test('noise on the socket ends that connection only', async (t) => {
  const { socketPath } = await start(t);
  const noise = connect(socketPath);
  noise.on('error', () => {});
  noise.write(Buffer.from(Array.from({ length: 2000 }, (_, index) => (index * 37) % 256)));
  await once(noise.resume(), 'close');
  assert.match((await send(socketPath, { path: '/call/status' })).text, /result/);
});

test('a stale socket of a killed server is replaced; a living server and a plain file are left alone', async (t) => {
  const data = folder(t);
  const socketPath = join(data, 'control.sock');
  const killed = spawn(process.execPath, [
    '-e',
    `require('net').createServer().listen(${JSON.stringify(socketPath)}, () => console.log('up'))`,
  ]);
  await once(killed.stdout, 'data');
  killed.kill('SIGKILL');
  await once(killed, 'exit');
  assert.equal(existsSync(socketPath), true);
  const options = { socketPath, services: fakeControl().services, limits, log: quietLog };
  const door = await startControlDoor(options);
  await assert.rejects(
    startControlDoor(options),
    (error) => error instanceof LeadglassError && error.code === 'CONFLICT',
  );
  assert.match((await send(socketPath, { path: '/call/status' })).text, /result/);
  await door.stop();
  writeFileSync(socketPath, 'mine');
  await assert.rejects(
    startControlDoor(options),
    (error) => error instanceof LeadglassError && error.code === 'CONFLICT',
  );
});

test('a folder too deep for a socket address is served all the same', async (t) => {
  const deep = join(folder(t), 'd'.repeat(120));
  mkdirSync(deep);
  chmodSync(deep, 0o700);
  const before = process.cwd();
  const door = await startControlDoor({
    socketPath: join(deep, 'control.sock'),
    services: fakeControl().services,
    limits,
    log: quietLog,
  });
  assert.equal(existsSync(join(deep, 'control.sock')), true);
  assert.match((await send('control.sock', { path: '/call/status' })).text, /result/);
  await door.stop();
  assert.equal(existsSync(join(deep, 'control.sock')), false);
  process.chdir(before);
});
