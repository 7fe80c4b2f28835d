/** Attacks on the reader of the JSON model, each named; every one ends in a refusal that says where, and never what. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { LeadglassError } from '../../error.ts';
import { limits } from '../../limits.ts';
import { cpuMs, readJson, refused } from './models.test-support.ts';
import { readJsonModels } from './read-json.ts';

const small = { ...limits.model, documentBytesMax: 10_000, elementsMax: 4, itemsMax: 4, valuesMax: 4, depthMax: 2 };

function attribute(content: string): string {
  return `[{"00091001":{${content}}}]`;
}

function nested(depth: number): string {
  return `[${'{"00400275":{"vr":"SQ","Value":['.repeat(depth)}{}${']}}'.repeat(depth)}]`;
}

test('nesting bomb: as deep as the limit passes, one deeper does not, nor ten thousand', () => {
  // The innermost item is empty, so it opens no level.
  readJson(nested(2), small);
  refused(() => readJson(nested(4), small), /more than 2 sequences within sequences/, 'LIMIT_EXCEEDED');
  refused(() => readJson(nested(10_000)), /more than 64 sequences within sequences/, 'LIMIT_EXCEEDED');
});

test('brackets and braces without end', () => {
  for (const text of ['['.repeat(1_000_000), '[{"00091001":'.repeat(100_000), `[${'{'.repeat(1_000_000)}`]) {
    refused(() => readJson(text), /expected|a name|an attribute/);
  }
  refused(
    () => readJson(attribute(`"Value":${'['.repeat(1_000_000)}`)),
    /a value is no string, number, object or null/,
  );
});

test('a tag twice, a member twice, a component group twice, also in another spelling', () => {
  const twice = '"00100020":{"vr":"LO","Value":["A"]}';
  refused(() => readJson(`[{${twice},${twice}}]`), /a name stands twice in one object/);
  refused(() => readJson(`[{${twice},"\\u003000100020":{"vr":"LO"}}]`), /no tag of eight/);
  refused(() => readJson(`[{${twice},"\\u00300100020":{"vr":"LO"}}]`), /a name stands twice in one object/);
  refused(() => readJson(attribute('"vr":"LO","vr":"PN"')), /a name stands twice/);
  refused(() => readJson(attribute('"vr":"LO","Value":["A"],"\\u0056alue":["B"]')), /a name stands twice/);
  refused(() => readJson(attribute('"vr":"PN","Value":[{"Alphabetic":"A","Alphabetic":"B"}]')), /stands twice/);
});

test('names that become members of every object', () => {
  refused(() => readJson('[{"__proto__":{"vr":"LO"}}]'), /no tag of eight/);
  refused(() => readJson(attribute('"__proto__":{"vr":"LO"}')), /member other than/);
  refused(() => readJson(attribute('"vr":"PN","Value":[{"__proto__":"x"}]')), /no tag of eight/);
  assert.equal(Object.hasOwn(Object.prototype, 'vr'), false);
});

test('tags in other spellings, keywords, and groups that no data set has', () => {
  for (const name of ['0010002', '001000200', '7fe00010', '0010,0020', 'PatientID', '', ' 0010020', '0x100020']) {
    refused(() => readJson({ [name]: { vr: 'LO' } }), /no tag of eight upper case/);
  }
  refused(
    () => readJson({ '00020010': { vr: 'UI' } }),
    /00020010 is no element of a data set; leave the file head out/,
  );
  for (const tag of ['00000002', '00010001', '00030001', '00050001', '00070001', 'FFFEE000', 'FFFF0001']) {
    refused(() => readJson({ [tag]: { vr: 'UI' } }), /no element of a data set/);
  }
});

test('numbers beyond their VR, of a million digits, not whole, or no numbers', () => {
  const value = (vr: string, spelled: string) => () => readJson(attribute(`"vr":"${vr}","Value":[${spelled}]`));
  for (const [vr, spelled] of [
    ['US', '65536'],
    ['US', '-1'],
    ['SS', '32768'],
    ['UL', '4294967296'],
    ['SL', '-2147483649'],
    ['UV', '18446744073709551616'],
    ['UV', '"-1"'],
    ['SV', '"9223372036854775808"'],
    ['FL', '1e39'],
    ['FD', '1e309'],
    ['US', '1e300'],
    ['US', '1.5'],
    ['IS', '1.5'],
    ['IS', '1e300'],
    ['UV', '"1e3"'],
    ['UV', '""'],
    ['US', 'null'],
    ['FD', '"1.5"'],
    ['FD', '"nan"'],
  ] as const) {
    refused(value(vr, spelled), /a value (?:does not fit|of VR)/);
  }
  refused(value('US', '1'.repeat(1_000_000)), /more than 64 characters in a number/, 'LIMIT_EXCEEDED');
  refused(value('DS', `0.${'1'.repeat(63)}`), /more than 64 characters in a number/, 'LIMIT_EXCEEDED');
  value('DS', `0.${'1'.repeat(62)}`)();
  for (const spelled of ['01', '1.', '.5', '+1', '-', '1e', '0x10', '1_000', '--1', '1.5.5', '1e5e5', '-a']) {
    refused(value('DS', spelled), /a number is none|a value is no string/);
  }
  for (const spelled of ['NaN', 'Infinity', '-Infinity', 'inf', 'true', 'undefined', "'a'", 'nul', '//']) {
    refused(value('FD', spelled), /a number is none|a value is no string/);
  }
});

test('values of another type than their VR has', () => {
  const item = '{"00100020":{"vr":"LO"}}';
  for (const [vr, spelled] of [
    ['LO', '5'],
    ['LO', item],
    ['LO', '{}'],
    ['LO', '{"Alphabetic":"A"}'],
    ['PN', '"A"'],
    ['PN', item],
    ['PN', '5'],
    ['US', '"5"'],
    ['SQ', '"A"'],
    ['SQ', 'null'],
    ['SQ', '{"Alphabetic":"A"}'],
    ['AT', '5'],
    ['AT', '"0010002"'],
    ['AT', '"7fe00010"'],
    ['OB', '"A"'],
    ['OB', item],
    ['UN', '5'],
    ['LO', 'true'],
    ['LO', '["A"]'],
  ] as const) {
    refused(() => readJson(attribute(`"vr":"${vr}","Value":[${spelled}]`)), /00091001/);
  }
  for (const content of [
    '"vr":"XX"',
    '"vr":"lo"',
    '"vr":5',
    '"vr":null',
    '"vr":"LO","Value":"A"',
    '"vr":"LO","Value":{}',
  ]) {
    refused(() => readJson(attribute(content)), /vr is no|expected \[/);
  }
  refused(() => readJson(attribute('"vr":"PN","Value":[{"Alphabetic":5}]')), /Alphabetic is no string/);
  refused(
    () => readJson(attribute('"vr":"PN","Value":[{"Alphabetic":"A","00100020":{}}]')),
    /person name and a data set/,
  );
});

test('a sequence of the standard as something else, and something else as sequence', () => {
  refused(() => readJson({ '00400275': { vr: 'LO', Value: ['A'] } }), /\(0040,0275\) has VR LO, expected SQ/);
  refused(() => readJson({ '00100020': { vr: 'SQ', Value: [{}] } }), /\(0010,0020\) has VR SQ, expected LO/);
});

test('two contents at once, unknown members, values in other spellings', () => {
  refused(() => readJson(attribute('"vr":"OB","InlineBinary":"","BulkDataURI":"x"')), /more than one of/);
  refused(() => readJson(attribute('"vr":"OB","Value":[],"InlineBinary":""')), /more than one of/);
  for (const member of ['value', 'Values', 'VR', 'bulkDataURI', 'DataFragment', 'keyword', '']) {
    refused(() => readJson(attribute(`"vr":"LO","${member}":["A"]`)), /member other than/);
  }
});

test('delimiters in values, that would make two of one or change a name', () => {
  refused(() => readJson({ '00100020': { vr: 'LO', Value: ['A\\B'] } }), /a value holds a backslash/);
  refused(() => readJson({ '0020000D': { vr: 'UI', Value: ['1.2\\1.3'] } }), /a value holds a backslash/);
  refused(() => readJson({ '00100010': { vr: 'PN', Value: [{ Alphabetic: 'A=B' }] } }), /an equals sign/);
  refused(() => readJson({ '0040A160': { vr: 'UT', Value: ['A', 'B'] } }), /VR UT holds one value/);
  assert.equal(readJson({ '0040A160': { vr: 'UT', Value: ['A\\B'] } }).dataSet.text(0x0040a160), 'A\\B');
});

test('lone surrogates, and text beyond ASCII where a VR has none', () => {
  for (const half of ['\\ud800', '\\udc00', '\\udc00\\ud800', 'a\\ud83d']) {
    refused(() => readJson(attribute(`"vr":"LO","Value":["${half}"]`)), /half a surrogate pair/);
    refused(() => readJson(attribute(`"vr":"PN","Value":[{"Ideographic":"${half}"}]`)), /half a surrogate pair/);
  }
  assert.equal(readJson(attribute('"vr":"LO","Value":["\\ud83d\\ude00"]')).dataSet.text(0x00091001), '😀');
  for (const vr of ['CS', 'UI', 'DA', 'AE', 'UR', 'DS']) {
    refused(() => readJson(attribute(`"vr":"${vr}","Value":["ü"]`)), /holds ASCII only/);
  }
});

test('control characters: line ends and tabs in texts alone', () => {
  for (const code of [0, 1, 8, 11, 14, 27, 31]) {
    const control = String.fromCharCode(code);
    refused(() => readJson({ '00091001': { vr: 'LO', Value: [`a${control}b`] } }), /a control character other than/);
    refused(() => readJson({ '00100010': { vr: 'PN', Value: [{ Alphabetic: control }] } }), /a control character/);
  }
  const lines = 'a\tb\r\nc\fd';
  assert.equal(readJson({ '0040A160': { vr: 'UT', Value: [lines] } }).dataSet.text(0x0040a160), lines);
  for (const vr of ['UI', 'CS', 'DA', 'AE', 'DS', 'UR']) {
    refused(() => readJson({ '00091001': { vr, Value: ['1\n'] } }), /no control characters/);
  }
});

test('bytes that are no UTF-8', () => {
  for (const bytes of [[0xff], [0xc0, 0x80], [0xed, 0xa0, 0x80], [0xe2, 0x82]]) {
    const document = Buffer.concat([Buffer.from('[{"00091001":{"vr":"LO","Value":["'), Buffer.from(bytes)]);
    refused(() => readJsonModels(document, limits.model), /it is not UTF-8/);
  }
  refused(() => readJsonModels(Buffer.from('[]', 'utf16le'), limits.model), /expected/);
});

test('base64 that is none: other letters, white space, wrong padding, bits left over, half words', () => {
  for (const text of [
    'a',
    'ab',
    'abc',
    'YQ=',
    'YQ',
    'YW J',
    'YWI\n',
    'YW-_',
    'YR==',
    'YWK=',
    '====',
    'YQ==YQ==',
    'YÿI=',
  ]) {
    refused(() => readJson({ '00091001': { vr: 'OB', InlineBinary: text } }), /no base64/);
  }
  refused(() => readJson({ '00091001': { vr: 'OB', InlineBinary: ['YQ=='] } }), /InlineBinary is no string/);
  refused(() => readJson({ '00091001': { vr: 'OW', InlineBinary: 'YQ==' } }), /multiple of 2 for VR OW/);
  refused(() => readJson({ '00091001': { vr: 'OD', InlineBinary: 'AAAAAA==' } }), /multiple of 8 for VR OD/);
  refused(() => readJson({ '00091001': { vr: 'LO', InlineBinary: 'YWI=' } }), /VR LO cannot stand as InlineBinary/);
  refused(() => readJson({ '00400275': { vr: 'SQ', InlineBinary: 'YWI=' } }), /cannot stand as InlineBinary/);
});

test('strings that do not end, controls and escapes that are none', () => {
  for (const text of ['"', '"\\', '"\\"', '"a\nb"', '"a\0b"', '"\\x41"', '"\\u12"', '"\\u123g"', '"\\']) {
    refused(() => readJson(`[{"00091001":{"vr":"LO","Value":[${text}`), /a string|an escape/);
  }
});

test('text around the document, commas too many or few, comments', () => {
  for (const text of [
    '',
    ' ',
    '{}',
    'null',
    '"a"',
    '[{}',
    '[{}]]',
    '[{}] x',
    '[{},]',
    '[,{}]',
    '[{}{}]',
    '[null]',
    '[[]]',
  ]) {
    refused(() => readJson(text), /./);
  }
  for (const text of [
    '{,}',
    '{"00091001"}',
    '{"00091001":}',
    '{"00091001":{},}',
    '{/**/}',
    '{00091001:{}}',
    '{"00091001":{"vr" "LO"}}',
  ]) {
    refused(() => readJson(`[${text}]`), /./);
  }
});

