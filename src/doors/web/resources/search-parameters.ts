/**
 * The query parameters of a search, PS3.18 8.3.4 and 10.6.1.2, as typed facts; search-query.ts makes the query of them that
 * C-FIND asks, too. What the standard leaves open is read strictly, except for what deployed clients do and nobody else can mean:
 * - lists of UIDs with encoded commas (`%2C`) or backslashes, as nearly all clients send them; a UID can hold neither,
 * - the same for CS (`ModalitiesInStudy=CT,MR` of OHIF), also without multiplevaluematching,
 * - `+` as a space in texts: Python's and the browsers' form encoders write it so and a true plus as `%2B`.
 */
import {
  type AttributePath,
  lastTag,
  parseAttributePath,
  pathKey,
  privateCreatorPath,
} from '../../../dicom/attribute-path.ts';
import { vrOf } from '../../../dicom/dictionary/dictionary.ts';
import { isMatchable, type TextKey } from '../../../dicom/query-key-text.ts';
import { isQueryAttribute } from '../../../dicom/query.ts';
import { formatTag, isPrivate, type Tag } from '../../../dicom/tag.ts';
import { isMultiValuedText, type Vr } from '../../../dicom/vr.ts';
import { parseUid } from '../../../dicom/uid.ts';
import { LeadglassError } from '../../../error.ts';
import { percentDecode, type QueryParameter, singleValue } from '../http/query-string.ts';

export interface SearchParameters {
  /** What has to match, each attribute once, each with one value or more. */
  readonly matches: readonly TextKey[];
  /** What is only to be returned: `includefield`, and attributes without a value. */
  readonly returned: readonly AttributePath[];
  /** `includefield=all`. */
  readonly returnsAll: boolean;
  readonly fuzzyMatching: boolean;
  readonly emptyValueMatching: boolean;
  readonly multipleValueMatching: boolean;
  readonly limit: number | undefined;
  readonly offset: number;
  /** Parameters that are not supported (8.3: to be ignored, with a warning): safe words for that warning. */
  readonly ignored: readonly string[];
}

const flags = ['fuzzymatching', 'emptyvaluematching', 'multiplevaluematching'] as const;
/** Read by others: negotiate.ts and charset.ts. */
const ofOthers: ReadonlySet<string> = new Set(['accept', 'charset']);
const known: ReadonlySet<string> = new Set([...flags, ...ofOthers, 'limit', 'offset', 'includefield']);

/** Values that are no UID and yet mean something for one: any, none. */
const openMatches: ReadonlySet<string> = new Set(['*', '""']);

/** Named in the warning, so that the header stays short. */
const ignoredNamesMax = 8;

/** In these a `+` can only be an encoded space; in dates, times and numbers it is a sign. */
const spacedVrs: ReadonlySet<Vr> = new Set(['AE', 'CS', 'LO', 'LT', 'PN', 'SH', 'ST', 'UC', 'UT']);

/**
 * @param parameters of query-string.ts
 * @throws LeadglassError BAD_REQUEST (an attribute twice, a list where one value must be, a flag or number that is none, a
 *   private attribute without its creator), MALFORMED
 */
export function parseSearchParameters(parameters: readonly QueryParameter[]): SearchParameters {
  const flag = {
    fuzzymatching: flagOf(parameters, 'fuzzymatching'),
    emptyvaluematching: flagOf(parameters, 'emptyvaluematching'),
    multiplevaluematching: flagOf(parameters, 'multiplevaluematching'),
  };
  const found = new Keys();
  const included = includedFields(parameters, found);
  for (const { name, raw } of parameters) {
    if (known.has(name)) continue;
    const path = queryPath(name);
    if (path === undefined) found.ignore(name);
    else found.add(path, raw === undefined || raw === '' ? [] : valuesOf(raw, lastTag(path), flag), name);
  }
  found.checkPrivateCreators(included.fields);
  return {
    matches: found.matches,
    returned: [...found.onlyAsked, ...included.fields],
    returnsAll: included.all,
    fuzzyMatching: flag.fuzzymatching,
    emptyValueMatching: flag.emptyvaluematching,
    multipleValueMatching: flag.multiplevaluematching,
    limit: unsigned(parameters, 'limit'),
    offset: unsigned(parameters, 'offset') ?? 0,
    ignored: [...found.ignored],
  };
}

/** The level comes from the path and the character set is ours: nobody sets them by a parameter. */
function queryPath(text: string): AttributePath | undefined {
  const path = parseAttributePath(text);
  return path?.every(isQueryAttribute) === true ? path : undefined;
}

/** The attributes that are parameters of their own. */
class Keys {
  readonly matches: TextKey[] = [];
  readonly onlyAsked: AttributePath[] = [];
  readonly ignored = new Set<string>();
  readonly #seen = new Set<string>();
  readonly #creators = new Set<string>();

