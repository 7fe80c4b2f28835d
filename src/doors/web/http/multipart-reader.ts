/**
 * Reads a multipart message as it comes, RFC 2046 5.1 and PS3.18 8.6.1.2: chunks in, events out, never a whole part in
 * memory. What it keeps is at most the headers of one part, or the beginning of what may become a boundary.
 *
 * Strict where two readers could disagree: lines end with CRLF only (a part is binary, so a bare LF is data), a line that
 * begins with the boundary and goes on differently is refused, and so is a Content-Length that does not hold.
 * Tolerant where deployed clients need it and nothing becomes ambiguous:
 * - an empty line or text before the first boundary (dicomweb-client begins with CRLF, in JavaScript and in Python),
 * - no CRLF after the closing boundary (the same), and bytes behind it (older ones in JavaScript send zeros there, scripts
 *   with echo a line feed),
 * - spaces behind a boundary (RFC 2046 calls them transport padding),
 * - a part without headers or without a body, and a message without parts (PS3.18 8.6.1.2: zero or more).
 */
import { LeadglassError } from '../../../error.ts';
import { type PartHeaders, parsePartHeaders } from './part-headers.ts';

export interface MultipartLimits {
  readonly multipartPartsMax: number;
  /** Of the header block of one part, and of the padding behind one boundary. */
  readonly partHeaderBytesMax: number;
  readonly partHeadersMax: number;
  /** Before the first boundary. */
  readonly preambleBytesMax: number;
  /** Behind the closing boundary. */
  readonly epilogueBytesMax: number;
}

export interface MultipartReaderOptions {
  /** As the Content-Type has it (multipart-content-type.ts checks it). */
  readonly boundary: string;
  /** For parts without a Content-Type. */
  readonly defaultType: string | undefined;
  readonly limits: MultipartLimits;
}

export type MultipartEvent =
  | { readonly kind: 'part'; readonly headers: PartHeaders }
  /** Some bytes of the part, never none; a view of what was pushed where that is possible. */
  | { readonly kind: 'body'; readonly bytes: Uint8Array }
  | { readonly kind: 'part-end' }
  /** The closing boundary came; what follows is counted and thrown away. */
  | { readonly kind: 'end' };

const carriageReturn = 0x0d;
const lineFeed = 0x0a;
const hyphen = 0x2d;
const lineEnd = Buffer.from('\r\n');
const emptyLine = Buffer.from('\r\n\r\n');

export class MultipartReader {
  readonly #delimiter: Buffer;
  readonly #delimiterText: string;
  readonly #defaultType: string | undefined;
  readonly #limits: MultipartLimits;
  #state: 'preamble' | 'boundary' | 'headers' | 'body' | 'epilogue' = 'preamble';
  /** What has come and is not read yet. */
  #bytes: Buffer = lineEnd;
  /**
   * Bytes at the front that stand there only so that a boundary at the very beginning is found: an imagined CRLF before the
   * message, and the CRLF of the empty line that ends the headers (a part without a body has no other).
   */
  #borrowed = 2;
  /** Of what was taken away from `#bytes`, in bytes of the message. */
  #offset = -2;
  #parts = 0;
  #bodyLength = 0;
  #promisedLength: number | undefined;
  /** Before the first boundary, or behind the last. */
  #outside = 0;
  #padding = 0;

  constructor({ boundary, defaultType, limits }: MultipartReaderOptions) {
    this.#delimiterText = `\r\n--${boundary}`;
    this.#delimiter = Buffer.from(this.#delimiterText, 'latin1');
    this.#defaultType = defaultType;
    this.#limits = limits;
  }

