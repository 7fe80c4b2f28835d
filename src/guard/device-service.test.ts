import assert from 'node:assert/strict';
import { test } from 'node:test';
import { LeadglassError } from '../error.ts';
import { limits } from '../limits.ts';
import { type CertificateIssuer, DeviceService } from './device-service.ts';
import { formatFrom, formatUntil, parseFrom, parseUntil } from './dates.ts';
import type { DeviceAdd } from './device-requests.ts';
import { OpeningService } from './opening-service.ts';
import type { Administer } from './operation.ts';
import type { Pass } from './pass.ts';
import type { DeviceCertificate } from './policy-rows.ts';
import { ReleaseService } from './release.ts';
import {
  aet,
  certificateFacts,
  dayMs,
  enrol,
  fingerprintOf,
  makeHouse,
  openingTerms,
  peerFacts,
  startMs,
  studyA,
} from './test-support.ts';

const timeZone = 'Europe/Zurich';
const code = (wanted: string, words?: RegExp) => (error: unknown) => {
  assert.ok(error instanceof LeadglassError, String(error));
  assert.equal(error.code, wanted, error.message);
  if (words !== undefined) assert.match(error.message, words);
  return true;
};

/** Stands for the authority: each certificate has the next number as its fingerprint. */
class TestIssuer implements CertificateIssuer {
  readonly requests: Parameters<CertificateIssuer['issue']>[0][] = [];
  readonly revocations: (readonly DeviceCertificate[])[] = [];

  async issue(request: Parameters<CertificateIssuer['issue']>[0]) {
    this.requests.push(request);
    return {
      fingerprint256: fingerprintOf(`issued ${this.requests.length}`).toUpperCase(),
      subject: `CN=${request.aeTitle}`,
      serialNumber: String(this.requests.length),
      notBeforeMs: startMs - dayMs,
      notAfterMs: request.notAfterMs,
      certificatePem: 'cert',
      authorityPem: 'ca',
      ...(request.csrPem === undefined ? { keyPem: 'key' } : {}),
    };
  }

  async revoked(certificates: readonly DeviceCertificate[]): Promise<void> {
    this.revocations.push(certificates);
  }
}

async function office() {
  const house = makeHouse();
  const issuer = new TestIssuer();
  const common = { store: house.store, now: house.clock.now, timeZone };
  const rules = { ...limits, extendedKeyUsageRequired: false };
  const devices = new DeviceService({ ...common, issuer, rules, plainPortFirst: 11_112 });
  const openings = new OpeningService({ ...common, rules });
  const releases = new ReleaseService(common);
  const session = house.guard.session({ kind: 'operator', user: 'root' });
  const { pass } = await session.admit<Administer>({ kind: 'administer', command: 'device add', summary: 's' });
  return { house, issuer, devices, openings, releases, pass };
}

const ct1: DeviceAdd = { aeTitle: 'CT1', purpose: 'acquisition', reason: 'CT, room 1', until: '2027-06-30' };

test('a device that was added is let in with the certificate that was made for it', async () => {
  const { house, issuer, devices, pass } = await office();
  await using _house = house;
  const { opening, issued, device } = await devices.add(pass, { ...ct1, addresses: ['10.1.2.0/24'] });
  assert.equal(device.purpose, 'acquisition');
  assert.equal(issued?.keyPem, 'key');
  assert.deepEqual(opening.operations, ['verify', 'store', 'commit']);
  assert.equal(opening.owner, 'root');
  // Open through the whole of the last day where the server stands.
  assert.equal(opening.validUntilMs, Date.UTC(2027, 5, 30, 22));
  assert.equal(issuer.requests[0]?.notAfterMs, opening.validUntilMs);
  const certificate = certificateFacts({ fingerprint256: fingerprintOf('issued 1') });
  assert.equal((await house.guard.identify(peerFacts({ certificate }))).openingId, opening.id);
});

test('a certificate lives two years at most, however long the opening', async () => {
  const { house, issuer, devices, pass } = await office();
  await using _house = house;
  await devices.add(pass, { ...ct1, until: '2036-01-01' });
  assert.equal(issuer.requests[0]?.notAfterMs, startMs + 730 * dayMs);
});

test('a signing request leaves the key with the device', async () => {
  const { house, issuer, devices, pass } = await office();
  await using _house = house;
  const { issued } = await devices.add(pass, { ...ct1, certificate: { kind: 'csr', csrPem: 'pem' } });
  assert.equal(issued?.keyPem, undefined);
  assert.equal(issuer.requests[0]?.csrPem, 'pem');
});

