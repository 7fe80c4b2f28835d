/**
 * Accounts as administrators see them: inviting, disabling, changing a role, links for lost factors and their confirmation by a second
 * person. Whether the caller may do that is the guard's; who it was is in the history and in the ledger.
 */
import {
  type Account,
  type Actor,
  actorText,
  confirmingRoles,
  isOver,
  isUsable,
  parseDisplayName,
  parseEmail,
  type Role,
  unnamedEmail,
} from './account.ts';
import { LeadglassError } from '../error.ts';
import type { HistoryEntry } from './account-store.ts';
import type { Factor, PeopleEvent, PeopleEventKind } from './events.ts';
import type { Invitation, InvitationKind } from './invitations.ts';
import { named, type PeopleParts, recordingRefusals, refuse } from './parts.ts';
import type { Session } from './sessions.ts';

export interface InviteRequest {
  readonly email: string;
  readonly displayName: string;
  readonly role: Role;
  readonly untilMs?: number;
  readonly reason?: string;
}

export interface IssuedLink {
  readonly account: Account;
  /** The secret itself: to be handed on and forgotten. The door makes a link of it. */
  readonly secret: string;
  readonly notAfterMs: number;
  /** A second person has to confirm before it is good. */
  readonly needsConfirmation: boolean;
}

export interface AccountView {
  readonly account: Account;
  /** Its end has come although nobody disabled it. */
  readonly isOver: boolean;
  readonly factors: readonly Factor[];
  readonly passkeys: readonly { readonly id: number; readonly name: string; readonly isSuspended: boolean }[];
  readonly recoveryCodesLeft: number;
  readonly sessions: readonly Session[];
  readonly invitation?: Omit<Invitation, 'hash'>;
  readonly history: readonly HistoryEntry[];
}

export class AccountAdmin {
  readonly #parts: PeopleParts;

  constructor(parts: PeopleParts) {
    this.#parts = parts;
  }

  /**
   * A new account, or a new link for one that is invited; a disabled one comes back, without what it had.
   * @throws LeadglassError BAD_REQUEST for a wrong address, name, role or end; CONFLICT when it is active; LIMIT_EXCEEDED
   */
  async invite(request: InviteRequest, actor: Actor): Promise<IssuedLink> {
    const { accounts, limits, now, database } = this.#parts;
    const email = parseEmail(request.email, limits);
    const displayName = parseDisplayName(request.displayName, limits);
    const reason = this.#reason(request.reason ?? '');
    const { role, untilMs } = request;
    if (untilMs !== undefined && untilMs <= now()) {
      throw new LeadglassError('BAD_REQUEST', 'Cannot invite: the end of the account is in the past');
    }
    const known = accounts.byEmail(email);
    if (known?.state === 'active') {
      throw new LeadglassError(
        'CONFLICT',
        `Cannot invite ${email}: the account is active; "leadglass account reset ${email}" helps who lost a factor`,
      );
    }
    if (known === undefined && accounts.count() >= limits.accountsMax) {
      throw new LeadglassError('LIMIT_EXCEEDED', `Cannot invite: there are ${limits.accountsMax} accounts`);
    }
    const by = actorText(actor);
    const end = untilMs === undefined ? {} : { untilMs };
    await this.#record('invited', { by, detail: `${email} as ${role}` }, known);
    return database.transaction(() => {
      const before = accounts.byEmail(email);
      if (before?.state === 'active')
        throw new LeadglassError('CONFLICT', `Cannot invite ${email}: the account is active`);
      if (before !== undefined) {
        accounts.reinvite(before.id, { displayName, role, ...end });
        this.#forget(before.id);
      }
      const account = before ?? accounts.add({ email, displayName, role, ...end, createdAtMs: now(), createdBy: by });
      accounts.addHistory(account.id, { atMs: now(), by, what: `invited as ${role}`, reason });
      return this.#issue(account.id, 'enrol', { by, confirmedBy: by });
    });
  }

  /**
   * A link for the first administrator, as long as there is no account but the one that it is for; undefined afterwards. Each call makes
   * the former link void.
   */
  async firstAdministrator(): Promise<IssuedLink | undefined> {
    const others = this.#parts.accounts.all().filter(({ email }) => email !== unnamedEmail);
    if (others.length > 0) return undefined;
    const request = { email: unnamedEmail, displayName: 'First administrator', role: 'administrator' } as const;
    return await this.invite({ ...request, reason: 'first start' }, { kind: 'operator', user: 'first start' });
  }

