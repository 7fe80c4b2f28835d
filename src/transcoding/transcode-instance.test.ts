import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { someFacts, somePixels } from '../codecs/codecs.test-support.ts';
import { encodeJpegXl } from '../codecs/jpeg-xl.test-support.ts';
import { encodeRle } from '../codecs/rle.ts';
import type { FrameFacts } from '../codecs/frame.ts';
import { Tags } from '../dicom/dictionary/tags.generated.ts';
import { TransferSyntaxes as T } from '../dicom/transfer-syntax.ts';
import { LeadglassError } from '../error.ts';
import { limits } from '../limits.ts';
import { knownUid } from '../dicom/uid.ts';
import { ConversionMemory } from './conversion-memory.ts';
import { canTranscodeInstance, transcodeInstance } from './transcode-instance.ts';
import {
  codecsInThread,
  encapsulatedInstance,
  imageHeader,
  inPieces,
  nativeInstance,
  pixelsOf,
  read,
  servicesInThread,
  transcoded,
} from './transcoding.test-support.ts';

const lossless = [
  T.EncapsulatedUncompressedExplicitVrLittleEndian,
  T.DeflatedImageFrameCompression,
  T.RLELossless,
  T.JPEGLSLossless,
  T.JPEG2000Lossless,
  T.HTJ2KLossless,
  T.HTJ2KLosslessRPCL,
];
const native = [
  T.ExplicitVrLittleEndian,
  T.ImplicitVrLittleEndian,
  T.ExplicitVrBigEndian,
  T.DeflatedExplicitVrLittleEndian,
];

const imageFacts = fc
  .record({
    rows: fc.integer({ min: 3, max: 20 }),
    columns: fc.integer({ min: 3, max: 20 }),
    samplesPerPixel: fc.constantFrom(1, 3),
    wide: fc.boolean(),
    narrower: fc.integer({ min: 0, max: 4 }),
    pixelRepresentation: fc.constantFrom(0, 1),
    planarConfiguration: fc.constantFrom(0, 1),
  })
  .map(({ wide, narrower, ...rest }): FrameFacts => {
    const isColour = rest.samplesPerPixel === 3;
    const bitsAllocated = wide && !isColour ? 16 : 8;
    return someFacts({
      ...rest,
      bitsAllocated,
      bitsStored: isColour ? 8 : bitsAllocated - narrower,
      pixelRepresentation: isColour ? 0 : rest.pixelRepresentation,
      planarConfiguration: isColour ? rest.planarConfiguration : 0,
    });
  });

/** A Buffer and a Uint8Array may hold the same. */
function sameBytes(came: unknown, expected: Uint8Array): void {
  assert.ok(came instanceof Uint8Array);
  assert.equal(Buffer.from(came).toString('hex'), Buffer.from(expected).toString('hex'));
}

/** Colour by pixel, whatever the order. */
function byPixel(bytes: Uint8Array, facts: FrameFacts, planarConfiguration: number): Uint8Array {
  if (facts.samplesPerPixel === 1 || planarConfiguration === 0) return bytes;
  const count = facts.rows * facts.columns;
  return bytes.map((_, at) => bytes[(at % 3) * count + Math.floor(at / 3)] ?? 0);
}

test('property: any image through any lossless syntax to any native one has the same pixels, bit for bit', async () => {
  await fc.assert(
    fc.asyncProperty(
      imageFacts,
      fc.integer({ min: 1, max: 4 }),
      fc.constantFrom(...native),
      fc.constantFrom(...lossless),
      fc.constantFrom(...lossless),
      fc.constantFrom(...native),
      fc.integer({ min: 1, max: 3000 }),
      async (facts, count, first, second, third, last, pieceBytes) => {
        const frames = Array.from({ length: count }, (_, seed) => somePixels(facts, seed + 1));
        const stored = nativeInstance(facts, frames, first);
        let at = stored;
        for (const to of [second, third, last]) {
          at = { transferSyntaxUid: to, bytes: await transcoded(at, to, { pieceBytes }) };
        }
        const came = read(at);
        const pixels = pixelsOf(at);
        const frameLength = frames[0]?.length ?? 0;
        assert.equal(pixels.length, count * frameLength + ((count * frameLength) % 2));
        for (const [nth, frame] of frames.entries()) {
          const part = pixels.subarray(nth * frameLength, (nth + 1) * frameLength);
          const order = came.number(Tags.PlanarConfiguration) ?? 0;
          sameBytes(byPixel(part, facts, order), byPixel(frame, facts, facts.planarConfiguration));
        }
        assert.equal(came.text(Tags.PhotometricInterpretation), facts.photometricInterpretation);
        assert.equal(came.text(Tags.PatientName), 'Müller^Änne');
        assert.equal(came.text(Tags.LossyImageCompression), undefined);
        sameBytes(came.get(0xfffcfffc)?.value, Uint8Array.of(1, 2, 3, 4));
        for (const { tag } of read(stored)) assert.ok(came.has(tag), tag.toString(16));
      },
    ),
    { numRuns: 150, interruptAfterTimeLimit: 20_000 },
  );
});

