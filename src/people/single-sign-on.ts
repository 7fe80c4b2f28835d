/**
 * Signing in at the hospital's provider: to the provider and back, what its word counts for, the account that a person has by it, showing
 * the factors again, and logouts that the provider tells of. A person is issuer and subject; an e-mail address never leads to an account.
 */
import { timingSafeEqual } from 'node:crypto';
import { type ErrorCode, LeadglassError } from '../error.ts';
import { type Account, actorText, isUsable, parseDisplayName, parseEmail, type Role } from './account.ts';
import type { AccountAdmin } from './account-admin.ts';
import { beginSession, recordOf, type SignedIn } from './begin-session.ts';
import type { CeremonyOf } from './ceremonies.ts';
import type { Client } from './client.ts';
import type { Enrolment } from './enrolment.ts';
import type { AuthorizationChecks, IdentityProvider, LogoutWord, ProviderIdentity } from './identity-provider.ts';
import { NetworkRate } from './network-rate.ts';
import { type PeopleParts, refuse } from './parts.ts';
import { type ProviderRules, provesSecondFactor, roleOf } from './provider-rules.ts';
import { PeopleRefusedError, type PeopleReason } from './refusal.ts';
import type { SessionPlaces } from './session-place.ts';

export type ProviderPurpose = CeremonyOf<'provider'>['purpose'];

export type Finished =
  | { readonly kind: 'sign-in'; readonly signedIn: SignedIn }
  | { readonly kind: 'enrol'; readonly account: Account }
  /** The session's new secret. */
  | { readonly kind: 'step-up'; readonly session: string };

export class SingleSignOn {
  readonly #parts: PeopleParts;
  readonly #admin: AccountAdmin;
  readonly #enrolment: Enrolment;
  readonly #places: SessionPlaces;
  /** Questions to the provider, and its logouts that were refused: one does not use up the other's. */
  readonly #questions: NetworkRate;
  readonly #refusals: NetworkRate;
  /** The last ones, for sign-ins under way. */
  readonly #logouts: { readonly number: number; readonly word: LogoutWord }[] = [];
  #logoutNumber = 0;

  constructor(
    parts: PeopleParts,
    others: { readonly admin: AccountAdmin; readonly enrolment: Enrolment; readonly places: SessionPlaces },
  ) {
    const { admin, enrolment, places } = others;
    this.#parts = parts;
    this.#admin = admin;
    this.#enrolment = enrolment;
    this.#places = places;
    this.#questions = new NetworkRate(parts.limits, parts.now);
    this.#refusals = new NetworkRate(parts.limits, parts.now);
  }

  /** Undefined: there is none. */
  get provider(): Pick<IdentityProvider, 'issuer' | 'name'> | undefined {
    return this.#parts.provider;
  }

  get localSignIn(): ProviderRules['localSignIn'] {
    return this.#parts.rules?.localSignIn ?? 'everybody';
  }

  /** @throws PeopleRefusedError provider-absent, -rate, -unreachable, -busy; session-…; ceremony-unknown */
  async begin(
    purpose:
      | { readonly kind: 'sign-in' }
      | { readonly kind: 'enrol'; readonly enrolment: string }
      | { readonly kind: 'step-up'; readonly session: string },
    client: Client,
    redirectUri: string,
  ): Promise<{ readonly ceremony: string; readonly url: string }> {
    const { ceremonies, sessions, accounts, identities, now } = this.#parts;
    const provider = this.#provider();
    let account: Account | undefined;
    let kept: ProviderPurpose;
    if (purpose.kind === 'step-up') {
      const live = sessions.find(purpose.session);
      account = live.account;
      if (identities.of(account.id)?.issuer !== provider.issuer) refuse('identity-unknown');
      kept = { kind: 'step-up', sessionId: live.session.id };
    } else kept = purpose;
    if (kept.kind === 'enrol') account = accounts.byId(ceremonies.look('enrol', kept.enrolment).accountId);
    try {
      this.#questions.refuseOver(client.address);
      this.#questions.count(client.address);
      const isFresh = kept.kind === 'step-up';
      const begunAtMs = now();
      const { url, checks } = await asked(provider.authorize(redirectUri, isFresh));
      const ceremony = ceremonies.begin({ kind: 'provider', begunAtMs, checks, purpose: kept }, client.address);
      return { ceremony, url };
    } catch (error) {
      throw await this.#refused(error, { account, client, isStepUp: kept.kind === 'step-up' });
    }
  }

