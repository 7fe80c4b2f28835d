/**
 * The instances that a retrieve names, in the order of study, series number and instance number, page by page. What the
 * scope does not reach is not there.
 */
import type { SQLInputValue } from 'node:sqlite';
import type { DataSetLimits } from '../../../dicom/data-set-limits.ts';
import { Tags } from '../../../dicom/dictionary/tags.generated.ts';
import { knownUid, type Uid } from '../../../dicom/uid.ts';
import { LeadglassError } from '../../../error.ts';
import type { Retrieve } from '../../../guard/operation.ts';
import type { Pass } from '../../../guard/pass.ts';
import type { InstanceHead } from '../../backend.ts';
import type { Extent } from '../store/commit-record.ts';
import type { Position } from '../store/segment-log.ts';
import { type ArchiveIndex, unpackExtents } from './archive-index.ts';
import { bytesIn } from './columns.ts';
import { decodeHead, textOf } from './head.ts';
import { allOf, isOneOf, type SqlPart, seriesScope, studyScope } from './scope-sql.ts';

export interface ListedInstance {
  readonly instance: number;
  readonly head: InstanceHead;
  readonly transferSyntaxUid: Uid;
  readonly lengthBytes: number;
  readonly sha256: Uint8Array;
  readonly keyId: number;
  readonly salt: Uint8Array;
  readonly extents: readonly Extent[];
  readonly commitAt: Position;
  readonly hasPart10Head: boolean;
}

const pageRows = 200;

export async function* listInstances(
  index: ArchiveIndex,
  pass: Pass<Retrieve>,
  limits: DataSetLimits,
): AsyncGenerator<ListedInstance> {
  const { keys } = pass.operation;
  if (
    keys.patientId === undefined &&
    keys.studyInstanceUids === undefined &&
    keys.seriesInstanceUids === undefined &&
    keys.sopInstanceUids === undefined
  ) {
    throw new LeadglassError('BAD_REQUEST', 'Cannot retrieve: no unique key was given, expected at least one');
  }
  for (const series of listSeries(index, pass)) {
    const study = studyOf(index, series, limits);
    for (const ids of pagesOf(listIds(index, series, keys.sopInstanceUids))) {
      if (!pass.stillValid())
        throw new LeadglassError('NOT_AUTHORIZED', 'Cannot retrieve further: the opening was closed');
      const rows = index
        .statement('SELECT * FROM instance WHERE id IN (SELECT value FROM json_each(?))')
        .all(JSON.stringify(ids));
      const byId = new Map(rows.map((row) => [Number(row['id']), row]));
      for (const id of ids) {
        const row = byId.get(id);
        if (row === undefined) continue; // removed since
        yield {
          instance: id,
          head: {
            ...study,
            sopClassUid: knownUid(String(row['sop_class'])),
            sopInstanceUid: knownUid(String(row['uid'])),
          },
          transferSyntaxUid: knownUid(String(row['transfer_syntax'])),
          lengthBytes: Number(row['length']),
          sha256: bytesIn(row, 'sha256'),
          keyId: study.keyId,
          salt: bytesIn(row, 'salt'),
          extents: unpackExtents(bytesIn(row, 'extents')),
          commitAt: { segment: Number(row['commit_segment']), offset: Number(row['commit_offset']) },
          hasPart10Head: row['part10'] === 1,
        };
      }
    }
  }
}

/** Series that hold what was asked for: their row ids, in order. */
function listSeries(index: ArchiveIndex, pass: Pass<Retrieve>): readonly number[] {
  const { keys } = pass.operation;
  const parts: SqlPart[] = [...studyScope(pass.scope), ...seriesScope(pass.scope)];
  if (keys.patientId !== undefined) parts.push({ sql: 'st.patient_id = ?', values: [keys.patientId] });
  if (keys.studyInstanceUids !== undefined) parts.push(isOneOf('st.uid', keys.studyInstanceUids));
  if (keys.seriesInstanceUids !== undefined) parts.push(isOneOf('se.uid', keys.seriesInstanceUids));
  if (keys.sopInstanceUids !== undefined) {
    const uids = isOneOf('i.uid', keys.sopInstanceUids);
    parts.push({ sql: `se.id IN (SELECT i.series FROM instance i WHERE ${uids.sql})`, values: uids.values });
  }
  const { sql, values } = allOf(parts);
  const rows = index
    .statement(
      `SELECT se.id FROM study st JOIN series se ON se.study = st.id WHERE ${sql} ORDER BY st.id, se.number, se.id`,
    )
    .all(...values);
  return rows.map((row) => Number(row['id']));
}

function listIds(
  index: ArchiveIndex,
  series: number,
  sopInstanceUids: readonly string[] | undefined,
): readonly number[] {
  const parts: SqlPart[] = [{ sql: 'i.series = ?', values: [series] }];
  if (sopInstanceUids !== undefined) parts.push(isOneOf('i.uid', sopInstanceUids));
  const { sql, values } = allOf(parts);
  const bound: readonly SQLInputValue[] = values;
  const rows = index.statement(`SELECT i.id FROM instance i WHERE ${sql} ORDER BY i.number, i.id`).all(...bound);
  return rows.map((row) => Number(row['id']));
}

function* pagesOf(ids: readonly number[]): Generator<readonly number[]> {
  for (let start = 0; start < ids.length; start += pageRows) yield ids.slice(start, start + pageRows);
}

function studyOf(
  index: ArchiveIndex,
  series: number,
  limits: DataSetLimits,
): Omit<InstanceHead, 'sopClassUid' | 'sopInstanceUid'> & { readonly keyId: number } {
  const row = index
    .statement(
      `SELECT st.uid, st.key_id, st.accession, st.patient_id, st.issuer, se.uid AS series_uid, se.modality, st.head
       FROM series se JOIN study st ON st.id = se.study WHERE se.id = ?`,
    )
    .get(series);
  if (row === undefined) throw new LeadglassError('NOT_FOUND', 'Cannot retrieve: the series was removed meanwhile');
  return {
    studyInstanceUid: knownUid(String(row['uid'])),
    seriesInstanceUid: knownUid(String(row['series_uid'])),
    patientId: String(row['patient_id']),
    issuerOfPatientId: String(row['issuer']),
    patientName: textOf(decodeHead(bytesIn(row, 'head'), limits), Tags.PatientName),
    accessionNumber: String(row['accession']),
    modality: String(row['modality']),
    keyId: Number(row['key_id']),
  };
}
