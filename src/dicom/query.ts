/**
 * The identifier of a query as typed keys, PS3.4 C.4.1 and PS3.18 8.3.4: protocol-independent, so that C-FIND and QIDO ask
 * the same thing. How one key matches is in query-key.ts.
 */
import { LeadglassError } from '../error.ts';
import type { DataSet } from './data-set.ts';
import { parseMatch, queryVrOf, type QueryKey, type QueryLimits } from './query-key.ts';
import { levelOfAttribute, queryLevels, uniqueKeyOf, type InformationModel, type QueryLevel } from './query-level.ts';
import { elementOf, formatTag, groupOf, type Tag } from './tag.ts';

export type { QueryKey, QueryLimits, QueryMatch } from './query-key.ts';
export type { InformationModel, QueryLevel } from './query-level.ts';

/** What of a sequence is wanted back. No tags and no items: everything in it. */
export interface ReturnTemplate {
  readonly tags: readonly Tag[];
  /** For those tags that are sequences. */
  readonly items: ReadonlyMap<Tag, ReturnTemplate>;
}

export interface Query {
  readonly model: InformationModel;
  readonly level: QueryLevel;
  /** What has to match; keys that match everything are only in `returnKeys`. */
  readonly keys: readonly QueryKey[];
  /** Every attribute that was asked for, in the order of tags. */
  readonly returnKeys: readonly Tag[];
  /** For those of `returnKeys` that are sequences. */
  readonly returnItems: ReadonlyMap<Tag, ReturnTemplate>;
  readonly relational: boolean;
  /** Ranges of a date and its time are one range from moment to moment (C.2.2.2.5); see `dateTimePairs`. */
  readonly dateTimeCombined: boolean;
  /** Person names by their words and sounds (C.2.2.2.1.1); said by each key of a name, too. */
  readonly fuzzy: boolean;
  /** As it came, for the ledger. */
  readonly identifier: DataSet;
  readonly limit?: number;
  readonly offset?: number;
  /** After so many answers the rest is only counted: answers behind them may hold the unique key alone. */
  readonly answersInFull?: number;
}

export interface QueryOptions {
  readonly model: InformationModel;
  /** Negotiated (C.5.1.1), or QIDO: keys of any level, without the unique keys of the levels above. */
  readonly relational: boolean;
  readonly dateTimeCombined: boolean;
  readonly fuzzy: boolean;
  readonly limits: QueryLimits;
  readonly limit?: number;
  readonly offset?: number;
}

/** Dates with the time that belongs to each, for combined matching. */
export const dateTimePairs: ReadonlyMap<Tag, Tag> = new Map([
  [0x00080012, 0x00080013], // Instance Creation
  [0x00080020, 0x00080030], // Study
  [0x00080021, 0x00080031], // Series
  [0x00080022, 0x00080032], // Acquisition
  [0x00080023, 0x00080033], // Content
  [0x00100030, 0x00100032], // Patient's Birth
  [0x00400002, 0x00400003], // Scheduled Procedure Step Start
  [0x00400244, 0x00400245], // Performed Procedure Step Start
  [0x00400250, 0x00400251], // Performed Procedure Step End
  [0x00700082, 0x00700083], // Presentation Creation
]);

const specificCharacterSet = 0x00080005;
const queryRetrieveLevel = 0x00080052;
/** C.4.1.1.3.1 and C.4.1.3.2: part of every identifier, but no question about what is stored. */
const notReturned: ReadonlySet<Tag> = new Set([specificCharacterSet, queryRetrieveLevel]);

/**
 * Can an attribute be part of what an identifier asks? Not group lengths (PS3.5 7.2), not the groups of commands, files and
 * delimiters, and not the two that say how the identifier itself is to be read.
 */
export function isQueryAttribute(tag: Tag): boolean {
  const group = groupOf(tag);
  return elementOf(tag) !== 0 && group > 2 && group < 0xfffe && !notReturned.has(tag);
}

/** May be asked for; a value in it is no condition: Query/Retrieve View, Retrieve AE Title, Instance Availability, Timezone. */
const notMatched: ReadonlySet<Tag> = new Set([0x00080053, 0x00080054, 0x00080056, 0x00080201]);

/**
 * The query that this identifier asks.
 * @throws LeadglassError MALFORMED (no or unknown level; a value that is no UID, date or time), BAD_REQUEST (level not in
 *   the model, unique keys missing, keys of a lower level), LIMIT_EXCEEDED
 */
export function parseQuery(identifier: DataSet, options: QueryOptions): Query {
  const { model, relational, dateTimeCombined, fuzzy, limits, limit, offset } = options;
  const level = levelOf(identifier, model);
  const parsed = parseKeys(identifier, limits, { keysLeft: limits.queryKeysMax, depth: 0, fuzzy });
  if (!relational) checkHierarchy(parsed.keys, model, level);
  return {
    model,
    level,
    keys: parsed.keys,
    returnKeys: parsed.returned.tags,
    returnItems: parsed.returned.items,
    relational,
    dateTimeCombined,
    fuzzy,
    identifier,
    ...(limit === undefined ? {} : { limit }),
    ...(offset === undefined ? {} : { offset }),
  };
}

