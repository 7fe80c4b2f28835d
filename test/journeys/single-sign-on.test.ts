/** Single sign-on against a real OpenID provider: in, refused for each reason, stepped up, out, and what is left when the provider is away. */
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { BrowserWindow } from '../support/chromium.ts';
import { writeImage } from '../support/dicom-files.ts';
import { Leadglass } from '../support/leadglass.ts';
import { HospitalProvider } from '../support/oidc-provider.ts';
import { needs } from '../support/peers.ts';
import { TwoSitesBrowser } from '../support/two-sites-browser.ts';

const ada = { email: 'ada@hospital.example', name: 'Ada Berg', groups: ['rad-doctors'], amr: ['pwd', 'mfa'] };

interface House extends AsyncDisposable {
  readonly leadglass: Leadglass;
  readonly provider: HospitalProvider;
  readonly browser: () => TwoSitesBrowser;
}

async function house(more = '  accounts: at-first-sign-in'): Promise<House> {
  const provider = await HospitalProvider.start();
  try {
    const leadglass = await Leadglass.start({ config: provider.settings(more) });
    const device = await leadglass.enrol('CT1', 'archive');
    const ca = join(device.folder, 'ca.pem');
    const console = `https://localhost:${leadglass.consolePort}`;
    provider.register([console], ca);
    provider.staff.set('ada', ada);
    return {
      leadglass,
      provider,
      browser: () => new TwoSitesBrowser(console, [ca, provider.ca]),
      async [Symbol.asyncDispose]() {
        await leadglass[Symbol.asyncDispose]();
        await provider[Symbol.asyncDispose]();
      },
    };
  } catch (error) {
    await provider[Symbol.asyncDispose]();
    throw error;
  }
}

const dicomJson = { accept: 'application/dicom+json' };

test('a physician comes in by the provider, sees nothing before an opening, and is out when the provider says so', async () => {
  await using at = await house();
  const { leadglass, provider } = at;
  const device = { folder: leadglass.path('ct1') };
  const image = writeImage(leadglass.path('image'), { study: 'sso' });
  await leadglass.succeed('send', leadglass.address, '--as', device.folder, image.path);
  const browser = at.browser();
  const ways = await browser.read('/api/sign-in/ways');
  assert.deepEqual(ways.body, { provider: { name: 'your Saint Mary account' }, local: 'everybody' });

  const began = await browser.ask('POST', `${browser.console}/api/sign-in/provider`, {
    body: '{}',
    headers: { 'content-type': 'application/json', 'x-leadglass': 'console', origin: browser.console },
  });
  assert.equal(began.status, 200, began.text);
  assert.match(began.cookies[0] ?? '', /^__Host-leadglass-provider=.*Secure; HttpOnly; SameSite=Strict; Max-Age=300/);
  const { location } = JSON.parse(began.text);
  assert.match(location, /request_uri=/, 'the request was pushed');
  const answer = await browser.visit(location, 'ada');
  const page = await browser.ask('GET', `${browser.console}/sign-in/callback?${answer}`);
  assert.equal(page.status, 200);
  assert.equal(browser.session, undefined, 'the address alone signs nobody in');
  const done = await browser.finish(answer);
  assert.equal(done.status, 200, JSON.stringify([done.body, leadglass.log]));
  assert.partialDeepStrictEqual(done.body, {
    done: 'sign-in',
    account: { email: 'ada@hospital.example', name: 'Ada Berg', role: 'physician' },
  });
  assert.ok(!JSON.stringify(done.body).includes(browser.session ?? 'none'));
  assert.equal(browser.cookie('__Host-leadglass-provider'), undefined);
  const factors = await browser.read('/api/own/factors');
  assert.partialDeepStrictEqual(factors.body, {
    provider: {
      name: 'your Saint Mary account',
      issuer: provider.issuer,
      subject: 'ada',
      department: 'Radiology',
    },
  });

  const studies = '/dicom-web/studies';
  assert.equal((await browser.read(studies, dicomJson)).status, 403, 'the groups open nothing');
  const opening = ['--allow', 'find', '--until', '2099-01-01', '--reason', 'works here'];
  await leadglass.succeed('account', 'open', ada.email, ...opening);
  assert.equal((await browser.read(studies, dicomJson)).status, 200);

  await provider.signOutElsewhere('ada', await sidOf(at));
  assert.deepEqual(provider.errors, []);
  assert.equal((await browser.read('/api/session')).status, 401, 'at once');
  assert.equal((await browser.read(studies, dicomJson)).status, 401);

  const [token = ''] = provider.logoutTokens;
  await browser.signIn('ada');
  const replay = (body: string, headers: Record<string, string> = {}) =>
    at.browser().ask('POST', `${browser.console}/api/provider/logout`, {
      body,
      headers: { 'content-type': 'application/x-www-form-urlencoded', ...headers },
    });
  assert.equal((await replay(new URLSearchParams({ logout_token: token }).toString())).status, 400, 'once only');
  assert.equal((await replay('logout_token=a.b.c')).status, 400);
  assert.equal((await replay('other=1')).status, 400);
  assert.equal((await replay(`logout_token=${token}`, { origin: browser.console })).status, 403, 'no page sends one');
  assert.equal((await browser.read('/api/session')).status, 200);

  const records = await leadglass.ledger();
  const told = JSON.stringify(records);
  // Further ones within a minute are counted with the next record.
  assert.ok(told.includes('logout-token-used'));
  assert.ok(!told.includes(token));
  assert.ok(!leadglass.log.includes(token) && !leadglass.log.includes(answer));
});

