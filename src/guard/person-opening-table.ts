/** The openings of people in `guard.sqlite`; a part of the policy store, which opens the file and tells who changed. */
import type { DatabaseSync } from 'node:sqlite';
import * as v from 'valibot';
import { type PersonOpening, type PersonOpeningTerms, personOpeningTermsSchema } from './person-opening.ts';
import { parsedRow, type Row } from './row.ts';

/** Version 3 of the policy's schema. */
export const personOpeningSchema = `
  CREATE TABLE person_opening (
    id INTEGER PRIMARY KEY AUTOINCREMENT, account TEXT NOT NULL, terms TEXT NOT NULL, created_at INTEGER NOT NULL,
    closed_at INTEGER, closed_by TEXT, closed_reason TEXT
  ) STRICT;
  CREATE INDEX person_opening_account ON person_opening (account);
`;

export class PersonOpenings {
  readonly #statements: ReturnType<typeof prepareStatements>;
  readonly #changed: (account: string) => void;

  /** @param changed called after each change, with the account whose right it is */
  constructor(database: DatabaseSync, changed: (account: string) => void) {
    this.#statements = prepareStatements(database);
    this.#changed = changed;
  }

  /** @returns the new opening's number. @throws ValiError when the terms are none */
  add(terms: PersonOpeningTerms, createdAtMs: number): number {
    const checked = v.parse(personOpeningTermsSchema, terms);
    const { lastInsertRowid } = this.#statements.add.run(checked.account, JSON.stringify(checked), createdAtMs);
    this.#changed(checked.account);
    return Number(lastInsertRowid);
  }

  byId(id: number): PersonOpening | undefined {
    const row = this.#statements.byId.get(id);
    return row === undefined ? undefined : openingOf(row);
  }

  of(account: string): readonly PersonOpening[] {
    return this.#statements.ofAccount.all(account).map(openingOf);
  }

  all(): readonly PersonOpening[] {
    return this.#statements.all.all().map(openingOf);
  }

  /** True when it was not closed before. */
  close(opening: PersonOpening, { atMs, by, reason }: { atMs: number; by: string; reason: string }): boolean {
    const isClosed = this.#statements.close.run(atMs, by, reason, opening.id).changes === 1;
    if (isClosed) this.#changed(opening.account);
    return isClosed;
  }
}

function prepareStatements(database: DatabaseSync) {
  return {
    add: database.prepare('INSERT INTO person_opening (account, terms, created_at) VALUES (?, ?, ?)'),
    byId: database.prepare('SELECT * FROM person_opening WHERE id = ?'),
    ofAccount: database.prepare('SELECT * FROM person_opening WHERE account = ? ORDER BY id'),
    all: database.prepare('SELECT * FROM person_opening ORDER BY account, id'),
    close: database.prepare(
      'UPDATE person_opening SET closed_at = ?, closed_by = ?, closed_reason = ? WHERE id = ? AND closed_at IS NULL',
    ),
  };
}

const rowSchema = v.object({
  id: v.pipe(v.number(), v.safeInteger()),
  terms: v.pipe(v.string(), v.parseJson(), personOpeningTermsSchema),
  created_at: v.pipe(v.number(), v.safeInteger()),
  closed_at: v.nullable(v.pipe(v.number(), v.safeInteger())),
  closed_by: v.nullable(v.string()),
  closed_reason: v.nullable(v.string()),
});

function openingOf(row: Row): PersonOpening {
  const found = parsedRow(rowSchema, row, 'the opening of a person');
  const { id, terms, created_at: createdAtMs, closed_at: atMs, closed_by: by, closed_reason: reason } = found;
  const closed = atMs === null ? {} : { closed: { atMs, by: by ?? '', reason: reason ?? '' } };
  return { ...terms, id, createdAtMs, ...closed };
}
