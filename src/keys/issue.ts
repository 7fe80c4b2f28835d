/**
 * Making certificates, requests for them and revocation lists, and reading requests, with @peculiar/x509. Brought in only
 * where one is made, by a lazy import, since the package takes a tenth of a second to load.
 */
import { createPublicKey, KeyObject, randomBytes, webcrypto } from 'node:crypto';
import { isIP } from 'node:net';
import { LeadglassError } from '../error.ts';
import type { CertificateFacts } from './certificates.ts';
import { extendedKeyUsages, keyFacts, keyWeakness } from './certificates.ts';
import { installReflectMetadata } from './reflect-metadata.ts';

installReflectMetadata();
const x509 = await import('@peculiar/x509');

export interface Issuer {
  readonly certificate: CertificateFacts;
  readonly key: KeyObject;
}

export interface IssueRequest {
  readonly commonName: string;
  readonly publicKey: KeyObject;
  readonly notBefore: Date;
  readonly notAfter: Date;
  readonly usages: readonly (keyof typeof extendedKeyUsages)[];
  /** Host names and IP addresses. */
  readonly names: readonly string[];
  readonly uri?: string;
  readonly issuer: Issuer;
}

export interface Revocation {
  /** Hexadecimal, as in CertificateFacts. */
  readonly serialNumber: string;
  readonly revokedAt: Date;
  /** RFC 5280 5.3.1. Always given: without it the package writes an empty extension list, which is not valid. */
  readonly reason:
    | 'keyCompromise'
    | 'affiliationChanged'
    | 'superseded'
    | 'cessationOfOperation'
    | 'privilegeWithdrawn';
}

const ecdsa = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' } as const;
/** Much larger than any request; parsed only below this. */
const signingRequestBytesMax = 16 * 1024;

/** A leaf certificate, PEM. */
export async function issueCertificate(request: IssueRequest): Promise<string> {
  const publicKey = spki(request.publicKey);
  const names = [
    ...request.names.map(generalName),
    ...(request.uri === undefined ? [] : [{ type: x509.URL, value: request.uri } as const]),
  ];
  const certificate = await x509.X509CertificateGenerator.create(
    {
      serialNumber: newSerialNumber(),
      subject: nameOf(request.commonName),
      issuer: issuerName(request.issuer),
      notBefore: wholeSeconds(request.notBefore),
      notAfter: wholeSeconds(request.notAfter),
      publicKey,
      signingKey: await signingKey(request.issuer.key),
      signingAlgorithm: ecdsa,
      extensions: [
        new x509.BasicConstraintsExtension(false, undefined, true),
        new x509.KeyUsagesExtension(x509.KeyUsageFlags.digitalSignature, true),
        new x509.ExtendedKeyUsageExtension(request.usages.map((usage) => extendedKeyUsages[usage])),
        new x509.SubjectAlternativeNameExtension(names),
        await x509.SubjectKeyIdentifierExtension.create(publicKey, false, webcrypto),
        await x509.AuthorityKeyIdentifierExtension.create(spki(createPublicKey(request.issuer.key)), false, webcrypto),
      ],
    },
    webcrypto,
  );
  return `${certificate.toString('pem')}\n`;
}

/** A certificate that signs others: without a parent the root (path length 1), else the issuing one (path length 0). */
export async function issueAuthority(request: {
  readonly key: KeyObject;
  readonly parent: Issuer | undefined;
  readonly notBefore: Date;
  readonly notAfter: Date;
}): Promise<string> {
  const publicKey = spki(createPublicKey(request.key));
  const serialNumber = newSerialNumber();
  // The suffix keeps two installations apart in a device's list of authorities.
  const subject = nameOf(`Leadglass ${request.parent === undefined ? 'root' : 'issuing'} ${serialNumber.slice(0, 8)}`);
  const parentKey = request.parent?.key ?? request.key;
  const certificate = await x509.X509CertificateGenerator.create(
    {
      serialNumber,
      subject,
      issuer: request.parent === undefined ? subject : issuerName(request.parent),
      notBefore: wholeSeconds(request.notBefore),
      notAfter: wholeSeconds(request.notAfter),
      publicKey,
      signingKey: await signingKey(parentKey),
      signingAlgorithm: ecdsa,
      extensions: [
        new x509.BasicConstraintsExtension(true, request.parent === undefined ? 1 : 0, true),
        new x509.KeyUsagesExtension(x509.KeyUsageFlags.keyCertSign | x509.KeyUsageFlags.cRLSign, true),
        await x509.SubjectKeyIdentifierExtension.create(publicKey, false, webcrypto),
        await x509.AuthorityKeyIdentifierExtension.create(spki(createPublicKey(parentKey)), false, webcrypto),
      ],
    },
    webcrypto,
  );
  return `${certificate.toString('pem')}\n`;
}

