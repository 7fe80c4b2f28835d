/**
 * The least DICOM that a load generator needs: synthetic data sets as bytes, an association request, C-STORE and C-GET
 * commands. Deliberately apart from src/, so that the sender is the same for every receiver and gains nothing from ours.
 */
import { createHash } from 'node:crypto';

const ascii = (text: string): Buffer => Buffer.from(text, 'latin1');

export function uidFor(seed: string): string {
  return `2.25.${BigInt(`0x${createHash('sha256').update(seed).digest('hex').slice(0, 30)}`)}`;
}

export function seriesUidFor(seed: string, patient: number, series?: number): string {
  return uidFor(`${seed}/${patient}/series${series === undefined ? '' : `/${series}`}`);
}

/** One explicit VR little endian element. */
function element(group: number, number: number, vr: string, value: Buffer | string): Buffer {
  let bytes = typeof value === 'string' ? ascii(value) : value;
  if (bytes.length % 2 === 1) bytes = Buffer.concat([bytes, Buffer.from([vr === 'UI' ? 0 : 0x20])]);
  const long = vr === 'OW' || vr === 'OB' || vr === 'SQ';
  const head = Buffer.alloc(long ? 12 : 8);
  head.writeUInt16LE(group, 0);
  head.writeUInt16LE(number, 2);
  head.write(vr, 4, 'latin1');
  if (long) head.writeUInt32LE(bytes.length, 8);
  else head.writeUInt16LE(bytes.length, 6);
  return Buffer.concat([head, bytes]);
}

const us = (value: number): Buffer => {
  const bytes = Buffer.alloc(2);
  bytes.writeUInt16LE(value);
  return bytes;
};

export interface SyntheticInstance {
  readonly sopClassUid: string;
  readonly sopInstanceUid: string;
  readonly studyInstanceUid: string;
  /** Explicit VR little endian, no preamble, no group 0002. Header and pixels apart, so that pixels are shared in memory. */
  readonly header: Buffer;
  readonly pixels: Buffer;
}

export const ctImageStorage = '1.2.840.10008.5.1.4.1.1.2';
export const explicitLittleEndian = '1.2.840.10008.1.2.1';

/** A CT slice of `rows` × `columns` 16-bit pixels; the same seed and numbers give the same bytes. */
export function syntheticCt(facts: {
  readonly seed: string;
  readonly patient: number;
  readonly instance: number;
  readonly rows: number;
  readonly columns: number;
  readonly frames?: number;
  /** Of which series of the study; one for all by default. */
  readonly series?: number;
  readonly pixels: Buffer;
}): SyntheticInstance {
  const { seed, patient, instance, rows, columns, pixels } = facts;
  const studyInstanceUid = uidFor(`${seed}/${patient}/study`);
  const sopInstanceUid = uidFor(`${seed}/${patient}/${instance}`);
  const parts = [
    element(0x0008, 0x0005, 'CS', 'ISO_IR 192'),
    element(0x0008, 0x0008, 'CS', 'ORIGINAL\\PRIMARY\\AXIAL'),
    element(0x0008, 0x0016, 'UI', ctImageStorage),
    element(0x0008, 0x0018, 'UI', sopInstanceUid),
    element(0x0008, 0x0020, 'DA', '20240102'),
    element(0x0008, 0x0030, 'TM', '101112'),
    element(0x0008, 0x0050, 'SH', `ACC${patient}`),
    element(0x0008, 0x0060, 'CS', 'CT'),
    element(0x0008, 0x0070, 'LO', 'Synthetic'),
    element(0x0008, 0x0090, 'PN', ''),
    element(0x0008, 0x1030, 'LO', 'Synthetic load'),
    element(0x0010, 0x0010, 'PN', `Load^Test${String(patient).padStart(6, '0')}`),
    element(0x0010, 0x0020, 'LO', `LOAD${String(patient).padStart(6, '0')}`),
    element(0x0010, 0x0030, 'DA', '19700101'),
    element(0x0010, 0x0040, 'CS', 'O'),
    element(0x0020, 0x000d, 'UI', studyInstanceUid),
    element(0x0020, 0x000e, 'UI', seriesUidFor(seed, patient, facts.series)),
    element(0x0020, 0x0010, 'SH', '1'),
    element(0x0020, 0x0011, 'IS', '1'),
    element(0x0020, 0x0013, 'IS', String(instance)),
    element(0x0028, 0x0002, 'US', us(1)),
    element(0x0028, 0x0004, 'CS', 'MONOCHROME2'),
    ...(facts.frames === undefined ? [] : [element(0x0028, 0x0008, 'IS', String(facts.frames))]),
    element(0x0028, 0x0010, 'US', us(rows)),
    element(0x0028, 0x0011, 'US', us(columns)),
    element(0x0028, 0x0100, 'US', us(16)),
    element(0x0028, 0x0101, 'US', us(16)),
    element(0x0028, 0x0102, 'US', us(15)),
    element(0x0028, 0x0103, 'US', us(1)),
  ];
  const pixelHead = Buffer.alloc(12);
  pixelHead.writeUInt16LE(0x7fe0, 0);
  pixelHead.writeUInt16LE(0x0010, 2);
  pixelHead.write('OW', 4, 'latin1');
  pixelHead.writeUInt32LE(pixels.length, 8);
  return {
    sopClassUid: ctImageStorage,
    sopInstanceUid,
    studyInstanceUid,
    header: Buffer.concat([...parts, pixelHead]),
    pixels,
  };
}

