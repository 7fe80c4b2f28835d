/** Single sign-on as the configuration has it: the provider with its secrets out of files, and what its word counts for. */
import { rootCertificates } from 'node:tls';
import { packageVersion } from '../cli/package-version.ts';
import type { Config } from '../config/config.ts';
import { asLeadglassError } from '../error.ts';
import { readAuthorityFile, readPrivateKeyFile, readSecretLine } from '../keys/identity-files.ts';
import { limits } from '../limits.ts';
import type { Log } from '../log.ts';
import type { ClientProof } from '../oidc/provider.ts';
import type { IdentityProvider } from '../people/identity-provider.ts';
import type { ProviderRules } from '../people/provider-rules.ts';
import type { Installation } from './installation.ts';

export interface SingleSignOnParts {
  readonly provider: IdentityProvider;
  readonly rules: ProviderRules;
}

/**
 * Undefined where none is configured: then not even its code is loaded. A provider that does not answer holds nothing up.
 * @throws LeadglassError for a file that cannot be used; the path is named
 */
export async function openSingleSignOn(
  { config }: Pick<Installation, 'config'>,
  log: Log,
): Promise<SingleSignOnParts | undefined> {
  const settings = config.singleSignOn;
  if (settings.issuer === '') return undefined;
  const { issuer, name, clientId, scopes, secondFactor, claims, authorityFile, sessionHours } = settings;
  const { OidcProvider } = await import('../oidc/provider.ts');
  const provider = new OidcProvider({
    issuer,
    name,
    clientId,
    proof: proofOf(settings),
    scopes,
    acrValues: secondFactor.acr,
    claims,
    authenticationSecondsMax: sessionHours * 3600,
    authorities: readAuthorityFile(authorityFile, rootCertificates),
    userAgent: `Leadglass/${packageVersion()}`,
    limits: limits.provider,
    now: Date.now,
  });
  provider.prepare().catch((error: unknown) => {
    const { code, message, detail } = asLeadglassError(error);
    log.warn('web.provider-unreachable', { issuer, code, detail: detail ?? message });
  });
  return { provider, rules: rulesOf(settings) };
}

function proofOf({ authentication, secretFile, keyFile, keyId }: Config['singleSignOn']): ClientProof {
  if (authentication === 'private-key') return { by: authentication, key: readPrivateKeyFile(keyFile), keyId };
  return { by: authentication, secret: readSecretLine(secretFile) };
}

function rulesOf({ secondFactor, roles, accounts, sessionHours, localSignIn }: Config['singleSignOn']): ProviderRules {
  return { secondFactor, roles, accounts, sessionMs: sessionHours * 3_600_000, localSignIn };
}