function levelOf(identifier: DataSet, model: InformationModel): QueryLevel {
  const text = identifier.text(queryRetrieveLevel);
  const level = queryLevels.find((candidate) => candidate === text);
  const field = 'Query/Retrieve Level (0008,0052)';
  if (level === undefined) {
    const found = text === undefined || text === '' ? 'missing' : 'unknown';
    throw new LeadglassError('MALFORMED', `Cannot query: ${field} is ${found}, expected ${queryLevels.join(', ')}`, {
      field,
    });
  }
  if (model === 'study-root' && level === 'PATIENT') {
    throw new LeadglassError('BAD_REQUEST', `Cannot query: ${field} is PATIENT, which the study root model has not`, {
      field,
    });
  }
  return level;
}

interface Position {
  /** Shared by all items of one identifier. */
  keysLeft: number;
  readonly depth: number;
  readonly fuzzy: boolean;
}

interface ParsedKeys {
  readonly keys: readonly QueryKey[];
  readonly returned: ReturnTemplate;
}

function parseKeys(dataSet: DataSet, limits: QueryLimits, position: Position): ParsedKeys {
  const keys: QueryKey[] = [];
  const tags: Tag[] = [];
  const items = new Map<Tag, ReturnTemplate>();
  for (const element of dataSet) {
    const { tag } = element;
    if (!isQueryAttribute(tag)) continue;
    position.keysLeft -= 1;
    if (position.keysLeft < 0) throw tooMany('keys', limits.queryKeysMax);
    tags.push(tag);
    if (notMatched.has(tag)) continue;
    if (element.value instanceof Uint8Array) {
      const match = parseMatch(dataSet, element, limits);
      const vr = queryVrOf(element);
      const isFuzzy = position.fuzzy && vr === 'PN';
      if (match !== undefined) keys.push({ tag, vr, match, ...(isFuzzy ? { fuzzy: true } : {}) });
      continue;
    }
    const [item, ...more] = element.value;
    if (item === undefined) continue;
    if (more.length > 0) {
      const count = element.value.length;
      // C.2.2.2.6
      throw new LeadglassError('BAD_REQUEST', `Cannot match ${formatTag(tag)}: it has ${count} items, expected one`, {
        field: formatTag(tag),
      });
    }
    if (position.depth >= limits.querySequenceDepthMax) throw tooMany('nested items', limits.querySequenceDepthMax);
    const below = { keysLeft: position.keysLeft, depth: position.depth + 1, fuzzy: position.fuzzy };
    const parsed = parseKeys(item, limits, below);
    position.keysLeft = below.keysLeft;
    if (parsed.returned.tags.length > 0) items.set(tag, parsed.returned);
    if (parsed.keys.length > 0) keys.push({ tag, vr: 'SQ', match: { kind: 'sequence', keys: parsed.keys } });
  }
  return { keys, returned: { tags, items } };
}

/**
 * C.4.1.2.1 and C.4.1.3.1, hierarchical search: one value for the unique key of each level above, and no key of a level
 * below. Other keys of the levels above are let through: they can only narrow what the unique key names.
 */
function checkHierarchy(keys: readonly QueryKey[], model: InformationModel, level: QueryLevel): void {
  const levels = model === 'patient-root' ? queryLevels : queryLevels.slice(1);
  const position = levels.indexOf(level);
  for (const above of levels.slice(0, position)) {
    const unique = uniqueKeyOf(above);
    if (hasOneValue(keys.find((key) => key.tag === unique))) continue;
    throw new LeadglassError(
      'BAD_REQUEST',
      `Cannot query at level ${level}: ${formatTag(unique)} of level ${above} needs exactly one value ` +
        'unless relational queries were negotiated',
      { field: formatTag(unique) },
    );
  }
  for (const { tag } of keys) {
    const below = levelOfAttribute(tag);
    if (below === undefined || queryLevels.indexOf(below) <= queryLevels.indexOf(level)) continue;
    throw new LeadglassError(
      'BAD_REQUEST',
      `Cannot query at level ${level}: ${formatTag(tag)} belongs to level ${below}, ` +
        'which can be matched only when relational queries were negotiated',
      { field: formatTag(tag) },
    );
  }
}

function hasOneValue(key: QueryKey | undefined): boolean {
  if (key === undefined) return false;
  return key.match.kind === 'single' || (key.match.kind === 'uid-list' && key.match.uids.length === 1);
}

function tooMany(what: string, most: number): LeadglassError {
  return new LeadglassError('LIMIT_EXCEEDED', `Cannot query: the identifier has more than ${most} ${what}`);
}
