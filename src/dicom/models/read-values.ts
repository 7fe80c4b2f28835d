/**
 * Value bytes (little endian, PS3.5 6.2) out of what a model's document holds: strict in types, ranges and delimiters. What
 * a text means (a date, a code) is not judged here, as little as for instances that come by DIMSE.
 */
import { attributeByTag } from '../dictionary/dictionary.ts';
import type { Tag } from '../tag.ts';
import { numberBytes, numbersToBytes } from '../value-numbers.ts';
import { isMultiValuedText, usesCharacterSet, type Vr, wordBytes } from '../vr.ts';
import { parseModelTag } from './element-path.ts';
import { hasForeignControl, isBinary, isPlainAscii, type NameGroups } from './model-values.ts';
import type { ReadContext } from './read-context.ts';
import { withoutEnd } from '../without-end.ts';

/** A number as it is spelled, since a double would lose digits. */
export interface SpelledNumber {
  readonly number: string;
}

/** One value of a document; null for an empty one. */
export type ReadValue = string | SpelledNumber | NameGroups | null;

const nothing = new Uint8Array(0);
const toUtf8 = new TextEncoder();

/** The bytes of these values. The VR is neither SQ nor binary. @throws LeadglassError MALFORMED */
export function valueBytes(values: readonly ReadValue[], vr: Vr, tag: Tag, context: ReadContext): Uint8Array {
  if (values.length === 0) return nothing;
  switch (vr) {
    case 'AT':
      return numbersToBytes(
        values.map((value) => tagFrom(value, context)),
        vr,
        tag,
      );
    case 'SL':
    case 'SS':
    case 'UL':
    case 'US':
    case 'SV':
    case 'UV':
      return integerBytes(values, vr, context);
    case 'FD':
    case 'FL':
      return numbersToBytes(
        values.map((value) => floatFrom(value, vr, context)),
        vr,
        tag,
      );
    default:
      return textBytes(values, vr, context);
  }
}

/** The bytes of canonical base64 (RFC 4648 3.5). @throws LeadglassError MALFORMED */
export function inlineBytes(base64: string, vr: Vr, context: ReadContext): Uint8Array {
  // F.2.7 names US beside OW, so the VRs of binary numbers may come so, too.
  const unit = isBinary(vr) ? wordBytes(vr) : numberBytes(vr);
  if (unit === 0) throw context.malformed(`VR ${vr} cannot stand as InlineBinary`);
  const bytes = Buffer.from(base64, 'base64');
  if (base64.length % 4 !== 0 || bytes.toString('base64') !== base64) {
    throw context.malformed('InlineBinary is no base64');
  }
  if (bytes.length % unit !== 0) {
    throw context.malformed(`InlineBinary has ${bytes.length} bytes, expected a multiple of ${unit} for VR ${vr}`);
  }
  return padded(bytes, 0);
}

/** What an element without a VR has: the dictionary's, US or SS by its values, UN for what is not known. */
export function vrByDictionary(tag: Tag, fallback: Vr, values: readonly ReadValue[]): Vr {
  const entry = attributeByTag(tag);
  if (entry === undefined) return fallback;
  const hasNegative = values.some(
    (value) => typeof value === 'object' && value !== null && 'number' in value && value.number.startsWith('-'),
  );
  if (entry.vr === 'US' && hasNegative && entry.vrs.includes('SS')) return 'SS';
  // With values written out it is the choice that has some.
  return values.length === 0 ? entry.vr : (entry.vrs.find((vr) => !isBinary(vr)) ?? entry.vr);
}

function tagFrom(value: ReadValue, context: ReadContext): number {
  const tag = typeof value === 'string' ? parseModelTag(value) : undefined;
  if (tag === undefined) throw context.malformed('a value of VR AT is no text of eight upper case hexadecimal digits');
  return tag;
}

const integerRanges = {
  SS: [-(2n ** 15n), 2n ** 15n - 1n],
  US: [0n, 2n ** 16n - 1n],
  SL: [-(2n ** 31n), 2n ** 31n - 1n],
  UL: [0n, 2n ** 32n - 1n],
  SV: [-(2n ** 63n), 2n ** 63n - 1n],
  UV: [0n, 2n ** 64n - 1n],
} as const;

function integerBytes(values: readonly ReadValue[], vr: keyof typeof integerRanges, context: ReadContext): Uint8Array {
  const size = numberBytes(vr);
  const bytes = Buffer.alloc(values.length * size);
  const [least, most] = integerRanges[vr];
  for (const [index, value] of values.entries()) {
    const integer = integerFrom(value, vr, context);
    if (integer < least || integer > most) throw context.malformed(`a value does not fit VR ${vr}`);
    const unsigned = BigInt.asUintN(64, integer);
    if (size === 8) bytes.writeBigUInt64LE(unsigned, index * size);
    else bytes.writeUIntLE(Number(BigInt.asUintN(size * 8, integer)), index * size, size);
  }
  return bytes;
}

