/** The query parameters of rendered resources, PS3.18 8.3.5.1, as typed facts. What they do to an image is for the renderer. */
import { type QueryParameter, singleValue } from '../http/query-string.ts';
import { decimalOf, invalid, oneOf, positiveOf } from './parameter-values.ts';

export interface RenderingLimits {
  /** Width and height of what is made, in pixels. */
  readonly viewportSideMax: number;
}

export interface Viewport {
  readonly width: number;
  readonly height: number;
  /** Part of the source; only allowed where the resource is no presentation state and no thumbnail. */
  readonly region?: SourceRegion;
}

/** In pixels of the source image. */
export interface SourceRegion {
  readonly left: number;
  readonly top: number;
  /** Up to the right (lower) edge when left out. */
  readonly width?: number;
  readonly height?: number;
  readonly flipsHorizontally: boolean;
  readonly flipsVertically: boolean;
}

export interface Window {
  readonly center: number;
  readonly width: number;
  readonly function: 'linear' | 'linear-exact' | 'sigmoid';
}

export interface RenderingParameters {
  readonly viewport?: Viewport;
  readonly window?: Window;
  /** 1 to 100. */
  readonly quality?: number;
  readonly annotation: readonly Annotation[];
  /** For the warning of 8.3.5.1.1: safe words. */
  readonly unsupportedAnnotations: readonly string[];
  readonly iccProfile?: (typeof iccProfiles)[number];
}

const annotations = ['patient', 'technique'] as const;
export type Annotation = (typeof annotations)[number];
const iccProfiles = ['no', 'yes', 'srgb', 'adobergb', 'rommrgb'] as const;
/** Named in the warning, so that the header stays short. */
const unsupportedNamedMax = 8;
const windowFunctions = ['linear', 'linear-exact', 'sigmoid'] as const;

/** @throws LeadglassError BAD_REQUEST, MALFORMED */
export function parseRenderingParameters(
  parameters: readonly QueryParameter[],
  limits: RenderingLimits,
): RenderingParameters {
  const viewport = singleValue(parameters, 'viewport');
  const window = singleValue(parameters, 'window');
  const quality = singleValue(parameters, 'quality');
  const iccProfile = singleValue(parameters, 'iccprofile');
  return {
    ...(viewport === undefined ? {} : { viewport: viewportOf(viewport, limits) }),
    ...(window === undefined ? {} : { window: windowOf(window) }),
    ...(quality === undefined ? {} : { quality: positiveOf(quality, 'quality', 100) }),
    ...annotationsOf(singleValue(parameters, 'annotation')),
    ...(iccProfile === undefined ? {} : { iccProfile: oneOf(iccProfile, 'iccprofile', iccProfiles) }),
  };
}

/** 8.3.5.1.3: `vw,vh[,[sx],[sy],[sw],[sh]]`; elided values at the end leave out their commas. */
function viewportOf(text: string, { viewportSideMax }: RenderingLimits): Viewport {
  const [width = '', height = '', ...source] = text.split(',');
  const size = {
    width: positiveOf(width, 'viewport', viewportSideMax),
    height: positiveOf(height, 'viewport', viewportSideMax),
  };
  if (source.length === 0) return size;
  if (source.length > 4) throw invalid('viewport', 'has at most six values');
  const [left, top, regionWidth, regionHeight] = source.map((value) =>
    value === '' ? undefined : decimalOf(value, 'viewport'),
  );
  if (regionWidth === 0 || regionHeight === 0) throw invalid('viewport', 'must not be empty');
  return {
    ...size,
    region: {
      // The standard takes absolute values of the corner, too.
      left: Math.abs(left ?? 0),
      top: Math.abs(top ?? 0),
      ...(regionWidth === undefined ? {} : { width: Math.abs(regionWidth) }),
      ...(regionHeight === undefined ? {} : { height: Math.abs(regionHeight) }),
      flipsHorizontally: (regionWidth ?? 0) < 0,
      flipsVertically: (regionHeight ?? 0) < 0,
    },
  };
}

/** 8.3.5.1.4: all three; the width as PS3.3 C.11.2.1.2 and C.11.2.1.3 bound it. */
function windowOf(text: string): Window {
  const [center = '', widthText = '', word = '', ...more] = text.split(',');
  if (more.length > 0) throw invalid('window', 'must be center,width,function');
  const width = decimalOf(widthText, 'window');
  const shape = oneOf(word, 'the function of window', windowFunctions);
  if (width <= 0 || (shape === 'linear' && width < 1)) throw invalid('window', 'has too small a width');
  return { center: decimalOf(center, 'window'), width, function: shape };
}

/** 8.3.5.1.1: what is not supported is ignored, with a warning. Shared with the URI service. */
export function annotationsOf(
  text: string | undefined,
): Pick<RenderingParameters, 'annotation' | 'unsupportedAnnotations'> {
  const words = (text ?? '').split(',').filter((word) => word !== '');
  const annotation = annotations.filter((known) => words.includes(known));
  const others = words.filter((word) => !annotations.some((known) => known === word));
  const unsupportedAnnotations = [...new Set(others.map((word) => (/^[\w-]{1,32}$/.test(word) ? word : 'other')))];
  return { annotation, unsupportedAnnotations: unsupportedAnnotations.slice(0, unsupportedNamedMax) };
}