test('a foreign certificate is pinned when it is good, and refused when it is weak, expired or not for clients', async () => {
  const { house, issuer, devices, pass } = await office();
  await using _house = house;
  const { authorized: _authorized, ...facts } = certificateFacts({
    fingerprint256: 'AB'.repeat(32).replaceAll(/..(?=.)/g, '$&:'),
  });
  for (const bad of [
    { keyType: 'rsa', keyBits: 1024 },
    { notAfterMs: startMs - 1 },
    { extendedKeyUsage: ['1.3.6.1.5.5.7.3.1'] },
  ]) {
    const request = {
      ...ct1,
      certificate: {
        kind: 'pinned' as const,
        facts: { ...facts, ...bad, extendedKeyUsage: [...(bad.extendedKeyUsage ?? [])] },
      },
    };
    await assert.rejects(devices.add(pass, request), code('BAD_REQUEST', /Cannot pin/));
  }
  assert.equal(house.store.devices().length, 0);
  const { extendedKeyUsage: _extendedKeyUsage, ...plainFacts } = facts;
  await devices.add(pass, { ...ct1, certificate: { kind: 'pinned', facts: plainFacts } });
  assert.equal(issuer.requests.length, 0);
  const certificate = certificateFacts({
    fingerprint256: 'ab'.repeat(32),
    authorized: false,
    authorizationError: 'DEPTH_ZERO_SELF_SIGNED_CERT',
  });
  await house.guard.identify(peerFacts({ certificate }));
});

const foreignFingerprint = 'ab'.repeat(32);
function pinnedCertificate(sharedWith?: string[]) {
  const {
    authorized: _authorized,
    extendedKeyUsage: _usage,
    ...facts
  } = certificateFacts({
    fingerprint256: foreignFingerprint,
  });
  return { kind: 'pinned' as const, facts, ...(sharedWith === undefined ? {} : { sharedWith }) };
}
const foreignPeer = (callingAeTitle: string) =>
  peerFacts({
    callingAeTitle,
    certificate: certificateFacts({
      fingerprint256: foreignFingerprint,
      authorized: false,
      authorizationError: 'DEPTH_ZERO_SELF_SIGNED_CERT',
    }),
  });

test('a foreign certificate stands for one AE title, and for a second one only when that is said by name', async () => {
  const { house, devices, pass } = await office();
  await using _house = house;
  await devices.add(pass, { ...ct1, certificate: pinnedCertificate() });
  const second = (sharedWith?: string[]): DeviceAdd => ({
    ...ct1,
    aeTitle: 'CT1QR',
    certificate: pinnedCertificate(sharedWith),
  });
  await assert.rejects(devices.add(pass, second()), code('CONFLICT', /stands for CT1 already/));
  await assert.rejects(devices.add(pass, second(['CT1', 'CT9'])), code('CONFLICT', /CT9 does not hold it/));
  assert.equal(house.store.device(aet('CT1QR')), undefined, 'nothing is left behind');
  await devices.add(pass, second(['CT1']));
  for (const name of ['CT1', 'CT1QR']) await house.guard.identify(foreignPeer(name));
  await devices.add(pass, { ...ct1, aeTitle: 'CT3' });
  const renewal = { aeTitle: 'CT3', until: '2028-06-30' };
  await assert.rejects(
    devices.renew(pass, { ...renewal, certificate: pinnedCertificate(['CT1']) }),
    code('CONFLICT', /stands for CT1QR already/),
  );
  // Pinned again for the device that has it: nothing new, and no error.
  await devices.renew(pass, { aeTitle: 'CT1', until: '2028-06-30', certificate: pinnedCertificate(['CT1QR']) });
  assert.equal(house.store.certificatesOf(aet('CT1')).length, 1);
});

test('revoking a device revokes its certificate for every AE title that shares it, and it comes back under none', async () => {
  const { house, issuer, devices, pass } = await office();
  await using _house = house;
  await devices.add(pass, { ...ct1, certificate: pinnedCertificate() });
  await devices.add(pass, { ...ct1, aeTitle: 'CT1QR', certificate: pinnedCertificate(['CT1']) });
  const session = house.guard.session(await house.guard.identify(foreignPeer('CT1QR')));
  await devices.revoke(pass, aet('CT1'), 'key stolen');
  assert.equal(session.revoked.aborted, true);
  assert.equal(issuer.revocations[0]?.length, 2);
  for (const name of ['CT1', 'CT1QR']) await assert.rejects(house.guard.identify(foreignPeer(name)), /not known here/);
  for (const aeTitle of ['CT1', 'NEW']) {
    await assert.rejects(
      devices.add(pass, { ...ct1, aeTitle, certificate: pinnedCertificate() }),
      code('CONFLICT', /was revoked/),
    );
  }
  // The other AE title is not revoked: it goes on with a new certificate.
  await devices.renew(pass, { aeTitle: 'CT1QR', until: '2027-06-30' });
  await house.guard.identify(
    peerFacts({
      callingAeTitle: 'CT1QR',
      certificate: certificateFacts({ fingerprint256: fingerprintOf('issued 1') }),
    }),
  );
});

