import assert from 'node:assert/strict';
import { test } from 'node:test';
import { limits } from '../limits.ts';
import { EmergencyService } from './emergency-service.ts';
import { chosenOpening } from './identify/person.ts';
import type { Administer } from './operation.ts';
import { objectionsToPerson, type PersonOpening, type PersonOpeningTerms } from './person-opening.ts';
import { PersonOpeningService } from './person-opening-service.ts';
import type { Pass } from './pass.ts';
import { RefusedError } from './refusal.ts';
import { roles } from './roles.ts';
import type { GuardSession } from './session.ts';
import {
  dayMs,
  doctor,
  findOf,
  type House,
  makeHouse,
  personTerms,
  retrieveOf,
  startMs,
  storeOf,
  greyscalePresentation,
  TestPersons,
  webFacts,
} from './test-support.ts';

const patient = { patientId: 'PID-1', issuer: 'HOSP' };
const reason = 'polytrauma in the shock room';
const hourMs = 3_600_000;
const ownScope = { departments: ['Cardiology'] };

interface Ward extends House {
  readonly persons: TestPersons;
  readonly service: EmergencyService;
}

/** A house where the doctor has an opening of the own department and is signed in as session 1, with a fresh factor. */
function makeWard(terms: Partial<PersonOpeningTerms> = {}): Ward {
  const persons = new TestPersons();
  const house = makeHouse({ persons });
  house.store.personOpenings.add(personTerms({ scope: ownScope, ...terms }), startMs);
  persons.set({ account: doctor, freshUntilMs: startMs + dayMs });
  const service = new EmergencyService({ store: house.store, limits, now: house.clock.now });
  return { ...house, persons, service, [Symbol.asyncDispose]: () => house[Symbol.asyncDispose]() };
}

async function sessionOf({ guard }: House, id = 1): Promise<GuardSession> {
  return guard.session(await guard.identify(webFacts({ session: `secret-of-${id}` })));
}

async function passOf(house: House, command = 'emergency open', id = 1): Promise<Pass<Administer>> {
  const session = await sessionOf(house, id);
  return (await session.admit({ kind: 'administer', command, summary: 's' })).pass;
}

async function officerPass(house: Ward): Promise<Pass<Administer>> {
  house.persons.set({
    id: 9,
    account: 'sina@hospital.example',
    role: 'security-officer',
    freshUntilMs: startMs + dayMs,
  });
  return passOf(house, 'emergency review', 9);
}

async function openFor(ward: Ward, durationMs = hourMs): Promise<PersonOpening> {
  const pass = await passOf(ward);
  ward.service.attempt(pass);
  return ward.service.open(pass, { patient, reason, durationMs });
}

async function scopeOf(session: GuardSession): Promise<unknown> {
  await using admission = await session.admit(findOf());
  return admission.pass.scope;
}

test('an emergency opens one patient for looking, in the session that asked, and ends by itself', async () => {
  await using ward = makeWard();
  ward.persons.set({ id: 2, account: doctor, freshUntilMs: startMs + dayMs });
  const own = await sessionOf(ward);
  const other = await sessionOf(ward, 2);
  assert.deepEqual(await scopeOf(own), ownScope);
  const opening = await openFor(ward);
  assert.deepEqual(opening.operations, ['find', 'get']);
  assert.deepEqual(await scopeOf(own), { patients: [patient] });
  assert.deepEqual(await scopeOf(other), ownScope, 'another browser of the same person goes on as before');
  const refused = (admitting: Promise<unknown>, why: string) =>
    assert.rejects(admitting, (error: unknown) => error instanceof RefusedError && error.reason === why);
  await refused(own.admit(storeOf(greyscalePresentation)), 'operation');
  await refused(own.admit(retrieveOf({ via: 'export' })), 'operation');
  ward.clock.nowMs = startMs + hourMs - 1;
  assert.deepEqual(await scopeOf(await sessionOf(ward)), { patients: [patient] });
  ward.clock.nowMs = startMs + hourMs;
  ward.guard.reviewSessions();
  assert.deepEqual(await scopeOf(own), ownScope, 'afterwards the own right is there again');
});

