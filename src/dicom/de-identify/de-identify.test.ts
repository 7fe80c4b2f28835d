import assert from 'node:assert/strict';
import { test } from 'node:test';
import { DataSet } from '../data-set.ts';
import { readDataSet, writeDataSet } from '../data-set-codec.ts';
import { attributeByTag, Tags } from '../dictionary/dictionary.ts';
import { TransferSyntaxes as T } from '../transfer-syntax.ts';
import { isUid } from '../uid.ts';
import { deIdentifiedBytes, planDeIdentified } from './de-identify.ts';
import { after, bytesAfter, ctDataSet, factsWith, key, limits, storedBytes } from './de-identify.test-support.ts';
import { profileLines } from './confidentiality-profile.generated.ts';
import { profileRow } from './profile-table.ts';
import { Pseudonyms } from './pseudonyms.ts';

const pseudonyms = new Pseudonyms(key);

test('the table is that of the standard: every attribute is in the dictionary, with the VR that its options suppose', () => {
  const lines = profileLines.trim().split('\n');
  assert.equal(lines.length, 620);
  for (const line of lines) {
    const [pattern = '', basic, options = ''] = line.split('\t');
    if (pattern === '50xxxxxx') continue;
    const tag = Number.parseInt(pattern.replaceAll('x', '0'), 16);
    const entry = attributeByTag(tag);
    assert.ok(entry !== undefined, pattern);
    assert.ok(profileRow(tag) !== undefined, pattern);
    if (basic === 'U') assert.equal(entry.vr, 'UI', pattern);
    if (options.split(' ').includes('dates')) assert.match(entry.vrs.join(), /DA|DT|TM|OB|SH/, pattern);
  }
});

test('of each action: X removes, Z empties, D replaces, U replaces UIDs, what is not in the table stays', async () => {
  const made = await after(
    ctDataSet()
      .setText(Tags.InstitutionAddress, 'ST', 'Secret Street 1') // X
      .setText(Tags.StudyID, 'SH', 'SECRET') // Z
      .setText(Tags.ProtocolName, 'LO', 'Secret protocol') // X/D
      .setText(Tags.AcquisitionDate, 'DA', '20260131') // X/Z
      .setText(Tags.AcquisitionDateTime, 'DT', '20260131101112.5') // X/Z/D
      .setText(Tags.ContentDate, 'DA', '20260131') // Z/D
      .setText(Tags.FrameOfReferenceUID, 'UI', '1.2.3.9') // U
      .setText(Tags.KVP, 'DS', '120')
      .setNumber(Tags.Rows, 'US', 512),
  );
  assert.equal(made.has(Tags.InstitutionAddress), false);
  assert.equal(made.text(Tags.StudyID), '');
  assert.equal(made.text(Tags.StudyDate), '');
  assert.equal(made.text(Tags.AccessionNumber), '');
  assert.equal(made.text(Tags.ReferringPhysicianName), '');
  assert.equal(made.text(Tags.ProtocolName), 'De-identified');
  assert.equal(made.text(Tags.AcquisitionDate), '');
  assert.equal(made.text(Tags.AcquisitionDateTime), '19000101000000');
  assert.equal(made.text(Tags.ContentDate), '19000101');
  assert.equal(made.text(Tags.FrameOfReferenceUID), pseudonyms.uid('1.2.3.9'));
  assert.equal(made.text(Tags.KVP), '120');
  assert.equal(made.number(Tags.Rows), 512);
  assert.equal(made.text(Tags.PatientID), pseudonyms.patient('\0SECRETID'));
  assert.equal(made.text(Tags.PatientName), made.text(Tags.PatientID));
  assert.equal(made.text(Tags.Modality), 'CT');
});

