/** What the provider says of a person, out of claims that may hold anything: bounded texts, nothing else. */
import { LeadglassError } from '../error.ts';
import type { ProviderIdentity } from '../people/identity-provider.ts';

export type Claims = Readonly<Record<string, unknown>>;

/** Under which names the provider says what. */
export interface ClaimNames {
  readonly groups: string;
  readonly name: string;
  readonly email: string;
  readonly department: string;
}

/** OpenID Connect Core 2: a subject has at most 255 ASCII characters. */
const subjectForm = /^[\x20-\x7e]{1,255}$/;
const groupsMax = 2000;
const groupCharactersMax = 256;
const textCharactersMax = 254;

/**
 * @param claims of the ID token, after every check of its own
 * @param more of the userinfo endpoint, of the same subject; the ID token goes before
 * @throws LeadglassError NOT_AUTHENTICATED for a subject that is none
 */
export function readIdentity(
  claims: Claims,
  more: Claims,
  { issuer, names }: { readonly issuer: string; readonly names: ClaimNames },
): ProviderIdentity {
  const { sub } = claims;
  if (typeof sub !== 'string' || !subjectForm.test(sub)) {
    throw new LeadglassError('NOT_AUTHENTICATED', 'the provider names nobody: sub is no text of 1 to 255 characters');
  }
  const said = (name: string): unknown => valueOf(claims, name) ?? valueOf(more, name);
  const optional = <K extends string>(key: K, value: unknown): { readonly [P in K]?: string } =>
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- one member, named by the argument
    (typeof value === 'string' && value !== '' ? { [key]: value.slice(0, textCharactersMax) } : {}) as {
      [P in K]?: string;
    };
  const { auth_time: authTime } = claims;
  return {
    issuer,
    subject: sub,
    ...optional('sid', claims['sid']),
    ...optional('acr', claims['acr']),
    amr: textsOf(claims['amr']),
    ...(typeof authTime === 'number' && Number.isFinite(authTime) ? { authenticatedAtMs: authTime * 1000 } : {}),
    groups: textsOf(said(names.groups)),
    ...optional('name', said(names.name)),
    ...optional('email', said(names.email)),
    // Of the one claim that OpenID Connect defines for it (Core 5.1); who is silent is taken at his word.
    isEmailDoubted: said('email_verified') === false || said('email_verified') === 'false',
    ...optional('department', readable(said(names.department))),
  };
}

/** Shown beside a name: without characters that reorder what a person reads. */
function readable(value: unknown): unknown {
  if (typeof value !== 'string') return value;
  return value
    .slice(0, textCharactersMax)
    .toWellFormed()
    .replaceAll(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Co}]/gu, ' ')
    .trim();
}

/** Own members only: a claim may be called as it likes. */
export function valueOf(claims: Claims, name: string): unknown {
  return Object.hasOwn(claims, name) ? claims[name] : undefined;
}

/** A list of texts, or one text; what is neither, or too long, is left out. */
function textsOf(value: unknown): readonly string[] {
  const list: readonly unknown[] = Array.isArray(value) ? value.slice(0, groupsMax) : [value];
  return list.filter((one) => typeof one === 'string').filter((one) => one !== '' && one.length <= groupCharactersMax);
}
