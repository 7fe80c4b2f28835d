import assert from 'node:assert/strict';
import { test } from 'node:test';
import { DataSet } from '../../../dicom/data-set.ts';
import { writeDataSet } from '../../../dicom/data-set-codec.ts';
import { Tags } from '../../../dicom/dictionary/tags.generated.ts';
import { dataSetLimits, explicitLittleEndian } from '../../backend.test-support.ts';
import { decodeHead, encodeHead, headOfLevel, nameColumns } from './head.ts';

test('a head is written as the general writer writes it, with and without sequences', () => {
  const head = new DataSet();
  head.setText(Tags.SpecificCharacterSet, 'CS', 'ISO_IR 192');
  head.setText(Tags.PatientName, 'PN', 'Müller');
  head.setText(Tags.StudyInstanceUID, 'UI', '1.2.3');
  head.setNumber(Tags.Rows, 'US', 512);
  head.setBytes(Tags.PatientComments, 'LT', Buffer.from('odd'));
  head.setBytes(0x00091001, 'UN', Buffer.from([1, 2]));
  assert.deepEqual(Buffer.from(encodeHead(head)), Buffer.from(writeDataSet(head, explicitLittleEndian)));
  head.setItems(Tags.RequestAttributesSequence, [new DataSet().setText(Tags.RequestedProcedureID, 'SH', 'R1')]);
  assert.deepEqual(Buffer.from(encodeHead(head)), Buffer.from(writeDataSet(head, explicitLittleEndian)));
});

test('texts of any character set stand in the index as UTF-8', () => {
  const head = new DataSet();
  head.setText(Tags.SpecificCharacterSet, 'CS', 'ISO_IR 100');
  head.setText(Tags.StudyDescription, 'LO', 'Schädel');
  head.setText(Tags.PatientName, 'PN', 'Doe');
  const study = decodeHead(encodeHead(headOfLevel(head, 'STUDY')), dataSetLimits);
  assert.equal(study.text(Tags.StudyDescription), 'Schädel');
  assert.deepEqual(study.characterSet, ['ISO_IR 192']);
  assert.equal(study.has(Tags.PatientName), false);
});

test('names are folded group by group', () => {
  assert.deepEqual(nameColumns('YAMADA^Tarou=山田^太郎=やまだ^たろう'), {
    alphabetic: 'yamada^tarou',
    ideographic: '山田^太郎',
    phonetic: 'やまだ^たろう',
  });
  assert.deepEqual(nameColumns(''), { alphabetic: '', ideographic: '', phonetic: '' });
});
