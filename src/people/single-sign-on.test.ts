import assert from 'node:assert/strict';
import { test } from 'node:test';
import { LeadglassError } from '../error.ts';
import type { LogoutWord, ProviderIdentity } from './identity-provider.ts';
import {
  client,
  enrolByPasskey,
  house,
  type House,
  invite,
  operator,
  origin,
  refused,
  signInByPasskey,
} from './people.test-support.ts';
import { FakeProvider, issuer, usualRules } from './provider.test-support.ts';
import type { PeopleReason } from './refusal.ts';
import type { SingleSignOn } from './single-sign-on.ts';
import { SoftAuthenticator } from './authenticator.test-support.ts';

const back = `${origin}/sign-in/callback`;

interface Hospital extends Disposable {
  readonly place: House;
  readonly provider: FakeProvider;
}

function hospital(rules: Partial<typeof usualRules> = {}): Hospital {
  const provider = new FakeProvider();
  const place = house({ singleSignOn: { provider, rules: { ...usualRules, ...rules } } });
  return { place, provider, [Symbol.dispose]: () => place[Symbol.dispose]() };
}

type Purpose = Parameters<SingleSignOn['begin']>[0];

/** The whole way, as whom the provider says. */
async function trip(
  { place, provider }: Hospital,
  as: Partial<ProviderIdentity> | LeadglassError = {},
  { purpose = { kind: 'sign-in' }, session }: { readonly purpose?: Purpose; readonly session?: string } = {},
): ReturnType<SingleSignOn['finish']> {
  const { singleSignOn } = place.people;
  const { ceremony, url } = await singleSignOn.begin(purpose, client, back);
  const parameters = provider.answer(url, as instanceof LeadglassError ? as : provider.person(place.clockMs, as));
  return await singleSignOn.finish({ ceremony, parameters, ...(session === undefined ? {} : { session }) }, client);
}

async function signedIn(at: Hospital, as: Partial<ProviderIdentity> = {}): Promise<string> {
  const finished = await trip(at, as);
  return finished.kind === 'sign-in' ? finished.signedIn.session : assert.fail(finished.kind);
}

const kinds = ({ place }: Hospital): readonly string[] =>
  place.events.map(({ kind, reason }) => (reason === undefined ? kind : `${kind} ${reason}`));

test('without a provider there is no way to one', async () => {
  using place = house();
  assert.equal(place.people.singleSignOn.provider, undefined);
  await assert.rejects(place.people.singleSignOn.begin({ kind: 'sign-in' }, client, back), refused('provider-absent'));
  await assert.rejects(place.people.singleSignOn.logout('token', client), refused('provider-absent'));
});

test('who comes with a role and two factors for the first time gets an account, once, and the next time it is the same one', async () => {
  using at = hospital({ accounts: 'at-first-sign-in' });
  const first = at.place.people.sessions.use(await signedIn(at));
  assert.partialDeepStrictEqual(first.account, {
    email: 'ada@hospital.example',
    displayName: 'Ada Berg',
    role: 'physician',
    state: 'active',
    createdBy: `provider ${issuer}`,
  });
  const second = at.place.people.sessions.use(
    await signedIn(at, { email: 'other@hospital.example', name: 'Ada Stein' }),
  );
  assert.equal(second.account.id, first.account.id);
  assert.deepEqual([second.account.email, second.account.displayName], ['ada@hospital.example', 'Ada Stein']);
  // The second time is at a browser that the account does not know.
  assert.deepEqual(kinds(at), ['enrolled', 'signed-in', 'signed-in', 'sign']);
  assert.equal(at.place.events[1]?.method, 'provider');
});

test('by invitation nobody comes in who has not been asked', async () => {
  using at = hospital();
  await assert.rejects(trip(at), refused('identity-unknown'));
  assert.deepEqual(at.place.people.admin.list(), []);
  assert.match(at.place.events[0]?.detail ?? '', /^subject u-1 of https:/);
});

test('an e-mail address alone never leads to an account', async () => {
  using at = hospital({ accounts: 'at-first-sign-in' });
  await enrolByPasskey(at.place, 'ada@hospital.example');
  await assert.rejects(trip(at), refused('address-taken'));
  await assert.rejects(trip(at, { subject: 'u-2', email: 'ADA@Hospital.Example' }), refused('address-taken'));
  assert.equal(at.place.people.admin.list().length, 1);
});

