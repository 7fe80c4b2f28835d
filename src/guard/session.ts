/**
 * One association or request of one principal: admits its operations one by one, ends at once when its right ends, and writes
 * the grouped records of what it moved. Made by guard.ts only.
 */
import type { DataSet } from '../dicom/data-set.ts';
import { SopClasses } from '../dicom/sop-class.ts';
import type { Uid } from '../dicom/uid.ts';
import { LeadglassError } from '../error.ts';
import type { LedgerRecordInput } from '../ledger/record.ts';
import { OperationRate } from './admission-limits.ts';
import type { Admission, SuccessFacts } from './admission.ts';
import type { AuditActor, AuditEvents, TransferDirection, TransferredStudy } from './audit-events.ts';
import type { LedgerGate } from './ledger-gate.ts';
import type { Operation } from './operation.ts';
import { type Pass, makePass } from './pass.ts';
import type { OpeningOperation } from './opening.ts';
import { type Decision, type Grant, type SopClassFacts, decide, openingOffers } from './policy.ts';
import { userOffers } from './device-user-policy.ts';
import { isPeer, type Principal } from './principal.ts';
import { RefusedError, type RefusalReason } from './refusal.ts';
import { sameScope } from './scope.ts';
import type { SteadyClock } from './steady-clock.ts';
import { type InstanceOutcome, SessionTransfers, type TransferHead, type TransferLimits } from './transfers.ts';

export interface GuardSession {
  /** The association (or request) in the ledger. */
  readonly id: string;
  readonly principal: Principal;
  /**
   * May this be done now? Refusals are recorded before this throws.
   * @throws RefusedError NOT_AUTHORIZED or LIMIT_EXCEEDED; LeadglassError LEDGER_UNAVAILABLE
   */
  admit<O extends Operation>(operation: O): Promise<Admission<O>>;
  /**
   * Could this ever be admitted, so that a door may negotiate it? No permission: each use is admitted by itself. Always no
   * for principals that no opening names.
   */
  offers(operation: OpeningOperation, sopClassUid?: Uid): boolean;
  /**
   * Records what was proposed at negotiation and declined because `offers` said no; one record, however much it was.
   * @throws LeadglassError LEDGER_UNAVAILABLE
   */
  declined(proposals: readonly DeclinedProposal[]): Promise<void>;
  /** Fires at once when the opening is closed or ends, or the device or certificate is revoked; its reason is a RefusedError. */
  readonly revoked: AbortSignal;
  /** Has it been revoked, or has its certificate or token ended by now? Asks the clock, so that no timer has to have come first. */
  isOver(): boolean;
  /**
   * Writes what is left to record. Call it once, after all admissions are disposed; later calls do nothing.
   * @throws LeadglassError LEDGER_UNAVAILABLE; the session has ended all the same
   */
  end(reason: string): Promise<void>;
}

/** A service that a peer proposed and does not get. */
export interface DeclinedProposal {
  readonly operation: OpeningOperation;
  readonly sopClassUid: Uid;
}

/** What all sessions share. */
export interface SessionContext {
  readonly gate: LedgerGate;
  readonly events: AuditEvents;
  readonly clock: SteadyClock;
  readonly sopClasses: SopClassFacts;
  /** Explicit VR Little Endian bytes of a query's identifier, for its record. */
  readonly encodeIdentifier: (identifier: DataSet) => Uint8Array;
  readonly studies: StudyLookup;
  readonly limits: TransferLimits & {
    readonly operationsPerSecondMax: number;
    /** Refused operations of one session that have a record each. */
    readonly refusalsRecordedMax: number;
  };
  readonly countUse: (openingId: number) => void;
}

/** What the guard asks about a study when only its UID is known (removal). */
export interface StudyLookup {
  headOf(studyInstanceUid: Uid): Promise<Omit<TransferHead, 'sopClassUid' | 'sopInstanceUid'> | undefined>;
}

/** The last moment at which what a device proved itself with is good, and what is said afterwards. */
export interface ProofEnd {
  readonly notAfterMs: number;
  readonly reason: RefusalReason;
}

export class Session implements GuardSession {
  readonly id: string;
  readonly #context: SessionContext;
  readonly #door: string;
  readonly #ended: () => void;
  readonly #proofEnd: ProofEnd | undefined;
  readonly #abort = new AbortController();
  readonly #transfers: SessionTransfers;
  readonly #rate: OperationRate;
  #principal: Principal;
  #grant: Grant | undefined;
  #isEnded = false;
  #verified = 0;
  #refused = 0;
  #rateRefused = 0;
  #failedWithoutStudy = 0;

