/**
 * Accounts as administrators see them: inviting, disabling, changing a role. Links for lost factors are in account-links.ts. Whether
 * the caller may do that is the guard's; who it was is in the history and in the ledger.
 */
import { LeadglassError } from '../error.ts';
import {
  type Account,
  type Actor,
  actorText,
  firstStart,
  hasAdministrator,
  isOver,
  parseDisplayName,
  parseEmail,
  type Role,
  unnamedEmail,
} from './account.ts';
import { type AccountLinks, findAccount, type IssuedLink, readReason } from './account-links.ts';
import type { HistoryEntry } from './account-store.ts';
import type { Factor, PeopleEvent, PeopleEventKind } from './events.ts';
import type { LinkedIdentity } from './identity-store.ts';
import type { Invitation } from './invitations.ts';
import { named, type PeopleParts } from './parts.ts';
import type { Session } from './sessions.ts';

export interface InviteRequest {
  readonly email: string;
  readonly displayName: string;
  readonly role: Role;
  readonly untilMs?: number;
  readonly reason?: string;
}

export interface AccountView {
  readonly account: Account;
  /** Its end has come although nobody disabled it. */
  readonly isOver: boolean;
  readonly factors: readonly Factor[];
  /** Who it is at the hospital's provider. */
  readonly provider?: LinkedIdentity;
  readonly passkeys: readonly {
    readonly id: number;
    readonly name: string;
    readonly isSuspended: boolean;
    readonly workstation?: string;
  }[];
  readonly recoveryCodesLeft: number;
  readonly sessions: readonly Session[];
  readonly invitation?: Omit<Invitation, 'hash'>;
  readonly history: readonly HistoryEntry[];
}

export class AccountAdmin {
  readonly #parts: PeopleParts;
  readonly #links: AccountLinks;

  constructor(parts: PeopleParts, links: AccountLinks) {
    this.#parts = parts;
    this.#links = links;
  }

