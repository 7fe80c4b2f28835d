import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect as connectTcp, type Socket } from 'node:net';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { callOf, records } from '../../compose/compose.test-support.ts';
import { ask, ask2, connectHttp2, openWebHouse, rawTls, search } from './web-door.test-support.ts';

test('/health says how it stands, to everybody', async () => {
  let health: 'ok' | 'degraded' | 'failing' = 'ok';
  await using web = await openWebHouse({ health: () => health });
  assert.deepEqual((({ status, text }) => [status, text])(await ask(web, '/health')), [200, '{"status":"ok"}']);
  health = 'degraded';
  assert.deepEqual((({ status, text }) => [status, text])(await ask(web, '/health')), [200, '{"status":"degraded"}']);
  health = 'failing';
  assert.equal((await ask(web, '/health')).status, 503);
});

test('a browser without a certificate reaches the page, which may do nothing that it does not ask for', async () => {
  await using web = await openWebHouse();
  const { status, headers } = await ask(web, '/');
  assert.equal(status, 200);
  assert.match(String(headers['content-security-policy']), /^default-src 'none'; /);
});

for (const version of [1, 2] as const) {
  test(`a device asks by its certificate, by HTTP/${version}, and the ledger has it at the web door`, async () => {
    await using web = await openWebHouse();
    const identity = await web.enrol('READ1');
    let got;
    if (version === 1) got = await ask(web, '/dicom-web/studies?limit=3', { identity });
    else {
      const session = await connectHttp2(web, { identity });
      got = await ask2(session, '/dicom-web/studies?limit=3');
      session.destroy();
    }
    assert.deepEqual([got.status, JSON.parse(got.text)], [200, { method: 'GET', path: '/studies', query: 'limit=3' }]);
    const all = await records(web.house);
    assert.deepEqual(
      all.filter(({ door }) => door === 'web').map(({ event, device }) => `${event} ${device}`),
      ['110114 READ1', '110112 READ1'],
    );
  });

  test(`a device asks by a token, by HTTP/${version}`, async () => {
    await using web = await openWebHouse();
    await web.enrol('READ1');
    const token = await web.token('READ1');
    const session = await connectHttp2(web);
    const got =
      version === 1
        ? await ask(web, '/dicom-web/studies', { token })
        : await ask2(session, '/dicom-web/studies', { token });
    session.destroy();
    assert.equal(got.status, 200);
    for (const { xml } of await records(web.house)) assert.ok(!xml.includes(token), 'the ledger has no token');
  });
}

test('whoever is not known gets one answer, whatever was asked for or shown, and a record', async () => {
  await using web = await openWebHouse();
  const dimseOnly = await web.enrol('CT1', { doors: ['dimse'] });
  const asked = [
    () => ask(web, '/dicom-web/studies'),
    () => ask(web, '/dicom-web/nothing'),
    () => ask(web, '/dicom-web/studies/1.2.3', { method: 'POST', body: 'x' }),
    () => ask(web, '/dicom-web/', { method: 'OPTIONS' }),
    () => ask(web, '/dicom-web/studies', { token: 'guessed' }),
    () => ask(web, '/dicom-web/studies', { headers: { authorization: 'Basic YTpi' } }),
    () => ask(web, '/dicom-web/studies', { identity: dimseOnly }),
  ];
  const answers = new Set<string>();
  for (const one of asked) {
    const { status, headers, text } = await one();
    assert.equal(headers['www-authenticate'], 'Bearer realm="Leadglass"');
    answers.add(`${status} ${text}`);
  }
  assert.equal(answers.size, 1, [...answers].join('\n'));
  assert.match([...answers].join(''), /^401 .*NOT_AUTHENTICATED/);
  const refused = (await records(web.house)).filter(({ event, door }) => event === '110113' && door === 'web');
  assert.equal(refused.length, asked.length);
});

test('a token in the URL is not looked at', async () => {
  await using web = await openWebHouse();
  await web.enrol('READ1');
  const token = await web.token('READ1');
  for (const name of ['token', 'access_token', 'authorization']) {
    assert.equal((await ask(web, `/dicom-web/studies?${name}=${token}`)).status, 401);
  }
});

test('requests of one device from one address are one session, whatever the connection', async () => {
  await using web = await openWebHouse({ web: { sessionIdleMs: 50 } });
  const identity = await web.enrol('READ1');
  await Promise.all(Array.from({ length: 10 }, () => ask(web, '/dicom-web/studies', { identity })));
  await sleep(200);
  const events = (await records(web.house)).filter(({ door }) => door === 'web').map(({ event }) => event);
  assert.deepEqual(events, ['110114', ...Array.from({ length: 10 }, () => '110112'), '110114']);
});

