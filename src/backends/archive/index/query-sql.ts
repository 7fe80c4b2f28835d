/**
 * From a query to SQL. The conditions leave every row that may match (matching.ts then has the last word), and always hold
 * the pass's scope. Only text of this file goes into the SQL; whatever came from a peer is a bound parameter.
 */
import type { SQLInputValue } from 'node:sqlite';
import { Tags } from '../../../dicom/dictionary/tags.generated.ts';
import { type NameLookup, nameLookups } from '../../../dicom/fuzzy-name.ts';
import { normalizeForMatching, personNamePatterns } from '../../../dicom/person-name.ts';
import type { QueryKey, QueryLevel } from '../../../dicom/query.ts';
import type { Tag } from '../../../dicom/tag.ts';
import type { Scope } from '../../../guard/scope.ts';
import { hasNameWords } from './name-words.ts';
import { allOf, isOneOf, type SqlPart, seriesScope, studyHasSeriesInside, studyScope } from './scope-sql.ts';

/** One pass over the index, in the order of `orderBy` and then of the row id. */
export interface QueryPhase {
  readonly where: SqlPart;
  /** A column with an index, or the row id itself. */
  readonly orderBy: string;
}

export interface QueryPlan {
  readonly from: string;
  /** Row id of the level asked for. */
  readonly id: string;
  /** Run one after the other; no row comes in two of them. */
  readonly phases: readonly QueryPhase[];
}

type ColumnKind = 'text' | 'date' | 'name';
interface Column {
  readonly column: string;
  readonly kind: ColumnKind;
}

/** The patient of a study stands in the study's row. */
const patientColumns: ReadonlyMap<Tag, Column> = new Map<Tag, Column>([
  [Tags.PatientID, { column: 'st.patient_id', kind: 'text' }],
  [Tags.IssuerOfPatientID, { column: 'st.issuer', kind: 'text' }],
  [Tags.PatientName, { column: 'st.name', kind: 'name' }],
  [Tags.PatientBirthDate, { column: 'st.birth_date', kind: 'date' }],
  [Tags.PatientSex, { column: 'st.sex', kind: 'text' }],
]);

const otherColumns: ReadonlyMap<Tag, Column> = new Map<Tag, Column>([
  [Tags.StudyInstanceUID, { column: 'st.uid', kind: 'text' }],
  [Tags.StudyDate, { column: 'st.date', kind: 'date' }],
  [Tags.AccessionNumber, { column: 'st.accession', kind: 'text' }],
  [Tags.StudyID, { column: 'st.study_id', kind: 'text' }],
  [Tags.StudyDescription, { column: 'st.description', kind: 'text' }],
  [Tags.SeriesInstanceUID, { column: 'se.uid', kind: 'text' }],
  [Tags.Modality, { column: 'se.modality', kind: 'text' }],
  [Tags.SeriesDescription, { column: 'se.description', kind: 'text' }],
  [Tags.BodyPartExamined, { column: 'se.body_part', kind: 'text' }],
  [Tags.SeriesDate, { column: 'se.date', kind: 'date' }],
  [Tags.PerformedProcedureStepStartDate, { column: 'se.pps_date', kind: 'date' }],
  [Tags.SOPInstanceUID, { column: 'i.uid', kind: 'text' }],
  [Tags.SOPClassUID, { column: 'i.sop_class', kind: 'text' }],
]);

const froms: Readonly<Record<QueryLevel, { readonly from: string; readonly id: string }>> = {
  PATIENT: { from: 'patient p', id: 'p.id' },
  STUDY: { from: 'study st', id: 'st.id' },
  SERIES: { from: 'series se CROSS JOIN study st ON st.id = se.study', id: 'se.id' },
  IMAGE: {
    from: 'instance i CROSS JOIN series se ON se.id = i.series CROSS JOIN study st ON st.id = se.study',
    id: 'i.id',
  },
};
/** With a key that narrows the study, reading begins there. */
const fromsByStudy: Readonly<Record<QueryLevel, string>> = {
  PATIENT: froms.PATIENT.from,
  STUDY: froms.STUDY.from,
  SERIES: 'study st CROSS JOIN series se ON se.study = st.id',
  IMAGE: 'study st CROSS JOIN series se ON se.study = st.id CROSS JOIN instance i ON i.series = se.id',
};

