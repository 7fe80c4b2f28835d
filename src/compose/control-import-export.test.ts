import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as later } from 'node:timers/promises';
import { test } from 'node:test';
import { writePart10Head } from '../dicom/part10.ts';
import { SopClasses } from '../dicom/sop-class.ts';
import { knownUid } from '../dicom/uid.ts';
import { corpusFolder, needsCorpus } from '../../test/support/peers.ts';
import { LeadglassError } from '../error.ts';
import {
  callOf,
  codesSince,
  exportFiles,
  importFiles,
  makeFile,
  openHouse,
  pieces,
  records,
  refusal,
} from './compose.test-support.ts';

const program = new Uint8Array(128);
program.set(Buffer.from('MZ\x90\0'));
const tiff = new Uint8Array(128);
tiff.set(Buffer.from('II*\0'));

test('a file is imported and exported bit for bit, with one begun and one closing record for its study each way', async () => {
  await using house = await openHouse();
  const one = makeFile({ instance: 1 });
  const two = makeFile({ instance: 2, pixels: 300_000 });
  const outcomes = await importFiles(house, one, two);
  assert.deepEqual(
    outcomes.map(({ result, sopInstanceUid, lengthBytes }) => [result, sopInstanceUid, lengthBytes]),
    [
      ['stored', one.sopInstanceUid, one.file.length],
      ['stored', two.sopInstanceUid, two.file.length],
    ],
  );
  assert.deepEqual(await codesSince(house, 0), ['110102 0', '110107 0']);
  assert.match((await records(house))[1]?.xml ?? '', /NumberOfInstances="2"/);
  const files = await exportFiles(house, one.studyInstanceUid);
  assert.deepEqual(
    files.map((file) => file.equals(one.file) || file.equals(two.file)),
    [true, true],
  );
  // The reason has its own record; then the transfer's two.
  assert.deepEqual(await codesSince(house, 2), ['110113 0', '110102 0', '110106 0']);
  assert.ok((await records(house)).every(({ principal }) => principal === 'operator ada'));
});

test('the head of a file is found however the bytes are split', async () => {
  await using house = await openHouse();
  const session = await house.services.beginImport(callOf());
  for (const [index, lengthBytes] of [1, 7, 131, 100_000].entries()) {
    const { file } = makeFile({ instance: index + 1 });
    assert.equal((await session.store(pieces(file, lengthBytes))).result, 'stored');
  }
  await session.end('done');
});

test('the same file again is a duplicate; other bytes under its UID are kept aside as a conflict', async () => {
  await using house = await openHouse();
  const one = makeFile();
  await importFiles(house, one);
  assert.equal((await importFiles(house, one))[0]?.result, 'duplicate');
  const { head } = house.installation.ledger;
  assert.equal((await importFiles(house, makeFile()))[0]?.result, 'conflict');
  assert.deepEqual(await codesSince(house, head.seq), ['110102 0', '110107 4']);
});

test('what is no DICOM file, a DICOMDIR, a torn file and a file without a series are refused in words; the session goes on', async () => {
  await using house = await openHouse();
  const session = await house.services.beginImport(callOf());
  const refused = (file: Uint8Array, code: LeadglassError['code'], words: RegExp) =>
    assert.rejects(session.store(pieces(file)), refusal(code, words));
  await refused(Buffer.from('just a text'), 'MALFORMED', /only 11 bytes/);
  await refused(Buffer.alloc(1000, 1), 'MALFORMED', /DICM is not at byte 128/);
  await refused(new Uint8Array(), 'MALFORMED', /only 0 bytes/);
  const facts = { sopInstanceUid: knownUid('1.2.3'), transferSyntaxUid: knownUid('1.2.840.10008.1.2.1') };
  const headOf = (sopClassUid: string) => writePart10Head({ ...facts, sopClassUid: knownUid(sopClassUid) });
  await refused(headOf(SopClasses.MediaStorageDirectoryStorage), 'UNSUPPORTED', /DICOMDIR.*folder/);
  await refused(headOf(SopClasses.Verification), 'UNSUPPORTED', /none that can be stored/);
  await refused(headOf('1.2.826.0.1.9999.1'), 'UNSUPPORTED', /privateSopClasses/);
  const { file, bytes } = makeFile();
  await refused(file.subarray(0, -5), 'MALFORMED', /./);
  // Up to the Patient ID only: a whole data set, but of no study.
  const cut = Buffer.from(bytes).indexOf(Buffer.from([0x20, 0x00, 0x0d, 0x00]));
  await refused(
    file.subarray(0, file.length - bytes.length + cut),
    'MALFORMED',
    /Study Instance UID|Series Instance UID/,
  );
  assert.equal((await session.store(pieces(file))).result, 'stored');
  await session.end('done');
});

test('a private SOP class is taken when the configuration says so', async () => {
  await using house = await openHouse({ privateSopClasses: true });
  const session = await house.services.beginImport(callOf());
  const head = writePart10Head({
    sopClassUid: knownUid('1.2.826.0.1.9999.1'),
    sopInstanceUid: knownUid('1.2.3'),
    transferSyntaxUid: knownUid('1.2.840.10008.1.2.1'),
  });
  // Past the SOP class the (absent) data set is what is wrong.
  await assert.rejects(session.store(pieces(head)), refusal('MALFORMED', /empty/));
  await session.end('done');
});

