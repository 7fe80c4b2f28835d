import assert from 'node:assert/strict';
import { test } from 'node:test';
import { limits } from '../../limits.ts';
import { RefusedError, type RefusalReason } from '../refusal.ts';
import {
  aet,
  asDevice,
  certificateFacts,
  dayMs,
  enrol,
  findOf,
  issueToken,
  makeHouse,
  startMs,
  webFacts,
} from '../test-support.ts';

const closed = { atMs: startMs, by: 'root', reason: 'r' };

const readsWeb = { purpose: 'reading', doors: ['web'] } as const;

async function refusal(attempt: Promise<unknown>): Promise<RefusalReason> {
  const error = await attempt.then(
    () => assert.fail('was accepted'),
    (thrown: unknown) => thrown,
  );
  assert.ok(error instanceof RefusedError, String(error));
  return error.reason;
}

test('a device comes with its certificate and says no AE title', async () => {
  await using house = makeHouse();
  const openingId = enrol(house.store, readsWeb);
  const principal = asDevice(await house.guard.identify(webFacts({ certificate: certificateFacts() })));
  assert.equal(principal.device, 'CT1');
  assert.equal(principal.openingId, openingId);
  await using admission = await house.guard.session(principal).admit(findOf());
  assert.ok(admission.pass.stillValid());
  assert.equal(house.ledger.last.door, 'web');
});

test('an opening of the DIMSE door does not open the web door, nor the other way round', async () => {
  await using house = makeHouse();
  enrol(house.store);
  assert.equal(await refusal(house.guard.identify(webFacts({ certificate: certificateFacts() }))), 'door');
});

test('a certificate that is not good is refused also with a good token', async () => {
  await using house = makeHouse();
  enrol(house.store, readsWeb);
  const { token } = await issueToken(house);
  const certificate = certificateFacts({ notAfterMs: startMs - 1 });
  assert.equal(await refusal(house.guard.identify(webFacts({ token, certificate }))), 'certificate-expired');
});

test('a device comes with a token, which the ledger names by its number alone', async () => {
  await using house = makeHouse();
  enrol(house.store, readsWeb);
  const { token, id } = await issueToken(house);
  const principal = asDevice(await house.guard.identify(webFacts({ token })));
  assert.equal(principal.tokenId, id);
  assert.match(house.ledger.last.xml, new RegExp(`by token ${id}`));
  house.guard.session(principal);
  for (const { xml } of house.ledger.records) assert.ok(!xml.includes(token));
});

test('the database has no token, only hashes', async () => {
  await using house = makeHouse();
  enrol(house.store, readsWeb);
  const { token } = await issueToken(house);
  assert.match(token, /^lgd_[A-Za-z0-9_-]{43}$/);
  assert.ok(!JSON.stringify(house.store.tokensOf(aet('CT1'))).includes(token));
});

for (const text of ['', 'lgd_', 'x'.repeat(100_000), `lgd_${'A'.repeat(43)}`, `lgd_${'A'.repeat(42)}\u0000`]) {
  test(`what was never a token is refused as an ended one: ${JSON.stringify(text.slice(0, 12))}, ${text.length}`, async () => {
    await using house = makeHouse();
    enrol(house.store, readsWeb);
    assert.equal(await refusal(house.guard.identify(webFacts({ token: text }))), 'token-unknown');
  });
}

test('a token is good until its last moment and not a moment longer', async () => {
  await using house = makeHouse();
  enrol(house.store, readsWeb);
  const { token, notAfterMs } = await issueToken(house, { minutes: 5 });
  assert.equal(notAfterMs, startMs + 5 * 60_000);
  house.clock.nowMs = notAfterMs;
  const session = house.guard.session(await house.guard.identify(webFacts({ token })));
  const { pass } = await session.admit(findOf());
  assert.equal(pass.stillValid(), true);
  assert.equal(session.isOver(), false);
  house.clock.nowMs += 1;
  assert.equal(await refusal(house.guard.identify(webFacts({ token }))), 'token-unknown');
  // Before any timer has looked.
  assert.equal(pass.stillValid(), false);
  assert.equal(await refusal(session.admit(findOf())), 'token-expired');
  assert.equal(session.isOver(), true);
});

