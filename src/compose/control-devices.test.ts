import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as v from 'valibot';
import { callSchemas } from '../doors/control/control-calls.ts';
import { callOf, openHouse } from './compose.test-support.ts';
import { deviceServices } from './control-devices.ts';

const trust = 'ab'.repeat(32);

test('move destinations keep whose certificate is trusted, also through opening export and apply', async () => {
  await using house = await openHouse();
  const services = deviceServices({
    installation: house.installation,
    server: { host: 'localhost', tlsPort: 2762 },
    arrangePlainDoors: async () => {},
  });
  const own = { aeTitle: 'WS2', host: 'ws2.example', port: 2762 };
  const foreign = { aeTitle: 'WS3', host: '10.1.2.3', port: 104, trust };
  const given = v.parse(callSchemas.deviceAdd, {
    aeTitle: 'READ1',
    purpose: 'reading',
    reason: 'test',
    from: Temporal.Now.plainDateISO().toString(),
    until: Temporal.Now.plainDateISO().add({ days: 20 }).toString(),
    credential: { kind: 'plain', risk: 'test' },
    addresses: ['127.0.0.1/32'],
    operations: ['find', 'move'],
    moveDestinations: [own, foreign],
  });
  const { opening } = await services.deviceAdd(callOf(), given);
  assert.deepEqual(opening.moveDestinations, [own, foreign]);
  assert.deepEqual(
    house.installation.policy.openings()[0]?.moveDestinations.map((destination) => destination.trust),
    ['own-authority', trust],
  );
  const { openings } = await services.openingExport(callOf(), {});
  const again = v.parse(callSchemas.openingApply, { openings });
  assert.deepEqual((await services.openingApply(callOf(), again)).changes, []);
  const [terms] = openings;
  assert.ok(terms);
  const changed = { openings: [{ ...terms, moveDestinations: [own, { ...foreign, trust: 'cd'.repeat(32) }] }] };
  const { changes } = await services.openingApply(callOf(), v.parse(callSchemas.openingApply, changed));
  assert.match(changes[0]?.lines.join() ?? '', /moveDestinations: .*abab.* -> .*cdcd.*uses: counted anew/);
  const prolonged = v.parse(callSchemas.openingApply, { openings: [{ ...terms, reason: 'another' }] });
  const prolongation = await services.openingApply(callOf(), prolonged);
  assert.deepEqual(prolongation.changes[0]?.lines, ['reason: "test" -> "another"', 'uses: counted on']);
});

test('a fingerprint that is none is refused before anything is enrolled', () => {
  const wrong = { name: 'n', device: 'A', purpose: 'reading', operations: ['move'], reason: 'r', until: '2027-01-01' };
  for (const bad of ['', 'ab', trust.toUpperCase(), `${trust}0`, 'any']) {
    const moveDestinations = [{ aeTitle: 'WS2', host: 'h', port: 1, trust: bad }];
    const { success } = v.safeParse(callSchemas.openingApply, { openings: [{ ...wrong, moveDestinations }] });
    assert.equal(success, false, bad);
  }
});
