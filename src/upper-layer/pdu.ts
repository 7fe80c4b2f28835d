/**
 * The PDUs of PS3.8 9.3 as bytes and as data, all but P-DATA-TF, which is streamed (pdu-reader.ts, message-writer.ts).
 * Whether a PDU may come now is for state-machine.ts; what it proposes is judged in negotiation.ts and by the guard.
 */
import { TransferSyntaxes } from '../dicom/transfer-syntax.ts';
import { knownUid, type Uid } from '../dicom/uid.ts';
import type {
  Abort,
  AssociateAccept,
  AssociateReject,
  AssociateRequest,
  PresentationContextProposal,
  PresentationContextResult,
  PresentationContextResultCode,
  UserInformation,
} from './association-types.ts';
import { ByteCursor } from './byte-cursor.ts';
import { ascii, item, join, pdu, uint16 } from './byte-writer.ts';
import type { UpperLayerLimits } from './upper-layer-limits.ts';
import { readUserInformation, writeUserInformation } from './user-information.ts';

/** PS3.8 9.3.1 */
export const PduType = {
  associateRequest: 0x01,
  associateAccept: 0x02,
  associateReject: 0x03,
  data: 0x04,
  releaseRequest: 0x05,
  releaseResponse: 0x06,
  abort: 0x07,
} as const;

/** PS3.7 Annex A.2.1 */
export const dicomApplicationContext: Uid = knownUid('1.2.840.10008.3.1.1.1');

/** Bytes of type, reserved and length before every PDU's variable field. */
export const pduHeaderBytes = 6;

export type AssociatePduLimits = Pick<
  UpperLayerLimits,
  'presentationContextsMax' | 'transferSyntaxesPerContextMax' | 'userSubItemsMax' | 'unknownItemsMax'
>;

/** Protocol version, two AE titles and reserved bytes before the variable items. */
const associateFixedBytes = 68;
/** Bytes 11 to 74 of the PDU: what an A-ASSOCIATE-AC gives back as it came. */
const echoedBytes = { from: 4, to: 68 } as const;

/**
 * Reads the variable field (without the 6-byte header) of an A-ASSOCIATE-RQ, PS3.8 9.3.2.
 * AE titles come back without leading and trailing spaces; '' stands for one of spaces only.
 * @throws LeadglassError MALFORMED or LIMIT_EXCEEDED, with the A-ABORT as cause
 */
export function readAssociateRequest(body: Uint8Array, limits: AssociatePduLimits): AssociateRequest {
  const contexts = new Map<number, PresentationContextProposal>();
  const fields = readAssociate(body, 'A-ASSOCIATE-RQ', 'request', limits, (type, contextBody) => {
    if (type !== 0x20) return false;
    if (contexts.size >= limits.presentationContextsMax) {
      throw contextBody.overLimit('presentation contexts', limits.presentationContextsMax);
    }
    const context = readProposal(contextBody, limits);
    if (contexts.has(context.id)) throw contextBody.malformed('Presentation-context-ID', `${context.id} came twice`);
    contexts.set(context.id, context);
    return true;
  });
  if (contexts.size === 0) throw fields.cursor.malformed('Presentation-context (20H)', 'is missing');
  return { ...fields.values, presentationContexts: [...contexts.values()] };
}

/**
 * Reads the variable field of an A-ASSOCIATE-AC, PS3.8 9.3.3. That it answers what was asked is checked by
 * `acceptedContexts` in negotiation.ts.
 * @throws LeadglassError MALFORMED or LIMIT_EXCEEDED, with the A-ABORT as cause
 */
