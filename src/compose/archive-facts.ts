/**
 * Numbers and names that operators and the ledger want to know of the archive and that no door asks for: read from the
 * index's tables, never written. What a peer may see is answered by the archive itself, under a pass.
 */
import type { Archive } from '../backends/archive/archive.ts';
import { answerOf } from '../backends/archive/index/answer.ts';
import { bytesIn } from '../backends/archive/index/columns.ts';
import { addComputed, computedTags } from '../backends/archive/index/computed.ts';
import { decodeHead, mergeHeads } from '../backends/archive/index/head.ts';
import { listSegments } from '../backends/archive/store/segment-scan.ts';
import { segmentName } from '../backends/archive/store/segment-log.ts';
import type { DataSet } from '../dicom/data-set.ts';
import { Tags } from '../dicom/dictionary/tags.generated.ts';
import { matchesQuery } from '../dicom/matching.ts';
import { type Uid, knownUid } from '../dicom/uid.ts';
import { LeadglassError } from '../error.ts';
import type { Find } from '../guard/operation.ts';
import type { Pass } from '../guard/pass.ts';
import type { StudyLookup } from '../guard/session.ts';
import { stat } from 'node:fs/promises';
import { join } from 'node:path';

export interface StudyFacts {
  readonly series: number;
  readonly instances: number;
  /** Of the data sets, as they came. */
  readonly bytes: number;
  readonly modalities: readonly string[];
  readonly lastReceivedMs: number;
  /** Arrived under another patient than the study's first instance. */
  readonly mismatchedInstances: number;
  readonly isRemovalRequested: boolean;
  readonly removalRequestedMs?: number;
}

/** Undefined when there is no such study. One whose removal was requested is there until it is finished. */
export function studyFacts({ index }: Archive, studyInstanceUid: string): StudyFacts | undefined {
  const study = index
    .statement('SELECT id, hidden, removal_requested_ms, last_received_ms FROM study WHERE uid = ?')
    .get(studyInstanceUid);
  if (study === undefined) return undefined;
  const id = Number(study['id']);
  const series = index.statement('SELECT modality, instances FROM series WHERE study = ? ORDER BY modality').all(id);
  const bytes = index
    .statement('SELECT sum(length) AS n FROM instance WHERE series IN (SELECT id FROM series WHERE study = ?)')
    .get(id)?.['n'];
  return {
    series: series.length,
    instances: series.reduce((sum, row) => sum + Number(row['instances']), 0),
    bytes: Number(bytes ?? 0),
    modalities: [...new Set(series.map((row) => String(row['modality'])))].filter((modality) => modality !== ''),
    lastReceivedMs: Number(study['last_received_ms']),
    mismatchedInstances: Number(
      index.statement('SELECT count(*) AS n FROM patient_mismatch WHERE study = ?').get(id)?.['n'] ?? 0,
    ),
    isRemovalRequested: study['hidden'] === 1,
    ...(study['removal_requested_ms'] === null ? {} : { removalRequestedMs: Number(study['removal_requested_ms']) }),
  };
}

/** Under whom instances of a study arrived that do not fit its first one; at most `rowsMax`, those with the most first. */
export function patientMismatchesOf(
  { index }: Archive,
  { studyInstanceUid, rowsMax }: { readonly studyInstanceUid: string; readonly rowsMax: number },
): readonly PatientMismatchFacts[] {
  const rows = index
    .statement(
      `SELECT m.patient_id, m.issuer, m.name, count(*) AS instances FROM patient_mismatch m JOIN study st ON st.id = m.study
       WHERE st.uid = ? GROUP BY m.patient_id, m.issuer, m.name ORDER BY instances DESC, min(m.instance) LIMIT ?`,
    )
    .all(studyInstanceUid, rowsMax);
  return rows.map((row) => ({
    patientId: String(row['patient_id']),
    issuerOfPatientId: String(row['issuer']),
    patientName: String(row['name']),
    instances: Number(row['instances']),
  }));
}

export interface PatientMismatchFacts {
  readonly patientId: string;
  readonly issuerOfPatientId: string;
  readonly patientName: string;
  readonly instances: number;
}

/**
 * The Study Date (YYYYMMDD) from which on there are more than `rows` studies, so that the newest are found without
 * reading all. Undefined when there are not so many, or when they have no date.
 */
export function dateOfNewest(
  { index }: Archive,
  { rows, to = '99999999' }: { readonly rows: number; readonly to?: string | undefined },
): string | undefined {
  const found = index
    .statement('SELECT date FROM study WHERE hidden = 0 AND date <= ? ORDER BY date DESC LIMIT 1 OFFSET ?')
    .get(to, rows);
  const date = String(found?.['date'] ?? '');
  return /^\d{8}$/.test(date) ? date : undefined;
}

