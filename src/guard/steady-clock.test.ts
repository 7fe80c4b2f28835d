import assert from 'node:assert/strict';
import { test } from 'node:test';
import { SteadyClock } from './steady-clock.ts';

function clockAt(startMs: number, latestMs = 0) {
  const wall = { ms: startMs };
  return { wall, clock: new SteadyClock(() => wall.ms, { latestMs, backwardsMsMax: 100 }) };
}

test('a decision is never before one that was made, and a clock that is slewed back a little is believed', () => {
  const { wall, clock } = clockAt(1000);
  assert.equal(clock.nowMs(), 1000);
  wall.ms = 1200;
  assert.equal(clock.nowMs(), 1200);
  wall.ms = 1100;
  assert.equal(clock.isSteady, true);
  assert.equal(clock.nowMs(), 1200);
  assert.equal(clock.wallMs, 1100);
});

test('attack: a clock that is set back opens nothing again, whoever forgets to ask whether it is steady', () => {
  const { wall, clock } = clockAt(1000);
  assert.equal(clock.nowMs(), 1000);
  wall.ms = 899;
  assert.equal(clock.isSteady, false);
  assert.throws(() => clock.nowMs(), { code: 'NOT_AUTHORIZED', reason: 'clock' });
  wall.ms = 900;
  assert.equal(clock.nowMs(), 1000);
});

test('the latest moment of a former run counts, until somebody says that the clock is right', () => {
  const { clock } = clockAt(1000, 5000);
  assert.equal(clock.isSteady, false);
  clock.accept();
  assert.equal(clock.nowMs(), 1000);
});
