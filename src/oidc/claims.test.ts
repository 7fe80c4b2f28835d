import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { LeadglassError } from '../error.ts';
import { readIdentity } from './claims.ts';

const issuer = 'https://login.hospital.example';
const names = { groups: 'groups', name: 'name', email: 'email', department: 'department' };

test('the ID token goes before the userinfo endpoint, which fills in what it does not say', () => {
  const { groups, name, email } = readIdentity(
    { sub: 'u', groups: ['a'], email: 'a@b.example' },
    { sub: 'u', groups: ['b'], name: 'Ada', email: 'c@d.example' },
    { issuer, names },
  );
  assert.deepEqual([groups, name, email], [['a'], 'Ada', 'a@b.example']);
});

test('factors and moments are taken from the ID token alone', () => {
  const said = { acr: 'high', amr: ['mfa'], auth_time: 1, sid: 's' };
  const { acr, amr, authenticatedAtMs, sid } = readIdentity({ sub: 'u' }, said, { issuer, names });
  assert.deepEqual([acr, amr, authenticatedAtMs, sid], [undefined, [], undefined, undefined]);
});

test('a claim may be called as the configuration says, also like something that every object has', () => {
  const other = { ...names, groups: 'https://hospital.example/groups', name: '__proto__', email: 'constructor' };
  const claims = { sub: 'u', 'https://hospital.example/groups': 'one' };
  const { groups, name, email } = readIdentity(claims, {}, { issuer, names: other });
  assert.deepEqual([groups, name, email], [['one'], undefined, undefined]);
});

test('what reorders a line does not come with a department', () => {
  const { department } = readIdentity({ sub: 'u', department: 'CT \u202eRM\n' }, {}, { issuer, names });
  assert.equal(department, 'CT  RM');
});

for (const sub of [undefined, '', 7, 'ä', 'a\nb', 'x'.repeat(256), ['u']]) {
  test(`${JSON.stringify(sub)?.slice(0, 20)} is no subject`, () => {
    assert.throws(
      () => readIdentity({ sub }, {}, { issuer, names }),
      (error) => error instanceof LeadglassError && error.code === 'NOT_AUTHENTICATED',
    );
  });
}

test('whatever the claims hold, what comes out is bounded texts', () => {
  fc.assert(
    fc.property(fc.dictionary(fc.string(), fc.jsonValue()), fc.jsonValue(), fc.jsonValue(), (more, groups, email) => {
      const identity = readIdentity({ ...more, sub: 'u', groups, email, amr: groups }, more, { issuer, names });
      for (const text of [...identity.groups, ...identity.amr])
        assert.ok(typeof text === 'string' && text.length <= 256);
      for (const text of [identity.email, identity.name, identity.department, identity.sid, identity.acr]) {
        assert.ok(text === undefined || (typeof text === 'string' && text.length <= 254));
      }
    }),
    { numRuns: 300 },
  );
});