const facts = someFacts({ rows: 5, columns: 7, bitsAllocated: 8, bitsStored: 8 });
const frames = [1, 2, 3].map((seed) => somePixels(facts, seed));
const even = (bytes: Uint8Array): Uint8Array =>
  bytes.length % 2 === 0 ? bytes : Buffer.concat([bytes, Buffer.alloc(1)]);

/** Frames in RLE, each cut into two fragments, with the basic offset table that belongs to it. */
function inFragments(table: 'right' | 'wrong' | 'none') {
  const parts = frames.flatMap((frame) => {
    const bytes = encodeRle(frame, facts);
    return [even(bytes.subarray(0, 66)), even(bytes.subarray(66))];
  });
  const offsets = new Uint32Array(frames.length);
  for (let frame = 1, at = 0; frame < frames.length; frame += 1) {
    at += 16 + (parts[2 * frame - 2]?.length ?? 0) + (parts[2 * frame - 1]?.length ?? 0);
    offsets[frame] = table === 'wrong' ? at + 2 : at;
  }
  const basic = table === 'none' ? new Uint8Array(0) : new Uint8Array(offsets.buffer);
  return encapsulatedInstance(T.RLELossless, imageHeader(facts, frames.length), [basic, ...parts]);
}

test('a frame in several fragments is found by the offset table, however the bytes arrive', async () => {
  for (const pieceBytes of [1, 7, 100, 100_000]) {
    const bytes = await transcoded(inFragments('right'), T.ExplicitVrLittleEndian, { pieceBytes });
    sameBytes(pixelsOf({ transferSyntaxUid: T.ExplicitVrLittleEndian, bytes }), even(Buffer.concat(frames)));
  }
});

async function codeOf(work: Promise<unknown>): Promise<string> {
  try {
    await work;
    return 'done';
  } catch (error) {
    return error instanceof LeadglassError ? error.code : String(error);
  }
}

test('fragments that no table tells apart are refused, and so are tables that lead elsewhere', async () => {
  for (const table of ['none', 'wrong'] as const) {
    assert.equal(await codeOf(transcoded(inFragments(table), T.ExplicitVrLittleEndian)), 'MALFORMED');
  }
});

test('the extended offset table leads to frames without their padding, and does not go along', async () => {
  const codestreams = frames.map((frame) => Buffer.concat([frame]));
  const starts = new BigUint64Array([0n, 44n, 88n]);
  const lengths = new BigUint64Array([35n, 35n, 35n]);
  const header = imageHeader(facts, 3)
    .setBytes(Tags.ExtendedOffsetTable, 'OV', new Uint8Array(starts.buffer))
    .setBytes(Tags.ExtendedOffsetTableLengths, 'OV', new Uint8Array(lengths.buffer));
  const syntax = T.EncapsulatedUncompressedExplicitVrLittleEndian;
  const stored = encapsulatedInstance(syntax, header, [new Uint8Array(0), ...codestreams.map(even)]);
  const bytes = await transcoded(stored, T.ImplicitVrLittleEndian);
  const came = read({ transferSyntaxUid: T.ImplicitVrLittleEndian, bytes });
  assert.equal(came.has(Tags.ExtendedOffsetTable), false);
  assert.equal(came.has(Tags.ExtendedOffsetTableLengths), false);
  sameBytes(came.get(Tags.PixelData)?.value, even(Buffer.concat(frames)));
});

