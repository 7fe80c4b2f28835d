/** What programs, pages and strangers may try at the authorization server, after RFC 9700 (OAuth 2.0 Security Best Current Practice). */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { limits } from '../limits.ts';
import { callback, doctor, type Fields, hourMs, issuer, TestHouse } from './oauth.test-support.ts';

test('attack: a code that is used twice gives nothing, ends what it gave, and is a serious finding', async () => {
  using house = new TestHouse();
  house.register();
  const code = await house.code({ scope: 'user/ImagingStudy.rs online_access' });
  const { json } = await house.redeem(code);
  const token = String(json['access_token']);
  assert.ok(await house.isGood(token));
  const heard: string[] = [];
  using _listening = house.server.tokens.onChange((account) => heard.push(account));
  const again = await house.redeem(code);
  assert.deepEqual([again.status, again.json['error']], [400, 'invalid_grant']);
  assert.ok(!(await house.isGood(token)), 'what the first use gave has ended');
  assert.ok(heard.includes(doctor), 'and what runs by it hears of that');
  assert.equal((await house.renew(String(json['refresh_token']))).status, 400);
  assert.deepEqual(
    house.records.map(({ kind, program }) => `${kind} ${program}`),
    ['program-let viewer', 'program-reused viewer'],
  );
});

test('attack: a renewal that is used twice ends the whole grant, also what the thief has', async () => {
  using house = new TestHouse();
  house.register();
  const first = await house.tokens();
  const { json } = await house.renew(first.renewal);
  const second = String(json['access_token']);
  assert.ok(await house.isGood(second));
  assert.equal((await house.renew(first.renewal)).status, 400);
  for (const token of [first.access, second]) assert.ok(!(await house.isGood(token)));
  assert.equal((await house.renew(String(json['refresh_token']))).status, 400, 'the newest is of no use either');
  assert.equal(house.records.at(-1)?.kind, 'program-reused');
});

test('attack: without PKCE, with plain, or with another verifier there is no code and no token', async () => {
  using house = new TestHouse();
  house.register();
  for (const more of [
    { code_challenge: undefined, code_challenge_method: undefined },
    { code_challenge_method: 'plain' },
    { code_challenge_method: undefined },
    { code_challenge: 'short' },
    { code_challenge: '' },
  ]) {
    const { target } = await house.authorize(more);
    assert.equal(target.searchParams.get('error'), 'invalid_request', JSON.stringify(more));
    assert.equal(target.searchParams.get('code'), null);
    assert.equal(target.origin + target.pathname, callback);
  }
  for (const verifier of ['w'.repeat(43), '', 'v', undefined] as const) {
    const code = await house.code();
    const answer = await house.redeem(code, { code_verifier: verifier });
    assert.equal(answer.status, 400, String(verifier));
    assert.equal(answer.json['access_token'], undefined);
  }
});

test('attack: a redirect address that is not letter by letter the registered one is never gone to', async () => {
  using house = new TestHouse();
  house.register();
  for (const redirect_uri of [
    'https://evil.example/callback',
    'https://viewer.example/callback/',
    'https://viewer.example/callback?x=1',
    'https://viewer.example/callback#x',
    'https://viewer.example/callback/../evil',
    'https://viewer.example:443/callback',
    'https://viewer.example.evil.example/callback',
    'https://viewer.example@evil.example/callback',
    'https://VIEWER.example/callback',
    'http://viewer.example/callback',
    'https://viewer.example/%63allback',
    'https:\\\\evil.example/callback',
    '//evil.example/callback',
    'javascript:alert(1)//https://viewer.example/callback',
    `${callback}\r\nlocation: https://evil.example`,
    `${callback} https://evil.example`,
    '',
    undefined,
  ]) {
    // With something wrong beside it, too: an error must not become an open redirect.
    for (const more of [{}, { response_type: 'token' }, { scope: 'x\u0000y' }]) {
      const { location, status } = await house.authorize({ redirect_uri, ...more });
      assert.deepEqual([status, location], [303, '/authorize/wrong'], String(redirect_uri));
    }
  }
  const twice = await house.ask({
    path: '/oauth/authorize',
    query: `client_id=viewer&response_type=code&redirect_uri=${callback}&redirect_uri=https://evil.example/`,
  });
  assert.equal(twice.location, '/authorize/wrong');
  const code = await house.code();
  const elsewhere = await house.redeem(code, { redirect_uri: 'https://evil.example/callback' });
  assert.equal(elsewhere.status, 400);
});

