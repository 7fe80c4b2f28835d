/**
 * Making and ending the short-lived tokens by which a device without a certificate at hand uses the web door. Each is bound to
 * one opening, ends with it, and is told once: of what was told only the hash stays.
 */
import type { AeTitle } from '../dicom/ae-title.ts';
import { LeadglassError } from '../error.ts';
import { operatorOf } from './device-service.ts';
import { makeToken, tokenHash } from './identify/token.ts';
import { type Opening, openingState } from './opening.ts';
import type { Administer } from './operation.ts';
import type { Pass } from './pass.ts';
import type { PolicyStore } from './policy-store.ts';
import { waitForSecond, type WaitingRules } from './second-person.ts';
import type { ChangeOf, WaitingChange } from './waiting-change.ts';

export interface TokenRules extends WaitingRules {
  readonly deviceTokenMinutes: number;
  readonly deviceTokenMinutesMax: number;
  readonly deviceTokensMax: number;
}

export interface TokenRequest {
  readonly aeTitle: AeTitle;
  /** Name of the opening; may be absent where the device has one alone with the web door. */
  readonly opening?: string;
  readonly minutes?: number;
}

export interface IssuedToken {
  /** 0 while a second person has to confirm it. */
  readonly id: number;
  /** The secret itself: to be handed on and forgotten. */
  readonly token: string;
  readonly opening: Opening;
  readonly notAfterMs: number;
  /** Not good yet: a second person has to confirm. */
  readonly waiting?: WaitingChange;
}

export class DeviceTokens {
  readonly #store: PolicyStore;
  readonly #rules: TokenRules;
  readonly #now: () => number;

  constructor({ store, rules, now }: { store: PolicyStore; rules: TokenRules; now: () => number }) {
    this.#store = store;
    this.#rules = rules;
    this.#now = now;
  }

  /** @throws LeadglassError NOT_FOUND, BAD_REQUEST for too many minutes, CONFLICT for an opening that cannot have one */
  issue(pass: Pass<Administer>, { aeTitle, opening: name, minutes }: TokenRequest): IssuedToken {
    const { deviceTokenMinutes, deviceTokenMinutesMax } = this.#rules;
    const asked = minutes ?? deviceTokenMinutes;
    if (!Number.isInteger(asked) || asked < 1 || asked > deviceTokenMinutesMax) {
      throw new LeadglassError('BAD_REQUEST', `Cannot make the token: 1 to ${deviceTokenMinutesMax} minutes`);
    }
    const nowMs = this.#now();
    return this.#store.transaction(() => {
      const opening = this.#openingOf(aeTitle, name, nowMs);
      this.#refuseMany(aeTitle, nowMs);
      const token = makeToken();
      const hash = tokenHash(token);
      if (hash === undefined) throw new LeadglassError('INTERNAL', 'A new token has not the form of one');
      // The opening is over at its end, the token good until its last moment.
      const notAfterMs = Math.min(nowMs + asked * 60_000, opening.validUntilMs - 1);
      const change: ChangeOf<'device-token'> = {
        kind: 'device-token',
        hash: Buffer.from(hash).toString('hex'),
        device: aeTitle,
        openingId: opening.id,
        createdAtMs: nowMs,
        notAfterMs,
      };
      const summary = `token for ${aeTitle}, opening ${opening.name}, ${opening.operations.join(', ')}`;
      const facts = { store: this.#store, rules: this.#rules, nowMs };
      const waiting = waitForSecond(pass, facts, { change, summary, endsMs: notAfterMs });
      if (waiting !== undefined) return { id: 0, token, opening, notAfterMs, waiting };
      return { id: this.doIssue(change), token, opening, notAfterMs };
    });
  }

  /** What `issue` prepared. @returns the token's number @throws LeadglassError CONFLICT when its opening has ended meanwhile */
  doIssue({ hash, device, openingId, createdAtMs, notAfterMs }: ChangeOf<'device-token'>): number {
    const nowMs = this.#now();
    return this.#store.transaction(() => {
      const opening = this.#store.opening(openingId);
      if (opening === undefined || openingState(opening, nowMs) !== 'open' || nowMs > notAfterMs) {
        throw new LeadglassError('CONFLICT', 'Cannot make the token: its opening or its time has ended');
      }
      this.#refuseMany(device, nowMs);
      return this.#store.addToken(Buffer.from(hash, 'hex'), { device, openingId, createdAtMs, notAfterMs });
    });
  }

  #refuseMany(aeTitle: AeTitle, nowMs: number): void {
    const { deviceTokensMax } = this.#rules;
    this.#store.forgetTokens(nowMs);
    if (this.#store.tokensOf(aeTitle).length < deviceTokensMax) return;
    throw new LeadglassError(
      'CONFLICT',
      `Cannot make the token: ${aeTitle} has ${deviceTokensMax}; "leadglass device token ${aeTitle} --end" ends them`,
    );
  }

  /** Ends all tokens of the device, and what runs by them, at once. @returns how many were still good */
  end(pass: Pass<Administer>, aeTitle: AeTitle): number {
    const store = this.#store;
    const atMs = this.#now();
    if (store.device(aeTitle) === undefined) throw noDevice(aeTitle);
    return store.transaction(() => {
      // What waits to become one was told already, and would come back with its confirmation.
      for (const { id, change } of store.waiting.open(atMs)) {
        if (change.kind !== 'device-token' || change.device !== aeTitle) continue;
        store.waiting.decide(id, { atMs, by: operatorOf(pass), how: 'refused' });
      }
      store.forgetTokens(atMs);
      return store.endTokens(aeTitle);
    });
  }

  #openingOf(aeTitle: AeTitle, name: string | undefined, nowMs: number): Opening {
    const device = this.#store.device(aeTitle);
    if (device === undefined || device.revoked !== undefined) throw noDevice(aeTitle);
    const open = this.#store
      .openingsOf(aeTitle)
      .filter((opening) => openingState(opening, nowMs) === 'open' && opening.doors.includes('web'));
    const fitting = name === undefined ? open : open.filter((opening) => opening.name === name);
    const [first, ...others] = fitting;
    if (first === undefined) {
      throw new LeadglassError(
        'CONFLICT',
        `Cannot make the token: ${name ?? aeTitle} is no open opening of ${aeTitle} with the web door; "leadglass device add ${aeTitle} --door web …" makes one`,
      );
    }
    if (others.length === 0) return first;
    const names = fitting.map((opening) => opening.name).join(', ');
    throw new LeadglassError('CONFLICT', `Cannot make the token: say with --opening which of ${names} it is for`);
  }
}

function noDevice(aeTitle: AeTitle): LeadglassError {
  return new LeadglassError('NOT_FOUND', `There is no device ${aeTitle}`);
}
