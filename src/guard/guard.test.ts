import assert from 'node:assert/strict';
import { test } from 'node:test';
import { knownUid } from '../dicom/uid.ts';
import { LeadglassError } from '../error.ts';
import { limits } from '../limits.ts';
import { plainPorts } from './opening.ts';
import type { GuardSession } from './session.ts';
import { underAdmission } from './admission.ts';
import { RefusedError } from './refusal.ts';
import {
  type House,
  aet,
  asDevice,
  commitOf,
  dayMs,
  enrol,
  findOf,
  fingerprintOf,
  headOf,
  makeHouse,
  peerFacts,
  plainFacts,
  retrieveOf,
  startMs,
  storeOf,
  studyA,
  studyB,
} from './test-support.ts';

const closed = { atMs: startMs, by: 'root', reason: 'enough' };
const isUnavailable = (error: unknown): boolean =>
  error instanceof LeadglassError && error.code === 'LEDGER_UNAVAILABLE';
const reasonOf = (error: unknown): string => (error instanceof RefusedError ? error.reason : String(error));

async function sessionOf(house: House, overrides: Parameters<typeof enrol>[1] = {}): Promise<GuardSession> {
  if (house.store.openings().length === 0) enrol(house.store, overrides);
  return house.guard.session(await house.guard.identify(peerFacts()));
}

test('a device that shows its certificate and its AE title stores under a pass, and the ledger tells the story', async () => {
  await using house = makeHouse();
  const { guard, ledger } = house;
  const session = await sessionOf(house);
  {
    await using admission = await session.admit(storeOf());
    assert.equal(admission.pass.transferId, session.id);
    assert.deepEqual(admission.pass.scope, {});
    assert.equal(admission.pass.stillValid(), true);
    await admission.involving(headOf());
    admission.succeeded();
  }
  await session.end('released');
  await session.end('again');
  assert.deepEqual(ledger.codes, ['110114/110122 0', '110102 0', '110104 0', '110114/110123 0']);
  assert.deepEqual(
    ledger.records.map(({ transferState }) => transferState),
    [undefined, 'begun', 'ended', undefined],
  );
  assert.ok(ledger.records.every(({ transferId, device }) => transferId === session.id && device === 'CT1'));
  assert.equal(guard.runningSessions(), 0);
});

test('a pass ends with its session', async () => {
  await using house = makeHouse();
  const session = await sessionOf(house);
  const { pass } = await session.admit(storeOf());
  assert.equal(pass.stillValid(), true);
  await session.end('released');
  assert.equal(pass.stillValid(), false);
  assert.doesNotMatch(house.ledger.last.xml, /failed before/);
});

test('the begin of a transfer is durable before the instance may be committed', async () => {
  await using house = makeHouse();
  const session = await sessionOf(house);
  await using admission = await session.admit(storeOf());
  let isDurable = false;
  house.ledger.before = async () => {
    await new Promise((resolve) => setTimeout(resolve, 5));
    isDurable = true;
  };
  await admission.involving(headOf());
  assert.equal(isDurable, true);
});

test('a plain door admits by AE title, address and port together, and by nothing less', async () => {
  await using house = makeHouse();
  enrol(house.store, {
    name: 'CT1-plain',
    doors: ['dimse-plain'],
    addresses: ['10.1.2.3/32'],
    plain: { risk: 'sniffing', port: 11_112 },
  });
  const principal = asDevice(await house.guard.identify(plainFacts()));
  assert.equal(principal.certificateFingerprint, undefined);
  assert.equal((await house.guard.identify(plainFacts({ address: '::ffff:10.1.2.3' }))).address, '10.1.2.3');
  for (const facts of [{ address: '10.1.2.4' }, { localPort: 11_113 }, { callingAeTitle: 'CT2' }]) {
    await assert.rejects(house.guard.identify(plainFacts(facts)), RefusedError);
  }
  const { localPort: _localPort, ...withoutPort } = plainFacts();
  await assert.rejects(house.guard.identify(withoutPort), (error) => reasonOf(error) === 'door');
  // The exception opens no other door.
  await assert.rejects(house.guard.identify(peerFacts()), (error) => reasonOf(error) === 'door');
});