  /**
   * The browser is back. The answer is good once, in the browser that began, for what it was begun for.
   * @param parameters the query of the address at which it arrived
   * @param session the secret of the session that the browser has, for showing the factors again
   * @throws PeopleRefusedError
   */
  async finish(
    {
      ceremony: secret,
      parameters,
      session,
    }: { readonly ceremony: string; readonly parameters: string; readonly session?: string },
    client: Client,
  ): Promise<Finished> {
    const { accounts, identities } = this.#parts;
    let account: Account | undefined;
    let identity: ProviderIdentity | undefined;
    let isStepUp = false;
    let isRecorded = false;
    try {
      const provider = this.#provider();
      const { purpose, checks, begunAtMs } = this.#taken(secret, parameters);
      isStepUp = purpose.kind === 'step-up';
      const since = this.#logoutNumber;
      identity = await asked(provider.redeem(parameters, checks));
      const known = identities.find(identity.issuer, identity.subject);
      account = known && accounts.byId(known.accountId);
      const role = this.#judged(identity);
      switch (purpose.kind) {
        case 'sign-in':
          return { kind: 'sign-in', signedIn: await this.#signIn(identity, role, { client, since }) };
        case 'enrol': {
          // By the enrolment, from here on.
          isRecorded = true;
          const enrolled = await this.#enrolment.provider(purpose.enrolment, identity, client);
          return { kind: 'enrol', account: await this.#brought(enrolled.account, identity, role) };
        }
        case 'step-up':
          return {
            kind: 'step-up',
            session: await this.#stepUp(purpose.sessionId, session, { identity, role, begunAtMs, client }),
          };
      }
    } catch (error) {
      if (isRecorded) throw error;
      throw await this.#refused(error, { account, client, isStepUp, ...(identity === undefined ? {} : { identity }) });
    }
  }

  /**
   * A logout that the provider tells of (Back-Channel Logout 1.0, 2.6 and 2.7): the sessions that came from there end at once, and with
   * them whatever hangs on them.
   * @returns how many @throws PeopleRefusedError logout-token-…, provider-…
   */
  async logout(token: string, client: Client): Promise<number> {
    const { identities, sessions, accounts, limits, now } = this.#parts;
    const provider = this.#provider();
    let word: LogoutWord;
    try {
      this.#refusals.refuseOver(client.address);
      word = await this.#logoutWord(provider, token);
      const { id, notAfterMs } = word;
      const used = { issuer: provider.issuer, id, notAfterMs };
      if (!identities.useToken(used, { nowMs: now(), tokensMax: limits.logoutTokensMax })) refuse('logout-token-used');
    } catch (error) {
      if (!(error instanceof PeopleRefusedError)) throw error;
      if (error.reason !== 'provider-rate') this.#refusals.count(client.address);
      await this.#recordQuietly('provider-logout-refused', error, client);
      throw error;
    }
    this.#remember(word);
    const ended = this.#meant(provider.issuer, word).filter((id) => sessions.end(id, 'provider')).length;
    const accountId =
      word.subject === undefined ? undefined : identities.find(provider.issuer, word.subject)?.accountId;
    const account = accountId === undefined ? undefined : accounts.byId(accountId);
    // Also those whose session ended before: what was typed into a program goes on without one.
    if (account !== undefined) this.#parts.passcodes.endOf(account);
    const by = actorText({ kind: 'provider', issuer: provider.issuer });
    await recordOf(this.#parts, { kind: 'provider-logout', by, detail: `${ended} sessions` }, account, client);
    return ended;
  }

  /** Where to sign out at the provider, too, when this session came from there; asked before the session ends. */
  signOutUrl(session: string, returnTo: string): string | undefined {
    const { sessions, identities, provider } = this.#parts;
    try {
      const { id } = sessions.use(session).session;
      return identities.isOfProvider(id) ? provider?.signOutUrl(returnTo) : undefined;
    } catch (error) {
      if (error instanceof PeopleRefusedError) return undefined;
      throw error;
    }
  }

  #provider(): IdentityProvider {
    return this.#parts.provider ?? refuse('provider-absent');
  }

  /** An answer to another question does not use this one up: anybody can send a browser to the address of answers. */
  #taken(secret: string, parameters: string): CeremonyOf<'provider'> {
    const { ceremonies, limits } = this.#parts;
    const { checks } = ceremonies.look('provider', secret);
    const isLong = parameters.length > limits.providerAnswerCharactersMax;
    const state = isLong ? '' : (new URLSearchParams(parameters).get('state') ?? '');
    if (!isSame(state, checks.state)) throw new PeopleRefusedError('provider-answer-invalid', { why: 'state' });
    return ceremonies.take('provider', secret);
  }

  #judged(identity: ProviderIdentity): Role {
    const rules = this.#rules();
    if (!provesSecondFactor(identity, rules)) refuse('second-factor-unproven');
    const judged = roleOf(identity.groups, rules);
    if ('role' in judged) return judged.role;
    // As the provider has it now, what runs in this person's name runs without a role.
    this.#endAllOf(identity);
    return refuse(judged.reason);
  }