function integerFrom(value: ReadValue, vr: Vr, context: ReadContext): bigint {
  // Table F.2.3-1: SV and UV may be strings.
  const spelled = typeof value === 'string' && (vr === 'SV' || vr === 'UV') ? value : spelledNumber(value, vr, context);
  if (/^-?\d{1,20}$/.test(spelled)) return BigInt(spelled);
  // 5.0 and 2e3 are whole numbers, too; writers that know doubles only spell them so.
  const number = Number(spelled);
  if (typeof value === 'string' || !Number.isSafeInteger(number)) {
    throw context.malformed(`a value of VR ${vr} is no whole number that fits it`);
  }
  return BigInt(number);
}

const notFinite: ReadonlyMap<string, number> = new Map([
  ['NaN', Number.NaN],
  ['Infinity', Number.POSITIVE_INFINITY],
  ['-Infinity', Number.NEGATIVE_INFINITY],
  // As dicom-rs and XML Schema spell them.
  ['inf', Number.POSITIVE_INFINITY],
  ['-inf', Number.NEGATIVE_INFINITY],
  ['INF', Number.POSITIVE_INFINITY],
  ['-INF', Number.NEGATIVE_INFINITY],
]);

function floatFrom(value: ReadValue, vr: 'FD' | 'FL', context: ReadContext): number {
  const special = typeof value === 'string' ? notFinite.get(value) : undefined;
  if (special !== undefined) return special;
  const number = Number(spelledNumber(value, vr, context));
  if (Number.isFinite(vr === 'FL' ? Math.fround(number) : number)) return number;
  throw context.malformed(`a value does not fit VR ${vr}`);
}

function spelledNumber(value: ReadValue, vr: Vr, context: ReadContext): string {
  if (typeof value === 'object' && value !== null && 'number' in value) return value.number;
  throw context.malformed(`a value of VR ${vr} is no number`);
}

function textBytes(values: readonly ReadValue[], vr: Vr, context: ReadContext): Uint8Array {
  if (values.length > 1 && !isMultiValuedText(vr)) throw context.malformed(`VR ${vr} holds one value`);
  const text = values.map((value) => (value === null ? '' : textFrom(value, vr, context))).join('\\');
  if (usesCharacterSet(vr)) {
    if (!text.isWellFormed()) throw context.malformed('a text has half a surrogate pair');
    if (hasForeignControl(text))
      throw context.malformed('a text has a control character other than TAB, LF, FF and CR');
    return padded(toUtf8.encode(text), 0x20);
  }
  if (!isPlainAscii(text)) throw context.malformed(`VR ${vr} holds ASCII only, and no control characters`);
  return padded(toUtf8.encode(text), vr === 'UI' ? 0 : 0x20);
}

function textFrom(value: Exclude<ReadValue, null>, vr: Vr, context: ReadContext): string {
  const text = typeof value === 'string' ? value : textOf(value, vr, context);
  if (vr === 'PN' ? typeof value === 'string' : typeof value === 'object' && !('number' in value)) {
    throw context.malformed(`a value of VR ${vr} is of another type`);
  }
  // F.2.4: it would make two values of one.
  if (isMultiValuedText(vr) && text.includes('\\')) throw context.malformed('a value holds a backslash');
  return text;
}

function textOf(value: SpelledNumber | NameGroups, vr: Vr, context: ReadContext): string {
  if (!('number' in value)) return nameText(value, context);
  if (vr === 'DS') return decimalText(value.number, context);
  if (vr === 'IS' && Number.isSafeInteger(Number(value.number))) return String(Number(value.number));
  throw context.malformed(`a value of VR ${vr} is a number${vr === 'IS' ? ' that is not whole' : ''}`);
}

function nameText({ alphabetic, ideographic, phonetic }: NameGroups, context: ReadContext): string {
  if (alphabetic.includes('=') || ideographic.includes('=')) {
    throw context.malformed('a component group of a person name holds an equals sign');
  }
  return withoutEnd([alphabetic, ideographic, phonetic].join('='), '=');
}

/** PS3.5 6.2: DS has at most 16 characters. Of a number with more the last digits are rounded away, as few as can be. */
function decimalText(spelled: string, context: ReadContext): string {
  if (spelled.length <= 16) return spelled;
  const number = Number(spelled);
  if (!Number.isFinite(number)) throw context.malformed('a value does not fit VR DS');
  for (let digits = 16; digits > 1; digits -= 1) {
    const texts = [String(Number(number.toPrecision(digits))), number.toExponential(digits - 1)];
    const found = texts.find((text) => text.length <= 16);
    if (found !== undefined) return found;
  }
  return number.toExponential(0);
}

function padded(bytes: Uint8Array, padding: number): Uint8Array {
  if (bytes.length % 2 === 0) return bytes;
  const even = new Uint8Array(bytes.length + 1);
  even.set(bytes);
  even[bytes.length] = padding;
  return even;
}
