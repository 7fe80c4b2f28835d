import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Role } from './account.ts';
import { SoftAuthenticator } from './authenticator.test-support.ts';
import type { SessionEnd } from './sessions.ts';
import {
  client,
  codeNow,
  challengeOf,
  enrolByCode,
  enrolByPasskey,
  house,
  operator,
  origin,
  refused,
  rpId,
  signInByCode,
  signInByPasskey,
  testLimits,
} from './people.test-support.ts';

const email = 'ada@hospital.example';

for (const [role, idleMs] of Object.entries(testLimits.sessionIdleMs)) {
  test(`a session of a ${role} ends after ${idleMs / 60_000} minutes without use`, async () => {
    using place = house();
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- keys of a record of roles
    const authenticator = await enrolByPasskey(place, email, role as Role);
    const { session } = await signInByPasskey(place, authenticator);
    place.clockMs += idleMs - 1;
    place.people.sessions.use(session);
    place.clockMs += idleMs;
    assert.throws(() => place.people.sessions.use(session), refused('session-idle'));
    assert.throws(() => place.people.sessions.use(session), refused('session-unknown'));
    assert.equal(place.events.at(-1)?.detail, 'idle');
  });
}

test('a session in use ends after twelve hours', async () => {
  using place = house();
  const authenticator = await enrolByPasskey(place, email);
  const { session } = await signInByPasskey(place, authenticator);
  for (let minutes = 0; minutes < 12 * 60 - 30; minutes += 30) {
    place.clockMs += 30 * 60_000;
    place.people.sessions.use(session);
  }
  place.clockMs += 30 * 60_000;
  assert.throws(() => place.people.sessions.use(session), refused('session-over'));
});

test('a clock before the beginning of a session ends it', async () => {
  using place = house();
  const authenticator = await enrolByPasskey(place, email);
  const { session } = await signInByPasskey(place, authenticator);
  place.clockMs -= 1;
  assert.throws(() => place.people.sessions.use(session), refused('session-over'));
});

test('a session goes on after a restart', async () => {
  const first = house();
  const authenticator = await enrolByPasskey(first, email);
  const { session } = await signInByPasskey(first, authenticator);
  using second = first.reopen();
  assert.equal(second.people.sessions.use(session).account.email, email);
});

test('disabling an account ends all its sessions at once and tells who listens', async () => {
  using place = house();
  const authenticator = await enrolByPasskey(place, email);
  const sessions = [await signInByPasskey(place, authenticator), await signInByPasskey(place, authenticator)];
  const told: SessionEnd[] = [];
  place.people.sessions.onEnd((_session, end) => told.push(end));
  const { sessionsEnded } = await place.people.admin.disable(email, operator, 'left the hospital');
  assert.equal(sessionsEnded, 2);
  assert.deepEqual(told, ['account', 'account']);
  for (const { session } of sessions) {
    assert.throws(() => place.people.sessions.use(session), refused('session-unknown'));
  }
  await assert.rejects(signInByPasskey(place, authenticator), refused('account-disabled'));
});

test('a session ends with the last day of its account', async () => {
  using place = house();
  const untilMs = place.clockMs + 3_600_000;
  const { secret } = await place.people.admin.invite(
    { email, displayName: 'Ada', role: 'researcher', untilMs },
    operator,
  );
  const opened = await place.people.enrolment.open(secret, client);
  const { SoftAuthenticator } = await import('./authenticator.test-support.ts');
  const authenticator = new SoftAuthenticator();
  const answer = authenticator.register({ challenge: challengeOf(opened.passkey), origin, rpId });
  await place.people.enrolment.passkey(opened.ceremony, { answer, name: '' }, client);
  const { session } = await signInByPasskey(place, authenticator);
  place.clockMs = untilMs - 1;
  const { session: late } = await signInByPasskey(place, authenticator);
  place.clockMs = untilMs;
  assert.throws(() => place.people.sessions.use(session), refused('session-unknown'));
  assert.equal(place.people.sessions.sweep(), 1);
  assert.throws(() => place.people.sessions.use(late), refused('session-unknown'));
  await assert.rejects(signInByPasskey(place, authenticator), refused('account-ended'));
});

test('the longest unused session beyond eight ends', async () => {
  using place = house();
  const authenticator = await enrolByPasskey(place, email);
  const secrets: string[] = [];
  for (let index = 0; index < 9; index += 1) {
    place.clockMs += 60_000;
    secrets.push((await signInByPasskey(place, authenticator)).session);
  }
  const [first = '', ...others] = secrets;
  assert.throws(() => place.people.sessions.use(first), refused('session-unknown'));
  for (const secret of others) place.people.sessions.use(secret);
});