test('one number at two issuers is two people', async () => {
  using at = hospital({ accounts: 'at-first-sign-in' });
  await signedIn(at);
  await assert.rejects(trip(at, { issuer: 'https://other.example' }), refused('address-taken'));
});

const unfit: Record<string, { readonly as: Partial<ProviderIdentity>; readonly reason: PeopleReason }> = {
  'no amr and no acr': { as: { amr: [] }, reason: 'second-factor-unproven' },
  'one factor only': { as: { amr: ['pwd'], acr: 'urn:low' }, reason: 'second-factor-unproven' },
  'no groups': { as: { groups: [] }, reason: 'role-missing' },
  'groups that stand for nothing': { as: { groups: ['cooks', 'Rad-Doctors'] }, reason: 'role-missing' },
  'groups of two roles': { as: { groups: ['rad-doctors', 'rad-admins'] }, reason: 'role-ambiguous' },
  'no address': { as: { email: '' }, reason: 'address-missing' },
  'an address that is none': { as: { email: 'ada' }, reason: 'address-missing' },
  'an address that nobody checked': { as: { isEmailDoubted: true }, reason: 'address-missing' },
};
for (const [what, { as, reason }] of Object.entries(unfit)) {
  test(`somebody with ${what} is refused, and it is recorded why`, async () => {
    using at = hospital({ accounts: 'at-first-sign-in' });
    await assert.rejects(trip(at, as), refused(reason));
    assert.deepEqual(kinds(at), [`sign-in-refused ${reason}`]);
    assert.deepEqual(at.place.people.admin.list(), []);
  });
}

test('several groups of one role are one role, and an acr value proves as an amr value does', async () => {
  using at = hospital({ accounts: 'at-first-sign-in' });
  await signedIn(at, { groups: ['rad-doctors', 'rad-heads'], amr: [], acr: 'urn:two-factors' });
});

test('another role ends what the former one began', async () => {
  using at = hospital({ accounts: 'at-first-sign-in' });
  const old = await signedIn(at);
  const now = await signedIn(at, { groups: ['rad-admins'] });
  assert.throws(() => at.place.people.sessions.use(old), refused('session-unknown'));
  assert.equal(at.place.people.sessions.use(now).account.role, 'administrator');
  const change = at.place.events.find(({ kind }) => kind === 'role-changed');
  assert.deepEqual([change?.by, change?.detail], [`provider ${issuer}`, 'physician to administrator']);
});

test('an account that was disabled here stays so, whatever the provider says', async () => {
  using at = hospital({ accounts: 'at-first-sign-in' });
  const session = await signedIn(at);
  await at.place.people.admin.disable('ada@hospital.example', operator, 'left');
  assert.throws(() => at.place.people.sessions.use(session));
  await assert.rejects(trip(at), refused('account-disabled'));
  await assert.rejects(trip(at, { groups: ['rad-admins'] }), refused('account-disabled'));
  assert.equal(at.place.people.admin.list()[0]?.role, 'physician');
});

test('an invitation connects the account with the person who opens it; the role is what the groups say', async () => {
  using at = hospital();
  const { ceremony } = await at.place.people.enrolment.open(
    await invite(at.place, 'ada.berg@hospital.example'),
    client,
  );
  const enrolled = await trip(at, { groups: ['rad-admins'] }, { purpose: { kind: 'enrol', enrolment: ceremony } });
  assert.equal(enrolled.kind === 'enrol' && enrolled.account.role, 'administrator');
  const { account } = at.place.people.sessions.use(await signedIn(at, { groups: ['rad-admins'] }));
  assert.equal(account.email, 'ada.berg@hospital.example');
  assert.deepEqual(at.place.people.admin.show(account.email).factors, ['provider']);
});

test('an invitation is not used up by somebody who proves one factor, and not by whom another account belongs to', async () => {
  using at = hospital({ accounts: 'at-first-sign-in' });
  await signedIn(at, { subject: 'u-9', email: 'grace@hospital.example' });
  const secret = await invite(at.place, 'ada.berg@hospital.example');
  const attempt = async (as: Partial<ProviderIdentity>): Promise<unknown> => {
    const { ceremony } = await at.place.people.enrolment.open(secret, client);
    return await trip(at, as, { purpose: { kind: 'enrol', enrolment: ceremony } });
  };
  await assert.rejects(attempt({ amr: ['pwd'] }), refused('second-factor-unproven'));
  await assert.rejects(attempt({ subject: 'u-9' }), refused('identity-taken'));
  await attempt({});
});

