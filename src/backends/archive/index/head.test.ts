import assert from 'node:assert/strict';
import { test } from 'node:test';
import { DataSet } from '../../../dicom/data-set.ts';
import { writeDataSet } from '../../../dicom/data-set-codec.ts';
import { Tags } from '../../../dicom/dictionary/tags.generated.ts';
import { dataSetLimits, explicitLittleEndian } from '../../backend.test-support.ts';
import { decodeHead, decodeHeadElements, encodeHead, headOfLevel, nameColumns } from './head.ts';

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

test('some elements of a head are what the general reader reads of them', () => {
  const head = new DataSet();
  head.setText(Tags.SpecificCharacterSet, 'CS', 'ISO_IR 192');
  head.setText(Tags.PatientName, 'PN', 'Müller^Äda');
  head.setText(Tags.StudyInstanceUID, 'UI', '1.2.3');
  head.setText(Tags.StudyDescription, 'LO', '');
  head.setText(Tags.PatientComments, 'LT', 'odd');
  head.setText(Tags.RetrieveURL, 'UR', 'https://archive.example/1');
  head.setBytes(0x00091001, 'UN', Buffer.from([1, 2]));
  const all = [...head].map(({ tag }) => tag);
  const read = decodeHead(encodeHead(head), dataSetLimits);
  for (let bits = 0; bits < 2 ** all.length; bits += 1) {
    const wanted = new Set(all.filter((_, index) => (bits >> index) & 1));
    const some = decodeHeadElements(encodeHead(head), wanted);
    assert.ok(some !== undefined);
    const expected = all.filter((tag) => wanted.has(tag) || tag === Tags.SpecificCharacterSet);
    assert.deepEqual(
      [...some].map(({ tag }) => tag),
      expected,
    );
    for (const tag of expected) {
      assert.deepEqual(some.texts(tag), read.texts(tag));
      assert.equal(some.get(tag)?.vr, read.get(tag)?.vr);
    }
  }
});

test('a sequence is passed by, and left to the general reader where it is wanted', () => {
  const head = new DataSet();
  head.setText(Tags.SeriesInstanceUID, 'UI', '1.2.3.4');
  head.setItems(Tags.RequestAttributesSequence, [new DataSet().setText(Tags.RequestedProcedureID, 'SH', 'R1')]);
  const bytes = encodeHead(head);
  assert.equal(decodeHeadElements(bytes, new Set([Tags.RequestAttributesSequence])), undefined);
  const uid = decodeHeadElements(bytes, new Set([Tags.SeriesInstanceUID]));
  assert.ok(uid === undefined || uid.text(Tags.SeriesInstanceUID) === '1.2.3.4');
  for (let end = 1; end < bytes.length; end += 1) decodeHeadElements(bytes.subarray(0, end), new Set());
});