test('what was done is written down with the codes of CID 7050, and what an earlier one wrote does not stay', async () => {
  const made = await after(
    ctDataSet().setText(Tags.DeidentificationMethod, 'LO', 'Dr. Secret by hand'),
    factsWith('retain-modified-dates', 'clean-descriptors'),
  );
  assert.equal(made.text(Tags.PatientIdentityRemoved), 'YES');
  assert.match(made.text(Tags.DeidentificationMethod) ?? '', /^Leadglass, PS3\.15 2024b/);
  const codes = made.items(Tags.DeidentificationMethodCodeSequence).map((item) => item.text(Tags.CodeValue));
  assert.deepEqual(codes, ['113100', '113107', '113105']);
  assert.equal(made.text(Tags.LongitudinalTemporalInformationModified), 'MODIFIED');
  const order = [...made].map(({ tag }) => tag);
  assert.deepEqual(
    order,
    order.toSorted((one, other) => one - other),
  );
});

test('sequences: removed, emptied, cleaned within, or replaced by one code', async () => {
  const reference = new DataSet()
    .setText(Tags.ReferencedSOPClassUID, 'UI', '1.2.840.10008.5.1.4.1.1.2')
    .setText(Tags.ReferencedSOPInstanceUID, 'UI', '1.2.3.4.77')
    .setText(Tags.PatientName, 'PN', 'Secret^Nested');
  const person = new DataSet().setText(Tags.CodeValue, 'SH', 'SECRET').setText(Tags.CodeMeaning, 'LO', 'Dr. Secret');
  const made = await after(
    ctDataSet()
      .setItems(Tags.ReferencedImageSequence, [reference])
      .setItems(Tags.ReferencedStudySequence, [reference])
      .setItems(Tags.RequestAttributesSequence, [person])
      .setItems(Tags.OperatorIdentificationSequence, [
        new DataSet().setItems(Tags.PersonIdentificationCodeSequence, [person]),
      ]),
  );
  const [image] = made.items(Tags.ReferencedImageSequence);
  assert.equal(image?.text(Tags.ReferencedSOPInstanceUID), pseudonyms.uid('1.2.3.4.77'));
  assert.equal(image?.text(Tags.ReferencedSOPClassUID), '1.2.840.10008.5.1.4.1.1.2');
  assert.notEqual(image?.text(Tags.PatientName), 'Secret^Nested');
  assert.deepEqual(made.items(Tags.ReferencedStudySequence), []);
  assert.equal(made.has(Tags.ReferencedStudySequence), true);
  assert.equal(made.has(Tags.RequestAttributesSequence), false);
  const [operator] = made.items(Tags.OperatorIdentificationSequence);
  assert.equal(operator?.items(Tags.PersonIdentificationCodeSequence)[0]?.text(Tags.CodeValue), 'DEIDENTIFIED');
});

test('dates of a patient all go back by the same days, another patient by others, and times of day stay', async () => {
  const facts = factsWith('retain-modified-dates');
  const dated = (id: string, study: string): DataSet =>
    ctDataSet()
      .setText(Tags.PatientID, 'LO', id)
      .setText(Tags.StudyDate, 'DA', study)
      .setText(Tags.AcquisitionDateTime, 'DT', `${study}101112.25+0100`);
  const day = (text: string | undefined): number =>
    Date.UTC(Number(text?.slice(0, 4)), Number(text?.slice(4, 6)) - 1, Number(text?.slice(6, 8))) / 86_400_000;
  const first = await after(dated('A', '20260131'), facts);
  const later = await after(dated('A', '20260310'), facts);
  const other = await after(dated('B', '20260131'), facts);
  assert.equal(day(later.text(Tags.StudyDate)) - day(first.text(Tags.StudyDate)), 38);
  assert.notEqual(first.text(Tags.StudyDate), '20260131');
  assert.notEqual(first.text(Tags.StudyDate), other.text(Tags.StudyDate));
  assert.equal(first.text(Tags.StudyTime), '101112');
  assert.equal(first.text(Tags.AcquisitionDateTime), `${first.text(Tags.StudyDate)}101112.25`);
  const kept = await after(dated('A', '20260131'), factsWith('retain-full-dates'));
  assert.equal(kept.text(Tags.StudyDate), '20260131');
  assert.equal(kept.text(Tags.LongitudinalTemporalInformationModified), 'UNMODIFIED');
});