export function readAssociateAccept(body: Uint8Array, limits: AssociatePduLimits): AssociateAccept {
  const contexts = new Map<number, PresentationContextResult>();
  const fields = readAssociate(body, 'A-ASSOCIATE-AC', 'accept', limits, (type, contextBody) => {
    if (type !== 0x21) return false;
    if (contexts.size >= limits.presentationContextsMax) {
      throw contextBody.overLimit('presentation contexts', limits.presentationContextsMax);
    }
    const context = readResult(contextBody, limits);
    if (contexts.has(context.id)) throw contextBody.malformed('Presentation-context-ID', `${context.id} came twice`);
    contexts.set(context.id, context);
    return true;
  });
  return { ...fields.values, presentationContexts: [...contexts.values()] };
}

interface AssociateFields {
  readonly protocolVersion: number;
  readonly calledAeTitle: string;
  readonly callingAeTitle: string;
  readonly applicationContextName: Uid;
  readonly userInformation: UserInformation;
}

function readAssociate(
  body: Uint8Array,
  what: string,
  of: 'request' | 'accept',
  limits: AssociatePduLimits,
  context: (type: number, body: ByteCursor) => boolean,
): { readonly values: AssociateFields; readonly cursor: ByteCursor } {
  const cursor = new ByteCursor(body, what, pduHeaderBytes);
  if (body.length < associateFixedBytes) {
    throw cursor.malformed('length', `was ${body.length}, expected at least ${associateFixedBytes}`);
  }
  const protocolVersion = cursor.uint16('Protocol-version');
  cursor.skip(2, 'Reserved');
  const calledAeTitle = aeTitle(cursor, 'Called-AE-title', of);
  const callingAeTitle = aeTitle(cursor, 'Calling-AE-title', of);
  cursor.skip(32, 'Reserved');

  let applicationContextName: Uid | undefined;
  let userInformation: UserInformation | undefined;
  let unknownItems = 0;
  while (cursor.remaining > 0) {
    const { type, body: itemBody } = cursor.item();
    if (type === 0x10) {
      if (applicationContextName !== undefined) throw cursor.malformed('Application-context (10H)', 'came twice');
      applicationContextName = itemBody.uid(itemBody.remaining, 'Application-context-name');
    } else if (type === 0x50) {
      if (userInformation !== undefined) throw cursor.malformed('User-information (50H)', 'came twice');
      userInformation = readUserInformation(itemBody, of, limits);
    } else if (!context(type, itemBody)) {
      unknownItems += 1; // PS3.8 9.3.1: items of unrecognized types are ignored
      if (unknownItems > limits.unknownItemsMax) throw cursor.overLimit('unknown items', limits.unknownItemsMax);
    }
  }
  if (applicationContextName === undefined) throw cursor.malformed('Application-context (10H)', 'is missing');
  if (userInformation === undefined) throw cursor.malformed('User-information (50H)', 'is missing');
  return {
    values: { protocolVersion, calledAeTitle, callingAeTitle, applicationContextName, userInformation },
    cursor,
  };
}

function aeTitle(cursor: ByteCursor, field: string, of: 'request' | 'accept'): string {
  if (of === 'accept') {
    // PS3.8 table 9-17: bytes 11 to 42 of an A-ASSOCIATE-AC are not tested; what is no text counts as not there.
    const text = Buffer.from(cursor.bytes(16, field)).toString('latin1');
    return /^[ -~]*$/.test(text) ? trimmed(text) : '';
  }
  return trimmed(cursor.text(16, field));
}

function trimmed(text: string): string {
  return text.replaceAll(/^ +| +$/g, '');
}

