/**
 * Signing in, as a door drives it: a passkey alone (it is two factors by itself), or a password and then a code, a passkey or a
 * recovery code. Each step is counted before it is checked and recorded before it is answered; a session is given only when its
 * record is durable. SP 800-63B-4 2.2 (AAL2), 3.1.1, 3.2.2.
 */
import type { Account } from './account.ts';
import { isUsable, parseEmail } from './account.ts';
import { beginSession, recordOf, type SignedIn } from './begin-session.ts';
import type { Client } from './client.ts';
import { shownUserAgent } from './client.ts';
import type { Passkey } from './credential-store.ts';
import type { Method, PeopleEvent } from './events.ts';
import { spent } from './ceremonies.ts';
import { PasskeyRefusedError, type PasskeyOptions } from './passkeys.ts';
import { passwordText, type PeopleParts, refuse } from './parts.ts';
import { maySignInHere } from './provider-rules.ts';
import { PeopleRefusedError, type PeopleReason } from './refusal.ts';
import { checkCode, checkPasskey, checkRecoveryCode, offer, type SecondFactors } from './second-factor.ts';
import type { Attempt } from './throttle.ts';

/** How long a typed name may be before it is only counted: nobody's address is longer. */
const typedCharactersMax = 1024;

export class SignIn {
  readonly #parts: PeopleParts;

  constructor(parts: PeopleParts) {
    this.#parts = parts;
  }

