/**
 * Showing the second factor again inside a session, before what cannot be undone or lets data out: export, removal, openings, accounts,
 * keys. It counts for some minutes, and the session gets a new secret with it.
 */
import type { Account } from './account.ts';
import type { Client } from './client.ts';
import { shownUserAgent } from './client.ts';
import type { PeopleEvent } from './events.ts';
import { spent } from './ceremonies.ts';
import { PasskeyRefusedError } from './passkeys.ts';
import { named, type PeopleParts, refuse } from './parts.ts';
import { PeopleRefusedError } from './refusal.ts';
import { checkCode, checkPasskey, offer, type SecondFactors } from './second-factor.ts';
import type { Attempt } from './throttle.ts';

export class StepUp {
  readonly #parts: PeopleParts;

  constructor(parts: PeopleParts) {
    this.#parts = parts;
  }

  /** @throws PeopleRefusedError session-… */
  async begin(
    session: string,
    client: Client,
  ): Promise<{ readonly ceremony: string; readonly factors: Omit<SecondFactors, 'recoveryCode'> }> {
    const live = this.#parts.sessions.find(session);
    const { factors, challenge } = await offer(this.#parts, live.account.id);
    const known = challenge === undefined ? {} : { challenge };
    const ceremony = this.#parts.ceremonies.begin(
      { kind: 'step-up', sessionId: live.session.id, failures: 0, ...known },
      client.address,
    );
    const { recoveryCode: _spared, ...offered } = factors;
    return { ceremony, factors: offered };
  }

  /** @returns the session's new secret @throws PeopleRefusedError */
  async code(
    session: string,
    answer: { readonly ceremony: string; readonly code: string },
    client: Client,
  ): Promise<string> {
    const check = (account: Account): void => checkCode(this.#parts, account.id, answer.code);
    return await this.#show(session, client, { ceremony: answer.ceremony, check });
  }

  /** @returns the session's new secret @throws PeopleRefusedError */
  async passkey(
    session: string,
    { ceremony, answer }: { readonly ceremony: string; readonly answer: unknown },
    client: Client,
  ): Promise<string> {
    const check = async (account: Account, challenge: string | undefined): Promise<void> => {
      await checkPasskey(this.#parts, account, { answer, challenge });
    };
    return await this.#show(session, client, { ceremony, answersChallenge: true, check });
  }

  async #show(
    secret: string,
    client: Client,
    shown: {
      readonly ceremony: string;
      readonly answersChallenge?: true;
      readonly check: (account: Account, challenge: string | undefined) => void | Promise<void>;
    },
  ): Promise<string> {
    const { sessions, ceremonies, throttle, limits } = this.#parts;
    const { ceremony: ceremonySecret, answersChallenge, check } = shown;
    // Where it is asked from may be a thief's place: only the factor makes it a use.
    const { session, account } = sessions.find(secret);
    let attempt: Attempt | undefined;
    try {
      const ceremony = ceremonies.look('step-up', ceremonySecret);
      if (ceremony.sessionId !== session.id) refuse('ceremony-unknown');
      attempt = throttle.attempt({ who: { accountId: account.id }, isKnownBrowser: true, address: client.address });
      const failures = ceremony.failures + 1;
      if (failures >= limits.ceremonyFailuresMax) ceremonies.take('step-up', ceremonySecret);
      else ceremonies.replace(ceremonySecret, { ...(answersChallenge ? spent(ceremony) : ceremony), failures });
      await check(account, ceremony.challenge);
      attempt.takeBack();
    } catch (error) {
      await this.#refused(error, account, { client, sessionId: session.id, attempt });
      throw error;
    }
    ceremonies.end(ceremonySecret);
    await this.#record({ kind: 'stepped-up', sessionId: session.id }, account, client);
    // It may have ended while the record was written.
    sessions.use(secret);
    return sessions.stepUp(session, client);
  }

  async #refused(
    error: unknown,
    account: Account,
    { client, sessionId, attempt }: { client: Client; sessionId: number; attempt: Attempt | undefined },
  ): Promise<void> {
    if (!(error instanceof PeopleRefusedError)) {
      attempt?.takeBack();
      return;
    }
    await this.#record({ kind: 'step-up-refused', reason: error.reason, sessionId }, account, client);
    if (error.reason === 'passkey-counter' && error instanceof PasskeyRefusedError) {
      await this.#record({ kind: 'passkey-suspended', detail: `passkey ${error.passkey.id}` }, account, client);
    }
    if (attempt?.closesLane === true) await this.#record({ kind: 'lane-closed' }, account, client);
  }

  #record(event: Omit<PeopleEvent, 'atMs' | 'account'>, account: Account, client: Client): Promise<void> {
    const { record, now, limits } = this.#parts;
    const userAgent = shownUserAgent(client.userAgent, limits);
    return record({ ...event, atMs: now(), account: named(account), address: client.address.slice(0, 64), userAgent });
  }
}
