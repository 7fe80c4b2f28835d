/** Reading the JSON model: the standard's example, each VR, and what becomes of it. Attacks are in read-json-hostile.test.ts. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { limits } from '../../limits.ts';
import { explicitLittle, plain } from '../data-set.test-support.ts';
import { DataSet } from '../data-set.ts';
import { readDataSet } from '../data-set-codec.ts';
import { Tags } from '../dictionary/dictionary.ts';
import { formatElementPath } from './element-path.ts';
import { bytesOfModel, jsonOf, readJson, refused, xmlOf } from './models.test-support.ts';
import { readJsonModels } from './read-json.ts';
import { readXmlModel } from './read-xml.ts';

/**
 * A study as in PS3.18 F.4, with its faults mended: there dates have VR DT, InlineBinary is an array in older editions,
 * and a URL is broken into lines.
 */
const example = {
  '00080005': { vr: 'CS', Value: ['ISO_IR 192'] },
  '00080020': { vr: 'DA', Value: ['20130409'] },
  '00080030': { vr: 'TM', Value: ['131600.0000'] },
  '00080050': { vr: 'SH', Value: ['11235813'] },
  '00080056': { vr: 'CS', Value: ['ONLINE'] },
  '00080061': { vr: 'CS', Value: ['CT', 'PET'] },
  '00080090': { vr: 'PN', Value: [{ Alphabetic: '^Bob^^Dr.' }] },
  '00081190': {
    vr: 'UR',
    Value: ['http://wado.example/studies/1.2.392.200036.9116.2.2.2.1762893313.1029997326.945873'],
  },
  '00090010': { vr: 'LO', Value: ['Vendor A'] },
  '00091002': { vr: 'UN', InlineBinary: 'z0x9c8v7' },
  '00100010': { vr: 'PN', Value: [{ Alphabetic: 'Wang^XiaoDong', Ideographic: '王^小東' }] },
  '00100020': { vr: 'LO', Value: ['12345'] },
  '00100021': { vr: 'LO', Value: ['Hospital A'] },
  '00100030': { vr: 'DA', Value: ['19670701'] },
  '00100040': { vr: 'CS', Value: ['M'] },
  '00101002': {
    vr: 'SQ',
    Value: [
      { '00100020': { vr: 'LO', Value: ['54321'] }, '00100021': { vr: 'LO', Value: ['Hospital B'] } },
      { '00100020': { vr: 'LO', Value: ['24680'] }, '00100021': { vr: 'LO', Value: ['Hospital C'] } },
    ],
  },
  '0020000D': { vr: 'UI', Value: ['1.2.392.200036.9116.2.2.2.1762893313.1029997326.945873'] },
  '00200010': { vr: 'SH', Value: ['11235813'] },
  '00201206': { vr: 'IS', Value: [4] },
  '00201208': { vr: 'IS', Value: [942] },
};

test("the standard's example is read, and written again as it was", () => {
  const { dataSet } = readJson(example);
  assert.equal(dataSet.text(Tags.PatientName), 'Wang^XiaoDong=王^小東');
  assert.equal(dataSet.items(Tags.OtherPatientIDsSequence)[1]?.text(Tags.PatientID), '24680');
  assert.deepEqual(jsonOf(dataSet), example);
});

test("the standard's example is the same in XML and back", () => {
  const xml = xmlOf(readJson(example).dataSet);
  assert.match(xml, /<DicomAttribute tag="00090002" vr="UN" privateCreator="Vendor A"><InlineBinary>z0x9c8v7</);
  assert.deepEqual(jsonOf(readXmlModel(Buffer.from(xml), limits.model).dataSet), example);
});

test('a document has several data sets, and none is none', () => {
  const two = readJsonModels(Buffer.from(JSON.stringify([example, {}])), limits.model);
  assert.deepEqual(
    two.map(({ dataSet }) => dataSet.size),
    [20, 0],
  );
  assert.deepEqual(readJsonModels(Buffer.from(' [ ] '), limits.model), []);
});

/** What a value becomes, as hexadecimal digits. */
function hex(vr: string, content: object): string {
  const { value } = readJson({ '00091001': { vr, ...content } }).dataSet.get(0x00091001) ?? {};
  assert.ok(value instanceof Uint8Array);
  return Buffer.from(value).toString('hex');
}