/**
 * What a server shows to prove that it holds a name (RFC 8737 section 3): self-signed, for just this name, with the SHA-256 of
 * the key authorization in a critical extension.
 */
export async function issueChallengeCertificate(
  key: KeyObject,
  { name, digest, now }: { readonly name: string; readonly digest: Uint8Array; readonly now: Date },
): Promise<string> {
  const subject = nameOf('ACME challenge');
  const publicKey = spki(createPublicKey(key));
  const certificate = await x509.X509CertificateGenerator.create(
    {
      serialNumber: newSerialNumber(),
      subject,
      issuer: subject,
      notBefore: wholeSeconds(new Date(now.getTime() - 3_600_000)),
      notAfter: wholeSeconds(new Date(now.getTime() + 24 * 3_600_000)),
      publicKey,
      signingKey: await signingKey(key),
      signingAlgorithm: ecdsa,
      extensions: [
        new x509.SubjectAlternativeNameExtension([generalName(name)]),
        new x509.Extension('1.3.6.1.5.5.7.1.31', true, Buffer.concat([Buffer.of(0x04, digest.length), digest])),
      ],
    },
    webcrypto,
  );
  return `${certificate.toString('pem')}\n`;
}

/** A PKCS #10 request (RFC 2986) for these host names, DER. */
export async function makeSigningRequest(key: KeyObject, names: readonly string[]): Promise<Uint8Array> {
  const keys = {
    privateKey: await signingKey(key),
    publicKey: await webcrypto.subtle.importKey('spki', spki(createPublicKey(key)), ecdsa, true, ['verify']),
  };
  const request = await x509.Pkcs10CertificateRequestGenerator.create(
    {
      keys,
      signingAlgorithm: ecdsa,
      // RFC 8555 7.4: names in the subjectAltName are enough, and a common name could be too short for one.
      extensions: [new x509.SubjectAlternativeNameExtension(names.map(generalName))],
    },
    webcrypto,
  );
  return new Uint8Array(request.rawData);
}

/** A revocation list, PEM. */
export async function issueRevocationList(request: {
  readonly issuer: Issuer;
  readonly thisUpdate: Date;
  readonly nextUpdate: Date;
  readonly number: bigint;
  readonly revoked: readonly Revocation[];
}): Promise<string> {
  const list = await x509.X509CrlGenerator.create(
    {
      issuer: issuerName(request.issuer),
      thisUpdate: wholeSeconds(request.thisUpdate),
      nextUpdate: wholeSeconds(request.nextUpdate),
      signingAlgorithm: ecdsa,
      signingKey: await signingKey(request.issuer.key),
      entries: request.revoked.map(({ serialNumber, revokedAt, reason }) => ({
        serialNumber,
        revocationDate: wholeSeconds(revokedAt),
        reason: x509.X509CrlReason[reason],
      })),
      extensions: [
        await x509.AuthorityKeyIdentifierExtension.create(spki(createPublicKey(request.issuer.key)), false, webcrypto),
        new x509.Extension('2.5.29.20', false, derInteger(request.number)),
      ],
    },
    webcrypto,
  );
  // The package's own label is `CRL`, which OpenSSL does not know.
  return toPem('X509 CRL', list.rawData);
}

/**
 * The public key of a PKCS #10 request (RFC 2986), after checking that the request is signed with it, by SHA-2, and that
 * it is strong enough. Everything else that the request asks for is ignored.
 * @throws LeadglassError MALFORMED, LIMIT_EXCEEDED, NOT_AUTHENTICATED
 */
