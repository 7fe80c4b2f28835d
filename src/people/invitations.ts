/**
 * One-time links: to enrol, and to set anew what was lost. One per account, the last one counts; good once, until its end, and a link
 * for lost factors only after a second person has confirmed it. Of the secret only its hash is kept.
 */
import type { PeopleDatabase, Row } from './people-database.ts';
import { PeopleRefusedError } from './refusal.ts';
import { bytes, integer, oneOf, text } from './rows.ts';
import { makeSecret, secretHash } from './secret.ts';

export type InvitationKind = 'enrol' | 'reset';

export interface Invitation {
  readonly accountId: number;
  readonly kind: InvitationKind;
  readonly hash: Buffer;
  readonly issuedAtMs: number;
  /** As actorText writes. */
  readonly issuedBy: string;
  /** First moment at which it is not good any more. */
  readonly notAfterMs: number;
  /** Absent while a second person has to look at it. */
  readonly confirmedBy?: string;
}

export class Invitations {
  readonly #statements;
  readonly #now: () => number;

  constructor(database: PeopleDatabase, now: () => number) {
    this.#now = now;
    this.#statements = {
      put: database.prepare(
        'INSERT OR REPLACE INTO invitation (account, hash, kind, issued_at, issued_by, not_after, confirmed_by) VALUES (?, ?, ?, ?, ?, ?, ?)',
      ),
      byHash: database.prepare('SELECT * FROM invitation WHERE hash = ?'),
      of: database.prepare('SELECT * FROM invitation WHERE account = ?'),
      confirm: database.prepare(
        'UPDATE invitation SET confirmed_by = ? WHERE account = ? AND hash = ? AND confirmed_by IS NULL',
      ),
      unconfirmed: database.prepare(
        'SELECT * FROM invitation WHERE confirmed_by IS NULL AND not_after > ? ORDER BY issued_at, account',
      ),
      end: database.prepare('DELETE FROM invitation WHERE account = ?'),
      use: database.prepare('DELETE FROM invitation WHERE hash = ?'),
    };
  }

  /** Replaces the account's former one. @returns its secret, told once */
  issue(invitation: Omit<Invitation, 'hash' | 'issuedAtMs'>): string {
    const secret = makeSecret('invitation');
    const { accountId, kind, issuedBy, notAfterMs, confirmedBy } = invitation;
    const hash = secretHash('invitation', secret) ?? null;
    this.#statements.put.run(accountId, hash, kind, this.#now(), issuedBy, notAfterMs, confirmedBy ?? null);
    return secret;
  }

  /** The good one with this secret. @throws PeopleRefusedError invitation-unknown, -ended, -unconfirmed */
  find(secret: string): Invitation {
    const hash = secretHash('invitation', secret);
    return this.#good(hash === undefined ? undefined : this.#statements.byHash.get(hash));
  }

  /** Uses it up, inside the caller's transaction. @throws PeopleRefusedError as find */
  use(hash: Buffer): Invitation {
    const invitation = this.#good(this.#statements.byHash.get(hash));
    this.#statements.use.run(hash);
    return invitation;
  }

  of(accountId: number): Invitation | undefined {
    const row = this.#statements.of.get(accountId);
    return row === undefined ? undefined : invitationOf(row);
  }

  confirm({ accountId, hash }: Invitation, by: string): boolean {
    return this.#statements.confirm.run(by, accountId, hash).changes === 1;
  }

  /** Good ones that a second person has to look at, the oldest first. */
  unconfirmed(nowMs: number): readonly Invitation[] {
    return this.#statements.unconfirmed.all(nowMs).map(invitationOf);
  }

  end(accountId: number): void {
    this.#statements.end.run(accountId);
  }

  #good(row: Row | undefined): Invitation {
    if (row === undefined) throw new PeopleRefusedError('invitation-unknown');
    const invitation = invitationOf(row);
    if (this.#now() >= invitation.notAfterMs) throw new PeopleRefusedError('invitation-ended');
    if (invitation.confirmedBy === undefined) throw new PeopleRefusedError('invitation-unconfirmed');
    return invitation;
  }
}

function invitationOf(row: Row): Invitation {
  const confirmedBy = row['confirmed_by'];
  return {
    accountId: integer(row, 'account'),
    kind: oneOf(row, 'kind', ['enrol', 'reset']),
    hash: bytes(row, 'hash'),
    issuedAtMs: integer(row, 'issued_at'),
    issuedBy: text(row, 'issued_by'),
    notAfterMs: integer(row, 'not_after'),
    ...(typeof confirmedBy === 'string' ? { confirmedBy } : {}),
  };
}
