import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import * as fc from 'fast-check';
import { corpusFolder, needsCorpus } from '../../test/support/peers.ts';
import { canEncode, characterSetTerms, decodeText, encodeText, splitValues } from './character-set.ts';

const bytesOf = (text: string): Uint8Array => Uint8Array.from(Buffer.from(text, 'latin1'));
const esc = '\u001b';

/** Names of PS3.5 annexes H to K, byte by byte. */
const examples: readonly { clause: string; terms: readonly string[]; bytes: string; text: string }[] = [
  {
    clause: 'H.3.1: Japanese, value 1 empty',
    terms: ['', 'ISO 2022 IR 87'],
    bytes: `Yamada^Tarou=${esc}$B;3ED${esc}(B^${esc}$BB@O:${esc}(B=${esc}$B$d$^$@${esc}(B^${esc}$B$?$m$&${esc}(B`,
    text: 'Yamada^Tarou=山田^太郎=やまだ^たろう',
  },
  {
    clause: 'H.3.2: Japanese, half-width katakana',
    terms: ['ISO 2022 IR 13', 'ISO 2022 IR 87'],
    bytes:
      `\xd4\xcf\xc0\xde^\xc0\xdb\xb3=${esc}$B;3ED${esc}(J^${esc}$BB@O:${esc}(J` +
      `=${esc}$B$d$^$@${esc}(J^${esc}$B$?$m$&${esc}(J`,
    text: 'ﾔﾏﾀﾞ^ﾀﾛｳ=山田^太郎=やまだ^たろう',
  },
  {
    clause: 'I.2: Korean',
    terms: ['', 'ISO 2022 IR 149'],
    bytes: `Hong^Gildong=${esc}$)C\xfb\xf3^${esc}$)C\xd1\xce\xd4\xd7=${esc}$)C\xc8\xab^${esc}$)C\xb1\xe6\xb5\xbf`,
    text: 'Hong^Gildong=洪^吉洞=홍^길동',
  },
  {
    clause: 'J.1: Chinese in UTF-8',
    terms: ['ISO_IR 192'],
    bytes: 'Wang^XiaoDong=\xe7\x8e\x8b^\xe5\xb0\x8f\xe6\x9d\xb1=',
    text: 'Wang^XiaoDong=王^小東=',
  },
  {
    clause: 'J.3: Chinese in GB18030',
    terms: ['GB18030'],
    bytes: 'Wang^XiaoDong=\xcd\xf5^\xd0\xa1\xb6\xab=',
    text: 'Wang^XiaoDong=王^小东=',
  },
  {
    clause: 'K.2: Chinese in GB 2312',
    terms: ['', 'ISO 2022 IR 58'],
    bytes: `Zhang^XiaoDong=${esc}$)A\xd5\xc5^${esc}$)A\xd0\xa1\xb6\xab=`,
    text: 'Zhang^XiaoDong=张^小东=',
  },
  { clause: 'Latin-1', terms: ['ISO_IR 100'], bytes: 'Buc^J\xe9r\xf4me', text: 'Buc^Jérôme' },
  { clause: 'Greek', terms: ['ISO_IR 126'], bytes: '\xc4\xe9\xef\xed\xf5\xf3\xe9\xef\xf2', text: 'Διονυσιος' },
  { clause: 'Cyrillic', terms: ['ISO_IR 144'], bytes: '\xbb\xee\xda\x63e\xdc\xd1yp\xd3', text: 'Люкceмбypг' },
  { clause: 'Arabic', terms: ['ISO_IR 127'], bytes: '\xe2\xc8\xc7\xe6\xea^\xe4\xe6\xd2\xc7\xd1', text: 'قباني^لنزار' },
  { clause: 'Hebrew', terms: ['ISO_IR 138'], bytes: '\xf9\xf8\xe5\xef^\xe3\xe1\xe5\xf8\xe4', text: 'שרון^דבורה' },
  { clause: 'Thai', terms: ['ISO_IR 166'], bytes: '\xca\xc1\xc8\xd1\xa1\xb4\xd4\xec', text: 'สมศักดิ์' },
  { clause: 'Latin-9', terms: ['ISO_IR 203'], bytes: '\xbcuvre \xa4', text: 'Œuvre €' },
];

