/**
 * Small parts of audit messages, PS3.15 A.5.3: who took part and which objects were concerned. The guard puts them
 * together to whole messages; audit-message.ts writes those as XML.
 */
import { isIP } from 'node:net';
import type { CodedValue, DataLifeCycle } from './audit-codes.ts';
import { MediaTypes, NetworkAccessPointTypes, ObjectIdTypes, ObjectRoles, ObjectTypes, Roles } from './audit-codes.ts';
import type {
  ActiveParticipant,
  AuditSource,
  ObjectDetail,
  ParticipantObject,
  SopClassCount,
} from './audit-message.ts';

export interface NodeFacts {
  /** How the node is known: for a peer `AET@address`, for ourselves the process. */
  readonly userId: string;
  readonly aeTitles?: readonly string[];
  readonly userName?: string;
  /** IP address, or a host name. */
  readonly address?: string;
  readonly requestor: boolean;
  readonly roles?: readonly CodedValue[];
}

/** A DICOM node; AE titles go to AlternativeUserID as PS3.15 A.5.2 says. */
export function nodeParticipant(facts: NodeFacts): ActiveParticipant {
  return {
    userId: facts.userId,
    ...(facts.aeTitles !== undefined &&
      facts.aeTitles.length > 0 && { alternativeUserId: `AETITLES=${facts.aeTitles.join(';')}` }),
    ...(facts.userName !== undefined && { userName: facts.userName }),
    userIsRequestor: facts.requestor,
    ...(facts.roles !== undefined && { roles: facts.roles }),
    ...(facts.address !== undefined && { networkAccessPoint: networkAccessPoint(facts.address) }),
  };
}

/** The node that data comes from, or that asks a query. */
export function sourceParticipant(facts: Omit<NodeFacts, 'roles'>): ActiveParticipant {
  return nodeParticipant({ ...facts, roles: [Roles.source] });
}

/** The node that data goes to, or that answers a query. */
export function destinationParticipant(facts: Omit<NodeFacts, 'roles'>): ActiveParticipant {
  return nodeParticipant({ ...facts, roles: [Roles.destination] });
}

/** The running program in Application Activity. */
export function applicationParticipant(facts: Omit<NodeFacts, 'roles'>): ActiveParticipant {
  return nodeParticipant({ ...facts, roles: [Roles.application] });
}

/** Who started or stopped the program. */
export function launcherParticipant(facts: {
  readonly userId: string;
  readonly requestor: boolean;
}): ActiveParticipant {
  return { userId: facts.userId, userIsRequestor: facts.requestor, roles: [Roles.applicationLauncher] };
}

export interface PersonFacts {
  /** `login@domain`, or the login alone. */
  readonly userId: string;
  readonly userName?: string;
  readonly address?: string;
  readonly requestor: boolean;
  readonly roles?: readonly CodedValue[];
}

export function personParticipant(facts: PersonFacts): ActiveParticipant {
  return nodeParticipant(facts);
}

/** A medium in Export and Import; never the requestor. `id` is a volume label, an address, a folder. */
export function mediaParticipant(facts: {
  readonly id: string;
  readonly direction: 'import' | 'export';
  readonly mediaType?: CodedValue;
}): ActiveParticipant {
  return {
    userId: facts.id,
    userIsRequestor: false,
    roles: [facts.direction === 'import' ? Roles.sourceMedia : Roles.destinationMedia],
    mediaType: facts.mediaType ?? MediaTypes.uri,
  };
}

/** This installation as the reporter; type 4 is an application server. */
export function auditSource(sourceId: string, enterpriseSiteId?: string): AuditSource {
  return { sourceId, ...(enterpriseSiteId !== undefined && { enterpriseSiteId }), types: [4] };
}

export interface StudyFacts {
  readonly studyInstanceUid: string;
  /** Shown as the name: modalities or Study Description; the UID where there is none. */
  readonly name?: string;
  readonly accessionNumbers?: readonly string[];
  readonly sopClasses?: readonly SopClassCount[];
  readonly encrypted?: boolean;
  readonly lifeCycle?: DataLifeCycle;
  readonly details?: readonly ObjectDetail[];
}

