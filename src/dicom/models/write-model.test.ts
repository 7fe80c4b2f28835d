/** Writing the JSON and XML models: each VR, what is left out, converted and referred to. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { LeadglassError } from '../../error.ts';
import { limits } from '../../limits.ts';
import { DataSet } from '../data-set.ts';
import { writeDataSet } from '../data-set-codec.ts';
import {
  bytesOf,
  explicitBig,
  explicitLittle,
  implicitLittle,
  item,
  jpegBaseline,
  longForm,
  nativeSyntaxes,
  sequenceDelimitation,
  short,
  streamOf,
  undefinedLength,
} from '../data-set.test-support.ts';
import { Tags } from '../dictionary/dictionary.ts';
import type { Vr } from '../vr.ts';
import { formatElementPath } from './element-path.ts';
import { cpuMs, jsonOf, jsonOfInstance, refused, wideLimits, xmlOf } from './models.test-support.ts';
import { writeInstanceModel, writeModel } from './write-model.ts';

const privateTag = 0x00091001;

/** What a value becomes, as private element of this VR. */
function json(vr: Vr, value: string | Uint8Array | readonly number[]): unknown {
  const { vr: written, ...rest } = jsonOf(new DataSet().setBytes(privateTag, vr, bytesOf(value)))['00091001'] ?? {};
  assert.equal(written, vr);
  return rest;
}

test('an attribute without a value has no member beside vr, and padding alone is no value', () => {
  for (const vr of ['LO', 'DS', 'PN', 'US', 'OB', 'UN', 'AT', 'UT'] as const) assert.deepEqual(json(vr, ''), {});
  assert.deepEqual(json('LO', '  '), {});
  assert.deepEqual(json('PN', '^^^^ '), {});
  assert.deepEqual(jsonOf(new DataSet().setItems(Tags.RequestAttributesSequence, [])), { '00400275': { vr: 'SQ' } });
});

test('an empty value among others is null, and an empty item an empty object', () => {
  assert.deepEqual(json('CS', 'bar\\\\foo '), { Value: ['bar', null, 'foo'] });
  assert.deepEqual(json('PN', '\\A=\\=='), { Value: [null, { Alphabetic: 'A' }, null] });
  const dataSet = new DataSet().setItems(Tags.RequestAttributesSequence, [new DataSet(), new DataSet()]);
  assert.deepEqual(jsonOf(dataSet), { '00400275': { vr: 'SQ', Value: [{}, {}] } });
});

test('DS and IS are numbers where a double means the same, and else the text that came', () => {
  const values = ['0.100000', '+5', ' 1e2', '-.5', '5.', '1234567890.12345', '007', '-0'];
  assert.deepEqual(json('DS', values.join('\\')), { Value: [0.1, 5, 100, -0.5, 5, 1234567890.12345, 7, -0] });
  const texts = [
    '0.1234567890123456789',
    '9007199254740993',
    '1e999',
    '1e-999',
    '1,5',
    'NaN',
    '.',
    'e5',
    '0x10',
    '1 2',
  ];
  assert.deepEqual(json('DS', texts.join('\\')), { Value: texts });
  const overlong = ['1.37203685477580750', '-0.12345678901234567'];
  assert.deepEqual(json('DS', ['1E20', ...overlong].join('\\')), { Value: [1e20, ...overlong] });
  assert.deepEqual(json('IS', '12\\-3\\+4\\1.5\\1e2\\9007199254740993 '), {
    Value: [12, -3, 4, '1.5', '1e2', '9007199254740993'],
  });
});

