/** Programs that act for people, against the real server: registered, asked for, let, used, renewed, and over at once. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { writeImage } from '../support/dicom-files.ts';
import { day, Leadglass } from '../support/leadglass.ts';
import { OAuthProgram, withToken } from '../support/oauth-program.ts';
import { TestBrowser } from '../support/browser.ts';
import { signedIn } from '../support/person.ts';

const redirect = 'http://127.0.0.1:4711/callback';

async function house(leadglass: Leadglass) {
  const device = await leadglass.enrol('CT1', 'archive');
  const image = writeImage(leadglass.path('image'), { study: 'oauth' });
  await leadglass.succeed('send', leadglass.address, '--as', device.folder, image.path);
  const ca = readFileSync(join(device.folder, 'ca.pem'));
  const register = (name: string, ...more: readonly string[]) =>
    leadglass.json<Record<string, string>>(
      ...['client', 'add', name, '--redirect', redirect, '--until', day(20), '--reason', 'viewer'],
      ...more,
    );
  return { image, ca, register };
}

test('a program is registered, asks, is let, reads within its scope, is renewed, and is out at once', async () => {
  await using leadglass = await Leadglass.start();
  const { image, ca, register } = await house(leadglass);
  const stranger = new TestBrowser(leadglass.consolePort, ca);
  const unseen = await stranger.ask('/.well-known/oauth-authorization-server');
  const nothing = await stranger.ask('/nothing');
  assert.deepEqual([unseen.status, unseen.text], [nothing.status, nothing.text], 'nothing before a program may ask');
  assert.equal((await stranger.ask('/oauth/authorize?client_id=viewer')).status, 404);
  assert.equal((await withToken(stranger, 'x')).headers['www-authenticate'], 'Bearer realm="Leadglass"');

  const registered = await register('viewer', '--title', 'Test viewer');
  assert.equal(registered['issuer'], stranger.origin);
  const metadata = (await stranger.ask('/.well-known/oauth-authorization-server')).body;
  assert.equal(metadata['issuer'], stranger.origin);
  assert.deepEqual(metadata['code_challenge_methods_supported'], ['S256']);
  assert.deepEqual(metadata['response_types_supported'], ['code']);
  assert.equal(metadata['authorization_response_iss_parameter_supported'], true);
  assert.equal(metadata['token_endpoint'], `${stranger.origin}/oauth/token`);
  const resource = (await stranger.ask('/.well-known/oauth-protected-resource/dicom-web')).body;
  assert.deepEqual(resource['authorization_servers'], [stranger.origin]);
  assert.equal(resource['resource'], `${stranger.origin}/dicom-web`);
  const told = (await withToken(stranger, 'x')).headers['www-authenticate'] ?? '';
  assert.ok(told.includes('resource_metadata="https://localhost'), told);

  const ada = await signedIn(leadglass, ca, { email: 'ada@hospital.example', role: 'physician' });
  const viewer = new OAuthProgram('viewer');
  const asking = await viewer.ask(ada.browser, { scope: 'openid user/ImagingStudy.rs online_access', nonce: 'n' });
  const shown = await ada.browser.post('authorize/show', { request: asking.uid });
  assert.equal(shown.status, 200, shown.text);
  const program = { name: 'viewer', title: 'Test viewer', host: '127.0.0.1:4711' };
  assert.deepEqual(shown.body['program'], program);
  assert.deepEqual(shown.body['operations'], ['get', 'find']);
  assert.equal(shown.body['account'], ada.email);
  assert.equal(shown.body['minutes'], 10);
  const back = await viewer.decide(ada.browser, asking);
  assert.equal(back.get('state'), 'the-state');
  assert.equal(back.get('iss'), stranger.origin, 'RFC 9207: who answered');
  const given = await viewer.redeem(stranger, { code: back.get('code') ?? '', verifier: asking.verifier });
  assert.equal(given.status, 200, given.text);
  assert.equal(given.headers['cache-control'], 'no-store');
  assert.equal(given.body['token_type'], 'Bearer');
  assert.ok(Number(given.body['expires_in']) <= 600);
  const identity = JSON.parse(Buffer.from(String(given.body['id_token']).split('.')[1] ?? '', 'base64url').toString());
  assert.equal(identity.aud, 'viewer');
  assert.ok(!JSON.stringify(identity).includes('ada'), 'a program does not learn who somebody is');

  const token = String(given.body['access_token']);
  const found = await withToken(stranger, token);
  assert.equal(found.status, 200, found.text);
  assert.ok(found.text.includes(image.studyInstanceUid));
  assert.equal((await withToken(stranger, token, `/dicom-web/studies/${image.studyInstanceUid}/metadata`)).status, 200);
  const removed = await stranger.ask(`/dicom-web/studies/${image.studyInstanceUid}`, {
    method: 'DELETE',
    headers: { authorization: `Bearer ${token}` },
    bare: true,
  });
  assert.equal(removed.status, 403, 'a program never removes');
  const called = await stranger.ask('/api/session', { headers: { authorization: `Bearer ${token}` }, bare: true });
  assert.equal(called.status, 401, "a token opens nothing of the console's own calls");

  const renewed = await viewer.token(stranger, {
    grant_type: 'refresh_token',
    refresh_token: String(given.body['refresh_token']),
  });
  assert.equal(renewed.status, 200, renewed.text);
  assert.notEqual(renewed.body['refresh_token'], given.body['refresh_token']);
  const second = String(renewed.body['access_token']);
  assert.equal((await withToken(stranger, second)).status, 200);

  const listed = await leadglass.json<{ clients: readonly Record<string, string>[] }>('client', 'list');
  assert.ok(listed.clients[0]?.['lastUsedAt'] !== undefined);
  assert.match((await leadglass.succeed('opening', 'list')).output, /viewer +Test viewer/);

  assert.equal((await ada.browser.post('sign-out')).status, 204);
  for (const one of [token, second]) assert.equal((await withToken(stranger, one)).status, 401, 'signed out');
  const late = await viewer.token(stranger, {
    grant_type: 'refresh_token',
    refresh_token: String(renewed.body['refresh_token']),
  });
  assert.equal(late.status, 400);
  const records = JSON.stringify(await leadglass.ledger('--who', ada.email));
  assert.ok(!records.includes(token) && !records.includes(second));
  const words = await leadglass.succeed('ledger', 'show', '--rows', '500', '--json');
  assert.match(words.output, /person ada@hospital.example/);
  await leadglass.succeed('ledger', 'verify');
});

test('a token ends with its account, its program, and when it is given back', async () => {
  await using leadglass = await Leadglass.start();
  const { ca, register } = await house(leadglass);
  await register('viewer');
  await register('other');
  const stranger = new TestBrowser(leadglass.consolePort, ca);
  const ada = await signedIn(leadglass, ca, { email: 'ada@hospital.example', role: 'physician' });
  const [viewer, other] = [new OAuthProgram('viewer'), new OAuthProgram('other')];

  const returned = await viewer.tokens(ada.browser);
  assert.equal((await withToken(stranger, returned.access)).status, 200);
  const revoked = await viewer.post(stranger, '/oauth/revoke', { token: returned.renewal, client_id: 'viewer' });
  assert.equal(revoked.status, 200);
  assert.equal((await withToken(stranger, returned.access)).status, 401, 'given back');

  const ofOther = await other.tokens(ada.browser);
  const kept = await viewer.tokens(ada.browser);
  await leadglass.succeed('client', 'remove', 'other', '--reason', 'replaced');
  assert.equal((await withToken(stranger, ofOther.access)).status, 401, 'its program is removed');
  assert.equal((await withToken(stranger, kept.access)).status, 200, 'another program goes on');

  await leadglass.succeed('account', 'close', ada.email, '--reason', 'left the ward');
  assert.equal((await withToken(stranger, kept.access)).status, 403, 'the opening is closed');
  await leadglass.succeed('account', 'disable', ada.email, '--reason', 'left the hospital');
  assert.equal((await withToken(stranger, kept.access)).status, 401, 'the account is disabled');
});