test('options keep what they name, and nothing else', async () => {
  const source = (): DataSet =>
    ctDataSet()
      .setText(Tags.StationName, 'SH', 'CT-ROOM-1')
      .setText(Tags.InstitutionName, 'LO', 'Hospital')
      .setText(Tags.PatientAge, 'AS', '092Y')
      .setText(Tags.PatientSex, 'CS', 'F')
      .setText(Tags.SeriesDescription, 'LO', 'CT Abdomen Mrs. Secretname 12345 axial');
  const device = await after(source(), factsWith('retain-device-identity'));
  assert.equal(device.text(Tags.StationName), 'CT-ROOM-1');
  assert.equal(device.text(Tags.InstitutionName), 'De-identified');
  const institution = await after(source(), factsWith('retain-institution-identity'));
  assert.equal(institution.text(Tags.InstitutionName), 'Hospital');
  assert.equal(institution.text(Tags.StationName), 'De-identified');
  const patient = await after(source(), factsWith('retain-patient-characteristics'));
  assert.equal(patient.text(Tags.PatientAge), '090Y');
  assert.equal(patient.text(Tags.PatientSex), 'F');
  assert.notEqual(patient.text(Tags.PatientID), 'SECRETID');
  const words = await after(source(), factsWith('clean-descriptors'));
  assert.equal(words.text(Tags.SeriesDescription), 'CT Abdomen axial');
  const uids = await after(source(), factsWith('retain-uids'));
  assert.equal(uids.text(Tags.StudyInstanceUID), '1.2.3');
  const plain = await after(source());
  for (const tag of [Tags.PatientAge, Tags.SeriesDescription]) assert.equal(plain.has(tag), false);
});

test('private attributes go, but those that the standard knows to be safe, with their creator, under its option', async () => {
  const source = (): DataSet =>
    ctDataSet()
      .setText(0x00190010, 'LO', 'SIEMENS MR HEADER')
      .setText(0x0019100c, 'IS', '1000')
      .setText(0x00191008, 'CS', 'IMAGE NUM 4')
      .setText(0x00290010, 'LO', 'SECRET CORP')
      .setText(0x00291001, 'LO', 'Secret^Name')
      .setItems(0x00291002, [new DataSet().setText(Tags.PatientName, 'PN', 'Secret^Name')]);
  const basic = await after(source());
  assert.deepEqual(
    [...basic].filter(({ tag }) => (tag & 0x10000) !== 0),
    [],
  );
  const safe = await after(source(), factsWith('retain-safe-private'));
  assert.deepEqual(
    [...safe].filter(({ tag }) => (tag & 0x10000) !== 0).map(({ tag }) => tag),
    [0x00190010, 0x0019100c],
  );
});

test('beyond the table: unknown attributes, free texts, names and moments go, whatever put them there', async () => {
  const made = await after(
    ctDataSet()
      .setBytes(0x00080ff0, 'UN', Buffer.from('Secret^Name '))
      .setText(Tags.PositionReferenceIndicator, 'LO', 'Secret^Name')
      .setText(Tags.PatientBreedDescription, 'LO', 'Secret')
      .setText(Tags.RetrieveURL, 'UR', 'https://secret.example/')
      .setBytes(0x60003000, 'OW', new Uint8Array(8))
      .setBytes(0x50003000, 'OW', new Uint8Array(8))
      .setText(Tags.Manufacturer, 'LO', 'Maker'),
  );
  assert.equal(made.text(Tags.PositionReferenceIndicator), 'De-identified');
  for (const tag of [0x00080ff0, Tags.PatientBreedDescription, Tags.RetrieveURL, 0x60003000, 0x50003000]) {
    assert.equal(made.has(tag), false);
  }
  assert.equal(made.text(Tags.Manufacturer), 'Maker');
});

test('an empty value stays empty: a dummy would say that there was something', async () => {
  const made = await after(ctDataSet().setText(Tags.ContrastBolusAgent, 'LO', ''));
  assert.equal(made.text(Tags.ContrastBolusAgent), '');
});

