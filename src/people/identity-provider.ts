/** What this part needs of a provider elsewhere (OpenID Connect): types only, implemented by src/oidc. */

/** Whom the provider has proved, in its own words. Checked for form, not for meaning. */
export interface ProviderIdentity {
  readonly issuer: string;
  /** With the issuer the one name of a person that never changes and is never given to another (OpenID Connect Core 5.7). */
  readonly subject: string;
  /** The session at the provider. */
  readonly sid?: string;
  /** When the person showed something last. */
  readonly authenticatedAtMs?: number;
  readonly acr?: string;
  readonly amr: readonly string[];
  readonly groups: readonly string[];
  readonly name?: string;
  readonly email?: string;
  /** The provider says that it has not checked the address. */
  readonly isEmailDoubted: boolean;
  readonly department?: string;
}

/** What an answer is held against; it stays here. */
export interface AuthorizationChecks {
  readonly state: string;
  readonly nonce: string;
  readonly verifier: string;
  readonly redirectUri: string;
}

export interface Authorization {
  /** Where the browser goes. */
  readonly url: string;
  readonly checks: AuthorizationChecks;
}

/** A logout that the provider tells of, its token checked. */
export interface LogoutWord {
  /** Good once. */
  readonly id: string;
  /** From then on the token is too old anyway. */
  readonly notAfterMs: number;
  /** One of the two, or both. */
  readonly subject?: string;
  readonly sid?: string;
}

/**
 * Each call throws LeadglassError: BACKEND_UNAVAILABLE, TIMED_OUT, LIMIT_EXCEEDED, PEER_FAILED (it cannot be reached or used), OUT_OF_RESOURCES,
 * NOT_AUTHORIZED (it says no), NOT_AUTHENTICATED (its answer does not hold).
 */
export interface IdentityProvider {
  readonly issuer: string;
  /** As people call it. */
  readonly name: string;
  /** @param isFresh the person shows the factors again, whatever the provider remembers */
  authorize(redirectUri: string, isFresh: boolean): Promise<Authorization>;
  /** @param parameters the query with which the browser came back */
  redeem(parameters: string, checks: AuthorizationChecks): Promise<ProviderIdentity>;
  readLogout(token: string): Promise<LogoutWord>;
  /** Where the browser ends its session at the provider, too; undefined when that is not offered, or not known just now. */
  signOutUrl(returnTo: string): string | undefined;
}
