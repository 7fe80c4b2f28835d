import assert from 'node:assert/strict';
import { test } from 'node:test';
import { deflateRawSync } from 'node:zlib';
import { limits } from '../limits.ts';
import { DataSet } from './data-set.ts';
import { writeDataSet } from './data-set-codec.ts';
import { Tags } from './dictionary/tags.generated.ts';
import { InstanceUidReader, instanceUidsBytesMax } from './instance-uids.ts';
import { TransferSyntaxes } from './transfer-syntax.ts';

const scanLimits = { ...limits.dataSet, ...limits.dataSetKept };
const uids = { sopClassUid: '1.2.840.10008.5.1.4.1.1.2', sopInstanceUid: '1.2.3' };
const dataSet = new DataSet()
  .setText(Tags.SOPClassUID, 'UI', uids.sopClassUid)
  .setText(Tags.SOPInstanceUID, 'UI', uids.sopInstanceUid)
  .setText(Tags.PatientID, 'LO', 'P1');
const plain = TransferSyntaxes.ExplicitVrLittleEndian;

async function read(transferSyntaxUid: string, ...chunks: readonly Uint8Array[]): Promise<InstanceUidReader> {
  const reader = new InstanceUidReader({ transferSyntaxUid, limits: scanLimits });
  for (const chunk of chunks) await reader.push(chunk);
  return reader;
}

test('the UIDs of a data set are read in every uncompressed syntax, however it is cut', async () => {
  for (const syntax of [plain, TransferSyntaxes.ImplicitVrLittleEndian, TransferSyntaxes.ExplicitVrBigEndian]) {
    const bytes = writeDataSet(dataSet, syntax);
    for (let cut = 0; cut <= bytes.length; cut += 1) {
      const reader = await read(syntax, bytes.subarray(0, cut), bytes.subarray(cut));
      assert.deepEqual([reader.isDone, reader.uids], [true, uids]);
    }
  }
});

test('a deflated data set is inflated as far as its UIDs', async () => {
  const bytes = deflateRawSync(writeDataSet(dataSet, plain));
  const reader = await read(TransferSyntaxes.DeflatedExplicitVrLittleEndian, bytes);
  assert.deepEqual(reader.uids, uids);
  reader.close();
});

test('a data set that does not say, does not read, or is of an unknown syntax says nothing and ends the reading', async () => {
  const without = writeDataSet(new DataSet().setText(Tags.PatientID, 'LO', 'P1'), plain);
  for (const reader of [
    await read(plain, without),
    await read(plain, Buffer.alloc(200, 0xff)),
    await read('1.2.3.4.5', without),
  ]) {
    assert.deepEqual([reader.isDone, reader.uids], [true, {}]);
  }
  const noUid = new DataSet().setText(Tags.SOPClassUID, 'UI', '../etc').setText(Tags.SOPInstanceUID, 'UI', '1.2.3');
  assert.deepEqual((await read(plain, writeDataSet(noUid, plain))).uids, { sopInstanceUid: '1.2.3' });
});

test('a head that never comes to the UIDs is given up at the limit', async () => {
  const head = Buffer.alloc(12);
  head.writeUInt16LE(0x0008, 0);
  head.writeUInt16LE(0x0001, 2);
  head.write('UN', 4, 'latin1');
  head.writeUInt32LE(10_000_000, 8);
  const reader = await read(plain, head, Buffer.alloc(instanceUidsBytesMax - 13));
  assert.equal(reader.isDone, false);
  await reader.push(Buffer.alloc(1));
  assert.equal(reader.isDone, true);
});
