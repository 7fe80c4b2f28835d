import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { EncapsulatedFrames } from './encapsulated-frames.ts';
import type { FragmentLimits, RangeReader } from './fragments.ts';

const limits: FragmentLimits = { fragmentsMax: 50, windowBytes: 32 };

function item(bytes: Uint8Array, tag = 0xe000fffe): Uint8Array {
  const result = new Uint8Array(8 + bytes.length);
  const view = new DataView(result.buffer);
  view.setUint32(0, tag, true);
  view.setUint32(4, bytes.length, true);
  result.set(bytes, 8);
  return result;
}

const delimiter = item(new Uint8Array(0), 0xe0ddfffe);
const offset = 10;

/** An instance with ten bytes before the first item; `table` are offsets of the basic offset table. */
function instance(fragments: readonly Uint8Array[], table: readonly number[] = [], end = delimiter): Uint8Array {
  const offsets = new Uint8Array(Uint32Array.from(table).buffer);
  return new Uint8Array(
    Buffer.concat([new Uint8Array(offset), item(offsets), ...fragments.map((bytes) => item(bytes)), end]),
  );
}

interface Opened {
  readonly frames: EncapsulatedFrames;
  /** Bytes that were read so far. */
  readonly read: () => number;
}

async function open(
  bytes: Uint8Array,
  numberOfFrames: number,
  extended: { readonly offsets?: readonly bigint[]; readonly lengths?: readonly bigint[] } = {},
): Promise<Opened> {
  let read = 0;
  const reader: RangeReader = async (at, lengthBytes) => {
    assert.ok(at >= 0 && at + lengthBytes <= bytes.length, 'nothing beyond the instance is asked for');
    const given = Math.min(lengthBytes, 13); // less than asked for: it has to ask again
    read += given;
    return bytes.subarray(at, at + given);
  };
  const table = (numbers: readonly bigint[] | undefined): Uint8Array | undefined =>
    numbers === undefined ? undefined : new Uint8Array(BigUint64Array.from(numbers).buffer);
  const offsets = table(extended.offsets);
  const lengths = table(extended.lengths);
  const facts = {
    offset,
    end: bytes.length,
    numberOfFrames,
    ...(offsets === undefined ? {} : { extendedOffsetTable: offsets }),
    ...(lengths === undefined ? {} : { extendedOffsetTableLengths: lengths }),
  };
  return { frames: await EncapsulatedFrames.open(reader, facts, limits), read: () => read };
}

const all = async ({ frames }: Opened): Promise<readonly number[][]> => {
  const result: number[][] = [];
  for (let frame = 1; frame <= frames.numberOfFrames; frame += 1) result.push([...(await frames.read(frame, 1000))]);
  return result;
};

const [a, b, c] = [Uint8Array.of(1, 2), Uint8Array.of(3, 4, 5, 6), Uint8Array.of(7, 8)];
/** JPEG, as far as anybody looks: the second fragment of each goes on. */
const jpeg = (value: number): readonly Uint8Array[] => [
  Uint8Array.of(0xff, 0xd8, 0xff, value),
  Uint8Array.of(value, 0),
];

test('without a table, one fragment is one frame', async () => {
  assert.deepEqual(await all(await open(instance([a, b, c]), 3)), [[...a], [...b], [...c]]);
});

test('without a table, all fragments of a single frame belong to it', async () => {
  assert.deepEqual(await all(await open(instance([a, b, c]), 1)), [[...a, ...b, ...c]]);
});

test('without a table, frames of several fragments begin where codestreams do', async () => {
  const opened = await open(instance([...jpeg(1), ...jpeg(2)]), 2);
  assert.deepEqual(await all(opened), [
    [0xff, 0xd8, 0xff, 1, 1, 0],
    [0xff, 0xd8, 0xff, 2, 2, 0],
  ]);
});

test('without a table, fragments that nothing tells apart are refused', async () => {
  await assert.rejects(all(await open(instance([a, b, c]), 2)), {
    code: 'MALFORMED',
    message: /3 fragments for 2 frames/,
  });
  await assert.rejects(all(await open(instance([a]), 2)), { code: 'MALFORMED', message: /1 fragments for 2 frames/ });
});

test('the basic offset table leads to frames of several fragments', async () => {
  const opened = await open(instance([a, b, c], [0, 22]), 2);
  assert.equal(opened.frames.table, 'basic');
  assert.deepEqual(await all(opened), [[...a, ...b], [...c]]);
});

