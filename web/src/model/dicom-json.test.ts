import assert from 'node:assert/strict';
import { test } from 'node:test';
import { count, isoDate, personName, readableName, text, texts } from './dicom-json.ts';

test('names are written as people read them, with the ideographic form behind', () => {
  assert.equal(readableName('Doe^Jane^A^Dr^PhD'), 'Doe, Dr Jane A, PhD');
  assert.equal(readableName('Doe'), 'Doe');
  const yamada = { '00100010': { vr: 'PN', Value: [{ Alphabetic: 'Yamada^Tarou', Ideographic: '山田^太郎' }] } };
  assert.equal(personName(yamada, 'PatientName'), 'Yamada, Tarou (山田, 太郎)');
});

test('dates with or without time become ISO, and what is none becomes nothing', () => {
  assert.equal(isoDate('20261127'), '2026-11-27');
  assert.equal(isoDate('20261127', '101530.25'), '2026-11-27T10:15:30');
  assert.equal(isoDate('1997.07.04'), '1997-07-04');
  for (const none of ['', '2026', 'today', '202611271']) assert.equal(isoDate(none), '');
});

test('absent and strange values are read as nothing, never as an error', () => {
  const strange = {
    '00100010': { vr: 'PN', Value: ['text'] },
    '00200013': { vr: 'IS', Value: ['x'] },
    '00080061': { vr: 'CS' },
  };
  assert.equal(personName(strange, 'PatientName'), '');
  assert.equal(count(strange, 'InstanceNumber'), undefined);
  assert.deepEqual(texts(strange, 'ModalitiesInStudy'), []);
  assert.equal(text({}, 'PatientID'), '');
});
