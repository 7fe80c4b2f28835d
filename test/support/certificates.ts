/** Certificates that Leadglass did not make, by openssl: of strangers, and of devices of other authorities. */
import { execFileSync } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';

export interface OwnCertificate {
  readonly key: string;
  readonly cert: string;
}

/** A self-signed one (P-256), good for client and server, as small devices make it. */
export function selfSigned(folder: string, name: string): OwnCertificate {
  mkdirSync(folder, { recursive: true });
  const key = join(folder, 'key.pem');
  const cert = join(folder, 'cert.pem');
  openssl(
    ...['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-days', '30'],
    ...['-keyout', key, '-out', cert, '-subj', `/CN=${name}`, '-addext', `subjectAltName=DNS:${name}`],
  );
  return { key, cert };
}

/** SHA-256 of a certificate as openssl prints it, with colons. */
export function fingerprintOf(cert: string): string {
  return openssl('x509', '-in', cert, '-noout', '-fingerprint', '-sha256').split('=')[1]?.trim() ?? '';
}

export function openssl(...parameters: readonly string[]): string {
  return execFileSync('openssl', [...parameters], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] });
}
