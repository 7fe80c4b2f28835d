/**
 * One record of the ledger as one line of a file: its members, how a line is written and read, and the hash that chains
 * it to the line before. Files and durability are left to ledger.ts.
 *
 * A line is `{"seq":…,"prev":"…","at":"…",…,"xml":"…","hash":"…"}` and a line feed. The hash is SHA-256 over the 32 bytes
 * of the previous record's hash and the bytes of the line up to (not with) `,"hash":`. Every byte of a line is thus
 * either hashed or fixed, and a check needs no JSON parser: what is compared are the bytes as they stand on the disk.
 */
import { createHash } from 'node:crypto';
import { LeadglassError } from '../error.ts';
import type { AuditMessage, EventOutcome } from './audit-message.ts';
import { toXml } from './audit-message.ts';

export interface LedgerRecordInput {
  readonly event: AuditMessage;
  /** Who, in words: `device CT1`, `operator root`, `system recovery`, or `unknown`. */
  readonly principal?: string;
  /** Name of the device, its AE title at enrolment. */
  readonly device?: string;
  readonly openingId?: number;
  readonly door?: string;
  readonly address?: string;
  readonly patientIds?: readonly string[];
  readonly studyInstanceUids?: readonly string[];
  /** The same as the event's. */
  readonly outcome?: EventOutcome;
  /** Why it was refused or failed, as a stable word or a short text. */
  readonly reason?: string;
  /** The association or request that this belongs to. */
  readonly transferId?: string;
  /**
   * `begun` opens the named studies within the transfer; `ended` closes the named ones (all of the transfer, when it
   * names none). When a transfer needs several closing records for one study, only the last one says `ended`.
   */
  readonly transferState?: 'begun' | 'ended';
}

/** A record as read back. */
export interface LedgerRecord extends Omit<LedgerRecordInput, 'event' | 'outcome'> {
  readonly seq: number;
  readonly prev: string;
  /** Wall clock, ISO 8601 in UTC. */
  readonly at: string;
  /** Code of the event id and of its first type, for instance 110113 and 110126. */
  readonly event: string;
  readonly type?: string;
  readonly outcome: EventOutcome;
  readonly patientIds: readonly string[];
  readonly studyInstanceUids: readonly string[];
  /** By how much the wall clock left the steady clock since the record before, when that was more than the limit. */
  readonly clockJumpMs?: number;
  /** The audit message of PS3.15 A.5. */
  readonly xml: string;
  readonly hash: string;
}

/** Hash before the first record. */
export const genesisHash = '0'.repeat(64);

/** The part of a line that is known before its place in the chain: everything after `prev` up to and with the XML. */
export function recordBody(input: LedgerRecordInput, at: Date, clockJumpMs: number | undefined): string {
  const { event } = input.event;
  if (input.outcome !== undefined && input.outcome !== event.outcome) {
    throw new LeadglassError(
      'INTERNAL',
      `Cannot record: outcome was ${input.outcome}, but ${event.outcome} in its audit message`,
    );
  }
  const facts = {
    at: at.toISOString(),
    event: event.id.code,
    type: event.types?.[0]?.code,
    outcome: event.outcome,
    reason: input.reason,
    principal: input.principal,
    device: input.device,
    openingId: input.openingId,
    door: input.door,
    address: input.address,
    patientIds: input.patientIds ?? [],
    studyInstanceUids: input.studyInstanceUids ?? [],
    transferId: input.transferId,
    transferState: input.transferState,
    clockJumpMs,
    xml: toXml(input.event),
  };
  // Well-formed: JSON.stringify writes lone surrogates as escapes, so the text is valid UTF-8 as it stands.
  return JSON.stringify(facts).slice(1, -1);
}

/** What every line with this place in the chain begins with. */
function linePrefix(seq: number, prev: string): string {
  return `{"seq":${seq},"prev":"${prev}",`;
}

export interface EncodedLine {
  readonly line: Buffer;
  readonly hash: string;
}

/** A whole line, line feed included. */
export function encodeLine(seq: number, prev: string, body: string): EncodedLine {
  const covered = linePrefix(seq, prev) + body;
  const hash = createHash('sha256').update(Buffer.from(prev, 'hex')).update(covered, 'utf8').digest('hex');
  return { line: Buffer.from(`${covered},"hash":"${hash}"}\n`, 'utf8'), hash };
}

/** `,"hash":"` + 64 hexadecimal digits + `"}`, without the line feed. */
const suffixLengthBytes = 9 + 64 + 2;

export type LineCheck = { readonly hash: string } | { readonly problem: string };

/** Does this line (without its line feed) follow the record with that hash? Says in words what is wrong. */
export function checkLine(line: Buffer, seq: number, prev: string): LineCheck {
  const found = placeOf(line);
  if (found === undefined) return { problem: 'not a ledger record' };
  if (found.seq !== seq) return { problem: `has number ${found.seq}, expected ${seq}` };
  if (found.prev !== prev) return { problem: 'does not follow the record before it' };
  const covered = line.subarray(0, line.length - suffixLengthBytes);
  const hash = createHash('sha256').update(Buffer.from(prev, 'hex')).update(covered).digest('hex');
  if (line.subarray(covered.length).toString('latin1') !== `,"hash":"${hash}"}`) {
    return { problem: 'its content does not match its hash' };
  }
  return { hash };
}

/** Number, previous hash and own hash as a line claims them, unchecked; undefined when it has not the form. */
export function placeOf(
  line: Buffer,
): { readonly seq: number; readonly prev: string; readonly hash: string } | undefined {
  const head = /^\{"seq":(0|[1-9][0-9]{0,15}),"prev":"([0-9a-f]{64})",/.exec(line.toString('latin1', 0, 128));
  if (head?.[1] === undefined || head[2] === undefined || line.length < head[0].length + suffixLengthBytes) {
    return undefined;
  }
  const tail = /^,"hash":"([0-9a-f]{64})"\}$/.exec(line.toString('latin1', line.length - suffixLengthBytes));
  if (tail?.[1] === undefined) return undefined;
  return { seq: Number(head[1]), prev: head[2], hash: tail[1] };
}

/** The facts of a line without its XML: cheap, for filters. */
export function readFacts(line: Buffer): Omit<LedgerRecord, 'xml' | 'hash'> {
  // Within JSON strings every quotation mark is escaped, so this text is only found where the member begins.
  const end = line.indexOf(',"xml":"');
  return parseJson(end === -1 ? line.toString('utf8') : `${line.toString('utf8', 0, end)}}`);
}

/** The whole record; its place in the chain is not checked here. */
export function readRecord(line: Buffer): LedgerRecord {
  return parseJson(line.toString('utf8'));
}

// The form of a line is ours, and verify is there to tell whether somebody changed it, so shapes are not checked again.
function parseJson(text: string): LedgerRecord {
  try {
    const record: LedgerRecord = JSON.parse(text);
    return record;
  } catch (cause) {
    throw new LeadglassError('CORRUPT', 'Cannot read a ledger record: it is not JSON; run `leadglass ledger verify`', {
      cause,
    });
  }
}
