/** Big-endian fields and items of PDUs, for encoding (PS3.8 9.3.1). Small things only; P-DATA is written elsewhere. */

export function uint16(value: number): Uint8Array {
  return Uint8Array.of(value >>> 8, value & 0xff);
}

export function uint32(value: number): Uint8Array {
  return Uint8Array.of(value >>> 24, (value >>> 16) & 0xff, (value >>> 8) & 0xff, value & 0xff);
}

export function ascii(text: string): Uint8Array {
  return Buffer.from(text, 'latin1');
}

/** Bytes behind their own 16-bit length, as PS3.7 D.3.3 has them. */
export function sized(bytes: Uint8Array): Uint8Array {
  return join(uint16(checked(bytes.length, 0xffff)), bytes);
}

export function join(...parts: readonly Uint8Array[]): Uint8Array {
  return Buffer.concat(parts);
}

/** Item-type, a second byte (reserved, 0), 16-bit length, body. */
export function item(type: number, body: Uint8Array, second = 0): Uint8Array {
  return join(Uint8Array.of(type, second), uint16(checked(body.length, 0xffff)), body);
}

/** PDU-type, reserved, 32-bit length, body. */
export function pdu(type: number, body: Uint8Array): Uint8Array {
  return join(Uint8Array.of(type, 0), uint32(body.length), body);
}

/** A length that does not fit its field is a mistake of ours, never to be cut silently. */
function checked(length: number, max: number): number {
  if (length > max) throw new RangeError(`Cannot write item: length was ${length}, at most ${max} fits`);
  return length;
}
