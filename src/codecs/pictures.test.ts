/** PNG and GIF to native samples: every form of them, bit for bit, and what hostile files meet. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { deflateSync } from 'node:zlib';
import * as fc from 'fast-check';
import { LeadglassError } from '../error.ts';
import { pictureEncodings } from './capabilities.ts';
import { codecLimits, codecsHere } from './codecs.test-support.ts';
import { decodeFrame } from './decode-frame.ts';
import { frameBytes } from './frame.ts';
import { gifFacts } from './gif-picture.ts';
import { gifFile, type PngFacts, pngChunk, pngFile } from './pictures.test-support.ts';
import { pngFacts } from './png-picture.ts';

const { png, gif } = pictureEncodings;

async function decoded(encoding: string, bytes: Uint8Array<ArrayBuffer>): Promise<Uint8Array> {
  const facts = encoding === png ? pngFacts(bytes) : gifFacts(bytes);
  const copy = new Uint8Array(bytes);
  return (await decodeFrame(codecsHere(), { transferSyntaxUid: encoding, bytes: copy, facts }, codecLimits)).pixels;
}

const side = fc.integer({ min: 1, max: 19 });
const kinds = [
  [0, 1],
  [0, 2],
  [0, 4],
  [0, 8],
  [0, 16],
  [2, 8],
  [2, 16],
  [4, 8],
  [4, 16],
  [6, 8],
  [6, 16],
] as const;

/** Little endian, without alpha, grey below 8 bits spread over 8. */
function expectedOf({ depth, colourType }: PngFacts, samples: readonly number[]): Uint8Array {
  const each = { 0: 1, 2: 3, 3: 1, 4: 2, 6: 4 }[colourType];
  const colours = colourType >= 4 ? samples.filter((_, at) => at % each !== each - 1) : samples;
  const most = 2 ** depth - 1;
  if (depth === 16) return Uint8Array.from(colours.flatMap((value) => [value & 0xff, value >> 8]));
  return Uint8Array.from(colours.map((value) => Math.round((value * 255) / most)));
}

test('property: a PNG of any kind, interlaced or not, with any filters, has its samples bit for bit', async () => {
  await fc.assert(
    fc.asyncProperty(
      side,
      side,
      fc.constantFrom(...kinds),
      fc.boolean(),
      fc.integer(),
      async (width, height, kind, interlaced, seed) => {
        const [colourType, depth] = kind;
        const each = { 0: 1, 2: 3, 4: 2, 6: 4 }[colourType];
        const most = 2 ** depth - 1;
        const samples = Array.from({ length: width * height * each }, (_, at) =>
          colourType >= 4 && at % each === each - 1 ? most : (((at + 1) * 2654435761 + seed * 40503) >>> 0) & most,
        );
        const facts: PngFacts = { width, height, depth, colourType, interlaced };
        assert.deepEqual([...(await decoded(png, pngFile(facts, samples)))], [...expectedOf(facts, samples)]);
      },
    ),
    { numRuns: 300, interruptAfterTimeLimit: 20_000 },
  );
});

test('a palette becomes colours, at every depth', async () => {
  for (const depth of [1, 2, 4, 8]) {
    const palette = Uint8Array.from({ length: 3 * 2 ** depth }, (_, at) => at * 7);
    const indices = Array.from({ length: 9 * 5 }, (_, at) => at % 2 ** depth);
    const file = pngFile({ width: 9, height: 5, depth, colourType: 3, palette, interlaced: depth === 4 }, indices);
    const expected = indices.flatMap((index) => [...palette.subarray(3 * index, 3 * index + 3)]);
    assert.deepEqual([...(await decoded(png, file))], expected);
    assert.equal(pngFacts(file).photometricInterpretation, 'RGB');
  }
});

test('property: a GIF of any size and number of colours, interlaced or not, has its colours', async () => {
  await fc.assert(
    fc.asyncProperty(
      side,
      side,
      fc.integer({ min: 1, max: 8 }),
      fc.boolean(),
      fc.array(fc.nat(255), { maxLength: 400 }),
      async (width, height, bits, interlaced, some) => {
        const palette = Uint8Array.from({ length: 3 * 2 ** bits }, (_, at) => at * 5);
        const indices = Array.from(
          { length: width * height },
          (_, at) => (some[at % (some.length + 1)] ?? at) % 2 ** bits,
        );
        const file = gifFile({ width, height, palette, interlaced }, indices);
        const expected = indices.flatMap((index) => [...palette.subarray(3 * index, 3 * index + 3)]);
        assert.deepEqual([...(await decoded(gif, file))], expected);
      },
    ),
    { numRuns: 200, interruptAfterTimeLimit: 20_000 },
  );
});

