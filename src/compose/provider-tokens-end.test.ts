/** A program with a token of the hospital's provider has no session here: what becomes of its person is heard all the same. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { AccessTokenHolder } from '../guard/identify/access-token.ts';
import { findOf } from '../guard/test-support.ts';
import { openHouse } from './compose.test-support.ts';
import { staffOf } from './signed-in.test-support.ts';

const email = 'ada@hospital.example';

const ends = {
  'another role': (people: ReturnType<typeof staffOf>['people']) =>
    people.admin.setRole(email, 'technologist', { kind: 'provider', issuer: 'https://login.hospital.example' }),
  'an account that was disabled': (people: ReturnType<typeof staffOf>['people']) =>
    people.admin.disable(email, { kind: 'operator', user: 'root' }, 'left'),
};

for (const [what, end] of Object.entries(ends)) {
  test(`${what} ends what a provider's token runs at once, also where the person has no session here`, async () => {
    await using house = await openHouse();
    using staff = staffOf(house);
    const { installation } = house;
    const { people } = staff;
    people.signIn.signOut(await staff.signIn(email, 'physician'));
    const byId = (): AccessTokenHolder | undefined => {
      const account = people.usableAccount(email);
      if (account === undefined) return undefined;
      const endsAtMs = Date.now() + 600_000;
      const session = { id: 0, account: email, role: account.role, endsAtMs, freshUntilMs: 0 };
      return { session, access: { tokenId: -1, program: 'provider x', operations: ['find'] }, notAfterMs: endsAtMs };
    };
    const onChange = () => ({ [Symbol.dispose]: () => undefined });
    using _connected = installation.accessTokens.connect([{ byId, byText: async () => byId(), onChange }]);
    const facts = { door: 'web', localPort: 8443, address: '10.0.0.7', calledAeTitle: '', callingAeTitle: '' } as const;
    const session = installation.guard.session(await installation.guard.identify({ ...facts, token: 'a.b.c' }));
    await session.admit(findOf()).then((admission) => admission[Symbol.asyncDispose]());
    await end(people);
    await assert.rejects(session.admit(findOf()), what);
  });
}