  /** 8.3.4.1: no attribute twice, also not by keyword and by tag. */
  add(path: AttributePath, values: readonly string[], name: string): void {
    const key = pathKey(path);
    const tag = lastTag(path);
    if (this.#seen.has(key)) throw badRequest(tag, 'it stands twice; give it once, with a list where that is allowed');
    this.#seen.add(key);
    // A private creator says whose the other key is; it is no condition of its own.
    if (isPrivate(tag) && values.length > 0) this.#creators.add(key);
    if (values.length > 0 && isMatchable(tag) && !isPrivate(tag)) {
      this.matches.push({ path, values });
      return;
    }
    if (values.length > 0 && vrOf(tag) === 'SQ')
      throw badRequest(tag, 'a sequence has no value; match what is in its items');
    if (values.length > 0 && !isMatchable(tag)) this.ignore(name);
    this.onlyAsked.push(path);
  }

  ignore(name: string): void {
    const isNamed = this.ignored.size < ignoredNamesMax && /^[A-Za-z0-9_.]{1,64}$/.test(name);
    this.ignored.add(isNamed ? name : 'other');
  }

  /** 8.3.4.1 and 8.3.4.3: a private attribute comes with its private creator as a match. */
  checkPrivateCreators(fields: readonly AttributePath[]): void {
    for (const path of [...this.onlyAsked, ...fields]) {
      const creator = privateCreatorPath(path);
      if (creator === undefined || this.#creators.has(pathKey(creator))) continue;
      throw badRequest(
        lastTag(path),
        `a private attribute needs its private creator ${formatTag(lastTag(creator))}, too`,
      );
    }
  }
}

/** 8.3.4.3: any number of times, each a list or `all`; beside `all` there is no other. */
function includedFields(
  parameters: readonly QueryParameter[],
  found: Keys,
): { readonly fields: readonly AttributePath[]; readonly all: boolean } {
  const words = parameters
    .filter(({ name }) => name === 'includefield')
    .flatMap(({ raw }) => percentDecode(raw ?? '', 'includefield').split(','))
    .filter((word) => word !== '');
  if (words.includes('all')) {
    if (words.length === 1) return { fields: [], all: true };
    throw new LeadglassError('BAD_REQUEST', 'Cannot search: includefield=all stands alone, without other fields', {
      field: 'includefield',
    });
  }
  const fields = new Map<string, AttributePath>();
  for (const word of words) {
    const path = queryPath(word);
    // What we do not know we do not hold: there is nothing to return.
    if (path === undefined) found.ignore(word);
    else fields.set(pathKey(path), path);
  }
  return { fields: [...fields.values()], all: false };
}

type Flags = Readonly<Record<(typeof flags)[number], boolean>>;

function valuesOf(raw: string, tag: Tag, flag: Flags): readonly string[] {
  const vr = vrOf(tag);
  const isList = vr === 'UI' || vr === 'CS';
  // Elsewhere an encoded comma is part of the value, and a bare one separates (8.3.1).
  const pieces = isList ? [raw] : raw.split(',');
  const decoded = pieces.map((piece) =>
    percentDecode(spacedVrs.has(vr) ? piece.replaceAll('+', ' ') : piece, formatTag(tag)),
  );
  const separator = isList ? /[,\\]/ : isMultiValuedText(vr) ? /\\/ : undefined;
  const values = separator === undefined ? decoded : decoded.flatMap((value) => value.split(separator));
  if (values.length > 1 && !isList && !flag.multiplevaluematching) {
    throw badRequest(tag, 'it has several values, which needs multiplevaluematching=true; encode a comma as %2C');
  }
  if (values.length > 1 && values.includes('')) throw badRequest(tag, 'its list has an empty value');
  if (values.includes('""') && !flag.emptyvaluematching) {
    throw badRequest(tag, 'two quotation marks ask for an empty value, which needs emptyvaluematching=true');
  }
  // 8.3.1: not padded. Checked here, since a data set would take the padding away.
  if (vr === 'UI') return values.map((value) => (openMatches.has(value) ? value : parseUid(value, formatTag(tag))));
  return values;
}

/** 8.3.4.2: exactly `true` or `false`; values are case sensitive (8.3.1). */
function flagOf(parameters: readonly QueryParameter[], name: (typeof flags)[number]): boolean {
  const value = singleValue(parameters, name);
  if (value === undefined || value === 'false') return false;
  if (value === 'true') return true;
  throw new LeadglassError('BAD_REQUEST', `Cannot search: ${name} must be true or false`, { field: name });
}

/** 8.3.4.4 */
function unsigned(parameters: readonly QueryParameter[], name: 'limit' | 'offset'): number | undefined {
  const value = singleValue(parameters, name);
  if (value === undefined) return undefined;
  if (/^\d{1,15}$/.test(value)) return Number(value);
  throw new LeadglassError('BAD_REQUEST', `Cannot search: ${name} must be an unsigned integer`, { field: name });
}

function badRequest(tag: Tag, why: string): LeadglassError {
  return new LeadglassError('BAD_REQUEST', `Cannot search by ${formatTag(tag)}: ${why}`, { field: formatTag(tag) });
}
