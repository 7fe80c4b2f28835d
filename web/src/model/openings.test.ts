import assert from 'node:assert/strict';
import { test } from 'node:test';
import { dayFromNow, daysLeft, lightOf, marksOf } from './openings.ts';

const nowMs = Date.parse('2026-11-27T12:00:00Z');
const opening = {
  state: 'open',
  until: '2027-06-30',
  createdAt: '2026-10-01T00:00:00Z',
  lastUsedAt: '2026-11-27T11:00:00Z',
} as const;

test('what ends within 30 days stands out, at, below and above the limit', () => {
  assert.deepEqual(marksOf({ ...opening, until: '2026-12-26' }, nowMs), ['expiring']);
  assert.deepEqual(marksOf({ ...opening, until: '2026-12-27T12:00:00Z' }, nowMs), ['expiring']);
  assert.deepEqual(marksOf({ ...opening, until: '2026-12-27' }, nowMs), []);
});

test('what was never or long not used stands out, and what comes without TLS', () => {
  const { lastUsedAt: _lastUsedAt, ...never } = opening;
  assert.deepEqual(marksOf(never, nowMs), ['never-used']);
  assert.deepEqual(marksOf({ ...opening, lastUsedAt: '2026-08-29T11:59:59Z' }, nowMs), ['unused']);
  assert.deepEqual(marksOf({ ...opening, lastUsedAt: '2026-08-29T12:00:00Z' }, nowMs), []);
  assert.deepEqual(marksOf({ ...opening, plain: { risk: 'x', port: 1 } }, nowMs), ['plain']);
});

test('what is not open does not stand out and is dark in the window', () => {
  const closed = { ...opening, state: 'closed', until: '2026-11-28' } as const;
  assert.deepEqual(marksOf(closed, nowMs), []);
  assert.equal(lightOf(closed, nowMs), 'dark');
});

test('a pane is bright when used within a day, lit when within the quarter, amber when it needs a look', () => {
  assert.equal(lightOf(opening, nowMs), 'bright');
  assert.equal(lightOf({ ...opening, lastUsedAt: '2026-11-20T11:00:00Z' }, nowMs), 'lit');
  assert.equal(lightOf({ ...opening, until: '2026-12-01' }, nowMs), 'warn');
  assert.equal(lightOf({ ...opening, lastUsedAt: '2026-01-01T11:00:00Z' }, nowMs), 'idle');
});

test('days are counted to the end of the last one', () => {
  assert.equal(daysLeft('2026-11-27', nowMs), 1);
  assert.ok(daysLeft('2026-11-25', nowMs) < 0);
  assert.match(dayFromNow(30, nowMs), /^2026-12-2[67]$/);
});