test('signing out ends that session alone; an administrator ends all', async () => {
  using place = house();
  const authenticator = await enrolByPasskey(place, email);
  const [a, b] = [await signInByPasskey(place, authenticator), await signInByPasskey(place, authenticator)];
  place.people.signIn.signOut(a.session);
  place.people.signIn.signOut(a.session);
  assert.throws(() => place.people.sessions.use(a.session), refused('session-unknown'));
  place.people.sessions.use(b.session);
  assert.equal(await place.people.admin.endSessions(email, operator), 1);
  assert.throws(() => place.people.sessions.use(b.session), refused('session-unknown'));
});

test('a second factor counts for five minutes; showing it again makes a new secret', async () => {
  using place = house();
  const person = await enrolByCode(place, email);
  const { session } = await signInByCode(place, person);
  const { sessions, stepUp } = place.people;
  sessions.requireStepUp(sessions.use(session));
  place.clockMs += testLimits.stepUpMs - 60_000;
  assert.throws(() => sessions.requireStepUp(sessions.use(session)), refused('step-up-needed'));
  const { ceremony, factors } = await stepUp.begin(session, client);
  assert.deepEqual(factors, { code: true });
  const renewed = await stepUp.code(session, { ceremony, code: codeNow(place, person.secret) }, client);
  sessions.requireStepUp(sessions.use(renewed));
  assert.throws(() => sessions.use(session), refused('session-unknown'));
});

test('a step-up is for the session in which it began, and takes only passkeys of its account', async () => {
  using place = house();
  const ada = await enrolByPasskey(place, email);
  const bo = await enrolByPasskey(place, 'bo@hospital.example');
  const [a, b] = [await signInByPasskey(place, ada), await signInByPasskey(place, bo)];
  const { stepUp } = place.people;
  const begun = await stepUp.begin(a.session, client);
  const answer = ada.authenticate({ challenge: challengeOf(begun.factors.passkey), origin, rpId });
  await assert.rejects(
    stepUp.passkey(b.session, { ceremony: begun.ceremony, answer }, client),
    refused('ceremony-unknown'),
  );
  const foreign = bo.authenticate({ challenge: challengeOf(begun.factors.passkey), origin, rpId });
  await assert.rejects(
    stepUp.passkey(a.session, { ceremony: begun.ceremony, answer: foreign }, client),
    refused('passkey-foreign'),
  );
  await assert.rejects(
    stepUp.passkey(a.session, { ceremony: begun.ceremony, answer }, client),
    refused('ceremony-unknown'),
  );
  assert.equal(place.events.filter(({ kind }) => kind === 'step-up-refused').length, 3);
});

test('what a browser calls itself is shown in bounds and without characters that reorder text', async () => {
  using place = house();
  const authenticator = await enrolByPasskey(place, email);
  await signInByPasskey(place, authenticator, { address: '10.0.0.7', userAgent: `\u202e\n${'x'.repeat(10_000)}` });
  const [session] = place.people.admin.show(email).sessions;
  assert.equal(session?.userAgent.length, testLimits.userAgentCharactersMax);
  assert.doesNotMatch(session?.userAgent ?? '', /[\u202e\n]/);
});

test('a session remembers the workstation at which it was begun, also after a step-up and a restart', async () => {
  const place = house();
  const authenticator = await enrolByPasskey(place, email);
  const { session } = await signInByPasskey(place, authenticator, { ...client, workstation: 'ROOM1' });
  assert.equal(place.people.sessions.use(session).session.workstation, 'ROOM1');
  const elsewhere = await signInByPasskey(place, authenticator);
  assert.equal(place.people.sessions.use(elsewhere.session).session.workstation, undefined);
  const { session: live } = place.people.sessions.use(session);
  const { id } = live;
  const steppedUp = place.people.sessions.stepUp(live, client);
  using later = place.reopen();
  assert.equal(later.people.sessions.lookUp(steppedUp)?.session.workstation, 'ROOM1');
  assert.deepEqual(
    later.people.sessions.at('ROOM1').map((one) => one.id),
    [id],
  );
});

test('the sessions at a workstation end together, and only those', async () => {
  using place = house();
  const authenticator = await enrolByPasskey(place, email);
  const here = await signInByPasskey(place, authenticator, { ...client, workstation: 'ROOM1' });
  const there = await signInByPasskey(place, authenticator, { ...client, workstation: 'ROOM2' });
  assert.equal(place.people.sessions.endAt('ROOM1'), 1);
  assert.throws(() => place.people.sessions.use(here.session), refused('session-unknown'));
  place.people.sessions.use(there.session);
  assert.equal(place.events.at(-1)?.detail, 'workstation');
  assert.equal(place.people.sessions.endAt('ROOM1'), 0);
});

