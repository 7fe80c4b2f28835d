/**
 * The messages of DIMSE (PS3.7 9.3 and 10.3) as types: one table says which elements each message must and may have; types,
 * reader and writer follow from it. What a message leads to is for provider.ts and client.ts.
 */
import { LeadglassError } from '../error.ts';
import {
  type CommandElements,
  type CommandKeyword,
  type CommandSetLimits,
  commandKeywords,
  commandValue,
  type CommandValues,
  invalid,
  readCommandElements,
  writeCommandElements,
} from './command-elements.ts';
import { type Status, Statuses } from './status.ts';

/** Command Field (0000,0100), PS3.7 E.1. A response has the request's number with bit 15 set. */
export const CommandField = {
  CStoreRq: 0x0001,
  CStoreRsp: 0x8001,
  CGetRq: 0x0010,
  CGetRsp: 0x8010,
  CFindRq: 0x0020,
  CFindRsp: 0x8020,
  CMoveRq: 0x0021,
  CMoveRsp: 0x8021,
  CEchoRq: 0x0030,
  CEchoRsp: 0x8030,
  NEventReportRq: 0x0100,
  NEventReportRsp: 0x8100,
  NGetRq: 0x0110,
  NGetRsp: 0x8110,
  NSetRq: 0x0120,
  NSetRsp: 0x8120,
  NActionRq: 0x0130,
  NActionRsp: 0x8130,
  NCreateRq: 0x0140,
  NCreateRsp: 0x8140,
  NDeleteRq: 0x0150,
  NDeleteRsp: 0x8150,
  CCancelRq: 0x0fff,
} as const;
export type CommandField = (typeof CommandField)[keyof typeof CommandField];

/** Priority (0000,0700). */
export const Priority = { medium: 0, high: 1, low: 2 } as const;

const answered = ['messageIdBeingRespondedTo', 'status'] as const;
const explained = ['affectedSopClassUid', 'errorComment', 'offendingElement', 'errorId'] as const;
const counted = [
  'numberOfRemainingSuboperations',
  'numberOfCompletedSuboperations',
  'numberOfFailedSuboperations',
  'numberOfWarningSuboperations',
] as const;
const asked = ['affectedSopClassUid', 'messageId', 'priority'] as const;
const requestedInstance = ['requestedSopClassUid', 'messageId', 'requestedSopInstanceUid'] as const;
const aboutInstance = [...explained, 'affectedSopInstanceUid', 'attributeIdentifierList'] as const;

interface Shape {
  readonly name: string;
  readonly required: readonly CommandKeyword[];
  readonly optional: readonly CommandKeyword[];
}

/** PS3.7 9.3.1 to 9.3.5 and 10.3.1 to 10.3.6. Responses are read with few demands: peers differ in what they repeat. */
const shapes = {
  [CommandField.CStoreRq]: {
    name: 'C-STORE-RQ',
    required: [...asked, 'affectedSopInstanceUid'],
    optional: ['moveOriginatorApplicationEntityTitle', 'moveOriginatorMessageId'],
  },
  [CommandField.CStoreRsp]: { name: 'C-STORE-RSP', required: answered, optional: aboutInstance },
  [CommandField.CGetRq]: { name: 'C-GET-RQ', required: asked, optional: [] },
  [CommandField.CGetRsp]: { name: 'C-GET-RSP', required: answered, optional: [...explained, ...counted] },
  [CommandField.CFindRq]: { name: 'C-FIND-RQ', required: asked, optional: [] },
  [CommandField.CFindRsp]: { name: 'C-FIND-RSP', required: answered, optional: explained },
  [CommandField.CMoveRq]: { name: 'C-MOVE-RQ', required: [...asked, 'moveDestination'], optional: [] },
  [CommandField.CMoveRsp]: { name: 'C-MOVE-RSP', required: answered, optional: [...explained, ...counted] },
  [CommandField.CEchoRq]: { name: 'C-ECHO-RQ', required: ['affectedSopClassUid', 'messageId'], optional: [] },
  [CommandField.CEchoRsp]: { name: 'C-ECHO-RSP', required: answered, optional: explained },
  [CommandField.NEventReportRq]: {
    name: 'N-EVENT-REPORT-RQ',
    required: ['affectedSopClassUid', 'messageId', 'affectedSopInstanceUid', 'eventTypeId'],
    optional: [],
  },
  [CommandField.NEventReportRsp]: {
    name: 'N-EVENT-REPORT-RSP',
    required: answered,
    optional: [...aboutInstance, 'eventTypeId'],
  },
  [CommandField.NGetRq]: { name: 'N-GET-RQ', required: requestedInstance, optional: ['attributeIdentifierList'] },
  [CommandField.NGetRsp]: { name: 'N-GET-RSP', required: answered, optional: aboutInstance },
  [CommandField.NSetRq]: { name: 'N-SET-RQ', required: requestedInstance, optional: [] },
  [CommandField.NSetRsp]: { name: 'N-SET-RSP', required: answered, optional: aboutInstance },
  [CommandField.NActionRq]: { name: 'N-ACTION-RQ', required: [...requestedInstance, 'actionTypeId'], optional: [] },
  [CommandField.NActionRsp]: { name: 'N-ACTION-RSP', required: answered, optional: [...aboutInstance, 'actionTypeId'] },
  [CommandField.NCreateRq]: {
    name: 'N-CREATE-RQ',
    required: ['affectedSopClassUid', 'messageId'],
    optional: ['affectedSopInstanceUid'],
  },
  [CommandField.NCreateRsp]: { name: 'N-CREATE-RSP', required: answered, optional: aboutInstance },
  [CommandField.NDeleteRq]: { name: 'N-DELETE-RQ', required: requestedInstance, optional: [] },
  [CommandField.NDeleteRsp]: { name: 'N-DELETE-RSP', required: answered, optional: aboutInstance },
  [CommandField.CCancelRq]: { name: 'C-CANCEL-RQ', required: ['messageIdBeingRespondedTo'], optional: [] },
} as const satisfies Record<CommandField, Shape>;

