/** What the console's API tells of a session, to whom. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { client, enrolByPasskey, house, signInByPasskey } from '../people/people.test-support.ts';
import { RefusedError } from '../guard/refusal.ts';
import { peopleFlows } from './people-flows.ts';
import { refuseAwayFromWorkstation } from './workstations.ts';

test('a session that is looked at from another network tells nothing of the patient of its emergency', async () => {
  using place = house();
  const emergency = { patientId: 'ROE-4711', until: '2027-01-04T09:00:00Z' };
  const flows = peopleFlows(
    place.people,
    () => 'READ1',
    () => emergency,
  );
  const { session } = await signInByPasskey(place, await enrolByPasskey(place, 'ada@hospital.example'));
  assert.deepEqual(flows.session(session, client)?.emergency, emergency);
  const elsewhere = { ...client, address: '198.51.100.7' };
  const told = flows.session(session, elsewhere);
  assert.equal(told?.account.email, 'ada@hospital.example', 'whose factor is to be shown');
  assert.equal(told.emergency, undefined);
});

test('who works at workstations only makes no passcode for a device anywhere else', async () => {
  using place = house();
  const flows = peopleFlows(place.people, (_aeTitle, maker) => {
    refuseAwayFromWorkstation(['physician'], maker);
    return 'READ1';
  });
  const ada = await enrolByPasskey(place, 'ada@hospital.example');
  const make = async (workstation?: string, key = ada): Promise<unknown> => {
    const at = workstation === undefined ? client : { ...client, workstation };
    return await flows.passcodeMake((await signInByPasskey(place, key, at)).session, { device: 'READ1' });
  };
  await assert.rejects(make(), (error) => error instanceof RefusedError && error.reason === 'workstation-missing');
  await make('ROOM1');
  await make(undefined, await enrolByPasskey(place, 'tom@hospital.example', 'technologist'));
});
