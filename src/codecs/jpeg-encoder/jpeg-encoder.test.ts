import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import type { Picture } from '../../rendering/picture.ts';
import { codecsHere, someFacts } from '../codecs.test-support.ts';
import { readJpegHeader } from '../jpeg-header.ts';
import { decodeJpeg8 } from '../libjpeg-turbo.ts';
import { quantizingFactor } from './forward-dct.ts';
import { jpegKernels, kernelsOf } from './kernels.ts';
import { layout } from './memory-layout.ts';
import { zigzag } from './jpeg-tables.ts';

async function decoded(bytes: Uint8Array<ArrayBuffer>, { width, height, channels }: Picture): Promise<Uint8Array> {
  const facts = someFacts({ rows: height, columns: width, samplesPerPixel: channels, bitsAllocated: 8, bitsStored: 8 });
  const told = { ...facts, photometricInterpretation: channels === 1 ? 'MONOCHROME2' : 'YBR_FULL_422' };
  const { libjpegTurbo } = codecsHere();
  return (await libjpegTurbo.run((codec) => decodeJpeg8(codec, bytes, readJpegHeader(bytes), told))).bytes;
}

/** T.81 A.3.3 as it stands there. */
function transformed(samples: readonly number[], u: number, v: number): number {
  const c = (of: number): number => (of === 0 ? Math.SQRT1_2 : 1);
  const wave = (at: number, of: number): number => Math.cos(((2 * at + 1) * of * Math.PI) / 16);
  let sum = 0;
  samples.forEach((sample, at) => (sum += (sample - 128) * wave(at & 7, u) * wave(at >> 3, v)));
  return (c(u) * c(v) * sum) / 4;
}

test('the transform is that of the standard, up to rounding, and tells which coefficients are not zero', () => {
  const { memory, transformBlocks } = kernelsOf(new WebAssembly.Module(jpegKernels()));
  const heap = new Uint8Array(memory.buffer);
  assert.equal(heap.length, 64 * 1024);
  assert.throws(() => memory.grow(1));
  const words = new Int16Array(memory.buffer);
  const steps = fc.array(fc.integer({ min: 1, max: 255 }), { minLength: 64, maxLength: 64 });
  const sample = fc.oneof(fc.constantFrom(0, 255), fc.integer({ min: 0, max: 255 }));
  const block = fc.array(sample, { minLength: 64, maxLength: 64 });
  fc.assert(
    fc.property(fc.array(block, { minLength: 1, maxLength: 3 }), steps, (blocks, table) => {
      new Float32Array(memory.buffer, layout.factors, 64).set(table.map(quantizingFactor));
      blocks.forEach((samples, nth) =>
        samples.forEach((value, at) => {
          heap[layout.samples + (at >> 3) * layout.samplesPitch + 8 * nth + (at & 7)] = value;
        }),
      );
      transformBlocks(layout.samples, blocks.length, layout.factors, layout.blocks, layout.masks);
      blocks.forEach((samples, nth) =>
        table.forEach((step, at) => {
          const is = words[layout.blocks / 2 + 64 * nth + at] ?? 0;
          const exact = transformed(samples, at & 7, at >> 3) / step;
          assert.ok(Math.abs(is - exact) <= 0.5 + 0.75 / step, `${at}: ${is}, not ${exact}`);
          const bit = ((heap[layout.masks + 8 * nth + (at >> 3)] ?? 0) >> (at & 7)) & 1;
          assert.equal(bit, is === 0 ? 0 : 1);
        }),
      );
    }),
    { numRuns: 200 },
  );
});

const shape = {
  width: fc.integer({ min: 1, max: 70 }),
  height: fc.integer({ min: 1, max: 40 }),
  channels: fc.constantFrom(1 as const, 3 as const),
};

