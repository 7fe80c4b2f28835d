/**
 * Segmentations (PS3.3 A.51, C.8.20): which frames belong together on one picture, over which image, and in which colours. Binary,
 * fractional and label maps.
 */
import type { DataSet } from '../dicom/data-set.ts';
import { Tags } from '../dicom/dictionary/tags.generated.ts';
import type { Tag } from '../dicom/tag.ts';
import { readColour } from './cielab.ts';
import { functionalGroup } from './functional-groups.ts';
import type { Mask, Rgb } from './marks.ts';
import { isShort } from './long-values.ts';
import { malformedImage, unsupportedImage } from './picture.ts';
import { readFrameFacts } from './read-image-facts.ts';

export const segmentationClasses: ReadonlySet<string> = new Set([
  '1.2.840.10008.5.1.4.1.1.66.4',
  '1.2.840.10008.5.1.4.1.1.66.7',
]);

/** Over an image, which stays visible under it. */
const opacityOverImage = 0.5;

/** What a segmentation's pictures depend on beside the attributes of any image. */
export const segmentationElements: ReadonlySet<Tag> = new Set<Tag>([
  Tags.SegmentSequence,
  Tags.SegmentationType,
  Tags.MaximumFractionalValue,
  Tags.StudiesContainingOtherReferencedInstancesSequence,
]);

/** Frames of one place, which are drawn together. */
export interface SegmentedPlace {
  readonly frames: readonly number[];
  readonly source?: SourceFrame;
}

export interface SourceFrame {
  readonly sopInstanceUid: string;
  readonly frame: number;
}

/** Of frames that nothing is said of one by one; a claimed number costs nobody anything. */
const bareFramesMax = 1_000;

/** In the order of their first frames. @param numberOfFrames as the pixel data claim it */
export function segmentedPlaces(dataSet: DataSet, numberOfFrames: number): readonly SegmentedPlace[] {
  const places = new Map<string, { readonly frames: number[]; readonly source?: SourceFrame }>();
  const described = dataSet.items(Tags.PerFrameFunctionalGroupsSequence).length || bareFramesMax;
  for (let frame = 1; frame <= Math.min(numberOfFrames, described); frame += 1) {
    const source = sourceOf(dataSet, frame);
    const key = source === undefined ? positionKey(dataSet, frame) : `${source.sopInstanceUid}/${source.frame}`;
    const known = places.get(key);
    if (known === undefined) places.set(key, { frames: [frame], ...(source === undefined ? {} : { source }) });
    else known.frames.push(frame);
  }
  return [...places.values()];
}

/** C.7.6.16.2.6: the first image that the frame was derived from. */
export function sourceOf(dataSet: DataSet, frame: number): SourceFrame | undefined {
  const derivation = functionalGroup(dataSet, Tags.DerivationImageSequence, frame);
  const [image] = derivation.items(Tags.SourceImageSequence);
  const sopInstanceUid = image?.text(Tags.ReferencedSOPInstanceUID);
  if (image === undefined || sopInstanceUid === undefined) return undefined;
  return { sopInstanceUid, frame: image.number(Tags.ReferencedFrameNumber) ?? 1 };
}

/** Of a frame that stands alone: its number. */
function positionKey(dataSet: DataSet, frame: number): string {
  const group = functionalGroup(dataSet, Tags.PlanePositionSequence, frame);
  const position = isShort(group, Tags.ImagePositionPatient) ? group.texts(Tags.ImagePositionPatient) : [];
  return position.length === 3 ? position.join('\\') : `frame ${frame}`;
}

/** Studies of sources other than the segmentation's own (C.12.2). */
export function otherStudies(dataSet: DataSet): readonly string[] {
  return dataSet
    .items(Tags.StudiesContainingOtherReferencedInstancesSequence)
    .map((item) => item.text(Tags.StudyInstanceUID) ?? '');
}

/**
 * A frame as what is drawn.
 * @param pixels native, as Bits Allocated says
 * @throws LeadglassError MALFORMED, UNSUPPORTED
 */
export function maskOf(dataSet: DataSet, frame: number, pixels: Uint8Array<ArrayBuffer>): Omit<Mask, 'mapping'> {
  const { rows, columns, bitsAllocated, samplesPerPixel } = readFrameFacts(dataSet);
  if (samplesPerPixel !== 1 || (bitsAllocated !== 1 && bitsAllocated !== 8 && bitsAllocated !== 16)) {
    throw unsupportedImage(`its segments have ${bitsAllocated} bits`, 'Bits Allocated');
  }
  return { rows, columns, bits: bitsAllocated, pixels, opacity: opacityOverImage, meaning: meaningOf(dataSet, frame) };
}

function meaningOf(dataSet: DataSet, frame: number): Mask['meaning'] {
  const type = dataSet.text(Tags.SegmentationType);
  switch (type) {
    case 'LABELMAP':
      return { kind: 'label', colours: segmentColours(dataSet) };
    case 'BINARY':
    case 'FRACTIONAL': {
      const identified = functionalGroup(dataSet, Tags.SegmentIdentificationSequence, frame);
      const segment = identified.number(Tags.ReferencedSegmentNumber);
      if (segment === undefined) throw malformedImage('a frame is of no segment', 'Referenced Segment Number');
      const most = type === 'BINARY' ? 1 : (dataSet.number(Tags.MaximumFractionalValue) ?? 255);
      if (!(most >= 1)) throw malformedImage('its shares have no maximum', 'Maximum Fractional Value');
      return { kind: 'share', most, colour: segmentColours(dataSet).get(segment) ?? usualColour(segment) };
    }
    default:
      throw unsupportedImage('its segments are of a kind not drawn here', 'Segmentation Type');
  }
}

/** Of one data set: a picture has as many masks as segments, and each asks. */
const coloursOf = new WeakMap<DataSet, ReadonlyMap<number, Rgb>>();

function segmentColours(dataSet: DataSet): ReadonlyMap<number, Rgb> {
  const known = coloursOf.get(dataSet) ?? readColours(dataSet);
  coloursOf.set(dataSet, known);
  return known;
}

/** By Segment Number; 0 is what is in no segment. */
function readColours(dataSet: DataSet): ReadonlyMap<number, Rgb> {
  const colours = new Map<number, Rgb>();
  for (const item of dataSet.items(Tags.SegmentSequence)) {
    const number = item.number(Tags.SegmentNumber);
    if (number === undefined || number === 0) continue;
    const recommended = readColour(item, {
      lab: Tags.RecommendedDisplayCIELabValue,
      grey: Tags.RecommendedDisplayGrayscaleValue,
    });
    colours.set(number, recommended ?? usualColour(number));
  }
  return colours;
}

/** Where none is recommended: neighbours in the list are far from each other on the circle of hues. */
function usualColour(segment: number): Rgb {
  const hue = ((segment * 137.508) % 360) / 60;
  const at = (offset: number): number =>
    Math.round(255 * Math.min(1, Math.max(0, Math.abs(((hue + offset) % 6) - 3) - 1)));
  return [at(0), at(4), at(2)];
}
