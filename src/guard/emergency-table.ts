/**
 * What is to be remembered of an emergency beside its opening: that its end was recorded, who looked at it afterwards, and how often
 * somebody tried. A part of the policy store.
 */
import type { DatabaseSync } from 'node:sqlite';
import * as v from 'valibot';
import { LeadglassError } from '../error.ts';
import type { PersonOpening } from './person-opening.ts';
import type { PersonOpenings } from './person-opening-table.ts';
import { parsedRow, type Row } from './row.ts';

/** A version of the policy's schema. A try is there whether or not a patient was found. */
export const emergencySchema = `
  CREATE TABLE emergency (
    opening INTEGER PRIMARY KEY REFERENCES person_opening (id), stopped_at INTEGER, stopped_how TEXT,
    reviewed_at INTEGER, reviewed_by TEXT, verdict TEXT CHECK (verdict IN ('justified', 'unjustified')), words TEXT
  ) STRICT;
  CREATE INDEX emergency_running ON emergency (opening) WHERE stopped_at IS NULL;
  CREATE INDEX emergency_unreviewed ON emergency (opening) WHERE reviewed_at IS NULL;
  CREATE TABLE emergency_try (id INTEGER PRIMARY KEY, account TEXT NOT NULL, at INTEGER NOT NULL) STRICT;
  CREATE INDEX emergency_try_account ON emergency_try (account, at);
`;

export const verdicts = ['justified', 'unjustified'] as const;
export type Verdict = (typeof verdicts)[number];

export interface Emergency {
  readonly opening: PersonOpening;
  /** When its end was recorded, and why it came. */
  readonly stopped?: { readonly atMs: number; readonly how: string };
  readonly review?: { readonly atMs: number; readonly by: string; readonly verdict: Verdict; readonly words: string };
}

export class Emergencies {
  readonly #statements: ReturnType<typeof prepareStatements>;
  readonly #openings: PersonOpenings;

  constructor(database: DatabaseSync, openings: PersonOpenings) {
    this.#statements = prepareStatements(database);
    this.#openings = openings;
  }

  /** Of the opening of this number, which the emergency made. */
  add(openingId: number): void {
    this.#statements.add.run(openingId);
  }

  byId(openingId: number): Emergency | undefined {
    const row = this.#statements.byId.get(openingId);
    return row === undefined ? undefined : this.#emergencyOf(row);
  }

  /** Newest first. */
  newest(rowsMax: number): readonly Emergency[] {
    return this.#statements.newest.all(rowsMax).map((row) => this.#emergencyOf(row));
  }

  /** Oldest first, as they are to be looked at. */
  unreviewed(rowsMax: number): readonly Emergency[] {
    return this.#statements.unreviewed.all(rowsMax).map((row) => this.#emergencyOf(row));
  }

  /** Those whose end is not recorded yet. */
  running(): readonly Emergency[] {
    return this.#statements.running.all().map((row) => this.#emergencyOf(row));
  }

  count(): { readonly running: number; readonly unreviewed: number } {
    const row = this.#statements.count.get();
    return { running: Number(row?.['running'] ?? 0), unreviewed: Number(row?.['unreviewed'] ?? 0) };
  }

  stop(openingId: number, { atMs, how }: NonNullable<Emergency['stopped']>): void {
    this.#statements.stop.run(atMs, how, openingId);
  }

  /** False when somebody was first. */
  review(openingId: number, { atMs, by, verdict, words }: NonNullable<Emergency['review']>): boolean {
    return this.#statements.review.run(atMs, by, verdict, words, openingId).changes === 1;
  }

  /** Openings of an account made since then. */
  openedSince(account: string, sinceMs: number): number {
    return Number(this.#statements.openedSince.get(account, sinceMs)?.['n'] ?? 0);
  }

  triesSince(account: string, sinceMs: number): number {
    return Number(this.#statements.triesSince.get(account, sinceMs)?.['n'] ?? 0);
  }

  /** Older ones count nowhere and go. */
  addTry(account: string, { atMs, forgetBeforeMs }: { readonly atMs: number; readonly forgetBeforeMs: number }): void {
    this.#statements.forgetTries.run(forgetBeforeMs);
    this.#statements.addTry.run(account, atMs);
  }

  #emergencyOf(row: Row): Emergency {
    const found = parsedRow(rowSchema, row, 'an emergency');
    const opening = this.#openings.byId(found.opening);
    if (opening?.emergency === undefined) {
      throw new LeadglassError('CORRUPT', 'Cannot read the policy: an emergency is not what it should be');
    }
    const { stopped_at: stoppedAtMs, stopped_how: how, reviewed_at: atMs, reviewed_by: by, verdict, words } = found;
    return {
      opening,
      ...(stoppedAtMs === null ? {} : { stopped: { atMs: stoppedAtMs, how: how ?? '' } }),
      ...(atMs === null || verdict === null ? {} : { review: { atMs, by: by ?? '', verdict, words: words ?? '' } }),
    };
  }
}

function prepareStatements(database: DatabaseSync) {
  return {
    add: database.prepare('INSERT INTO emergency (opening) VALUES (?)'),
    byId: database.prepare('SELECT * FROM emergency WHERE opening = ?'),
    newest: database.prepare('SELECT * FROM emergency ORDER BY opening DESC LIMIT ?'),
    unreviewed: database.prepare('SELECT * FROM emergency WHERE reviewed_at IS NULL ORDER BY opening LIMIT ?'),
    running: database.prepare('SELECT * FROM emergency WHERE stopped_at IS NULL ORDER BY opening'),
    count: database.prepare(
      'SELECT (SELECT count(*) FROM emergency WHERE stopped_at IS NULL) AS running, (SELECT count(*) FROM emergency WHERE reviewed_at IS NULL) AS unreviewed',
    ),
    stop: database.prepare(
      'UPDATE emergency SET stopped_at = ?, stopped_how = ? WHERE opening = ? AND stopped_at IS NULL',
    ),
    review: database.prepare(
      'UPDATE emergency SET reviewed_at = ?, reviewed_by = ?, verdict = ?, words = ? WHERE opening = ? AND reviewed_at IS NULL',
    ),
    openedSince: database.prepare(
      'SELECT count(*) AS n FROM emergency e JOIN person_opening o ON o.id = e.opening WHERE o.account = ? AND o.created_at > ?',
    ),
    triesSince: database.prepare('SELECT count(*) AS n FROM emergency_try WHERE account = ? AND at > ?'),
    addTry: database.prepare('INSERT INTO emergency_try (account, at) VALUES (?, ?)'),
    forgetTries: database.prepare('DELETE FROM emergency_try WHERE at <= ?'),
  };
}

const moment = v.nullable(v.pipe(v.number(), v.safeInteger()));
const rowSchema = v.object({
  opening: v.pipe(v.number(), v.safeInteger()),
  stopped_at: moment,
  stopped_how: v.nullable(v.string()),
  reviewed_at: moment,
  reviewed_by: v.nullable(v.string()),
  verdict: v.nullable(v.picklist(verdicts)),
  words: v.nullable(v.string()),
});
