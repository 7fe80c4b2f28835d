import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { test } from 'node:test';
import { transferRecord } from './ledger.test-support.ts';
import { checkLine, encodeLine, genesisHash, placeOf, readFacts, readRecord, recordBody } from './record.ts';

const at = new Date('2026-11-25T10:00:00Z');

test('the hash covers the hash before and every byte of the line, the XML included', () => {
  const { line, hash } = encodeLine(1, genesisHash, recordBody(transferRecord(), at, undefined));
  const text = line.toString('utf8');
  const covered = text.slice(0, text.indexOf(',"hash":"'));
  assert.ok(covered.includes('AuditMessage'));
  assert.equal(hash, createHash('sha256').update(Buffer.alloc(32)).update(covered).digest('hex'));
  assert.ok(text.endsWith(`,"hash":"${hash}"}\n`));
  assert.deepEqual(checkLine(line.subarray(0, -1), 1, genesisHash), { hash });
  assert.deepEqual(placeOf(line.subarray(0, -1)), { seq: 1, prev: genesisHash, hash });
});

test('a record is one line of JSON that reads back as it was', () => {
  const reason = '"\\\u2028 \n \ud800 山 ,"xml":" ,"hash":"';
  const { line } = encodeLine(7, 'a'.repeat(64), recordBody(transferRecord({ reason }), at, -5000));
  assert.equal(line.indexOf(0x0a), line.length - 1);
  const record = readRecord(line);
  assert.equal(record.reason, reason);
  assert.equal(record.seq, 7);
  assert.equal(record.clockJumpMs, -5000);
  const { xml, hash, ...facts } = record;
  assert.ok(xml.length > 0 && hash.length === 64);
  assert.deepEqual(readFacts(line.subarray(0, -1)), facts);
});

test('a record that is chained elsewhere is told', () => {
  const { line } = encodeLine(2, 'b'.repeat(64), recordBody(transferRecord(), at, undefined));
  const bare = line.subarray(0, -1);
  assert.deepEqual(checkLine(bare, 3, 'b'.repeat(64)), { problem: 'has number 2, expected 3' });
  assert.deepEqual(checkLine(bare, 2, 'c'.repeat(64)), { problem: 'does not follow the record before it' });
  assert.deepEqual(checkLine(Buffer.from('{}'), 2, 'c'.repeat(64)), { problem: 'not a ledger record' });
  assert.deepEqual(checkLine(Buffer.alloc(0), 2, 'c'.repeat(64)), { problem: 'not a ledger record' });
});
