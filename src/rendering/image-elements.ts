/** Which elements of an image a picture of it depends on: nothing of them says whose it is, but overlays may show it. */
import { Tags } from '../dicom/dictionary/tags.generated.ts';
import { groupOf, type Tag } from '../dicom/tag.ts';

const single: ReadonlySet<Tag> = new Set<Tag>([
  Tags.ImagerPixelSpacing,
  Tags.NominalScannedPixelSpacing,
  Tags.ShutterShape,
  Tags.ShutterLeftVerticalEdge,
  Tags.ShutterRightVerticalEdge,
  Tags.ShutterUpperHorizontalEdge,
  Tags.ShutterLowerHorizontalEdge,
  Tags.CenterOfCircularShutter,
  Tags.RadiusOfCircularShutter,
  Tags.VerticesOfThePolygonalShutter,
  Tags.ShutterPresentationValue,
  Tags.PresentationLUTShape,
  Tags.SharedFunctionalGroupsSequence,
  Tags.PerFrameFunctionalGroupsSequence,
]);

export function isImageElement(tag: Tag): boolean {
  const group = groupOf(tag);
  const isOverlay = group >= 0x6000 && group <= 0x601e && group % 2 === 0;
  return group === 0x0028 || isOverlay || single.has(tag);
}