/** The message with this Command Field. `hasDataSet`: a data set follows (or must be given when sending). */
export type MessageOf<F extends CommandField> = {
  readonly commandField: F;
  readonly hasDataSet: boolean;
} & Pick<CommandValues, (typeof shapes)[F]['required'][number]> &
  Partial<Pick<CommandValues, (typeof shapes)[F]['optional'][number]>>;

export type CStoreRequest = MessageOf<typeof CommandField.CStoreRq>;
export type CStoreResponse = MessageOf<typeof CommandField.CStoreRsp>;
export type CGetRequest = MessageOf<typeof CommandField.CGetRq>;
export type CGetResponse = MessageOf<typeof CommandField.CGetRsp>;
export type CFindRequest = MessageOf<typeof CommandField.CFindRq>;
export type CFindResponse = MessageOf<typeof CommandField.CFindRsp>;
export type CMoveRequest = MessageOf<typeof CommandField.CMoveRq>;
export type CMoveResponse = MessageOf<typeof CommandField.CMoveRsp>;
export type CEchoRequest = MessageOf<typeof CommandField.CEchoRq>;
export type CEchoResponse = MessageOf<typeof CommandField.CEchoRsp>;
export type NEventReportRequest = MessageOf<typeof CommandField.NEventReportRq>;
export type NEventReportResponse = MessageOf<typeof CommandField.NEventReportRsp>;
export type NGetRequest = MessageOf<typeof CommandField.NGetRq>;
export type NGetResponse = MessageOf<typeof CommandField.NGetRsp>;
export type NSetRequest = MessageOf<typeof CommandField.NSetRq>;
export type NSetResponse = MessageOf<typeof CommandField.NSetRsp>;
export type NActionRequest = MessageOf<typeof CommandField.NActionRq>;
export type NActionResponse = MessageOf<typeof CommandField.NActionRsp>;
export type NCreateRequest = MessageOf<typeof CommandField.NCreateRq>;
export type NCreateResponse = MessageOf<typeof CommandField.NCreateRsp>;
export type NDeleteRequest = MessageOf<typeof CommandField.NDeleteRq>;
export type NDeleteResponse = MessageOf<typeof CommandField.NDeleteRsp>;
export type CCancelRequest = MessageOf<typeof CommandField.CCancelRq>;

/** Asks for an operation or notifies of an event; is answered by a response with the same message id. */
export type DimseRequest =
  | CStoreRequest
  | CGetRequest
  | CFindRequest
  | CMoveRequest
  | CEchoRequest
  | NEventReportRequest
  | NGetRequest
  | NSetRequest
  | NActionRequest
  | NCreateRequest
  | NDeleteRequest;
export type DimseResponse =
  | CStoreResponse
  | CGetResponse
  | CFindResponse
  | CMoveResponse
  | CEchoResponse
  | NEventReportResponse
  | NGetResponse
  | NSetResponse
  | NActionResponse
  | NCreateResponse
  | NDeleteResponse;
export type DimseMessage = DimseRequest | DimseResponse | CCancelRequest;

const responseFields = {
  [CommandField.CStoreRq]: CommandField.CStoreRsp,
  [CommandField.CGetRq]: CommandField.CGetRsp,
  [CommandField.CFindRq]: CommandField.CFindRsp,
  [CommandField.CMoveRq]: CommandField.CMoveRsp,
  [CommandField.CEchoRq]: CommandField.CEchoRsp,
  [CommandField.NEventReportRq]: CommandField.NEventReportRsp,
  [CommandField.NGetRq]: CommandField.NGetRsp,
  [CommandField.NSetRq]: CommandField.NSetRsp,
  [CommandField.NActionRq]: CommandField.NActionRsp,
  [CommandField.NCreateRq]: CommandField.NCreateRsp,
  [CommandField.NDeleteRq]: CommandField.NDeleteRsp,
} as const satisfies Record<DimseRequest['commandField'], DimseResponse['commandField']>;

