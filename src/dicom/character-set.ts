/**
 * Text by Specific Character Set (0008,0005): PS3.3 C.12.1.1.2, PS3.5 6.1 and annexes H to K. Bytes that mean nothing
 * become U+FFFD and never an error, since a name that cannot be shown whole must not hide a patient. Which term a data set
 * has, and what padding is dropped, is for data-set.ts.
 */
import { asciiText, isPlainAscii } from './ascii.ts';
import {
  ascii,
  codedCharacterSet,
  codedCharacterSets,
  encodeChinese,
  type CodedCharacterSet,
} from './character-tables.ts';
import { isMultiValuedText, type Vr } from './vr.ts';

/** What the terms of a data set come to. */
type Repertoire =
  | { readonly kind: 'utf-8' }
  | { readonly kind: 'chinese'; readonly term: 'GB18030' | 'GBK' }
  | {
      readonly kind: 'iso-2022';
      /** What is in force at the start and after each delimiter. */
      readonly g0: CodedCharacterSet;
      readonly g1: CodedCharacterSet | undefined;
      /** What an encoder may switch to. */
      readonly others: readonly CodedCharacterSet[];
    };

const replacement = '\uFFFD';
const escapeByte = 0x1b;
const utf8 = new TextDecoder('utf-8', { ignoreBOM: true });
const toUtf8 = new TextEncoder();

/** Every defined term of PS3.3 tables C.12-2 to C.12-5. */
export const characterSetTerms: readonly string[] = [
  ...[6, 13, 100, 101, 109, 110, 126, 127, 138, 144, 148, 166, 203, 192].map((number) => `ISO_IR ${number}`),
  'GB18030',
  'GBK',
  ...[6, 13, 58, 87, 100, 101, 109, 110, 126, 127, 138, 144, 148, 149, 159, 166, 203].map(
    (number) => `ISO 2022 IR ${number}`,
  ),
];

/**
 * The text of these bytes, padding and delimiters included.
 * @param terms the values of Specific Character Set; an empty list or a term that is not defined means ISO_IR 6
 * @param vr decides which characters are delimiters, after which code extensions start afresh (PS3.5 6.1.2.5.3)
 */
export function decodeText(bytes: Uint8Array, terms: readonly string[], vr: Vr): string {
  if (isPlainAscii(bytes)) return asciiText(bytes);
  const repertoire = repertoireOf(terms);
  if (repertoire.kind === 'utf-8') return utf8.decode(bytes);
  if (repertoire.kind === 'chinese') return new TextDecoder(repertoire.term).decode(bytes);
  return decodeIso2022(bytes, repertoire, vr);
}

/**
 * The bytes of this text, without padding. A character that the terms cannot hold becomes `?`; ask `canEncode` first
 * where that matters.
 */
export function encodeText(text: string, terms: readonly string[], vr: Vr): Uint8Array {
  return encode(text, repertoireOf(terms), vr).bytes;
}

/** Do these terms hold every character of the text? */
export function canEncode(text: string, terms: readonly string[]): boolean {
  return encode(text, repertoireOf(terms), 'LO').complete;
}

/**
 * The values of a multi-valued text as bytes. A byte 5C that is the second half of a character (JIS X 0208, GB18030, GBK)
 * separates nothing. An empty value gives one empty part.
 */
export function splitValues(bytes: Uint8Array, terms: readonly string[]): readonly Uint8Array[] {
  const repertoire = repertoireOf(terms);
  const parts: Uint8Array[] = [];
  let start = 0;
  let pairs = false;
  for (let at = 0; at < bytes.length; ) {
    const byte = bytes[at] ?? 0;
    if (byte === 0x5c && !pairs) {
      parts.push(bytes.subarray(start, at));
      start = at + 1;
      at += 1;
    } else if (repertoire.kind === 'chinese') {
      at += chineseLength(bytes, at);
    } else if (repertoire.kind === 'iso-2022' && byte === escapeByte) {
      const set = escapeAt(bytes, at);
      if (set?.half === 'G0') pairs = set.bytesPerCharacter === 2;
      at += 1 + (set?.escape.length ?? 0);
    } else if (pairs && isDoubleByte(byte, bytes[at + 1])) {
      at += 2;
    } else {
      if (isLineDelimiter(byte)) pairs = false;
      at += 1;
    }
  }
  parts.push(bytes.subarray(start));
  return parts;
}

/** ISO 2022 IR 100, ISO_IR 100, and the slips `ISO-IR 100`, `ISO IR 100` and `ISO_IR100` that devices send. */
const isoTerm = /^ISO[ _-]?(?<extended>2022[ _-]?)?IR[ _-]?(?<registration>\d{1,3})$/;

function repertoireOf(terms: readonly string[]): Repertoire {
  const [first = '', ...rest] = terms.map((term) => term.trim().toUpperCase());
  if (first === 'GB18030' || first === 'GBK') return { kind: 'chinese', term: first };
  if (registrationOf(first) === 192) return { kind: 'utf-8' };
  const sets = [first, ...rest].flatMap((term) => {
    const registration = registrationOf(term);
    const set = registration === undefined ? undefined : codedCharacterSet(registration);
    return set === undefined ? [] : [set];
  });
  const initial = codedCharacterSet(registrationOf(first) ?? 6) ?? ascii;
  // JIS X 0201 is a pair: romaji in the lower half, katakana in the upper (PS3.3 table C.12-2).
  const g0 = initial.registration === 13 ? (codedCharacterSet(14) ?? ascii) : ascii;
  return { kind: 'iso-2022', g0, g1: initial.half === 'G1' ? initial : undefined, others: sets };
}

function registrationOf(term: string): number | undefined {
  const registration = isoTerm.exec(term)?.groups?.['registration'];
  return registration === undefined ? undefined : Number(registration);
}

