/**
 * A search becomes the query that C-FIND asks, PS3.18 10.6 and PS3.4 C.4.1: an identifier in UTF-8, and out of it by the one
 * parser the keys. So both doors match alike, have the same limits, and the ledger shows both in one form.
 */
import { type AttributePath, pathKey } from '../../../dicom/attribute-path.ts';
import { DataSet } from '../../../dicom/data-set.ts';
import { Tags } from '../../../dicom/dictionary/dictionary.ts';
import { levelOfAttribute } from '../../../dicom/query-level.ts';
import { setTextKey, type TextKey } from '../../../dicom/query-key-text.ts';
import { parseQuery, type Query, type QueryLimits } from '../../../dicom/query.ts';
import { formatTag, type Tag } from '../../../dicom/tag.ts';
import type { Uid } from '../../../dicom/uid.ts';
import { LeadglassError } from '../../../error.ts';
import { isBelow, returnedByDefault, type SearchLevel } from './search-attributes.ts';
import type { SearchParameters } from './search-parameters.ts';
import type { Parents } from './target.ts';

export interface SearchTarget {
  readonly level: SearchLevel;
  readonly parents: Parents;
}

export interface SearchQueryOptions {
  readonly limits: QueryLimits;
  /** What `includefield=all` means at this level: the attributes that the archive can return. */
  readonly all: readonly Tag[];
}

/**
 * @throws LeadglassError BAD_REQUEST (a UID of the path asked for again with another value), MALFORMED, LIMIT_EXCEEDED
 */
export function searchQuery(target: SearchTarget, search: SearchParameters, options: SearchQueryOptions): Query {
  const { level } = target;
  const identifier = new DataSet();
  identifier.setText(Tags.SpecificCharacterSet, 'CS', 'ISO_IR 192');
  identifier.setText(Tags.QueryRetrieveLevel, 'CS', level);
  for (const key of keysOf(target, search, options.all)) setTextKey(identifier, key);
  const query = parseQuery(identifier, {
    model: 'study-root',
    relational: true,
    dateTimeCombined: true,
    fuzzy: search.fuzzyMatching,
    limits: options.limits,
    ...(search.limit === undefined ? {} : { limit: search.limit }),
    offset: search.offset,
  });
  // 10.6.3.3: attributes of lower levels may be matched, they are not returned.
  return { ...query, returnKeys: query.returnKeys.filter((tag) => !isBelow(levelOfAttribute(tag), level)) };
}

/** An attribute that is asked for and matched stands here once, with its value. */
function keysOf({ level, parents }: SearchTarget, search: SearchParameters, all: readonly Tag[]): readonly TextKey[] {
  const matched = new Set(search.matches.map(({ path }) => pathKey(path)));
  const asked = new Map<string, AttributePath>();
  for (const path of search.returned) asked.set(pathKey(path), path);
  if (search.returnsAll) for (const tag of all) asked.set(pathKey([tag]), [tag]);
  for (const path of returnedByDefault(level, parents)) {
    // Who asks for a whole sequence gets it whole, not only what is returned of it by default.
    if (!asked.has(pathKey([path[0]]))) asked.set(pathKey(path), path);
  }
  const returned = [...asked.values()].filter((path) => !matched.has(pathKey(path)));
  return [
    ...returned.map((path) => ({ path, values: [] })),
    ...search.matches.filter((match) => !repeatsPath(match, parents)),
    ...keyOfPath(Tags.StudyInstanceUID, parents.study),
    ...keyOfPath(Tags.SeriesInstanceUID, parents.series),
  ];
}

function keyOfPath(tag: Tag, uid: Uid | undefined): readonly TextKey[] {
  return uid === undefined ? [] : [{ path: [tag], values: [uid] }];
}

/** Asking again for the UID that the path names is harmless; asking for another can only be a mistake. */
function repeatsPath({ path, values }: TextKey, parents: Parents): boolean {
  if (path.length > 1) return false;
  const uid = { [Tags.StudyInstanceUID]: parents.study, [Tags.SeriesInstanceUID]: parents.series }[path[0]];
  if (uid === undefined) return false;
  if (values.length === 1 && values[0] === uid) return true;
  throw new LeadglassError('BAD_REQUEST', `Cannot search by ${formatTag(path[0])}: the path names it already`, {
    field: formatTag(path[0]),
  });
}