  /** Ends the account, its link and all its sessions at once. @throws LeadglassError NOT_FOUND, BAD_REQUEST, CONFLICT */
  async disable(email: string, actor: Actor, why: string): Promise<{ readonly sessionsEnded: number }> {
    const { accounts, now, sessions, database, ceremonies } = this.#parts;
    const account = this.#account(email);
    const reason = this.#reason(why);
    if (reason === '') throw new LeadglassError('BAD_REQUEST', 'Cannot disable the account: say why');
    if (account.state === 'disabled')
      throw new LeadglassError('CONFLICT', `The account ${account.email} is disabled already`);
    const by = actorText(actor);
    await this.#record('account-disabled', { by, detail: reason }, account);
    database.transaction(() => {
      accounts.disable(account.id, { atMs: now(), by, reason });
      this.#parts.invitations.end(account.id);
      this.#parts.browsers.forget(account.id);
      accounts.addHistory(account.id, { atMs: now(), by, what: 'disabled', reason });
    });
    ceremonies.endOf(account.id);
    return { sessionsEnded: sessions.endOf(account.id, 'account') };
  }

  /** Sessions end: what somebody may do never changes under an open page. @throws LeadglassError NOT_FOUND, CONFLICT */
  async setRole(email: string, role: Role, actor: Actor): Promise<void> {
    const { accounts, now, sessions, database } = this.#parts;
    const account = this.#account(email);
    if (account.role === role)
      throw new LeadglassError('CONFLICT', `The account ${account.email} has this role already`);
    const by = actorText(actor);
    await this.#record('role-changed', { by, detail: `${account.role} to ${role}` }, account);
    database.transaction(() => {
      accounts.setRole(account.id, role);
      accounts.addHistory(account.id, { atMs: now(), by, what: `role ${account.role} to ${role}`, reason: '' });
    });
    sessions.endOf(account.id, 'account');
  }

  /**
   * A link to set anew what was lost (SP 800-63B-4 4.2). What the account has stays until it is used, and it is not good until a second
   * person confirms, so that no single administrator can become somebody else. The exception: nobody else could confirm, and
   * who asks already owns this server's data folder.
   * @throws LeadglassError NOT_FOUND, CONFLICT for an account that is not active
   */
  async reset(email: string, actor: Actor, why: string): Promise<IssuedLink> {
    const { accounts, now, database } = this.#parts;
    const account = this.#account(email);
    const reason = this.#reason(why);
    if (account.state !== 'active') {
      throw new LeadglassError('CONFLICT', `The account ${account.email} is ${account.state}; invite it instead`);
    }
    const by = actorText(actor);
    const isAlone = actor.kind === 'operator' && !accounts.all().some((other) => this.#mayConfirm(other, account.id));
    const detail = isAlone ? 'without confirmation: nobody else could confirm' : 'waits for a second person';
    await this.#record('reset-issued', { by, detail }, account);
    return database.transaction(() => {
      accounts.addHistory(account.id, { atMs: now(), by, what: `link for lost factors, ${detail}`, reason });
      return this.#issue(account.id, 'reset', { by, ...(isAlone ? { confirmedBy: by } : {}) });
    });
  }

  /**
   * The second person. An operator of the machine may be one when an account issued the link, not when another operator did: their names
   * are only claimed.
   * @throws LeadglassError NOT_FOUND; PeopleRefusedError same-person, role-too-low
   */
  async confirmReset(email: string, actor: Actor): Promise<void> {
    const account = this.#account(email);
    const by = actorText(actor);
    const event = { kind: 'reset-refused', account: named(account), by } as const;
    await recordingRefusals(
      this.#parts,
      () => event,
      async () => {
        const invitation = this.#parts.invitations.of(account.id);
        if (invitation === undefined || invitation.kind !== 'reset' || invitation.confirmedBy !== undefined) {
          throw new LeadglassError('NOT_FOUND', `There is no link for ${account.email} that waits for confirmation`);
        }
        const isSame = invitation.issuedBy === by || (actor.kind === 'account' && actor.accountId === account.id);
        const areOperators = actor.kind === 'operator' && invitation.issuedBy.startsWith('operator ');
        if (isSame || areOperators) refuse('same-person');
        const confirmer = actor.kind === 'account' ? this.#parts.accounts.byId(actor.accountId) : undefined;
        if (actor.kind === 'account' && (confirmer === undefined || !this.#mayConfirm(confirmer, account.id))) {
          refuse('role-too-low');
        }
        await this.#record('reset-confirmed', { by }, account);
        if (!this.#parts.invitations.confirm(invitation, by)) {
          throw new LeadglassError('CONFLICT', `The link for ${account.email} was replaced or confirmed meanwhile`);
        }
        const what = 'link for lost factors confirmed';
        this.#parts.accounts.addHistory(account.id, { atMs: this.#parts.now(), by, what, reason: '' });
      },
    );
  }

  /** Forgets the failures in a row of an account, after somebody has looked. @throws LeadglassError NOT_FOUND */
  async clearFailures(email: string, actor: Actor): Promise<void> {
    const account = this.#account(email);
    const by = actorText(actor);
    await this.#record('account-enabled', { by, detail: 'failures in a row forgotten' }, account);
    this.#parts.throttle.clear(account.id);
    this.#parts.accounts.addHistory(account.id, {
      atMs: this.#parts.now(),
      by,
      what: 'failures forgotten',
      reason: '',
    });
  }

