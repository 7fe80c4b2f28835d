/**
 * What a certificate says, read by Node's own X.509 code, and whether its key and signature are strong enough. Whether it
 * is trusted, in time and not revoked is left to TLS and the guard.
 */
import type { KeyObject } from 'node:crypto';
import { X509Certificate } from 'node:crypto';
import { LeadglassError } from '../error.ts';

export interface CertificateFacts {
  /** SHA-256 of the DER bytes, 64 lower-case hexadecimal digits. */
  readonly fingerprint256: string;
  /** Distinguished names as Node writes them, parts joined by `, `; for showing and for the ledger, never for comparing. */
  readonly subject: string;
  readonly issuer: string;
  /** Common Name, when there is exactly one. */
  readonly commonName: string | undefined;
  /** Lower-case hexadecimal, without leading zeros of a byte beyond the first. */
  readonly serialNumber: string;
  readonly notBefore: Date;
  readonly notAfter: Date;
  /** As Node writes it: `DNS:…, IP Address:…, URI:…`. */
  readonly subjectAltName: string | undefined;
  /** OIDs; empty when the certificate has no such extension. */
  readonly extendedKeyUsage: readonly string[];
  readonly isAuthority: boolean;
  readonly key: KeyFacts;
  /** OpenSSL's name, for instance `ecdsa-with-SHA256`; `unknown` when it has none. */
  readonly signatureAlgorithm: string;
  readonly der: Buffer;
}

export interface KeyFacts {
  readonly type: 'rsa' | 'ec' | 'ed25519' | 'ed448' | 'other';
  /** Modulus or field size in bits; 0 when not known. */
  readonly sizeBits: number;
}

export const extendedKeyUsages = { serverAuth: '1.3.6.1.5.5.7.3.1', clientAuth: '1.3.6.1.5.5.7.3.2' } as const;

/** Larger than any certificate that is in use; TLS itself limits what a peer shows. */
const certificateBytesMax = 64 * 1024;

/**
 * Reads one certificate, DER or PEM.
 * @throws LeadglassError MALFORMED; LIMIT_EXCEEDED when it is longer than 64 KiB
 */
export function readCertificate(source: Uint8Array | string): CertificateFacts {
  if (source.length > certificateBytesMax) {
    throw new LeadglassError(
      'LIMIT_EXCEEDED',
      `Cannot read a certificate: it has ${source.length} bytes, at most ${certificateBytesMax} are allowed`,
    );
  }
  let certificate: X509Certificate;
  try {
    certificate = new X509Certificate(source);
  } catch (cause) {
    throw new LeadglassError('MALFORMED', 'Cannot read a certificate: neither DER nor PEM of an X.509 certificate', {
      cause,
    });
  }
  return {
    fingerprint256: fingerprintOf(certificate),
    subject: oneLine(certificate.subject),
    issuer: oneLine(certificate.issuer),
    commonName: commonNameOf(certificate),
    serialNumber: certificate.serialNumber.toLowerCase(),
    notBefore: certificate.validFromDate,
    notAfter: certificate.validToDate,
    subjectAltName: certificate.subjectAltName,
    extendedKeyUsage: certificate.keyUsage ?? [],
    isAuthority: certificate.ca,
    key: keyOf(certificate),
    signatureAlgorithm: certificate.signatureAlgorithm ?? 'unknown',
    der: certificate.raw,
  };
}

/** Type and size of a public key. */
export function keyFacts(key: KeyObject): KeyFacts {
  const details = key.asymmetricKeyDetails;
  switch (key.asymmetricKeyType) {
    case 'rsa':
    case 'rsa-pss':
      return { type: 'rsa', sizeBits: details?.modulusLength ?? 0 };
    case 'ec':
      return { type: 'ec', sizeBits: curveBits(details?.namedCurve) };
    case 'ed25519':
      return { type: 'ed25519', sizeBits: 256 };
    case 'ed448':
      return { type: 'ed448', sizeBits: 448 };
    case undefined:
    default:
      return { type: 'other', sizeBits: 0 };
  }
}

/** Why a key is too weak (RFC 9325 4.5, PS3.15 B.12), as a text; undefined when it is strong enough. */
export function keyWeakness(key: KeyFacts): string | undefined {
  switch (key.type) {
    case 'rsa':
      if (key.sizeBits < 2048) return `RSA key of ${key.sizeBits} bits, at least 2048 are needed`;
      // A larger one only costs the server time in each handshake.
      return key.sizeBits > 8192 ? `RSA key of ${key.sizeBits} bits, at most 8192 are allowed` : undefined;
    case 'ec':
      return key.sizeBits < 256 ? 'elliptic curve key on an unknown curve or one below 256 bits' : undefined;
    case 'ed25519':
    case 'ed448':
      return undefined;
    case 'other':
    default:
      return 'kind of key that is not supported (RSA, EC, Ed25519 or Ed448 are)';
  }
}

/**
 * Is this certificate strong enough for a peer? RSA of 2048 bits or an elliptic curve of 256 bits at least, signed with
 * SHA-2 or an Edwards curve.
 * @throws LeadglassError NOT_AUTHENTICATED; `detail` is CERT_KEY_WEAK or CERT_SIGNATURE_WEAK
 */
export function checkStrength(facts: CertificateFacts): void {
  const weakness = keyWeakness(facts.key);
  if (weakness !== undefined) {
    throw new LeadglassError('NOT_AUTHENTICATED', `Cannot accept the certificate: ${weakness}`, {
      detail: 'CERT_KEY_WEAK',
    });
  }
  if (!/sha-?(?:256|384|512)|^ed(?:25519|448)$|^rsassaPss$/i.test(facts.signatureAlgorithm)) {
    throw new LeadglassError(
      'NOT_AUTHENTICATED',
      `Cannot accept the certificate: signed with ${facts.signatureAlgorithm}, SHA-2 or Ed25519 is needed`,
      { detail: 'CERT_SIGNATURE_WEAK' },
    );
  }
}

function fingerprintOf(certificate: X509Certificate): string {
  return certificate.fingerprint256.replaceAll(':', '').toLowerCase();
}

function commonNameOf(certificate: X509Certificate): string | undefined {
  // The legacy object is the only form in which Node has the parts separated; a list means several names.
  const name: unknown = certificate.toLegacyObject().subject?.CN;
  return typeof name === 'string' ? name : undefined;
}

function keyOf(certificate: X509Certificate): KeyFacts {
  try {
    return keyFacts(certificate.publicKey);
  } catch {
    // OpenSSL refuses to load some weak or unknown keys at all.
    return { type: 'other', sizeBits: 0 };
  }
}

/** Only curves that TLS 1.2 and 1.3 use with OpenSSL's names; others count as weak. */
function curveBits(name: string | undefined): number {
  switch (name) {
    case 'prime256v1':
    case 'brainpoolP256r1':
      return 256;
    case 'secp384r1':
    case 'brainpoolP384r1':
      return 384;
    case 'secp521r1':
      return 521;
    case 'brainpoolP512r1':
      return 512;
    case undefined:
    default:
      return 0;
  }
}

function oneLine(name: string | undefined): string {
  return (name ?? '').replaceAll('\n', ', ');
}
