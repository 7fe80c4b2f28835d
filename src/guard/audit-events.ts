/**
 * The ledger records of everything that the guard decides, composed from PS3.15 A.5.3 messages. What is recorded:
 *
 * - association accepted, ended: User Authentication (110114), Login and Logout, with the device as the user; the Logout tells how
 *   many verifications there were, since a C-ECHO has no record of its own
 * - association refused: Security Alert (110113), Node Authentication, with the reason
 * - operation refused, or a study asked for that is outside the scope: Security Alert, Use of Restricted Function
 * - query: Query (110112) before the first answer
 * - transfers, per association, direction and study: Begin Transferring (110102) before the first instance, then Instances
 *   Transferred (110104), Import (110107) or Export (110106) with counts per SOP class, one message per outcome
 * - storage commitment: Instances Accessed (110103, R); removal: Instances Accessed (D, U) and Study Deleted (110105)
 * - devices, openings, releases: Security Alert, Security Configuration or User Security Attributes Changed
 */
import { EventIds, type EventType, EventTypes } from '../ledger/audit-codes.ts';
import type {
  ActiveParticipant,
  AuditMessage,
  EventActionCode,
  EventOutcome,
  ParticipantObject,
} from '../ledger/audit-message.ts';
import {
  alertSubject,
  auditLogObject,
  auditSource,
  destinationParticipant,
  mediaParticipant,
  nodeParticipant,
  patientObject,
  personParticipant,
  queryObject,
  sourceParticipant,
  studyObject,
  uriObject,
} from '../ledger/audit-objects.ts';
import type { LedgerRecordInput } from '../ledger/record.ts';
import type { Uid } from '../dicom/uid.ts';
import {
  administrationType,
  certificateWords,
  nodeName,
  operationWords,
  principalWords,
  proofWords,
  readable,
  removalWords,
} from './audit-words.ts';
import type { PeerFacts } from './identify/peer-facts.ts';
import type { Administer, Commit, Find, Operation, Remove, Resolve, Retrieve } from './operation.ts';
import type { Principal } from './principal.ts';
import { type RefusalReason, refusalReasons } from './refusal.ts';

/** This installation as it appears in its records. */
export interface AuditSelf {
  readonly sourceId: string;
  readonly enterpriseSiteId?: string;
  readonly aeTitles: readonly string[];
  /** How the process is named in its own log. */
  readonly processId: string;
  readonly address?: string;
}

/** Who does it and through which door. */
export interface AuditActor {
  readonly principal: Principal;
  readonly door: string;
  /** The association or request. */
  readonly transferId: string;
}

export interface TransferredStudy {
  readonly studyInstanceUid: Uid;
  readonly patientId: string;
  readonly issuerOfPatientId: string;
  readonly patientName: string;
  readonly accessionNumber: string;
}

/** Which way instances go. */
export type TransferDirection =
  | { readonly kind: 'received' | 'sent' | 'imported' | 'exported' }
  | { readonly kind: 'moved'; readonly destination: string };

const alwaysUs = 'LEADGLASS';
/** An association proposes up to 128 contexts; a person reads the first few. */
const declinedNamedMax = 8;

export class AuditEvents {
  readonly #self: AuditSelf;

  constructor(self: AuditSelf) {
    this.#self = self;
  }

