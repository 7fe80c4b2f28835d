/**
 * The elements of group 0000 (PS3.7 E.1) and their encoding: always implicit VR little endian (PS3.7 6.3.1), always flat.
 * Which of them make up which message is in command-set.ts.
 */
import { LeadglassError } from '../error.ts';
import { formatTag, type Tag } from '../dicom/tag.ts';
import { isUid, type Uid } from '../dicom/uid.ts';

export interface CommandSetLimits {
  /** Length of one command set. */
  readonly commandSetBytesMax: number;
  /** Elements of one command set. */
  readonly commandElementsMax: number;
}

/** The values of a command set under the standard's keywords. */
export interface CommandValues {
  readonly affectedSopClassUid: Uid;
  readonly requestedSopClassUid: Uid;
  readonly messageId: number;
  readonly messageIdBeingRespondedTo: number;
  readonly moveDestination: string;
  /** 0 medium, 1 high, 2 low. */
  readonly priority: number;
  readonly status: number;
  readonly offendingElement: readonly Tag[];
  readonly errorComment: string;
  readonly errorId: number;
  readonly affectedSopInstanceUid: Uid;
  readonly requestedSopInstanceUid: Uid;
  readonly eventTypeId: number;
  readonly attributeIdentifierList: readonly Tag[];
  readonly actionTypeId: number;
  readonly numberOfRemainingSuboperations: number;
  readonly numberOfCompletedSuboperations: number;
  readonly numberOfFailedSuboperations: number;
  readonly numberOfWarningSuboperations: number;
  readonly moveOriginatorApplicationEntityTitle: string;
  readonly moveOriginatorMessageId: number;
}

export type CommandKeyword = keyof CommandValues;

type CommandVr = 'UI' | 'US' | 'AE' | 'LO' | 'AT';

const dictionary: Readonly<Record<CommandKeyword, readonly [tag: Tag, vr: CommandVr]>> = {
  affectedSopClassUid: [0x0002, 'UI'],
  requestedSopClassUid: [0x0003, 'UI'],
  messageId: [0x0110, 'US'],
  messageIdBeingRespondedTo: [0x0120, 'US'],
  moveDestination: [0x0600, 'AE'],
  priority: [0x0700, 'US'],
  status: [0x0900, 'US'],
  offendingElement: [0x0901, 'AT'],
  errorComment: [0x0902, 'LO'],
  errorId: [0x0903, 'US'],
  affectedSopInstanceUid: [0x1000, 'UI'],
  requestedSopInstanceUid: [0x1001, 'UI'],
  eventTypeId: [0x1002, 'US'],
  attributeIdentifierList: [0x1005, 'AT'],
  actionTypeId: [0x1008, 'US'],
  numberOfRemainingSuboperations: [0x1020, 'US'],
  numberOfCompletedSuboperations: [0x1021, 'US'],
  numberOfFailedSuboperations: [0x1022, 'US'],
  numberOfWarningSuboperations: [0x1023, 'US'],
  moveOriginatorApplicationEntityTitle: [0x1030, 'AE'],
  moveOriginatorMessageId: [0x1031, 'US'],
};

// oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the record has exactly these keys
export const commandKeywords = Object.keys(dictionary) as readonly CommandKeyword[];

const commandGroupLength: Tag = 0x0000;
/** Tag, length and value of Command Group Length. */
const groupLengthElementBytes = 12;
const commandField: Tag = 0x0100;
const commandDataSetType: Tag = 0x0800;
/** PS3.7 E.1: this Command Data Set Type, and no other value, says that no data set follows. */
const noDataSet = 0x0101;
/** What is sent when one follows; any other value would do. */
const dataSetFollows = 0x0000;

const latin1 = new TextDecoder('latin1');

function malformed(text: string, field: string, offset?: number): LeadglassError {
  return new LeadglassError('MALFORMED', `Cannot read the command set: ${text}`, {
    field,
    ...(offset === undefined ? {} : { offset }),
  });
}

/** A command set whose structure is sound; values are looked at when asked for. */
export interface CommandElements {
  readonly commandField: number;
  readonly hasDataSet: boolean;
  readonly values: ReadonlyMap<Tag, Uint8Array>;
}

