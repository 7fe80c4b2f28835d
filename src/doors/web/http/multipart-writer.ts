/**
 * Writes a multipart message as it is asked for, RFC 2046 5.1 and PS3.18 8.6.1.2. Bodies stream through; whoever pulls the
 * chunks sets the pace. The boundary is 128 random bits, so that no body can be made to hold it.
 */
import { LeadglassError } from '../../../error.ts';
import { checkedFieldName, checkedFieldValue } from './field-syntax.ts';

export interface OutgoingPart {
  /** In the order in which they are written; Content-Length is added where the length is known. */
  readonly headers: readonly (readonly [name: string, value: string])[];
  readonly body: Uint8Array | AsyncIterable<Uint8Array> | Iterable<Uint8Array>;
  /** Of a body that is a stream, where it is known beforehand. */
  readonly lengthBytes?: number;
}

/** @param random 16 bytes of a secure source, new for each message */
export function newBoundary(random: Uint8Array): string {
  if (random.length !== 16) {
    throw new LeadglassError('INTERNAL', 'Internal error; the log has the details', {
      detail: `a multipart boundary wants 16 random bytes, not ${random.length}`,
    });
  }
  return Buffer.from(random).toString('hex');
}

/**
 * The message in chunks, to be piped into the response.
 * @throws LeadglassError INTERNAL (a header that cannot be written), CORRUPT (a body that has not its promised length: the
 *   message must then be cut off, so that nobody takes it for whole)
 */
export async function* writeMultipart(
  parts: AsyncIterable<OutgoingPart> | Iterable<OutgoingPart>,
  boundary: string,
): AsyncGenerator<Uint8Array, void, undefined> {
  let before = '';
  for await (const part of parts) {
    const lengthBytes = knownLength(part);
    yield Buffer.from(before + partHead(part.headers, boundary, lengthBytes), 'latin1');
    if (part.body instanceof Uint8Array) {
      if (part.body.length > 0) yield part.body;
    } else yield* checked(part.body, lengthBytes);
    before = '\r\n';
  }
  yield Buffer.from(`${before}${closing(boundary)}`, 'latin1');
}

/** The length of the whole message, for Content-Length; undefined when a part's length is not known. */
export function multipartLengthBytes(
  parts: Iterable<Pick<OutgoingPart, 'headers' | 'body' | 'lengthBytes'>>,
  boundary: string,
): number | undefined {
  let sum = closing(boundary).length;
  let before = 0;
  for (const part of parts) {
    const lengthBytes = knownLength(part);
    if (lengthBytes === undefined) return undefined;
    sum += before + partHead(part.headers, boundary, lengthBytes).length + lengthBytes;
    before = 2;
  }
  return sum + before;
}

function knownLength(part: OutgoingPart): number | undefined {
  return part.body instanceof Uint8Array ? part.body.length : part.lengthBytes;
}

function partHead(headers: OutgoingPart['headers'], boundary: string, lengthBytes: number | undefined): string {
  let head = `--${boundary}\r\n`;
  for (const [name, value] of headers) head += `${checkedFieldName(name)}: ${checkedFieldValue(name, value)}\r\n`;
  if (lengthBytes !== undefined) head += `Content-Length: ${lengthBytes}\r\n`;
  return `${head}\r\n`;
}

function closing(boundary: string): string {
  return `--${boundary}--\r\n`;
}

async function* checked(
  body: AsyncIterable<Uint8Array> | Iterable<Uint8Array>,
  lengthBytes: number | undefined,
): AsyncGenerator<Uint8Array, void, undefined> {
  let written = 0;
  for await (const chunk of body) {
    written += chunk.length;
    if (lengthBytes !== undefined && written > lengthBytes) throw wrongLength(lengthBytes, `more than that`);
    if (chunk.length > 0) yield chunk;
  }
  if (lengthBytes !== undefined && written < lengthBytes) throw wrongLength(lengthBytes, `${written}`);
}

function wrongLength(promised: number, came: string): LeadglassError {
  return new LeadglassError('CORRUPT', 'What is stored is not as long as it should be; ask the archive', {
    detail: `a part of a multipart answer should have ${promised} bytes and had ${came}`,
  });
}