export async function readSigningRequest(pem: string): Promise<KeyObject> {
  if (pem.length > signingRequestBytesMax) {
    throw new LeadglassError(
      'LIMIT_EXCEEDED',
      `Cannot read the signing request: it has ${pem.length} characters, at most ${signingRequestBytesMax} are allowed`,
    );
  }
  let request: InstanceType<typeof x509.Pkcs10CertificateRequest>;
  let publicKey: KeyObject;
  try {
    request = new x509.Pkcs10CertificateRequest(pem);
    publicKey = createPublicKey({ key: Buffer.from(request.publicKey.rawData), format: 'der', type: 'spki' });
  } catch (cause) {
    throw new LeadglassError('MALFORMED', 'Cannot read the signing request: not a PKCS #10 request in PEM form', {
      cause,
    });
  }
  const weakness = keyWeakness(keyFacts(publicKey));
  if (weakness !== undefined) {
    throw new LeadglassError('NOT_AUTHENTICATED', `Cannot accept the signing request: ${weakness}`);
  }
  if (!(await isSignedByOwnKey(request))) {
    throw new LeadglassError(
      'NOT_AUTHENTICATED',
      'Cannot accept the signing request: it is not signed with its own key by SHA-2',
    );
  }
  return publicKey;
}

/**
 * A public key (SPKI, PEM) that is strong enough.
 * @throws LeadglassError MALFORMED, NOT_AUTHENTICATED
 */
export function readPublicKey(pem: string): KeyObject {
  let publicKey: KeyObject;
  try {
    publicKey = createPublicKey(pem);
  } catch (cause) {
    throw new LeadglassError('MALFORMED', 'Cannot read the public key: not SPKI in PEM form', { cause });
  }
  const weakness = keyWeakness(keyFacts(publicKey));
  if (weakness !== undefined)
    throw new LeadglassError('NOT_AUTHENTICATED', `Cannot accept the public key: ${weakness}`);
  return publicKey;
}

async function isSignedByOwnKey(request: InstanceType<typeof x509.Pkcs10CertificateRequest>): Promise<boolean> {
  try {
    const algorithm = JSON.stringify(request.signatureAlgorithm);
    return !/SHA-1"|MD[25]"/i.test(algorithm) && (await request.verify(webcrypto));
  } catch {
    // An algorithm that Web Crypto does not know, or a signature of the wrong form.
    return false;
  }
}

function toPem(label: string, der: ArrayBuffer): string {
  const lines =
    Buffer.from(der)
      .toString('base64')
      .match(/.{1,64}/g) ?? [];
  return `-----BEGIN ${label}-----\n${lines.join('\n')}\n-----END ${label}-----\n`;
}

/** As an object, so that a `#` or a comma in an AE title is a character and not syntax. */
function nameOf(commonName: string): InstanceType<typeof x509.Name> {
  return new x509.Name([{ CN: [{ utf8String: commonName }] }]);
}

function issuerName(issuer: Issuer): InstanceType<typeof x509.Name> {
  return new x509.X509Certificate(new Uint8Array(issuer.certificate.der)).subjectName;
}

function generalName(name: string): { readonly type: 'ip' | 'dns'; readonly value: string } {
  if (isIP(name) !== 0) return { type: x509.IP, value: name };
  if (/^(?=.{1,253}$)[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?(?:\.[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?)*$/i.test(name)) {
    return { type: x509.DNS, value: name };
  }
  throw new LeadglassError(
    'BAD_REQUEST',
    'Cannot issue a certificate: a name is neither a host name nor an IP address',
  );
}

/** 127 random bits, positive and without leading zeros (RFC 5280 4.1.2.2). */
function newSerialNumber(): string {
  const bytes = randomBytes(16);
  bytes.writeUInt8((bytes.readUInt8(0) & 0x3f) | 0x40, 0);
  return bytes.toString('hex');
}

// UTCTime has no fractions.
function wholeSeconds(date: Date): Date {
  return new Date(Math.floor(date.getTime() / 1000) * 1000);
}

function spki(key: KeyObject): Buffer<ArrayBuffer> {
  return Buffer.from(key.export({ type: 'spki', format: 'der' }));
}

function signingKey(key: KeyObject): Promise<webcrypto.CryptoKey> {
  const der = key.export({ type: 'pkcs8', format: 'der' });
  return webcrypto.subtle.importKey('pkcs8', der, { name: 'ECDSA', namedCurve: 'P-256' }, false, ['sign']);
}

/** Non-negative, in DER. */
function derInteger(value: bigint): Buffer<ArrayBuffer> {
  const hex = value.toString(16);
  const bytes = Buffer.from(hex.length % 2 === 0 ? hex : `0${hex}`, 'hex');
  // A set first bit would mean a negative number.
  const content = (bytes[0] ?? 0) >= 0x80 ? Buffer.concat([Buffer.of(0), bytes]) : bytes;
  return Buffer.concat([Buffer.of(0x02, content.length), content]);
}
