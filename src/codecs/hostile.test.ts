/** Frames that lie, are cut off or damaged: refused with a reason, in bounded time and memory, or decoded to their size. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { deflateRawSync } from 'node:zlib';
import * as fc from 'fast-check';
import { TransferSyntaxes as T } from '../dicom/transfer-syntax.ts';
import { LeadglassError } from '../error.ts';
import { codecLimits, codecsHere, someFacts, somePixels } from './codecs.test-support.ts';
import { decodeFrame } from './decode-frame.ts';
import { encodeFrame } from './encode-frame.ts';
import { type FrameFacts, frameBytes } from './frame.ts';
import { encodeJpegXl } from './jpeg-xl.test-support.ts';

const grey = someFacts({ rows: 33, columns: 47 });
const bytes8 = someFacts({ rows: 33, columns: 47, bitsAllocated: 8, bitsStored: 8 });
const colour = someFacts({ rows: 33, columns: 47, bitsAllocated: 8, bitsStored: 8, samplesPerPixel: 3 });

interface Sample {
  readonly name: string;
  readonly syntax: string;
  readonly facts: FrameFacts;
  readonly bytes: Uint8Array<ArrayBuffer>;
}

const samples: Sample[] = [];
for (const [name, syntax, facts] of [
  ['RLE', T.RLELossless, grey],
  ['JPEG', T.JPEGBaseline8Bit, bytes8],
  ['JPEG colour', T.JPEGBaseline8Bit, colour],
  ['JPEG-LS', T.JPEGLSLossless, grey],
  ['JPEG-LS colour', T.JPEGLSLossless, colour],
  ['JPEG 2000', T.JPEG2000Lossless, grey],
  ['JPEG 2000 colour', T.JPEG2000Lossless, colour],
  ['HTJ2K', T.HTJ2KLossless, grey],
  ['HTJ2K RPCL', T.HTJ2KLosslessRPCL, colour],
  ['deflate', T.DeflatedImageFrameCompression, grey],
] as const) {
  const request = { transferSyntaxUid: syntax, pixels: somePixels(facts), facts };
  samples.push({ name, syntax, facts, bytes: (await encodeFrame(codecsHere(), request, codecLimits)).bytes });
}
for (const [name, facts] of [
  ['JPEG XL', grey],
  ['JPEG XL colour', colour],
] as const) {
  samples.push({ name, syntax: T.JPEGXLLossless, facts, bytes: await encodeJpegXl(somePixels(facts), facts) });
}

/** Decodes to the right size, or is refused with a code of its own. */
async function attempt(syntax: string, bytes: Uint8Array, facts: FrameFacts): Promise<string> {
  const started = performance.now();
  try {
    const { pixels } = await decodeFrame(
      codecsHere(),
      { transferSyntaxUid: syntax, bytes: new Uint8Array(bytes), facts },
      codecLimits,
    );
    assert.equal(pixels.length, frameBytes(facts, codecLimits));
    return 'decoded';
  } catch (error) {
    assert.ok(error instanceof LeadglassError, String(error));
    assert.ok(['MALFORMED', 'UNSUPPORTED', 'LIMIT_EXCEEDED'].includes(error.code), `${error.code} ${error.message}`);
    return error.code;
  } finally {
    assert.ok(performance.now() - started < 60_000); // on a busy machine; some milliseconds of its own
  }
}

for (const { name, syntax, facts, bytes } of samples) {
  test(`${name}: cut off anywhere, it is refused`, async () => {
    const step = Math.max(1, Math.floor(bytes.length / 60));
    // The last bytes may be padding, or an end marker whose absence loses nothing.
    for (let length = 0; length < bytes.length - 3; length += step) {
      assert.notEqual(
        await attempt(syntax, bytes.subarray(0, length), facts),
        'decoded',
        `cut to ${length} of ${bytes.length}`,
      );
    }
  });

  test(`${name}: with any bytes changed, it is refused or has its size`, async () => {
    const place = fc.oneof(fc.nat({ max: Math.min(200, bytes.length - 1) }), fc.nat({ max: bytes.length - 1 }));
    const change = fc.record({ at: place, byte: fc.nat({ max: 255 }) });
    await fc.assert(
      fc.asyncProperty(fc.array(change, { minLength: 1, maxLength: 6 }), async (changes) => {
        const changed = bytes.slice();
        for (const { at, byte } of changes) changed[at] = byte;
        await attempt(syntax, changed, facts);
      }),
      { numRuns: 100 },
    );
  });

  test(`${name}: of another size than its attributes say, it is refused`, async () => {
    // RLE has no size of its own, and bytes after its last pixel are padding.
    const smaller = syntax === T.RLELossless ? [] : [{ rows: 32 }];
    for (const other of [{ rows: 34 }, { columns: 48 }, { columns: 60_000, rows: 2_000 }, ...smaller]) {
      assert.notEqual(await attempt(syntax, bytes, { ...facts, ...other }), 'decoded');
    }
  });

  test(`${name}: after all that, it is decoded as before`, async () => {
    assert.equal(await attempt(syntax, bytes, facts), 'decoded');
  });
}

