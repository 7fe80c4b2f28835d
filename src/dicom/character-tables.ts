/**
 * The coded character sets behind the defined terms of PS3.3 C.12.1.1.2, each with its ISO 2022 escape sequence (PS3.3
 * tables C.12-3 and C.12-4). Tables are drawn from Node's own decoders at first use; character-set.ts puts them together.
 */

/** One ISO 2022 coded character set, as it stands in the lower (G0) or upper (G1) half of a byte. */
export interface CodedCharacterSet {
  /** Registration number, the `n` of `ISO 2022 IR n`. */
  readonly registration: number;
  readonly half: 'G0' | 'G1';
  readonly bytesPerCharacter: 1 | 2;
  /** What follows ESC to put it in its half. */
  readonly escape: string;
  /** The character of a code, or undefined where there is none. A code of two bytes has the first one high. */
  decode(code: number): string | undefined;
  /** The code of a character (one code point), or undefined. */
  encode(character: string): number | undefined;
}

interface Table {
  readonly characters: ReadonlyMap<number, string>;
  readonly codes: ReadonlyMap<string, number>;
}

/** The repertoire of ASCII. Of ISO-IR 14 the yen sign and the overline are read as `\` and `~`: 5C is the delimiter. */
const sevenBit = {
  half: 'G0',
  bytesPerCharacter: 1,
  decode: (code: number) => (code < 0x80 ? String.fromCharCode(code) : undefined),
  encode(character: string) {
    const code = character.codePointAt(0);
    return code !== undefined && code < 0x80 ? code : undefined;
  },
} as const;

export const ascii: CodedCharacterSet = { registration: 6, escape: '(B', ...sevenBit };
const romaji: CodedCharacterSet = { registration: 14, escape: '(J', ...sevenBit };

/** Half-width katakana, JIS X 0201. */
const katakana: CodedCharacterSet = {
  registration: 13,
  half: 'G1',
  bytesPerCharacter: 1,
  escape: ')I',
  decode: (code) => (code >= 0xa1 && code <= 0xdf ? String.fromCharCode(0xff61 + code - 0xa1) : undefined),
  encode(character) {
    const code = (character.codePointAt(0) ?? 0) - 0xff61 + 0xa1;
    return code >= 0xa1 && code <= 0xdf ? code : undefined;
  },
};

const latinOf = (registration: number, escape: string, label: string): CodedCharacterSet =>
  fromDecoder({ registration, half: 'G1', bytesPerCharacter: 1, escape }, label, upperBytes(), (code) => [code]);

/** Every coded character set that an escape sequence can name. */
export const codedCharacterSets: readonly CodedCharacterSet[] = [
  ascii,
  romaji,
  katakana,
  latinOf(100, '-A', 'iso-8859-1'),
  latinOf(101, '-B', 'iso-8859-2'),
  latinOf(109, '-C', 'iso-8859-3'),
  latinOf(110, '-D', 'iso-8859-4'),
  latinOf(144, '-L', 'iso-8859-5'),
  latinOf(127, '-G', 'iso-8859-6'),
  latinOf(126, '-F', 'iso-8859-7'),
  latinOf(138, '-H', 'iso-8859-8'),
  latinOf(148, '-M', 'iso-8859-9'),
  latinOf(203, '-b', 'iso-8859-15'),
  latinOf(166, '-T', 'windows-874'),
  // JIS X 0208 and JIS X 0212 in the lower half: EUC-JP has the same codes in the upper one.
  fromDecoder({ registration: 87, half: 'G0', bytesPerCharacter: 2, escape: '$B' }, 'euc-jp', pairs(0x21), (code) => [
    (code >>> 8) | 0x80,
    (code & 0xff) | 0x80,
  ]),
  fromDecoder({ registration: 159, half: 'G0', bytesPerCharacter: 2, escape: '$(D' }, 'euc-jp', pairs(0x21), (code) => [
    0x8f,
    (code >>> 8) | 0x80,
    (code & 0xff) | 0x80,
  ]),
  // KS X 1001 and GB 2312 in the upper half.
  fromDecoder({ registration: 149, half: 'G1', bytesPerCharacter: 2, escape: '$)C' }, 'euc-kr', pairs(0xa1), twoBytes),
  fromDecoder({ registration: 58, half: 'G1', bytesPerCharacter: 2, escape: '$)A' }, 'gbk', pairs(0xa1), twoBytes),
];