test('to look a session up is no use of it', async () => {
  using place = house();
  const authenticator = await enrolByPasskey(place, email);
  const { session } = await signInByPasskey(place, authenticator);
  place.clockMs += testLimits.sessionIdleMs.physician - 1;
  assert.ok(place.people.sessions.lookUp(session));
  place.clockMs += 1;
  assert.equal(place.people.sessions.lookUp(session), undefined);
  assert.throws(() => place.people.sessions.use(session), refused('session-idle'));
  assert.equal(place.people.sessions.lookUp('guessed'), undefined);
});

const beFlag = 0x08;
const bsFlag = 0x10;

/** A passkey that lives in ROOM1, as an administrator said. */
async function tied(place: ReturnType<typeof house>) {
  const authenticator = await enrolByPasskey(place, email);
  await place.people.admin.tiePasskey(email, { name: 'Key', workstation: 'ROOM1', reason: 'in my presence' }, operator);
  return authenticator;
}

test('a session by a passkey that lives in a workstation is at that workstation, and remembers the passkey', async () => {
  using place = house();
  const authenticator = await tied(place);
  const { session } = await signInByPasskey(place, authenticator);
  const live = place.people.sessions.use(session).session;
  assert.equal(live.workstation, 'ROOM1');
  assert.equal(live.passkeyId, place.people.admin.show(email).passkeys[0]?.id);
  const atRoom = await signInByPasskey(place, authenticator, { ...client, workstation: 'ROOM1' });
  assert.equal(
    place.people.sessions.use(atRoom.session).session.passkeyId,
    undefined,
    'the certificate says it better',
  );
  assert.ok(place.events.some(({ kind, detail }) => kind === 'passkey-tied' && detail?.includes('ROOM1')));
});

test('a passkey of one workstation is not taken at another', async () => {
  using place = house();
  const authenticator = await tied(place);
  const elsewhere = signInByPasskey(place, authenticator, { ...client, workstation: 'ROOM2' });
  await assert.rejects(elsewhere, refused('passkey-elsewhere'));
  assert.equal(place.events.at(-1)?.reason, 'passkey-elsewhere');
});

test('a passkey that can be on several devices is tied to none of them', async () => {
  using place = house();
  const synced = new SoftAuthenticator();
  synced.flags |= beFlag;
  await enrolByPasskey(place, email, 'physician', synced);
  const tie = { name: 'Key', workstation: 'ROOM1', reason: 'r' };
  await assert.rejects(place.people.admin.tiePasskey(email, tie, operator), /can be on several devices/);
  await assert.rejects(
    place.people.admin.tiePasskey(email, { ...tie, name: 'None' }, operator),
    /no passkey of that name/,
  );
});

test('a tied passkey that says later that it can be, or is, on several devices is refused and recorded', async () => {
  for (const flags of [beFlag, beFlag | bsFlag]) {
    using place = house();
    const authenticator = await tied(place);
    authenticator.flags |= flags;
    await assert.rejects(signInByPasskey(place, authenticator), refused('passkey-synced'));
    assert.equal(place.events.at(-1)?.reason, 'passkey-synced');
  }
});

test('to tie or untie a passkey ends the sessions of the account; one that is removed or tied elsewhere ends its own', async () => {
  using place = house();
  const { admin, sessions } = place.people;
  const authenticator = await enrolByPasskey(place, email);
  const before = await signInByPasskey(place, authenticator);
  const tie = { name: 'Key', workstation: 'ROOM1', reason: 'r' };
  assert.deepEqual(await admin.tiePasskey(email, tie, operator), { sessionsEnded: 1 });
  assert.throws(() => sessions.use(before.session), refused('session-unknown'));
  const there = await signInByPasskey(place, authenticator);
  await admin.tiePasskey(email, { name: 'Key', reason: 'sold' }, operator);
  assert.throws(() => sessions.use(there.session), refused('session-unknown'));
  assert.equal(admin.show(email).passkeys[0]?.workstation, undefined);
  await admin.tiePasskey(email, tie, operator);
  const again = await signInByPasskey(place, authenticator);
  const second = new SoftAuthenticator();
  const { ceremony, passkey } = await place.people.ownFactors.beginPasskey(again.session, client);
  const answer = second.register({ challenge: challengeOf(passkey), origin, rpId });
  await place.people.ownFactors.addPasskey(again.session, { ceremony, answer, name: 'Second' });
  const id = admin.show(email).passkeys.find(({ name }) => name === 'Key')?.id ?? 0;
  await place.people.ownFactors.removePasskey(again.session, id);
  assert.throws(() => sessions.use(again.session), refused('session-unknown'));
});
