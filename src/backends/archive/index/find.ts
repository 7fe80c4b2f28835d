/**
 * Runs a query against the index page by page, so that neither a million matches nor a slow peer holds memory or a read
 * transaction. matching.ts decides about each row; the SQL only leaves out what cannot match.
 */
import { setImmediate as nextTurn } from 'node:timers/promises';
import type { SQLOutputValue } from 'node:sqlite';
import { DataSet } from '../../../dicom/data-set.ts';
import type { DataSetLimits } from '../../../dicom/data-set-limits.ts';
import { matchesQuery } from '../../../dicom/matching.ts';
import type { Query } from '../../../dicom/query.ts';
import type { Tag } from '../../../dicom/tag.ts';
import { LeadglassError } from '../../../error.ts';
import type { Find } from '../../../guard/operation.ts';
import type { Pass } from '../../../guard/pass.ts';
import type { Scope } from '../../../guard/scope.ts';
import { type AnswerOptions, answerOf, uniqueKeys } from './answer.ts';
import type { ArchiveIndex } from './archive-index.ts';
import { addComputed, computedTags } from './computed.ts';
import { hasMatchBelow, isBelow } from './lower-keys.ts';
import { decodeHead, decodeHeadElements, headOfLevel, mergeHeads } from './head.ts';
import { allOf, studyHasSeriesInside, studyScope } from './scope-sql.ts';
import { planQuery, type QueryPhase, type QueryPlan } from './query-sql.ts';

export interface FindLimits {
  /** Rows read in one turn. */
  readonly findPageRows: number;
  /** A turn ends after so long, whatever its rows: a hostile value and pattern cost a hundred milliseconds each. */
  readonly findTurnMs: number;
}

export interface FindOptions extends AnswerOptions {
  readonly limits: FindLimits;
  readonly dataSetLimits: DataSetLimits;
}

type Row = Record<string, SQLOutputValue>;

export async function* find(index: ArchiveIndex, pass: Pass<Find>, options: FindOptions): AsyncGenerator<DataSet> {
  const { query } = pass.operation;
  const { level, dateTimeCombined } = query;
  const lower = query.keys.filter((key) => isBelow(key.tag, level));
  const keys = query.keys.filter((key) => !isBelow(key.tag, level));
  const plan = planQuery(level, keys, pass.scope);
  const computed = computedTags(query);
  // What has to be known before a row matches; the rest is computed for those that are answered.
  const matched = computedTags({ ...query, returnKeys: [] });
  // Of most rows of a broad query nothing else is ever looked at.
  const lookedAt = new Set([...keys.map(({ tag }) => tag), uniqueKeys[level]]);
  let inFull = query.answersInFull ?? Number.POSITIVE_INFINITY;
  let skip = query.offset ?? 0;
  let left = query.limit ?? Number.POSITIVE_INFINITY;
  let turnEndsMs = performance.now() + options.limits.findTurnMs;
  for (const phase of plan.phases) {
    for await (const row of rowsOf(index, { plan, phase, query, pageRows: options.limits.findPageRows })) {
      if (performance.now() > turnEndsMs) {
        await nextTurn();
        turnEndsMs = performance.now() + options.limits.findTurnMs;
      }
      if (!pass.stillValid())
        throw new LeadglassError('NOT_AUTHORIZED', 'Cannot answer further: the opening was closed');
      const head =
        level === 'PATIENT'
          ? headOfPatient(index, row, { scope: pass.scope, limits: options.dataSetLimits })
          : headOfRow(row, options.dataSetLimits, lookedAt);
      if (matched.size > 0) addComputed(index, head, { row, level, scope: pass.scope, wanted: matched });
      if (!matchesQuery({ keys, dateTimeCombined }, head)) continue;
      if (lower.length > 0 && !hasMatchBelow(index, { row, level, scope: pass.scope, options }, lower)) continue;
      if (skip > 0) {
        skip -= 1;
        continue;
      }
      if (left <= 0) return;
      left -= 1;
      if (inFull <= 0) {
        yield answerOf({ ...query, returnKeys: [] }, head, options);
        continue;
      }
      inFull -= 1;
      const whole = level === 'PATIENT' ? head : headOfRow(row, options.dataSetLimits);
      if (computed.size > 0) addComputed(index, whole, { row, level, scope: pass.scope, wanted: computed });
      yield answerOf(query, whole, options);
    }
  }
}

const columns: Readonly<Record<Query['level'], string>> = {
  PATIENT: 'p.id AS patient',
  STUDY: 'st.id AS study, st.head AS study_head',
  SERIES: 'st.id AS study, se.id AS series, st.head AS study_head, se.head AS series_head',
  IMAGE: 'st.id AS study, se.id AS series, st.head AS study_head, se.head AS series_head, i.head AS image_head',
};

async function* rowsOf(
  index: ArchiveIndex,
  facts: { readonly plan: QueryPlan; readonly phase: QueryPhase; readonly query: Query; readonly pageRows: number },
): AsyncGenerator<Row> {
  const { plan, phase, query, pageRows } = facts;
  const { id, from } = plan;
  const byId = phase.orderBy === id;
  const select = `SELECT ${id} AS id, ${phase.orderBy} AS place, ${columns[query.level]} FROM ${from} WHERE ${phase.where.sql}`;
  const further = byId ? ` AND ${id} > ?` : ` AND (${phase.orderBy}, ${id}) > (?, ?)`;
  const order = ` ORDER BY ${byId ? id : `${phase.orderBy}, ${id}`} LIMIT ?`;
  // The first page of most queries is the last; a small one keeps a broad query's first answer quick.
  let rows = Math.min(pageRows, 32);
  let after: Row | undefined;
  for (;;) {
    const page: Row[] =
      after === undefined
        ? index.statement(select + order).all(...phase.where.values, rows)
        : index
            .statement(select + further + order)
            .all(
              ...phase.where.values,
              ...(byId ? [after['id'] ?? 0] : [after['place'] ?? '', after['id'] ?? 0]),
              rows,
            );
    yield* page;
    if (page.length < rows) return;
    after = page.at(-1);
    rows = pageRows;
    await nextTurn();
  }
}

/** All levels of a row as one data set, or what of them is in `only`. */
function headOfRow(row: Row, limits: DataSetLimits, only?: ReadonlySet<Tag>): DataSet {
  const parts = ['study_head', 'series_head', 'image_head']
    .map((name) => row[name])
    .filter((head) => head instanceof Uint8Array)
    .map((head) => (only && decodeHeadElements(head, only)) ?? decodeHead(head, limits));
  return mergeHeads(parts);
}

/** The patient as the first of its studies inside the scope has it. */
function headOfPatient(
  index: ArchiveIndex,
  row: Row,
  facts: { readonly scope: Scope; readonly limits: DataSetLimits },
): DataSet {
  const inside = allOf([...studyScope(facts.scope), ...studyHasSeriesInside(facts.scope)]);
  const study = index
    .statement(
      `SELECT st.head AS study_head FROM study st WHERE st.patient = ? AND ${inside.sql} ORDER BY st.id LIMIT 1`,
    )
    .get(row['id'] ?? 0, ...inside.values);
  return study === undefined ? new DataSet() : headOfLevel(headOfRow(study, facts.limits), 'PATIENT');
}
