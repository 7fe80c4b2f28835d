/**
 * What one frame is, as far as drawing, measuring and placing it need it, read from the metadata of its instance. Pure.
 */
import type { FramePlace, Window } from '../../../model/places.ts';
import { count, type DataSetJson, text } from '../../../model/dicom-json.ts';
import { groupOf, itemsAt, numberAt, numbersAt, textAt, vectorAt } from './attributes.ts';

export type Triple = readonly [number, number, number];

/** Where a frame lies in the patient, PS3.3 C.7.6.2.1.1. */
export interface Plane {
  /** Centre of the first pixel, mm. */
  readonly position: Triple;
  /** Direction of a row (to the next column), unit vector. */
  readonly along: Triple;
  /** Direction of a column (to the next row), unit vector. */
  readonly down: Triple;
}

export interface Spacing {
  /** Between rows, mm. */
  readonly row: number;
  /** Between columns, mm. */
  readonly column: number;
  /** `detector`: as large as on the detector, not in the patient (PS3.3 10.7.1.3). */
  readonly at: 'patient' | 'detector';
}

export interface ImageFacts {
  readonly place: FramePlace;
  readonly instanceNumber: number;
  readonly sopClassUid: string;
  readonly modality: string;
  readonly rows: number;
  readonly columns: number;
  /** `values`: grey values are fetched and windowed here; `picture`: the server draws it. */
  readonly kind: 'values' | 'picture';
  readonly bitsAllocated: number;
  readonly bitsStored: number;
  readonly isSigned: boolean;
  /** MONOCHROME1: the lowest value is white. */
  readonly isInverted: boolean;
  readonly slope: number;
  readonly intercept: number;
  /** As the image itself proposes them. */
  readonly windows: readonly Window[];
  /** Absent: distances are pixels. */
  readonly spacing?: Spacing;
  readonly plane?: Plane;
  readonly sliceThickness?: number;
  readonly frameOfReferenceUid: string;
  /** Frames per second, when the image says so. */
  readonly framesPerSecond?: number;
  /** The instance has more than one frame. */
  readonly isMultiFrame?: true;
  /** It is no frame of the archive but was made here. */
  readonly isMade?: true;
}

/** More than an address or a slider of frames can mean; an answer that says otherwise costs no memory. */
const framesMax = 20_000;

/** The frames of an instance; none where it has no pixels. */
export function factsOf(study: string, series: string, metadata: DataSetJson): readonly ImageFacts[] {
  const rows = numberAt(metadata, '00280010') ?? 0;
  const columns = numberAt(metadata, '00280011') ?? 0;
  if (rows < 1 || columns < 1) return [];
  const frames = Math.min(framesMax, Math.max(1, Math.floor(count(metadata, 'NumberOfFrames') ?? 1)));
  const instance = text(metadata, 'SOPInstanceUID');
  return Array.from({ length: frames }, (_, index) =>
    frameFacts(metadata, { study, series, instance, frame: index + 1 }, { rows, columns }),
  );
}

function frameFacts(
  metadata: DataSetJson,
  place: FramePlace,
  size: { readonly rows: number; readonly columns: number },
): ImageFacts {
  const bitsAllocated = numberAt(metadata, '00280100') ?? 0;
  const bitsStored = numberAt(metadata, '00280101') ?? bitsAllocated;
  const photometric = textAt(metadata, '00280004');
  // Float pixels, bits of a segmentation and anything with colours: the server knows how to draw them.
  const isGrey = photometric.startsWith('MONOCHROME') && (numberAt(metadata, '00280002') ?? 1) === 1;
  const isWhole = bitsAllocated === 8 || bitsAllocated === 16;
  const transformation = groupOf(metadata, place.frame, '00289145') ?? metadata;
  const spacing = spacingOf(metadata, place.frame);
  const plane = planeOf(metadata, place.frame);
  const thickness = numberAt(groupOf(metadata, place.frame, '00289110'), '00180050') ?? numberAt(metadata, '00180050');
  const rate = rateOf(metadata);
  return {
    place,
    ...size,
    instanceNumber: count(metadata, 'InstanceNumber') ?? 0,
    sopClassUid: text(metadata, 'SOPClassUID'),
    modality: text(metadata, 'Modality'),
    kind: isGrey && isWhole && !hasFloats(metadata) ? 'values' : 'picture',
    bitsAllocated,
    bitsStored: Math.min(bitsStored, bitsAllocated),
    isSigned: numberAt(metadata, '00280103') === 1,
    isInverted: photometric === 'MONOCHROME1',
    slope: numberAt(transformation, '00281053') || 1,
    intercept: numberAt(transformation, '00281052') ?? 0,
    windows: windowsOf(groupOf(metadata, place.frame, '00289132') ?? metadata),
    frameOfReferenceUid: textAt(metadata, '00200052'),
    ...(spacing === undefined ? {} : { spacing }),
    ...(plane === undefined ? {} : { plane }),
    ...(thickness === undefined ? {} : { sliceThickness: thickness }),
    ...(rate === undefined ? {} : { framesPerSecond: rate }),
    ...((count(metadata, 'NumberOfFrames') ?? 1) > 1 ? { isMultiFrame: true } : {}),
  };
}