test('attack: nothing of what a stranger writes comes back in a page of ours', async () => {
  using house = new TestHouse();
  house.register();
  for (const more of [
    { client_id: '<script>alert(1)</script>' },
    { client_id: 'nobody' },
    { response_mode: 'form_post' },
    { response_mode: 'fragment' },
    { response_mode: 'web_message' },
    { max_age: '0' },
    { id_token_hint: 'x' },
    { state: 'x'.repeat(5000) },
  ]) {
    const { location, body } = await house.authorize(more);
    assert.equal(location, '/authorize/wrong', JSON.stringify(more).slice(0, 60));
    assert.ok(!Buffer.from(body).toString().includes('<'));
  }
});

test('attack: implicit, hybrid, password, client credentials and request objects are not there', async () => {
  using house = new TestHouse();
  house.register();
  for (const response_type of ['token', 'id_token', 'id_token token', 'code token', 'code id_token', 'none', '']) {
    const { target } = await house.authorize({ response_type });
    const told = new URLSearchParams(target.hash === '' ? target.search : target.hash.slice(1));
    assert.ok(told.has('error') || target.pathname === '/authorize/wrong', response_type);
    for (const name of ['code', 'access_token', 'id_token']) assert.ok(!told.has(name), `${response_type} ${name}`);
  }
  for (const [name, value] of [
    ['request', 'e30.e30.'],
    ['request_uri', 'https://evil.example/request'],
    ['registration', '{}'],
  ] as const) {
    const more = { [name]: value };
    const { target } = await house.authorize(more);
    assert.ok(target.searchParams.get('error') !== null, JSON.stringify(more));
  }
  for (const fields of [
    { grant_type: 'password', username: doctor, password: 'x' },
    { grant_type: 'client_credentials', scope: 'user/ImagingStudy.rs' },
    { grant_type: 'urn:ietf:params:oauth:grant-type:device_code', device_code: 'x' },
    { grant_type: 'urn:ietf:params:oauth:grant-type:token-exchange', subject_token: 'x' },
    {},
  ] satisfies readonly Fields[]) {
    const { status, json } = await house.post('/oauth/token', fields);
    assert.ok(status >= 400 && json['access_token'] === undefined, JSON.stringify(fields));
  }
  for (const path of [
    '/oauth/register',
    '/oauth/introspect',
    '/oauth/device',
    '/reg',
    '/me',
    '/session/end',
    '/auth',
  ]) {
    await assert.rejects(house.ask({ path }), { code: 'NOT_FOUND' }, path);
  }
  const posted = await house.ask({ path: '/oauth/authorize', method: 'POST' }, 'client_id=viewer');
  assert.equal(posted.status, 405);
});

test('attack: a program that asks for more than it may gets no more, and the answer says what it got', async () => {
  using house = new TestHouse();
  house.register({ scope: 'user/ImagingStudy.r' });
  const uid = await house.uid({
    scope:
      'openid user/ImagingStudy.crs user/ImagingStudy.r user/*.cruds system/*.rs patient/ImagingStudy.rs offline_access launch',
    nonce: 'n',
  });
  const asking = await house.server.asking('secret', uid);
  assert.deepEqual(asking.operations, ['get']);
  assert.equal(asking.renewedUntilMs, undefined);
  const { target } = await house.let(uid);
  const { json } = await house.redeem({ code: target.searchParams.get('code') ?? '', verifier: 'v'.repeat(43) });
  assert.equal(json['scope'], 'user/ImagingStudy.r');
  assert.equal(json['refresh_token'], undefined);
  const holder = await house.server.tokens.byText(String(json['access_token']));
  assert.deepEqual(holder?.access.operations, ['get']);

  const nothing = await house.uid({ scope: 'user/ImagingStudy.crs' });
  assert.deepEqual((await house.server.asking('secret', nothing)).operations, []);
  const refused = await house.let(nothing);
  assert.equal(refused.target.searchParams.get('error'), 'invalid_scope');
});