  #endAllOf({ issuer, subject }: ProviderIdentity): void {
    const { accounts, identities, passcodes, sessions } = this.#parts;
    const linked = identities.find(issuer, subject);
    const account = linked && accounts.byId(linked.accountId);
    if (account === undefined) return;
    sessions.endOf(account.id, 'provider');
    passcodes.endOf(account);
  }

  #rules(): ProviderRules {
    return this.#parts.rules ?? refuse('provider-absent');
  }

  async #signIn(
    identity: ProviderIdentity,
    role: Role,
    { client, since }: { readonly client: Client; readonly since: number },
  ): Promise<SignedIn> {
    const { accounts, identities, now } = this.#parts;
    const linked = identities.find(identity.issuer, identity.subject);
    const before = linked && accounts.byId(linked.accountId);
    if (before !== undefined) this.#refuseUnusable(before);
    const account =
      before === undefined ? await this.#made(identity, role) : await this.#brought(before, identity, role);
    // Looked at again: records took their time.
    if (identities.of(account.id)?.subject !== identity.subject) refuse('identity-unknown');
    this.#refuseUnusable(account);
    let sessionId: number | undefined;
    const signedIn = await beginSession(this.#parts, account, client, {
      method: 'provider',
      // What the provider remembers of an hour ago is no second factor shown just now.
      shownAtMs: identity.authenticatedAtMs ?? 0,
      notAfterMs: now() + this.#rules().sessionMs,
      begun: ({ id }) => {
        sessionId = id;
        identities.addSession(id, identity);
      },
    });
    // One that was over at the provider before it began here was not there to be ended.
    if (this.#logouts.some(({ number, word }) => number > since && isOf(word, identity))) {
      if (sessionId !== undefined) this.#parts.sessions.end(sessionId, 'provider');
      refuse('session-over');
    }
    return signedIn;
  }

  /** A new account, where the rules make one; its openings are still to be made by somebody. */
  async #made(identity: ProviderIdentity, role: Role): Promise<Account> {
    const { accounts, identities, database, limits, now, record } = this.#parts;
    if (this.#rules().accounts === 'by-invitation') refuse('identity-unknown');
    const email = this.#address(identity);
    const refuseTaken = (): void => {
      if (accounts.byEmail(email) !== undefined) refuse('address-taken');
      if (identities.find(identity.issuer, identity.subject) !== undefined) refuse('identity-taken');
    };
    refuseTaken();
    if (accounts.count() >= limits.accountsMax) {
      throw new LeadglassError('LIMIT_EXCEEDED', `No account is made: there are ${limits.accountsMax}`);
    }
    const by = actorText({ kind: 'provider', issuer: identity.issuer });
    await record({ kind: 'enrolled', atMs: now(), by, detail: `${email} as ${role}, at the first sign-in` });
    return database.transaction(() => {
      refuseTaken();
      const displayName = this.#name(identity) ?? email;
      const { id } = accounts.add({ email, displayName, role, createdAtMs: now(), createdBy: by });
      accounts.activate(id, now());
      const { issuer, subject, department } = identity;
      const more = department === undefined ? {} : { department };
      identities.link({ accountId: id, issuer, subject, linkedAtMs: now(), ...more });
      accounts.addHistory(id, { atMs: now(), by, what: `made at the first sign-in as ${role}`, reason: '' });
      return accounts.byId(id) ?? refuse('account-unknown');
    });
  }

  /** The account as the provider has it today: another role ends what the former one began. */
  async #brought(account: Account, identity: ProviderIdentity, role: Role): Promise<Account> {
    const { accounts, identities } = this.#parts;
    if (account.role !== role) {
      await this.#admin.setRole(account.email, role, { kind: 'provider', issuer: identity.issuer });
    }
    const name = this.#name(identity);
    if (name !== undefined && name !== account.displayName) accounts.rename(account.id, name);
    identities.setDepartment(account.id, identity.department);
    return accounts.byId(account.id) ?? refuse('account-unknown');
  }

  async #stepUp(
    sessionId: number,
    secret: string | undefined,
    shown: {
      readonly identity: ProviderIdentity;
      readonly role: Role;
      readonly begunAtMs: number;
      readonly client: Client;
    },
  ): Promise<string> {
    const { sessions, identities, limits } = this.#parts;
    const { identity, role, begunAtMs, client } = shown;
    // The way back is open to everybody; what it is for is not.
    await this.#places.check(secret ?? '', client, { toProve: true });
    const live = sessions.find(secret ?? '');
    if (live.session.id !== sessionId) refuse('ceremony-unknown');
    const own = identities.of(live.account.id);
    if (own?.issuer !== identity.issuer || own.subject !== identity.subject) refuse('identity-taken');
    const atMs = identity.authenticatedAtMs;
    if (atMs === undefined || atMs < begunAtMs - limits.providerClockMs) refuse('reauthentication-missing');
    // Another role begins with another session.
    if (role !== live.account.role) {
      await this.#brought(live.account, identity, role);
      refuse('session-over');
    }
    await recordOf(this.#parts, { kind: 'stepped-up', sessionId }, live.account, client);
    // It may have ended while the record was written.
    const { session } = sessions.use(secret ?? '');
    identities.addSession(sessionId, identity);
    return sessions.stepUp(session, client);
  }

  async #logoutWord(provider: IdentityProvider, token: string): Promise<LogoutWord> {
    if (token.length > this.#parts.limits.logoutTokenCharactersMax) refuse('logout-token-invalid');
    return await asked(provider.readLogout(token), 'logout-token-invalid');
  }

  #remember(word: LogoutWord): void {
    this.#logoutNumber += 1;
    this.#logouts.push({ number: this.#logoutNumber, word });
    if (this.#logouts.length > logoutsRememberedMax) this.#logouts.shift();
  }

  /** Of a session at the provider those that came from it, and those of the person of which the provider named none; else all. */
  #meant(issuer: string, { subject, sid }: LogoutWord): readonly number[] {
    const { identities, sessions } = this.#parts;
    const accountId = subject === undefined ? undefined : identities.find(issuer, subject)?.accountId;
    if (subject !== undefined && accountId === undefined) return [];
    const own = accountId === undefined ? undefined : sessions.of(accountId).map(({ id }) => id);
    if (sid === undefined) return own ?? [];
    const named = identities.sessionsOf(issuer, sid);
    if (own === undefined) return named;
    return own.filter((id) => named.includes(id) || identities.sessionsOf(issuer, '').includes(id));
  }

  #address({ email, isEmailDoubted }: ProviderIdentity): string {
    if (email === undefined || isEmailDoubted) refuse('address-missing');
    try {
      return parseEmail(email, this.#parts.limits);
    } catch {
      return refuse('address-missing');
    }
  }

  #name({ name }: ProviderIdentity): string | undefined {
    try {
      return name === undefined ? undefined : parseDisplayName(name, this.#parts.limits);
    } catch {
      return undefined;
    }
  }

  #refuseUnusable(account: Account): void {
    if (isUsable(account, this.#parts.now())) return;
    const reasons = { active: 'account-ended', invited: 'account-not-enrolled', disabled: 'account-disabled' } as const;
    refuse(reasons[account.state]);
  }

  /** Records a refusal. @returns what to throw */
  async #refused(
    error: unknown,
    facts: {
      readonly account: Account | undefined;
      readonly client: Client;
      readonly isStepUp: boolean;
      readonly identity?: ProviderIdentity;
    },
  ): Promise<unknown> {
    if (!(error instanceof PeopleRefusedError)) return error;
    const { account, client, isStepUp, identity } = facts;
    if (quietReasons.includes(error.reason)) {
      const kind = error.reason === 'provider-unreachable' ? 'provider-unreachable' : refusalKind(isStepUp);
      await this.#recordQuietly(kind, error, client, account);
      return error;
    }
    const who = identity === undefined ? error.why : `subject ${identity.subject} of ${identity.issuer}`;
    const detail = who === undefined ? {} : { detail: who };
    await recordOf(this.#parts, { kind: refusalKind(isStepUp), reason: error.reason, ...detail }, account, client);
    return error;
  }

  async #recordQuietly(
    kind: 'provider-unreachable' | 'provider-logout-refused' | 'sign-in-refused' | 'step-up-refused',
    { reason, why }: PeopleRefusedError,
    client: Client,
    account?: Account,
  ): Promise<void> {
    const further = this.#parts.quiet.take(account?.id, client.address);
    if (further === undefined) return;
    const parts = [why, further === 0 ? undefined : `and ${further} more since the last record`];
    const detail = parts.filter((part) => part !== undefined).join('; ');
    await recordOf(this.#parts, { kind, reason, ...(detail === '' ? {} : { detail }) }, account, client);
  }
}

