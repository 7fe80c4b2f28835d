/**
 * From a link to an account that can be used: a passkey, or a password with one-time codes, after which recovery codes are shown once. The
 * same for a link for lost factors, which replaces all that the account had. The link is used up only at the end.
 */
import { LeadglassError } from '../error.ts';
import type { Account } from './account.ts';
import {
  actorText,
  firstStart,
  hasAdministrator,
  isOver,
  parseDisplayName,
  parseEmail,
  unnamedEmail,
} from './account.ts';
import type { Client } from './client.ts';
import { shownUserAgent } from './client.ts';
import { makeCodeSecret } from './credential-store.ts';
import type { Factor, PeopleEvent } from './events.ts';
import type { ProviderIdentity } from './identity-provider.ts';
import type { Invitation, InvitationKind } from './invitations.ts';
import { matchingStep, provisioningUri, qrSvg, toBase32 } from './one-time-code.ts';
import { passkeyName, type PasskeyOptions } from './passkeys.ts';
import { named, passwordText, type PeopleParts, refuse } from './parts.ts';
import { type PasswordRefusal, passwordRefusal } from './password/password-policy.ts';
import { maySignInHere } from './provider-rules.ts';
import { makeRecoveryCode, recoveryCodeHash } from './recovery-code.ts';
import { PeopleRefusedError } from './refusal.ts';

export interface OpenedLink {
  readonly ceremony: string;
  readonly kind: InvitationKind;
  readonly account: Account;
  readonly passkey: PasskeyOptions['options'];
}

/** What an authenticator application needs; shown once, never again. */
export interface CodeSetup {
  readonly uri: string;
  /** The same as a picture. */
  readonly qrSvg: string;
  /** For typing, in base32. */
  readonly secret: string;
}

export interface Enrolled {
  readonly account: Account;
  /** Empty where a passkey was enrolled. Shown once. */
  readonly recoveryCodes: readonly string[];
}

export class Enrolment {
  readonly #parts: PeopleParts;

  constructor(parts: PeopleParts) {
    this.#parts = parts;
  }

