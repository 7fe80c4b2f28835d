/** The identifier of C-GET and C-MOVE as unique keys (PS3.4 C.4.2.1.4, C.4.3.1.4, C.4.2.2.1). */
import { Tags } from '../../dicom/dictionary/tags.generated.ts';
import type { DataSet } from '../../dicom/data-set.ts';
import { type InformationModel, type QueryLevel, queryLevels } from '../../dicom/query-level.ts';
import type { Tag } from '../../dicom/tag.ts';
import { parseUid, type Uid } from '../../dicom/uid.ts';
import { LeadglassError } from '../../error.ts';
import type { RetrieveKeys } from '../../guard/operation.ts';

export interface RetrieveIdentifier {
  readonly level: QueryLevel;
  readonly keys: RetrieveKeys;
}

/**
 * Reads the level and the unique keys. Above the level each key has one value unless relational retrieval was negotiated;
 * at the level UIDs may be a list, a Patient ID may not.
 * @throws LeadglassError BAD_REQUEST, MALFORMED
 */
export function readRetrieveIdentifier(
  identifier: DataSet,
  {
    model,
    relational,
    uidsMax,
  }: { readonly model: InformationModel; readonly relational: boolean; readonly uidsMax: number },
): RetrieveIdentifier {
  const level = readLevel(identifier, model);
  const patientId = identifier.text(Tags.PatientID);
  const study = uidsOf(identifier, Tags.StudyInstanceUID, 'Study Instance UID', uidsMax);
  const series = uidsOf(identifier, Tags.SeriesInstanceUID, 'Series Instance UID', uidsMax);
  const instances = uidsOf(identifier, Tags.SOPInstanceUID, 'SOP Instance UID', uidsMax);
  if (patientId !== undefined && /[*?\\]/.test(patientId)) {
    throw new LeadglassError('BAD_REQUEST', 'Cannot retrieve: Patient ID must be one value without wildcards');
  }
  const depth = queryLevels.indexOf(level);
  const given = {
    PATIENT: patientId === undefined || patientId === '' ? [] : [patientId],
    STUDY: study,
    SERIES: series,
    IMAGE: instances,
  };
  if (given[level].length === 0) {
    throw new LeadglassError('BAD_REQUEST', `Cannot retrieve: the unique key of level ${level} is missing or empty`);
  }
  for (const [index, upper] of queryLevels.entries()) {
    if (index >= depth || (upper === 'PATIENT' && model === 'study-root')) continue;
    if (given[upper].length > 1 || (given[upper].length === 0 && !relational)) {
      throw new LeadglassError(
        'BAD_REQUEST',
        `Cannot retrieve: level ${level} needs one value for the unique key of level ${upper}, got ${given[upper].length}`,
      );
    }
  }
  return {
    level,
    keys: {
      ...(given.PATIENT[0] === undefined ? {} : { patientId: given.PATIENT[0] }),
      ...(study.length === 0 || depth < 1 ? {} : { studyInstanceUids: study }),
      ...(series.length === 0 || depth < 2 ? {} : { seriesInstanceUids: series }),
      ...(instances.length === 0 || depth < 3 ? {} : { sopInstanceUids: instances }),
    },
  };
}

function readLevel(identifier: DataSet, model: InformationModel): QueryLevel {
  const text = identifier.text(Tags.QueryRetrieveLevel);
  const level = queryLevels.find((known) => known === text);
  if (level === undefined || (level === 'PATIENT' && model === 'study-root')) {
    throw new LeadglassError(
      'BAD_REQUEST',
      `Cannot retrieve: Query/Retrieve Level must be one of ${queryLevels.slice(model === 'study-root' ? 1 : 0).join(', ')}`,
    );
  }
  return level;
}

function uidsOf(identifier: DataSet, tag: Tag, name: string, max: number): readonly Uid[] {
  const texts = identifier.texts(tag).filter((text) => text !== '');
  if (texts.length > max) {
    throw new LeadglassError(
      'LIMIT_EXCEEDED',
      `Cannot retrieve: ${name} lists ${texts.length} UIDs, at most ${max} are taken`,
    );
  }
  return texts.map((text) => parseUid(text, name));
}
