import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { TransferSyntaxes as T } from '../dicom/transfer-syntax.ts';
import { codecLimits, codecsHere, someFacts, somePixels } from './codecs.test-support.ts';
import { decodeFrame } from './decode-frame.ts';
import type { DecodedFrame, FrameFacts } from './frame.ts';
import { encodeJpegXl } from './jpeg-xl.test-support.ts';
import { readJpegXlHeader } from './jpeg-xl-header.ts';

function decoded(bytes: Uint8Array, facts: FrameFacts, transferSyntaxUid: string): Promise<DecodedFrame> {
  return decodeFrame(codecsHere(), { transferSyntaxUid, bytes: new Uint8Array(bytes), facts }, codecLimits);
}

test('JPEG XL without loss is decoded bit for bit, at 1 to 16 bits, in grey and in colour', async () => {
  for (const samplesPerPixel of [1, 3]) {
    for (let bitsStored = 1; bitsStored <= 16; bitsStored += 1) {
      const bitsAllocated = bitsStored <= 8 ? 8 : 16;
      const facts = someFacts({ rows: 23, columns: 31, samplesPerPixel, bitsStored, bitsAllocated });
      const pixels = somePixels(facts);
      const bytes = await encodeJpegXl(pixels, facts);
      const header = { rows: 23, columns: 31, precision: bitsStored, components: samplesPerPixel };
      assert.deepEqual(readJpegXlHeader(bytes), header);
      const frame = await decoded(bytes, facts, T.JPEGXLLossless);
      assert.deepEqual(Buffer.from(frame.pixels), Buffer.from(pixels), `${bitsStored} bits`);
      assert.equal(frame.photometricInterpretation, facts.photometricInterpretation);
    }
  }
});

test('8 bits of JPEG XL get into 16 bits allocated', async () => {
  const facts = someFacts({ rows: 9, columns: 10, bitsStored: 8, bitsAllocated: 16 });
  const pixels = somePixels(facts);
  const frame = await decoded(await encodeJpegXl(pixels, facts), facts, T.JPEGXLLossless);
  assert.deepEqual(Buffer.from(frame.pixels), Buffer.from(pixels));
});

test('lossy JPEG XL comes near, and its colours are RGB whatever they were coded as', async () => {
  const facts = someFacts({ rows: 64, columns: 80, samplesPerPixel: 3, bitsAllocated: 8, bitsStored: 8 });
  const pixels = Uint8Array.from({ length: 64 * 80 * 3 }, (_, at) => 128 + 90 * Math.sin(at / 400));
  const bytes = await encodeJpegXl(pixels, facts, 1);
  const told = { ...facts, photometricInterpretation: 'XYB' };
  const frame = await decoded(bytes, told, T.JPEGXL);
  assert.equal(frame.photometricInterpretation, 'RGB');
  const most = frame.pixels.reduce((sum, value, at) => Math.max(sum, Math.abs(value - (pixels[at] ?? 0))), 0);
  assert.ok(most <= 12, `off by ${most}`);
});

test('the sizes that a JPEG XL header can tell in several ways are read', async () => {
  const sides = fc.oneof(fc.integer({ min: 1, max: 70 }), fc.constantFrom(8, 64, 120, 160, 256, 264, 513));
  await fc.assert(
    fc.asyncProperty(sides, sides, async (rows, columns) => {
      const facts = someFacts({ rows, columns, bitsAllocated: 8, bitsStored: 8 });
      const { rows: height, columns: width } = readJpegXlHeader(await encodeJpegXl(somePixels(facts), facts));
      assert.deepEqual([height, width], [rows, columns]);
    }),
    {
      numRuns: 40,
      examples: [
        [256, 256],
        [120, 144],
        [96, 128],
        [144, 256],
        [64, 80],
        [64, 128],
      ],
    },
  );
});

test('JPEG XL that says other than its attributes, or what they cannot, is refused before a decoder sees it', async () => {
  const facts = someFacts({ rows: 9, columns: 10, bitsAllocated: 8, bitsStored: 8 });
  const bytes = await encodeJpegXl(somePixels(facts), facts);
  const refused = async (
    different: Partial<FrameFacts>,
    code: string,
    syntax: string = T.JPEGXLLossless,
  ): Promise<void> => {
    await assert.rejects(decoded(bytes, { ...facts, ...different }, syntax), { code });
  };
  await refused({ rows: 10 }, 'MALFORMED');
  await refused({ columns: 9 }, 'MALFORMED');
  await refused({ samplesPerPixel: 3, photometricInterpretation: 'RGB' }, 'MALFORMED');
  await refused({ pixelRepresentation: 1 }, 'UNSUPPORTED');
  await refused({ samplesPerPixel: 3, photometricInterpretation: 'YBR_FULL' }, 'UNSUPPORTED');
  const wide = someFacts({ rows: 9, columns: 10, bitsStored: 12 });
  const twelve = await encodeJpegXl(somePixels(wide), wide);
  await assert.rejects(decoded(twelve, facts, T.JPEGXLLossless), { code: 'UNSUPPORTED' });
});

test('hostile: any bytes after the mark of JPEG XL, or in boxes, end as an error or a header', () => {
  const marks = fc.constantFrom([0xff, 0x0a], [0, 0, 0, 0x0c, 0x4a, 0x58, 0x4c, 0x20, 0x0d, 0x0a, 0x87, 0x0a]);
  const box = fc.constantFrom([], [0, 0, 0, 0, 0x6a, 0x78, 0x6c, 0x63, 0xff, 0x0a], [0, 0, 0, 1], [0, 0, 0, 20]);
  fc.assert(
    fc.property(marks, box, fc.uint8Array({ maxLength: 60 }), (mark, inBox, rest) => {
      try {
        const { columns, rows } = readJpegXlHeader(Uint8Array.of(...mark, ...inBox, ...rest));
        assert.ok(columns >= 1 && rows >= 1);
      } catch (error) {
        assert.ok(error instanceof Error && 'code' in error, String(error));
        assert.ok(['MALFORMED', 'UNSUPPORTED'].includes(String(error.code)), String(error));
      }
    }),
    { numRuns: 2000 },
  );
});