/**
 * The elements in these bytes; unknown and retired ones are skipped over, values are views of `bytes`.
 * @throws LeadglassError MALFORMED (a length that lies, another group, tags that do not rise, a wrong group length, no
 *   command field) or LIMIT_EXCEEDED
 */
export function readCommandElements(bytes: Uint8Array, limits: CommandSetLimits): CommandElements {
  if (bytes.length > limits.commandSetBytesMax) {
    throw new LeadglassError(
      'LIMIT_EXCEEDED',
      `Cannot read the command set: length was ${bytes.length}, expected at most ${limits.commandSetBytesMax}`,
    );
  }
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const values = new Map<Tag, Uint8Array>();
  let offset = 0;
  let lastTag = -1;
  while (offset < bytes.length) {
    const left = bytes.length - offset;
    if (left < 8) throw malformed(`${left} bytes left, expected at least 8`, 'element', offset);
    const tag = (view.getUint16(offset, true) * 0x10000 + view.getUint16(offset + 2, true)) >>> 0;
    const length = view.getUint32(offset + 4, true);
    if (tag > 0xffff) throw malformed(`found ${formatTag(tag)}, expected group 0000 only`, 'element', offset);
    if (tag <= lastTag) throw malformed(`${formatTag(tag)} came after ${formatTag(lastTag)}`, 'element', offset);
    if (length > left - 8 || length % 2 === 1) {
      throw malformed(
        `length of ${formatTag(tag)} was ${length}, expected an even number up to ${left - 8}`,
        formatTag(tag),
        offset,
      );
    }
    if (values.size >= limits.commandElementsMax) {
      throw new LeadglassError(
        'LIMIT_EXCEEDED',
        `Cannot read the command set: more than ${limits.commandElementsMax} elements`,
      );
    }
    values.set(tag, bytes.subarray(offset + 8, offset + 8 + length));
    offset += 8 + length;
    lastTag = tag;
  }
  // PS3.7 E.1 and 9.3: Command Group Length is the length from the end of its own value to the end of the group.
  const groupLength = values.get(commandGroupLength);
  if (groupLength?.length !== 4) throw malformed('no Command Group Length', 'Command Group Length');
  const claimed = new DataView(groupLength.buffer, groupLength.byteOffset, 4).getUint32(0, true);
  if (claimed !== bytes.length - groupLengthElementBytes) {
    throw malformed(
      `Command Group Length was ${claimed}, expected ${bytes.length - groupLengthElementBytes}`,
      'Command Group Length',
    );
  }
  const field = unsignedShort(values.get(commandField));
  if (field === undefined) throw malformed('no Command Field', 'Command Field');
  const dataSetType = unsignedShort(values.get(commandDataSetType));
  if (dataSetType === undefined) throw malformed('no Command Data Set Type', 'Command Data Set Type');
  return { commandField: field, hasDataSet: dataSetType !== noDataSet, values };
}

function unsignedShort(bytes: Uint8Array | undefined): number | undefined {
  if (bytes?.length !== 2) return undefined;
  return new DataView(bytes.buffer, bytes.byteOffset, 2).getUint16(0, true);
}

/** Instead of a value whose form is wrong. */
export const invalid: unique symbol = Symbol('invalid value');

/** The value under this keyword; `invalid` when its form is wrong; undefined when absent or empty. */
export function commandValue<K extends CommandKeyword>(
  elements: CommandElements,
  keyword: K,
): CommandValues[K] | typeof invalid | undefined {
  const [tag, vr] = dictionary[keyword];
  const bytes = elements.values.get(tag);
  if (bytes === undefined || bytes.length === 0) return undefined;
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the dictionary pairs each keyword with its VR
  return parsed(vr, bytes) as CommandValues[K] | typeof invalid | undefined;
}

