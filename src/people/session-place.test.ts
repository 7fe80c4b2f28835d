import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Client } from './client.ts';
import { client, codeNow, enrolByCode, house, refused, signInByCode } from './people.test-support.ts';
import { sessionNetwork } from './session-place.ts';

const email = 'ada@hospital.example';
const use = { toProve: false };
const prove = { toProve: true };

test('another browser ends the session at once, also when it cannot be recorded', async () => {
  using place = house();
  const person = await enrolByCode(place, email);
  const { session } = await signInByCode(place, person);
  await place.people.places.check(session, client, use);
  place.ledgerFails = true;
  const thief: Client = { ...client, userAgent: 'curl' };
  await assert.rejects(place.people.places.check(session, thief, prove), /disk is full/);
  assert.throws(() => place.people.sessions.use(session), refused('session-unknown'));
});

test('from another network only a factor can be shown, and then both networks are good', async () => {
  using place = house();
  const { people } = place;
  const person = await enrolByCode(place, email);
  const { session } = await signInByCode(place, person);
  const telephone: Client = { ...client, address: '198.51.100.7' };
  for (let time = 0; time < 3; time += 1) {
    await assert.rejects(people.places.check(session, telephone, use), refused('session-elsewhere'));
  }
  const findings = place.events.filter(({ kind }) => kind === 'sign');
  assert.deepEqual(
    findings.map(({ detail, address }) => [detail, address]),
    [['moved-session: begun from 10.0.0.7', '198.51.100.7']],
    'told once, however often it is tried',
  );
  await people.places.check(session, telephone, prove);
  const { ceremony } = await people.stepUp.begin(session, telephone);
  const renewed = await people.stepUp.code(session, { ceremony, code: codeNow(place, person.secret) }, telephone);
  await people.places.check(renewed, telephone, use);
  await people.places.check(renewed, client, use);
  await assert.rejects(people.places.check(session, client, use), refused('session-unknown'));
});

test('whoever has a cookie in another network does not keep its session from being idle', async () => {
  using place = house();
  const { people } = place;
  const person = await enrolByCode(place, email);
  const { session } = await signInByCode(place, person);
  const telephone: Client = { ...client, address: '198.51.100.7' };
  const usedAtMs = (): number | undefined => people.sessions.lookUp(session)?.session.usedAtMs;
  const before = usedAtMs();
  place.clockMs += 10 * 60_000;
  await assert.rejects(people.places.check(session, telephone, use), refused('session-elsewhere'));
  await people.places.check(session, telephone, prove);
  const { ceremony } = await people.stepUp.begin(session, telephone);
  await assert.rejects(people.stepUp.code(session, { ceremony, code: '000000' }, telephone), refused('code-wrong'));
  assert.equal(usedAtMs(), before);
  await people.places.check(session, client, use);
  assert.equal(usedAtMs(), place.clockMs, 'its owner does');
});

test('somebody who comes from a thousand networks is told of a few times', async () => {
  using place = house();
  const person = await enrolByCode(place, email);
  const { session } = await signInByCode(place, person);
  for (let host = 1; host < 200; host += 1) {
    const at: Client = { ...client, address: `203.0.113.${host}` };
    await assert.rejects(place.people.places.check(session, at, use), refused('session-elsewhere'));
  }
  assert.ok(place.events.filter(({ kind }) => kind === 'sign').length <= 8);
});

test('the two addresses of localhost are one place, and a /64 is one', () => {
  assert.equal(sessionNetwork('::1'), sessionNetwork('127.0.0.1'));
  assert.notEqual(sessionNetwork('127.0.0.2'), sessionNetwork('127.0.0.1'));
  assert.equal(sessionNetwork('2001:db8::1'), sessionNetwork('2001:db8::ffff'));
  assert.equal(sessionNetwork('::ffff:10.0.0.7'), sessionNetwork('10.0.0.7'));
});
