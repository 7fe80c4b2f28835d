/** Instances that arrived under a UID known with other bytes: listed for a person, decided by one. */
import type { Uid } from '../../dicom/uid.ts';
import { knownUid } from '../../dicom/uid.ts';
import { LeadglassError } from '../../error.ts';
import type { Resolve } from '../../guard/operation.ts';
import type { Pass } from '../../guard/pass.ts';
import type { Archive } from './archive.ts';
import { bytesIn } from './index/columns.ts';
import { principalName } from './principal-name.ts';

export interface Conflict {
  readonly id: number;
  readonly sopInstanceUid: Uid;
  readonly studyInstanceUid: Uid;
  readonly receivedFrom: string;
  readonly receivedAtMs: number;
  readonly lengthBytes: number;
  readonly sha256: Uint8Array;
}

/** Those that wait for a decision, oldest first. For the operator only: no scope is applied. */
export function listConflicts(archive: Archive): readonly Conflict[] {
  const rows = archive.index.statement("SELECT * FROM conflict WHERE state = 'waiting' ORDER BY id").all();
  return rows.map((row) => ({
    id: Number(row['id']),
    sopInstanceUid: knownUid(String(row['uid'])),
    studyInstanceUid: knownUid(String(row['study_uid'])),
    receivedFrom: String(row['received_from']),
    receivedAtMs: Number(row['received_ms']),
    lengthBytes: Number(row['length']),
    sha256: bytesIn(row, 'sha256'),
  }));
}

/** A study that also arrived under another patient; a person should look at it. */
export interface PatientMismatch {
  readonly studyInstanceUid: Uid;
  readonly storedPatientId: string;
  readonly arrivedPatientId: string;
  readonly arrivedPatientName: string;
  readonly instances: number;
}

/** The study stays with the patient of its first instance; the later ones are stored with it and listed here. */
export function listPatientMismatches(archive: Archive): readonly PatientMismatch[] {
  const rows = archive.index
    .statement(
      `SELECT st.uid, st.patient_id AS stored, m.patient_id AS arrived, m.name, count(*) AS instances
       FROM patient_mismatch m JOIN study st ON st.id = m.study GROUP BY st.id, m.patient_id, m.name ORDER BY st.id`,
    )
    .all();
  return rows.map((row) => ({
    studyInstanceUid: knownUid(String(row['uid'])),
    storedPatientId: String(row['stored']),
    arrivedPatientId: String(row['arrived']),
    arrivedPatientName: String(row['name']),
    instances: Number(row['instances']),
  }));
}

/** @throws LeadglassError NOT_FOUND (no such conflict, or it is decided) */
export async function resolveConflict(archive: Archive, pass: Pass<Resolve>): Promise<void> {
  const { conflictId, keep, reason } = pass.operation;
  const { index } = archive;
  const row = index
    .statement(
      "SELECT instance, uid, key_id, commit_segment, commit_offset FROM conflict WHERE id = ? AND state = 'waiting'",
    )
    .get(conflictId);
  if (row === undefined)
    throw new LeadglassError('NOT_FOUND', `Cannot decide conflict ${conflictId}: no such open conflict`);
  const instance = Number(row['instance']);
  const keyId = Number(row['key_id']);
  const study = archive.keys.source.keyById(keyId)?.studyInstanceUid;
  if (study !== undefined && index.isHidden(study)) throw removalRequested(conflictId);
  const stored = index.instanceByUid(String(row['uid']));
  const facts = { reason: { by: principalName(pass.principal), reason }, studyKey: archive.keys.get(keyId) };
  const atMs = archive.nowMs();
  if (keep === 'stored') {
    const note = { kind: 'conflict-decided', keyId, keep: stored?.instance ?? 0, drop: [instance], atMs } as const;
    await archive.decide({ note }, facts);
    return;
  }
  const entry = await archive.readEntry({
    segment: Number(row['commit_segment']),
    offset: Number(row['commit_offset']),
  });
  if (entry === undefined)
    throw new LeadglassError('NOT_FOUND', `Cannot decide conflict ${conflictId}: its study was removed`);
  const drop = stored === undefined ? [] : [stored.instance];
  await archive.decide({ note: { kind: 'conflict-decided', keyId, keep: instance, drop, atMs }, entry }, facts);
}

/** What is about to go is not decided about; keeping the arrived one would bring the study back. */
function removalRequested(conflictId: number): LeadglassError {
  return new LeadglassError(
    'CONFLICT',
    `Cannot decide conflict ${conflictId}: removal of its study was requested; undo it first`,
  );
}
