/**
 * Softcopy presentation states, PS3.3 A.33 and PS3.4 N.2: how somebody wanted an image to look, over what the image says of
 * itself. Window, tables, palette, shutters, displayed area, rotation and flip, and the layers drawn over it.
 */
import type { FrameFacts } from '../codecs/frame.ts';
import type { DataSet } from '../dicom/data-set.ts';
import { Tags } from '../dicom/dictionary/tags.generated.ts';
import { LeadglassError } from '../error.ts';
import type { ImageFacts, ModalityTransform, Overlay, VoiTransform } from './image-facts.ts';
import { bytesOf, readLookupTable } from './lookup-table.ts';
import type { Layer } from './marks.ts';
import { readOverlays } from './overlays.ts';
import { readPalette } from './palette.ts';
import { malformedImage, unsupportedImage } from './picture.ts';
import { type AnnotationLimits, readLayers } from './read-annotations.ts';
import { readModality, readVoi } from './read-transforms.ts';
import { readShutter } from './shutter.ts';
import type { Area, Turn } from './turn.ts';

/** PS3.3 A.33: the classes that are applied to one image; others mix several, or draw volumes. */
export const presentationStates = {
  grayscale: '1.2.840.10008.5.1.4.1.1.11.1',
  color: '1.2.840.10008.5.1.4.1.1.11.2',
  pseudoColor: '1.2.840.10008.5.1.4.1.1.11.3',
  xaXrfGrayscale: '1.2.840.10008.5.1.4.1.1.11.5',
} as const;

export interface Presented {
  readonly image: ImageFacts;
  /** May reach beyond the image. */
  readonly area: Area;
  readonly turn: Turn;
  readonly layers: readonly Layer[];
}

export interface PresentedImage {
  readonly dataSet: DataSet;
  readonly sopInstanceUid: string;
  /** From 1. */
  readonly frame: number;
  /** Of this frame, without its overlays. */
  readonly facts: ImageFacts;
}

/** With what is left to be read of lists of frames. */
interface AskedImage extends PresentedImage {
  listBytesLeft: number;
}

/** @throws LeadglassError MALFORMED, LIMIT_EXCEEDED; UNSUPPORTED for what would change the picture and is not done here */
export function present(
  state: DataSet,
  presented: PresentedImage,
  limits: AnnotationLimits & { readonly frameListsBytesMax: number },
): Presented {
  const image: AskedImage = { ...presented, listBytesLeft: limits.frameListsBytesMax };
  if (state.items(Tags.MaskSubtractionSequence).length > 0) {
    throw unsupportedImage('a mask is not subtracted here', 'Mask Subtraction Sequence');
  }
  const { facts } = image;
  const { shutter: _own, ...rest } = facts;
  const shutter = readShutter(state);
  const displayed = itemFor(state.items(Tags.DisplayedAreaSelectionSequence), image);
  const isGrey = facts.frame.samplesPerPixel === 1 && facts.palette === undefined;
  const sopClassUid = state.text(Tags.SOPClassUID);
  const changesGreys = isGrey && sopClassUid !== presentationStates.color;
  return {
    image: {
      ...rest,
      ...(changesGreys ? greyFacts(state, image) : {}),
      ...(changesGreys && sopClassUid === presentationStates.pseudoColor
        ? { pseudoColour: readPalette(state, false) }
        : {}),
      ...(shutter === undefined ? {} : { shutter }),
      // They are in their layers.
      overlays: [],
      pixelAspect: displayed === undefined ? facts.pixelAspect : presentedAspect(displayed, facts.pixelAspect),
    },
    area: displayedArea(displayed, facts.frame),
    turn: spatial(state),
    layers: readLayers(
      state,
      {
        annotations: state.items(Tags.GraphicAnnotationSequence).filter((item) => isAbout(item, image)),
        overlays: activeOverlays(state, image),
      },
      limits,
    ),
  };
}

/** N.2.1.1: the state's transforms stand for the image's; one that is left out changes nothing. */
function greyFacts(
  state: DataSet,
  image: AskedImage,
): Pick<ImageFacts, 'modality' | 'voi' | 'isInverse' | 'presentation'> {
  const { frame } = image.facts;
  const modality = readModality(state, frame);
  const item = itemFor(state.items(Tags.SoftcopyVOILUTSequence), image);
  const voi = item === undefined ? undefined : readVoi(item, modality, frame);
  const [presentation] = state.items(Tags.PresentationLUTSequence);
  return {
    modality,
    voi: voi === undefined || voi.kind === 'whole' ? everything(modality, frame) : voi,
    isInverse: presentation === undefined && state.text(Tags.PresentationLUTShape) === 'INVERSE',
    ...(presentation === undefined ? {} : { presentation: readLookupTable(presentation, false) }),
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

/** The item that is about this frame: those that name no image are about all (C.11.8, C.10.4). */
function itemFor(items: readonly DataSet[], image: AskedImage): DataSet | undefined {
  return items.find((item) => isAbout(item, image));
}

function isAbout(item: DataSet, image: AskedImage): boolean {
  const { sopInstanceUid, frame } = image;
  const references = item.items(Tags.ReferencedImageSequence);
  if (references.length === 0) return true;
  return references.some((reference) => {
    if (reference.text(Tags.ReferencedSOPInstanceUID) !== sopInstanceUid) return false;
    image.listBytesLeft -= bytesOf(reference, Tags.ReferencedFrameNumber)?.length ?? 0;
    if (image.listBytesLeft < 0) {
      throw new LeadglassError(
        'LIMIT_EXCEEDED',
        'Cannot draw the picture: its presentation state names too many frames',
      );
    }
    const frames = reference.numbers(Tags.ReferencedFrameNumber);
    return frames.length === 0 || frames.includes(frame);
  });
}

/** Overlays of the state itself, and those of the image, that it puts into a layer (C.11.7), by its name. */
function activeOverlays(state: DataSet, { dataSet, frame }: PresentedImage): ReadonlyMap<string, readonly Overlay[]> {
  const layers = new Map<string, Overlay[]>();
  for (let group = 0; group <= 0x1e_0000; group += 0x2_0000) {
    const name = state.text(Tags.OverlayActivationLayer + group) ?? '';
    if (name === '') continue;
    const isThis = (other: number): boolean => other === group;
    const overlays = [...readOverlays(dataSet, frame, isThis), ...readOverlays(state, 1, isThis)];
    layers.set(name, [...(layers.get(name) ?? []), ...overlays]);
  }
  return layers;
}

/** C.10.4: two corners in the image before it is turned, column first, from 1; it may be larger than the image. */
function displayedArea(item: DataSet | undefined, { rows, columns }: FrameFacts): Area {
  if (item === undefined) return { left: 0, top: 0, width: columns, height: rows };
  const [x1 = Number.NaN, y1 = Number.NaN] = item.numbers(Tags.DisplayedAreaTopLeftHandCorner);
  const [x2 = Number.NaN, y2 = Number.NaN] = item.numbers(Tags.DisplayedAreaBottomRightHandCorner);
  const [left, top] = [Math.min(x1, x2) - 1, Math.min(y1, y2) - 1];
  const area = { left, top, width: Math.max(x1, x2) - left, height: Math.max(y1, y2) - top };
  const isInImage = left < columns && top < rows && left + area.width > 0 && top + area.height > 0;
  if (isInImage && Object.values(area).every(Number.isInteger)) return area;
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
