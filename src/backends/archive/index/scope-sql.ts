/**
 * A pass's scope as conditions of SQL, over the aliases st (study) and se (series). They are part of every query that
 * answers a peer. Only our own text goes into the SQL; every value is a bound parameter.
 */
import type { SQLInputValue } from 'node:sqlite';
import { normalizeDepartment, type PatientKey, type Scope } from '../../../guard/scope.ts';

export interface SqlPart {
  readonly sql: string;
  readonly values: readonly SQLInputValue[];
}

export const nothing: SqlPart = { sql: '0', values: [] };

/** `column IN (…)` with one parameter whatever the number of values. */
export function isOneOf(column: string, values: readonly string[]): SqlPart {
  if (values.length === 0) return nothing;
  if (values.length === 1) return { sql: `${column} = ?`, values: [values[0] ?? ''] };
  return { sql: `${column} IN (SELECT value FROM json_each(?))`, values: [JSON.stringify(values)] };
}

export function allOf(parts: readonly SqlPart[]): SqlPart {
  if (parts.length === 0) return { sql: '1', values: [] };
  return { sql: parts.map((part) => part.sql).join(' AND '), values: parts.flatMap((part) => part.values) };
}

/** What a scope says of a study by itself. A study whose removal was requested is nowhere. */
export function studyScope(scope: Scope): readonly SqlPart[] {
  const parts: SqlPart[] = [{ sql: 'st.hidden = 0', values: [] }];
  if (scope.studyDateFrom !== undefined || scope.studyDateTo !== undefined) {
    parts.push({ sql: "st.date GLOB '[0-9][0-9][0-9][0-9][0-9][0-9][0-9][0-9]'", values: [] });
    if (scope.studyDateFrom !== undefined) parts.push({ sql: 'st.date >= ?', values: [scope.studyDateFrom] });
    if (scope.studyDateTo !== undefined) parts.push({ sql: 'st.date <= ?', values: [scope.studyDateTo] });
  }
  if (scope.patientIdIssuers !== undefined) parts.push(isOneOf('st.issuer', scope.patientIdIssuers));
  if (scope.patients !== undefined) parts.push(isOneOfPatients(scope.patients));
  if (scope.receivedFrom !== undefined) {
    parts.push({
      sql: 'EXISTS (SELECT 1 FROM study_source so WHERE so.study = st.id AND so.device = ?)',
      values: [scope.receivedFrom],
    });
  }
  if (scope.studyInstanceUids !== undefined) parts.push(isOneOf('st.uid', scope.studyInstanceUids));
  return parts;
}

/** By the study's own attributes, as the study's senders wrote them; both columns, so that an ID of another issuer is another patient. */
function isOneOfPatients(patients: readonly PatientKey[]): SqlPart {
  const named = patients.filter(({ patientId }) => patientId !== '');
  if (named.length === 0) return nothing;
  return {
    sql: `(${named.map(() => 'st.patient_id = ? AND st.issuer = ?').join(' OR ')})`,
    values: named.flatMap(({ patientId, issuer }) => [patientId, issuer]),
  };
}

/** What a scope says of a series. */
export function seriesScope(scope: Scope): readonly SqlPart[] {
  const parts: SqlPart[] = [];
  if (scope.modalities !== undefined) parts.push(isOneOf('se.modality', scope.modalities));
  if (scope.departments !== undefined) {
    const names = scope.departments.map((name) => normalizeDepartment(name)).filter((name) => name !== '');
    parts.push(isOneOf('se.department', names));
  }
  return parts;
}

/** For queries at study level: at least one series inside. */
export function studyHasSeriesInside(scope: Scope): readonly SqlPart[] {
  const inside = seriesScope(scope);
  if (inside.length === 0) return [];
  const { sql, values } = allOf(inside);
  return [{ sql: `EXISTS (SELECT 1 FROM series se WHERE se.study = st.id AND ${sql})`, values }];
}

/** Does the scope reach this instance, so that its sender would find it? */
export function isInstanceReached(index: Statements, scope: Scope, sopInstanceUid: string): boolean {
  const { sql, values } = allOf([...studyScope(scope), ...seriesScope(scope)]);
  const from = 'instance i JOIN series se ON se.id = i.series JOIN study st ON st.id = se.study';
  return (
    index.statement(`SELECT 1 FROM ${from} WHERE i.uid = ? AND ${sql}`).get(sopInstanceUid, ...values) !== undefined
  );
}

interface Statements {
  statement(sql: string): { get(...values: SQLInputValue[]): Record<string, unknown> | undefined };
}

/** For removals: no series outside. */
export function studyHasSeriesInsideOnly(scope: Scope): readonly SqlPart[] {
  const inside = seriesScope(scope);
  if (inside.length === 0) return [];
  const { sql, values } = allOf(inside);
  // What is not known to be inside is outside.
  return [{ sql: `NOT EXISTS (SELECT 1 FROM series se WHERE se.study = st.id AND (${sql}) IS NOT TRUE)`, values }];
}

/** How much of a study is inside the scope: what is beyond it looks as if there were no such study. */
export function reachOfStudy(index: Statements, scope: Scope, studyInstanceUid: string): 'none' | 'part' | 'whole' {
  const reached = allOf([...studyScope(scope), ...studyHasSeriesInside(scope)]);
  const whole = allOf(studyHasSeriesInsideOnly(scope));
  const row = index
    .statement(`SELECT ${whole.sql} AS whole FROM study st WHERE st.uid = ? AND ${reached.sql}`)
    .get(...whole.values, studyInstanceUid, ...reached.values);
  if (row === undefined) return 'none';
  return row['whole'] === 1 ? 'whole' : 'part';
}

/** Is this study not here yet, or is one of its series inside the scope? */
export function isNewOrReached(index: Statements, scope: Scope, studyInstanceUid: string): boolean {
  const { sql, values } = allOf(studyHasSeriesInside(scope));
  const row = index
    .statement(`SELECT ${sql} AS reached FROM study st WHERE st.uid = ?`)
    .get(...values, studyInstanceUid);
  return row === undefined || row['reached'] === 1;
}
