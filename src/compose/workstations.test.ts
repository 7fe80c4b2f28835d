/** Policy and accounts together: sessions end with their workstation; passcodes are for devices that people can sit at. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { configDeclaration, roleNames } from '../config/config.ts';
import { LeadglassError } from '../error.ts';
import { PolicyStore } from '../guard/policy-store.ts';
import { roles } from '../guard/roles.ts';
import { aet, dayMs, enrol, startMs } from '../guard/test-support.ts';
import { client, enrolByPasskey, house, refused, signInByPasskey } from '../people/people.test-support.ts';
import { endWorkstationSessions, userDeviceOf } from './workstations.ts';

const closed = { atMs: startMs, by: 'root', reason: 'r' };
const room = { name: 'ROOM1', device: aet('ROOM1'), purpose: 'workstation-reading' } as const;

async function signedIn() {
  const place = house();
  const policy = PolicyStore.open(':memory:');
  enrol(policy, room);
  const authenticator = await enrolByPasskey(place, 'ada@hospital.example');
  const { session } = await signInByPasskey(place, authenticator, { ...client, workstation: 'ROOM1' });
  const elsewhere = await signInByPasskey(place, authenticator);
  const { sessions } = place.people;
  return { place, policy, session, sessions, elsewhere: elsewhere.session };
}

test('revoking a workstation, or closing its last opening, ends the sessions that were begun there', async () => {
  const ways = {
    revoked: (policy: PolicyStore) => policy.revokeDevice(aet('ROOM1'), closed),
    closed: (policy: PolicyStore) => policy.openings().map((opening) => policy.closeOpening(opening, closed)),
  };
  for (const [name, end] of Object.entries(ways)) {
    const { place, policy, session, sessions, elsewhere } = await signedIn();
    using _listening = endWorkstationSessions(policy, place.people);
    end(policy);
    assert.throws(() => sessions.use(session), refused('session-unknown'), name);
    sessions.use(elsewhere);
    policy.close();
    place[Symbol.dispose]();
  }
});

test('renewing a workstation leaves its sessions', async () => {
  const { place, policy, session, sessions } = await signedIn();
  using _listening = endWorkstationSessions(policy, place.people);
  policy.transaction(() => {
    for (const opening of policy.openings()) policy.closeOpening(opening, closed);
    enrol(policy, room);
  });
  sessions.use(session);
  policy.close();
  place[Symbol.dispose]();
});

test('a workstation that was revoked while the server stood still is revoked for its sessions, too', async () => {
  const { place, policy, session, sessions } = await signedIn();
  policy.revokeDevice(aet('ROOM1'), closed);
  sessions.use(session);
  using _listening = endWorkstationSessions(policy, place.people);
  assert.throws(() => sessions.use(session), refused('session-unknown'));
  policy.close();
  place[Symbol.dispose]();
});

test('a passcode is for a device that is open for DICOM over TLS now; whatever is missing, the answer is the same', () => {
  using policy = PolicyStore.open(':memory:');
  const validUntilMs = Date.now() + dayMs;
  enrol(policy, { name: 'READ1', device: aet('READ1'), purpose: 'reading', validUntilMs });
  enrol(policy, { ...room, validUntilMs });
  enrol(policy, { name: 'OLD1', device: aet('OLD1'), validUntilMs: startMs + 1 });
  enrol(policy, { name: 'GONE1', device: aet('GONE1'), validUntilMs });
  policy.revokeDevice(aet('GONE1'), closed);
  assert.equal(userDeviceOf(policy, ' READ1 '), 'READ1');
  const answers = ['ROOM1', 'OLD1', 'GONE1', 'NOBODY', '', 'x'.repeat(5000)].map((typed) => {
    try {
      return userDeviceOf(policy, typed);
    } catch (error) {
      assert.ok(error instanceof LeadglassError);
      return `${error.code} ${error.message}`;
    }
  });
  assert.equal(new Set(answers).size, 1);
  assert.match(answers[0] ?? '', /^NOT_FOUND/);
});

test('the roles that the configuration can name are those of the guard', () => {
  assert.deepEqual(roleNames, roles);
  assert.deepEqual(configDeclaration.members.people.members.workstationRoles.default, []);
});