test('a stream under an emergency stops at its end, whether that came by time, by hand or by an administrator', async () => {
  const ends = {
    time: async (ward: Ward) => {
      ward.clock.nowMs = startMs + hourMs;
    },
    hand: async (ward: Ward) => ward.service.end(await passOf(ward, 'emergency end')),
    administrator: async (ward: Ward) => {
      const session = ward.guard.session({ kind: 'operator', user: 'root' });
      const { pass } = await session.admit({ kind: 'administer', command: 'account close', summary: 's' });
      const closed = new PersonOpeningService({ store: ward.store, now: ward.clock.now }).close(pass, {
        account: doctor,
        reason: 'left',
      });
      assert.equal(closed, 2);
    },
    'sign-out': async (ward: Ward) => ward.persons.end(1),
  };
  for (const [name, end] of Object.entries(ends)) {
    await using ward = makeWard();
    await openFor(ward);
    const session = await sessionOf(ward);
    await using admission = await session.admit(retrieveOf({ via: 'web' }));
    assert.equal(admission.pass.stillValid(), true, name);
    await end(ward);
    assert.equal(admission.pass.stillValid(), false, name);
  }
});

test('a new opening of the own right leaves the emergency, and it stays the one that counts', async () => {
  await using ward = makeWard();
  await openFor(ward);
  const operator = ward.guard.session({ kind: 'operator', user: 'root' });
  const { pass } = await operator.admit({ kind: 'administer', command: 'account open', summary: 's' });
  const { owner: _, ...terms } = personTerms({ scope: { modalities: ['MR'] } });
  new PersonOpeningService({ store: ward.store, now: ward.clock.now }).open(pass, terms);
  assert.deepEqual(await scopeOf(await sessionOf(ward)), { patients: [patient] });
});

test('only a physician may, after a fresh second factor', async () => {
  for (const role of roles) {
    await using ward = makeWard();
    const id = 3;
    ward.persons.set({ id, account: 'other@hospital.example', role, freshUntilMs: startMs + dayMs });
    const admitting = passOf(ward, 'emergency open', id);
    if (role === 'physician') await admitting;
    else await assert.rejects(admitting, { reason: 'role' }, role);
  }
  await using ward = makeWard();
  ward.persons.set({ account: doctor, freshUntilMs: startMs });
  await assert.rejects(passOf(ward), { reason: 'step-up' });
  await passOf(ward, 'emergency end');
  await passOf(ward, 'emergency own show');
});

test('without an own right there is nothing to widen, and with the whole house nothing to gain', async () => {
  const cases = [
    [makeWard({ validUntilMs: startMs }), 'NOT_AUTHORIZED'],
    [makeWard({ role: 'technologist' }), 'NOT_AUTHORIZED'],
    [makeWard({ addresses: ['192.168.1.0/24'] }), 'NOT_AUTHORIZED'],
    [makeWard({ scope: {} }), 'CONFLICT'],
  ] as const;
  for (const [one, code] of cases) {
    await using ward = one;
    const pass = await passOf(ward);
    assert.throws(() => ward.service.attempt(pass), { code });
    assert.equal(ward.service.own(pass).mayOpen, false);
  }
  await using ward = makeWard();
  const pass = await passOf(ward);
  ward.service.attempt(pass);
  ward.store.personOpenings.close(ward.store.personOpenings.all()[0] ?? assert.fail(), {
    atMs: 1,
    by: 'root',
    reason: 'r',
  });
  assert.throws(() => ward.service.open(pass, { patient, reason, durationMs: hourMs }), { code: 'NOT_AUTHORIZED' });
});

test('the addresses of the own right hold for the emergency, and its time has a limit', async () => {
  await using ward = makeWard({ addresses: ['10.1.2.0/24'] });
  const opening = await openFor(ward, dayMs);
  assert.deepEqual(opening.addresses, ['10.1.2.0/24']);
  assert.equal(opening.validUntilMs - opening.validFromMs, limits.emergencyMsMax);
});

