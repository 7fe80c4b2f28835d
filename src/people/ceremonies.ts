/**
 * Sign-ins, enrolments and step-ups under way: between a challenge and its answer. Each has a secret that is no session and never
 * becomes one (session fixation), belongs to one purpose, and ends after minutes. In memory: after a restart people begin again.
 */
import { makeSecret, secretHash } from './secret.ts';
import { networkOf } from './client.ts';
import type { AuthorizationChecks } from './identity-provider.ts';
import { PeopleRefusedError } from './refusal.ts';

export type Ceremony =
  /** Nobody has said yet who they are; a passkey will. */
  | { readonly kind: 'sign-in'; readonly challenge: string }
  /** The password was right. */
  | {
      readonly kind: 'second-factor';
      readonly accountId: number;
      readonly challenge?: string;
      readonly failures: number;
    }
  | {
      readonly kind: 'enrol';
      readonly accountId: number;
      readonly invitation: Buffer;
      readonly challenge: string;
      /** Once the password is taken. */
      readonly pending?: { readonly passwordHash: string; readonly codeSecret: Buffer };
    }
  | { readonly kind: 'step-up'; readonly sessionId: number; readonly challenge?: string; readonly failures: number }
  /** The browser is at the provider. */
  | {
      readonly kind: 'provider';
      readonly begunAtMs: number;
      readonly checks: AuthorizationChecks;
      readonly purpose:
        | { readonly kind: 'sign-in' }
        | { readonly kind: 'enrol'; readonly enrolment: string }
        | { readonly kind: 'step-up'; readonly sessionId: number };
    }
  | { readonly kind: 'new-passkey'; readonly sessionId: number; readonly challenge: string }
  | {
      readonly kind: 'new-code';
      readonly sessionId: number;
      readonly codeSecret: Buffer;
      readonly passwordHash?: string;
    };
export type CeremonyOf<K extends Ceremony['kind']> = Extract<Ceremony, { kind: K }>;

export interface CeremonyLimits {
  readonly ceremonyMs: number;
  readonly ceremoniesMax: number;
  readonly ceremoniesPerAddressMax: number;
}

interface Held {
  readonly ceremony: Ceremony;
  readonly network: string;
  readonly notAfterMs: number;
}

export class Ceremonies {
  readonly #limits: CeremonyLimits;
  readonly #now: () => number;
  /** By the secret's hash; oldest first. */
  readonly #held = new Map<string, Held>();
  /** How many each network has, so that one that begins many pushes out its own. */
  readonly #perNetwork = new Map<string, number>();

  constructor(limits: CeremonyLimits, now: () => number) {
    this.#limits = limits;
    this.#now = now;
  }

  get size(): number {
    return this.#held.size;
  }

  /** @returns the secret that the browser shows with its answer */
  begin(ceremony: Ceremony, address: string): string {
    const network = networkOf(address);
    this.#makeRoom(network);
    const secret = makeSecret('ceremony');
    this.#put(keyOf(secret) ?? '', { ceremony, network, notAfterMs: this.#now() + this.#limits.ceremonyMs });
    return secret;
  }

  /** Ends it: a challenge is answered once, rightly or wrongly. @throws PeopleRefusedError ceremony-unknown */
  take<K extends Ceremony['kind']>(kind: K, secret: string): CeremonyOf<K> {
    const ceremony = this.look(kind, secret);
    this.#drop(keyOf(secret) ?? '');
    return ceremony;
  }

  /** It goes on. @throws PeopleRefusedError ceremony-unknown */
  look<K extends Ceremony['kind']>(kind: K, secret: string): CeremonyOf<K> {
    const key = keyOf(secret);
    const held = key === undefined ? undefined : this.#held.get(key);
    if (key === undefined || held === undefined || held.ceremony.kind !== kind) {
      throw new PeopleRefusedError('ceremony-unknown');
    }
    if (this.#now() >= held.notAfterMs) {
      this.#drop(key);
      throw new PeopleRefusedError('ceremony-unknown');
    }
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- its kind was compared above
    return held.ceremony as CeremonyOf<K>;
  }

  /** The same ceremony with what has happened in it; its end stays. No-op when it is over. */
  replace(secret: string, ceremony: Ceremony): void {
    const key = keyOf(secret);
    const held = key === undefined ? undefined : this.#held.get(key);
    if (key !== undefined && held !== undefined) this.#held.set(key, { ...held, ceremony });
  }

  /** It is done. No-op when it is over. */
  end(secret: string): void {
    const key = keyOf(secret);
    if (key !== undefined) this.#drop(key);
  }

  /** Those of an account that was disabled or set anew. */
  endOf(accountId: number): void {
    for (const [key, { ceremony }] of this.#held) {
      if ('accountId' in ceremony && ceremony.accountId === accountId) this.#drop(key);
    }
  }

  #put(key: string, held: Held): void {
    this.#held.set(key, held);
    this.#perNetwork.set(held.network, (this.#perNetwork.get(held.network) ?? 0) + 1);
  }

  #drop(key: string): void {
    const held = this.#held.get(key);
    if (held === undefined) return;
    this.#held.delete(key);
    const left = (this.#perNetwork.get(held.network) ?? 1) - 1;
    if (left > 0) this.#perNetwork.set(held.network, left);
    else this.#perNetwork.delete(held.network);
  }

  #makeRoom(network: string): void {
    const nowMs = this.#now();
    for (const [key, { notAfterMs }] of this.#held) {
      if (notAfterMs > nowMs) break;
      this.#drop(key);
    }
    const isOverShare = (this.#perNetwork.get(network) ?? 0) >= this.#limits.ceremoniesPerAddressMax;
    if (isOverShare) {
      for (const [key, held] of this.#held) {
        if (held.network !== network) continue;
        this.#drop(key);
        return;
      }
    }
    if (this.#held.size < this.#limits.ceremoniesMax) return;
    const oldest = this.#held.keys().next().value;
    if (oldest !== undefined) this.#drop(oldest);
  }
}

/** The same without its challenge, which has been answered. */
export function spent<C extends { readonly challenge?: string }>({
  challenge: _answered,
  ...rest
}: C): Omit<C, 'challenge'> {
  return rest;
}

function keyOf(secret: string): string | undefined {
  return secretHash('ceremony', secret)?.toString('base64url');
}
