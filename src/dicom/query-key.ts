/**
 * One key of a query and how it matches, PS3.4 C.2.2.2: the text of an identifier becomes a typed question here. Which keys
 * an identifier may hold at which level is for query.ts; answering is for matching.ts and for the index.
 */
import { LeadglassError } from '../error.ts';
import type { DataSet, Element } from './data-set.ts';
import { normalizedDate, normalizedDateTime, normalizedTime } from './date-time.ts';
import { vrOf } from './dictionary/dictionary.ts';
import { formatTag, type Tag } from './tag.ts';
import { isUid, type Uid } from './uid.ts';
import type { Vr } from './vr.ts';

export type QueryMatch =
  /** Equal (C.2.2.2.1). DA as YYYYMMDD. A single TM or DT is a range from and to itself, since it may be partial. */
  | { readonly kind: 'single'; readonly values: readonly [string] }
  /** One UID or more, any of them (C.2.2.2.2). */
  | { readonly kind: 'uid-list'; readonly uids: readonly Uid[] }
  /** Any of the values, each as `single` (C.2.2.2.8). */
  | { readonly kind: 'multi'; readonly values: readonly string[] }
  /** `*` any characters, also none; `?` one character (C.2.2.2.4). */
  | { readonly kind: 'wildcard'; readonly pattern: string }
  /**
   * Both ends inclusive and at most one open (C.2.2.2.5). Normalized texts (date-time.ts): DA is whole, TM and DT may be
   * partial and then mean from their earliest or to their last moment; offsets from UTC are left out.
   */
  | { readonly kind: 'range'; readonly from?: string; readonly to?: string }
  /** One item of the sequence matches all of these (C.2.2.2.6). */
  | { readonly kind: 'sequence'; readonly keys: readonly QueryKey[] }
  /** The attribute is absent or has no value (C.2.2.2.7, asked by two quotation marks). */
  | { readonly kind: 'empty' };

export interface QueryKey {
  readonly tag: Tag;
  readonly vr: Vr;
  readonly match: QueryMatch;
  /** Of a person's name: also what has the same words, or words that sound so (fuzzy-name.ts). */
  readonly fuzzy?: true;
}

export interface QueryLimits {
  /** Elements of an identifier, those within items counted too. */
  readonly queryKeysMax: number;
  /** Values of one key, for instance of a list of UIDs. */
  readonly queryValuesMax: number;
  /** `*` and `?` in one pattern. */
  readonly queryWildcardsMax: number;
  readonly queryValueCharactersMax: number;
  readonly querySequenceDepthMax: number;
}

/** C.2.2.2.4: VRs in which `*` and `?` are wildcards. */
const wildcardVrs: ReadonlySet<Vr> = new Set(['AE', 'CS', 'LO', 'LT', 'PN', 'SH', 'ST', 'UC', 'UR', 'UT']);
/** Bulk values have no matching; they can only be asked for. */
const unmatchableVrs: ReadonlySet<Vr> = new Set(['OB', 'OD', 'OF', 'OL', 'OV', 'OW', 'UN']);

/** The VR that counts for matching: the element's own, or the dictionary's where a sender wrote UN. */
export function queryVrOf(element: Element): Vr {
  return element.vr === 'UN' ? vrOf(element.tag) : element.vr;
}

/**
 * What an element that is no sequence asks for; undefined for universal matching (C.2.2.2.3): no value, only `*`, or a VR
 * that cannot match.
 * @throws LeadglassError MALFORMED for what is no UID, date or time; BAD_REQUEST; LIMIT_EXCEEDED
 */
