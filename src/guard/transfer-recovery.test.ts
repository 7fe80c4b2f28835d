import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { LedgerRecord, LedgerRecordInput } from '../ledger/record.ts';
import {
  ctImage,
  enrol,
  headOf,
  makeHouse,
  peerFacts,
  retrieveOf,
  startMs,
  storeOf,
  studyA,
  studyB,
} from './test-support.ts';
import { recoverTransfers } from './transfer-recovery.ts';

/** The records as the ledger would give them back. */
function asRead(input: LedgerRecordInput & { readonly xml: string }, seq: number): LedgerRecord {
  const { event, ...facts } = input;
  return {
    ...facts,
    seq,
    prev: '',
    hash: '',
    at: event.event.at.toISOString(),
    event: event.event.id.code,
    outcome: event.event.outcome,
    patientIds: input.patientIds ?? [],
    studyInstanceUids: input.studyInstanceUids ?? [],
  };
}

test('transfers that a crash cut off are closed with what the store received, each once', async () => {
  await using house = makeHouse();
  enrol(house.store, { purpose: 'archive' });
  const session = house.guard.session(await house.guard.identify(peerFacts()));
  const store = await session.admit(storeOf());
  await store.involving(headOf());
  await store.involving(headOf({ studyInstanceUid: studyB }));
  const get = await session.admit(retrieveOf());
  await get.involving(headOf());
  const begun = house.ledger.records.filter(({ transferState }) => transferState === 'begun').map(asRead);
  house.ledger.records.length = 0;
  const asked: string[] = [];
  const written = await recoverTransfers({
    ledger: {
      record: (input) => house.ledger.record(input),
      async *openTransfers() {
        yield* begun;
      },
    },
    self: { sourceId: 'leadglass', aeTitles: ['LEADGLASS'], processId: '1' },
    now: () => startMs,
    studies: { headOf: async () => undefined },
    async received(transferId, studyInstanceUid) {
      asked.push(`${transferId === session.id} ${studyInstanceUid}`);
      return new Map(studyInstanceUid === studyA ? [[ctImage, 7]] : []);
    },
  });
  assert.equal(written, 3);
  assert.deepEqual(asked, [`true ${studyA}`, `true ${studyB}`]);
  assert.deepEqual(house.ledger.codes, ['110104 0', '110104 8', '110104 8']);
  assert.ok(house.ledger.records.every(({ transferState, device }) => transferState === 'ended' && device === 'CT1'));
  assert.deepEqual(
    house.ledger.records.map(({ transferId }) => transferId),
    begun.map(({ transferId }) => transferId),
  );
  assert.match(house.ledger.records[0]?.xml ?? '', /NumberOfInstances="7"/);
  assert.match(house.ledger.records[0]?.xml ?? '', /PID-1/);
});