test('a TLS opening does not let the device in through a plain door', async () => {
  await using house = makeHouse();
  enrol(house.store);
  await assert.rejects(house.guard.identify(plainFacts()), (error) => reasonOf(error) === 'door');
});

test('an opening that exceeds its purpose in the database opens nothing at the door', async () => {
  await using house = makeHouse();
  enrol(house.store, { operations: ['verify', 'find'] });
  await assert.rejects(house.guard.identify(peerFacts()), (error) => reasonOf(error) === 'purpose');
});

test('of several openings that do not fit the ledger names what is wrong with the nearest, in whatever order they were made', async () => {
  const far = { name: 'far', validFromMs: startMs + 1 };
  const near = { name: 'near', addresses: ['10.9.0.0/16'] };
  for (const pair of [
    [far, near],
    [near, far],
  ]) {
    await using house = makeHouse();
    for (const overrides of pair) enrol(house.store, overrides);
    await assert.rejects(house.guard.identify(peerFacts()), (error) => reasonOf(error) === 'address');
  }
});

test('of several openings that fit the newest is taken', async () => {
  await using house = makeHouse();
  enrol(house.store, { name: 'first' });
  const second = enrol(house.store, { name: 'second' });
  assert.equal((await house.guard.identify(peerFacts())).openingId, second);
});

test('a user name of type 1 is recorded and gives no right; it may be hostile', async () => {
  await using house = makeHouse();
  enrol(house.store);
  const userIdentity = (primaryField: Uint8Array) => ({
    type: 1,
    positiveResponseRequested: false,
    primaryField,
    secondaryField: new Uint8Array(),
  });
  const named = asDevice(
    await house.guard.identify(peerFacts({ userIdentity: userIdentity(Buffer.from(' Dr "Jane" <Doe> ')) })),
  );
  assert.equal(named.userName, 'Dr "Jane" <Doe>');
  assert.ok(house.ledger.last.xml.includes('&lt;Doe&gt;'));
  const long = asDevice(
    await house.guard.identify(peerFacts({ userIdentity: userIdentity(Buffer.alloc(60_000, 0xff)) })),
  );
  assert.equal(long.userName?.length, limits.userNameCharactersMax);
  const empty = asDevice(await house.guard.identify(peerFacts({ userIdentity: userIdentity(new Uint8Array()) })));
  assert.equal(empty.userName, undefined);
});

test('types 2 and 5 are asked of the account checker, types 3, 4 and unknown ones never', async () => {
  const asked: string[] = [];
  const jane = { id: 3, account: 'jane@hospital.example', role: 'physician', endsAtMs: startMs + dayMs } as const;
  await using house = makeHouse({
    accounts: {
      async check({ kind, primaryField }) {
        asked.push(kind);
        return Buffer.from(primaryField).toString() === 'jdoe' ? { accepted: true, user: jane } : { accepted: false };
      },
      byId: () => jane,
    },
  });
  enrol(house.store);
  const identify = (type: number, name: string) =>
    house.guard.identify(
      peerFacts({
        userIdentity: {
          type,
          positiveResponseRequested: true,
          primaryField: Buffer.from(name),
          secondaryField: Buffer.from('x'),
        },
      }),
    );
  for (const type of [2, 5]) {
    const { userName, person } = asDevice(await identify(type, 'jdoe'));
    assert.equal(userName, jane.account);
    assert.deepEqual(person, { account: jane.account, role: 'physician', passcodeId: 3 });
  }
  await assert.rejects(identify(2, 'mallory'), (error) => reasonOf(error) === 'user-identity');
  for (const type of [0, 3, 4, 6, 255]) {
    await assert.rejects(identify(type, 'jdoe'), (error) => reasonOf(error) === 'user-identity-kind');
  }
  assert.deepEqual(asked, ['passcode', 'token', 'passcode']);
});

test('what negotiation asks beforehand is answered by the opening, and leaves no trace', async () => {
  await using house = makeHouse();
  const session = await sessionOf(house);
  const before = house.ledger.records.length;
  assert.equal(session.offers('store', storeOf().sopClassUid), true);
  assert.equal(session.offers('store', knownUid('1.2.3')), false);
  assert.equal(session.offers('find'), false);
  assert.equal(house.ledger.records.length, before);
  assert.equal(house.store.usage(1), undefined);
});

