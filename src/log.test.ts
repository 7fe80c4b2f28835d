import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createLog, escapeForDisplay } from './log.ts';
import type { Log, LogLevel } from './log.ts';

function logInto(lines: string[], format: 'json' | 'text', level: LogLevel = 'debug'): Log {
  return createLog({ level, format, write: (line) => lines.push(line), now: () => new Date('2026-11-25T10:00:00Z') });
}

test('a JSON line has time, level, event and the fields', () => {
  const lines: string[] = [];
  logInto(lines, 'json').info('server.started', { doors: 2, dataFolder: '/data' });
  assert.deepEqual(
    lines.map((line) => JSON.parse(line) as unknown),
    [{ time: '2026-11-25T10:00:00.000Z', level: 'info', event: 'server.started', doors: 2, dataFolder: '/data' }],
  );
});

test('events below the level are dropped', () => {
  const lines: string[] = [];
  const log = logInto(lines, 'json', 'warn');
  log.debug('server.tick');
  log.info('server.tick');
  log.warn('server.tick');
  log.error('server.tick');
  assert.equal(lines.length, 2);
});

test('log injection: line ends, escape sequences and bidirectional marks come out as text in both formats', () => {
  const hostile = 'A\r\n2026-11-25 INFO server.stopped \u001b[31m\u202e\u2028\u009b';
  for (const format of ['json', 'text'] as const) {
    const lines: string[] = [];
    logInto(lines, format).warn('association.refused', { callingAeTitle: hostile });
    assert.equal(lines.length, 1);
    assert.doesNotMatch(lines[0] ?? '', /[\p{Cc}\p{Cf}\p{Zl}]/u);
  }
  assert.equal(escapeForDisplay('a\nb'), 'a\\x0ab');
});

test('a field cannot take the place of the event, the time or the level', () => {
  const lines: string[] = [];
  logInto(lines, 'json').info('server.started', { event: 'server.stopped', level: 'error' });
  assert.match(lines[0] ?? '', /"level":"info","event":"server.started"/);
});

test('a long value is cut', () => {
  const lines: string[] = [];
  logInto(lines, 'text').info('server.started', { value: 'x'.repeat(100_000) });
  assert.ok((lines[0] ?? '').length < 700);
});