test('documents, elements, items and values beyond their limits: at the limit they pass, above they do not', () => {
  const elements = (count: number): string =>
    `[{${Array.from({ length: count }, (_, index) => `"0009100${index}":{"vr":"LO"}`).join(',')}}]`;
  readJson(elements(4), small);
  refused(() => readJson(elements(5), small), /more than 4 attributes/, 'LIMIT_EXCEEDED');
  const values = (count: number): string => attribute(`"vr":"LO","Value":[${Array(count).fill('null').join(',')}]`);
  readJson(values(4), small);
  refused(() => readJson(values(5), small), /more than 4 values/, 'LIMIT_EXCEEDED');
  const items = (count: number): string =>
    attribute(`"vr":"SQ","Value":[${Array.from({ length: count }, () => '{"00080000":{}}').join(',')}]`);
  readJson(items(3), { ...small, elementsMax: 9 });
  refused(() => readJson(items(4), { ...small, elementsMax: 9 }), /more than 4 items/, 'LIMIT_EXCEEDED');
  const dataSets = (count: number): Uint8Array => Buffer.from(`[${Array(count).fill('{}').join(',')}]`);
  assert.equal(readJsonModels(dataSets(4), small).length, 4);
  refused(() => readJsonModels(dataSets(5), small), /more than 4 items/, 'LIMIT_EXCEEDED');
  readJson(`[{}]${' '.repeat(9_996)}`, small);
  refused(() => readJson(`[{}]${' '.repeat(9_997)}`, small), /more than 10000 bytes/, 'LIMIT_EXCEEDED');
});

test('long runs of what is trimmed cost no more than they are long', () => {
  const before = cpuMs();
  const long = 4 * 1024 ** 2;
  readJson({ '00100010': { vr: 'PN', Value: [{ Phonetic: `${'='.repeat(long)}x` }] } });
  readJson({ '00100020': { vr: 'LO', Value: [`${' '.repeat(long)}x`] } });
  refused(() => readJson({ '00091001': { vr: 'UV', Value: ['1'.repeat(long)] } }), /no whole number/);
  assert.ok(cpuMs() - before < 2000);
});

test('a refusal says where, and holds no value', () => {
  const name = 'Mustermann';
  const document = [{}, { '00101002': { vr: 'SQ', Value: [{}, { '00100020': { vr: 'US', Value: [name] } }] } }];
  assert.throws(
    () => readJsonModels(Buffer.from(JSON.stringify(document)), limits.model),
    (error) => {
      assert.ok(error instanceof LeadglassError);
      assert.equal(error.field, '00101002/2/00100020');
      assert.match(error.message, /in 00101002\/2\/00100020 of data set 2/);
      assert.doesNotMatch(JSON.stringify([error.message, error.detail, error.cause]), /Mustermann/);
      return true;
    },
  );
});
