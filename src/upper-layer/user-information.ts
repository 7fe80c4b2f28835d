/**
 * The user information item (50H) of A-ASSOCIATE-RQ and -AC: PS3.8 D.1 and PS3.7 D.3.3. Sub-items may come in any order
 * and unknown ones are skipped (PS3.8 D.2); so are 57H and 58H in an answer and 59H in a request, where they mean nothing.
 * What the items stand for is decided elsewhere.
 */
import type { Uid } from '../dicom/uid.ts';
import type {
  CommonExtendedNegotiation,
  ExtendedNegotiation,
  RoleSelection,
  UserIdentity,
  UserInformation,
} from './association-types.ts';
import type { ByteCursor } from './byte-cursor.ts';
import { ascii, item, join, sized, uint16, uint32 } from './byte-writer.ts';
import type { UpperLayerLimits } from './upper-layer-limits.ts';

export type UserInformationLimits = Pick<UpperLayerLimits, 'userSubItemsMax'>;

/** What has been read so far; a UserInformation once it is known to be complete. */
interface Draft {
  maximumLength?: number;
  implementationClassUid?: Uid;
  implementationVersionName?: string;
  asynchronousOperationsWindow?: { readonly invoked: number; readonly performed: number };
  userIdentity?: UserIdentity;
  userIdentityResponse?: Uint8Array;
  readonly roleSelections: Map<Uid, RoleSelection>;
  readonly extendedNegotiations: Map<Uid, ExtendedNegotiation>;
  readonly commonExtendedNegotiations: Map<Uid, CommonExtendedNegotiation>;
}

type Reader = (body: ByteCursor, draft: Draft, second: number) => void;

/**
 * Reads the body of item 50H to its end.
 * @throws LeadglassError MALFORMED or LIMIT_EXCEEDED, with the A-ABORT as cause
 */
export function readUserInformation(
  body: ByteCursor,
  of: 'request' | 'accept',
  limits: UserInformationLimits,
): UserInformation {
  const draft: Draft = {
    roleSelections: new Map(),
    extendedNegotiations: new Map(),
    commonExtendedNegotiations: new Map(),
  };
  let subItems = 0;
  while (body.remaining > 0) {
    subItems += 1;
    if (subItems > limits.userSubItemsMax) throw body.overLimit('user information sub-items', limits.userSubItemsMax);
    const subItem = body.item();
    const reader = readers.get(subItem.type);
    if (reader === undefined || !reader.of.includes(of)) continue;
    reader.read(subItem.body, draft, subItem.second);
  }
  const { maximumLength, implementationClassUid } = draft;
  if (maximumLength === undefined) throw body.malformed('Maximum-length (51H)', 'is missing');
  if (implementationClassUid === undefined) throw body.malformed('Implementation-class-uid (52H)', 'is missing');
  return {
    ...draft,
    maximumLength,
    implementationClassUid,
    roleSelections: [...draft.roleSelections.values()],
    extendedNegotiations: [...draft.extendedNegotiations.values()],
    commonExtendedNegotiations: [...draft.commonExtendedNegotiations.values()],
  };
}

const both = ['request', 'accept'] as const;
const readers: ReadonlyMap<number, { readonly of: readonly ('request' | 'accept')[]; readonly read: Reader }> = new Map(
  [
    [0x51, { of: both, read: readMaximumLength }],
    [0x52, { of: both, read: readImplementationClassUid }],
    [0x53, { of: both, read: readAsynchronousOperationsWindow }],
    [0x54, { of: both, read: readRoleSelection }],
    [0x55, { of: both, read: readImplementationVersionName }],
    [0x56, { of: both, read: readExtendedNegotiation }],
    [0x57, { of: ['request'], read: readCommonExtendedNegotiation }],
    [0x58, { of: ['request'], read: readUserIdentity }],
    [0x59, { of: ['accept'], read: readUserIdentityResponse }],
  ],
);

function once(body: ByteCursor, field: string, before: unknown): void {
  if (before !== undefined) throw body.malformed(field, 'came twice');
}

// PS3.8 D.1.1
function readMaximumLength(body: ByteCursor, draft: Draft): void {
  once(body, 'Maximum-length (51H)', draft.maximumLength);
  draft.maximumLength = body.uint32('Maximum-length-received');
  body.end();
}

// PS3.7 D.3.3.2.1
function readImplementationClassUid(body: ByteCursor, draft: Draft): void {
  once(body, 'Implementation-class-uid (52H)', draft.implementationClassUid);
  draft.implementationClassUid = body.uid(body.remaining, 'Implementation-class-uid');
}

// PS3.7 D.3.3.2.3
function readImplementationVersionName(body: ByteCursor, draft: Draft): void {
  const field = 'Implementation-version-name (55H)';
  once(body, field, draft.implementationVersionName);
  const length = body.remaining;
  if (length < 1 || length > 16) throw body.malformed(field, `length was ${length}, expected 1 to 16`);
  draft.implementationVersionName = body.text(length, field);
}

// PS3.7 D.3.3.3
function readAsynchronousOperationsWindow(body: ByteCursor, draft: Draft): void {
  once(body, 'Asynchronous-operations-window (53H)', draft.asynchronousOperationsWindow);
  const invoked = body.uint16('Maximum-number-operations-invoked');
  const performed = body.uint16('Maximum-number-operations-performed');
  body.end();
  draft.asynchronousOperationsWindow = { invoked, performed };
}