  /** @returns how many ended @throws LeadglassError NOT_FOUND */
  async endSessions(email: string, actor: Actor): Promise<number> {
    const account = this.#account(email);
    await this.#record('session-ended', { by: actorText(actor), detail: 'all sessions' }, account);
    return this.#parts.sessions.endOf(account.id, 'administrator');
  }

  list(): readonly Account[] {
    return this.#parts.accounts.all();
  }

  /** @throws LeadglassError NOT_FOUND */
  show(email: string): AccountView {
    const { credentials, sessions, invitations, accounts, limits, now } = this.#parts;
    const account = this.#account(email);
    const passkeys = credentials.passkeys(account.id);
    const factors: readonly (Factor | undefined)[] = [
      credentials.passwordHash(account.id) === undefined ? undefined : 'password',
      credentials.codeSecret(account.id) === undefined ? undefined : 'one-time code',
      credentials.recoveryCodesLeft(account.id) === 0 ? undefined : 'recovery codes',
      passkeys.length === 0 ? undefined : 'passkey',
    ];
    const invitation = invitations.of(account.id);
    return {
      account,
      isOver: isOver(account, now()),
      factors: factors.filter((factor) => factor !== undefined),
      passkeys: passkeys.map(({ id, name, suspendedAtMs }) => ({ id, name, isSuspended: suspendedAtMs !== undefined })),
      recoveryCodesLeft: credentials.recoveryCodesLeft(account.id),
      sessions: sessions.of(account.id),
      ...(invitation === undefined ? {} : { invitation: withoutHash(invitation) }),
      history: accounts.history(account.id, limits.historyEntriesMax),
    };
  }

  #mayConfirm(other: Account, subjectId: number): boolean {
    return other.id !== subjectId && confirmingRoles.includes(other.role) && isUsable(other, this.#parts.now());
  }

  #account(email: string): Account {
    const account = this.#parts.accounts.byEmail(parseEmail(email, this.#parts.limits));
    if (account === undefined) throw new LeadglassError('NOT_FOUND', `There is no account ${email}`);
    return account;
  }

  #issue(
    accountId: number,
    kind: InvitationKind,
    from: { readonly by: string; readonly confirmedBy?: string },
  ): IssuedLink {
    const { invitations, limits, now, accounts } = this.#parts;
    const account = accounts.byId(accountId);
    if (account === undefined) throw new LeadglassError('INTERNAL', 'An account is gone');
    const untilMs = now() + (kind === 'enrol' ? limits.invitationMs : limits.resetInvitationMs);
    const notAfterMs = Math.min(untilMs, account.untilMs ?? untilMs);
    const confirmed = from.confirmedBy === undefined ? {} : { confirmedBy: from.confirmedBy };
    const secret = invitations.issue({ accountId, kind, issuedBy: from.by, notAfterMs, ...confirmed });
    return { account, secret, notAfterMs, needsConfirmation: from.confirmedBy === undefined };
  }

  #forget(accountId: number): void {
    this.#parts.credentials.forgetAll(accountId);
    this.#parts.browsers.forget(accountId);
    this.#parts.throttle.clear(accountId);
    this.#parts.ceremonies.endOf(accountId);
  }

  #reason(text: string): string {
    const { reasonCharactersMax } = this.#parts.limits;
    if (text.length <= reasonCharactersMax && text.isWellFormed()) return text.trim();
    throw new LeadglassError('BAD_REQUEST', `Cannot read the reason: at most ${reasonCharactersMax} characters`);
  }

  #record(
    kind: PeopleEventKind,
    facts: Pick<PeopleEvent, 'by' | 'detail'>,
    account: Account | undefined,
  ): Promise<void> {
    const about = account === undefined ? {} : { account: named(account) };
    return this.#parts.record({ kind, atMs: this.#parts.now(), ...about, ...facts });
  }
}

function withoutHash({ hash: _hash, ...shown }: Invitation): Omit<Invitation, 'hash'> {
  return shown;
}