// PS3.8 9.3.2.2
function readProposal(body: ByteCursor, limits: AssociatePduLimits): PresentationContextProposal {
  const id = contextId(body);
  body.skip(3, 'Reserved');
  let abstractSyntax: Uid | undefined;
  const transferSyntaxes: Uid[] = [];
  let unknownItems = 0;
  while (body.remaining > 0) {
    const subItem = body.item();
    if (subItem.type === 0x30) {
      if (abstractSyntax !== undefined) throw body.malformed('Abstract-syntax (30H)', 'came twice');
      abstractSyntax = subItem.body.uid(subItem.body.remaining, 'Abstract-syntax-name');
    } else if (subItem.type === 0x40) {
      if (transferSyntaxes.length >= limits.transferSyntaxesPerContextMax) {
        throw body.overLimit('transfer syntaxes in a presentation context', limits.transferSyntaxesPerContextMax);
      }
      transferSyntaxes.push(subItem.body.uid(subItem.body.remaining, 'Transfer-syntax-name'));
    } else {
      unknownItems += 1;
      if (unknownItems > limits.unknownItemsMax) throw body.overLimit('unknown items', limits.unknownItemsMax);
    }
  }
  if (abstractSyntax === undefined) throw body.malformed('Abstract-syntax (30H)', 'is missing');
  if (transferSyntaxes.length === 0) throw body.malformed('Transfer-syntax (40H)', 'is missing');
  return { id, abstractSyntax, transferSyntaxes };
}

// PS3.8 9.3.3.2
function readResult(body: ByteCursor, limits: AssociatePduLimits): PresentationContextResult {
  const id = contextId(body);
  body.skip(1, 'Reserved');
  const result = resultCode(body);
  body.skip(1, 'Reserved');
  let transferSyntax: Uid | undefined;
  let unknownItems = 0;
  while (body.remaining > 0) {
    const subItem = body.item();
    if (subItem.type === 0x40) {
      // Table 9-18: not significant, and not tested, unless accepted.
      if (result !== 0) continue;
      if (transferSyntax !== undefined) throw body.malformed('Transfer-syntax (40H)', 'came twice');
      transferSyntax = subItem.body.uid(subItem.body.remaining, 'Transfer-syntax-name');
    } else {
      unknownItems += 1;
      if (unknownItems > limits.unknownItemsMax) throw body.overLimit('unknown items', limits.unknownItemsMax);
    }
  }
  if (result === 0 && transferSyntax === undefined) throw body.malformed('Transfer-syntax (40H)', 'is missing');
  return { id, result, transferSyntax: transferSyntax ?? TransferSyntaxes.ImplicitVrLittleEndian };
}

function contextId(body: ByteCursor): number {
  const id = body.uint8('Presentation-context-ID');
  if (id % 2 === 0) throw body.malformed('Presentation-context-ID', `was ${id}, expected an odd number`);
  return id;
}

function resultCode(body: ByteCursor): PresentationContextResultCode {
  const value = body.uint8('Result/Reason');
  switch (value) {
    case 0:
    case 1:
    case 2:
    case 3:
    case 4:
      return value;
    default:
      throw body.malformed('Result/Reason', `was ${value}, expected 0 to 4`);
  }
}

/** The whole PDU. AE titles are padded with spaces to 16. */
export function writeAssociateRequest(request: AssociateRequest): Uint8Array {
  const contexts = request.presentationContexts.map((context) =>
    item(
      0x20,
      join(
        Uint8Array.of(context.id, 0, 0, 0),
        item(0x30, ascii(context.abstractSyntax)),
        ...context.transferSyntaxes.map((uid) => item(0x40, ascii(uid))),
      ),
    ),
  );
  return writeAssociate(PduType.associateRequest, request, contexts, undefined);
}

/**
 * The whole PDU.
 * @param echoed of {@link echoedFields}: the request's bytes 11 to 74, which PS3.8 table 9-17 wants back unchanged
 */
export function writeAssociateAccept(accept: AssociateAccept, echoed?: Uint8Array): Uint8Array {
  const contexts = accept.presentationContexts.map((context) =>
    item(0x21, join(Uint8Array.of(context.id, 0, context.result, 0), item(0x40, ascii(context.transferSyntax)))),
  );
  return writeAssociate(PduType.associateAccept, accept, contexts, echoed);
}

