/**
 * The headers of one part of a multipart message, RFC 2045 3 and PS3.18 8.6.1.2.2. Read strictly: each name once, no
 * folded lines, no control characters; two readers must never disagree about what a part is.
 */
import { LeadglassError } from '../../../error.ts';
import { isToken, trimSpaces } from './field-syntax.ts';
import { type MediaType, parseMediaType } from './media-type.ts';

export interface PartHeaders {
  /** What the part says, else the `type` of the whole message. */
  readonly contentType: MediaType;
  readonly contentLocation: string | undefined;
  readonly contentId: string | undefined;
  /** A promise of the sender; the reader holds it against the bytes that came. */
  readonly contentLengthBytes: number | undefined;
}

/** Content-Transfer-Encodings that change nothing (RFC 2045 6.2); HTTP has no need of others (RFC 9110 B). */
const unchangedEncodings: ReadonlySet<string> = new Set(['binary', '8bit', '7bit', 'identity']);

export interface PartHeaderOptions {
  /** `type` of the message, for parts without a Content-Type. */
  readonly defaultType: string | undefined;
  readonly headersMax: number;
}

/**
 * @param block the lines before the empty one, CRLF between them, none at the end; one character for each byte
 * @throws LeadglassError MALFORMED, LIMIT_EXCEEDED, UNSUPPORTED (an encoding such as base64 or gzip)
 */
export function parsePartHeaders(block: string, { defaultType, headersMax }: PartHeaderOptions): PartHeaders {
  const fields = fieldsOf(block, headersMax);
  for (const name of ['content-transfer-encoding', 'content-encoding', 'transfer-encoding']) {
    const encoding = fields.get(name);
    if (encoding === undefined || unchangedEncodings.has(encoding.toLowerCase())) continue;
    throw new LeadglassError('UNSUPPORTED', 'Cannot read the part: its encoding must be binary', { field: name });
  }
  const written = fields.get('content-type') ?? defaultType;
  const contentType = written === undefined ? undefined : parseMediaType(written);
  if (contentType === undefined) {
    throw malformed(written === undefined ? 'it has no Content-Type' : 'its Content-Type is no media type');
  }
  return {
    contentType,
    contentLocation: fields.get('content-location'),
    contentId: fields.get('content-id'),
    contentLengthBytes: lengthOf(fields.get('content-length')),
  };
}

function fieldsOf(block: string, headersMax: number): ReadonlyMap<string, string> {
  const fields = new Map<string, string>();
  if (block === '') return fields;
  for (const line of block.split('\r\n')) {
    if (fields.size >= headersMax) {
      throw new LeadglassError('LIMIT_EXCEEDED', `Cannot read the part: it has more than ${headersMax} headers`);
    }
    const colon = line.indexOf(':');
    const name = line.slice(0, Math.max(0, colon)).toLowerCase();
    // No name also stands for a folded line, which HTTP has given up (RFC 9112 5.2) and no DICOMweb client sends.
    if (!isToken(name)) throw malformed('a header line is no "name: value"');
    const value = trimSpaces(line.slice(colon + 1));
    if (!/^[\t\x20-\x7e\x80-\xff]*$/.test(value)) throw malformed('a header holds control characters');
    if (fields.has(name)) throw malformed('a header stands twice');
    fields.set(name, value);
  }
  return fields;
}

function lengthOf(text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  if (!/^\d{1,15}$/.test(text)) throw malformed('its Content-Length is no number');
  return Number(text);
}

function malformed(what: string): LeadglassError {
  return new LeadglassError('MALFORMED', `Cannot read the part: ${what}`, { field: 'part header' });
}