  /** Takes the next bytes of the message. To be called only when `next` has answered undefined. */
  push(chunk: Uint8Array): void {
    const bytes = Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength);
    this.#bytes = this.#bytes.length === 0 ? bytes : Buffer.concat([this.#bytes, bytes]);
  }

  /**
   * The next event, or undefined when more bytes are needed first.
   * @throws LeadglassError MALFORMED, LIMIT_EXCEEDED, UNSUPPORTED; the reader is of no use afterwards
   */
  next(): MultipartEvent | undefined {
    for (;;) {
      const step = this.#step();
      if (step === 'more') return undefined;
      if (step !== 'again') return step;
    }
  }

  /**
   * The message has ended.
   * @throws LeadglassError MALFORMED when its closing boundary has not come
   */
  end(): void {
    if (this.#state !== 'epilogue') throw this.#malformed('it ends before its closing boundary');
  }

  #step(): MultipartEvent | 'again' | 'more' {
    switch (this.#state) {
      case 'preamble':
        return this.#readPreamble();
      case 'boundary':
        return this.#readBoundaryLine();
      case 'headers':
        return this.#readHeaders();
      case 'body':
        return this.#readBody();
      default:
        return this.#readEpilogue();
    }
  }

  #readPreamble(): 'again' | 'more' {
    const at = this.#bytes.indexOf(this.#delimiter);
    const end = at < 0 ? this.#certainLength() : at;
    if (end > 0) this.#outside += end - this.#borrowed;
    if (end > 0) this.#borrowed = 0;
    this.#take(end);
    this.#atMost(this.#outside, this.#limits.preambleBytesMax, 'bytes before its first boundary');
    if (at < 0) return 'more';
    this.#enterBoundary();
    return 'again';
  }

  #enterBoundary(): void {
    this.#borrowed = 0;
    this.#padding = 0;
    this.#take(this.#delimiter.length);
    this.#state = 'boundary';
  }

  /** Behind the boundary itself: two hyphens end the message, padding and CRLF begin a part. */
  #readBoundaryLine(): MultipartEvent | 'again' | 'more' {
    const [first, second] = this.#bytes;
    if (first === undefined) return 'more';
    if (first === 0x20 || first === 0x09) {
      let count = 1;
      while (this.#bytes[count] === 0x20 || this.#bytes[count] === 0x09) count += 1;
      this.#padding += count;
      this.#atMost(this.#padding, this.#limits.partHeaderBytesMax, 'bytes of padding behind a boundary');
      this.#take(count);
      return 'again';
    }
    if (second === undefined && (first === hyphen || first === carriageReturn)) return 'more';
    if (first === hyphen && second === hyphen && this.#padding === 0) {
      this.#take(2);
      this.#outside = 0;
      this.#state = 'epilogue';
      return { kind: 'end' };
    }
    if (first !== carriageReturn || second !== lineFeed) throw this.#malformed('a boundary is followed by other text');
    this.#take(2);
    this.#parts += 1;
    this.#atMost(this.#parts, this.#limits.multipartPartsMax, 'parts');
    this.#state = 'headers';
    return 'again';
  }

  #readHeaders(): MultipartEvent | 'more' {
    const { partHeaderBytesMax, partHeadersMax } = this.#limits;
    const isEmpty = this.#bytes[0] === carriageReturn && this.#bytes[1] === lineFeed;
    const at = isEmpty ? 0 : this.#bytes.indexOf(emptyLine);
    // While the end is not there yet, what is there counts; its last three bytes may belong to the empty line.
    this.#atMost(at < 0 ? this.#bytes.length - 3 : at, partHeaderBytesMax, 'bytes of headers in one part');
    if (at < 0) return 'more';
    const block = this.#bytes.toString('latin1', 0, at);
    // RFC 2046 5.1.1: no line of a part begins with the boundary; some readers would end the part here.
    if (`\r\n${block}`.includes(this.#delimiterText)) throw this.#malformed('a boundary stands among its headers');
    const headers = this.#located(() =>
      parsePartHeaders(block, { defaultType: this.#defaultType, headersMax: partHeadersMax }),
    );
    this.#take(isEmpty ? 0 : at + 2);
    this.#borrowed = 2;
    this.#bodyLength = 0;
    this.#promisedLength = headers.contentLengthBytes;
    this.#state = 'body';
    return { kind: 'part', headers };
  }

  #readBody(): MultipartEvent | 'more' {
    const at = this.#bytes.indexOf(this.#delimiter);
    if (at === 0) {
      this.#enterBoundary();
      const promised = this.#promisedLength;
      if (promised !== undefined && promised !== this.#bodyLength) {
        throw this.#malformed(`it has ${this.#bodyLength} bytes, its Content-Length says ${promised}`);
      }
      return { kind: 'part-end' };
    }
    const end = at < 0 ? this.#certainLength() : at;
    const bytes = this.#bytes.subarray(this.#borrowed, end);
    if (end > 0) this.#borrowed = 0;
    this.#take(end);
    // Nothing between the empty line and a boundary line of its own: the next step finds the boundary in front.
    if (bytes.length === 0) return at < 0 ? 'more' : this.#readBody();
    this.#bodyLength += bytes.length;
    return { kind: 'body', bytes };
  }

  #readEpilogue(): 'more' {
    this.#outside += this.#bytes.length;
    this.#take(this.#bytes.length);
    this.#atMost(this.#outside, this.#limits.epilogueBytesMax, 'bytes behind its closing boundary');
    return 'more';
  }

  /** How many bytes at the front cannot be part of a boundary that is still to come whole. */
  #certainLength(): number {
    const { length } = this.#bytes;
    const tailFrom = Math.max(0, length - this.#delimiter.length + 1);
    // The delimiter has its only CR at its beginning.
    const tailAt = this.#bytes.subarray(tailFrom).lastIndexOf(carriageReturn);
    if (tailAt < 0) return length;
    const at = tailFrom + tailAt;
    return this.#bytes.compare(this.#delimiter, 0, length - at, at) === 0 ? at : length;
  }

  #take(count: number): void {
    this.#bytes = this.#bytes.subarray(count);
    this.#offset += count;
  }

  #atMost(count: number, most: number, what: string): void {
    if (count <= most) return;
    throw new LeadglassError('LIMIT_EXCEEDED', `Cannot read the multipart body: more than ${most} ${what}`, {
      offset: this.#offset,
    });
  }

  #malformed(what: string): LeadglassError {
    const where = this.#parts === 0 ? '' : `part ${this.#parts}: `;
    return new LeadglassError('MALFORMED', `Cannot read the multipart body: ${where}${what}`, { offset: this.#offset });
  }

  #located<T>(action: () => T): T {
    try {
      return action();
    } catch (error) {
      if (!(error instanceof LeadglassError)) throw error;
      const { code, message, field } = error;
      throw new LeadglassError(code, `Cannot read the multipart body: part ${this.#parts}: ${message}`, {
        offset: this.#offset,
        ...(field === undefined ? {} : { field }),
      });
    }
  }
}
