import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { PersonOpeningView } from '../../../../src/doors/control/control-services.ts';
import { roles } from '../../../../src/guard/roles.ts';
import { accountOpenOf, boundsOf, draftOf, faultsOfImages, neverHeld } from './images-draft.ts';

const present: PersonOpeningView = {
  ...{ number: 7, email: 'paul@klinikum.example', role: 'physician', allow: ['find', 'get'], addresses: [] },
  scope: { modalities: ['CT', 'MR'], departments: ['Nuclear medicine'], patientIdIssuers: ['KLINIKUM'] },
  ...{ reason: 'night shifts', owner: 'ada', from: '2026-11-01T08:00:00Z', until: '2027-06-30', state: 'open' },
};

test('what is usual for the role is ticked, for who does research the little there is', () => {
  assert.deepEqual(draftOf('physician', undefined).allow, ['find', 'get', 'store']);
  assert.deepEqual(draftOf('researcher', undefined).allow, ['find', 'get']);
  for (const role of roles) {
    const never = neverHeld(role);
    assert.ok(boundsOf(role).operations.every((operation) => !never.includes(operation)));
  }
});

test('a changed opening begins with what is open, and keeps the limits that the form does not show', () => {
  const person = { email: present.email, role: 'physician' } as const;
  const call = accountOpenOf(person, { ...draftOf('physician', present), reason: ' days ' }, present);
  assert.deepEqual(call, {
    ...{ email: present.email, allow: ['find', 'get'], until: '2027-06-30', reason: 'days', addresses: [] },
    scope: { modalities: ['CT', 'MR'], departments: ['Nuclear medicine'], patientIdIssuers: ['KLINIKUM'] },
  });
});

test('what is missing, over, the wrong way round or no name is found before it is sent', () => {
  const empty = { ...draftOf('researcher', undefined), allow: [] };
  assert.deepEqual(faultsOfImages(empty, 'researcher', '2026-11-27'), {
    ...{ allow: 'none-chosen', project: 'missing', until: 'missing', reason: 'missing' },
  });
  const wrong = {
    ...draftOf('researcher', undefined),
    ...{
      until: '2026-11-26',
      reason: 'x',
      project: 'Lung 2027',
      studyDateFrom: '2026-02-01',
      studyDateTo: '2026-01-01',
    },
  };
  assert.deepEqual(faultsOfImages(wrong, 'researcher', '2026-11-27'), {
    ...{ project: 'project', until: 'past', studyDateTo: 'dates' },
  });
  assert.deepEqual(faultsOfImages({ ...wrong, studyDateTo: '', until: '2026-11-27' }, 'physician', '2026-11-27'), {});
});

test('modalities are written in capitals, departments may have spaces, addresses come by commas or spaces', () => {
  const typed = { modalities: 'ct mr', departments: 'Nuclear medicine, Oncology', addresses: '10.1.2.0/24, 10.1.3.4' };
  const draft = {
    ...draftOf('researcher', undefined),
    ...typed,
    project: 'lung-2027',
    until: '2027-01-01',
    reason: 'r',
  };
  const call = accountOpenOf({ email: 'r@x.example', role: 'researcher' }, draft);
  assert.deepEqual(call.scope, { modalities: ['CT', 'MR'], departments: ['Nuclear medicine', 'Oncology'] });
  assert.deepEqual(call.addresses, ['10.1.2.0/24', '10.1.3.4']);
  assert.deepEqual([call.project, call.options], ['lung-2027', []]);
});
