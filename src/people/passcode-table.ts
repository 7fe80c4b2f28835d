/** Passcodes of people for DIMSE devices as rows of `people.sqlite`. A row is there as long as its passcode may be good. */
import type { PeopleDatabase, Row } from './people-database.ts';
import { integer, text } from './rows.ts';

/** Version 5 of the accounts' schema. */
export const passcodeSchema = `
  CREATE TABLE passcode (
    id INTEGER PRIMARY KEY AUTOINCREMENT, hash BLOB NOT NULL UNIQUE, account INTEGER NOT NULL REFERENCES account (id),
    device TEXT NOT NULL, issued_at INTEGER NOT NULL, not_after INTEGER NOT NULL
  ) STRICT;
  CREATE INDEX passcode_account ON passcode (account);
`;

export interface Passcode {
  readonly id: number;
  readonly accountId: number;
  /** AE title of the one device at which it is good. */
  readonly device: string;
  readonly issuedAtMs: number;
  /** First moment at which it is good no more. */
  readonly endsAtMs: number;
}

export class PasscodeTable {
  readonly #statements;

  constructor(database: PeopleDatabase) {
    this.#statements = {
      add: database.prepare(
        'INSERT INTO passcode (hash, account, device, issued_at, not_after) VALUES (?, ?, ?, ?, ?)',
      ),
      byHash: database.prepare('SELECT * FROM passcode WHERE hash = ?'),
      byId: database.prepare('SELECT * FROM passcode WHERE id = ?'),
      of: database.prepare('SELECT * FROM passcode WHERE account = ? ORDER BY id'),
      end: database.prepare('DELETE FROM passcode WHERE id = ? AND account = ?'),
      endOf: database.prepare('DELETE FROM passcode WHERE account = ?'),
      forget: database.prepare('DELETE FROM passcode WHERE not_after <= ?'),
    };
  }

  /** @returns its number */
  add(hash: Buffer, { accountId, device, issuedAtMs, endsAtMs }: Omit<Passcode, 'id'>): number {
    return Number(this.#statements.add.run(hash, accountId, device, issuedAtMs, endsAtMs).lastInsertRowid);
  }

  byHash(hash: Buffer): Passcode | undefined {
    const row = this.#statements.byHash.get(hash);
    return row === undefined ? undefined : passcodeOf(row);
  }

  byId(id: number): Passcode | undefined {
    const row = this.#statements.byId.get(id);
    return row === undefined ? undefined : passcodeOf(row);
  }

  of(accountId: number): readonly Passcode[] {
    return this.#statements.of.all(accountId).map(passcodeOf);
  }

  /** False when the account has no such one. */
  end(id: number, accountId: number): boolean {
    return this.#statements.end.run(id, accountId).changes === 1;
  }

  /** @returns how many there were */
  endOf(accountId: number): number {
    return Number(this.#statements.endOf.run(accountId).changes);
  }

  /** Those that are good no more, of all accounts. */
  forget(nowMs: number): void {
    this.#statements.forget.run(nowMs);
  }
}

function passcodeOf(row: Row): Passcode {
  return {
    id: integer(row, 'id'),
    accountId: integer(row, 'account'),
    device: text(row, 'device'),
    issuedAtMs: integer(row, 'issued_at'),
    endsAtMs: integer(row, 'not_after'),
  };
}
