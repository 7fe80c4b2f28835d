/** What the guard looks at in a certificate, from what keys reads of it; for what is shown at a door and for what is pinned. */
import type { CertificateFacts as GuardFacts } from '../guard/identify/peer-facts.ts';
import { readCertificate } from '../keys/certificates.ts';

/**
 * @param source DER or PEM
 * @throws LeadglassError MALFORMED, LIMIT_EXCEEDED
 */
export function guardFactsOf(source: Uint8Array | string): Omit<GuardFacts, 'authorized' | 'authorizationError'> {
  const facts = readCertificate(source);
  return {
    fingerprint256: facts.fingerprint256,
    subject: facts.subject,
    serialNumber: facts.serialNumber,
    notBeforeMs: facts.notBefore.getTime(),
    notAfterMs: facts.notAfter.getTime(),
    ...(facts.extendedKeyUsage.length === 0 ? {} : { extendedKeyUsage: facts.extendedKeyUsage }),
    keyType: facts.key.type,
    keyBits: facts.key.sizeBits,
    signatureAlgorithm: facts.signatureAlgorithm,
  };
}
