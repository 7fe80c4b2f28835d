/** Counts by days for the console's charts, from the ledger's records, newest first. No names and no patients. */
import type { ActivityDay, ActivityReport } from '../doors/control/control-services.ts';
import { EventIds } from '../ledger/audit-codes.ts';
import type { LedgerRecord } from '../ledger/record.ts';

type Counter = Exclude<keyof ActivityDay, 'day'>;
type Facts = Pick<LedgerRecord, 'at' | 'event' | 'outcome' | 'xml' | 'transferState'>;

/**
 * @param records newest first
 * @param options `days` in UTC, today among them; after `recordsMax` records it stops and says from when it counted
 */
export async function countActivity(
  records: AsyncIterable<Facts>,
  { days, nowMs, recordsMax }: { readonly days: number; readonly nowMs: number; readonly recordsMax: number },
): Promise<ActivityReport> {
  const dayOf = (ms: number): string => new Date(ms).toISOString().slice(0, 10);
  const counts = new Map<string, Record<Counter, number>>();
  for (let ago = days - 1; ago >= 0; ago -= 1) {
    counts.set(dayOf(nowMs - ago * 86_400_000), { received: 0, sent: 0, searches: 0, refused: 0 });
  }
  const [first = ''] = counts.keys();
  let left = recordsMax;
  for await (const record of records) {
    const day = record.at.slice(0, 10);
    if (day < first) break;
    if (left === 0) return { days: daysOf(counts), countedFrom: record.at };
    left -= 1;
    const counter = counterOf(record);
    const count = counts.get(day);
    if (counter !== undefined && count !== undefined) count[counter] += 1;
  }
  return { days: daysOf(counts) };
}

function daysOf(counts: ReadonlyMap<string, Record<Counter, number>>): readonly ActivityDay[] {
  return [...counts].map(([day, count]) => ({ day, ...count }));
}

function counterOf({ event, outcome, xml, transferState }: Facts): Counter | undefined {
  switch (event) {
    case EventIds.instancesTransferred.code:
      // A transfer may need several records for one study; the last one closes it.
      if (transferState !== 'ended') return undefined;
      return xml.includes('EventActionCode="C"') ? 'received' : 'sent';
    case EventIds.import.code:
      return 'received';
    case EventIds.export.code:
      return 'sent';
    case EventIds.query.code:
      return 'searches';
    case EventIds.securityAlert.code:
      // Changes to the configuration are security alerts as well, with success.
      return outcome === 0 ? undefined : 'refused';
    default:
      return undefined;
  }
}