test('by a table the last of many frames is found without a walk through the others', async () => {
  const fragments = Array.from({ length: 40 }, (_, nth) => new Uint8Array(100).fill(nth));
  const opened = await open(
    instance(
      fragments,
      fragments.map((_, nth) => nth * 108),
    ),
    40,
  );
  assert.deepEqual([...(await opened.frames.read(40, 1000))], [...new Uint8Array(100).fill(39)]);
  assert.ok(opened.read() < 400, `${opened.read()} bytes were read of ${40 * 108}`);
});

for (const [name, table] of Object.entries({
  'that does not ascend': [0, 0, 10],
  'that does not begin at 0': [2, 10, 22],
  'that leads into the middle of a fragment': [0, 12, 22],
  'that leads beyond the end': [0, 10, 4_000_000_000],
  'of too few frames': [0, 10],
})) {
  test(`a basic offset table ${name} counts as none`, async () => {
    const opened = await open(instance([a, b, c], table), 3);
    assert.deepEqual(await all(opened), [[...a], [...b], [...c]]);
    assert.equal(opened.frames.table, 'none');
  });
}

test('the extended offset table leads to frames, and tells their lengths without padding', async () => {
  const opened = await open(instance([a, b, c]), 3, { offsets: [0n, 10n, 22n], lengths: [2n, 3n, 2n] });
  assert.equal(opened.frames.table, 'extended');
  assert.deepEqual(await all(opened), [[...a], [3, 4, 5], [...c]]);
});

for (const [name, extended] of Object.entries({
  'with lengths beyond its fragments': { offsets: [0n, 10n, 22n], lengths: [2n, 40n, 2n] },
  'with numbers that no file has': { offsets: [0n, 10n, 2n ** 64n - 1n], lengths: [2n, 4n, 2n] },
  'without lengths': { offsets: [0n, 10n, 22n] },
  'of too few frames': { offsets: [0n], lengths: [2n] },
})) {
  test(`an extended offset table ${name} counts as none`, async () => {
    assert.deepEqual(await all(await open(instance([a, b, c]), 3, extended)), [[...a], [...b], [...c]]);
  });
}

test('hostile: fragments without an end, of false lengths, of no length and too many', async () => {
  const refused = async (bytes: Uint8Array, code: string, frames = 1): Promise<void> => {
    await assert.rejects(async () => all(await open(bytes, frames)), { code });
  };
  await refused(instance([a, b], [], new Uint8Array(0)), 'MALFORMED');
  await refused(instance([a], [], Uint8Array.of(0xfe, 0xff, 0x00, 0xe0, 0xff, 0xff, 0xff, 0xff)), 'MALFORMED');
  await refused(instance([a], [], Uint8Array.of(0xfe, 0xff, 0x00, 0xe0, 9, 0, 0, 0)), 'MALFORMED');
  await refused(instance([a], [], item(a, 0x12345678)), 'MALFORMED');
  await refused(new Uint8Array(offset), 'MALFORMED');
  await refused(instance(Array.from({ length: 51 }, () => new Uint8Array(0))), 'LIMIT_EXCEEDED');
  await refused(instance([a]), 'LIMIT_EXCEEDED', 51);
  await refused(instance([a]), 'MALFORMED', 0);
  assert.deepEqual(await all(await open(instance(Array.from({ length: 50 }, () => new Uint8Array(0))), 1)), [[]]);
});

test('a frame that is longer than its caller takes is refused before it is read', async () => {
  const { frames, read } = await open(instance([new Uint8Array(1000)]), 1);
  await assert.rejects(frames.read(1, 999), { code: 'LIMIT_EXCEEDED' });
  assert.ok(read() < 200);
  assert.equal((await frames.read(1, 1000)).length, 1000);
});

test('there is no frame 0, none after the last, and none in between', async () => {
  const { frames } = await open(instance([a, b]), 2);
  for (const frame of [0, 3, 1.5, -1, Number.NaN]) await assert.rejects(frames.locate(frame), { code: 'NOT_FOUND' });
});

test('any bytes after the header are refused or give frames, and never more than there are', async () => {
  await fc.assert(
    fc.asyncProperty(fc.uint8Array({ maxLength: 200 }), fc.integer({ min: 1, max: 4 }), async (bytes, count) => {
      try {
        const frames = await all(await open(new Uint8Array(Buffer.concat([new Uint8Array(offset), bytes])), count));
        assert.ok(frames.flat().length <= bytes.length);
      } catch (error) {
        assert.ok(
          error instanceof Error && 'code' in error && ['MALFORMED', 'LIMIT_EXCEEDED'].includes(String(error.code)),
          String(error),
        );
      }
    }),
    { numRuns: 300 },
  );
});
