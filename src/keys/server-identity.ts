/**
 * A server certificate of somebody else's making, with its key: is it one that a door can show? What is wrong is told in
 * words for the operator, and nothing of a key or a passphrase ever stands in them. Where the texts come from (files, an
 * ACME server) is left to others.
 */
import type { KeyObject } from 'node:crypto';
import { createPrivateKey, X509Certificate } from 'node:crypto';
import { isIP } from 'node:net';
import { LeadglassError } from '../error.ts';
import type { ServerCertificate } from './authority.ts';
import { type CertificateFacts, checkStrength, extendedKeyUsages, readCertificate } from './certificates.ts';

export interface GivenIdentity {
  /** PEM: the server's own certificate first, then what signed it, in this order; other blocks are passed over. */
  readonly certificatePem: string;
  /** PEM, PKCS #8 or the older forms. */
  readonly keyPem: string;
  /** For an encrypted key. */
  readonly passphrase?: string;
}

/** Chains have two or three; each costs every handshake some hundred bytes. */
const chainLengthMax = 8;
export const pemCertificates = /-----BEGIN CERTIFICATE-----[A-Za-z0-9+/=\s]+-----END CERTIFICATE-----/g;
const anyExtendedKeyUsage = '2.5.29.37.0';

/**
 * @returns chain and key as TLS takes them, the key decrypted
 * @throws LeadglassError MALFORMED (not PEM, key does not open), BAD_REQUEST (does not fit together, not for a server, not
 * in time), NOT_AUTHENTICATED (too weak)
 */
export function readServerIdentity(given: GivenIdentity, now: Date): ServerCertificate {
  const blocks = certificateBlocks(given.certificatePem);
  const chain = blocks.map((pem) => new X509Certificate(pem));
  const [own] = chain;
  if (own === undefined) throw new LeadglassError('MALFORMED', 'there is no certificate in PEM form in it');
  const facts = readCertificate(own.raw);
  const key = openKey(given);
  checkFit(key, chain);
  checkOrder(chain);
  checkUse(facts);
  checkTime(facts, now);
  for (const certificate of chain) {
    // Nobody checks the signature of a root, which whoever trusts it has already.
    if (certificate === own || !isSelfSigned(certificate)) checkStrength(readCertificate(certificate.raw));
  }
  return {
    certificatePem: blocks.map((block) => `${block}\n`).join(''),
    keyPem: key.export({ type: 'pkcs8', format: 'pem' }),
    facts,
  };
}

/** The host names (small letters, perhaps `*.` in front) and addresses of a certificate; nothing of another form. */
export function serverNames({ subjectAltName = '' }: Pick<CertificateFacts, 'subjectAltName'>): readonly string[] {
  return subjectAltName.split(', ').flatMap((entry) => {
    const [, kind, name = ''] = /^(DNS|IP Address):(.+)$/.exec(entry) ?? [];
    if (kind === 'IP Address') return isIP(name) === 0 ? [] : [name];
    return kind === 'DNS' && /^(?:\*\.)?[a-z0-9_](?:[a-z0-9_.-]*[a-z0-9])?$/i.test(name) ? [name.toLowerCase()] : [];
  });
}

/** Is this host name or address among the names of a certificate? A star stands for just one label (RFC 9525 6.3). */
export function covers(names: readonly string[], name: string): boolean {
  const asked = name.toLowerCase();
  return names.includes(asked) || names.includes(asked.replace(/^[^.]*/, '*'));
}

function certificateBlocks(pem: string): string[] {
  const blocks = pem.match(pemCertificates) ?? [];
  if (blocks.length > chainLengthMax) {
    throw new LeadglassError(
      'BAD_REQUEST',
      `it holds ${blocks.length} certificates, a chain has at most ${chainLengthMax}`,
    );
  }
  for (const [index, block] of blocks.entries()) {
    try {
      readCertificate(block);
    } catch {
      throw new LeadglassError('MALFORMED', `certificate ${index + 1} in it cannot be read`);
    }
  }
  return blocks;
}

function openKey({ keyPem, passphrase }: GivenIdentity): KeyObject {
  try {
    return createPrivateKey({ key: keyPem, format: 'pem', ...(passphrase === undefined ? {} : { passphrase }) });
  } catch {
    // Without the cause: nothing about a key may come into a log.
    const isEncrypted = /-----BEGIN ENCRYPTED PRIVATE KEY-----|^Proc-Type: 4,ENCRYPTED/m.test(keyPem);
    if (isEncrypted && passphrase === undefined) {
      throw new LeadglassError('BAD_REQUEST', 'its key is encrypted; name the file of its passphrase');
    }
    throw new LeadglassError(
      'MALFORMED',
      isEncrypted ? 'its key does not open with this passphrase' : 'its key is no private key in PEM form',
    );
  }
}

function checkFit(key: KeyObject, chain: readonly X509Certificate[]): void {
  const [own] = chain;
  if (own !== undefined && belongsTo(key, own)) return;
  if (chain.some((other) => belongsTo(key, other))) {
    throw new LeadglassError(
      'BAD_REQUEST',
      "its key belongs to a later certificate; the server's own must stand first",
    );
  }
  throw new LeadglassError('BAD_REQUEST', 'its key does not belong to its certificate');
}

function belongsTo(key: KeyObject, certificate: X509Certificate): boolean {
  try {
    return certificate.checkPrivateKey(key);
  } catch {
    return false;
  }
}

/** RFC 8446 4.4.2: each one certifies the one before. Clients differ in whether they sort what came otherwise. */
function checkOrder(chain: readonly X509Certificate[]): void {
  for (const [index, certificate] of chain.entries()) {
    const issuer = chain[index + 1];
    if (issuer === undefined || isSignedBy(certificate, issuer)) continue;
    throw new LeadglassError(
      'BAD_REQUEST',
      `certificate ${index + 1} of its chain is not signed by certificate ${index + 2}; the order is: own, then what signed it, and so on`,
    );
  }
}

function isSignedBy(certificate: X509Certificate, issuer: X509Certificate): boolean {
  try {
    return certificate.checkIssued(issuer) && certificate.verify(issuer.publicKey);
  } catch {
    // A key that OpenSSL does not load proves nothing.
    return false;
  }
}

function checkUse(facts: CertificateFacts): void {
  const usages = facts.extendedKeyUsage;
  if (usages.length > 0 && !usages.includes(extendedKeyUsages.serverAuth) && !usages.includes(anyExtendedKeyUsage)) {
    throw new LeadglassError('BAD_REQUEST', 'its certificate is not for servers (extended key usage)');
  }
  if (serverNames(facts).length === 0) {
    // RFC 9525 6.3: a common name alone is looked at by nobody.
    throw new LeadglassError('BAD_REQUEST', 'its certificate names no host and no address (subject alternative name)');
  }
}

function checkTime({ notBefore, notAfter }: CertificateFacts, now: Date): void {
  if (now < notBefore) {
    throw new LeadglassError('BAD_REQUEST', `its certificate is valid only from ${notBefore.toISOString()}`);
  }
  if (now >= notAfter) throw new LeadglassError('BAD_REQUEST', `its certificate ended at ${notAfter.toISOString()}`);
}

const isSelfSigned = (certificate: X509Certificate): boolean => certificate.checkIssued(certificate);
