/** The values that take the place of others: dummies, moved dates, safe words, ages without the highest. */
import { plainText } from '../value-texts.ts';
import type { Vr } from '../vr.ts';
import { safeWordsOf } from './safe-words.ts';

/** An age above this is told as this: one in a thousand is older, and known by it (45 CFR 164.514(b)(2)(i)(C)). */
const ageYearsMax = 90;

/** ASCII, so that they are the same in every character set, and no longer than the shortest VR allows. */
const dummyTexts: Partial<Record<Vr, string>> = {
  AE: 'DEIDENTIFIED',
  AS: '000D',
  CS: 'DEIDENTIFIED',
  DA: '19000101',
  DS: '0',
  DT: '19000101000000',
  IS: '0',
  LO: 'De-identified',
  LT: 'De-identified',
  PN: 'De-identified',
  SH: 'De-identified',
  ST: 'De-identified',
  TM: '000000',
  UC: 'De-identified',
  UR: 'about:blank',
  UT: 'De-identified',
};

export function dummyValue(vr: Vr): Uint8Array {
  const text = dummyTexts[vr];
  if (text !== undefined) return textValue(text);
  return new Uint8Array(vr === 'FD' || vr === 'OD' || vr === 'OV' || vr === 'SV' || vr === 'UV' ? 8 : 4);
}

/** ASCII text as a value: padded to even length (PS3.5 6.2). */
export function textValue(text: string, padding = 0x20): Uint8Array {
  const bytes = new Uint8Array(text.length + (text.length % 2)).fill(padding);
  for (let index = 0; index < text.length; index += 1) bytes[index] = text.charCodeAt(index);
  return bytes;
}

/** Each of several UIDs by `replace`; what is none goes. */
export function replacedUids(value: Uint8Array, replace: (uid: string) => string): Uint8Array {
  const uids = plainText(value)
    .split('\\')
    // oxlint-disable-next-line no-control-regex -- a NUL is what pads a UID
    .map((text) => text.replaceAll(/[\s\0]+/g, ''));
  return textValue(uids.map((uid) => (uid === '' ? '' : replace(uid))).join('\\'), 0);
}

/** Each of several dates, or dates with time, `days` earlier; one that cannot be read becomes a dummy. */
export function shiftedDates(value: Uint8Array, vr: 'DA' | 'DT', days: number): Uint8Array {
  const texts = plainText(value)
    .split('\\')
    .map((text) => text.trim());
  return textValue(texts.map((text) => (text === '' ? '' : shifted(text, vr, days))).join('\\'));
}

function shifted(text: string, vr: 'DA' | 'DT', days: number): string {
  const found = /^(\d{4})[.]?(\d{2})[.]?(\d{2})(.*)$/.exec(text);
  const [, year, month, day, rest = ''] = found ?? [];
  const timeMs = Date.UTC(Number(year), Number(month) - 1, Number(day));
  const isRest = vr === 'DA' ? rest === '' : /^\d{0,6}(?:\.\d{1,6})?(?:[+-]\d{4})?$/.test(rest);
  if (found === null || Number.isNaN(timeMs) || !isRest) return dummyTexts[vr] ?? '';
  const date = new Date(timeMs - days * 86_400_000).toISOString().slice(0, 10).replaceAll('-', '');
  // The offset from UTC says where, and goes as the attribute of that name does.
  return vr === 'DA' ? date : date + rest.replace(/[+-]\d{4}$/, '');
}

/** Safe words of one text, or of each of several; empty when none is left. */
export function cleanedText(value: Uint8Array, vr: Vr): Uint8Array {
  const text = plainText(value);
  const isSingle = vr === 'LT' || vr === 'ST' || vr === 'UT';
  const texts = isSingle ? [text] : text.split('\\');
  const cleaned = texts.map(safeWordsOf);
  return cleaned.every((each) => each === '') ? new Uint8Array(0) : textValue(cleaned.join('\\'));
}

const unitsPerYear: ReadonlyMap<string, number> = new Map([
  ['D', 365],
  ['W', 52],
  ['M', 12],
  ['Y', 1],
]);

export function cappedAge(value: Uint8Array): Uint8Array {
  const found = /^(\d{3})([DWMY])$/.exec(plainText(value).trim());
  if (found === null) return dummyValue('AS');
  const years = Number(found[1]) / (unitsPerYear.get(found[2] ?? '') ?? 1);
  return years >= ageYearsMax ? textValue(`0${ageYearsMax}Y`) : textValue(found[0]);
}
