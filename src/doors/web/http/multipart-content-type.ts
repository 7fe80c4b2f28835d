/** The Content-Type of a multipart/related message, RFC 2387 3 and PS3.18 8.6.1.2 and 8.7.1. */
import { LeadglassError } from '../../../error.ts';
import { HttpError } from './http-error.ts';
import { formatMediaType, isMediaTypeName, parseMediaType } from './media-type.ts';

export interface RelatedContentType {
  readonly boundary: string;
  /** Media type of the root part, in lower case. Some clients leave it out; then each part has to say its own. */
  readonly type: string | undefined;
  /** Content-ID of the root part; without it the first part is the root. */
  readonly start: string | undefined;
}

/** RFC 2046 5.1.1: 1 to 70 characters of this set, the last no space. */
const boundaryForm = /^[0-9A-Za-z'()+_,./:=? -]{0,69}[0-9A-Za-z'()+_,./:=?-]$/;

export function isBoundary(text: string): boolean {
  return boundaryForm.test(text);
}

/**
 * What a request says of its multipart body; `type` and `boundary` quoted or not.
 * @throws HttpError 415 when it is no multipart/related, LeadglassError MALFORMED
 */
export function parseRelatedContentType(field: string | undefined): RelatedContentType {
  const mediaType = field === undefined ? undefined : parseMediaType(field);
  if (mediaType === undefined || mediaType.name !== 'multipart/related') {
    throw new HttpError(
      415,
      'Cannot read the body: its Content-Type must be multipart/related with type and boundary',
      {
        field: 'Content-Type',
      },
    );
  }
  const { parameters } = mediaType;
  const boundary = parameters.get('boundary');
  if (boundary === undefined || !isBoundary(boundary)) {
    throw malformed(boundary === undefined ? 'has no boundary' : 'has a boundary that RFC 2046 does not allow');
  }
  return { boundary, type: rootType(parameters.get('type')), start: parameters.get('start') };
}

function rootType(value: string | undefined): string | undefined {
  if (value === undefined) return undefined;
  // A transfer syntax inside the quotes of the type is seen too; the parts say their own.
  const type = parseMediaType(value);
  if (type === undefined || !isMediaTypeName(type.name)) throw malformed('has a type that is no media type');
  return type.name;
}

/** The Content-Type of a multipart message that we write. `type` as PS3.18 8.7.1 has it, for instance `application/dicom`. */
export function formatMultipartContentType(
  name: 'multipart/related' | 'multipart/byteranges',
  { type, boundary }: { readonly type?: string; readonly boundary: string },
): string {
  return formatMediaType(name, [...(type === undefined ? [] : [['type', type] as const]), ['boundary', boundary]]);
}

function malformed(what: string): LeadglassError {
  return new LeadglassError('MALFORMED', `Cannot read the body: its Content-Type ${what}`, { field: 'Content-Type' });
}
