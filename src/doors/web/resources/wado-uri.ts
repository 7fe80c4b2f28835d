/**
 * Requests of the URI service (WADO-URI), PS3.18 chapter 9: one instance, everything in query parameters. Names are case
 * sensitive; what is not known is ignored (8.3).
 */
import { parseUid, type Uid } from '../../../dicom/uid.ts';
import { type QueryParameter, singleValue } from '../http/query-string.ts';
import { decimalOf, invalid, oneOf, positiveOf } from './parameter-values.ts';
import { annotationsOf, type RenderingLimits, type RenderingParameters } from './rendering-parameters.ts';

/** Shares of the image from its left upper corner, 0 to 1 (9.5.1.2.5). */
export interface RelativeRegion {
  readonly left: number;
  readonly top: number;
  readonly right: number;
  readonly bottom: number;
}

export interface WadoUriRequest {
  readonly study: Uid;
  readonly series: Uid;
  readonly instance: Uid;
  /** As the accept parameter of accept.ts. */
  readonly contentType: string | undefined;
  readonly charset: string | undefined;
  /** `transferSyntax`: UIDs, or `*` alone (8.7.3.6). */
  readonly transferSyntaxes: readonly string[];
  readonly anonymize: boolean;
  /** From 1. */
  readonly frameNumber?: number;
  readonly viewport?: { readonly width: number; readonly height: number };
  readonly region?: RelativeRegion;
  readonly window?: { readonly center: number; readonly width: number };
  readonly quality?: number;
  readonly annotation: RenderingParameters['annotation'];
  readonly unsupportedAnnotations: readonly string[];
  readonly presentation?: { readonly series: Uid; readonly instance: Uid };
}

export interface WadoUriLimits extends RenderingLimits {
  readonly transferSyntaxesMax: number;
}

/** @throws LeadglassError BAD_REQUEST, MALFORMED */
export function parseWadoUri(parameters: readonly QueryParameter[], limits: WadoUriLimits): WadoUriRequest {
  const value = (name: string): string | undefined => singleValue(parameters, name);
  oneOf(needed(value, 'requestType'), 'requestType', ['WADO']);
  const anonymize = value('anonymize');
  if (anonymize !== undefined) oneOf(anonymize, 'anonymize', ['yes']);
  return {
    study: parseUid(needed(value, 'studyUID'), 'studyUID'),
    series: parseUid(needed(value, 'seriesUID'), 'seriesUID'),
    instance: parseUid(needed(value, 'objectUID'), 'objectUID'),
    contentType: value('contentType'),
    charset: value('charset'),
    transferSyntaxes: syntaxesOf(value('transferSyntax'), limits.transferSyntaxesMax),
    anonymize: anonymize !== undefined,
    ...annotationsOf(value('annotation')),
    ...drawingOf(value, limits),
  };
}

type Values = (name: string) => string | undefined;

function drawingOf(value: Values, { viewportSideMax }: RenderingLimits): Partial<WadoUriRequest> {
  const frameNumber = value('frameNumber');
  const size = pairOf(value, 'columns', 'rows');
  const window = pairOf(value, 'windowCenter', 'windowWidth');
  const region = value('region');
  const quality = value('imageQuality');
  const presentation = pairOf(value, 'presentationSeriesUID', 'presentationUID');
  return {
    ...(frameNumber === undefined ? {} : { frameNumber: positiveOf(frameNumber, 'frameNumber', 999_999_999) }),
    ...(size === undefined
      ? {}
      : {
          viewport: {
            width: positiveOf(size[0], 'columns', viewportSideMax),
            height: positiveOf(size[1], 'rows', viewportSideMax),
          },
        }),
    ...(region === undefined ? {} : { region: regionOf(region) }),
    ...(window === undefined ? {} : { window: windowOf(window) }),
    ...(quality === undefined ? {} : { quality: positiveOf(quality, 'imageQuality', 100) }),
    ...(presentation === undefined
      ? {}
      : {
          presentation: {
            series: parseUid(presentation[0], 'presentationSeriesUID'),
            instance: parseUid(presentation[1], 'presentationUID'),
          },
        }),
  };
}

/** 9.5.1.2: each of these needs its partner. */
function pairOf(value: Values, first: string, second: string): readonly [string, string] | undefined {
  const [one, other] = [value(first), value(second)];
  if (one === undefined && other === undefined) return undefined;
  if (one === undefined || other === undefined) throw invalid(`${first} and ${second}`, 'belong together');
  return [one, other];
}

function windowOf([center, widthText]: readonly [string, string]): { readonly center: number; readonly width: number } {
  const width = decimalOf(widthText, 'windowWidth');
  if (width <= 0) throw invalid('windowWidth', 'must be above 0');
  return { center: decimalOf(center, 'windowCenter'), width };
}

function regionOf(text: string): RelativeRegion {
  const words = text.split(',');
  const [left = 0, top = 0, right = 0, bottom = 0] = words.map((word) => decimalOf(word, 'region'));
  const isInside = [left, top, right, bottom].every((share) => share >= 0 && share <= 1);
  if (words.length !== 4 || !isInside || left >= right || top >= bottom) {
    throw invalid('region', 'must be xmin,ymin,xmax,ymax from 0 to 1');
  }
  return { left, top, right, bottom };
}

function syntaxesOf(text: string | undefined, most: number): readonly string[] {
  if (text === undefined || text === '*') return text === undefined ? [] : ['*'];
  const words = text.split(',');
  if (words.length > most) throw invalid('transferSyntax', `lists more than ${most} UIDs`);
  return words.map((word) => parseUid(word, 'transferSyntax'));
}

function needed(value: Values, name: string): string {
  const found = value(name);
  if (found === undefined) throw invalid(name, 'is missing');
  return found;
}
