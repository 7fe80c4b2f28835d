import assert from 'node:assert/strict';
import { test } from 'node:test';
import { distanceKilometres, type SignInFact, signsOf, type SignsInput } from './signs.ts';
import { client, enrolByPasskey, house, signInByPasskey } from './people.test-support.ts';

const minute = 60_000;
const hour = 60 * minute;
const nowMs = 1_000 * hour;
const now: SignInFact = { atMs: nowMs, succeeded: true, address: '10.0.0.1', userAgent: 'Firefox', browser: 1 };
const usual: SignInFact = { ...now, atMs: nowMs - 8 * hour };
const failure: SignInFact = { atMs: nowMs - minute, succeeded: false, address: '203.0.113.1', userAgent: 'x' };

function kinds(input: Partial<SignsInput>): readonly string[] {
  return signsOf({ now, before: [usual], sessions: [], isNewBrowser: false, ...input }).map(({ kind }) => kind);
}

test('a usual sign-in, and the first one of an account, show nothing', () => {
  assert.deepEqual(kinds({}), []);
  assert.deepEqual(kinds({ before: [], isNewBrowser: true }), []);
});

test('another program in another network within two minutes is two places at once', () => {
  const other = { address: '192.0.2.1', userAgent: 'Edge', usedAtMs: nowMs - 2 * minute };
  assert.deepEqual(kinds({ sessions: [other] }), ['two-places-at-once']);
  assert.deepEqual(kinds({ sessions: [{ ...other, usedAtMs: nowMs - 2 * minute - 1 }] }), []);
  assert.deepEqual(kinds({ sessions: [{ ...other, address: now.address }] }), [], 'two programs on one machine');
  assert.deepEqual(kinds({ sessions: [{ ...other, userAgent: now.userAgent }] }), [], 'a laptop changes its network');
});

test('a new browser is told', () => {
  assert.deepEqual(kinds({ isNewBrowser: true }), ['new-browser']);
});

test('a sign-in after ten failures is told, after nine not', () => {
  const failures = (count: number): SignInFact[] => Array.from({ length: count }, () => failure);
  assert.deepEqual(kinds({ before: [...failures(9), usual] }), []);
  assert.deepEqual(kinds({ before: [...failures(10), usual] }), ['many-failures-before']);
  assert.deepEqual(kinds({ before: [usual, ...failures(50)] }), []);
});

test('more than five browsers within a day are a shared password', () => {
  const at = (browser: number): SignInFact => ({ ...now, atMs: nowMs - browser * hour, browser });
  assert.deepEqual(kinds({ before: [2, 3, 4, 5].map(at) }), []);
  assert.deepEqual(kinds({ before: [2, 3, 4, 5, 6].map(at) }), ['many-browsers']);
});

test('faster than an airliner is impossible, a train ride is not', () => {
  const places: Record<string, { latitude: number; longitude: number }> = {
    '10.0.0.1': { latitude: 52.52, longitude: 13.4 },
    '10.1.0.1': { latitude: 48.14, longitude: 11.58 },
  };
  const placeOf = (address: string) => places[address];
  const munich = { ...usual, address: '10.1.0.1' };
  assert.deepEqual(kinds({ placeOf, before: [{ ...munich, atMs: nowMs - 20 * minute }] }), ['impossible-pace']);
  assert.deepEqual(kinds({ placeOf, before: [{ ...munich, atMs: nowMs - 4 * hour }] }), []);
  assert.deepEqual(kinds({ placeOf, before: [{ ...munich, address: 'elsewhere', atMs: nowMs }] }), []);
});

test('distances are those on the sphere', () => {
  const equator = { latitude: 0, longitude: 0 };
  assert.equal(distanceKilometres(equator, equator), 0);
  assert.equal(Math.round(distanceKilometres(equator, { latitude: 0, longitude: 180 })), 20015);
});

test('a sign is recorded with the sign-in, and refuses nobody', async () => {
  using place = house();
  const authenticator = await enrolByPasskey(place, 'ada@hospital.example');
  const first = await signInByPasskey(place, authenticator);
  assert.deepEqual(first.signs, []);
  place.clockMs += minute;
  const second = await signInByPasskey(place, authenticator, { address: '203.0.113.4', userAgent: 'Other' });
  assert.deepEqual(
    second.signs.map(({ kind }) => kind),
    ['two-places-at-once', 'new-browser'],
  );
  assert.equal(place.events.filter(({ kind }) => kind === 'sign').length, 2);
  await signInByPasskey(place, authenticator, { ...client, browser: first.browser });
});