test('a plain door is to be open as long as its opening is', async () => {
  await using house = makeHouse();
  const { store, clock } = house;
  const plain = { doors: ['dimse-plain' as const], addresses: ['10.1.2.3/32'] };
  enrol(store, { ...plain, name: 'a', plain: { risk: 'r', port: 11_112 }, validUntilMs: startMs + 2 });
  enrol(store, { ...plain, name: 'b', plain: { risk: 'r', port: 11_113 }, validFromMs: startMs + 1 });
  enrol(store);
  const ports = (nowMs: number) => [...plainPorts(store.openings(), nowMs).keys()];
  assert.deepEqual(ports(clock.nowMs), [11_112]);
  assert.deepEqual(ports(startMs + 1), [11_112, 11_113]);
  assert.deepEqual(ports(startMs + 2), [11_113]);
  const opening = store.openingByName('b');
  assert.ok(opening);
  store.closeOpening(opening, closed);
  assert.deepEqual(ports(startMs + 2), []);
});

test('closing the opening ends a running association at once: signal, pass, admission', async () => {
  await using house = makeHouse();
  const session = await sessionOf(house);
  await using admission = await session.admit(storeOf());
  let fired = 0;
  session.revoked.addEventListener('abort', () => (fired += 1));
  const opening = house.store.openingByName('CT1');
  assert.ok(opening);
  house.store.closeOpening(opening, closed);
  assert.equal(fired, 1);
  assert.equal(session.revoked.aborted, true);
  assert.equal(admission.pass.stillValid(), false);
  await assert.rejects(admission.involving(headOf()), (error) => reasonOf(error) === 'opening-closed');
  await assert.rejects(session.admit(storeOf()), (error) => reasonOf(error) === 'opening-closed');
  assert.equal(house.ledger.codes.at(-1), '110113/110132 8');
});

test('revoking the device or its certificate ends a running association at once', async () => {
  const ways = {
    'device-revoked': ({ store }: House) => store.revokeDevice(aet('CT1'), closed),
    'certificate-revoked': ({ store }: House) => store.revokeCertificate(aet('CT1'), fingerprintOf('CT1'), closed),
  };
  for (const [reason, revoke] of Object.entries(ways)) {
    await using house = makeHouse();
    const session = await sessionOf(house);
    revoke(house);
    assert.equal(session.revoked.aborted, true);
    await assert.rejects(session.admit({ kind: 'verify' }), (error) => reasonOf(error) === reason);
    await session.end('aborted');
    assert.match(house.ledger.last.xml, new RegExp(`aborted \\(${reason}\\)`));
  }
});

test('what is closed between identification and session ends the session before it begins', async () => {
  await using house = makeHouse();
  enrol(house.store);
  const principal = await house.guard.identify(peerFacts());
  for (const opening of house.store.openings()) house.store.closeOpening(opening, closed);
  assert.equal(house.guard.session(principal).revoked.aborted, true);
});

test('what is closed while an admission waits for the ledger is not admitted', async () => {
  await using house = makeHouse();
  enrol(house.store, { purpose: 'reading' });
  const session = await sessionOf(house);
  house.ledger.before = () => {
    for (const opening of house.store.openings()) house.store.closeOpening(opening, closed);
  };
  await assert.rejects(session.admit(findOf()), (error) => reasonOf(error) === 'opening-closed');
});

test('another device keeps its association when one is revoked', async () => {
  await using house = makeHouse();
  const session = await sessionOf(house);
  enrol(house.store, { name: 'CT2', device: aet('CT2') });
  house.store.revokeDevice(aet('CT2'), closed);
  assert.equal(session.revoked.aborted, false);
});

test('an association goes on under the opening that replaces its own', async () => {
  await using house = makeHouse();
  const session = await sessionOf(house);
  await using narrow = await session.admit(storeOf());
  await using same = await session.admit({ kind: 'verify' });
  house.store.transaction(() => {
    for (const opening of house.store.openings()) house.store.closeOpening(opening, closed);
    enrol(house.store, { scope: { modalities: ['MR'] } });
  });
  assert.equal(session.revoked.aborted, false);
  assert.equal(narrow.pass.stillValid(), false);
  assert.equal(same.pass.stillValid(), true);
  await using after = await session.admit(storeOf());
  assert.deepEqual(after.pass.scope, { modalities: ['MR'] });
});

