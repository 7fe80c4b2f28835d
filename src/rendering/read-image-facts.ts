/** From the data set of an image to the plain facts of one of its frames. Values that come from a peer are checked here. */
import type { FrameFacts } from '../codecs/frame.ts';
import type { DataSet } from '../dicom/data-set.ts';
import { Tags } from '../dicom/dictionary/tags.generated.ts';
import { functionalGroup } from './functional-groups.ts';
import type { ImageFacts, Padding } from './image-facts.ts';
import { bytesOf } from './lookup-table.ts';
import { readOverlays } from './overlays.ts';
import { readPalette } from './palette.ts';
import { malformedImage, unsupportedImage } from './picture.ts';
import { readModality, readVoi } from './read-transforms.ts';
import { readShutter } from './shutter.ts';

export interface ReadOptions {
  /** From 1. */
  readonly frame: number;
  /** Thumbnails go without: overlays may tell who it is. */
  readonly withOverlays: boolean;
}

/** The Image Pixel attributes. @throws LeadglassError MALFORMED when it is no image */
export function readFrameFacts(dataSet: DataSet): FrameFacts {
  const needed = (tag: number, field: string): number => {
    const value = dataSet.number(tag);
    if (value === undefined) throw malformedImage(`it has no ${field}`, field);
    return value;
  };
  const isFloat = sampleKindOf(dataSet) === 'float';
  const bitsAllocated = needed(Tags.BitsAllocated, 'Bits Allocated');
  return {
    rows: needed(Tags.Rows, 'Rows'),
    columns: needed(Tags.Columns, 'Columns'),
    samplesPerPixel: dataSet.number(Tags.SamplesPerPixel) ?? 1,
    bitsAllocated,
    bitsStored: isFloat ? bitsAllocated : needed(Tags.BitsStored, 'Bits Stored'),
    pixelRepresentation: dataSet.number(Tags.PixelRepresentation) ?? 0,
    planarConfiguration: dataSet.number(Tags.PlanarConfiguration) ?? 0,
    photometricInterpretation: dataSet.text(Tags.PhotometricInterpretation) ?? '',
  };
}

/** PS3.3 C.7.6.3, C.7.6.24: which of the three kinds of pixel data there is, by its attributes. */
function sampleKindOf(dataSet: DataSet): 'integer' | 'float' {
  // A frame of 32 or 64 bits with no Bits Stored is one of the two kinds that have none.
  const bitsAllocated = dataSet.number(Tags.BitsAllocated) ?? 0;
  return bitsAllocated >= 32 && dataSet.number(Tags.BitsStored) === undefined ? 'float' : 'integer';
}

/** @throws LeadglassError MALFORMED, UNSUPPORTED */
export function readImageFacts(dataSet: DataSet, { frame: number, withOverlays }: ReadOptions): ImageFacts {
  const frame = readFrameFacts(dataSet);
  const isGrey = frame.samplesPerPixel === 1 && frame.photometricInterpretation !== 'PALETTE COLOR';
  const isPalette = frame.photometricInterpretation === 'PALETTE COLOR';
  if (isGrey && !frame.photometricInterpretation.startsWith('MONOCHROME')) {
    throw unsupportedImage('its colours are of a kind not drawn here', 'Photometric Interpretation');
  }
  const modality = isGrey
    ? readModality(functionalGroup(dataSet, Tags.PixelValueTransformationSequence, number), frame)
    : ({ kind: 'rescale', slope: 1, intercept: 0 } as const);
  const padding = isGrey ? readPadding(dataSet, frame) : undefined;
  const shutter = readShutter(functionalGroup(dataSet, Tags.FrameDisplayShutterSequence, number));
  return {
    frame,
    highBit: dataSet.number(Tags.HighBit) ?? frame.bitsStored - 1,
    sampleKind: sampleKindOf(dataSet),
    modality,
    voi: isGrey
      ? readVoi(functionalGroup(dataSet, Tags.FrameVOILUTSequence, number), modality, frame)
      : { kind: 'whole' },
    isInverse:
      isGrey &&
      (frame.photometricInterpretation === 'MONOCHROME1' || dataSet.text(Tags.PresentationLUTShape) === 'INVERSE'),
    ...(padding === undefined ? {} : { padding }),
    ...(isPalette ? { palette: readPalette(dataSet, frame.pixelRepresentation === 1) } : {}),
    overlays: withOverlays ? readOverlays(dataSet, number) : [],
    ...(shutter === undefined ? {} : { shutter }),
    pixelAspect: readPixelAspect(dataSet, number),
  };
}

/** PS3.3 C.7.5.1.1.2. The bits count, not the VR: writers take US for signed pixels, too. */
function readPadding(dataSet: DataSet, { pixelRepresentation }: FrameFacts): Padding | undefined {
  const at = (tag: number): number | undefined => {
    const bytes = bytesOf(dataSet, tag);
    if (bytes === undefined || bytes.length < 2) return undefined;
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    return pixelRepresentation === 1 ? view.getInt16(0, true) : view.getUint16(0, true);
  };
  const value = at(Tags.PixelPaddingValue);
  if (value === undefined) return undefined;
  const limit = at(Tags.PixelPaddingRangeLimit) ?? value;
  return { least: Math.min(value, limit), most: Math.max(value, limit) };
}

/** Real sizes first, then the ratio alone: the two must not contradict each other (PS3.3 C.7.6.3.1.7). */
function readPixelAspect(dataSet: DataSet, frame: number): number {
  const measures = functionalGroup(dataSet, Tags.PixelMeasuresSequence, frame);
  const pairs = [
    measures.numbers(Tags.PixelSpacing),
    dataSet.numbers(Tags.ImagerPixelSpacing),
    dataSet.numbers(Tags.NominalScannedPixelSpacing),
    dataSet.numbers(Tags.PixelAspectRatio),
  ];
  for (const [height = Number.NaN, width = Number.NaN] of pairs) {
    const ratio = height / width;
    // Beyond it is a mistake, and would make a picture of one line.
    if (height > 0 && width > 0 && ratio >= 1 / 64 && ratio <= 64) return ratio;
  }
  return 1;
}
