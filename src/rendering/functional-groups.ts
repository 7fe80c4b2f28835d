/** Where an attribute of a frame stands in enhanced multi-frame images, PS3.3 C.7.6.16: the frame's own groups, then shared ones. */
import type { DataSet } from '../dicom/data-set.ts';
import { Tags } from '../dicom/dictionary/tags.generated.ts';
import type { Tag } from '../dicom/tag.ts';

/**
 * The macro's item for a frame; the data set itself where the image has no functional groups with it, as all classic ones.
 * @param frame from 1
 */
export function functionalGroup(dataSet: DataSet, macro: Tag, frame: number): DataSet {
  const own = dataSet.items(Tags.PerFrameFunctionalGroupsSequence)[frame - 1]?.items(macro)[0];
  return own ?? dataSet.items(Tags.SharedFunctionalGroupsSequence)[0]?.items(macro)[0] ?? dataSet;
}
