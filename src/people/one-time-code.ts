/**
 * Time-based one-time codes: RFC 6238 over RFC 4226, HMAC-SHA-1, 6 digits, 30 seconds, which is what every authenticator
 * application knows. SHA-1 is no weakness here: an HMAC needs no collision resistance (RFC 6238 1.2 keeps it as the default).
 * Pure functions; that a step is taken once is the credential store's.
 */
import { createHmac, timingSafeEqual } from 'node:crypto';
import encodeQr from 'qr';

export interface CodeLimits {
  readonly codeStepSeconds: number;
  readonly codeDigits: number;
  readonly codeStepsAside: number;
}

const base32 = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567';

/** RFC 4648 6, without padding, as key URIs have it. */
export function toBase32(bytes: Uint8Array): string {
  let text = '';
  let held = 0;
  let bits = 0;
  for (const byte of bytes) {
    held = ((held << 8) | byte) & 0xfff;
    bits += 8;
    for (; bits >= 5; bits -= 5) text += base32[(held >> (bits - 5)) & 31];
  }
  return bits === 0 ? text : text + base32[(held << (5 - bits)) & 31];
}

export function codeStep(nowMs: number, { codeStepSeconds }: Pick<CodeLimits, 'codeStepSeconds'>): number {
  return Math.floor(nowMs / 1000 / codeStepSeconds);
}

/** RFC 4226 5.3: the code of one step. */
export function codeAt(secret: Uint8Array, step: number, { codeDigits }: Pick<CodeLimits, 'codeDigits'>): string {
  const counter = Buffer.alloc(8);
  counter.writeBigUInt64BE(BigInt(step));
  const mac = createHmac('sha1', secret).update(counter).digest();
  const offset = (mac.at(-1) ?? 0) & 15;
  const truncated = mac.readUInt32BE(offset) & 0x7fff_ffff;
  return String(truncated % 10 ** codeDigits).padStart(codeDigits, '0');
}

/** The step whose code this is, now or one step aside (RFC 6238 5.2), the newest first; undefined when it is none. */
export function matchingStep(secret: Uint8Array, typed: string, nowMs: number, limits: CodeLimits): number | undefined {
  // Applications show `123 456`.
  const code = typed.length > 32 ? '' : typed.replaceAll(/\s/g, '');
  if (code.length !== limits.codeDigits || !/^[0-9]+$/.test(code)) return undefined;
  const now = codeStep(nowMs, limits);
  let found: number | undefined;
  // All are compared, so that the time does not tell which one fitted.
  for (let aside = -limits.codeStepsAside; aside <= limits.codeStepsAside; aside += 1) {
    const step = now + aside;
    if (step >= 0 && timingSafeEqual(Buffer.from(codeAt(secret, step, limits)), Buffer.from(code))) found = step;
  }
  return found;
}

/** What applications read from the picture: `otpauth://totp/Issuer:account?secret=…`. */
export function provisioningUri(
  secret: Uint8Array,
  { issuer, email, limits }: { readonly issuer: string; readonly email: string; readonly limits: CodeLimits },
): string {
  // A colon divides issuer and account in the label.
  const label = `${encodeURIComponent(issuer.replaceAll(':', ' '))}:${encodeURIComponent(email)}`;
  const query = [
    `secret=${toBase32(secret)}`,
    `issuer=${encodeURIComponent(issuer)}`,
    'algorithm=SHA1',
    `digits=${limits.codeDigits}`,
    `period=${limits.codeStepSeconds}`,
  ];
  return `otpauth://totp/${label}?${query.join('&')}`;
}

/** The URI as a QR code, an SVG document without script or style. */
export function qrSvg(uri: string): string {
  return encodeQr(uri, 'svg', { ecc: 'medium', border: 4 });
}
