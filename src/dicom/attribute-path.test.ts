import assert from 'node:assert/strict';
import { test } from 'node:test';
import { lastTag, parseAttributePath, pathKey, privateCreatorPath } from './attribute-path.ts';

test('an attribute is named by keyword or tag, with dots into sequences', () => {
  assert.deepEqual(parseAttributePath('0020000D'), [0x0020000d]);
  assert.deepEqual(parseAttributePath('0020000d'), [0x0020000d]);
  assert.deepEqual(parseAttributePath('StudyInstanceUID'), [0x0020000d]);
  const path = [0x00101002, 0x00100024, 0x00400032];
  assert.deepEqual(parseAttributePath('00101002.00100024.00400032'), path);
  const keywords = 'OtherPatientIDsSequence.IssuerOfPatientIDQualifiersSequence.UniversalEntityID';
  assert.deepEqual(parseAttributePath(keywords), path);
  assert.equal(pathKey(path), '00101002.00100024.00400032');
});

test('what names no attribute gives none', () => {
  for (const text of [
    '',
    '.',
    'patientid',
    '(0010,0020)',
    '0010002',
    '001000200',
    'PatientID.',
    '.PatientID',
    '__proto__',
    'constructor',
  ]) {
    assert.equal(parseAttributePath(text), undefined, text);
  }
  // Only a sequence has attributes below it.
  assert.equal(parseAttributePath('PatientName.PatientID'), undefined);
  assert.equal(parseAttributePath(`${'00400275.'.repeat(17)}00400009`), undefined);
});

test('the private creator stands beside the private attribute', () => {
  assert.deepEqual(privateCreatorPath([0x00091001]), [0x00090010]);
  assert.deepEqual(privateCreatorPath([0x0009ff01]), [0x000900ff]);
  assert.deepEqual(privateCreatorPath([0x00400275, 0x00091101]), [0x00400275, 0x00090011]);
  assert.equal(privateCreatorPath([0x00090010]), undefined);
  assert.equal(privateCreatorPath([0x00100020]), undefined);
  assert.equal(lastTag([0x00400275, 0x00091101]), 0x00091101);
});
