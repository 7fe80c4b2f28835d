import assert from 'node:assert/strict';
import { test } from 'node:test';
import { LeadglassError } from '../error.ts';
import type { LedgerRecordInput } from '../ledger/record.ts';
import { AuditEvents } from './audit-events.ts';
import { LedgerGate } from './ledger-gate.ts';
import { TestLedger, startMs } from './test-support.ts';

const events = new AuditEvents({ sourceId: 'leadglass', aeTitles: ['LEADGLASS'], processId: '1' });
const isUnavailable = (error: unknown): boolean =>
  error instanceof LeadglassError && error.code === 'LEDGER_UNAVAILABLE';

function gateOf(backlogMax = 2) {
  const ledger = new TestLedger();
  let nowMs = startMs;
  const gate = new LedgerGate(ledger, { events, now: () => nowMs, backlogMax });
  const end = (reason: string): LedgerRecordInput => ({
    ...events.sessionEnded(
      { principal: { kind: 'operator', user: 'root' }, door: 'control', transferId: reason },
      new Date(startMs),
      { reason, words: reason },
    ),
  });
  return { ledger, gate, end, wait: (ms: number) => (nowMs += ms) };
}
const reasons = (ledger: TestLedger) => ledger.records.map(({ reason }) => reason ?? 'restart');

test('after an outage all who ask wait for one record of it, which says since when', async () => {
  const { ledger, gate, end, wait } = gateOf();
  ledger.fails = true;
  await assert.rejects(gate.record(end('lost')), isUnavailable);
  wait(1000);
  await assert.rejects(gate.ensure(), isUnavailable);
  assert.equal(gate.isAvailable, false);
  ledger.fails = false;
  ledger.before = () => new Promise((resolve) => setTimeout(resolve, 5));
  await Promise.all([gate.ensure(), gate.record(end('a')), gate.ensure(), gate.record(end('b'))]);
  assert.equal(gate.isAvailable, true);
  assert.deepEqual(reasons(ledger), ['restart', 'a', 'b']);
  assert.ok(ledger.records[0]?.xml.includes(new Date(startMs).toISOString()));
  const text = /type="Alert Description" value="([^"]*)"/.exec(ledger.records[0]?.xml ?? '')?.[1] ?? '';
  assert.match(Buffer.from(text, 'base64').toString(), new RegExp(new Date(startMs).toISOString()));
});

test('ends that could not be written are written later, in their order, up to the limit', async () => {
  const { ledger, gate, end } = gateOf(2);
  ledger.fails = true;
  for (const reason of ['first', 'second', 'third']) await assert.rejects(gate.recordEnd(end(reason)), isUnavailable);
  ledger.fails = false;
  await gate.record(end('now'));
  assert.deepEqual(reasons(ledger), ['restart', 'first', 'second', 'now']);
});

test('an outage while the ends are written loses none of them', async () => {
  const { ledger, gate, end } = gateOf(2);
  ledger.fails = true;
  for (const reason of ['first', 'second']) await assert.rejects(gate.recordEnd(end(reason)), isUnavailable);
  ledger.fails = false;
  ledger.before = ({ reason }) => {
    if (reason === 'second') throw new Error('disk full again');
  };
  await assert.rejects(gate.ensure(), isUnavailable);
  assert.equal(gate.isAvailable, false);
  ledger.before = () => undefined;
  await gate.ensure();
  assert.deepEqual(reasons(ledger), ['restart', 'first', 'restart', 'second']);
});
