/** `config check`: are the files that a configuration names such that the server will take them? */
import { rootCertificates } from 'node:tls';
import type { Config } from '../config/config.ts';
import type { ConfigFinding } from '../config/parse.ts';
import { LeadglassError } from '../error.ts';
import { covers, serverNames } from '../keys/server-identity.ts';
import {
  readAuthorityFile,
  readIdentityFiles,
  readMacKeyFile,
  readPrivateKeyFile,
  readSecretLine,
} from '../keys/identity-files.ts';
import { checkIdentity } from '../upper-layer/check-identity.ts';

/** One for each file or pair that would be refused; who checks may be allowed to read less or more than the server. */
export function namedFileFindings(
  config: Pick<Config, 'doors' | 'names' | 'singleSignOn' | 'accessTokens'>,
  now: Date,
): readonly ConfigFinding[] {
  return [...certificateFindings(config, now), ...singleSignOnFindings(config), ...accessTokenFileFindings(config)];
}

function singleSignOnFindings({ singleSignOn }: Pick<Config, 'singleSignOn'>): readonly ConfigFinding[] {
  const { issuer, authentication, secretFile, keyFile, authorityFile } = singleSignOn;
  if (issuer === '') return [];
  return [
    ...finding('singleSignOn.authorityFile', () => readAuthorityFile(authorityFile, rootCertificates)),
    ...(authentication === 'private-key'
      ? finding('singleSignOn.keyFile', () => readPrivateKeyFile(keyFile))
      : finding('singleSignOn.secretFile', () => readSecretLine(secretFile))),
  ];
}

function accessTokenFileFindings({ accessTokens }: Pick<Config, 'accessTokens'>): readonly ConfigFinding[] {
  const { issuer, authorityFile } = accessTokens;
  return issuer === ''
    ? []
    : finding('accessTokens.authorityFile', () => readAuthorityFile(authorityFile, rootCertificates));
}

function certificateFindings({ doors, names }: Pick<Config, 'doors' | 'names'>, now: Date): readonly ConfigFinding[] {
  const { from, files, acme } = doors.console.certificate;
  const path = 'doors.console.certificate';
  if (from === 'files') {
    return files.flatMap((pair, index) =>
      finding(`${path}.files[${index}]`, () => {
        const { facts, keyPem, certificatePem } = readIdentityFiles(pair, now);
        checkIdentity({ key: keyPem, cert: certificatePem });
        const found = serverNames(facts);
        if (names.some((name) => covers(found, name))) return;
        const text = `${pair.certificate}: is for ${found.join(', ')}, none of which stands in names; the door answers to those only`;
        throw new LeadglassError('BAD_REQUEST', text);
      }),
    );
  }
  if (from !== 'acme') return [];
  return [
    ...finding(`${path}.acme.authorityFile`, () => readAuthorityFile(acme.authorityFile, rootCertificates)),
    ...finding(`${path}.acme.externalAccount.keyFile`, () => readMacKeyFile(acme.externalAccount.keyFile)),
  ];
}

function finding(path: string, read: () => unknown): ConfigFinding[] {
  try {
    read();
    return [];
  } catch (error) {
    if (!(error instanceof LeadglassError)) throw error;
    return [{ path, problem: error.message }];
  }
}
