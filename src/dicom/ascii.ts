/** Bytes that are ASCII as text, which nearly every value is: half of a decoder's time. */

/** The text of bytes below 80H; `isPlainAscii` says whether they are. */
export function asciiText(bytes: Uint8Array): string {
  return Buffer.prototype.latin1Slice.call(bytes, 0, bytes.length);
}

/** Only bytes below 80H, and no escape that would switch to another character set (PS3.5 6.1.2.5). */
export function isPlainAscii(bytes: Uint8Array): boolean {
  for (let at = 0; at < bytes.length; at += 1) {
    const byte = bytes[at] ?? 0;
    if (byte >= 0x80 || byte === 0x1b) return false;
  }
  return true;
}
