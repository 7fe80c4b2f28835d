/**
 * Access tokens of the hospital's provider (RFC 9068), as the configuration names it: signature, type, issuer, audience, times, proof of
 * two factors, and an account here. What the account may do is said here; the token's scope narrows it.
 */
import { createHash } from 'node:crypto';
import type { JWTPayload, JWTVerifyGetKey } from 'jose';
import { asLeadglassError } from '../error.ts';
import type { AccessTokenHolder, AccessTokens } from '../guard/identify/access-token.ts';
import type { ProgramAccess } from '../guard/principal.ts';
import { operationsOfScopes } from '../guard/program-scope.ts';
import type { Role } from '../guard/roles.ts';
import type { Log } from '../log.ts';

export interface ProviderTokenRules {
  readonly issuer: string;
  readonly audience: string;
  readonly algorithms: readonly string[];
  readonly accountClaim: string;
  /** One of these, or of the next, must be there. */
  readonly acr: readonly string[];
  readonly amr: readonly string[];
}

export interface ProviderTokenLimits {
  readonly providerTokenCharactersMax: number;
  readonly providerTokenSecondsMax: number;
  readonly entriesMax: number;
}

export interface ProviderTokenFacts {
  readonly rules: ProviderTokenRules;
  readonly keys: () => Promise<JWTVerifyGetKey>;
  /** An account that may sign in now; by its e-mail address. */
  readonly account: (email: string) => { readonly role: Role; readonly untilMs?: number } | undefined;
  readonly limits: ProviderTokenLimits;
  readonly now: () => number;
  readonly log: Log;
}

interface Taken {
  readonly account: string;
  readonly access: ProgramAccess;
  readonly notAfterMs: number;
}

export class ProviderTokens implements AccessTokens {
  readonly #facts: ProviderTokenFacts;
  /** Those that were good, by their hash: the same token is the same number. */
  readonly #taken = new Map<string, Taken>();
  #keys: Promise<JWTVerifyGetKey> | undefined;
  #last = 0;

  constructor(facts: ProviderTokenFacts) {
    this.#facts = facts;
  }

  async byText(text: string): Promise<AccessTokenHolder | undefined> {
    const { providerTokenCharactersMax } = this.#facts.limits;
    // Our own have no dots; what has another form asks nobody for keys.
    if (text.length > providerTokenCharactersMax || !/^[\w-]+\.[\w-]+\.[\w-]+$/.test(text)) return undefined;
    try {
      const claims = await this.#verified(text);
      const taken = this.#take(text, claims);
      return taken && this.#holderOf(taken);
    } catch (error) {
      const { message } = asLeadglassError(error);
      const code = error instanceof Error && 'code' in error ? String(error.code) : 'unknown';
      this.#facts.log.info('oauth.provider-token-refused', { code, detail: message });
      return undefined;
    }
  }

  byId(tokenId: number): AccessTokenHolder | undefined {
    for (const taken of this.#taken.values()) if (taken.access.tokenId === tokenId) return this.#holderOf(taken);
    return undefined;
  }

  /** The provider tells nobody that it ended one; that an account ended is heard otherwise. */
  onChange(): Disposable {
    return { [Symbol.dispose]: () => undefined };
  }

  /** RFC 9068 4. @throws what jose finds wrong */
  async #verified(text: string): Promise<JWTPayload> {
    const { rules, limits, now } = this.#facts;
    const { jwtVerify } = await import('jose');
    this.#keys ??= this.#facts.keys();
    const { payload } = await jwtVerify(text, await this.#keys, {
      typ: 'at+jwt',
      issuer: rules.issuer,
      audience: rules.audience,
      algorithms: [...rules.algorithms],
      requiredClaims: ['exp', 'iat', 'sub', 'jti', 'client_id', rules.accountClaim],
      maxTokenAge: limits.providerTokenSecondsMax,
      currentDate: new Date(now()),
    });
    return payload;
  }

  #take(text: string, claims: JWTPayload): Taken | undefined {
    const { rules, now, limits } = this.#facts;
    const { client_id: program, scope, exp = 0, iat = 0 } = claims;
    const account = claims[rules.accountClaim];
    const operations = operationsOfScopes(typeof scope === 'string' ? scope.split(' ') : []);
    if (typeof account !== 'string' || typeof program !== 'string' || !/^[\w.:/@-]{1,128}$/.test(program))
      return undefined;
    if (operations.length === 0 || exp - iat > limits.providerTokenSecondsMax || !provesTwoFactors(claims, rules)) {
      return undefined;
    }
    const key = createHash('sha256').update(text).digest('base64url');
    const known = this.#taken.get(key);
    if (known !== undefined) return known;
    this.#makeRoom(now());
    // Downwards: our own have the numbers above nothing.
    this.#last -= 1;
    const access = { tokenId: this.#last, program: `provider ${program}`, operations };
    const taken = { account: account.toLowerCase(), access, notAfterMs: exp * 1000 - 1 };
    this.#taken.set(key, taken);
    return taken;
  }

  #holderOf({ account, access, notAfterMs }: Taken): AccessTokenHolder | undefined {
    const found = this.#facts.account(account);
    if (found === undefined || this.#facts.now() > notAfterMs) return undefined;
    const endsAtMs = Math.min(notAfterMs + 1, found.untilMs ?? Number.POSITIVE_INFINITY);
    // No session of ours: the provider saw the factors.
    const session = { id: 0, account, role: found.role, endsAtMs, freshUntilMs: 0 };
    return { session, access, notAfterMs };
  }

  #makeRoom(nowMs: number): void {
    const { entriesMax } = this.#facts.limits;
    if (this.#taken.size < entriesMax) return;
    for (const [key, { notAfterMs }] of this.#taken) if (notAfterMs < nowMs) this.#taken.delete(key);
    for (const key of this.#taken.keys()) {
      if (this.#taken.size < entriesMax) return;
      this.#taken.delete(key);
    }
  }
}

function provesTwoFactors({ acr, amr }: JWTPayload, rules: ProviderTokenRules): boolean {
  const methods: readonly unknown[] = Array.isArray(amr) ? amr : [];
  return (typeof acr === 'string' && rules.acr.includes(acr)) || rules.amr.some((method) => methods.includes(method));
}
