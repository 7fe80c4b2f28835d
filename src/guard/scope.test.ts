import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  type Scope,
  type ScopedAttributes,
  normalizeDepartment,
  sameScope,
  scopeAllowsHead,
  scopeWithin,
} from './scope.ts';
import { studyA, studyB } from './test-support.ts';

const attributes: ScopedAttributes = {
  studyInstanceUid: studyA,
  modality: 'CT',
  institutionalDepartmentName: ' Radiology  West ',
  studyDate: '20260315',
  patientId: 'P1',
  issuerOfPatientId: 'HOSP',
  studyReceivedFrom: ['CT1'],
};

const cases: readonly (readonly [scope: Scope, inside: boolean])[] = [
  [{}, true],
  [{ modalities: ['MR', 'CT'] }, true],
  [{ modalities: ['MR'] }, false],
  [{ modalities: [] }, false],
  [{ departments: ['radiology west'] }, true],
  [{ departments: ['radiology'] }, false],
  [{ departments: [] }, false],
  [{ studyDateFrom: '20260314' }, true],
  [{ studyDateFrom: '20260315' }, true],
  [{ studyDateFrom: '20260316' }, false],
  [{ studyDateTo: '20260316' }, true],
  [{ studyDateTo: '20260315' }, true],
  [{ studyDateTo: '20260314' }, false],
  [{ patientIdIssuers: ['HOSP'] }, true],
  [{ patientIdIssuers: ['hosp'] }, false],
  [{ patientIdIssuers: [] }, false],
  [{ patients: [{ patientId: 'P1', issuer: 'HOSP' }] }, true],
  [
    {
      patients: [
        { patientId: 'P2', issuer: 'HOSP' },
        { patientId: 'P1', issuer: 'HOSP' },
      ],
    },
    true,
  ],
  [{ patients: [{ patientId: 'P1', issuer: '' }] }, false],
  [{ patients: [{ patientId: 'p1', issuer: 'HOSP' }] }, false],
  [{ patients: [] }, false],
  [{ receivedFrom: 'CT1' }, true],
  [{ receivedFrom: 'CT2' }, false],
  [{ studyInstanceUids: [studyA] }, true],
  [{ studyInstanceUids: [studyB] }, false],
  [{ studyInstanceUids: [] }, false],
];

test('an instance is inside a scope when it fits every member, dates inclusive', () => {
  for (const [scope, inside] of cases) assert.equal(scopeAllowsHead(scope, attributes), inside, JSON.stringify(scope));
});

test('one member that does not fit puts the instance outside, whatever the others say', () => {
  for (const [scope, inside] of cases) {
    assert.equal(scopeAllowsHead({ modalities: ['CT'], studyInstanceUids: [studyA], ...scope }, attributes), inside);
  }
});

test('an attribute that the scope narrows and the data set lacks is outside', () => {
  const empty: ScopedAttributes = {
    ...attributes,
    modality: '',
    institutionalDepartmentName: '',
    studyDate: '',
    patientId: '',
    issuerOfPatientId: '',
    studyReceivedFrom: [],
  };
  assert.equal(scopeAllowsHead({}, empty), true);
  const narrowing: Scope[] = [
    { modalities: ['CT'] },
    { departments: [''] },
    { studyDateFrom: '19000101' },
    { studyDateTo: '99991231' },
    { patientIdIssuers: ['HOSP'] },
    { receivedFrom: 'CT1' },
  ];
  for (const scope of narrowing) assert.equal(scopeAllowsHead(scope, empty), false, JSON.stringify(scope));
});

test('a study date that is not eight digits cannot be placed and is outside', () => {
  for (const studyDate of ['2026', '2026.03.15', '20260315-', 'abcdefgh']) {
    assert.equal(scopeAllowsHead({ studyDateFrom: '00000000' }, { ...attributes, studyDate }), false, studyDate);
  }
});

test('departments are compared without case and with spaces counted once', () => {
  assert.equal(normalizeDepartment('  A\t  B '), 'a b');
});

test('scopes are the same when their lists hold the same, in any order', () => {
  assert.equal(sameScope({ modalities: ['CT', 'MR'] }, { modalities: ['MR', 'CT'] }), true);
  const different: readonly (readonly [Scope, Scope])[] = [
    [{}, { modalities: [] }],
    [{ modalities: ['CT'] }, { modalities: ['CT', 'MR'] }],
    [{ departments: ['a'] }, { departments: ['b'] }],
    [{ studyDateFrom: '20260101' }, {}],
    [{ studyDateTo: '20260101' }, { studyDateTo: '20260102' }],
    [{ patientIdIssuers: ['A'] }, {}],
    [{ receivedFrom: 'CT1' }, {}],
    [{ studyInstanceUids: [studyA] }, { studyInstanceUids: [studyB] }],
  ];
  for (const [one, other] of different) {
    assert.equal(sameScope(one, other), false, JSON.stringify([one, other]));
    assert.equal(sameScope(one, one), true);
  }
});

test('what is inside two scopes is what each of them allows: an instance is inside both or not at all', () => {
  const wide: Scope = { modalities: ['CT', 'MR'], studyDateFrom: '20260101', departments: ['Radiology', 'Ward 3'] };
  const other: Scope = {
    modalities: ['MR', 'US'],
    studyDateTo: '20261231',
    departments: [' radiology'],
    patientIdIssuers: ['H'],
  };
  const both = scopeWithin(wide, other);
  assert.deepEqual(both, {
    modalities: ['MR'],
    departments: ['radiology'],
    studyDateFrom: '20260101',
    studyDateTo: '20261231',
    patientIdIssuers: ['H'],
  });
  assert.deepEqual(scopeWithin(wide, {}), { ...wide, departments: ['radiology', 'ward 3'] });
  assert.deepEqual(scopeWithin({}, {}), {});
  assert.deepEqual(
    scopeWithin({ modalities: ['CT'] }, { modalities: ['MR'] }),
    { modalities: [] },
    'nothing is nothing',
  );
  const uids = [studyA];
  assert.deepEqual(scopeWithin({ receivedFrom: 'CT1' }, { studyInstanceUids: uids, joinsReachedOnly: true }), {
    receivedFrom: 'CT1',
    studyInstanceUids: uids,
    joinsReachedOnly: true,
  });
  assert.deepEqual(scopeWithin({ receivedFrom: 'CT1' }, { receivedFrom: 'MR1' }).studyInstanceUids, []);
  const [ada, bo] = ['A', 'B'].map((patientId) => ({ patientId, issuer: 'H' }));
  assert.ok(ada && bo);
  assert.deepEqual(scopeWithin({ patients: [ada, bo] }, { patients: [{ ...bo }] }), { patients: [bo] });
  assert.deepEqual(scopeWithin({ patients: [ada] }, {}), { patients: [ada] });
});