test('each VR becomes its bytes, padded as PS3.5 wants', () => {
  assert.equal(hex('LO', { Value: ['a', null, 'b'] }), Buffer.from('a\\\\b').toString('hex'));
  assert.equal(hex('UI', { Value: ['1.2'] }), `${Buffer.from('1.2').toString('hex')}00`);
  assert.equal(hex('SH', { Value: ['abc'] }), Buffer.from('abc ').toString('hex'));
  assert.equal(hex('US', { Value: [1, 65_535] }), '0100ffff');
  assert.equal(hex('SS', { Value: [-2] }), 'feff');
  assert.equal(hex('UL', { Value: [4_294_967_295] }), 'ffffffff');
  assert.equal(hex('SL', { Value: [-1] }), 'ffffffff');
  assert.equal(hex('SV', { Value: ['-9223372036854775808', 1] }), '00000000000000800100000000000000');
  assert.equal(hex('UV', { Value: ['18446744073709551615'] }), 'ffffffffffffffff');
  assert.equal(hex('FL', { Value: [0.5, 'NaN'] }), '0000003f0000c07f');
  assert.equal(hex('FD', { Value: ['-Infinity'] }), '000000000000f0ff');
  assert.equal(hex('AT', { Value: ['00100020'] }), '10002000');
  assert.equal(hex('OB', { InlineBinary: 'YWI=' }), '6162');
  assert.equal(hex('OB', { InlineBinary: 'YQ==' }), '6100');
  assert.equal(hex('US', { InlineBinary: 'AQACAA==' }), '01000200');
  for (const vr of ['LO', 'US', 'OB', 'PN', 'UT']) {
    assert.equal(hex(vr, {}), '');
    assert.equal(hex(vr, { Value: [] }), '');
  }
});

test('a number keeps its digits, also a big one, and one that only looks broken is whole', () => {
  const document = (spelled: string, vr: string): string => `[{"00091001":{"vr":"${vr}","Value":[${spelled}]}}]`;
  const text = (spelled: string, vr: string): string | undefined =>
    readJson(document(spelled, vr)).dataSet.text(0x00091001);
  assert.equal(text('1.50', 'DS'), '1.50');
  assert.equal(text('1e2', 'IS'), '100');
  assert.deepEqual(readJson(document('9223372036854775807', 'SV')).dataSet.get(0x00091001)?.value.length, 8);
  assert.equal(text('5.0', 'US'), '5');
});

test('a decimal of more than 16 characters loses its last digits only', () => {
  const text = (value: number): string =>
    readJson({ '00091001': { vr: 'DS', Value: [value] } }).dataSet.text(0x00091001) ?? '';
  for (const value of [1 / 3, -1 / 3, -Math.PI * 1e-7, 1e-300 / 3, -1e300 / 3, 1e21 / 3]) {
    assert.ok(text(value).length <= 16, text(value));
    assert.ok(Math.abs(Number(text(value)) - value) <= Math.abs(value) * 1e-8, text(value));
  }
});

test('DS and IS as text stay as they are', () => {
  const { dataSet } = readJson({
    '00280030': { vr: 'DS', Value: ['0.10', '+1'] },
    '00200013': { vr: 'IS', Value: ['007'] },
  });
  assert.deepEqual([...dataSet.texts(Tags.PixelSpacing), dataSet.text(Tags.InstanceNumber)], ['0.10', '+1', '007']);
});

test('a VR that is not said is the one of the dictionary', () => {
  const { dataSet } = readJson({
    '00090010': { Value: ['ACME'] },
    '00091001': { InlineBinary: 'YWI=' },
    '00091002': { Value: [{ '00100020': { Value: ['A'] } }] },
    '00100010': { Value: [{ Alphabetic: 'A' }, {}] },
    '00280010': { Value: [7] },
    '00280106': { Value: [-7] },
    '00283006': { Value: [1, 2] },
    '7FE00010': { InlineBinary: 'YWI=' },
  });
  assert.deepEqual(
    [...dataSet].map(({ tag, vr }) => [tag.toString(16), vr]),
    [
      ['90010', 'LO'],
      ['91001', 'UN'],
      ['91002', 'SQ'],
      ['100010', 'PN'],
      ['280010', 'US'],
      ['280106', 'SS'],
      ['283006', 'US'],
      ['7fe00010', 'OB'],
    ],
  );
});

test('members and attributes may come in any order', () => {
  const { dataSet } = readJson({
    '00280010': { Value: [7], vr: 'US' },
    '00101002': { Value: [{}, { '00100020': { Value: ['A'], vr: 'LO' } }], vr: 'SQ' },
    '00100010': { Value: [{ Alphabetic: 'A' }], vr: 'PN' },
  });
  assert.deepEqual(
    plain(dataSet).map(([tag]) => tag),
    ['(0010,0010)', '(0010,1002)', '(0028,0010)'],
  );
  assert.equal(dataSet.items(Tags.OtherPatientIDsSequence)[1]?.text(Tags.PatientID), 'A');
});