test('a sender who writes a name as bytes of VR UN or OB does not get it through', async () => {
  const name = Buffer.from('Secret^Name ');
  const source = ctDataSet()
    .setBytes(Tags.PatientName, 'UN', name)
    .setBytes(Tags.PositionReferenceIndicator, 'OB', name)
    .setBytes(Tags.OperatorsName, 'OW', name);
  const { bytes } = await bytesAfter(
    writeDataSet(source, T.ExplicitVrLittleEndian),
    T.ExplicitVrLittleEndian,
    factsWith(),
  );
  assert.equal(Buffer.from(bytes).includes('Secret'), false);
});

test('in every native encoding the same comes out', async () => {
  const written = (dataSet: DataSet): Uint8Array => writeDataSet(dataSet, T.ExplicitVrLittleEndian);
  const expected = written(await after(withPixels(5000)));
  for (const syntax of [T.ImplicitVrLittleEndian, T.ExplicitVrBigEndian, T.DeflatedExplicitVrLittleEndian]) {
    assert.deepEqual(written(await after(withPixels(5000), factsWith(), syntax)), expected, syntax);
  }
});

function withPixels(lengthBytes: number): DataSet {
  return ctDataSet().setNumber(Tags.Rows, 'US', 50).setBytes(Tags.PixelData, 'OW', Buffer.alloc(lengthBytes, 'pixels'));
}

test('pixel data passes as it is, and is not read before somebody asks for it', async () => {
  const bytes = writeDataSet(withPixels(2_000_000), T.ExplicitVrLittleEndian);
  const stored = storedBytes(bytes, T.ExplicitVrLittleEndian);
  const plan = await planDeIdentified(stored, factsWith());
  assert.ok(stored.reads.bytes < 300_000, `${stored.reads.bytes} bytes read`);
  assert.ok(plan.pieces.newBytes < 5000);
  const made = deIdentifiedBytes(stored, plan, limits);
  const whole: Uint8Array[] = [];
  for await (const chunk of made.readRange(0, made.lengthBytes)) whole.push(chunk);
  const joined = Buffer.concat(whole);
  assert.equal(joined.length, made.lengthBytes);
  const found = readDataSet(joined, { transferSyntaxUid: T.ExplicitVrLittleEndian, limits });
  assert.deepEqual(found.get(Tags.PixelData), withPixels(2_000_000).get(Tags.PixelData));
  for (const [offset, length] of [
    [0, 10],
    [100, 700],
    [joined.length - 5000, 9000],
    [joined.length, 1],
  ] as const) {
    const part: Uint8Array[] = [];
    for await (const chunk of made.readRange(offset, length)) part.push(chunk);
    assert.deepEqual(Buffer.concat(part), joined.subarray(offset, offset + length));
  }
});

test('encapsulated pixel data passes with its fragments', async () => {
  const fragments = [new Uint8Array(0), Buffer.alloc(9000, 1), Buffer.alloc(10, 2)];
  const source = ctDataSet().set({ tag: Tags.PixelData, vr: 'OB', value: new Uint8Array(0), fragments });
  const made = await after(source.setBytes(0xfffcfffc, 'OB', Buffer.from('Secret')), factsWith(), T.RLELossless);
  assert.deepEqual(
    made.get(Tags.PixelData)?.fragments?.map((each) => Buffer.from(each)),
    fragments.map((each) => Buffer.from(each)),
  );
  assert.equal(made.has(0xfffcfffc), false);
});

test('pseudonyms are UIDs, the same under the same key and others under another', () => {
  const other = new Pseudonyms(new Uint8Array(32).fill(8));
  const uid = pseudonyms.uid('1.2.3');
  assert.ok(isUid(uid));
  assert.match(uid, /^2\.25\.[1-9]\d{30,38}$/);
  assert.equal(uid, pseudonyms.uid('1.2.3'));
  assert.notEqual(uid, other.uid('1.2.3'));
  assert.notEqual(uid, pseudonyms.uid('1.2.4'));
  assert.match(pseudonyms.patient('x'), /^P[2-9A-HJ-NP-Z]{16}$/);
  assert.throws(() => new Pseudonyms(new Uint8Array(8)), RangeError);
});
