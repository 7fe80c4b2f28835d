import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { DataSet } from './data-set.ts';
import {
  arbitraryDataSet,
  bytesOf,
  explicitBig,
  explicitLittle,
  implicitLittle,
  item,
  jpegBaseline,
  limits,
  longForm,
  nativeSyntaxes,
  plain,
  short,
  streamOf,
} from './data-set.test-support.ts';
import { readDataSet, writeDataSet } from './data-set-codec.ts';
import { canTranscode, transcode } from './transcode.ts';

async function transcoded(chunks: Iterable<Uint8Array>, from: string, to: string): Promise<Uint8Array> {
  const parts: Uint8Array[] = [];
  for await (const part of transcode(streamOf(chunks), { from, to, limits })) parts.push(part.slice());
  return bytesOf(...parts);
}

const inPieces = (bytes: Uint8Array, step: number): Uint8Array[] =>
  Array.from({ length: Math.ceil(bytes.length / step) }, (_, index) =>
    bytes.subarray(index * step, (index + 1) * step),
  );

for (const from of nativeSyntaxes) {
  for (const to of nativeSyntaxes) {
    test(`from ${from} to ${to} a data set stays the same, in pieces of any length`, async () => {
      await fc.assert(
        fc.asyncProperty(arbitraryDataSet, fc.integer({ min: 1, max: 50 }), async (dataSet, step) => {
          const bytes = await transcoded(inPieces(writeDataSet(dataSet, from), step), from, to);
          assert.deepEqual(plain(readDataSet(bytes, { transferSyntaxUid: to, limits })), plain(dataSet));
        }),
        { numRuns: from.endsWith('.99') || to.endsWith('.99') ? 15 : 60 },
      );
    });
  }
}

test('words are swapped over the borders of chunks, and the odd bytes at the end of a value stay', async () => {
  const value = Uint8Array.of(1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11);
  const bytes = longForm(0x00720073, 'OD', value);
  const whole = await transcoded([bytes], explicitLittle, explicitBig);
  assert.deepEqual([...whole.subarray(12)], [8, 7, 6, 5, 4, 3, 2, 1, 9, 10, 11]);
  for (let step = 1; step < bytes.length; step += 1) {
    assert.deepEqual(await transcoded(inPieces(bytes, step), explicitLittle, explicitBig), whole);
  }
});

test('the bytes of the source are never changed, also where it gives a Buffer, whose slices are views', async () => {
  const source = Buffer.from(
    longForm(
      0x7fe00010,
      'OW',
      Uint8Array.from({ length: 5000 }, (_, index) => index & 0xff),
    ),
  );
  const before = source.toString('hex');
  await transcoded([source], explicitLittle, explicitBig);
  assert.equal(source.toString('hex'), before);
});

test('from implicit VR, US or SS follows Pixel Representation and pixel data becomes OW', async () => {
  const dataSet = new DataSet()
    .setNumber(0x00280103, 'US', 1)
    .setNumber(0x00280106, 'SS', -5)
    .setBytes(0x7fe00010, 'OW', Uint8Array.of(1, 2));
  const bytes = await transcoded([writeDataSet(dataSet, implicitLittle)], implicitLittle, explicitLittle);
  assert.deepEqual(plain(readDataSet(bytes, { transferSyntaxUid: explicitLittle, limits })), plain(dataSet));
});

test('group lengths fall away and sequences become undefined in length', async () => {
  const bytes = bytesOf(
    short(0x00080000, 'UL', Uint8Array.of(10, 0, 0, 0)),
    longForm(0x00400275, 'SQ', item(short(0x00400009, 'SH', 'SP'))),
  );
  const big = await transcoded([bytes], explicitLittle, explicitBig);
  assert.equal(
    Buffer.from(big).toString('hex'),
    [
      '0040027553510000ffffffff',
      'fffee000ffffffff',
      '0040000953480002',
      '5350',
      'fffee00d00000000',
      'fffee0dd00000000',
    ].join(''),
  );
});

test('from a transfer syntax to itself the bytes pass as they are', async () => {
  const bytes = bytesOf('anything');
  assert.deepEqual(await transcoded([bytes], jpegBaseline, jpegBaseline), bytes);
});

test('only between native transfer syntaxes', () => {
  assert.equal(canTranscode(implicitLittle, explicitBig), true);
  assert.equal(canTranscode(jpegBaseline, explicitLittle), false);
  assert.equal(canTranscode(explicitLittle, jpegBaseline), false);
  assert.equal(canTranscode('1.2.3', '1.2.3'), false);
  assert.throws(() => transcode(streamOf([]), { from: jpegBaseline, to: explicitLittle, limits }), /Cannot change/);
});

test('a source that is malformed or breaks off ends the stream with an error', async () => {
  for (const to of [implicitLittle, '1.2.840.10008.1.2.1.99']) {
    await assert.rejects(transcoded([short(0x00100020, 'LO', 'ID', 8)], explicitLittle, to), /missing/);
    const broken = async function* (): AsyncGenerator<Uint8Array> {
      yield short(0x00100020, 'LO', 'ID');
      throw new Error('disk is gone');
    };
    await assert.rejects(async () => {
      for await (const _ of transcode(broken(), { from: explicitLittle, to, limits }));
    }, /disk is gone/);
  }
});

test('who stops reading early ends the source, also behind a deflater', async () => {
  for (const to of [explicitBig, '1.2.840.10008.1.2.1.99']) {
    let ended = false;
    const endless = async function* (): AsyncGenerator<Uint8Array> {
      try {
        for (let element = 1; element < 100; element += 1) {
          yield longForm(0x00910000 + element * 0x100, 'OW', crypto.getRandomValues(new Uint8Array(50_000)));
        }
      } finally {
        ended = true;
      }
    };
    for await (const _ of transcode(endless(), { from: explicitLittle, to, limits })) break;
    await new Promise((resolve) => setTimeout(resolve, 50));
    assert.equal(ended, true, to);
  }
});

test('no more than a chunk and its output is held', async () => {
  let given = 0;
  let taken = 0;
  const source = async function* (): AsyncGenerator<Uint8Array> {
    yield longForm(0x7fe00010, 'OW', '', 80_000);
    for (; given < 80_000; given += 1000) {
      assert.ok(given - taken <= 1000, `${given - taken} bytes are held`);
      yield new Uint8Array(1000);
    }
  };
  for await (const bytes of transcode(source(), { from: explicitLittle, to: explicitBig, limits }))
    taken += bytes.length;
  assert.equal(taken, 80_012);
});