test('a program in the preamble is stored whole and handed out as zeros (keep-hand-out-zeroed)', async () => {
  await using house = await openHouse();
  const { file, studyInstanceUid } = makeFile({}, program);
  await importFiles(house, { file });
  const [out] = await exportFiles(house, studyInstanceUid);
  assert.deepEqual(out?.subarray(0, 128), Buffer.alloc(128));
  assert.deepEqual(out?.subarray(128), Buffer.from(file.subarray(128)));
});

test('a TIFF header stays under keep-tiff and goes under zero', async () => {
  for (const [preamblePolicy, stays] of [
    ['keep-tiff', true],
    ['zero', false],
  ] as const) {
    await using house = await openHouse({ preamblePolicy });
    const { file, studyInstanceUid } = makeFile({}, tiff);
    await importFiles(house, { file });
    const [out] = await exportFiles(house, studyInstanceUid);
    assert.equal(out?.equals(file), stays);
  }
});

test('a program in the preamble is refused under quarantine, and nothing of it is kept', async () => {
  await using house = await openHouse({ preamblePolicy: 'quarantine' });
  const session = await house.services.beginImport(callOf());
  await assert.rejects(session.store(pieces(makeFile({}, program).file)), refusal('UNSUPPORTED', /a program/));
  const { file, studyInstanceUid } = makeFile({}, tiff);
  await session.store(pieces(file));
  await session.end('done');
  assert.ok((await exportFiles(house, studyInstanceUid))[0]?.equals(file));
});

test('an import that ends in the middle of a file does not wait for the rest, and keeps nothing of it', async () => {
  await using house = await openHouse();
  const { file } = makeFile({ pixels: 10_000 });
  const session = await house.services.beginImport(callOf());
  async function* stuck(): AsyncGenerator<Uint8Array> {
    yield file.subarray(0, 5000);
    await later(60_000, undefined, { ref: false });
  }
  const storing = assert.rejects(session.store(stuck()), refusal('CANCELLED', /import has ended/));
  await later(20);
  await session.end('broken');
  await storing;
  const { studies } = await house.services.studyList(callOf(), { removed: false, mismatched: false, rows: 10 });
  assert.deepEqual(studies, []);
});

test('an export that is broken off says so in the ledger; one of no study is refused', async () => {
  await using house = await openHouse();
  const { file, studyInstanceUid } = makeFile({ pixels: 300_000 });
  await importFiles(house, { file });
  const { seq } = house.installation.ledger.head;
  const session = await house.services.beginExport(callOf(), { studyInstanceUid, reason: 'second opinion' });
  for await (const _ of session.read(0)) break;
  await session.end('broken');
  assert.deepEqual(await codesSince(house, seq), ['110113 0', '110102 0', '110106 8']);
  const purpose = (await records(house)).find((record) => record.seq > seq)?.xml ?? '';
  const detail = /type="Alert Description" value="([^"]+)"/.exec(purpose)?.[1] ?? '';
  assert.equal(Buffer.from(detail, 'base64').toString(), `study ${studyInstanceUid}: second opinion`);
  await assert.rejects(
    house.services.beginExport(callOf(), { studyInstanceUid: '1.2.999', reason: 'r' }),
    refusal('NOT_FOUND', /no study/),
  );
});

test('a file whose File Meta Information names another instance is imported as what its data set is, and comes back as it was', async () => {
  await using house = await openHouse();
  const instance = makeFile();
  const head = writePart10Head({
    sopClassUid: knownUid('1.2.840.10008.5.1.4.1.1.4'),
    sopInstanceUid: knownUid('1.2.3.4'),
    transferSyntaxUid: instance.operation.transferSyntaxUid,
  });
  const file = new Uint8Array(Buffer.concat([head, instance.bytes]));
  for (const [size, result] of [
    [1, 'stored'],
    [file.length, 'duplicate'],
  ] as const) {
    const session = await house.services.beginImport(callOf());
    const outcome = await session.store(pieces(file, size));
    assert.deepEqual([outcome.result, outcome.sopInstanceUid], [result, instance.sopInstanceUid]);
    await session.end('done');
  }
  assert.ok((await exportFiles(house, instance.studyInstanceUid))[0]?.equals(file));
});

for (const name of ['pydicom__rtdose.dcm', 'pydicom__rtplan.dcm', 'nibabel__csa_slice_norm.dcm']) {
  test(`${name}, whose UIDs disagree, goes in and comes out bit for bit`, needsCorpus(), async () => {
    await using house = await openHouse();
    const file = readFileSync(join(corpusFolder ?? '', 'real', name));
    const [outcome] = await importFiles(house, { file });
    assert.equal(outcome?.result, 'stored');
    const [out] = await exportFiles(house, outcome.studyInstanceUid);
    assert.ok(out?.equals(file));
  });
}