  associationRefused(
    facts: PeerFacts,
    reason: RefusalReason,
    { at, failures, account }: { at: Date; failures: number; account?: string },
  ): LedgerRecordInput {
    const description =
      `${refusalReasons[reason]}; ${certificateWords(facts)}` +
      (failures > 1 ? `; ${failures} failed identifications from this address` : '');
    // At the web door, and before a byte of DICOM, nobody has said a name.
    const peer = readable(facts.callingAeTitle);
    const name = peer === '' ? 'unnamed' : peer;
    return {
      event: this.#message(at, 'securityAlert', {
        actor: undefined,
        types: [EventTypes.nodeAuthentication],
        action: 'E',
        outcome: reason === 'too-many-associations' ? 4 : 8,
        description: reason,
        participants: [
          this.#us(true),
          nodeParticipant({
            userId: `${name}@${facts.address}`,
            aeTitles: peer === '' ? [] : [peer],
            address: facts.address,
            requestor: false,
          }),
          // An account of ours, whose session or name it was; who really asked nobody knows.
          ...(account === undefined
            ? []
            : [personParticipant({ userId: account, address: facts.address, requestor: false })]),
        ],
        objects: [alertSubject({ nodeId: facts.address, name, description })],
      }),
      principal: account === undefined ? 'unknown' : `unknown ${account}`,
      ...(peer === '' ? {} : { device: peer }),
      door: facts.door,
      address: facts.address,
      reason,
    };
  }

  sessionBegun(actor: AuditActor, at: Date): LedgerRecordInput {
    return {
      ...this.#about(actor),
      event: this.#message(at, 'userAuthentication', {
        actor,
        types: [EventTypes.login],
        action: 'E',
        ...proofWords(actor.principal),
        participants: [this.#actor(actor, true), this.#us(false)],
      }),
    };
  }

  sessionEnded(actor: AuditActor, at: Date, { reason, words }: { reason: string; words: string }): LedgerRecordInput {
    return {
      ...this.#about(actor),
      reason,
      event: this.#message(at, 'userAuthentication', {
        actor,
        types: [EventTypes.logout],
        action: 'E',
        description: words,
        participants: [this.#actor(actor, true), this.#us(false)],
      }),
    };
  }

  operationRefused(
    actor: AuditActor,
    operation: Operation,
    { at, reason, studies }: { at: Date; reason: RefusalReason; studies: readonly string[] },
  ): LedgerRecordInput {
    const description = `${operationWords(operation)}: ${refusalReasons[reason]}`;
    const node = nodeName(actor.principal);
    return {
      ...this.#about(actor),
      reason,
      studyInstanceUids: studies,
      event: this.#message(at, 'securityAlert', {
        actor,
        types: [EventTypes.useOfRestrictedFunction],
        action: 'E',
        outcome: 8,
        description: reason,
        participants: [this.#us(true), this.#actor(actor, false)],
        objects: [
          alertSubject({ nodeId: node, name: node, description }),
          ...studies.map((studyInstanceUid) => studyObject({ studyInstanceUid })),
        ],
      }),
    };
  }

  proposalsDeclined(
    actor: AuditActor,
    proposals: readonly { readonly operation: string; readonly sopClassUid: Uid }[],
    { at, reason }: { at: Date; reason: RefusalReason },
  ): LedgerRecordInput {
    const named = proposals
      .slice(0, declinedNamedMax)
      .map(({ operation, sopClassUid }) => `${operation} ${sopClassUid}`);
    const more = proposals.length - named.length;
    const description = `proposed ${named.join(', ')}${more > 0 ? ` and ${more} more` : ''}: ${refusalReasons[reason]}`;
    const node = nodeName(actor.principal);
    return {
      ...this.#about(actor),
      reason,
      event: this.#message(at, 'securityAlert', {
        actor,
        types: [EventTypes.useOfRestrictedFunction],
        action: 'E',
        outcome: 8,
        description: reason,
        participants: [this.#us(true), this.#actor(actor, false)],
        objects: [alertSubject({ nodeId: node, name: node, description })],
      }),
    };
  }

  query(
    actor: AuditActor,
    operation: Find,
    { at, sopClassUid, identifier, failure }: { at: Date; sopClassUid: Uid; identifier: Uint8Array; failure?: string },
  ): LedgerRecordInput {
    return {
      ...this.#about(actor),
      ...(failure === undefined ? {} : { reason: failure }),
      event: this.#message(at, 'query', {
        actor,
        action: 'E',
        outcome: failure === undefined ? 0 : 8,
        description: failure ?? `level ${operation.query.level}`,
        participants: [this.#actor(actor, true, 'source'), this.#us(false, 'destination')],
        objects: [queryObject({ sopClassUid, identifier, transferSyntaxUid: explicitVrLittleEndian })],
      }),
    };
  }

  transferBegun(actor: AuditActor, direction: TransferDirection, study: TransferredStudy, at: Date): LedgerRecordInput {
    return {
      ...this.#aboutStudy(actor, study),
      transferState: 'begun',
      event: this.#message(at, 'beginTransferring', {
        actor,
        action: 'E',
        participants: this.#transferParticipants(actor, direction),
        objects: [studyObject({ ...study, accessionNumbers: [study.accessionNumber] }), patientOf(study)],
      }),
    };
  }

  transferred(
    actor: AuditActor,
    direction: TransferDirection,
    study: TransferredStudy,
    facts: {
      readonly at: Date;
      readonly counts: ReadonlyMap<string, number>;
      readonly outcome: EventOutcome;
      readonly reason?: string;
      readonly isLast: boolean;
    },
  ): LedgerRecordInput {
    const sopClasses = [...facts.counts].map(([uid, numberOfInstances]) => ({ uid, numberOfInstances }));
    const ways = {
      received: ['instancesTransferred', 'C'],
      sent: ['instancesTransferred', 'R'],
      moved: ['instancesTransferred', 'R'],
      imported: ['import', 'C'],
      exported: ['export', 'R'],
    } as const;
    const [id, action] = ways[direction.kind];
    return {
      ...this.#aboutStudy(actor, study),
      ...(facts.isLast ? { transferState: 'ended' as const } : {}),
      ...(facts.reason === undefined ? {} : { reason: facts.reason }),
      event: this.#message(facts.at, id, {
        actor,
        action,
        outcome: facts.outcome,
        ...(facts.reason === undefined ? {} : { description: facts.reason }),
        participants: this.#transferParticipants(actor, direction),
        objects: [studyObject({ ...study, accessionNumbers: [study.accessionNumber], sopClasses }), patientOf(study)],
      }),
    };
  }

  /** A retrieve of which nothing moved: what was asked for, and that it was not there or failed. */
  emptyRetrieve(
    actor: AuditActor,
    operation: Retrieve,
    { at, failure }: { at: Date; failure?: string },
  ): LedgerRecordInput {
    const studies = operation.keys.studyInstanceUids ?? [];
    const { patientId } = operation.keys;
    return {
      ...this.#about(actor),
      studyInstanceUids: studies,
      ...(patientId === undefined ? {} : { patientIds: [patientId] }),
      reason: failure ?? 'nothing found',
      event: this.#message(at, 'instancesAccessed', {
        actor,
        action: 'R',
        outcome: failure === undefined ? 4 : 8,
        description: `${operationWords(operation)}: ${failure ?? 'nothing found'}`,
        participants: [this.#actor(actor, true), this.#us(false)],
        objects: [
          ...studies.map((studyInstanceUid) => studyObject({ studyInstanceUid })),
          ...(patientId === undefined ? [] : [patientObject({ patientId })]),
        ],
      }),
    };
  }

  commitment(
    actor: AuditActor,
    operation: Commit,
    { at, failure, safe, failed }: { at: Date; failure?: string; safe?: number; failed?: number },
  ): LedgerRecordInput {
    const counts = new Map<string, number>();
    for (const { sopClassUid } of operation.references) counts.set(sopClassUid, (counts.get(sopClassUid) ?? 0) + 1);
    const result = safe === undefined ? '' : `, ${safe} safe, ${failed ?? 0} not`;
    return {
      ...this.#about(actor),
      ...(failure === undefined ? {} : { reason: failure }),
      event: this.#message(at, 'instancesAccessed', {
        actor,
        action: 'R',
        outcome: failure === undefined ? 0 : 8,
        description: failure ?? `storage commitment, ${operation.references.length} instances${result}`,
        participants: [this.#actor(actor, true), this.#us(false)],
        // The request names instances, not studies; its transaction stands for them.
        objects: [
          {
            id: operation.transactionUid,
            idType: { code: 'TransactionUID', codeSystemName: '99LEADGLASS', originalText: 'Transaction UID' },
            type: 2,
            role: 20,
            lifeCycle: 4,
            name: 'Storage Commitment',
            description: { sopClasses: [...counts].map(([uid, numberOfInstances]) => ({ uid, numberOfInstances })) },
          },
        ],
      }),
    };
  }

  removal(
    actor: AuditActor,
    operation: Remove,
    { at, failure, study, isDone = false }: { at: Date; failure?: string; study?: TransferredStudy; isDone?: boolean },
  ): LedgerRecordInput {
    const { studyInstanceUid, step, reason } = operation;
    const steps = {
      request: ['instancesAccessed', 'D', 14],
      undo: ['instancesAccessed', 'U', 3],
      finish: ['studyDeleted', 'D', 15],
    } as const;
    // Recorded before it is done, as everything is; "deleted" is said only of what has been deleted.
    const [id, action, lifeCycle] = steps[isDone || failure !== undefined ? step : 'request'];
    return {
      ...this.#about(actor),
      studyInstanceUids: [studyInstanceUid],
      ...(study === undefined ? {} : { patientIds: [study.patientId] }),
      reason: failure ?? reason,
      event: this.#message(at, id, {
        actor,
        action,
        outcome: failure === undefined ? 0 : 8,
        description: failure ?? `${removalWords(step, isDone)}${reason}`,
        participants: [this.#actor(actor, true), this.#us(false)],
        objects: [
          studyObject({ studyInstanceUid, lifeCycle, ...(study && { accessionNumbers: [study.accessionNumber] }) }),
          ...(study === undefined ? [] : [patientOf(study)]),
        ],
      }),
    };
  }

  resolution(
    actor: AuditActor,
    operation: Resolve,
    { at, failure, isDone = false }: { at: Date; failure?: string; isDone?: boolean },
  ): LedgerRecordInput {
    const { conflictId, keep, reason } = operation;
    const words = `instance kept aside ${conflictId}, keep ${keep}, ${isDone ? 'done' : 'asked for'}: ${reason}`;
    return {
      ...this.#about(actor),
      reason: failure ?? operation.reason,
      event: this.#message(at, 'instancesAccessed', {
        actor,
        action: 'U',
        outcome: failure === undefined ? 0 : 8,
        description: failure ?? words,
        participants: [this.#actor(actor, true), this.#us(false)],
        objects: [uriObject({ uri: `leadglass:conflict/${operation.conflictId}`, name: words })],
      }),
    };
  }

  administration(
    actor: AuditActor,
    operation: Administer,
    { at, failure }: { at: Date; failure?: string },
  ): LedgerRecordInput {
    const about = {
      ...this.#about(actor),
      ...(failure === undefined ? {} : { reason: failure }),
    };
    const outcome: EventOutcome = failure === undefined ? 0 : 8;
    if (operation.command.startsWith('ledger ')) {
      return {
        ...about,
        event: this.#message(at, 'auditLogUsed', {
          actor,
          action: 'R',
          outcome,
          description: failure ?? operation.summary,
          participants: [this.#actor(actor, true)],
          objects: [auditLogObject('leadglass:ledger')],
        }),
      };
    }
    return {
      ...about,
      event: this.#message(at, 'securityAlert', {
        actor,
        types: [administrationType(operation.command)],
        action: 'E',
        outcome,
        description: failure ?? operation.command,
        participants: [this.#actor(actor, true), this.#us(false)],
        objects: [uriObject({ uri: 'leadglass:policy', name: operation.command, description: operation.summary })],
      }),
    };
  }

  /** After an outage of the ledger: since when nothing was admitted. */
  recordingRestarted(at: Date, since: Date): LedgerRecordInput {
    const description = `recording failed at ${since.toISOString()}; nothing was admitted until now`;
    return {
      principal: 'system guard',
      event: this.#message(at, 'securityAlert', {
        actor: undefined,
        types: [EventTypes.auditRecordingStarted],
        action: 'E',
        description,
        participants: [this.#us(true)],
        objects: [uriObject({ uri: 'leadglass:ledger', name: 'Security Audit Log', description })],
      }),
    };
  }

  #message(
    at: Date,
    id: keyof typeof EventIds,
    facts: {
      /** Who took part beside this one is named behind `participants`; undefined where nobody is known. */
      readonly actor: AuditActor | undefined;
      readonly types?: readonly EventType[];
      readonly action: EventActionCode;
      readonly outcome?: EventOutcome;
      readonly description?: string;
      readonly participants: AuditMessage['participants'];
      readonly objects?: readonly ParticipantObject[];
    },
  ): AuditMessage {
    return {
      event: {
        id: EventIds[id],
        ...(facts.types === undefined ? {} : { types: facts.types }),
        action: facts.action,
        at,
        outcome: facts.outcome ?? 0,
        ...(facts.description === undefined ? {} : { outcomeDescription: facts.description }),
      },
      participants: [...facts.participants, ...(facts.actor === undefined ? [] : this.#others(facts.actor))],
      source: auditSource(this.#self.sourceId, this.#self.enterpriseSiteId),
      objects: facts.objects ?? [],
    };
  }

  #about({ principal, door, transferId }: AuditActor): Omit<LedgerRecordInput, 'event'> {
    const about = { principal: principalWords(principal), door, transferId };
    if (principal.kind === 'person') {
      const { address, workstation } = principal;
      return { ...about, address, ...(workstation === undefined ? {} : { device: workstation.device }) };
    }
    if (principal.kind !== 'device') return about;
    const { device, openingId, address, person } = principal;
    // A person's story is the person's, wherever they sat.
    const whose = person === undefined ? {} : { principal: `person ${person.account}` };
    return { ...about, ...whose, device, openingId, address };
  }

  #aboutStudy(actor: AuditActor, study: TransferredStudy): Omit<LedgerRecordInput, 'event'> {
    return {
      ...this.#about(actor),
      studyInstanceUids: [study.studyInstanceUid],
      patientIds: study.patientId === '' ? [] : [study.patientId],
    };
  }

  #us(requestor: boolean, role?: 'source' | 'destination'): ActiveParticipant {
    const { processId, aeTitles, address } = this.#self;
    const facts = {
      userId: processId,
      userName: alwaysUs,
      aeTitles,
      requestor,
      ...(address === undefined ? {} : { address }),
    };
    if (role === 'source') return sourceParticipant(facts);
    return role === 'destination' ? destinationParticipant(facts) : nodeParticipant(facts);
  }

  #actor({ principal }: AuditActor, requestor: boolean, role?: 'source' | 'destination'): ActiveParticipant {
    if (principal.kind === 'person') {
      const { account, address } = principal;
      const person = { userId: account, address, requestor };
      if (role === 'source') return sourceParticipant(person);
      return role === 'destination' ? destinationParticipant(person) : personParticipant(person);
    }
    if (principal.kind !== 'device') return personParticipant({ userId: nodeName(principal), requestor });
    const { device, address, userName } = principal;
    const facts = {
      userId: `${device}@${address}`,
      aeTitles: [device],
      address,
      requestor,
      ...(userName === undefined ? {} : { userName }),
    };
    if (role === 'source') return sourceParticipant(facts);
    return role === 'destination' ? destinationParticipant(facts) : nodeParticipant(facts);
  }

  /** Who else took part: the person at a device, the workstation at which a person sits. */
  #others({ principal }: AuditActor): readonly ActiveParticipant[] {
    if (principal.kind === 'device' && principal.person !== undefined) {
      const { person, address } = principal;
      // A message has one requestor: the node that asked.
      return [personParticipant({ userId: person.account, address, requestor: false })];
    }
    if (principal.kind !== 'person' || principal.workstation === undefined) return [];
    const { workstation, address } = principal;
    const aeTitles = [workstation.device];
    return [nodeParticipant({ userId: `${workstation.device}@${address}`, aeTitles, address, requestor: false })];
  }

  #transferParticipants(actor: AuditActor, direction: TransferDirection): AuditMessage['participants'] {
    switch (direction.kind) {
      case 'received':
        return [this.#actor(actor, true, 'source'), this.#us(false, 'destination')];
      case 'sent':
        return [this.#us(false, 'source'), this.#actor(actor, true, 'destination')];
      case 'moved': {
        const { destination } = direction;
        return [
          this.#us(false, 'source'),
          destinationParticipant({ userId: destination, aeTitles: [destination], requestor: false }),
          this.#actor(actor, true),
        ];
      }
      case 'imported':
        return [
          this.#actor(actor, true),
          this.#us(false, 'destination'),
          mediaParticipant({ id: 'files', direction: 'import' }),
        ];
      case 'exported':
        return [
          this.#us(false, 'source'),
          this.#actor(actor, true),
          mediaParticipant({ id: 'files', direction: 'export' }),
        ];
    }
  }
}

/** PS3.5 A.2: how the identifier of a query is written into its record. */
const explicitVrLittleEndian = '1.2.840.10008.1.2.1';

function patientOf({ patientId, issuerOfPatientId, patientName }: TransferredStudy): ParticipantObject {
  return patientObject({ patientId, issuer: issuerOfPatientId, patientName });
}