test('numbers of binary VRs are whole, and SV and UV are texts where a double would lose digits', () => {
  assert.deepEqual(json('US', [0xff, 0xff, 1, 0]), { Value: [65_535, 1] });
  assert.deepEqual(json('SS', [0xff, 0xff]), { Value: [-1] });
  assert.deepEqual(json('SL', [0, 0, 0, 0x80]), { Value: [-2_147_483_648] });
  assert.deepEqual(json('UL', [0xff, 0xff, 0xff, 0xff]), { Value: [4_294_967_295] });
  const big = (...values: bigint[]): Uint8Array => new Uint8Array(BigInt64Array.from(values).buffer);
  assert.deepEqual(json('SV', big(-5n, -(2n ** 63n), 2n ** 53n - 1n)), {
    Value: [-5, '-9223372036854775808', 9_007_199_254_740_991],
  });
  assert.deepEqual(json('UV', big(-1n, 2n ** 53n)), { Value: ['18446744073709551615', '9007199254740992'] });
  assert.deepEqual(json('AT', [0x10, 0, 0x20, 0, 0xe0, 0x7f, 0xab, 0]), { Value: ['00100020', '7FE000AB'] });
});

test('FL and FD that are not finite are texts, and zero keeps its sign', () => {
  const doubles = (...values: number[]): Uint8Array => new Uint8Array(Float64Array.from(values).buffer);
  const values = [1.5, Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, -0, 1e300];
  assert.deepEqual(json('FD', doubles(...values)), { Value: [1.5, 'NaN', 'Infinity', '-Infinity', -0, 1e300] });
  const floats = new Uint8Array(Float32Array.from([0.5, Number.NaN]).buffer);
  assert.deepEqual(json('FL', floats), { Value: [0.5, 'NaN'] });
});

test('binary VRs are base64 as the bytes stand, words of either byte order in little endian', async () => {
  assert.deepEqual(json('UN', 'abcd'), { InlineBinary: 'YWJjZA==' });
  assert.deepEqual(json('OW', [1, 0, 2, 0]), { InlineBinary: 'AQACAA==' });
  const big = bytesOf([0, 9, 0x10, 1], 'OW', [0, 0, 0, 0, 0, 4], [0, 1, 0, 2]);
  const found = await jsonOfInstance(streamOf([big.subarray(0, 13), big.subarray(13)]), explicitBig);
  assert.deepEqual(found, { '00091001': { vr: 'OW', InlineBinary: 'AQACAA==' } });
});

test('a person name has the groups that are not empty, and nothing of it is lost', () => {
  assert.deepEqual(json('PN', 'Wang^XiaoDong=='), { Value: [{ Alphabetic: 'Wang^XiaoDong' }] });
  assert.deepEqual(json('PN', '=A^B=C^^ '), { Value: [{ Ideographic: 'A^B', Phonetic: 'C' }] });
  assert.deepEqual(json('PN', 'A=B=C=D '), { Value: [{ Alphabetic: 'A', Ideographic: 'B', Phonetic: 'C=D' }] });
  const xml = xmlOf(new DataSet().setText(Tags.PatientName, undefined, 'A^B^C^D^E^F=G'));
  assert.match(xml, /<NamePrefix>D<\/NamePrefix><NameSuffix>E\^F<\/NameSuffix><\/Alphabetic><Ideographic>/);
});

test('text is UTF-8 whatever the character set was, and Specific Character Set says so in items, too', () => {
  const dataSet = new DataSet()
    .setText(Tags.SpecificCharacterSet, 'CS', '\\ISO 2022 IR 149')
    .setBytes(Tags.PatientName, 'PN', bytesOf('Hong^Gildong=\x1b$)C\xfb\xf3^\x1b$)C\xd1\xce\xd4\xd7'))
    .setItems(Tags.RequestAttributesSequence, [
      new DataSet().setBytes(Tags.ScheduledProcedureStepDescription, 'LO', bytesOf('\x1b$)C\xfb\xf3')),
      new DataSet()
        .setText(Tags.SpecificCharacterSet, 'CS', 'ISO_IR 144')
        .setText(Tags.ScheduledProcedureStepDescription, 'LO', 'Люкceмбypг'),
    ]);
  assert.deepEqual(jsonOf(dataSet), {
    '00080005': { vr: 'CS', Value: ['ISO_IR 192'] },
    '00100010': { vr: 'PN', Value: [{ Alphabetic: 'Hong^Gildong', Ideographic: '洪^吉洞' }] },
    '00400275': {
      vr: 'SQ',
      Value: [
        { '00400007': { vr: 'LO', Value: ['洪'] } },
        {
          '00080005': { vr: 'CS', Value: ['ISO_IR 192'] },
          '00400007': { vr: 'LO', Value: ['Люкceмбypг'] },
        },
      ],
    },
  });
});

