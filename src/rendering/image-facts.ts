/**
 * All that a renderer needs to know of one frame, as plain values that can be sent to a worker: no element of a data set, and
 * no word about a patient, unless somebody asks for labels (marks.ts). read-image-facts.ts makes them of a data set.
 */
import type { FrameFacts } from '../codecs/frame.ts';
import type { Rgb } from './marks.ts';

/** PS3.3 C.11.1 and C.11.2: one output for each input from `first` on; inputs beyond the ends have those of the ends. */
export interface LookupTable {
  readonly first: number;
  /** Of the outputs, 1 to 16. */
  readonly bits: number;
  readonly values: Uint16Array<ArrayBuffer>;
}

/** PS3.3 C.11.1: from stored values to the units of the modality, for instance Hounsfield. */
export type ModalityTransform =
  | { readonly kind: 'rescale'; readonly slope: number; readonly intercept: number }
  | { readonly kind: 'table'; readonly table: LookupTable };

export type WindowFunction = 'linear' | 'linear-exact' | 'sigmoid';

/** PS3.3 C.11.2: which of these values are shown, and how bright. `whole`: all that the frame has. */
export type VoiTransform =
  | { readonly kind: 'window'; readonly center: number; readonly width: number; readonly function: WindowFunction }
  | { readonly kind: 'table'; readonly table: LookupTable }
  | { readonly kind: 'whole' };

/** Stored values, ends included, that are no part of the picture (PS3.3 C.7.5.1.1.2). */
export interface Padding {
  readonly least: number;
  readonly most: number;
}

/** PS3.3 C.7.6.3.1.5; each table with outputs of 8 bits. */
export interface Palette {
  readonly red: PaletteTable;
  readonly green: PaletteTable;
  readonly blue: PaletteTable;
}

export interface PaletteTable {
  readonly first: number;
  readonly values: Uint8Array<ArrayBuffer>;
}

/** PS3.3 C.9.2, graphics only: regions of interest are for measuring. */
export interface Overlay {
  readonly rows: number;
  readonly columns: number;
  /** Of its left upper pixel in the image, from 0; may lie outside. */
  readonly top: number;
  readonly left: number;
  /** Packed bits, the lowest first, and the first bit of this frame; or the bit of each pixel where it stands. */
  readonly source:
    | { readonly kind: 'bits'; readonly bits: Uint8Array<ArrayBuffer>; readonly firstBit: number }
    | { readonly kind: 'embedded'; readonly bitPosition: number };
}

/** PS3.3 C.7.6.11 and C.7.6.15, in pixels from 0; what is outside any of the shapes, or set in the bitmap, is covered. */
export interface Shutter {
  readonly shapes: readonly ShutterShape[];
  readonly bitmap?: Overlay;
  /** 0 to 255. */
  readonly grey: number;
  /** On pictures with colours. */
  readonly colour?: Rgb;
}

export type ShutterShape =
  | {
      readonly kind: 'rectangle';
      readonly left: number;
      readonly top: number;
      readonly right: number;
      readonly bottom: number;
    }
  | { readonly kind: 'circle'; readonly row: number; readonly column: number; readonly radius: number }
  | { readonly kind: 'polygon'; readonly vertices: readonly { readonly row: number; readonly column: number }[] };

export interface ImageFacts {
  /** Of the data set; the decoded frame may say otherwise of its colours. */
  readonly frame: FrameFacts;
  readonly highBit: number;
  /** `float`: the frame is Float or Double Float Pixel Data (PS3.3 C.7.6.24). */
  readonly sampleKind: 'integer' | 'float';
  readonly modality: ModalityTransform;
  readonly voi: VoiTransform;
  /** White stands for the lowest values: MONOCHROME1, or a Presentation LUT Shape of INVERSE. */
  readonly isInverse: boolean;
  /** PS3.3 C.11.6: over its whole range, instead of a shape. */
  readonly presentation?: LookupTable;
  /** PS3.3 C.11.25: what stands for each grey. */
  readonly pseudoColour?: Palette;
  readonly padding?: Padding;
  readonly palette?: Palette;
  readonly overlays: readonly Overlay[];
  readonly shutter?: Shutter;
  /** Height of a pixel for a width of 1 (PS3.3 C.7.6.3.1.7). */
  readonly pixelAspect: number;
}

/** Of an image that is only drawn over: grey, 8 bits, shown as they are. */
export function blankImage({ rows, columns }: Pick<FrameFacts, 'rows' | 'columns'>): ImageFacts {
  return {
    frame: {
      rows,
      columns,
      samplesPerPixel: 1,
      bitsAllocated: 8,
      bitsStored: 8,
      pixelRepresentation: 0,
      planarConfiguration: 0,
      photometricInterpretation: 'MONOCHROME2',
    },
    highBit: 7,
    sampleKind: 'integer',
    modality: { kind: 'rescale', slope: 1, intercept: 0 },
    voi: { kind: 'window', center: 128, width: 256, function: 'linear' },
    isInverse: false,
    overlays: [],
    pixelAspect: 1,
  };
}
