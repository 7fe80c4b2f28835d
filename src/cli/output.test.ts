import assert from 'node:assert/strict';
import { test } from 'node:test';
import { LeadglassError } from '../error.ts';
import { instantOf } from './ledger.ts';
import { hostAndPort, moveDestination } from './options.ts';
import { counted, displayWidth, factLines, formatBytes, tableLines } from './output.ts';
import { isStraySocketError, startText } from './serve.ts';

test('tables align wide characters and escape hostile ones', () => {
  const rows = [
    { name: '山田^太郎', count: 1 },
    { name: 'A\u001b[2J\nB', count: 12 },
  ];
  const lines = tableLines(rows, [
    { title: 'NAME', value: ({ name }) => name },
    { title: 'N', value: ({ count }) => count, right: true },
  ]);
  assert.equal(lines.length, 3);
  assert.deepEqual(
    lines.map(displayWidth),
    lines.map(() => displayWidth(lines[1] ?? '')),
  );
  assert.doesNotMatch(lines.join(''), /\p{Cc}/u);
});

test('facts that are absent leave no line', () => {
  assert.deepEqual(
    factLines([
      ['a', 1],
      ['bcd', undefined],
      ['e', ''],
    ]),
    ['a  1'],
  );
});

test('byte counts at the borders of their units', () => {
  assert.deepEqual([0, 1023, 1024, 1024 ** 2 - 1, 1024 ** 3].map(formatBytes), [
    '0 B',
    '1023 B',
    '1.0 KiB',
    '1024 KiB',
    '1.0 GiB',
  ]);
  assert.deepEqual([counted(1, 'study', 'studies'), counted(0, 'study', 'studies')], ['1 study', '0 studies']);
});

test('HOST:PORT takes names and both families, and refuses the rest', () => {
  assert.deepEqual(hostAndPort('localhost:2762'), { host: 'localhost', port: 2762 });
  assert.deepEqual(hostAndPort('[::1]:65535'), { host: '::1', port: 65_535 });
  for (const wrong of ['localhost', 'localhost:0', 'localhost:65536', '::1:2762', 'a b:1', ':1', 'x:1;rm']) {
    assert.throws(() => hostAndPort(wrong), wrong);
  }
  assert.deepEqual(moveDestination('WS2=10.1.2.3:2762'), [{ aeTitle: 'WS2', host: '10.1.2.3', port: 2762 }]);
  assert.throws(() => moveDestination('10.1.2.3:2762'));
  const trust = 'ab'.repeat(32);
  const asOpensslPrintsIt = (trust.toUpperCase().match(/../g) ?? []).join(':');
  for (const fingerprint of [trust, asOpensslPrintsIt]) {
    assert.deepEqual(moveDestination(`WS2=[::1]:2762=${fingerprint}`), [
      { aeTitle: 'WS2', host: '::1', port: 2762, trust },
    ]);
  }
  for (const wrong of ['WS2=ws2:2762=', `WS2=ws2:2762=${trust}0`, `WS2=ws2:2762=${trust}=1`, `=ws2:2762=${trust}`]) {
    assert.throws(() => moveDestination(wrong));
  }
});

test('--since takes days, instants and spans', () => {
  const now = Date.parse('2026-11-25T10:00:00Z');
  assert.equal(instantOf('2026-11-20', now), '2026-11-20T00:00:00.000Z');
  assert.equal(instantOf('2026-11-20T08:30', now), '2026-11-20T08:30:00.000Z');
  assert.equal(instantOf('2026-11-20T08:30+02:00', now), '2026-11-20T06:30:00.000Z');
  assert.equal(instantOf('12h', now), '2026-11-24T22:00:00.000Z');
  for (const wrong of ['yesterday', '2026-13-01', '5w', '']) {
    assert.throws(
      () => instantOf(wrong, now),
      (error) => error instanceof LeadglassError && error.code === 'BAD_REQUEST',
    );
  }
});

test('a first start says what is open, that nothing is allowed yet, and what to type', () => {
  const text = startText(
    {
      doors: [
        { name: 'console', address: '127.0.0.1', port: 8443, protocol: 'https' },
        { name: 'DIMSE', address: '127.0.0.1', port: 2762, protocol: 'DICOM over TLS' },
      ],
      firstStart: true,
      enrolmentLink: 'https://localhost:8443/enrol?token=x',
      openings: 0,
      stop: () => Promise.resolve(),
    },
    { dataDirectory: '/data', file: '/data/leadglass.yaml' },
  ).join('\n');
  for (const part of [
    'https://localhost:8443',
    '127.0.0.1:2762 (DICOM over TLS)',
    '0 openings',
    'npm run demo',
    'device add CT1',
    'leadglass status',
    'sets your two factors',
  ]) {
    assert.ok(text.includes(part), part);
  }
});

test('only a socket that broke by itself is survived by the last net', () => {
  assert.equal(isStraySocketError(Object.assign(new Error('x'), { code: 'ECONNRESET', syscall: 'read' })), true);
  assert.equal(isStraySocketError(Object.assign(new Error('x'), { code: 'ENOSPC', syscall: 'write' })), false);
  assert.equal(isStraySocketError(new TypeError('undefined is not a function')), false);
});