test('a token that ends while the ledger writes what it is used for is not used', async () => {
  await using house = makeHouse();
  enrol(house.store, readsWeb);
  const { token, notAfterMs } = await issueToken(house, { minutes: 5 });
  const session = house.guard.session(await house.guard.identify(webFacts({ token })));
  house.ledger.before = () => void (house.clock.nowMs = notAfterMs + 1);
  assert.equal(await refusal(session.admit(findOf())), 'token-expired');
});

test('a token ends with its opening, and what replaces the opening does not take it', async () => {
  await using house = makeHouse();
  const { store, guard } = house;
  const openingId = enrol(store, readsWeb);
  const { token } = await issueToken(house);
  const session = guard.session(await guard.identify(webFacts({ token })));
  const opening = store.opening(openingId);
  assert.ok(opening);
  store.transaction(() => {
    store.closeOpening(opening, closed);
    enrol(store, readsWeb);
  });
  assert.ok(session.revoked.aborted);
  assert.equal(await refusal(session.admit(findOf())), 'opening-closed');
  assert.equal(await refusal(guard.identify(webFacts({ token }))), 'opening-closed');
});

test('a token ends with its device, and by hand', async () => {
  await using house = makeHouse();
  const { store, guard } = house;
  enrol(store, readsWeb);
  const first = await issueToken(house);
  const session = guard.session(await guard.identify(webFacts({ token: first.token })));
  assert.equal(store.endTokens(aet('CT1')), 1);
  assert.equal(await refusal(session.admit(findOf())), 'token-ended');
  assert.equal(await refusal(guard.identify(webFacts({ token: first.token }))), 'token-unknown');
  const second = await issueToken(house);
  store.revokeDevice(aet('CT1'), closed);
  assert.equal(await refusal(guard.identify(webFacts({ token: second.token }))), 'device-revoked');
});

test('a token never outlives its opening, and no longer than the limit is given', async () => {
  await using house = makeHouse();
  enrol(house.store, readsWeb);
  house.clock.nowMs = startMs + 30 * dayMs - 60_000;
  const { notAfterMs } = await issueToken(house, { minutes: limits.deviceTokenMinutesMax });
  assert.equal(notAfterMs, startMs + 30 * dayMs - 1);
  house.clock.nowMs = startMs;
  for (const minutes of [1, limits.deviceTokenMinutesMax]) {
    assert.equal((await issueToken(house, { minutes })).notAfterMs, startMs + minutes * 60_000);
  }
  for (const minutes of [0, -1, 1.5, Number.NaN, limits.deviceTokenMinutesMax + 1]) {
    await assert.rejects(issueToken(house, { minutes }), { code: 'BAD_REQUEST' });
  }
});

test('no token is made for what has no open opening of the web door, nor without end', async () => {
  await using house = makeHouse();
  enrol(house.store);
  await assert.rejects(issueToken(house), { code: 'CONFLICT' });
  await assert.rejects(issueToken(house, { aeTitle: aet('NOBODY') }), { code: 'NOT_FOUND' });
  enrol(house.store, { name: 'web-1', doors: ['web'] });
  for (let count = 0; count < limits.deviceTokensMax; count += 1) await issueToken(house);
  await assert.rejects(issueToken(house), { code: 'CONFLICT', message: /--end/ });
  house.clock.nowMs += limits.deviceTokenMinutes * 60_000 + 1;
  await issueToken(house);
  enrol(house.store, { name: 'web-2', doors: ['web', 'dimse-tls'] });
  await assert.rejects(issueToken(house), { code: 'CONFLICT', message: /--opening/ });
  assert.equal((await issueToken(house, { opening: 'web-2' })).opening.name, 'web-2');
});

test('an address that the opening does not name is refused, whatever the proof', async () => {
  await using house = makeHouse();
  enrol(house.store, { ...readsWeb, addresses: ['10.9.0.0/16'] });
  const { token } = await issueToken(house);
  assert.equal(await refusal(house.guard.identify(webFacts({ token }))), 'address');
  assert.equal(await refusal(house.guard.identify(webFacts({ certificate: certificateFacts() }))), 'address');
});
