/**
 * The words of patients' names and their sounds, for fuzzy matching: a table beside the studies. Rows that are left over harm nobody,
 * since matching.ts has the last word; a row that is missing would hide a study.
 */
import type { DatabaseSync, SQLInputValue } from 'node:sqlite';
import { nameKeys, type NameLookup } from '../../../dicom/fuzzy-name.ts';
import type { SqlPart } from './scope-sql.ts';

const table =
  'CREATE TABLE name_word (key TEXT NOT NULL, study INTEGER NOT NULL, PRIMARY KEY (key, study)) STRICT, WITHOUT ROWID';
const insert = 'INSERT OR IGNORE INTO name_word VALUES (?, ?)';

/** Makes the table where an index of before has none, with what belongs in it. */
export function ensureNameWords(database: DatabaseSync): void {
  const found = database.prepare("SELECT 1 FROM sqlite_schema WHERE name = 'name_word'").get();
  if (found !== undefined) return;
  database.exec('BEGIN');
  database.exec(table);
  const add = database.prepare(insert);
  for (const row of database.prepare('SELECT id, name, name_ideographic, name_phonetic FROM study').iterate()) {
    for (const key of nameKeys(namesOf(row))) add.run(key, Number(row['id']));
  }
  database.exec('COMMIT');
}

interface Statements {
  statement(sql: string): {
    run(...values: SQLInputValue[]): unknown;
    get(...values: SQLInputValue[]): Record<string, unknown> | undefined;
  };
}

/** @param names of the study's columns */
export function addNameWords(index: Statements, study: number, names: readonly string[]): void {
  for (const key of nameKeys(names.join('='))) index.statement(insert).run(key, study);
}

/** Before the study's row goes. */
export function dropNameWords(index: Statements, study: number): void {
  const row = index.statement('SELECT name, name_ideographic, name_phonetic FROM study WHERE id = ?').get(study);
  if (row === undefined) return;
  for (const key of nameKeys(namesOf(row))) {
    index.statement('DELETE FROM name_word WHERE key = ? AND study = ?').run(key, study);
  }
}

/** Studies whose name has all of these words. */
export function hasNameWords(lookups: readonly NameLookup[]): SqlPart {
  const parts = lookups.map(({ begins, is }) => ({
    sql: `st.id IN (SELECT study FROM name_word WHERE key >= ? AND key < ?${' UNION SELECT study FROM name_word WHERE key = ?'.repeat(is.length)})`,
    values: [begins, `${begins}\u{10ffff}`, ...is],
  }));
  return { sql: parts.map(({ sql }) => sql).join(' AND '), values: parts.flatMap(({ values }) => values) };
}

function namesOf(row: Record<string, unknown>): string {
  return [row['name'], row['name_ideographic'], row['name_phonetic']].map(String).join('=');
}