/** What stands before the data set in a file (PS3.10 7.1): empty preamble, prefix and File Meta Information. */
export function part10Head(sopInstanceUid: string, transferSyntaxUid = explicitLittleEndian): Buffer {
  const rest = Buffer.concat([
    element(0x0002, 0x0001, 'OB', Buffer.from([0, 1])),
    element(0x0002, 0x0002, 'UI', ctImageStorage),
    element(0x0002, 0x0003, 'UI', sopInstanceUid),
    element(0x0002, 0x0010, 'UI', transferSyntaxUid),
    element(0x0002, 0x0012, 'UI', '2.25.1'),
  ]);
  const length = Buffer.alloc(4);
  length.writeUInt32LE(rest.length);
  return Buffer.concat([Buffer.alloc(128), Buffer.from('DICM'), element(0x0002, 0x0000, 'UL', length), rest]);
}

/** What stands before the pixels of an instance in a Part 10 file: preamble, file meta information, data set. */
export function part10({ header, sopInstanceUid }: SyntheticInstance): Buffer {
  return Buffer.concat([part10Head(sopInstanceUid), header]);
}

/** Pixels that look like an image to a compressor: a ramp with a little noise. */
export function syntheticPixels(lengthBytes: number): Buffer {
  const pixels = Buffer.alloc(lengthBytes);
  let state = 12_345;
  for (let at = 0; at + 1 < lengthBytes; at += 2) {
    state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0;
    pixels.writeUInt16LE(((at >>> 6) & 0x7ff) + (state >>> 27), at);
  }
  return pixels;
}

// ── upper layer ──────────────────────────────────────────────────────────────────────────────────────────────────────

function item(type: number, body: Buffer): Buffer {
  const head = Buffer.from([type, 0, 0, 0]);
  head.writeUInt16BE(body.length, 2);
  return Buffer.concat([head, body]);
}

export interface ProposedContext {
  readonly id: number;
  readonly abstractSyntax: string;
  readonly transferSyntaxes: readonly string[];
}

