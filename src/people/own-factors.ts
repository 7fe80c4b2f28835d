/**
 * What a person changes about their own ways to sign in: passkeys, password, one-time codes, recovery codes. Each needs a second factor
 * shown just now, and the last way to sign in stays. Other sessions, and passcodes for devices, end when a password or codes change.
 */
import { LeadglassError } from '../error.ts';
import type { Account } from './account.ts';
import { makeCodeSecret } from './credential-store.ts';
import type { Client } from './client.ts';
import { type CodeSetup, codeSetup, setRecoveryCodes } from './enrolment.ts';
import type { PeopleEvent } from './events.ts';
import { matchingStep } from './one-time-code.ts';
import { passkeyName, type PasskeyOptions } from './passkeys.ts';
import { named, passwordText, type PeopleParts, recordingRefusals, refuse } from './parts.ts';
import { type PasswordRefusal, passwordRefusal } from './password/password-policy.ts';
import type { LiveSession } from './sessions.ts';

export class OwnFactors {
  readonly #parts: PeopleParts;

  constructor(parts: PeopleParts) {
    this.#parts = parts;
  }

  /** @throws PeopleRefusedError session-…, step-up-needed, too-many-passkeys */
  async beginPasskey(
    session: string,
    client: Client,
  ): Promise<{ readonly ceremony: string; readonly passkey: PasskeyOptions['options'] }> {
    const { session: own, account } = this.#live(session);
    return await this.#recording(account, own.id, async () => {
      this.#refuseTooManyPasskeys(account);
      const { challenge, options } = await this.#parts.passkeys.registrationOptions(account);
      const ceremony = { kind: 'new-passkey', sessionId: own.id, challenge } as const;
      return { ceremony: this.#parts.ceremonies.begin(ceremony, client.address), passkey: options };
    });
  }

  /** @throws PeopleRefusedError ceremony-unknown, new-factor-wrong */
  async addPasskey(
    session: string,
    { ceremony: secret, answer, name }: { readonly ceremony: string; readonly answer: unknown; readonly name: string },
  ): Promise<void> {
    const { ceremonies, passkeys, credentials, now, limits } = this.#parts;
    const { session: own, account } = this.#live(session);
    await this.#recording(account, own.id, async () => {
      const ceremony = ceremonies.take('new-passkey', secret);
      if (ceremony.sessionId !== own.id) refuse('ceremony-unknown');
      const passkey = await passkeys.verifyRegistration(answer, ceremony.challenge);
      const shownName = passkeyName(name, limits);
      await this.#record({ kind: 'factor-added', sessionId: own.id, detail: `passkey "${shownName}"` }, account);
      // After the record, since other requests ran meanwhile.
      if (credentials.passkey(passkey.credential) !== undefined) refuse('new-factor-wrong');
      this.#refuseTooManyPasskeys(account);
      credentials.addPasskey({ ...passkey, accountId: account.id, name: shownName, addedAtMs: now() });
      this.#history(account, 'passkey added', shownName);
    });
  }

  /** @throws LeadglassError NOT_FOUND */
  async renamePasskey(session: string, id: number, name: string): Promise<void> {
    const { credentials, limits } = this.#parts;
    const { account } = this.#live(session);
    const passkey = credentials.passkeys(account.id).find((other) => other.id === id);
    if (passkey === undefined) throw new LeadglassError('NOT_FOUND', 'There is no such passkey');
    const shownName = passkeyName(name, limits);
    credentials.renamePasskey(account.id, id, shownName);
    this.#history(account, 'passkey renamed', `${passkey.name}: ${shownName}`);
  }

  /** @throws PeopleRefusedError last-factor; LeadglassError NOT_FOUND */
  async removePasskey(session: string, id: number): Promise<void> {
    const { credentials, database, sessions } = this.#parts;
    const { session: own, account } = this.#live(session);
    await this.#recording(account, own.id, async () => {
      const passkey = credentials.passkeys(account.id).find((other) => other.id === id);
      if (passkey === undefined) throw new LeadglassError('NOT_FOUND', 'There is no such passkey');
      this.#refuseLast(account, id);
      await this.#record({ kind: 'factor-removed', sessionId: own.id, detail: `passkey "${passkey.name}"` }, account);
      database.transaction(() => {
        this.#refuseLast(account, id);
        credentials.removePasskey(account.id, id);
        this.#history(account, 'passkey removed', passkey.name);
      });
      // Where these are used was known by that passkey alone.
      for (const { id: sessionId, passkeyId } of sessions.of(account.id)) {
        if (passkeyId === id) sessions.end(sessionId, 'account');
      }
    });
  }

  /**
   * A new password for who has one-time codes; who has only passkeys begins with `beginCode`. Who sits down at a page that somebody left
   * open knows neither: the present one is asked for, and a wrong one counts as at a sign-in.
   * @returns why it is not taken; undefined when it was
   * @throws PeopleRefusedError step-up-needed, present-password-wrong, too-many-failures, busy
   */
  async changePassword(
    session: string,
    { present, password }: { readonly present: string; readonly password: string },
    client: Client,
  ): Promise<PasswordRefusal | undefined> {
    const { credentials, now, sessions } = this.#parts;
    const { session: own, account } = this.#live(session);
    const hash = credentials.passwordHash(account.id);
    if (hash === undefined) {
      throw new LeadglassError('CONFLICT', 'This account has no password; add one together with one-time codes');
    }
    await this.#recording(account, own.id, () => this.#checkPresent(account, { present, hash }, client));
    const judged = await this.#judged(account, password);
    if ('refused' in judged) return judged.refused;
    await this.#record({ kind: 'factor-added', sessionId: own.id, detail: 'new password' }, account);
    this.#live(session);
    credentials.setPassword(account.id, judged.hash, now());
    this.#history(account, 'password changed');
    sessions.endOf(account.id, 'own', own.id);
    this.#parts.passcodes.endOf(account);
    return undefined;
  }

  /** One-time codes on another device, or, with a password, this way to sign in beside passkeys. */
  async beginCode(
    session: string,
    client: Client,
    password?: string,
  ): Promise<{ readonly refused: PasswordRefusal } | { readonly ceremony: string; readonly setup: CodeSetup }> {
    const { credentials, ceremonies, limits } = this.#parts;
    const { session: own, account } = this.#live(session);
    if (password === undefined && credentials.passwordHash(account.id) === undefined) {
      throw new LeadglassError('CONFLICT', 'One-time codes need a password; give one with them');
    }
    if (password !== undefined && credentials.passwordHash(account.id) !== undefined) {
      throw new LeadglassError('CONFLICT', 'This account has a password; change it by itself');
    }
    const judged = password === undefined ? undefined : await this.#judged(account, password);
    if (judged !== undefined && 'refused' in judged) return judged;
    const codeSecret = makeCodeSecret(limits);
    const hash = judged === undefined ? {} : { passwordHash: judged.hash };
    const ceremony = ceremonies.begin({ kind: 'new-code', sessionId: own.id, codeSecret, ...hash }, client.address);
    return { ceremony, setup: codeSetup(codeSecret, account, this.#parts) };
  }

  /** @returns new recovery codes, shown once @throws PeopleRefusedError new-factor-wrong */
  async addCode(
    session: string,
    answer: { readonly ceremony: string; readonly code: string },
  ): Promise<readonly string[]> {
    const { ceremonies, credentials, database, now, limits, sessions } = this.#parts;
    const { session: own, account } = this.#live(session);
    return await this.#recording(account, own.id, async () => {
      const ceremony = ceremonies.look('new-code', answer.ceremony);
      if (ceremony.sessionId !== own.id) refuse('ceremony-unknown');
      const step = matchingStep(ceremony.codeSecret, answer.code, now(), limits);
      if (step === undefined) refuse('new-factor-wrong');
      ceremonies.end(answer.ceremony);
      await this.#record({ kind: 'factor-added', sessionId: own.id, detail: 'one-time codes' }, account);
      this.#live(session);
      const codes = database.transaction(() => {
        const { passwordHash, codeSecret } = ceremony;
        if (passwordHash !== undefined) credentials.setPassword(account.id, passwordHash, now());
        credentials.setCode(account.id, codeSecret, { atMs: now(), lastStep: step });
        this.#history(account, 'one-time codes added');
        return setRecoveryCodes(this.#parts, account.id);
      });
      sessions.endOf(account.id, 'own', own.id);
      this.#parts.passcodes.endOf(account);
      return codes;
    });
  }

  /** Password, one-time codes and recovery codes go; passkeys stay. @throws PeopleRefusedError last-factor */
  async removePasswordAndCode(session: string): Promise<void> {
    const { credentials, database } = this.#parts;
    const { session: own, account } = this.#live(session);
    await this.#recording(account, own.id, async () => {
      if (!this.#hasPasskey(account)) refuse('last-factor');
      await this.#record({ kind: 'factor-removed', sessionId: own.id, detail: 'password and one-time codes' }, account);
      database.transaction(() => {
        if (!this.#hasPasskey(account)) refuse('last-factor');
        credentials.forgetPasswordAndCode(account.id);
        credentials.setRecoveryCodes(account.id, []);
        this.#history(account, 'password and one-time codes removed');
      });
    });
  }

  /** The old ones are good no more. @returns the new ones, shown once */
  async newRecoveryCodes(session: string): Promise<readonly string[]> {
    const { session: own, account } = this.#live(session);
    if (this.#parts.credentials.passwordHash(account.id) === undefined) {
      throw new LeadglassError('CONFLICT', 'Recovery codes go with a password; this account has none');
    }
    await this.#record({ kind: 'factor-added', sessionId: own.id, detail: 'new recovery codes' }, account);
    this.#live(session);
    this.#history(account, 'recovery codes made anew');
    return setRecoveryCodes(this.#parts, account.id);
  }

  #live(secret: string): LiveSession {
    const live = this.#parts.sessions.use(secret);
    // A factor of its own would be a way in that the provider cannot close.
    if (this.#parts.identities.of(live.account.id) !== undefined) refuse('provider-account');
    this.#parts.sessions.requireStepUp(live);
    return live;
  }

  async #checkPresent(
    { id }: Account,
    { present, hash }: { readonly present: string; readonly hash: string },
    client: Client,
  ): Promise<void> {
    const { throttle, hasher, limits } = this.#parts;
    const attempt = throttle.attempt({ who: { accountId: id }, isKnownBrowser: true, address: client.address });
    let verdict;
    try {
      verdict = await hasher.verify(passwordText(present, limits), hash);
    } catch (error) {
      attempt.takeBack();
      throw error;
    }
    if (verdict === 'wrong') refuse('present-password-wrong');
    attempt.takeBack();
  }

  async #judged(
    account: Account,
    password: string,
  ): Promise<{ readonly refused: PasswordRefusal } | { readonly hash: string }> {
    const { judge, limits, hasher, houseWords } = this.#parts;
    const { email, displayName } = account;
    const refused = await passwordRefusal(password, { email, displayName, houseWords }, { judge, limits });
    if (refused !== undefined) return { refused };
    const text = passwordText(password, limits);
    if (text === undefined) throw new LeadglassError('INTERNAL', 'A password was taken that cannot be one');
    return { hash: await hasher.hash(text) };
  }

  #hasPasskey({ id }: Account, exceptId?: number): boolean {
    const passkeys = this.#parts.credentials.passkeys(id);
    return passkeys.some((other) => other.id !== exceptId && other.suspendedAtMs === undefined);
  }

  #refuseLast(account: Account, passkeyId: number): void {
    const { credentials } = this.#parts;
    const hasBoth =
      credentials.passwordHash(account.id) !== undefined && credentials.codeSecret(account.id) !== undefined;
    if (!hasBoth && !this.#hasPasskey(account, passkeyId)) refuse('last-factor');
  }

  #refuseTooManyPasskeys({ id }: Account): void {
    if (this.#parts.credentials.passkeys(id).length >= this.#parts.limits.passkeysMax) refuse('too-many-passkeys');
  }

  async #recording<T>(account: Account, sessionId: number, work: () => Promise<T>): Promise<T> {
    const event = { kind: 'factor-change-refused', account: named(account), sessionId } as const;
    return await recordingRefusals(this.#parts, () => event, work);
  }

  #record(event: Omit<PeopleEvent, 'atMs' | 'account'>, account: Account): Promise<void> {
    return this.#parts.record({ ...event, atMs: this.#parts.now(), account: named(account) });
  }

  #history(account: Account, what: string, reason = ''): void {
    this.#parts.accounts.addHistory(account.id, {
      atMs: this.#parts.now(),
      by: `person ${account.email}`,
      what,
      reason,
    });
  }
}