/** A sign-in takes seconds. */
const logoutsRememberedMax = 1000;

function isOf(word: LogoutWord, { subject, sid }: ProviderIdentity): boolean {
  if (word.subject !== undefined && word.subject !== subject) return false;
  return word.sid === undefined || sid === undefined || word.sid === sid;
}

/** Strangers can cause as many of these as they like. */
const quietReasons: readonly PeopleReason[] = [
  'provider-unreachable',
  'provider-rate',
  'provider-busy',
  'provider-absent',
  'provider-answer-invalid',
  'ceremony-unknown',
];

function refusalKind(isStepUp: boolean): 'sign-in-refused' | 'step-up-refused' {
  return isStepUp ? 'step-up-refused' : 'sign-in-refused';
}

const reasonsOf: Partial<Record<ErrorCode, PeopleReason>> = {
  NOT_AUTHORIZED: 'provider-refused',
  NOT_AUTHENTICATED: 'provider-answer-invalid',
  OUT_OF_RESOURCES: 'provider-busy',
  BACKEND_UNAVAILABLE: 'provider-unreachable',
  TIMED_OUT: 'provider-unreachable',
  LIMIT_EXCEEDED: 'provider-unreachable',
  PEER_FAILED: 'provider-unreachable',
};

/** What the provider's side throws, as refusals; what is a mistake of ours stays one. */
async function asked<T>(answer: Promise<T>, invalid: PeopleReason = 'provider-answer-invalid'): Promise<T> {
  try {
    return await answer;
  } catch (error) {
    if (!(error instanceof LeadglassError) || error instanceof PeopleRefusedError) throw error;
    const reason = error.code === 'NOT_AUTHENTICATED' ? invalid : reasonsOf[error.code];
    throw reason === undefined ? error : new PeopleRefusedError(reason, { why: error.message });
  }
}

function isSame(given: string, wanted: AuthorizationChecks['state']): boolean {
  const [a, b] = [Buffer.from(given), Buffer.from(wanted)];
  return a.length === b.length && timingSafeEqual(a, b);
}
