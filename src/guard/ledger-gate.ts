/**
 * The guard's way to the ledger: fails closed. Once a record could not be written, nothing is admitted until a record of the
 * outage itself has been written. Closing records of transfers that were cut off by the outage are written then, too.
 */
import { LeadglassError } from '../error.ts';
import type { LedgerRecordInput } from '../ledger/record.ts';
import type { AuditEvents } from './audit-events.ts';

/** The part of the ledger that the guard uses: resolves when the record is durable, rejects LIMIT_EXCEEDED when it is too long. */
export interface GuardLedger {
  record(input: LedgerRecordInput): Promise<unknown>;
}

/** Things that a shortened record still names; far below any limit of a record's length. */
const namedInShortMax = 64;

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

  /**
   * A record that is too long says nothing about the ledger, so it is no outage. It is written shortened; only a query, whose
   * words are the record, is refused then, and the record says so.
   * @throws LeadglassError LEDGER_UNAVAILABLE; LIMIT_EXCEEDED for a query
   */
  async record(input: LedgerRecordInput): Promise<void> {
    await this.ensure();
    try {
      await this.#write(input);
    } catch (error) {
      if (!isTooLong(error)) throw error;
      if (!input.event.objects.some((object) => 'query' in object)) return await this.#write(shortened(input));
      await this.#write(refused(shortened(input)));
      throw error;
    }
  }

  /** As `record`, but when it fails the record is kept and written when the ledger is back. For ends, which cannot be refused. */
  async recordEnd(input: LedgerRecordInput): Promise<void> {
    try {
      await this.ensure();
      await this.#writeEnd(input);
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
        await this.#writeEnd(next);
      } catch (error) {
        this.#backlog.unshift(next);
        throw error;
      }
    }
  }

  async #writeEnd(input: LedgerRecordInput): Promise<void> {
    try {
      await this.#write(input);
    } catch (error) {
      if (!isTooLong(error)) throw error;
      await this.#write(shortened(input));
    }
  }

  /** @throws LeadglassError LEDGER_UNAVAILABLE, LIMIT_EXCEEDED (this record is too long) */
  async #write(input: LedgerRecordInput): Promise<void> {
    try {
      await this.#ledger.record(input);
    } catch (cause) {
      if (isTooLong(cause)) throw cause;
      this.#failedSinceMs ??= this.#now();
      throw new LeadglassError('LEDGER_UNAVAILABLE', 'Not admitted: the use could not be recorded; try again later', {
        cause,
        detail: cause instanceof Error ? cause.message : String(cause),
      });
    }
  }
}

const isTooLong = (error: unknown): boolean => error instanceof LeadglassError && error.code === 'LIMIT_EXCEEDED';

/** Who did what and how it ended, with the first of the things it names and without the words of a query. */
function shortened(input: LedgerRecordInput): LedgerRecordInput {
  const { event, studyInstanceUids, patientIds } = input;
  return {
    ...input,
    ...(studyInstanceUids === undefined ? {} : { studyInstanceUids: studyInstanceUids.slice(0, namedInShortMax) }),
    ...(patientIds === undefined ? {} : { patientIds: patientIds.slice(0, namedInShortMax) }),
    event: {
      ...event,
      event: {
        ...event.event,
        outcomeDescription: `${event.event.outcomeDescription ?? ''} (shortened: too long for the ledger)`.trim(),
      },
      objects: event.objects
        .slice(0, namedInShortMax)
        .map((object) => ('query' in object ? { ...object, query: new Uint8Array() } : object)),
    },
  };
}

function refused(input: LedgerRecordInput): LedgerRecordInput {
  const { event } = input;
  return { ...input, reason: 'LIMIT_EXCEEDED', event: { ...event, event: { ...event.event, outcome: 8 } } };
}
