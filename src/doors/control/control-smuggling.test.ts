/**
 * HTTP that two readers could read in two ways, on the control socket: whoever may open it administers anyway, but a proxy or a
 * script in between must not be led to say what its author did not write. Each is refused, its connection ends, the next is served.
 */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { limits } from '../../limits.ts';
import { quietLog } from '../../log.ts';
import { type ControlDoor, startControlDoor } from './control-door.ts';
import { type FakeControl, fakeControl } from './fake-control.test-support.ts';

let folder: string;
let fake: FakeControl;
let door: ControlDoor;

before(async () => {
  folder = mkdtempSync(join(tmpdir(), 'leadglass-smuggling-'));
  fake = fakeControl();
  door = await startControlDoor({
    socketPath: join(folder, 'control.sock'),
    services: fake.services,
    limits,
    log: quietLog,
  });
});

after(async () => {
  await door.stop();
  rmSync(folder, { recursive: true, force: true });
});

/** What came back until the server closed the connection; fails when it stays open. */
function answerTo(bytes: string): Promise<string> {
  return new Promise((done, failed) => {
    const socket = connect(door.socketPath);
    let text = '';
    const timer = setTimeout(() => {
      socket.destroy();
      failed(new Error(`The connection stays open after:\n${text}`));
    }, 3000);
    socket.setEncoding('latin1').on('data', (chunk: string) => (text += chunk));
    socket.on('error', () => undefined);
    socket.once('close', () => {
      clearTimeout(timer);
      done(text);
    });
    socket.write(bytes, 'latin1');
  });
}

const revoke = '{"aeTitle":"CT1","reason":"smuggled"}';
const inner = `POST /call/deviceRevoke HTTP/1.1\r\nHost: control\r\nContent-Length: ${revoke.length}\r\n\r\n${revoke}`;
const status = 'POST /call/status HTTP/1.1\r\nHost: control\r\n';
const chunked = (body: string): string => `${body.length.toString(16)}\r\n${body}\r\n0\r\n\r\n`;

for (const [what, bytes] of [
  [
    'both ways of telling the length',
    `${status}Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n${inner}`,
  ],
  ['both, the other way round', `${status}Transfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n0\r\n\r\n${inner}`],
  ['two equal lengths', `${status}Content-Length: 2\r\nContent-Length: 2\r\n\r\n{}${inner}`],
  ['two different lengths', `${status}Content-Length: 2\r\nContent-Length: ${2 + inner.length}\r\n\r\n{}${inner}`],
  ['a list of lengths', `${status}Content-Length: 2, 2\r\n\r\n{}${inner}`],
  ['a signed length', `${status}Content-Length: +2\r\n\r\n{}${inner}`],
  ['a negative length', `${status}Content-Length: -1\r\n\r\n{}${inner}`],
  ['a hexadecimal length', `${status}Content-Length: 0x2\r\n\r\n{}${inner}`],
  ['a length beyond all numbers', `${status}Content-Length: 18446744073709551618\r\n\r\n{}${inner}`],
  ['chunked that is not last', `${status}Transfer-Encoding: chunked, identity\r\n\r\n${chunked('{}')}${inner}`],
  ['a coding that nobody knows', `${status}Transfer-Encoding: xchunked\r\n\r\n${chunked('{}')}${inner}`],
  ['a space before the colon', `${status}Transfer-Encoding : chunked\r\n\r\n${chunked('{}')}${inner}`],
  ['a folded header', `${status}X-A: b\r\n Transfer-Encoding: chunked\r\nContent-Length: 2\r\n\r\n{}${inner}`],
  ['bare line feeds', `${status.replaceAll('\r\n', '\n')}Content-Length: 2\n\n{}${inner}`],
  ['a bare carriage return', `${status}X-A: b\rContent-Length: 2\r\n\r\n{}${inner}`],
  ['a chunk longer than told', `${status}Transfer-Encoding: chunked\r\n\r\n2\r\n{}${inner}`],
  [
    'a chunk size that overflows',
    `${status}Transfer-Encoding: chunked\r\n\r\n10000000000000002\r\n{}\r\n0\r\n\r\n${inner}`,
  ],
  ['a chunk size with a sign', `${status}Transfer-Encoding: chunked\r\n\r\n+2\r\n{}\r\n0\r\n\r\n${inner}`],
  [
    'the address of another server',
    `POST http://elsewhere/call/status HTTP/1.1\r\nHost: control\r\nContent-Length: 2\r\n\r\n{}`,
  ],
  [
    'an address without a scheme',
    `POST //elsewhere/call/status HTTP/1.1\r\nHost: control\r\nContent-Length: 2\r\n\r\n{}`,
  ],
  ['CONNECT', 'CONNECT elsewhere:443 HTTP/1.1\r\nHost: elsewhere:443\r\n\r\n'],
  ['no host', 'POST /call/status HTTP/1.1\r\nContent-Length: 2\r\n\r\n{}'],
  ['two hosts', `${status}Host: other\r\nContent-Length: 2\r\n\r\n{}`],
  ['an upgrade', `${status}Connection: Upgrade\r\nUpgrade: h2c\r\nContent-Length: 2\r\n\r\n{}`],
  ['a huge header', `${status}X-A: ${'a'.repeat(64 * 1024)}\r\nContent-Length: 2\r\n\r\n{}`],
  ['very many headers', `${status}${'X-A: b\r\n'.repeat(4000)}Content-Length: 2\r\n\r\n{}`],
  ['a huge address', `POST /call/${'a'.repeat(64 * 1024)} HTTP/1.1\r\nHost: control\r\nContent-Length: 2\r\n\r\n{}`],
  ['HTTP/0.9', 'POST /call/status\r\n\r\n'],
  ['HTTP/2 by prior knowledge', 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'],
] as const) {
  test(`smuggling: ${what} is refused, nothing behind it is done, and the next caller is served`, async () => {
    const before = fake.calls.length;
    const answer = await answerTo(bytes);
    assert.doesNotMatch(answer, /"result"/, answer);
    assert.deepEqual(fake.calls.slice(before), [], 'no service was called');
    assert.match(await answerTo(`${status}Connection: close\r\nContent-Length: 2\r\n\r\n{}`), /"result"/);
  });
}

for (const [what, bytes] of [
  ['chunks', `${status}Transfer-Encoding: chunked\r\n\r\n${chunked('{}')}${inner}`],
  ['a length', `${status}Content-Length: 2\r\n\r\n{}${inner}`],
  ['an empty body', `${status}Content-Length: 0\r\n\r\n${inner}`],
] as const) {
  test(`smuggling: a whole second request behind ${what} is not done, and the connection ends`, async () => {
    const before = fake.calls.length;
    const answer = await answerTo(bytes);
    assert.doesNotMatch(answer, /There is no such device/, answer);
    assert.ok(fake.calls.slice(before).every((call) => call === 'unnamed by unnamed'));
    assert.ok(fake.calls.length - before <= 1, 'the first request alone may be served');
    assert.match(await answerTo(`${status}Content-Length: 2\r\n\r\n{}`), /"result"/);
  });
}
