/**
 * Fuzzes the decoders of frames: `node fuzz/codec.fuzz.ts --seconds 60 [--seed 1]`. Mutates codestreams of every kind (bits,
 * bytes, cuts, splices, most often in their headers) and decodes them in the pool, as the server does. A finding is any
 * answer but a frame of the right size or a LeadglassError of the promised codes, and a good frame that is no longer decoded
 * afterwards: it is printed in hex with its seed, and the exit status is 1.
 */
import { parseArgs } from 'node:util';
import { pictureEncodings } from '../src/codecs/capabilities.ts';
import { codecLimits, codecsHere, someFacts, somePixels } from '../src/codecs/codecs.test-support.ts';
import { encodeFrame } from '../src/codecs/encode-frame.ts';
import { type FrameFacts, frameBytes } from '../src/codecs/frame.ts';
import { gifFacts } from '../src/codecs/gif-picture.ts';
import { encodeJpegXl } from '../src/codecs/jpeg-xl.test-support.ts';
import { gifFile, pngFile } from '../src/codecs/pictures.test-support.ts';
import { pngFacts } from '../src/codecs/png-picture.ts';
import { CodecPool } from '../src/codecs/pool/codec-pool.ts';
import { TransferSyntaxes as T } from '../src/dicom/transfer-syntax.ts';
import { LeadglassError } from '../src/error.ts';
import { limits } from '../src/limits.ts';
import { pick, seededRandom } from './mutate.ts';

const { values } = parseArgs({
  options: { seconds: { type: 'string', default: '60' }, seed: { type: 'string', default: '1' } },
});
const seed = Number(values.seed);
const below = seededRandom(seed);

interface Sample {
  readonly transferSyntaxUid: string;
  readonly facts: FrameFacts;
  readonly bytes: Uint8Array<ArrayBuffer>;
}

const samples: Sample[] = [];
for (const syntax of [
  T.RLELossless,
  T.DeflatedImageFrameCompression,
  T.JPEGBaseline8Bit,
  T.JPEGLSLossless,
  T.JPEG2000Lossless,
  T.JPEG2000,
  T.HTJ2KLossless,
  T.HTJ2KLosslessRPCL,
  T.HTJ2K,
]) {
  for (const different of [
    { rows: 20, columns: 30 },
    { rows: 65, columns: 70, bitsAllocated: 8, bitsStored: 8 },
    { rows: 33, columns: 9, bitsAllocated: 8, bitsStored: 8, samplesPerPixel: 3 },
  ]) {
    if (syntax === T.JPEGBaseline8Bit && different.bitsAllocated === undefined) continue;
    const facts = someFacts(different);
    const request = { transferSyntaxUid: syntax, pixels: somePixels(facts), facts };
    const { bytes, photometricInterpretation } = await encodeFrame(codecsHere(), request, codecLimits);
    samples.push({ transferSyntaxUid: syntax, facts: { ...facts, photometricInterpretation }, bytes });
  }
}

for (const [different, distance] of [
  [{ rows: 20, columns: 30 }, undefined],
  [{ rows: 65, columns: 70, bitsAllocated: 8, bitsStored: 8 }, 1],
  [{ rows: 33, columns: 9, bitsAllocated: 8, bitsStored: 8, samplesPerPixel: 3 }, undefined],
  [{ rows: 33, columns: 19, bitsAllocated: 8, bitsStored: 8, samplesPerPixel: 3 }, 2],
] as const) {
  const facts = someFacts(different);
  const transferSyntaxUid = distance === undefined ? T.JPEGXLLossless : T.JPEGXL;
  samples.push({ transferSyntaxUid, facts, bytes: await encodeJpegXl(somePixels(facts), facts, distance) });
}

