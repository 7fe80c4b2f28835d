/**
 * Who requested the removal of a study, when and why. When stands in the index. Who and why stand twice: sealed in the notes of
 * the segments, and in the ledger. The ledger is asked: it can be searched by study, and is what an auditor goes by anyway.
 */
import type { Archive } from '../backends/archive/archive.ts';
import type { Uid } from '../dicom/uid.ts';
import type { RemovalView } from '../doors/control/control-services.ts';
import { removalRequest } from '../guard/audit-words.ts';
import { EventIds } from '../ledger/audit-codes.ts';
import type { Ledger } from '../ledger/ledger.ts';
import type { LedgerRecord } from '../ledger/record.ts';
import { studyFacts } from './archive-facts.ts';

/** Undefined when no removal is requested. Reads the ledger back to the request, which is seldom far. */
export async function removalView(
  { archive, ledger }: { readonly archive: Archive; readonly ledger: Pick<Ledger, 'query'> },
  studyInstanceUid: Uid,
): Promise<RemovalView | undefined> {
  const facts = studyFacts(archive, studyInstanceUid);
  if (facts?.isRemovalRequested !== true || facts.removalRequestedMs === undefined) return undefined;
  const { removalRequestedMs } = facts;
  const requestedAt = new Date(removalRequestedMs).toISOString();
  // Newest first. A later request was refused, since there is one already; it may have come in the same millisecond. Of a server that
  // stopped between doing and saying that it is done there is only what was asked for.
  let asked: LedgerRecord | undefined;
  for await (const record of ledger.query({ studyInstanceUid, event: EventIds.instancesAccessed.code })) {
    const state = removalRequest(record);
    if (state === 'asked for' && Date.parse(record.at) <= removalRequestedMs) asked ??= record;
    if (state !== 'done') continue;
    const isOfOneBefore = asked !== undefined && Date.parse(record.at) < Date.parse(asked.at);
    if (!isOfOneBefore) asked = record;
    break;
  }
  return {
    requestedAt,
    ...(asked?.principal === undefined ? {} : { by: asked.principal }),
    ...(asked?.reason === undefined ? {} : { reason: asked.reason }),
  };
}