/** The response that belongs to a request. */
export type ResponseOf<R extends DimseRequest> = MessageOf<(typeof responseFields)[R['commandField']]>;

/** The Command Field that answers this request. */
export function responseFieldOf<F extends DimseRequest['commandField']>(requestField: F): (typeof responseFields)[F] {
  return responseFields[requestField];
}

/** Is this one of the messages above, and not a Command Field that nobody defines? */
function isCommandField(field: number): field is CommandField {
  return Object.hasOwn(shapes, field);
}

/** For people and error texts: `C-STORE-RQ`. */
export function commandName(field: number): string {
  return isCommandField(field) ? shapes[field].name : `command 0x${field.toString(16).padStart(4, '0').toUpperCase()}`;
}

export function isResponse(message: DimseMessage): message is DimseResponse {
  return (message.commandField & 0x8000) !== 0;
}

/** A sound command set that asks for something unusable: it is answered with `status`, and its data set dropped. */
export interface RefusedCommand {
  readonly refused: true;
  /** Of the response: the request's number with bit 15 set. */
  readonly responseField: number;
  readonly messageId: number;
  readonly hasDataSet: boolean;
  readonly status: Status;
  readonly errorComment: string;
}

/**
 * The message in these bytes, or how to refuse it.
 * @throws LeadglassError MALFORMED or LIMIT_EXCEEDED when it cannot be answered either: the structure is broken, a request
 *   has no message id, a response or C-CANCEL is not usable
 */
export function readCommandSet(bytes: Uint8Array, limits: CommandSetLimits): DimseMessage | RefusedCommand {
  const elements = readCommandElements(bytes, limits);
  const { commandField: field } = elements;
  if (!isCommandField(field)) {
    return refused(elements, Statuses.UnrecognizedOperation, `Unrecognized operation: ${commandName(field)}`);
  }
  const shape: Shape = shapes[field];
  const values: Partial<Record<CommandKeyword, unknown>> = {};
  for (const keyword of shape.required) {
    const value = commandValue(elements, keyword);
    if (value === undefined || value === invalid) {
      const what = value === undefined ? 'missing' : 'not valid';
      return refused(elements, statusOfBadValue(keyword, field), `${shape.name}: ${keyword} is ${what}`);
    }
    values[keyword] = value;
  }
  for (const keyword of shape.optional) {
    const value = commandValue(elements, keyword);
    if (value === invalid) {
      return refused(elements, statusOfBadValue(keyword, field), `${shape.name}: ${keyword} is not valid`);
    }
    if (value !== undefined) values[keyword] = value;
  }
  // The loops above have put there what the shape of this Command Field demands, each value checked by its VR.
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- as said
  return { commandField: field, hasDataSet: elements.hasDataSet, ...values } as unknown as DimseMessage;
}

function statusOfBadValue(keyword: CommandKeyword, field: CommandField): Status {
  switch (keyword) {
    case 'affectedSopInstanceUid':
    case 'requestedSopInstanceUid':
      return Statuses.InvalidSopInstance;
    case 'affectedSopClassUid':
    case 'requestedSopClassUid':
      // PS3.7 9.1.x know only 0122 for the class of a composite service, 10.1.x only 0118.
      return field < CommandField.NEventReportRq ? Statuses.SopClassNotSupported : Statuses.NoSuchSopClass;
    case 'moveDestination':
      return Statuses.MoveDestinationUnknown;
    default:
      return Statuses.MistypedArgument;
  }
}

function refused(elements: CommandElements, status: Status, errorComment: string): RefusedCommand {
  const field = elements.commandField;
  const messageId = commandValue(elements, 'messageId');
  // A response is never answered, nor is C-CANCEL; without a message id nobody would know what the answer is about.
  if ((field & 0x8000) !== 0 || field === CommandField.CCancelRq || typeof messageId !== 'number') {
    throw new LeadglassError('MALFORMED', `Cannot read the command set: ${errorComment}`, {
      field: commandName(field),
    });
  }
  return {
    refused: true,
    responseField: field | 0x8000,
    messageId,
    hasDataSet: elements.hasDataSet,
    status,
    errorComment,
  };
}

/** The bytes of this message. */
export function writeCommandSet(message: DimseMessage): Uint8Array {
  const values: Partial<Record<CommandKeyword, unknown>> = {};
  for (const keyword of commandKeywords) {
    if (keyword in message) values[keyword] = (message as Partial<Record<CommandKeyword, unknown>>)[keyword];
  }
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- copied property by property from a typed message
  return writeCommandElements({ ...message, values: values as Partial<CommandValues> });
}

/** The bytes of the answer to a command that was refused as such. */
export function writeRefusal({ responseField, messageId, status, errorComment }: RefusedCommand): Uint8Array {
  return writeCommandElements({
    commandField: responseField,
    hasDataSet: false,
    values: { messageIdBeingRespondedTo: messageId, status, errorComment },
  });
}
