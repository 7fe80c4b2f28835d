/** The authorization server of one installation: registered programs, people's sessions, the ledger. */
import { rootCertificates } from 'node:tls';
import { packageVersion } from '../cli/package-version.ts';
import { webBase } from '../doors/web/web-door.ts';
import { limits } from '../limits.ts';
import type { Log } from '../log.ts';
import { readAuthorityFile } from '../keys/identity-files.ts';
import { AuthorizationServer } from '../oauth/authorization-server.ts';
import { ProviderTokens } from '../oauth/provider-tokens.ts';
import { ProviderTransport } from '../oidc/transport.ts';
import type { People } from '../people/people.ts';
import type { Installation } from './installation.ts';
import { recordOrRefuse } from './ledger-first.ts';
import { peopleRecord } from './people-records.ts';
import { auditSelf } from './recovery.ts';

export function openAuthorizationServer(
  { policy, persons, ledger, config }: Installation,
  {
    origin,
    log,
  }: {
    /** Of the web door, as people call it; undefined while it is closed. */
    readonly origin: () => string | undefined;
    readonly log: Log;
  },
): AuthorizationServer {
  const self = auditSelf(config);
  return new AuthorizationServer({
    origin,
    resourcePath: webBase,
    programs: policy.programs,
    persons,
    limits: limits.oauth,
    now: Date.now,
    record: async ({ kind, sessionId, program, operations }) => {
      const account = persons.accountOf(sessionId);
      const detail = `program ${program}: ${operations.join(', ')}`;
      const event = { kind, atMs: Date.now(), sessionId, detail, ...(account === undefined ? {} : { account }) };
      await recordOrRefuse(ledger, peopleRecord(event, self));
    },
    log,
  });
}

/** Tokens of the provider that the configuration names; undefined where it names none. */
export function openProviderTokens(
  { config }: Installation,
  { people, log }: { readonly people: People; readonly log: Log },
): ProviderTokens | undefined {
  const { issuer, keysUrl, authorityFile, ...rules } = config.accessTokens;
  if (issuer === '') return undefined;
  const transport = new ProviderTransport({
    authorities: readAuthorityFile(authorityFile, rootCertificates),
    userAgent: `Leadglass/${packageVersion()}`,
    limits: limits.provider,
  });
  return new ProviderTokens({
    rules: { issuer, ...rules },
    keys: async () => {
      const { remoteKeySet } = await import('../oidc/key-set.ts');
      return remoteKeySet(keysUrl, { transport, limits: limits.provider });
    },
    account: (email) => people.usableAccount(email),
    limits: limits.oauth,
    now: Date.now,
    log,
  });
}
