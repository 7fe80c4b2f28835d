/**
 * Mutates documents of the JSON and XML models, and looks at what the readers of src/dicom/models make of them:
 *   node fuzz/model.fuzz.ts --seconds 60 --seed 1
 * A finding is: any error but a LeadglassError that is not INTERNAL; a document that JSON.parse refuses and we take; a data
 * set that means something else after it was written and read again, in either model; more than a second of processor time
 * for one input; memory that grows. The input of a finding is written out in hexadecimal, to become a test.
 */
import assert from 'node:assert/strict';
import { parseArgs } from 'node:util';
import * as fc from 'fast-check';
import type { DataSet } from '../src/dicom/data-set.ts';
import { arbitraryDataSet } from '../src/dicom/data-set.test-support.ts';
import { encodeModel } from '../src/dicom/models/encode-model.ts';
import type { ReadModel } from '../src/dicom/models/read-model.ts';
import { readJsonModels } from '../src/dicom/models/read-json.ts';
import { readXmlModel } from '../src/dicom/models/read-xml.ts';
import { type ModelFormat, writeModel } from '../src/dicom/models/write-model.ts';
import { LeadglassError } from '../src/error.ts';
import { limits } from '../src/limits.ts';
import { mutated, pick, type Random, seededRandom } from './mutate.ts';

/** Small enough that the limits themselves are met often. */
const readLimits = {
  ...limits.model,
  depthMax: 6,
  elementsMax: 200,
  itemsMax: 60,
  valuesMax: 300,
  uriCharactersMax: 60,
};
const writeLimits = { inlineValueBytesMax: 1024 ** 2 };
const inputMsMax = 1000;
const heapGrowthBytesMax = 100 * 1024 ** 2;

/** Pieces of documents that a mutation of bytes alone rarely makes. */
const pieces = [
  ...['"vr":"SQ","Value":[{}]', '"BulkDataURI":"a"', '"InlineBinary":"YWI="', 'null', '-1.5e3', '9223372036854775807'],
  ...['{"Alphabetic":"A^B","Phonetic":"C"}', '"\\ud83d\\ude00"', '"\\ud83d"', '"7FE00010":{"vr":"OW"}', '__proto__'],
  ...['<!DOCTYPE a [<!ENTITY b "c">]>', '&b;', '&#x1F600;', '&amp;', '<![CDATA[', ']]>', '<!--', '-->', '<?a b?>'],
  ...[
    '<Item number="1">',
    '</Item>',
    '<BulkData uri="a"/>',
    '<PersonName number="1"/>',
    'privateCreator="A"',
    'vr="UN"',
  ],
].map((text) => Buffer.from(text));

function madeSeeds(format: ModelFormat, seed: number): Uint8Array[] {
  return fc
    .sample(arbitraryDataSet, { numRuns: 400, seed })
    .map((dataSet) => {
      const named = dataSet.setText(0x00090010, 'LO', 'ACME').setText(0x00091001, 'DS', ['1.50', '', '-1e3']);
      return document(format, named.setText(0x00100010, 'PN', ['Buc^Jérôme', '=洪^吉洞']));
    })
    .filter((bytes) => read(format, bytes) !== undefined);
}

function document(format: ModelFormat, dataSet: DataSet): Uint8Array {
  const bytes = writeModel(format, dataSet, { limits: writeLimits });
  return format === 'json' ? Buffer.from(`[${Buffer.from(bytes).toString()}]`) : bytes;
}

function read(format: ModelFormat, bytes: Uint8Array): readonly ReadModel[] | undefined {
  try {
    return format === 'json' ? readJsonModels(bytes, readLimits) : [readXmlModel(bytes, readLimits)];
  } catch (error) {
    if (error instanceof LeadglassError && error.code !== 'INTERNAL') return undefined;
    throw error;
  }
}

async function check(format: ModelFormat, bytes: Uint8Array): Promise<boolean> {
  const models = read(format, bytes);
  if (models === undefined) return false;
  if (format === 'json') JSON.parse(new TextDecoder().decode(bytes));
  for (const model of models) {
    // Written out, the same data set is a document that is read to the same document, whichever model it is.
    for (const target of ['json', 'xml'] as const) {
      const once = document(target, model.dataSet);
      const [again] = target === 'json' ? readJsonModels(once, limits.model) : [readXmlModel(once, limits.model)];
      assert.ok(again !== undefined);
      assert.equal(Buffer.from(document(target, again.dataSet)).toString(), Buffer.from(once).toString());
    }
    for await (const part of encodeModel(model, () => ({ lengthBytes: 3, chunks: [Buffer.from('abc')] }))) {
      assert.ok(part.length > 0);
    }
  }
  return true;
}

/**
 * Runs for this long and answers with what was tried.
 * @throws the first finding, its input in the message
 */
export async function fuzzModels(options: {
  readonly seconds: number;
  readonly seed: number;
}): Promise<{ readonly inputs: number; readonly accepted: number }> {
  const random: Random = seededRandom(options.seed);
  const seeds = { json: madeSeeds('json', options.seed), xml: madeSeeds('xml', options.seed) };
  const until = performance.now() + options.seconds * 1000;
  const heapBytes = process.memoryUsage().heapUsed;
  let inputs = 0;
  let accepted = 0;
  while (performance.now() < until) {
    const format = random(2) === 0 ? 'json' : 'xml';
    const input = mutated(pick(seeds[format], random), [...pieces, pick(seeds[format], random)], random);
    inputs += 1;
    const before = process.cpuUsage();
    try {
      if (await check(format, input)) accepted += 1;
      assert.ok(process.cpuUsage(before).user < inputMsMax * 1000, 'took too long');
    } catch (error) {
      const text = error instanceof Error ? (error.stack ?? error.message) : String(error);
      const hex = Buffer.from(input).toString('hex');
      throw new Error(`seed ${options.seed}, input ${inputs}, ${format}\n${hex}\n${text}`, { cause: error });
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
  const { inputs, accepted } = await fuzzModels({ seconds: Number(values.seconds), seed: Number(values.seed) });
  process.stdout.write(`model: seed ${values.seed}, ${inputs} inputs, ${accepted} accepted, no finding\n`);
}