const registrations = new Map(codedCharacterSets.map((set) => [set.registration, set]));

/** The set of `ISO 2022 IR n`, or undefined. */
export function codedCharacterSet(registration: number): CodedCharacterSet | undefined {
  return registrations.get(registration);
}

/** GB 18030 and GBK, which have no escape sequences: the code bytes of a character, or undefined. */
export function encodeChinese(character: string, term: 'GB18030' | 'GBK'): readonly number[] | undefined {
  const codePoint = character.codePointAt(0) ?? 0;
  if (codePoint < 0x80) return [codePoint];
  chineseTwoBytes ??= tableOf('gbk', chinesePairs(), twoBytes);
  const code = chineseTwoBytes.codes.get(character);
  if (code !== undefined) return twoBytes(code);
  if (term === 'GBK') return undefined;
  // GB 18030 numbers its four-byte codes in one line; above the basic plane that line is the code points' own.
  if (codePoint >= 0x10000) return fourBytes(189_000 + codePoint - 0x10000);
  chineseFourBytes ??= tableOf('gb18030', pointers(39_420), fourBytes);
  const pointer = chineseFourBytes.codes.get(character);
  return pointer === undefined ? undefined : fourBytes(pointer);
}

let chineseTwoBytes: Table | undefined;
let chineseFourBytes: Table | undefined;

function fromDecoder(
  facts: Pick<CodedCharacterSet, 'registration' | 'half' | 'bytesPerCharacter' | 'escape'>,
  label: string,
  codes: Iterable<number>,
  bytesOf: (code: number) => readonly number[],
): CodedCharacterSet {
  let table: Table | undefined;
  const loaded = (): Table => {
    table ??= tableOf(label, codes, bytesOf);
    return table;
  };
  return {
    ...facts,
    decode: (code) => loaded().characters.get(code),
    encode: (character) => loaded().codes.get(character),
  };
}

/** Decodes every code on a line of its own, so that one call of the decoder draws the whole table. */
function tableOf(label: string, codes: Iterable<number>, bytesOf: (code: number) => readonly number[]): Table {
  const asked = [...codes];
  const lines = new TextDecoder(label)
    .decode(Uint8Array.from(asked.flatMap((code) => [...bytesOf(code), 0x0a])))
    .split('\n');
  const characters = new Map<number, string>();
  const reverse = new Map<string, number>();
  for (const [index, code] of asked.entries()) {
    const character = lines[index] ?? '';
    // More than one character, or the replacement character: the code stands for nothing.
    if (character === '\uFFFD' || Array.from(character).length !== 1) continue;
    characters.set(code, character);
    if (!reverse.has(character)) reverse.set(character, code);
  }
  return { characters, codes: reverse };
}

function twoBytes(code: number): readonly number[] {
  return [code >>> 8, code & 0xff];
}

function fourBytes(pointer: number): readonly number[] {
  return [
    0x81 + Math.floor(pointer / 12_600),
    0x30 + (Math.floor(pointer / 1260) % 10),
    0x81 + (Math.floor(pointer / 10) % 126),
    0x30 + (pointer % 10),
  ];
}

function* upperBytes(): Generator<number> {
  for (let code = 0xa0; code <= 0xff; code += 1) yield code;
}

/** The 94 by 94 codes of a double-byte set whose bytes start at `first`. */
function pairs(first: number): Iterable<number> {
  return {
    *[Symbol.iterator]() {
      for (let high = first; high < first + 94; high += 1) {
        for (let low = first; low < first + 94; low += 1) yield (high << 8) | low;
      }
    },
  };
}

function* chinesePairs(): Generator<number> {
  for (let high = 0x81; high <= 0xfe; high += 1) {
    for (let low = 0x40; low <= 0xfe; low += 1) if (low !== 0x7f) yield (high << 8) | low;
  }
}

function* pointers(count: number): Generator<number> {
  for (let pointer = 0; pointer < count; pointer += 1) yield pointer;
}
