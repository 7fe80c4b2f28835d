/**
 * Reading the ledger with a filter, by scanning the files with bounded memory: no index that could disagree with them.
 * Whether the chain holds is left to verify.ts.
 */
import { join } from 'node:path';
import { LeadglassError } from '../error.ts';
import type { EventOutcome } from './audit-message.ts';
import type { RecordPlace } from './checkpoints.ts';
import type { LineLimits } from './ledger-files.ts';
import { ledgerFileName, listLedgerFiles, readLines, readWindowsBackwards } from './ledger-files.ts';
import type { LedgerRecord } from './record.ts';
import { readFacts, readRecord } from './record.ts';

/** All members given must fit. */
export interface LedgerFilter {
  readonly since?: Date;
  readonly until?: Date;
  /** Principal with or without its kind (`operator root`, `root`), device or address, without regard to case. */
  readonly who?: string;
  readonly patientId?: string;
  readonly studyInstanceUid?: string;
  /** Code of the event id or type, for instance 110112. */
  readonly event?: string;
  readonly outcome?: EventOutcome;
  readonly transferId?: string;
  /** At most so many records. */
  readonly limit?: number;
  readonly order?: 'newest-first' | 'oldest-first';
}

/** Records of a ledger folder that fit the filter; works without an open ledger. */
export async function* queryLedger(
  directory: string,
  filter: LedgerFilter,
  limits: LineLimits,
): AsyncGenerator<LedgerRecord> {
  const limit = filter.limit ?? Number.POSITIVE_INFINITY;
  if (limit <= 0) return;
  let count = 0;
  const lines = filter.order === 'oldest-first' ? linesForwards : linesBackwards;
  for await (const line of lines(directory, needleOf(filter), limits)) {
    if (!fits(readFacts(line), filter)) continue;
    yield readRecord(line);
    count += 1;
    if (count >= limit) return;
  }
}

/** The record that begins at this place. */
export async function readRecordAt(directory: string, place: RecordPlace, limits: LineLimits): Promise<LedgerRecord> {
  const path = join(directory, ledgerFileName(place.file));
  for await (const { bytes } of readLines(path, limits, { from: place.offset })) return readRecord(bytes);
  throw new LeadglassError('CORRUPT', `Cannot read record ${place.seq} of the ledger: its file ends before it`);
}

/** Text that every fitting line contains; looked for before anything is parsed. */
function needleOf(filter: LedgerFilter): Buffer | undefined {
  const text = filter.studyInstanceUid ?? filter.transferId ?? filter.patientId ?? filter.event;
  return text === undefined ? undefined : Buffer.from(JSON.stringify(text));
}

function fits(facts: Omit<LedgerRecord, 'xml' | 'hash'>, filter: LedgerFilter): boolean {
  const atMs = Date.parse(facts.at);
  if (filter.since !== undefined && atMs < filter.since.getTime()) return false;
  if (filter.until !== undefined && atMs > filter.until.getTime()) return false;
  if (filter.outcome !== undefined && facts.outcome !== filter.outcome) return false;
  if (filter.event !== undefined && facts.event !== filter.event && facts.type !== filter.event) return false;
  if (filter.transferId !== undefined && facts.transferId !== filter.transferId) return false;
  if (filter.patientId !== undefined && !facts.patientIds.includes(filter.patientId)) return false;
  if (filter.studyInstanceUid !== undefined && !facts.studyInstanceUids.includes(filter.studyInstanceUid)) return false;
  if (filter.who === undefined) return true;
  const who = filter.who.toLowerCase();
  // A principal is its kind and its name; either the whole or the name is asked for.
  const name = facts.principal?.replace(/^\S+ /, '');
  return [facts.principal, name, facts.device, facts.address].some((known) => known?.toLowerCase() === who);
}

async function* linesForwards(
  directory: string,
  needle: Buffer | undefined,
  limits: LineLimits,
): AsyncGenerator<Buffer> {
  for (const number of listLedgerFiles(directory)) {
    for await (const { bytes, complete } of readLines(join(directory, ledgerFileName(number)), limits)) {
      if (complete && (needle === undefined || bytes.includes(needle))) yield bytes;
    }
  }
}

async function* linesBackwards(
  directory: string,
  needle: Buffer | undefined,
  limits: LineLimits,
): AsyncGenerator<Buffer> {
  for (const number of listLedgerFiles(directory).toReversed()) {
    const windows = readWindowsBackwards(join(directory, ledgerFileName(number)), limits);
    for await (const { bytes } of windows) {
      let end = bytes.length;
      while (end > 0) {
        // With a needle the search jumps over lines that cannot fit, which is most of the work of a long scan.
        const hit = needle === undefined ? end - 1 : bytes.subarray(0, end).lastIndexOf(needle);
        if (hit === -1) break;
        const lineEnd = bytes.indexOf(0x0a, hit);
        const lineStart = hit === 0 ? 0 : bytes.lastIndexOf(0x0a, Math.min(hit, lineEnd) - 1) + 1;
        yield bytes.subarray(lineStart, lineEnd);
        end = lineStart;
      }
    }
  }
}