test('a device without TLS gets its own port, needs addresses and ends within 90 days', async () => {
  const { house, issuer, devices, pass } = await office();
  await using _house = house;
  const plain = { ...ct1, plain: { risk: 'sniffing' }, addresses: ['10.1.2.3'], until: '2027-01-31' };
  const { opening, issued } = await devices.add(pass, plain);
  assert.equal(opening.name, 'CT1-plain');
  assert.equal(opening.plain?.port, 11_112);
  assert.equal(issued, undefined);
  assert.equal(issuer.requests.length, 0);
  await assert.rejects(devices.renew(pass, { aeTitle: 'CT1', until: '2027-02-10' }), code('CONFLICT'));
  const kept = await devices.renew(pass, { aeTitle: 'CT1', until: '2027-02-10', certificate: { kind: 'keep' } });
  assert.deepEqual([kept.opening.plain?.port, issuer.requests.length], [11_112, 0]);
  const other = await devices.add(pass, { ...plain, aeTitle: 'CT2' });
  assert.equal(other.opening.plain?.port, 11_113);
  await assert.rejects(
    devices.add(pass, { ...plain, aeTitle: 'CT3', until: '2027-03-31' }),
    code('BAD_REQUEST', /90 days at most/),
  );
  await assert.rejects(
    devices.add(pass, { ...plain, aeTitle: 'CT3', addresses: [] }),
    code('BAD_REQUEST', /named addresses/),
  );
});

test('what the purpose forbids, what is malformed and what has ended is not made, and nothing is left behind', async () => {
  const { house, issuer, devices, pass } = await office();
  await using _house = house;
  const bad: readonly (readonly [object, RegExp])[] = [
    [{ operations: ['find'] }, /can never hold find/],
    [{ until: '2026-11-23' }, /end date has passed/],
    [{ until: 'tomorrow' }, /expected 2027-06-30/],
    [{ aeTitle: 'WAY TOO LONG AE TITLE' }, /aeTitle/],
    [{ addresses: ['10.1.2.3/24'] }, /addresses.0/],
    [{ purpose: 'everything' }, /purpose/],
    [{ reason: '  ' }, /reason/],
    [{ surprise: true }, /surprise|request/],
  ];
  for (const [overrides, words] of bad) {
    await assert.rejects(devices.add(pass, { ...ct1, ...overrides }), code('BAD_REQUEST', words));
  }
  assert.equal(issuer.requests.length, 0);
  assert.equal(house.store.devices().length, 0);
});

test('a name is given once, and a device has one purpose', async () => {
  const { house, devices, pass } = await office();
  await using _house = house;
  await devices.add(pass, ct1);
  await assert.rejects(devices.add(pass, ct1), code('CONFLICT', /one of this name/));
  await assert.rejects(
    devices.add(pass, { ...ct1, name: 'second', purpose: 'reading' }),
    code('CONFLICT', /one purpose/),
  );
  const second = await devices.add(pass, { ...ct1, name: 'second', addresses: ['10.9.0.0/16'] });
  // The certificate that it has is enough.
  assert.equal(second.issued, undefined);
});

test('an opening that had ended makes room for a new one of its name', async () => {
  const { house, devices, openings, pass } = await office();
  await using _house = house;
  await devices.add(pass, { ...ct1, until: '2026-11-30' });
  house.clock.nowMs += 30 * dayMs;
  await devices.add(pass, ct1);
  assert.equal(openings.list(pass).length, 1);
  assert.equal(openings.list(pass, { closedToo: true }).length, 2);
});

