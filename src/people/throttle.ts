/**
 * How often somebody may be wrong: SP 800-63B-4 3.2.2, at most 100 failures in a row for an account, with growing waits before that.
 * Counted in lanes, so that nobody is locked out by somebody else: strangers who know an e-mail address use up the strangers'
 * lane of its account, while browsers at which its owner has signed in before have their own; passkeys have none, since a
 * signature cannot be guessed. A whole ward behind one address only waits some seconds, and only at browsers new to it.
 * Kept in the database: a restart forgets nothing.
 */
import { createHash } from 'node:crypto';
import { networkOf } from './client.ts';
import type { PeopleDatabase } from './people-database.ts';
import { PeopleRefusedError } from './refusal.ts';
import { integer } from './rows.ts';

export interface ThrottleLimits {
  readonly strangerFailuresMax: number;
  readonly knownBrowserFailuresMax: number;
  readonly failuresFree: number;
  readonly failureWaitFirstMs: number;
  readonly failureWaitMsMax: number;
  readonly addressFailuresFree: number;
  readonly addressWaitMsMax: number;
  readonly addressFailuresForgottenMs: number;
  readonly strangerRowsMax: number;
}

/** Whose try it is. */
export interface Tried {
  /** The account, or the address that was typed and belongs to none: both wait alike. */
  readonly who: { readonly accountId: number } | { readonly nobody: string };
  /** At a browser at which this account has signed in before. */
  readonly isKnownBrowser: boolean;
  readonly address: string;
}

/** A try that counts as a failure until it is taken back: many at once are all counted before the first is answered. */
export interface Attempt {
  /** Failures in a row in its lane, this one included. */
  readonly failures: number;
  /** True when this was the last one that the lane had. */
  readonly closesLane: boolean;
  /** It was right, or could not be checked. */
  takeBack(): void;
}

interface Lane {
  readonly key: string;
  readonly isStranger: boolean;
  readonly free: number;
  readonly waitMsMax: number;
  readonly failuresMax: number;
  readonly forgottenMs: number;
}

export class Throttle {
  readonly #database: PeopleDatabase;
  readonly #limits: ThrottleLimits;
  readonly #now: () => number;
  readonly #statements;
  /** Rows that may be pushed out; counted once and then along. */
  #strangerRows: number;

  constructor(database: PeopleDatabase, limits: ThrottleLimits, now: () => number) {
    this.#database = database;
    this.#limits = limits;
    this.#now = now;
    this.#statements = {
      find: database.prepare('SELECT failures, last_at FROM failure WHERE lane = ?'),
      put: database.prepare(
        'INSERT INTO failure (lane, is_stranger, failures, last_at) VALUES (?, ?, ?, ?) ON CONFLICT (lane) DO UPDATE SET failures = excluded.failures, last_at = excluded.last_at',
      ),
      takeBack: database.prepare('UPDATE failure SET failures = max(0, failures - 1) WHERE lane = ?'),
      clear: database.prepare('DELETE FROM failure WHERE lane IN (?, ?)'),
      count: database.prepare('SELECT count(*) AS count FROM failure WHERE is_stranger = 1'),
      dropOldest: database.prepare(
        'DELETE FROM failure WHERE lane IN (SELECT lane FROM failure WHERE is_stranger = 1 ORDER BY last_at LIMIT ?)',
      ),
    };
    this.#strangerRows = integer(this.#statements.count.get() ?? {}, 'count');
  }

  /**
   * Counts a try before it is checked.
   * @throws PeopleRefusedError too-many-failures with the wait, lane-closed; then nothing is counted
   */
  attempt(tried: Tried): Attempt {
    return this.#database.transaction(() => {
      const lanes = this.#lanesOf(tried);
      for (const lane of lanes) this.#refuseTooEarly(lane);
      const [failures = 0] = lanes.map((lane) => this.#count(lane));
      return {
        failures,
        closesLane: failures === lanes[0]?.failuresMax,
        takeBack: () => {
          this.#database.transaction(() => {
            for (const { key } of lanes) this.#statements.takeBack.run(key);
          });
        },
      };
    });
  }

  /** The owner has shown both factors, or an administrator has looked: nothing is held against the account any more. */
  clear(accountId: number): void {
    this.#statements.clear.run(strangerLane(accountId), knownLane(accountId));
  }

  #lanesOf({ who, isKnownBrowser, address }: Tried): readonly Lane[] {
    const { failuresFree: free, failureWaitMsMax: waitMsMax } = this.#limits;
    const common = { free, waitMsMax, forgottenMs: Number.POSITIVE_INFINITY };
    if ('accountId' in who && isKnownBrowser) {
      const failuresMax = this.#limits.knownBrowserFailuresMax;
      return [{ ...common, key: knownLane(who.accountId), isStranger: false, failuresMax }];
    }
    const key = 'accountId' in who ? strangerLane(who.accountId) : nobodyLane(who.nobody);
    return [
      { ...common, key, isStranger: !('accountId' in who), failuresMax: this.#limits.strangerFailuresMax },
      {
        key: `address ${networkOf(address)}`,
        isStranger: true,
        free: this.#limits.addressFailuresFree,
        waitMsMax: this.#limits.addressWaitMsMax,
        failuresMax: Number.POSITIVE_INFINITY,
        forgottenMs: this.#limits.addressFailuresForgottenMs,
      },
    ];
  }

  #refuseTooEarly(lane: Lane): void {
    const { failures, elapsedMs } = this.#state(lane);
    if (failures >= lane.failuresMax) throw new PeopleRefusedError('lane-closed');
    if (failures < lane.free) return;
    // 2 ** 30 seconds are beyond every limit; a larger power is only a risk of infinity.
    const doubled = this.#limits.failureWaitFirstMs * 2 ** Math.min(30, failures - lane.free);
    const leftMs = Math.min(lane.waitMsMax, doubled) - elapsedMs;
    if (leftMs > 0) throw new PeopleRefusedError('too-many-failures', { retryAfterMs: leftMs });
  }

  #state(lane: Lane): { readonly failures: number; readonly elapsedMs: number; readonly isNew: boolean } {
    const row = this.#statements.find.get(lane.key);
    if (row === undefined) return { failures: 0, elapsedMs: 0, isNew: true };
    // A clock that was set back makes nobody wait longer than once more the whole wait.
    const elapsedMs = Math.max(0, this.#now() - integer(row, 'last_at'));
    const failures = elapsedMs > lane.forgottenMs ? 0 : integer(row, 'failures');
    return { failures, elapsedMs, isNew: false };
  }

  #count(lane: Lane): number {
    const { failures, isNew } = this.#state(lane);
    if (isNew && lane.isStranger) this.#makeRoom();
    this.#statements.put.run(lane.key, Number(lane.isStranger), failures + 1, this.#now());
    return failures + 1;
  }

  #makeRoom(): void {
    this.#strangerRows += 1;
    if (this.#strangerRows <= this.#limits.strangerRowsMax) return;
    // A tenth at once, so that a flood of names does not search for the oldest each time.
    const dropped = Math.max(1, Math.floor(this.#limits.strangerRowsMax / 10));
    this.#strangerRows -= Number(this.#statements.dropOldest.run(dropped).changes);
  }
}

const strangerLane = (accountId: number): string => `account ${accountId} stranger`;
const knownLane = (accountId: number): string => `account ${accountId} known`;
/** Hashed: people type their password where the address belongs. */
const nobodyLane = (typed: string): string => `nobody ${createHash('sha256').update(typed).digest('base64url')}`;
