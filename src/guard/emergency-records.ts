/**
 * The ledger's records of an emergency: Security Alert (PS3.15 A.5.3.11) with Emergency Override Started (110127) and Stopped (110138) of
 * CID 403, naming person and patient, and the review that follows. What is done in it is recorded as every use is.
 */
import { EventIds, type EventType, EventTypes } from '../ledger/audit-codes.ts';
import type { EventOutcome } from '../ledger/audit-message.ts';
import {
  alertSubject,
  auditSource,
  nodeParticipant,
  patientObject,
  personParticipant,
} from '../ledger/audit-objects.ts';
import type { LedgerRecordInput } from '../ledger/record.ts';
import type { AuditSelf } from './audit-events.ts';
import type { PatientKey } from './scope.ts';

export interface EmergencyRecordFacts {
  readonly at: Date;
  /** The person whose emergency it is. */
  readonly account: string;
  readonly patient: PatientKey;
  readonly patientName?: string;
  /** What the person wrote, or why it ended, or what the reviewer wrote. */
  readonly words: string;
  readonly address?: string;
}

export class EmergencyRecords {
  readonly #self: AuditSelf;

  constructor(self: AuditSelf) {
    this.#self = self;
  }

  started(facts: EmergencyRecordFacts & { readonly until: Date }): LedgerRecordInput {
    const text = `emergency access by ${facts.account} until ${facts.until.toISOString()}: ${facts.words}`;
    return this.#record(facts, { type: EventTypes.emergencyOverrideStarted, text, by: `person ${facts.account}` });
  }

  stopped(facts: EmergencyRecordFacts): LedgerRecordInput {
    const text = `emergency access by ${facts.account} ended: ${facts.words}`;
    return this.#record(facts, { type: EventTypes.emergencyOverrideStopped, text, by: `person ${facts.account}` });
  }

  /** `by` is who looked at it, as records name a principal; what was not justified is no small thing. */
  reviewed(facts: EmergencyRecordFacts & { readonly by: string; readonly verdict: string }): LedgerRecordInput {
    const text = `emergency access by ${facts.account} reviewed, ${facts.verdict}: ${facts.words}`;
    const outcome = facts.verdict === 'justified' ? 0 : 4;
    return this.#record(facts, { type: EventTypes.useOfRestrictedFunction, text, by: facts.by, outcome });
  }

  #record(
    { at, account, patient, patientName, address }: EmergencyRecordFacts,
    facts: { readonly type: EventType; readonly text: string; readonly by: string; readonly outcome?: EventOutcome },
  ): LedgerRecordInput {
    const { type, text, by, outcome = 0 } = facts;
    const { processId, aeTitles, sourceId, enterpriseSiteId } = this.#self;
    const requestor = by.replace(/^\S+ /, '');
    return {
      event: {
        event: { id: EventIds.securityAlert, types: [type], action: 'E', at, outcome, outcomeDescription: text },
        participants: [
          personParticipant({ userId: requestor, requestor: true, ...(address === undefined ? {} : { address }) }),
          nodeParticipant({ userId: processId, aeTitles, requestor: false }),
        ],
        source: auditSource(sourceId, enterpriseSiteId),
        objects: [
          alertSubject({ nodeId: account, name: account, description: text }),
          patientObject({ ...patient, ...(patientName === undefined ? {} : { patientName }) }),
        ],
      },
      principal: by,
      door: 'web',
      patientIds: [patient.patientId],
      reason: text,
      outcome,
      ...(address === undefined ? {} : { address }),
    };
  }
}