/**
 * What a query finds among the studies whose removal was requested, which no door shows any more; newest first.
 * @throws LeadglassError NOT_AUTHORIZED when the pass is not an operator's
 */
export function* findHidden({ index, options }: Archive, pass: Pass<Find>): Generator<DataSet> {
  if (pass.principal.kind !== 'operator') {
    throw new LeadglassError('NOT_AUTHORIZED', 'Only an operator can see studies whose removal was requested');
  }
  const { query } = pass.operation;
  const { level } = query;
  const joined = level === 'SERIES' ? 'JOIN series se ON se.study = st.id' : '';
  const columns = level === 'SERIES' ? ', se.id AS series, se.head AS series_head' : '';
  const rows = index
    .statement(
      `SELECT st.id AS id, st.id AS study, p.head AS patient_head, st.head AS study_head ${columns}
       FROM study st JOIN patient p ON p.id = st.patient ${joined} WHERE st.hidden = 1 ORDER BY st.date DESC, st.id`,
    )
    .all();
  const wanted = computedTags(query);
  for (const row of rows) {
    const names = level === 'SERIES' ? ['patient_head', 'study_head', 'series_head'] : ['patient_head', 'study_head'];
    const head = mergeHeads(names.map((name) => decodeHead(bytesIn(row, name), options.dataSetLimits)));
    if (wanted.size > 0) addComputed(index, head, { row, level, scope: {}, wanted });
    if (matchesQuery(query, head)) yield answerOf(query, head, {});
  }
}

export interface ArchiveTotals {
  readonly studies: number;
  readonly instances: number;
  /** What the segments take on the disk. */
  readonly bytes: number;
  /** Kept aside and not decided. */
  readonly conflicts: number;
  /** Studies, but for those about to be removed, that also arrived under another patient. */
  readonly mismatchedStudies: number;
}

export async function archiveTotals({ index, fileSystem, segmentDirectory }: Archive): Promise<ArchiveTotals> {
  const count = (sql: string): number => Number(index.statement(sql).get()?.['n'] ?? 0);
  let bytes = 0;
  for (const segment of await listSegments(fileSystem, segmentDirectory)) {
    bytes += (await stat(join(segmentDirectory, segmentName(segment)))).size;
  }
  return {
    studies: count('SELECT count(*) AS n FROM study'),
    instances: count('SELECT sum(instances) AS n FROM series_class'),
    bytes,
    conflicts: count("SELECT count(*) AS n FROM conflict WHERE state = 'waiting'"),
    mismatchedStudies: count(
      'SELECT count(DISTINCT m.study) AS n FROM patient_mismatch m JOIN study st ON st.id = m.study WHERE st.hidden = 0',
    ),
  };
}

/** What the guard names a study by in its records; also one whose removal was requested. */
export function studyLookup({ index, options }: Archive): StudyLookup {
  return {
    async headOf(studyInstanceUid) {
      const row = index
        .statement(
          `SELECT st.patient_id, st.issuer, st.accession, p.head FROM study st JOIN patient p ON p.id = st.patient
           WHERE st.uid = ?`,
        )
        .get(studyInstanceUid);
      if (row === undefined) return undefined;
      return {
        studyInstanceUid,
        patientId: String(row['patient_id']),
        issuerOfPatientId: String(row['issuer']),
        patientName: decodeHead(bytesIn(row, 'head'), options.dataSetLimits).text(Tags.PatientName) ?? '',
        accessionNumber: String(row['accession']),
      };
    },
  };
}

/** How many instances of each SOP class came within one association into one study, those kept aside counted too. */
export function receivedWithin(
  { index }: Archive,
  { transferId, studyInstanceUid }: { readonly transferId: string; readonly studyInstanceUid: Uid },
): ReadonlyMap<Uid, number> {
  // One kept aside has the UID of a stored instance and, but for a broken sender, its class. Decided for: counted as stored.
  const rows = index
    .statement(
      `SELECT sop_class, count(*) AS n FROM (
         SELECT i.sop_class FROM transfer t JOIN instance i ON i.transfer = t.id
           JOIN series se ON se.id = i.series JOIN study st ON st.id = se.study WHERE t.name = ?1 AND st.uid = ?2
         UNION ALL
         SELECT i.sop_class FROM transfer t JOIN conflict c ON c.transfer = t.id JOIN instance i ON i.uid = c.uid
           WHERE t.name = ?1 AND c.study_uid = ?2 AND c.state <> 'kept'
       ) GROUP BY sop_class`,
    )
    .all(transferId, studyInstanceUid);
  return new Map(rows.map((row) => [knownUid(String(row['sop_class'])), Number(row['n'])]));
}