/** A-ASSOCIATE-RQ; `scpRoles` are SOP classes for which we offer the SCP role (C-GET). */
export function associateRequest(facts: {
  readonly calling: string;
  readonly called: string;
  readonly contexts: readonly ProposedContext[];
  readonly maximumLength: number;
  readonly scpRoles?: readonly string[];
}): Buffer {
  const maximum = Buffer.alloc(4);
  maximum.writeUInt32BE(facts.maximumLength);
  const roles = (facts.scpRoles ?? []).map((uid) => {
    const head = Buffer.alloc(2);
    head.writeUInt16BE(uid.length);
    return item(0x54, Buffer.concat([head, ascii(uid), Buffer.from([1, 1])]));
  });
  const variable = Buffer.concat([
    item(0x10, ascii('1.2.840.10008.3.1.1.1')),
    ...facts.contexts.map(({ id, abstractSyntax, transferSyntaxes }) =>
      item(
        0x20,
        Buffer.concat([
          Buffer.from([id, 0, 0, 0]),
          item(0x30, ascii(abstractSyntax)),
          ...transferSyntaxes.map((uid) => item(0x40, ascii(uid))),
        ]),
      ),
    ),
    item(0x50, Buffer.concat([item(0x51, maximum), item(0x52, ascii('2.25.1')), ...roles])),
  ]);
  const body = Buffer.concat([
    Buffer.from([0, 1, 0, 0]),
    ascii(facts.called.padEnd(16)),
    ascii(facts.calling.padEnd(16)),
    Buffer.alloc(32),
    variable,
  ]);
  return pdu(0x01, body);
}

export function pdu(type: number, body: Buffer): Buffer {
  const head = Buffer.from([type, 0, 0, 0, 0, 0]);
  head.writeUInt32BE(body.length, 2);
  return Buffer.concat([head, body]);
}

export const releaseRequest = pdu(0x05, Buffer.alloc(4));
export const releaseResponse = pdu(0x06, Buffer.alloc(4));

/** The peer's maximum length (51H) in an A-ASSOCIATE-AC body (without the PDU head); 0 is unlimited. */
export function acceptedMaximumLength(body: Buffer): number {
  let at = 68;
  while (at + 4 <= body.length) {
    const type = body[at];
    const length = body.readUInt16BE(at + 2);
    if (type === 0x50) {
      let inner = at + 4;
      while (inner + 4 <= at + 4 + length) {
        if (body[inner] === 0x51) return body.readUInt32BE(inner + 4);
        inner += 4 + body.readUInt16BE(inner + 2);
      }
    }
    at += 4 + length;
  }
  return 16_384;
}

/** How many presentation contexts were accepted (21H with result 0). */
export function acceptedContexts(body: Buffer): ReadonlyMap<number, string> {
  const accepted = new Map<number, string>();
  let at = 68;
  while (at + 4 <= body.length) {
    const length = body.readUInt16BE(at + 2);
    if (body[at] === 0x21 && body[at + 6] === 0) {
      const nameLength = body.readUInt16BE(at + 10);
      accepted.set(body.readUInt8(at + 4), body.toString('latin1', at + 12, at + 12 + nameLength));
    }
    at += 4 + length;
  }
  return accepted;
}

// ── DIMSE ────────────────────────────────────────────────────────────────────────────────────────────────────────────

function commandElement(number: number, value: Buffer): Buffer {
  const head = Buffer.alloc(8);
  head.writeUInt16LE(0, 0);
  head.writeUInt16LE(number, 2);
  head.writeUInt32LE(value.length, 4);
  return Buffer.concat([head, value]);
}
const paddedUid = (uid: string): Buffer => ascii(uid.length % 2 === 0 ? uid : `${uid}\0`);

function commandSet(elements: readonly Buffer[]): Buffer {
  const body = Buffer.concat(elements);
  const length = Buffer.alloc(4);
  length.writeUInt32LE(body.length);
  return Buffer.concat([commandElement(0x0000, length), body]);
}

export function storeRequest(messageId: number, sopClassUid: string, sopInstanceUid: string): Buffer {
  return commandSet([
    commandElement(0x0002, paddedUid(sopClassUid)),
    commandElement(0x0100, us(0x0001)),
    commandElement(0x0110, us(messageId)),
    commandElement(0x0700, us(0)),
    commandElement(0x0800, us(0x0001)),
    commandElement(0x1000, paddedUid(sopInstanceUid)),
  ]);
}

