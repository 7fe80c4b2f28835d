import assert from 'node:assert/strict';
import { appendFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { EventIds } from './audit-codes.ts';
import type { LedgerFilter } from './ledger-query.ts';
import { queryLedger } from './ledger-query.ts';
import { Ledger } from './ledger.ts';
import {
  newSigner,
  TemporaryFolder,
  testLimits,
  testLineLimits,
  transferMessage,
  transferRecord,
} from './ledger.test-support.ts';

const folder = new TemporaryFolder();
const count = 1500;

before(async () => {
  let now = Date.parse('2026-11-25T00:00:00Z');
  const clock = { now: () => new Date((now += 1000)), steadyMs: () => now };
  const limits = { ...testLimits, ledgerPendingBytesMax: 1 << 24 };
  const ledger = await Ledger.open({ directory: folder.path, signer: newSigner(), limits, clock });
  const query = transferMessage();
  await Promise.all(
    Array.from({ length: count }, (_, index) =>
      ledger.record(
        index % 100 === 7
          ? transferRecord({
              event: { ...query, event: { ...query.event, id: EventIds.query, outcome: 8 } },
              outcome: 8,
              principal: 'operator root',
              device: 'WS',
              address: '10.0.0.7',
              transferId: `T${index}`,
            })
          : transferRecord({ patientIds: [`P${index}`], studyInstanceUids: [`1.2.${index}`, '1.9'] }),
      ),
    ),
  );
  await ledger.close();
  // As another process sees a line that is just being written.
  appendFileSync(join(folder.path, '000003.jsonl'), '{"seq":1501,"prev":"12');
});
after(() => folder[Symbol.dispose]());

async function numbers(filter: LedgerFilter): Promise<number[]> {
  const found: number[] = [];
  for await (const record of queryLedger(folder.path, filter, testLineLimits)) found.push(record.seq);
  return found;
}

test('without a filter every record comes, newest first or oldest first', async () => {
  const upwards = Array.from({ length: count }, (_, index) => index + 1);
  assert.deepEqual(await numbers({ order: 'oldest-first' }), upwards);
  assert.deepEqual(await numbers({}), upwards.toReversed());
  assert.deepEqual(await numbers({ order: 'newest-first', limit: 3 }), [1500, 1499, 1498]);
  assert.deepEqual(await numbers({ limit: 0 }), []);
});

test('records are found by patient, study, event, outcome, transfer and who, exactly', async () => {
  const hundreds = Array.from({ length: 15 }, (_, index) => index * 100 + 8).toReversed();
  assert.deepEqual(await numbers({ patientId: 'P12' }), [13]);
  assert.deepEqual(await numbers({ patientId: 'P1499' }), [1500]);
  assert.deepEqual(await numbers({ patientId: 'P' }), []);
  assert.deepEqual(await numbers({ patientId: '1.9' }), []);
  assert.deepEqual(await numbers({ studyInstanceUid: '1.2.0' }), [1]);
  assert.equal((await numbers({ studyInstanceUid: '1.9' })).length, count - 15);
  assert.deepEqual(await numbers({ event: '110112' }), hundreds);
  assert.deepEqual(await numbers({ outcome: 8 }), hundreds);
  assert.deepEqual(await numbers({ transferId: 'T207' }), [208]);
  assert.deepEqual(await numbers({ who: 'ws' }), hundreds);
  assert.deepEqual(await numbers({ who: 'Operator ROOT' }), hundreds);
  assert.deepEqual(await numbers({ who: 'root' }), hundreds);
  assert.deepEqual(await numbers({ who: '10.0.0.7', limit: 2, order: 'oldest-first' }), [8, 108]);
  assert.deepEqual(await numbers({ who: '10.0.0', event: '110112' }), []);
});

test('both ends of a time are included', async () => {
  const at = (seconds: number): Date => new Date(Date.parse('2026-11-25T00:00:00Z') + seconds * 1000);
  const found = await numbers({ since: at(100), until: at(103), order: 'oldest-first' });
  // The clock moves by more than the records do, so only neighbours are compared.
  assert.equal(found.length, 4);
  assert.deepEqual(await numbers({ since: at(1e6) }), []);
});

test('a record without its study in the filter is not found by text elsewhere in it', async () => {
  assert.deepEqual(await numbers({ patientId: 'HOSP' }), []);
  assert.deepEqual(await numbers({ event: '110104', patientId: 'P3' }), [4]);
});