/** Float Pixel Data and Double Float Pixel Data, PS3.3 C.7.6.24. */
const hasFloats = (metadata: DataSetJson): boolean => '7FE00008' in metadata || '7FE00009' in metadata;

function windowsOf(dataSet: DataSetJson): readonly Window[] {
  const widths = numbersAt(dataSet, '00281051');
  return numbersAt(dataSet, '00281050').flatMap((center, index) => {
    const width = widths[index] ?? Number.NaN;
    return Number.isFinite(center) && width >= 1 ? [{ center, width }] : [];
  });
}

/** How far apart pixels are, by what the object gives for it: PS3.3 10.7.1.3, C.8.5.5 (ultrasound). */
function spacingOf(metadata: DataSetJson, frame: number): Spacing | undefined {
  const measures = groupOf(metadata, frame, '00289110');
  const inPatient = positive(vectorAt(measures ?? metadata, '00280030', 2));
  if (inPatient !== undefined) return { ...inPatient, at: 'patient' };
  const ultrasound = ultrasoundSpacing(metadata);
  if (ultrasound !== undefined) return { ...ultrasound, at: 'patient' };
  const onDetector = positive(vectorAt(metadata, '00181164', 2));
  return onDetector === undefined ? undefined : { ...onDetector, at: 'detector' };
}

function positive(pair: readonly number[] | undefined): Omit<Spacing, 'at'> | undefined {
  const [row = 0, column = 0] = pair ?? [];
  return row > 0 && column > 0 ? { row, column } : undefined;
}

/** Only where one two-dimensional region in centimetres is all there is, one millimetre means the same everywhere in the image. */
function ultrasoundSpacing(metadata: DataSetJson): Omit<Spacing, 'at'> | undefined {
  const regions = itemsAt(metadata, '00186011');
  const [region] = regions;
  if (regions.length !== 1 || numberAt(region, '00186012') !== 1) return undefined;
  if (numberAt(region, '00186024') !== 3 || numberAt(region, '00186026') !== 3) return undefined;
  const column = Math.abs(numberAt(region, '0018602C') ?? 0) * 10;
  const row = Math.abs(numberAt(region, '0018602E') ?? 0) * 10;
  return positive([row, column]);
}

function planeOf(metadata: DataSetJson, frame: number): Plane | undefined {
  const position = vectorAt(groupOf(metadata, frame, '00209113') ?? metadata, '00200032', 3);
  const directions = vectorAt(groupOf(metadata, frame, '00209116') ?? metadata, '00200037', 6);
  if (position === undefined || directions === undefined) return undefined;
  const along = unit(directions.slice(0, 3));
  const down = unit(directions.slice(3));
  const [x = 0, y = 0, z = 0] = position;
  return along === undefined || down === undefined ? undefined : { position: [x, y, z], along, down };
}

function unit([x = 0, y = 0, z = 0]: readonly number[]): Triple | undefined {
  const length = Math.hypot(x, y, z);
  return length > 0.5 ? [x / length, y / length, z / length] : undefined;
}

/** Recommended Display Frame Rate, Cine Rate, Frame Time: PS3.3 C.7.6.5. */
function rateOf(metadata: DataSetJson): number | undefined {
  const time = numberAt(metadata, '00181063');
  const rate = numberAt(metadata, '00082144') ?? numberAt(metadata, '00180040') ?? (time ? 1000 / time : undefined);
  return rate !== undefined && rate > 0 && rate <= 240 ? rate : undefined;
}
