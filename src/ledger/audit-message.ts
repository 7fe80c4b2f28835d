/**
 * The audit message of PS3.15 A.5.1 as one exact type, and its XML. The members stand in the schema's order and words.
 * Which messages there are is left to the guard, which composes them from audit-objects.ts.
 */
import { LeadglassError } from '../error.ts';
import type {
  CodedValue,
  DataLifeCycle,
  EventId,
  EventType,
  NetworkAccessPointType,
  ObjectRole,
  ObjectType,
} from './audit-codes.ts';
import { escapeXml } from '../dicom/xml-text.ts';

/** Create, read, update, delete, execute. */
export type EventActionCode = 'C' | 'R' | 'U' | 'D' | 'E';
/** 0 success, 4 minor failure (may retry), 8 serious failure, 12 major failure. */
export type EventOutcome = 0 | 4 | 8 | 12;

export interface AuditMessage {
  readonly event: EventIdentification;
  readonly participants: readonly [ActiveParticipant, ...ActiveParticipant[]];
  readonly source: AuditSource;
  readonly objects: readonly ParticipantObject[];
}

export interface EventIdentification {
  readonly id: EventId;
  readonly types?: readonly EventType[];
  readonly action?: EventActionCode;
  /** When it happened; written in UTC. */
  readonly at: Date;
  readonly outcome: EventOutcome;
  readonly outcomeDescription?: string;
}

export interface ActiveParticipant {
  readonly userId: string;
  /** For a DICOM node `AETITLES=AE1;AE2` (PS3.15 A.5.2). */
  readonly alternativeUserId?: string;
  readonly userName?: string;
  /** At most one participant of a message may be the requestor. */
  readonly userIsRequestor: boolean;
  readonly roles?: readonly CodedValue[];
  readonly mediaType?: CodedValue;
  readonly networkAccessPoint?: { readonly id: string; readonly type: NetworkAccessPointType };
}

export interface AuditSource {
  readonly sourceId: string;
  readonly enterpriseSiteId?: string;
  /** 1 display, 2 acquisition device, 3 web server, 4 application server, 5 database, 6 security server, 9 other. */
  readonly types?: readonly (1 | 2 | 3 | 4 | 5 | 6 | 7 | 8 | 9)[];
}

/** The schema wants a name or a query in every object, although the tables call the name optional. */
export type ParticipantObject = ParticipantObjectFacts & ({ readonly name: string } | { readonly query: Uint8Array });

export interface ParticipantObjectFacts {
  readonly id: string;
  readonly idType: CodedValue;
  readonly type?: ObjectType;
  readonly role?: ObjectRole;
  readonly lifeCycle?: DataLifeCycle;
  readonly sensitivity?: string;
  readonly details?: readonly ObjectDetail[];
  readonly description?: ObjectDescription;
}

/** Written as base64 of the bytes, or of the text in UTF-8. */
export interface ObjectDetail {
  readonly type: string;
  readonly value: string | Uint8Array;
}

export interface ObjectDescription {
  readonly mppsUids?: readonly string[];
  readonly accessionNumbers?: readonly string[];
  readonly sopClasses?: readonly SopClassCount[];
  /** Studies on a medium or in a package. */
  readonly containedStudyUids?: readonly string[];
  readonly encrypted?: boolean;
  readonly anonymized?: boolean;
}

export interface SopClassCount {
  readonly uid?: string;
  readonly numberOfInstances: number;
  readonly instanceUids?: readonly string[];
}

/**
 * The message as XML on one line (no raw line feed, since those in values are references), valid against the schema of
 * PS3.15 A.5.1, in UTF-8 when encoded.
 * @throws LeadglassError INTERNAL when the message breaks a rule that types cannot hold: more than one requestor, a
 * count that is not a whole number, an invalid date
 */
export function toXml(message: AuditMessage): string {
  if (message.participants.filter((participant) => participant.userIsRequestor).length > 1) {
    throw new LeadglassError('INTERNAL', 'Cannot write an audit message: more than one participant is the requestor');
  }
  return (
    '<?xml version="1.0" encoding="UTF-8"?><AuditMessage>' +
    eventXml(message.event) +
    message.participants.map(participantXml).join('') +
    sourceXml(message.source) +
    message.objects.map(objectXml).join('') +
    '</AuditMessage>'
  );
}

function eventXml(event: EventIdentification): string {
  if (Number.isNaN(event.at.getTime())) {
    throw new LeadglassError('INTERNAL', 'Cannot write an audit message: its time is not a date');
  }
  const attributes =
    attribute('EventActionCode', event.action) +
    attribute('EventDateTime', event.at.toISOString()) +
    attribute('EventOutcomeIndicator', event.outcome);
  return (
    `<EventIdentification${attributes}>` +
    codedXml('EventID', event.id) +
    (event.types ?? []).map((type) => codedXml('EventTypeCode', type)).join('') +
    textXml('EventOutcomeDescription', event.outcomeDescription) +
    '</EventIdentification>'
  );
}