test('attack: a renewal cannot widen the scope; it may narrow it', async () => {
  using house = new TestHouse();
  house.register({ scope: 'user/ImagingStudy.crs' });
  const { renewal } = await house.tokens('user/ImagingStudy.r online_access');
  const wider = await house.renew(renewal, { scope: 'user/ImagingStudy.crs' });
  assert.deepEqual([wider.status, wider.json['error']], [400, 'invalid_scope']);
  const same = await house.renew(renewal, { scope: 'user/ImagingStudy.r' });
  assert.deepEqual((await house.server.tokens.byText(String(same.json['access_token'])))?.access.operations, ['get']);
});

test('attack: a token for another server is none, here or there (RFC 8707)', async () => {
  using house = new TestHouse();
  house.register();
  for (const resource of ['https://other.example/dicom-web', `${issuer}/api`, `${issuer}/dicom-web/`, 'x']) {
    const { target } = await house.authorize({ resource });
    assert.equal(target.searchParams.get('error'), 'invalid_target', resource);
  }
  const ours = await house.code({ resource: `${issuer}/dicom-web` });
  const other = await house.redeem(ours, { resource: 'https://other.example/dicom-web' });
  assert.equal(other.json['access_token'], undefined);
});

test('attack: a code or renewal of one program is of no use to another, nor is a made-up one', async () => {
  using house = new TestHouse();
  house.register();
  house.register({ name: 'other', redirectUris: ['https://other.example/callback'] });
  const code = await house.code();
  assert.equal((await house.redeem(code, { client_id: 'other' })).status, 400);
  const { renewal, access } = await house.tokens();
  assert.equal((await house.renew(renewal, { client_id: 'other' })).status, 400);
  assert.equal(
    (await house.post('/oauth/revoke', { token: access, client_id: 'other' })).json['access_token'],
    undefined,
  );
  assert.ok(await house.isGood(access), 'nor can another give it back');
  assert.equal((await house.renew(renewal, { client_id: 'nobody' })).status, 401);
  assert.equal((await house.renew('x'.repeat(43))).status, 400);
  assert.equal((await house.redeem({ code: 'x'.repeat(43), verifier: 'v'.repeat(43) })).status, 400);
  // A code or a renewal is no token.
  const unused = await house.code();
  for (const text of [unused.code, renewal, '', `${access}x`, access.slice(1)]) assert.ok(!(await house.isGood(text)));
});

test('attack: a colleague who answers the question of another browser gives that browser nothing', async () => {
  using house = new TestHouse();
  house.register();
  const uid = await house.uid();
  const attackers = house.cookies;
  assert.equal(attackers.get('__Host-leadglass-asking'), uid, 'the page is for this browser alone');
  house.cookies = new Map();
  const path = await house.server.decide('secret', uid, true);
  // The colleague's browser has not the cookie of the request.
  const { location } = await house.ask({ path });
  assert.equal(location, '/authorize/wrong');
  // With the cookie of another question neither.
  await house.uid();
  const again = await house.ask({ path });
  assert.ok(again.location.startsWith('/authorize/') && !again.target.searchParams.has('code'), again.location);
});

