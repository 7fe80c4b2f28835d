/** What the keys of `doors.console.certificate` say together: contradictions, and the files that the server must be able to read. */
import type { Config } from './config.ts';
import type { ConfigFinding } from './parse.ts';

type Certificate = Config['doors']['console']['certificate'];

const root = 'doors.console.certificate';

/** Each key is right by itself; do they make sense together? */
export function webCertificateFindings({ doors, names }: Pick<Config, 'doors' | 'names'>): readonly ConfigFinding[] {
  const { from, files, acme } = doors.console.certificate;
  switch (from) {
    case 'own-authority':
      return [];
    case 'files':
      return files.length > 0
        ? []
        : [{ path: `${root}.files`, problem: 'must name a certificate, since from is files' }];
    case 'acme':
      return [...acmeFindings(acme), ...unknownNames(acme, names)];
  }
}

/** The files that a running server reads again and again; the launcher lets it read just these. */
export function webCertificatePaths({ doors }: Pick<Config, 'doors'>): readonly string[] {
  const { from, files, acme } = doors.console.certificate;
  if (!doors.console.enabled || from === 'own-authority') return [];
  const paths =
    from === 'files'
      ? files.flatMap(({ certificate, key, passphraseFile }) => [certificate, key, passphraseFile ?? ''])
      : [acme.authorityFile, acme.externalAccount.keyFile];
  return [...new Set(paths.filter((path) => path !== ''))];
}

/** A certificate for a name to which the door does not answer would be of no use. */
function unknownNames({ names: wanted }: Certificate['acme'], names: readonly string[]): readonly ConfigFinding[] {
  const known = new Set(names.map((name) => name.toLowerCase()));
  return wanted
    .filter((name) => !known.has(name))
    .map((name) => ({
      path: `${root}.acme.names`,
      problem: `${name} must also stand in names, since the door answers to no other`,
    }));
}

function acmeFindings({
  directoryUrl,
  names,
  termsOfServiceAgreed,
  externalAccount,
}: Certificate['acme']): ConfigFinding[] {
  const findings: (ConfigFinding | false)[] = [
    directoryUrl === '' && { path: `${root}.acme.directoryUrl`, problem: 'must be given, since from is acme' },
    names.length === 0 && { path: `${root}.acme.names`, problem: 'must name a host, since from is acme' },
    !termsOfServiceAgreed && {
      path: `${root}.acme.termsOfServiceAgreed`,
      problem: "must be true, since from is acme: read the server's terms first",
    },
    (externalAccount.keyId === '') !== (externalAccount.keyFile === '') && {
      path: `${root}.acme.externalAccount`,
      problem: 'must have both keyId and keyFile, or neither',
    },
  ];
  return findings.filter((finding) => finding !== false);
}
