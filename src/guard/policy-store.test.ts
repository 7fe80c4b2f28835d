import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { test } from 'node:test';
import { LeadglassError } from '../error.ts';
import { PolicyStore } from './policy-store.ts';
import { aet, dayMs, enrol, fingerprintOf, openingTerms, personTerms, startMs, studyA } from './test-support.ts';

function folder(): Disposable & { readonly path: string } {
  const directory = mkdtempSync(join(tmpdir(), 'leadglass-guard-'));
  return {
    path: join(directory, 'guard.sqlite'),
    [Symbol.dispose]: () => rmSync(directory, { recursive: true }),
  };
}
const isCorrupt = (error: unknown): boolean => error instanceof LeadglassError && error.code === 'CORRUPT';
const closed = { atMs: startMs, by: 'root', reason: 'r' };

test('what was written is there after a second start', () => {
  using place = folder();
  const terms = openingTerms({
    purpose: 'reading',
    scope: { modalities: ['CT'], departments: ['Röntgen'], ownStudiesOnly: true },
    addresses: ['10.1.2.0/24', '2001:db8::/32'],
    moveDestinations: [{ aeTitle: aet('WS1'), host: 'ws1.example', port: 2762, trust: 'a'.repeat(64) }],
  });
  {
    using store = PolicyStore.open(place.path);
    enrol(store, terms);
    store.addRelease({
      device: aet('CT1'),
      studyInstanceUid: studyA,
      reason: 'r',
      owner: 'o',
      createdAtMs: 1,
      validUntilMs: 2,
    });
    store.addUses(new Map([[1, { lastUsedAtMs: startMs + 5, useCount: 2 }]]));
  }
  using store = PolicyStore.open(place.path);
  assert.deepEqual(store.opening(1), { ...terms, id: 1, createdAtMs: startMs });
  assert.deepEqual(store.openingByName('CT1')?.id, 1);
  assert.equal(store.device(aet('CT1'))?.purpose, 'reading');
  assert.equal(store.certificatesByFingerprint(fingerprintOf('CT1'))[0]?.device, 'CT1');
  assert.equal(store.releasesTo(aet('CT1'))[0]?.studyInstanceUid, studyA);
  assert.deepEqual(store.usage(1), { lastUsedAtMs: startMs + 5, useCount: 2 });
  assert.equal(store.latestTimeMs(), startMs + 5);
});

test('uses add up, and the last use never goes back', () => {
  using store = PolicyStore.open(':memory:');
  enrol(store);
  store.addUses(new Map([[1, { lastUsedAtMs: 20, useCount: 2 }]]));
  store.addUses(new Map([[1, { lastUsedAtMs: 10, useCount: 3 }]]));
  assert.deepEqual(store.usage(1), { lastUsedAtMs: 20, useCount: 5 });
});

test('a policy of another version, or a file that is none, is not opened', () => {
  using place = folder();
  PolicyStore.open(place.path).close();
  const database = new DatabaseSync(place.path);
  database.exec('PRAGMA user_version = 999');
  database.close();
  assert.throws(() => PolicyStore.open(place.path), isCorrupt);
  using other = folder();
  writeFileSync(other.path, 'this is not a database, and long enough to be looked at as one'.repeat(20));
  assert.throws(() => PolicyStore.open(other.path), isCorrupt);
});

test('a policy of the first version gets what it lacks and keeps what it has', () => {
  using place = folder();
  const first = PolicyStore.open(place.path);
  enrol(first);
  first.close();
  const database = new DatabaseSync(place.path);
  database.exec(
    'DROP TABLE token; DROP TABLE emergency; DROP TABLE emergency_try; DROP TABLE person_opening; DROP TABLE waiting_change; DROP TABLE program; PRAGMA user_version = 1',
  );
  database.close();
  using store = PolicyStore.open(place.path);
  assert.equal(store.opening(1)?.name, 'CT1');
  assert.deepEqual(store.tokensOf(aet('CT1')), []);
  assert.deepEqual(store.personOpenings.all(), []);
  assert.deepEqual(store.programs.all(), []);
});