function parsed(vr: CommandVr, bytes: Uint8Array): CommandValues[CommandKeyword] | typeof invalid | undefined {
  switch (vr) {
    case 'US':
      return unsignedShort(bytes) ?? invalid;
    case 'UI': {
      // PS3.5 9.1: padded by one NUL; a space is a common mistake that changes nothing.
      const text = latin1.decode(bytes).replace(/[\0 ]+$/, '');
      if (text === '') return undefined;
      return isUid(text) ? text : invalid;
    }
    case 'AE': {
      const text = latin1.decode(bytes).replaceAll(/^ +|[ \0]+$/g, '');
      if (text === '') return undefined;
      return /^[ -[\]-~]{1,16}$/.test(text) ? text : invalid;
    }
    case 'LO':
      // Shown to people: whatever a peer wrote, it is one printable line of the length that the standard allows.
      return printableComment(latin1.decode(bytes.subarray(0, 256))) || undefined;
    default: {
      // AT
      if (bytes.length % 4 !== 0) return invalid;
      const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
      const tags: Tag[] = [];
      for (let at = 0; at < bytes.length; at += 4) {
        tags.push((view.getUint16(at, true) * 0x10000 + view.getUint16(at + 2, true)) >>> 0);
      }
      return tags;
    }
  }
}

/** Text as Error Comment (0000,0902) may hold it: LO of the default repertoire, at most 64 characters. */
export function printableComment(text: string): string {
  return text
    .replaceAll(/[^ -[\]-~]+/g, ' ')
    .trim()
    .slice(0, 64);
}

type CommandValue = CommandValues[CommandKeyword];

/** What is written, in the order of tags; the keywords that are none come from the message itself. */
const order: readonly (readonly [Tag, CommandVr, CommandKeyword | 'commandField' | 'commandDataSetType'])[] = [
  [commandField, 'US', 'commandField'] as const,
  [commandDataSetType, 'US', 'commandDataSetType'] as const,
  ...commandKeywords.map((keyword) => [...dictionary[keyword], keyword] as const),
].toSorted(([a], [b]) => a - b);

function encodedLength(value: CommandValue): number {
  if (typeof value === 'number') return 2;
  return typeof value === 'string' ? value.length + (value.length % 2) : value.length * 4;
}

function encodeAt(
  view: DataView,
  offset: number,
  { vr, value }: { readonly vr: CommandVr; readonly value: CommandValue },
): void {
  if (typeof value === 'number') {
    view.setUint16(offset, value, true);
  } else if (typeof value === 'string') {
    for (let at = 0; at < value.length; at += 1) view.setUint8(offset + at, value.charCodeAt(at));
    // PS3.5 6.2: UI is padded by NUL, which is there already.
    if (value.length % 2 === 1 && vr !== 'UI') view.setUint8(offset + value.length, 0x20);
  } else {
    value.forEach((tag, index) => {
      view.setUint16(offset + index * 4, tag >>> 16, true);
      view.setUint16(offset + index * 4 + 2, tag & 0xffff, true);
    });
  }
}

/** The bytes of a command set, group length first, tags rising. */
export function writeCommandElements(message: {
  readonly commandField: number;
  readonly hasDataSet: boolean;
  readonly values: Partial<CommandValues>;
}): Uint8Array {
  const { errorComment } = message.values;
  const values: Readonly<Partial<Record<CommandKeyword | 'commandField' | 'commandDataSetType', CommandValue>>> = {
    ...message.values,
    ...(errorComment === undefined ? {} : { errorComment: printableComment(errorComment) }),
    commandField: message.commandField,
    commandDataSetType: message.hasDataSet ? dataSetFollows : noDataSet,
  };
  let length = groupLengthElementBytes;
  for (const [, , keyword] of order) {
    const value = values[keyword];
    if (value !== undefined) length += 8 + encodedLength(value);
  }
  const whole = new Uint8Array(length);
  const view = new DataView(whole.buffer);
  // (0000,0000) is all zero bytes in front; its length is 4.
  view.setUint32(4, 4, true);
  view.setUint32(8, length - groupLengthElementBytes, true);
  let offset = groupLengthElementBytes;
  for (const [tag, vr, keyword] of order) {
    const value = values[keyword];
    if (value === undefined) continue;
    const valueLength = encodedLength(value);
    view.setUint16(offset + 2, tag, true);
    view.setUint32(offset + 4, valueLength, true);
    encodeAt(view, offset + 8, { vr, value });
    offset += 8 + valueLength;
  }
  return whole;
}