test('a device that is enrolled anew after its opening was closed does not come back with what it had before', async () => {
  const { house, devices, openings, pass } = await office();
  await using _house = house;
  await devices.add(pass, ct1);
  const old = peerFacts({ certificate: certificateFacts({ fingerprint256: fingerprintOf('issued 1') }) });
  await house.guard.identify(old);
  openings.close(pass, 'CT1', 'moved to another room');
  await devices.add(pass, { ...ct1, certificate: { kind: 'csr', csrPem: 'request' } });
  await assert.rejects(house.guard.identify(old), /not known here/);
  await house.guard.identify(
    peerFacts({ certificate: certificateFacts({ fingerprint256: fingerprintOf('issued 2') }) }),
  );
});

test('the address of a device itself may be named for commitment results alone, that of others needs move', async () => {
  const { house, devices, pass } = await office();
  await using _house = house;
  const at = (name: string) => [{ aeTitle: aet(name), host: 'ct1.example', port: 11_112, trust: 'own-authority' }];
  await assert.rejects(
    devices.add(pass, { ...ct1, moveDestinations: at('OTHER') }),
    code('BAD_REQUEST', /move is not/),
  );
  await devices.add(pass, { ...ct1, moveDestinations: at('CT1') });
});

test('renewing gives a new certificate and a later end, and a running association goes on', async () => {
  const { house, devices, pass } = await office();
  await using _house = house;
  await devices.add(pass, ct1);
  const certificate = certificateFacts({ fingerprint256: fingerprintOf('issued 1') });
  const session = house.guard.session(await house.guard.identify(peerFacts({ certificate })));
  const { opening, issued } = await devices.renew(pass, { aeTitle: 'CT1', until: '2028-06-30' });
  assert.equal(issued?.serialNumber, '2');
  assert.equal(formatUntil(opening.validUntilMs, timeZone), '2028-06-30');
  assert.equal(session.revoked.aborted, false);
  assert.equal(devices.show(pass, aet('CT1')).certificates.length, 2);
  await assert.rejects(devices.renew(pass, { aeTitle: 'NOBODY', until: '2028-06-30' }), code('NOT_FOUND'));
});

test('revoking takes everything at once and publishes it; enrolling anew does not bring old certificates back', async () => {
  const { house, issuer, devices, openings, pass } = await office();
  await using _house = house;
  await devices.add(pass, ct1);
  const certificate = certificateFacts({ fingerprint256: fingerprintOf('issued 1') });
  const session = house.guard.session(await house.guard.identify(peerFacts({ certificate })));
  await assert.rejects(devices.revoke(pass, aet('CT1'), ' '), code('BAD_REQUEST'));
  await devices.revoke(pass, aet('CT1'), 'stolen');
  assert.equal(session.revoked.aborted, true);
  assert.equal(issuer.revocations[0]?.[0]?.fingerprint256, fingerprintOf('issued 1'));
  assert.equal(openings.list(pass).length, 0);
  await assert.rejects(devices.revoke(pass, aet('CT1'), 'again'), code('CONFLICT', /revoked before/));
  await assert.rejects(devices.revoke(pass, aet('NOBODY'), 'r'), code('NOT_FOUND'));
  await devices.add(pass, { ...ct1, purpose: 'reading' });
  await assert.rejects(house.guard.identify(peerFacts({ certificate })), /not known here/);
  await house.guard.identify(
    peerFacts({ certificate: certificateFacts({ fingerprint256: fingerprintOf('issued 2') }) }),
  );
  assert.equal(devices.list(pass)[0]?.device.purpose, 'reading');
});

test('revoking withdraws what was released to the device: its name does not bring that back to whoever has it next', async () => {
  const { house, devices, releases, pass } = await office();
  await using _house = house;
  const partner: DeviceAdd = { ...ct1, aeTitle: 'PARTNER', purpose: 'exchange' };
  await devices.add(pass, partner);
  releases.add(pass, { device: 'PARTNER', studyInstanceUid: studyA, reason: 'referral', until: '2027-01-31' });
  await devices.revoke(pass, aet('PARTNER'), 'contract ended');
  await devices.add(pass, partner);
  assert.deepEqual(releases.list(pass), []);
});