test('attack: who is signed out answers nothing, and a question is answered once', async () => {
  using house = new TestHouse();
  house.register();
  const uid = await house.uid();
  await assert.rejects(house.server.asking('guessed', uid), { code: 'NOT_AUTHENTICATED' });
  await assert.rejects(house.server.decide('guessed', uid, true), { code: 'NOT_AUTHENTICATED' });
  await assert.rejects(house.server.asking('secret', 'x'.repeat(21)), { code: 'NOT_FOUND' });
  const path = await house.server.decide('secret', uid, true);
  assert.ok((await house.ask({ path })).target.searchParams.has('code'));
  await assert.rejects(house.server.decide('secret', uid, true), { code: 'NOT_FOUND' });
  assert.equal((await house.ask({ path })).location, '/authorize/wrong');
});

test('attack: a browser that was let once is asked again; nothing is remembered there', async () => {
  using house = new TestHouse();
  house.register();
  await house.code();
  assert.ok((await house.authorize()).location.startsWith('/authorize/'));
  const silent = await house.authorize({ prompt: 'none' });
  assert.match(silent.target.searchParams.get('error') ?? '', /_required$/);
  assert.deepEqual(
    [...house.cookies.keys()].filter((name) => !/asking|asked/.test(name)),
    [],
  );
});

test('a person who says no sends the program back without a code', async () => {
  using house = new TestHouse();
  house.register();
  const path = await house.server.decide('secret', await house.uid(), false);
  const { target } = await house.ask({ path });
  assert.equal(target.searchParams.get('error'), 'access_denied');
  assert.equal(target.searchParams.get('state'), 'the-state');
  assert.equal(target.searchParams.get('iss'), issuer);
  assert.deepEqual(house.records, []);
});

test('what cannot be recorded is not given', async () => {
  using house = new TestHouse({ record: () => Promise.reject(new Error('disk full')) });
  house.register();
  await assert.rejects(house.server.decide('secret', await house.uid(), true));
});

test('a role without images has nothing that a program could do for it', async () => {
  using house = new TestHouse();
  house.register();
  house.people.signIn('officer', { account: 'officer@hospital.example', role: 'security-officer' });
  const uid = await house.uid();
  assert.deepEqual((await house.server.asking('officer', uid)).operations, []);
  const { target } = await house.let(uid, 'officer');
  assert.equal(target.searchParams.get('error'), 'invalid_scope');
});

test('a token ends with the session, at once, and never outlives session or program', async () => {
  using house = new TestHouse();
  house.register({ validUntilMs: Date.now() + 90_000 });
  const { json } = await house.redeem(await house.code());
  assert.ok(Number(json['expires_in']) <= 90, String(json['expires_in']));
  const heard: string[] = [];
  using _listening = house.server.tokens.onChange((account) => heard.push(account));
  const token = String(json['access_token']);
  const id = (await house.server.tokens.byText(token))?.access.tokenId ?? 0;
  assert.ok(house.server.tokens.byId(id) !== undefined);
  house.people.signOut('secret');
  assert.ok(!(await house.isGood(token)));
  assert.equal(house.server.tokens.byId(id), undefined);
  assert.ok(heard.includes(doctor));

  house.people.signIn('short', { endsAtMs: Date.now() + 30_000 });
  const { target } = await house.let(await house.uid({ scope: 'user/ImagingStudy.rs online_access' }), 'short');
  const given = await house.redeem({ code: target.searchParams.get('code') ?? '', verifier: 'v'.repeat(43) });
  assert.ok(Number(given.json['expires_in']) <= 30);
  house.laterMs = 31_000;
  assert.ok(!(await house.isGood(String(given.json['access_token']))));
});

test('a code of somebody who signed out meanwhile gives nothing', async () => {
  using house = new TestHouse();
  house.register();
  const code = await house.code();
  house.people.signOut('secret');
  assert.equal((await house.redeem(code)).status, 400);
});

