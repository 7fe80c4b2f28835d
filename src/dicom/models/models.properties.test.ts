/** Properties of the models: any data set comes back from JSON and XML, both say the same, and no document breaks a reader. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { LeadglassError } from '../../error.ts';
import { limits } from '../../limits.ts';
import { DataSet } from '../data-set.ts';
import { arbitraryDataSet, plain } from '../data-set.test-support.ts';
import { tagOf } from '../tag.ts';
import { isVr, type Vr } from '../vr.ts';
import { isJsonObject, jsonTextOf, readJson, readXml, refused, xmlOf } from './models.test-support.ts';
import { exactNumber } from './model-values.ts';
import { readJsonModels } from './read-json.ts';
import { readXmlModel } from './read-xml.ts';

/** Characters of many kinds, none of them insignificant, a delimiter or beyond XML. */
const letters = fc
  .string({ unit: 'grapheme', minLength: 1, maxLength: 12 })
  .filter(
    (text) => text.trim() === text && !/[\\^=\p{Cc}\p{Cs}\ufffe\uffff]/u.test(text) && !text.includes('\u{1fffe}'),
  );
const ascii = fc.stringMatching(/^[!-<>-[\]_-}]{1,12}$/);
const manyOf = (one: fc.Arbitrary<string>): fc.Arbitrary<string> =>
  fc.array(one, { minLength: 1, maxLength: 4 }).map((values) => values.join('\\'));
const words = (bytes: number): fc.Arbitrary<Uint8Array> =>
  fc.nat({ max: 6 }).chain((units) => fc.uint8Array({ minLength: units * bytes, maxLength: units * bytes }));
/** Not a number has many bit patterns; one comes back. */
const doubles = fc
  .array(fc.double(), { maxLength: 5 })
  .map((values) => new Uint8Array(Float64Array.from(values).buffer));
const floats = fc.array(fc.float(), { maxLength: 5 }).map((values) => new Uint8Array(Float32Array.from(values).buffer));

/** Names as they are written, without delimiters at the end; empty ones stand between others. */
const nameText = fc
  .tuple(...[letters, letters, letters].map((part) => fc.option(part, { nil: '' })))
  .map(([a, b, c]) => `${a}^${b}=${c}`.replaceAll(/\^+(?==|$)/g, '').replace(/=+$/, ''));

const textValues: Partial<Record<Vr, fc.Arbitrary<string>>> = {
  AE: manyOf(ascii),
  CS: manyOf(ascii),
  DS: manyOf(fc.oneof(ascii, fc.stringMatching(/^[+-]?\d{1,5}(\.\d{1,5})?([eE][+-]?\d{1,2})?$/))),
  IS: manyOf(fc.stringMatching(/^[+-]?\d{1,11}$/)),
  LO: manyOf(letters),
  LT: letters,
  PN: manyOf(nameText),
  UC: manyOf(letters),
  UT: letters,
};
const byteValues: Partial<Record<Vr, fc.Arbitrary<Uint8Array>>> = {
  AT: words(4),
  FD: doubles,
  FL: floats,
  OB: words(2),
  OD: words(8),
  OV: words(8),
  OW: words(2),
  SL: words(4),
  SS: words(2),
  SV: words(8),
  UL: words(4),
  UN: words(2),
  US: words(2),
  UV: words(8),
};

const element = fc
  .tuple(
    fc.constantFrom(...Object.keys({ ...textValues, ...byteValues }).filter(isVr)),
    fc.integer({ min: 0, max: 0xff }),
    fc.constantFrom(0x0009, 0x0011),
  )
  .chain(([vr, index, group]) =>
    fc
      .oneof(textValues[vr] ?? fc.constant(undefined), byteValues[vr] ?? fc.constant(undefined))
      .map((value) => ({ tag: tagOf(group, 0x1000 | index), vr, value })),
  );

/** Private elements of every VR, since those of the standard may not have every one; nested up to three deep. */
const dataSets: fc.Arbitrary<DataSet> = fc.letrec<{ dataSet: DataSet }>((tie) => ({
  dataSet: fc
    .tuple(
      fc.array(element, { maxLength: 8 }),
      fc.option(fc.array(tie('dataSet'), { maxLength: 3 }), { maxDepth: 3, depthSize: 'small', nil: undefined }),
    )
    .map(([elements, items]) => {
      const dataSet = new DataSet()
        .setText(0x00080005, 'CS', 'ISO_IR 192')
        .setText(0x00090010, 'LO', 'ACME <&>')
        .setText(0x00110010, 'LO', 'ÄCME');
      for (const { tag, vr, value } of elements) {
        if (typeof value === 'string') dataSet.setText(tag, vr, value);
        else if (value !== undefined) dataSet.setBytes(tag, vr, value);
      }
      if (items !== undefined) dataSet.setItems(0x00400275, items);
      return dataSet;
    }),
})).dataSet;