test('who had factors here and goes over to the provider has none left here', async () => {
  using at = hospital();
  const key = await enrolByPasskey(at.place, 'ada@hospital.example');
  const link = await at.place.people.links.reset('ada@hospital.example', operator, 'single sign-on');
  const { ceremony } = await at.place.people.enrolment.open(link.secret, client);
  await trip(at, {}, { purpose: { kind: 'enrol', enrolment: ceremony } });
  await assert.rejects(signInByPasskey(at.place, key), refused('passkey-unknown'));
  await signedIn(at);
});

test('who signs in at the provider gets no factor here, which it could not close', async () => {
  using at = hospital({ accounts: 'at-first-sign-in' });
  const session = await signedIn(at);
  await assert.rejects(at.place.people.ownFactors.beginPasskey(session, client), refused('provider-account'));
  await assert.rejects(at.place.people.ownFactors.newRecoveryCodes(session), refused('provider-account'));
});

test('an account that is set anew with factors of its own belongs to the provider no more', async () => {
  using at = hospital({ accounts: 'at-first-sign-in' });
  await signedIn(at);
  const link = await at.place.people.links.reset('ada@hospital.example', operator, 'back to passkeys');
  const { ceremony, passkey } = await at.place.people.enrolment.open(link.secret, client);
  const key = new SoftAuthenticator();
  const challenge = String(passkey['challenge']);
  const answer = key.register({ challenge, origin, rpId: 'pacs.hospital.example' });
  await at.place.people.enrolment.passkey(ceremony, { answer, name: 'Key' }, client);
  await assert.rejects(trip(at), refused('address-taken'));
  await signInByPasskey(at.place, key);
});

test('where local sign-in is for administrators, nobody else enrols or signs in here', async () => {
  using at = hospital({ localSignIn: 'administrators' });
  const admin = await enrolByPasskey(at.place, 'root@hospital.example', 'administrator');
  await signInByPasskey(at.place, admin);
  await assert.rejects(enrolByPasskey(at.place, 'ada@hospital.example', 'physician'), refused('local-off'));
});

test('factors of before are not taken any more once local sign-in is for administrators', async () => {
  const provider = new FakeProvider();
  const rules = { ...usualRules };
  using place = house({ singleSignOn: { provider, rules } });
  const key = await enrolByPasskey(place, 'ada@hospital.example');
  await signInByPasskey(place, key);
  Object.assign(rules, { localSignIn: 'administrators' });
  await assert.rejects(signInByPasskey(place, key), refused('local-off'));
});

test('an answer is good once, and only in the browser that began', async () => {
  using at = hospital({ accounts: 'at-first-sign-in' });
  const { singleSignOn } = at.place.people;
  const { ceremony, url } = await singleSignOn.begin({ kind: 'sign-in' }, client, back);
  const other = await singleSignOn.begin({ kind: 'sign-in' }, client, back);
  const parameters = at.provider.answer(url, at.provider.person(at.place.clockMs));
  await assert.rejects(
    singleSignOn.finish({ ceremony: other.ceremony, parameters }, client),
    refused('provider-answer-invalid'),
  );
  await assert.rejects(singleSignOn.finish({ ceremony: '', parameters }, client), refused('ceremony-unknown'));
  assert.equal((await singleSignOn.finish({ ceremony, parameters }, client)).kind, 'sign-in');
  await assert.rejects(singleSignOn.finish({ ceremony, parameters }, client), refused('ceremony-unknown'));
  assert.equal(at.provider.redeemed, 1);
});

test('an answer that somebody else sent a browser to does not use up the one that is awaited', async () => {
  using at = hospital({ accounts: 'at-first-sign-in' });
  const { singleSignOn } = at.place.people;
  const { ceremony, url } = await singleSignOn.begin({ kind: 'sign-in' }, client, back);
  for (const parameters of ['code=x&state=y', '', `code=x&state=${'s'.repeat(100_000)}`]) {
    await assert.rejects(singleSignOn.finish({ ceremony, parameters }, client), refused('provider-answer-invalid'));
  }
  const parameters = at.provider.answer(url, at.provider.person(at.place.clockMs));
  await singleSignOn.finish({ ceremony, parameters }, client);
});