test('a removed or ended program is nobody, and the last one closes the door behind it', async () => {
  using house = new TestHouse();
  house.register();
  const { access, renewal } = await house.tokens();
  house.laterMs = 25 * hourMs;
  assert.ok(!(await house.isGood(access)));
  assert.ok(!house.server.covers('/oauth/token'));
  house.laterMs = 0;
  assert.ok(house.server.covers('/oauth/token'));
  house.policy.programs.remove('viewer', { atMs: Date.now(), by: 'root', reason: 'r' });
  assert.ok(!(await house.isGood(access)));
  assert.ok(!house.server.covers('/oauth/token'));
  assert.equal(house.server.metadataUrl(), undefined);
  assert.deepEqual(house.server.origins(), []);
  await assert.rejects(house.renew(renewal), { code: 'NOT_FOUND' });
});

test('a use of the token is a use of its session', async () => {
  using house = new TestHouse();
  house.register();
  const { access } = await house.tokens();
  house.server.used('none');
  assert.deepEqual(house.people.touched, []);
  house.server.used(access);
  assert.deepEqual(house.people.touched, [1]);
});

test('attack: questions without end take no more than their room', async () => {
  const few = { ...limits.oauth, askingMax: 3 };
  using house = new TestHouse({ limits: few });
  house.register();
  const uids: string[] = [];
  for (let count = 0; count < 5; count += 1) uids.push(await house.uid());
  await assert.rejects(house.server.asking('secret', uids[0] ?? ''), { code: 'NOT_FOUND' });
  assert.equal((await house.server.asking('secret', uids[4] ?? '')).program.name, 'viewer');
});

test('attack: one network that asks without end pushes out its own questions and nobody else takes notice', async () => {
  const few = { ...limits.oauth, askingMax: 100, askingPerNetworkMax: 3 };
  using house = new TestHouse({ limits: few });
  house.register();
  const isAsked = (uid: string) =>
    house.server.asking('secret', uid).then(
      () => true,
      () => false,
    );
  const colleague = await house.uid();
  const strangers: string[] = [];
  for (const [count, address] of [
    '2001:db8::1',
    '2001:db8::2',
    '2001:db8::3',
    '2001:db8::4',
    '::ffff:203.0.113.5',
  ].entries()) {
    house.address = address;
    strangers[count] = await house.uid();
  }
  assert.deepEqual(await Promise.all(strangers.map(isAsked)), [false, true, true, true, true], 'a /64 is one network');
  house.address = '2001:db8::5';
  for (let count = 0; count < 3; count += 1) await house.uid();
  assert.equal(await isAsked(strangers[4] ?? ''), true);
  house.address = '203.0.113.5';
  for (let count = 0; count < 3; count += 1) await house.uid();
  assert.equal(await isAsked(strangers[4] ?? ''), false, 'an address has one spelling');
  assert.equal(await isAsked(colleague), true);
});

test('attack: one person with many programs ends the oldest of her own, not those of a colleague', async () => {
  const few = { ...limits.oauth, grantsPerAccountMax: 2 };
  using house = new TestHouse({ limits: few });
  house.register();
  house.people.signIn('colleague', { account: 'colleague@hospital.example' });
  const { target } = await house.let(await house.uid(), 'colleague');
  const theirs = await house.redeem({ code: target.searchParams.get('code') ?? '', verifier: 'v'.repeat(43) });
  const own: string[] = [];
  for (let count = 0; count < 3; count += 1) own.push((await house.tokens()).access);
  assert.deepEqual(await Promise.all(own.map((token) => house.isGood(token))), [false, true, true]);
  assert.ok(await house.isGood(String(theirs.json['access_token'])));
});

test('attack: a program that renews without end pushes out its own tokens, not those of others', async () => {
  const few = { ...limits.oauth, entriesMax: 12, entriesPerGrantMax: 4 };
  using house = new TestHouse({ limits: few });
  house.register();
  const other = await house.tokens();
  const own = await house.tokens();
  let { renewal, access } = own;
  for (let count = 0; count < 12; count += 1) {
    const { status, json } = await house.renew(renewal);
    assert.equal(status, 200);
    [renewal, access] = [String(json['refresh_token']), String(json['access_token'])];
  }
  assert.deepEqual([await house.isGood(own.access), await house.isGood(access)], [false, true]);
  assert.ok(await house.isGood(other.access));
  assert.equal((await house.renew(other.renewal)).status, 200);
});

