import assert from 'node:assert/strict';
import { test } from 'node:test';
import { knownUid } from '../dicom/uid.ts';
import { LeadglassError } from '../error.ts';
import { toXml } from '../ledger/audit-message.ts';
import type { LedgerRecordInput } from '../ledger/record.ts';
import { AuditEvents } from './audit-events.ts';
import { LedgerGate } from './ledger-gate.ts';
import { findOf, startMs, TestLedger } from './test-support.ts';

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

const sopClassUid = knownUid('1.2.840.10008.5.1.4.1.2.2.1');
const actor = { principal: { kind: 'operator', user: 'root' }, door: 'control', transferId: 'long' } as const;
const tooLong = (): never => {
  throw new LeadglassError('LIMIT_EXCEEDED', 'Cannot record: the record is too long');
};
function lengthLimited(ledger: TestLedger): void {
  ledger.before = ({ event }) => {
    if (toXml(event).length > 60_000) tooLong();
  };
}

test('a record that is too long for the ledger is no outage, and an end of that kind keeps nobody out', async () => {
  const { ledger, gate, end } = gateOf();
  lengthLimited(ledger);
  const studyInstanceUids = Array.from({ length: 5000 }, (_, index) => knownUid(`1.2.3.${index}`));
  const operation = { kind: 'retrieve', via: 'get', level: 'STUDY', keys: { studyInstanceUids } } as const;
  await gate.recordEnd(events.emptyRetrieve(actor, operation, { at: new Date(startMs) }));
  await gate.record(
    events.operationRefused(actor, operation, {
      at: new Date(startMs),
      reason: 'outside-scope',
      studies: studyInstanceUids,
    }),
  );
  await gate.record(end('other'));
  assert.equal(gate.isAvailable, true);
  assert.deepEqual(reasons(ledger), ['nothing found', 'outside-scope', 'other']);
  assert.equal(ledger.records[0]?.studyInstanceUids?.length, 64);
  assert.match(ledger.records[0]?.xml ?? '', /shortened/);
});

test('a query that is too long for the ledger is refused, and the refusal is recorded without its words', async () => {
  const { ledger, gate, end } = gateOf();
  lengthLimited(ledger);
  const operation = findOf();
  const facts = { at: new Date(startMs), sopClassUid, identifier: new Uint8Array(100_000) };
  await assert.rejects(gate.record(events.query(actor, operation, facts)), { code: 'LIMIT_EXCEEDED' });
  await gate.recordEnd(events.query(actor, operation, { ...facts, failure: 'not completed' }));
  await gate.record(end('other'));
  assert.equal(gate.isAvailable, true);
  assert.deepEqual(reasons(ledger), ['LIMIT_EXCEEDED', 'not completed', 'other']);
  assert.deepEqual(ledger.codes.slice(0, 2), ['110112 8', '110112 8']);
});

test('an end that waits and turns out too long is shortened and does not keep the ledger away', async () => {
  const { ledger, gate } = gateOf();
  ledger.fails = true;
  const facts = { at: new Date(startMs), sopClassUid, identifier: new Uint8Array(100_000), failure: 'not completed' };
  await assert.rejects(gate.recordEnd(events.query(actor, findOf(), facts)), isUnavailable);
  ledger.fails = false;
  lengthLimited(ledger);
  await gate.ensure();
  assert.equal(gate.isAvailable, true);
  assert.deepEqual(reasons(ledger), ['restart', 'not completed']);
});