test('any bytes at all are refused in every syntax', async () => {
  const syntaxes = [...samples.map(({ syntax }) => syntax), T.JPEGLosslessSV1, T.JPEGExtended12Bit, T.HTJ2K];
  const start = fc.constantFrom([], [0xff, 0xd8], [0xff, 0xd8, 0xff, 0xc3], [0xff, 0x4f, 0xff, 0x51]);
  await fc.assert(
    fc.asyncProperty(
      fc.constantFrom(...syntaxes),
      start,
      fc.uint8Array({ maxLength: 300 }),
      async (syntax, head, rest) => {
        assert.notEqual(await attempt(syntax, Uint8Array.of(...head, ...rest), grey), 'decoded');
      },
    ),
    { numRuns: 500 },
  );
});

test('dimension bombs: facts are multiplied in full precision and refused before anything is allocated', () => {
  const huge = someFacts({ rows: 65_535, columns: 65_535, samplesPerPixel: 3, bitsAllocated: 64, bitsStored: 64 });
  assert.throws(() => frameBytes(huge, codecLimits), {
    code: 'LIMIT_EXCEEDED',
    message: /103076068350 ?bytes|103\d+ bytes/,
  });
  const just = { ...codecLimits, frameBytesMax: 1000 };
  const ofBytes = (columns: number): FrameFacts => someFacts({ rows: 1, columns, bitsAllocated: 8, bitsStored: 8 });
  assert.equal(frameBytes(ofBytes(999), just), 999);
  assert.equal(frameBytes(ofBytes(1000), just), 1000);
  assert.throws(() => frameBytes(ofBytes(1001), just), { code: 'LIMIT_EXCEEDED' });
  for (const wrong of [
    { rows: 0 },
    { rows: -1 },
    { columns: 65_536 },
    { rows: 1.5 },
    { rows: Number.NaN },
    { bitsStored: 0 },
  ]) {
    assert.throws(() => frameBytes(someFacts(wrong), codecLimits), { code: 'MALFORMED' });
  }
  for (const wrong of [
    { samplesPerPixel: 4 },
    { samplesPerPixel: 2 },
    { bitsAllocated: 12 },
    { bitsAllocated: 8, bitsStored: 12 },
  ]) {
    assert.throws(() => frameBytes(someFacts(wrong), codecLimits), { code: 'UNSUPPORTED' });
  }
});

test('dimension bombs: a codestream that is larger than its attributes never gets to its decoder', async () => {
  for (const { name, syntax, facts, bytes } of samples) {
    const isWavelet = name.startsWith('JPEG 2000') || name.startsWith('HTJ2K');
    const sizeAt = isWavelet ? 8 : name.startsWith('JPEG XL') ? 2 : undefined;
    const sof = bytes.findIndex((byte, at) => byte === 0xff && [0xc0, 0xf7].includes(bytes[at + 1] ?? 0));
    const at = sizeAt ?? (name.startsWith('JPEG') ? sof + 5 : undefined);
    if (at === undefined) continue;
    const changed = bytes.slice();
    changed.fill(0xff, at, at + 4);
    assert.equal(await attempt(syntax, changed, facts), 'MALFORMED', name);
  }
});

test('a JPEG 2000 codestream of 65,535 tiles of which one is there is refused', async () => {
  const facts = someFacts({ rows: 255, columns: 257 });
  const request = { transferSyntaxUid: T.JPEG2000Lossless, pixels: somePixels(facts), facts };
  const { bytes } = await encodeFrame(codecsHere(), request, codecLimits);
  const view = new DataView(bytes.buffer);
  view.setUint32(24, 1);
  view.setUint32(28, 1);
  assert.notEqual(await attempt(T.JPEG2000Lossless, bytes, facts), 'decoded');
  view.setUint32(24, 0);
  assert.equal(await attempt(T.JPEG2000Lossless, bytes, facts), 'MALFORMED');
});

test('a deflate bomb stops at the size of the frame', async () => {
  const bomb = deflateRawSync(new Uint8Array(50 * 1024 ** 2));
  assert.equal(await attempt(T.DeflatedImageFrameCompression, bomb, grey), 'LIMIT_EXCEEDED');
});

test('an RLE frame with segments that overlap, lead nowhere or repeat for ever is refused', async () => {
  const good = samples[0];
  assert.ok(good !== undefined);
  const changed = (change: (view: DataView) => void): Uint8Array => {
    const bytes = good.bytes.slice();
    change(new DataView(bytes.buffer));
    return bytes;
  };
  for (const wrong of [
    changed((view) => view.setUint32(0, 3, true)),
    changed((view) => view.setUint32(0, 0xffffffff, true)),
    changed((view) => view.setUint32(4, 0, true)),
    changed((view) => view.setUint32(8, 4, true)),
    changed((view) => view.setUint32(8, 0xfffffff0, true)),
    changed((view) => new Uint8Array(view.buffer).fill(128, 64)), // codes that mean nothing
  ]) {
    assert.equal(await attempt(T.RLELossless, wrong, grey), 'MALFORMED');
  }
});