type Iso2022 = Extract<Repertoire, { kind: 'iso-2022' }>;

function decodeIso2022(bytes: Uint8Array, repertoire: Iso2022, vr: Vr): string {
  let { g0, g1 } = repertoire;
  let text = '';
  for (let at = 0; at < bytes.length; ) {
    const byte = bytes[at] ?? 0;
    if (byte === escapeByte) {
      const set = escapeAt(bytes, at);
      if (set === undefined) text += replacement;
      else if (set.half === 'G0') g0 = set;
      else g1 = set;
      at += 1 + (set?.escape.length ?? 0);
      continue;
    }
    const set = byte < 0x80 ? g0 : g1;
    if (byte <= 0x20 || byte === 0x7f) {
      // Controls and the space are the same in every set.
      text += String.fromCharCode(byte);
      if (isLineDelimiter(byte)) ({ g0, g1 } = repertoire);
      at += 1;
    } else if (set?.bytesPerCharacter === 2) {
      const second = bytes[at + 1];
      const whole = isDoubleByte(byte, second);
      text += (whole ? set.decode((byte << 8) | (second ?? 0)) : undefined) ?? replacement;
      at += whole ? 2 : 1;
    } else {
      text += set?.decode(byte) ?? replacement;
      if (isValueDelimiter(byte, vr)) ({ g0, g1 } = repertoire);
      at += 1;
    }
  }
  return text;
}

/** The set that the escape sequence at this place names, or undefined when it is none that PS3.3 defines. */
function escapeAt(bytes: Uint8Array, at: number): CodedCharacterSet | undefined {
  return codedCharacterSets.find(({ escape }) => {
    for (let index = 0; index < escape.length; index += 1) {
      if (bytes[at + 1 + index] !== escape.charCodeAt(index)) return false;
    }
    return true;
  });
}

/** Both bytes in the same half and none of them a control: one character of a double-byte set. */
function isDoubleByte(first: number, second: number | undefined): boolean {
  if (second === undefined) return false;
  return first < 0x80 ? second > 0x20 && second < 0x7f : second >= 0xa1;
}

/** Bytes of the GB18030 or GBK character at this place. */
function chineseLength(bytes: Uint8Array, at: number): number {
  const first = bytes[at] ?? 0;
  const second = bytes[at + 1] ?? 0;
  if (first < 0x81 || first === 0xff) return 1;
  if (second >= 0x30 && second <= 0x39) {
    const third = bytes[at + 2] ?? 0;
    const fourth = bytes[at + 3] ?? 0;
    return third >= 0x81 && third <= 0xfe && fourth >= 0x30 && fourth <= 0x39 ? 4 : 1;
  }
  return second >= 0x40 && second !== 0x7f && second !== 0xff ? 2 : 1;
}

/** PS3.5 6.1.2.5.3: TAB, LF, FF and CR end what code extensions were in force. */
function isLineDelimiter(byte: number): boolean {
  return byte === 0x09 || byte === 0x0a || byte === 0x0c || byte === 0x0d;
}

/** PS3.5 6.1.2.5.3: so does the backslash between values, and in person names `^` and `=`. */
function isValueDelimiter(byte: number, vr: Vr): boolean {
  if (byte === 0x5c) return isMultiValuedText(vr);
  return vr === 'PN' && (byte === 0x5e || byte === 0x3d);
}

interface Encoded {
  readonly bytes: Uint8Array;
  /** No character was replaced. */
  readonly complete: boolean;
}

function encode(text: string, repertoire: Repertoire, vr: Vr): Encoded {
  if (repertoire.kind === 'iso-2022') return encodeIso2022(text, repertoire, vr);
  if (repertoire.kind === 'utf-8') return { bytes: toUtf8.encode(text), complete: text.isWellFormed() };
  const codes = Array.from(text, (character) => encodeChinese(character, repertoire.term));
  return { bytes: Uint8Array.from(codes.flatMap((code) => code ?? [0x3f])), complete: !codes.includes(undefined) };
}

function encodeIso2022(text: string, repertoire: Iso2022, vr: Vr): Encoded {
  const bytes: number[] = [];
  let { g0, g1 } = repertoire;
  let complete = true;
  const switchTo = (set: CodedCharacterSet): void => {
    bytes.push(escapeByte, ...Buffer.from(set.escape, 'latin1'));
    if (set.half === 'G0') g0 = set;
    else g1 = set;
  };
  for (const character of text) {
    const known = character.charCodeAt(0) !== escapeByte;
    const code = known ? ascii.encode(character) : 0x3f;
    if (code !== undefined) {
      complete &&= known;
      if (g0.bytesPerCharacter === 2) switchTo(repertoire.g0);
      bytes.push(code);
      if (isLineDelimiter(code) || isValueDelimiter(code, vr)) ({ g0, g1 } = repertoire);
      continue;
    }
    const set = [g0, ...(g1 === undefined ? [] : [g1]), ...repertoire.others].find(
      (candidate) => candidate.encode(character) !== undefined,
    );
    if (set === undefined) {
      complete = false;
      if (g0.bytesPerCharacter === 2) switchTo(repertoire.g0);
      bytes.push(0x3f);
      continue;
    }
    if (set !== g0 && set !== g1) switchTo(set);
    const found = set.encode(character) ?? 0;
    if (set.bytesPerCharacter === 2) bytes.push(found >>> 8, found & 0xff);
    else bytes.push(found);
  }
  // PS3.5 6.1.2.5.3: the lower half is back in its initial state before the end.
  if (g0 !== repertoire.g0) switchTo(repertoire.g0);
  return { bytes: Uint8Array.from(bytes), complete };
}
