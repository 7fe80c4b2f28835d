import assert from 'node:assert/strict';
import { test } from 'node:test';
import { knownUid } from '../dicom/uid.ts';
import { LeadglassError } from '../error.ts';
import { limits } from '../limits.ts';
import type { GuardLimits } from './guard.ts';
import type { GuardSession } from './session.ts';
import {
  aet,
  ctImage,
  enrol,
  greyscalePresentation,
  headOf,
  makeHouse,
  peerFacts,
  retrieveOf,
  storeOf,
  studyA,
  studyB,
} from './test-support.ts';
import type { TransferHead } from './transfers.ts';

const studyC = knownUid('1.2.3.3');

async function store(
  session: GuardSession,
  head: TransferHead = headOf(),
  end: 'done' | 'failed' | 'kept aside' = 'done',
) {
  await using admission = await session.admit(storeOf(head.sopClassUid));
  await admission.involving(head);
  if (end === 'failed') admission.failed(new LeadglassError('OUT_OF_RESOURCES', 'disk full'));
  else admission.succeeded(end === 'kept aside' ? { warning: 'conflict' } : {});
}

async function houseWithSession(few: Partial<GuardLimits> = {}, purpose: 'acquisition' | 'archive' = 'archive') {
  const house = makeHouse({ limits: { ...limits, ...few } });
  enrol(house.store, {
    purpose,
    ...(purpose === 'archive'
      ? { moveDestinations: [{ aeTitle: aet('WS1'), host: 'ws1', port: 2762, trust: 'own-authority' }] }
      : {}),
  });
  const session = house.guard.session(await house.guard.identify(peerFacts()));
  house.ledger.records.length = 0;
  return { house, session, ledger: house.ledger };
}

test('five hundred instances of a study make two records, with counts per SOP class', async () => {
  const { house, session, ledger } = await houseWithSession();
  await using _house = house;
  for (let count = 0; count < 497; count += 1) await store(session);
  for (let count = 0; count < 3; count += 1) await store(session, headOf({ sopClassUid: greyscalePresentation }));
  await session.end('released');
  assert.deepEqual(ledger.codes, ['110102 0', '110104 0', '110114/110123 0']);
  const xml = ledger.records[1]?.xml ?? '';
  assert.match(xml, new RegExp(`<SOPClass UID="${ctImage}" NumberOfInstances="497">`));
  assert.match(xml, new RegExp(`<SOPClass UID="${greyscalePresentation}" NumberOfInstances="3">`));
  assert.match(xml, /EventActionCode="C"/);
  assert.match(xml, /<Accession Number="A100"\/>/);
  assert.match(xml, /PID-1\^\^\^HOSP/);
  assert.deepEqual(ledger.records[1]?.patientIds, ['PID-1']);
});

test('every study has its own begin and end', async () => {
  const { house, session, ledger } = await houseWithSession();
  await using _house = house;
  await store(session);
  await store(session, headOf({ studyInstanceUid: studyB }));
  await store(session);
  await session.end('released');
  assert.deepEqual(
    ledger.records.map(({ studyInstanceUids, transferState }) => [studyInstanceUids?.[0], transferState]),
    [
      [studyA, 'begun'],
      [studyB, 'begun'],
      [studyA, 'ended'],
      [studyB, 'ended'],
      [undefined, undefined],
    ],
  );
});

test('mixed results are told apart in one message each, and only the last closes the transfer', async () => {
  const { house, session, ledger } = await houseWithSession();
  await using _house = house;
  await store(session);
  await store(session, headOf(), 'failed');
  await store(session, headOf(), 'kept aside');
  await session.end('aborted');
  assert.deepEqual(
    ledger.records.slice(1, 4).map(({ event, transferState, reason }) => [event.event.outcome, transferState, reason]),
    [
      [0, undefined, undefined],
      [8, undefined, 'OUT_OF_RESOURCES'],
      [4, 'ended', 'conflict'],
    ],
  );
});

test('many at once of one study begin it once, and all wait for the record', async () => {
  const { house, session, ledger } = await houseWithSession();
  await using _house = house;
  let written = false;
  ledger.before = async () => {
    await new Promise((resolve) => setTimeout(resolve, 5));
    written = true;
  };
  await Promise.all(
    Array.from({ length: 8 }, async () => {
      await using admission = await session.admit(storeOf());
      await admission.involving(headOf());
      assert.equal(written, true);
      admission.succeeded();
    }),
  );
  assert.deepEqual(ledger.codes, ['110102 0']);
  await session.end('released');
  assert.match(ledger.records[1]?.xml ?? '', /NumberOfInstances="8"/);
});