test('opening list marks what ends soon, what was never used, what is unused and what is plain, at exact limits', async () => {
  const { house, openings, pass } = await office();
  await using _house = house;
  const soon = limits.expiresSoonDays * dayMs;
  enrol(house.store, { name: 'soon', validUntilMs: startMs + soon });
  enrol(house.store, { name: 'later', validUntilMs: startMs + soon + 1 });
  const used = enrol(house.store, { name: 'used', validUntilMs: startMs + 900 * dayMs });
  enrol(house.store, {
    name: 'plain',
    doors: ['dimse-plain'],
    addresses: ['10.1.2.3/32'],
    plain: { risk: 'r', port: 104 },
    validUntilMs: startMs + 90 * dayMs,
  });
  house.store.addUses(new Map([[used, { lastUsedAtMs: startMs, useCount: 5 }]]));
  const marks = () => Object.fromEntries(openings.list(pass).map(({ opening, marks }) => [opening.name, marks.join()]));
  assert.deepEqual(marks(), {
    soon: 'expires-soon,never-used',
    later: 'never-used',
    used: '',
    plain: 'plain,never-used',
  });
  house.clock.nowMs = startMs + limits.unusedDays * dayMs - 1;
  assert.equal(marks()['used'], '');
  house.clock.nowMs += 1;
  assert.equal(marks()['used'], 'unused');
  assert.equal(openings.show(pass, 'used').usage?.useCount, 5);
  assert.equal(openings.show(pass, 'soon').state, 'ended');
});

test('closing an opening needs a reason and happens once', async () => {
  const { house, openings, pass } = await office();
  await using _house = house;
  enrol(house.store);
  assert.throws(() => openings.close(pass, 'CT1', ''), code('BAD_REQUEST'));
  assert.equal(openings.close(pass, 'CT1', 'sold').closed?.by, 'root');
  assert.throws(() => openings.close(pass, 'CT1', 'sold'), code('CONFLICT', /closed before/));
  assert.throws(() => openings.close(pass, 'NOBODY', 'r'), code('NOT_FOUND'));
  assert.equal(openings.show(pass, 'CT1').state, 'closed');
});

test('what is exported and applied unchanged makes no difference', async () => {
  const { house, devices, openings, pass } = await office();
  await using _house = house;
  await devices.add(pass, {
    ...ct1,
    scope: { modalities: ['CT'], departments: ['Radiology'] },
    addresses: ['10.1.2.3'],
  });
  house.clock.nowMs += 12_345;
  const document = JSON.parse(JSON.stringify(openings.export(pass)));
  assert.deepEqual(openings.difference(pass, document), { added: [], changed: [], closed: [] });
});

test('applying tells the difference first, then does it all at once', async () => {
  const { house, devices, openings, pass } = await office();
  await using _house = house;
  await devices.add(pass, ct1);
  await devices.add(pass, { ...ct1, aeTitle: 'CT2' });
  const document = {
    openings: [
      { ...openings.export(pass).openings[0], scope: { modalities: ['CT'] } },
      { name: 'night', device: 'CT2', purpose: 'acquisition', reason: 'night shift', until: '2027-01-31' },
    ],
  };
  const difference = openings.difference(pass, document);
  assert.deepEqual(
    difference.added.map(({ name }) => name),
    ['night'],
  );
  assert.deepEqual(
    difference.changed.map(({ name, after }) => [name, after.scope]),
    [['CT1', { modalities: ['CT'] }]],
  );
  assert.deepEqual(
    difference.closed.map(({ name }) => name),
    ['CT2'],
  );
  assert.equal(openings.list(pass).length, 2);
  house.clock.nowMs += 60_000;
  openings.apply(pass, document, difference);
  assert.deepEqual(
    openings.list(pass).map(({ opening }) => [opening.name, opening.owner]),
    [
      ['CT1', 'root'],
      ['night', 'root'],
    ],
  );
  assert.deepEqual(openings.difference(pass, openings.export(pass)), { added: [], changed: [], closed: [] });
});

test('an opening that is prolonged or explained anew keeps the count of its uses; one that allows something else begins at none', async () => {
  const { house, devices, openings, pass } = await office();
  await using _house = house;
  const { opening } = await devices.add(pass, ct1);
  const used = { lastUsedAtMs: startMs + 1000, useCount: 7 };
  house.store.addUses(new Map([[opening.id, used]]));
  const apply = (changes: object) => {
    const document = { openings: [{ ...openings.export(pass).openings[0], ...changes }] };
    const difference = openings.difference(pass, document);
    openings.apply(pass, document, difference);
    return { keepsUses: difference.changed[0]?.keepsUses, usage: openings.show(pass, 'CT1').usage };
  };
  assert.deepEqual(apply({ until: '2028-06-30', reason: 'CT, room 2', owner: 'ada' }), {
    keepsUses: true,
    usage: used,
  });
  assert.equal((await devices.renew(pass, { aeTitle: 'CT1', until: '2029-06-30' })).opening.name, 'CT1');
  assert.deepEqual(openings.show(pass, 'CT1').usage, used);
  // What was there before still says what it was used for.
  assert.deepEqual(house.store.usage(opening.id), used);
  for (const other of [{ scope: { modalities: ['CT'] } }, { addresses: ['10.0.0.0/8'] }, { operations: ['store'] }]) {
    assert.deepEqual(apply(other), { keepsUses: false, usage: undefined });
    house.store.addUses(new Map([[openings.show(pass, 'CT1').opening.id, used]]));
  }
});