/** A copy of bytes 11 to 74 of an A-ASSOCIATE-RQ, out of its variable field. */
export function echoedFields(body: Uint8Array): Uint8Array {
  return Uint8Array.from(body.subarray(echoedBytes.from, echoedBytes.to));
}

function writeAssociate(
  type: number,
  fields: AssociateFields,
  contexts: readonly Uint8Array[],
  echoed: Uint8Array | undefined,
): Uint8Array {
  const names = echoed ?? join(paddedAeTitle(fields.calledAeTitle), paddedAeTitle(fields.callingAeTitle), zeros(32));
  return pdu(
    type,
    join(
      uint16(fields.protocolVersion),
      zeros(2),
      names,
      item(0x10, ascii(fields.applicationContextName)),
      ...contexts,
      writeUserInformation(fields.userInformation),
    ),
  );
}

function zeros(length: number): Uint8Array {
  return new Uint8Array(length);
}

function paddedAeTitle(title: string): Uint8Array {
  if (title.length > 16) throw new RangeError(`Cannot write AE title: length was ${title.length}, at most 16 fits`);
  return ascii(title.padEnd(16));
}

/**
 * Reads the variable field of an A-ASSOCIATE-RJ, PS3.8 9.3.4.
 * @throws LeadglassError MALFORMED
 */
export function readAssociateReject(body: Uint8Array): AssociateReject {
  const cursor = new ByteCursor(body, 'A-ASSOCIATE-RJ', pduHeaderBytes);
  cursor.skip(1, 'Reserved');
  const result = cursor.uint8('Result');
  const source = cursor.uint8('Source');
  const reason = cursor.uint8('Reason/Diag.');
  cursor.end();
  if (result !== 1 && result !== 2) throw cursor.malformed('Result', `was ${result}, expected 1 or 2`);
  if (source !== 1 && source !== 2 && source !== 3) {
    throw cursor.malformed('Source', `was ${source}, expected 1 to 3`);
  }
  return { result, source, reason };
}

/** The whole PDU. */
export function writeAssociateReject(reject: AssociateReject): Uint8Array {
  return pdu(PduType.associateReject, Uint8Array.of(0, reject.result, reject.source, reject.reason));
}

/**
 * Reads the variable field of an A-ABORT, PS3.8 9.3.8. A source that the standard does not know is taken as the
 * service-user, so that an ending is never answered by another abort.
 */
export function readAbort(body: Uint8Array): Abort {
  const cursor = new ByteCursor(body, 'A-ABORT', pduHeaderBytes);
  cursor.skip(2, 'Reserved');
  const source = cursor.uint8('Source');
  const reason = cursor.uint8('Reason/Diag');
  cursor.end();
  // Table 9-26: the reason is only significant from the service-provider.
  return source === 2 ? { source, reason } : { source: 0, reason: 0 };
}

/** The whole PDU. */
export function writeAbort(abort: Abort): Uint8Array {
  return pdu(PduType.abort, Uint8Array.of(0, 0, abort.source, abort.source === 2 ? abort.reason : 0));
}

/** The whole A-RELEASE-RQ, PS3.8 9.3.6. */
export function writeReleaseRequest(): Uint8Array {
  return pdu(PduType.releaseRequest, zeros(4));
}

/** The whole A-RELEASE-RP, PS3.8 9.3.7. */
export function writeReleaseResponse(): Uint8Array {
  return pdu(PduType.releaseResponse, zeros(4));
}

/** Header of a P-DATA-TF PDU with one PDV, PS3.8 9.3.5: what stands before `dataBytes` bytes of the message. */
export function writeDataHeader(presentationContextId: number, control: number, dataBytes: number): Buffer {
  const header = Buffer.allocUnsafe(12);
  header[0] = PduType.data;
  header[1] = 0;
  header.writeUInt32BE(dataBytes + 6, 2);
  header.writeUInt32BE(dataBytes + 2, 6);
  header[10] = presentationContextId;
  header[11] = control;
  return header;
}
