/**
 * The 128 bytes before `DICM` (PS3.10 7.1). The standard leaves them free, so that one file may be TIFF and DICOM; so it
 * may also be a program and DICOM (CVE-2019-11687, PS3.10 7.5). What is stored and handed out follows a policy.
 */

export type PreambleKind = 'zero' | 'tiff' | 'executable' | 'script' | 'other';

/** The choices of the setting archive.preamblePolicy, without `quarantine`, which refuses instead of changing. */
export type PreamblePolicy = 'keep-hand-out-zeroed' | 'zero' | 'keep-tiff';

export const preambleBytes = 128;

/** What a machine would take the file for that starts with these bytes. */
export function classifyPreamble(preamble: Uint8Array): PreambleKind {
  const head = preamble.subarray(0, preambleBytes);
  if (head.every((byte) => byte === 0)) return 'zero';
  if (looksExecutable(head)) return 'executable';
  if (looksLikeScript(head)) return 'script';
  const start = text(head, 0, 4);
  // TIFF 6.0 section 2: II*\0 or MM\0*; BigTIFF has 43 for 42.
  if (['II*\0', 'MM\0*', 'II+\0', 'MM\0+'].includes(start)) return 'tiff';
  return 'other';
}

/**
 * The preamble that a file is handed out with: zeros, unless the policy lets this kind stand. Never a program or a script.
 */
export function safePreamble(preamble: Uint8Array, policy: PreamblePolicy): Uint8Array {
  const kind = classifyPreamble(preamble);
  const keeps =
    kind === 'tiff'
      ? policy !== 'zero'
      : // What looks like nothing known is kept whole only by the policy that changes as little as it can.
        kind === 'other' && policy === 'keep-hand-out-zeroed';
  const safe = new Uint8Array(preambleBytes);
  if (keeps) safe.set(preamble.subarray(0, preambleBytes));
  return safe;
}

function looksExecutable(head: Uint8Array): boolean {
  const start = text(head, 0, 4);
  return (
    start.startsWith('MZ') || // DOS, Windows PE
    start.startsWith('ZM') || // accepted by old DOS loaders, too
    start === '\x7fELF' ||
    // Mach-O, 32 and 64 bits in both byte orders, and universal; the last one is also a Java class.
    ['\xfe\xed\xfa\xce', '\xfe\xed\xfa\xcf', '\xce\xfa\xed\xfe', '\xcf\xfa\xed\xfe', '\xca\xfe\xba\xbe'].includes(
      start,
    ) ||
    start === '\0asm' ||
    start === 'dex\n' ||
    start === 'PK\x03\x04' // ZIP, so also JAR and Office files
  );
}

function looksLikeScript(head: Uint8Array): boolean {
  // Leading blanks and a byte order mark do not keep an interpreter or a browser from it.
  const start = text(head, 0, preambleBytes).replace(/^(?:\xef\xbb\xbf)?[\s\0]*/, '');
  return /^(?:#!|%PDF|<\?|<%|<!|<[a-z]|@echo\b|@?rem\b|#include\b|Windows Registry|\{\\rtf|import |function\b|var )/i.test(
    start,
  );
}

function text(bytes: Uint8Array, from: number, to: number): string {
  return String.fromCharCode(...bytes.subarray(from, to));
}