test('an association ends when the opening that replaces its own is for another address or purpose', async () => {
  for (const overrides of [{ addresses: ['10.9.0.0/16'] }, { operations: ['verify', 'find'] as const }]) {
    await using house = makeHouse();
    const session = await sessionOf(house);
    house.store.transaction(() => {
      for (const opening of house.store.openings()) house.store.closeOpening(opening, closed);
      enrol(house.store, overrides);
    });
    assert.equal(session.revoked.aborted, true);
  }
});

test('the end date ends a running association by the timer and each operation by itself', async () => {
  await using house = makeHouse();
  const session = await sessionOf(house);
  await using admission = await session.admit(storeOf());
  house.clock.nowMs = startMs + 30 * dayMs - 1;
  house.guard.reviewSessions();
  assert.equal(session.revoked.aborted, false);
  assert.equal(admission.pass.stillValid(), true);
  house.clock.nowMs += 1;
  assert.equal(admission.pass.stillValid(), false);
  await assert.rejects(session.admit(storeOf()), (error) => reasonOf(error) === 'opening-ended');
  house.guard.reviewSessions();
  assert.equal(session.revoked.aborted, true);
});

test('the timer itself ends the association', async () => {
  await using house = makeHouse({ limits: { ...limits, sessionReviewMs: 2 } });
  const session = await sessionOf(house);
  house.clock.nowMs += 31 * dayMs;
  await new Promise((resolve) => session.revoked.addEventListener('abort', resolve, { once: true }));
});

test('a certificate that expires during an association ends it, one moment after its last', async () => {
  await using house = makeHouse();
  enrol(house.store, { validUntilMs: startMs + 900 * dayMs });
  const session = await sessionOf(house);
  house.clock.nowMs = startMs + 365 * dayMs;
  house.guard.reviewSessions();
  // A change of the policy looks at everything again.
  enrol(house.store, { name: 'another', validUntilMs: startMs + 900 * dayMs });
  assert.equal(session.revoked.aborted, false);
  house.clock.nowMs += 1;
  house.guard.reviewSessions();
  assert.equal(reasonOf(session.revoked.reason), 'certificate-expired');
});

test('a certificate that has expired admits no operation, also before the timer has looked', async () => {
  await using house = makeHouse();
  enrol(house.store, { validUntilMs: startMs + 900 * dayMs });
  const session = await sessionOf(house);
  house.clock.nowMs = startMs + 365 * dayMs + 1;
  await assert.rejects(session.admit(storeOf()), (error) => reasonOf(error) === 'certificate-expired');
});

test('the first look at a certificate lets those pass that some device may show, and records the others before it refuses', async () => {
  await using house = makeHouse();
  enrol(house.store);
  const { certificate, ...others } = peerFacts();
  assert.ok(certificate !== undefined);
  const look = (changes: Partial<typeof certificate> = {}) =>
    house.guard.checkCertificate({ ...others, certificate: { ...certificate, ...changes } });
  assert.equal(look(), undefined);
  assert.equal(house.ledger.records.length, 0);
  for (const [changes, reason] of [
    [{ fingerprint256: 'ff'.repeat(32) }, 'certificate-unknown'],
    [{ notAfterMs: startMs - 1 }, 'certificate-expired'],
    [{ keyBits: 128 }, 'certificate-weak'],
  ] as const) {
    const before: number = house.ledger.records.length;
    await assert.rejects(look(changes) ?? Promise.resolve(), (error) => reasonOf(error) === reason);
    assert.equal(house.ledger.records.length, before + 1);
  }
  await assert.rejects(
    house.guard.checkCertificate(others) ?? Promise.resolve(),
    (error) => reasonOf(error) === 'certificate-missing',
  );
  // While the clock cannot be believed not even a good one passes.
  house.clock.nowMs -= limits.clockBackwardsMsMax + 1;
  await assert.rejects(look() ?? Promise.resolve(), (error) => reasonOf(error) === 'clock');
});