for (const { clause, terms, bytes, text } of examples) {
  test(`the name of ${clause} is read and written as the standard shows it`, () => {
    assert.equal(decodeText(bytesOf(bytes), terms, 'PN'), text);
    assert.equal(Buffer.from(encodeText(text, terms, 'PN')).toString('latin1'), bytes);
  });
}

test('French and Cyrillic in one value are switched by escape sequences', () => {
  const terms = ['ISO 2022 IR 100', 'ISO 2022 IR 144'];
  assert.equal(decodeText(bytesOf(`\xe9${esc}-L\xd6${esc}-A\xe9`), terms, 'LO'), 'éжé');
  assert.equal(decodeText(encodeText('éж', terms, 'LO'), terms, 'LO'), 'éж');
});

test('a delimiter takes back what an escape sequence put in force, by VR', () => {
  const terms = ['', 'ISO 2022 IR 149'];
  const value = bytesOf(`${esc}$)C\xc8\xab^\xc8\xab`);
  assert.equal(decodeText(value, terms, 'PN'), '홍^\uFFFD\uFFFD');
  assert.equal(decodeText(value, terms, 'LO'), '홍^홍');
  assert.equal(decodeText(bytesOf(`${esc}$)C\xc8\xab\\\xc8\xab`), terms, 'LO'), '홍\\\uFFFD\uFFFD');
  assert.equal(decodeText(bytesOf(`${esc}$)C\xc8\xab\\\xc8\xab`), terms, 'LT'), '홍\\홍');
  assert.equal(decodeText(bytesOf(`${esc}$)C\xc8\xab\r\n\xc8\xab`), terms, 'LT'), '홍\r\n\uFFFD\uFFFD');
});

test('a backslash inside a character of two bytes separates nothing', () => {
  // U+4E57 is 81 5C in GBK; the second 5C is a separator.
  const chinese = Uint8Array.of(0x81, 0x5c, 0x5c, 0x41);
  assert.deepEqual(
    splitValues(chinese, ['GB18030']).map((part) => decodeText(part, ['GB18030'], 'LO')),
    ['乗', 'A'],
  );
  assert.deepEqual(
    splitValues(chinese, ['GBK']).map((part) => part.length),
    [2, 1],
  );
  const japanese = bytesOf(`${esc}$B%\\${esc}(B\\B`);
  const terms = ['', 'ISO 2022 IR 87'];
  assert.deepEqual(
    splitValues(japanese, terms).map((part) => decodeText(part, terms, 'LO')),
    ['ボ', 'B'],
  );
  assert.deepEqual(
    splitValues(bytesOf('a\\\\b\\'), []).map((part) => part.length),
    [1, 0, 1, 0],
  );
});

test('bytes beyond the repertoire and terms that are not defined show as U+FFFD', () => {
  assert.equal(decodeText(bytesOf('M\xfcller'), [], 'PN'), 'M\uFFFDller');
  assert.equal(decodeText(bytesOf('M\xfcller'), ['ISO_IR 999'], 'PN'), 'M\uFFFDller');
  assert.equal(decodeText(bytesOf('M\xfcller'), ['<script>'], 'PN'), 'M\uFFFDller');
  assert.equal(decodeText(bytesOf('M\xfcller'), ['ISO_IR 192'], 'PN'), 'M\uFFFDller');
  assert.equal(decodeText(bytesOf(`a${esc}[31mb`), ['', 'ISO 2022 IR 87'], 'LO'), 'a\uFFFD[31mb');
  assert.equal(decodeText(bytesOf(`${esc}$B;`), ['', 'ISO 2022 IR 87'], 'LO'), '\uFFFD');
});

test('the slips in terms that devices send are understood', () => {
  for (const term of ['ISO_IR 100', 'ISO-IR 100', 'ISO IR 100', 'ISO_IR100', 'iso_ir 100 ']) {
    assert.equal(decodeText(bytesOf('\xe9'), [term], 'LO'), 'é', term);
  }
});

test('what the terms cannot hold is written as a question mark, and canEncode says so beforehand', () => {
  assert.equal(canEncode('Müller', ['ISO_IR 100']), true);
  assert.equal(canEncode('山田', ['ISO_IR 100']), false);
  assert.equal(Buffer.from(encodeText('山ü', ['ISO_IR 100'], 'LO')).toString('latin1'), '?\xfc');
  assert.equal(canEncode('a\u001b$Bb', ['', 'ISO 2022 IR 87']), false);
  assert.equal(canEncode('😀', ['GBK']), false);
  assert.equal(canEncode('😀', ['GB18030']), true);
  assert.equal(decodeText(encodeText('€😀', ['GB18030'], 'LO'), ['GB18030'], 'LO'), '€😀');
});