/** The provider's name of Ada's one session, as the ID token of the sign-in had it: asked of its own logout. */
async function sidOf({ leadglass }: House): Promise<string> {
  const { DatabaseSync } = await import('node:sqlite');
  using database = new DatabaseSync(join(leadglass.data, 'people.sqlite'), { readOnly: true });
  return String(database.prepare('SELECT sid FROM provider_session ORDER BY session DESC').get()?.['sid']);
}

test('each reason to refuse somebody is told in plain words and recorded, and makes no account', async () => {
  await using at = await house();
  const { provider, leadglass } = at;
  provider.staff.set('one-factor', { ...ada, amr: ['pwd'] });
  provider.staff.set('no-amr', { ...ada, amr: [] });
  provider.staff.set('cook', { ...ada, groups: ['cooks'] });
  provider.staff.set('both', { ...ada, groups: ['rad-doctors', 'rad-admins'] });
  const expected = {
    'one-factor': 'SECOND_FACTOR_UNPROVEN',
    'no-amr': 'SECOND_FACTOR_UNPROVEN',
    cook: 'ROLE_MISSING',
    both: 'ROLE_AMBIGUOUS',
    stranger: 'PROVIDER_REFUSED',
  };
  for (const [login, answer] of Object.entries(expected)) {
    const { status, body } = await at.browser().signIn(login);
    assert.deepEqual([status, body['answer']], [401, answer], JSON.stringify(body));
    assert.match(String(body['detail']), /\w/);
  }
  const accounts = await leadglass.json<{ accounts?: unknown[] } | unknown[]>('account', 'list');
  assert.ok(!JSON.stringify(accounts).includes(ada.email));
  const reasons = (await leadglass.ledger()).map(({ reason }) => reason);
  for (const reason of ['second-factor-unproven', 'role-missing', 'role-ambiguous', 'provider-refused']) {
    assert.ok(reasons.includes(reason), reason);
  }
});

test('an answer is good once, in one browser, for one question, and of this provider', async () => {
  await using at = await house();
  const [victim, thief] = [at.browser(), at.browser()];
  const { body } = await victim.api('sign-in/provider');
  const answer = await victim.visit(String(body['location']), 'ada');
  await thief.api('sign-in/provider');
  assert.equal((await thief.finish(answer)).status, 401, 'another browser has another question');
  const mixed = new URLSearchParams(answer);
  mixed.set('iss', 'https://other.example');
  const other = at.browser();
  other.setCookie('__Host-leadglass-provider', victim.cookie('__Host-leadglass-provider') ?? '');
  const changed = new URLSearchParams(answer);
  changed.set('state', 'x'.repeat(43));
  assert.equal((await other.finish(changed.toString())).status, 401);
  assert.equal((await victim.finish(answer)).status, 200);
  assert.equal((await victim.finish(answer)).status, 401, 'and not again');

  const { body: second } = await victim.api('sign-in/provider');
  const again = new URLSearchParams(await victim.visit(String(second['location']), 'ada'));
  again.set('iss', 'https://other.example');
  assert.equal((await victim.finish(again.toString())).body['answer'], 'PROVIDER_ANSWER_INVALID');

  const { body: third } = await victim.api('sign-in/provider');
  const used = new URLSearchParams(await victim.visit(String(third['location']), 'ada'));
  used.set('code', new URLSearchParams(answer).get('code') ?? '');
  assert.equal((await victim.finish(used.toString())).body['answer'], 'PROVIDER_ANSWER_INVALID', 'a used code');

  for (const headers of [{ origin: 'https://evil.example' }, { 'x-leadglass': '' }, { 'content-type': 'text/plain' }]) {
    assert.equal((await victim.api('sign-in/provider/finish', { parameters: answer }, headers)).status, 403);
  }
});

