import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { PersonOpening } from './person-opening.ts';
import { PersonOpeningService } from './person-opening-service.ts';
import type { Pass } from './pass.ts';
import type { Administer } from './operation.ts';
import type { Principal } from './principal.ts';
import { dayMs, doctor, type House, makeHouse, personTerms, startMs, TestPersons, webFacts } from './test-support.ts';

const operator: Principal = { kind: 'operator', user: 'root' };

async function passOf(house: House, principal: Principal): Promise<Pass<Administer>> {
  const session = house.guard.session(principal);
  return (await session.admit({ kind: 'administer', command: 'account open', summary: 's' })).pass;
}

function terms(changes: Partial<Parameters<PersonOpeningService['open']>[1]> = {}) {
  const { owner: _, ...rest } = personTerms();
  return { ...rest, ...changes };
}

const openNow = (openings: readonly PersonOpening[]) => openings.filter(({ closed }) => closed === undefined);

test('an opening of a person replaces the one before, whose end and reason stay', async () => {
  await using house = makeHouse();
  const service = new PersonOpeningService({ store: house.store, now: house.clock.now });
  const pass = await passOf(house, operator);
  service.open(pass, terms());
  const { id } = service.open(pass, terms({ reason: 'radiology', scope: { modalities: ['MR'] } }));
  const all = house.store.personOpenings.of(doctor);
  assert.deepEqual(
    openNow(all).map((opening) => opening.id),
    [id],
  );
  assert.equal(all[0]?.closed?.reason, 'replaced: radiology');
  assert.equal(all[1]?.owner, 'root');
  assert.equal(service.close(pass, { account: doctor, reason: 'left' }), 1);
  assert.throws(() => service.close(pass, { account: doctor, reason: 'left' }), { code: 'NOT_FOUND' });
});

test('what a role cannot hold and what has ended is refused in words, and changes nothing', async () => {
  await using house = makeHouse();
  const service = new PersonOpeningService({ store: house.store, now: house.clock.now });
  const pass = await passOf(house, operator);
  service.open(pass, terms());
  const wrong = [
    terms({ role: 'administrator' }),
    terms({ operations: ['remove'] }),
    terms({ validFromMs: startMs - dayMs, validUntilMs: startMs }),
  ];
  for (const one of wrong) assert.throws(() => service.open(pass, one), { code: 'BAD_REQUEST' });
  assert.equal(openNow(house.store.personOpenings.of(doctor)).length, 1);
});

test('what is no network, modality or project is told with its field, not as a mistake of ours', async () => {
  await using house = makeHouse();
  const service = new PersonOpeningService({ store: house.store, now: house.clock.now });
  const pass = await passOf(house, operator);
  const wrong = [
    [terms({ addresses: ['10.0.0.0/8', 'the ward'] }), 'addresses', /the ward/],
    [terms({ scope: { modalities: ['ct'] } }), 'scope.modalities', /ct/],
    [terms({ scope: { departments: [''] } }), 'scope.departments', /empty/],
    [terms({ reason: ' ' }), 'reason', /empty/],
  ] as const;
  for (const [one, field, message] of wrong) {
    assert.throws(() => service.open(pass, one), { code: 'BAD_REQUEST', field, message });
  }
  assert.deepEqual(house.store.personOpenings.of(doctor), []);
});

test('an administrator opens for others and never for himself', async () => {
  const persons = new TestPersons();
  await using house = makeHouse({ persons });
  const account = 'admin@hospital.example';
  const session = persons.set({ account, role: 'administrator', freshUntilMs: startMs + dayMs });
  const pass = await passOf(house, await house.guard.identify(webFacts({ session })));
  const service = new PersonOpeningService({ store: house.store, now: house.clock.now });
  assert.throws(() => service.open(pass, terms({ account })), { code: 'NOT_AUTHORIZED' });
  assert.equal(service.open(pass, terms()).owner, account);
});
