/** What a search returns without being asked, PS3.18 tables 10.6.3-3 to 10.6.3-5. */
import type { AttributePath } from '../../../dicom/attribute-path.ts';
import { Tags } from '../../../dicom/dictionary/dictionary.ts';
import { type QueryLevel, queryLevels } from '../../../dicom/query-level.ts';
import type { Tag } from '../../../dicom/tag.ts';
import type { Parents } from './target.ts';

export type SearchLevel = 'STUDY' | 'SERIES' | 'IMAGE';

/**
 * By level. Retrieve URL (0008,1190) is not among them, since the door makes it; it and what is conditional (Timezone Offset)
 * is added by whoever knows.
 */
const ofLevel: Readonly<Record<SearchLevel, readonly (Tag | AttributePath)[]>> = {
  STUDY: [
    Tags.StudyDate,
    Tags.StudyTime,
    Tags.AccessionNumber,
    Tags.InstanceAvailability,
    Tags.ModalitiesInStudy,
    Tags.ReferringPhysicianName,
    Tags.PatientName,
    Tags.PatientID,
    Tags.PatientBirthDate,
    Tags.PatientSex,
    Tags.StudyInstanceUID,
    Tags.StudyID,
    Tags.NumberOfStudyRelatedSeries,
    Tags.NumberOfStudyRelatedInstances,
  ],
  SERIES: [
    Tags.Modality,
    Tags.SeriesDescription,
    Tags.SeriesInstanceUID,
    Tags.SeriesNumber,
    Tags.NumberOfSeriesRelatedInstances,
    Tags.PerformedProcedureStepStartDate,
    Tags.PerformedProcedureStepStartTime,
    [Tags.RequestAttributesSequence, Tags.ScheduledProcedureStepID],
    [Tags.RequestAttributesSequence, Tags.RequestedProcedureID],
  ],
  IMAGE: [
    Tags.SOPClassUID,
    Tags.SOPInstanceUID,
    Tags.InstanceAvailability,
    Tags.InstanceNumber,
    Tags.Rows,
    Tags.Columns,
    Tags.BitsAllocated,
    Tags.NumberOfFrames,
  ],
};

/** Those of the level, and of each level above that the path does not already name (10.6.3.3.2, 10.6.3.3.3). */
export function returnedByDefault(level: SearchLevel, parents: Parents): readonly AttributePath[] {
  const levels = (['STUDY', 'SERIES', 'IMAGE'] as const).filter((other) => {
    if (other === 'STUDY' && level !== 'STUDY' && parents.study !== undefined) return false;
    if (other === 'SERIES' && level === 'IMAGE' && parents.series !== undefined) return false;
    return !isBelow(other, level);
  });
  const attributes = levels.flatMap((included) => ofLevel[included]);
  return attributes.map((attribute) => (typeof attribute === 'number' ? ([attribute] as const) : attribute));
}

/** Is the one a level below the other? An attribute without a level is below none. */
export function isBelow(level: QueryLevel | undefined, other: QueryLevel): boolean {
  return level !== undefined && queryLevels.indexOf(level) > queryLevels.indexOf(other);
}
