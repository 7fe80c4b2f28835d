/** The last sign-ins of each account, for the signs of sharing and theft and for its owner to read; the ledger has all of them. */
import type { PeopleDatabase } from './people-database.ts';
import { integer, optionalInteger, text } from './rows.ts';
import type { SignInFact } from './signs.ts';

export class SignInLog {
  readonly #database: PeopleDatabase;
  readonly #statements;
  readonly #keptMax: number;

  constructor(database: PeopleDatabase, { signInsKeptPerAccountMax }: { readonly signInsKeptPerAccountMax: number }) {
    this.#database = database;
    this.#keptMax = signInsKeptPerAccountMax;
    this.#statements = {
      add: database.prepare(
        'INSERT INTO sign_in (account, at, succeeded, address, user_agent, browser) VALUES (?, ?, ?, ?, ?, ?)',
      ),
      addNobody: database.prepare(
        'INSERT INTO nobody (id, at) VALUES (1, ?) ON CONFLICT (id) DO UPDATE SET at = excluded.at',
      ),
      of: database.prepare('SELECT * FROM sign_in WHERE account = ? ORDER BY id DESC LIMIT ?'),
      forgetOld: database.prepare(
        'DELETE FROM sign_in WHERE account = ?1 AND id <= (SELECT id FROM sign_in WHERE account = ?1 ORDER BY id DESC LIMIT 1 OFFSET ?2)',
      ),
    };
  }

  add(accountId: number, { atMs, succeeded, address, userAgent, browser }: SignInFact): void {
    this.#database.transaction(() => {
      this.#statements.add.run(accountId, atMs, Number(succeeded), address, userAgent, browser ?? null);
      this.#statements.forgetOld.run(accountId, this.#keptMax);
    });
  }

  /** For who has no account: as much durable work as `add`, so that the time does not tell; of them nothing is kept. */
  addNobody(atMs: number): void {
    this.#database.transaction(() => this.#statements.addNobody.run(atMs));
  }

  /** Newest first. */
  of(accountId: number): readonly SignInFact[] {
    return this.#statements.of.all(accountId, this.#keptMax).map((row) => {
      const browser = optionalInteger(row, 'browser');
      return {
        atMs: integer(row, 'at'),
        succeeded: integer(row, 'succeeded') === 1,
        address: text(row, 'address'),
        userAgent: text(row, 'user_agent'),
        ...(browser === undefined ? {} : { browser }),
      };
    });
  }
}
