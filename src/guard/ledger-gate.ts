/**
 * The guard's way to the ledger: fails closed. Once a record could not be written, nothing is admitted until a record of the
 * outage itself has been written. Closing records of transfers that were cut off by the outage are written then, too.
 */
import { LeadglassError } from '../error.ts';
import type { LedgerRecordInput } from '../ledger/record.ts';
import type { AuditEvents } from './audit-events.ts';

/** The part of the ledger that the guard uses: resolves when the record is durable. */
export interface GuardLedger {
  record(input: LedgerRecordInput): Promise<unknown>;
}

export class LedgerGate {
  readonly #ledger: GuardLedger;
  readonly #events: AuditEvents;
  readonly #now: () => number;
  readonly #backlogMax: number;
  #failedSinceMs: number | undefined;
  readonly #backlog: LedgerRecordInput[] = [];
  /** All who ask during an outage wait for the same attempt. */
  #restart: Promise<void> | undefined;

  constructor(
    ledger: GuardLedger,
    { events, now, backlogMax }: { events: AuditEvents; now: () => number; backlogMax: number },
  ) {
    this.#ledger = ledger;
    this.#events = events;
    this.#now = now;
    this.#backlogMax = backlogMax;
  }

  /** False from a failure until a record has been written again. */
  get isAvailable(): boolean {
    return this.#failedSinceMs === undefined;
  }

  /** @throws LeadglassError LEDGER_UNAVAILABLE */
  async record(input: LedgerRecordInput): Promise<void> {
    await this.ensure();
    await this.#write(input);
  }

  /** As `record`, but when it fails the record is kept and written when the ledger is back. For ends, which cannot be refused. */
  async recordEnd(input: LedgerRecordInput): Promise<void> {
    try {
      await this.record(input);
    } catch (error) {
      // A full backlog loses only what the next start finds again: transfers begun and not ended are open in the ledger.
      if (this.#backlog.length < this.#backlogMax) this.#backlog.push(input);
      throw error;
    }
  }

  /**
   * For uses that have no record of their own: is the ledger there?
   * @throws LeadglassError LEDGER_UNAVAILABLE
   */
  async ensure(): Promise<void> {
    if (this.#failedSinceMs === undefined) return;
    this.#restart ??= this.#tryAgain(this.#failedSinceMs).finally(() => {
      this.#restart = undefined;
    });
    await this.#restart;
  }

  async #tryAgain(sinceMs: number): Promise<void> {
    await this.#write(this.#events.recordingRestarted(new Date(this.#now()), new Date(sinceMs)));
    this.#failedSinceMs = undefined;
    while (this.#backlog.length > 0) {
      const next = this.#backlog.shift();
      if (next === undefined) return;
      try {
        await this.#write(next);
      } catch (error) {
        this.#backlog.unshift(next);
        throw error;
      }
    }
  }

  async #write(input: LedgerRecordInput): Promise<void> {
    try {
      await this.#ledger.record(input);
    } catch (cause) {
      this.#failedSinceMs ??= this.#now();
      throw new LeadglassError('LEDGER_UNAVAILABLE', 'Not admitted: the use could not be recorded; try again later', {
        cause,
        detail: cause instanceof Error ? cause.message : String(cause),
      });
    }
  }
}