/** `keys`: those of the level asked for and above; keys of lower levels are looked at by lower-keys.ts. */
export function planQuery(level: QueryLevel, keys: readonly QueryKey[], scope: Scope): QueryPlan {
  const fixed: SqlPart[] = [...scopeParts(level, scope)];
  let name: QueryKey | undefined;
  // One patient has a handful of studies: reading begins with them, whatever else is asked.
  let few = scope.patients !== undefined;
  let dated = false;
  let byStudy = few;
  for (const key of keys) {
    const column = columnOf(key.tag, level);
    if (column === undefined) {
      const part = computedPart(key, { level, scope });
      if (part !== undefined) fixed.push(part);
      continue;
    }
    if (column.column.startsWith('st.')) byStudy = true;
    if (key.tag === Tags.PatientName) {
      name = key;
      continue;
    }
    const part = conditionOf(column, key);
    if (part === undefined) continue;
    fixed.push(part);
    if (key.match.kind === 'single' || key.match.kind === 'uid-list' || key.match.kind === 'multi') {
      few ||= selective.has(key.tag);
    }
    if (key.tag === Tags.StudyDate) dated = true;
  }
  const from = byStudy ? fromsByStudy[level] : froms[level].from;
  const { id } = froms[level];
  const names = name === undefined ? [] : name.fuzzy === true ? fuzzyNameParts(name) : nameParts(name);
  if (names.length <= 1 || few || level !== 'STUDY') {
    const orderBy = dated && !few && level === 'STUDY' ? 'st.date' : id;
    const any = names.map((part) => `(${part.sql})`).join(' OR ');
    const parts = any === '' ? fixed : [...fixed, { sql: `(${any})`, values: names.flatMap((part) => part.values) }];
    const where = allOf(parts);
    if (level !== 'PATIENT') return { from, id, phases: [{ where, orderBy }] };
    const sql = `p.id IN (SELECT st.patient FROM study st WHERE ${where.sql})`;
    return { from, id, phases: [{ where: { sql, values: where.values }, orderBy }] };
  }
  // One phase for each component group, each along its own index; a row that an earlier phase gave is left out.
  const phases = names.map((part, index) => {
    const earlier = names.slice(0, index).map((before) => ({ sql: `NOT (${before.sql})`, values: before.values }));
    return { where: allOf([part, ...fixed, ...earlier]), orderBy: `st.${nameColumnNames[index] ?? 'name'}` };
  });
  return { from, id, phases };
}

/** Keys whose exact match leaves a handful of rows. */
const selective: ReadonlySet<Tag> = new Set([
  Tags.PatientID,
  Tags.AccessionNumber,
  Tags.StudyID,
  Tags.StudyInstanceUID,
  Tags.SeriesInstanceUID,
  Tags.SOPInstanceUID,
]);

function scopeParts(level: QueryLevel, scope: Scope): readonly SqlPart[] {
  const ofSeries = level === 'SERIES' || level === 'IMAGE' ? seriesScope(scope) : studyHasSeriesInside(scope);
  return [...studyScope(scope), ...ofSeries];
}

function columnOf(tag: Tag, level: QueryLevel): Column | undefined {
  const ofPatient = patientColumns.get(tag);
  if (ofPatient !== undefined) return ofPatient;
  const column = otherColumns.get(tag);
  if (column === undefined) return undefined;
  const depth = column.column.startsWith('st.') ? 1 : column.column.startsWith('se.') ? 2 : 3;
  const reach = { PATIENT: 0, STUDY: 1, SERIES: 2, IMAGE: 3 }[level];
  return depth <= reach ? column : undefined;
}

/** Undefined: matching.ts alone decides. */
function conditionOf({ column, kind }: Column, key: QueryKey): SqlPart | undefined {
  const { match } = key;
  switch (match.kind) {
    case 'single':
    case 'multi':
      return isOneOf(
        column,
        match.values.map((value) => value.trimEnd()),
      );
    case 'uid-list':
      return isOneOf(column, match.uids);
    case 'wildcard':
      return kind === 'date' ? undefined : likePart(column, match.pattern);
    case 'range': {
      if (kind !== 'date') return undefined;
      const parts: SqlPart[] = [];
      if (match.from !== undefined) parts.push({ sql: `${column} >= ?`, values: [match.from] });
      if (match.to !== undefined) parts.push({ sql: `${column} <= ?`, values: [match.to] });
      return allOf(parts);
    }
    case 'empty':
      return { sql: `${column} = ''`, values: [] };
    case 'sequence':
      return undefined;
    default:
      return match satisfies never;
  }
}

/** Keys on what is computed from the series of a study. */
function computedPart(
  key: QueryKey,
  facts: { readonly level: QueryLevel; readonly scope: Scope },
): SqlPart | undefined {
  if (facts.level !== 'STUDY') return undefined;
  const { match } = key;
  if (match.kind !== 'single' && match.kind !== 'multi' && match.kind !== 'uid-list') return undefined;
  const values = match.kind === 'uid-list' ? match.uids : match.values;
  const inside = seriesScope(facts.scope);
  if (key.tag === Tags.ModalitiesInStudy) {
    const { sql, values: bound } = allOf([...inside, isOneOf('se.modality', values)]);
    return { sql: `EXISTS (SELECT 1 FROM series se WHERE se.study = st.id AND ${sql})`, values: bound };
  }
  if (key.tag === Tags.SOPClassesInStudy) {
    const { sql, values: bound } = allOf([...inside, isOneOf('sc.sop_class', values)]);
    return {
      sql: `EXISTS (SELECT 1 FROM series se JOIN series_class sc ON sc.series = se.id WHERE se.study = st.id AND ${sql})`,
      values: bound,
    };
  }
  return undefined;
}

