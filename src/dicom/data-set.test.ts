import assert from 'node:assert/strict';
import { test } from 'node:test';
import { LeadglassError } from '../error.ts';
import { DataSet } from './data-set.ts';
import { bytesOf } from './data-set.test-support.ts';

const patientName = 0x00100010;
const patientId = 0x00100020;
const rows = 0x00280010;

test('elements come out in the order of their tags, however they were set', () => {
  const dataSet = new DataSet()
    .setText(patientId, 'LO', 'A')
    .setText(0x00080060, 'CS', 'CT')
    .setText(patientName, 'PN', 'B');
  assert.deepEqual(
    [...dataSet].map(({ tag }) => tag),
    [0x00080060, patientName, patientId],
  );
  dataSet.delete(0x00080060);
  dataSet.setText(0x00080050, 'SH', 'C');
  assert.deepEqual(
    [...dataSet].map(({ tag }) => tag),
    [0x00080050, patientName, patientId],
  );
  assert.equal(dataSet.size, 3);
});

test('a text is undefined when absent, and empty when present and empty', () => {
  const dataSet = new DataSet().setText(patientId, 'LO', '');
  assert.equal(dataSet.text(patientId), '');
  assert.deepEqual(dataSet.texts(patientId), []);
  assert.equal(dataSet.text(patientName), undefined);
});

test('padding is no part of a value: spaces, NUL after a UID, NUL where spaces should be', () => {
  const dataSet = new DataSet()
    .setBytes(patientId, 'LO', bytesOf(' 12 \\ 34 '))
    .setBytes(0x00080018, 'UI', bytesOf('1.2.3\0'))
    .setBytes(patientName, 'PN', bytesOf('A^B\0'))
    .setBytes(0x00204000, 'LT', bytesOf('  indented\\kept '));
  assert.deepEqual(dataSet.texts(patientId), ['12', '34']);
  assert.equal(dataSet.text(0x00080018), '1.2.3');
  assert.equal(dataSet.text(patientName), 'A^B');
  assert.deepEqual(dataSet.texts(0x00204000), ['  indented\\kept']);
});

test('numbers are read from binary and from text, and what is none keeps its place', () => {
  const dataSet = new DataSet()
    .setNumber(rows, 'US', 512)
    .setNumber(0x00280030, 'DS', [0.5, 1e-3])
    .setBytes(0x00280008, 'IS', bytesOf('1A'))
    .setBytes(0x00280009, 'AT', Uint8Array.of(0x18, 0x00, 0x63, 0x10));
  assert.equal(dataSet.number(rows), 512);
  assert.equal(dataSet.text(rows), '512');
  assert.deepEqual(dataSet.numbers(0x00280030), [0.5, 0.001]);
  assert.equal(dataSet.number(0x00280008), undefined);
  assert.ok(Number.isNaN(dataSet.numbers(0x00280008)[0]));
  assert.equal(dataSet.number(0x00280009), 0x00181063);
  assert.equal(dataSet.text(0x00280009), '00181063');
});

test('an element that came as UN is read by the VR of the dictionary', () => {
  const dataSet = new DataSet().setBytes(patientId, 'UN', bytesOf('X1')).setBytes(rows, 'UN', Uint8Array.of(2, 1));
  assert.equal(dataSet.text(patientId), 'X1');
  assert.equal(dataSet.number(rows), 258);
});

test('a number that does not fit its VR is refused, not cut', () => {
  const dataSet = new DataSet();
  for (const wrong of [-1, 65536, 1.5]) {
    assert.throws(
      () => dataSet.setNumber(rows, 'US', wrong),
      (error) => error instanceof LeadglassError && error.code === 'BAD_REQUEST',
    );
  }
  dataSet.setNumber(rows, 'US', 65535);
  assert.equal(dataSet.number(rows), 65535);
});

test('a text beyond ASCII makes a new data set UTF-8, and is padded to even length', () => {
  const dataSet = new DataSet().setText(patientName, 'PN', 'Müller');
  assert.deepEqual(dataSet.characterSet, ['ISO_IR 192']);
  assert.equal(dataSet.text(patientName), 'Müller');
  const value = dataSet.get(patientName)?.value;
  assert.ok(value instanceof Uint8Array && value.length === 8);
});

test('a text is written in the character set that the data set names', () => {
  const dataSet = new DataSet().setText(0x00080005, 'CS', 'ISO_IR 100').setText(patientName, 'PN', 'Müller');
  const value = dataSet.get(patientName)?.value;
  assert.ok(value instanceof Uint8Array);
  assert.equal(Buffer.from(value).toString('latin1'), 'Müller');
});

test('an item takes the character set of the data set around it, unless it has its own', () => {
  const inherits = new DataSet().setBytes(patientName, 'PN', Uint8Array.of(0xfc));
  const own = new DataSet().setText(0x00080005, 'CS', 'ISO_IR 192').setBytes(patientName, 'PN', bytesOf([0xc3, 0xbc]));
  const outer = new DataSet().setText(0x00080005, 'CS', 'ISO_IR 100').setItems(0x00400275, [inherits, own]);
  assert.deepEqual(
    outer.items(0x00400275).map((item) => item.text(patientName)),
    ['ü', 'ü'],
  );
});

test('the first value of a long list costs what one value costs', () => {
  const list = Buffer.from(`7 \\${'1\\'.repeat(4 * 1024 ** 2)}`);
  const dataSet = new DataSet().setBytes(0x00081160, 'IS', list).setBytes(0x00080060, 'CS', Buffer.from('\\CT'));
  const startedMs = performance.now();
  for (let times = 0; times < 100; times += 1) {
    assert.equal(dataSet.number(0x00081160), 7);
    assert.equal(dataSet.text(0x00081160), '7');
  }
  assert.ok(performance.now() - startedMs < 1_000);
  assert.equal(dataSet.text(0x00080060), '');
  assert.equal(dataSet.number(0x00080060), undefined);
});
