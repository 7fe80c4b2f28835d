import assert from 'node:assert/strict';
import { test } from 'node:test';
import { limits as allLimits } from '../../limits.ts';
import { DataSet } from '../data-set.ts';
import { writeDataSet } from '../data-set-codec.ts';
import {
  bytesOf,
  explicitLittle,
  item,
  jpegBaseline,
  longForm,
  nativeSyntaxes,
  sequenceDelimitation,
  short,
  streamOf,
  undefinedLength,
} from '../data-set.test-support.ts';
import { Tags } from '../dictionary/dictionary.ts';
import { plainBytes, type RangedBytes } from '../ranged-bytes.ts';
import { bulkValues } from './bulk-values.ts';
import { formatElementPath } from './element-path.ts';
import type { BulkDataRule } from './model-writer.ts';
import { valueAtPath } from './value-at-path.ts';
import { writeInstanceModel } from './write-model.ts';

const limits = { ...allLimits.dataSet, ...allLimits.model };
const rule: BulkDataRule = { inlineBulkBytesMax: 10, uriOf: (path) => formatElementPath(path) };
const filled = (lengthBytes: number, from: number): Uint8Array =>
  Uint8Array.from({ length: lengthBytes }, (_, at) => (at + from) & 0xff);

const dataSet = new DataSet()
  .setText(Tags.PatientID, 'LO', 'ID')
  .setText(Tags.PatientComments, 'LT', 'a long comment of a patient')
  .setItems(Tags.WaveformSequence, [
    new DataSet().setBytes(Tags.WaveformData, 'OW', filled(8, 1)),
    new DataSet().setBytes(Tags.WaveformData, 'OW', filled(5000, 2)),
  ])
  .setBytes(Tags.PixelData, 'OW', filled(100_000, 3));

/** As a store has it; pieces of so many bytes. */
function stored(bytes: Uint8Array, transferSyntaxUid: string, pieceBytes = 64 * 1024): RangedBytes {
  const readRange = async function* (offset: number, lengthBytes: number): AsyncGenerator<Uint8Array> {
    const end = Math.min(bytes.length, offset + lengthBytes);
    for (let at = offset; at < end; at += pieceBytes) yield bytes.subarray(at, Math.min(end, at + pieceBytes));
  };
  const read = (): AsyncIterable<Uint8Array> => readRange(0, bytes.length);
  return plainBytes({ lengthBytes: bytes.length, transferSyntaxUid, readRange, read }, limits);
}

interface Found {
  readonly uri: string;
  readonly lengthBytes: number | undefined;
  readonly hex: string | undefined;
}

async function allOf(source: RangedBytes, transferSyntaxUid: string): Promise<readonly Found[]> {
  const found: Found[] = [];
  for await (const { uri, value } of bulkValues(source, { transferSyntaxUid, limits, bulkData: rule })) {
    const hex = value === undefined ? undefined : Buffer.concat(await Array.fromAsync(value.chunks)).toString('hex');
    found.push({ uri, lengthBytes: value?.lengthBytes, hex });
  }
  return found;
}

test('each value to which the metadata has a URI is found once, with the bytes that the URI leads to', async () => {
  for (const uid of nativeSyntaxes) {
    const bytes = writeDataSet(dataSet, uid);
    const document = Buffer.concat(
      await Array.fromAsync(
        writeInstanceModel('json', stored(bytes, uid), { transferSyntaxUid: uid, limits, bulkData: rule }),
      ),
    ).toString();
    const uris = [...document.matchAll(/"BulkDataURI":"([^"]+)"/g)].map(([, uri]) => uri);
    assert.equal(uris.length, 3, uid);
    for (const pieceBytes of [1000, 65_536]) {
      const found = await allOf(stored(bytes, uid, pieceBytes), uid);
      assert.deepEqual(
        found.map(({ uri }) => uri),
        uris,
      );
      for (const { uri, lengthBytes, hex } of found) {
        const path = uri.split('/').map((part, index) => Number.parseInt(part, index % 2 === 0 ? 16 : 10));
        const one = await valueAtPath(streamOf([bytes]), { path, transferSyntaxUid: uid, limits });
        assert.ok(one !== undefined && !('encapsulated' in one));
        assert.equal(lengthBytes, one.lengthBytes);
        assert.equal(hex, Buffer.concat(await Array.fromAsync(one.chunks)).toString('hex'));
      }
    }
  }
});

test('a data set of bytes that come one by one is the same', async () => {
  const small = new DataSet().setBytes(Tags.PixelData, 'OW', filled(20, 0));
  const bytes = writeDataSet(small, explicitLittle);
  const found = await allOf(stored(bytes, explicitLittle, 1), explicitLittle);
  assert.deepEqual(found, [{ uri: '7FE00010', lengthBytes: 20, hex: Buffer.from(filled(20, 0)).toString('hex') }]);
});

test('what is not read of a value is passed over', async () => {
  const bytes = writeDataSet(dataSet, explicitLittle);
  const uris: string[] = [];
  const options = { transferSyntaxUid: explicitLittle, limits, bulkData: rule };
  for await (const { uri, value } of bulkValues(stored(bytes, explicitLittle, 500), options)) {
    uris.push(uri);
    // A piece of the first, nothing of the others.
    if (uris.length === 1 && value !== undefined) for await (const _piece of value.chunks) break;
  }
  assert.equal(uris.length, 3);
});

test('encapsulated pixel data is named and its fragments are not read', async () => {
  const bytes = bytesOf(
    short(Tags.PatientID, 'LO', 'ID'),
    longForm(Tags.PixelData, 'OB', '', undefinedLength),
    item(''),
    item('abcd'),
    sequenceDelimitation,
  );
  const found = await allOf(stored(bytes, jpegBaseline), jpegBaseline);
  assert.deepEqual(found, [{ uri: '7FE00010', lengthBytes: undefined, hex: undefined }]);
});

test('a value that ends too early is malformed, and so is a data set that does', async () => {
  const bytes = writeDataSet(dataSet, explicitLittle);
  for (const cut of [bytes.length - 1, bytes.length - 50_000, bytes.length - 100_006]) {
    await assert.rejects(allOf(stored(bytes.subarray(0, cut), explicitLittle), explicitLittle), { code: 'MALFORMED' });
  }
});

test('many values are found in one reading: none is read twice', async () => {
  const items = Array.from({ length: 300 }, (_, at) =>
    new DataSet().setBytes(Tags.WaveformData, 'OW', filled(1000, at)),
  );
  const bytes = writeDataSet(new DataSet().setItems(Tags.WaveformSequence, items), explicitLittle);
  let read = 0;
  const plain = stored(bytes, explicitLittle);
  const counted: RangedBytes = {
    lengthBytes: plain.lengthBytes,
    async *readRange(offset, lengthBytes) {
      for await (const chunk of plain.readRange(offset, lengthBytes)) {
        read += chunk.length;
        yield chunk;
      }
    },
  };
  assert.equal((await allOf(counted, explicitLittle)).length, 300);
  assert.equal(read, bytes.length);
});