// PS3.7 D.3.3.4
function readRoleSelection(body: ByteCursor, draft: Draft): void {
  const sopClassUid = body.sizedUid('SOP-class-uid');
  const scu = flag(body, 'SCU-role');
  const scp = flag(body, 'SCP-role');
  body.end();
  once(body, 'Role-selection (54H) of a SOP class', draft.roleSelections.get(sopClassUid));
  draft.roleSelections.set(sopClassUid, { sopClassUid, scu, scp });
}

// PS3.7 D.3.3.5
function readExtendedNegotiation(body: ByteCursor, draft: Draft): void {
  const sopClassUid = body.sizedUid('SOP-class-uid');
  const information = body.bytes(body.remaining, 'Service-class-application-information');
  once(body, 'Extended-negotiation (56H) of a SOP class', draft.extendedNegotiations.get(sopClassUid));
  draft.extendedNegotiations.set(sopClassUid, { sopClassUid, information });
}

// PS3.7 D.3.3.6
function readCommonExtendedNegotiation(body: ByteCursor, draft: Draft, version: number): void {
  if (version !== 0) return; // only version 0 is defined; a later one is an unknown item to us
  const sopClassUid = body.sizedUid('SOP-class-uid');
  const serviceClassUid = body.sizedUid('Service-class-uid');
  const listLength = body.uint16('Related-general-sop-class-identification-length');
  if (listLength > body.remaining) {
    throw body.malformed('Related-general-sop-class-identification-length', `${listLength} is more than what is left`);
  }
  const behind = body.remaining - listLength;
  const relatedGeneralSopClassUids: Uid[] = [];
  while (body.remaining > behind) relatedGeneralSopClassUids.push(body.sizedUid('Related-general-sop-class-uid'));
  if (body.remaining !== behind) {
    throw body.malformed('Related-general-sop-class-identification-length', 'is not the sum of its parts');
  }
  once(body, 'Common-extended-negotiation (57H) of a SOP class', draft.commonExtendedNegotiations.get(sopClassUid));
  draft.commonExtendedNegotiations.set(sopClassUid, { sopClassUid, serviceClassUid, relatedGeneralSopClassUids });
  // PS3.7 table D.3-12: what may follow is reserved for later versions and not looked at.
}

// PS3.7 D.3.3.7.1
function readUserIdentity(body: ByteCursor, draft: Draft): void {
  once(body, 'User-identity (58H)', draft.userIdentity);
  const type = body.uint8('User-identity-type');
  const positiveResponseRequested = flag(body, 'Positive-response-requested');
  const primaryField = body.bytes(body.uint16('Primary-field-length'), 'Primary-field');
  const secondaryField = body.bytes(body.uint16('Secondary-field-length'), 'Secondary-field');
  body.end();
  if (type !== 2 && secondaryField.length > 0) {
    throw body.malformed('Secondary-field-length', 'may only be other than 0 for type 2');
  }
  draft.userIdentity = { type, positiveResponseRequested, primaryField, secondaryField };
}

// PS3.7 D.3.3.7.2, item type by table D.3-15 (its figure says 58H)
function readUserIdentityResponse(body: ByteCursor, draft: Draft): void {
  once(body, 'User-identity response (59H)', draft.userIdentityResponse);
  draft.userIdentityResponse = body.bytes(body.uint16('Server-response-length'), 'Server-response');
  body.end();
}

function flag(body: ByteCursor, field: string): boolean {
  const value = body.uint8(field);
  if (value > 1) throw body.malformed(field, `was ${value}, expected 0 or 1`);
  return value === 1;
}

/** Item 50H with its sub-items in increasing order of type. */
export function writeUserInformation(information: UserInformation): Uint8Array {
  const { asynchronousOperationsWindow: window, userIdentity: identity } = information;
  const parts: Uint8Array[] = [
    item(0x51, uint32(information.maximumLength)),
    item(0x52, ascii(information.implementationClassUid)),
  ];
  if (window !== undefined) parts.push(item(0x53, join(uint16(window.invoked), uint16(window.performed))));
  for (const role of information.roleSelections) {
    parts.push(item(0x54, join(sized(ascii(role.sopClassUid)), Uint8Array.of(Number(role.scu), Number(role.scp)))));
  }
  if (information.implementationVersionName !== undefined) {
    parts.push(item(0x55, ascii(information.implementationVersionName)));
  }
  for (const extended of information.extendedNegotiations) {
    parts.push(item(0x56, join(sized(ascii(extended.sopClassUid)), extended.information)));
  }
  for (const common of information.commonExtendedNegotiations) {
    const related = common.relatedGeneralSopClassUids.map((uid) => sized(ascii(uid)));
    const body = join(sized(ascii(common.sopClassUid)), sized(ascii(common.serviceClassUid)), sized(join(...related)));
    parts.push(item(0x57, body));
  }
  if (identity !== undefined) {
    const head = Uint8Array.of(identity.type, Number(identity.positiveResponseRequested));
    parts.push(item(0x58, join(head, sized(identity.primaryField), sized(identity.secondaryField))));
  }
  if (information.userIdentityResponse !== undefined) parts.push(item(0x59, sized(information.userIdentityResponse)));
  return item(0x50, join(...parts));
}
