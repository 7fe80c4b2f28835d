/** Where a long value lies: in every transfer syntax, and not in an item. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { limits } from '../limits.ts';
import { DataSet } from './data-set.ts';
import { writeDataSet } from './data-set-codec.ts';
import { Tags } from './dictionary/tags.generated.ts';
import { locateValue } from './locate-value.ts';
import { joined, plainBytes, type StoredBytes } from './ranged-bytes.ts';
import { TransferSyntaxes } from './transfer-syntax.ts';

const content = Buffer.from('%PDF-1.7 and more');
const padded = Buffer.concat([content, Buffer.alloc(content.length % 2)]);

function stored(dataSet: DataSet, transferSyntaxUid: string): StoredBytes {
  const bytes = writeDataSet(dataSet, transferSyntaxUid);
  return {
    transferSyntaxUid,
    lengthBytes: bytes.length,
    async *read() {
      yield bytes;
    },
    async *readRange(offset, lengthBytes) {
      yield bytes.subarray(offset, offset + lengthBytes);
    },
  };
}

test('a value is found where its bytes are, in every transfer syntax', async () => {
  const inner = new DataSet().setBytes(Tags.EncapsulatedDocument, 'OB', Buffer.from('not'));
  const dataSet = new DataSet()
    .setText(Tags.PatientID, 'LO', 'P1')
    .setItems(Tags.SourceInstanceSequence, [inner])
    .setItems(Tags.ConceptNameCodeSequence, [inner])
    .setBytes(Tags.EncapsulatedDocument, 'OB', padded)
    .setText(Tags.MIMETypeOfEncapsulatedDocument, 'LO', 'application/pdf');
  for (const transferSyntaxUid of [
    TransferSyntaxes.ExplicitVrLittleEndian,
    TransferSyntaxes.ImplicitVrLittleEndian,
    TransferSyntaxes.ExplicitVrBigEndian,
    TransferSyntaxes.DeflatedExplicitVrLittleEndian,
  ]) {
    const source = plainBytes(stored(dataSet, transferSyntaxUid), limits.dataSet);
    const facts = { tag: Tags.EncapsulatedDocument, transferSyntaxUid, limits: limits.dataSet };
    const found = await locateValue(source, facts);
    assert.equal(found?.lengthBytes, padded.length);
    assert.deepEqual(Buffer.from(await joined(source, found?.offset ?? 0, found?.lengthBytes ?? 0)), padded);
  }
});

test('without the value, or only in an item, there is none', async () => {
  const inner = new DataSet().setBytes(Tags.EncapsulatedDocument, 'OB', padded);
  const dataSet = new DataSet().setItems(Tags.SourceInstanceSequence, [inner]);
  const transferSyntaxUid = TransferSyntaxes.ExplicitVrLittleEndian;
  const facts = { tag: Tags.EncapsulatedDocument, transferSyntaxUid, limits: limits.dataSet };
  assert.equal(await locateValue(stored(dataSet, transferSyntaxUid), facts), undefined);
});
