/** A server certificate and its key in files of the operator's: read with bounds, refused where others could read the key. */
import { createHash, createPrivateKey, type KeyObject } from 'node:crypto';
import { closeSync, constants, fstatSync, openSync, readSync } from 'node:fs';
import { LeadglassError } from '../error.ts';
import type { ServerCertificate } from './authority.ts';
import { readCertificate } from './certificates.ts';
import { pemCertificates, readServerIdentity } from './server-identity.ts';

/** Absolute paths. */
export interface IdentityFiles {
  /** PEM: own certificate, then what signed it. */
  readonly certificate: string;
  /** PEM; may be the same file. */
  readonly key: string;
  /** Its first line opens an encrypted key. */
  readonly passphraseFile?: string | undefined;
}

/** What the files held at one moment. */
export interface IdentityTexts {
  readonly certificatePem: string;
  readonly keyPem: string;
  readonly passphrase?: string;
  /** Tells whether anything has changed since. */
  readonly digest: string;
}

/** Chains and keys have some kilobytes. */
const fileBytesMax = 64 * 1024;

/** @throws LeadglassError NOT_FOUND, BAD_REQUEST (others may read a secret, no file), LIMIT_EXCEEDED; the path is named */
export function readIdentityTexts({ certificate, key, passphraseFile }: IdentityFiles): IdentityTexts {
  const certificatePem = readOperatorFile(certificate, 'public');
  const keyPem = readOperatorFile(key, 'secret');
  const passphrase = passphraseFile === undefined ? undefined : readSecretLine(passphraseFile);
  const hash = createHash('sha256');
  for (const part of [certificatePem, keyPem, passphrase ?? ''])
    hash.update(`${Buffer.byteLength(part)}:`).update(part);
  return {
    certificatePem,
    keyPem,
    ...(passphrase === undefined ? {} : { passphrase }),
    digest: hash.digest('hex'),
  };
}

/** @throws LeadglassError as readIdentityTexts and readServerIdentity, with the path of the certificate in front */
export function readIdentityFiles(
  files: IdentityFiles,
  now: Date,
  texts = readIdentityTexts(files),
): ServerCertificate {
  try {
    return readServerIdentity(texts, now);
  } catch (error) {
    if (!(error instanceof LeadglassError)) throw error;
    throw new LeadglassError(error.code, `${files.certificate}: ${error.message}`);
  }
}

/**
 * The authorities of a file, PEM, one text each; without a path those that are given.
 * @throws LeadglassError MALFORMED when none is in it or one cannot be read, else as readOperatorFile
 */
export function readAuthorityFile(path: string, preset: readonly string[]): readonly string[] {
  if (path === '') return preset;
  const blocks = readOperatorFile(path, 'public').match(pemCertificates) ?? [];
  try {
    for (const block of blocks) readCertificate(block);
  } catch {
    throw new LeadglassError('MALFORMED', `${path}: a certificate in it cannot be read`);
  }
  if (blocks.length === 0) throw new LeadglassError('MALFORMED', `${path}: there is no certificate in PEM form in it`);
  return blocks;
}

/**
 * The key of an external account (RFC 8555 7.3.4), from base64url; undefined without a path.
 * @throws LeadglassError MALFORMED, else as readOperatorFile; the key stands in no error
 */
export function readMacKeyFile(path: string): Buffer | undefined {
  if (path === '') return undefined;
  const line = readSecretLine(path);
  const key = Buffer.from(line, 'base64url');
  // HS256 with a shorter key than 128 bits could be tried out; operators give 256.
  if (!/^[\w-]+={0,2}$/.test(line) || key.length < 16) {
    throw new LeadglassError('MALFORMED', `${path}: its first line is no key in base64url of at least 16 bytes`);
  }
  return key;
}

/**
 * A private key of our own that signs: RSA of 2048 bits at least, P-256 or Ed25519.
 * @throws LeadglassError MALFORMED for another one, else as readOperatorFile; the key stands in no error
 */
export function readPrivateKeyFile(path: string): KeyObject {
  let key: KeyObject;
  try {
    key = createPrivateKey(readOperatorFile(path, 'secret'));
  } catch (error) {
    if (error instanceof LeadglassError) throw error;
    throw new LeadglassError('MALFORMED', `${path}: there is no private key without passphrase in PEM form in it`);
  }
  const { modulusLength = 0, namedCurve } = key.asymmetricKeyDetails ?? {};
  const isGood =
    (key.asymmetricKeyType === 'rsa' && modulusLength >= 2048) ||
    (key.asymmetricKeyType === 'ec' && namedCurve === 'prime256v1') ||
    key.asymmetricKeyType === 'ed25519';
  if (isGood) return key;
  throw new LeadglassError(
    'MALFORMED',
    `${path}: expected an RSA key of at least 2048 bits, a P-256 or an Ed25519 key`,
  );
}

/**
 * The first line of a file that only we may read, without its line end.
 * @throws LeadglassError BAD_REQUEST for an empty one, else as readOperatorFile
 */
export function readSecretLine(path: string): string {
  const line = readOperatorFile(path, 'secret').split(/\r?\n/, 1)[0] ?? '';
  if (line === '') throw new LeadglassError('BAD_REQUEST', `${path}: its first line is empty`);
  return line;
}

/**
 * The text of a small file that the configuration names.
 * @param kind a secret may be read by its owner and group only
 */
function readOperatorFile(path: string, kind: 'public' | 'secret'): string {
  let descriptor: number;
  try {
    // A named pipe in its place must not hold the server up.
    descriptor = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
  } catch (error) {
    throw unreadable(path, error);
  }
  try {
    const facts = fstatSync(descriptor);
    if (!facts.isFile()) throw new LeadglassError('BAD_REQUEST', `${path}: is no file`);
    // Asked of the open file, so that nobody can swap it between the check and the reading.
    if (kind === 'secret' && (facts.mode & 0o027) !== 0) {
      const mode = (facts.mode & 0o777).toString(8).padStart(4, '0');
      throw new LeadglassError(
        'BAD_REQUEST',
        `${path}: others could read or change it (its permissions are ${mode}); run: chmod 0640 '${path}'`,
      );
    }
    return readBounded(descriptor, path);
  } finally {
    closeSync(descriptor);
  }
}

function readBounded(descriptor: number, path: string): string {
  const bytes = Buffer.alloc(fileBytesMax + 1);
  let length = 0;
  for (;;) {
    const read = readSync(descriptor, bytes, length, bytes.length - length, null);
    length += read;
    if (length > fileBytesMax) {
      throw new LeadglassError('LIMIT_EXCEEDED', `${path}: has more than ${fileBytesMax} bytes`);
    }
    if (read === 0) break;
  }
  const text = bytes.toString('utf8', 0, length);
  bytes.fill(0);
  return text;
}

function unreadable(path: string, error: unknown): LeadglassError {
  const code = error instanceof Error && 'code' in error ? String(error.code) : 'unknown error';
  switch (code) {
    case 'ENOENT':
    case 'ENOTDIR':
      return new LeadglassError('NOT_FOUND', `${path}: there is no such file`);
    case 'EACCES':
    case 'EPERM':
      return new LeadglassError('BAD_REQUEST', `${path}: this user may not read it`);
    case 'ERR_ACCESS_DENIED':
      return new LeadglassError(
        'BAD_REQUEST',
        `${path}: the server was started without the right to read it; start it with bin/leadglass`,
      );
    default:
      return new LeadglassError('BAD_REQUEST', `${path}: ${code}`);
  }
}
