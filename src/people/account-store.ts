/** Accounts and their history as rows. Only remembers; what may be changed by whom is decided in accounts.ts and enrolment.ts. */
import { randomBytes } from 'node:crypto';
import { type Account, accountStates, type Role, roles } from './account.ts';
import type { PeopleDatabase, Row } from './people-database.ts';
import { bytes, integer, oneOf, optionalInteger, text } from './rows.ts';

export interface HistoryEntry {
  readonly atMs: number;
  readonly by: string;
  readonly what: string;
  readonly reason: string;
}

export class AccountStore {
  readonly #statements;

  constructor(database: PeopleDatabase) {
    this.#statements = {
      add: database.prepare(
        `INSERT INTO account (handle, email, display_name, role, state, until, created_at, created_by) VALUES (?, ?, ?, ?, 'invited', ?, ?, ?)`,
      ),
      byId: database.prepare('SELECT * FROM account WHERE id = ?'),
      byEmail: database.prepare('SELECT * FROM account WHERE email = ?'),
      all: database.prepare('SELECT * FROM account ORDER BY email'),
      count: database.prepare('SELECT count(*) AS count FROM account'),
      activate: database.prepare(
        `UPDATE account SET state = 'active', enrolled_at = coalesce(enrolled_at, ?) WHERE id = ? AND state = 'invited'`,
      ),
      disable: database.prepare(
        `UPDATE account SET state = 'disabled', disabled_at = ?, disabled_by = ?, disabled_reason = ? WHERE id = ? AND state <> 'disabled'`,
      ),
      reinvite: database.prepare(
        `UPDATE account SET state = 'invited', display_name = ?, role = ?, until = ?, disabled_at = NULL, disabled_by = NULL, disabled_reason = NULL WHERE id = ?`,
      ),
      name: database.prepare(`UPDATE account SET email = ?, display_name = ? WHERE id = ? AND state = 'invited'`),
      rename: database.prepare('UPDATE account SET display_name = ? WHERE id = ?'),
      setRole: database.prepare('UPDATE account SET role = ? WHERE id = ? AND role <> ?'),
      addHistory: database.prepare('INSERT INTO history (account, at, by, what, reason) VALUES (?, ?, ?, ?, ?)'),
      history: database.prepare('SELECT * FROM history WHERE account = ? ORDER BY id DESC LIMIT ?'),
    };
  }

  /** @returns the new account, invited, with a handle of its own */
  add(account: Pick<Account, 'email' | 'displayName' | 'role' | 'untilMs' | 'createdAtMs' | 'createdBy'>): Account {
    const { email, displayName, role, untilMs, createdAtMs, createdBy } = account;
    const { lastInsertRowid } = this.#statements.add.run(
      randomBytes(32),
      email,
      displayName,
      role,
      untilMs ?? null,
      createdAtMs,
      createdBy,
    );
    const row = this.#statements.byId.get(lastInsertRowid);
    return accountOf(row ?? {});
  }

  byId(id: number): Account | undefined {
    const row = this.#statements.byId.get(id);
    return row === undefined ? undefined : accountOf(row);
  }

  /** @param email as parseEmail writes it */
  byEmail(email: string): Account | undefined {
    const row = this.#statements.byEmail.get(email);
    return row === undefined ? undefined : accountOf(row);
  }

  all(): readonly Account[] {
    return this.#statements.all.all().map(accountOf);
  }

  count(): number {
    return integer(this.#statements.count.get() ?? {}, 'count');
  }

  /** Invited to active; false when it was not invited. */
  activate(id: number, atMs: number): boolean {
    return this.#statements.activate.run(atMs, id).changes === 1;
  }

  /** False when it was disabled already. */
  disable(id: number, { atMs, by, reason }: NonNullable<Account['disabled']>): boolean {
    return this.#statements.disable.run(atMs, by, reason, id).changes === 1;
  }

  /** The same person comes again: the account is invited anew, with what it is now to be. */
  reinvite(id: number, { displayName, role, untilMs }: Pick<Account, 'displayName' | 'role' | 'untilMs'>): void {
    this.#statements.reinvite.run(displayName, role, untilMs ?? null, id);
  }

  /** Says who an invited account is for. */
  name(id: number, { email, displayName }: Pick<Account, 'email' | 'displayName'>): void {
    this.#statements.name.run(email, displayName, id);
  }

  /** The same person under another name. */
  rename(id: number, displayName: string): void {
    this.#statements.rename.run(displayName, id);
  }

  /** False when it had that role. */
  setRole(id: number, role: Role): boolean {
    return this.#statements.setRole.run(role, id, role).changes === 1;
  }

  addHistory(accountId: number, { atMs, by, what, reason }: HistoryEntry): void {
    this.#statements.addHistory.run(accountId, atMs, by, what, reason);
  }

  /** Newest first. */
  history(accountId: number, entriesMax: number): readonly HistoryEntry[] {
    return this.#statements.history.all(accountId, entriesMax).map((row) => ({
      atMs: integer(row, 'at'),
      by: text(row, 'by'),
      what: text(row, 'what'),
      reason: text(row, 'reason'),
    }));
  }
}

function accountOf(row: Row): Account {
  const untilMs = optionalInteger(row, 'until');
  const enrolledAtMs = optionalInteger(row, 'enrolled_at');
  const disabledAtMs = optionalInteger(row, 'disabled_at');
  return {
    id: integer(row, 'id'),
    handle: bytes(row, 'handle'),
    email: text(row, 'email'),
    displayName: text(row, 'display_name'),
    role: oneOf(row, 'role', roles),
    state: oneOf(row, 'state', accountStates),
    createdAtMs: integer(row, 'created_at'),
    createdBy: text(row, 'created_by'),
    ...(untilMs === undefined ? {} : { untilMs }),
    ...(enrolledAtMs === undefined ? {} : { enrolledAtMs }),
    ...(disabledAtMs === undefined
      ? {}
      : { disabled: { atMs: disabledAtMs, by: text(row, 'disabled_by'), reason: text(row, 'disabled_reason') } }),
  };
}
