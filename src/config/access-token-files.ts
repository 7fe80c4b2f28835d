/** What the keys of `accessTokens` say together: contradictions, and the files that the server must be able to read. */
import type { Config } from './config.ts';
import type { ConfigFinding } from './parse.ts';

const root = 'accessTokens';

/** Each key is right by itself; do they make sense together? */
export function accessTokenFindings({ accessTokens }: Pick<Config, 'accessTokens'>): ConfigFinding[] {
  const { issuer, audience, keysUrl, acr, amr } = accessTokens;
  if (issuer === '') return [];
  const findings: (ConfigFinding | false)[] = [
    audience === '' && { path: `${root}.audience`, problem: 'must be given, since issuer is' },
    keysUrl === '' && { path: `${root}.keysUrl`, problem: 'must be given, since issuer is' },
    acr.length + amr.length === 0 && {
      path: `${root}.acr`,
      problem: 'this or amr must name a value that proves two factors; no token could be taken without',
    },
  ];
  return findings.filter((finding) => finding !== false);
}

/** The files that the server reads when it starts. */
export function accessTokenPaths({ accessTokens }: Pick<Config, 'accessTokens'>): readonly string[] {
  const { issuer, authorityFile } = accessTokens;
  return issuer === '' || authorityFile === '' ? [] : [authorityFile];
}