const failures: readonly (readonly [LeadglassError, PeopleReason])[] = [
  [new LeadglassError('BACKEND_UNAVAILABLE', 'down'), 'provider-unreachable'],
  [new LeadglassError('TIMED_OUT', 'slow'), 'provider-unreachable'],
  [new LeadglassError('LIMIT_EXCEEDED', 'huge'), 'provider-unreachable'],
  [new LeadglassError('PEER_FAILED', 'odd'), 'provider-unreachable'],
  [new LeadglassError('OUT_OF_RESOURCES', 'full'), 'provider-busy'],
  [new LeadglassError('NOT_AUTHORIZED', 'denied'), 'provider-refused'],
  [new LeadglassError('NOT_AUTHENTICATED', 'forged'), 'provider-answer-invalid'],
];
for (const [error, reason] of failures) {
  test(`a provider that fails with ${error.code} is told as ${reason}`, async () => {
    using at = hospital({ accounts: 'at-first-sign-in' });
    await assert.rejects(trip(at, error), refused(reason));
    assert.equal(at.place.events.at(-1)?.reason, reason);
    assert.equal(at.place.events.at(-1)?.detail, error.message);
  });
}

test('a provider that does not answer keeps nobody from the way in that is kept here', async () => {
  using at = hospital();
  const key = await enrolByPasskey(at.place, 'ada@hospital.example');
  at.provider.down = new LeadglassError('BACKEND_UNAVAILABLE', 'down');
  await assert.rejects(
    at.place.people.singleSignOn.begin({ kind: 'sign-in' }, client, back),
    refused('provider-unreachable'),
  );
  await signInByPasskey(at.place, key);
  assert.ok(kinds(at).includes('provider-unreachable provider-unreachable'));
});

test('one network cannot have the provider asked without end, and fills no ledger with it', async () => {
  using at = hospital();
  const begin = (address = client.address) =>
    at.place.people.singleSignOn.begin({ kind: 'sign-in' }, { ...client, address }, back);
  for (let tries = 0; tries < 120; tries += 1) await begin();
  for (let tries = 0; tries < 20; tries += 1) await assert.rejects(begin(), refused('provider-rate'));
  assert.equal(at.place.events.length, 1);
  await begin('10.9.9.9');
  at.place.clockMs += 60_000;
  await begin();
});

test('factors shown long ago at the provider are not just shown here', async () => {
  using at = hospital({ accounts: 'at-first-sign-in' });
  const { sessions } = at.place.people;
  const old = sessions.use(await signedIn(at, { authenticatedAtMs: at.place.clockMs - 3_600_000 }));
  assert.throws(() => sessions.requireStepUp(old), refused('step-up-needed'));
  const fresh = sessions.use(await signedIn(at, { authenticatedAtMs: at.place.clockMs + 30_000 }));
  sessions.requireStepUp(fresh);
});

test('a session of the provider ends after the hours that are configured', async () => {
  using at = hospital({ accounts: 'at-first-sign-in', sessionMs: 30 * 60_000 });
  const session = await signedIn(at);
  at.place.clockMs += 30 * 60_000 - 1;
  at.place.people.sessions.use(session);
  at.place.clockMs += 1;
  assert.throws(() => at.place.people.sessions.use(session), refused('session-over'));
});

test('showing the factors again is asked of the provider anew, and gives the session another secret', async () => {
  using at = hospital({ accounts: 'at-first-sign-in' });
  const { sessions, stepUp } = at.place.people;
  const session = await signedIn(at, { authenticatedAtMs: at.place.clockMs - 3_600_000 });
  assert.deepEqual((await stepUp.begin(session, client)).factors, { code: false, provider: true });
  const done = await trip(at, {}, { purpose: { kind: 'step-up', session }, session });
  assert.equal(at.provider.wasFresh, true);
  const renewed = done.kind === 'step-up' ? done.session : assert.fail();
  sessions.requireStepUp(sessions.use(renewed));
  assert.throws(() => sessions.use(session), refused('session-unknown'));
});

const stale: Record<
  string,
  { readonly as: (nowMs: number) => Partial<ProviderIdentity>; readonly reason: PeopleReason }
