/**
 * Mutates data sets and file heads, and looks at what the readers of src/dicom make of them:
 *   node fuzz/data-set.fuzz.ts --seconds 60 --seed 1
 * A finding is: any error but a LeadglassError that is not INTERNAL; a result that depends on how the input is split; a
 * scanner and a codec that disagree; a data set that is not the same after writing or transcoding; more than a second for
 * one input; memory that grows. The input of a finding is written out in hexadecimal, to become a test.
 */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import * as fc from 'fast-check';
import { DataSetEncoder } from '../src/dicom/data-set-encoder.ts';
import { arbitraryDataSet, plain, type Plain, streamOf } from '../src/dicom/data-set.test-support.ts';
import { readDataSet, writeDataSet } from '../src/dicom/data-set-codec.ts';
import { DataSetScanner } from '../src/dicom/data-set-scanner.ts';
import { DataSetWalker } from '../src/dicom/data-set-walker.ts';
import { readPart10Head } from '../src/dicom/part10.ts';
import { transcode } from '../src/dicom/transcode.ts';
import { transferSyntaxInfo } from '../src/dicom/transfer-syntax.ts';
import { LeadglassError } from '../src/error.ts';
import { limits } from '../src/limits.ts';
import { corpusFolder } from '../test/support/peers.ts';
import { mutated, pick, type Random, seededRandom } from './mutate.ts';

const implicitLittle = '1.2.840.10008.1.2';
const explicitLittle = '1.2.840.10008.1.2.1';
const explicitBig = '1.2.840.10008.1.2.2';
const deflatedLittle = '1.2.840.10008.1.2.1.99';
const jpegBaseline = '1.2.840.10008.1.2.4.50';
const plainSyntaxes = [implicitLittle, explicitLittle, explicitBig, jpegBaseline];

/** Small enough that the limits themselves are met often. */
const readLimits = {
  ...limits.dataSet,
  depthMax: 12,
  elementsMax: 2000,
  itemsMax: 300,
  fragmentsMax: 100,
  inflatedBytesFree: 100_000,
  inflatedBytesMax: 1_000_000,
  keptValueBytesMax: 1024 ** 2,
  keptBytesMax: 4 * 1024 ** 2,
};
const inputMsMax = 1000;
const heapGrowthBytesMax = 100 * 1024 ** 2;

interface Seed {
  readonly syntax: string;
  readonly bytes: Uint8Array;
}

type Outcome = { readonly found: readonly Plain[] } | { readonly refused: string };

function refusal(error: unknown): Outcome {
  if (error instanceof LeadglassError && error.code !== 'INTERNAL') return { refused: error.code };
  throw error;
}

function madeSeeds(seed: number): Seed[] {
  return fc
    .sample(
      arbitraryDataSet.filter(({ size }) => size > 0),
      { numRuns: 60, seed },
    )
    .flatMap((dataSet) =>
      [...plainSyntaxes, deflatedLittle].map((syntax) => {
        const copy = readDataSet(writeDataSet(dataSet, explicitLittle), {
          transferSyntaxUid: explicitLittle,
          limits: readLimits,
        });
        if (syntax === jpegBaseline) {
          const fragments = [new Uint8Array(0), Uint8Array.of(0xff, 0xd8, 0xff, 0xd9), Uint8Array.of(1, 2)];
          copy.set({ tag: 0x7fe00010, vr: 'OB', value: new Uint8Array(0), fragments });
        }
        return { syntax, bytes: writeDataSet(copy, syntax) };
      }),
    );
}

function corpusSeeds(): { readonly dataSets: Seed[]; readonly files: Uint8Array[] } {
  const dataSets: Seed[] = [];
  const files: Uint8Array[] = [];
  if (corpusFolder === undefined) return { dataSets, files };
  const manifest: readonly { readonly path: string; readonly size: number }[] = JSON.parse(
    readFileSync(join(corpusFolder, 'manifest.json'), 'utf8'),
  );
  for (const { path, size } of manifest) {
    if (size > 12_000) continue;
    const bytes = new Uint8Array(readFileSync(join(corpusFolder, path)));
    files.push(bytes.subarray(0, 600));
    try {
      const head = readPart10Head(bytes, { limits: limits.part10, isWhole: true });
      if (head.state === 'whole' && transferSyntaxInfo(head.transferSyntaxUid) !== undefined) {
        dataSets.push({ syntax: head.transferSyntaxUid, bytes: bytes.subarray(head.headLength) });
      }
    } catch (error) {
      refusal(error);
    }
  }
  return { dataSets, files };
}