// Pictures that a store brings: no encoder of ours, and the checksums of a PNG stop most mutations; whole ones get through.
const palette = Uint8Array.from({ length: 48 }, (_, at) => at * 5);
const indices = Array.from({ length: 30 * 20 }, (_, at) => (at * at) % 16);
for (const [transferSyntaxUid, bytes, factsOf] of [
  [
    pictureEncodings.png,
    pngFile({ width: 30, height: 20, depth: 4, colourType: 3, palette, interlaced: true }, indices),
    pngFacts,
  ],
  [pictureEncodings.png, pngFile({ width: 30, height: 20, depth: 16, colourType: 0 }, indices), pngFacts],
  [pictureEncodings.gif, gifFile({ width: 30, height: 20, palette, interlaced: true }, indices), gifFacts],
] as const) {
  samples.push({ transferSyntaxUid, facts: factsOf(bytes), bytes });
}

function mutated({ bytes }: Sample): Uint8Array<ArrayBuffer> {
  let result = bytes.slice();
  for (let times = below(5); times >= 0; times -= 1) {
    const at = below(below(2) === 0 ? Math.min(result.length, 150) || 1 : result.length || 1);
    const kind = below(6);
    if (kind === 0) result[at] = below(256);
    else if (kind === 1) result[at] = (result[at] ?? 0) ^ (1 << below(8));
    else if (kind === 2) result[at] = pick([0, 1, 0x7f, 0x80, 0xff], below);
    else if (kind === 3) result = result.slice(0, Math.max(1, at));
    else if (kind === 4) {
      const other = pick(samples, below).bytes;
      result = new Uint8Array([...result.subarray(0, at), ...other.subarray(below(other.length))]);
    } else result = new Uint8Array([...result.subarray(0, at), ...result.subarray(Math.max(0, at - below(20)))]);
  }
  return result;
}

// One slow frame must not hold up the run: CharLS looks for a bit that never comes for three seconds.
const pool = CodecPool.start({ limits: { ...limits.codecs, frameMsMax: 5_000 } });
const promised = ['MALFORMED', 'UNSUPPORTED', 'LIMIT_EXCEEDED', 'TIMED_OUT'];
const outcomes = new Map<string, number>();
let findings = 0;

async function attempt(sample: Sample, bytes: Uint8Array<ArrayBuffer>): Promise<string> {
  const { transferSyntaxUid, facts } = sample;
  try {
    const { pixels } = await pool.decode({ transferSyntaxUid, facts, bytes }, { owner: 'fuzz' });
    return pixels.length === frameBytes(facts, codecLimits) ? 'decoded' : `wrong size ${pixels.length}`;
  } catch (error) {
    return error instanceof LeadglassError ? error.code : String(error);
  }
}

/** Tells whether it is a finding. */
async function runOne(): Promise<boolean> {
  const sample = pick(samples, below);
  const bytes = mutated(sample);
  const hex = Buffer.from(bytes).toString('hex');
  const outcome = await attempt(sample, bytes);
  outcomes.set(outcome, (outcomes.get(outcome) ?? 0) + 1);
  if (outcome === 'TIMED_OUT') console.log(`slow: ${sample.transferSyntaxUid} ${hex.slice(0, 400)}`);
  const after = below(50) === 0 ? await attempt(sample, sample.bytes.slice()) : 'decoded';
  if ((outcome === 'decoded' || promised.includes(outcome)) && after === 'decoded') return false;
  console.log(
    `seed ${seed}: ${sample.transferSyntaxUid} ${JSON.stringify(sample.facts)}: ${outcome}, then ${after}\n${hex}`,
  );
  return true;
}

const end = Date.now() + Number(values.seconds) * 1000;
while (Date.now() < end && findings < 20) {
  const results = await Promise.all(Array.from({ length: 8 }, () => runOne()));
  findings += results.filter(Boolean).length;
}
await pool.close();
console.log(
  `seed ${seed}: ${[...outcomes].map(([outcome, count]) => `${outcome} ${count}`).join(', ')}; ${findings} findings`,
);
process.exitCode = findings > 0 ? 1 : 0;
