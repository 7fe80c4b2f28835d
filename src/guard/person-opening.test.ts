import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as v from 'valibot';
import { objectionsToPerson, personOpeningTermsSchema, usualOperations } from './person-opening.ts';
import { roleBounds, roles } from './roles.ts';
import { personTerms, startMs } from './test-support.ts';

for (const role of roles) {
  test(`what an opening of a ${role} usually holds is within what the role can hold`, () => {
    const operations = usualOperations(role);
    const { operations: bounds } = roleBounds[role];
    assert.ok(operations.every((operation) => bounds.some((held) => held === operation)));
    if (operations.length > 0) assert.deepEqual(objectionsToPerson(personTerms({ role, operations })), []);
    else assert.match(objectionsToPerson(personTerms({ role })).join(), /nothing to open|must name the project/);
  });
}

test('an opening beyond its role, backwards in time or of impossible dates is told in words', () => {
  const beyond = objectionsToPerson(personTerms({ operations: ['find', 'remove'] }));
  assert.deepEqual(beyond, ['role physician can never hold remove; it can hold find, get, store, export']);
  assert.equal(objectionsToPerson(personTerms({ validUntilMs: startMs, validFromMs: startMs })).length, 1);
  const scope = { studyDateFrom: '20260102', studyDateTo: '20260101' };
  assert.equal(objectionsToPerson(personTerms({ scope })).length, 1);
  const sameDay = { studyDateFrom: '20260101', studyDateTo: '20260101' };
  assert.deepEqual(objectionsToPerson(personTerms({ scope: sameDay })), []);
});

test('a researcher works for a project, and nobody else does', () => {
  const scope = { deIdentified: { project: 'lung-2027', options: ['retain-modified-dates'] } } as const;
  assert.deepEqual(objectionsToPerson(personTerms({ role: 'researcher', operations: ['find', 'get'], scope })), []);
  assert.equal(objectionsToPerson(personTerms({ role: 'researcher', operations: ['find'] })).length, 1);
  assert.equal(objectionsToPerson(personTerms({ scope })).length, 1);
  for (const deIdentified of [
    { project: 'Lung', options: [] },
    { project: '../keys', options: [] },
    { project: 'lung', options: ['retain-uids'] },
    { project: 'lung' },
  ]) {
    const terms = { ...personTerms(), scope: { deIdentified } };
    assert.equal(v.safeParse(personOpeningTermsSchema, terms).success, false, JSON.stringify(deIdentified));
  }
});

test('terms that are none are not taken', () => {
  const wrong: readonly Record<string, unknown>[] = [
    { account: 'doctor' },
    { account: 'a b@c' },
    { account: `${'x'.repeat(250)}@h.de` },
    { role: 'chief' },
    { operations: [] },
    { operations: ['move'] },
    { reason: '' },
    { reason: 'a\nb' },
    { addresses: ['anywhere'] },
    { scope: { ownStudiesOnly: true } },
    { validUntilMs: 1.5 },
    { more: 1 },
  ];
  for (const change of wrong) {
    assert.equal(
      v.safeParse(personOpeningTermsSchema, { ...personTerms(), ...change }).success,
      false,
      JSON.stringify(change),
    );
  }
});