export function studyObject(facts: StudyFacts): ParticipantObject {
  const accessionNumbers = (facts.accessionNumbers ?? []).filter((number) => number !== '');
  const sopClasses = facts.sopClasses ?? [];
  return {
    id: facts.studyInstanceUid,
    idType: ObjectIdTypes.studyInstanceUid,
    type: ObjectTypes.system,
    role: ObjectRoles.report,
    ...(facts.lifeCycle !== undefined && { lifeCycle: facts.lifeCycle }),
    name: facts.name === undefined || facts.name === '' ? facts.studyInstanceUid : facts.name,
    ...(facts.details !== undefined && { details: facts.details }),
    ...((accessionNumbers.length > 0 || sopClasses.length > 0 || facts.encrypted !== undefined) && {
      description: {
        accessionNumbers,
        sopClasses,
        ...(facts.encrypted !== undefined && { encrypted: facts.encrypted }),
      },
    }),
  };
}

/** `issuer` is appended as in HL7 CX: `ID^^^ISSUER`. A patient without an id is recorded with an empty one. */
export function patientObject(facts: {
  readonly patientId: string;
  readonly issuer?: string;
  readonly patientName?: string;
}): ParticipantObject {
  const hasIssuer = facts.issuer !== undefined && facts.issuer !== '';
  return {
    id: hasIssuer ? `${facts.patientId}^^^${facts.issuer}` : facts.patientId,
    idType: ObjectIdTypes.patientNumber,
    type: ObjectTypes.person,
    role: ObjectRoles.patient,
    name: facts.patientName ?? '',
  };
}

/** The query as it came (PS3.15 A.5.3.10): the identifier's bytes and their transfer syntax; results are not recorded. */
export function queryObject(facts: {
  readonly sopClassUid: string;
  readonly identifier: Uint8Array;
  readonly transferSyntaxUid: string;
}): ParticipantObject {
  return {
    id: facts.sopClassUid,
    idType: ObjectIdTypes.sopClassUid,
    type: ObjectTypes.system,
    role: ObjectRoles.report,
    query: facts.identifier,
    details: [{ type: 'TransferSyntax', value: facts.transferSyntaxUid }],
  };
}

/** The node that a security alert is about; the description says what happened. */
export function alertSubject(facts: {
  readonly nodeId: string;
  readonly name?: string;
  readonly description: string;
  readonly details?: readonly ObjectDetail[];
}): ParticipantObject {
  return {
    id: facts.nodeId,
    idType: ObjectIdTypes.nodeId,
    type: ObjectTypes.system,
    role: ObjectRoles.securityResource,
    name: facts.name ?? facts.nodeId,
    details: [{ type: 'Alert Description', value: facts.description }, ...(facts.details ?? [])],
  };
}

/** Something of ours that has a URI: the configuration, an opening, a file; for security alerts and exports. */
export function uriObject(facts: {
  readonly uri: string;
  readonly name: string;
  readonly description?: string;
}): ParticipantObject {
  return {
    id: facts.uri,
    idType: ObjectIdTypes.uri,
    type: ObjectTypes.system,
    role: ObjectRoles.securityResource,
    name: facts.name,
    ...(facts.description !== undefined && { details: [{ type: 'Alert Description', value: facts.description }] }),
  };
}

/** The ledger itself, for Audit Log Used (PS3.15 A.5.3.2 wants this name). */
export function auditLogObject(uri: string): ParticipantObject {
  return uriObject({ uri, name: 'Security Audit Log' });
}

function networkAccessPoint(address: string): NonNullable<ActiveParticipant['networkAccessPoint']> {
  // A link-local IPv6 address may carry its zone.
  const isAddress = isIP(address.split('%')[0] ?? '') !== 0;
  return { id: address, type: isAddress ? NetworkAccessPointTypes.ipAddress : NetworkAccessPointTypes.machineName };
}
