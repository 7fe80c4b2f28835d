import assert from 'node:assert/strict';
import { test } from 'node:test';
import { pauseMs, renewalMs } from './schedule.ts';

const minuteMs = 60_000;
const hourMs = 60 * minuteMs;
const dayMs = 24 * hourMs;

test('a certificate is renewed at a third of its life, or a little earlier', () => {
  const life = (days: number) => ({ notBefore: new Date(0), notAfter: new Date(days * dayMs) });
  assert.equal(renewalMs(life(90), 0), 60 * dayMs);
  assert.equal(renewalMs(life(90), 1), 57 * dayMs);
  assert.equal(renewalMs(life(1), 0), 16 * hourMs);
});

test('pauses double up to six hours, or an eighth of what is left, and never fall below ten minutes by that', () => {
  const after = (failures: number, leftMs?: number): number =>
    pauseMs(failures, { dice: 0.5, ...(leftMs === undefined ? {} : { leftMs }) }) / minuteMs;
  assert.deepEqual(
    [1, 2, 3, 9, 10, 100].map((failures) => after(failures)),
    [1, 2, 4, 256, 360, 360],
  );
  assert.equal(after(100, 8 * hourMs), 60);
  assert.equal(after(100, 0), 10);
  assert.equal(after(100, 365 * dayMs), 360);
});

test('the dice move a pause by a quarter; what the server asks for counts, up to a day', () => {
  assert.equal(pauseMs(1, { dice: 0 }), 45_000);
  assert.equal(pauseMs(1, { dice: 1 }), 75_000);
  assert.equal(pauseMs(1, { dice: 0.5, retryAfterMs: hourMs }), hourMs);
  assert.equal(pauseMs(1, { dice: 0.5, retryAfterMs: 400 * dayMs }), dayMs);
});
