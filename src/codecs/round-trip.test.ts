/** What the encoders write, the decoders read: lossless bit for bit, lossy as near as it says. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { TransferSyntaxes as T } from '../dicom/transfer-syntax.ts';
import { LeadglassError } from '../error.ts';
import { codecLimits, codecsHere, someFacts, somePixels } from './codecs.test-support.ts';
import { decodeFrame } from './decode-frame.ts';
import { type EncodeOptions, encodeFrame } from './encode-frame.ts';
import type { FrameFacts } from './frame.ts';
import { byPixel } from './samples.ts';

interface RoundTrip {
  readonly pixels: Uint8Array;
  readonly lossy: boolean;
  readonly encodedAs: string;
}

async function roundTrip(
  syntax: string,
  facts: FrameFacts,
  pixels: Uint8Array,
  options: EncodeOptions = {},
): Promise<RoundTrip> {
  const encoded = await encodeFrame(
    codecsHere(),
    { transferSyntaxUid: syntax, pixels: new Uint8Array(pixels), facts, options },
    codecLimits,
  );
  const { photometricInterpretation, planarConfiguration, lossy } = encoded;
  const decoded = await decodeFrame(
    codecsHere(),
    {
      transferSyntaxUid: syntax,
      bytes: encoded.bytes,
      facts: { ...facts, photometricInterpretation, planarConfiguration },
    },
    codecLimits,
  );
  if (!photometricInterpretation.startsWith('YBR')) {
    assert.equal(decoded.photometricInterpretation, facts.photometricInterpretation);
  }
  return { pixels: decoded.pixels, lossy, encodedAs: photometricInterpretation };
}

const anyFacts = fc
  .record({
    rows: fc.integer({ min: 1, max: 40 }),
    columns: fc.integer({ min: 1, max: 140 }),
    bitsStored: fc.integer({ min: 1, max: 16 }),
    wide: fc.boolean(),
    signed: fc.boolean(),
    colour: fc.boolean(),
    byPlane: fc.boolean(),
  })
  .map(({ rows, columns, bitsStored, wide, signed, colour, byPlane }) =>
    someFacts({
      rows,
      columns,
      bitsStored,
      bitsAllocated: wide || bitsStored > 8 ? 16 : 8,
      pixelRepresentation: signed ? 1 : 0,
      samplesPerPixel: colour ? 3 : 1,
      planarConfiguration: colour && byPlane ? 1 : 0,
    }),
  );

const lossless = {
  'RLE Lossless': T.RLELossless,
  'JPEG-LS Lossless': T.JPEGLSLossless,
  'JPEG 2000 Lossless': T.JPEG2000Lossless,
  'HTJ2K Lossless': T.HTJ2KLossless,
  'HTJ2K Lossless RPCL': T.HTJ2KLosslessRPCL,
  'Deflated Image Frame': T.DeflatedImageFrameCompression,
  'Encapsulated Uncompressed': T.EncapsulatedUncompressedExplicitVrLittleEndian,
};

for (const [name, syntax] of Object.entries(lossless)) {
  test(`${name} gives back every frame that it takes, bit for bit`, async () => {
    let taken = 0;
    await fc.assert(
      fc.asyncProperty(anyFacts, fc.nat(), async (facts, seed) => {
        const pixels = somePixels(facts, seed);
        let result: RoundTrip;
        try {
          result = await roundTrip(syntax, facts, pixels);
        } catch (error) {
          // A refusal is honest; a wrong picture is not.
          assert.ok(error instanceof LeadglassError && error.code === 'UNSUPPORTED', String(error));
          return;
        }
        taken += 1;
        assert.equal(result.lossy, false);
        const stays =
          syntax === T.DeflatedImageFrameCompression || syntax === T.EncapsulatedUncompressedExplicitVrLittleEndian;
        const expected =
          facts.planarConfiguration === 1 && !stays ? byPixel(pixels, 3, facts.bitsAllocated / 8) : pixels;
        assert.deepEqual(Buffer.from(result.pixels), Buffer.from(expected));
      }),
      { numRuns: 150 },
    );
    assert.ok(taken > 60, `only ${taken} of 150 were taken`);
  });
}

test('RLE and deflate take 32 bits, and deflate takes single bits', async () => {
  const wide = someFacts({ bitsAllocated: 32, bitsStored: 32 });
  for (const syntax of [T.RLELossless, T.DeflatedImageFrameCompression]) {
    const pixels = somePixels(wide);
    assert.deepEqual(Buffer.from((await roundTrip(syntax, wide, pixels)).pixels), Buffer.from(pixels));
  }
  const bits = someFacts({ bitsAllocated: 1, bitsStored: 1, rows: 3, columns: 5 });
  const pixels = Uint8Array.of(0b1010_1010, 0b0101_0101);
  assert.deepEqual((await roundTrip(T.DeflatedImageFrameCompression, bits, pixels)).pixels, pixels);
});

test('bits above Bits Stored, where old files keep overlays, do not get into a codestream', async () => {
  const facts = someFacts({ bitsStored: 12 });
  const pixels = somePixels(facts);
  const withOverlay = pixels.slice();
  for (let at = 1; at < withOverlay.length; at += 2) withOverlay[at] = (withOverlay[at] ?? 0) | 0xf0;
  for (const syntax of [T.JPEGLSLossless, T.JPEG2000Lossless, T.HTJ2KLossless]) {
    assert.deepEqual(Buffer.from((await roundTrip(syntax, facts, withOverlay)).pixels), Buffer.from(pixels));
  }
});

function largestDifference(a: Uint8Array, b: Uint8Array, wide: boolean): number {
  const of = (bytes: Uint8Array): number[] => [...(wide ? new Uint16Array(bytes.slice().buffer) : bytes)];
  const other = of(b);
  return of(a).reduce((most, value, at) => Math.max(most, Math.abs(value - (other[at] ?? 0))), 0);
}

test('JPEG-LS near-lossless is off by no more than was asked for, and says that it is lossy', async () => {
  const facts = someFacts({ rows: 64, columns: 64 });
  const pixels = somePixels(facts);
  const { pixels: decoded, lossy } = await roundTrip(T.JPEGLSNearLossless, facts, pixels, { jpegLsNear: 3 });
  const most = largestDifference(decoded, pixels, true);
  assert.ok(most > 0 && most <= 3, `off by ${most}`);
  assert.equal(lossy, true);
});

/** No noise: what lossy codecs are made for. */
function smooth(facts: FrameFacts): Uint8Array<ArrayBuffer> {
  const { rows, columns, samplesPerPixel, bitsStored } = facts;
  const samples = Array.from({ length: rows * columns * samplesPerPixel }, (_, at) => {
    const pixel = Math.floor(at / samplesPerPixel);
    const range = 2 ** bitsStored - 1;
    return Math.round(
      range * (0.5 + 0.4 * Math.sin((pixel % columns) / 9) * Math.cos(Math.floor(pixel / columns) / 11)),
    );
  });
  return facts.bitsAllocated === 8 ? Uint8Array.from(samples) : new Uint8Array(Uint16Array.from(samples).buffer);
}

