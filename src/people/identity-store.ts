/**
 * Who an account is at the provider, which of its sessions came from there, and which logout tokens were used: rows, no decisions. A
 * person is issuer and subject; an e-mail address is never looked up here.
 */
import type { PeopleDatabase, Row } from './people-database.ts';
import { integer, text } from './rows.ts';

export interface LinkedIdentity {
  readonly accountId: number;
  readonly issuer: string;
  readonly subject: string;
  readonly linkedAtMs: number;
  readonly department?: string;
}

export class IdentityStore {
  readonly #database: PeopleDatabase;
  readonly #statements;

  constructor(database: PeopleDatabase) {
    this.#database = database;
    this.#statements = {
      of: database.prepare('SELECT * FROM provider_identity WHERE account = ?'),
      find: database.prepare('SELECT * FROM provider_identity WHERE issuer = ? AND subject = ?'),
      link: database.prepare(
        'INSERT INTO provider_identity (account, issuer, subject, linked_at, department) VALUES (?, ?, ?, ?, ?)',
      ),
      unlink: database.prepare('DELETE FROM provider_identity WHERE account = ?'),
      department: database.prepare('UPDATE provider_identity SET department = ? WHERE account = ?'),
      addSession: database.prepare('INSERT OR IGNORE INTO provider_session (session, issuer, sid) VALUES (?, ?, ?)'),
      isOfProvider: database.prepare('SELECT 1 FROM provider_session WHERE session = ?'),
      sessions: database.prepare('SELECT DISTINCT session FROM provider_session WHERE issuer = ? AND sid = ?'),
      useToken: database.prepare('INSERT OR IGNORE INTO logout_token (issuer, id, not_after) VALUES (?, ?, ?)'),
      forgetTokens: database.prepare('DELETE FROM logout_token WHERE not_after <= ?'),
      tokens: database.prepare('SELECT count(*) AS count FROM logout_token'),
    };
  }

  of(accountId: number): LinkedIdentity | undefined {
    const row = this.#statements.of.get(accountId);
    return row === undefined ? undefined : identityOf(row);
  }

  find(issuer: string, subject: string): LinkedIdentity | undefined {
    const row = this.#statements.find.get(issuer, subject);
    return row === undefined ? undefined : identityOf(row);
  }

  /** Inside the caller's transaction, in which nobody else has this identity and the account has none. */
  link({ accountId, issuer, subject, linkedAtMs, department }: LinkedIdentity): void {
    this.#statements.link.run(accountId, issuer, subject, linkedAtMs, department ?? null);
  }

  /** False when it had none. */
  unlink(accountId: number): boolean {
    return this.#statements.unlink.run(accountId).changes === 1;
  }

  setDepartment(accountId: number, department: string | undefined): void {
    this.#statements.department.run(department ?? null, accountId);
  }

  /** The row goes with the session. @param sid empty where the provider names none */
  addSession(sessionId: number, { issuer, sid = '' }: { readonly issuer: string; readonly sid?: string }): void {
    this.#statements.addSession.run(sessionId, issuer, sid);
  }

  isOfProvider(sessionId: number): boolean {
    return this.#statements.isOfProvider.get(sessionId) !== undefined;
  }

  /** Numbers of the sessions that came from this one at the provider. */
  sessionsOf(issuer: string, sid: string): readonly number[] {
    return this.#statements.sessions.all(issuer, sid).map((row) => integer(row, 'session'));
  }

  /** Uses a logout token up; false when it was used before, or when more are kept than may be. */
  useToken(
    token: { readonly issuer: string; readonly id: string; readonly notAfterMs: number },
    facts: {
      readonly nowMs: number;
      readonly tokensMax: number;
    },
  ): boolean {
    return this.#database.transaction(() => {
      this.#statements.forgetTokens.run(facts.nowMs);
      if (integer(this.#statements.tokens.get() ?? {}, 'count') >= facts.tokensMax) return false;
      return this.#statements.useToken.run(token.issuer, token.id, token.notAfterMs).changes === 1;
    });
  }
}

function identityOf(row: Row): LinkedIdentity {
  const { department } = row;
  return {
    accountId: integer(row, 'account'),
    issuer: text(row, 'issuer'),
    subject: text(row, 'subject'),
    linkedAtMs: integer(row, 'linked_at'),
    ...(typeof department === 'string' ? { department } : {}),
  };
}