test('a GIF whose code table fills up and is cleared is read to its end', async () => {
  const palette = Uint8Array.from({ length: 768 }, (_, at) => at);
  let state = 1;
  const indices = Array.from({ length: 200 * 100 }, () => {
    state = (state * 1103515245 + 12345) >>> 0;
    return (state >>> 16) & 0xff;
  });
  const expected = indices.flatMap((index) => [...palette.subarray(3 * index, 3 * index + 3)]);
  const pixels = await decoded(gif, gifFile({ width: 200, height: 100, palette }, indices));
  assert.equal(Buffer.compare(pixels, Uint8Array.from(expected)), 0);
});

const unsupported = { code: 'UNSUPPORTED' };

test('what is transparent or animated is not taken: something would be lost', async () => {
  const palette = Uint8Array.from({ length: 12 }, (_, at) => at);
  const one = { width: 2, height: 1, depth: 8 } as const;
  await assert.rejects(decoded(png, pngFile({ ...one, colourType: 4 }, [1, 255, 2, 254])), unsupported);
  await assert.rejects(
    decoded(png, pngFile({ ...one, colourType: 0, transparent: Uint8Array.of(0, 2) }, [1, 2])),
    unsupported,
  );
  const clear = { colourType: 3, depth: 2, palette, transparent: Uint8Array.of(255, 0) } as const;
  await assert.rejects(decoded(png, pngFile({ ...one, ...clear }, [0, 1])), unsupported);
  assert.equal((await decoded(png, pngFile({ ...one, ...clear }, [0, 2]))).length, 6);
  await assert.rejects(
    decoded(png, pngFile({ ...one, colourType: 0, extra: [pngChunk('acTL', new Uint8Array(8))] }, [1, 2])),
    unsupported,
  );
  await assert.rejects(decoded(gif, gifFile({ width: 2, height: 1, palette, clear: 1 }, [0, 1])), unsupported);
  assert.equal((await decoded(gif, gifFile({ width: 2, height: 1, palette, clear: 3 }, [0, 1]))).length, 6);
  await assert.rejects(decoded(gif, gifFile({ width: 2, height: 1, palette, images: 2 }, [0, 1])), unsupported);
});

test('hostile: a bomb stops at the size of its header, and a huge header is over the limit before anything is made', async () => {
  const file = pngFile({ width: 4, height: 4, depth: 8, colourType: 0 }, []);
  const bomb = Buffer.concat([
    file.subarray(0, 33),
    pngChunk('IDAT', deflateSync(Buffer.alloc(50_000_000))),
    pngChunk('IEND', new Uint8Array(0)),
  ]);
  await assert.rejects(decoded(png, new Uint8Array(bomb)), { code: 'LIMIT_EXCEEDED' });
  const huge = new Uint8Array(file);
  new DataView(huge.buffer).setUint32(16, 60_000);
  new DataView(huge.buffer).setUint32(20, 60_000);
  await assert.rejects(decoded(png, huge), { code: 'LIMIT_EXCEEDED' });
  new DataView(huge.buffer).setUint32(16, 0xffffffff);
  await assert.rejects(decoded(png, huge), { code: 'MALFORMED' });
});

test('property: damaged, cut off or foreign bytes are refused with a code, or have their size', async () => {
  const palette = Uint8Array.from({ length: 48 }, (_, at) => at);
  const files = [
    [
      png,
      pngFile(
        { width: 9, height: 7, depth: 8, colourType: 2, interlaced: true },
        Array.from({ length: 189 }, (_, at) => at & 255),
      ),
    ],
    [
      png,
      pngFile(
        { width: 9, height: 7, depth: 4, colourType: 3, palette },
        Array.from({ length: 63 }, (_, at) => at % 16),
      ),
    ],
    [
      gif,
      gifFile(
        { width: 9, height: 7, palette },
        Array.from({ length: 63 }, (_, at) => (at * at) % 16),
      ),
    ],
  ] as const;
  await fc.assert(
    fc.asyncProperty(
      fc.constantFrom(...files),
      fc.array(fc.tuple(fc.nat(1000), fc.nat(255)), { maxLength: 4 }),
      fc.nat(1000),
      async ([encoding, file], damage, cut) => {
        const bytes = new Uint8Array(cut % 3 === 0 ? file.subarray(0, cut % file.length) : file);
        for (const [at, value] of damage) if (bytes.length > 0) bytes[at % bytes.length] = value;
        try {
          const pixels = await decoded(encoding, bytes);
          const facts = encoding === png ? pngFacts(bytes) : gifFacts(bytes);
          assert.equal(pixels.length, frameBytes(facts, codecLimits));
        } catch (error) {
          assert.ok(error instanceof LeadglassError, String(error));
          assert.ok(['MALFORMED', 'UNSUPPORTED', 'LIMIT_EXCEEDED'].includes(error.code), error.code);
        }
      },
    ),
    { numRuns: 2000, interruptAfterTimeLimit: 20_000 },
  );
});