test('a long transfer writes what it has so far: at the limit, not one before', async () => {
  const { house, session, ledger } = await houseWithSession({ transferRecordInstancesMax: 3 });
  await using _house = house;
  for (let count = 0; count < 3; count += 1) await store(session);
  assert.deepEqual(ledger.codes, ['110102 0']);
  await store(session);
  assert.deepEqual(ledger.codes, ['110102 0', '110104 0']);
  assert.equal(ledger.last.transferState, undefined);
  assert.match(ledger.last.xml, /NumberOfInstances="3"/);
  await session.end('released');
  assert.match(ledger.records[2]?.xml ?? '', /NumberOfInstances="1"/);
  assert.equal(ledger.records[2]?.transferState, 'ended');
});

test('a slow transfer writes what it has after its time, at the limit and not one before', async () => {
  const { house, session, ledger } = await houseWithSession({ transferRecordMs: 1000 });
  await using _house = house;
  await store(session);
  house.clock.nowMs += 999;
  await store(session);
  assert.deepEqual(ledger.codes, ['110102 0']);
  house.clock.nowMs += 1;
  await store(session);
  assert.deepEqual(ledger.codes, ['110102 0', '110104 0']);
});

test('more studies than may be open at once close the one begun first', async () => {
  const { house, session, ledger } = await houseWithSession({ transferStudiesMax: 2 });
  await using _house = house;
  await store(session);
  await store(session, headOf({ studyInstanceUid: studyB }));
  assert.deepEqual(ledger.codes, ['110102 0', '110102 0']);
  await store(session, headOf({ studyInstanceUid: studyC }));
  assert.deepEqual(
    ledger.records.map(({ studyInstanceUids, transferState }) => [studyInstanceUids?.[0], transferState]),
    [
      [studyA, 'begun'],
      [studyB, 'begun'],
      [studyC, 'begun'],
      [studyA, 'ended'],
    ],
  );
});

test('a study that was begun but of which nothing moved is closed all the same', async () => {
  const { house, session, ledger } = await houseWithSession();
  await using _house = house;
  const admission = await session.admit(storeOf());
  await admission.involving(headOf());
  await session.end('aborted');
  assert.deepEqual(ledger.codes, ['110102 0', '110104 8', '110114/110123 0']);
  assert.equal(ledger.records[1]?.transferState, 'ended');
});

test('what fails before its study is known is counted in the end of the association', async () => {
  const { house, session, ledger } = await houseWithSession();
  await using _house = house;
  {
    await using _admission = await session.admit(storeOf());
  }
  await session.end('released');
  assert.match(ledger.last.xml, /1 failed before their study was known/);
});

test('get and move leave under their own transfer, with who gets it', async () => {
  const { house, session, ledger } = await houseWithSession();
  await using _house = house;
  {
    await using admission = await session.admit(retrieveOf({ via: 'get' }));
    await admission.involving(headOf());
    admission.transferred(headOf());
    admission.transferred(headOf(), { outcome: 8, reason: 'transfer syntax' });
    admission.succeeded();
  }
  {
    await using admission = await session.admit(retrieveOf({ via: 'move', destination: aet('WS1') }));
    assert.equal(admission.moveDestination?.host, 'ws1');
    await admission.involving(headOf());
    admission.transferred(headOf());
    admission.succeeded();
  }
  await session.end('released');
  // Studies and ways are closed side by side, so only what belongs together has an order.
  const lines = ledger.records.map(
    ({ transferId }, index) => `${transferId?.slice(session.id.length)} ${ledger.codes[index]}`,
  );
  assert.deepEqual(
    lines.filter((line) => line.startsWith('/sent')),
    ['/sent 110102 0', '/sent 110104 0', '/sent 110104 8'],
  );
  assert.deepEqual(
    lines.filter((line) => line.startsWith('/moved')),
    ['/moved/WS1 110102 0', '/moved/WS1 110104 0'],
  );
  assert.match(ledger.records[1]?.xml ?? '', /AlternativeUserID="AETITLES=WS1"/);
  assert.match(ledger.records[2]?.xml ?? '', /EventActionCode="R"/);
});

test('reasons without number do not make records without number', async () => {
  const { house, session, ledger } = await houseWithSession();
  await using _house = house;
  await using admission = await session.admit(retrieveOf());
  await admission.involving(headOf());
  for (let count = 0; count < 500; count += 1)
    admission.transferred(headOf(), { outcome: 8, reason: `reason ${count}` });
  await session.end('released');
  // Sixteen by themselves and the rest together, one begin, one logout.
  assert.equal(ledger.records.length, 19);
  assert.deepEqual(
    ledger.records.slice(16, 18).map(({ reason }) => reason),
    ['reason 15', 'several reasons'],
  );
  const sum = ledger.records
    .flatMap(({ xml }) => [...xml.matchAll(/NumberOfInstances="([0-9]+)"/g)])
    .reduce((total, match) => total + Number(match[1]), 0);
  assert.equal(sum, 500);
});
