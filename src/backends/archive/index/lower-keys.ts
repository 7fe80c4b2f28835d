/**
 * Relational queries (PS3.4 C.4.1.2.2) may hold keys of levels below the one asked for: a study matches when one of its
 * series, or one instance, inside the scope matches all of them at once.
 */
import type { SQLOutputValue } from 'node:sqlite';
import type { DataSetLimits } from '../../../dicom/data-set-limits.ts';
import { matches } from '../../../dicom/matching.ts';
import type { QueryKey, QueryLevel } from '../../../dicom/query.ts';
import type { Tag } from '../../../dicom/tag.ts';
import type { Scope } from '../../../guard/scope.ts';
import type { ArchiveIndex } from './archive-index.ts';
import { isAtOrAbove, levelOf } from './attributes.ts';
import { decodeHead, mergeHeads } from './head.ts';
import { allOf, seriesScope, type SqlPart, studyScope } from './scope-sql.ts';

/** Is the attribute kept at a level below this one? */
export function isBelow(tag: Tag, level: QueryLevel): boolean {
  const own = levelOf(tag);
  return own !== undefined && !isAtOrAbove(own, level);
}

const owners = { PATIENT: 'st.patient', STUDY: 'st.id', SERIES: 'se.id', IMAGE: 'i.id' } as const;

export function hasMatchBelow(
  index: ArchiveIndex,
  facts: {
    readonly row: Readonly<Record<string, SQLOutputValue>>;
    readonly level: QueryLevel;
    readonly scope: Scope;
    readonly options: { readonly dataSetLimits: DataSetLimits };
  },
  keys: readonly QueryKey[],
): boolean {
  const withImages = keys.some((key) => levelOf(key.tag) === 'IMAGE');
  const owner: SqlPart = { sql: `${owners[facts.level]} = ?`, values: [facts.row['id'] ?? 0] };
  const { sql, values } = allOf([owner, ...studyScope(facts.scope), ...seriesScope(facts.scope)]);
  const rows = index.database
    .prepare(
      `SELECT st.head AS study_head, se.head AS series_head${withImages ? ', i.head AS image_head' : ''}
       FROM study st CROSS JOIN series se ON se.study = st.id${withImages ? ' CROSS JOIN instance i ON i.series = se.id' : ''}
       WHERE ${sql}`,
    )
    .iterate(...values); // its own statement: a cached one may be under way further up
  for (const row of rows) {
    const parts = Object.values(row)
      .filter((value) => value instanceof Uint8Array)
      .map((value) => decodeHead(value, facts.options.dataSetLimits));
    const head = mergeHeads(parts);
    if (keys.every((key) => matches(key, head))) return true;
  }
  return false;
}