test('a picture of any size comes near when it is decoded, up to its last row and column', async () => {
  await fc.assert(
    fc.asyncProperty(fc.record({ ...shape, phase: fc.nat(100) }), async ({ phase, ...size }) => {
      const { width, height, channels } = size;
      const pixels = Uint8Array.from({ length: width * height * channels }, (_, at) => {
        const pixel = Math.floor(at / channels);
        const [x, y] = [pixel % width, Math.floor(pixel / width)];
        return 128 + 100 * Math.sin((x + phase) / 19) * Math.cos(y / 23) + (at % channels) * 10;
      });
      const back = await decoded(codecsHere().jpegEncoder.encode({ ...size, pixels }, 95), { ...size, pixels });
      const most = back.reduce((sum, value, at) => Math.max(sum, Math.abs(value - (pixels[at] ?? 0))), 0);
      assert.ok(most <= (channels === 1 ? 4 : 24), `off by ${most}`);
    }),
    { numRuns: 150 },
  );
});

test('wide pictures are worked on in parts that nobody sees', async () => {
  for (const channels of [1, 3] as const) {
    const [width, height] = [5003, 9];
    const pixels = Uint8Array.from({ length: width * height * channels }, (_, at) => Math.floor(at / channels / 20));
    const picture = { width, height, channels, pixels };
    const back = await decoded(codecsHere().jpegEncoder.encode(picture, 90), picture);
    const most = back.reduce((sum, value, at) => {
      const x = Math.floor(at / channels) % width;
      // The ramp starts anew at each 256 steps.
      const steep = x % 5120 < 40 || (pixels[at] ?? 0) < 12 || (pixels[at] ?? 0) > 243;
      return steep ? sum : Math.max(sum, Math.abs(value - (pixels[at] ?? 0)));
    }, 0);
    assert.ok(most <= 12, `off by ${most}`);
  }
});

test('noise between black and white is coded whole at every quality, and holds no marker', async () => {
  for (const channels of [1, 3] as const) {
    for (const quality of [1, 2, 10, 49, 50, 90, 99, 100]) {
      let state = quality;
      const pixels = Uint8Array.from({ length: 61 * 43 * channels }, () => {
        state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0;
        return state >>> 31 === 0 ? 0 : 255;
      });
      const picture = { width: 61, height: 43, channels, pixels };
      const bytes = codecsHere().jpegEncoder.encode(picture, quality);
      assert.equal((await decoded(bytes, picture)).length, pixels.length);
      const scan = bytes.lastIndexOf(0xda) > 0 ? Buffer.from(bytes).indexOf(Buffer.from([0xff, 0xda])) + 2 : 0;
      const markers = bytes.filter((byte, at) => at > scan && bytes[at - 1] === 0xff && byte !== 0);
      assert.deepEqual([...markers], [0xd9]);
    }
  }
});

test('its header is that of baseline JPEG with JFIF, colour subsampled 4:2:2', () => {
  const of = (channels: 1 | 3): Uint8Array =>
    codecsHere().jpegEncoder.encode({ width: 300, height: 2, channels, pixels: new Uint8Array(600 * channels) }, 90);
  const grey = readJpegHeader(of(1));
  assert.deepEqual([grey.sof, grey.precision, grey.rows, grey.columns], [0xc0, 8, 2, 300]);
  const colour = Buffer.from(of(3));
  assert.equal(colour.toString('latin1', 6, 10), 'JFIF');
  const frame = colour.indexOf(Buffer.from([0xff, 0xc0]));
  assert.deepEqual([...colour.subarray(frame + 9, frame + 19)], [3, 1, 0x21, 0, 2, 0x11, 1, 3, 0x11, 1]);
});

test('more pixels a side than a header can tell are refused', () => {
  const pixels = new Uint8Array(65_536);
  const { jpegEncoder } = codecsHere();
  assert.throws(() => jpegEncoder.encode({ width: 65_536, height: 1, channels: 1, pixels }, 90), {
    code: 'UNSUPPORTED',
  });
  assert.throws(() => jpegEncoder.encode({ width: 1, height: 65_536, channels: 1, pixels }, 90), {
    code: 'UNSUPPORTED',
  });
});

test('the zigzag order names each coefficient once', () => {
  assert.deepEqual(
    [...zigzag].sort((a, b) => a - b),
    Array.from({ length: 64 }, (_, at) => at),
  );
});
