/**
 * Sessions of the guard for web requests. HTTP has no association: who proves to be the same device from the same address again
 * within a minute goes on with its session, so that a reader who scrolls through a thousand frames came once, read one study and
 * left. Each operation is admitted by itself; a right that ends, ends the session and what runs in it.
 */
import { createHash } from 'node:crypto';
import { asLeadglassError } from '../../error.ts';
import type { Guard } from '../../guard/guard.ts';
import { RefusedError } from '../../guard/refusal.ts';
import type { GuardSession } from '../../guard/session.ts';
import type { Log } from '../../log.ts';
import type { WebConnection } from './server/exchange.ts';

export interface SessionLimits {
  readonly sessionIdleMs: number;
}

/** The session for one request; give it back when its answer has gone out. */
export interface SessionUse {
  readonly session: GuardSession;
  /** Called when the right of the session ends. */
  onRevoked(end: () => void): void;
  release(): void;
}

export type WebPeer = Pick<WebConnection, 'address' | 'localPort' | 'certificate'> & {
  readonly token?: string;
  /** Secret of a person's session. */
  readonly session?: string;
};

/** A right that ends between one look and the next is refused at the next; more is a mistake of ours. */
const attemptsMax = 3;

interface Held {
  readonly session: GuardSession;
  readonly running: Set<() => void>;
  uses: number;
  idle?: NodeJS.Timeout;
}

export class WebSessions {
  readonly #guard: Pick<Guard, 'identify' | 'session'>;
  readonly #limits: SessionLimits;
  readonly #log: Log;
  readonly #held = new Map<string, Promise<Held>>();
  readonly #ending = new Set<Promise<void>>();

  constructor({ guard, limits, log }: { guard: Pick<Guard, 'identify' | 'session'>; limits: SessionLimits; log: Log }) {
    this.#guard = guard;
    this.#limits = limits;
    this.#log = log;
  }

  /** @throws RefusedError, LeadglassError LEDGER_UNAVAILABLE, as the guard */
  async use(peer: WebPeer): Promise<SessionUse> {
    const key = keyOf(peer);
    for (let attempt = 0; attempt < attemptsMax; attempt += 1) {
      const found = this.#held.get(key) ?? this.#begin(key, peer);
      const held = await found;
      // It may have ended while this request waited for it; then the guard looks at the peer anew.
      if (held.session.isOver() || this.#held.get(key) !== found) {
        if (this.#held.get(key) === found) this.#held.delete(key);
        continue;
      }
      return this.#lend(key, found, held);
    }
    throw new RefusedError('NOT_AUTHORIZED', 'session-ended');
  }

  /** Requests have ended before. */
  async end(): Promise<void> {
    const all = [...this.#held.values()];
    this.#held.clear();
    for (const found of all) {
      const held = await found.catch(() => undefined);
      if (held !== undefined) this.#finish(held, 'stopped');
    }
    await Promise.all(this.#ending);
  }

  #begin(key: string, peer: WebPeer): Promise<Held> {
    const found = this.#identify(peer);
    this.#held.set(key, found);
    found.then(
      // oxlint-disable-next-line promise/always-return -- the session goes out by `found`; here one only looks on
      (held) => {
        const { revoked } = held.session;
        if (revoked.aborted) this.#revoked(key, found, held);
        else revoked.addEventListener('abort', () => this.#revoked(key, found, held), { once: true });
      },
      () => {
        if (this.#held.get(key) === found) this.#held.delete(key);
      },
    );
    return found;
  }

  async #identify({ address, localPort, certificate, token, session }: WebPeer): Promise<Held> {
    const principal = await this.#guard.identify({
      door: 'web',
      localPort,
      address,
      calledAeTitle: '',
      callingAeTitle: '',
      ...(certificate === undefined ? {} : { certificate }),
      ...(token === undefined ? {} : { token }),
      ...(session === undefined ? {} : { session }),
    });
    return { session: this.#guard.session(principal), running: new Set(), uses: 0 };
  }

  #lend(key: string, found: Promise<Held>, held: Held): SessionUse {
    clearTimeout(held.idle);
    held.uses += 1;
    let end: (() => void) | undefined;
    let isOver = false;
    return {
      session: held.session,
      onRevoked: (given) => {
        end = given;
        held.running.add(given);
      },
      release: () => {
        if (isOver) return;
        isOver = true;
        held.uses -= 1;
        if (end !== undefined) held.running.delete(end);
        if (held.uses === 0) this.#rest(key, found, held);
      },
    };
  }

  #rest(key: string, found: Promise<Held>, held: Held): void {
    if (this.#held.get(key) !== found) {
      this.#finish(held, 'ended');
      return;
    }
    held.idle = setTimeout(() => {
      if (this.#held.get(key) === found) this.#held.delete(key);
      this.#finish(held, 'idle');
    }, this.#limits.sessionIdleMs).unref();
  }

  #revoked(key: string, found: Promise<Held>, held: Held): void {
    if (this.#held.get(key) === found) this.#held.delete(key);
    for (const end of [...held.running]) end();
    if (held.uses === 0) this.#finish(held, 'ended');
  }

  #finish(held: Held, reason: string): void {
    clearTimeout(held.idle);
    const ending = held.session.end(reason).catch((thrown: unknown) => {
      const { code, detail } = asLeadglassError(thrown);
      this.#log.error('web.session-end-failed', { code, detail });
    });
    this.#ending.add(ending);
    void ending.finally(() => this.#ending.delete(ending));
  }
}

/** What was shown, as one text; of secrets their hash, since this stays in memory. */
function keyOf({ address, certificate, token, session }: WebPeer): string {
  const { fingerprint256 = '', authorized = false, authorizationError = '' } = certificate ?? {};
  const secrets = [token, session].map((secret) =>
    secret === undefined ? '' : createHash('sha256').update(secret).digest('hex'),
  );
  return JSON.stringify([address, fingerprint256, authorized, authorizationError, ...secrets]);
}