test('a release and its withdrawal count at once within a running association', async () => {
  await using house = makeHouse();
  enrol(house.store, { purpose: 'exchange' });
  const session = await sessionOf(house);
  const scopeNow = async () => {
    await using admission = await session.admit(findOf());
    return admission.pass.scope.studyInstanceUids;
  };
  assert.deepEqual(await scopeNow(), []);
  const release = {
    device: aet('CT1'),
    studyInstanceUid: studyA,
    reason: 'second opinion',
    owner: 'root',
    createdAtMs: startMs,
    validUntilMs: startMs + 1000,
  };
  const id = house.store.addRelease(release);
  assert.deepEqual(await scopeNow(), [studyA]);
  await using admission = await session.admit(retrieveOf());
  house.store.withdrawRelease({ ...release, id }, startMs);
  assert.equal(admission.pass.stillValid(), false);
  assert.deepEqual(await scopeNow(), []);
});

test('the device limit holds exactly, also for many that come at once, and ended sessions make room', async () => {
  await using house = makeHouse({ limits: { ...limits, associationsPerDeviceMax: 3 } });
  enrol(house.store);
  const tries = await Promise.allSettled(Array.from({ length: 8 }, () => house.guard.identify(peerFacts())));
  const accepted = tries.flatMap((result) => (result.status === 'fulfilled' ? [result.value] : []));
  assert.equal(accepted.length, 3);
  assert.equal(house.guard.runningSessions(aet('CT1')), 3);
  const [first] = accepted;
  assert.ok(first);
  await house.guard.session(first).end('released');
  await house.guard.identify(peerFacts());
  await assert.rejects(house.guard.identify(peerFacts()), (error) => reasonOf(error) === 'too-many-associations');
});

test('the address limit counts over all devices behind the address', async () => {
  await using house = makeHouse({ limits: { ...limits, associationsPerAddressMax: 2 } });
  enrol(house.store);
  enrol(house.store, { name: 'CT2', device: aet('CT2') });
  await house.guard.identify(peerFacts());
  await house.guard.identify(peerFacts({ callingAeTitle: 'CT2', address: '::ffff:10.1.2.3' }));
  await assert.rejects(house.guard.identify(peerFacts()), (error) => reasonOf(error) === 'too-many-associations');
  await house.guard.identify(peerFacts({ address: '10.1.2.4' }));
});

test('an identification that no session follows gives its place back', async () => {
  await using house = makeHouse({ limits: { ...limits, associationsPerDeviceMax: 1, identifiedUnusedMsMax: 5 } });
  enrol(house.store);
  const principal = await house.guard.identify(peerFacts());
  await new Promise((resolve) => setTimeout(resolve, 30));
  assert.throws(() => house.guard.session(principal), /not identified/);
  await house.guard.identify(peerFacts());
});

test('a principal that the guard did not identify, or used before, gets no session', async () => {
  await using house = makeHouse();
  enrol(house.store);
  const principal = await house.guard.identify(peerFacts());
  assert.throws(() => house.guard.session({ ...principal }), /not identified/);
  house.guard.session(principal);
  assert.throws(() => house.guard.session(principal), /not identified/);
});

test('without a ledger nobody is let in, and nothing stays counted', async () => {
  await using house = makeHouse();
  enrol(house.store);
  house.ledger.fails = true;
  await assert.rejects(house.guard.identify(peerFacts()), isUnavailable);
  assert.equal(house.guard.runningSessions(aet('CT1')), 0);
  assert.equal(house.guard.isRecording, false);
});

test('a refusal that cannot be recorded is a failure of the ledger', async () => {
  await using house = makeHouse();
  house.ledger.fails = true;
  await assert.rejects(house.guard.identify(peerFacts()), isUnavailable);
});

test('a ledger that fails midway stops everything, also what has no record of its own, until it is back', async () => {
  await using house = makeHouse();
  enrol(house.store, { purpose: 'archive' });
  const session = await sessionOf(house);
  {
    await using store = await session.admit(storeOf());
    await store.involving(headOf());
    store.succeeded();
  }
  house.ledger.fails = true;
  await assert.rejects(session.admit(findOf()), isUnavailable);
  await assert.rejects(session.admit({ kind: 'verify' }), isUnavailable);
  await assert.rejects(session.admit(storeOf()), isUnavailable);
  await assert.rejects(session.admit(commitOf()), isUnavailable);
  await assert.rejects(session.end('released'), isUnavailable);
  assert.equal(house.guard.runningSessions(aet('CT1')), 0);
  house.ledger.fails = false;
  house.clock.nowMs += 5000;
  await sessionOf(house);
  // The outage is recorded first, then what could not be written meanwhile.
  assert.deepEqual(house.ledger.codes.slice(2), ['110113/110134 0', '110104 0', '110114/110123 0', '110114/110122 0']);
});