  constructor(
    context: SessionContext,
    facts: {
      readonly id: string;
      readonly principal: Principal;
      readonly door: string;
      readonly ended: () => void;
      readonly proofEnd?: ProofEnd;
    },
  ) {
    this.#context = context;
    this.id = facts.id;
    this.#principal = facts.principal;
    this.#door = facts.door;
    this.#ended = facts.ended;
    this.#proofEnd = facts.proofEnd;
    this.#rate = new OperationRate(context.limits.operationsPerSecondMax, context.clock.wallMs);
    this.#transfers = new SessionTransfers({
      actor: () => this.#actor,
      gate: context.gate,
      events: context.events,
      limits: context.limits,
      now: () => context.clock.wallMs,
    });
  }

  get principal(): Principal {
    return this.#principal;
  }

  get revoked(): AbortSignal {
    return this.#abort.signal;
  }

  get grant(): Grant | undefined {
    return this.#grant;
  }

  /** The right of this session is now another one (an opening was replaced, a study released). */
  regrant(principal: Principal, grant: Grant): void {
    this.#principal = principal;
    this.#grant = grant;
  }

  /** The right of this session is gone. */
  revoke(reason: RefusalReason): void {
    if (this.#abort.signal.aborted) return;
    this.#abort.abort(new RefusedError('NOT_AUTHORIZED', reason));
  }

  isOver(): boolean {
    const { clock } = this.#context;
    const end = this.#proofEnd;
    // While the clock cannot be believed nothing is admitted; the session may go on when it is right again.
    if (end !== undefined && clock.isSteady && clock.nowMs() > end.notAfterMs) this.revoke(end.reason);
    return this.#abort.signal.aborted;
  }

  async admit<O extends Operation>(operation: O): Promise<Admission<O>> {
    const decision = await this.#decided(operation);
    const at = new Date(this.#context.clock.wallMs);
    if (decision.outside !== undefined) {
      // What is outside looks as if it did not exist; the record keeps the difference.
      await this.#record(
        this.#context.events.operationRefused(this.#actor, operation, {
          at,
          reason: 'outside-scope',
          studies: decision.outside,
        }),
      );
    }
    const study = await this.#studyOf(operation);
    const before = this.#recordOfUse(operation, { at, ...(study === undefined ? {} : { study }) });
    if (before === undefined) await this.#context.gate.ensure();
    else await this.#record(before);
    // The ledger took its time; the right may have ended meanwhile.
    this.#throwIfOver();
    this.#countUse();
    return this.#admission(operation, decision, study);
  }

  async end(reason: string): Promise<void> {
    if (this.#isEnded) return;
    this.#isEnded = true;
    try {
      await this.#transfers.end();
    } finally {
      this.#ended();
      if (isPeer(this.#principal)) {
        const over: unknown = this.#abort.signal.reason;
        const words =
          `${reason}${over instanceof RefusedError ? ` (${over.reason})` : ''}; ${this.#verified} verifications, ${this.#refused} operations refused` +
          (this.#failedWithoutStudy > 0 ? `, ${this.#failedWithoutStudy} failed before their study was known` : '');
        const at = new Date(this.#context.clock.wallMs);
        await this.#context.gate.recordEnd(this.#context.events.sessionEnded(this.#actor, at, { reason, words }));
      }
    }
  }

  offers(operation: OpeningOperation, sopClassUid?: Uid): boolean {
    const grant = this.#grant;
    const principal = this.#principal;
    if (grant?.holder !== 'device' || principal.kind !== 'device') return false;
    const facts = { sopClassUid, sopClasses: this.#context.sopClasses };
    if (!openingOffers(grant.opening, operation, facts)) return false;
    return principal.person === undefined || userOffers(principal.person, grant.user, operation, facts);
  }

  async declined(proposals: readonly DeclinedProposal[]): Promise<void> {
    if (proposals.length === 0) return;
    // Where the operation itself is open, it is the SOP class that is not.
    const reason = proposals.some(({ operation }) => !this.offers(operation)) ? 'operation' : 'sop-class';
    this.#refused += 1;
    const at = new Date(this.#context.clock.wallMs);
    await this.#record(this.#context.events.proposalsDeclined(this.#actor, proposals, { at, reason }));
  }

  /** Of a person the ledger tells each use; openings of devices are counted, those of workstations by who sits there. */
  #countUse(): void {
    const principal = this.#principal;
    if (principal.kind === 'device') this.#context.countUse(principal.openingId);
    else if (principal.kind === 'person' && principal.workstation !== undefined) {
      this.#context.countUse(principal.workstation.openingId);
    }
  }

  get #actor(): AuditActor {
    return { principal: this.#principal, door: this.#door, transferId: this.id };
  }

  async #decided(operation: Operation): Promise<Decision & { readonly allowed: true }> {
    if (this.#isEnded) throw new RefusedError('NOT_AUTHORIZED', 'session-ended');
    const wallMs = this.#context.clock.wallMs;
    if (isPeer(this.#principal) && !this.#rate.take(wallMs)) {
      this.#rateRefused += 1;
      // Recorded at each doubling: a device that floods us does not flood the ledger.
      if (Number.isInteger(Math.log2(this.#rateRefused))) await this.#recordRefusal(operation, 'too-many-operations');
      throw new RefusedError('LIMIT_EXCEEDED', 'too-many-operations');
    }
    const decision = this.#decide(operation);
    if (decision.allowed) return decision;
    this.#refused += 1;
    // Each has its record up to a number; beyond it only each doubling, so that a device cannot fill the ledger's disk. The record
    // of the session's end has the count.
    const { refusalsRecordedMax } = this.#context.limits;
    if (this.#refused <= refusalsRecordedMax || Number.isInteger(Math.log2(this.#refused))) {
      await this.#recordRefusal(operation, decision.reason);
    } else await this.#context.gate.ensure();
    throw new RefusedError('NOT_AUTHORIZED', decision.reason);
  }

  #decide(operation: Operation): Decision {
    this.isOver();
    const over: unknown = this.#abort.signal.reason;
    if (over instanceof RefusedError) return { allowed: false, reason: over.reason };
    const { clock, sopClasses } = this.#context;
    // A clock that went backwards stops devices; an administrator must still be able to put it right.
    if (!clock.isSteady && isPeer(this.#principal)) return { allowed: false, reason: 'clock' };
    const nowMs = clock.isSteady ? clock.nowMs() : clock.wallMs;
    const grant = this.#grant;
    return decide(this.#principal, operation, { nowMs, sopClasses, ...(grant === undefined ? {} : { grant }) });
  }

  #throwIfOver(): void {
    if (this.#isEnded) throw new RefusedError('NOT_AUTHORIZED', 'session-ended');
    this.isOver();
    this.#abort.signal.throwIfAborted();
  }

  async #recordRefusal(operation: Operation, reason: RefusalReason): Promise<void> {
    const studies = studiesOf(operation);
    const at = new Date(this.#context.clock.wallMs);
    await this.#record(this.#context.events.operationRefused(this.#actor, operation, { at, reason, studies }));
  }

  async #record(input: LedgerRecordInput): Promise<void> {
    await this.#context.gate.record(input);
  }

  /** The record that a use of this kind has by itself; undefined for those that are grouped. */
  #recordOfUse(
    operation: Operation,
    facts: { readonly at: Date; readonly failure?: string; readonly isDone?: true; readonly study?: TransferredStudy },
  ): LedgerRecordInput | undefined {
    const { events, encodeIdentifier } = this.#context;
    switch (operation.kind) {
      case 'verify':
      case 'store':
      case 'retrieve':
        return undefined;
      case 'find': {
        const { model, identifier } = operation.query;
        const sopClassUid =
          model === 'patient-root'
            ? SopClasses.PatientRootQueryRetrieveInformationModelFind
            : SopClasses.StudyRootQueryRetrieveInformationModelFind;
        return events.query(this.#actor, operation, {
          ...facts,
          sopClassUid,
          identifier: encodeIdentifier(identifier),
        });
      }
      case 'commit':
        return events.commitment(this.#actor, operation, facts);
      case 'remove':
        return events.removal(this.#actor, operation, facts);
      case 'resolve':
        return events.resolution(this.#actor, operation, facts);
      case 'administer':
        return events.administration(this.#actor, operation, facts);
    }
  }

  /** Whose study is to be removed; asked before, since afterwards nobody knows. */
  async #studyOf(operation: Operation): Promise<TransferredStudy | undefined> {
    if (operation.kind !== 'remove') return undefined;
    const head = await this.#context.studies.headOf(operation.studyInstanceUid);
    return head === undefined ? undefined : { ...head, issuerOfPatientId: head.issuerOfPatientId ?? '' };
  }

  #admission<O extends Operation>(
    operation: O,
    decision: Decision & { readonly allowed: true },
    study: TransferredStudy | undefined,
  ): Admission<O> {
    const { scope, moveDestination } = decision;
    const pass: Pass<O> = makePass<O>({
      operation,
      principal: this.#principal,
      scope,
      transferId: this.id,
      stillValid: () => {
        if (this.#isEnded) return false;
        const again = this.#decide(operation);
        return again.allowed && sameScope(again.scope, scope);
      },
    });
    const direction = directionOf(operation, this.#principal);
    const state: AdmissionState = { instances: 0, ...(study === undefined ? {} : { study }) };
    return {
      pass,
      ...(moveDestination === undefined ? {} : { moveDestination }),
      involving: async (head) => {
        this.#throwIfOver();
        if (direction === undefined) return;
        await this.#transfers.begin(direction, head);
        if (operation.kind === 'store') state.head = head;
        this.#throwIfOver();
      },
      transferred: (head, outcome = { outcome: 0 }) => {
        if (direction === undefined) return;
        state.instances += 1;
        this.#transfers.count(direction, head, outcome);
      },
      succeeded: (facts = {}) => {
        state.success = facts;
      },
      failed: (error) => {
        state.error = error;
      },
      [Symbol.asyncDispose]: async () => {
        if (state.isDisposed === true) return;
        state.isDisposed = true;
        await this.#dispose(operation, direction, state);
      },
    };
  }

  async #dispose(operation: Operation, direction: TransferDirection | undefined, state: AdmissionState): Promise<void> {
    const { success, error, head } = state;
    const failure = success === undefined ? (error?.code ?? 'not completed') : undefined;
    if (operation.kind === 'store' && error?.code === 'NOT_AUTHORIZED' && !(error instanceof RefusedError)) {
      // The backend looked into the data set and found it outside the scope. (A removal it refuses is one before its time.)
      this.#refused += 1;
      await this.#recordScopeRefusal(operation, head);
    }
    switch (operation.kind) {
      case 'verify':
        if (success !== undefined) this.#verified += 1;
        return;
      case 'store':
        if (head === undefined || direction === undefined) {
          if (success === undefined) this.#failedWithoutStudy += 1;
          return;
        }
        this.#transfers.count(direction, head, storeOutcome(success, failure));
        return;
      case 'retrieve':
        if (state.instances === 0) await this.#recordEmptyRetrieve(operation, failure);
        return;
      case 'commit':
        await this.#recordCommitResult(operation, state, failure);
        return;
      case 'find':
      case 'administer':
      case 'remove':
      case 'resolve': {
        // A query and an administration have said all before; what changes images is said again when it is done.
        if (failure === undefined && (operation.kind === 'find' || operation.kind === 'administer')) return;
        const record = this.#recordOfUse(operation, {
          at: new Date(this.#context.clock.wallMs),
          ...(failure === undefined ? { isDone: true } : { failure }),
          ...(state.study === undefined ? {} : { study: state.study }),
        });
        if (record !== undefined) await this.#context.gate.recordEnd(record);
        return;
      }
    }
  }

  async #recordScopeRefusal(operation: Operation, head: TransferHead | undefined): Promise<void> {
    const at = new Date(this.#context.clock.wallMs);
    const studies = head === undefined ? [] : [head.studyInstanceUid];
    const { events, gate } = this.#context;
    await gate.recordEnd(events.operationRefused(this.#actor, operation, { at, reason: 'outside-scope', studies }));
  }

  async #recordEmptyRetrieve(operation: Operation & { kind: 'retrieve' }, failure: string | undefined): Promise<void> {
    const { events, gate, clock } = this.#context;
    const at = new Date(clock.wallMs);
    await gate.recordEnd(
      events.emptyRetrieve(this.#actor, operation, { at, ...(failure === undefined ? {} : { failure }) }),
    );
  }

  async #recordCommitResult(
    operation: Operation & { kind: 'commit' },
    { success }: AdmissionState,
    failure: string | undefined,
  ): Promise<void> {
    const { events, gate, clock } = this.#context;
    const at = new Date(clock.wallMs);
    const result = failure === undefined ? (success?.committed ?? {}) : { failure };
    await gate.recordEnd(events.commitment(this.#actor, operation, { at, ...result }));
  }
}

interface AdmissionState {
  readonly study?: TransferredStudy;
  head?: TransferHead;
  instances: number;
  success?: SuccessFacts;
  error?: LeadglassError;
  isDisposed?: true;
}

/** Those that the operation names. */
function studiesOf(operation: Operation): readonly Uid[] {
  if (operation.kind === 'remove') return [operation.studyInstanceUid];
  return operation.kind === 'retrieve' ? (operation.keys.studyInstanceUids ?? []) : [];
}

function storeOutcome(success: SuccessFacts | undefined, failure: string | undefined): InstanceOutcome {
  if (success === undefined) return { outcome: 8, ...(failure === undefined ? {} : { reason: failure }) };
  return success.warning === undefined ? { outcome: 0 } : { outcome: 4, reason: success.warning };
}

function directionOf(operation: Operation, principal: Principal): TransferDirection | undefined {
  if (operation.kind === 'store') return { kind: isPeer(principal) ? 'received' : 'imported' };
  if (operation.kind !== 'retrieve') return undefined;
  switch (operation.via) {
    case 'get':
    case 'web':
      return { kind: 'sent' };
    case 'export':
      return { kind: 'exported' };
    case 'move':
      return { kind: 'moved', destination: operation.destination ?? 'unknown' };
  }
}
