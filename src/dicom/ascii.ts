/** Bytes that are ASCII as text: what nearly every value is, and faster than by a decoder, whose setting up costs more. */

/** Beyond this a decoder is as fast, and the arguments of a call have their limit. */
const shortBytes = 512;
const latin1 = new TextDecoder('latin1');

/** The text of bytes below 80H. @param bytes nothing else, as `isPlainAscii` says */
export function asciiText(bytes: Uint8Array): string {
  return bytes.length <= shortBytes ? String.fromCharCode(...bytes) : latin1.decode(bytes);
}

/** Only bytes below 80H, and no escape that would switch to another character set (PS3.5 6.1.2.5). */
export function isPlainAscii(bytes: Uint8Array): boolean {
  for (let at = 0; at < bytes.length; at += 1) {
    const byte = bytes[at] ?? 0;
    if (byte >= 0x80 || byte === 0x1b) return false;
  }
  return true;
}
