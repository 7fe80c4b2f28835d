/**
 * What a client says it can read: the Accept header and the `accept` query parameter, RFC 9110 12.5.1 and PS3.18 8.3.3.1,
 * 8.7.5 to 8.7.7. Which of our representations it gets is for negotiate.ts.
 */
import { LeadglassError } from '../../../error.ts';
import { parseParameters, splitOutsideQuotes, trimSpaces } from './field-syntax.ts';
import { HttpError } from './http-error.ts';
import { isMediaTypeName, parseMediaType } from './media-type.ts';

export interface AcceptLimits {
  /** Media ranges in one Accept. */
  readonly acceptRangesMax: number;
}

/** One media range with what belongs to it. */
export interface MediaRange {
  /** `type/subtype` in lower case, also with wildcards. Of multipart/related the media type of its parts. */
  readonly name: string;
  readonly isMultipart: boolean;
  /** A transfer syntax UID or `*`; undefined: the default one of the media type (PS3.18 8.7.3.5.2). */
  readonly transferSyntax: string | undefined;
  /** All others, names in lower case; `boundary`, `type`, `q` and `transfer-syntax` are not among them. */
  readonly parameters: ReadonlyMap<string, string>;
  /** Thousandths, 0 to 1000; 0 means that this one is not wanted. */
  readonly weight: number;
}

/** Both places a client can say it, each with its own order of preference (PS3.18 8.7.8.1). */
export interface Acceptable {
  readonly query: readonly MediaRange[];
  readonly header: readonly MediaRange[];
}

export interface AcceptFields {
  /** The Accept header. */
  readonly header: string | undefined;
  /** The decoded value of the `accept` query parameter (of `contentType` in the URI service). */
  readonly query?: string | undefined;
  /** URI service only (8.7.3.6): UIDs or `*` for those media types of `query` that name none themselves. */
  readonly transferSyntaxes?: readonly string[];
}

/**
 * @throws HttpError 406 without an Accept header (8.7.5: the parameter does not make up for it); LeadglassError BAD_REQUEST for
 *   a parameter that is malformed or has wildcards, and for DICOM and rendered media types in one request (8.7.5);
 *   LIMIT_EXCEEDED
 */
export function parseAcceptable(fields: AcceptFields, limits: AcceptLimits): Acceptable {
  const { header, query, transferSyntaxes = [] } = fields;
  if (header === undefined) {
    throw new HttpError(406, 'Cannot answer: the request has no Accept header; send at least "Accept: */*"', {
      field: 'Accept',
    });
  }
  const asked = query === undefined ? [] : queryRanges(query, limits);
  const acceptable = {
    query: transferSyntaxes.length === 0 ? asked : asked.flatMap((range) => withSyntaxes(range, transferSyntaxes)),
    header: headerRanges(header, limits),
  };
  const kinds = new Set([...acceptable.query, ...acceptable.header].filter(({ weight }) => weight > 0).map(kindOf));
  if (kinds.has('dicom') && kinds.has('rendered')) {
    throw new LeadglassError(
      'BAD_REQUEST',
      'Cannot answer: Accept names DICOM and rendered media types; ask for one kind',
      {
        field: 'Accept',
      },
    );
  }
  return acceptable;
}

/** 8.7.8.2: the parameter counts where the media type itself says nothing. */
function withSyntaxes(range: MediaRange, transferSyntaxes: readonly string[]): readonly MediaRange[] {
  if (range.transferSyntax !== undefined) return [range];
  return transferSyntaxes.map((transferSyntax) => ({ ...range, transferSyntax }));
}

/** 8.7.7: what is not valid is ignored. */
function headerRanges(text: string, { acceptRangesMax }: AcceptLimits): readonly MediaRange[] {
  const elements = splitOutsideQuotes(text, ',') ?? [];
  atMost(elements.length, acceptRangesMax);
  return elements.map(rangeOf).filter((range) => range !== undefined);
}

