/** Every reason of PS3.8 tables 9-21 and 9-26 has a sentence. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { describeAbort, describeReject, rejectionError } from './describe.ts';
import { rejectionOf } from './protocol-error.ts';

test('each rejection is a sentence with its permanence, its source and its reason', () => {
  const cases = [
    [{ result: 1, source: 1, reason: 1 }, /permanent, by the service-user: no reason/, 'NOT_AUTHORIZED'],
    [{ result: 1, source: 1, reason: 2 }, /application context name/, 'UNSUPPORTED'],
    [{ result: 1, source: 1, reason: 3 }, /calling AE title not recognized/, 'NOT_AUTHENTICATED'],
    [{ result: 1, source: 1, reason: 7 }, /called AE title not recognized/, 'NOT_AUTHENTICATED'],
    [{ result: 1, source: 1, reason: 9 }, /reason 9$/, 'NOT_AUTHORIZED'],
    [{ result: 1, source: 2, reason: 1 }, /\(ACSE\): no reason/, 'NOT_AUTHENTICATED'],
    [{ result: 1, source: 2, reason: 2 }, /protocol version/, 'UNSUPPORTED'],
    [
      { result: 2, source: 3, reason: 1 },
      /transient, by the service-provider \(presentation\): temporary congestion/,
      'BACKEND_UNAVAILABLE',
    ],
    [{ result: 2, source: 3, reason: 2 }, /local limit exceeded/, 'BACKEND_UNAVAILABLE'],
  ] as const;
  for (const [reject, text, code] of cases) {
    assert.match(describeReject(reject), text);
    const error = rejectionError(reject);
    assert.equal(error.code, code);
    assert.deepEqual(rejectionOf(error), reject);
  }
});

test('each abort is a sentence; the reason counts only from the service-provider', () => {
  assert.equal(describeAbort({ source: 0, reason: 6 }), 'aborted by the service-user');
  const texts = [0, 1, 2, 4, 5, 6, 3].map((reason) => describeAbort({ source: 2, reason }));
  assert.equal(new Set(texts).size, 7);
  assert.match(describeAbort({ source: 2, reason: 2 }), /service-provider: unexpected PDU$/);
});