test('a backslash that is half of a Chinese character separates no values', () => {
  const dataSet = new DataSet()
    .setText(Tags.SpecificCharacterSet, 'CS', 'GBK')
    .setBytes(Tags.PatientID, 'LO', bytesOf('\x81\x5c\\A'));
  assert.deepEqual(jsonOf(dataSet)['00100020'], { vr: 'LO', Value: ['乗', 'A'] });
});

test('group lengths, the file head and what fills up a file are left out', () => {
  const dataSet = new DataSet()
    .setText(Tags.TransferSyntaxUID, 'UI', explicitLittle)
    .setNumber(0x00080000, 'UL', 8)
    .setText(Tags.PatientID, 'LO', 'A')
    .setBytes(0xfffcfffc, 'OB', new Uint8Array(4));
  assert.deepEqual(Object.keys(jsonOf(dataSet)), ['00100020']);
  assert.doesNotMatch(xmlOf(dataSet), /tag="(?:0002|00080000|FFFC)/);
});

test('UN becomes the VR of the dictionary where its bytes can be such values', () => {
  const dataSet = new DataSet()
    .setBytes(Tags.PatientID, 'UN', bytesOf('ID'))
    .setBytes(Tags.PatientName, 'UN', bytesOf([0x41, 7]))
    .setBytes(Tags.StudyInstanceUID, 'UN', bytesOf([0x31, 0xe9]))
    .setBytes(Tags.Rows, 'UN', bytesOf([1, 2]))
    .setBytes(Tags.Columns, 'UN', bytesOf([1, 2, 3]))
    .setBytes(Tags.RequestAttributesSequence, 'UN', bytesOf([0xfe, 0xff, 0, 0xe0, 0, 0, 0, 0]))
    .setBytes(privateTag, 'UN', bytesOf('ID'));
  const found = jsonOf(dataSet);
  assert.deepEqual(found['00100020'], { vr: 'LO', Value: ['ID'] });
  assert.deepEqual(found['00100010'], { vr: 'UN', InlineBinary: 'QQc=' });
  assert.deepEqual(found['0020000D'], { vr: 'UN', InlineBinary: 'Mek=' });
  assert.deepEqual(found['00280010'], { vr: 'US', Value: [513] });
  assert.deepEqual(found['00280011'], { vr: 'UN', InlineBinary: 'AQID' });
  assert.equal(found['00400275']?.vr, 'UN');
  assert.equal(found['00091001']?.vr, 'UN');
});

test('US or SS of implicit VR follows Pixel Representation', async () => {
  const dataSet = new DataSet()
    .setNumber(Tags.PixelRepresentation, 'US', 1)
    .setBytes(Tags.SmallestImagePixelValue, 'SS', bytesOf([0xff, 0xff]));
  const found = await jsonOfInstance(streamOf([writeDataSet(dataSet, implicitLittle)]), implicitLittle);
  assert.deepEqual(found['00280106'], { vr: 'SS', Value: [-1] });
});

test('an instance is the same document in every transfer syntax and in pieces of any length', async () => {
  const dataSet = new DataSet()
    .setText(Tags.PatientName, 'PN', 'Buc^Jérôme')
    .setNumber(Tags.Rows, 'US', 7)
    .setItems(Tags.RequestAttributesSequence, [new DataSet().setText(Tags.ScheduledProcedureStepID, 'SH', 'A')])
    .setBytes(Tags.PixelData, 'OW', bytesOf([1, 2, 3, 4]));
  const expected = jsonOf(dataSet);
  assert.equal(Object.keys(expected).length, 5);
  for (const uid of nativeSyntaxes) {
    const bytes = writeDataSet(dataSet, uid);
    const single = Array.from(bytes, (byte) => Uint8Array.of(byte));
    for (const chunks of [[bytes], single])
      assert.deepEqual(await jsonOfInstance(streamOf(chunks), uid), expected, uid);
  }
});

function withUris(dataSet: DataSet, inlineBulkBytesMax: number): Record<string, unknown> {
  const bulkData = {
    inlineBulkBytesMax,
    uriOf: (path: readonly number[], vr: Vr) => `bulk/${formatElementPath(path)}?${vr}`,
  };
  return JSON.parse(Buffer.from(writeModel('json', dataSet, { limits: limits.model, bulkData })).toString());
}

test('values above the threshold are bulk data where their VR can be, at, below and above it', () => {
  for (const [length, isInline] of [
    [6, true],
    [8, true],
    [10, false],
  ] as const) {
    const found = withUris(new DataSet().setBytes(Tags.EncapsulatedDocument, 'OB', new Uint8Array(length)), 8);
    assert.equal(JSON.stringify(found).includes('"BulkDataURI":"bulk/00420011?OB"'), !isInline);
    assert.equal(JSON.stringify(found).includes('InlineBinary'), isInline);
  }
  const text = new DataSet().setText(Tags.PatientID, 'LO', 'A long value, yet none that may be bulk data');
  assert.doesNotMatch(JSON.stringify(withUris(text, 8)), /BulkDataURI/);
});

test('bulk data in items has the path of its item, and empty values are none', () => {
  const item = new DataSet()
    .setBytes(privateTag, 'OB', new Uint8Array(20))
    .setBytes(0x00091002, 'OB', new Uint8Array(0));
  const dataSet = new DataSet().setItems(Tags.RequestAttributesSequence, [new DataSet(), item]);
  assert.deepEqual(withUris(dataSet, 0), {
    '00400275': {
      vr: 'SQ',
      Value: [{}, { '00091001': { vr: 'OB', BulkDataURI: 'bulk/00400275/2/00091001?OB' }, '00091002': { vr: 'OB' } }],
    },
  });
});

test('pixel data of the data set is bulk data at any length, that of an icon is not', () => {
  const icon = new DataSet().setBytes(Tags.PixelData, 'OW', bytesOf([1, 2]));
  const dataSet = new DataSet()
    .setItems(Tags.IconImageSequence, [icon])
    .setBytes(Tags.PixelData, 'OW', bytesOf([1, 2]));
  assert.deepEqual(withUris(dataSet, 1024), {
    '00880200': { vr: 'SQ', Value: [{ '7FE00010': { vr: 'OW', InlineBinary: 'AQI=' } }] },
    '7FE00010': { vr: 'OW', BulkDataURI: 'bulk/7FE00010?OW' },
  });
});

test('encapsulated pixel data is bulk data, and left out where nobody gives a URI', async () => {
  const bytes = bytesOf(
    short(Tags.PatientID, 'LO', 'ID'),
    longForm(Tags.PixelData, 'OB', '', undefinedLength),
    item(''),
    item('abcd'),
    sequenceDelimitation,
  );
  const document = async (uri: string | undefined): Promise<string> => {
    const parts: Uint8Array[] = [];
    const bulkData = { inlineBulkBytesMax: 0, uriOf: () => uri };
    const options = { transferSyntaxUid: jpegBaseline, limits: wideLimits, bulkData };
    for await (const part of writeInstanceModel('json', streamOf([bytes]), options)) parts.push(part);
    return Buffer.concat(parts).toString();
  };
  const head = '"00100020":{"vr":"LO","Value":["ID"]}';
  assert.equal(await document('frames'), `{${head},"7FE00010":{"vr":"OB","BulkDataURI":"frames"}}`);
  assert.equal(await document(undefined), `{${head}}`);
});

test('text is bulk data only in a character set that is UTF-8 already', () => {
  const long = 'x'.repeat(100);
  const plain = new DataSet().setText(Tags.TextValue, 'UT', long);
  assert.match(JSON.stringify(withUris(plain, 8)), /BulkDataURI/);
  const latin = new DataSet()
    .setText(Tags.SpecificCharacterSet, 'CS', 'ISO_IR 100')
    .setText(Tags.TextValue, 'UT', long);
  assert.doesNotMatch(JSON.stringify(withUris(latin, 8)), /BulkDataURI/);
});

test('a value that is too long to be written out is refused, at and above the limit', () => {
  const write = (length: number): Uint8Array =>
    writeModel('json', new DataSet().setBytes(privateTag, 'OB', new Uint8Array(length)), {
      limits: { inlineValueBytesMax: 100 },
    });
  write(100);
  refused(() => write(102), /\(0009,1001\): it has more than 100 bytes/, 'LIMIT_EXCEEDED');
});

test('an instance that is cut off or lies ends in a refusal', async () => {
  const cut = streamOf([short(Tags.PatientID, 'LO', 'ID', 4)]);
  await assert.rejects(jsonOfInstance(cut, explicitLittle), (error) => error instanceof LeadglassError);
});

test('XML escapes what could break out, and stands in the namespace of the schema', () => {
  const dataSet = new DataSet()
    .setText(0x00090010, 'LO', `<"&'>`)
    .setText(privateTag, 'LT', `</Value><!--]]>\r\n\t&amp;`)
    .setText(Tags.PatientName, 'PN', 'a&b^<c>');
  assert.equal(
    xmlOf(dataSet),
    '<?xml version="1.0" encoding="UTF-8"?>\n' +
      '<NativeDicomModel xmlns="http://dicom.nema.org/PS3.19/models/NativeDICOM" xml:space="preserve">' +
      '<DicomAttribute tag="00090010" vr="LO"><Value number="1">&lt;&quot;&amp;&apos;&gt;</Value></DicomAttribute>' +
      '<DicomAttribute tag="00090001" vr="LT" privateCreator="&lt;&quot;&amp;&apos;&gt;">' +
      '<Value number="1">&lt;/Value&gt;&lt;!--]]&gt;&#13;&#10;&#9;&amp;amp;</Value></DicomAttribute>' +
      '<DicomAttribute tag="00100010" vr="PN" keyword="PatientName"><PersonName number="1"><Alphabetic>' +
      '<FamilyName>a&amp;b</FamilyName><GivenName>&lt;c&gt;</GivenName></Alphabetic></PersonName></DicomAttribute>' +
      '</NativeDicomModel>\n',
  );
});

test('a private element names its creator in XML, of its own item, and keeps its block where it has none', () => {
  const inner = new DataSet().setText(privateTag, 'LO', 'orphan');
  const dataSet = new DataSet()
    .setText(0x00090010, 'LO', 'ACME 1')
    .setText(0x00090011, 'LO', 'ACME 2')
    .setText(privateTag, 'LO', 'one')
    .setItems(0x00091101, [inner]);
  const xml = xmlOf(dataSet);
  assert.match(xml, /tag="00090001" vr="LO" privateCreator="ACME 1"><Value number="1">one/);
  assert.match(xml, /tag="00090001" vr="SQ" privateCreator="ACME 2"><Item number="1">/);
  assert.match(xml, /<DicomAttribute tag="00091001" vr="LO"><Value number="1">orphan/);
});

test('long runs of what is trimmed cost no more than they are long', () => {
  const before = cpuMs();
  const long = 1024 ** 2 - 2;
  json('PN', `${'^ '.repeat(long / 2)}x`);
  json('PN', `${'='.repeat(long)}x`);
  json('DS', `1${'0'.repeat(long)}1`);
  json('LO', `${' '.repeat(long)}x`);
  xmlOf(new DataSet().setText(Tags.PatientName, undefined, `${'^'.repeat(long)}x`));
  assert.ok(cpuMs() - before < 2000);
});
