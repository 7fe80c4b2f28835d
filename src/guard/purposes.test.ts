import assert from 'node:assert/strict';
import { test } from 'node:test';
import { openingOperations, purposes } from './opening.ts';
import { type PurposeBounds, objectionsTo, purposeBounds } from './purposes.ts';
import { aet, dayMs, openingTerms, startMs } from './test-support.ts';

const rules = { plainExceptionDaysMax: 90 };
const plain = openingTerms({
  doors: ['dimse-plain'],
  addresses: ['10.1.2.3/32'],
  plain: { risk: 'sniffing on the modality network', port: 11_112 },
  validUntilMs: startMs + 90 * dayMs,
});
const destination = { aeTitle: aet('WS1'), host: 'ws1.example', port: 2762, trust: 'own-authority' };

test('the usual terms of every purpose are without objection', () => {
  for (const purpose of purposes) assert.deepEqual(objectionsTo(openingTerms({ purpose }), rules), []);
});

test('an operation outside the purpose is objected to, for every purpose and operation', () => {
  for (const purpose of purposes) {
    const bounds: PurposeBounds = purposeBounds[purpose];
    for (const operation of openingOperations) {
      const objections = objectionsTo(openingTerms({ purpose, operations: [operation] }), rules);
      assert.equal(objections.length, bounds.operations.includes(operation) ? 0 : 1, `${purpose} ${operation}`);
    }
  }
});

test('a plain door is open 90 days at most: at the limit yes, one moment above no', () => {
  assert.deepEqual(objectionsTo(plain, rules), []);
  assert.deepEqual(objectionsTo({ ...plain, validUntilMs: plain.validUntilMs + 1 }, rules), [
    'the plain door may be open 90 days at most, asked for 91',
  ]);
});

test('a plain door needs addresses, a risk, its own port and stands alone', () => {
  const { plain: _plain, ...withoutRisk } = plain;
  assert.match(objectionsTo({ ...plain, addresses: [] }, rules).join(), /needs named addresses/);
  assert.match(objectionsTo({ ...plain, addresses: ['0.0.0.0/0'] }, rules).join(), /is everybody/);
  assert.match(objectionsTo(withoutRisk, rules).join(), /needs its risk in words/);
  assert.match(objectionsTo({ ...plain, doors: ['dimse-plain', 'dimse-tls'] }, rules).join(), /names no other door/);
  assert.match(objectionsTo({ ...plain, doors: ['dimse-tls'] }, rules).join(), /but not the plain door/);
});

test('an opening on the TLS door has no limit of days', () => {
  assert.deepEqual(objectionsTo(openingTerms({ validUntilMs: startMs + 3000 * dayMs }), rules), []);
});

test('an opening must end after it begins', () => {
  assert.deepEqual(objectionsTo(openingTerms({ validUntilMs: startMs }), rules), ['the opening ends before it begins']);
  assert.deepEqual(objectionsTo(openingTerms({ validUntilMs: startMs + 1 }), rules), []);
});

test('study dates must end on or after the day on which they begin', () => {
  const dates = (studyDateFrom: string, studyDateTo: string) =>
    objectionsTo(openingTerms({ scope: { studyDateFrom, studyDateTo } }), rules).length;
  assert.equal(dates('20260102', '20260102'), 0);
  assert.equal(dates('20260102', '20260101'), 1);
});

test('private SOP classes need a purpose that stores more than evidence, and the store operation', () => {
  assert.deepEqual(objectionsTo(openingTerms({ privateSopClasses: true }), rules), []);
  assert.equal(objectionsTo(openingTerms({ purpose: 'reading', privateSopClasses: true }), rules).length, 1);
  assert.equal(objectionsTo(openingTerms({ operations: ['verify'], privateSopClasses: true }), rules).length, 1);
});

test('move destinations need the move operation and one AE title each', () => {
  const reading = openingTerms({ purpose: 'reading', moveDestinations: [destination] });
  assert.deepEqual(objectionsTo(reading, rules), []);
  assert.match(objectionsTo({ ...reading, operations: ['find'] }, rules).join(), /move is not/);
  assert.match(
    objectionsTo({ ...reading, moveDestinations: [destination, destination] }, rules).join(),
    /same AE title/,
  );
});
