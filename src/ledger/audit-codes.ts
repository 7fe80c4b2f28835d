/**
 * The coded values of audit messages, PS3.15 A.5 with PS3.16 CID 400 to 405 and RFC 3881: event ids, event types, roles,
 * media types and object id types. Data only.
 */

/** A coded value; `codeSystemName` is `DCM`, `RFC-3881` or another system's name or OID. */
export interface CodedValue {
  readonly code: string;
  readonly codeSystemName: string;
  readonly originalText: string;
  readonly displayName?: string;
}

interface DicomCode<Code extends string> extends CodedValue {
  readonly code: Code;
}

function dcm<const Code extends string>(code: Code, originalText: string): DicomCode<Code> {
  return { code, codeSystemName: 'DCM', originalText };
}

function rfc3881<const Code extends string>(code: Code, originalText: string): DicomCode<Code> {
  return { code, codeSystemName: 'RFC-3881', originalText };
}

/** PS3.16 CID 400: what happened. */
export const EventIds = {
  applicationActivity: dcm('110100', 'Application Activity'),
  auditLogUsed: dcm('110101', 'Audit Log Used'),
  beginTransferring: dcm('110102', 'Begin Transferring DICOM Instances'),
  instancesAccessed: dcm('110103', 'DICOM Instances Accessed'),
  instancesTransferred: dcm('110104', 'DICOM Instances Transferred'),
  studyDeleted: dcm('110105', 'DICOM Study Deleted'),
  export: dcm('110106', 'Export'),
  import: dcm('110107', 'Import'),
  networkEntry: dcm('110108', 'Network Entry'),
  orderRecord: dcm('110109', 'Order Record'),
  patientRecord: dcm('110110', 'Patient Record'),
  procedureRecord: dcm('110111', 'Procedure Record'),
  query: dcm('110112', 'Query'),
  securityAlert: dcm('110113', 'Security Alert'),
  userAuthentication: dcm('110114', 'User Authentication'),
} as const;
export type EventId = (typeof EventIds)[keyof typeof EventIds];

/** PS3.16 CID 401 and, for security alerts, CID 403: of which kind. */
export const EventTypes = {
  applicationStart: dcm('110120', 'Application Start'),
  applicationStop: dcm('110121', 'Application Stop'),
  login: dcm('110122', 'Login'),
  logout: dcm('110123', 'Logout'),
  attach: dcm('110124', 'Attach'),
  detach: dcm('110125', 'Detach'),
  nodeAuthentication: dcm('110126', 'Node Authentication'),
  emergencyOverrideStarted: dcm('110127', 'Emergency Override Started'),
  networkConfiguration: dcm('110128', 'Network Configuration'),
  securityConfiguration: dcm('110129', 'Security Configuration'),
  hardwareConfiguration: dcm('110130', 'Hardware Configuration'),
  softwareConfiguration: dcm('110131', 'Software Configuration'),
  useOfRestrictedFunction: dcm('110132', 'Use of Restricted Function'),
  auditRecordingStopped: dcm('110133', 'Audit Recording Stopped'),
  auditRecordingStarted: dcm('110134', 'Audit Recording Started'),
  objectSecurityAttributesChanged: dcm('110135', 'Object Security Attributes Changed'),
  securityRolesChanged: dcm('110136', 'Security Roles Changed'),
  userSecurityAttributesChanged: dcm('110137', 'User Security Attributes Changed'),
  emergencyOverrideStopped: dcm('110138', 'Emergency Override Stopped'),
  remoteServiceOperationStarted: dcm('110139', 'Remote Service Operation Started'),
  remoteServiceOperationStopped: dcm('110140', 'Remote Service Operation Stopped'),
  localServiceOperationStarted: dcm('110141', 'Local Service Operation Started'),
  localServiceOperationStopped: dcm('110142', 'Local Service Operation Stopped'),
} as const;
export type EventType = (typeof EventTypes)[keyof typeof EventTypes];

/** PS3.16 CID 402: the part that a participant plays. */
export const Roles = {
  application: dcm('110150', 'Application'),
  applicationLauncher: dcm('110151', 'Application Launcher'),
  destination: dcm('110152', 'Destination Role ID'),
  source: dcm('110153', 'Source Role ID'),
  destinationMedia: dcm('110154', 'Destination Media'),
  sourceMedia: dcm('110155', 'Source Media'),
} as const;

/** PS3.16 CID 405. */
export const MediaTypes = {
  film: dcm('110010', 'Film'),
  usb: dcm('110030', 'USB Disk Emulation'),
  email: dcm('110031', 'Email'),
  cd: dcm('110032', 'CD'),
  dvd: dcm('110033', 'DVD'),
  compactFlash: dcm('110034', 'Compact Flash'),
  multiMediaCard: dcm('110035', 'Multi-media Card'),
  secureDigitalCard: dcm('110036', 'Secure Digital Card'),
  uri: dcm('110037', 'URI'),
  paper: dcm('110038', 'Paper Document'),
} as const;

/** What kind of name a ParticipantObjectID is. */
export const ObjectIdTypes = {
  medicalRecordNumber: rfc3881('1', 'Medical Record Number'),
  patientNumber: rfc3881('2', 'Patient Number'),
  encounterNumber: rfc3881('3', 'Encounter Number'),
  searchCriteria: rfc3881('10', 'Search Criteria'),
  userIdentifier: rfc3881('11', 'User Identifier'),
  uri: rfc3881('12', 'URI'),
  studyInstanceUid: dcm('110180', 'Study Instance UID'),
  sopClassUid: dcm('110181', 'SOP Class UID'),
  nodeId: dcm('110182', 'Node ID'),
} as const;

/** RFC 3881 5.2: where a participant is reached. */
export const NetworkAccessPointTypes = { machineName: 1, ipAddress: 2, telephone: 3, email: 4, uri: 5 } as const;
export type NetworkAccessPointType = (typeof NetworkAccessPointTypes)[keyof typeof NetworkAccessPointTypes];

/** ParticipantObjectTypeCode. */
export const ObjectTypes = { person: 1, system: 2, organization: 3, other: 4 } as const;
export type ObjectType = (typeof ObjectTypes)[keyof typeof ObjectTypes];

/** ParticipantObjectTypeCodeRole, those that PS3.15 A.5.3 uses. */
export const ObjectRoles = {
  patient: 1,
  location: 2,
  report: 3,
  resource: 4,
  masterFile: 5,
  user: 6,
  securityUserEntity: 11,
  securityUserGroup: 12,
  securityResource: 13,
  dataDestination: 16,
  dataArchive: 17,
  job: 20,
  query: 24,
  dataSource: 25,
  processingElement: 26,
} as const;
export type ObjectRole = (typeof ObjectRoles)[keyof typeof ObjectRoles];

/** ParticipantObjectDataLifeCycle. */
export const DataLifeCycles = {
  creation: 1,
  importOrCopy: 2,
  amendment: 3,
  verification: 4,
  translation: 5,
  accessOrUse: 6,
  deidentification: 7,
  aggregation: 8,
  report: 9,
  export: 10,
  disclosure: 11,
  receiptOfDisclosure: 12,
  archiving: 13,
  logicalDeletion: 14,
  permanentErasure: 15,
} as const;
export type DataLifeCycle = (typeof DataLifeCycles)[keyof typeof DataLifeCycles];