test('any data set means the same after JSON and back', () => {
  fc.assert(
    fc.property(dataSets, (dataSet) => {
      const document = jsonTextOf(dataSet);
      const { dataSet: again } = readJson(`[${document}]`);
      assert.equal(jsonTextOf(again), document);
      assert.deepEqual(withoutNumerals(again), withoutNumerals(dataSet));
    }),
    { numRuns: 300 },
  );
});

test('any data set is the same after XML and back', () => {
  fc.assert(
    fc.property(dataSets, (dataSet) => {
      assert.deepEqual(plain(readXml(xmlOf(dataSet)).dataSet), plain(dataSet));
    }),
    { numRuns: 300 },
  );
});

/** DS and IS keep their number, not its spelling. */
function withoutNumerals(dataSet: DataSet): unknown {
  for (const { tag, vr, value } of [...dataSet]) {
    if (vr === 'DS' || vr === 'IS') dataSet.delete(tag);
    else if (!(value instanceof Uint8Array)) for (const item of value) withoutNumerals(item);
  }
  return plain(dataSet);
}

test('what any bytes become is stable: a document read and written again is that document', () => {
  fc.assert(
    fc.property(arbitraryDataSet, (dataSet) => {
      const document = jsonTextOf(dataSet.setText(0x00080005, 'CS', 'ISO_IR 192'));
      try {
        assert.equal(jsonTextOf(readJson(`[${document}]`).dataSet), document);
      } catch (error) {
        // Names are bytes of any kind here, and some hold what VRs of ASCII cannot.
        assert.ok(
          error instanceof LeadglassError && /ASCII only|a control character/.test(error.message),
          String(error),
        );
      }
    }),
    { numRuns: 300 },
  );
});

test('a number is said to be exact only when it is', () => {
  fc.assert(
    fc.property(fc.integer(), fc.integer({ min: -30, max: 30 }), fc.boolean(), (digits, power, small) => {
      const text = small ? `${digits}e${power}` : (digits / 7).toFixed(5);
      const number = exactNumber(text, 'DS');
      assert.ok(number !== undefined || text.length > 16, text);
      if (number === undefined) return;
      assert.equal(number, Number(text));
    }),
  );
  fc.assert(
    fc.property(fc.bigInt({ min: 2n ** 53n, max: 2n ** 70n }), (integer) => {
      const number = exactNumber(String(integer), 'IS');
      if (number !== undefined) assert.equal(BigInt(number), integer);
    }),
  );
});

test('any text, and any mutation of a document, ends in a data set or a refusal', () => {
  const xml = xmlOf(readJson({ '00100010': { vr: 'PN', Value: [{ Alphabetic: 'A^B' }] } }).dataSet);
  const json = '[{"00101002":{"vr":"SQ","Value":[{"00100020":{"vr":"LO","Value":["A\\n",null,-1.5e3]}}]}}]';
  const attempt = (read: () => unknown): void => {
    try {
      read();
    } catch (error) {
      assert.ok(error instanceof LeadglassError && error.code !== 'INTERNAL', String(error));
    }
  };
  const mutated = (text: string): fc.Arbitrary<string> =>
    fc
      .tuple(
        fc.nat(text.length),
        fc.nat(6),
        fc.oneof(fc.string({ maxLength: 4 }), fc.constantFrom(...Array.from('<>&"\'{}[]:,\\0'))),
      )
      .map(([at, cut, put]) => text.slice(0, at) + put + text.slice(at + cut));
  fc.assert(
    fc.property(fc.oneof(fc.string(), fc.json(), mutated(json)), (text) =>
      attempt(() => readJsonModels(Buffer.from(text), limits.model)),
    ),
    { numRuns: 2000 },
  );
  fc.assert(
    fc.property(fc.oneof(fc.string(), mutated(xml)), (text) =>
      attempt(() => readXmlModel(Buffer.from(text), limits.model)),
    ),
    { numRuns: 2000 },
  );
});

test('JSON that JSON.parse refuses is refused, and what is taken is what it takes', () => {
  fc.assert(
    fc.property(
      fc.json(),
      fc.nat({ max: 40 }),
      fc.constantFrom(...Array.from(' ,:[]{}"\\ue-+.01an\n\u0001')),
      (json, at, put) => {
        const text = `[{"00091001":{"vr":"LO","Value":[${json.slice(0, at)}${put}${json.slice(at)}]}}]`;
        let parsed: unknown;
        try {
          parsed = JSON.parse(text);
        } catch {
          refused(() => readJson(text), /./);
          return;
        }
        assert.ok(Array.isArray(parsed) && isJsonObject(parsed[0]));
      },
    ),
    { numRuns: 1000 },
  );
});
