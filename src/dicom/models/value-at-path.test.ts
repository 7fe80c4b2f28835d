import assert from 'node:assert/strict';
import { test } from 'node:test';
import { DataSet } from '../data-set.ts';
import { writeDataSet } from '../data-set-codec.ts';
import {
  bytesOf,
  everySplit,
  explicitLittle,
  item,
  jpegBaseline,
  limits,
  longForm,
  nativeSyntaxes,
  sequenceDelimitation,
  short,
  streamOf,
  undefinedLength,
} from '../data-set.test-support.ts';
import { Tags } from '../dictionary/dictionary.ts';
import { valueAtPath } from './value-at-path.ts';

const words = bytesOf([1, 0, 2, 0, 3, 0]);
const dataSet = new DataSet()
  .setText(Tags.PatientID, 'LO', 'ID')
  .setItems(Tags.IconImageSequence, [
    new DataSet(),
    new DataSet().setBytes(Tags.PixelData, 'OW', words).setItems(Tags.IconImageSequence, [new DataSet()]),
  ])
  .setBytes(Tags.PixelData, 'OW', bytesOf([9, 0]));

async function found(
  chunks: Iterable<Uint8Array>,
  path: readonly number[],
  transferSyntaxUid = explicitLittle,
): Promise<unknown> {
  const value = await valueAtPath(streamOf(chunks), { path, transferSyntaxUid, limits });
  if (value === undefined || 'encapsulated' in value) return value;
  const parts: Uint8Array[] = [];
  for await (const part of value.chunks) parts.push(part);
  return { vr: value.vr, lengthBytes: value.lengthBytes, hex: Buffer.concat(parts).toString('hex') };
}

test('a value is found in any transfer syntax and at any split, in little endian', async () => {
  for (const uid of nativeSyntaxes) {
    const bytes = writeDataSet(dataSet, uid);
    for (const chunks of everySplit(bytes)) {
      const path = [Tags.IconImageSequence, 2, Tags.PixelData];
      assert.deepEqual(await found(chunks, path, uid), { vr: 'OW', lengthBytes: 6, hex: '010002000300' });
      if (chunks.length > 2)
        assert.deepEqual(await found(chunks, [Tags.PixelData], uid), { vr: 'OW', lengthBytes: 2, hex: '0900' });
    }
  }
});

test('no element, no such item, a sequence and a part of a path are not found', async () => {
  const bytes = writeDataSet(dataSet, explicitLittle);
  const icon = Tags.IconImageSequence;
  for (const path of [
    [Tags.Rows],
    [icon],
    [icon, 1, Tags.PixelData],
    [icon, 3, Tags.PixelData],
    [icon, 2, icon],
    [],
    [icon, 2],
  ]) {
    assert.equal(await found([bytes], path), undefined);
  }
});

test('an empty value is found, and encapsulated pixel data is named as such', async () => {
  assert.deepEqual(await found([short(Tags.PatientID, 'LO', '')], [Tags.PatientID]), {
    vr: 'LO',
    lengthBytes: 0,
    hex: '',
  });
  const encapsulated = bytesOf(
    longForm(Tags.PixelData, 'OB', '', undefinedLength),
    item(''),
    item('ab'),
    sequenceDelimitation,
  );
  assert.deepEqual(await found([encapsulated], [Tags.PixelData], jpegBaseline), { vr: 'OB', encapsulated: true });
});

test('the source is closed when the value is over, read in part, or not there', async () => {
  let closed = 0;
  async function* source(): AsyncGenerator<Uint8Array, void, undefined> {
    try {
      for (const byte of writeDataSet(dataSet, explicitLittle)) yield Uint8Array.of(byte);
    } finally {
      closed += 1;
    }
  }
  const open = (path: readonly number[]): ReturnType<typeof valueAtPath> =>
    valueAtPath(source(), { path, transferSyntaxUid: explicitLittle, limits });
  await open([Tags.Rows]);
  assert.equal(closed, 1);
  for (const all of [true, false]) {
    const value = await open([Tags.PatientID]);
    assert.ok(value !== undefined && 'chunks' in value);
    for await (const chunk of value.chunks) if (chunk.length > 0 && !all) break;
  }
  const unread = await open([Tags.PatientID]);
  assert.ok(unread !== undefined && 'chunks' in unread);
  await unread.close();
  assert.equal(closed, 4);
});

test('an instance that ends inside the value is refused', async () => {
  await assert.rejects(found([short(Tags.PatientID, 'LO', 'ID', 4)], [Tags.PatientID]), /missing/);
});