function participantXml(participant: ActiveParticipant): string {
  const attributes =
    attribute('UserID', participant.userId) +
    attribute('AlternativeUserID', participant.alternativeUserId) +
    attribute('UserName', participant.userName) +
    attribute('UserIsRequestor', participant.userIsRequestor) +
    attribute('NetworkAccessPointID', participant.networkAccessPoint?.id) +
    attribute('NetworkAccessPointTypeCode', participant.networkAccessPoint?.type);
  const media =
    participant.mediaType === undefined
      ? ''
      : `<MediaIdentifier>${codedXml('MediaType', participant.mediaType)}</MediaIdentifier>`;
  return (
    `<ActiveParticipant${attributes}>` +
    (participant.roles ?? []).map((role) => codedXml('RoleIDCode', role)).join('') +
    media +
    '</ActiveParticipant>'
  );
}

function sourceXml(source: AuditSource): string {
  const attributes =
    attribute('AuditEnterpriseSiteID', source.enterpriseSiteId) + attribute('AuditSourceID', source.sourceId);
  const types = (source.types ?? []).map((type) => `<AuditSourceTypeCode${attribute('csd-code', type)}/>`);
  return `<AuditSourceIdentification${attributes}>${types.join('')}</AuditSourceIdentification>`;
}

function objectXml(object: ParticipantObject): string {
  const attributes =
    attribute('ParticipantObjectID', object.id) +
    attribute('ParticipantObjectTypeCode', object.type) +
    attribute('ParticipantObjectTypeCodeRole', object.role) +
    attribute('ParticipantObjectDataLifeCycle', object.lifeCycle) +
    attribute('ParticipantObjectSensitivity', object.sensitivity);
  const nameOrQuery =
    'query' in object
      ? `<ParticipantObjectQuery>${base64(object.query)}</ParticipantObjectQuery>`
      : `<ParticipantObjectName>${escapeXml(object.name)}</ParticipantObjectName>`;
  const details = (object.details ?? []).map(
    ({ type, value }) => `<ParticipantObjectDetail${attribute('type', type)}${attribute('value', base64(value))}/>`,
  );
  return (
    `<ParticipantObjectIdentification${attributes}>` +
    codedXml('ParticipantObjectIDTypeCode', object.idType) +
    nameOrQuery +
    details.join('') +
    (object.description === undefined ? '' : descriptionXml(object.description)) +
    '</ParticipantObjectIdentification>'
  );
}

function descriptionXml(description: ObjectDescription): string {
  const { containedStudyUids } = description;
  const contained =
    containedStudyUids === undefined
      ? ''
      : `<ParticipantObjectContainsStudy>${elementPerValue('StudyIDs', 'UID', containedStudyUids)}</ParticipantObjectContainsStudy>`;
  return (
    '<ParticipantObjectDescription>' +
    elementPerValue('MPPS', 'UID', description.mppsUids) +
    elementPerValue('Accession', 'Number', description.accessionNumbers) +
    (description.sopClasses ?? []).map(sopClassXml).join('') +
    contained +
    textXml('Encrypted', description.encrypted) +
    textXml('Anonymized', description.anonymized) +
    '</ParticipantObjectDescription>'
  );
}

function sopClassXml({ uid, numberOfInstances, instanceUids }: SopClassCount): string {
  if (!Number.isSafeInteger(numberOfInstances) || numberOfInstances < 0) {
    throw new LeadglassError(
      'INTERNAL',
      `Cannot write an audit message: NumberOfInstances was ${numberOfInstances}, expected a whole number`,
    );
  }
  return `<SOPClass${attribute('UID', uid)}${attribute('NumberOfInstances', numberOfInstances)}>${elementPerValue('Instance', 'UID', instanceUids)}</SOPClass>`;
}

// The schema's attribute is csd-code; RFC 3881 called it code.
function codedXml(element: string, value: CodedValue): string {
  const attributes =
    attribute('csd-code', value.code) +
    attribute('codeSystemName', value.codeSystemName) +
    attribute('displayName', value.displayName) +
    attribute('originalText', value.originalText);
  return `<${element}${attributes}/>`;
}

function elementPerValue(element: string, name: string, values: readonly string[] | undefined): string {
  return (values ?? []).map((value) => `<${element}${attribute(name, value)}/>`).join('');
}

function attribute(name: string, value: string | number | boolean | undefined): string {
  return value === undefined ? '' : ` ${name}="${escapeXml(String(value))}"`;
}

function textXml(element: string, value: string | boolean | undefined): string {
  return value === undefined ? '' : `<${element}>${escapeXml(String(value))}</${element}>`;
}

function base64(value: string | Uint8Array): string {
  if (typeof value === 'string') return Buffer.from(value, 'utf8').toString('base64');
  return Buffer.from(value.buffer, value.byteOffset, value.byteLength).toString('base64');
}
