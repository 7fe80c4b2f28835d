import assert from 'node:assert/strict';
import { generateKeyPairSync } from 'node:crypto';
import { once } from 'node:events';
import { request } from 'node:https';
import { connect as connectTcp } from 'node:net';
import type { Socket } from 'node:net';
import { test } from 'node:test';
import type { TestContext } from 'node:test';
import { connect as connectTls } from 'node:tls';
import { issueAuthority } from '../../keys/issue.ts';
import { limits } from '../../limits.ts';
import { quietLog } from '../../log.ts';
import { startConsoleDoor } from './console-door.ts';
import type { ConsoleDoor, ConsoleLimits } from './console-door.ts';

/** Nobody checks it here, so a self-signed one will do. */
async function certificate(): Promise<{ key: string; cert: string }> {
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const notBefore = new Date(Date.now() - 1000);
  const notAfter = new Date(Date.now() + 3_600_000);
  return {
    key: privateKey.export({ type: 'pkcs8', format: 'pem' }),
    cert: await issueAuthority({ key: privateKey, parent: undefined, notBefore, notAfter }),
  };
}

let health: 'ok' | 'failing' = 'ok';
async function start(t: TestContext, changed: Partial<ConsoleLimits> = {}): Promise<ConsoleDoor> {
  health = 'ok';
  const door = await startConsoleDoor({
    host: '127.0.0.1',
    port: 0,
    tls: await certificate(),
    health: () => health,
    limits: { ...limits, ...changed },
    log: quietLog,
  });
  t.after(() => door.stop());
  return door;
}

interface Got {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly text: string;
}
async function get(door: ConsoleDoor, path: string, method = 'GET', body?: string): Promise<Got> {
  // The certificate is this test's own and unknown to every trust store.
  const sent = request({ host: '127.0.0.1', port: door.port, path, method, agent: false, rejectUnauthorized: false });
  if (body !== undefined) sent.setHeader('content-length', Buffer.byteLength(body));
  sent.end(body);
  return await new Promise((resolve, reject) => {
    sent.once('error', reject);
    sent.once('response', (response) => {
      let text = '';
      response.setEncoding('utf8').on('data', (chunk: string) => (text += chunk));
      response.once('end', () => resolve({ status: response.statusCode ?? 0, headers: response.headers, text }));
    });
  });
}

test('/health says how it stands', async (t) => {
  const door = await start(t);
  assert.deepEqual((({ status, text }) => [status, text])(await get(door, '/health')), [200, '{"status":"ok"}']);
  health = 'failing';
  assert.equal((await get(door, '/health')).status, 503);
});

test('the placeholder page has no script, and a policy that would not run one', async (t) => {
  const door = await start(t);
  const { status, headers, text } = await get(door, '/');
  assert.equal(status, 200);
  assert.doesNotMatch(text, /<script|javascript:|\son\w+=|https?:\/\//i);
  assert.match(
    String(headers['content-security-policy']),
    /^default-src 'none'; style-src 'sha256-[A-Za-z0-9+/=]{44}';/,
  );
  assert.equal((await get(door, '/enrol?token=abc')).text, text);
});

test('every answer carries the protective headers and says nothing about the program', async (t) => {
  const door = await start(t);
  for (const path of ['/', '/health', '/nothing']) {
    const { headers } = await get(door, path);
    assert.equal(headers['x-content-type-options'], 'nosniff');
    assert.match(String(headers['strict-transport-security']), /max-age=63072000/);
    assert.equal(headers['cache-control'], 'no-store');
    assert.equal(headers['server'], undefined);
    assert.equal(headers['x-powered-by'], undefined);
  }
});

test('every other path is 404 problem+json without an echo of the path', async (t) => {
  const door = await start(t);
  for (const path of ['/x', '/health/', '/dicom-web/studies', '/..%2f..%2fetc/passwd', '/<script>']) {
    const { status, headers, text } = await get(door, encodeURI(path));
    assert.equal(status, 404);
    assert.equal(headers['content-type'], 'application/problem+json');
    assert.equal(text, '{"type":"about:blank","status":404,"title":"Not found"}');
  }
});

test('other methods and bodies are refused', async (t) => {
  const door = await start(t);
  assert.equal((await get(door, '/', 'POST', 'x')).status, 405);
  assert.equal((await get(door, '/', 'GET', 'x')).status, 413);
  assert.equal((await get(door, '/', 'HEAD')).text, '');
});

test('slow headers: a connection that never ends its request is cut, and others are answered meanwhile', async (t) => {
  const door = await start(t, { consoleRequestMs: 100 });
  const slow = connectTls({ host: '127.0.0.1', port: door.port, rejectUnauthorized: false });
  slow.on('error', () => {});
  await once(slow, 'secureConnect');
  slow.write('GET / HTTP/1.1\r\nHost: x\r\nX-A: ');
  const closed = once(slow.resume(), 'close');
  assert.equal((await get(door, '/health')).status, 200);
  await closed;
});

test('half-open handshakes and plain HTTP do not stop the door', async (t) => {
  const door = await start(t, { consoleHandshakeMs: 100 });
  const silent = connectTcp(door.port, '127.0.0.1');
  const plain = connectTcp(door.port, '127.0.0.1', () => plain.write('GET / HTTP/1.1\r\n\r\n'));
  for (const socket of [silent, plain]) socket.on('error', () => {});
  const both = Promise.all([once(silent.resume(), 'close'), once(plain.resume(), 'close')]);
  assert.equal((await get(door, '/health')).status, 200);
  await both;
});

test('connection hoarding: one address gets so many places and no more', async (t) => {
  const door = await start(t, { consoleConnectionsPerAddressMax: 2 });
  const sockets: Socket[] = [];
  t.after(() => sockets.forEach((socket) => socket.destroy()));
  const open = async (): Promise<'open' | 'cut'> => {
    const socket = connectTcp(door.port, '127.0.0.1');
    socket.on('error', () => {});
    sockets.push(socket);
    await once(socket, 'connect');
    const cut = once(socket.resume(), 'close').then((): 'cut' => 'cut');
    return await Promise.race([cut, new Promise<'open'>((resolve) => setTimeout(() => resolve('open'), 100))]);
  };
  assert.deepEqual([await open(), await open(), await open()], ['open', 'open', 'cut']);
});

test('oversized headers are refused', async (t) => {
  const door = await start(t);
  const answered = await get(door, `/?${'x'.repeat(limits.consoleHeaderBytesMax)}`).then(
    ({ status }) => status,
    () => 'cut',
  );
  assert.ok(answered === 'cut' || answered === 431);
});
