/** Sessions of the web door as time passes: who shares one, when it ends, and what a proof that has ended is worth. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { RefusedError } from '../../guard/refusal.ts';
import { enrol, findOf, type House, issueToken, makeHouse } from '../../guard/test-support.ts';
import { quietLog } from '../../log.ts';
import { WebSessions } from './web-sessions.ts';

const address = '10.1.2.3';
const peerOf = (token: string) => ({ address, localPort: 8443, token });

async function opened(sessionIdleMs = 60_000) {
  const house: House = makeHouse();
  enrol(house.store, { purpose: 'reading', doors: ['web'] });
  const { token, notAfterMs } = await issueToken(house);
  const sessions = new WebSessions({ guard: house.guard, limits: { sessionIdleMs }, log: quietLog });
  return { house, token, notAfterMs, sessions };
}

const reasonOf = (error: unknown) => (error instanceof RefusedError ? error.reason : String(error));

test('a token that has ended is looked at anew by the next request, not a second later', async () => {
  const { house, token, notAfterMs, sessions } = await opened();
  await using _house = house;
  house.clock.nowMs = notAfterMs;
  const use = await sessions.use(peerOf(token));
  use.release();
  const again = await sessions.use(peerOf(token));
  assert.equal(again.session, use.session);
  again.release();
  house.clock.nowMs += 1;
  await assert.rejects(sessions.use(peerOf(token)), (error) => reasonOf(error) === 'token-unknown');
  await sessions.end();
});

test('what still runs when its token ends is told so by the first request that comes after', async () => {
  const { house, token, notAfterMs, sessions } = await opened();
  await using _house = house;
  const running = await sessions.use(peerOf(token));
  let ended = 0;
  running.onRevoked(() => (ended += 1));
  house.clock.nowMs = notAfterMs + 1;
  await assert.rejects(sessions.use(peerOf(token)), (error) => reasonOf(error) === 'token-unknown');
  assert.equal(ended, 1);
  running.release();
  await sessions.end();
  assert.equal(house.guard.runningSessions(), 0);
});

test('each proof and each address has a session of its own', async () => {
  const { house, token, sessions } = await opened();
  await using _house = house;
  const { token: second } = await issueToken(house);
  const [one, other, elsewhere] = await Promise.all([
    sessions.use(peerOf(token)),
    sessions.use(peerOf(second)),
    sessions.use({ ...peerOf(token), address: '10.1.2.4' }),
  ]);
  assert.equal(new Set([one.session, other.session, elsewhere.session]).size, 3);
  for (const use of [one, other, elsewhere]) use.release();
  await sessions.end();
});

test('a session ends when nobody asked for long enough, counted from the end of the last answer', async () => {
  const { house, token, sessions } = await opened(60);
  await using _house = house;
  const long = await sessions.use(peerOf(token));
  const short = await sessions.use(peerOf(token));
  short.release();
  short.release();
  await sleep(120);
  assert.equal(house.guard.runningSessions(), 1, 'one answer still runs');
  long.release();
  await sleep(20);
  assert.equal(house.guard.runningSessions(), 1, 'not idle for long');
  await sleep(120);
  assert.equal(house.guard.runningSessions(), 0);
  const next = await sessions.use(peerOf(token));
  assert.notEqual(next.session, long.session);
  await using admission = await next.session.admit(findOf());
  admission.succeeded();
  next.release();
  await sessions.end();
});

test('who is refused leaves nothing behind, and the next with the same proof is looked at anew', async () => {
  const { house, sessions } = await opened();
  await using _house = house;
  const before = house.ledger.records.length;
  for (let count = 0; count < 2; count += 1) {
    await assert.rejects(sessions.use(peerOf('lgd_none')), (error) => reasonOf(error) === 'token-unknown');
  }
  assert.equal(house.ledger.records.length, before + 2);
  await sessions.end();
});
