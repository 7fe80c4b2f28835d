/** Every cell of PS3.8 table 9-10 against the table as the standard prints it, written out here a second time. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { stateAfter, transitions, type ProtocolEvent, type State } from './state-machine.ts';

/** Columns Sta1 to Sta13; a dot is an empty cell. */
const printedTable = `
Evt1  AE-1 .    .    .    .    .    .    .    .    .     .    .    .
Evt2  .    .    .    AE-2 .    .    .    .    .    .     .    .    .
Evt3  .    AA-1 AA-8 .    AE-3 AA-8 AA-8 AA-8 AA-8 AA-8  AA-8 AA-8 AA-6
Evt4  .    AA-1 AA-8 .    AE-4 AA-8 AA-8 AA-8 AA-8 AA-8  AA-8 AA-8 AA-6
Evt5  AE-5 .    .    .    .    .    .    .    .    .     .    .    .
Evt6  .    AE-6 AA-8 .    AA-8 AA-8 AA-8 AA-8 AA-8 AA-8  AA-8 AA-8 AA-7
Evt7  .    .    AE-7 .    .    .    .    .    .    .     .    .    .
Evt8  .    .    AE-8 .    .    .    .    .    .    .     .    .    .
Evt9  .    .    .    .    .    DT-1 .    AR-7 .    .     .    .    .
Evt10 .    AA-1 AA-8 .    AA-8 DT-2 AR-6 AA-8 AA-8 AA-8  AA-8 AA-8 AA-6
Evt11 .    .    .    .    .    AR-1 .    .    .    .     .    .    .
Evt12 .    AA-1 AA-8 .    AA-8 AR-2 AR-8 AA-8 AA-8 AA-8  AA-8 AA-8 AA-6
Evt13 .    AA-1 AA-8 .    AA-8 AA-8 AR-3 AA-8 AA-8 AR-10 AR-3 AA-8 AA-6
Evt14 .    .    .    .    .    .    .    AR-4 AR-9 .     .    AR-4 .
Evt15 .    .    AA-1 AA-2 AA-1 AA-1 AA-1 AA-1 AA-1 AA-1  AA-1 AA-1 .
Evt16 .    AA-2 AA-3 .    AA-3 AA-3 AA-3 AA-3 AA-3 AA-3  AA-3 AA-3 AA-2
Evt17 .    AA-5 AA-4 AA-4 AA-4 AA-4 AA-4 AA-4 AA-4 AA-4  AA-4 AA-4 AR-5
Evt18 .    AA-2 .    .    .    .    .    .    .    .     .    .    AA-2
Evt19 .    AA-1 AA-8 .    AA-8 AA-8 AA-8 AA-8 AA-8 AA-8  AA-8 AA-8 AA-7
`;

const events: readonly ProtocolEvent[] = [
  'A-ASSOCIATE request',
  'connection confirmed',
  'A-ASSOCIATE-AC',
  'A-ASSOCIATE-RJ',
  'connection indicated',
  'A-ASSOCIATE-RQ',
  'A-ASSOCIATE accept',
  'A-ASSOCIATE reject',
  'P-DATA request',
  'P-DATA-TF',
  'A-RELEASE request',
  'A-RELEASE-RQ',
  'A-RELEASE-RP',
  'A-RELEASE response',
  'A-ABORT request',
  'A-ABORT',
  'connection closed',
  'ARTIM expired',
  'invalid PDU',
];
const states: readonly State[] = [
  'Sta1',
  'Sta2',
  'Sta3',
  'Sta4',
  'Sta5',
  'Sta6',
  'Sta7',
  'Sta8',
  'Sta9',
  'Sta10',
  'Sta11',
  'Sta12',
  'Sta13',
];

test('every cell of table 9-10 names the action that the standard prints', () => {
  const rows = printedTable.trim().split('\n');
  assert.equal(rows.length, 19);
  assert.equal(Object.keys(transitions).length, 19);
  rows.forEach((row, eventIndex) => {
    const [label, ...cells] = row.split(/ +/);
    assert.equal(label, `Evt${eventIndex + 1}`);
    assert.equal(cells.length, 13, row);
    const event = events[eventIndex];
    assert.ok(event !== undefined);
    states.forEach((state, column) => {
      const expected = cells[column] === '.' ? undefined : cells[column];
      assert.equal(transitions[event][state], expected, `${label} ${event} in ${state}`);
    });
  });
});

test('every action leads to the state that tables 9-6 to 9-9 print', () => {
  const printed = `AE-1 4, AE-2 5, AE-3 6, AE-4 1, AE-5 2, AE-6 3/13, AE-7 6, AE-8 13, DT-1 6, DT-2 6, AR-1 7, AR-2 8,
    AR-3 1, AR-4 13, AR-5 1, AR-6 7, AR-7 8, AR-8 9/10, AR-9 11, AR-10 12, AA-1 13, AA-2 1, AA-3 1, AA-4 1, AA-5 1,
    AA-6 13, AA-7 13, AA-8 13`;
  const expected = new Map(
    printed.split(/,\s*/).map((text) => {
      const [action = '', after = ''] = text.trim().split(' ');
      return [action, after.split('/').map((number) => `Sta${number}`)];
    }),
  );
  assert.deepEqual(new Map(Object.entries(stateAfter).map(([action, after]) => [action, [...after]])), expected);
});

test('no action is without a cell and no state is without a way out', () => {
  const used = new Set<string | undefined>(events.flatMap((event) => states.map((state) => transitions[event][state])));
  for (const action of Object.keys(stateAfter)) assert.ok(used.has(action), action);
  for (const state of states.slice(1)) {
    assert.ok(transitions['connection closed'][state] !== undefined, `${state} does not see the connection close`);
  }
});
