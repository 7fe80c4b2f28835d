/** The ledger as an operator reads it, over the control door. Reading it is itself recorded (Audit Log Used). */
import { join } from 'node:path';
import type { ControlServices, LedgerRecordView } from '../doors/control/control-services.ts';
import type { CallArguments } from '../doors/control/control-calls.ts';
import { LeadglassError } from '../error.ts';
import { EventIds, EventTypes } from '../ledger/audit-codes.ts';
import type { LedgerFilter } from '../ledger/ledger-query.ts';
import type { LedgerRecord } from '../ledger/record.ts';
import { verifyLedger } from '../ledger/verify.ts';
import { limits } from '../limits.ts';
import { countActivity } from './activity.ts';
import type { Installation } from './installation.ts';
import { administer } from './caller.ts';

/** By whatever name the client calls it: reading the ledger has its own kind of record. */
const command = 'ledger show';

export function ledgerServices(
  installation: Installation,
): Pick<ControlServices, 'ledgerShow' | 'ledgerVerify' | 'activityShow'> {
  const { guard, ledger, policy, dataDirectory, signingKey } = installation;
  const view = (record: LedgerRecord): LedgerRecordView => {
    const opening = record.openingId === undefined ? undefined : policy.opening(record.openingId);
    return {
      seq: record.seq,
      at: record.at,
      event: eventWords(record),
      outcome: outcomeWords[record.outcome],
      who: whoOf(record),
      ...(record.address === undefined ? {} : { from: record.address }),
      ...(opening === undefined ? {} : { opening: opening.name }),
      patientIds: record.patientIds,
      studyInstanceUids: record.studyInstanceUids,
      ...(record.reason === undefined ? {} : { reason: record.reason }),
    };
  };
  return {
    ledgerShow: async (call, given) => {
      const filter = filterOf(given);
      return administer(guard, { ...call, command }, summaryOf(given), async () => {
        const records: LedgerRecordView[] = [];
        for await (const record of ledger.query({ ...filter, limit: given.rows + 1 })) {
          call.signal.throwIfAborted();
          records.push(view(record));
        }
        return { records: records.slice(0, given.rows), more: records.length > given.rows };
      });
    },
    ledgerVerify: (call) =>
      administer(guard, { ...call, command: 'ledger verify' }, 'the whole ledger', () =>
        verifyLedger({
          directory: join(dataDirectory, 'ledger'),
          publicKey: signingKey.publicKeyPem,
          // A record and its frame in one line.
          limits: { lineBytesMax: 2 * limits.ledgerRecordBytesMax },
        }),
      ),
    activityShow: (call, { days }) =>
      administer(guard, { ...call, command: 'activity show' }, `counts of ${days} days`, () =>
        countActivity(ledger.query({}), { days, nowMs: Date.now(), recordsMax: limits.activityRecordsMax }),
      ),
  };
}

/** A person at a device or a workstation is named first; a device alone by its name, as everywhere. */
function whoOf({ principal, device }: LedgerRecord): string {
  if (device !== undefined && principal?.startsWith('person ') === true) return `${principal} at ${device}`;
  return device ?? principal ?? 'unknown';
}

const outcomeWords = { 0: 'success', 4: 'minor failure', 8: 'serious failure', 12: 'major failure' } as const;

const codeNames: ReadonlyMap<string, string> = new Map(
  [...Object.values(EventIds), ...Object.values(EventTypes)].map(({ code, originalText }) => [code, originalText]),
);

/** `110113 Security Alert: Node Authentication`. */
export function eventWords({ event, type }: LedgerRecord): string {
  const name = `${event} ${codeNames.get(event) ?? ''}`.trimEnd();
  return type === undefined ? name : `${name}: ${codeNames.get(type) ?? type}`;
}

function filterOf({ since, who, patient, study, event }: CallArguments<'ledgerShow'>): LedgerFilter {
  const from = since === undefined ? undefined : new Date(since);
  if (from !== undefined && Number.isNaN(from.getTime())) {
    throw new LeadglassError('BAD_REQUEST', 'Cannot show the ledger: since is no date and time');
  }
  return {
    ...(from === undefined ? {} : { since: from }),
    ...(who === undefined ? {} : { who }),
    ...(patient === undefined ? {} : { patientId: patient }),
    ...(study === undefined ? {} : { studyInstanceUid: study }),
    ...(event === undefined ? {} : { event }),
  };
}

/** What was looked for; of a patient only that it was one, since commands carry no patient data. */
function summaryOf({ since, who, patient, study, event, rows }: CallArguments<'ledgerShow'>): string {
  const parts = [
    since === undefined ? '' : `since ${since}`,
    who === undefined ? '' : `of ${who}`,
    patient === undefined ? '' : 'about one patient',
    study === undefined ? '' : `about study ${study}`,
    event === undefined ? '' : `event ${event}`,
  ].filter((part) => part !== '');
  return `${parts.length === 0 ? 'all records' : parts.join(', ')}; at most ${rows}`;
}
