/** What the keys of `singleSignOn` say together: contradictions, and the files that the server must be able to read. */
import type { Config } from './config.ts';
import type { ConfigFinding } from './parse.ts';

const root = 'singleSignOn';

/** Each key is right by itself; do they make sense together? */
export function singleSignOnFindings({ singleSignOn, doors }: Pick<Config, 'singleSignOn' | 'doors'>): ConfigFinding[] {
  const { issuer, clientId, authentication, secretFile, keyFile, secondFactor, roles } = singleSignOn;
  if (issuer === '') return [];
  const missing = (path: string, problem: string): ConfigFinding => ({ path: `${root}.${path}`, problem });
  const isSecret = authentication !== 'private-key';
  const findings: (ConfigFinding | false)[] = [
    !doors.console.enabled && missing('issuer', 'needs the console, but doors.console.enabled is false'),
    clientId === '' && missing('clientId', 'must be given, since issuer is'),
    isSecret && secretFile === '' && missing('secretFile', `must be given, since authentication is ${authentication}`),
    !isSecret && keyFile === '' && missing('keyFile', 'must be given, since authentication is private-key'),
    secondFactor.acr.length + secondFactor.amr.length === 0 &&
      missing('secondFactor', 'must name an acr or amr value that proves two factors; nobody could come in without'),
    Object.values(roles).every((groups) => groups.length === 0) &&
      missing('roles', 'must name a group for at least one role; nobody could come in without'),
    ...groupsOfTwoRoles(roles).map((group) =>
      missing('roles', `the group ${JSON.stringify(group)} stands for two roles`),
    ),
  ];
  return findings.filter((finding) => finding !== false);
}

/** The files that the server reads when it starts. */
export function singleSignOnPaths({ singleSignOn }: Pick<Config, 'singleSignOn'>): readonly string[] {
  const { issuer, authentication, secretFile, keyFile, authorityFile } = singleSignOn;
  if (issuer === '') return [];
  return [authentication === 'private-key' ? keyFile : secretFile, authorityFile].filter((path) => path !== '');
}

function groupsOfTwoRoles(roles: Config['singleSignOn']['roles']): readonly string[] {
  const all = Object.values(roles).flatMap((groups) => [...new Set(groups)]);
  return [...new Set(all.filter((group, index) => all.indexOf(group) !== index))];
}
