/**
 * What is drawn over an image, as plain values that can be sent to a worker: layers of overlays, graphics and texts (PS3.3 C.10.5,
 * C.10.7), and areas of segments. read-annotations.ts and segmentation.ts make them of data sets.
 */
import type { Overlay } from './image-facts.ts';

/** 0 to 255 each. */
export type Rgb = readonly [red: number, green: number, blue: number];

/** `image`: pixels, 0 at the outer edge of the first; `display`: shares of the displayed area, as it is shown. */
export type Units = 'image' | 'display';

export interface Spot {
  readonly units: Units;
  readonly x: number;
  readonly y: number;
}

export type GraphicKind = 'point' | 'polyline' | 'interpolated' | 'circle' | 'ellipse';

export interface Graphic {
  readonly kind: GraphicKind;
  readonly units: Units;
  /** x and y in turn, all finite. */
  readonly points: Float64Array<ArrayBuffer>;
  readonly isFilled: boolean;
  /** Of the line, where it is not its layer's. */
  readonly colour?: Rgb;
  readonly fillColour?: Rgb;
  /** 0 to 1. */
  readonly fillOpacity: number;
  /** 1 is a line of the usual width. */
  readonly thickness: number;
}

export interface Caption {
  readonly lines: readonly string[];
  readonly box?: { readonly from: Spot; readonly to: Spot; readonly align: 'left' | 'center' | 'right' };
  readonly anchor?: Spot & { readonly isVisible: boolean };
  readonly colour?: Rgb;
}

export interface Layer {
  readonly colour: Rgb;
  readonly overlays: readonly Overlay[];
  readonly graphics: readonly Graphic[];
  readonly captions: readonly Caption[];
}

/** From a pixel of the image to one of the mask: `column = a x + b y + c`, `row = d x + e y + f`, in the middle of pixels. */
export type Mapping = readonly [a: number, b: number, c: number, d: number, e: number, f: number];

/** One frame of a segmentation (PS3.3 C.8.20), and how it lies on the image. */
export interface Mask {
  readonly rows: number;
  readonly columns: number;
  /** Absent: pixel for pixel. */
  readonly mapping?: Mapping;
  /** One bit, eight bits or sixteen bits for each pixel. */
  readonly bits: 1 | 8 | 16;
  readonly pixels: Uint8Array<ArrayBuffer>;
  /** 0 to 1: how much of its colour is over what is under it. */
  readonly opacity: number;
  /** `share`: how much of the pixel is in the segment, of `most`; `label`: which segment it is. */
  readonly meaning:
    | { readonly kind: 'share'; readonly most: number; readonly colour: Rgb }
    | { readonly kind: 'label'; readonly colours: ReadonlyMap<number, Rgb> };
}

/** What a requester wants burned in (PS3.18 8.3.5.1.1). The only words about a patient that a renderer sees. */
export interface Labels {
  readonly top: readonly string[];
  readonly bottom: readonly string[];
}

export interface MarkLimits {
  /** Pixels that lines, areas and characters may touch, counted again for each. */
  readonly markPixelsMax: number;
}
