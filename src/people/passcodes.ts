/**
 * Passcodes by which a person says at a DIMSE device who they are (PS3.7 D.3.3.7, types 2 and 5). A password alone would be one factor, typed
 * into the settings of a program; so it is never taken there. Who has just shown two factors in the console makes a passcode: told
 * once, for one device, for an hour at most, 256 random bits. SP 800-63B-4 5.1: it stands for the session in which it was made.
 */
import { LeadglassError } from '../error.ts';
import { type Account, isUsable, parseEmail } from './account.ts';
import { named, type PeopleParts } from './parts.ts';
import { type Passcode, PasscodeTable } from './passcode-table.ts';
import { makePasscodeToken, readPasscodeToken, tokenKey } from './passcode-token.ts';
import { makeSecret, secretHash } from './secret.ts';
import type { LiveSession } from './sessions.ts';

export interface IssuedPasscode {
  readonly id: number;
  /** To be typed as the user name. */
  readonly userName: string;
  /** The secret itself: shown once, kept nowhere. */
  readonly passcode: string;
  /** The same as a JSON Web Token. */
  readonly token: string;
  readonly device: string;
  readonly endsAtMs: number;
}

/** Good now, and whose it is. */
export interface LivePasscode {
  readonly passcode: Passcode;
  readonly account: Account;
}

export type PasscodeParts = Pick<
  PeopleParts,
  'accounts' | 'sessions' | 'pepper' | 'limits' | 'record' | 'now' | 'database'
>;

export class Passcodes {
  readonly #parts: PasscodeParts;
  readonly #table: PasscodeTable;
  readonly #key: Buffer;
  readonly #listeners = new Set<(email: string) => void>();

  constructor(parts: PasscodeParts) {
    this.#parts = parts;
    this.#table = new PasscodeTable(parts.database);
    this.#key = tokenKey(parts.pepper);
  }

  /** Told the address of each account one of whose passcodes was ended. */
  onChange(listener: (email: string) => void): Disposable {
    this.#listeners.add(listener);
    return { [Symbol.dispose]: () => void this.#listeners.delete(listener) };
  }

  /** @throws PeopleRefusedError session-…, step-up-needed; LeadglassError CONFLICT when there are too many */
  async issue(session: string, device: string): Promise<IssuedPasscode> {
    const { limits, now, record } = this.#parts;
    const { session: own, account } = this.#live(session);
    const minutes = limits.passcodeMs / 60_000;
    const detail = `for ${device}, ${minutes} minutes`;
    await record({ kind: 'passcode-issued', atMs: now(), account: named(account), sessionId: own.id, detail });
    // It may have ended while the record was written.
    this.#live(session);
    const issuedAtMs = now();
    this.#table.forget(issuedAtMs);
    if (this.#table.of(account.id).length >= limits.passcodesMax) {
      throw new LeadglassError('CONFLICT', `You have ${limits.passcodesMax} passcodes: end one that you do not use`);
    }
    const secret = makeSecret('passcode');
    const hash = secretHash('passcode', secret);
    if (hash === undefined) throw new LeadglassError('INTERNAL', 'A new passcode has not the form of one');
    const end = issuedAtMs + limits.passcodeMs;
    const facts = { device, issuedAtMs, endsAtMs: Math.min(end, account.untilMs ?? end) };
    const id = this.#table.add(hash, { ...facts, accountId: account.id });
    const token = makePasscodeToken(this.#key, { ...facts, id, account: account.email });
    return { id, userName: account.email, passcode: secret, token, device, endsAtMs: facts.endsAtMs };
  }

  /**
   * Whose name and passcode these are, if they are good at this device now.
   * @returns else whose account was named, when there is one: for the record
   */
  check(shown: {
    readonly userName: string;
    readonly passcode: string;
    readonly device: string;
  }): LivePasscode | { readonly named?: Account } {
    const account = this.#accountOf(shown.userName);
    const hash = secretHash('passcode', shown.passcode);
    const passcode = hash === undefined ? undefined : this.#table.byHash(hash);
    return this.#judged(passcode, account, shown.device);
  }

  /** The same for a token. */
  checkToken(token: string, device: string): LivePasscode | { readonly named?: Account } {
    const read = readPasscodeToken(this.#key, token);
    if (read === undefined) return {};
    const passcode = read.device === device ? this.#table.byId(read.id) : undefined;
    return this.#judged(passcode, this.#parts.accounts.byEmail(read.account), device);
  }

  /** By its number, for a look again. */
  look(id: number): LivePasscode | undefined {
    const passcode = this.#table.byId(id);
    const account = passcode && this.#parts.accounts.byId(passcode.accountId);
    if (passcode === undefined || account === undefined) return undefined;
    const judged = this.#judged(passcode, account, passcode.device);
    return 'passcode' in judged ? judged : undefined;
  }

  /** Those of the session's owner that are good now. @throws PeopleRefusedError session-… */
  own(session: string): readonly Passcode[] {
    const { account } = this.#parts.sessions.use(session);
    this.#table.forget(this.#parts.now());
    return this.#table.of(account.id);
  }

  /** What runs by it ends at once. @throws PeopleRefusedError session-…; LeadglassError NOT_FOUND */
  async end(session: string, id: number): Promise<void> {
    const { record, now, sessions } = this.#parts;
    const { session: own, account } = sessions.use(session);
    if (!this.#table.end(id, account.id)) throw new LeadglassError('NOT_FOUND', 'You have no such passcode');
    this.#tell(account.email);
    const detail = `passcode ${id}`;
    await record({ kind: 'passcode-ended', atMs: now(), account: named(account), sessionId: own.id, detail });
  }

  /** All of an account: it was disabled, or what proves whose it is has changed. */
  endOf(account: Pick<Account, 'id' | 'email'>): void {
    if (this.#table.endOf(account.id) > 0) this.#tell(account.email);
  }

  #judged(
    passcode: Passcode | undefined,
    account: Account | undefined,
    device: string,
  ): LivePasscode | { readonly named?: Account } {
    if (account === undefined) return {};
    const nowMs = this.#parts.now();
    const isGood =
      passcode !== undefined &&
      passcode.accountId === account.id &&
      passcode.device === device &&
      // A clock before its own beginning cannot tell its age.
      nowMs >= passcode.issuedAtMs &&
      nowMs < passcode.endsAtMs &&
      isUsable(account, nowMs);
    return isGood ? { passcode, account } : { named: account };
  }

  #live(secret: string): LiveSession {
    const live = this.#parts.sessions.use(secret);
    this.#parts.sessions.requireStepUp(live);
    return live;
  }

  #accountOf(typed: string): Account | undefined {
    try {
      return this.#parts.accounts.byEmail(parseEmail(typed, this.#parts.limits));
    } catch {
      return undefined;
    }
  }

  #tell(email: string): void {
    for (const listener of this.#listeners) listener(email);
  }
}