  /** Looks at a link; it stays good. @throws PeopleRefusedError invitation-… */
  async open(secret: string, client: Client): Promise<OpenedLink> {
    return await this.#recording(client, undefined, async () => {
      const invitation = this.#parts.invitations.find(secret);
      const account = this.#accountOf(invitation);
      const { challenge, options } = await this.#parts.passkeys.registrationOptions(account);
      const ceremony = this.#parts.ceremonies.begin(
        { kind: 'enrol', accountId: account.id, invitation: invitation.hash, challenge },
        client.address,
      );
      return { ceremony, kind: invitation.kind, account, passkey: options };
    });
  }

  /**
   * Who the first administrator is: their own address and name, before anything else.
   * @returns the options of a passkey under that name, with a new challenge
   * @throws PeopleRefusedError ceremony-unknown; LeadglassError BAD_REQUEST, CONFLICT for an address that has an account
   */
  async sayWho(
    secret: string,
    who: { readonly email: string; readonly displayName: string },
    client: Client,
  ): Promise<{ readonly account: Account; readonly passkey: PasskeyOptions['options'] }> {
    const { accounts, ceremonies, passkeys, limits, now } = this.#parts;
    const ceremony = ceremonies.look('enrol', secret);
    const account = accounts.byId(ceremony.accountId);
    if (account === undefined || account.email !== unnamedEmail) refuse('ceremony-unknown');
    const email = parseEmail(who.email, limits);
    const displayName = parseDisplayName(who.displayName, limits);
    if (accounts.byEmail(email) !== undefined) throw new LeadglassError('CONFLICT', `${email} has an account already`);
    const { challenge, options } = await passkeys.registrationOptions({ ...account, email, displayName });
    await this.#record({ kind: 'invited', account: { id: account.id, email }, detail: 'named themselves' }, client);
    // Looked at again after waiting: of two that come with the same link, one is named.
    ceremonies.replace(secret, { ...ceremonies.look('enrol', secret), challenge });
    if (accounts.byEmail(unnamedEmail)?.id !== account.id) refuse('ceremony-unknown');
    accounts.name(account.id, { email, displayName });
    accounts.addHistory(account.id, { atMs: now(), by: `person ${email}`, what: 'named themselves', reason: '' });
    return { account: { ...account, email, displayName }, passkey: options };
  }

  /** The short way. @throws PeopleRefusedError ceremony-unknown, new-factor-wrong, invitation-… */
  async passkey(
    secret: string,
    { answer, name }: { readonly answer: unknown; readonly name: string },
    client: Client,
  ): Promise<Enrolled> {
    const { ceremonies, passkeys, credentials, now, limits } = this.#parts;
    return await this.#recording(client, secret, async () => {
      const ceremony = ceremonies.take('enrol', secret);
      const passkey = await passkeys.verifyRegistration(answer, ceremony.challenge);
      if (credentials.passkey(passkey.credential) !== undefined) refuse('new-factor-wrong');
      return await this.#finish(ceremony, ['passkey'], client, (account) => {
        const shownName = passkeyName(name, limits);
        credentials.addPasskey({ ...passkey, accountId: account.id, name: shownName, addedAtMs: now() });
        return [];
      });
    });
  }

  /** What would be said of this password, without taking it. @throws PeopleRefusedError ceremony-unknown, busy */
  async judge(secret: string, password: string): Promise<PasswordRefusal | undefined> {
    const { ceremonies, accounts, judge, limits, houseWords } = this.#parts;
    const account = accounts.byId(ceremonies.look('enrol', secret).accountId);
    if (account === undefined) refuse('ceremony-unknown');
    const { email, displayName } = account;
    return await passwordRefusal(password, { email, displayName, houseWords }, { judge, limits });
  }

  /**
   * The long way, first half. May be called again with another password or for a new picture.
   * @returns why the password is not taken, or what the authenticator application needs
   * @throws PeopleRefusedError ceremony-unknown, busy
   */
  async password(
    secret: string,
    password: string,
  ): Promise<{ readonly refused: PasswordRefusal } | { readonly setup: CodeSetup }> {
    const { ceremonies, accounts, judge, limits, hasher, houseWords } = this.#parts;
    const account = accounts.byId(ceremonies.look('enrol', secret).accountId);
    if (account === undefined) refuse('ceremony-unknown');
    if (account.email === unnamedEmail) refuse('account-unnamed');
    const { email, displayName } = account;
    const refused = await passwordRefusal(password, { email, displayName, houseWords }, { judge, limits });
    const text = passwordText(password, limits);
    if (refused !== undefined) return { refused };
    if (text === undefined) throw new LeadglassError('INTERNAL', 'A password was taken that cannot be one');
    const passwordHash = await hasher.hash(text);
    const codeSecret = makeCodeSecret(limits);
    // Looked at again: hashing took its time, and the account may have been disabled meanwhile.
    ceremonies.replace(secret, { ...ceremonies.look('enrol', secret), pending: { passwordHash, codeSecret } });
    return { setup: codeSetup(codeSecret, account, this.#parts) };
  }

  /** Second half: a code shows that the application has the secret. @throws PeopleRefusedError */
  async code(secret: string, typed: string, client: Client): Promise<Enrolled> {
    const { ceremonies, credentials, limits, now } = this.#parts;
    return await this.#recording(client, secret, async () => {
      const ceremony = ceremonies.look('enrol', secret);
      const { pending } = ceremony;
      const step = pending && matchingStep(pending.codeSecret, typed, now(), limits);
      if (pending === undefined || step === undefined) refuse('new-factor-wrong');
      ceremonies.end(secret);
      const factors = ['password', 'one-time code', 'recovery codes'] as const;
      return await this.#finish(ceremony, factors, client, (account) => {
        credentials.setPassword(account.id, pending.passwordHash, now());
        credentials.setCode(account.id, pending.codeSecret, { atMs: now(), lastStep: step });
        return setRecoveryCodes(this.#parts, account.id);
      });
    });
  }

  /**
   * By the hospital's provider, which has proved who this is: the account is that person's from now on.
   * @throws PeopleRefusedError ceremony-unknown, identity-taken, invitation-…
   */
  async provider(secret: string, identity: ProviderIdentity, client: Client): Promise<Enrolled> {
    const { ceremonies, identities, now } = this.#parts;
    const { issuer, subject, department } = identity;
    const refuseTaken = (accountId: number): void => {
      const known = identities.find(issuer, subject);
      if (known !== undefined && known.accountId !== accountId) refuse('identity-taken');
    };
    return await this.#recording(client, secret, async () => {
      const ceremony = ceremonies.take('enrol', secret);
      refuseTaken(ceremony.accountId);
      return await this.#finish(ceremony, ['provider'], client, (account) => {
        refuseTaken(account.id);
        const named = department === undefined ? {} : { department };
        identities.link({ accountId: account.id, issuer, subject, linkedAtMs: now(), ...named });
        return [];
      });
    });
  }

  /** Recorded first: an enrolment that the ledger does not take does not happen. */
  async #finish(
    { accountId, invitation: hash }: { readonly accountId: number; readonly invitation: Buffer },
    factors: readonly Factor[],
    client: Client,
    setFactors: (account: Account) => readonly string[],
  ): Promise<Enrolled> {
    const { database, accounts, invitations, credentials, browsers, sessions, now, throttle, identities, rules } =
      this.#parts;
    const before = invitations.of(accountId);
    if (before === undefined || !before.hash.equals(hash)) refuse('invitation-unknown');
    const account = this.#accountOf(before);
    if (account.email === unnamedEmail) refuse('account-unnamed');
    if (!factors.includes('provider') && !maySignInHere(account.role, rules)) refuse('local-off');
    const isReset = before.kind === 'reset';
    const kind = isReset ? 'reset-used' : 'enrolled';
    await this.#record({ kind, account: named(account), detail: factors.join(', ') }, client);
    const recoveryCodes = database.transaction(() => {
      invitations.use(hash);
      credentials.forgetAll(accountId);
      identities.unlink(accountId);
      browsers.forget(accountId);
      const codes = setFactors(account);
      accounts.activate(accountId, now());
      throttle.clear(accountId);
      const what = isReset ? 'factors set anew' : 'enrolled';
      accounts.addHistory(accountId, { atMs: now(), by: `person ${account.email}`, what, reason: factors.join(', ') });
      return codes;
    });
    this.#parts.passcodes.endOf(account);
    sessions.endOf(accountId, 'account');
    return { account: accounts.byId(accountId) ?? account, recoveryCodes };
  }

  #accountOf({ accountId, kind }: Invitation): Account {
    const account = this.#parts.accounts.byId(accountId);
    const wanted = kind === 'enrol' ? 'invited' : 'active';
    if (account === undefined || account.state !== wanted) refuse('invitation-unknown');
    if (isOver(account, this.#parts.now())) refuse('invitation-ended');
    // The link of the first start is void once somebody else has become an administrator.
    const isLate = account.createdBy === actorText(firstStart) && hasAdministrator(this.#parts.accounts.all());
    if (isLate) refuse('invitation-unknown');
    return account;
  }

  async #recording<T>(client: Client, ceremony: string | undefined, work: () => Promise<T>): Promise<T> {
    const account = ceremony === undefined ? undefined : this.#accountInCeremony(ceremony);
    try {
      return await work();
    } catch (error) {
      if (error instanceof PeopleRefusedError) {
        const { reason } = error;
        const isNobodys = reason === 'invitation-unknown' || reason === 'ceremony-unknown';
        const further = isNobodys ? this.#parts.quiet.take(account?.id, client.address) : 0;
        if (further === undefined) throw error;
        const whose = account === undefined ? {} : { account: named(account) };
        const detail = further === 0 ? {} : { detail: `and ${further} more since the last record` };
        await this.#record({ kind: 'invitation-refused', reason, ...whose, ...detail }, client);
      }
      throw error;
    }
  }

  #accountInCeremony(secret: string): Account | undefined {
    try {
      return this.#parts.accounts.byId(this.#parts.ceremonies.look('enrol', secret).accountId);
    } catch {
      return undefined;
    }
  }

  #record(event: Omit<PeopleEvent, 'atMs'>, client: Client): Promise<void> {
    const { record, now, limits } = this.#parts;
    const userAgent = shownUserAgent(client.userAgent, limits);
    return record({ ...event, atMs: now(), address: client.address.slice(0, 64), userAgent });
  }
}

/** New recovery codes in the place of the old ones, for showing once. */
export function setRecoveryCodes(
  { credentials, pepper, limits }: Pick<PeopleParts, 'credentials' | 'pepper' | 'limits'>,
  accountId: number,
): readonly string[] {
  const codes = Array.from({ length: limits.recoveryCodes }, () => makeRecoveryCode());
  const hashes = codes.map((code) => recoveryCodeHash(pepper, accountId, code)).filter((hash) => hash !== undefined);
  credentials.setRecoveryCodes(accountId, hashes);
  return codes;
}

export function codeSetup(
  secret: Buffer,
  { email }: Pick<Account, 'email'>,
  { houseName: issuer, limits }: Pick<PeopleParts, 'houseName' | 'limits'>,
): CodeSetup {
  const uri = provisioningUri(secret, { issuer, email, limits });
  return { uri, qrSvg: qrSvg(uri), secret: toBase32(secret) };
}