test('a store whose begin cannot be recorded must not be committed, and the next one tries again', async () => {
  await using house = makeHouse();
  const session = await sessionOf(house);
  await using first = await session.admit(storeOf());
  house.ledger.fails = true;
  await assert.rejects(first.involving(headOf()), isUnavailable);
  house.ledger.fails = false;
  await using second = await session.admit(storeOf());
  await second.involving(headOf());
  assert.equal(house.ledger.codes.at(-1), '110102 0');
});

test('a clock that goes back a little is tolerated, by more stops devices until somebody says it is right', async () => {
  await using house = makeHouse();
  enrol(house.store, { validFromMs: startMs - dayMs });
  const session = await sessionOf(house);
  await using admission = await session.admit(storeOf());
  house.clock.nowMs = startMs - limits.clockBackwardsMsMax;
  await session.admit(storeOf());
  house.clock.nowMs -= 1;
  assert.equal(house.guard.isClockSteady, false);
  assert.equal(admission.pass.stillValid(), false);
  await assert.rejects(session.admit(storeOf()), (error) => reasonOf(error) === 'clock');
  const command = { kind: 'administer', command: 'clock accept', summary: 'was an hour fast' } as const;
  await underAdmission(house.guard.session({ kind: 'operator', user: 'root' }), command, ({ pass }) =>
    house.guard.acceptClock(pass),
  );
  await session.admit(storeOf());
  assert.equal(house.ledger.codes.at(-1), '110113/110129 0');
});

test('a clock that went back between two starts is noticed by the last use of an opening', async () => {
  await using house = makeHouse();
  enrol(house.store);
  house.store.addUses(new Map([[1, { lastUsedAtMs: startMs + dayMs, useCount: 1 }]]));
  const { Guard } = await import('./guard.ts');
  await using guard = new Guard({
    store: house.store,
    ledger: house.ledger,
    limits,
    self: { sourceId: 'leadglass', aeTitles: ['LEADGLASS'], processId: '4711' },
    calledAeTitles: [aet('LEADGLASS')],
    encodeIdentifier: () => new Uint8Array(),
    now: house.clock.now,
  });
  await assert.rejects(guard.identify(peerFacts()), (error) => reasonOf(error) === 'clock');
});

test('a query is recorded before it is answered, and once more when it fails', async () => {
  await using house = makeHouse();
  enrol(house.store, { purpose: 'reading' });
  const session = await sessionOf(house);
  {
    await using admission = await session.admit(findOf());
    assert.equal(house.ledger.codes.at(-1), '110112 0');
    assert.ok(house.ledger.last.xml.includes(Buffer.from([1, 2, 3]).toString('base64')));
    assert.ok(house.ledger.last.xml.includes('1.2.840.10008.5.1.4.1.2.2.1'));
    admission.succeeded();
  }
  assert.equal(house.ledger.records.length, 2);
  {
    await using admission = await session.admit(findOf());
    admission.failed(new LeadglassError('BACKEND_UNAVAILABLE', 'no'));
  }
  assert.equal(house.ledger.codes.at(-1), '110112 8');
  assert.equal(house.ledger.last.reason, 'BACKEND_UNAVAILABLE');
  {
    await using _admission = await session.admit(findOf());
  }
  assert.equal(house.ledger.last.reason, 'not completed');
});

test('verifications have no record of their own; the end of the association counts them', async () => {
  await using house = makeHouse();
  const session = await sessionOf(house);
  for (let count = 0; count < 3; count += 1) {
    await using admission = await session.admit({ kind: 'verify' });
    admission.succeeded();
  }
  assert.equal(house.ledger.records.length, 1);
  await session.end('released');
  assert.match(house.ledger.last.xml, /released; 3 verifications, 0 operations refused/);
});

