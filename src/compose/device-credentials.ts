/** How a device proves who it is, from the control door to the guard: requests, foreign certificates, our own authority. */
import { parseAeTitle } from '../dicom/ae-title.ts';
import type { CallArguments } from '../doors/control/control-calls.ts';
import type { CertificateRequest } from '../guard/device-requests.ts';
import type { CertificateIssuer } from '../guard/device-service.ts';
import type { Authority } from '../keys/authority.ts';
import { guardFactsOf } from './certificate-facts.ts';

/** The authority as the guard's services see it. */
export function issuerOver(authority: Authority): CertificateIssuer {
  return {
    issue: async ({ aeTitle, notAfterMs, csrPem, publicKeyPem, serverNames }) => {
      const { facts, chainPem } = await authority.issueDeviceCertificate({
        aeTitle,
        notAfter: new Date(notAfterMs),
        ...(csrPem === undefined ? {} : { csr: csrPem }),
        ...(publicKeyPem === undefined ? {} : { publicKeyPem }),
        ...(serverNames === undefined ? {} : { serverNames }),
      });
      return {
        fingerprint256: facts.fingerprint256,
        subject: facts.subject,
        serialNumber: facts.serialNumber,
        notBeforeMs: facts.notBefore.getTime(),
        notAfterMs: facts.notAfter.getTime(),
        certificatePem: chainPem,
        authorityPem: authority.rootPem,
      };
    },
    // The guard has revoked already: it looks at its own list at each use. Lists for others come with the web door.
    revoked: async () => {},
  };
}

type Credential = CallArguments<'deviceAdd'>['credential'];

export function certificateOf(credential: Credential): { readonly certificate?: CertificateRequest } {
  switch (credential.kind) {
    case 'plain':
      return {};
    case 'public-key':
      return { certificate: { kind: 'public-key', publicKeyPem: credential.pem } };
    case 'csr':
      return { certificate: { kind: 'csr', csrPem: credential.pem } };
    case 'certificate': {
      const { extendedKeyUsage, ...facts } = guardFactsOf(credential.pem);
      return {
        certificate: {
          kind: 'pinned',
          facts: { ...facts, ...(extendedKeyUsage === undefined ? {} : { extendedKeyUsage: [...extendedKeyUsage] }) },
          sharedWith: credential.sharedWith.map((name) => parseAeTitle(name, 'AE title')),
        },
      };
    }
  }
}

export function plainOf(credential: Credential): { readonly plain?: { risk: string; port?: number } } {
  if (credential.kind !== 'plain') return {};
  return { plain: { risk: credential.risk, ...(credential.port === undefined ? {} : { port: credential.port }) } };
}

/** For the ledger: that a certificate is shared is a decision of its own. */
export function sharingWords(credential: Credential | undefined): string {
  if (credential?.kind !== 'certificate' || credential.sharedWith.length === 0) return '';
  return `, certificate shared with ${credential.sharedWith.join(', ')}`;
}