test('colours of JPEG 2000 are named after their transformation there, and RGB again afterwards', async () => {
  const colour = someFacts({ samplesPerPixel: 3, bitsAllocated: 8, bitsStored: 8, planarConfiguration: 1 });
  const stored = nativeInstance(colour, [somePixels(colour)]);
  const coded = { transferSyntaxUid: T.JPEG2000Lossless, bytes: await transcoded(stored, T.JPEG2000Lossless) };
  assert.equal(read(coded).text(Tags.PhotometricInterpretation), 'YBR_RCT');
  assert.equal(read(coded).number(Tags.PlanarConfiguration), 0);
  const back = {
    transferSyntaxUid: T.ExplicitVrLittleEndian,
    bytes: await transcoded(coded, T.ExplicitVrLittleEndian),
  };
  assert.equal(read(back).text(Tags.PhotometricInterpretation), 'RGB');
});

test('what came with loss says so when its transfer syntax does not any more', async () => {
  const colour = someFacts({ samplesPerPixel: 3, bitsAllocated: 8, bitsStored: 8 });
  const grey = someFacts({ rows: 40, columns: 40 });
  const cases = [
    [T.JPEGBaseline8Bit, colour, 'YBR_FULL_422', 'ISO_10918_1'],
    [T.JPEGLSNearLossless, grey, 'MONOCHROME2', 'ISO_14495_1'],
    [T.JPEG2000, grey, 'MONOCHROME2', 'ISO_15444_1'],
    [T.HTJ2K, grey, 'MONOCHROME2', 'ISO_15444_15'],
  ] as const;
  for (const [syntax, of, photometricInterpretation, method] of cases) {
    const { bytes } = await codecsInThread.encode(
      { transferSyntaxUid: syntax, pixels: somePixels(of), facts: of },
      { owner: 'a' },
    );
    const stored = encapsulatedInstance(syntax, imageHeader({ ...of, photometricInterpretation }, 1), [
      new Uint8Array(0),
      even(bytes),
    ]);
    const to = T.ExplicitVrLittleEndian;
    const came = read({ transferSyntaxUid: to, bytes: await transcoded(stored, to) });
    assert.equal(came.text(Tags.PhotometricInterpretation), of.photometricInterpretation);
    assert.equal(came.text(Tags.LossyImageCompression), '01');
    assert.equal(came.text(Tags.LossyImageCompressionMethod), method);
    const ratio = somePixels(of).length / even(bytes).length;
    assert.equal(came.number(Tags.LossyImageCompressionRatio), Number(ratio.toFixed(2)));
  }
});

test('JPEG XL becomes native: without loss bit for bit, else with a word that something was lost', async () => {
  const grey = someFacts({ rows: 20, columns: 30 });
  const colour = someFacts({ rows: 20, columns: 30, samplesPerPixel: 3, bitsAllocated: 8, bitsStored: 8 });
  for (const [syntax, facts, distance, told, method] of [
    [T.JPEGXLLossless, grey, undefined, 'MONOCHROME2', undefined],
    [T.JPEGXLLossless, colour, undefined, 'RGB', undefined],
    [T.JPEGXL, colour, 1, 'XYB', 'ISO_18181_1'],
  ] as const) {
    const pixels = somePixels(facts);
    const bytes = await encodeJpegXl(pixels, facts, distance);
    const header = imageHeader({ ...facts, photometricInterpretation: told }, 1);
    const stored = encapsulatedInstance(syntax, header, [new Uint8Array(0), even(bytes)]);
    const to = T.ExplicitVrLittleEndian;
    const came = read({ transferSyntaxUid: to, bytes: await transcoded(stored, to) });
    assert.equal(came.text(Tags.PhotometricInterpretation), facts.photometricInterpretation);
    assert.equal(came.text(Tags.LossyImageCompressionMethod), method);
    const value = came.get(Tags.PixelData)?.value;
    assert.ok(value instanceof Uint8Array && value.length === pixels.length);
    if (method === undefined) assert.deepEqual(Buffer.from(value), Buffer.from(pixels));
  }
});

test('JPEG 2000 without loss in the syntax that allows loss does not become an image with loss', async () => {
  const stored = nativeInstance(someFacts(), [somePixels(someFacts())]);
  const coded = await transcoded(stored, T.JPEG2000Lossless);
  const to = T.ExplicitVrLittleEndian;
  const bytes = await transcoded({ transferSyntaxUid: T.JPEG2000, bytes: coded }, to);
  assert.equal(read({ transferSyntaxUid: to, bytes }).text(Tags.LossyImageCompression), undefined);
  sameBytes(pixelsOf({ transferSyntaxUid: to, bytes }), pixelsOf(stored));
});