test('an administrator shows the factors again at the provider before anything changes', async () => {
  await using at = await house();
  at.provider.staff.set('eve', { ...ada, email: 'eve@hospital.example', groups: ['rad-admins'] });
  const browser = at.browser();
  assert.equal((await browser.signIn('eve')).status, 200);
  const disable = () =>
    browser.api('control/accountInvite', { email: 'bob@hospital.example', role: 'physician', name: 'Bob' });
  // Signed in just now counts; what is asked is what happens when that was long ago, so the question is asked at once.
  const { body } = await browser.api('step-up/begin');
  assert.deepEqual(body['next'], ['provider']);
  const before = browser.session;
  const { body: trip } = await browser.api('step-up/provider');
  const again = await browser.visit(String(trip['location']), 'eve');
  const done = await browser.finish(again);
  assert.deepEqual([done.status, done.body['done']], [200, 'step-up'], JSON.stringify(done.body));
  assert.notEqual(browser.session, before, 'with the factors comes another secret');
  assert.equal((await disable()).status, 200);

  at.provider.staff.set('mallory', { ...ada, email: 'mallory@hospital.example', groups: ['rad-admins'] });
  browser.forgetElsewhere();
  const { body: other } = await browser.api('step-up/provider');
  const answer = await browser.visit(String(other['location']), 'mallory');
  assert.equal((await browser.finish(answer)).body['answer'], 'OTHER_PERSON');
});

test('an invited person connects the hospital account, and only by that link', async () => {
  await using at = await house('  accounts: by-invitation\n  localSignIn: administrators');
  const { leadglass } = at;
  const browser = at.browser();
  assert.equal((await browser.signIn('ada')).body['answer'], 'NOT_LINKED');
  const invite = ['account', 'invite', 'a.berg@hospital.example', '--role', 'physician', '--name', 'Ada'];
  const { link } = await leadglass.json<{ link: string }>(...invite);
  const { body: begun } = await browser.api('enrol/begin', { invitation: link.slice(link.indexOf('#') + 1) });
  assert.partialDeepStrictEqual(begun, { provider: { name: 'your Saint Mary account' }, local: false });
  const { body: trip } = await browser.api('enrol/provider', { ceremony: begun['ceremony'] });
  const done = await browser.finish(await browser.visit(String(trip['location']), 'ada'));
  assert.deepEqual(done.body, { done: 'enrol', email: 'a.berg@hospital.example' });
  assert.equal(browser.session, undefined, 'enrolled is not signed in');
  assert.equal((await browser.signIn('ada')).status, 200);
  // The invitation has opened what the role usually does.
  assert.equal((await browser.read('/dicom-web/studies', dicomJson)).status, 204);
  const out = await browser.api('sign-out');
  assert.match(String(out.body['location']), new RegExp(`^${at.provider.issuer}/session/end\\?`));
});

test('a provider that is away or slow is told clearly, soon, and locks nobody out who has factors here', async () => {
  await using at = await house();
  const { provider, leadglass } = at;
  const browser = at.browser();
  assert.equal((await browser.signIn('ada')).status, 200, 'while it answers');
  const { body } = await browser.api('sign-in/provider');
  const answer = await browser.visit(String(body['location']), 'ada');
  provider.delayMs = 60_000;
  const startedMs = Date.now();
  const slow = await browser.finish(answer);
  assert.deepEqual([slow.status, slow.body['answer']], [503, 'PROVIDER_UNREACHABLE']);
  assert.ok(Date.now() - startedMs < 20_000);
  provider.delayMs = 0;
  await provider.stop();
  const away = await browser.api('sign-in/provider');
  assert.deepEqual([away.status, away.body['answer']], [503, 'PROVIDER_UNREACHABLE'], JSON.stringify(away.body));
  assert.match(String(away.body['title']), /cannot be reached/);
  // The local way is as open as before.
  const begun = await browser.api('sign-in/begin');
  assert.equal(begun.status, 200);
  assert.equal((await browser.read('/api/session')).status, 200, 'and who is in stays in');
  assert.ok((await leadglass.ledger()).some(({ reason }) => reason === 'provider-unreachable'));
  assert.equal(await leadglass.stop(), 0);
});

