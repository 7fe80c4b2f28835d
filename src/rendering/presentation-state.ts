/**
 * Softcopy presentation states, PS3.3 A.33 and PS3.4 N.2: how somebody wanted an image to look, over what the image says of
 * itself. Window, tables, polarity, shutters, overlays, displayed area, rotation and flip; text and graphics are not drawn.
 */
import type { FrameFacts } from '../codecs/frame.ts';
import type { DataSet } from '../dicom/data-set.ts';
import { Tags } from '../dicom/dictionary/tags.generated.ts';
import type { ImageFacts, ModalityTransform, VoiTransform } from './image-facts.ts';
import { readOverlays } from './overlays.ts';
import { malformedImage, unsupportedImage } from './picture.ts';
import { readModality, readVoi } from './read-transforms.ts';
import { readShutter } from './shutter.ts';
import type { Area, Turn } from './turn.ts';

export interface Presented {
  readonly image: ImageFacts;
  readonly area: Area;
  readonly turn: Turn;
}

export interface PresentedImage {
  readonly dataSet: DataSet;
  readonly sopInstanceUid: string;
  /** From 1. */
  readonly frame: number;
  /** Of this frame, without its overlays. */
  readonly facts: ImageFacts;
}

/** @throws LeadglassError MALFORMED; UNSUPPORTED for what would change the picture and is not done here */
export function present(state: DataSet, image: PresentedImage): Presented {
  for (const [tag, name] of [
    [Tags.PresentationLUTSequence, 'Presentation LUT Sequence'],
    [Tags.MaskSubtractionSequence, 'Mask Subtraction Sequence'],
  ] as const) {
    if (state.items(tag).length > 0) throw unsupportedImage(`${name} is not applied here`, name);
  }
  const { facts } = image;
  const { shutter: _own, ...rest } = facts;
  const shutter = readShutter(state);
  const displayed = itemFor(state, Tags.DisplayedAreaSelectionSequence, image);
  return {
    image: {
      ...rest,
      ...(facts.frame.samplesPerPixel === 1 && facts.palette === undefined ? greyFacts(state, image) : {}),
      ...(shutter === undefined ? {} : { shutter }),
      overlays: activeOverlays(state, image),
      pixelAspect: displayed === undefined ? facts.pixelAspect : presentedAspect(displayed, facts.pixelAspect),
    },
    area: displayedArea(displayed, facts.frame),
    turn: spatial(state),
  };
}

/** N.2.1.1: the state's transforms stand for the image's; one that is left out changes nothing. */
function greyFacts(state: DataSet, image: PresentedImage): Pick<ImageFacts, 'modality' | 'voi' | 'isInverse'> {
  const { frame } = image.facts;
  const modality = readModality(state, frame);
  const item = itemFor(state, Tags.SoftcopyVOILUTSequence, image);
  const voi = item === undefined ? undefined : readVoi(item, modality, frame);
  return {
    modality,
    voi: voi === undefined || voi.kind === 'whole' ? everything(modality, frame) : voi,
    isInverse: state.text(Tags.PresentationLUTShape) === 'INVERSE',
  };
}

/** Without a VOI transform all that Bits Stored could hold is shown, used or not (C.11.2 as identity). */
function everything(modality: ModalityTransform, { bitsStored, pixelRepresentation }: FrameFacts): VoiTransform {
  const ends =
    modality.kind === 'table'
      ? [0, 2 ** modality.table.bits - 1]
      : (pixelRepresentation === 1
          ? [-(2 ** (bitsStored - 1)), 2 ** (bitsStored - 1) - 1]
          : [0, 2 ** bitsStored - 1]
        ).map((value) => value * modality.slope + modality.intercept);
  const [least, most] = [Math.min(...ends), Math.max(...ends)];
  return { kind: 'window', center: (least + most) / 2, width: most - least || 1, function: 'linear-exact' };
}

/** The item of a sequence that is about this frame: those that name no image are about all (C.11.8, C.10.4). */
function itemFor(state: DataSet, tag: number, { sopInstanceUid, frame }: PresentedImage): DataSet | undefined {
  return state.items(tag).find((item) => {
    const references = item.items(Tags.ReferencedImageSequence);
    if (references.length === 0) return true;
    return references.some((reference) => {
      if (reference.text(Tags.ReferencedSOPInstanceUID) !== sopInstanceUid) return false;
      const frames = reference.numbers(Tags.ReferencedFrameNumber);
      return frames.length === 0 || frames.includes(frame);
    });
  });
}

/** Overlays of the state itself, and those of the image that it puts into a layer (C.11.7). */
function activeOverlays(state: DataSet, { dataSet, frame }: PresentedImage): ImageFacts['overlays'] {
  const isActive = (group: number): boolean => (state.text(Tags.OverlayActivationLayer + group) ?? '') !== '';
  return [...readOverlays(dataSet, frame, isActive), ...readOverlays(state, 1, isActive)];
}

/** C.10.4: two corners in the image before it is turned, column first, from 1; what lies beyond the image has no pixels. */
function displayedArea(item: DataSet | undefined, { rows, columns }: FrameFacts): Area {
  const whole = { left: 0, top: 0, width: columns, height: rows };
  if (item === undefined) return whole;
  const [x1 = Number.NaN, y1 = Number.NaN] = item.numbers(Tags.DisplayedAreaTopLeftHandCorner);
  const [x2 = Number.NaN, y2 = Number.NaN] = item.numbers(Tags.DisplayedAreaBottomRightHandCorner);
  const left = Math.max(1, Math.min(x1, x2));
  const top = Math.max(1, Math.min(y1, y2));
  const width = Math.min(columns, Math.max(x1, x2)) - left + 1;
  const height = Math.min(rows, Math.max(y1, y2)) - top + 1;
  if (width >= 1 && height >= 1) return { left: left - 1, top: top - 1, width, height };
  throw malformedImage('the displayed area is none of the image', 'Displayed Area Selection Sequence');
}

/** C.10.4: spacing, else ratio, height first. */
function presentedAspect(item: DataSet, otherwise: number): number {
  for (const tag of [Tags.PresentationPixelSpacing, Tags.PresentationPixelAspectRatio]) {
    const [height = Number.NaN, width = Number.NaN] = item.numbers(tag);
    const ratio = height / width;
    if (ratio >= 1 / 64 && ratio <= 64) return ratio;
  }
  return otherwise;
}

/** C.10.6: rotated clockwise, and flipped afterwards; here it is the other way round, so that a quarter changes the axis. */
function spatial(state: DataSet): Turn {
  const degrees = state.number(Tags.ImageRotation) ?? 0;
  const rotation = ([0, 90, 180, 270] as const).find((known) => known === degrees);
  if (rotation === undefined) throw malformedImage(`Image Rotation is ${degrees}`, 'Image Rotation');
  const flips = state.text(Tags.ImageHorizontalFlip) === 'Y';
  const isSideways = rotation === 90 || rotation === 270;
  return { flipsHorizontally: flips && !isSideways, flipsVertically: flips && isSideways, rotation };
}