test('a body without end is not read to its end', async () => {
  using house = new TestHouse();
  house.register();
  await assert.rejects(house.ask({ path: '/oauth/token', method: 'POST' }, 'x'.repeat(20_000)), {
    code: 'LIMIT_EXCEEDED',
  });
});

test('nothing of a token, code or person stands in the log', async () => {
  using house = new TestHouse();
  house.register();
  const { access, renewal } = await house.tokens();
  await house.renew(`${renewal}x`);
  await house.authorize({ scope: 'x\u0000' });
  for (const line of house.logged) {
    for (const secret of [access, renewal, doctor, 'the-state']) assert.ok(!line.includes(secret), line);
  }
});

test('the description of the server tells what is served and no more', async () => {
  using house = new TestHouse();
  house.register();
  for (const path of ['/.well-known/oauth-authorization-server', '/.well-known/openid-configuration']) {
    const { json, status } = await house.ask({ path });
    assert.equal(status, 200);
    for (const [name, value] of Object.entries({
      issuer,
      response_types_supported: ['code'],
      response_modes_supported: ['query'],
      grant_types_supported: ['authorization_code', 'refresh_token'],
      token_endpoint_auth_methods_supported: ['none'],
      code_challenge_methods_supported: ['S256'],
      authorization_response_iss_parameter_supported: true,
      request_uri_parameter_supported: false,
      protected_resources: [`${issuer}/dicom-web`],
    })) {
      assert.deepEqual(json[name], value, name);
    }
    const endpoints = Object.entries(json).filter(([name]) => /_endpoint$|_uri$/.test(name));
    for (const [name, url] of endpoints) assert.ok(house.server.covers(new URL(String(url)).pathname), name);
    assert.ok(!Object.keys(json).some((name) => /dpop|pushed|registration|introspection|userinfo/.test(name)));
  }
  const resource = await house.ask({ path: '/.well-known/oauth-protected-resource/dicom-web' });
  assert.deepEqual(resource.json['bearer_methods_supported'], ['header']);
});

test('a question is over after ten minutes and a code after one', async () => {
  using house = new TestHouse();
  house.register();
  const uid = await house.uid();
  const code = await house.code();
  house.laterMs = limits.oauth.codeSeconds * 1000;
  assert.equal((await house.redeem(code)).status, 400);
  house.laterMs = limits.oauth.askingSeconds * 1000;
  await assert.rejects(house.server.decide('secret', uid, true), { code: 'NOT_FOUND' });
});

test('attack: whatever address is made of the registered one, no browser is led anywhere else', async () => {
  using house = new TestHouse();
  house.register();
  const piece = fc.oneof(
    fc.constantFrom(
      'https://',
      'viewer.example',
      '/callback',
      '@',
      '#',
      '?',
      '..',
      '%2e',
      '\\',
      '//',
      ':443',
      '*',
      ' ',
    ),
    fc.string({ maxLength: 4 }),
  );
  const address = fc.oneof(
    fc.array(piece, { maxLength: 6 }).map((pieces) => pieces.join('')),
    fc.tuple(fc.nat(callback.length), piece).map(([at, text]) => callback.slice(0, at) + text + callback.slice(at)),
  );
  await fc.assert(
    fc.asyncProperty(address, fc.constantFrom('code', 'token', ''), async (redirect_uri, response_type) => {
      const { location, status } = await house.authorize({ redirect_uri, response_type });
      if (redirect_uri === callback) return;
      assert.deepEqual([status, location], [303, '/authorize/wrong'], redirect_uri);
    }),
    { numRuns: 300 },
  );
});
