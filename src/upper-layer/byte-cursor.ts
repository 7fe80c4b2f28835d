/**
 * Reads big-endian fields out of a part of a PDU and never past its end; nested items get a cursor of exactly their own
 * bytes. Only for PDUs that are small and complete; P-DATA is read by pdu-reader.ts.
 */
import { parseUid, type Uid } from '../dicom/uid.ts';
import { LeadglassError } from '../error.ts';
import { protocolError } from './protocol-error.ts';

/** ISO 646 basic G0 set, PS3.8 9.3.2: space to tilde. */
const printableForm = /^[ -~]*$/;

export interface Item {
  readonly type: number;
  /** The second byte: reserved, but for 57H, where it is a version. */
  readonly second: number;
  readonly body: ByteCursor;
}

export class ByteCursor {
  readonly #bytes: Buffer;
  readonly #what: string;
  readonly #base: number;
  #at = 0;

  /**
   * @param bytes exactly the bytes that may be read
   * @param what the PDU's or item's name, for error texts
   * @param base where `bytes` starts in the PDU
   */
  constructor(bytes: Uint8Array, what: string, base = 0) {
    this.#bytes = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.#what = what;
    this.#base = base;
  }

  get remaining(): number {
    return this.#bytes.length - this.#at;
  }

  /** Position in the PDU. */
  get offset(): number {
    return this.#base + this.#at;
  }

  uint8(field: string): number {
    this.#need(1, field);
    return this.#bytes.readUInt8(this.#at++);
  }

  uint16(field: string): number {
    this.#need(2, field);
    this.#at += 2;
    return this.#bytes.readUInt16BE(this.#at - 2);
  }

  uint32(field: string): number {
    this.#need(4, field);
    this.#at += 4;
    return this.#bytes.readUInt32BE(this.#at - 4);
  }

  skip(length: number, field: string): void {
    this.#need(length, field);
    this.#at += length;
  }

  /** A copy, so that a small field never keeps the whole PDU in memory. */
  bytes(length: number, field: string): Uint8Array {
    this.#need(length, field);
    this.#at += length;
    return new Uint8Array(this.#bytes.subarray(this.#at - length, this.#at));
  }

  /** Printable ASCII as it stands, with its spaces. */
  text(length: number, field: string): string {
    this.#need(length, field);
    const text = this.#bytes.toString('latin1', this.#at, this.#at + length);
    if (!printableForm.test(text)) throw this.malformed(field, 'only characters of ISO 646 (20H to 7EH) are allowed');
    this.#at += length;
    return text;
  }

  /** PS3.8 Annex F: no padding in the upper layer. */
  uid(length: number, field: string): Uid {
    this.#need(length, field);
    if (length < 1 || length > 64) {
      throw this.malformed(field, `length was ${length}, expected 1 to 64`);
    }
    const text = this.#bytes.toString('latin1', this.#at, this.#at + length);
    try {
      const uid = parseUid(text, field);
      this.#at += length;
      return uid;
    } catch (error) {
      if (error instanceof LeadglassError) throw this.malformed(field, 'not a UID');
      throw error;
    }
  }

  /** A UID with its 16-bit length before it, PS3.7 D.3.3. */
  sizedUid(field: string): Uid {
    return this.uid(this.uint16(`${field} length`), field);
  }

  /** Item header (type, reserved, 16-bit length) and a cursor of exactly its body; this cursor moves behind the item. */
  item(): Item {
    const type = this.uint8('Item-type');
    const second = this.uint8('Reserved');
    const length = this.uint16('Item-length');
    const name = `item ${hex(type)}`;
    this.#need(length, name);
    const body = new ByteCursor(this.#bytes.subarray(this.#at, this.#at + length), name, this.offset);
    this.#at += length;
    return { type, second, body };
  }

  /** All bytes must have been read. */
  end(): void {
    if (this.remaining !== 0) throw this.malformed('length', `${this.remaining} bytes are left over`);
  }

  malformed(field: string, text: string): LeadglassError {
    return protocolError(`Cannot read ${this.#what}: ${field}: ${text}`, { field, offset: this.offset });
  }

  overLimit(field: string, max: number): LeadglassError {
    return protocolError(`Cannot read ${this.#what}: more than ${max} ${field}`, {
      code: 'LIMIT_EXCEEDED',
      field,
      offset: this.offset,
    });
  }

  #need(length: number, field: string): void {
    if (length > this.remaining) {
      throw this.malformed(field, `needs ${length} bytes, only ${this.remaining} are left`);
    }
  }
}

function hex(type: number): string {
  return `${type.toString(16).toUpperCase().padStart(2, '0')}H`;
}