> = {
  'that the provider remembered only': {
    as: (nowMs) => ({ authenticatedAtMs: nowMs - 120_000 }),
    reason: 'reauthentication-missing',
  },
  'of somebody else': { as: () => ({ subject: 'u-2' }), reason: 'identity-taken' },
  'with one factor': { as: () => ({ amr: ['pwd'] }), reason: 'second-factor-unproven' },
  'in another role': { as: () => ({ groups: ['rad-admins'] }), reason: 'session-over' },
  'without a role': { as: () => ({ groups: [] }), reason: 'role-missing' },
};
for (const [what, { as, reason }] of Object.entries(stale)) {
  test(`showing the factors again ${what} counts for nothing`, async () => {
    using at = hospital({ accounts: 'at-first-sign-in' });
    const session = await signedIn(at, { authenticatedAtMs: at.place.clockMs - 3_600_000 });
    const asked = { purpose: { kind: 'step-up', session }, session } as const;
    await assert.rejects(trip(at, as(at.place.clockMs), asked), refused(reason));
    assert.deepEqual(at.place.events.at(-1)?.reason, reason);
  });
}

test('who has no role any more at the provider has no session either, from the moment the provider says so', async () => {
  using at = hospital({ accounts: 'at-first-sign-in' });
  const { sessions } = at.place.people;
  const [one, other] = [await signedIn(at), await signedIn(at)];
  const asked = { purpose: { kind: 'step-up', session: one }, session: one } as const;
  await assert.rejects(trip(at, { groups: [] }, asked), refused('role-missing'));
  for (const session of [one, other]) assert.throws(() => sessions.use(session), refused('session-unknown'));
});

test('a session that shows up in another browser with the answer ends, and is no fresher', async () => {
  using at = hospital({ accounts: 'at-first-sign-in' });
  const { singleSignOn, sessions } = at.place.people;
  const session = await signedIn(at);
  const { ceremony, url } = await singleSignOn.begin({ kind: 'step-up', session }, client, back);
  const parameters = at.provider.answer(url, at.provider.person(at.place.clockMs));
  const thief = { ...client, userAgent: 'Another browser' };
  await assert.rejects(singleSignOn.finish({ ceremony, parameters, session }, thief), refused('session-moved'));
  assert.throws(() => sessions.use(session), refused('session-unknown'));
});

test('an answer for one session steps no other one up', async () => {
  using at = hospital({ accounts: 'at-first-sign-in' });
  const [first, second] = [await signedIn(at), await signedIn(at)];
  await assert.rejects(
    trip(at, {}, { purpose: { kind: 'step-up', session: first }, session: second }),
    refused('ceremony-unknown'),
  );
  await assert.rejects(trip(at, {}, { purpose: { kind: 'step-up', session: first } }), refused('session-unknown'));
});

const logouts: Record<string, { readonly word: Partial<LogoutWord>; readonly left: readonly string[] }> = {
  'of one session ends that one': { word: { sid: 'a' }, left: ['b', 'grace'] },
  'of one session of this person ends that one': { word: { sid: 'a', subject: 'u-1' }, left: ['b', 'grace'] },
  'of one session of another person ends none': { word: { sid: 'a', subject: 'u-2' }, left: ['a', 'b', 'grace'] },
  'of a person ends all of hers': { word: { subject: 'u-1' }, left: ['grace'] },
  'of somebody unknown ends none': { word: { subject: 'u-7' }, left: ['a', 'b', 'grace'] },
  'of an unknown session ends none': { word: { sid: 'z' }, left: ['a', 'b', 'grace'] },
};
for (const [what, { word, left }] of Object.entries(logouts)) {
  test(`a logout at the provider ${what}, at once`, async () => {
    using at = hospital({ accounts: 'at-first-sign-in' });
    const { sessions, singleSignOn } = at.place.people;
    const open = {
      a: await signedIn(at, { sid: 'a' }),
      b: await signedIn(at, { sid: 'b' }),
      grace: await signedIn(at, { subject: 'u-2', sid: 'c', email: 'grace@hospital.example' }),
    };
    const told: string[] = [];
    using _listening = sessions.onChange((email) => void told.push(email));
    at.provider.logouts.set('token', { id: 'l-1', notAfterMs: at.place.clockMs + 300_000, ...word });
    assert.equal(await singleSignOn.logout('token', client), 3 - left.length);
    assert.equal(told.length, 3 - left.length);
    const good = Object.entries(open).filter(([, session]) => {
      try {
        return sessions.use(session) !== undefined;
      } catch {
        return false;
      }
    });
    assert.deepEqual(
      good.map(([name]) => name),
      left,
    );
    assert.equal(at.place.events.find(({ kind }) => kind === 'provider-logout')?.by, `provider ${issuer}`);
  });
}

