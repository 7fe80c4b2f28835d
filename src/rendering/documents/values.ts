/** Values of DICOM as people read them. What is not of its form stays as it is written. */
import { normalizedDate, normalizedTime } from '../../dicom/date-time.ts';
import { displayPersonName } from '../../dicom/person-name.ts';

/** `2024-01-31` */
export function dateText(value: string): string {
  const date = normalizedDate(value);
  return date === undefined ? value : `${date.slice(0, 4)}-${date.slice(4, 6)}-${date.slice(6)}`;
}

/** `10:15:00`, without a fraction of 0. */
export function timeText(value: string): string {
  const time = normalizedTime(value);
  if (time === undefined) return value;
  const [whole = '', fraction = ''] = time.split('.');
  const parts = whole.match(/../g) ?? [];
  return parts.join(':') + (/[1-9]/.test(fraction) ? `.${fraction}` : '');
}

/** `2024-01-31 10:15:00 +01:00` */
export function dateTimeText(value: string): string {
  const parts = /^(?<date>\d{8})(?<time>\d{2,6}(?:\.\d{1,6})?)?(?<zone>[+-]\d{4})?$/.exec(value.trim())?.groups;
  if (parts === undefined) return value;
  const { date = '', time, zone } = parts;
  const zoneText = zone === undefined ? '' : ` ${zone.slice(0, 3)}:${zone.slice(3)}`;
  return dateText(date) + (time === undefined ? '' : ` ${timeText(time)}`) + zoneText;
}

/** A DA and a TM of the same moment. */
export function momentText(date: string | undefined, time: string | undefined): string | undefined {
  if (date === undefined || date === '') return undefined;
  return time === undefined || time === '' ? dateText(date) : `${dateText(date)} ${timeText(time)}`;
}

/** Alphabetic, with the other groups in parentheses (PS3.5 6.2.1). */
export function nameText(value: string): string {
  const groups = value.split('=').map((group) => displayPersonName(group));
  const [first = '', ...others] = groups.filter((group) => group !== '');
  return others.length === 0 ? first : `${first} (${others.join(', ')})`;
}

/** CS values as words: `FOR_REVIEW` becomes `for review`. */
export function wordText(value: string): string {
  return value.replaceAll(/[_\s]+/g, ' ').toLowerCase();
}
