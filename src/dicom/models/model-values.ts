/**
 * The values of an element as both models have them (PS3.18 F.2.3, PS3.19 A.1.5), out of its bytes. How they are spelled
 * is for json-model.ts and xml-model.ts.
 */
import { bigIntegersFrom, numberBytes, numbersFrom } from '../value-numbers.ts';
import { textsFrom } from '../value-texts.ts';
import { usesCharacterSet, type Vr } from '../vr.ts';
import { formatModelTag } from './element-path.ts';
import { withoutEnd } from '../without-end.ts';

/** The component groups of one person name; '' for a missing one. What stands beyond three stays in the last. */
export interface NameGroups {
  readonly alphabetic: string;
  readonly ideographic: string;
  readonly phonetic: string;
}

/** Text (tags of AT among them), number, person name, or null for an empty value. */
export type ModelValue = string | number | bigint | NameGroups | null;

/** VRs whose value is one row of bytes: base64 in both models (F.2.7). */
export function isBinary(vr: Vr): boolean {
  return vr === 'OB' || vr === 'OW' || vr === 'UN' || vr === 'OF' || vr === 'OD' || vr === 'OL' || vr === 'OV';
}

const referable: ReadonlySet<Vr> = new Set<Vr>([
  ...(['DS', 'FD', 'FL', 'IS', 'LT', 'OB', 'OD', 'OF', 'OL', 'OV', 'OW'] as const),
  ...(['SL', 'SS', 'ST', 'SV', 'UC', 'UL', 'UN', 'US', 'UT', 'UV'] as const),
]);

/** May a URI stand for the value (F.2.2)? */
export function isReferable(vr: Vr): boolean {
  return referable.has(vr);
}

/**
 * The values in these bytes (little endian) of a VR that is neither binary nor SQ; [] when there is none but padding.
 * @param terms the values of Specific Character Set
 */
export function modelValues(bytes: Uint8Array, vr: Vr, terms: readonly string[]): readonly ModelValue[] {
  switch (vr) {
    case 'AT':
      return numbersFrom(bytes, vr).map(formatModelTag);
    case 'FD':
    case 'FL':
    case 'SL':
    case 'SS':
    case 'UL':
    case 'US':
      return numbersFrom(bytes, vr);
    case 'SV':
    case 'UV':
      return bigIntegersFrom(bytes, vr);
    default: {
      const texts = textsFrom(bytes, vr, terms);
      const values = vr === 'PN' ? texts.map(nameGroups) : texts.map((text) => (text === '' ? null : text));
      return values.length === 1 && values[0] === null ? [] : values;
    }
  }
}

/** Can these bytes of a UN be text of this VR? Else base64 is better than letters that are none. Other VRs take any. */
export function canBeValue(bytes: Uint8Array, vr: Vr, terms: readonly string[]): boolean {
  if (isBinary(vr) || numberBytes(vr) > 0) return true;
  return textsFrom(bytes, vr, terms).every((text) =>
    usesCharacterSet(vr) ? !hasForeignControl(text) && !text.includes('\ufffd') : isPlainAscii(text),
  );
}

/** PS3.5 6.1.3: TAB, LF, FF and CR are allowed; ESC has no meaning where text is UTF-8. */
export function hasForeignControl(text: string): boolean {
  for (let index = 0; index < text.length; index += 1) {
    const code = text.charCodeAt(index);
    if (code < 0x20 && code !== 0x09 && code !== 0x0a && code !== 0x0c && code !== 0x0d) return true;
  }
  return false;
}

/** Without control characters: what VRs outside of Specific Character Set hold. */
export function isPlainAscii(text: string): boolean {
  for (let index = 0; index < text.length; index += 1) {
    const code = text.charCodeAt(index);
    if (code < 0x20 || code > 0x7e) return false;
  }
  return true;
}

function nameGroups(text: string): NameGroups | null {
  // PS3.5 6.2.1.1: delimiters after the last component say nothing; F.2.2 wants what is not empty.
  const groups = text.split('=').map((group) => withoutEnd(group, ' ^').trimStart());
  const [alphabetic = '', ideographic = '', ...rest] = groups;
  const phonetic = rest.join('=');
  // `==` says no more than an empty value does.
  return alphabetic + ideographic + phonetic === '' ? null : { alphabetic, ideographic, phonetic };
}

const decimal = /^(?<sign>[+-]?)(?<whole>\d*)(?:\.(?<fraction>\d*))?(?:[eE](?<exponent>[+-]?\d+))?$/;

/**
 * The number that DS or IS text means, where a double in its shortest spelling means exactly the same; else undefined:
 * more digits than a double holds, beyond its range, or no number at all.
 */
export function exactNumber(text: string, vr: 'DS' | 'IS'): number | undefined {
  if (vr === 'IS' ? !/^[+-]?\d+$/.test(text) : !/\d/.test(text)) return undefined;
  const written = significant(text);
  if (written === undefined) return undefined;
  const number = Number(text);
  if (!Number.isFinite(number) || significant(String(number)) !== written) return undefined;
  // PS3.5 6.2: DS has 16 characters; of a number that needs more a reader has to round some away.
  if (Math.min(String(number).length, number.toExponential().length) > 16) return undefined;
  // -0 is a double, but no integer.
  return vr === 'IS' ? number + 0 : number;
}

/** Sign, digits without zeros at both ends, and the power of ten of the last one: equal exactly when the numbers are. */
function significant(text: string): string | undefined {
  const { sign = '', whole = '', fraction = '', exponent = '0' } = decimal.exec(text)?.groups ?? { whole: '' };
  if (whole + fraction === '') return undefined;
  const digits = (whole + fraction).replace(/^0+/, '');
  const trimmed = withoutEnd(digits, '0');
  if (trimmed === '') return '0';
  const power = Number(exponent) - fraction.length + digits.length - trimmed.length;
  return `${sign === '-' ? '-' : ''}${trimmed}e${power}`;
}
