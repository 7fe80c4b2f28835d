/**
 * Browsers at which an account has signed in with both factors: each keeps a secret (a cookie) that gives its owner's own lane when
 * strangers fail at the account, and tells a new browser from an old one. It proves nothing and signs nobody in.
 */
import type { PeopleDatabase } from './people-database.ts';
import { integer } from './rows.ts';
import { makeSecret, secretHash } from './secret.ts';

export interface BrowserLimits {
  readonly knownBrowsersPerAccountMax: number;
  readonly knownBrowserMs: number;
}

export class KnownBrowsers {
  readonly #database: PeopleDatabase;
  readonly #limits: BrowserLimits;
  readonly #now: () => number;
  readonly #statements;

  constructor(database: PeopleDatabase, limits: BrowserLimits, now: () => number) {
    this.#database = database;
    this.#limits = limits;
    this.#now = now;
    this.#statements = {
      find: database.prepare('SELECT id FROM browser WHERE hash = ? AND account = ? AND used_at > ?'),
      add: database.prepare('INSERT INTO browser (hash, account, used_at) VALUES (?, ?, ?)'),
      use: database.prepare('UPDATE browser SET used_at = ? WHERE id = ?'),
      forgetOld: database.prepare(
        'DELETE FROM browser WHERE account = ?1 AND (used_at <= ?2 OR id NOT IN (SELECT id FROM browser WHERE account = ?1 ORDER BY used_at DESC LIMIT ?3))',
      ),
      forget: database.prepare('DELETE FROM browser WHERE account = ?'),
    };
  }

  /** Number of the browser when this account knows it. */
  find(accountId: number, secret: string | undefined): number | undefined {
    const hash = secret === undefined ? undefined : secretHash('browser', secret);
    if (hash === undefined) return undefined;
    const row = this.#statements.find.get(hash, accountId, this.#now() - this.#limits.knownBrowserMs);
    return row === undefined ? undefined : integer(row, 'id');
  }

  /** @returns the secret that the browser keeps: the one it has, or a new one */
  remember(
    accountId: number,
    shown: string | undefined,
  ): { readonly id: number; readonly secret: string; readonly isNew: boolean } {
    const nowMs = this.#now();
    return this.#database.transaction(() => {
      const known = this.find(accountId, shown);
      if (known !== undefined && shown !== undefined) {
        this.#statements.use.run(nowMs, known);
        return { id: known, secret: shown, isNew: false };
      }
      const secret = makeSecret('browser');
      const { lastInsertRowid } = this.#statements.add.run(secretHash('browser', secret) ?? null, accountId, nowMs);
      const { knownBrowserMs, knownBrowsersPerAccountMax } = this.#limits;
      this.#statements.forgetOld.run(accountId, nowMs - knownBrowserMs, knownBrowsersPerAccountMax);
      return { id: Number(lastInsertRowid), secret, isNew: true };
    });
  }

  forget(accountId: number): void {
    this.#statements.forget.run(accountId);
  }
}