test('what an opening does not hold is refused, and what does not exist looks like what may not be seen', async () => {
  await using web = await openWebHouse({ handlers: { search } });
  const identity = await web.enrol('CT1', { purpose: 'acquisition' });
  assert.equal((await ask(web, '/dicom-web/studies', { identity })).status, 403);
  for (const path of ['/dicom-web/x', '/dicom-web/studies/1.2.3/metadata', '/elsewhere', '/dicom-web/..%2fhealth']) {
    const { status, text } = await ask(web, path, { identity });
    assert.equal(status, 404);
    assert.match(text, /^\{"title":"Not Found","status":404,"detail":"There is no such resource here, or you may not/);
  }
});

test('methods that a resource does not take are told with those that it takes', async () => {
  await using web = await openWebHouse();
  const identity = await web.enrol('READ1');
  const { status, headers } = await ask(web, '/dicom-web/series', { identity, method: 'POST', body: 'x' });
  assert.deepEqual([status, headers['allow']], [405, 'GET, HEAD, OPTIONS']);
  assert.equal((await ask(web, '/dicom-web/series', { identity, method: 'PATCH' })).status, 501);
  assert.equal((await ask(web, '/', { method: 'POST', body: 'x' })).status, 405);
});

test('closing the opening ends what runs and what comes after it, on the same connection', async () => {
  const { promise: began, resolve: begin } = Promise.withResolvers<void>();
  await using web = await openWebHouse({
    handlers: {
      search,
      async metadata({ signal }, session) {
        await using _admission = await session.admit({ kind: 'retrieve', via: 'web', level: 'STUDY', keys: {} });
        begin();
        await once(signal, 'abort');
        throw signal.reason;
      },
    },
  });
  const identity = await web.enrol('READ1');
  const session = await connectHttp2(web, { identity });
  const running = ask2(session, '/dicom-web/studies/1.2.3/metadata');
  await began;
  await web.devices.openingClose(callOf('opening close'), { name: 'READ1', reason: 'test' });
  assert.notEqual((await running).status, 200);
  assert.equal((await ask2(session, '/dicom-web/studies')).status, 401);
  session.destroy();
});

test('every answer carries the protective headers and says nothing about the program', async () => {
  await using web = await openWebHouse();
  const identity = await web.enrol('READ1');
  for (const path of ['/', '/health', '/nothing', '/dicom-web/studies', '/dicom-web/x']) {
    const { headers } = await ask(web, path, { identity });
    assert.equal(headers['x-content-type-options'], 'nosniff');
    assert.match(String(headers['strict-transport-security']), /max-age=63072000/);
    assert.equal(headers['cache-control'], 'no-store');
    assert.match(String(headers['content-security-policy']), /default-src 'none'/);
    assert.equal(headers['server'], undefined);
    assert.equal(headers['x-powered-by'], undefined);
    assert.equal(headers['access-control-allow-origin'], undefined);
  }
});

test('a name that is not ours is misdirected and never comes back', async () => {
  await using web = await openWebHouse();
  const identity = await web.enrol('READ1');
  for (const host of ['evil.example', 'localhost.evil.example', 'localhost:1:2', 'localhost@evil', '[::2]']) {
    const { status, text } = await ask(web, '/dicom-web/studies', { identity, headers: { host } });
    assert.equal(status, 421, host);
    assert.doesNotMatch(text, /evil/);
  }
  for (const host of ['LOCALHOST', 'localhost:8443', '127.0.0.1', '[::1]:443']) {
    assert.equal((await ask(web, '/dicom-web/studies', { identity, headers: { host } })).status, 200, host);
  }
});

test('pages of other origins use nothing, but those that the configuration names', async () => {
  await using web = await openWebHouse({ corsOrigins: ['https://viewer.example'] });
  const identity = await web.enrol('READ1');
  const from = (origin: string, more = {}) => ({ identity, headers: { origin, ...more } });
  const path = '/dicom-web/studies';
  const evil = await ask(web, path, from('https://evil.example'));
  assert.deepEqual([evil.status, evil.headers['access-control-allow-origin']], [403, undefined]);
  assert.equal((await ask(web, path, from('null'))).status, 403);
  assert.equal((await ask(web, path, { identity, headers: { 'sec-fetch-site': 'cross-site' } })).status, 403);
  assert.equal((await ask(web, path, { identity, headers: { 'sec-fetch-site': 'same-origin' } })).status, 200);
  assert.equal((await ask(web, path, from(`https://127.0.0.1:${web.door.port}`))).status, 200);
  const good = await ask(web, path, from('https://viewer.example'));
  assert.deepEqual([good.status, good.headers['access-control-allow-origin']], [200, 'https://viewer.example']);
  assert.equal(good.headers['access-control-allow-credentials'], undefined);
  const preflight = { 'access-control-request-method': 'GET' };
  const asked = { method: 'OPTIONS', headers: { origin: 'https://viewer.example', ...preflight } };
  const allowed = await ask(web, path, asked);
  assert.deepEqual([allowed.status, allowed.headers['access-control-allow-origin']], [204, 'https://viewer.example']);
  assert.match(String(allowed.headers['access-control-allow-headers']), /authorization/);
  const denied = await ask(web, path, { method: 'OPTIONS', headers: { origin: 'https://evil.example', ...preflight } });
  assert.equal(denied.headers['access-control-allow-methods'], undefined);
});

test('HEAD is answered as GET, without the body', async () => {
  await using web = await openWebHouse();
  const identity = await web.enrol('READ1');
  const { status, headers, text } = await ask(web, '/dicom-web/studies', { identity, method: 'HEAD' });
  assert.deepEqual([status, text], [200, '']);
  assert.ok(Number(headers['content-length']) > 0);
});

test('200 readers of one device at once, each on a connection of its own: no request fails, and they are one session', async () => {
  await using web = await openWebHouse();
  const identity = await web.enrol('READ1');
  const token = await web.token('READ1');
  const readers = Array.from({ length: 200 }, (_, index) =>
    ask(web, '/dicom-web/studies', index % 2 === 0 ? { identity } : { token }),
  );
  const statuses = (await Promise.all(readers)).map(({ status }) => status);
  assert.deepEqual(new Set(statuses), new Set([200]));
  const begun = (await records(web.house)).filter(({ door, event }) => door === 'web' && event === '110114');
  assert.equal(begun.length, 2, 'one by certificate, one by token');
});

test('connection hoarding: one address gets so many places and no more', async () => {
  await using web = await openWebHouse({ web: { connectionsPerAddressMax: 2 } });
  const sockets: Socket[] = [];
  const open = async (): Promise<'open' | 'cut'> => {
    const socket = connectTcp(web.door.port, '127.0.0.1');
    socket.on('error', () => undefined);
    sockets.push(socket);
    await once(socket, 'connect');
    const cut = once(socket.resume(), 'close').then((): 'cut' => 'cut');
    return await Promise.race([cut, sleep(100).then((): 'open' => 'open')]);
  };
  assert.deepEqual([await open(), await open(), await open()], ['open', 'open', 'cut']);
  for (const socket of sockets) socket.destroy();
});

test('half-open handshakes, silent connections and plain HTTP end by themselves, and others are answered meanwhile', async () => {
  await using web = await openWebHouse({ web: { handshakeMs: 100, headerMs: 100, idleMs: 100 } });
  const silent = connectTcp(web.door.port, '127.0.0.1');
  const plain = connectTcp(web.door.port, '127.0.0.1', () => plain.write('GET / HTTP/1.1\r\n\r\n'));
  const slow = await rawTls(web);
  slow.write('GET / HTTP/1.1\r\nHost: localhost\r\nX-A: ');
  const idle = await rawTls(web, { alpn: 'h2' });
  const all = [silent, plain, slow, idle];
  for (const socket of all) socket.on('error', () => undefined);
  const ends = all.map(async (socket) => (socket.closed ? undefined : once(socket.resume(), 'close')));
  assert.equal((await ask(web, '/health')).status, 200);
  await Promise.all(ends);
});

test('a stop ends idle connections and sessions, and the ledger has their end', async () => {
  const web = await openWebHouse();
  const identity = await web.enrol('READ1');
  const session = await connectHttp2(web, { identity });
  assert.equal((await ask2(session, '/dicom-web/studies')).status, 200);
  await web.door.stop();
  const events = (await records(web.house)).filter(({ door }) => door === 'web').map(({ event }) => event);
  assert.deepEqual(events, ['110114', '110112', '110114']);
  await web.house[Symbol.asyncDispose]();
});
