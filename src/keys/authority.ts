/**
 * Our own certificate authority: a root and an issuing certificate, server certificates for the doors (a key for each)
 * and certificates for devices, EC P-256 throughout, and the revocation lists. Which certificates were given to whom, and
 * which are revoked, is the guard's to remember. Loaded from files at each start; the code that makes certificates is
 * slow to load and only brought in when one is made.
 */
import type { KeyObject } from 'node:crypto';
import { createPrivateKey, generateKeyPairSync } from 'node:crypto';
import { mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { LeadglassError } from '../error.ts';
import type { CertificateFacts } from './certificates.ts';
import { extendedKeyUsages, readCertificate } from './certificates.ts';
import { replaceFile } from './durable-file.ts';
import type { IssueRequest, Revocation } from './issue.ts';
import type { SecretStore } from './secret-store.ts';

export interface AuthorityOptions {
  /** Wrapped secrets: private keys of the authority and of the doors. */
  readonly secrets: SecretStore;
  /** `<data>/certificates`; only public things. */
  readonly directory: string;
  readonly now?: () => Date;
}

export interface ServerCertificate {
  /** Own certificate, then the issuing one: what a door shows. */
  readonly certificatePem: string;
  readonly keyPem: string;
  readonly facts: CertificateFacts;
}

export interface DeviceCertificate {
  readonly certificatePem: string;
  /** Own, then issuing: what a device should show. */
  readonly chainPem: string;
  /** Only when the key was made here; handed out once and not kept. */
  readonly keyPem?: string;
  readonly facts: CertificateFacts;
}

export interface DeviceCertificateRequest {
  readonly aeTitle: string;
  /** End of the opening; the certificate ends then, or after two years (ITI-19), whichever is first. */
  readonly notAfter: Date;
  /** PEM of a PKCS #10 request; without it a key is made here. */
  readonly csr?: string;
  /** Instead of a request: the public key itself (SPKI, PEM), from somebody who may ask for any certificate. */
  readonly publicKeyPem?: string;
  /** For a device that also accepts associations (C-MOVE destinations, commitment results): its host names or addresses. */
  readonly serverNames?: readonly string[];
}

/** PEM revocation lists of both certificates: OpenSSL wants one for each step of the chain. */
export interface RevocationLists {
  readonly issuing: string;
  readonly root: string;
}

interface Signer {
  readonly certificate: CertificateFacts;
  readonly pem: string;
  readonly key: KeyObject;
}

const dayMs = 86_400_000;
const authorityYears = 20;
/** CA/Browser Forum's limit, which all TLS clients accept. */
const serverDays = 398;
const serverRenewalDays = 30;
/** IHE ITI-19 recommends two years at most. */
const deviceDays = 730;
/** Clocks of devices are often some minutes behind. */
const backdatedMs = 5 * 60_000;

export class Authority {
  readonly #secrets: SecretStore;
  readonly #directory: string;
  readonly #now: () => Date;
  readonly #root: Signer;
  readonly #issuing: Signer;

  private constructor(options: AuthorityOptions, root: Signer, issuing: Signer) {
    this.#secrets = options.secrets;
    this.#directory = options.directory;
    this.#now = options.now ?? (() => new Date());
    this.#root = root;
    this.#issuing = issuing;
  }

  /**
   * The authority of an installation; a first start makes it.
   * @throws LeadglassError CORRUPT when a certificate is there without its key, or the other way round
   */
  static async open(options: AuthorityOptions): Promise<Authority> {
    mkdirSync(options.directory, { recursive: true, mode: 0o755 });
    const root = await openSigner(options, 'authority-root', undefined);
    const issuing = await openSigner(options, 'authority-issuing', root);
    return new Authority(options, root, issuing);
  }

  /** What devices are told to trust. */
  get rootPem(): string {
    return this.#root.pem;
  }

  get issuingPem(): string {
    return this.#issuing.pem;
  }

  /**
   * The certificate of a door (`dimse`, `web`), with a key that no other door has. The one on disk is taken while it names
   * just these hosts and has 30 days left; else a new one with a new key is made and kept.
   * @param isClient the door also calls others (move destinations, commitment results), who check that it may be a client
   * @param names host names and IP addresses that clients use, the first one also as Common Name
   * @throws LeadglassError BAD_REQUEST when a name is neither a host name nor an address
   */
  async serverCertificate(
    door: string,
    names: readonly string[],
    { isClient = false }: { readonly isClient?: boolean } = {},
  ): Promise<ServerCertificate> {
    const usages = isClient ? (['serverAuth', 'clientAuth'] as const) : (['serverAuth'] as const);
    const kept = this.#readServerCertificate(door);
    const renewalMs = this.#now().getTime() + serverRenewalDays * dayMs;
    if (
      kept !== undefined &&
      kept.facts.notAfter.getTime() > renewalMs &&
      sameNames(kept.facts, names) &&
      usages.every((usage) => kept.facts.extendedKeyUsage.includes(extendedKeyUsages[usage]))
    ) {
      return kept;
    }
    const { issueCertificate } = await import('./issue.ts');
    const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
    const pem = await issueCertificate(
      this.#leaf({
        commonName: names[0] ?? '',
        publicKey,
        notAfter: new Date(this.#now().getTime() + serverDays * dayMs - backdatedMs),
        usages,
        names,
      }),
    );
    const facts = readCertificate(pem);
    this.#secrets.create(doorKeyName(door, facts), exportKey(privateKey));
    replaceFile(join(this.#directory, `door-${door}.pem`), pem, 0o644);
    return { certificatePem: pem + this.#issuing.pem, keyPem: toPem(privateKey), facts };
  }

  /**
   * A certificate for a device: Common Name is the AE title, a URI `urn:leadglass:device:AET` stands beside it. Of a
   * request only the public key is taken; names and extensions that it asks for are ignored.
   * @throws LeadglassError MALFORMED or NOT_AUTHENTICATED for a request that does not parse, is not signed by its own key
   * or has a weak key; BAD_REQUEST when `notAfter` has passed
   */
  async issueDeviceCertificate(request: DeviceCertificateRequest): Promise<DeviceCertificate> {
    const nowMs = this.#now().getTime();
    if (!(request.notAfter.getTime() > nowMs)) {
      throw new LeadglassError('BAD_REQUEST', 'Cannot issue a certificate: its end date has passed');
    }
    const { issueCertificate, readPublicKey, readSigningRequest } = await import('./issue.ts');
    const given =
      request.publicKeyPem !== undefined
        ? readPublicKey(request.publicKeyPem)
        : request.csr !== undefined
          ? await readSigningRequest(request.csr)
          : undefined;
    const made = given === undefined ? generateKeyPairSync('ec', { namedCurve: 'P-256' }) : undefined;
    const publicKey = given ?? made?.publicKey;
    if (publicKey === undefined) throw new LeadglassError('INTERNAL', 'No public key was given or made');
    const pem = await issueCertificate(
      this.#leaf({
        commonName: request.aeTitle,
        publicKey,
        notAfter: new Date(Math.min(request.notAfter.getTime(), nowMs + deviceDays * dayMs - backdatedMs)),
        usages: request.serverNames === undefined ? ['clientAuth'] : ['clientAuth', 'serverAuth'],
        names: request.serverNames ?? [],
        uri: `urn:leadglass:device:${percentEncoded(request.aeTitle)}`,
      }),
    );
    return {
      certificatePem: pem,
      chainPem: pem + this.#issuing.pem,
      ...(made !== undefined && { keyPem: toPem(made.privateKey) }),
      facts: readCertificate(pem),
    };
  }

  /**
   * Signed lists of what is revoked, valid until `nextUpdate`. `number` must grow with every call (RFC 5280 5.2.3); the
   * time in milliseconds is taken without it.
   */
  async revocationLists(
    revoked: readonly Revocation[],
    options: { readonly nextUpdate: Date; readonly number?: bigint },
  ): Promise<RevocationLists> {
    const { issueRevocationList } = await import('./issue.ts');
    const thisUpdate = new Date(this.#now().getTime() - backdatedMs);
    const common = {
      thisUpdate,
      nextUpdate: options.nextUpdate,
      number: options.number ?? BigInt(this.#now().getTime()),
    };
    return {
      issuing: await issueRevocationList({ ...common, issuer: this.#issuing, revoked }),
      root: await issueRevocationList({ ...common, issuer: this.#root, revoked: [] }),
    };
  }

  #leaf(facts: Pick<IssueRequest, 'commonName' | 'publicKey' | 'notAfter' | 'usages' | 'names' | 'uri'>): IssueRequest {
    const issuerEnd = this.#issuing.certificate.notAfter;
    return {
      ...facts,
      notBefore: new Date(this.#now().getTime() - backdatedMs),
      // Nothing that we issue outlives what signed it.
      notAfter: facts.notAfter > issuerEnd ? issuerEnd : facts.notAfter,
      issuer: this.#issuing,
    };
  }

  #readServerCertificate(door: string): ServerCertificate | undefined {
    const pem = readFile(join(this.#directory, `door-${door}.pem`));
    if (pem === undefined) return undefined;
    const facts = readCertificate(pem);
    const key = this.#secrets.read(doorKeyName(door, facts));
    // Without its key (a restore of one folder only) a new one is simply made.
    if (key === undefined) return undefined;
    return { certificatePem: pem + this.#issuing.pem, keyPem: toPem(importKey(key)), facts };
  }
}

/** As RFC 3986 wants it: encodeURIComponent leaves some marks that a URN reserves. */
function percentEncoded(text: string): string {
  return encodeURIComponent(text).replaceAll(/[!'()*]/g, (mark) => `%${mark.charCodeAt(0).toString(16).toUpperCase()}`);
}

async function openSigner(options: AuthorityOptions, name: string, parent: Signer | undefined): Promise<Signer> {
  const path = join(options.directory, `${name}.pem`);
  const kept = readFile(path);
  const keptKey = options.secrets.read(`${name}.key`);
  if (kept !== undefined && keptKey !== undefined) {
    return { certificate: readCertificate(kept), pem: kept, key: importKey(keptKey) };
  }
  if (kept !== undefined) {
    throw new LeadglassError(
      'CORRUPT',
      `Cannot open the certificate authority: ${path} is there, but its key ${name}.key is not; restore the keys folder`,
    );
  }
  // A key without certificate: the first start was interrupted between the two.
  const key =
    keptKey === undefined ? generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey : importKey(keptKey);
  if (keptKey === undefined) options.secrets.create(`${name}.key`, exportKey(key));
  const { issueAuthority } = await import('./issue.ts');
  const nowMs = (options.now?.() ?? new Date()).getTime();
  const pem = await issueAuthority({
    key,
    parent,
    notBefore: new Date(nowMs - backdatedMs),
    notAfter: parent?.certificate.notAfter ?? new Date(nowMs + authorityYears * 365 * dayMs),
  });
  replaceFile(path, pem, 0o644);
  return { certificate: readCertificate(pem), pem, key };
}

/** The key of a certificate is found by the certificate, so that a renewal cut short cannot mix two. */
function doorKeyName(door: string, facts: CertificateFacts): string {
  return `door-${door}-${facts.fingerprint256.slice(0, 16)}.key`;
}

function sameNames(facts: CertificateFacts, names: readonly string[]): boolean {
  const found = (facts.subjectAltName ?? '')
    .split(', ')
    .map((name) => name.replace(/^(?:DNS|IP Address):/, '').toLowerCase());
  const wanted = names.map(comparable);
  return found.map(comparable).toSorted().join('\n') === wanted.toSorted().join('\n');
}

/** OpenSSL writes IPv6 addresses in full; the URL parser gives both sides one form. */
function comparable(name: string): string {
  const lower = name.toLowerCase();
  if (!lower.includes(':')) return lower;
  return URL.canParse(`http://[${lower}]/`) ? new URL(`http://[${lower}]/`).hostname : lower;
}

function readFile(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined;
    throw error;
  }
}

function exportKey(key: KeyObject): Buffer {
  return key.export({ type: 'pkcs8', format: 'der' });
}

function importKey(der: Buffer): KeyObject {
  return createPrivateKey({ key: der, format: 'der', type: 'pkcs8' });
}

function toPem(key: KeyObject): string {
  return key.export({ type: 'pkcs8', format: 'pem' });
}
