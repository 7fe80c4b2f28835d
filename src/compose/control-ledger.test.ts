import assert from 'node:assert/strict';
import { test } from 'node:test';
import { callOf, importFiles, makeFile, openHouse, records, refusal } from './compose.test-support.ts';

test('records are shown newest first, in words; that they were read is a record, too', async () => {
  await using house = await openHouse();
  await importFiles(house, makeFile());
  // The client may call it anything: the record stays the one of reading the audit trail.
  const { records: shown, more } = await house.services.ledgerShow(callOf('whatever'), { rows: 2 });
  assert.equal(more, true);
  assert.deepEqual(
    shown.map(({ seq, event, outcome, who, patientIds, studyInstanceUids }) => ({
      seq,
      event,
      outcome,
      who,
      patientIds,
      studyInstanceUids,
    })),
    [
      {
        seq: 3,
        event: '110101 Audit Log Used',
        outcome: 'success',
        who: 'operator ada',
        patientIds: [],
        studyInstanceUids: [],
      },
      {
        seq: 2,
        event: '110107 Import',
        outcome: 'success',
        who: 'operator ada',
        patientIds: ['P1'],
        studyInstanceUids: ['1.2.3.1'],
      },
    ],
  );
  assert.ok(shown.every(({ at }) => at.endsWith('Z')));
});

test('filters narrow what is shown; the patient looked for is not named in the record of it', async () => {
  await using house = await openHouse();
  await importFiles(house, makeFile(), makeFile({ study: 2 }));
  const seqs = async (given: Partial<Parameters<typeof house.services.ledgerShow>[1]>) =>
    (await house.services.ledgerShow(callOf(), { rows: 100, ...given })).records.map(({ event }) => event.slice(0, 6));
  assert.deepEqual(await seqs({ patient: 'P2' }), ['110107', '110102']);
  assert.deepEqual(await seqs({ study: '1.2.3.1', event: '110107' }), ['110107']);
  assert.deepEqual(await seqs({ since: '2999-01-01T00:00:00Z' }), []);
  assert.deepEqual(await seqs({ who: 'device CT1' }), []);
  const used = (await records(house)).filter(({ event }) => event === '110101');
  assert.equal(used.length, 4);
  assert.ok(
    used.every(({ xml }) => !xml.includes('P2') && !xml.includes(Buffer.from('P2').toString('base64').slice(0, 3))),
  );
});

test('a time that is none is refused before anything is read', async () => {
  await using house = await openHouse();
  await assert.rejects(
    house.services.ledgerShow(callOf(), { rows: 1, since: 'yesterday' }),
    refusal('BAD_REQUEST', /no date and time/),
  );
});

test('the whole ledger is checked, and that it was is a record', async () => {
  await using house = await openHouse();
  await importFiles(house, makeFile());
  const verdict = await house.services.ledgerVerify(callOf(), {});
  assert.equal(verdict.intact, true);
  const [last] = (await house.services.ledgerShow(callOf(), { rows: 1 })).records;
  assert.ok(last);
  assert.match(last.event, /^1101/);
});
