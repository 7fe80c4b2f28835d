/**
 * What one association moves, grouped for the ledger as PS3.15 A.5.3 describes it: per direction and study one Begin
 * Transferring before the first instance and one or more closing records with counts, never a record per instance.
 */
import type { Uid } from '../dicom/uid.ts';
import type { EventOutcome } from '../ledger/audit-message.ts';
import type { AuditActor, AuditEvents, TransferDirection, TransferredStudy } from './audit-events.ts';
import type { LedgerGate } from './ledger-gate.ts';

/** What the guard needs to know of an instance that moves; `InstanceHead` of the backends is one. */
export interface TransferHead {
  readonly studyInstanceUid: Uid;
  readonly sopClassUid: Uid;
  readonly sopInstanceUid: Uid;
  readonly patientId: string;
  readonly patientName: string;
  readonly issuerOfPatientId?: string;
  readonly accessionNumber: string;
}

export interface TransferLimits {
  /** A closing record is written after so many instances, so that a crash leaves little open. */
  readonly transferRecordInstancesMax: number;
  readonly transferRecordMs: number;
  /** Studies open at once within one association; the one begun first is closed when there are more. */
  readonly transferStudiesMax: number;
}

/** How one instance ended. 4: kept, but not as asked for (kept aside); 8: not moved. */
export interface InstanceOutcome {
  readonly outcome: EventOutcome;
  /** A stable word. */
  readonly reason?: string;
}

interface Group {
  readonly direction: TransferDirection;
  readonly study: TransferredStudy;
  readonly begun: Promise<void>;
  /** Counts per SOP class, by outcome and reason. */
  readonly results: Map<string, InstanceOutcome & { readonly counts: Map<string, number> }>;
  instances: number;
  sinceMs: number;
}

/** Different outcomes told apart in the records of one study; reasons are our own words, so there are few. */
const resultsMax = 16;

export class SessionTransfers {
  readonly #actor: () => AuditActor;
  readonly #gate: LedgerGate;
  readonly #events: AuditEvents;
  readonly #limits: TransferLimits;
  readonly #now: () => number;
  readonly #groups = new Map<string, Group>();

  constructor(facts: {
    readonly actor: () => AuditActor;
    readonly gate: LedgerGate;
    readonly events: AuditEvents;
    readonly limits: TransferLimits;
    readonly now: () => number;
  }) {
    this.#actor = facts.actor;
    this.#gate = facts.gate;
    this.#events = facts.events;
    this.#limits = facts.limits;
    this.#now = facts.now;
  }

  /**
   * Resolves when the ledger durably knows that instances of this study are about to move this way.
   * @throws LeadglassError LEDGER_UNAVAILABLE
   */
  async begin(direction: TransferDirection, head: TransferHead): Promise<void> {
    const key = keyOf(direction, head.studyInstanceUid);
    const known = this.#groups.get(key);
    if (known !== undefined) {
      await known.begun;
      if (!this.#isDue(known)) return;
      await this.#write(known, false);
      return;
    }
    const study: TransferredStudy = {
      studyInstanceUid: head.studyInstanceUid,
      patientId: head.patientId,
      issuerOfPatientId: head.issuerOfPatientId ?? '',
      patientName: head.patientName,
      accessionNumber: head.accessionNumber,
    };
    const begun = this.#gate.record(
      this.#events.transferBegun(this.#actorFor(direction), direction, study, new Date(this.#now())),
    );
    const group: Group = { direction, study, begun, results: new Map(), instances: 0, sinceMs: this.#now() };
    this.#groups.set(key, group);
    try {
      await begun;
    } catch (error) {
      // Not begun: the next instance tries again.
      if (this.#groups.get(key) === group) this.#groups.delete(key);
      throw error;
    }
    await this.#makeRoom(group);
  }

  /** Counts one instance of a study that was begun. */
  count(direction: TransferDirection, head: TransferHead, outcome: InstanceOutcome): void {
    const group = this.#groups.get(keyOf(direction, head.studyInstanceUid));
    if (group === undefined) return;
    const key = `${outcome.outcome} ${outcome.reason ?? ''}`;
    let result = group.results.get(key);
    if (result === undefined) {
      const isRest = group.results.size >= resultsMax;
      const restKey = `${outcome.outcome} several reasons`;
      result = (isRest ? group.results.get(restKey) : undefined) ?? {
        ...outcome,
        ...(isRest ? { reason: 'several reasons' } : {}),
        counts: new Map(),
      };
      group.results.set(isRest ? restKey : key, result);
    }
    result.counts.set(head.sopClassUid, (result.counts.get(head.sopClassUid) ?? 0) + 1);
    group.instances += 1;
  }

  /**
   * Writes the closing records of everything that was begun.
   * @throws LeadglassError LEDGER_UNAVAILABLE; what is missing is then written later, or found open at the next start
   */
  async end(): Promise<void> {
    const groups = [...this.#groups.values()];
    this.#groups.clear();
    const results = await Promise.allSettled(groups.map((group) => this.#finish(group)));
    for (const result of results) if (result.status === 'rejected') throw result.reason;
  }

  async #finish(group: Group): Promise<void> {
    try {
      await group.begun;
    } catch {
      return;
    }
    await this.#write(group, true);
  }

  #isDue(group: Group): boolean {
    return (
      group.instances >= this.#limits.transferRecordInstancesMax ||
      this.#now() - group.sinceMs >= this.#limits.transferRecordMs
    );
  }

  async #makeRoom(keep: Group): Promise<void> {
    if (this.#groups.size <= this.#limits.transferStudiesMax) return;
    for (const [key, group] of this.#groups) {
      if (group === keep) continue;
      this.#groups.delete(key);
      await this.#finish(group);
      return;
    }
  }

  /** Mixed results are told apart: one message for each. Only the last closes the transfer. */
  async #write(group: Group, isLast: boolean): Promise<void> {
    const results = [...group.results.values()];
    group.results.clear();
    group.instances = 0;
    group.sinceMs = this.#now();
    if (results.length === 0) {
      if (!isLast) return;
      results.push({ outcome: 8, reason: 'nothing was transferred', counts: new Map() });
    }
    for (const [index, { counts, outcome, reason }] of results.entries()) {
      await this.#gate.recordEnd(
        this.#events.transferred(this.#actorFor(group.direction), group.direction, group.study, {
          at: new Date(this.#now()),
          counts,
          outcome,
          ...(reason === undefined ? {} : { reason }),
          isLast: isLast && index === results.length - 1,
        }),
      );
    }
  }

  /** What was received keeps the association's own id, under which the store remembers it; other ways get one beside it. */
  #actorFor(direction: TransferDirection): AuditActor {
    const actor = this.#actor();
    if (direction.kind === 'received' || direction.kind === 'imported') return actor;
    return { ...actor, transferId: `${actor.transferId}/${wayOf(direction)}` };
  }
}

const wayOf = (direction: TransferDirection): string =>
  direction.kind === 'moved' ? `moved/${direction.destination}` : direction.kind;
const keyOf = (direction: TransferDirection, studyInstanceUid: Uid): string =>
  `${studyInstanceUid} ${wayOf(direction)}`;