const lossy = [
  [
    'JPEG baseline',
    T.JPEGBaseline8Bit,
    someFacts({ rows: 64, columns: 64, bitsAllocated: 8, bitsStored: 8 }),
    8,
    'MONOCHROME2',
  ],
  [
    'JPEG baseline colour',
    T.JPEGBaseline8Bit,
    someFacts({ rows: 64, columns: 64, bitsAllocated: 8, bitsStored: 8, samplesPerPixel: 3 }),
    8,
    'YBR_FULL_422',
  ],
  ['JPEG 2000', T.JPEG2000, someFacts({ rows: 64, columns: 64 }), 40, 'MONOCHROME2'],
  [
    'JPEG 2000 colour',
    T.JPEG2000,
    someFacts({ rows: 64, columns: 64, bitsAllocated: 8, bitsStored: 8, samplesPerPixel: 3 }),
    8,
    'YBR_ICT',
  ],
  ['HTJ2K', T.HTJ2K, someFacts({ rows: 64, columns: 64 }), 40, 'MONOCHROME2'],
  [
    'HTJ2K colour',
    T.HTJ2K,
    someFacts({ rows: 64, columns: 64, bitsAllocated: 8, bitsStored: 8, samplesPerPixel: 3 }),
    8,
    'YBR_ICT',
  ],
] as const;

for (const [name, syntax, facts, mostOff, colours] of lossy) {
  test(`${name} comes near, names its colours and says that it is lossy`, async () => {
    const pixels = smooth(facts);
    const result = await roundTrip(syntax, facts, pixels);
    const most = largestDifference(result.pixels, pixels, facts.bitsAllocated === 16);
    assert.ok(most <= mostOff, `off by ${most}`);
    assert.equal(result.lossy, true);
    assert.equal(result.encodedAs, colours);
  });
}

test('JPEG baseline: a frame that grows by being coded is coded whole, however small it is', async () => {
  const shape = fc.record({
    rows: fc.integer({ min: 1, max: 60 }),
    columns: fc.integer({ min: 1, max: 60 }),
    samplesPerPixel: fc.constantFrom(1, 3),
    seed: fc.integer(),
  });
  await fc.assert(
    fc.asyncProperty(shape, async ({ seed, ...different }) => {
      const facts = someFacts({ ...different, bitsAllocated: 8, bitsStored: 8 });
      let state = seed;
      const noise = Uint8Array.from({ length: facts.rows * facts.columns * facts.samplesPerPixel }, () => {
        state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0;
        return state >>> 24;
      });
      const { pixels } = await roundTrip(T.JPEGBaseline8Bit, facts, noise, { jpegQuality: 100 });
      assert.equal(pixels.length, noise.length);
      if (facts.samplesPerPixel === 1) assert.ok(largestDifference(pixels, noise, false) <= 4);
    }),
    { numRuns: 100 },
  );
});

test('a frame that a syntax cannot hold is refused, not bent', async () => {
  const refused = async (syntax: string, different: Partial<FrameFacts>): Promise<void> => {
    const facts = someFacts(different);
    await assert.rejects(roundTrip(syntax, facts, somePixels(facts)), { code: 'UNSUPPORTED' });
  };
  await refused(T.JPEGBaseline8Bit, { bitsStored: 12 });
  await refused(T.JPEGBaseline8Bit, { bitsAllocated: 8, bitsStored: 8, pixelRepresentation: 1 });
  await refused(T.JPEG2000Lossless, { samplesPerPixel: 3, bitsStored: 12 });
  await refused(T.HTJ2KLossless, { bitsAllocated: 32, bitsStored: 32 });
  await refused(T.JPEG2000Lossless, {
    samplesPerPixel: 3,
    bitsAllocated: 8,
    bitsStored: 8,
    photometricInterpretation: 'YBR_FULL',
  });
  await refused(T.JPEGLSLossless, { bitsStored: 1 });
  await refused(T.JPEGLSNearLossless, { pixelRepresentation: 1 });
  await refused(T.MPEG2MPML, {});
});