test(
  'in a real browser: signed in by the button, a second window for the factors, out again',
  needs('chromium'),
  async () => {
    await using at = await house();
    const { provider, leadglass } = at;
    provider.staff.set('eve', {
      ...ada,
      email: 'eve@hospital.example',
      name: 'Eve Stone',
      groups: ['rad-admins'],
      shownSecondsAgo: 1200,
    });
    const console = { port: leadglass.consolePort, ca: join(leadglass.path('ct1'), 'ca.pem') };
    await using browser = await BrowserWindow.open(console, { port: provider.port, ca: provider.ca });
    const { page } = browser;
    await page.goto(`https://localhost:${console.port}/people`);
    const button = page.getByRole('button', { name: 'Sign in with your Saint Mary account' });
    await button.waitFor();
    await browser.picture('single-sign-on');
    await button.click();
    await page.getByLabel('User').fill('eve');
    await page.getByRole('button', { name: 'Continue' }).click();
    await page.getByRole('heading', { name: 'People' }).waitFor();
    assert.equal(new URL(page.url()).pathname, '/people', 'back where the person was');
    assert.ok(
      !(
        await page.evaluate<string>('JSON.stringify([document.cookie, { ...localStorage }, { ...sessionStorage }])')
      ).includes('lgs_'),
    );
    assert.equal(await page.evaluate('document.cookie'), '');

    // The factors were shown twenty minutes ago: for what changes something they are asked for again.
    await page.getByRole('button', { name: 'Invite somebody' }).click();
    await page.getByLabel('E-mail', { exact: true }).fill('paul@hospital.example');
    await page.getByLabel('Reason').fill('night shifts');
    await page.keyboard.press('Enter');
    await page.getByRole('heading', { name: 'Confirm that it is you' }).waitFor();
    await browser.picture('single-sign-on-step-up');
    provider.staff.set('eve', { ...ada, email: 'eve@hospital.example', name: 'Eve Stone', groups: ['rad-admins'] });
    const opening = page.context().waitForEvent('page');
    await page.getByRole('link', { name: 'Confirm at the hospital' }).click();
    const second = await opening;
    await second.getByLabel('User').fill('eve');
    await second.getByRole('button', { name: 'Continue' }).click();
    // What was begun goes on by itself.
    await page.getByText(/enrol#/).waitFor();
    if (!second.isClosed()) await second.close();

    await page.goto(`https://localhost:${console.port}/account`);
    await page.getByText('You sign in with your Saint Mary account').waitFor();
    await browser.picture('single-sign-on-account');

    await page.getByRole('button', { name: 'Sign out' }).first().click();
    // The provider asks whether the session there is to end, too.
    await page.getByText('Do you want to sign-out').waitFor();
    await page.getByRole('button', { name: 'Yes, sign me out' }).click();
    await button.waitFor();
    assert.equal(new URL(page.url()).pathname, '/sign-in');

    provider.staff.set('eve', { ...ada, amr: ['pwd'] });
    await button.click();
    await page.getByLabel('User').fill('eve');
    await page.getByRole('button', { name: 'Continue' }).click();
    await page.getByText('does not say that you have shown two factors').waitFor();
    await browser.picture('single-sign-on-refused');
    assert.ok(!page.url().includes('code='), 'the answer left the address');
  },
);

test('without a configured provider there is nothing', async () => {
  await using leadglass = await Leadglass.start();
  const device = await leadglass.enrol('CT1', 'archive');
  const browser = new TwoSitesBrowser(`https://localhost:${leadglass.consolePort}`, [join(device.folder, 'ca.pem')]);
  assert.deepEqual((await browser.read('/api/sign-in/ways')).body, { local: 'everybody' });
  assert.equal((await browser.api('sign-in/provider')).status, 401);
  assert.equal((await browser.finish('code=x&state=y')).status, 401);
});
