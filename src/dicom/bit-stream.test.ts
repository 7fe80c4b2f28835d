/** A video's fragments as one stream: every range, and fragments that lie about themselves. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { LeadglassError } from '../error.ts';
import { limits } from '../limits.ts';
import { BitStream } from './bit-stream.ts';
import { DataSet } from './data-set.ts';
import { writeDataSet } from './data-set-codec.ts';
import { Tags } from './dictionary/tags.generated.ts';
import { joined, type StoredBytes } from './ranged-bytes.ts';
import { TransferSyntaxes } from './transfer-syntax.ts';

const transferSyntaxUid = TransferSyntaxes.MPEG2MPMLF;
const content = Buffer.from(Array.from({ length: 100 }, (_, at) => at));

function stored(bytes: Uint8Array, syntax: string = transferSyntaxUid): StoredBytes {
  return {
    transferSyntaxUid: syntax,
    lengthBytes: bytes.length,
    async *read() {
      yield bytes;
    },
    async *readRange(offset, lengthBytes) {
      // One byte at a time, as the worst source would.
      for (let at = offset; at < Math.min(bytes.length, offset + lengthBytes); at += 1)
        yield bytes.subarray(at, at + 1);
    },
  };
}

function video(fragments: readonly Uint8Array[]): Uint8Array {
  const dataSet = new DataSet()
    .setText(Tags.SOPClassUID, 'UI', '1.2.840.10008.5.1.4.1.1.77.1.4.1')
    .setText(Tags.NumberOfFrames, 'IS', '25')
    .set({ tag: Tags.PixelData, vr: 'OB', value: new Uint8Array(0), fragments: [new Uint8Array(0), ...fragments] });
  return writeDataSet(dataSet, transferSyntaxUid);
}

const parts = [content.subarray(0, 30), content.subarray(30, 32), new Uint8Array(0), content.subarray(32)];

test('every range of the stream is read, also across fragments and of none', async () => {
  const stream = await BitStream.open(stored(video(parts)), limits);
  assert.ok(stream !== undefined);
  assert.equal(stream.lengthBytes, 100);
  for (let first = 0; first <= 100; first += 7) {
    for (let length = 0; length <= 100 - first; length += 3) {
      const piece: Buffer = Buffer.from(await joined(stream, first, length));
      assert.deepEqual(piece, content.subarray(first, first + length), `${first}+${length}`);
    }
  }
});

test('what is not encapsulated, or has no pixel data, is no stream', async () => {
  const native = new DataSet().setBytes(Tags.PixelData, 'OB', content);
  const none = new DataSet().setText(Tags.NumberOfFrames, 'IS', '1');
  const syntax = TransferSyntaxes.ExplicitVrLittleEndian;
  for (const dataSet of [native, none]) {
    assert.equal(await BitStream.open(stored(writeDataSet(dataSet, syntax), syntax), limits), undefined);
  }
});

test('a fragment that ends beyond the end, a stream without its delimiter and too many fragments are refused', async () => {
  const refusedAs = async (bytes: Uint8Array, fragmentsMax = 100): Promise<unknown> => {
    try {
      const fragments = { ...limits.fragments, fragmentsMax };
      return await BitStream.open(stored(bytes), { dataSet: limits.dataSet, fragments });
    } catch (error) {
      assert.ok(error instanceof LeadglassError);
      return error.code;
    }
  };
  const whole = video(parts);
  const lying = Buffer.from(whole);
  // The length of the last fragment, in front of its 68 bytes and the delimiter.
  lying.writeUInt32LE(0xfffffffe, lying.length - 8 - 68 - 4);
  assert.equal(await refusedAs(lying), 'MALFORMED');
  assert.equal(await refusedAs(whole.subarray(0, -8)), 'MALFORMED');
  assert.equal(await refusedAs(whole, 3), 'LIMIT_EXCEEDED');
  assert.ok((await refusedAs(whole, 4)) instanceof BitStream);
});
