import assert from 'node:assert/strict';
import { test } from 'node:test';
import { merged, patientQuery, studyQueries } from './study-search.ts';

const filter = { text: '', modality: '', from: '', to: '' };
const keysOf = (typed: string): (string | undefined)[] =>
  studyQueries({ ...filter, text: typed }, 50).map((query) => {
    const [first] = [...query.entries()];
    return first?.join('=');
  });

test('letters are a name and perhaps an ID; digits are IDs and accession numbers', () => {
  assert.deepEqual(keysOf('doe'), ['PatientName=*doe*', 'PatientID=doe*', 'AccessionNumber=doe*']);
  assert.deepEqual(keysOf('4711'), ['PatientID=4711*', 'AccessionNumber=4711*']);
  assert.deepEqual(keysOf('doe, jane'), ['PatientName=doe*^jane*']);
});

test('a backslash would be a list of values, so it is left out', () => {
  assert.deepEqual(keysOf('a\\b'), ['PatientName=*ab*', 'PatientID=ab*', 'AccessionNumber=ab*']);
});

test('filters go into every query, dates as a range that may be open', () => {
  const [query] = studyQueries({ ...filter, modality: 'CT', from: '2026-11-01' }, 50);
  assert.equal(query?.get('StudyDate'), '20261101-');
  assert.equal(query?.get('ModalitiesInStudy'), 'CT');
  assert.equal(query?.get('limit'), '50');
});

test('answers of several queries are one list, each study once, newest first', () => {
  const study = (uid: string, date: string) => ({
    '0020000D': { vr: 'UI', Value: [uid] },
    '00080020': { vr: 'DA', Value: [date] },
  });
  const list = merged([[study('1', '20260101'), study('2', '20270101')], [study('1', '20260101')]]);
  assert.deepEqual(
    list.map((entry) => entry['0020000D']?.Value?.[0]),
    ['2', '1'],
  );
});

test('a patient without an ID has no other studies', () => {
  assert.equal(patientQuery({}), undefined);
});
