/**
 * Dates and times of DA, TM and DT (PS3.5 6.2) as texts that compare in the order of time. A value may leave out its last
 * components; it then means the whole hour, day or year, from the lowest to the highest. Time zones are left out.
 */

/** `YYYYMMDD` for a DA in its present form or in `YYYY.MM.DD` of ACR-NEMA; undefined when it is no date. */
export function normalizedDate(text: string): string | undefined {
  const parts = /^(?<year>\d{4})(?<dot>\.?)(?<month>\d\d)\k<dot>(?<day>\d\d)$/.exec(text.trim())?.groups;
  if (parts === undefined) return undefined;
  const { year = '', month = '', day = '' } = parts;
  return inRange(month, 1, 12) && inRange(day, 1, 31) ? year + month + day : undefined;
}

/** `HH`, `HHMM`, `HHMMSS` or `HHMMSS.F…` for a TM, colons of ACR-NEMA dropped; undefined when it is no time. */
export function normalizedTime(text: string): string | undefined {
  const plain = text.trim().replaceAll(':', '');
  return isTime(plain) ? plain : undefined;
}

/** A DT without its offset from UTC; undefined when it is none. */
export function normalizedDateTime(text: string): string | undefined {
  const plain = text.trim().replace(/[+-]\d{4}$/, '');
  const parts = /^(?<year>\d{4})(?<month>\d\d)?(?<day>\d\d)?(?<time>\d{2,6}(?:\.\d{1,6})?)?$/.exec(plain)?.groups;
  if (parts === undefined) return undefined;
  const { month, day, time } = parts;
  if (month !== undefined && !inRange(month, 1, 12)) return undefined;
  if (day !== undefined && !inRange(day, 1, 31)) return undefined;
  return time === undefined || isTime(time) ? plain : undefined;
}

/** The earliest moment of a normalized TM, as `HHMMSS.FFFFFF`. */
export function lowestTime(time: string): string {
  return filled(time, '000000.000000');
}

/** The last moment of a normalized TM. */
export function highestTime(time: string): string {
  return filled(time, '235959.999999');
}

/** The earliest moment of a normalized DT, as `YYYYMMDDHHMMSS.FFFFFF`. */
export function lowestDateTime(dateTime: string): string {
  return filled(dateTime, '00000101000000.000000');
}

/** The last moment of a normalized DT; every month is given 31 days, which orders the same. */
export function highestDateTime(dateTime: string): string {
  return filled(dateTime, '99991231235959.999999');
}

function filled(text: string, rest: string): string {
  return text + rest.slice(text.length);
}

function isTime(text: string): boolean {
  const parts = /^(?<hour>\d\d)(?:(?<minute>\d\d)(?:(?<second>\d\d)(?:\.\d{1,6})?)?)?$/.exec(text)?.groups;
  if (parts === undefined) return false;
  const { hour = '', minute = '00', second = '00' } = parts;
  // 60 is a leap second.
  return inRange(hour, 0, 23) && inRange(minute, 0, 59) && inRange(second, 0, 60);
}

function inRange(digits: string, least: number, most: number): boolean {
  const number = Number(digits);
  return number >= least && number <= most;
}