function pieces(bytes: Uint8Array, random: Random): Uint8Array[] {
  const parts: Uint8Array[] = [];
  const step = 1 + random(40);
  for (let at = 0; at < bytes.length; ) {
    const next = at + 1 + random(step);
    const part = bytes.subarray(at, next);
    // Sockets and files give Buffers, whose slice is a view and not a copy.
    parts.push(random(2) === 0 ? part : Buffer.from(part.buffer, part.byteOffset, part.byteLength));
    at = next;
  }
  return parts;
}

async function scanned(parts: readonly Uint8Array[], syntax: string): Promise<Outcome> {
  const scanner = new DataSetScanner({ transferSyntaxUid: syntax, limits: readLimits, want: () => true });
  try {
    for (const part of parts) await scanner.push(part);
    await scanner.end();
    return { found: plain(scanner.dataSet) };
  } catch (error) {
    return refusal(error);
  } finally {
    scanner.close();
  }
}

function read(bytes: Uint8Array, syntax: string): Outcome {
  try {
    return { found: plain(readDataSet(bytes, { transferSyntaxUid: syntax, limits: readLimits })) };
  } catch (error) {
    return refusal(error);
  }
}

/** Read, written and read again in the same syntax: the second time nothing changes any more (padding came the first). */
function rewritten(bytes: Uint8Array, syntax: string): void {
  const once = writeDataSet(readDataSet(bytes, { transferSyntaxUid: syntax, limits: readLimits }), syntax);
  const twice = writeDataSet(readDataSet(once, { transferSyntaxUid: syntax, limits: readLimits }), syntax);
  assert.deepEqual(twice, once);
}

async function checkDataSet({ syntax, bytes }: Seed, random: Random): Promise<boolean> {
  const whole = await scanned([bytes], syntax);
  const inPieces = await scanned(pieces(bytes, random), syntax);
  const codec = read(bytes, syntax);
  // Which of several mistakes is named may depend on the split, whether it is refused may not.
  if ('refused' in whole) {
    assert.ok('refused' in inPieces, 'refused whole, taken in pieces');
    // The scanner knows two more reasons: an empty data set, and an order that would deceive who decides by the head.
    return false;
  }
  assert.deepEqual(inPieces, whole, 'the split changes the result');
  assert.deepEqual(codec, whole, 'scanner and codec disagree');
  // Implicit VR from odd VRs, and encapsulated pixels in native syntaxes, have no way back.
  if (syntax === explicitLittle || syntax === explicitBig) {
    rewritten(bytes, syntax);
    await checkThere(bytes, syntax, syntax === explicitBig ? explicitLittle : explicitBig, random);
  }
  if (syntax === implicitLittle) {
    const parts: Uint8Array[] = [];
    const source = streamOf(pieces(bytes, random));
    for await (const part of transcode(source, { from: syntax, to: explicitBig, limits: readLimits })) parts.push(part);
    // The VR may differ: US or SS is decided by Pixel Representation on the way.
    const back = read(Buffer.concat(parts), explicitBig);
    assert.ok('found' in back, 'what was transcoded cannot be read');
    assert.deepEqual(withoutVr(withoutGroupLengths(back.found)), withoutVr(withoutGroupLengths(whole.found)));
  }
  return true;
}

