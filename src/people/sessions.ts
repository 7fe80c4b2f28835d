/**
 * Sessions of people (SP 800-63B-4 5): a secret of 256 random bits in a cookie, here only its hash. Idle and absolute ends by role,
 * looked at with every use; ended by their owner, an administrator, or at once with the account.
 */
import type { Account, Role } from './account.ts';
import { isUsable } from './account.ts';
import type { AccountStore } from './account-store.ts';
import type { Client } from './client.ts';
import { shownUserAgent } from './client.ts';
import type { Passkey } from './credential-store.ts';
import type { Method } from './events.ts';
import type { PeopleDatabase, Row } from './people-database.ts';
import { PeopleRefusedError, type PeopleReason } from './refusal.ts';
import { integer, oneOf, optionalInteger, optionalText, text } from './rows.ts';
import { makeSecret, secretHash } from './secret.ts';
import { sessionNetwork } from './session-place.ts';

export interface Session {
  readonly id: number;
  readonly accountId: number;
  readonly method: Method;
  readonly createdAtMs: number;
  readonly usedAtMs: number;
  /** When a second factor was shown last. */
  readonly steppedUpAtMs: number;
  /** From where it was made, for its owner to recognise. */
  readonly address: string;
  readonly userAgent: string;
  /** From where a second factor was shown in it; as sessionNetwork writes. */
  readonly networks: readonly string[];
  /** First moment at which it is over, where that is before the house's own end. */
  readonly notAfterMs?: number;
  /** Name of the enrolled workstation at which it was begun, and where alone it is good. */
  readonly workstation?: string;
  /** Number of the passkey by which that is known; absent where the certificate of each connection says it. */
  readonly passkeyId?: number;
}

/** A session that is good now, and whose it is. */
export interface LiveSession {
  readonly session: Session;
  readonly account: Account;
}

export interface SessionLimits {
  readonly sessionAbsoluteMs: number;
  readonly sessionIdleMs: Readonly<Record<Role, number>>;
  readonly stepUpMs: number;
  readonly sessionsPerAccountMax: number;
  readonly sessionTouchMs: number;
  readonly userAgentCharactersMax: number;
}

export type SessionEnd =
  | 'stolen'
  | 'own'
  | 'provider'
  | 'administrator'
  | 'account'
  | 'replaced'
  | 'idle'
  | 'over'
  | 'workstation'
  | 'unrecorded';
export type SessionListener = (session: Session, end: SessionEnd) => void;

const methods: readonly Method[] = [
  'provider',
  'passkey',
  'password+passkey',
  'password+code',
  'password+recovery-code',
];

export class Sessions {
  readonly #database: PeopleDatabase;
  readonly #accounts: AccountStore;
  readonly #limits: SessionLimits;
  readonly #now: () => number;
  readonly #listeners = new Set<SessionListener>();
  readonly #changeListeners = new Set<(email: string) => void>();
  readonly #statements;

