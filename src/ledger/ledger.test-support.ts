/** What the tests of the ledger share: a folder that goes away, a signer, small limits, a record. */
import { generateKeyPairSync, sign } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { EventIds } from './audit-codes.ts';
import type { AuditMessage } from './audit-message.ts';
import { auditSource, destinationParticipant, patientObject, sourceParticipant, studyObject } from './audit-objects.ts';
import type { LedgerSigner } from './checkpoints.ts';
import type { LedgerLimits } from './ledger.ts';
import type { LedgerRecordInput } from './record.ts';

export class TemporaryFolder implements Disposable {
  readonly path = mkdtempSync(join(tmpdir(), 'leadglass-ledger-'));
  [Symbol.dispose](): void {
    rmSync(this.path, { recursive: true });
  }
}

export function newSigner(): LedgerSigner {
  const { privateKey, publicKey } = generateKeyPairSync('ed25519');
  return {
    publicKeyPem: publicKey.export({ type: 'spki', format: 'pem' }),
    sign: (bytes) => sign(null, bytes, privateKey),
  };
}

export const testLimits: LedgerLimits = {
  ledgerFileBytesMax: 1 << 20,
  ledgerRecordBytesMax: 64 * 1024,
  ledgerPendingBytesMax: 1 << 20,
  ledgerBatchBytesMax: 64 * 1024,
  ledgerCheckpointRecordsMax: 1000,
  ledgerCheckpointIntervalMs: 3_600_000,
  ledgerClockJumpMs: 2000,
  ledgerOpenTransferRecordsMax: 1000,
};
export const testLineLimits = { lineBytesMax: testLimits.ledgerRecordBytesMax };

export function transferMessage(study = '1.2.3', patientId = 'P1'): AuditMessage {
  return {
    event: {
      id: EventIds.instancesTransferred,
      action: 'C',
      at: new Date('2026-11-24T09:15:30.123Z'),
      outcome: 0,
    },
    participants: [
      sourceParticipant({ userId: 'CT@10.1.2.9', aeTitles: ['CT'], address: '10.1.2.9', requestor: true }),
      destinationParticipant({ userId: '4711', aeTitles: ['LEADGLASS'], address: '10.1.2.3', requestor: false }),
    ],
    source: auditSource('leadglass', 'hosp.example'),
    objects: [
      studyObject({
        studyInstanceUid: study,
        name: 'CT',
        accessionNumbers: ['A100'],
        sopClasses: [{ uid: '1.2.840.10008.5.1.4.1.1.2', numberOfInstances: 120 }],
        encrypted: true,
      }),
      patientObject({ patientId, issuer: 'HOSP', patientName: 'DOE^JANE' }),
    ],
  };
}

export function transferRecord(facts: Partial<LedgerRecordInput> = {}): LedgerRecordInput {
  const study = facts.studyInstanceUids?.[0] ?? '1.2.3';
  const patientId = facts.patientIds?.[0] ?? 'P1';
  return {
    event: transferMessage(study, patientId),
    principal: 'device CT',
    device: 'CT',
    openingId: 1,
    door: 'dimse-tls',
    address: '10.1.2.9',
    patientIds: [patientId],
    studyInstanceUids: [study],
    outcome: 0,
    ...facts,
  };
}
