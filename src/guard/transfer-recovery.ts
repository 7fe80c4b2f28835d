/**
 * After a stop without warning: transfers that the ledger knows as begun and not ended get their closing record, with what the
 * store says it received. Run once at start, before any door opens.
 */
import { type AeTitle, parseAeTitle } from '../dicom/ae-title.ts';
import { type Uid, parseUid } from '../dicom/uid.ts';
import type { LedgerRecord } from '../ledger/record.ts';
import { AuditEvents, type AuditSelf, type TransferDirection, type TransferredStudy } from './audit-events.ts';
import type { GuardLedger } from './ledger-gate.ts';
import type { Principal } from './principal.ts';
import type { StudyLookup } from './session.ts';

export interface RecoveryOptions {
  readonly ledger: GuardLedger & { openTransfers(): AsyncIterable<LedgerRecord> };
  readonly self: AuditSelf;
  readonly now: () => number;
  readonly studies: StudyLookup;
  /** How many instances of each SOP class the store received of this study in this association. */
  readonly received: (transferId: string, studyInstanceUid: Uid) => Promise<ReadonlyMap<string, number>>;
}

/**
 * Closes what is open.
 * @returns how many closing records were written
 * @throws LeadglassError LEDGER_UNAVAILABLE
 */
export async function recoverTransfers({ ledger, self, now, studies, received }: RecoveryOptions): Promise<number> {
  const events = new AuditEvents(self);
  // All first: writing the ends changes what is open.
  const open = await Array.fromAsync(ledger.openTransfers());
  let written = 0;
  for (const record of open) {
    for (const text of record.studyInstanceUids) {
      const studyInstanceUid = parseUid(text, 'Study Instance UID');
      const { transferId, direction } = wayOf(record);
      const study = await studyOf(studies, studyInstanceUid, record);
      const counts =
        direction.kind === 'received' || direction.kind === 'imported'
          ? await received(transferId, studyInstanceUid)
          : new Map<string, number>();
      const facts = { at: new Date(now()), counts, isLast: true };
      const actor = { principal: principalOf(record), door: record.door ?? 'unknown', transferId };
      await ledger.record({
        // What left is not known any more: a record that says so is better than one that guesses.
        ...events.transferred(actor, direction, study, {
          ...facts,
          outcome: counts.size > 0 ? 0 : 8,
          reason: 'the server stopped during the transfer; closed at the next start',
        }),
        ...(record.transferId === undefined ? {} : { transferId: record.transferId }),
      });
      written += 1;
    }
  }
  return written;
}

/** The association and the way, out of the id that transfers.ts made. */
function wayOf({ transferId = '', principal = '' }: LedgerRecord): {
  transferId: string;
  direction: TransferDirection;
} {
  const [id = '', kind, ...destination] = transferId.split('/');
  if (kind === 'sent' || kind === 'exported') return { transferId: id, direction: { kind } };
  if (kind === 'moved') return { transferId: id, direction: { kind, destination: destination.join('/') } };
  const isPeer = principal.startsWith('device ') || principal.startsWith('person ');
  return { transferId: id, direction: { kind: isPeer ? 'received' : 'imported' } };
}

function principalOf({ device, openingId, address, principal = 'unknown' }: LedgerRecord): Principal {
  // At a workstation the device is only where a person sat.
  if (device === undefined || openingId === undefined) {
    return { kind: 'operator', user: principal.replace(/^operator /, '') };
  }
  const name: AeTitle = parseAeTitle(device, 'device');
  // Purpose and role do not appear in a record; nothing is decided by this principal.
  const [, account] = /^person (.+)$/.exec(principal) ?? [];
  const person = account === undefined ? {} : { person: { account, role: 'physician', passcodeId: 0 } as const };
  return { kind: 'device', device: name, openingId, purpose: 'exchange', address: address ?? '', ...person };
}

async function studyOf(
  studies: StudyLookup,
  studyInstanceUid: Uid,
  { patientIds }: LedgerRecord,
): Promise<TransferredStudy> {
  const head = await studies.headOf(studyInstanceUid);
  if (head !== undefined) return { ...head, issuerOfPatientId: head.issuerOfPatientId ?? '' };
  return {
    studyInstanceUid,
    patientId: patientIds[0] ?? '',
    issuerOfPatientId: '',
    patientName: '',
    accessionNumber: '',
  };
}
