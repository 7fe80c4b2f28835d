/**
 * The frames that Cornerstone knows by an address of ours, and what it asks of them: the loader of their pixels and the provider
 * of their metadata. One register lives as long as the viewer is open; when it closes nothing of a patient stays in it.
 */
import { Enums, type Types, utilities } from '@cornerstonejs/core';
import type { ImageFacts } from '../model/image-facts.ts';
import { rangeOf, type ScaledValues, type Values, valuesOf } from '../model/pixels.ts';
import { fetchPicture, fetchValues } from './frame-source.ts';

export const scheme = 'leadglass';

/** Where a frame's values come from, when not from the server: a plane cut through a volume. */
export type MadeValues = () => ScaledValues;

interface Entry {
  readonly facts: ImageFacts;
  readonly made?: MadeValues;
}

export class FrameRegister {
  readonly #entries = new Map<string, Entry>();
  readonly #closing = new AbortController();
  readonly #failures = new WeakSet<object>();
  /** When the last request left, for whoever watches over the session. */
  lastAskedMs = Date.now();

  add(facts: ImageFacts, made?: MadeValues): string {
    const { series, instance, frame } = facts.place;
    const id = `${scheme}:${series}/${instance}/${frame}`;
    this.#entries.set(id, made === undefined ? { facts } : { facts, made });
    return id;
  }

  factsOf(imageId: string | undefined): ImageFacts | undefined {
    return imageId === undefined ? undefined : this.#entries.get(imageId)?.facts;
  }

  /** Whether this is why an image did not come. */
  isFailure(error: unknown): boolean {
    return typeof error === 'object' && error !== null && this.#failures.has(error);
  }

  close(): void {
    this.#closing.abort();
    this.#entries.clear();
  }

  /**
   * The loader as Cornerstone calls it. It cannot be cancelled by itself: a full cache would cancel what somebody is waiting for.
   */
  load(imageId: string): Types.IImageLoadObject {
    const promise = this.#image(imageId, this.#closing.signal).catch((error: unknown) => {
      if (typeof error === 'object' && error !== null) this.#failures.add(error);
      throw error;
    });
    return { promise };
  }

  async #image(imageId: string, signal: AbortSignal): Promise<Types.IImage> {
    const entry = this.#entries.get(imageId);
    if (entry === undefined) throw new Error('This image belongs to no open series');
    const { facts, made } = entry;
    if (made !== undefined) return greyImage(imageId, facts, rangeOf(made()));
    this.lastAskedMs = Date.now();
    if (facts.kind === 'picture') return colourImage(imageId, facts, await fetchPicture(facts, signal));
    const values = valuesOf(await fetchValues(facts.place, signal), facts);
    return greyImage(imageId, facts, values);
  }

  /** The provider as Cornerstone calls it; each answer by the names of its own modules. */
  metadata(type: string, imageId: string): unknown {
    const facts = this.factsOf(imageId);
    if (facts === undefined) return undefined;
    switch (type) {
      case 'imagePixelModule':
        return pixelModule(facts);
      case 'imagePlaneModule':
        return planeModule(facts);
      case 'generalSeriesModule':
        return { modality: facts.modality, seriesInstanceUID: facts.place.series };
      case 'generalImageModule':
        return { instanceNumber: facts.instanceNumber, sopInstanceUID: facts.place.instance };
      case 'sopCommonModule':
        return { sopInstanceUID: facts.place.instance, sopClassUID: facts.sopClassUid };
      case 'voiLutModule': {
        const [window] = facts.windows;
        return window === undefined ? {} : { windowCenter: [window.center], windowWidth: [window.width] };
      }
      case 'modalityLutModule':
        return { rescaleSlope: facts.slope, rescaleIntercept: facts.intercept };
      default:
        return undefined;
    }
  }
}

function pixelModule(facts: ImageFacts): object {
  const { kind, bitsAllocated, bitsStored, isSigned, isInverted, rows, columns } = facts;
  if (kind === 'picture') {
    const eight = { bitsAllocated: 8, bitsStored: 8, highBit: 7, pixelRepresentation: 0 };
    return { ...eight, samplesPerPixel: 3, photometricInterpretation: 'RGB', rows, columns };
  }
  return {
    bitsAllocated,
    bitsStored,
    highBit: bitsStored - 1,
    pixelRepresentation: isSigned ? 1 : 0,
    samplesPerPixel: 1,
    photometricInterpretation: isInverted ? 'MONOCHROME1' : 'MONOCHROME2',
    rows,
    columns,
  };
}

