/**
 * Proof by client certificate (PS3.15 B.12, mutual TLS): is this the very certificate that was enrolled for a device, and is
 * it good at this moment? OpenSSL has checked the chain; what it leaves open (pinned certificates, missing key usage, weak
 * keys, our own revocations) is decided here, so that the reason can be recorded.
 */
import type { DeviceCertificate } from '../policy-rows.ts';
import type { RefusalReason } from '../refusal.ts';
import type { CertificateFacts } from './peer-facts.ts';

export interface CertificateRules {
  /** Refuse certificates without an extended key usage; most modalities have none. */
  readonly extendedKeyUsageRequired: boolean;
  /** RFC 9325 4.5. */
  readonly rsaKeyBitsMin: number;
  readonly ecKeyBitsMin: number;
}

/** RFC 5280 4.2.1.12. */
const clientAuth = '1.3.6.1.5.5.7.3.2';
const anyExtendedKeyUsage = '2.5.29.37.0';

/** Errors of OpenSSL that only say "I do not know the issuer": a pinned certificate needs none. */
const issuerErrors: ReadonlySet<string> = new Set([
  'DEPTH_ZERO_SELF_SIGNED_CERT',
  'SELF_SIGNED_CERT_IN_CHAIN',
  'UNABLE_TO_GET_ISSUER_CERT',
  'UNABLE_TO_GET_ISSUER_CERT_LOCALLY',
  'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
  'UNABLE_TO_GET_CRL',
  'CERT_UNTRUSTED',
]);
const reasonOfError: Readonly<Record<string, RefusalReason>> = {
  CERT_HAS_EXPIRED: 'certificate-expired',
  CERT_NOT_YET_VALID: 'certificate-not-yet-valid',
  CERT_REVOKED: 'certificate-revoked',
  INVALID_PURPOSE: 'certificate-purpose',
  EE_KEY_TOO_SMALL: 'certificate-weak',
  CA_KEY_TOO_SMALL: 'certificate-weak',
  CA_MD_TOO_WEAK: 'certificate-weak',
};

/** Fingerprints as the policy writes them: lower-case hex without colons. */
export function normalizeFingerprint(text: string): string {
  return text.replaceAll(':', '').toLowerCase();
}

/**
 * What is wrong with this certificate, or undefined.
 * @param enrolled the entries of its fingerprint; none: it is not known here
 */
export function reasonAgainstCertificate(
  facts: CertificateFacts | undefined,
  enrolled: readonly DeviceCertificate[],
  { nowMs, rules }: { readonly nowMs: number; readonly rules: CertificateRules },
): RefusalReason | undefined {
  if (facts === undefined) return 'certificate-missing';
  if (enrolled.length === 0) {
    if (facts.authorized) return reasonAgainstContent(facts, nowMs, rules) ?? 'certificate-unknown';
    return reasonOfError[facts.authorizationError ?? ''] ?? 'certificate-foreign';
  }
  if (enrolled.every((certificate) => certificate.revoked !== undefined)) return 'certificate-revoked';
  if (!facts.authorized) {
    const error = facts.authorizationError ?? '';
    const isPinned = enrolled.some(({ origin, revoked }) => origin === 'pinned' && revoked === undefined);
    if (!(isPinned && issuerErrors.has(error))) return reasonOfError[error] ?? 'certificate-foreign';
  }
  return reasonAgainstContent(facts, nowMs, rules);
}

function reasonAgainstContent(
  facts: CertificateFacts,
  nowMs: number,
  rules: CertificateRules,
): RefusalReason | undefined {
  // RFC 5280 4.1.2.5: both ends of the validity are inclusive.
  if (nowMs < facts.notBeforeMs) return 'certificate-not-yet-valid';
  if (nowMs > facts.notAfterMs) return 'certificate-expired';
  const { extendedKeyUsage } = facts;
  if (extendedKeyUsage === undefined) {
    if (rules.extendedKeyUsageRequired) return 'certificate-purpose';
  } else if (!extendedKeyUsage.includes(clientAuth) && !extendedKeyUsage.includes(anyExtendedKeyUsage)) {
    return 'certificate-purpose';
  }
  return isWeak(facts, rules) ? 'certificate-weak' : undefined;
}

function isWeak({ keyType, keyBits, signatureAlgorithm }: CertificateFacts, rules: CertificateRules): boolean {
  if (signatureAlgorithm !== undefined && /sha-?1(?![0-9])|md[245]/i.test(signatureAlgorithm)) return true;
  switch (keyType) {
    case 'rsa':
    case 'rsa-pss':
      return keyBits === undefined || keyBits < rules.rsaKeyBitsMin;
    case 'ec':
      return keyBits === undefined || keyBits < rules.ecKeyBitsMin;
    case 'ed25519':
    case 'ed448':
    case 'ml-dsa-44':
    case 'ml-dsa-65':
    case 'ml-dsa-87':
      return false;
    default:
      // DSA, DH and what is not known here.
      return true;
  }
}
