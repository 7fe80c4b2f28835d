/**
 * Attributes that are counted from what the scope reaches (numbers of related series and instances, modalities, classes), and
 * the transfer syntax in which an instance is stored.
 */
import type { SQLOutputValue } from 'node:sqlite';
import type { DataSet } from '../../../dicom/data-set.ts';
import { Tags } from '../../../dicom/dictionary/tags.generated.ts';
import type { Query, QueryLevel } from '../../../dicom/query.ts';
import type { Tag } from '../../../dicom/tag.ts';
import type { Scope } from '../../../guard/scope.ts';
import type { ArchiveIndex } from './archive-index.ts';
import { allOf, seriesScope, type SqlPart, studyScope } from './scope-sql.ts';

const computable: ReadonlySet<Tag> = new Set<Tag>([
  Tags.ModalitiesInStudy,
  Tags.SOPClassesInStudy,
  Tags.NumberOfPatientRelatedStudies,
  Tags.NumberOfPatientRelatedSeries,
  Tags.NumberOfPatientRelatedInstances,
  Tags.NumberOfStudyRelatedSeries,
  Tags.NumberOfStudyRelatedInstances,
  Tags.NumberOfSeriesRelatedInstances,
  Tags.AvailableTransferSyntaxUID,
]);

/** Those that a query asks for. */
export function computedTags(query: Query): ReadonlySet<Tag> {
  const asked = [...query.returnKeys, ...query.keys.map((key) => key.tag)];
  return new Set(asked.filter((tag) => computable.has(tag)));
}

export interface ComputedFacts {
  readonly row: Readonly<Record<string, SQLOutputValue>>;
  readonly level: QueryLevel;
  readonly scope: Scope;
  readonly wanted: ReadonlySet<Tag>;
}

/** Sets the wanted ones in `head`. */
export function addComputed(index: ArchiveIndex, head: DataSet, { row, level, scope, wanted }: ComputedFacts): void {
  const id = Number(row['id']);
  const wants = (...tags: readonly Tag[]): boolean => tags.some((tag) => wanted.has(tag));
  if (level === 'PATIENT') {
    if (
      !wants(
        Tags.NumberOfPatientRelatedStudies,
        Tags.NumberOfPatientRelatedSeries,
        Tags.NumberOfPatientRelatedInstances,
      )
    )
      return;
    const inside = allOf([{ sql: 'st.patient = ?', values: [id] }, ...studyScope(scope), ...seriesScope(scope)]);
    const counts = counted(index, inside);
    head.setNumber(Tags.NumberOfPatientRelatedStudies, 'IS', counts.studies);
    head.setNumber(Tags.NumberOfPatientRelatedSeries, 'IS', counts.series);
    head.setNumber(Tags.NumberOfPatientRelatedInstances, 'IS', counts.instances);
    return;
  }
  // By it a requestor of C-GET knows which transfer syntaxes to propose.
  if (level === 'IMAGE' && wants(Tags.AvailableTransferSyntaxUID)) {
    const stored = index.statement('SELECT transfer_syntax FROM instance WHERE id = ?').get(id)?.['transfer_syntax'];
    head.setText(Tags.AvailableTransferSyntaxUID, 'UI', String(stored ?? ''));
  }
  const study = Number(row['study']);
  const inside = allOf([{ sql: 'st.id = ?', values: [study] }, ...seriesScope(scope)]);
  if (wants(Tags.ModalitiesInStudy, Tags.NumberOfStudyRelatedSeries, Tags.NumberOfStudyRelatedInstances)) {
    const counts = counted(index, inside);
    head.setText(Tags.ModalitiesInStudy, 'CS', counts.modalities);
    head.setNumber(Tags.NumberOfStudyRelatedSeries, 'IS', counts.series);
    head.setNumber(Tags.NumberOfStudyRelatedInstances, 'IS', counts.instances);
  }
  if (wants(Tags.SOPClassesInStudy)) {
    const classes = index
      .statement(
        `SELECT DISTINCT sc.sop_class FROM study st JOIN series se ON se.study = st.id
         JOIN series_class sc ON sc.series = se.id WHERE ${inside.sql} ORDER BY 1`,
      )
      .all(...inside.values);
    head.setText(
      Tags.SOPClassesInStudy,
      'UI',
      classes.map((found) => String(found['sop_class'])),
    );
  }
  if (wants(Tags.NumberOfSeriesRelatedInstances) && level !== 'STUDY') {
    const series = Number(row['series']);
    const instances = index.statement('SELECT instances FROM series WHERE id = ?').get(series)?.['instances'];
    head.setNumber(Tags.NumberOfSeriesRelatedInstances, 'IS', Number(instances ?? 0));
  }
}

function counted(index: ArchiveIndex, inside: SqlPart) {
  const rows = index
    .statement(
      `SELECT se.modality, count(*) AS series, sum(se.instances) AS instances, group_concat(DISTINCT st.id) AS studies
       FROM study st JOIN series se ON se.study = st.id WHERE ${inside.sql} GROUP BY se.modality ORDER BY 1`,
    )
    .all(...inside.values);
  const studies = new Set(rows.flatMap((found) => String(found['studies']).split(',')));
  return {
    studies: studies.size,
    series: rows.reduce((sum, found) => sum + Number(found['series']), 0),
    instances: rows.reduce((sum, found) => sum + Number(found['instances']), 0),
    modalities: rows.map((found) => String(found['modality'])).filter((modality) => modality !== ''),
  };
}