async function checkThere(bytes: Uint8Array, from: string, to: string, random: Random): Promise<void> {
  const parts: Uint8Array[] = [];
  for await (const part of transcode(streamOf(pieces(bytes, random)), { from, to, limits: readLimits }))
    parts.push(part);
  const there = Buffer.concat(parts);
  // The same walk, led straight into the encoder, and the bytes read back.
  const info = transferSyntaxInfo(to);
  const origin = transferSyntaxInfo(from);
  assert.ok(info !== undefined && origin !== undefined);
  const encoder = new DataSetEncoder(info, { implicitSource: false });
  const walker = new DataSetWalker(origin, { limits: readLimits, visitor: encoder });
  walker.push(bytes);
  walker.end();
  assert.deepEqual(there, Buffer.concat(encoder.take()), 'transcoding depends on the split');
  const original = readDataSet(bytes, { transferSyntaxUid: from, limits: readLimits });
  const back = readDataSet(there, { transferSyntaxUid: to, limits: readLimits });
  assert.deepEqual(
    withoutGroupLengths(plain(back)),
    withoutGroupLengths(plain(original)),
    'transcoding changes the data',
  );
}

function withoutGroupLengths(elements: readonly Plain[]): readonly Plain[] {
  return elements
    .filter(([tag]) => !tag.endsWith(',0000)'))
    .map(([tag, vr, value]) => [tag, vr, typeof value === 'string' ? value : value.map(withoutGroupLengths)] as const);
}

function withoutVr(elements: readonly Plain[]): readonly Plain[] {
  return elements.map(
    ([tag, , value]) => [tag, 'UN', typeof value === 'string' ? value : value.map(withoutVr)] as const,
  );
}

function checkHead(bytes: Uint8Array): void {
  try {
    readPart10Head(bytes, { limits: limits.part10 });
    readPart10Head(bytes, { limits: limits.part10, isWhole: true });
  } catch (error) {
    refusal(error);
  }
}

/**
 * Runs for this long and answers with what was tried.
 * @throws the first finding, its input in the message
 */
export async function fuzzDataSets(options: {
  readonly seconds: number;
  readonly seed: number;
}): Promise<{ readonly inputs: number; readonly accepted: number }> {
  const random = seededRandom(options.seed);
  const corpus = corpusSeeds();
  const made = madeSeeds(options.seed);
  for (const seed of made) {
    assert.ok(await checkDataSet(seed, random), `a whole data set in ${seed.syntax} is refused`);
  }
  const seeds = [...made, ...corpus.dataSets];
  const plainSeeds = seeds.filter(({ syntax }) => syntax !== deflatedLittle);
  const others = seeds.map(({ bytes }) => bytes);
  const until = performance.now() + options.seconds * 1000;
  const heapBytes = process.memoryUsage().heapUsed;
  let inputs = 0;
  let accepted = 0;
  while (performance.now() < until) {
    // Deflated inputs are slow and mostly fail in zlib: one in twenty.
    const seed = pick(random(20) === 0 ? seeds : plainSeeds, random);
    const input = { syntax: seed.syntax, bytes: mutated(seed.bytes, others, random) };
    inputs += 1;
    const startCpu = process.cpuUsage();
    try {
      if (await checkDataSet(input, random)) accepted += 1;
      if (corpus.files.length > 0) checkHead(mutated(pick(corpus.files, random), others, random));
      // Of the processor: on a busy machine, or one that was paused, any input takes long.
      const { user, system } = process.cpuUsage(startCpu);
      assert.ok((user + system) / 1000 < inputMsMax, 'took too long');
    } catch (error) {
      const text = error instanceof Error ? (error.stack ?? error.message) : String(error);
      const hex = Buffer.from(input.bytes).toString('hex');
      throw new Error(`seed ${options.seed}, input ${inputs}, syntax ${input.syntax}\n${hex}\n${text}`, {
        cause: error,
      });
    }
  }
  const grownBytes = process.memoryUsage().heapUsed - heapBytes;
  assert.ok(grownBytes < heapGrowthBytesMax, `the heap grew by ${grownBytes} bytes`);
  return { inputs, accepted };
}

if (import.meta.main) {
  const { values } = parseArgs({
    options: {
      seconds: { type: 'string', default: '60' },
      seed: { type: 'string', default: String(Date.now() % 1e9) },
    },
  });
  const { inputs, accepted } = await fuzzDataSets({ seconds: Number(values.seconds), seed: Number(values.seed) });
  process.stdout.write(`data-set: seed ${values.seed}, ${inputs} inputs, ${accepted} accepted, no finding\n`);
}
