/** Records of the ledger in plain words: the event's code decides, the standard's own name stays beside it. */
import type { LedgerRecordView } from '../../../src/doors/control/control-services.ts';

/** Event ids of PS3.16 CID 400 that have a sentence of ours. */
export const eventCodes = [
  '110100',
  '110101',
  '110102',
  '110103',
  '110104',
  '110105',
  '110106',
  '110107',
  '110108',
  '110112',
  '110113',
  '110114',
] as const;
export type EventCode = (typeof eventCodes)[number];

/** `110104 DICOM Instances Transferred` -> 110104; undefined: one that has no sentence. */
export function eventCodeOf({ event }: Pick<LedgerRecordView, 'event'>): EventCode | undefined {
  return eventCodes.find((code) => event.startsWith(code));
}

/** Records by their day in local time, the order kept. */
export function byDay<R extends { readonly at: string }>(
  records: readonly R[],
  dayOf: (at: string) => string,
): readonly { readonly day: string; readonly records: readonly R[] }[] {
  const days: { readonly day: string; readonly records: R[] }[] = [];
  for (const record of records) {
    const day = dayOf(record.at);
    const last = days.at(-1);
    if (last?.day === day) last.records.push(record);
    else days.push({ day, records: [record] });
  }
  return days;
}

/** What a search begins with: so long ago, as an ISO instant. */
export function since(span: 'hour' | 'day' | 'week' | 'month' | 'year', nowMs: number): string {
  const hours = { hour: 1, day: 24, week: 168, month: 720, year: 8760 }[span];
  return new Date(nowMs - hours * 3_600_000).toISOString();
}
