/** Reading the XML model: each kind of content, private blocks, attacks. Every attack ends in a refusal that says where. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { limits } from '../../limits.ts';
import { DataSet } from '../data-set.ts';
import { plain } from '../data-set.test-support.ts';
import { Tags } from '../dictionary/dictionary.ts';
import { cpuMs, readXml, refused, xmlDocument, xmlOf } from './models.test-support.ts';
import { readXmlModel } from './read-xml.ts';

function attribute(content: string, attributes = 'tag="00100020" vr="LO"'): string {
  return xmlDocument(`<DicomAttribute ${attributes}>${content}</DicomAttribute>`);
}

function texts(content: string, attributes?: string): readonly string[] {
  const { dataSet } = readXml(attribute(content, attributes));
  const last = [...dataSet].at(-1);
  return dataSet.texts(last?.tag ?? 0);
}

test('a document is read in the namespace of the schema or in none, with or without a declaration', () => {
  const content =
    '<DicomAttribute tag="00100020" vr="LO" keyword="PatientID"><Value number="1">A</Value></DicomAttribute>';
  for (const head of [
    '',
    '<?xml version="1.0"?>',
    "<?xml version='1.0' encoding='utf-8' standalone='yes' ?>\n",
    '\uFEFF',
  ]) {
    for (const name of ['', ' xmlns="http://dicom.nema.org/PS3.19/models/NativeDICOM"', " xml:space='preserve'"]) {
      const { dataSet } = readXml(`${head}<NativeDicomModel${name}>${content}</NativeDicomModel >\n<!-- end -->\n`);
      assert.equal(dataSet.text(Tags.PatientID), 'A');
    }
  }
  // As the standard's own example has it.
  assert.equal(
    readXml('<?xml version="1.0" encoding="UTF-8" xml:space="preserve" ?><NativeDicomModel/>').dataSet.size,
    0,
  );
});

test('values are in order, empty ones keep their place, and left-out ones, too', () => {
  assert.deepEqual(texts('<Value number="1">A</Value><Value number="2"></Value><Value number="3">B</Value>'), [
    'A',
    '',
    'B',
  ]);
  assert.deepEqual(texts('<Value number="1">A</Value>\n<!-- 2 --><Value number="3">B</Value>'), ['A', '', 'B']);
  assert.deepEqual(texts('<Value number="2">A</Value>'), ['', 'A']);
  assert.deepEqual(texts('<Value number="1"/>'), []);
  assert.deepEqual(texts(''), []);
});

test('text has its white space, line ends, entities, references and CDATA', () => {
  const lt = 'tag="0040A160" vr="UT"';
  assert.deepEqual(texts('<Value number="1"> a\r\nb\rc&#13;&#xA;d</Value>', lt), [' a\nb\nc\r\nd']);
  assert.deepEqual(texts('<Value number="1">&lt;&gt;&amp;&quot;&apos;&#x1F600;&#65;</Value>', lt), [`<>&"'😀A`]);
  assert.deepEqual(texts('<Value number="1">a<!-- no -->b<![CDATA[<&amp;]]>c</Value>', lt), ['ab<&amp;c']);
});

test('numbers, tags, binary values and references become what they are', () => {
  const { dataSet, bulkData } = readXml(
    xmlDocument(`
    <DicomAttribute tag="00280010" vr="US"><Value number="1"> 512 </Value></DicomAttribute>
    <DicomAttribute tag="00280009" vr="AT"><Value number="1">00181063</Value></DicomAttribute>
    <DicomAttribute tag="00189087" vr="FD"><Value number="1">-1.5e3</Value><Value number="2">NaN</Value><Value number="3">INF</Value></DicomAttribute>
    <DicomAttribute tag="00420011" vr="OB"><InlineBinary>YW
      JjZA==</InlineBinary></DicomAttribute>
    <DicomAttribute tag="7FE00010" vr="OW"><BulkData uri="a?b&amp;c"/></DicomAttribute>
    <DicomAttribute tag="00282000" vr="OB"><BulkData uuid="8f3b7a3e-0000-4000-8000-000000000000"></BulkData></DicomAttribute>`),
  );
  assert.equal(dataSet.number(Tags.Rows), 512);
  assert.deepEqual(dataSet.texts(Tags.FrameIncrementPointer), ['00181063']);
  assert.deepEqual(dataSet.numbers(Tags.DiffusionBValue), [-1500, Number.NaN, Number.POSITIVE_INFINITY]);
  assert.deepEqual(dataSet.get(Tags.EncapsulatedDocument)?.value, Buffer.from('abcd'));
  assert.deepEqual(
    [...bulkData.values()].map(({ uri }) => uri),
    ['a?b&c', 'urn:uuid:8f3b7a3e-0000-4000-8000-000000000000'],
  );
});

test('person names are put together from their components', () => {
  const name = (content: string): readonly string[] =>
    texts(`<PersonName number="1">${content}</PersonName>`, 'tag="00100010" vr="PN"');
  assert.deepEqual(
    name(
      '<Alphabetic><GivenName>B</GivenName><FamilyName>A</FamilyName></Alphabetic><Phonetic><NameSuffix>x</NameSuffix></Phonetic>',
    ),
    ['A^B==^^^^x'],
  );
  assert.deepEqual(name(''), []);
  assert.deepEqual(name('<Alphabetic/>'), []);
});

test('private elements get their block back: their own, or the lowest that is free', () => {
  const element = (tag: string, creator: string): string =>
    `<DicomAttribute tag="${tag}" vr="LO" privateCreator="${creator}"><Value number="1">v</Value></DicomAttribute>`;
  const creator = (tag: string, name: string): string =>
    `<DicomAttribute tag="${tag}" vr="LO"><Value number="1">${name}</Value></DicomAttribute>`;
  const found = (content: string): readonly string[] =>
    [...readXml(xmlDocument(content)).dataSet].map(({ tag }) => tag.toString(16).padStart(8, '0'));
  assert.deepEqual(found(element('00090001', 'A') + element('00090002', 'B') + element('000B0001', 'A')), [
    ...['00090010', '00090011', '00091001', '00091102', '000b0010', '000b1001'],
  ]);
  assert.deepEqual(found(creator('00090010', 'X') + creator('00090042', 'A') + element('00090001', 'A')), [
    ...['00090010', '00090042', '00094201'],
  ]);
  assert.deepEqual(found(element('00090001', 'A') + creator('00090010', 'A')), ['00090010', '00091001']);
  refused(() => found(element('00090001', 'A') + creator('00090010', 'B')), /comes after elements of its block/);
  const orphan = '<DicomAttribute tag="00091005" vr="LO"/>';
  assert.deepEqual(found(orphan + element('00090001', 'A')), ['00090011', '00091005', '00091101']);
  refused(() => found(element('00090001', 'A') + orphan), /without a creator stands in the block of one/);
  refused(() => found(element('00091001', 'A')), /a tag beside privateCreator has a block/);
  refused(() => found(element('00100020', 'A')), /privateCreator stands at an element of the standard/);
  refused(() => found(element('00090001', ' ')), /has no name/);
  const many = Array.from({ length: 241 }, (_, index) => element('00090001', `C${index}`)).join('');
  refused(() => found(many), /more private creators than blocks/);
});

test('a document type, with or without entities, is not taken: XXE and billion laughs', () => {
  const laughs = `<!DOCTYPE lolz [<!ENTITY lol "lol"><!ENTITY lol2 "&lol;&lol;&lol;&lol;">]>`;
  const external = `<!DOCTYPE NativeDicomModel [<!ENTITY xxe SYSTEM "file:///etc/passwd">]>`;
  for (const type of [
    laughs,
    external,
    '<!DOCTYPE NativeDicomModel SYSTEM "http://127.0.0.1/x.dtd">',
    '<!DOCTYPE a>',
  ]) {
    refused(() => readXml(`${type}<NativeDicomModel/>`), /a document type is not taken/);
    refused(() => readXml(`<?xml version="1.0"?>\n${type}<NativeDicomModel/>`), /a document type is not taken/);
    refused(() => readXml(`<NativeDicomModel>${type}</NativeDicomModel>`), /a document type is not taken/);
  }
  refused(() => readXml(attribute('<Value number="1">&xxe;</Value>')), /a reference means nothing/);
  refused(() => readXml('<NativeDicomModel xmlns="&xxe;"/>'), /a reference means nothing/);
});

test('references that are none, or name what XML cannot hold', () => {
  for (const text of [
    '&',
    '&;',
    '&amp',
    '&AMP;',
    '&nbsp;',
    '&#0;',
    '&#x0;',
    '&#xD800;',
    '&#xFFFE;',
    '&#x110000;',
    '&#;',
    '&#x;',
    '&#27;',
    '&#99999999;',
  ]) {
    refused(() => readXml(attribute(`<Value number="1">${text}</Value>`)), /a reference means nothing/);
  }
});

test('processing instructions, other prefixes, other encodings and versions', () => {
  for (const text of ['<?php x?>', '<?xml-stylesheet href="x"?>', '<NativeDicomModel/><?x y?>']) {
    refused(() => readXml(text), /processing instruction|version 1\.0|follows the end/);
  }
  refused(() => readXml('<?xml version="1.1"?><NativeDicomModel/>'), /none of version 1\.0/);
  for (const encoding of ['ISO-8859-1', 'UTF-16', 'UTF-7']) {
    refused(() => readXml(`<?xml version="1.0" encoding="${encoding}"?><NativeDicomModel/>`), /encoding is not UTF-8/);
  }
  refused(() => readXml('<?xml version="1.0" x="y"?><NativeDicomModel/>'), /something unknown/);
  refused(() => readXml('<d:NativeDicomModel xmlns:d="x"/>'), /tag of the model|no NativeDicomModel|tag is no tag/);
  refused(() => readXml('<NativeDicomModel xmlns="http://example"/>'), /unknown attribute or namespace/);
  refused(() => readXmlModel(Buffer.from('<NativeDicomModel/>', 'utf16le'), limits.model), /holds a character|UTF-8/);
  refused(() => readXmlModel(Buffer.from([0x3c, 0xff]), limits.model), /it is not UTF-8/);
  refused(() => readXml(attribute('<Value number="1">\u0001</Value>')), /holds a character that XML cannot/);
});

test('tags that are not closed, closed twice, crossed, or end early', () => {
  for (const text of [
    '',
    '<NativeDicomModel>',
    '<NativeDicomModel></NativeDicomModel></NativeDicomModel>',
    '<NativeDicomModel/><NativeDicomModel/>',
    '<NativeDicomModel>text</NativeDicomModel>',
    '<NativeDicomModel',
    '<NativeDicomModel a>',
    '<NativeDicomModel a=b/>',
    '<NativeDicomModel></NativeDicomModel a="b">',
    '</NativeDicomModel>',
    '<Other/>',
    '<!-- a -- b --><NativeDicomModel/>',
    '<!-- a ---><NativeDicomModel/>',
    '<!-- a',
    '<![CDATA[a]]>',
    attribute('<Value number="1">A</Item>'),
    attribute('<Value number="1">A'),
    attribute('<Value number="1">A]]></Value>'),
    attribute('<Value number="1"><b>A</b></Value>'),
    attribute('<Value number="1"><![CDATA[A</Value>'),
    attribute('</Value>'),
    attribute('A'),
    attribute('<Item number="1"></DicomAttribute>', 'tag="00101002" vr="SQ"'),
  ]) {
    refused(() => readXml(text), /Cannot read the Native DICOM Model/);
  }
});

test('attributes twice, unknown, in other spellings', () => {
  const value = '<Value number="1">A</Value>';
  for (const attributes of [
    'tag="00100020" tag="00100020" vr="LO"',
    'tag="0010002" vr="LO"',
    'tag="7fe00010" vr="OW"',
    'vr="LO"',
    'tag="00100020" vr="XX"',
    'tag="00100020" vr=""',
    'tag="00100020" VR="LO"',
    'tag="00020010" vr="UI"',
    'tag="FFFEE000" vr="UI"',
    'tag="00100020" vr="LO" href="x"',
    'tag="00100020" vr="LO<"',
  ]) {
    refused(() => readXml(attribute(value, attributes)), /Cannot read the Native DICOM Model/);
  }
  const many = Array.from({ length: 9 }, (_, index) => `${'abcdefghi'[index]}="x"`).join(' ');
  refused(() => readXml(`<NativeDicomModel ${many}/>`), /more than 8 attributes/, 'LIMIT_EXCEEDED');
  refused(
    () => readXml(xmlDocument('<DicomAttribute tag="00100020" vr="LO"/>'.repeat(2))),
    /\(0010,0020\) stands twice/,
  );
});

test('contents of two kinds, of the wrong kind, and numbers that do not count', () => {
  const two = (content: string, attributes?: string) => () => readXml(attribute(content, attributes));
  refused(two('<Value number="1">A</Value><InlineBinary>YWI=</InlineBinary>'), /contents of two kinds/);
  refused(two('<InlineBinary>YWI=</InlineBinary>'.repeat(2), 'tag="00091001" vr="OB"'), /contents of two kinds/);
  refused(two('<BulkData uri="a"/><BulkData uri="b"/>', 'tag="00091001" vr="OB"'), /contents of two kinds/);
  refused(two('<Item number="1"/>'), /a value of VR LO is a data set|VR/);
  refused(two('<Value number="1">A</Value>', 'tag="00101002" vr="SQ"'), /no data set/);
  refused(two('<Value number="1">A</Value>', 'tag="00100010" vr="PN"'), /another type/);
  refused(two('<Value number="1">A</Value>', 'tag="00091001" vr="OB"'), /values written out/);
  refused(two('<Other number="1"/>'), /none of the model/);
  refused(two('<BulkData/>', 'tag="00091001" vr="OB"'), /neither uri nor uuid/);
  refused(two('<BulkData uri="a" uuid="b"/>', 'tag="00091001" vr="OB"'), /unknown/);
  refused(two('<BulkData uri="a">x</BulkData>', 'tag="00091001" vr="OB"'), /not empty/);
  for (const number of ['0', '-1', '01', 'a', '', '1.0', '9999999999']) {
    refused(two(`<Value number="${number}">A</Value>`), /number does not count on/);
  }
  refused(two('<Value>A</Value>'), /number does not count on/);
  refused(two('<Value number="1">A</Value><Value number="1">B</Value>'), /number does not count on/);
  refused(two('<Item number="2"/>', 'tag="00101002" vr="SQ"'), /number does not count on/);
  refused(two('<Value number="100000000">A</Value>'), /more than 4000000 values/, 'LIMIT_EXCEEDED');
});

test('names with delimiters, groups and components twice or unknown', () => {
  const name = (content: string) => () =>
    readXml(attribute(`<PersonName number="1">${content}</PersonName>`, 'tag="00100010" vr="PN"'));
  for (const content of [
    '<Alphabetic><FamilyName>A^B</FamilyName></Alphabetic>',
    '<Alphabetic><FamilyName>A=B</FamilyName></Alphabetic>',
    '<Alphabetic><FamilyName>A</FamilyName><FamilyName>B</FamilyName></Alphabetic>',
    '<Alphabetic/><Alphabetic/>',
    '<Alphabetic>A</Alphabetic>',
    '<Other/>',
    '<Alphabetic><Other>A</Other></Alphabetic>',
    '<Alphabetic number="1"/>',
  ]) {
    refused(name(content), /Cannot read the Native DICOM Model/);
  }
  refused(name('<Alphabetic><FamilyName>A\\B</FamilyName></Alphabetic>'), /a value holds a backslash/);
});

test('nesting bomb: as deep as the limit passes, one deeper does not, nor ten thousand', () => {
  const nested = (depth: number): string =>
    xmlDocument(
      '<DicomAttribute tag="00400275" vr="SQ"><Item number="1">'.repeat(depth) +
        '</Item></DicomAttribute>'.repeat(depth),
    );
  readXml(nested(limits.model.depthMax));
  refused(() => readXml(nested(limits.model.depthMax + 1)), /more than 64 sequences/, 'LIMIT_EXCEEDED');
  refused(() => readXml(nested(10_000)), /more than 64 sequences/, 'LIMIT_EXCEEDED');
  refused(() => readXml('<a>'.repeat(1_000_000)), /no NativeDicomModel/);
});

test('long runs of anything end at once', () => {
  const before = cpuMs();
  for (const text of [
    '<!--'.repeat(300_000),
    '<NativeDicomModel'.repeat(100_000),
    '&'.repeat(1_000_000),
    ' '.repeat(5_000_000),
  ]) {
    refused(() => readXml(text), /Cannot read/);
    refused(() => readXml(attribute(`<Value number="1">${text}`)), /Cannot read/);
  }
  const suffix = `<Alphabetic><NameSuffix>${'^'.repeat(2_000_000)}x</NameSuffix></Alphabetic>`;
  readXml(attribute(`<PersonName number="1">${suffix}</PersonName>`, 'tag="00100010" vr="PN"'));
  refused(() => readXml(`<NativeDicomModel ${' '.repeat(2_000_000)}x`), /Cannot read/);
  refused(() => readXml(`<NativeDicomModel ${'a="b" '.repeat(1_000_000)}`), /Cannot read/);
  refused(() => readXml(`<?xml version="1.0" ${' '.repeat(2_000_000)}x`), /Cannot read/);
  assert.ok(cpuMs() - before < 10_000);
});

test('what a document says is what its data set says', () => {
  const dataSet = new DataSet()
    .setText(Tags.SpecificCharacterSet, 'CS', 'ISO_IR 192')
    .setText(0x00090010, 'LO', 'ACME & Sons')
    .setText(0x00091001, 'LT', ' <two>\r\n\tlines')
    .setText(Tags.PatientName, 'PN', ['Buc^Jérôme', '', '=洪^吉洞'])
    .setItems(Tags.RequestAttributesSequence, [new DataSet(), new DataSet().setNumber(Tags.Rows, 'US', [1, 2])]);
  assert.deepEqual(plain(readXml(xmlOf(dataSet)).dataSet), plain(dataSet));
});