test('property: what a term can hold comes back as it was, for every defined term', () => {
  const unit = fc.oneof(
    fc.constantFrom(...Array.from('aZ09^= éßЖΩقשกŒ€山田ﾔんダ한洪张東龥鷗')),
    fc.integer({ min: 0x20, max: 0xffff }).map((code) => String.fromCharCode(code)),
  );
  fc.assert(
    fc.property(
      fc.constantFrom(...characterSetTerms),
      fc.array(fc.constantFrom(...characterSetTerms.filter((term) => term.startsWith('ISO 2022'))), { maxLength: 3 }),
      fc.array(unit, { maxLength: 12 }),
      fc.constantFrom('PN' as const, 'LO' as const, 'LT' as const),
      (first, others, units, vr) => {
        const terms = first.startsWith('ISO 2022') ? [first, ...others] : [first];
        const text = units.filter((character) => canEncode(character, terms)).join('');
        assert.equal(decodeText(encodeText(text, terms, vr), terms, vr), text);
      },
    ),
    { numRuns: 2000 },
  );
});

test('property: every character of every double-byte and single-byte set comes back', () => {
  for (const term of characterSetTerms) {
    let held = 0;
    for (let code = 0x21; code < 0xfffe; code += 7) {
      const character = String.fromCharCode(code);
      if (!canEncode(character, [term])) continue;
      held += 1;
      assert.equal(decodeText(encodeText(character, [term], 'LO'), [term], 'LO'), character, `${term} ${code}`);
    }
    assert.ok(held > 5, term);
  }
});

test('property: no bytes and no terms make decoding or splitting throw, and splitting loses no byte', () => {
  const byte = fc.oneof(fc.constantFrom(0x1b, 0x24, 0x28, 0x29, 0x2d, 0x42, 0x43, 0x44, 0x5c, 0x81), fc.nat(255));
  fc.assert(
    fc.property(
      fc.array(byte, { maxLength: 60 }),
      fc.array(fc.oneof(fc.constantFrom(...characterSetTerms), fc.string({ maxLength: 12 })), { maxLength: 3 }),
      (values, terms) => {
        const bytes = Uint8Array.from(values);
        assert.equal(typeof decodeText(bytes, terms, 'PN'), 'string');
        const parts = splitValues(bytes, terms);
        assert.equal(
          parts.reduce((sum, part) => sum + part.length + 1, -1),
          bytes.length,
        );
      },
    ),
    { numRuns: 2000 },
  );
});

/** The first element of the data set with this tag in an explicit little-endian file; enough for these small files. */
function explicitPersonName(file: Uint8Array): Uint8Array | undefined {
  const buffer = Buffer.from(file);
  const at = buffer.indexOf(Buffer.from([0x10, 0x00, 0x10, 0x00, 0x50, 0x4e]));
  return at < 0 ? undefined : file.subarray(at + 8, at + 8 + buffer.readUInt16LE(at + 6));
}

test('names in real files are read', needsCorpus(), () => {
  const names = [
    ['pydicom__chrGreek.dcm', ['ISO_IR 126'], 'Διονυσιος'],
    ['pydicom__chrH31.dcm', ['', 'ISO 2022 IR 87'], 'Yamada^Tarou=山田^太郎=やまだ^たろう'],
    ['pydicom__chrI2.dcm', ['', 'ISO 2022 IR 149'], 'Hong^Gildong=洪^吉洞=홍^길동'],
    ['pydicom__chrX1.dcm', ['ISO_IR 192'], 'Wang^XiaoDong=王^小東'],
    ['pydicom__chrX2.dcm', ['GB18030'], 'Wang^XiaoDong=王^小东'],
  ] as const;
  for (const [file, terms, name] of names) {
    const bytes = explicitPersonName(readFileSync(join(corpusFolder ?? '', 'real', file)));
    assert.ok(bytes !== undefined, file);
    assert.equal(decodeText(bytes, terms, 'PN').replace(/[ =]+$/, ''), name);
  }
});