export function parseMatch(identifier: DataSet, element: Element, limits: QueryLimits): QueryMatch | undefined {
  const { tag } = element;
  const vr = queryVrOf(element);
  if (unmatchableVrs.has(vr)) return undefined;
  const values = identifier.texts(tag);
  const characters = values.reduce((sum, value) => sum + value.length, 0);
  atMost(values.length, limits.queryValuesMax, tag, 'values');
  const [first = ''] = values;
  if (values.every((value) => value === '')) return undefined;
  if (values.length === 1 && first === '""') return { kind: 'empty' };
  if (values.length === 1 && /^\*+$/.test(first)) return undefined;
  if (vr === 'UI') return { kind: 'uid-list', uids: values.filter((value) => value !== '').map(uidOf(tag)) };
  atMost(characters, limits.queryValueCharactersMax, tag, 'characters');
  if (vr === 'DA' || vr === 'TM' || vr === 'DT') return temporalMatch(tag, vr, values);
  const wildcards = wildcardVrs.has(vr) ? values.reduce((sum, value) => sum + wildcardsIn(value), 0) : 0;
  if (wildcards === 0) return values.length === 1 ? { kind: 'single', values: [first] } : multiple(values);
  if (values.length > 1) throw refused(tag, 'a list of values may hold no wildcards; ask for each value on its own');
  atMost(wildcards, limits.queryWildcardsMax, tag, 'wildcards');
  return { kind: 'wildcard', pattern: first };
}

function multiple(values: readonly string[]): QueryMatch {
  return { kind: 'multi', values: values.filter((value) => value !== '') };
}

function uidOf(tag: Tag): (text: string) => Uid {
  return (text) => {
    if (isUid(text)) return text;
    throw malformed(tag, 'UID');
  };
}

function wildcardsIn(text: string): number {
  let count = 0;
  for (const character of text) if (character === '*' || character === '?') count += 1;
  return count;
}

function temporalMatch(tag: Tag, vr: 'DA' | 'TM' | 'DT', values: readonly string[]): QueryMatch {
  const normalize = { DA: normalizedDate, TM: normalizedTime, DT: normalizedDateTime }[vr];
  const known = (text: string): string => {
    const normal = normalize(text);
    if (normal === undefined) throw malformed(tag, { DA: 'date', TM: 'time', DT: 'date and time' }[vr]);
    return normal;
  };
  const [first = ''] = values;
  if (values.length > 1) {
    // A list of partial times would need a list of ranges; nobody asks so.
    if (vr !== 'DA') throw refused(tag, 'a list of times cannot be matched; ask for a range');
    return { kind: 'multi', values: values.filter((value) => value !== '').map(known) };
  }
  const ends = rangeEnds(first, vr);
  if (ends !== undefined) {
    const [from, to] = ends.map((end) => end.trim());
    if (!from && !to) throw malformed(tag, 'range');
    return { kind: 'range', ...(from ? { from: known(from) } : {}), ...(to ? { to: known(to) } : {}) };
  }
  const value = known(first);
  return vr === 'DA' ? { kind: 'single', values: [value] } : { kind: 'range', from: value, to: value };
}

/** Both sides of the hyphen that makes a range, or undefined when there is none. */
function rangeEnds(text: string, vr: 'DA' | 'TM' | 'DT'): readonly [string, string] | undefined {
  if (vr !== 'DT') return splitAt(text, text.indexOf('-'));
  // In a DT a hyphen may also begin an offset from UTC: four digits up to 1200, as no year of a study can be (PS3.5 6.2).
  let at = text.indexOf('-');
  while (at > 0 && isOffset(text.slice(at + 1))) at = text.indexOf('-', at + 1);
  return splitAt(text, at);
}

function splitAt(text: string, at: number): readonly [string, string] | undefined {
  return at < 0 ? undefined : [text.slice(0, at), text.slice(at + 1)];
}

function isOffset(text: string): boolean {
  return /^(?:0\d\d\d|1[01]\d\d|1200)(?:-|$)/.test(text);
}

function atMost(count: number, most: number, tag: Tag, what: string): void {
  if (count <= most) return;
  throw new LeadglassError(
    'LIMIT_EXCEEDED',
    `Cannot match ${formatTag(tag)}: it has ${count} ${what}, at most ${most} are allowed`,
    { field: formatTag(tag) },
  );
}

function malformed(tag: Tag, what: string): LeadglassError {
  // The value may be patient data, so it is not repeated.
  return new LeadglassError('MALFORMED', `Cannot match ${formatTag(tag)}: its value is no ${what}`, {
    field: formatTag(tag),
  });
}

function refused(tag: Tag, why: string): LeadglassError {
  return new LeadglassError('BAD_REQUEST', `Cannot match ${formatTag(tag)}: ${why}`, { field: formatTag(tag) });
}
