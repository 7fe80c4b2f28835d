/**
 * After a stop without warning: closes in the ledger what was begun and not ended, with what the archive holds of it. Run
 * once at each start, before any door opens; a second run finds nothing open and writes nothing.
 */
import { hostname } from 'node:os';
import type { Config } from '../config/config.ts';
import type { AuditSelf } from '../guard/audit-events.ts';
import { recoverTransfers } from '../guard/transfer-recovery.ts';
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
  const written = await recoverTransfers({
    ledger,
    self: auditSelf(config),
    now: Date.now,
    studies: studyLookup(archive),
    received: async (transferId, studyInstanceUid) => receivedWithin(archive, { transferId, studyInstanceUid }),
  });
  if (written > 0) log.warn('ledger.transfers-completed', { records: written });
  return written;
}