test('an opening that was edited into something else in the database opens nothing', () => {
  using place = folder();
  using store = PolicyStore.open(place.path);
  enrol(store);
  const database = new DatabaseSync(place.path);
  for (const terms of ['{', '{}', '"all"', JSON.stringify({ ...openingTerms(), operations: ['everything'] })]) {
    database.prepare('UPDATE opening SET terms = ?').run(terms);
    assert.throws(() => store.opening(1), isCorrupt, terms);
  }
  database.close();
});

test('the opening of a person that was edited in the database opens nothing', () => {
  using place = folder();
  using store = PolicyStore.open(place.path);
  store.personOpenings.add(personTerms(), startMs);
  const database = new DatabaseSync(place.path);
  for (const terms of ['{', '{}', JSON.stringify({ ...personTerms(), role: 'everybody' })]) {
    database.prepare('UPDATE person_opening SET terms = ?').run(terms);
    assert.throws(() => store.personOpenings.byId(1), isCorrupt, terms);
  }
  database.close();
});

test('hostile names stay data', () => {
  using store = PolicyStore.open(':memory:');
  const name = "x'; DROP TABLE opening; --";
  enrol(store, { name, reason: '"); DELETE FROM device; --', owner: '../../etc' });
  assert.equal(store.openingByName(name)?.owner, '../../etc');
  assert.equal(store.devices().length, 1);
});

test('listeners hear of each changed device once, after the change is durable, and not of one that was undone', () => {
  using store = PolicyStore.open(':memory:');
  enrol(store);
  const heard: string[] = [];
  using _subscription = store.onChange((device) => {
    heard.push(`${device} ${store.opening(1)?.closed === undefined ? 'open' : 'closed'}`);
  });
  assert.throws(() =>
    store.transaction(() => {
      store.revokeDevice(aet('CT1'), closed);
      throw new Error('no');
    }),
  );
  assert.deepEqual(heard, []);
  assert.equal(store.device(aet('CT1'))?.revoked, undefined);
  store.transaction(() => {
    store.revokeDevice(aet('CT1'), closed);
    const opening = store.opening(1);
    assert.ok(opening);
    store.closeOpening(opening, closed);
  });
  assert.deepEqual(heard, ['CT1 closed']);
});

test('counting uses tells nobody', () => {
  using store = PolicyStore.open(':memory:');
  enrol(store);
  using _subscription = store.onChange(() => assert.fail('nothing of the policy has changed'));
  store.addUses(new Map([[1, { lastUsedAtMs: 1, useCount: 1 }]]));
});

test('closing, revoking and withdrawing happen once and keep their first reason', () => {
  using store = PolicyStore.open(':memory:');
  enrol(store);
  const opening = store.opening(1);
  assert.ok(opening);
  const later = { atMs: startMs + dayMs, by: 'other', reason: 'other' };
  assert.deepEqual([store.closeOpening(opening, closed), store.closeOpening(opening, later)], [true, false]);
  assert.deepEqual([store.revokeDevice(aet('CT1'), closed), store.revokeDevice(aet('CT1'), later)], [true, false]);
  const revoke = (facts: typeof closed) => store.revokeCertificate(aet('CT1'), fingerprintOf('CT1'), facts);
  assert.deepEqual([revoke(closed), revoke(later)], [true, false]);
  assert.deepEqual(store.opening(1)?.closed, closed);
  assert.deepEqual(store.device(aet('CT1'))?.revoked, closed);
  assert.equal(store.revokedCertificates()[0]?.revoked?.reason, 'r');
});

test('listeners hear of a changed account after the change is durable, once, and not of one that was undone', () => {
  using store = PolicyStore.open(':memory:');
  const heard: number[] = [];
  using _ = store.onPersonChange(() => heard.push(store.personOpenings.all().length));
  store.transaction(() => {
    store.personOpenings.add(personTerms(), startMs);
    store.personOpenings.add(personTerms(), startMs);
    assert.deepEqual(heard, []);
  });
  assert.deepEqual(heard, [2]);
  assert.throws(() =>
    store.transaction(() => {
      store.personOpenings.add(personTerms(), startMs);
      throw new Error('no');
    }),
  );
  store.personOpenings.add(personTerms(), startMs);
  assert.deepEqual(heard, [2, 3]);
});
