import assert from 'node:assert/strict';
import { test } from 'node:test';
import { deflateRawSync } from 'node:zlib';
import * as fc from 'fast-check';
import { LeadglassError } from '../error.ts';
import { DataSet } from './data-set.ts';
import {
  arbitraryDataSet,
  bytesOf,
  deflatedLittle,
  explicitBig,
  explicitLittle,
  implicit,
  implicitLittle,
  item,
  jpegBaseline,
  limits,
  longForm,
  nativeSyntaxes,
  plain,
  short,
} from './data-set.test-support.ts';
import { readDataSet, writeDataSet } from './data-set-codec.ts';

const read = (bytes: Uint8Array, transferSyntaxUid = explicitLittle): DataSet =>
  readDataSet(bytes, { transferSyntaxUid, limits });

for (const syntax of nativeSyntaxes) {
  test(`what is written in ${syntax} is read as it was`, () => {
    fc.assert(
      fc.property(arbitraryDataSet, (dataSet) => {
        assert.deepEqual(plain(read(writeDataSet(dataSet, syntax), syntax)), plain(dataSet));
      }),
      { numRuns: 300 },
    );
  });
}

test('encapsulated pixel data is read and written with its offset table and fragments', () => {
  const fragments = [new Uint8Array(0), Uint8Array.of(1, 2), Uint8Array.of(3, 4, 5, 6)];
  const dataSet = new DataSet();
  dataSet.set({ tag: 0x7fe00010, vr: 'OB', value: new Uint8Array(0), fragments });
  const back = read(writeDataSet(dataSet, jpegBaseline), jpegBaseline);
  assert.deepEqual(plain(back), plain(dataSet));
  assert.throws(() => writeDataSet(dataSet, explicitLittle), /encapsulated/);
});

test('bytes of known data sets: implicit, explicit and big endian', () => {
  const dataSet = new DataSet().setText(0x00100020, 'LO', 'AB').setNumber(0x00280010, 'US', 0x0102);
  assert.equal(
    Buffer.from(writeDataSet(dataSet, implicitLittle)).toString('hex'),
    ['10002000020000004142', '28001000020000000201'].join(''),
  );
  assert.equal(
    Buffer.from(writeDataSet(dataSet, explicitLittle)).toString('hex'),
    ['100020004c4f02004142', '28001000555302000201'].join(''),
  );
  assert.equal(
    Buffer.from(writeDataSet(dataSet, explicitBig)).toString('hex'),
    ['001000204c4f00024142', '00280010555300020102'].join(''),
  );
});

test('a UN of undefined length is a sequence in implicit VR, also inside explicit and big endian (CP-246)', () => {
  const inner = implicit(0x00100020, 'ID');
  const un = bytesOf(longForm(0x00111001, 'UN', '', 0xffffffff), item(inner), [0xfe, 0xff, 0xdd, 0xe0, 0, 0, 0, 0]);
  const dataSet = read(un);
  assert.equal(dataSet.get(0x00111001)?.vr, 'SQ');
  assert.equal(dataSet.items(0x00111001)[0]?.text(0x00100020), 'ID');
});

test('unknown VR letters in capitals have a 32-bit length, other odd letters a 16-bit one, and both are read as UN', () => {
  const dataSet = read(
    bytesOf(
      short(0x00080050, '??', 'AB'),
      longForm(0x00080060, 'ZZ', 'CT'),
      short(0x00080070, '  ', 'XY'),
      short(0x00100020, 'lo', 'ID'),
    ),
  );
  assert.deepEqual(
    [...dataSet].map(({ vr }) => vr),
    ['UN', 'UN', 'UN', 'UN'],
  );
  assert.equal(dataSet.text(0x00080060), 'CT');
  assert.equal(dataSet.text(0x00100020), 'ID');
});

test('VR letters that are no letters are refused: the data set is in another encoding', () => {
  assert.throws(() => read(implicit(0x00100020, 'ID')), /has no value representation/);
});

test('a value of odd length is read as it is and written padded', () => {
  const dataSet = read(short(0x00100020, 'LO', 'ABC'));
  assert.equal(dataSet.text(0x00100020), 'ABC');
  assert.equal(read(writeDataSet(dataSet, explicitLittle)).text(0x00100020), 'ABC');
  assert.equal(writeDataSet(dataSet, explicitLittle).length, 12);
});

test('a text longer than a 16-bit length is written as UN and read as text', () => {
  const long = new DataSet()
    .setText(0x00283006, 'LO', 'x'.repeat(0x10000))
    .setText(0x00100020, 'LO', 'y'.repeat(0x10002));
  const back = read(writeDataSet(long, explicitBig), explicitBig);
  assert.equal(back.get(0x00100020)?.vr, 'UN');
  assert.equal(back.text(0x00100020)?.length, 0x10002);
});

test('group lengths are read, and left out when written', () => {
  const dataSet = read(bytesOf(short(0x00100000, 'UL', Uint8Array.of(99, 0, 0, 0)), short(0x00100020, 'LO', 'ID')));
  assert.equal(dataSet.number(0x00100000), 99);
  assert.equal(writeDataSet(dataSet, explicitLittle).length, 10);
});

test('a delimitation item with a length is a delimitation item', () => {
  const dataSet = read(
    bytesOf(
      longForm(0x00400275, 'SQ', '', 0xffffffff),
      item(short(0x00100020, 'LO', 'ID'), 0xffffffff),
      [0xfe, 0xff, 0x0d, 0xe0, 0x10, 0, 0, 0],
      [0xfe, 0xff, 0xdd, 0xe0, 0xff, 0xff, 0xff, 0xff],
      short(0x00400280, 'ST', 'after '),
    ),
  );
  assert.equal(dataSet.items(0x00400275).length, 1);
  assert.equal(dataSet.text(0x00400280), 'after');
});

test('a deflated data set may be followed by a NUL or a gzip trailer, and by no more', () => {
  const deflated = deflateRawSync(short(0x00100020, 'LO', 'ID'));
  for (const rest of [0, 1, 8, 9]) {
    assert.equal(read(bytesOf(deflated, new Uint8Array(rest)), deflatedLittle).text(0x00100020), 'ID');
  }
  assert.throws(() => read(bytesOf(deflated, new Uint8Array(10)), deflatedLittle), /not a whole raw deflate stream/);
  assert.throws(() => read(deflated.subarray(0, -1), deflatedLittle), /not a whole raw deflate stream/);
});

test('an unknown transfer syntax is UNSUPPORTED', () => {
  assert.throws(
    () => read(new Uint8Array(0), '1.2.3.4.5'),
    (error) => error instanceof LeadglassError && error.code === 'UNSUPPORTED',
  );
});