test('applying what has changed meanwhile is refused and changes nothing', async () => {
  const { house, openings, pass } = await office();
  await using _house = house;
  enrol(house.store);
  const difference = openings.difference(pass, { openings: [] });
  enrol(house.store, { name: 'another' });
  assert.throws(() => openings.apply(pass, { openings: [] }, difference), code('CONFLICT'));
  assert.equal(openings.list(pass).length, 2);
});

test('a document that names unknown devices, other purposes, forbidden operations or a name twice is refused', async () => {
  const { house, openings, pass } = await office();
  await using _house = house;
  enrol(house.store);
  const entry = { name: 'CT1', device: 'CT1', purpose: 'acquisition', reason: 'r', until: '2027-01-31' };
  const bad: readonly (readonly [unknown, string, RegExp])[] = [
    [{ openings: [{ ...entry, device: 'NEW' }] }, 'NOT_FOUND', /not enrolled/],
    [{ openings: [{ ...entry, purpose: 'reading' }] }, 'CONFLICT', /purpose of CT1 is acquisition/],
    [{ openings: [{ ...entry, operations: ['get'] }] }, 'BAD_REQUEST', /can never hold get/],
    [{ openings: [entry, entry] }, 'BAD_REQUEST', /named twice/],
    [{ openings: 'all' }, 'BAD_REQUEST', /openings/],
    ['openings', 'BAD_REQUEST', /Cannot apply/],
  ];
  for (const [document, wanted, words] of bad) {
    assert.throws(() => openings.difference(pass, document), code(wanted, words), JSON.stringify(document));
  }
});

test('a study is released to an exchange partner only, until its end, and withdrawn once', async () => {
  const { house, releases, pass } = await office();
  await using _house = house;
  enrol(house.store, { name: 'PARTNER', device: aet('PARTNER'), purpose: 'exchange' });
  enrol(house.store);
  const request = { device: 'PARTNER', studyInstanceUid: studyA, reason: 'second opinion', until: '2026-12-01' };
  const release = releases.add(pass, request);
  assert.deepEqual(
    releases.list(pass).map(({ id }) => id),
    [release.id],
  );
  assert.throws(() => releases.add(pass, { ...request, device: 'CT1' }), code('CONFLICT', /not for exchange/));
  assert.throws(() => releases.add(pass, { ...request, device: 'NEW' }), code('NOT_FOUND'));
  assert.throws(() => releases.add(pass, { ...request, until: '2026-11-23' }), code('BAD_REQUEST', /has passed/));
  house.clock.nowMs = release.validUntilMs - 1;
  assert.equal(releases.list(pass, aet('PARTNER')).length, 1);
  house.clock.nowMs += 1;
  assert.equal(releases.list(pass, aet('PARTNER')).length, 0);
  releases.withdraw(pass, release.id);
  assert.throws(() => releases.withdraw(pass, release.id), code('NOT_FOUND'));
});

test('a date means the whole day where the server stands, also when the clocks change', () => {
  assert.equal(parseUntil('2027-03-28', timeZone) - parseFrom('2027-03-28', timeZone), 23 * 3_600_000);
  assert.equal(parseUntil('2027-06-30T12:00:00Z', timeZone), Date.UTC(2027, 5, 30, 12));
  for (const text of ['2027-06-30', '2027-12-31', '2027-06-30T12:00:00Z', '2027-06-30T12:00:00.001Z']) {
    assert.equal(formatUntil(parseUntil(text, timeZone), timeZone), text);
    assert.equal(formatFrom(parseFrom(text, timeZone), timeZone), text);
  }
  for (const text of ['', '2027-02-30', '30.6.2027', '2027-06-30T12:00:00', 'never']) {
    assert.throws(() => parseUntil(text, timeZone), code('BAD_REQUEST'), text);
  }
});

test('only passes of an administration fit', () => {
  const wrong = (pass: Pass, openings: OpeningService) => {
    // @ts-expect-error: a pass of another operation is no pass for this
    openings.list(pass);
  };
  assert.equal(typeof wrong, 'function');
  assert.equal(openingTerms().name, 'CT1');
});