/** 8.3.3.1: the same syntax without wildcards; 8.3: an invalid value is a bad request. */
function queryRanges(text: string, { acceptRangesMax }: AcceptLimits): readonly MediaRange[] {
  const elements = splitOutsideQuotes(text, ',') ?? [''];
  atMost(elements.length, acceptRangesMax);
  return elements.map((element) => {
    const range = rangeOf(element);
    if (range === undefined || range.name.includes('*')) {
      throw new LeadglassError(
        'BAD_REQUEST',
        'Cannot answer: the accept parameter must list media types, no wildcards',
        {
          field: 'accept',
        },
      );
    }
    return range;
  });
}

function rangeOf(element: string): MediaRange | undefined {
  const [first = '', ...others] = splitOutsideQuotes(element, ';') ?? [];
  const parameters = parseParameters(others);
  const outer = trimSpaces(first).toLowerCase();
  if (!isRangeName(outer) || parameters === undefined) return undefined;
  const weight = weightOf(parameters.get('q'));
  if (weight === undefined) return undefined;
  const isMultipart = outer === 'multipart/related';
  const inner = isMultipart ? innerType(parameters.get('type')) : { name: outer, transferSyntax: undefined };
  if (inner === undefined) return undefined;
  return {
    name: inner.name,
    isMultipart,
    transferSyntax: parameters.get('transfer-syntax') ?? inner.transferSyntax,
    parameters: new Map([...parameters].filter(([name]) => !ownParameters.has(name))),
    weight,
  };
}

const ownParameters: ReadonlySet<string> = new Set(['q', 'type', 'boundary', 'transfer-syntax']);

/**
 * The `type` of a multipart/related; none means any. A transfer syntax may stand within its quotes: the standard does not say
 * where parameters of the inner type belong, and both ways are sent.
 */
function innerType(value: string | undefined): { name: string; transferSyntax: string | undefined } | undefined {
  if (value === undefined) return { name: '*/*', transferSyntax: undefined };
  const type = parseMediaType(value);
  if (type === undefined || !isRangeName(type.name)) return undefined;
  return { name: type.name, transferSyntax: type.parameters.get('transfer-syntax') };
}

/** `*` may stand for the subtype or for both; `*` is a token, so the form is the same. */
function isRangeName(name: string): boolean {
  if (!isMediaTypeName(name)) return false;
  const [type = '', subtype = ''] = name.split('/');
  const isPlain = (part: string): boolean => !part.includes('*');
  return (isPlain(type) && (isPlain(subtype) || subtype === '*')) || name === '*/*';
}

/** RFC 9110 12.4.2: 0 to 1 with at most three decimals. */
function weightOf(text: string | undefined): number | undefined {
  if (text === undefined) return 1000;
  return /^(?:0(?:\.\d{0,3})?|1(?:\.0{0,3})?)$/.test(text) ? Math.round(Number(text) * 1000) : undefined;
}

/** PS3.18 8.7.4; those of them that also carry bulk data do so as parts of a multipart. */
const renderedTypes: ReadonlySet<string> = new Set([
  'image/jpeg',
  'image/gif',
  'image/png',
  'image/jp2',
  'video/mpeg',
  'video/mp4',
  'video/h265',
  'text/html',
  'text/plain',
  'text/xml',
  'text/rtf',
  'application/pdf',
]);
const dicomTypes: ReadonlySet<string> = new Set([
  'application/dicom',
  'application/dicom+json',
  'application/dicom+xml',
]);

/** What a range says about the kind of answer; most say nothing, also the application/json of old clients. */
function kindOf({ name, isMultipart }: MediaRange): 'dicom' | 'rendered' | 'either' {
  if (dicomTypes.has(name)) return 'dicom';
  return !isMultipart && renderedTypes.has(name) ? 'rendered' : 'either';
}

function atMost(count: number, most: number): void {
  if (count <= most) return;
  throw new LeadglassError(
    'LIMIT_EXCEEDED',
    `Cannot answer: Accept lists ${count} media types, at most ${most} are read`,
    {
      field: 'Accept',
    },
  );
}