function planeModule({
  plane,
  spacing,
  rows,
  columns,
  frameOfReferenceUid,
  place,
  sliceThickness,
}: ImageFacts): object {
  const size = { rows, columns, sliceThickness };
  // Without a frame of reference a series is one of its own.
  const frameOfReferenceUID = frameOfReferenceUid === '' ? place.series : frameOfReferenceUid;
  const distances =
    spacing === undefined
      ? { rowPixelSpacing: 1, columnPixelSpacing: 1, pixelSpacing: [1, 1] }
      : {
          rowPixelSpacing: spacing.row,
          columnPixelSpacing: spacing.column,
          pixelSpacing: [spacing.row, spacing.column],
        };
  const { position, along, down } = plane ?? { position: [0, 0, 0], along: [1, 0, 0], down: [0, 1, 0] };
  return {
    ...size,
    ...distances,
    frameOfReferenceUID,
    imagePositionPatient: [...position],
    imageOrientationPatient: [...along, ...down],
    rowCosines: [...along],
    columnCosines: [...down],
    // Says that a unit is a pixel, so that no length is told in mm.
    usingDefaultValues: spacing === undefined,
  };
}

function greyImage(imageId: string, facts: ImageFacts, { scaled, min, max }: Values): Types.IImage {
  const [window] = facts.windows;
  const { center, width } = window ?? { center: (min + max + 1) / 2, width: Math.max(1, max - min) };
  const rescaled = { rescaleSlope: facts.slope, rescaleIntercept: facts.intercept, modality: facts.modality };
  return {
    ...common(imageId, facts, scaled),
    minPixelValue: min,
    maxPixelValue: max,
    windowCenter: [center],
    windowWidth: [width],
    preScale: { enabled: true, scaled: true, scalingParameters: rescaled },
    color: false,
    numberOfComponents: 1,
    photometricInterpretation: facts.isInverted ? 'MONOCHROME1' : 'MONOCHROME2',
    invert: facts.isInverted,
  };
}

function colourImage(imageId: string, facts: ImageFacts, pixels: Uint8Array<ArrayBuffer>): Types.IImage {
  return {
    ...common(imageId, facts, pixels),
    minPixelValue: 0,
    maxPixelValue: 255,
    windowCenter: [128],
    windowWidth: [255],
    color: true,
    numberOfComponents: 3,
    photometricInterpretation: 'RGB',
    invert: false,
  };
}

type Common = Omit<
  Types.IImage,
  'minPixelValue' | 'maxPixelValue' | 'windowCenter' | 'windowWidth' | 'color' | 'numberOfComponents' | 'invert'
>;

function common(imageId: string, facts: ImageFacts, scalarData: ScaledValues): Common {
  const { rows, columns, spacing } = facts;
  const numberOfComponents = facts.kind === 'picture' ? 3 : 1;
  const voxelManager = utilities.VoxelManager.createImageVoxelManager({
    width: columns,
    height: rows,
    scalarData,
    numberOfComponents,
  });
  return {
    imageId,
    rows,
    columns,
    height: rows,
    width: columns,
    rowPixelSpacing: spacing?.row ?? 1,
    columnPixelSpacing: spacing?.column ?? 1,
    slope: 1,
    intercept: 0,
    rgba: false,
    voiLUTFunction: Enums.VOILUTFunctionType.LINEAR,
    getPixelData: () => voxelManager.getScalarData(),
    // Drawn from its pixels, also without WebGL; this canvas is asked for where there are none.
    getCanvas: () => document.createElement('canvas'),
    sizeInBytes: scalarData.byteLength,
    dataType: typeOf(scalarData),
    voxelManager,
    FrameOfReferenceUID: facts.frameOfReferenceUid,
  };
}

function typeOf(values: ScaledValues): Types.PixelDataTypedArrayString {
  if (values instanceof Float32Array) return 'Float32Array';
  if (values instanceof Int16Array) return 'Int16Array';
  return values instanceof Uint16Array ? 'Uint16Array' : 'Uint8Array';
}
