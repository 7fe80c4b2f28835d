/** Value representations, PS3.5 6.2, with the properties that encoding needs. */

export const vrs = [
  'AE',
  'AS',
  'AT',
  'CS',
  'DA',
  'DS',
  'DT',
  'FD',
  'FL',
  'IS',
  'LO',
  'LT',
  'OB',
  'OD',
  'OF',
  'OL',
  'OV',
  'OW',
  'PN',
  'SH',
  'SL',
  'SQ',
  'SS',
  'ST',
  'SV',
  'TM',
  'UC',
  'UI',
  'UL',
  'UN',
  'UR',
  'US',
  'UT',
  'UV',
] as const;
export type Vr = (typeof vrs)[number];

const known: ReadonlySet<string> = new Set(vrs);
export function isVr(text: string): text is Vr {
  return known.has(text);
}

/**
 * By their two letters as one number, the first in the upper byte; a Map of numbers is quicker than of texts cut from the bytes.
 */
export const vrByLetters: ReadonlyMap<number, Vr> = new Map(
  vrs.map((vr) => [(vr.charCodeAt(0) << 8) | vr.charCodeAt(1), vr] as const),
);

/** PS3.5 7.1.2: these have two reserved bytes and a 32-bit length in explicit encodings. */
const longForm: ReadonlySet<Vr> = new Set([
  'OB',
  'OD',
  'OF',
  'OL',
  'OV',
  'OW',
  'SQ',
  'SV',
  'UC',
  'UN',
  'UR',
  'UT',
  'UV',
]);
export function hasLongLength(vr: Vr): boolean {
  return longForm.has(vr);
}

/** Bytes of one word that big-endian encodings swap; 1 where nothing is swapped. AT is two 2-byte words. */
export function wordBytes(vr: Vr): 1 | 2 | 4 | 8 {
  switch (vr) {
    case 'AT':
    case 'OW':
    case 'SS':
    case 'US':
      return 2;
    case 'FL':
    case 'OF':
    case 'OL':
    case 'SL':
    case 'UL':
      return 4;
    case 'FD':
    case 'OD':
    case 'OV':
    case 'SV':
    case 'UV':
      return 8;
    default:
      return 1;
  }
}

/** Text VRs whose characters follow Specific Character Set (0008,0005), PS3.5 6.1.2.3. */
export function usesCharacterSet(vr: Vr): boolean {
  return vr === 'LO' || vr === 'LT' || vr === 'PN' || vr === 'SH' || vr === 'ST' || vr === 'UC' || vr === 'UT';
}

/** VRs in which a backslash separates values (PS3.5 6.4); LT, ST, UT and UR hold one value. */
export function isMultiValuedText(vr: Vr): boolean {
  return ['AE', 'AS', 'CS', 'DA', 'DS', 'DT', 'IS', 'LO', 'PN', 'SH', 'TM', 'UC', 'UI'].includes(vr);
}
