/** What must be in the ledger before it happens. */
import { LeadglassError } from '../error.ts';
import type { Ledger } from '../ledger/ledger.ts';
import type { LedgerRecordInput } from '../ledger/record.ts';

/** @throws LeadglassError LEDGER_UNAVAILABLE: whoever asked may be told that it was not done */
export async function recordOrRefuse(ledger: Ledger, input: LedgerRecordInput): Promise<void> {
  try {
    await ledger.record(input);
  } catch (cause) {
    throw new LeadglassError('LEDGER_UNAVAILABLE', 'Not done: it could not be recorded; try again later', { cause });
  }
}
