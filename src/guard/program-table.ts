/** The registered programs in `guard.sqlite`; a part of the policy store, which opens the file. Rows stay when a program is removed. */
import type { DatabaseSync } from 'node:sqlite';
import * as v from 'valibot';
import { isProgramOpen, type Program, type ProgramTerms, programTermsSchema } from './program.ts';
import { parsedRow, type Row } from './row.ts';

/** A version of the policy's schema. */
export const programSchema = `
  CREATE TABLE program (
    id INTEGER PRIMARY KEY AUTOINCREMENT, name TEXT NOT NULL, terms TEXT NOT NULL, created_at INTEGER NOT NULL, last_used_at INTEGER,
    removed_at INTEGER, removed_by TEXT, removed_reason TEXT
  ) STRICT;
  CREATE UNIQUE INDEX program_name ON program (name) WHERE removed_at IS NULL;
`;

const usedEveryMs = 60_000;

export class Programs {
  readonly #statements: ReturnType<typeof prepareStatements>;
  readonly #listeners = new Set<(name: string) => void>();
  /** Those that are not removed; every request of a stranger asks for them. */
  #known: readonly Program[] | undefined;

  constructor(database: DatabaseSync) {
    this.#statements = prepareStatements(database);
  }

  /** Told the name of each that was added or removed. */
  onChange(listener: (name: string) => void): Disposable {
    this.#listeners.add(listener);
    return { [Symbol.dispose]: () => void this.#listeners.delete(listener) };
  }

  /** @throws ValiError when the terms are none */
  add(terms: ProgramTerms, createdAtMs: number): void {
    const checked = v.parse(programTermsSchema, terms);
    this.#statements.add.run(checked.name, JSON.stringify(checked), createdAtMs);
    this.#tell(checked.name);
  }

  /** Those that were not removed, ended ones included, by name. */
  known(): readonly Program[] {
    this.#known ??= this.#statements.known.all().map(programOf);
    return this.#known;
  }

  /** Those for which codes and tokens may be given now. */
  open(nowMs: number): readonly Program[] {
    return this.known().filter((program) => isProgramOpen(program, nowMs));
  }

  /** Removed ones too. */
  all(): readonly Program[] {
    return this.#statements.all.all().map(programOf);
  }

  /** Written once a minute at most. */
  used(name: string, atMs: number): void {
    const { lastUsedAtMs = 0 } = this.known().find((program) => program.name === name) ?? {};
    if (Math.abs(atMs - lastUsedAtMs) < usedEveryMs) return;
    this.#statements.used.run(atMs, name);
    this.#known = undefined;
  }

  /** True when it was there. */
  remove(name: string, { atMs, by, reason }: { atMs: number; by: string; reason: string }): boolean {
    const isRemoved = this.#statements.remove.run(atMs, by, reason, name).changes === 1;
    if (isRemoved) this.#tell(name);
    return isRemoved;
  }

  #tell(name: string): void {
    this.#known = undefined;
    for (const listener of this.#listeners) listener(name);
  }
}

function prepareStatements(database: DatabaseSync) {
  return {
    add: database.prepare('INSERT INTO program (name, terms, created_at) VALUES (?, ?, ?)'),
    known: database.prepare('SELECT * FROM program WHERE removed_at IS NULL ORDER BY name'),
    all: database.prepare('SELECT * FROM program ORDER BY name, id'),
    used: database.prepare('UPDATE program SET last_used_at = ? WHERE name = ? AND removed_at IS NULL'),
    remove: database.prepare(
      'UPDATE program SET removed_at = ?, removed_by = ?, removed_reason = ? WHERE name = ? AND removed_at IS NULL',
    ),
  };
}

const moment = v.pipe(v.number(), v.safeInteger());
const rowSchema = v.object({
  id: moment,
  terms: v.pipe(v.string(), v.parseJson(), programTermsSchema),
  created_at: moment,
  last_used_at: v.nullable(moment),
  removed_at: v.nullable(moment),
  removed_by: v.nullable(v.string()),
  removed_reason: v.nullable(v.string()),
});

function programOf(row: Row): Program {
  const found = parsedRow(rowSchema, row, 'a registered program');
  const { id, terms, created_at: createdAtMs, last_used_at, removed_at, removed_by, removed_reason } = found;
  return {
    ...terms,
    id,
    createdAtMs,
    ...(last_used_at === null ? {} : { lastUsedAtMs: last_used_at }),
    ...(removed_at === null
      ? {}
      : { removed: { atMs: removed_at, by: removed_by ?? '', reason: removed_reason ?? '' } }),
  };
}
