import assert from 'node:assert/strict';
import { test } from 'node:test';
import { clearSession, cookieOf, sessionCookie, setBrowser, setSession } from './cookies.ts';

test('cookies go back to this host alone, over TLS, unseen by pages and never for another site', () => {
  for (const cookie of [setSession('abc'), clearSession(), setBrowser('abc', 60)]) {
    assert.match(cookie, /^__Host-leadglass(-browser)?=/);
    for (const word of ['Path=/', 'Secure', 'HttpOnly', 'SameSite=Strict']) assert.ok(cookie.includes(word), word);
    assert.doesNotMatch(cookie, /Domain/i);
  }
  assert.match(clearSession(), /Max-Age=0/);
});

const cases: readonly (readonly [field: string | undefined, value: string | undefined])[] = [
  [undefined, undefined],
  ['', undefined],
  ['__Host-leadglass=abc', 'abc'],
  ['a=b; __Host-leadglass=abc; c=d', 'abc'],
  ['__Host-leadglass-browser=x; __Host-leadglass=abc', 'abc'],
  ['__Host-leadglass=', undefined],
  ['__Host-leadglass="abc"', undefined],
  ['__Host-leadglass=a b', undefined],
  ['__host-leadglass=abc', undefined],
  ['x__Host-leadglass=abc', undefined],
  ['__Host-leadglass=abc; __Host-leadglass=abc', undefined],
  ['__Host-leadglass=abc, __Host-leadglass=def', undefined],
  [`__Host-leadglass=${'a'.repeat(257)}`, undefined],
];
for (const [field, value] of cases) {
  test(`of ${JSON.stringify(field?.slice(0, 60))} the session is ${value ?? 'none'}`, () => {
    assert.equal(cookieOf(field, sessionCookie), value);
  });
}
