/**
 * What a TLS client proposes as application protocols (ALPN, RFC 7301), from the first bytes of its connection. Node tells
 * which certificate to show by the name alone, before it looks at ALPN; a challenge of RFC 8737 needs both. Asked only while a
 * challenge is open, and only of bytes that the ordinary handshake will read again.
 */

/** RFC 8446 5.1: records of at most 2^14 bytes; a hello with the largest key shares has some kilobytes. */
export const clientHelloBytesMax = 16 * 1024;

const handshake = 22;
const clientHello = 1;
const alpnExtension = 16;

/** A place in bytes that does not go beyond them. */
class Cursor {
  readonly #bytes: Buffer;
  #at = 0;
  constructor(bytes: Buffer) {
    this.#bytes = bytes;
  }
  get left(): number {
    return this.#bytes.length - this.#at;
  }
  /** A number of so many bytes; undefined beyond the end. */
  number(length: 1 | 2 | 3): number | undefined {
    if (this.left < length) return undefined;
    this.#at += length;
    return this.#bytes.readUIntBE(this.#at - length, length);
  }
  /** Bytes behind their own length of one or two bytes, or of a given length. */
  bytes(length: number | undefined): Cursor | undefined {
    if (length === undefined || this.left < length) return undefined;
    this.#at += length;
    return new Cursor(this.#bytes.subarray(this.#at - length, this.#at));
  }
  text(): string {
    return this.#bytes.toString('latin1', this.#at);
  }
}

/**
 * The protocols of a ClientHello, empty when it names none.
 * @returns `incomplete` when more bytes are needed, undefined when it is no ClientHello that we understand
 */
export function proposedProtocols(bytes: Buffer): readonly string[] | 'incomplete' | undefined {
  const message = firstMessage(bytes);
  if (message === 'incomplete' || message === undefined) return message;
  const hello = new Cursor(message);
  // RFC 8446 4.1.2: legacy_version and random, session id, cipher suites, compression methods, extensions.
  hello.bytes(34);
  hello.bytes(hello.number(1));
  hello.bytes(hello.number(2));
  hello.bytes(hello.number(1));
  const extensions = hello.bytes(hello.number(2));
  // oxlint-disable-next-line no-unmodified-loop-condition -- each number that is read takes from what is left
  while (extensions !== undefined && extensions.left > 0) {
    const type = extensions.number(2);
    const content = extensions.bytes(extensions.number(2));
    if (content === undefined) return undefined;
    if (type === alpnExtension) return protocolsOf(content);
  }
  return [];
}

function protocolsOf(content: Cursor): readonly string[] | undefined {
  const list = content.bytes(content.number(2));
  if (list === undefined) return undefined;
  const protocols: string[] = [];
  while (list.left > 0) {
    const name = list.bytes(list.number(1));
    if (name === undefined) return undefined;
    protocols.push(name.text());
  }
  return protocols;
}

/** The content of the first handshake message, put together from its records; one walk over them, however small they are. */
function firstMessage(bytes: Buffer): Buffer | 'incomplete' | undefined {
  const parts: Buffer[] = [];
  let at = 0;
  let length = 0;
  let wanted: number | undefined;
  for (;;) {
    if (bytes.length > at && bytes[at] !== handshake) return undefined;
    if (bytes.length < at + 5) return 'incomplete';
    const record = bytes.readUInt16BE(at + 3);
    if (record === 0 || record > clientHelloBytesMax) return undefined;
    const part = bytes.subarray(at + 5, at + 5 + record);
    parts.push(part);
    length += part.length;
    at += 5 + record;
    if (parts.length === 1 && part.length > 0 && part[0] !== clientHello) return undefined;
    if (wanted === undefined && length >= 4) {
      wanted = Buffer.concat(parts).readUIntBE(1, 3);
      if (wanted > clientHelloBytesMax) return undefined;
    }
    if (wanted !== undefined && length >= 4 + wanted) return Buffer.concat(parts).subarray(4, 4 + wanted);
    if (bytes.length < at) return 'incomplete';
  }
}
