/** Text values, PS3.5 6.2: out of their bytes, separated, and without the padding that their VR makes insignificant. */
import { asciiText, isPlainAscii } from './ascii.ts';
import { decodeText } from './character-set.ts';
import { isMultiValuedText, usesCharacterSet, type Vr } from './vr.ts';

const latin1 = new TextDecoder('latin1');

/** What should be ASCII; what is not, as Windows would read it. */
export function plainText(bytes: Uint8Array): string {
  return isPlainAscii(bytes) ? asciiText(bytes) : latin1.decode(bytes);
}

/**
 * The values in the bytes of a text VR; [''] for none.
 * @param terms the values of Specific Character Set; VRs outside its reach (PS3.5 6.1.2.3) are read as ASCII
 */
export function textsFrom(bytes: Uint8Array, vr: Vr, terms: readonly string[]): string[] {
  return splitTrimmed(usesCharacterSet(vr) ? decodeText(bytes, terms, vr) : plainText(bytes), vr);
}

/** The values in a decoded text, without insignificant padding; one for the VRs that hold no more (PS3.5 6.4). */
export function splitTrimmed(text: string, vr: Vr): string[] {
  if (!isMultiValuedText(vr)) return [trimmed(text, vr)];
  return text.split('\\').map((value) => trimmed(value, vr));
}

/** PS3.5 table 6.2-1: UI is padded by NUL, texts by spaces; leading spaces count only in LT, ST, UC, UR and UT. */
function trimmed(text: string, vr: Vr): string {
  let end = text.length;
  // Padding by NUL where spaces should be is common enough that it is never taken as part of a value.
  while (end > 0 && (text.charCodeAt(end - 1) === 0x20 || text.charCodeAt(end - 1) === 0)) end -= 1;
  let start = 0;
  if (!(vr === 'LT' || vr === 'ST' || vr === 'UT' || vr === 'UC' || vr === 'UR')) {
    while (start < end && text.charCodeAt(start) === 0x20) start += 1;
  }
  return text.slice(start, end);
}