test('a retrieve of which nothing moved is recorded with what was asked for', async () => {
  await using house = makeHouse();
  enrol(house.store, { purpose: 'reading' });
  const session = await sessionOf(house);
  {
    await using admission = await session.admit(retrieveOf());
    admission.succeeded();
  }
  assert.equal(house.ledger.codes.at(-1), '110103 4');
  assert.deepEqual(house.ledger.last.studyInstanceUids, [studyA]);
  {
    await using _admission = await session.admit(retrieveOf());
  }
  assert.equal(house.ledger.codes.at(-1), '110103 8');
});

test('storage commitment is recorded when asked and with its result', async () => {
  await using house = makeHouse();
  const session = await sessionOf(house);
  {
    await using admission = await session.admit(commitOf());
    admission.succeeded({ committed: { safe: 1, failed: 0 } });
  }
  assert.deepEqual(house.ledger.codes.slice(1), ['110103 0', '110103 0']);
  assert.match(house.ledger.last.xml, /1 safe, 0 not/);
});

test('an operator removes, imports and exports under records of their own kind', async () => {
  await using house = makeHouse({ studies: { headOf: async () => headOf() } });
  const session = house.guard.session({ kind: 'operator', user: 'root' });
  for (const step of ['request', 'undo', 'finish'] as const) {
    await using admission = await session.admit({
      kind: 'remove',
      studyInstanceUid: studyA,
      step,
      reason: 'retention over',
    });
    admission.succeeded();
  }
  // Each is recorded when it is asked for and when it is done; only what was deleted is said to be.
  assert.deepEqual(house.ledger.codes, ['110103 0', '110103 0', '110103 0', '110103 0', '110103 0', '110105 0']);
  // Also of those that are written before it is done: afterwards nobody knows.
  for (const { patientIds } of house.ledger.records) assert.deepEqual(patientIds, ['PID-1']);
  {
    await using admission = await session.admit(storeOf());
    await admission.involving(headOf());
    admission.succeeded();
  }
  {
    await using admission = await session.admit(retrieveOf({ via: 'export' }));
    await admission.involving(headOf({ studyInstanceUid: studyB }));
    admission.transferred(headOf({ studyInstanceUid: studyB }));
    admission.succeeded();
  }
  {
    await using admission = await session.admit({ kind: 'resolve', conflictId: 3, keep: 'arrived', reason: 'newer' });
    admission.succeeded();
  }
  await session.end('done');
  assert.deepEqual(house.ledger.codes.slice(6), [
    '110102 0',
    '110102 0',
    '110103 0',
    '110103 0',
    '110107 0',
    '110106 0',
  ]);
});

test('administration is recorded under its own kind, and again when it fails', async () => {
  const cases: Record<string, string> = {
    'device add': '110113/110129 0',
    'device revoke': '110113/110137 0',
    'opening close': '110113/110129 0',
    'ledger show': '110101 0',
    status: '110113/110141 0',
  };
  await using house = makeHouse();
  const session = house.guard.session({ kind: 'operator', user: 'root' });
  for (const [command, code] of Object.entries(cases)) {
    await using admission = await session.admit({ kind: 'administer', command, summary: 's' });
    assert.equal(house.ledger.codes.at(-1), code);
    admission.succeeded();
  }
  {
    await using admission = await session.admit({ kind: 'administer', command: 'device add', summary: 's' });
    admission.failed(new LeadglassError('CONFLICT', 'no'));
  }
  assert.equal(house.ledger.codes.at(-1), '110113/110129 8');
});

test('uses are counted in memory and written into the policy by and by', async () => {
  await using house = makeHouse();
  const session = await sessionOf(house);
  await session.admit(storeOf());
  await session.admit({ kind: 'verify' });
  house.clock.nowMs += 7;
  await session.admit(storeOf());
  await assert.rejects(session.admit(findOf()));
  assert.equal(house.store.usage(1), undefined);
  house.guard.writeUses();
  assert.deepEqual(house.store.usage(1), { lastUsedAtMs: startMs + 7, useCount: 3 });
  house.guard.writeUses();
  assert.equal(house.store.usage(1)?.useCount, 3);
});
