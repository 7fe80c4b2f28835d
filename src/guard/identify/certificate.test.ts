import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { DeviceCertificate } from '../policy-rows.ts';
import type { RefusalReason } from '../refusal.ts';
import { aet, certificateFacts, dayMs, fingerprintOf, startMs } from '../test-support.ts';
import { normalizeFingerprint, reasonAgainstCertificate } from './certificate.ts';
import type { CertificateFacts } from './peer-facts.ts';

const rules = { extendedKeyUsageRequired: false, rsaKeyBitsMin: 2048, ecKeyBitsMin: 256 };
const own: DeviceCertificate = {
  fingerprint256: fingerprintOf('CT1'),
  device: aet('CT1'),
  origin: 'own',
  subject: 'CN=CT1',
  serialNumber: '01',
  notBeforeMs: startMs - dayMs,
  notAfterMs: startMs + dayMs,
  addedAtMs: startMs,
};
const pinned: DeviceCertificate = { ...own, origin: 'pinned' };
const revoked = { atMs: startMs, reason: 'stolen' };

const reason = (
  overrides: Partial<CertificateFacts> = {},
  {
    enrolled = [own],
    nowMs = startMs,
    strict = false,
  }: { enrolled?: DeviceCertificate[]; nowMs?: number; strict?: boolean } = {},
): RefusalReason | undefined =>
  reasonAgainstCertificate(certificateFacts(overrides), enrolled, {
    nowMs,
    rules: { ...rules, extendedKeyUsageRequired: strict },
  });
const failed = (authorizationError: string): Partial<CertificateFacts> => ({ authorized: false, authorizationError });

test('an enrolled certificate of our authority passes', () => {
  assert.equal(reason(), undefined);
});

test('no certificate is a reason of its own', () => {
  assert.equal(reasonAgainstCertificate(undefined, [], { nowMs: startMs, rules }), 'certificate-missing');
});

test('a certificate of our authority that no device holds is unknown, whatever it says of itself', () => {
  assert.equal(reason({}, { enrolled: [] }), 'certificate-unknown');
});

test('a certificate that nobody enrolled is named after what TLS found', () => {
  const cases: Record<string, RefusalReason> = {
    DEPTH_ZERO_SELF_SIGNED_CERT: 'certificate-foreign',
    UNABLE_TO_VERIFY_LEAF_SIGNATURE: 'certificate-foreign',
    UNABLE_TO_GET_ISSUER_CERT: 'certificate-foreign',
    SOMETHING_NEW: 'certificate-foreign',
    CERT_HAS_EXPIRED: 'certificate-expired',
    CERT_NOT_YET_VALID: 'certificate-not-yet-valid',
    CERT_REVOKED: 'certificate-revoked',
    INVALID_PURPOSE: 'certificate-purpose',
    EE_KEY_TOO_SMALL: 'certificate-weak',
    CA_MD_TOO_WEAK: 'certificate-weak',
  };
  for (const [error, expected] of Object.entries(cases)) {
    assert.equal(reason(failed(error), { enrolled: [] }), expected, error);
    assert.equal(reason(failed(error), { enrolled: [own] }), expected, error);
  }
});

test('a pinned certificate needs no known issuer, but every other failure of TLS still counts', () => {
  for (const error of [
    'DEPTH_ZERO_SELF_SIGNED_CERT',
    'SELF_SIGNED_CERT_IN_CHAIN',
    'UNABLE_TO_GET_ISSUER_CERT',
    'UNABLE_TO_GET_ISSUER_CERT_LOCALLY',
    'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
  ]) {
    assert.equal(reason(failed(error), { enrolled: [pinned] }), undefined, error);
    assert.equal(reason(failed(error), { enrolled: [own] }), 'certificate-foreign', error);
  }
  assert.equal(reason(failed('CERT_HAS_EXPIRED'), { enrolled: [pinned] }), 'certificate-expired');
  assert.equal(reason(failed('CERT_REVOKED'), { enrolled: [pinned] }), 'certificate-revoked');
  assert.equal(reason(failed('SOMETHING_NEW'), { enrolled: [pinned] }), 'certificate-foreign');
  assert.equal(reason({ authorized: false }, { enrolled: [pinned] }), 'certificate-foreign');
});