  constructor(options: {
    readonly database: PeopleDatabase;
    readonly accounts: AccountStore;
    readonly limits: SessionLimits;
    readonly now: () => number;
  }) {
    const { database } = options;
    this.#database = database;
    this.#accounts = options.accounts;
    this.#limits = options.limits;
    this.#now = options.now;
    this.#statements = {
      add: database.prepare(
        `INSERT INTO session (hash, account, method, created_at, used_at, stepped_up_at, address, user_agent, networks, not_after, workstation, passkey)
         VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
      ),
      byHash: database.prepare('SELECT * FROM session WHERE hash = ?'),
      byId: database.prepare('SELECT * FROM session WHERE id = ?'),
      of: database.prepare('SELECT * FROM session WHERE account = ? ORDER BY used_at DESC, id DESC'),
      at: database.prepare('SELECT * FROM session WHERE workstation = ?'),
      tie: database.prepare('SELECT workstation FROM passkey WHERE id = ? AND suspended_at IS NULL'),
      all: database.prepare('SELECT * FROM session'),
      touch: database.prepare('UPDATE session SET used_at = ? WHERE id = ?'),
      stepUp: database.prepare(
        'UPDATE session SET hash = ?, stepped_up_at = ?, used_at = ?, networks = ? WHERE id = ?',
      ),
      end: database.prepare('DELETE FROM session WHERE id = ?'),
    };
  }

  /** Told of each end after it is durable; whoever streams something to that session stops. */
  onEnd(listener: SessionListener): Disposable {
    this.#listeners.add(listener);
    return { [Symbol.dispose]: () => void this.#listeners.delete(listener) };
  }

  /** Told the address of each account one of whose sessions ended or was stepped up, or all of whose were to end, though there were none. */
  onChange(listener: (email: string) => void): Disposable {
    this.#changeListeners.add(listener);
    return { [Symbol.dispose]: () => void this.#changeListeners.delete(listener) };
  }

  /**
   * A new session with a secret that nobody had before (session fixation). The longest unused one beyond the limit ends.
   * @param other when factors were shown, where that is not just now; an end of its own; the passkey, if it was one: it may live in a
   *   workstation, which a certificate says better, with each request
   */
  begin(
    accountId: number,
    method: Method,
    client: Client,
    other: {
      readonly shownAtMs?: number;
      readonly notAfterMs?: number;
      readonly passkey?: Pick<Passkey, 'id' | 'workstation'>;
    } = {},
  ): { readonly secret: string; readonly session: Session } {
    const secret = makeSecret('session');
    const nowMs = this.#now();
    const tooMany = this.of(accountId).slice(this.#limits.sessionsPerAccountMax - 1);
    const { lastInsertRowid } = this.#statements.add.run(
      secretHash('session', secret) ?? null,
      accountId,
      method,
      nowMs,
      nowMs,
      Math.min(nowMs, other.shownAtMs ?? nowMs),
      client.address.slice(0, 64),
      shownUserAgent(client.userAgent, this.#limits),
      JSON.stringify([sessionNetwork(client.address)]),
      other.notAfterMs ?? null,
      client.workstation ?? other.passkey?.workstation ?? null,
      client.workstation === undefined && other.passkey?.workstation !== undefined ? other.passkey.id : null,
    );
    for (const session of tooMany) this.end(session.id, 'replaced');
    return { secret, session: sessionOf(this.#statements.byId.get(lastInsertRowid) ?? {}) };
  }

  /**
   * The session with this secret, if it is good now, and notes its use.
   * @throws PeopleRefusedError as `find`
   */
  use(secret: string): LiveSession {
    const live = this.find(secret);
    this.note(live.session);
    return live;
  }

  /**
   * The same, but it is no use of the session: as long as nobody knows that it is its owner who asks.
   * @throws PeopleRefusedError session-unknown, session-idle, session-over; the session has ended then
   */
  find(secret: string): LiveSession {
    const hash = secretHash('session', secret);
    const row = hash === undefined ? undefined : this.#statements.byHash.get(hash);
    if (row === undefined) throw new PeopleRefusedError('session-unknown');
    const session = sessionOf(row);
    const account = this.#accounts.byId(session.accountId);
    const reason = account === undefined ? 'session-unknown' : this.#endOf(session, account);
    if (account === undefined || reason !== undefined) {
      this.end(session.id, endNames[reason ?? 'session-unknown'] ?? 'account');
      throw new PeopleRefusedError(reason ?? 'session-unknown');
    }
    return { session, account };
  }

  /** A use of the session by a program that acts for its person; nothing where it is over. */
  touch(id: number): void {
    const live = this.look(id);
    if (live !== undefined) this.note(live.session);
  }

  /** @throws PeopleRefusedError step-up-needed when the second factor was shown too long ago */
  requireStepUp({ session }: LiveSession): void {
    const ageMs = this.#now() - session.steppedUpAtMs;
    if (ageMs < 0 || ageMs >= this.#limits.stepUpMs) throw new PeopleRefusedError('step-up-needed');
  }

  /** The second factor was shown again, from this network. @returns the new secret: with more rights comes another one (session fixation) */
  stepUp({ id, networks }: Session, client: Client): string {
    const secret = makeSecret('session');
    const nowMs = this.#now();
    const shown = [...new Set([sessionNetwork(client.address), ...networks])].slice(0, networksMax);
    this.#statements.stepUp.run(secretHash('session', secret) ?? null, nowMs, nowMs, JSON.stringify(shown), id);
    const accountId = this.byId(id)?.accountId;
    if (accountId !== undefined) this.#tellChanged(accountId);
    return secret;
  }

  /** The session with this secret if it is good now; no use of it. */
  lookUp(secret: string): LiveSession | undefined {
    const hash = secretHash('session', secret);
    const row = hash === undefined ? undefined : this.#statements.byHash.get(hash);
    return row === undefined ? undefined : this.look(sessionOf(row).id);
  }

  /** The session with this number if it is good now; no use of it. */
  look(id: number): LiveSession | undefined {
    const session = this.byId(id);
    const account = session && this.#accounts.byId(session.accountId);
    if (session === undefined || account === undefined) return undefined;
    return this.#endOf(session, account) === undefined ? { session, account } : undefined;
  }

  byId(id: number): Session | undefined {
    const row = this.#statements.byId.get(id);
    return row === undefined ? undefined : sessionOf(row);
  }

  /** Those of an account that have not ended yet, the last used first. */
  of(accountId: number): readonly Session[] {
    return this.#statements.of.all(accountId).map(sessionOf);
  }

  /** False when there is none. */
  end(id: number, end: SessionEnd): boolean {
    const session = this.byId(id);
    if (session === undefined || this.#statements.end.run(id).changes === 0) return false;
    this.#tell(session, end);
    return true;
  }

  /** @param exceptId one that goes on @returns how many ended */
  endOf(accountId: number, end: SessionEnd, exceptId?: number): number {
    const sessions = this.of(accountId).filter(({ id }) => id !== exceptId);
    this.#database.transaction(() => {
      for (const { id } of sessions) this.#statements.end.run(id);
    });
    for (const session of sessions) this.#tell(session, end);
    // What runs without a session of ours (a token of the provider) hangs on the account as well.
    if (sessions.length === 0) this.#tellChanged(accountId);
    return sessions.length;
  }

  /** Those that were begun at a workstation and have not ended yet. */
  at(workstation: string): readonly Session[] {
    return this.#statements.at.all(workstation).map(sessionOf);
  }

  /** Of a workstation that is one no more. @returns how many ended */
  endAt(workstation: string): number {
    const sessions = this.at(workstation);
    return sessions.filter(({ id }) => this.end(id, 'workstation')).length;
  }

  /** Ends what is idle or over although nobody uses it; called now and then, so that lists and listeners are right. */
  sweep(): number {
    let ended = 0;
    for (const session of this.#statements.all.all().map(sessionOf)) {
      const account = this.#accounts.byId(session.accountId);
      const reason = account === undefined ? 'session-unknown' : this.#endOf(session, account);
      if (reason !== undefined && this.end(session.id, endNames[reason] ?? 'account')) ended += 1;
    }
    return ended;
  }

  /** A use of a session that was found good just now. */
  note({ id, usedAtMs }: Session): void {
    const nowMs = this.#now();
    if (nowMs - usedAtMs >= this.#limits.sessionTouchMs) this.#statements.touch.run(nowMs, id);
  }

  #tell(session: Session, end: SessionEnd): void {
    for (const listener of this.#listeners) listener(session, end);
    this.#tellChanged(session.accountId);
  }

  #tellChanged(accountId: number): void {
    const email = this.#accounts.byId(accountId)?.email;
    if (email !== undefined) for (const listener of this.#changeListeners) listener(email);
  }

  #endOf(session: Session, account: Account): PeopleReason | undefined {
    const nowMs = this.#now();
    if (!isUsable(account, nowMs)) return 'session-unknown';
    // Where it is used is known by the passkey alone: one that is gone, suspended or tied elsewhere says nothing any more.
    const tied = session.passkeyId === undefined ? undefined : this.#statements.tie.get(session.passkeyId);
    if (session.passkeyId !== undefined && tied?.['workstation'] !== session.workstation) return 'session-unknown';
    // A clock before the session's own beginning cannot tell its age; it ends rather than lives for ever.
    if (nowMs < session.createdAtMs || nowMs - session.createdAtMs >= this.#limits.sessionAbsoluteMs)
      return 'session-over';
    if (session.notAfterMs !== undefined && nowMs >= session.notAfterMs) return 'session-over';
    return nowMs - session.usedAtMs >= this.#limits.sessionIdleMs[account.role] ? 'session-idle' : undefined;
  }
}

/** Ward, office, telephone, and the two families of addresses of each; the oldest gives way. */
const networksMax = 8;

/** What is no list of texts is an empty one: then a factor is asked for. */
function networksOf(json: string): readonly string[] {
  try {
    const list: unknown = JSON.parse(json);
    return Array.isArray(list) ? list.filter((entry) => typeof entry === 'string') : [];
  } catch {
    return [];
  }
}

const endNames: Partial<Record<PeopleReason, SessionEnd>> = { 'session-idle': 'idle', 'session-over': 'over' };

function sessionOf(row: Row): Session {
  const notAfterMs = optionalInteger(row, 'not_after');
  const workstation = optionalText(row, 'workstation');
  const passkeyId = optionalInteger(row, 'passkey');
  return {
    id: integer(row, 'id'),
    accountId: integer(row, 'account'),
    method: oneOf(row, 'method', methods),
    createdAtMs: integer(row, 'created_at'),
    usedAtMs: integer(row, 'used_at'),
    steppedUpAtMs: integer(row, 'stepped_up_at'),
    address: text(row, 'address'),
    userAgent: text(row, 'user_agent'),
    networks: networksOf(text(row, 'networks')),
    ...(notAfterMs === undefined ? {} : { notAfterMs }),
    ...(workstation === undefined ? {} : { workstation }),
    ...(passkeyId === undefined ? {} : { passkeyId }),
  };
}