test('text beyond ASCII makes the data set UTF-8, whatever character set the document names', () => {
  const name = { vr: 'PN', Value: [{ Alphabetic: 'Buc^Jérôme' }] };
  for (const document of [
    { '00100010': name },
    { '00100010': name, '00080005': { vr: 'CS', Value: ['ISO_IR 100'] } },
    { '00100010': name, '00080005': { vr: 'CS' } },
  ]) {
    const { dataSet } = readJson(document);
    assert.deepEqual(dataSet.characterSet, ['ISO_IR 192']);
    assert.equal(dataSet.text(Tags.PatientName), 'Buc^Jérôme');
  }
  assert.equal(readJson({ '00100020': { vr: 'LO', Value: ['A'] } }).dataSet.has(Tags.SpecificCharacterSet), false);
  const item = { '00080005': { vr: 'CS', Value: ['ISO_IR 144'] }, '00100010': name };
  const [inner] = readJson({ '00101002': { vr: 'SQ', Value: [item] } }).dataSet.items(Tags.OtherPatientIDsSequence);
  assert.equal(inner?.text(Tags.PatientName), 'Buc^Jérôme');
});

test('group lengths are passed over', () => {
  assert.equal(readJson({ '00080000': { vr: 'UL', Value: [8] } }).dataSet.size, 0);
});

test('bulk data streams to its place, from one chunk or many, padded', async () => {
  const model = readJson({
    '00091001': { vr: 'OB', BulkDataURI: 'http://example/1' },
    '00100020': { vr: 'LO', Value: ['A'] },
    '00101002': { vr: 'SQ', Value: [{ '00091001': { vr: 'US', BulkDataURI: '../2' } }] },
  });
  const asked: string[] = [];
  const bytes = await bytesOfModel(model, ({ uri, path, vr }) => {
    asked.push(`${formatElementPath(path)} ${vr} ${uri}`);
    return {
      lengthBytes: uri === '../2' ? 4 : 3,
      chunks: uri === '../2' ? ['ab', 'cd'].map(encoded) : [encoded('abc')],
    };
  });
  assert.deepEqual(asked, ['00091001 OB http://example/1', '00101002/1/00091001 US ../2']);
  const expected = new DataSet()
    .setBytes(0x00091001, 'OB', encoded('abc\0'))
    .setText(Tags.PatientID, 'LO', 'A')
    .setItems(Tags.OtherPatientIDsSequence, [new DataSet().setBytes(0x00091001, 'US', encoded('abcd'))]);
  const read = readDataSet(bytes, { transferSyntaxUid: explicitLittle, limits: limits.dataSet });
  assert.deepEqual(plain(read), plain(expected));
});

test('encapsulated pixel data comes in as fragments', async () => {
  const model = readJson({ '7FE00010': { vr: 'OB', BulkDataURI: 'pixels' } });
  const fragments = ['', 'abc'].map((text) => ({ lengthBytes: text.length, chunks: [encoded(text)] }));
  const bytes = await bytesOfModel(model, () => ({ fragments }));
  const read = readDataSet(bytes, { transferSyntaxUid: '1.2.840.10008.1.2.4.50', limits: limits.dataSet });
  assert.deepEqual(
    read.get(Tags.PixelData)?.fragments?.map((bytes) => Buffer.from(bytes).toString()),
    ['', 'abc\0'],
  );
});

test('bulk data of another length than it says, or longer than a length can say, is refused', async () => {
  const model = readJson({ '00091001': { vr: 'OB', BulkDataURI: 'x' } });
  for (const lengthBytes of [1, 3, 2 ** 32]) {
    await assert.rejects(
      bytesOfModel(model, () => ({ lengthBytes, chunks: [encoded('ab')] })),
      /Cannot put bulk data into 00091001: (?:more|fewer) than/,
    );
  }
});

test('a VR that cannot be bulk data, text in another character set, and what is no URI are refused', () => {
  const bulk = (vr: string, BulkDataURI: string): unknown => ({ '00091001': { vr, BulkDataURI } });
  refused(() => readJson(bulk('LO', 'x')), /VR LO cannot be bulk data \(in 00091001\)/);
  refused(() => readJson(bulk('SQ', 'x')), /VR SQ cannot be bulk data/);
  for (const uri of ['', 'a b', 'a\nb', 'ü', '\0'])
    refused(() => readJson(bulk('OB', uri)), /URI of bulk data is none/);
  refused(() => readJson(bulk('OB', 'x'.repeat(2049))), /more than 2048 characters in the URI/, 'LIMIT_EXCEEDED');
  readJson(bulk('OB', 'x'.repeat(2048)));
  refused(
    () => readJson({ '00080005': { vr: 'CS', Value: ['ISO_IR 100'] }, '0040A160': { vr: 'UT', BulkDataURI: 'x' } }),
    /have to be UTF-8/,
  );
});

function encoded(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}