  /** First page: the browser may offer its passkeys while somebody types a password. */
  async begin(client: Client): Promise<{ readonly ceremony: string; readonly passkey: PasskeyOptions['options'] }> {
    const { challenge, options } = await this.#parts.passkeys.authenticationOptions();
    return { ceremony: this.#parts.ceremonies.begin({ kind: 'sign-in', challenge }, client.address), passkey: options };
  }

  /** @throws PeopleRefusedError */
  async passkey(ceremony: string, answer: unknown, client: Client): Promise<SignedIn> {
    const { passkeys, accounts, ceremonies } = this.#parts;
    let account: Account | undefined;
    let shown: Passkey;
    try {
      const { challenge } = ceremonies.take('sign-in', ceremony);
      shown = await passkeys.verify(answer, challenge, (id) => accounts.byId(id)?.handle);
      account = accounts.byId(shown.accountId);
      if (account === undefined) refuse('account-unknown');
      this.#refuseUnusable(account);
      refuseElsewhere(shown, client);
    } catch (error) {
      throw await this.#refused(error, account, client);
    }
    return await this.#finish(account, 'passkey', client, shown);
  }

  /**
   * The first of two factors. Unknown, disabled and wrong take the same time and get the same answer.
   * @returns what the account can show next @throws PeopleRefusedError
   */
  async password(
    { email, password }: { readonly email: string; readonly password: string },
    client: Client,
  ): Promise<{ readonly ceremony: string; readonly factors: SecondFactors }> {
    const { hasher, credentials, limits, ceremonies } = this.#parts;
    const account = this.#accountOf(email);
    const hash = account && credentials.passwordHash(account.id);
    let attempt: Attempt | undefined;
    try {
      attempt = this.#attempt(account ?? email, client);
      const verdict = await hasher.verify(passwordText(password, limits), hash);
      if (account === undefined) refuse('account-unknown');
      if (verdict === 'wrong' || hash === undefined) refuse(hash === undefined ? 'password-missing' : 'password-wrong');
      this.#refuseUnusable(account);
      attempt.takeBack();
      if (verdict === 'right-but-outdated') await this.#upgrade(account.id, password, hash);
    } catch (error) {
      throw await this.#refused(error, account, client, attempt);
    }
    const { factors, challenge } = await offer(this.#parts, account.id);
    const known = challenge === undefined ? {} : { challenge };
    const ceremony = ceremonies.begin(
      { kind: 'second-factor', accountId: account.id, failures: 0, ...known },
      client.address,
    );
    return { ceremony, factors };
  }

  /** @throws PeopleRefusedError */
  async code(ceremony: string, typed: string, client: Client): Promise<SignedIn> {
    const check = (account: Account): void => checkCode(this.#parts, account.id, typed);
    return await this.#second(ceremony, client, { method: 'password+code', check });
  }

  /** @throws PeopleRefusedError */
  async recoveryCode(ceremony: string, typed: string, client: Client): Promise<SignedIn> {
    const check = (account: Account): void => void checkRecoveryCode(this.#parts, account.id, typed);
    return await this.#second(ceremony, client, { method: 'password+recovery-code', check });
  }

  /** @throws PeopleRefusedError */
  async secondPasskey(ceremony: string, answer: unknown, client: Client): Promise<SignedIn> {
    const check = async (account: Account, challenge: string | undefined): Promise<Passkey> => {
      const passkey = await checkPasskey(this.#parts, account, { answer, challenge });
      refuseElsewhere(passkey, client);
      return passkey;
    };
    return await this.#second(ceremony, client, { method: 'password+passkey', answersChallenge: true, check });
  }

  /** Ends the session with this secret; nothing when there is none. */
  signOut(secret: string): void {
    const { sessions } = this.#parts;
    try {
      sessions.end(sessions.use(secret).session.id, 'own');
    } catch (error) {
      if (!(error instanceof PeopleRefusedError)) throw error;
    }
  }

  async #second(
    secret: string,
    client: Client,
    second: {
      readonly method: Method;
      readonly answersChallenge?: true;
      /** @returns the passkey that was shown, if it was one */
      readonly check: (account: Account, challenge: string | undefined) => void | Promise<Passkey>;
    },
  ): Promise<SignedIn> {
    const { ceremonies, accounts, limits } = this.#parts;
    let account: Account | undefined;
    let attempt: Attempt | undefined;
    let shown: Passkey | undefined;
    try {
      const ceremony = ceremonies.look('second-factor', secret);
      account = accounts.byId(ceremony.accountId);
      if (account === undefined) refuse('account-unknown');
      attempt = this.#attempt(account, client);
      // Before the check, so that many answers at once share the same few tries; a challenge is answered once.
      const failures = ceremony.failures + 1;
      if (failures >= limits.ceremonyFailuresMax) ceremonies.take('second-factor', secret);
      else ceremonies.replace(secret, { ...(second.answersChallenge ? spent(ceremony) : ceremony), failures });
      shown = (await second.check(account, ceremony.challenge)) ?? undefined;
      this.#refuseUnusable(account);
      attempt.takeBack();
    } catch (error) {
      throw await this.#refused(error, account, client, attempt);
    }
    ceremonies.end(secret);
    return await this.#finish(account, second.method, client, shown);
  }

  #finish(account: Account, method: Method, client: Client, shown?: Passkey): Promise<SignedIn> {
    return beginSession(this.#parts, account, client, { method, ...(shown === undefined ? {} : { passkey: shown }) });
  }

  #accountOf(typed: string): Account | undefined {
    try {
      return this.#parts.accounts.byEmail(parseEmail(typed, this.#parts.limits));
    } catch {
      return undefined;
    }
  }

  #attempt(who: Account | string, client: Client): Attempt {
    const { throttle, browsers } = this.#parts;
    if (typeof who === 'string') {
      const nobody = who.slice(0, typedCharactersMax).normalize('NFKC').trim().toLowerCase();
      return throttle.attempt({ who: { nobody }, isKnownBrowser: false, address: client.address });
    }
    const isKnownBrowser = browsers.find(who.id, client.browser) !== undefined;
    return throttle.attempt({ who: { accountId: who.id }, isKnownBrowser, address: client.address });
  }

  #refuseUnusable(account: Account): void {
    // Told only to who has shown the right factor; the provider does not answer for what is kept here.
    if (!maySignInHere(account.role, this.#parts.rules)) refuse('local-off');
    if (isUsable(account, this.#parts.now())) return;
    const reasons = { active: 'account-ended', invited: 'account-not-enrolled', disabled: 'account-disabled' } as const;
    refuse(reasons[account.state]);
  }

  /** The same password under today's parameters (3.1.1.2: the cost should grow with what computers can do). */
  async #upgrade(accountId: number, password: string, from: string): Promise<void> {
    const { hasher, credentials, limits } = this.#parts;
    const text = passwordText(password, limits);
    if (text !== undefined) credentials.upgradePassword(accountId, { from, to: await hasher.hash(text) });
  }

  /** Records a refusal and what follows from it. @returns what to throw */
  async #refused(error: unknown, known: Account | undefined, client: Client, attempt?: Attempt): Promise<unknown> {
    const { accounts, signIns, now, limits } = this.#parts;
    if (!(error instanceof PeopleRefusedError)) {
      attempt?.takeBack();
      return error;
    }
    const account = error instanceof PasskeyRefusedError ? accounts.byId(error.passkey.accountId) : known;
    const { reason } = error;
    if (reason === 'busy') attempt?.takeBack();
    if (account === undefined && countsAsTry(reason)) signIns.addNobody(now());
    if (account !== undefined && countsAsTry(reason)) {
      const userAgent = shownUserAgent(client.userAgent, limits);
      signIns.add(account.id, { atMs: now(), succeeded: false, address: client.address.slice(0, 64), userAgent });
    }
    const isOwnRecord = countsAsTry(reason) && reason !== 'passkey-unknown';
    const further = isOwnRecord ? 0 : this.#parts.quiet.take(account?.id, client.address);
    if (further === undefined) return error;
    const detail = further === 0 ? {} : { detail: `and ${further} more since the last record` };
    await this.#record({ kind: 'sign-in-refused', reason, ...detail }, account, client);
    if (reason === 'passkey-counter' && error instanceof PasskeyRefusedError) {
      await this.#record({ kind: 'passkey-suspended', detail: `passkey ${error.passkey.id}` }, account, client);
    }
    if (attempt?.closesLane === true) await this.#record({ kind: 'lane-closed' }, account, client);
    return error;
  }

  #record(event: Omit<PeopleEvent, 'atMs' | 'account'>, account: Account | undefined, client: Client): Promise<void> {
    return recordOf(this.#parts, event, account, client);
  }
}

/** Certificate and passkey say where somebody sits; where both do, they say the same. */
function refuseElsewhere(passkey: Passkey, { workstation }: Client): void {
  if (passkey.workstation === undefined || workstation === undefined || passkey.workstation === workstation) return;
  throw new PasskeyRefusedError('passkey-elsewhere', passkey);
}

/** A wait or a full house says nothing about who knocks. */
function countsAsTry(reason: PeopleReason): boolean {
  return !['too-many-failures', 'lane-closed', 'busy', 'ceremony-unknown'].includes(reason);
}
