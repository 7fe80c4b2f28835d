/**
 * `node bench/codecs.ts [--seconds 1] [--json]`: frames per second of each decoder and encoder in one thread, and of the pool
 * with all its workers. A slice of 512 x 512 with 12 bits, a picture of 512 x 512 in colour, and, where the corpus is beside
 * the project, real files for the decoders that have no encoder here.
 */
import { parseArgs } from 'node:util';
import { codecLimits, codecsHere, openImage, someFacts, somePixels } from '../src/codecs/codecs.test-support.ts';
import { decodeFrame } from '../src/codecs/decode-frame.ts';
import { encodeFrame } from '../src/codecs/encode-frame.ts';
import type { FrameFacts } from '../src/codecs/frame.ts';
import { CodecPool } from '../src/codecs/pool/codec-pool.ts';
import { TransferSyntaxes as T } from '../src/dicom/transfer-syntax.ts';
import { limits } from '../src/limits.ts';
import { corpusFolder } from '../test/support/peers.ts';

const { values } = parseArgs({
  options: { seconds: { type: 'string', default: '1' }, json: { type: 'boolean', default: false } },
});
const runMs = Number(values.seconds) * 1000;

const grey = someFacts({ rows: 512, columns: 512 });
const colour = someFacts({ rows: 512, columns: 512, bitsAllocated: 8, bitsStored: 8, samplesPerPixel: 3 });
const works: readonly (readonly [string, string, FrameFacts])[] = [
  ['RLE, 12 bits', T.RLELossless, grey],
  ['deflate, 12 bits', T.DeflatedImageFrameCompression, grey],
  ['JPEG baseline, colour', T.JPEGBaseline8Bit, colour],
  ['JPEG-LS, 12 bits', T.JPEGLSLossless, grey],
  ['JPEG-LS, colour', T.JPEGLSLossless, colour],
  ['JPEG 2000, 12 bits', T.JPEG2000Lossless, grey],
  ['JPEG 2000, colour', T.JPEG2000Lossless, colour],
  ['JPEG 2000 1:10, 12 bits', T.JPEG2000, grey],
  ['HTJ2K, 12 bits', T.HTJ2KLossless, grey],
  ['HTJ2K, colour', T.HTJ2KLossless, colour],
];

/** Frames per second: as many as fit into the time, after one that warms up. */
async function perSecond(once: () => Promise<unknown>): Promise<number> {
  await once();
  const start = performance.now();
  let frames = 0;
  while (performance.now() - start < runMs) {
    await once();
    frames += 1;
  }
  return (frames * 1000) / (performance.now() - start);
}

async function pooled(
  pool: CodecPool,
  transferSyntaxUid: string,
  bytes: Uint8Array,
  facts: FrameFacts,
): Promise<number> {
  const order = { transferSyntaxUid, bytes: async () => new Uint8Array(bytes), facts };
  const start = performance.now();
  let frames = 0;
  const reader = async (owner: string): Promise<void> => {
    while (performance.now() - start < runMs) {
      await pool.decode(order, { owner });
      frames += 1;
    }
  };
  await Promise.all(Array.from({ length: 16 }, (_, nth) => reader(String(nth))));
  return (frames * 1000) / (performance.now() - start);
}

interface Row {
  readonly work: string;
  readonly decodedPerSecond: number;
  readonly encodedPerSecond: number | undefined;
  readonly pooledPerSecond: number;
}
const rows: Row[] = [];
const codecs = codecsHere();
const pool = CodecPool.start({ limits: limits.codecs });

function record(row: Row): void {
  rows.push(row);
  if (values.json) return;
  const cell = (value: number | undefined): string => (value === undefined ? '-' : value.toFixed(0)).padStart(8);
  console.log(
    `${row.work.padEnd(30)}${cell(row.decodedPerSecond)}${cell(row.pooledPerSecond)}${cell(row.encodedPerSecond)}`,
  );
}

if (!values.json) console.log(`frames per second${''.padEnd(15)}decoded  pooled  encoded`);
for (const [work, transferSyntaxUid, facts] of works) {
  const pixels = somePixels(facts);
  const encoded = await encodeFrame(codecs, { transferSyntaxUid, pixels, facts }, codecLimits);
  const told = { ...facts, photometricInterpretation: encoded.photometricInterpretation };
  const { bytes } = encoded;
  record({
    work,
    decodedPerSecond: await perSecond(() =>
      decodeFrame(codecs, { transferSyntaxUid, bytes, facts: told }, codecLimits),
    ),
    encodedPerSecond: await perSecond(() => encodeFrame(codecs, { transferSyntaxUid, pixels, facts }, codecLimits)),
    pooledPerSecond: await pooled(pool, transferSyntaxUid, bytes, told),
  });
}
if (corpusFolder !== undefined) {
  for (const [work, name] of [
    ['JPEG lossless, 256 x 256', 'real/dcm4che__MR-JPEGLosslessSV1.dcm'],
    ['JPEG extended, 512 x 512', 'real/dicomParser__CT0012.fragmented_no_bot_jpeg_baseline.51.dcm'],
  ] as const) {
    const { frames, facts, transferSyntaxUid } = await openImage(`${corpusFolder}/${name}`);
    const bytes = await frames.read(1, codecLimits.frameBytesMax);
    record({
      work,
      decodedPerSecond: await perSecond(() => decodeFrame(codecs, { transferSyntaxUid, bytes, facts }, codecLimits)),
      encodedPerSecond: undefined,
      pooledPerSecond: await pooled(pool, transferSyntaxUid, bytes, facts),
    });
  }
}
await pool.close();
if (values.json) console.log(JSON.stringify(rows, undefined, 2));