  /**
   * A new account, or a new link for one that is invited; a disabled one comes back, without what it had, and its link needs a second
   * person as one for lost factors does: to disable and to invite again must not be a way around.
   * @throws LeadglassError BAD_REQUEST for a wrong address, name, role or end; CONFLICT when it is active; LIMIT_EXCEEDED
   */
  async invite(request: InviteRequest, actor: Actor): Promise<IssuedLink> {
    const { accounts, limits, now, database } = this.#parts;
    const email = parseEmail(request.email, limits);
    const displayName = parseDisplayName(request.displayName, limits);
    const reason = readReason(this.#parts.limits, request.reason ?? '');
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
      return this.#links.issue(account, 'enrol', actor);
    });
  }

  /**
   * A link for the first administrator, as long as no administrator has enrolled; undefined afterwards. Each call makes the former link
   * void.
   */
  async firstAdministrator(): Promise<IssuedLink | undefined> {
    if (hasAdministrator(this.#parts.accounts.all())) return undefined;
    const request = { email: unnamedEmail, displayName: 'First administrator', role: 'administrator' } as const;
    return await this.invite({ ...request, reason: 'first start' }, firstStart);
  }

  /** Ends the account, its link and all its sessions at once. @throws LeadglassError NOT_FOUND, BAD_REQUEST, CONFLICT */
  async disable(email: string, actor: Actor, why: string): Promise<{ readonly sessionsEnded: number }> {
    const { accounts, now, sessions, database, ceremonies } = this.#parts;
    const account = findAccount(this.#parts, email);
    const reason = readReason(this.#parts.limits, why);
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
    this.#parts.passcodes.endOf(account);
    return { sessionsEnded: sessions.endOf(account.id, 'account') };
  }

  /** Sessions end: what somebody may do never changes under an open page. @throws LeadglassError NOT_FOUND, CONFLICT */
  async setRole(email: string, role: Role, actor: Actor): Promise<void> {
    const { accounts, now, sessions, database } = this.#parts;
    const account = findAccount(this.#parts, email);
    if (account.role === role)
      throw new LeadglassError('CONFLICT', `The account ${account.email} has this role already`);
    const by = actorText(actor);
    await this.#record('role-changed', { by, detail: `${account.role} to ${role}` }, account);
    database.transaction(() => {
      accounts.setRole(account.id, role);
      accounts.addHistory(account.id, { atMs: now(), by, what: `role ${account.role} to ${role}`, reason: '' });
    });
    this.#parts.passcodes.endOf(account);
    sessions.endOf(account.id, 'account');
  }

  /**
   * From now on whoever signs in with this passkey sits at this workstation; without one, anywhere. Sessions end, so that none goes on
   * from a place that nobody knew. A passkey that can be on several devices lives in none (WebAuthn 6.1.3).
   * @throws LeadglassError NOT_FOUND, CONFLICT when two have this name or it can be on several devices
   */
  async tiePasskey(
    email: string,
    { name, workstation, reason }: { readonly name: string; readonly workstation?: string; readonly reason: string },
    actor: Actor,
  ): Promise<{ readonly sessionsEnded: number }> {
    const { credentials, accounts, sessions, database, now, limits } = this.#parts;
    const account = findAccount(this.#parts, email);
    const why = readReason(limits, reason);
    const [passkey, other] = credentials.passkeys(account.id).filter((one) => one.name === name);
    if (passkey === undefined) throw new LeadglassError('NOT_FOUND', `${account.email} has no passkey of that name`);
    if (other !== undefined)
      throw new LeadglassError('CONFLICT', 'Two passkeys have that name: have one renamed first');
    if (workstation !== undefined && (!passkey.isSingleDevice || passkey.isSynced)) {
      throw new LeadglassError(
        'CONFLICT',
        'Cannot tie this passkey: it can be on several devices; register one at the workstation that stays in it',
      );
    }
    const by = actorText(actor);
    const where = workstation === undefined ? 'tied to no workstation' : `tied to ${workstation}`;
    const kind = workstation === undefined ? 'passkey-untied' : 'passkey-tied';
    await this.#record(kind, { by, detail: `passkey "${name}", ${where}: ${why}` }, account);
    database.transaction(() => {
      credentials.tiePasskey(account.id, passkey.id, workstation);
      accounts.addHistory(account.id, { atMs: now(), by, what: `passkey "${name}" ${where}`, reason: why });
    });
    return { sessionsEnded: sessions.endOf(account.id, 'administrator') };
  }

  /** Forgets the failures in a row of an account, after somebody has looked. @throws LeadglassError NOT_FOUND */
  async clearFailures(email: string, actor: Actor): Promise<void> {
    const account = findAccount(this.#parts, email);
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
    const account = findAccount(this.#parts, email);
    await this.#record('session-ended', { by: actorText(actor), detail: 'all sessions' }, account);
    this.#parts.passcodes.endOf(account);
    return this.#parts.sessions.endOf(account.id, 'administrator');
  }

  list(): readonly Account[] {
    return this.#parts.accounts.all();
  }

  /** @throws LeadglassError NOT_FOUND */
  show(email: string): AccountView {
    const { credentials, sessions, invitations, accounts, limits, now } = this.#parts;
    const account = findAccount(this.#parts, email);
    const passkeys = credentials.passkeys(account.id);
    const provider = this.#parts.identities.of(account.id);
    const factors: readonly (Factor | undefined)[] = [
      provider === undefined ? undefined : 'provider',
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
      passkeys: passkeys.map(({ id, name, suspendedAtMs, workstation }) => ({
        id,
        name,
        isSuspended: suspendedAtMs !== undefined,
        ...(workstation === undefined ? {} : { workstation }),
      })),
      ...(provider === undefined ? {} : { provider }),
      recoveryCodesLeft: credentials.recoveryCodesLeft(account.id),
      sessions: sessions.of(account.id),
      ...(invitation === undefined ? {} : { invitation: withoutHash(invitation) }),
      history: accounts.history(account.id, limits.historyEntriesMax),
    };
  }

  #forget(accountId: number): void {
    this.#parts.credentials.forgetAll(accountId);
    this.#parts.identities.unlink(accountId);
    this.#parts.browsers.forget(accountId);
    this.#parts.throttle.clear(accountId);
    this.#parts.ceremonies.endOf(accountId);
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
