/** How an opening looks to somebody who keeps the house: what stands out, and in which order. The marks are those of the command line. */
import type { OpeningView } from '../../../src/doors/control/control-services.ts';

export type Mark = 'plain' | 'expiring' | 'never-used' | 'unused';

const dayMs = 86_400_000;
/** As src/limits.ts has it for `leadglass opening list`. */
const soonDays = 30;
const unusedDays = 90;

type Facts = Pick<OpeningView, 'state' | 'until' | 'lastUsedAt' | 'createdAt' | 'plain'>;

export function endMs(until: string): number {
  // The end of that day in UTC, as the server counts.
  return Date.parse(/^\d{4}-\d{2}-\d{2}$/.test(until) ? `${until}T23:59:59Z` : until);
}

/** Only what is open now stands out. */
export function marksOf(opening: Facts, nowMs: number): readonly Mark[] {
  if (opening.state !== 'open') return [];
  const marks: Mark[] = [];
  if (opening.plain !== undefined) marks.push('plain');
  if (endMs(opening.until) - nowMs <= soonDays * dayMs) marks.push('expiring');
  if (opening.lastUsedAt === undefined) marks.push('never-used');
  else if (nowMs - Date.parse(opening.lastUsedAt) > unusedDays * dayMs) marks.push('unused');
  return marks;
}

export type Light = 'bright' | 'lit' | 'idle' | 'warn' | 'dark';

/** How its pane in the window of the home page shines: used today, used this month, idle, in need of a look, not open. */
export function lightOf(opening: Facts, nowMs: number): Light {
  if (opening.state !== 'open') return 'dark';
  const marks = marksOf(opening, nowMs);
  if (marks.includes('plain') || marks.includes('expiring')) return 'warn';
  if (opening.lastUsedAt === undefined || marks.includes('unused')) return 'idle';
  return nowMs - Date.parse(opening.lastUsedAt) < dayMs ? 'bright' : 'lit';
}

/** Days until it ends, for sorting and for words; negative when it has. */
export function daysLeft(until: string, nowMs: number): number {
  return Math.ceil((endMs(until) - nowMs) / dayMs);
}

/** `2027-05-28`: so many days from now, in local days. */
export function dayFromNow(days: number, nowMs: number): string {
  const at = new Date(nowMs);
  at.setDate(at.getDate() + days);
  const two = (value: number): string => String(value).padStart(2, '0');
  return `${at.getFullYear()}-${two(at.getMonth() + 1)}-${two(at.getDate())}`;
}