const nameColumnNames = ['name', 'name_ideographic', 'name_phonetic'] as const;

/**
 * The condition on each component group of the patient's name; any of them is enough. One part only when the key itself
 * names groups, none when only matching.ts can decide.
 */
function nameParts({ match }: QueryKey): readonly SqlPart[] {
  if (match.kind === 'empty') return [{ sql: "st.name = ''", values: [] }];
  if (match.kind !== 'single' && match.kind !== 'wildcard' && match.kind !== 'multi') return [];
  const texts = match.kind === 'wildcard' ? [match.pattern] : match.values;
  if (texts.length === 1 && texts[0]?.includes('=') === true) return [groupedName(texts[0])];
  if (texts.some((text) => text.includes('='))) return [];
  return nameColumnNames.map((name) => {
    const part = anyPattern(
      `st.${name}`,
      texts.flatMap((text) => personNamePatterns(text)),
    );
    // The two rare groups have partial indexes over the rows that have them.
    return name === 'name' ? part : { sql: `st.${name} <> '' AND ${part.sql}`, values: part.values };
  });
}

/**
 * Each look-up is made in one go, over all names that begin so: 60 ms for one letter among 100,000 studies, during which nobody else is served.
 * So there are few, of words that say something; matching.ts asks for the others, in turns.
 */
const lookupsMax = 8;
/** With the letter that keys of words begin with: three of the name, or two where it has no longer word. */
const tellingCharacters = 4;

function tellingLookups(lookups: readonly NameLookup[], most: number): readonly NameLookup[] {
  const longest = [...new Map(lookups.map((lookup) => [lookup.begins, lookup])).values()].toSorted(
    (one, other) => other.begins.length - one.begins.length,
  );
  const telling = longest.filter(({ begins }) => begins.length >= tellingCharacters);
  return telling.length > 0
    ? telling.slice(0, most)
    : longest.slice(0, 1).filter(({ begins }) => begins.length === tellingCharacters - 1);
}

/** One part with any of the values; none when one of them can be decided by matching.ts alone. */
function fuzzyNameParts(key: QueryKey): readonly SqlPart[] {
  const { match } = key;
  if (match.kind !== 'single' && match.kind !== 'wildcard' && match.kind !== 'multi') return nameParts(key);
  const texts = [...new Set(match.kind === 'wildcard' ? [match.pattern] : match.values)];
  if (texts.length > lookupsMax) return [];
  const lookups = texts.map((text) => tellingLookups(nameLookups(text), Math.floor(lookupsMax / texts.length)));
  if (lookups.some(({ length }) => length === 0)) return [];
  const parts = lookups.map(hasNameWords);
  return [{ sql: parts.map(({ sql }) => `(${sql})`).join(' OR '), values: parts.flatMap(({ values }) => values) }];
}

/** `alphabetic=ideographic=phonetic`: each given group is held against its own. */
function groupedName(text: string): SqlPart {
  const groups = text.split('=').slice(0, nameColumnNames.length);
  return allOf(
    groups.flatMap((group, index) =>
      normalizeForMatching(group) === ''
        ? []
        : [anyPattern(`st.${nameColumnNames[index] ?? 'name'}`, personNamePatterns(group))],
    ),
  );
}

function anyPattern(column: string, patterns: readonly string[]): SqlPart {
  const parts = patterns.map((pattern) =>
    /[*?]/.test(pattern) ? likePart(column, pattern) : { sql: `${column} = ?`, values: [pattern] },
  );
  const first = parts[0];
  if (parts.length === 1 && first !== undefined) return first;
  return {
    sql: `(${parts.map((part) => `(${part.sql})`).join(' OR ')})`,
    values: parts.flatMap((part) => part.values),
  };
}

/**
 * Values and patterns of real names and descriptions are shorter. GLOB may compare each byte of one with each of the other, and
 * SQLite does nothing else meanwhile: what is longer is left to matching.ts, between whose rows others get their turn.
 */
const globValueBytesMax = 256;
const globPatternCharactersMax = 128;

/** PS3.4 C.2.2.2.4: `*` any run of characters, `?` one. GLOB has the same two, and a bracket that must be escaped. */
function likePart(column: string, pattern: string): SqlPart {
  const values: SQLInputValue[] = [];
  const conditions: string[] = [];
  const prefix = /^[^*?]*/.exec(pattern)?.[0] ?? '';
  if (prefix !== '') {
    conditions.push(`${column} >= ?`, `${column} < ?`);
    values.push(prefix, `${prefix}\u{10ffff}`);
  }
  if (pattern !== `${prefix}*` && pattern.length <= globPatternCharactersMax) {
    conditions.push(`(octet_length(${column}) > ${globValueBytesMax} OR ${column} GLOB ?)`);
    values.push(pattern.replaceAll('[', '[[]').replaceAll(/\*+/g, '*'));
  }
  return conditions.length === 0 ? { sql: '1', values: [] } : { sql: conditions.join(' AND '), values };
}
