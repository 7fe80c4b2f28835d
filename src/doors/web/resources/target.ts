/**
 * The target resources of the Studies Service, PS3.18 10.1 and tables 10.4.1-1 to 10.6.1-1: a path below the base URI becomes
 * a typed target. UIDs are checked here, so no text of a peer gets further as a UID.
 */
import { LeadglassError } from '../../../error.ts';
import type { ElementPath } from '../../../dicom/models/element-path.ts';
import { parseUid, type Uid } from '../../../dicom/uid.ts';
import { percentDecode } from '../http/query-string.ts';

export interface TargetLimits {
  /** Segments of a path, and steps into sequences of a bulk data path. */
  readonly pathSegmentsMax: number;
  readonly framesMax: number;
}

/** What is above a collection; more is named the deeper it lies. */
export interface Parents {
  readonly study?: Uid;
  readonly series?: Uid;
}

/** A study, a series of it, or an instance of that. */
export interface DicomResource {
  readonly study: Uid;
  readonly series?: Uid;
  readonly instance?: Uid;
}

/** Each view of a resource; `frames` with numbers rising from 1, of an instance only. */
export type View = 'instances' | 'metadata' | 'rendered' | 'thumbnail' | 'bulkdata' | 'pixeldata' | 'frames';

export type Target =
  /** The base URI itself: Retrieve Capabilities (8.9). */
  | { readonly kind: 'service' }
  /** A collection: searched by GET; the studies also take POST (10.5), all or those of one study. */
  | { readonly kind: 'collection'; readonly level: 'STUDY' | 'SERIES' | 'IMAGE'; readonly parents: Parents }
  /** A resource and a view of it; with `frames` rendered and thumbnail are of those frames alone. */
  | {
      readonly kind: 'resource';
      readonly resource: DicomResource;
      readonly view: View;
      readonly frames?: readonly number[];
    }
  /** One bulk data value of an instance; the path goes into sequences by item number from 1: tag, item, tag. */
  | {
      readonly kind: 'bulkdata-value';
      readonly resource: Required<DicomResource>;
      readonly path: ElementPath;
    };

const views: ReadonlySet<string> = new Set<View>(['metadata', 'rendered', 'thumbnail', 'bulkdata', 'pixeldata']);

/**
 * @param path the raw path behind the base URI, beginning with a slash or empty; without the query
 * @throws LeadglassError NOT_FOUND for a path that is no resource, MALFORMED for a UID or frame list that is none, LIMIT_EXCEEDED
 */
export function parseTarget(path: string, limits: TargetLimits): Target {
  if (path === '' || path === '/') return { kind: 'service' };
  const raw = path.split('/').slice(1);
  if (raw.length > limits.pathSegmentsMax) {
    throw new LeadglassError('LIMIT_EXCEEDED', `Cannot read the path: more than ${limits.pathSegmentsMax} segments`);
  }
  // Decoded after splitting, so an encoded slash makes no segment; it makes no UID and no known word either.
  const [first, ...rest] = raw.map((segment) => percentDecode(segment, 'a path segment'));
  if (path.startsWith('/') && first === 'studies') return underStudies(rest, limits);
  if (path.startsWith('/') && rest.length === 0) {
    if (first === 'series') return { kind: 'collection', level: 'SERIES', parents: {} };
    if (first === 'instances') return { kind: 'collection', level: 'IMAGE', parents: {} };
  }
  throw noSuchPath();
}

function underStudies([studyText, ...rest]: readonly string[], limits: TargetLimits): Target {
  if (studyText === undefined) return { kind: 'collection', level: 'STUDY', parents: {} };
  const study = parseUid(studyText, 'Study Instance UID');
  const [word, ...more] = rest;
  if (word === 'series') return underSeries(study, more, limits);
  if (word === 'instances' && more.length === 0) return { kind: 'collection', level: 'IMAGE', parents: { study } };
  return viewOf({ study }, rest);
}

function underSeries(study: Uid, [seriesText, ...rest]: readonly string[], limits: TargetLimits): Target {
  if (seriesText === undefined) return { kind: 'collection', level: 'SERIES', parents: { study } };
  const series = parseUid(seriesText, 'Series Instance UID');
  const [word, instanceText, ...more] = rest;
  if (word !== 'instances') return viewOf({ study, series }, rest);
  if (instanceText === undefined) return { kind: 'collection', level: 'IMAGE', parents: { study, series } };
  return underInstance({ study, series, instance: parseUid(instanceText, 'SOP Instance UID') }, more, limits);
}

function underInstance(resource: Required<DicomResource>, rest: readonly string[], limits: TargetLimits): Target {
  const [word, argument, ...more] = rest;
  if (word === 'frames' && argument !== undefined) {
    const frames = frameList(argument, limits.framesMax);
    const [view, ...others] = more;
    if (view === undefined) return { kind: 'resource', resource, view: 'frames', frames };
    if (others.length > 0 || (view !== 'rendered' && view !== 'thumbnail')) throw noSuchPath();
    return { kind: 'resource', resource, view, frames };
  }
  if (word === 'bulkdata' && argument !== undefined) {
    return { kind: 'bulkdata-value', resource, path: bulkdataPath(rest.slice(1)) };
  }
  return viewOf(resource, rest);
}

function viewOf(resource: DicomResource, [word, ...more]: readonly string[]): Target {
  if (more.length > 0) throw noSuchPath();
  if (word === undefined) return { kind: 'resource', resource, view: 'instances' };
  if (isView(word)) return { kind: 'resource', resource, view: word };
  throw noSuchPath();
}

function isView(word: string): word is View {
  return views.has(word);
}

/** Table 10.4.1-1: comma separated, each larger than the one before; clients encode the commas, which is the same. */
function frameList(text: string, framesMax: number): readonly number[] {
  const words = text.split(',');
  if (words.length > framesMax) {
    throw new LeadglassError('LIMIT_EXCEEDED', `Cannot read the frame list: more than ${framesMax} frames`);
  }
  const frames = words.map((word) => (/^[1-9]\d{0,8}$/.test(word) ? Number(word) : 0));
  const isRising = frames.every((frame, index) => frame > (frames[index - 1] ?? 0));
  if (isRising) return frames;
  throw new LeadglassError('MALFORMED', 'Cannot read the frame list: numbers from 1 on, rising, with commas between', {
    field: 'frames',
  });
}

/** As metadata writes it (formatElementPath): tag (item tag)*, tags as eight hexadecimal digits, in either case. */
function bulkdataPath(segments: readonly string[]): ElementPath {
  const path = segments.map((segment, index) => {
    const form = index % 2 === 0 ? /^[0-9A-Fa-f]{8}$/ : /^[1-9]\d{0,7}$/;
    if (!form.test(segment)) throw noSuchPath();
    return Number.parseInt(segment, index % 2 === 0 ? 16 : 10);
  });
  if (path.length % 2 === 0) throw noSuchPath();
  return path;
}

function noSuchPath(): LeadglassError {
  return new LeadglassError('NOT_FOUND', 'There is no such resource');
}
