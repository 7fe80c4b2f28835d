/**
 * Does a data set match a query? The reference semantics of PS3.4 C.2.2.2, in memory: what an index answers in its own
 * language is tested against this.
 */
import type { DataSet } from './data-set.ts';
import {
  highestDateTime,
  highestTime,
  lowestDateTime,
  lowestTime,
  normalizedDate,
  normalizedDateTime,
  normalizedTime,
} from './date-time.ts';
import { matchesFuzzily } from './fuzzy-name.ts';
import { normalizeForMatching, personNamePatterns } from './person-name.ts';
import { dateTimePairs, type Query, type QueryKey } from './query.ts';
import type { Vr } from './vr.ts';
import { matchesWildcard } from './wildcard.ts';

type Range = { readonly from?: string; readonly to?: string };

/** Do all keys match, combined ranges of date and time as one? */
export function matchesQuery(query: Pick<Query, 'keys' | 'dateTimeCombined'>, dataSet: DataSet): boolean {
  if (!query.dateTimeCombined) return query.keys.every((key) => matches(key, dataSet));
  const combined = new Set<QueryKey>();
  for (const date of query.keys) {
    const timeTag = dateTimePairs.get(date.tag);
    const time = query.keys.find((key) => key.tag === timeTag);
    if (time?.match.kind !== 'range' || (date.match.kind !== 'range' && date.match.kind !== 'single')) continue;
    if (!matchesCombined(date, time, dataSet)) return false;
    combined.add(date).add(time);
  }
  return query.keys.every((key) => combined.has(key) || matches(key, dataSet));
}

/**
 * Does this one key match? A multi-valued attribute matches when any of its values does. An attribute that is absent or
 * empty matches only a question for emptiness.
 */
export function matches(key: QueryKey, dataSet: DataSet): boolean {
  const { tag, vr, match } = key;
  if (match.kind === 'sequence') {
    return dataSet.items(tag).some((item) => match.keys.every((inner) => matches(inner, item)));
  }
  const values = dataSet.texts(tag).filter((value) => value !== '');
  if (key.fuzzy === true && (match.kind === 'single' || match.kind === 'multi' || match.kind === 'wildcard')) {
    const wanted = match.kind === 'wildcard' ? [match.pattern] : match.values;
    return values.some((value) => wanted.some((text) => matchesName(text, value) || matchesFuzzily(text, value)));
  }
  switch (match.kind) {
    case 'empty':
      return values.length === 0 && dataSet.items(tag).length === 0;
    case 'uid-list':
      return values.some((value) => match.uids.some((uid) => uid === value));
    case 'single':
    case 'multi':
      return values.some((value) => match.values.some((wanted) => isSame(vr, wanted, value)));
    case 'wildcard':
      return values.some((value) =>
        vr === 'PN' ? matchesName(match.pattern, value) : matchesWildcard(match.pattern, withoutPadding(value)),
      );
    case 'range':
      return values.some((value) => isWithin(vr, match, value));
    default:
      return match satisfies never;
  }
}

function isSame(vr: Vr, wanted: string, value: string): boolean {
  switch (vr) {
    case 'PN':
      return matchesName(wanted, value);
    case 'DA':
      return normalizedDate(value) === wanted;
    case 'DS':
    case 'IS':
      // 1, 01 and 1.0 are one number (PS3.5 6.2); what is no number is compared as text.
      return (
        wanted.trim() === value.trim() || Number(wanted.trim() || Number.NaN) === Number(value.trim() || Number.NaN)
      );
    default:
      return withoutPadding(wanted) === withoutPadding(value);
  }
}

/** PS3.5 6.2: spaces at the end are padding. */
function withoutPadding(text: string): string {
  return text.trimEnd();
}

/**
 * C.2.2.2.1 and PS3.5 6.2.1.1: without case. A name asked for in one group may be found in any group; asked for in several,
 * each given group is held against the group of its own place.
 */
function matchesName(wanted: string, value: string): boolean {
  const groups = value.split('=').map(normalizeForMatching);
  const asked = wanted.split('=');
  const first = asked[0] ?? '';
  if (asked.length === 1) return groups.some((group) => group !== '' && matchesGroup(first, group));
  return asked.every((group, index) => normalizeForMatching(group) === '' || matchesGroup(group, groups[index] ?? ''));
}

function matchesGroup(wanted: string, group: string): boolean {
  return personNamePatterns(wanted).some((pattern) => matchesWildcard(pattern, group));
}

function isWithin(vr: Vr, range: Range, value: string): boolean {
  if (vr === 'DA') return between(range.from, normalizedDate(value), range.to);
  if (vr === 'TM') {
    const time = normalizedTime(value);
    return between(mapped(range.from, lowestTime), mapped(time, lowestTime), mapped(range.to, highestTime));
  }
  const moment = normalizedDateTime(value);
  return between(mapped(range.from, lowestDateTime), mapped(moment, lowestDateTime), mapped(range.to, highestDateTime));
}

/** C.2.2.2.5: from the first time on the first date to the last time on the last date. */
function matchesCombined(dateKey: QueryKey, timeKey: QueryKey, dataSet: DataSet): boolean {
  const dates = rangeOf(dateKey);
  const times = rangeOf(timeKey);
  const date = normalizedDate(dataSet.text(dateKey.tag) ?? '');
  if (date === undefined) return false;
  const time = normalizedTime(dataSet.text(timeKey.tag) ?? '');
  // Without a time the whole day is meant; it matches when its beginning or its end is inside.
  const earliest = date + (time === undefined ? lowestTime('') : lowestTime(time));
  const latest = date + (time === undefined ? highestTime('') : lowestTime(time));
  const from = mapped(dates.from, (first) => first + lowestTime(times.from ?? ''));
  const to = mapped(dates.to, (last) => last + highestTime(times.to ?? ''));
  return (from === undefined || from <= latest) && (to === undefined || earliest <= to);
}

function rangeOf({ match }: QueryKey): Range {
  if (match.kind === 'range') return match;
  if (match.kind === 'single') return { from: match.values[0], to: match.values[0] };
  return {};
}

function between(from: string | undefined, value: string | undefined, to: string | undefined): boolean {
  return value !== undefined && (from === undefined || from <= value) && (to === undefined || value <= to);
}

function mapped(text: string | undefined, change: (text: string) => string): string | undefined {
  return text === undefined ? undefined : change(text);
}
