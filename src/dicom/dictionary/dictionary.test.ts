import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { resolve } from 'node:path';
import { test } from 'node:test';
import { knownUid } from '../uid.ts';
import { isEvidenceSopClass, isStorageSopClass, SopClasses, sopClassName, storageSopClasses } from '../sop-class.ts';
import { currentTransferSyntaxes, TransferSyntaxes, transferSyntaxInfo } from '../transfer-syntax.ts';
import { attributeByKeyword, attributeByTag, Tags, vrOf } from './dictionary.ts';

test('the committed tables are what the generator makes of the committed facts', () => {
  const repository = resolve(import.meta.dirname, '../../..');
  execFileSync(process.execPath, ['scripts/generate-dictionary.ts', '--check'], { cwd: repository, stdio: 'pipe' });
});

test('an attribute is found by tag and by keyword', () => {
  const name = attributeByTag(0x00100010);
  assert.deepEqual(name, {
    tag: 0x00100010,
    keyword: 'PatientName',
    name: "Patient's Name",
    vr: 'PN',
    vrs: ['PN'],
    vm: '1',
    retired: false,
  });
  assert.equal(attributeByKeyword('PatientName'), name);
  assert.equal(attributeByKeyword('NoSuchKeyword'), undefined);
  assert.equal(attributeByKeyword(''), undefined);
  assert.equal(attributeByTag(0x00100011), undefined);
  assert.equal(attributeByTag(0x00080001)?.retired, true);
});

test('every keyword of Tags leads to the attribute of that tag, and every attribute with a keyword is in Tags', () => {
  const delimiters = ['Item', 'ItemDelimitationItem', 'SequenceDelimitationItem'];
  const keywords = Object.entries(Tags).filter(([keyword]) => !delimiters.includes(keyword));
  assert.ok(keywords.length > 5000);
  for (const [keyword, tag] of keywords) assert.equal(attributeByKeyword(keyword)?.tag, tag, keyword);
});

test('repeating groups answer with the tag that was asked, private groups beside them do not', () => {
  assert.equal(attributeByTag(0x60023000)?.keyword, 'OverlayData');
  assert.equal(attributeByTag(0x60023000)?.tag, 0x60023000);
  assert.equal(attributeByTag(0x50040010)?.keyword, 'NumberOfPoints');
  assert.equal(attributeByTag(0x60013000), undefined);
  assert.equal(attributeByTag(0x7fe00010)?.keyword, 'PixelData');
  assert.equal(attributeByTag(0x00203105)?.keyword, 'SourceImageIDs');
});

test('implicit value representations: OW where there is a choice with it, LO for private creators, UL for lengths', () => {
  assert.equal(vrOf(0x7fe00010), 'OW');
  assert.equal(vrOf(0x60003000), 'OW');
  assert.equal(vrOf(0x00283006), 'OW');
  assert.equal(vrOf(0x00280106), 'US');
  assert.equal(vrOf(0x00090010), 'LO');
  assert.equal(vrOf(0x000900ff), 'LO');
  assert.equal(vrOf(0x00091001), 'UN');
  assert.equal(vrOf(0x0009000f), 'UN');
  assert.equal(vrOf(0x00080000), 'UL');
  assert.equal(vrOf(0x00090000), 'UL');
  assert.equal(vrOf(0x00100011), 'UN');
});

test('storage SOP classes: images, evidence and what belongs to no patient are told apart', () => {
  const uid = (keyword: string) => {
    const found = [...storageSopClasses].find(([, facts]) => facts.keyword === keyword);
    assert.ok(found !== undefined, keyword);
    return found[0];
  };
  assert.ok(storageSopClasses.size >= 200);
  assert.equal(uid('CTImageStorage'), '1.2.840.10008.5.1.4.1.1.2');
  assert.equal(isStorageSopClass(SopClasses.Verification), false);
  assert.equal(isStorageSopClass(SopClasses.MediaStorageDirectoryStorage), false);
  for (const keyword of [
    'GrayscaleSoftcopyPresentationStateStorage',
    'VariableModalityLUTSoftcopyPresentationStateStorage',
    'WaveformPresentationStateStorage',
    'KeyObjectSelectionDocumentStorage',
    'MammographyCADSRStorage',
    'XRayRadiationDoseSRStorage',
    'SegmentationStorage',
    'SurfaceSegmentationStorage',
    'LabelMapSegmentationStorage',
    'HeightMapSegmentationStorage',
  ]) {
    assert.equal(isEvidenceSopClass(uid(keyword)), true, keyword);
  }
  for (const keyword of ['CTImageStorage', 'RTStructureSetStorage', 'EncapsulatedPDFStorage', 'ParametricMapStorage']) {
    assert.equal(isEvidenceSopClass(uid(keyword)), false, keyword);
  }
  assert.equal(storageSopClasses.get(uid('HangingProtocolStorage'))?.nonPatient, true);
  assert.equal(storageSopClasses.get(uid('UltrasoundImageStorageRetired'))?.retired, true);
  assert.ok(![...storageSopClasses.values()].some((facts) => facts.keyword.startsWith('DICOS')));
});

test('a SOP class has a name for people; an unknown one is its UID', () => {
  assert.equal(sopClassName(knownUid('1.2.840.10008.5.1.4.1.1.4')), 'MR Image Storage');
  assert.equal(sopClassName(SopClasses.Verification), 'Verification');
  assert.equal(sopClassName(knownUid('1.2.3')), '1.2.3');
});

test('transfer syntaxes say how bytes are laid out', () => {
  const facts = (uid: string) => {
    const info = transferSyntaxInfo(uid);
    return [info?.explicit, info?.littleEndian, info?.deflated, info?.encapsulated, info?.retired];
  };
  assert.deepEqual(facts(TransferSyntaxes.ImplicitVrLittleEndian), [false, true, false, false, false]);
  assert.deepEqual(facts(TransferSyntaxes.ExplicitVrLittleEndian), [true, true, false, false, false]);
  assert.deepEqual(facts(TransferSyntaxes.ExplicitVrBigEndian), [true, false, false, false, true]);
  assert.deepEqual(facts(TransferSyntaxes.DeflatedExplicitVrLittleEndian), [true, true, true, false, false]);
  assert.deepEqual(facts('1.2.840.10008.1.2.4.70'), [true, true, false, true, false]);
  for (const last of ['1.98', '4.110', '4.111', '4.112', '4.201', '4.202', '4.203', '5', '8.1']) {
    assert.deepEqual(facts(`1.2.840.10008.1.2.${last}`), [true, true, false, true, false], last);
  }
  for (const last of ['4.95', '4.205']) assert.equal(transferSyntaxInfo(`1.2.840.10008.1.2.${last}`)?.deflated, true);
  for (const last of ['4.94', '4.204', '7.1', '7.2', '7.3']) {
    assert.equal(transferSyntaxInfo(`1.2.840.10008.1.2.${last}`)?.encapsulated, false);
  }
  assert.equal(transferSyntaxInfo('1.2.3'), undefined);
  assert.ok(currentTransferSyntaxes.every((info) => !info.retired));
});