test('an icon that is compressed like its image does not go along; any other nested image is refused', async () => {
  const syntax = T.RLELossless;
  const withNested = (tag: number) => {
    const icon = imageHeader(facts, 1);
    icon.set({
      tag: Tags.PixelData,
      vr: 'OB',
      value: new Uint8Array(0),
      fragments: [new Uint8Array(0), new Uint8Array(2)],
    });
    return encapsulatedInstance(syntax, imageHeader(facts, 1).setItems(tag, [icon]), [
      new Uint8Array(0),
      even(encodeRle(frames[0] ?? new Uint8Array(0), facts)),
    ]);
  };
  const to = T.ExplicitVrLittleEndian;
  const came = read({ transferSyntaxUid: to, bytes: await transcoded(withNested(Tags.IconImageSequence), to) });
  assert.equal(came.has(Tags.IconImageSequence), false);
  sameBytes(came.get(Tags.PixelData)?.value, even(frames[0] ?? new Uint8Array(0)));
  assert.equal(await codeOf(transcoded(withNested(Tags.ReferencedImageSequence), to)), 'UNSUPPORTED');
});

test('an overlay in the unused bits is kept by RLE, and nothing that would leave it out is written', async () => {
  const wide = someFacts();
  const header = imageHeader(wide, 1).setNumber(0x60000100, 'US', 16).setNumber(0x60000102, 'US', 12);
  const pixels = somePixels(wide).map((byte, at) => (at % 2 === 1 ? byte | 0x10 : byte));
  const stored = nativeInstance(wide, [pixels]);
  const bytes = await transcoded(stored, T.RLELossless);
  const back = await transcoded({ transferSyntaxUid: T.RLELossless, bytes }, T.ExplicitVrLittleEndian);
  sameBytes(pixelsOf({ transferSyntaxUid: T.ExplicitVrLittleEndian, bytes: back }), pixels);
  const overlaid = encapsulatedInstance(T.RLELossless, header, [new Uint8Array(0), even(encodeRle(pixels, wide))]);
  assert.equal(await codeOf(transcoded(overlaid, T.JPEGLSLossless)), 'UNSUPPORTED');
  assert.equal(await codeOf(transcoded(overlaid, T.DeflatedImageFrameCompression)), 'done');
});

test("lossy syntaxes, videos and unknown ones are nobody's target", () => {
  for (const to of [T.JPEGBaseline8Bit, T.JPEG2000, T.JPEGLSNearLossless, T.HTJ2K, T.MPEG4HP41, '1.2.3']) {
    assert.equal(canTranscodeInstance(T.ExplicitVrLittleEndian, to), false, to);
  }
  assert.equal(canTranscodeInstance(T.MPEG4HP41, T.ExplicitVrLittleEndian), false);
  assert.equal(canTranscodeInstance(T.JPIPReferenced, T.ExplicitVrLittleEndian), false);
  assert.equal(canTranscodeInstance(T.MPEG4HP41, T.MPEG4HP41), true);
  for (const from of [...native, ...lossless, T.JPEGBaseline8Bit, T.JPEG2000, T.JPEGLosslessSV1]) {
    for (const to of [...native, ...lossless]) assert.equal(canTranscodeInstance(from, to), true, `${from} ${to}`);
  }
});

/** What stands before the first byte, and what is told of it: attributes against frames. */
test('attributes that contradict the pixels fail before the first byte', async () => {
  const cases: readonly [string, (header: ReturnType<typeof imageHeader>) => void, string][] = [
    ['no rows', (header) => header.delete(Tags.Rows), 'MALFORMED'],
    ['more frames than fragments', (header) => header.setText(Tags.NumberOfFrames, 'IS', '9'), 'MALFORMED'],
    ['frames without number', (header) => header.setText(Tags.NumberOfFrames, 'IS', '-1'), 'MALFORMED'],
    ['other rows', (header) => header.setNumber(Tags.Rows, 'US', 6), 'MALFORMED'],
    [
      'enormous',
      (header) => header.setNumber(Tags.Rows, 'US', 65_535).setNumber(Tags.Columns, 'US', 65_535),
      'LIMIT_EXCEEDED',
    ],
    ['four samples', (header) => header.setNumber(Tags.SamplesPerPixel, 'US', 4), 'UNSUPPORTED'],
  ];
  for (const [name, change, code] of cases) {
    const header = imageHeader(facts, 3);
    change(header);
    const fragments = frames.map((frame) => even(encodeRle(frame, facts)));
    const stored = encapsulatedInstance(T.RLELossless, header, [new Uint8Array(0), ...fragments]);
    const instance = { transferSyntaxUid: knownUid(T.RLELossless), read: () => inPieces(stored.bytes, 64) };
    const bytes = transcodeInstance(instance, T.ExplicitVrLittleEndian, { services: servicesInThread(), owner: 'a' });
    assert.equal(await codeOf(bytes.next()), code, name);
  }
});