test('one person opens one patient at a time, a few a day, and tries a few times more', async () => {
  await using ward = makeWard();
  for (let count = 0; count < limits.emergenciesPerDayMax; count += 1) {
    ward.clock.nowMs += 60_000;
    await openFor(ward);
    const open = ward.store.personOpenings.of(doctor).filter(({ emergency, closed }) => emergency && !closed);
    assert.equal(open.length, 1);
  }
  const pass = await passOf(ward);
  assert.equal(ward.service.own(pass).left, 0);
  assert.throws(() => ward.service.attempt(pass), { code: 'LIMIT_EXCEEDED' });
  assert.throws(() => ward.service.open(pass, { patient, reason, durationMs: hourMs }), { code: 'LIMIT_EXCEEDED' });

  await using guessing = makeWard();
  const tries = await passOf(guessing);
  for (let count = 0; count < limits.emergencyTriesPerDayMax; count += 1) guessing.service.attempt(tries);
  assert.throws(() => guessing.service.attempt(tries), { code: 'LIMIT_EXCEEDED' });
  guessing.clock.nowMs += limits.emergencyDayMs;
  guessing.service.attempt(tries);
});

test('a second person reviews it once, when it has ended', async () => {
  await using ward = makeWard();
  const { id } = await openFor(ward);
  const officer = await officerPass(ward);
  const given = { verdict: 'justified', words: 'asked the shift leader' } as const;
  assert.deepEqual(ward.store.emergencies.count(), { running: 1, unreviewed: 1 });
  assert.throws(() => ward.service.review(officer, id, given), { code: 'CONFLICT' }, 'it is still open');
  ward.service.end(await passOf(ward, 'emergency end'));
  ward.persons.set({ account: doctor, role: 'security-officer', freshUntilMs: startMs + dayMs });
  const own = await passOf(ward, 'emergency review');
  assert.throws(() => ward.service.review(own, id, given), { code: 'NOT_AUTHORIZED' }, 'the role was changed since');
  assert.throws(() => ward.service.review(officer, id + 1, given), { code: 'NOT_FOUND' });
  const reviewed = ward.service.review(officer, id, given);
  assert.equal(reviewed.review?.by, 'sina@hospital.example');
  assert.throws(() => ward.service.review(officer, id, { ...given, verdict: 'unjustified' }), { code: 'CONFLICT' });
  assert.equal(ward.store.emergencies.count().unreviewed, 0);
});

test('an opening that an edited database widens beyond one patient and looking fits nobody', async () => {
  const emergency = { sessionId: 1 };
  const narrow = personTerms({ operations: ['find', 'get'], scope: { patients: [patient] }, emergency });
  assert.deepEqual(objectionsToPerson(narrow), []);
  const wide: readonly Partial<PersonOpeningTerms>[] = [
    { scope: {} },
    { scope: { modalities: ['CT'] } },
    { scope: { patients: [patient], modalities: ['CT'] } },
    { operations: ['find', 'get', 'export'] },
    { operations: ['store'] },
    { role: 'technologist' },
  ];
  for (const change of wide) {
    const terms = { ...narrow, ...change };
    assert.notDeepEqual(objectionsToPerson(terms), [], JSON.stringify(change));
    await using ward = makeWard();
    ward.store.personOpenings.add(terms, startMs);
    assert.deepEqual(await scopeOf(await sessionOf(ward)), ownScope, JSON.stringify(change));
  }
  const { emergency: _, ...unbound } = narrow;
  assert.notDeepEqual(objectionsToPerson(unbound), [], 'a patient alone is for emergencies');
  await using ward = makeWard();
  const both = { patients: [patient, { ...patient, patientId: 'PID-2' }] };
  assert.throws(() => ward.store.personOpenings.add({ ...narrow, scope: both }, startMs));
});

test('whoever comes by another way than the session at the console has no emergency of that person', async () => {
  await using ward = makeWard();
  const { id } = await openFor(ward);
  const facts = { session: { role: 'physician' }, address: '10.1.2.3', nowMs: startMs } as const;
  const openings = ward.store.personOpenings.of(doctor);
  assert.equal(chosenOpening(openings, { ...facts, emergencySessionId: 1 })?.id, id);
  for (const other of [{}, { emergencySessionId: 2 }]) {
    assert.equal(chosenOpening(openings, { ...facts, ...other })?.emergency, undefined);
  }
  // Also when nothing else is open: the emergency is no answer to why.
  const alone = openings.filter(({ emergency }) => emergency !== undefined);
  assert.equal(chosenOpening(alone, facts), undefined);
});