test('a logout at the provider ends the passcodes for devices, too, also when no session is left', async () => {
  using at = hospital({ accounts: 'at-first-sign-in' });
  const { passcodes, singleSignOn, signIn } = at.place.people;
  const words: readonly (Partial<LogoutWord> & { readonly isSignedOut?: true })[] = [
    { sid: 'a' },
    { subject: 'u-1' },
    { subject: 'u-1', isSignedOut: true },
  ];
  for (const [number, { isSignedOut, ...word }] of words.entries()) {
    const session = await signedIn(at, { sid: 'a' });
    const { id } = await passcodes.issue(session, 'READ1');
    if (isSignedOut === true) signIn.signOut(session);
    const token = `token ${number}`;
    at.provider.logouts.set(token, { id: token, notAfterMs: at.place.clockMs + 300_000, ...word });
    assert.ok(passcodes.look(id));
    await singleSignOn.logout(token, client);
    assert.equal(passcodes.look(id), undefined, token);
  }
});

test('a logout token is good once, also after a restart, and a forged one ends nothing', async () => {
  using at = hospital({ accounts: 'at-first-sign-in' });
  await signedIn(at);
  at.provider.logouts.set('token', { id: 'l-1', notAfterMs: at.place.clockMs + 300_000, subject: 'u-1' });
  assert.equal(await at.place.people.singleSignOn.logout('token', client), 1);
  await signedIn(at);
  await assert.rejects(at.place.people.singleSignOn.logout('token', client), refused('logout-token-used'));
  await assert.rejects(at.place.people.singleSignOn.logout('forged', client), refused('logout-token-invalid'));
  await assert.rejects(
    at.place.people.singleSignOn.logout('x'.repeat(20_000), client),
    refused('logout-token-invalid'),
  );
  assert.ok(kinds(at).includes('provider-logout-refused logout-token-used'));
  using again = at.place.reopen();
  await assert.rejects(again.people.singleSignOn.logout('token', client), refused('logout-token-used'));
  assert.equal(again.people.admin.show('ada@hospital.example').sessions.length, 1);
});

test('a logout at the provider that comes while the sign-in is under way ends it', async () => {
  using at = hospital({ accounts: 'at-first-sign-in' });
  await signedIn(at, { sid: 'before' });
  const { singleSignOn, admin } = at.place.people;
  const { ceremony, url } = await singleSignOn.begin({ kind: 'sign-in' }, client, back);
  const parameters = at.provider.answer(url, at.provider.person(at.place.clockMs, { sid: 'under-way' }));
  at.provider.logouts.set('token', { id: 'l-1', notAfterMs: at.place.clockMs + 300_000, sid: 'under-way' });
  at.provider.meanwhile = async () => {
    assert.equal(await singleSignOn.logout('token', client), 0);
  };
  await assert.rejects(singleSignOn.finish({ ceremony, parameters }, client), refused('session-over'));
  assert.equal(admin.show('ada@hospital.example').sessions.length, 1);
});

test('a sign-in that cannot be recorded did not happen', async () => {
  using at = hospital({ accounts: 'at-first-sign-in' });
  await signedIn(at);
  const { singleSignOn, admin } = at.place.people;
  const { ceremony, url } = await singleSignOn.begin({ kind: 'sign-in' }, client, back);
  const parameters = at.provider.answer(url, at.provider.person(at.place.clockMs));
  at.place.ledgerFails = true;
  await assert.rejects(singleSignOn.finish({ ceremony, parameters }, client));
  assert.equal(admin.show('ada@hospital.example').sessions.length, 1);
});

test('only a session that came from the provider is led there to sign out', async () => {
  using at = hospital({ accounts: 'at-first-sign-in' });
  const key = await enrolByPasskey(at.place, 'grace@hospital.example');
  const { singleSignOn } = at.place.people;
  assert.equal(singleSignOn.signOutUrl(await signedIn(at), origin), `${issuer}/end?to=${origin}`);
  assert.equal(singleSignOn.signOutUrl((await signInByPasskey(at.place, key)).session, origin), undefined);
  assert.equal(singleSignOn.signOutUrl('nothing', origin), undefined);
});
