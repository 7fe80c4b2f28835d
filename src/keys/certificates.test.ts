import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { needs } from '../../test/support/peers.ts';
import { checkStrength, keyWeakness, readCertificate } from './certificates.ts';
import { code, TemporaryFolder } from './keys.test-support.ts';

/** A self-signed certificate made by openssl, PEM. */
function selfSigned(folder: TemporaryFolder, ...args: readonly string[]): string {
  const path = join(folder.path, 'cert.pem');
  const common = ['req', '-x509', '-nodes', '-keyout', join(folder.path, 'key.pem'), '-out', path, '-days', '3'];
  execFileSync('openssl', [...common, ...args], { stdio: 'pipe' });
  return readFileSync(path, 'utf8');
}
const p256 = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256'] as const;

test('the facts of a certificate are read from DER and from PEM', needs('openssl'), () => {
  using folder = new TemporaryFolder();
  const pem = selfSigned(
    folder,
    ...p256,
    ...['-subj', '/O=Hosp/CN=CT1', '-set_serial', '0x0abc'],
    ...['-addext', 'extendedKeyUsage=clientAuth', '-addext', 'subjectAltName=DNS:ct1.example'],
  );
  const facts = readCertificate(pem);
  assert.deepEqual(readCertificate(facts.der), facts);
  assert.equal(facts.fingerprint256, createHash('sha256').update(facts.der).digest('hex'));
  assert.equal(facts.subject, 'O=Hosp, CN=CT1');
  assert.equal(facts.commonName, 'CT1');
  assert.equal(facts.serialNumber, '0abc');
  assert.equal(facts.subjectAltName, 'DNS:ct1.example');
  assert.deepEqual(facts.extendedKeyUsage, ['1.3.6.1.5.5.7.3.2']);
  assert.equal(facts.notAfter.getTime() - facts.notBefore.getTime(), 3 * 86_400_000);
  assert.deepEqual(facts.key, { type: 'ec', sizeBits: 256 });
  assert.equal(facts.signatureAlgorithm, 'ecdsa-with-SHA256');
  checkStrength(facts);
});

test('a certificate without extended key usage, or with two common names, says so', needs('openssl'), () => {
  using folder = new TemporaryFolder();
  const facts = readCertificate(selfSigned(folder, ...p256, '-subj', '/CN=A/CN=B'));
  assert.deepEqual(facts.extendedKeyUsage, []);
  assert.equal(facts.commonName, undefined);
});

test('weak keys and weak signatures are refused, strong ones of every kind are not', needs('openssl'), () => {
  using folder = new TemporaryFolder();
  const subject = ['-subj', '/CN=A'] as const;
  const strong = [
    [...p256],
    ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-521', '-sha384'],
    ['-newkey', 'rsa:2048'],
    ['-newkey', 'rsa:2048', '-sigopt', 'rsa_padding_mode:pss', '-sha256'],
    ['-newkey', 'ed25519'],
  ];
  for (const args of strong) checkStrength(readCertificate(selfSigned(folder, ...args, ...subject)));
  const check = (...args: string[]): void => checkStrength(readCertificate(selfSigned(folder, ...args, ...subject)));
  assert.throws(() => check('-newkey', 'rsa:1024'), code('NOT_AUTHENTICATED', /key|RSA/));
  assert.throws(
    () => check('-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:secp224r1'),
    code('NOT_AUTHENTICATED', /below 256/),
  );
  assert.throws(() => check('-newkey', 'rsa:2048', '-sha1'), code('NOT_AUTHENTICATED', /SHA-2/));
});

test('the size of a key is refused one below the limit and taken at it', () => {
  assert.ok(keyWeakness({ type: 'rsa', sizeBits: 2047 }) !== undefined);
  assert.equal(keyWeakness({ type: 'rsa', sizeBits: 2048 }), undefined);
  assert.equal(keyWeakness({ type: 'rsa', sizeBits: 8192 }), undefined);
  assert.ok(keyWeakness({ type: 'rsa', sizeBits: 8193 }) !== undefined);
  assert.ok(keyWeakness({ type: 'ec', sizeBits: 255 }) !== undefined);
  assert.equal(keyWeakness({ type: 'ec', sizeBits: 256 }), undefined);
  assert.ok(keyWeakness({ type: 'other', sizeBits: 4096 }) !== undefined);
});

test('what is not a certificate is refused', () => {
  assert.throws(() => readCertificate('hello'), code('MALFORMED'));
  assert.throws(() => readCertificate(new Uint8Array(0)), code('MALFORMED'));
  assert.throws(() => readCertificate(new Uint8Array(64 * 1024)), code('MALFORMED'));
  assert.throws(() => readCertificate(new Uint8Array(64 * 1024 + 1)), code('LIMIT_EXCEEDED'));
});
