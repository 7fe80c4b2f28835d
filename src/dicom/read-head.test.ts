import assert from 'node:assert/strict';
import { test } from 'node:test';
import { limits } from '../limits.ts';
import { DataSet } from './data-set.ts';
import { writeDataSet } from './data-set-codec.ts';
import { readHead } from './read-head.ts';
import { TransferSyntaxes as T } from './transfer-syntax.ts';

const all = { ...limits.dataSet, keptValueBytesMax: 1000, keptBytesMax: 1500 };

function stored(dataSet: DataSet, transferSyntaxUid: string) {
  const bytes = writeDataSet(dataSet, transferSyntaxUid);
  let readBytes = 0;
  const readRange = async function* (offset: number, lengthBytes: number): AsyncGenerator<Uint8Array> {
    readBytes += lengthBytes;
    for (let at = offset; at < Math.min(bytes.length, offset + lengthBytes); at += 1000) {
      yield bytes.subarray(at, Math.min(at + 1000, offset + lengthBytes));
    }
  };
  const lengthBytes = bytes.length;
  const read = (): AsyncGenerator<Uint8Array> => readRange(0, lengthBytes);
  return { source: { transferSyntaxUid, lengthBytes, readRange, read }, readBytes: () => readBytes };
}

const image = (): DataSet =>
  new DataSet()
    .setText(0x00100020, 'LO', 'P1')
    .setBytes(0x00091010, 'OB', new Uint8Array(3_000_000))
    .setText(0x00280004, 'CS', 'RGB')
    .setItems(0x00283010, [new DataSet().setText(0x00283003, 'LO', 'within')])
    .setBytes(0x7fe00010, 'OW', new Uint8Array(2_000_000));

for (const syntax of [
  T.ExplicitVrLittleEndian,
  T.ImplicitVrLittleEndian,
  T.ExplicitVrBigEndian,
  T.DeflatedExplicitVrLittleEndian,
]) {
  test(`wanted elements in front of the pixel data are read, and no others, in ${syntax}`, async () => {
    const { source, readBytes } = stored(image(), syntax);
    const { dataSet, pixelTag } = await readHead(source, { want: (tag) => tag >>> 16 === 0x28, limits: all });
    assert.equal(pixelTag, 0x7fe00010);
    assert.deepEqual(
      [...dataSet].map(({ tag }) => tag),
      [0x00280004, 0x00283010],
    );
    assert.equal(dataSet.text(0x00280004), 'RGB');
    assert.equal(dataSet.items(0x00283010)[0]?.text(0x00283003), 'within');
    if (syntax !== T.DeflatedExplicitVrLittleEndian) assert.ok(readBytes() < 400_000, `${readBytes()} bytes were read`);
  });
}

test('an instance without pixel data is read to its end, and says so', async () => {
  const { source } = stored(new DataSet().setText(0x00100020, 'LO', 'P1'), T.ExplicitVrLittleEndian);
  const head = await readHead(source, { want: () => true, limits: all });
  assert.equal(head.pixelTag, undefined);
  assert.equal(head.dataSet.text(0x00100020), 'P1');
});

test('wanted values over the limit, one or all together, are refused before memory is taken for them', async () => {
  const long = image().setBytes(0x00281201, 'OW', new Uint8Array(1002));
  const many = image()
    .setBytes(0x00281201, 'OW', new Uint8Array(1000))
    .setBytes(0x00281202, 'OW', new Uint8Array(1000));
  for (const dataSet of [long, many]) {
    const { source } = stored(dataSet, T.ExplicitVrLittleEndian);
    await assert.rejects(readHead(source, { want: (tag) => tag >>> 16 === 0x28, limits: all }), {
      code: 'LIMIT_EXCEEDED',
    });
  }
});

test('an instance that is cut off before its pixel data is refused', async () => {
  const { source } = stored(new DataSet().setText(0x00100020, 'LO', 'P12345'), T.ExplicitVrLittleEndian);
  const read = async function* (): AsyncGenerator<Uint8Array> {
    for await (const chunk of source.readRange(0, source.lengthBytes)) yield chunk.subarray(0, 10);
  };
  const cut = { ...source, lengthBytes: 10, readRange: read, read };
  await assert.rejects(readHead(cut, { want: () => true, limits: all }), { code: 'MALFORMED' });
});