export function storeResponse(messageId: number, sopClassUid: string, sopInstanceUid: string): Buffer {
  return commandSet([
    commandElement(0x0002, paddedUid(sopClassUid)),
    commandElement(0x0100, us(0x8001)),
    commandElement(0x0120, us(messageId)),
    commandElement(0x0800, us(0x0101)),
    commandElement(0x0900, us(0)),
    commandElement(0x1000, paddedUid(sopInstanceUid)),
  ]);
}

export function echoRequest(messageId: number): Buffer {
  return commandSet([
    commandElement(0x0002, paddedUid('1.2.840.10008.1.1')),
    commandElement(0x0100, us(0x0030)),
    commandElement(0x0110, us(messageId)),
    commandElement(0x0800, us(0x0101)),
  ]);
}

/** C-FIND-RQ (0020H) or C-GET-RQ (0010H); the identifier follows as a data set. */
export function queryRequest(kind: 'find' | 'get', messageId: number, sopClassUid: string): Buffer {
  return commandSet([
    commandElement(0x0002, paddedUid(sopClassUid)),
    commandElement(0x0100, us(kind === 'find' ? 0x0020 : 0x0010)),
    commandElement(0x0110, us(messageId)),
    commandElement(0x0700, us(0)),
    commandElement(0x0800, us(0x0001)),
  ]);
}

/** An identifier from [group, element, vr, value] rows in tag order, explicit VR little endian. */
export function identifier(rows: readonly (readonly [number, number, string, string])[]): Buffer {
  return Buffer.concat(rows.map(([group, number, vr, value]) => element(group, number, vr, value)));
}

export interface ParsedCommand {
  readonly field: number;
  readonly messageId: number;
  readonly respondedTo: number;
  readonly status: number;
  readonly hasDataSet: boolean;
  readonly sopClassUid: string;
  readonly sopInstanceUid: string;
}

export function parseCommand(bytes: Buffer): ParsedCommand {
  const values = new Map<number, Buffer>();
  for (let at = 0; at + 8 <= bytes.length; ) {
    const length = bytes.readUInt32LE(at + 4);
    values.set(bytes.readUInt16LE(at + 2), bytes.subarray(at + 8, at + 8 + length));
    at += 8 + length;
  }
  const number = (key: number): number => values.get(key)?.readUInt16LE(0) ?? 0;
  const text = (key: number): string => values.get(key)?.toString('latin1').replaceAll('\0', '') ?? '';
  return {
    field: number(0x0100),
    messageId: number(0x0110),
    respondedTo: number(0x0120),
    status: number(0x0900),
    hasDataSet: number(0x0800) !== 0x0101,
    sopClassUid: text(0x0002),
    sopInstanceUid: text(0x1000),
  };
}

/** P-DATA-TF PDU heads with one PDV each, as [head, slice] pairs ready for a gathered write. */
export function* dataPdus(
  contextId: number,
  isCommand: boolean,
  parts: readonly Buffer[],
  maximumLength: number,
): Generator<Buffer> {
  const room = (maximumLength === 0 ? 131_072 : Math.min(maximumLength, 131_072)) - 6;
  let left = 0;
  for (const part of parts) left += part.length;
  let partIndex = 0;
  let partAt = 0;
  do {
    const take = Math.min(room, left);
    left -= take;
    const head = Buffer.alloc(12);
    head[0] = 0x04;
    head.writeUInt32BE(take + 6, 2);
    head.writeUInt32BE(take + 2, 6);
    head[10] = contextId;
    head[11] = (isCommand ? 1 : 0) | (left === 0 ? 2 : 0);
    yield head;
    let need = take;
    while (need > 0) {
      const part = parts[partIndex] ?? Buffer.alloc(0);
      const slice = part.subarray(partAt, partAt + need);
      yield slice;
      need -= slice.length;
      partAt += slice.length;
      if (partAt === part.length) {
        partIndex += 1;
        partAt = 0;
      }
    }
  } while (left > 0);
}
