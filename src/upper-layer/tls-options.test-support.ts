/** Certificates for tests of TLS: an authority, and leaves that it issues, made anew for each run. */
import { generateKeyPairSync, type KeyObject } from 'node:crypto';
import { type CertificateFacts, readCertificate } from '../keys/certificates.ts';
import { issueAuthority, issueCertificate } from '../keys/issue.ts';
import type { TlsIdentity } from './tls-options.ts';

const day = 24 * 3_600_000;

export interface TestAuthority {
  readonly pem: string;
  issue(
    names: readonly string[],
    options?: { readonly notAfter?: Date },
  ): Promise<TlsIdentity & { readonly cert: string }>;
}

export async function testAuthority(): Promise<TestAuthority> {
  const key = ecKey();
  const notBefore = new Date(Date.now() - 10 * day);
  const pem = await issueAuthority({
    key: key.privateKey,
    parent: undefined,
    notBefore,
    notAfter: new Date(Date.now() + day),
  });
  const certificate: CertificateFacts = readCertificate(pem);
  return {
    pem,
    issue: async (names, { notAfter = new Date(Date.now() + day) } = {}) => {
      const leaf = ecKey();
      const cert = await issueCertificate({
        commonName: 'localhost',
        publicKey: leaf.publicKey,
        notBefore,
        notAfter,
        usages: ['serverAuth', 'clientAuth'],
        names,
        issuer: { certificate, key: key.privateKey },
      });
      return { key: leaf.privateKey.export({ type: 'pkcs8', format: 'pem' }), cert };
    },
  };
}

function ecKey(): { readonly publicKey: KeyObject; readonly privateKey: KeyObject } {
  return generateKeyPairSync('ec', { namedCurve: 'P-256' });
}
