/**
 * Status (0000,0900) of DIMSE responses: the values that Leadglass sends or explains (PS3.7 Annex C, PS3.4 B.2.3, C.4 and
 * J.3), and the class that any value falls into. Which error leads to which is said by store-failure.ts and by the doors.
 */

/** A value of (0000,0900), 0 to 0xFFFF. */
export type Status = number;

export const Statuses = {
  Success: 0x0000,
  // PS3.7 Annex C, all services.
  /** C.4: N-SET, N-CREATE and queries only. */
  RequestedOptionalAttributesNotSupported: 0x0001,
  NoSuchAttribute: 0x0105,
  InvalidAttributeValue: 0x0106,
  AttributeListError: 0x0107,
  ProcessingFailure: 0x0110,
  DuplicateSopInstance: 0x0111,
  NoSuchSopInstance: 0x0112,
  NoSuchEventType: 0x0113,
  NoSuchArgument: 0x0114,
  InvalidArgumentValue: 0x0115,
  AttributeValueOutOfRange: 0x0116,
  InvalidSopInstance: 0x0117,
  NoSuchSopClass: 0x0118,
  ClassInstanceConflict: 0x0119,
  MissingAttribute: 0x0120,
  MissingAttributeValue: 0x0121,
  SopClassNotSupported: 0x0122,
  NoSuchActionType: 0x0123,
  NotAuthorized: 0x0124,
  DuplicateInvocation: 0x0210,
  UnrecognizedOperation: 0x0211,
  MistypedArgument: 0x0212,
  ResourceLimitation: 0x0213,
  // PS3.4 B.2.3 (storage) and C.4 (query/retrieve).
  OutOfResources: 0xa700,
  UnableToCalculateNumberOfMatches: 0xa701,
  UnableToPerformSuboperations: 0xa702,
  MoveDestinationUnknown: 0xa801,
  /** Storage: data set does not match SOP class; queries: identifier does not match SOP class. */
  DataSetDoesNotMatchSopClass: 0xa900,
  /** Storage: cannot understand; queries: unable to process. The low 12 bits are free. */
  CannotUnderstand: 0xc000,
  CoercionOfDataElements: 0xb000,
  /** Retrieval: the same value as coercion. */
  SuboperationsCompleteWithFailures: 0xb000,
  ElementsDiscarded: 0xb006,
  DataSetDoesNotMatchSopClassWarning: 0xb007,
  Cancel: 0xfe00,
  Pending: 0xff00,
  /** One or more optional keys were not supported for this match. */
  PendingOptionalKeysNotSupported: 0xff01,
} as const satisfies Record<string, Status>;

export type StatusClass = 'success' | 'pending' | 'warning' | 'cancel' | 'failure';

/** PS3.7 C.1: what a status means for the operation. Values the standard does not name are failures. */
export function statusClass(status: Status): StatusClass {
  if (status === Statuses.Success) return 'success';
  if (status === Statuses.Pending || status === Statuses.PendingOptionalKeysNotSupported) return 'pending';
  if (status === Statuses.Cancel) return 'cancel';
  if (
    status >>> 12 === 0xb ||
    status === Statuses.RequestedOptionalAttributesNotSupported ||
    status === Statuses.AttributeListError ||
    status === Statuses.AttributeValueOutOfRange
  ) {
    return 'warning';
  }
  return 'failure';
}

const exact: ReadonlyMap<Status, string> = new Map<Status, string>([
  [Statuses.Success, 'success'],
  [Statuses.RequestedOptionalAttributesNotSupported, 'requested optional attributes not supported'],
  [Statuses.NoSuchAttribute, 'no such attribute'],
  [Statuses.InvalidAttributeValue, 'invalid attribute value'],
  [Statuses.AttributeListError, 'attribute list error'],
  [Statuses.ProcessingFailure, 'processing failure'],
  [Statuses.DuplicateSopInstance, 'duplicate SOP instance'],
  [Statuses.NoSuchSopInstance, 'no such SOP instance'],
  [Statuses.NoSuchEventType, 'no such event type'],
  [Statuses.NoSuchArgument, 'no such argument'],
  [Statuses.InvalidArgumentValue, 'invalid argument value'],
  [Statuses.AttributeValueOutOfRange, 'attribute value out of range'],
  [Statuses.InvalidSopInstance, 'invalid SOP instance'],
  [Statuses.NoSuchSopClass, 'no such SOP class'],
  [Statuses.ClassInstanceConflict, 'class-instance conflict'],
  [Statuses.MissingAttribute, 'missing attribute'],
  [Statuses.MissingAttributeValue, 'missing attribute value'],
  [Statuses.SopClassNotSupported, 'SOP class not supported'],
  [Statuses.NoSuchActionType, 'no such action type'],
  [Statuses.NotAuthorized, 'not authorized'],
  [Statuses.DuplicateInvocation, 'duplicate invocation'],
  [Statuses.UnrecognizedOperation, 'unrecognized operation'],
  [Statuses.MistypedArgument, 'mistyped argument'],
  [Statuses.ResourceLimitation, 'resource limitation'],
  [Statuses.UnableToCalculateNumberOfMatches, 'out of resources: unable to calculate number of matches'],
  [Statuses.UnableToPerformSuboperations, 'out of resources: unable to perform sub-operations'],
  [Statuses.MoveDestinationUnknown, 'move destination unknown'],
  [Statuses.Cancel, 'cancelled'],
  [Statuses.Pending, 'pending'],
  [Statuses.PendingOptionalKeysNotSupported, 'pending, optional keys not supported'],
]);

/** A status for people: its number and its meaning in the standard's words. */
export function describeStatus(status: Status): string {
  const number = `0x${status.toString(16).padStart(4, '0').toUpperCase()}`;
  return `${number} ${exact.get(status) ?? meaningOfRange(status)}`;
}

function meaningOfRange(status: Status): string {
  // PS3.4 B.2.3, C.4.1.1.4: the low bits of these are the implementation's.
  if (status >>> 8 === 0xa7) return 'out of resources';
  if (status >>> 8 === 0xa9) return 'data set does not match SOP class';
  if (status >>> 12 === 0xc) return 'cannot understand or process';
  if (status >>> 12 === 0xb) return 'warning';
  return 'failure';
}
