/**
 * After a stop without warning: closes in the ledger what was begun and not ended, with what the archive holds of it. Run
 * once at each start, before any door opens; a second run finds nothing open and writes nothing.
 */
import { hostname } from 'node:os';
import type { Config } from '../config/config.ts';
import type { AuditSelf } from '../guard/audit-events.ts';
import { recoverTransfers } from '../guard/transfer-recovery.ts';
import type { Ledger } from '../ledger/ledger.ts';
import type { LedgerRecord } from '../ledger/record.ts';
import type { Log } from '../log.ts';
import { receivedWithin, studyLookup } from './archive-facts.ts';
import type { Installation } from './installation.ts';

/** How this installation is named in its records. */
export function auditSelf(config: Config): AuditSelf {
  return { sourceId: hostname(), aeTitles: [config.aeTitle], processId: String(process.pid) };
}

/**
 * @returns how many closing records were written
 * @throws LeadglassError LEDGER_UNAVAILABLE: what is still open is closed at the next start
 */
export async function completeInterruptedTransfers(
  { ledger, archive, config }: Pick<Installation, 'ledger' | 'archive' | 'config'>,
  log: Log,
): Promise<number> {
  const told = await countsTold(ledger);
  const written = await recoverTransfers({
    ledger,
    self: auditSelf(config),
    now: Date.now,
    studies: studyLookup(archive),
    received: async (transferId, studyInstanceUid) => {
      const before = told.get(keyOf(transferId, studyInstanceUid));
      const left = [...receivedWithin(archive, { transferId, studyInstanceUid })].map(
        ([uid, number]) => [uid, number - (before?.get(uid) ?? 0)] as const,
      );
      return new Map(left.filter(([, number]) => number > 0));
    },
  });
  if (written > 0) log.warn('ledger.transfers-completed', { records: written });
  return written;
}

type Counts = Map<string, number>;

/**
 * What records in between have told of the open transfers already, so that no instance is counted twice: a long transfer
 * writes some before it ends. Reads the ledger back to the oldest open transfer, as its opening did.
 */
async function countsTold(ledger: Ledger): Promise<ReadonlyMap<string, Counts>> {
  const told = new Map<string, Counts>();
  let oldest = Number.POSITIVE_INFINITY;
  for await (const { seq, transferId = '', studyInstanceUids } of ledger.openTransfers()) {
    oldest = Math.min(oldest, seq);
    for (const uid of studyInstanceUids) told.set(keyOf(transferId, uid), new Map());
  }
  if (told.size === 0) return told;
  for await (const record of ledger.query({ order: 'newest-first' })) {
    if (record.seq <= oldest) break;
    for (const uid of record.studyInstanceUids) addCounts(told.get(keyOf(record.transferId ?? '', uid)), record);
  }
  return told;
}

/** From our own audit message, as audit-message.ts wrote it. */
function addCounts(counts: Counts | undefined, { xml, transferState }: LedgerRecord): void {
  if (counts === undefined || transferState !== undefined) return;
  for (const [, uid = '', number] of xml.matchAll(/<SOPClass UID="([0-9.]+)" NumberOfInstances="(\d+)"/g)) {
    counts.set(uid, (counts.get(uid) ?? 0) + Number(number));
  }
}

const keyOf = (transferId: string, studyInstanceUid: string): string => `${studyInstanceUid} ${transferId}`;