test('hostile: cut off anywhere in its pixels, it fails, and never ends as if it were whole', async () => {
  const { bytes, transferSyntaxUid } = inFragments('right');
  const pixelsAt = Buffer.from(bytes).lastIndexOf(Buffer.from([0xe0, 0x7f, 0x10, 0]));
  for (let length = pixelsAt + 1; length < bytes.length; length += 1) {
    const cut = { transferSyntaxUid, bytes: bytes.subarray(0, length) };
    assert.equal(await codeOf(transcoded(cut, T.ExplicitVrLittleEndian)), 'MALFORMED', `${length}`);
  }
});

test('hostile: an instance with changed bytes is converted to a whole one, or refused with an error of ours', async () => {
  const wide = someFacts({ rows: 9, columns: 11 });
  const stored = nativeInstance(wide, [somePixels(wide, 1), somePixels(wide, 2)]);
  const coded = await Promise.all(
    [T.RLELossless, T.JPEGLSLossless, T.DeflatedImageFrameCompression, T.ExplicitVrLittleEndian].map(
      async (syntax) => ({
        transferSyntaxUid: syntax,
        bytes: await transcoded(stored, syntax),
      }),
    ),
  );
  const change = fc.record({ at: fc.nat(), byte: fc.integer({ min: 0, max: 255 }) });
  await fc.assert(
    fc.asyncProperty(
      fc.constantFrom(...coded),
      fc.array(change, { minLength: 1, maxLength: 4 }),
      fc.constantFrom(T.ExplicitVrLittleEndian, T.RLELossless),
      async ({ transferSyntaxUid, bytes }, changes, to) => {
        fc.pre(transferSyntaxUid !== to); // passes unread
        const changed = bytes.slice();
        for (const { at, byte } of changes) changed[at % changed.length] = byte;
        let written: Uint8Array;
        try {
          written = await transcoded({ transferSyntaxUid, bytes: changed }, to);
        } catch (error) {
          assert.ok(error instanceof LeadglassError && error.code !== 'INTERNAL', String(error));
          return;
        }
        assert.doesNotThrow(() => read({ transferSyntaxUid: to, bytes: written }));
      },
    ),
    { numRuns: 400, interruptAfterTimeLimit: 10_000 },
  );
});

test('a later frame that is damaged fails in its turn, and memory and source are given back', async () => {
  const fragments = frames.map((frame) => even(encodeRle(frame, facts)));
  fragments[2] = new Uint8Array(70);
  const stored = encapsulatedInstance(T.RLELossless, imageHeader(facts, 3), [new Uint8Array(0), ...fragments]);
  const memory = new ConversionMemory(limits.transcoding);
  let open = 0;
  async function* watched(): AsyncGenerator<Uint8Array, void, undefined> {
    open += 1;
    try {
      yield* inPieces(stored.bytes, 50);
    } finally {
      open -= 1;
    }
  }
  const services = { ...servicesInThread(), memory };
  const instance = { transferSyntaxUid: knownUid(T.RLELossless), read: watched };
  let came = 0;
  const work = async (): Promise<void> => {
    const written = transcodeInstance(instance, T.ExplicitVrLittleEndian, { services, owner: 'a' });
    for await (const chunk of written) came += chunk.length;
  };
  assert.equal(await codeOf(work()), 'MALFORMED');
  assert.ok(came > 2 * 35, 'two frames had gone out');
  assert.deepEqual({ open, held: memory.heldBytes }, { open: 0, held: 0 });
  const abandoned = transcodeInstance(instance, T.ExplicitVrLittleEndian, { services, owner: 'a' });
  await abandoned.next();
  assert.ok(memory.heldBytes > 0);
  await abandoned.return();
  assert.deepEqual({ open, held: memory.heldBytes }, { open: 0, held: 0 });
});
