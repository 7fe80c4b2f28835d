/** Dates, numbers and names for people, in the chosen language. Parsing of DICOM values is in model/dicom-json.ts. */
import { language } from './i18n.ts';

const day = /^\d{4}-\d{2}-\d{2}$/;

function dateOf(iso: string): Date {
  // A day alone is a day here, not midnight in Greenwich.
  return new Date(day.test(iso) ? `${iso}T12:00:00` : iso);
}

export function date(iso: string): string {
  return new Intl.DateTimeFormat(language.get(), { dateStyle: 'medium' }).format(dateOf(iso));
}

/** A day alone has no time. */
export function dateTime(iso: string): string {
  const style = { dateStyle: 'medium', timeStyle: 'short' } as const;
  return day.test(iso) ? date(iso) : new Intl.DateTimeFormat(language.get(), style).format(dateOf(iso));
}

export function exactTime(iso: string): string {
  return new Intl.DateTimeFormat(language.get(), { dateStyle: 'short', timeStyle: 'medium' }).format(dateOf(iso));
}

/** The time of the day, for what ends within hours. */
export function clockTime(iso: string): string {
  return new Intl.DateTimeFormat(language.get(), { timeStyle: 'short' }).format(dateOf(iso));
}

export function shortDay(iso: string): string {
  return new Intl.DateTimeFormat(language.get(), { day: 'numeric', month: 'short', timeZone: 'UTC' }).format(
    new Date(`${iso}T00:00:00Z`),
  );
}

const steps: readonly (readonly [Intl.RelativeTimeFormatUnit, number])[] = [
  ['year', 31_557_600],
  ['month', 2_629_800],
  ['day', 86_400],
  ['hour', 3600],
  ['minute', 60],
];

/** `2 hours ago`, `in 3 weeks`. */
export function relative(iso: string, nowMs: number = Date.now()): string {
  const seconds = (dateOf(iso).getTime() - nowMs) / 1000;
  const format = new Intl.RelativeTimeFormat(language.get(), { numeric: 'auto' });
  for (const [unit, length] of steps) {
    if (Math.abs(seconds) >= length) return format.format(Math.round(seconds / length), unit);
  }
  return format.format(0, 'second');
}

export function number(value: number): string {
  return new Intl.NumberFormat(language.get()).format(value);
}

export function compact(value: number): string {
  return new Intl.NumberFormat(language.get(), { notation: 'compact', maximumFractionDigits: 1 }).format(value);
}

const byteUnits = ['B', 'KiB', 'MiB', 'GiB', 'TiB', 'PiB'] as const;

export function bytes(length: number): string {
  const power = length < 1 ? 0 : Math.min(Math.floor(Math.log2(length) / 10), byteUnits.length - 1);
  const digits = power === 0 ? 0 : 1;
  const value = new Intl.NumberFormat(language.get(), { maximumFractionDigits: digits }).format(length / 1024 ** power);
  return `${value} ${byteUnits[power] ?? 'B'}`;
}