test('a revoked certificate is refused although its chain is good, pinned or not', () => {
  assert.equal(reason({}, { enrolled: [{ ...own, revoked }] }), 'certificate-revoked');
  assert.equal(
    reason(failed('DEPTH_ZERO_SELF_SIGNED_CERT'), { enrolled: [{ ...pinned, revoked }] }),
    'certificate-revoked',
  );
});

test('a revoked pin does not make a foreign certificate trusted through another entry', () => {
  const enrolled = [
    { ...pinned, revoked },
    { ...own, device: aet('CT2') },
  ];
  assert.equal(reason(failed('DEPTH_ZERO_SELF_SIGNED_CERT'), { enrolled }), 'certificate-foreign');
});

test('both ends of the validity are inclusive', () => {
  const facts = { notBeforeMs: 1000, notAfterMs: 2000 };
  assert.deepEqual(
    [999, 1000, 2000, 2001].map((nowMs) => reason(facts, { nowMs })),
    ['certificate-not-yet-valid', undefined, undefined, 'certificate-expired'],
  );
});

test('an extended key usage must name clients; none at all passes unless it is required', () => {
  const { extendedKeyUsage: _extendedKeyUsage, ...without } = certificateFacts();
  const check = (strict: boolean) =>
    reasonAgainstCertificate(without, [own], { nowMs: startMs, rules: { ...rules, extendedKeyUsageRequired: strict } });
  assert.equal(check(false), undefined);
  assert.equal(check(true), 'certificate-purpose');
  assert.equal(reason({ extendedKeyUsage: ['1.3.6.1.5.5.7.3.1'] }), 'certificate-purpose');
  assert.equal(reason({ extendedKeyUsage: [] }), 'certificate-purpose');
  assert.equal(reason({ extendedKeyUsage: ['1.3.6.1.5.5.7.3.1', '1.3.6.1.5.5.7.3.2'] }, { strict: true }), undefined);
  assert.equal(reason({ extendedKeyUsage: ['2.5.29.37.0'] }), undefined);
});

test('weak keys and signatures are refused at one bit below the limit', () => {
  assert.equal(reason({ keyType: 'rsa', keyBits: 2048 }), undefined);
  assert.equal(reason({ keyType: 'rsa', keyBits: 2047 }), 'certificate-weak');
  assert.equal(reason({ keyType: 'rsa-pss', keyBits: 2047 }), 'certificate-weak');
  assert.equal(reason({ keyType: 'ec', keyBits: 256 }), undefined);
  assert.equal(reason({ keyType: 'ec', keyBits: 255 }), 'certificate-weak');
  assert.equal(reason({ keyType: 'ed25519' }), undefined);
  assert.equal(reason({ keyType: 'dsa', keyBits: 3072 }), 'certificate-weak');
  for (const signatureAlgorithm of [
    'sha1WithRSAEncryption',
    'ecdsa-with-SHA1',
    'RSA-SHA1',
    'md5WithRSAEncryption',
    'RSA-MD5',
  ]) {
    assert.equal(reason({ signatureAlgorithm }), 'certificate-weak', signatureAlgorithm);
  }
  for (const signatureAlgorithm of ['sha256WithRSAEncryption', 'ecdsa-with-SHA384', 'RSA-SHA512', 'ED25519']) {
    assert.equal(reason({ signatureAlgorithm }), undefined, signatureAlgorithm);
  }
});

test('a key whose size is unknown is taken for weak', () => {
  for (const keyType of ['rsa', 'ec']) {
    const { keyBits: _keyBits, ...facts } = certificateFacts({ keyType });
    assert.equal(reasonAgainstCertificate(facts, [own], { nowMs: startMs, rules }), 'certificate-weak', keyType);
  }
});

test('fingerprints with colons and in upper case are the same', () => {
  assert.equal(normalizeFingerprint('AB:01:Cd'), 'ab01cd');
});
