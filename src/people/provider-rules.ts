/** What the provider's word counts for here. Pure functions over what the configuration says. */
import { type Role, roles } from './account.ts';
import type { ProviderIdentity } from './identity-provider.ts';
import type { PeopleReason } from './refusal.ts';

export interface ProviderRules {
  /** Any of these proves that the provider has seen two factors. */
  readonly secondFactor: { readonly acr: readonly string[]; readonly amr: readonly string[] };
  /** Groups that stand for a role. */
  readonly roles: Readonly<Record<Role, readonly string[]>>;
  readonly accounts: 'by-invitation' | 'at-first-sign-in';
  readonly sessionMs: number;
  readonly localSignIn: 'everybody' | 'administrators';
}

export function provesSecondFactor(
  { acr, amr }: Pick<ProviderIdentity, 'acr' | 'amr'>,
  { secondFactor }: Pick<ProviderRules, 'secondFactor'>,
): boolean {
  return (acr !== undefined && secondFactor.acr.includes(acr)) || amr.some((one) => secondFactor.amr.includes(one));
}

/** The one role of these groups, or why there is none. */
export function roleOf(
  groups: readonly string[],
  { roles: groupsOf }: Pick<ProviderRules, 'roles'>,
): { readonly role: Role } | { readonly reason: PeopleReason } {
  const meant = roles.filter((role) => groups.some((group) => groupsOf[role].includes(group)));
  const [role, second] = meant;
  if (role === undefined) return { reason: 'role-missing' };
  return second === undefined ? { role } : { reason: 'role-ambiguous' };
}

/** May somebody of this role sign in with what is kept here? Without a provider everybody may. */
export function maySignInHere(role: Role, rules: Pick<ProviderRules, 'localSignIn'> | undefined): boolean {
  return rules === undefined || rules.localSignIn === 'everybody' || role === 'administrator';
}
